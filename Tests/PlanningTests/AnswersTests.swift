import Foundation
import Observatories
import Planning
import Skymaps
import TestSupport
import Testing
import Units

/// What teams say, in the next plan.
@Suite struct AnswersTests {
  private static func plain(_ name: String = PlannerTests.maps[0]) throws -> (PlanRequest, Plan) {
    let map = try fixtureMap(name)
    let start = try #require(map.header.eventTime)
    let request = request(map, try telescopes(benchmarkNetwork), start: start)
    return (request, try Planner.plan(request))
  }

  private static func taken(_ part: Plan.TelescopePlan, _ count: Int, limit: Double?) -> [ObservedField] {
    part.assignments.prefix(count).map {
      ObservedField(
        telescopeID: part.telescope.id, center: $0.center, field: part.telescope.field!,
        limit: limit.map { Magnitude($0) })
    }
  }

  private static func keys(_ plan: Plan, of id: String) -> Set<String> {
    Set(plan.telescopes.first { $0.telescope.id == id }?.assignments.map(\.tileKey) ?? [])
  }

  /// Sky that was observed deeply is not worth a look: the next plan repeats less of it, and no tile of the telescope.
  @Test func observedSkyIsNotNewAndNotAskedForAgain() throws {
    var (request, plan) = try Self.plain(PlannerTests.maps[1])
    let busiest = try #require(plan.telescopes.max { $0.assignments.count < $1.assignments.count })
    request.observed = Self.taken(busiest, busiest.assignments.count / 2, limit: 30)
    let next = try Planner.plan(request)
    #expect(try judged(next, on: request.map).violations.isEmpty)
    let done = busiest.assignments.prefix(busiest.assignments.count / 2).map(\.tileKey)
    #expect(Self.keys(next, of: busiest.telescope.id).isDisjoint(with: done))
    let tree = ProbabilityTree(request.map)
    let before = request.observed.map(\.footprint.regions)
    /// What a plan looks at again.
    func repeated(_ plan: Plan) -> Double {
      let fields = plan.timeline.map {
        ObservedField(
          telescopeID: "", center: $0.assignment.center, field: $0.telescope.field!, limit: nil
        ).footprint.regions
      }
      let new = tree.marginalProbabilities(of: before + fields).marginal.dropFirst(before.count).reduce(0, +)
      return tree.marginalProbabilities(of: fields).union - new
    }
    print("looked at again: \(repeated(plan)) without, \(repeated(next)) with what was observed")
    // Wide fields with time to spare still look at slivers beside it.
    #expect(repeated(next) < repeated(plan))
    #expect(next.id != plan.id)
  }

  @Test func aShallowLookLeavesTheSkyToDeeperOnes() throws {
    var (request, _) = try Self.plain()
    let all = try Planner.plan(request)
    let wide = try #require(all.telescopes.max { $0.assignments.count < $1.assignments.count })
    func secondLooks(_ limit: Double) throws -> Double {
      request.observed = Self.taken(wide, wide.assignments.count, limit: limit)
      let next = try Planner.plan(request)
      let tree = ProbabilityTree(request.map)
      let before = request.observed.map(\.footprint.regions)
      let deep = next.telescopes.filter { $0.telescope.id != wide.telescope.id }
        .flatMap { part in
          part.assignments.map {
            ObservedField(
              telescopeID: "", center: $0.center, field: part.telescope.field!, limit: nil
            ).footprint.regions
          }
        }
      // Of what the others look at, the part that was observed before.
      let together = tree.marginalProbabilities(of: deep).union
      let new = tree.marginalProbabilities(of: before + deep).marginal.dropFirst(before.count).reduce(0, +)
      return together - new
    }
    #expect(try secondLooks(16) >= secondLooks(26))
  }

  @Test func nothingIsPlannedDuringAnOutage() throws {
    var (request, plan) = try Self.plain()
    let part = try #require(plan.telescopes.max { $0.assignments.count < $1.assignments.count })
    let middle = part.assignments[part.assignments.count / 2].start
    request.outages = [
      Outage(
        telescopeID: part.telescope.id, window: TimeWindow(request.window.start, middle), reason: "wind")
    ]
    let next = try Planner.plan(request)
    #expect(try judged(next, on: request.map).violations.isEmpty)
    let same = next.telescopes.first { $0.telescope.id == part.telescope.id }
    #expect(same?.assignments.allSatisfy { $0.start >= middle } ?? true)
    request.outages = [
      Outage(telescopeID: part.telescope.id, window: request.window, reason: "mirror away")
    ]
    let without = try Planner.plan(request)
    #expect(!without.telescopes.contains { $0.telescope.id == part.telescope.id })
    let omission = try #require(without.omissions.first { $0.telescopeID == part.telescope.id })
    #expect(omission.reason.contains("mirror away"))
    #expect(without.network.assignmentCount > 0)
  }

  @Test func aFilterThatIsOutIsNotPlanned() throws {
    var (request, plan) = try Self.plain()
    let part = try #require(plan.telescopes.first)
    let id = part.telescope.id
    let i = try #require(request.telescopes.firstIndex { $0.id == id })
    request.telescopes[i].filters = ["clear", "R"]
    request.telescopes[i].exposure.filter = "clear"
    request.outages = [
      Outage(telescopeID: id, filter: "clear", window: request.window, reason: "wheel")
    ]
    func filters() throws -> Set<String?> {
      Set(
        try Planner.plan(request).telescopes.first { $0.telescope.id == id }?.assignments.map(\.filter) ?? [])
    }
    #expect(try filters() == ["R"])
    request.telescopes[i].filters = ["clear"]
    #expect(try filters().isEmpty)
    plan = try Planner.plan(request)
    #expect(plan.omissions.first { $0.telescopeID == id }?.reason.contains("filter clear: wheel") == true)
  }

  @Test func refusedTilesAreNotGivenAgain() throws {
    var (request, plan) = try Self.plain()
    let part = try #require(plan.telescopes.max { $0.assignments.count < $1.assignments.count })
    let refused = try #require(part.assignments.max { $0.probability < $1.probability })
    request.refused = [RefusedTile(telescopeID: part.telescope.id, center: refused.center)]
    let next = try Planner.plan(request)
    #expect(!Self.keys(next, of: part.telescope.id).contains(refused.tileKey))
    #expect(Self.keys(plan, of: part.telescope.id).contains(refused.tileKey))
  }

  @Test func answersShapeTheDigestAndTheirAbsenceDoesNot() throws {
    var (request, plan) = try Self.plain()
    let bare = request.digest
    (request.observed, request.outages, request.refused) = ([], [], [])
    #expect(request.digest == bare)
    var digests: Set<String> = [bare]
    let part = plan.telescopes[0]
    request.observed = Self.taken(part, 1, limit: 18)
    digests.insert(request.digest)
    request.observed = Self.taken(part, 1, limit: 19)
    digests.insert(request.digest)
    request.refused = [RefusedTile(telescopeID: "a", center: part.assignments[0].center)]
    digests.insert(request.digest)
    request.outages = [Outage(telescopeID: "a", window: request.window, reason: "x")]
    digests.insert(request.digest)
    #expect(digests.count == 5)
  }
}

@Suite struct ExecutedCoverageTests {
  /// A uniform sky: probabilities are areas.
  @Test func figuresOfKnownFootprints() throws {
    let map = try fixtureMap(PlannerTests.maps[0])
    let tree = ProbabilityTree(map)
    let peak = try #require(
      try Planner.plan(request(map, telescopes(benchmarkNetwork), start: map.header.eventTime!)).timeline.max
      {
        $0.assignment.probability < $1.assignment.probability
      })
    let field = peak.telescope.field!
    func at(_ center: Direction<ICRS>, _ limit: Double?) -> ObservedField {
      ObservedField(telescopeID: "t", center: center, field: field, limit: limit.map { Magnitude($0) })
    }
    let center = peak.assignment.center
    let alone = peak.assignment.probability.value
    func coverage(_ taken: [ObservedField], _ open: [ObservedField] = []) -> ExecutedCoverage {
      ExecutedCoverage(taken: taken, accepted: [], open: open, in: tree, reference: Magnitude(20))
    }
    // Twice the same place counts once, with the deeper look.
    let twice = coverage([at(center, 19), at(center, 18), at(center, nil)], [at(center, nil)])
    #expect(abs(twice.observed.value - alone) < 2e-6)
    #expect(abs(twice.depthWeighted.value - alone * ExecutedCoverageTests.weight(19)) < 2e-6)
    #expect(twice.remaining.value < 2e-6)
    #expect(abs(coverage([at(center, 25)]).depthWeighted.value - alone) < 2e-6, "never more than observed")
    #expect(coverage([at(center, nil)]).depthWeighted == .zero)
    #expect(coverage([]).observed == .zero)
    #expect(abs(coverage([], [at(center, nil)]).remaining.value - alone) < 2e-6)
  }

  /// 10^(0.6 (19 - 20)).
  private static func weight(_ limit: Double) -> Double {
    ExecutedCoverage.weight(of: Magnitude(limit), against: Magnitude(20))
  }

  @Test func weightsAreSharesOfAVolume() {
    #expect(abs(Self.weight(19) - 0.251_188_643) < 1e-9)
    #expect(Self.weight(20) == 1 && Self.weight(30) == 1)
    #expect(ExecutedCoverage.weight(of: nil, against: Magnitude(20)) == 0)
    // 40 Mpc: distance modulus 33.01.
    #expect(abs(ExecutedCoverage.reference(distance: .megaparsecs(40)).value - 17.01) < 0.01)
    #expect(ExecutedCoverage.reference(distance: nil) == Magnitude(21))
  }
}
