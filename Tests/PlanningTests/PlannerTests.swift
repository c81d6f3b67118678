import Formats
import Foundation
import Observatories
import Planning
import SkymapFiles
import Skymaps
import Targeting
import TestSupport
import Testing
import Units

@Suite struct PlannerTests {
  static let maps = [
    "MS260915a-three-detectors.multiorder.fits", "MS261009b-two-detectors.multiorder.fits",
    "MS261109c-one-detector.multiorder.fits.gz", "mock-grb-cone.fit.gz",
  ]

  /// Every plan passes the judge that shares no code with the planner, and its figures are the judge's.
  @Test(arguments: maps, [benchmarkNetwork, "telescopes"])
  func plansPassTheIndependentJudge(_ name: String, _ folder: String) throws {
    let map = try fixtureMap(name)
    let start = try #require(map.header.eventTime)
    let plan = try Planner.plan(request(map, try telescopes(folder), start: start))
    let report = try judged(plan, on: map)
    #expect(report.violations.isEmpty, "\(report.violations.prefix(3))")
    #expect(plan.network.assignmentCount > 0)
    let measured = try #require(report.network.probability)
    // The judge rasterises footprints: good to 2e-4.
    #expect(abs(measured - plan.network.probability.value) < 1e-3)
    #expect(plan.network.probability <= plan.network.reachable)
  }

  /// Equal requests give equal plans, bit for bit, however the threads run.
  @Test func equalRequestsGiveEqualPlans() throws {
    let map = try fixtureMap(Self.maps[1])
    let start = try #require(map.header.eventTime)
    let request = request(map, try telescopes("telescopes"), start: start)
    let first = NetworkPlanDocument(try Planner.plan(request)).json()
    for _ in 0..<3 {
      #expect(NetworkPlanDocument(try Planner.plan(request)).json() == first)
    }
  }

  @Test func otherRequestsHaveOtherNames() throws {
    let map = try fixtureMap(Self.maps[0])
    let start = try #require(map.header.eventTime)
    let network = try telescopes(benchmarkNetwork)
    let ids = try [
      request(map, network, start: start), request(map, network, start: start + .hours(1)),
      request(map, [network[0]], start: start), request(map, network, start: start, exposure: .seconds(60.5)),
      request(map, network, start: start, tiling: .free),
    ].map { try Planner.plan($0).id }
    #expect(Set(ids).count == ids.count)
  }

  @Test func nothingStartsOutsideTheWindow() throws {
    let map = try fixtureMap(Self.maps[2])
    let start = try #require(map.header.eventTime) + .hours(3)
    let plan = try Planner.plan(request(map, try telescopes(benchmarkNetwork), start: start, hours: 7))
    for (_, assignment) in plan.timeline {
      #expect(assignment.start >= start && assignment.end <= start + .hours(7))
    }
    #expect(!plan.timeline.isEmpty)
  }

  /// Sums that a reader would check by hand.
  @Test func figuresAddUp() throws {
    let map = try fixtureMap(Self.maps[1])
    let start = try #require(map.header.eventTime)
    let plan = try Planner.plan(request(map, try telescopes(benchmarkNetwork), start: start))
    let added = plan.telescopes.reduce(0) { $0 + $1.added.value }
    #expect(abs(added - plan.network.probability.value) < 1e-9)
    for part in plan.telescopes {
      #expect(abs(part.assignments.reduce(0) { $0 + $1.added.value } - part.added.value) < 1e-9)
      #expect(part.assignments.last.map { abs($0.cumulative.value - part.probability.value) < 1e-9 } ?? true)
      #expect(Set(part.assignments.map(\.rank)) == Set(1...max(1, part.assignments.count)))
      #expect(part.assignments.map(\.start) == part.assignments.map(\.start).sorted())
    }
  }

  /// More telescopes never cover less, beyond what greedy choices lose.
  @Test func telescopesHelpEachOther() throws {
    let map = try fixtureMap(Self.maps[2])
    let start = try #require(map.header.eventTime)
    let names = ["TRE", "TCH", "TCA"]
    let alone = try names.map {
      try Planner.plan(request(map, try telescopes(benchmarkNetwork, [$0]), start: start)).network.probability
        .value
    }
    let together = try Planner.plan(request(map, try telescopes(benchmarkNetwork, names), start: start))
      .network.probability.value
    #expect(together >= alone.max()! - 1e-3)
    #expect(together <= alone.reduce(0, +) + 1e-9)
  }

  // MARK: what cannot be planned

  @Test func aMapNobodySeesIsAnEmptyPlanThatSaysWhy() throws {
    // The north celestial pole, from the southern hemisphere.
    let map = try Skymap(
      .circle(radius: .degrees(2)), around: Direction(ra: .zero, dec: .degrees(89)),
      containing: Fraction(percent: 90)!)
    let start = Instant(utcYear: 2026, month: 6, day: 1)!
    let plan = try Planner.plan(request(map, try telescopes(benchmarkNetwork, ["TCH"]), start: start))
    #expect(plan.telescopes.isEmpty && plan.network.probability == .zero)
    #expect(plan.omissions.map(\.code) == ["nothing_visible"])
    #expect(plan.omissions[0].reason.contains("nothing of the map can be observed"))
    _ = try judged(plan, on: map)
  }

  @Test func aNightWithoutDarknessSaysSo() throws {
    let map = try fixtureMap(Self.maps[1])
    let start = Instant(utcYear: 2026, month: 12, day: 20)!
    let plan = try Planner.plan(request(map, try telescopes("telescopes", ["ASTEP"]), start: start))
    #expect(plan.telescopes.isEmpty)
    #expect(plan.omissions.map(\.code) == ["no_dark_time"])
    #expect(plan.omissions[0].reason.contains("Sun"))
  }

  @Test func telescopesOutOfServiceNeedTheirName() throws {
    let map = try fixtureMap(Self.maps[1])
    let start = try #require(map.header.eventTime)
    let broken = try #require(
      try telescopes("telescopes").first { $0.outOfService != nil && $0.field != nil })
    var asked = request(map, [broken], start: start)
    #expect(try Planner.plan(asked).omissions.map(\.code) == ["out_of_service"])
    asked.named = [broken.id]
    #expect(try !Planner.plan(asked).omissions.contains { $0.code == "out_of_service" })
  }

  @Test func emptyWindowsAreRefused() throws {
    let map = try fixtureMap(Self.maps[0])
    let start = try #require(map.header.eventTime)
    #expect(throws: PlanningError.self) { try Planner.plan(request(map, [], start: start, hours: 0)) }
    #expect(try Planner.plan(request(map, [], start: start)).telescopes.isEmpty)
  }

  /// A position known to a small part of the field is one tile with the source in its middle.
  @Test func wellLocalisedEventsAreCentred() throws {
    let center = Direction<ICRS>(ra: .degrees(150), dec: .degrees(-20))
    let map = try Skymap(.circle(radius: .arcminutes(10)), around: center, containing: Fraction(percent: 90)!)
    let start = Instant(utcYear: 2026, month: 3, day: 1)!
    let plan = try Planner.plan(request(map, try telescopes(benchmarkNetwork, ["TCH"]), start: start))
    let first = try #require(plan.timeline.map(\.assignment).min { $0.rank < $1.rank })
    #expect(first.probability.value > 0.999)
    #expect(first.center.separation(from: center).degrees < 0.25)
  }

  @Test func allocationsLimitTheNight() throws {
    let map = try fixtureMap(Self.maps[2])
    let start = try #require(map.header.eventTime)
    var telescope = try telescopes(benchmarkNetwork, ["TRE"])[0]
    telescope.usage = .init(level: .veryFrequent, hoursPerNight: 0.5)
    let plan = try Planner.plan(request(map, [telescope], start: start))
    // 60 s and 10 s of readout: 25 in half an hour. A day that begins in one night ends in the next.
    let longitude = telescope.site.position.longitude.degrees
    let nights = Dictionary(grouping: plan.timeline) {
      Int(($0.assignment.start.mjdUTC + longitude / 360 - 0.5).rounded(.down))
    }
    #expect(!nights.isEmpty && nights.values.allSatisfy { $0.count <= 25 })
    #expect(plan.telescopes[0].notes.contains { $0.contains("allocation") })
  }
}
