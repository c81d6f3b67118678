/// Local search over complete assignments: replace, exchange and eject moves to a local optimum, then
/// shaking, until the lower bound is met or the effort is used up. Same seed, same result.
struct AssignmentSearch {
  private let problem: AssignmentProblem
  /// Block of each place and who has it, -1 for nobody.
  private let blockOf: [Int]
  private(set) var holder: [Int]
  /// Block in `allBlocks` by member and week, -1 for none.
  private var diary: [Int]
  private var costs: [Int]
  private var unfilled: Int
  private var random: SplitMix

  var cost: Int { costs.reduce(unfilled * problem.unfilledCost, +) }

  init(_ problem: AssignmentProblem, start: [[Int]], seed: UInt64) {
    self.problem = problem
    blockOf = problem.blocks.indices.flatMap { Array(repeating: $0, count: problem.blocks[$0].places) }
    holder = [Int](repeating: -1, count: blockOf.count)
    diary = problem.fixed
    costs = []
    unfilled = blockOf.count
    random = SplitMix(state: seed)
    costs = problem.members.indices.map { memberCost($0) ?? problem.loadCostClamped($0, 0) }
    // Those of the start that respect rest; the others are left to the search.
    for (place, block) in blockOf.enumerated() {
      let rank = place - (blockOf.firstIndex(of: block) ?? 0)
      guard start[block].indices.contains(rank) else { continue }
      _ = attempt([(place, start[block][rank])], onlyImproving: false)
    }
  }

  /// Cost of one member's diary; nil when it breaks a rule that what is fixed does not break already.
  private func memberCost(_ m: Int) -> Int? {
    let w = problem.weekCount
    let n = problem.allBlocks.count
    var (count, sum, own, last) = (0, 0, 0, -1)
    for week in 0..<w {
      let block = diary[m * w + week]
      if block >= 0 {
        count += 1
        let isOwn = block < problem.blocks.count
        if isOwn {
          own += 1
          guard problem.eligible[block * problem.members.count + m] else { return nil }
          sum += problem.cost[block * problem.members.count + m]
        }
        if last >= 0 {
          sum += problem.consecutiveCost
          if !problem.rested[last * n + block], isOwn || last < problem.blocks.count { return nil }
        }
      }
      last = block
    }
    let load = problem.loadCost[m * (w + 1) + count]
    if load == .max { return own == 0 ? sum + problem.loadCostClamped(m, count) : nil }
    return sum + load
  }

  /// Gives places to members (-1 for nobody), all at once; undone unless allowed and, if asked, cheaper.
  /// Members displaced are free again. - Returns: whether it was kept.
  private mutating func attempt(_ changes: [(place: Int, member: Int)], onlyImproving: Bool) -> Bool {
    let w = problem.weekCount
    let old = changes.map { holder[$0.place] }
    func cell(_ place: Int, _ m: Int) -> Int { m * w + problem.blocks[blockOf[place]].week }
    var touched: [Int] = []
    for (i, change) in changes.enumerated() {
      if old[i] >= 0 {
        diary[cell(change.place, old[i])] = -1
        touched.append(old[i])
      }
      if change.member >= 0 { touched.append(change.member) }
    }
    var isAllowed = true
    var placed = 0
    for change in changes where change.member >= 0 {
      guard diary[cell(change.place, change.member)] < 0 else {
        isAllowed = false
        break
      }
      diary[cell(change.place, change.member)] = blockOf[change.place]
      placed += 1
    }
    let members = Set(touched).sorted()
    var fresh: [Int] = []
    var before = 0
    if isAllowed {
      for m in members {
        guard let cost = memberCost(m) else {
          isAllowed = false
          break
        }
        fresh.append(cost)
        before += costs[m]
      }
    }
    let emptied = changes.filter { $0.member < 0 }.count - old.filter { $0 < 0 }.count
    if isAllowed {
      let difference = fresh.reduce(0, +) - before + emptied * problem.unfilledCost
      if !onlyImproving || difference < 0 {
        for (i, m) in members.enumerated() { costs[m] = fresh[i] }
        for change in changes { holder[change.place] = change.member }
        unfilled += emptied
        return true
      }
    }
    for change in changes.filter({ $0.member >= 0 }).prefix(placed) {
      diary[cell(change.place, change.member)] = -1
    }
    for (i, change) in changes.enumerated() where old[i] >= 0 {
      diary[cell(change.place, old[i])] = blockOf[change.place]
    }
    return false
  }

  /// To a local optimum. O(places^2 + places * members^2) per round.
  private mutating func descend(until bound: Int) {
    var improved = true
    while improved, cost > bound {
      improved = false
      for p in holder.indices {
        for m in problem.members.indices where m != holder[p] {
          if attempt([(p, m)], onlyImproving: true) { improved = true }
        }
        for q in (p + 1)..<max(p + 1, holder.count) where holder[q] != holder[p] {
          if attempt([(p, holder[q]), (q, holder[p])], onlyImproving: true) { improved = true }
        }
      }
      if !improved { improved = eject() }
    }
  }

  /// Somebody leaves one place for another, whose holder goes; a third person fills the first.
  private mutating func eject() -> Bool {
    for p in holder.indices where holder[p] >= 0 {
      for q in holder.indices where q != p && holder[q] != holder[p] {
        for m in problem.members.indices where m != holder[p] {
          if attempt([(p, m), (q, holder[p])], onlyImproving: true) { return true }
        }
      }
    }
    return false
  }

  /// - Parameter rounds: how often the best is shaken and descended from again.
  mutating func run(rounds: Int, lowerBound: Int) {
    guard !holder.isEmpty, !problem.members.isEmpty else { return }
    descend(until: lowerBound)
    var best = self
    for round in 0..<max(0, rounds) where best.cost > lowerBound {
      random = SplitMix(state: random.next() &+ UInt64(round))
      if round % 2 == 0 { ruin() } else { for _ in 0..<(2 + random.below(4)) { shake() } }
      descend(until: lowerBound)
      if cost <= best.cost { best = self } else { self = best.with(random) }
    }
    self = best
  }

  private func with(_ random: SplitMix) -> AssignmentSearch {
    var copy = self
    copy.random = random
    return copy
  }

  /// Empties one to three weeks in a row and fills them with whoever can, in random order.
  private mutating func ruin() {
    let first = random.below(problem.weekCount)
    let last = first + random.below(3)
    var places = holder.indices.filter { (first...last).contains(problem.blocks[blockOf[$0]].week) }
    for p in places { _ = attempt([(p, -1)], onlyImproving: false) }
    for i in places.indices.dropLast() { places.swapAt(i, i + random.below(places.count - i)) }
    for p in places {
      let offset = random.below(problem.members.count)
      for k in problem.members.indices
      where attempt([(p, (k + offset) % problem.members.count)], onlyImproving: false) {
        break
      }
    }
  }

  private mutating func shake() {
    let p = random.below(holder.count)
    if random.below(3) == 0 {
      _ = attempt([(p, -1)], onlyImproving: false)
    } else {
      _ = attempt([(p, random.below(problem.members.count))], onlyImproving: false)
    }
  }
}

/// SplitMix64 (Steele, Lea & Flood 2014).
struct SplitMix {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
  /// 0..<count; 0 when there is nothing to choose.
  mutating func below(_ count: Int) -> Int { count > 0 ? Int(next() % UInt64(count)) : 0 }
}
