import Units

/// Which candidates of one resource can be given a slot each: a matching that grows one candidate at a
/// time by augmenting paths (Kuhn 1955). The sets it accepts are the independent sets of a transversal
/// matroid, so a candidate refused once may be refused for ever, unless another is taken out.
struct SlotMatching: Sendable {
  /// Slots a candidate may use: disjoint, increasing ranges.
  typealias Options = [Range<Int32>]

  private(set) var occupant: ContiguousArray<Int32>
  private(set) var accepted = 0
  private(set) var limit: Int
  /// Of accepted candidates, by number; empty for all others.
  private var options: ContiguousArray<Options> = []
  /// Slots known to be full for good: no path from them leads to a free one.
  private var closed: SkipList
  private var visited: SkipList

  init(slots: Int, limit: Int?) {
    occupant = .init(repeating: -1, count: slots)
    closed = SkipList(count: slots)
    visited = closed
    self.limit = min(limit ?? slots, slots)
  }

  /// Allows no more than so many, or than it has.
  mutating func restrict(to most: Int) { limit = max(accepted, min(limit, most)) }

  /// How many more candidates there is a slot for, at most.
  var room: Int { limit - accepted }

  /// Takes the candidate in if some rearrangement of the others leaves room. O(slots).
  mutating func insert(_ candidate: Int32, options wanted: Options) -> Bool {
    guard room > 0, let path = path(for: wanted, { _ in }) else { return false }
    for (slot, holder) in path { occupant[Int(slot)] = holder ?? candidate }
    remember(candidate, wanted)
    accepted += 1
    return true
  }

  private mutating func remember(_ candidate: Int32, _ wanted: Options) {
    let n = Int(candidate)
    if n >= options.count { options.append(contentsOf: repeatElement([], count: n + 1 - options.count)) }
    options[n] = wanted
  }

  /// Who moves where so that a newcomer (nil) gets a slot; nil if there is no way. `reach` sees everyone
  /// on the ways that were tried; the slot of the one who is `leaving` is as good as free.
  private mutating func path(
    for wanted: Options, leaving: Int32 = -1, _ reach: (Int32) -> Void
  ) -> [(slot: Int32, holder: Int32?)]? {
    visited = leaving >= 0 ? SkipList(count: occupant.count) : closed
    var queue: [(holder: Int32, cameFrom: Int32, viaSlot: Int32)] = [(-1, -1, -1)]
    var head = 0
    while head < queue.count {
      let current = head
      head += 1
      let choices = current == 0 ? wanted : options[Int(queue[current].holder)]
      for range in choices {
        var slot = visited.next(range.lowerBound)
        while slot < range.upperBound {
          visited.remove(slot)
          let holder = occupant[Int(slot)]
          if holder < 0 || holder == leaving {
            var moves: [(slot: Int32, holder: Int32?)] = []
            var (at, to) = (current, slot)
            while true {
              moves.append((to, at > 0 ? queue[at].holder : nil))
              guard at > 0 else { return moves }
              (at, to) = (Int(queue[at].cameFrom), queue[at].viaSlot)
            }
          }
          reach(holder)
          queue.append((holder, Int32(current), slot))
          slot = visited.next(slot)
        }
      }
    }
    if leaving < 0 { for entry in queue.dropFirst() { closed.remove(entry.viaSlot) } }
    return nil
  }

  /// Gives up a candidate's slot.
  mutating func remove(_ candidate: Int32) {
    guard let slot = occupant.firstIndex(of: candidate) else { return }
    occupant[slot] = -1
    options[Int(candidate)] = []
    accepted -= 1
    closed = SkipList(count: occupant.count)
  }

  /// Whether `replace` would succeed.
  mutating func canReplace(_ old: Int32, options wanted: Options) -> Bool {
    guard let slot = occupant.firstIndex(of: old) else { return false }
    // Most often the slot itself will do.
    return wanted.contains { $0.contains(Int32(slot)) } || path(for: wanted, leaving: old) { _ in } != nil
  }

  /// Puts a candidate in another's place if some rearrangement leaves room for it.
  mutating func replace(_ old: Int32, by new: Int32, options wanted: Options) -> Bool {
    guard let slot = occupant.firstIndex(of: old) else { return false }
    if wanted.contains(where: { $0.contains(Int32(slot)) }) {
      occupant[slot] = new
    } else {
      guard let path = path(for: wanted, leaving: old, { _ in }) else { return false }
      occupant[slot] = -1
      for (slot, holder) in path { occupant[Int(slot)] = holder ?? new }
    }
    options[Int(old)] = []
    remember(new, wanted)
    // Where it may go differs, and so does what is closed.
    closed = SkipList(count: occupant.count)
    return true
  }

  /// Whom a candidate could replace: the others of its circuit in the matroid. Empty if it has a slot without.
  mutating func circuit(of wanted: Options) -> [Int32] {
    closed = SkipList(count: occupant.count)
    var others: [Int32] = []
    guard path(for: wanted, { others.append($0) }) != nil else { return others }
    return room > 0 ? [] : occupant.filter { $0 >= 0 }
  }

  /// The least value of anyone a candidate could replace if it started in a slot, by slot; nothing for a slot
  /// from which a free one can be had.
  ///
  /// - Parameter value: of the candidate in each occupied slot.
  func weakest(_ value: ContiguousArray<Double>) -> ContiguousArray<Double> {
    var result = ContiguousArray<Double>(repeating: .infinity, count: occupant.count)
    let order = occupant.indices.map { (value: occupant[$0] < 0 && room > 0 ? 0 : value[$0], slot: $0) }
      .sorted { $0.value != $1.value ? $0.value < $1.value : $0.slot < $1.slot }
    var left = ContiguousArray(occupant.indices)
    var queue: ContiguousArray<Int> = []
    for (value, slot) in order where result[slot] == .infinity {
      result[slot] = value
      queue.append(slot)
      // Everyone who could move into a slot that has been reached.
      while let target = queue.popLast() {
        var kept = 0
        for s in left where result[s] == .infinity {
          let holder = occupant[s]
          if holder >= 0, options[Int(holder)].contains(where: { $0.contains(Int32(target)) }) {
            result[s] = value
            queue.append(s)
          } else {
            left[kept] = s
            kept += 1
          }
        }
        left.removeLast(left.count - kept)
      }
    }
    return result
  }
}

/// The members of 0..<count that are left, with "the next one from here" in near-constant time
/// (union-find with path halving).
struct SkipList: Sendable {
  private var link: ContiguousArray<Int32>

  init(count: Int) { link = .init(0...Int32(count)) }

  mutating func next(_ i: Int32) -> Int32 {
    var i = i
    while link[Int(i)] != i {
      link[Int(i)] = link[Int(link[Int(i)])]
      i = link[Int(i)]
    }
    return i
  }

  mutating func remove(_ i: Int32) { link[Int(i)] = i + 1 }
}
