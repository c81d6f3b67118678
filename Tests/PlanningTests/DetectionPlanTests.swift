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

  /// The figures of a plan, from a sum over fine cells: each point counts what the deepest telescope over it sees.
  @Test func figuresAreThoseOfASumOverPoints() throws {
    let map = try Self.map(near: 60, far: 160)
    var asked = try Self.asked(map, Self.curve(-16.5, scatter: 0.7), ["TCA", "FZU-Auger", "OAJ"])
    asked.telescopes[1].depth?.magnitude = Magnitude(19.3)
    asked.telescopes[2].depth?.magnitude = Magnitude(20.6)
    let plan = try Planner.plan(asked)
    let ephemeris = try DetectionProbe(asked)
    #expect(plan.telescopes.count >= 2)
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
      let seen = plan.telescopes.map { ephemeris.detectability(of: $0.telescope.id, cell: i) }
      for a in 0..<n {
        for b in 0..<n {
          let point = Direction<ICRS>(
            unit: cell.point((Double(a) + 0.5) / Double(n), (Double(b) + 0.5) / Double(n)))
          var best = 0.0
          for t in plan.telescopes.indices where fields[t].contains(where: { $0.contains(point) }) {
            best = max(best, seen[t])
            byTelescope[t] += weight * seen[t]
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
    cover.objective = .coverage
    let covering = try Planner.plan(cover)
    let probe = try DetectionProbe(asked)
    let other = probe.detection(of: covering, on: map)
    #expect(abs(probe.detection(of: plan, on: map) - plan.network.detection!.value) < 1e-6)
    #expect(plan.network.detection!.value > 1.1 * other)
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

/// What the planner thinks of each telescope: only its limits and classes, none of its sums.
private struct DetectionProbe {
  private let byID: [String: Distance]
  private let map: DetectionMap

  init(_ asked: PlanRequest) throws {
    guard case .detection(let objective) = asked.objective else { throw PhotometryError.needsDistance }
    map = try DetectionMap(asked.map, model: DetectionModel(objective.curve))
    let regions = CredibleRegions(of: asked.map)
    let guide = try #require(try DetectionGuide(asked, regions))
    let ephemeris = try Ephemeris(covering: asked.window, earthOrientation: asked.earth)
    let sites = try asked.telescopes.sorted { $0.id < $1.id }.map {
      try PlannedSite(
        $0, request: asked, area90: regions.area(at: Fraction(clamping: 0.9)), ephemeris: ephemeris,
        guide: guide)
    }
    // Classes of figures are this fine for a dozen telescopes or fewer.
    let moduli = sites.map { ($0.sight!.modulus / 0.05).rounded(.down) * 0.05 }
    byID = Dictionary(
      uniqueKeysWithValues: zip(sites, moduli).map {
        ($0.telescope.id, Distance.megaparsecs(pow(10, ($1 - 25) / 5)))
      })
  }

  func detectability(of id: String, cell: Int) -> Double {
    map.detectability(ofCell: cell, within: byID[id]!)
  }

  /// Of any plan of the same telescopes, by points.
  func detection(of plan: Plan, on sky: Skymap) -> Double {
    let parts = plan.telescopes.map { part in
      (
        byID[part.telescope.id]!,
        part.assignments.map { Footprint(part.telescope.field!, at: $0.center).regions }
      )
    }
    let reaches = Set(parts.map(\.0.megaparsecs)).sorted()
    return DetectionReport(
      parts.map { part in (reaches.firstIndex(of: part.0.megaparsecs)!, part.1) },
      densities: reaches.map { map.densities(within: .megaparsecs($0)) }, map: sky
    ).network
  }
}
