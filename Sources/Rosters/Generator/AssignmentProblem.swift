import Units

/// Who can take which block at which cost, as arrays. A block is a slot for a whole week, or a week's
/// coordination.
///
/// Model. Sets: members m, weeks w, blocks b (each in one week w(b), with q(b) free places). x(m,b) in {0,1}.
/// Minimise U * unfilled places + sum x(m,b) c(m,b) + sum_m L_m(load of m) + B * (pairs of consecutive weeks
/// of one member), where c is the cost of local night and of a wish not met and L_m is convex in the number of
/// blocks. Subject to: sum_m x(m,b) <= q(b); one block per member and week; nobody away; at most `weeksAtMost`
/// blocks; enough rest between blocks of consecutive weeks.
struct AssignmentProblem {
  struct Block {
    let week: Int
    /// Index in the slot table; nil for the coordination.
    let slot: Int?
    /// Places still to fill.
    let places: Int
    let windows: [TimeWindow]
  }

  let blocks: [Block]
  let weekCount: Int
  /// In the order of the seed: ties fall to the first.
  let members: [Roster.Member]
  /// Whether a member may take a block at all, `block * members.count + member`.
  var eligible: [Bool] = []
  /// Night and wish, same layout.
  var cost: [Int] = []
  /// Blocks that are fixed already, by member and week (`member * weekCount + week`); -1 for none.
  var fixed: [Int] = []
  /// Fixed blocks lie behind `blocks` in this list, so that rest can be looked up.
  var allBlocks: [Block] = []
  /// Whether a block can follow another in the week after it, `first * allBlocks.count + second`.
  var rested: [Bool] = []
  /// Cost of holding k blocks of this campaign, `member * (weekCount + 1) + k`; `.max` for not allowed.
  var loadCost: [Int] = []
  let consecutiveCost: Int
  let unfilledCost: Int

  init(_ roster: Roster, members: [Roster.Member], options: RosterGenerator.Options) {
    self.members = members
    weekCount = roster.weekCount
    consecutiveCost = options.weights.consecutiveWeeks
    unfilledCost = options.weights.unfilled
    var blocks: [Block] = []
    var held: [(member: Int, block: Block)] = []
    for (w, start) in roster.weekStarts.enumerated() {
      let week = roster.week(start)
      for (s, slot) in roster.table.slots.enumerated() {
        let windows = (0..<7).map {
          slot.window(startingOn: roster.table.startDay(of: slot, week: start, day: $0))
        }
        let people = roster.people(week.map { $0.slots.indices.contains(s) ? $0.slots[s] : [] } ?? [])
        let places = max(0, roster.rules.peoplePerShift - people.count)
        let block = Block(week: w, slot: s, places: places, windows: windows)
        if places > 0 { blocks.append(block) }
        held += members.indices.filter { people.contains(members[$0].user) }.map { ($0, block) }
      }
      let block = Block(week: w, slot: nil, places: 1, windows: [])
      if let coordinator = week?.coordinator {
        held += members.indices.filter { members[$0].user == coordinator }.map { ($0, block) }
      } else if members.contains(where: \.coordinates) {
        blocks.append(block)
      }
    }
    self.blocks = blocks
    allBlocks = blocks
    fixed = [Int](repeating: -1, count: members.count * weekCount)
    for (member, block) in held {
      fixed[member * weekCount + block.week] = allBlocks.count
      allBlocks.append(block)
    }
    setRest(roster.rules.rest)
    setCosts(roster, options)
    setLoads(roster, options)
  }

  private mutating func setRest(_ rest: Duration) {
    let n = allBlocks.count
    rested = [Bool](repeating: true, count: n * n)
    for a in 0..<n {
      for b in 0..<n where allBlocks[b].week == allBlocks[a].week + 1 {
        guard let end = allBlocks[a].windows.last?.end, let start = allBlocks[b].windows.first?.start else {
          continue
        }
        rested[a * n + b] = start - end >= rest
      }
    }
  }

  private mutating func setCosts(_ roster: Roster, _ options: RosterGenerator.Options) {
    let n = members.count
    eligible = [Bool](repeating: true, count: blocks.count * n)
    cost = [Int](repeating: 0, count: blocks.count * n)
    let absences = Dictionary(grouping: roster.absences, by: \.user)
    for (b, block) in blocks.enumerated() {
      let week = roster.table.window(ofWeek: roster.weekStarts[block.week])
      for (m, member) in members.enumerated() {
        let away = absences[member.user] ?? []
        let windows = block.slot == nil ? [week] : block.windows
        let isAway = away.contains { absence in windows.contains { $0.intersection(absence.window) != nil } }
        eligible[b * n + m] = !isAway && (block.slot != nil || member.coordinates)
        guard let slot = block.slot else { continue }
        if let zone = member.zone.flatMap({ options.zones[$0] }) {
          let asleep = block.windows.reduce(0) { $0 + options.night.time(in: $1, zone: zone).seconds }
          cost[b * n + m] += Int((asleep / 3600 * Double(options.weights.nightHour)).rounded())
        }
        if !member.prefers.isEmpty, !member.prefers.contains(roster.table.slots[slot].name) {
          cost[b * n + m] += options.weights.otherSlot
        }
      }
    }
  }

  /// Convex in the blocks a member holds, with a step where they exceed their fair share by a whole block.
  private mutating func setLoads(_ roster: Roster, _ options: RosterGenerator.Options) {
    func served(_ member: Roster.Member) -> Int { max(0, options.served[member.user] ?? 0) }
    let held = members.indices.map { m in (0..<weekCount).filter { fixed[m * weekCount + $0] >= 0 }.count }
    let total =
      blocks.reduce(0) { $0 + $1.places } + held.reduce(0, +) + members.reduce(0) { $0 + served($1) }
    let shares = members.reduce(0) { $0 + $1.share.value }
    loadCost = []
    for member in members {
      let fair = shares > 0 ? Double(total) * member.share.value / shares : 0
      let most = Int(fair.rounded(.up)) + options.blocksAboveFairShare
      for k in 0...weekCount {
        let load = k + served(member)
        let square = Double(load * load) / member.share.value * Double(options.weights.load)
        let over = max(0, load - most) * options.weights.overload
        let allowed = k <= (member.weeksAtMost ?? weekCount)
        loadCost.append(allowed ? Int(min(square, 1e15)) + over : .max)
      }
    }
  }
}
