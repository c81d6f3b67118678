import TestSupport
import Testing
import Units

@testable import Rosters

@Suite struct GeneratorTests {
  /// Cost of a complete assignment straight from the model, apart from the search; nil when it is not allowed.
  private func cost(_ problem: AssignmentProblem, _ choice: [[Int]]) -> Int? {
    let (w, m) = (problem.weekCount, problem.members.count)
    var diary = problem.fixed
    var total = 0
    for (b, block) in problem.blocks.enumerated() {
      total += (block.places - choice[b].count) * problem.unfilledCost
      for one in choice[b] {
        guard problem.eligible[b * m + one], diary[one * w + block.week] < 0 else { return nil }
        diary[one * w + block.week] = b
        total += problem.cost[b * m + one]
      }
    }
    for one in 0..<m {
      let held = (0..<w).filter { diary[one * w + $0] >= 0 }
      guard problem.loadCost[one * (w + 1) + held.count] < .max else { return nil }
      total += problem.loadCost[one * (w + 1) + held.count]
      for (a, b) in zip(held, held.dropFirst()) where b == a + 1 {
        total += problem.consecutiveCost
        let n = problem.allBlocks.count
        if !problem.rested[diary[one * w + a] * n + diary[one * w + b]] { return nil }
      }
    }
    return total
  }

  /// The least cost of all assignments there are.
  private func bruteForce(_ problem: AssignmentProblem) -> Int {
    var best = Int.max
    var choice = [[Int]](repeating: [], count: problem.blocks.count)
    func subsets(_ most: Int) -> [[Int]] {
      (0..<(1 << problem.members.count)).map { bits in problem.members.indices.filter { bits >> $0 & 1 == 1 }
      }
      .filter { $0.count <= most }
    }
    func descend(_ b: Int) {
      if b == problem.blocks.count {
        if let found = cost(problem, choice) { best = min(best, found) }
        return
      }
      for members in subsets(problem.blocks[b].places) {
        choice[b] = members
        descend(b + 1)
      }
      choice[b] = []
    }
    descend(0)
    return best
  }

  private func tiny(_ random: inout SeededGenerator) -> (Roster, RosterGenerator.Options) {
    func below(_ n: Int) -> Int { Int.random(in: 0..<n, using: &random) }
    let zones = oracleZones.keys.sorted()
    let members = (1...(3 + below(2))).map { i in
      Roster.Member(
        user("m-\(i)"), zone: below(5) == 0 ? nil : zones[below(zones.count)],
        prefers: below(3) == 0 ? ["\(1 + below(2))"] : [],
        coordinates: below(5) == 0, share: Fraction(clamping: below(3) == 0 ? 0.5 : 1),
        weeksAtMost: below(4) == 0 ? 1 : nil)
    }
    func time(_ h: Int) -> TimeOfDay { TimeOfDay(hour: h)! }
    let table = SlotTable(
      weekday: .thursday, time: time(11),
      slots: [Slot(name: "1", from: time(11), to: time(23)), Slot(name: "2", from: time(23), to: time(11))])
    let first = day("2026-03-19")
    let absences = (0..<below(3)).map { _ in
      let from = first.midnight + .hours(Double(below(20) * 24))
      return Roster.Absence(
        user: members[below(members.count)].user, window: TimeWindow(from, from + .hours(48)))
    }
    let weeks =
      below(3) == 0
      ? [Roster.Week(start: first, coordinator: nil, slots: [[.member(members[0].user)], []])] : []
    var options = RosterGenerator.Options()
    options.zones = oracleZones
    options.seed = random.next()
    options.served = below(2) == 0 ? [members[0].user: 2] : [:]
    return (
      Roster(
        campaign: "tiny", firstWeek: first, weekCount: members.count == 3 ? 2 + below(2) : 2,
        members: members, weeks: weeks, absences: absences
      ).with(table), options
    )
  }

  @Test(arguments: Array(1...40) as [UInt64])
  func tinyRostersAreAsGoodAsTheBestThereIs(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let (roster, options) = tiny(&random)
    let problem = AssignmentProblem(roster, members: roster.members, options: options)
    let result = RosterGenerator(options).generate(roster)
    let best = bruteForce(problem)
    #expect(result.cost == best, "seed \(seed)")
    #expect(result.lowerBound <= best, "seed \(seed)")
  }

  private func campaign() throws -> (Roster, RosterGenerator) {
    var roster = try RosterReading(yaml: fixtureText("campaign.yaml"), file: "campaign.yaml").roster
    roster.weeks = []
    roster.overrides = []
    for (i, zone) in ["Europe/Paris", "Europe/Dublin", "America/Los_Angeles", "Asia/Tokyo", "Asia/Kolkata"]
      .enumerated()
    {
      for k in [i, i + 5] { roster.members[k].zone = zone }
    }
    var options = RosterGenerator.Options()
    options.zones = oracleZones
    return (roster, RosterGenerator(options))
  }

  @Test func theCampaignIsFilledFairlyAndNobodyWorksAtNight() throws {
    let (roster, generator) = try campaign()
    let result = generator.generate(roster)
    let findings = RosterCheck(zones: oracleZones).findings(result.roster)
    #expect(findings.filter { $0.severity > .note }.isEmpty, "\(findings)")
    print(
      "cost \(result.cost), bound \(result.lowerBound)\n\(result.loads.text)\(result.remarks.joined(separator: "\n"))"
    )
    let weeks = result.loads.rows.map { $0.shiftWeeks + $0.coordinatorWeeks }
    #expect(weeks.reduce(0, +) == 16 && (weeks.max() ?? 0) <= 3)
    #expect(result.loads.rows.reduce(0) { $0 + $1.shifts } == 84)
    // Nobody is more than one block above their fair share, rounded up.
    #expect(
      result.loads.rows.allSatisfy {
        Double($0.shiftWeeks + $0.coordinatorWeeks) <= $0.fairShare.rounded(.up) + 1
      })
    #expect(result.loads.rows.allSatisfy { $0.night == .zero })
    #expect(result.cost - result.lowerBound <= 4 * generator.options.weights.consecutiveWeeks)
  }

  @Test func theSameSeedGivesTheSameRoster() throws {
    let (roster, generator) = try campaign()
    let first = generator.generate(roster)
    #expect(generator.generate(roster).roster == first.roster)
    var other = generator
    other.options.seed = 99
    let second = other.generate(roster)
    #expect(second.cost == first.cost, "another seed may choose others, but nothing worse")
  }

  @Test func whatStandsThereIsKept() throws {
    var (roster, generator) = try campaign()
    roster.weeks = [
      .init(
        start: roster.firstWeek, coordinator: user("shifter-02"),
        slots: [[], [.member(user("shifter-10"))], []])
    ]
    let filled = generator.generate(roster).roster
    #expect(filled.weeks[0].coordinator == user("shifter-02"))
    #expect(filled.weeks[0].slots[1] == [.member(user("shifter-10"))])
    #expect(filled.weeks.count == 4 && filled.weeks.allSatisfy { $0.slots.allSatisfy { $0.count == 1 } })
    #expect(generator.generate(filled).roster == filled)
    generator.options.rounds = 0
  }

  @Test func whatCannotBeIsExplained() throws {
    var (roster, generator) = try campaign()
    roster.members = Array(roster.members.prefix(2))
    let result = generator.generate(roster)
    #expect(
      result.remarks.contains { $0.contains("1 of 1 places empty; of the others 2 busy that week") },
      "\(result.remarks)")
    roster.members = []
    #expect(generator.generate(roster).remarks.first?.contains("no members are listed") == true)
    // One European who must take the night: the reason names who could have.
    var one = plainRoster()
    one.weeks = []
    one.members = [
      .init(user("a"), zone: "Europe/Paris"), .init(user("b"), zone: "Europe/Paris"),
      .init(user("c"), zone: "Asia/Tokyo"),
    ]
    one.absences = [.init(user: user("c"), window: one.window)]
    generator.options.seed = 2
    let night = generator.generate(one).remarks
    #expect(night.contains { $0.contains("places empty") && $0.contains("1 away") }, "\(night)")
  }
}

extension Roster {
  fileprivate func with(_ table: SlotTable) -> Roster {
    Roster(
      campaign: campaign, table: table, firstWeek: firstWeek, weekCount: weekCount, members: members,
      weeks: weeks, absences: absences)
  }
}
