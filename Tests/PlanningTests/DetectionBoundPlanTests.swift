import Checking
import Formats
import Foundation
import Observatories
import Photometry
import SkymapFiles
import Skymaps
import TestSupport
import Testing
import Units

@testable import Planning

/// The bound on what any plan could find, and what a plan for coverage finds.
@Suite struct DetectionBoundPlanTests {
  private static func curve(_ magnitude: Double, scatter: Double = 0) -> LightCurve {
    LightCurve(
      id: "test", title: "test", citation: "none",
      form: .linear(absolute: Magnitude(magnitude), magnitudesPerDay: 0),
      scatter: scatter, covered: .seconds(-1e9)...(.seconds(1e9)))
  }

  private static let network = ["TCH", "FRAM-Auger", "OAJ"]

  private static func asked(_ map: Skymap, _ curve: LightCurve, hours: Double = 14) throws -> PlanRequest {
    let start = map.header.eventTime ?? Instant(utcYear: 2026, month: 2, day: 15, hour: 12)!
    var list = try telescopes("telescopes", network)
    // One exposure for both objectives: then both have the same plans to choose from.
    for i in list.indices {
      (list[i].exposure.shortest, list[i].exposure.longest) = (
        list[i].exposure.typical, list[i].exposure.typical
      )
    }
    var asked = request(map, list, start: start, hours: hours)
    asked.effort = 5000
    asked.source = DetectionObjective(curve, otherwise: .distance(.megaparsecs(150)))
    return asked
  }

  /// Whatever is found by plans for either objective, in fixed grids or without effort, is within the bound; and the
  /// bound says something.
  private static func check(_ map: Skymap, _ curve: LightCurve, _ name: String) throws {
    let cover = try asked(map, curve)
    var find = cover
    find.objective = .detection(try #require(cover.source))
    var quick = find
    quick.effort = 0
    var grid = find
    grid.tiling = .grid
    let plans = try [find, cover, quick, grid].map { try Planner.plan($0) }
    let bound = try #require(plans[0].network.detectionBound?.value)
    for plan in plans {
      let found = try #require(plan.network.detection?.value)
      #expect(found <= bound, "\(name)")
      #expect(found <= plan.network.probability.value + 1e-6)
      #expect(plan.network.detectionBound!.value <= plan.network.upperBound!.value + 1e-12)
      #expect(try judged(plan, on: map).violations.isEmpty)
    }
    let (found, other) = (plans[0].network.detection!.value, plans[1].network.detection!.value)
    print(
      "\(name): finds \(found), for coverage \(other), bound \(bound), gap \(1 - found / bound); coverage "
        + "\(plans[1].network.probability.value) of \(plans[1].network.upperBound!.value)")
    // With the same exposures both bounds are over the same plans.
    #expect(abs(plans[1].network.detectionBound!.value - bound) < 1e-9)
    // Where nearly everything is found there is nothing to be sharper about.
    #expect(bound < 0.98 * plans[1].network.upperBound!.value || found > 0.985 * bound)
    #expect(found > 0.25 * bound)
    #expect(plans[1].network.source == "test" && plans[1].telescopes.allSatisfy { $0.detection != nil })
  }

  @Test(arguments: ["MS260915a-three-detectors", "MS261009b-two-detectors"], [0, 0.6])
  func holdsOnMocks(_ name: String, _ scatter: Double) throws {
    let map = try fixtureMap(name + ".multiorder.fits")
    let mean = try #require(DistancePosterior(of: map)?.mean)
    // At the limit of most telescopes there.
    let magnitude = 18.5 - 5 * log10(mean.megaparsecs * 1e5)
    try Self.check(map, Self.curve(magnitude, scatter: scatter), "\(name) \(scatter)")
  }

  @Test(
    .enabled(if: Shared.isPresent, Comment(rawValue: Shared.reason)),
    arguments: ["S230518h-Initial_alert", "MS220722v_bayestar"])
  func holdsOnRealMaps(_ name: String) throws {
    let map = try SkymapFile.read(contentsOf: Shared.url("data/skymaps/\(name).multiorder.fits"))
    let mean = try #require(DistancePosterior(of: map)?.mean)
    try Self.check(map, Self.curve(18.5 - 5 * log10(mean.megaparsecs * 1e5)), name)
  }

  /// A source that everybody sees: the bound is that of coverage; one that nobody sees: there is nothing to bound.
  @Test func extremesAreCoverageAndNothing() throws {
    let map = try fixtureMap("MS261009b-two-detectors.multiorder.fits")
    let bright = try Planner.plan(try Self.asked(map, Self.curve(-45)))
    #expect(abs(bright.network.detection!.value - bright.network.probability.value) < 1e-5)
    #expect(bright.network.detectionBound!.value >= bright.network.detection!.value)
    #expect(bright.network.detectionBound!.value <= bright.network.upperBound!.value + 1e-12)
    #expect(bright.network.detectionBound!.value > 0.95 * bright.network.upperBound!.value)
    let dark = try Planner.plan(try Self.asked(map, Self.curve(5)))
    #expect(dark.network.detection!.value < 1e-9 && dark.network.detectionBound!.value < 1e-5)
    #expect(dark.network.probability > .zero)
  }

  /// To judge a plan by a source changes figures and nothing else; a telescope of unknown depth stays in it.
  @Test func toJudgeIsNotToOptimise() throws {
    let map = try fixtureMap("MS261009b-two-detectors.multiorder.fits")
    var asked = try Self.asked(map, Self.curve(-16))
    asked.telescopes[0].depth = nil
    let plan = try Planner.plan(asked)
    var plain = asked
    plain.source = nil
    let without = try Planner.plan(plain)
    #expect(without.network.detection == nil && without.network.detectionBound == nil)
    #expect(plan.timeline.map(\.assignment.tileKey) == without.timeline.map(\.assignment.tileKey))
    #expect(plan.timeline.map(\.assignment.start) == without.timeline.map(\.assignment.start))
    #expect(plain.digest != asked.digest)
    let unknown = try #require(plan.telescopes.first { $0.telescope.id == asked.telescopes[0].id })
    #expect(unknown.detection == .zero && unknown.notes.contains { $0.contains("depth is not known") })
    // A re-plan keeps the classes: what is kept is judged as it was.
    var kept = asked
    kept.held = NetworkPlanDocument(plan).standing(after: asked.now).pointings
    let again = try Planner.plan(kept)
    #expect(abs(again.network.detection!.value - plan.network.detection!.value) < 1e-4)
    #expect(abs(again.network.detectionBound!.value - plan.network.detectionBound!.value) < 1e-9)
    let document = NetworkPlanDocument(plan)
    #expect(try NetworkPlanDocument(json: Array(document.json().utf8)) == document)
    let summary = PlanSummary.render(document).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(
      summary.contains(
        "to find a source like test (at 150 Mpc where the map has no distance); no plan can exceed"))
  }

  /// The judge refuses figures of detection that contradict each other.
  @Test func theJudgeLooksAtTheBound() throws {
    let map = try fixtureMap("MS261009b-two-detectors.multiorder.fits")
    let plan = try Planner.plan(try Self.asked(map, Self.curve(-17), hours: 12))
    func rules(_ change: (inout NetworkPlanDocument) -> Void) throws -> [Finding.Rule] {
      var document = NetworkPlanDocument(plan)
      change(&document)
      let byID = Dictionary(uniqueKeysWithValues: plan.telescopes.map { ($0.telescope.id, $0.telescope) })
      let checked = try CheckedPlan(json: Array(document.json().utf8)) { byID[$0] }
      return try PlanChecker().check(checked, on: nil).violations.map(\.rule)
    }
    #expect(try rules { _ in } == [])
    let found = try #require(plan.network.detection?.value)
    #expect(found > 0)
    #expect(try rules { $0.network.detectionGap = 0.9999 } == [.claimedBound])
    #expect(try rules { $0.network.detectionBound = nil } == [.claimedBound])
    #expect(
      try rules { ($0.network.detectionBound, $0.network.detectionGap) = (0.9 * found, 0) } == [.claimedBound]
    )
    #expect(
      try rules { document in
        let covered = document.network.probability
        document.network.detection = covered + 0.001
        document.network.detectionBound = 1
        document.network.detectionGap = 1 - (covered + 0.001)
      } == [.claimedBound])
  }
}
