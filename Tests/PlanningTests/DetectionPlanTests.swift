import Ephemerides
import Formats
import Foundation
import Healpix
import Observatories
import Photometry
import Skymaps
import Targeting
import TestSupport
import Testing
import Units
import Visibility

@testable import Planning

/// Plans that are to find a source, against sums of their own.
@Suite struct DetectionPlanTests {
  /// New Moon, and the map stands high at midnight.
  private static let start = Instant(utcYear: 2026, month: 2, day: 15, hour: 12)!

  private static func curve(_ magnitude: Double, scatter: Double = 0) -> LightCurve {
    LightCurve(
      id: "test", title: "test", citation: "none",
      form: .linear(absolute: Magnitude(magnitude), magnitudesPerDay: 0),
      scatter: scatter, covered: .seconds(-1e9)...(.seconds(1e9)))
  }

  /// A Gaussian about (150, 20), near in its west half, far in its east half.
  private static func map(near: Double, far: Double) throws -> Skymap {
    let circle = try Skymap(
      .circle(radius: .degrees(8)), around: Direction(ra: .degrees(150), dec: .degrees(20)),
      containing: Fraction(clamping: 0.9))
    var raw = RawSkymap(
      layout: .multiOrder(uniq: ContiguousArray((0..<circle.count).map { Int64(circle.cell($0).uniq) })),
      values: circle.density, unit: .perSteradian)
    let mean = (0..<circle.count).map { i in
      Direction<ICRS>(unit: circle.cell(i).center).ra.degrees < 150 ? near : far
    }
    raw.distance = DistanceLayer(
      mu: ContiguousArray(mean), sigma: ContiguousArray(mean.map { 0.05 * $0 }),
      norm: .init(repeating: 1, count: circle.count))
    return try Skymap(raw)
  }

  private static func asked(_ map: Skymap, _ curve: LightCurve, _ names: [String] = ["TCA"]) throws
    -> PlanRequest
  {
    var list = try telescopes(benchmarkNetwork, names)
    for i in list.indices {
      list[i].depth = .init(magnitude: Magnitude(18), filter: "r", exposure: list[i].exposure.typical)
      list[i].filters = ["r"]
      list[i].exposure.filter = "r"
      list[i].allocation = .init()
      list[i].allocation?.fieldsPerNight = 8
    }
    var asked = request(map, list, start: start, exposure: list[0].exposure.typical)
    asked.objective = .detection(DetectionObjective(curve))
    return asked
  }

  /// A source so bright that every exposure sees it: detection is coverage.
  @Test func aBrightSourceIsDetectedWhereverItIsCovered() throws {
    let plan = try Planner.plan(try Self.asked(try Self.map(near: 40, far: 400), Self.curve(-40)))
    let found = try #require(plan.network.detection?.value)
    #expect(plan.timeline.count > 5)
    #expect(abs(found - plan.network.probability.value) < 1e-6)
    for (_, one) in plan.timeline { #expect(abs(one.detection!.value - one.probability.value) < 1e-6) }
    // And none sees one that is too faint.
    let faint = try Planner.plan(try Self.asked(try Self.map(near: 40, far: 400), Self.curve(0)))
    #expect(faint.network.detection == .zero && faint.timeline.isEmpty)
    #expect(faint.omissions.count == 1)
  }

  /// Time goes to where the source can be seen, not to where the map is densest.
  @Test func fieldsGoWhereTheSourceIsWithinReach() throws {
    let map = try Self.map(near: 40, far: 800)
    // M = -17: about 18 mag at 100 Mpc.
    let asked = try Self.asked(map, Self.curve(-17))
    let plan = try Planner.plan(asked)
    var cover = asked
    cover.objective = .coverage
    let covering = try Planner.plan(cover)
    let west = plan.timeline.filter { $0.assignment.center.ra.degrees < 151 }
    #expect(plan.timeline.count == 8 && west.count == 8)
    #expect(covering.timeline.contains { $0.assignment.center.ra.degrees > 151 })
    #expect(covering.network.detection == nil)
    #expect(covering.network.probability.value >= plan.network.probability.value - 1e-3)
    #expect(asked.digest != cover.digest)
    #expect(try judged(plan, on: map).violations.isEmpty)
  }

  /// The figures of a plan, from a sum over fine cells: each point counts what the deepest exposure over it sees, by
  /// the limits that the plan states.
  @Test func figuresAreThoseOfASumOverPoints() throws {
    let map = try Self.map(near: 60, far: 160)
    var asked = try Self.asked(map, Self.curve(-16.5, scatter: 0.7), ["TCA", "FZU-Auger", "OAJ"])
    asked.telescopes[1].depth?.magnitude = Magnitude(19.3)
    asked.telescopes[2].depth?.magnitude = Magnitude(20.6)
    let plan = try Planner.plan(asked)
    guard case .detection(let objective) = asked.objective else { return }
    let seen = try DetectionMap(map, model: DetectionModel(objective.curve))
    // Its magnitude does not change.
    let reaches = plan.telescopes.map { part in
      part.assignments.map { Distance.reach(limit: $0.limit!, absolute: Magnitude(-16.5)) }
    }
    #expect(plan.telescopes.count >= 2)
    // One telescope sees farther with one exposure than with another.
    #expect(reaches.contains { Set($0).count > 3 })
    var sum = 0.0
    var byTelescope = [Double](repeating: 0, count: plan.telescopes.count)
    let fields = plan.telescopes.map { part in
      part.assignments.map { Footprint(part.telescope.field!, at: $0.center) }
    }
    for i in 0..<map.count where map.density[i] > 0 {
      let cell = map.cell(i)
      let n = 12
      let weight = map.probability(ofCell: i) / Double(n * n)
      guard weight > 0 else { continue }
      let chances = reaches.map { $0.map { seen.detectability(ofCell: i, within: $0) } }
      for a in 0..<n {
        for b in 0..<n {
          let point = Direction<ICRS>(
            unit: cell.point((Double(a) + 0.5) / Double(n), (Double(b) + 0.5) / Double(n)))
          var best = 0.0
          for t in plan.telescopes.indices {
            let own = zip(fields[t], chances[t]).filter { $0.0.contains(point) }.map(\.1).max() ?? 0
            best = max(best, own)
            byTelescope[t] += weight * own
          }
          sum += weight * best
        }
      }
    }
    let network = try #require(plan.network.detection?.value)
    #expect(network > 0.01)
    #expect(abs(network - sum) < 0.01 * network)
    for (t, part) in plan.telescopes.enumerated() {
      #expect(abs(part.detection!.value - byTelescope[t]) < 0.01 * byTelescope[t] + 1e-5)
      #expect(part.detection!.value <= network + 1e-9)
      #expect(part.detection! <= part.probability)
    }
    let document = NetworkPlanDocument(plan)
    #expect(try NetworkPlanDocument(json: Array(document.json().utf8)) == document)
    #expect(document.network.source == "test" && document.brokenDigests().isEmpty)
  }

  /// Where coverage is the objective its plan is found anyway; detection must find more by its own measure.
  @Test func theObjectiveIsWhatIsMaximised() throws {
    let map = try Self.map(near: 60, far: 300)
    let asked = try Self.asked(map, Self.curve(-16.5, scatter: 0.5), ["TCA", "OAJ"])
    let plan = try Planner.plan(asked)
    var cover = asked
    guard case .detection(let objective) = asked.objective else { return }
    (cover.objective, cover.source) = (.coverage, objective)
    let covering = try Planner.plan(cover)
    #expect(plan.network.detection!.value > 1.1 * covering.network.detection!.value)
  }

  /// The limit of a row is that of its own altitude, Moon and time, and no row sees farther than what the bound
  /// grants its telescope there.
  @Test func everyExposureHasItsOwnLimit() throws {
    let map = try fixtureMap("MS261009b-two-detectors.multiorder.fits")
    let start = try #require(map.header.eventTime)
    var list = try telescopes("telescopes", ["TCH", "OAJ"])
    for i in list.indices { list[i].exposure.longest = list[i].exposure.typical }
    var asked = request(map, list, start: start, hours: 24)
    let curve = Self.curve(-17, scatter: 0.3)
    asked.objective = .detection(DetectionObjective(curve, otherwise: .distance(.megaparsecs(150))))
    let plan = try Planner.plan(asked)
    let ephemeris = try Ephemeris(covering: asked.window, earthOrientation: asked.earth)
    let regions = CredibleRegions(of: map)
    let guide = try #require(try DetectionGuide(asked, regions))
    var limits: [Magnitude] = []
    for part in plan.telescopes {
      let visibility = try SiteVisibility(
        telescope: part.telescope, window: asked.window, ephemeris: ephemeris)
      let site = try PlannedSite(
        part.telescope, request: asked, area90: regions.area(at: Fraction(clamping: 0.9)),
        ephemeris: ephemeris, guide: guide)
      let ceiling = SightCeiling(site, guide, bins: [asked.window])
      for row in part.assignments {
        let middle = row.start + (row.end - row.start) / 2
        let here = visibility.conditions(of: row.center, at: middle)
        let model = try #require(DepthModel(part.telescope, band: row.filter.flatMap { Band(filter: $0) }))
        let limit = model.limit(
          in: .seconds(row.exposure.seconds * Double(row.exposureCount)),
          under: SkyConditions(
            altitude: row.conditions.altitude,
            moon: MoonInSky(
              altitude: row.conditions.moonAltitude, separation: row.conditions.moonSeparation,
              illuminated: here.moonIlluminated)))
        #expect(abs(row.limit!.value - limit.value) < 1e-6)
        #expect(ceiling.moduli(within: .degrees(0.1), of: row.center.unit)[0] >= limit.value + 17)
        #expect(ceiling.moduli(within: .degrees(0.1), of: row.center.unit)[0] < limit.value + 17 + 2)
        limits.append(limit)
      }
    }
    #expect(limits.count > 100 && Set(limits).count > 20)
    let rows = NetworkPlanDocument(plan).plans.flatMap(\.rows)
    #expect(rows.allSatisfy { $0.limitMag != nil && $0.detection != nil })
  }

  @Test func exposuresAreAsLongAsPays() throws {
    let map = try Self.map(near: 100, far: 100)
    var asked = try Self.asked(map, Self.curve(-16))
    asked.exposure = nil
    asked.telescopes[0].allocation = nil
    asked.telescopes[0].exposure.shortest = .seconds(30)
    asked.telescopes[0].exposure.longest = .seconds(960)
    let long = try Planner.plan(asked)
    // At 100 Mpc the source is 19.0: out of reach in 60 s, within it in the longest.
    let chosen = try #require(long.timeline.first?.assignment.exposure)
    #expect(chosen >= .seconds(512))
    asked.exposure = .seconds(60)
    #expect((try Planner.plan(asked).network.detection?.value ?? 0) < long.network.detection!.value)
    asked.exposure = nil
    asked.objective = .detection(DetectionObjective(Self.curve(-30)))
    #expect(try Planner.plan(asked).timeline.first?.assignment.exposure ?? .seconds(999) <= .seconds(120))
  }

  @Test func whatCannotBeSaidIsRefused() throws {
    let flat = try Skymap(
      .circle(radius: .degrees(8)), around: Direction(ra: .degrees(150), dec: .degrees(20)),
      containing: Fraction(clamping: 0.9))
    var asked = try Self.asked(flat, Self.curve(-16))
    #expect(throws: PlanningError.detection(.needsDistance)) { try Planner.plan(asked) }
    asked.objective = .detection(DetectionObjective(Self.curve(-16), otherwise: .distance(.megaparsecs(40))))
    #expect(try Planner.plan(asked).network.detection!.value > 0)
    asked.telescopes[0].depth = nil
    let unknown = try Planner.plan(asked)
    #expect(unknown.telescopes.isEmpty && unknown.omissions.map(\.code) == ["no_depth"])
    #expect(unknown.network.detection == .zero)
  }
}
