import Foundation
import Healpix
import Observatories
import Skymaps
import Targeting
import TestSupport
import Testing
import Units

@testable import Galaxies

struct GalaxyOracle: Decodable {
  struct Ranked: Decodable {
    let name: String
    let weight: Double
  }
  struct Average: Decodable { let mu, sigma, distance, deviation, density: Double }
  let nside: Int
  let nested, ring: [Int64]
  let prob, mu, sigma, norm: [Double]
  let volume, luminosity, mass: [Ranked]
  let averages: [Average]

  static let shared = Result {
    try JSONDecoder().decode(Self.self, from: Data(contentsOf: fixture("oracles/galaxies.json")))
  }

  func map(_ ordering: RawSkymap.Ordering, withDistance: Bool = true) throws -> Skymap {
    let layer = DistanceLayer(
      mu: ContiguousArray(mu), sigma: ContiguousArray(sigma), norm: ContiguousArray(norm))
    return try Skymap(
      RawSkymap(
        layout: .partial(
          pixels: ContiguousArray(ordering == .nested ? nested : ring), nside: nside, ordering: ordering),
        values: ContiguousArray(prob), unit: .perPixel, distance: withDistance ? layer : nil))
  }
}

/// The synthetic catalogue, its names, and what was left out.
struct Synthetic {
  var rows: [GalaxyRow] = []
  var faults: [RowFault: Int] = [:]

  init() throws {
    let text = try String(contentsOf: fixture("galaxies/synthetic.csv"), encoding: .utf8)
    let lines = text.split(separator: "\n")
    let parser = try CatalogParser(.csv, header: String(lines[0]))
    for line in lines.dropFirst() { add(parser, line) }
  }

  private mutating func add(_ parser: CatalogParser, _ line: Substring) {
    var line = line
    line.withUTF8 { bytes in
      switch parser.parse(UnsafeRawBufferPointer(bytes)) {
      case .galaxy(let g): rows.append(g)
      case .fault(let fault): faults[fault, default: 0] += 1
      case .blank: break
      }
    }
  }
}

/// Distances and luminosities are kept as Float32: 6e-8 of them, times the slope of the posterior.
private let floatAccuracy = 1e-5

@Suite struct RankingTests {
  private func compare(_ ranking: GalaxyRanking, _ expected: [GalaxyOracle.Ranked], _ rows: [GalaxyRow]) {
    #expect(ranking.entries.count >= expected.count)
    let weights = Dictionary(
      ranking.entries.map { (rows[Int($0.row)].name ?? "", $0.weight) }, uniquingKeysWith: { a, _ in a })
    for (i, e) in expected.enumerated() {
      let got = weights[e.name] ?? 0
      #expect(abs(got / e.weight - 1) < floatAccuracy, "\(e.name): \(got), not \(e.weight)")
      // The same order, but for weights that rounding could exchange.
      let here = ranking.entries[i]
      #expect(abs(here.weight / e.weight - 1) < floatAccuracy, "place \(i + 1)")
    }
  }

  @Test func rankingMatchesIndependentComputation() throws {
    let oracle = try GalaxyOracle.shared.get()
    let synthetic = try Synthetic()
    // The two repeated rows are the index builder's to find: they are cut off here.
    let rows = Array(synthetic.rows.prefix(1500))
    let table = GalaxyTable(rows)
    let map = try oracle.map(.nested)
    for (weighting, expected) in [
      (GalaxyRanking.Weighting.volume, oracle.volume), (.luminosity, oracle.luminosity), (.mass, oracle.mass),
    ] {
      let ranking = GalaxyRanking(table, in: map, weighting: weighting)
      compare(ranking, expected, rows)
      #expect(ranking.usesDistance)
      #expect(abs(ranking.entries.reduce(0) { $0 + $1.weight } - 1) < 1e-9)
      #expect((ranking.withoutQuantity > 50) == (weighting != .volume))
    }
  }

  /// A published planner looked RING numbers up in a NESTED map. The same map in both orders ranks alike.
  @Test func ringAndNestedRankAlike() throws {
    let oracle = try GalaxyOracle.shared.get()
    let rows = Array(try Synthetic().rows.prefix(1500))
    let ring = GalaxyRanking(GalaxyTable(rows), in: try oracle.map(.ring))
    let nested = GalaxyRanking(GalaxyTable(rows), in: try oracle.map(.nested))
    // Unknown luminosities are NaN, so that entries never compare equal.
    #expect(ring.entries.map(\.row) == nested.entries.map(\.row))
    #expect(ring.entries.map(\.weight) == nested.entries.map(\.weight))
    compare(ring, oracle.luminosity, rows)
  }

  /// A published planner looked into the wrong dictionary and so never used the distance.
  @Test func distanceCounts() throws {
    let oracle = try GalaxyOracle.shared.get()
    let map = try oracle.map(.nested)
    func galaxy(_ mpc: Double, error: Double = 0) -> GalaxyRow {
      GalaxyRow(
        position: Direction(ra: .degrees(150), dec: .degrees(20)), distance: .megaparsecs(mpc),
        deviation: .megaparsecs(error), luminosity: 1)
    }
    let ranking = GalaxyRanking(GalaxyTable([galaxy(240), galaxy(80), galaxy(160)]), in: map)
    #expect(ranking.entries.map(\.row) == [1, 2, 0])
    #expect(ranking.entries[0].weight > 0.99)
    // A far galaxy of uncertain distance may well be near.
    let unsure = GalaxyRanking(GalaxyTable([galaxy(240), galaxy(240, error: 80)]), in: map)
    #expect(unsure.entries.map(\.row) == [1, 0])
    // Without distances in the map they are alike, and that is said.
    let flat = GalaxyRanking(
      GalaxyTable([galaxy(240), galaxy(80)]), in: try oracle.map(.nested, withDistance: false))
    #expect(!flat.usesDistance && flat.entries[0].weight == flat.entries[1].weight)
  }

  @Test func averagesMatchQuadrature() throws {
    for a in try GalaxyOracle.shared.get().averages {
      let map = try Skymap(
        RawSkymap(
          layout: .flat(nside: 1, ordering: .nested), values: ContiguousArray(repeating: 1 / 12, count: 12),
          unit: .perPixel,
          distance: DistanceLayer(
            mu: .init(repeating: a.mu, count: 12), sigma: .init(repeating: a.sigma, count: 12),
            norm: .init(repeating: 1, count: 12))))
      let north = Direction<ICRS>(ra: .zero, dec: .degrees(80))
      let got = try #require(
        map.densityPerCubicMegaparsec(
          at: north, .megaparsecs(a.distance), deviation: .megaparsecs(a.deviation)))
      // Per steradian: 1 / 4 pi everywhere.
      #expect(abs(got * 4 * .pi / a.density - 1) < 1e-8, "\(a): \(got * 4 * .pi)")
      let sharp = map.densityPerCubicMegaparsec(
        at: north, .megaparsecs(a.distance), deviation: .megaparsecs(0))
      let plain = try #require(map.densityPerCubicMegaparsec(at: north, .megaparsecs(a.distance)))
      #expect(abs((sharp ?? 0) / plain - 1) < 1e-12)
    }
  }

  @Test func completenessIsASumOverShells() throws {
    var census = CatalogCensus()
    // Exactly the expected light in 40...50 Mpc, half of it in 50...60.
    func volume(_ a: Double, _ b: Double) -> Double { 4 * .pi / 3 * (b * b * b - a * a * a) }
    census.add(distance: 45, luminosity: Float(CatalogCensus.luminosityDensity * volume(40, 50)), mass: .nan)
    census.add(
      distance: 55, luminosity: Float(CatalogCensus.luminosityDensity * volume(50, 60) / 2), mass: .nan)
    census.add(distance: 3000, luminosity: 1, mass: 1)
    #expect(census.measure == .blueLight)
    #expect(abs(census.completeness(ofShell: 4, .blueLight) - 1) < 1e-6)
    #expect(abs(census.completeness(ofShell: 5, .blueLight) - 0.5) < 1e-6)
    #expect(census.counts.reduce(0, +) == 2)
    // All of a narrow posterior in one shell.
    let map = try Skymap(
      RawSkymap(
        layout: .flat(nside: 1, ordering: .nested), values: .init(repeating: 1 / 12, count: 12),
        unit: .perPixel,
        distance: DistanceLayer(
          mu: .init(repeating: 55, count: 12), sigma: .init(repeating: 0.5, count: 12),
          norm: .init(repeating: 1, count: 12))))
    let posterior = try #require(DistancePosterior(of: map))
    #expect(abs(census.completeness(over: posterior, .blueLight).value - 0.5) < 1e-6)
  }
}
