import Foundation
import Healpix
import Testing
import Units

@testable import Skymaps

struct MapOracle: Decodable {
  struct Point: Decodable {
    let ra, dec, density, searchedProbability, searchedAreaSquareDegrees: Double
    let distance, densityPerCubicMpc, searchedProbabilityVolume, searchedVolume: Double?
  }
  struct Radial: Decodable {
    let r, pdf, cdf: Double
  }
  /// A number, or a word JSON has no number for.
  struct Value: Decodable {
    let double: Double
    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      double = (try? container.decode(Double.self)) ?? .infinity  // "inf" is the only word written
    }
  }
  struct Case: Decodable {
    let name: String
    let uniq: [UInt64]
    let density: [Double]
    let mu: [Value]?
    let sigma: [Double]?
    let norm: [Double]?
    let points: [Point]
    let areas: [[Double]]
    let areaProbabilities: [[Double]]
    let volumes: [[Double]]?
    let located, distanceMean, distanceDeviation: Double?
    let marginal: [Radial]?

    var map: Skymap {
      SkymapsTests.map(
        uniq.indices.map { i in
          Row(
            cell: Cell(uniq: uniq[i])!, density: density[i], mu: mu?[i].double ?? .infinity,
            sigma: sigma?[i] ?? 1,
            norm: norm?[i] ?? 0)
        }, distance: mu != nil)
    }
  }
  let cases: [Case]
}

/// Sums of a few hundred doubles in another order.
private let summation = 1e-12

@Suite struct CredibleRegionsTests {
  @Test func areasAndSearchesMatchLigo() throws {
    for c in try oracle("ligo-maps", as: MapOracle.self).cases {
      let regions = CredibleRegions(of: c.map)
      for pair in c.areas {
        #expect(abs(regions.area(at: fraction(pair[0])).squareDegrees / pair[1] - 1) < summation, "\(c.name)")
      }
      for pair in c.areaProbabilities {
        #expect(abs(regions.probability(within: .squareDegrees(pair[0])).value - pair[1]) < summation)
      }
      for p in c.points {
        let d = Direction<ICRS>(ra: .degrees(p.ra), dec: .degrees(p.dec))
        let searched = try #require(regions.searched(at: d))
        #expect(abs(c.map.density(at: d) / p.density - 1) < summation)
        #expect(abs(searched.probability.value - p.searchedProbability) < summation)
        #expect(abs(searched.area.squareDegrees / p.searchedAreaSquareDegrees - 1) < summation)
      }
    }
  }

  @Test func fisherDistributionHasItsClosedForm() {
    // p = k exp(k (cos t - 1)) / (2 pi (1 - exp(-2k))): area(c) = -2 pi ln(1 - c (1 - exp(-2k))) / k.
    let k = 40.0
    let axis = Direction<ICRS>(ra: .degrees(200), dec: .degrees(35))
    let rows = (0..<Cell.count(order: 7)).map { i -> Row in
      let cell = Cell(order: 7, index: i)
      return Row(
        cell: cell,
        density: k * exp(k * ((cell.center * axis.unit).sum() - 1)) / (2 * .pi * (1 - exp(-2 * k))))
    }
    let regions = CredibleRegions(of: map(rows))
    for c in [0.1, 0.5, 0.9, 0.99] {
      let expected = -2 * Double.pi * log(1 - c * (1 - exp(-2 * k))) / k
      // Pixels of 0.46 degrees against a width of 9 degrees.
      #expect(abs(regions.area(at: fraction(c)).steradians / expected - 1) < 5e-4, "level \(c)")
    }
    #expect(regions.peak.separation(from: axis) < Cell.boundingRadius(order: 7))
  }

  @Test func uniformMapIsProportional() {
    var generator = SeededGenerator(seed: 3)
    let regions = CredibleRegions(of: uniformMap(randomTiling(&generator, order: 1, depth: 3)))
    for c in [0.0, 0.1, 0.5, 0.9, 1] {
      #expect(abs(regions.area(at: fraction(c)).steradians - c * 4 * .pi) < 1e-12)
    }
    // Of equal cells the first keys come first.
    #expect(regions.ranking == ContiguousArray((0..<Int32(regions.map.count))))
  }

  @Test func rankingIsStableAndDescending() {
    var generator = SeededGenerator(seed: 4)
    for count in [0, 1, 2, 100, 5000] {
      let values = ContiguousArray(
        (0..<count).map { _ -> Double in
          switch Int.random(in: 0..<5, using: &generator) {
          case 0: 0
          case 1: -0.0
          case 2: Double(Int.random(in: 0..<4, using: &generator))
          case 3: pow(10, 600 * generator.unit() - 300)
          default: generator.unit()
          }
        })
      let expected = values.indices.sorted { values[$0] != values[$1] ? values[$0] > values[$1] : $0 < $1 }
      #expect(CredibleRegions.descending(values).map { Int($0) } == expected)
    }
  }

  @Test func regionsHoldTheirLevelAndNoMore() {
    for seed in UInt64(1)...10 {
      var generator = SeededGenerator(seed: seed)
      let map = randomMap(&generator, order: 2, depth: 3)
      let regions = CredibleRegions(of: map)
      for c in [0.01, 0.3, 0.5, 0.9, 0.999, 1] {
        let cells = regions.cells(at: fraction(c))
        let held = cells.reduce(0) { $0 + map.probability(ofCell: $1) }
        #expect(held > c - summation, "seed \(seed)")
        if c < 1 { #expect(held - map.probability(ofCell: cells[cells.count - 1]) < c, "seed \(seed)") }
        let coverage = regions.coverage(at: fraction(c))
        #expect(abs(map.probability(in: coverage) - held) < summation)
        #expect(coverage.area.steradians >= regions.area(at: fraction(c)).steradians - summation)
        for _ in 0..<50 {
          let d = generator.direction()
          let isIn = coverage.contains(key: Cell.key(of: d.unit))
          if let level = regions.level(at: d) { #expect(isIn == (level.value < c), "seed \(seed)") }
        }
      }
    }
  }

  @Test func emptySkyNeverBelongs() throws {
    var rows = (0..<UInt64(12)).map { Row(cell: Cell(order: 0, index: $0), density: 0) }
    rows[4].density = 3 / Double.pi
    let regions = CredibleRegions(of: map(rows))
    #expect(regions.coverage(at: .one) == Coverage(cells: [Cell(order: 0, index: 4)]))
    #expect(abs(regions.area(at: .one).steradians - .pi / 3) < 1e-15)
    let empty = Direction<ICRS>(unit: Cell(order: 0, index: 7).center)
    #expect(regions.level(at: empty) == nil)
    #expect(abs(try #require(regions.searched(at: empty)).probability.value - 1) < 1e-15)
    #expect(regions.coverage(at: .zero).isEmpty && regions.area(at: .zero).steradians == 0)
  }

  @Test func skyWithoutCellsIsNowhere() {
    let cell = Cell(order: 3, index: 77)
    let map = map([Row(cell: cell, density: 1 / cell.area.steradians)])
    let regions = CredibleRegions(of: map)
    let elsewhere = Direction<ICRS>(unit: -cell.center)
    #expect(
      map.density(at: elsewhere) == 0 && regions.searched(at: elsewhere) == nil
        && regions.level(at: elsewhere) == nil)
    #expect(regions.level(at: regions.peak) == .zero)
    #expect(map.probability(in: Coverage.all) == 1 && map.probability(in: .empty) == 0)
    #expect(abs(map.probability(in: Coverage(cells: [cell.child(2)])) - 0.25) < 1e-15)
  }

  @Test func framesTurnQueriesNotPixels() {
    var generator = SeededGenerator(seed: 8)
    let own = randomMap(&generator, order: 2, depth: 2)
    for (frame, toMap) in [
      (SkyFrame.galactic, Rotation<ICRS, Galactic>.standard.rows),
      (.ecliptic, Rotation<ICRS, Ecliptic>.j2000.rows),
    ] {
      let turned = Skymap(
        keys: own.keys, orders: own.orders, density: own.density, distance: nil, frame: frame,
        header: own.header, report: own.report)
      let rotation = Rotation<ICRS, ICRS>(rows: toMap.0, toMap.1, toMap.2)
      for _ in 0..<300 {
        let d = generator.direction()
        #expect(turned.density(at: d) == own.density(at: rotation(d)))
      }
      let peak = CredibleRegions(of: turned).peak
      #expect(rotation(peak).separation(from: CredibleRegions(of: own).peak).radians < 1e-14)
      let outline = CredibleRegions(of: turned).outline(at: fraction(0.5))
      for ring in outline { #expect(ring.count >= 3) }
      #expect(!outline.isEmpty)
    }
  }

  @Test func regionsOfOtherFramesAreTurnedForTheirMOC() {
    var generator = SeededGenerator(seed: 18)
    let own = randomMap(&generator, order: 2, depth: 3)
    let turned = Skymap(
      keys: own.keys, orders: own.orders, density: own.density, distance: nil, frame: .galactic,
      header: own.header, report: own.report)
    let (inGalactic, inICRS) = (
      CredibleRegions(of: turned).coverage(at: fraction(0.5)),
      CredibleRegions(of: turned).coverageInICRS(at: fraction(0.5))
    )
    #expect(CredibleRegions(of: own).coverageInICRS(at: fraction(0.5)) == inGalactic)
    #expect(abs(inICRS.area.steradians / inGalactic.area.steradians - 1) < 0.02)
    // Where a place and all about it, as far as a cell reaches, lie on one side of the border.
    let reach = Cell.boundingRadius(order: 5).radians
    var (inside, outside) = (0, 0)
    for _ in 0..<3000 {
      let d = generator.direction()
      let helper = cross(d.unit, SIMD3(0.3, 0.5, 0.81))
      let east = helper / (helper * helper).sum().squareRoot()
      let north = cross(d.unit, east)
      let about = (0..<12).map { i -> Bool in
        let angle = Double(i) * .pi / 6
        let point = Direction<ICRS>(normalizing: d.unit + (east * cos(angle) + north * sin(angle)) * reach)
        return inGalactic.contains(key: Cell.key(of: turned.toMap(point.unit)))
      }
      let isIn = inGalactic.contains(key: Cell.key(of: turned.toMap(d.unit)))
      guard about.allSatisfy({ $0 == isIn }) else { continue }
      if isIn { inside += 1 } else { outside += 1 }
      #expect(inICRS.contains(key: Cell.key(of: d.unit)) == isIn)
    }
    #expect(inside > 50 && outside > 50)
  }

  @Test func outlinesStaySmall() throws {
    var generator = SeededGenerator(seed: 10)
    let map = randomMap(&generator, order: 4, depth: 2)
    let regions = CredibleRegions(of: map)
    let rough = regions.outline(at: fraction(0.5), maximumPoints: 900)
    #expect(rough.reduce(0) { $0 + $1.count } <= 900)
    // A smooth blob keeps its ring, and every point stays near the true border.
    let axis = Direction<ICRS>(ra: .degrees(30), dec: .degrees(-20))
    let blob = SkymapsTests.map(
      (0..<Cell.count(order: 6)).map { i in
        let cell = Cell(order: 6, index: i)
        return Row(cell: cell, density: exp(60 * ((cell.center * axis.unit).sum() - 1)) * 60 / (2 * .pi))
      })
    let ring = try #require(CredibleRegions(of: blob).outline(at: fraction(0.9)).first)
    #expect(CredibleRegions(of: blob).outline(at: fraction(0.9)).count == 1)
    let radius = acos(1 + log(0.1) / 60)
    for point in ring {
      #expect(
        abs(point.separation(from: axis).radians - radius) < 2.5 * Cell.boundingRadius(order: 6).radians)
    }
  }
}
