import Units

/// Fills the empty places of a roster fairly: nobody while away, nobody at local night if it can be avoided
/// within one block of the fair share, rest kept, load even, wishes met as far as the rest allows.
public struct RosterGenerator: Sendable {
  public struct Weights: Hashable, Sendable {
    /// A place nobody has.
    public var unfilled = 1_000_000_000
    /// A block beyond the fair share and what is allowed above it.
    public var overload = 10_000_000
    /// An hour of local night.
    public var nightHour = 10_000
    /// Times the square of the blocks somebody has, divided by their share.
    public var load = 1000
    /// A block in another slot than wished.
    public var otherSlot = 3000
    /// Two weeks in a row.
    public var consecutiveWeeks = 2000
    public init() {}
  }

  public struct Options: Sendable {
    public var weights = Weights()
    /// Zones by name; members whose zone is missing have no night.
    public var zones: [String: LocalZone] = [:]
    public var night = LocalNight()
    /// How far above the fair share somebody may go to spare others the night.
    public var blocksAboveFairShare = 1
    /// Blocks done in earlier campaigns, which count.
    public var served: [Username: Int] = [:]
    public var seed: UInt64 = 1
    /// How often the search is shaken and tried again; none is needed when the bound is met.
    public var rounds = 200
    public init() {}
  }

  public struct Result: Sendable {
    public let roster: Roster
    public let loads: LoadTable
    /// Of the model in `AssignmentProblem`; 0 is the least there is.
    public let cost: Int
    /// No roster can cost less.
    public let lowerBound: Int
    /// What could not be had and why, one line each.
    public let remarks: [String]
    public var isProvenOptimal: Bool { cost == lowerBound }
  }

  public var options: Options
  public init(_ options: Options = Options()) { self.options = options }

  /// Keeps what the schedule and the overrides hold already. Members come from `roster.members`.
  public func generate(_ roster: Roster) -> Result {
    var random = SplitMix(state: options.seed)
    var members = roster.members
    for i in members.indices.dropLast() { members.swapAt(i, i + random.below(members.count - i)) }
    let problem = AssignmentProblem(roster, members: members, options: options)
    let flow = AssignmentFlow.solve(problem)
    var search = AssignmentSearch(problem, start: flow.members, seed: random.next())
    search.run(rounds: options.rounds, lowerBound: flow.cost)
    var people = [[Username]](repeating: [], count: problem.blocks.count)
    let places = problem.blocks.indices.flatMap { Array(repeating: $0, count: problem.blocks[$0].places) }
    for (place, m) in search.holder.enumerated() where m >= 0 {
      people[places[place]].append(members[m].user)
    }
    let filled = Self.filling(roster, problem, people)
    let remarks = GeneratorRemarks(problem: problem, roster: filled, options: options, people: people).lines
    return Result(
      roster: filled, loads: LoadTable(filled, options: options), cost: search.cost, lowerBound: flow.cost,
      remarks: remarks)
  }

  private static func filling(_ roster: Roster, _ problem: AssignmentProblem, _ people: [[Username]])
    -> Roster
  {
    var filled = roster
    for start in roster.weekStarts where roster.week(start) == nil {
      filled.weeks.append(
        .init(
          start: start, coordinator: nil,
          slots: [[Roster.Assignee]](repeating: [], count: roster.table.slots.count)))
    }
    filled.weeks.sort { $0.start < $1.start }
    for (b, block) in problem.blocks.enumerated() {
      let start = roster.weekStarts[block.week]
      guard let i = filled.weeks.firstIndex(where: { $0.start == start }) else { continue }
      if let slot = block.slot {
        while filled.weeks[i].slots.count <= slot { filled.weeks[i].slots.append([]) }
        filled.weeks[i].slots[slot] += people[b].sorted().map { .member($0) }
      } else {
        filled.weeks[i].coordinator = people[b].first
      }
    }
    return filled
  }
}

/// Why places are empty and why somebody works at night.
struct GeneratorRemarks {
  let problem: AssignmentProblem
  let roster: Roster
  let options: RosterGenerator.Options
  let people: [[Username]]

  var lines: [String] {
    var lines: [String] = []
    for (b, block) in problem.blocks.enumerated() {
      let place = name(block)
      if people[b].count < block.places {
        lines.append(
          "\(place): \(block.places - people[b].count) of \(block.places) places empty; \(reasons(b))")
      }
      for user in people[b] {
        guard let m = problem.members.firstIndex(where: { $0.user == user }), block.slot != nil else {
          continue
        }
        let hours = nightHours(m, block)
        guard hours > 0 else { continue }
        lines.append("\(place): \(user) has \(Digits.short(hours)) h of local night; \(awake(b, except: m))")
      }
    }
    return lines
  }

  private func name(_ block: AssignmentProblem.Block) -> String {
    let week = "week \(roster.weekStarts[block.week])"
    return block.slot.map { "\(week), slot \(roster.table.slots[$0].name)" } ?? "\(week), coordinator"
  }

  private func nightHours(_ m: Int, _ block: AssignmentProblem.Block) -> Double {
    guard let zone = problem.members[m].zone.flatMap({ options.zones[$0] }) else { return 0 }
    return block.windows.reduce(0) { $0 + options.night.time(in: $1, zone: zone).seconds } / 3600
  }

  /// What keeps a member from a block in the finished roster.
  private func obstacle(_ m: Int, _ b: Int) -> String {
    let block = problem.blocks[b]
    let user = problem.members[m].user
    if block.slot == nil, !problem.members[m].coordinates { return "does not coordinate" }
    if !problem.eligible[b * problem.members.count + m] { return "away" }
    let held = blocks(of: user)
    if held.contains(where: { $0.week == block.week }) { return "busy that week" }
    if let most = problem.members[m].weeksAtMost, held.count >= most { return "at their limit" }
    let tired = held.contains { other in
      guard abs(other.week - block.week) == 1 else { return false }
      let (a, c) = other.week < block.week ? (other, block) : (block, other)
      guard let end = a.windows.last?.end, let start = c.windows.first?.start else { return false }
      return start - end < roster.rules.rest
    }
    return tired ? "without rest" : "at their share"
  }

  private func blocks(of user: Username) -> [AssignmentProblem.Block] {
    let own = problem.blocks.indices.filter { people[$0].contains(user) }.map { problem.blocks[$0] }
    guard let m = problem.members.firstIndex(where: { $0.user == user }) else { return own }
    let w = problem.weekCount
    return own + (0..<w).map { problem.fixed[m * w + $0] }.filter { $0 >= 0 }.map { problem.allBlocks[$0] }
  }

  private func reasons(_ b: Int) -> String {
    guard !problem.members.isEmpty else { return "no members are listed" }
    let all = problem.members.indices.filter { !people[b].contains(problem.members[$0].user) }.map {
      obstacle($0, b)
    }
    let counts = Set(all).sorted().map { word in "\(all.filter { $0 == word }.count) \(word)" }
    return counts.isEmpty ? "every member is on it" : "of the others \(counts.joined(separator: ", "))"
  }

  private func awake(_ b: Int, except m: Int) -> String {
    let others = problem.members.indices.filter {
      $0 != m && problem.members[$0].zone.flatMap { options.zones[$0] } != nil
        && nightHours($0, problem.blocks[b]) == 0
        && !people[b].contains(problem.members[$0].user)
    }
    guard !others.isEmpty else { return "nobody else is awake then" }
    let parts = others.map { (problem.members[$0].user, obstacle($0, b)) }.sorted { $0.0 < $1.0 }
    return "awake then: " + parts.prefix(8).map { "\($0.0) \($0.1)" }.joined(separator: ", ")
  }
}
