import Ephemerides
import Foundation
import Observatories
import Scheduling
import SkymapFiles
import Skymaps
import Targeting
import TestSupport
import Testing
import Units
import Visibility

@testable import Planning

/// How near plans come to the best there is, and that the upper bound is one: on real maps, against an
/// independent linear programme and against other planners' results.
@Suite(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.reason)))
struct OptimumTests {
  /// Shares of the fluid bound of `BoundTests` that must be reached: what was measured, rounded down. The bound
  /// of the linear programme counts a pixel as seen for half-hours at a time, and no field as sticking out.
  static let shares: [Double] = [
    1.005, 1.02, 1.0, 0.99, 0.988, 1.0, 1.04, 1.02, 0.995, 1.005, 0.987, 0.99, 0.987,
  ]
  /// Both are sums over blocks that are not split for less than 3e-6 each, and not the same ones.
  static let splitting = 1e-4
  /// Probability gwemopt 0.4.2 covers with exposures that can be executed, on the same work.
  static let gwemopt = [0: 0.2873, 4: 0.5594, 5: 0.7266, 7: 0.8018]

  @Test(arguments: Array(zip(BoundTests.rows.indices, shares)))
  func planIsNearTheOptimumAndBelowItsBound(_ row: Int, _ share: Double) throws {
    let row_ = BoundTests.rows[row]
    let map = try SkymapFile.read(contentsOf: Shared.url("data/skymaps/\(row_.map)"))
    let start = try #require(map.header.eventTime)
    var wanted = request(map, try telescopes(benchmarkNetwork, row_.names), start: start)
    let plan = try Planner.plan(wanted)
    let covered = plan.network.probability.value
    let bound = try #require(plan.network.upperBound).value
    #expect(covered >= share * row_.bound, "\(row_.map) \(row_.names): \(covered / row_.bound)")
    #expect(covered <= bound)
    #expect(Self.gwemopt[row] ?? 0 <= bound)
    // The certificate is worth something: within a tenth of what was found.
    #expect(covered >= 0.9 * bound, "\(row_.map) \(row_.names): \(covered) of at most \(bound)")
    #expect(plan.network.reachable.value >= bound - Self.splitting)
    #expect(try judged(plan, on: map).isClean)

    // Without effort the plan keeps to the grids, and is no better.
    wanted.effort = 0
    let first = try Planner.plan(wanted)
    #expect(first.network.probability.value <= covered)
    #expect(first.network.upperBound == plan.network.upperBound)
    #expect(
      first.telescopes.flatMap(\.assignments).allSatisfy { !$0.tileKey.contains(":\(FineLattice.scheme):") })
  }

  @Test func equalRequestsGiveEqualPlans() throws {
    let map = try SkymapFile.read(contentsOf: Shared.url("data/skymaps/\(BoundTests.s230518h)"))
    let start = try #require(map.header.eventTime)
    let wanted = request(map, try telescopes(benchmarkNetwork), start: start)
    let (a, b) = (try Planner.plan(wanted), try Planner.plan(wanted))
    #expect(a.network == b.network)
    #expect(a.timeline.map(\.assignment.start) == b.timeline.map(\.assignment.start))
    #expect(a.timeline.map(\.assignment.center) == b.timeline.map(\.assignment.center))
    #expect(a.timeline.map(\.assignment.tileKey) == b.timeline.map(\.assignment.tileKey))
    // Names are unique and fit the tables.
    for telescope in a.telescopes {
      let keys = telescope.assignments.map(\.tileKey)
      #expect(Set(keys).count == keys.count)
      #expect(telescope.assignments.allSatisfy { $0.fieldID.count <= 12 })
    }
  }
}

/// What the bound takes for out of reach must be: fields at permitted pointings are sampled, and every point of them
/// must be within reach at the time; and no more than half of a field may lie beyond a limit.
@Suite struct ReachTests {
  @Test(arguments: ["TCH", "TRE", "TCA", "OAJ", "FZU-Auger"])
  func nothingAFieldCoversIsOutOfReach(_ name: String) throws {
    let map = try fixtureMap("MS261009b-two-detectors.multiorder.fits")
    let start = try #require(Instant(iso8601: "2026-10-09T20:12:00Z"))
    let wanted = request(map, try telescopes(benchmarkNetwork, [name]), start: start)
    let ephemeris = try Ephemeris(covering: wanted.window, earthOrientation: wanted.earth)
    let site = try PlannedSite(
      wanted.telescopes[0], request: wanted, area90: .squareDegrees(1000), ephemeris: ephemeris)
    let sampler = ReachSampler(site)
    var random = SeededGenerator(seed: 77)
    var tried = 0
    while tried < 150 {
      let z = Double.random(in: -1...1, using: &random)
      let center = Direction<ICRS>(
        ra: .degrees(.random(in: 0..<360, using: &random)), dec: Angle(radians: asin(z)))
      let windows = site.visibility.startWindows(for: center, exposure: site.exposure)
      guard let window = windows.randomElement(using: &random) else { continue }
      tried += 1
      // Often at an edge of the window, where the field sticks out farthest.
      let share = [0, 1, Double.random(in: 0...1, using: &random)].randomElement(using: &random)!
      let time = window.start.advanced(bySeconds: window.duration.seconds * share)
      try check(site, sampler, center, time, &random)
    }
  }

  private func check(
    _ site: PlannedSite, _ sampler: ReachSampler, _ center: Direction<ICRS>, _ time: Instant,
    _ random: inout SeededGenerator
  ) throws {
    let region = try #require(Footprint(site.field, at: center).regions.first)
    let basis = TangentBasis(at: center)
    let r = tan(site.field.radius.radians)
    var (points, onlyFirst, onlySecond) = (0, 0, 0)
    while points < Self.points {
      let p = basis.direction(
        east: .random(in: -r...r, using: &random), north: .random(in: -r...r, using: &random))
      guard region.contains(p) else { continue }
      points += 1
      for radius in [Angle.zero, .degrees(0.7)] {
        let parts = sampler.windows(touching: p, radius: radius)
        let now = parts.map { $0.contains { $0.start <= time && time <= $0.end } }
        #expect(
          now.contains(true), "\(site.telescope.id): \(p.ra.degrees) \(p.dec.degrees) at \(time.iso8601())")
        guard radius == .zero, now.count == 2 else { continue }
        if now[0], !now[1] { onlyFirst += 1 }
        if now[1], !now[0] { onlySecond += 1 }
      }
    }
    #expect(max(onlyFirst, onlySecond) <= Self.points / 2 + Self.chance)
  }
  private static let points = 100
  /// Four standard deviations of a count of one half of `points`.
  private static let chance = 20
}
