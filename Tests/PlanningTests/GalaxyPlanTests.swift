import Formats
import Foundation
import Galaxies
import GalaxyFiles
import Healpix
import Observatories
import Planning
import Skymaps
import Targeting
import TestSupport
import Testing
import Units

/// A map of a Gaussian about (150, 20) at 80 +- 25 Mpc, in which the fixture has galaxies.
private func galaxyMap(radius: Angle = .degrees(6)) throws -> Skymap {
  let circle = try Skymap(
    .circle(radius: radius), around: Direction(ra: .degrees(150), dec: .degrees(20)),
    containing: Fraction(clamping: 0.9))
  var raw = RawSkymap(
    layout: .multiOrder(uniq: ContiguousArray((0..<circle.count).map { Int64(circle.cell($0).uniq) })),
    values: circle.density, unit: .perSteradian)
  raw.distance = DistanceLayer(
    mu: .init(repeating: 80, count: circle.count), sigma: .init(repeating: 25, count: circle.count),
    norm: .init(repeating: 1, count: circle.count))
  return try Skymap(raw)
}

private func withCatalog(_ body: (GalaxyIndex) throws -> Void) throws {
  let url = FileManager.default.temporaryDirectory.appending(path: "vesper-plan-\(UUID().uuidString)")
  defer { try? FileManager.default.removeItem(at: url) }
  _ = try GalaxyIndexBuilder.build(from: fixture("galaxies/synthetic.csv"), format: .csv, to: url)
  try body(try GalaxyIndex(at: url))
}

private func targeting(_ index: GalaxyIndex, _ map: Skymap) -> GalaxyTargeting {
  GalaxyTargeting(
    table: index.table(for: .init(map, level: Fraction(clamping: 0.95))), catalog: index.title
  ) { index.name(ofRow: $0) }
}

@Suite struct GalaxyPlanTests {
  /// New Moon, and the map stands high at midnight.
  private static let start = Instant(utcYear: 2026, month: 2, day: 15, hour: 12)!
  /// Two narrow fields of one depth class, one of another, and a wide one.
  private static func network() throws -> [Telescope] {
    var list = try telescopes(benchmarkNetwork, ["TCA"])
    for (i, (name, limit)) in [("One", 20.0), ("Two", 20.2), ("Zdeep", 23.0)].enumerated() {
      let given = list[0]
      var t = Telescope(
        id: name, slug: name.lowercased(), fullName: name, status: .operational, site: given.site,
        exposure: given.exposure, timing: given.timing, limits: given.limits)
      t.aperture = .metres(1)
      t.field = .rectangle(width: .degrees(0.6 - 0.05 * Double(i)), height: .degrees(0.6), rotation: .zero)
      t.depth = .init(magnitude: Magnitude(limit), filter: "r", exposure: t.exposure.typical)
      t.filters = ["r"]
      t.exposure.filter = "r"
      // Few enough visits that a choice must be made.
      if name != "Zdeep" { t.usage = .init(level: .veryFrequent, hoursPerNight: 0.3) }
      list.append(t)
    }
    return list
  }

  private static func asked(_ index: GalaxyIndex, _ map: Skymap) throws -> PlanRequest {
    var asked = request(map, try network(), start: start)
    asked.galaxies = targeting(index, map)
    return asked
  }

  @Test func narrowFieldsGoToGalaxiesAndShareThem() throws {
    let map = try galaxyMap()
    try withCatalog { index in
      let plan = try Planner.plan(try Self.asked(index, map))
      var byName: [String: [[Plan.Galaxy]]] = [:]
      for part in plan.telescopes {
        let lists = part.assignments.compactMap(\.galaxies)
        #expect(
          lists.count
            == (part.telescope.id == "TAROT-TCA" || part.telescope.id == "TCA" ? 0 : part.assignments.count))
        if !lists.isEmpty { byName[part.telescope.id] = lists }
      }
      #expect(Set(byName.keys) == ["One", "Two", "Zdeep"])
      // Fields overlap a little at most: a galaxy in two fields of one depth is a rare neighbour, never the best.
      func firsts(_ name: String) -> [String] { (byName[name] ?? []).map { $0[0].name } }
      let equal = firsts("One") + firsts("Two")
      #expect(equal.count > 10 && Set(equal).count == equal.count)
      // The deep one looks again at what the others did.
      #expect(!Set(firsts("Zdeep")).isDisjoint(with: equal))
      #expect(try judged(plan, on: map).violations.isEmpty)
    }
  }

  /// Names, weights and places against a recomputation that shares only the ranking.
  @Test func whatAFieldHoldsIsWhatLiesInIt() throws {
    let map = try galaxyMap()
    try withCatalog { index in
      let asked = try Self.asked(index, map)
      let plan = try Planner.plan(asked)
      let ranking = GalaxyRanking(asked.galaxies!.table, in: map)
      var found = 0
      for (telescope, one) in plan.timeline {
        guard let galaxies = one.galaxies, case .rectangle(let width, let height, _)? = telescope.field else {
          continue
        }
        let basis = TangentBasis(at: one.center)
        var expected: [String: Double] = [:]
        for entry in ranking.entries {
          let u = entry.position.unit
          let depth = (u * basis.center).sum()
          guard depth > 0.9 else { continue }
          let (x, y) = ((u * basis.east).sum() / depth, (u * basis.north).sum() / depth)
          if abs(x) <= tan(width.radians / 2), abs(y) <= tan(height.radians / 2) {
            expected[index.name(ofRow: entry.row)] = entry.weight
          }
        }
        #expect(Set(galaxies.map(\.name)).isSubset(of: expected.keys))
        let weight = galaxies.reduce(0) { $0 + $1.weight }
        // The faintest 0.1 % of the weight is not looked at.
        #expect(abs(weight - expected.values.reduce(0, +)) < 1e-3)
        #expect(galaxies.map(\.weight) == galaxies.map(\.weight).sorted(by: >))
        found += galaxies.count
      }
      #expect(found > 20)
    }
  }

  /// More weight is found than tiles would find, and the best of it: with time for all, nothing observable is left.
  @Test func galaxiesBeatTiles() throws {
    let map = try galaxyMap()
    try withCatalog { index in
      var asked = try Self.asked(index, map)
      asked.telescopes = asked.telescopes.filter { $0.id == "One" }
      let onGalaxies = try Planner.plan(asked)
      let ranking = GalaxyRanking(asked.galaxies!.table, in: map)
      asked.galaxies = nil
      let onTiles = try Planner.plan(asked)
      func weight(_ plan: Plan) -> Double {
        let fields = plan.timeline.map { Footprint($0.telescope.field!, at: $0.assignment.center) }
        return ranking.entries.reduce(0) { sum, e in
          sum + (fields.contains { $0.contains(e.position) } ? e.weight : 0)
        }
      }
      #expect(weight(onGalaxies) > 1.2 * weight(onTiles))
    }
  }

  @Test func keysAreStableAndDocumentsHoldTheGalaxies() throws {
    let map = try galaxyMap()
    try withCatalog { index in
      var asked = try Self.asked(index, map)
      let plan = try Planner.plan(asked)
      asked.window = TimeWindow(Self.start + .hours(0.5), Self.start + .hours(24))
      asked.event.revision = 2
      let later = try Planner.plan(asked)
      func centers(_ plan: Plan) -> [String: Direction<ICRS>] {
        Dictionary(plan.timeline.map { ($0.assignment.tileKey, $0.assignment.center) }) { a, _ in a }
      }
      let (a, b) = (centers(plan), centers(later))
      let common = Set(a.keys).intersection(b.keys).filter { !$0.hasPrefix("t") }
      #expect(common.count > 10 && common.allSatisfy { a[$0] == b[$0] })

      let document = NetworkPlanDocument(plan)
      let json = document.json()
      #expect(try NetworkPlanDocument(json: Array(json.utf8)) == document)
      #expect(document.brokenDigests().isEmpty)
      #expect(json.filter { !$0.isWhitespace }.contains("\"galaxies\":[{\"name\":\""))
      let row = try #require(document.plans.first { $0.telescope.slug == "one" }?.rows.first)
      #expect(
        row.target.hasPrefix("MS1test_")
          && row.target.hasSuffix(
            "_r1_" + String(repeating: "0", count: 3 - "\(row.rank)".count) + "\(row.rank)")
      )
      #expect(row.reason.contains(row.galaxies![0].name))
      // Rows of tiles have no such member at all: their documents are what they were.
      let tiles = try #require(document.plans.first { !["one", "two", "zdeep"].contains($0.telescope.slug) })
      #expect(!tiles.json().contains("galaxies"))
    }
  }

  @Test func thePolicyDecidesAndTheRequestSaysSo() throws {
    let map = try galaxyMap()
    try withCatalog { index in
      var asked = try Self.asked(index, map)
      let digest = asked.digest
      asked.galaxies?.policy.largestArea90 = .squareDegrees(10)
      #expect(asked.digest != digest)
      #expect(try Planner.plan(asked).timeline.allSatisfy { $0.assignment.galaxies == nil })
      asked.galaxies = targeting(index, try galaxyMap(radius: .degrees(3)))
      #expect(asked.digest != digest)
      asked.galaxies?.table = GalaxyTable([])
      #expect(try Planner.plan(asked).timeline.allSatisfy { $0.assignment.galaxies == nil })
      asked.galaxies = nil
      let plain = request(map, try Self.network(), start: Self.start)
      #expect(asked.digest == plain.digest)
    }
  }
}
