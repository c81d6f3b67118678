import Foundation
import Healpix
import Observatories
import Testing
import Units

@testable import Checking

private func footprint(
  _ field: FieldOfView, _ center: Direction<ICRS>, positionAngle: Angle? = nil
) throws -> Footprint {
  try #require(Footprint(field, at: center, positionAngle: positionAngle, turn: { $0 }))
}

@Suite struct FootprintTests {
  static let centers = [icrs(0, 0), icrs(236, -29), icrs(359.9, 60), icrs(12, 89.99), icrs(77, -89.999)]

  /// The middle of each side is half the side from the centre; a hair inside is in, outside is out.
  @Test(arguments: centers) func boxSides(_ center: Direction<ICRS>) throws {
    let (width, height) = (Angle.degrees(3), Angle.degrees(1.4))
    let box = try footprint(.rectangle(width: width, height: height, rotation: .zero), center)
    for (angle, half) in [(0.0, height / 2), (90, width / 2), (180, height / 2), (270, width / 2)] {
      let inside = step(center, half - .arcseconds(1), along: .degrees(angle))
      let outside = step(center, half + .arcseconds(1), along: .degrees(angle))
      #expect(box.contains(inside.unit), "\(angle)")
      #expect(!box.contains(outside.unit), "\(angle)")
    }
    #expect(!box.contains(-center.unit))
  }

  /// A slit 4 deg high turned 30 deg from north to east reaches along position angles 30 and 210 alone.
  @Test(arguments: [icrs(236, -29), icrs(10, 75)]) func rotationRunsNorthToEast(
    _ center: Direction<ICRS>
  ) throws {
    let slit = FieldOfView.rectangle(width: .degrees(0.2), height: .degrees(4), rotation: .degrees(30))
    let own = try footprint(slit, center)
    let asked = try footprint(
      .rectangle(width: .degrees(0.2), height: .degrees(4), rotation: .degrees(99)), center,
      positionAngle: .degrees(30))
    let offsets = [(-0.1, 2.0), (0.1, 2.0), (0.1, -2), (-0.1, -2)].map {
      FieldOfView.Offset(east: .degrees($0.0), north: .degrees($0.1))
    }
    let polygon = try footprint(.polygons([offsets]), center, positionAngle: .degrees(30))
    for shape in [own, asked, polygon] {
      #expect(shape.contains(step(center, .degrees(1.9), along: .degrees(30)).unit))
      #expect(shape.contains(step(center, .degrees(1.9), along: .degrees(210)).unit))
      #expect(!shape.contains(step(center, .degrees(1.9), along: .degrees(-30)).unit))
      #expect(!shape.contains(step(center, .degrees(1.9), along: .degrees(60)).unit))
    }
  }

  @Test func polygonsMayRunEitherWayAndBeSeveral() throws {
    func square(_ east: Double, clockwise: Bool) -> [FieldOfView.Offset] {
      let corners = [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)].map {
        FieldOfView.Offset(east: .degrees($0.0 + east), north: .degrees($0.1))
      }
      return clockwise ? corners.reversed() : corners
    }
    let center = icrs(100, 20)
    let pair = try footprint(.polygons([square(-1, clockwise: false), square(1, clockwise: true)]), center)
    #expect(!pair.contains(center.unit))
    #expect(pair.contains(step(center, .degrees(1), along: .degrees(90)).unit))
    #expect(pair.contains(step(center, .degrees(1), along: .degrees(-90)).unit))
    #expect(!pair.contains(step(center, .degrees(1.6), along: .degrees(90)).unit))
  }

  @Test func fieldsWithoutAreaAreRefused() {
    let bad: [FieldOfView] = [
      .circle(radius: .zero), .rectangle(width: .degrees(1), height: .zero, rotation: .zero),
      .rectangle(width: .degrees(175), height: .degrees(1), rotation: .zero), .polygons([]),
      .polygons([[.init(east: .zero, north: .zero), .init(east: .degrees(1), north: .zero)]]),
      .circle(radius: .radians(.nan)),
    ]
    for field in bad {
      #expect(Footprint(field, at: icrs(0, 0), positionAngle: nil, turn: { $0 }) == nil, "\(field)")
    }
  }

  /// The raster trusts that every point of a cell lies within the bounding radius of its centre.
  @Test func boundingRadiusHoldsEveryCorner() {
    var largest = 0.0
    for order in 0...5 {
      for index in 0..<Cell.count(order: order) {
        let cell = Cell(order: order, index: index)
        for corner in 0..<UInt64(4) {
          var deep = cell
          for _ in 0..<16 { deep = deep.child(corner) }
          let reach = Direction<ICRS>(unit: cell.center).separation(from: .init(unit: deep.center))
          largest = max(largest, reach.radians * Double(1 << order))
        }
      }
    }
    print("largest centre-to-corner distance times nside:", largest)
    #expect(largest < FootprintRaster.boundingRadius)
    #expect(largest > 0.9 * FootprintRaster.boundingRadius)
  }
}

@Suite struct CoverageTests {
  /// The aim stated in FootprintRaster, for a whole network.
  static let network = 2e-4
  /// Leaves of a 128th of the field along the edge: 4e-4 of the area where they err at random, more
  /// where a footprint shares the symmetry of the cells, as about the poles.
  static let relativeArea = 3e-3

  private func measure(_ entries: [(FieldOfView, Direction<ICRS>)], on measure: MapMeasure)
    -> (alone: [Double], sky: NewSky)
  {
    let raster = FootprintRaster(measure)
    var pieces: [NewSky.Piece] = []
    var alone: [Double] = []
    for (i, entry) in entries.enumerated() {
      guard let shape = Footprint(entry.0, at: entry.1, positionAngle: nil, turn: { $0 }) else { continue }
      let ranges = raster.ranges(of: shape)
      alone.append(ranges.reduce(0) { $0 + measure.probability(of: $1) })
      pieces += ranges.map { .init(start: $0.lowerBound, end: $0.upperBound, owner: Int32(i)) }
    }
    pieces.sort { $0.start < $1.start }
    return (alone, NewSky(pieces, owners: entries.count, measure: measure))
  }

  @Test(arguments: FootprintTests.centers) func uniformSky(_ center: Direction<ICRS>) {
    let uniform = MapMeasure(uniformMap)
    let fields: [(FieldOfView, Double)] = [
      (
        .rectangle(width: .degrees(1.9), height: .degrees(1.9), rotation: .degrees(17)),
        boxArea(width: .degrees(1.9), height: .degrees(1.9))
      ),
      (
        .rectangle(width: .degrees(20), height: .degrees(8), rotation: .zero),
        boxArea(width: .degrees(20), height: .degrees(8))
      ),
      (.circle(radius: .degrees(0.7)), capArea(.degrees(0.7))),
      (.circle(radius: .degrees(35)), capArea(.degrees(35))),
    ]
    for (field, area) in fields {
      let (alone, sky) = measure([(field, center)], on: uniform)
      #expect(abs(sky.area / area - 1) < Self.relativeArea, "\(field)")
      #expect(abs(alone[0] - sky.area / (4 * .pi)) < 1e-12)
    }
  }

  /// Two caps of radius r at distance d share 2 (lens) - the closed form by inclusion and exclusion.
  @Test func overlappingCaps() {
    let r = Angle.degrees(12).radians
    let d = Angle.degrees(15).radians
    let a = icrs(200, 10)
    let b = step(a, .radians(d), along: .degrees(50))
    // Tovchigrechko & Vakser 2001, eq. 1: the intersection of two equal caps.
    let half = cos(r)
    let lens =
      2 * Double.pi - 2 * acos((cos(d) - half * half) / (sin(r) * sin(r)))
      - 4 * half * acos((half - cos(d) * half) / (sin(d) * sin(r)))
    let (_, sky) = measure(
      [(.circle(radius: .radians(r)), a), (.circle(radius: .radians(r)), b)], on: MapMeasure(uniformMap))
    let union = 2 * capArea(.radians(r)) - lens
    #expect(abs(sky.area / union - 1) < Self.relativeArea)
    #expect(abs(sky.probability[0] * 4 * .pi / capArea(.radians(r)) - 1) < Self.relativeArea)
    #expect(abs(sky.total * 4 * .pi / union - 1) < Self.relativeArea)
  }

  /// The first owner takes the sky, whatever the size; a tile inside another adds nothing.
  @Test func earlierOwnsTheSky() {
    let center = icrs(30, 30)
    let big = FieldOfView.rectangle(width: .degrees(4), height: .degrees(4), rotation: .zero)
    let small = FieldOfView.circle(radius: .degrees(1))
    let m = MapMeasure(discMap(center, radius: .degrees(10)))
    let (alone, first) = measure([(big, center), (small, center)], on: m)
    #expect(abs(first.probability[1]) < 1e-12)
    let (_, second) = measure([(small, center), (big, center)], on: m)
    #expect(abs(second.probability[1] - (alone[0] - alone[1])) < 1e-9)
    #expect(abs(first.total - second.total) < 1e-12)
  }

  /// All probability in one field, and a field whose sides follow the rows of cell centres: the worst.
  @Test func concentratedMaps() {
    let center = icrs(45, 0)
    let area = discMap(center, radius: .degrees(0.9), order: 9)
    let m = MapMeasure(area)
    let inside = area.count
    let total = Double(inside) * Cell.area(order: 9).steradians
    // A circle inside the disc of cells, whatever its ragged edge.
    for radius in [0.2, 0.35, 0.7] {
      let (alone, _) = measure([(.circle(radius: .degrees(radius)), center)], on: m)
      #expect(abs(alone[0] - capArea(.degrees(radius)) / total) < Self.network, "\(radius)")
    }
    for side in [0.3, 0.61, 1.1] {
      let box = FieldOfView.rectangle(width: .degrees(side), height: .degrees(side), rotation: .zero)
      let (alone, _) = measure([(box, center)], on: m)
      let exact = boxArea(width: .degrees(side), height: .degrees(side)) / total
      print("side", side, "error", alone[0] - exact)
      #expect(abs(alone[0] - exact) < Self.network, "\(side)")
    }
  }

  @Test func unionNeverExceedsTheSum() {
    let seed: UInt64 = 20_231_126
    print("seed", seed)
    var random = SeededGenerator(state: seed)
    let m = MapMeasure(uniformMap)
    for _ in 0..<5 {
      let entries = (0..<6).map { _ in
        (
          FieldOfView.rectangle(
            width: .degrees(.random(in: 3...20, using: &random)),
            height: .degrees(.random(in: 3...20, using: &random)),
            rotation: .degrees(.random(in: 0...360, using: &random))), random.direction()
        )
      }
      let (alone, sky) = measure(entries, on: m)
      #expect(sky.total <= alone.reduce(0, +) + 1e-12)
      #expect(sky.total >= (alone.max() ?? 0) - 1e-12)
      for (new, own) in zip(sky.probability, alone) { #expect(new <= own + 1e-12) }
    }
  }

  /// A map in galactic cells covers the same sky.
  @Test func galacticMap() throws {
    let center = icrs(266.4, -28.9)
    let field = FieldOfView.circle(radius: .degrees(5))
    let inGalactic = Direction<Galactic>(unit: Rotation<ICRS, Galactic>.standard(center.unit))
    let cells = (0..<Cell.count(order: 6)).map { Cell(order: 6, index: $0) }
      .filter { ($0.center * inGalactic.unit).sum() >= cos(Angle.degrees(8).radians) }
    let map = makeMap(cells.map { ($0, 1) }, frame: .galactic)
    let total = Double(cells.count) * Cell.area(order: 6).steradians
    let entry = CheckedPlan.Entry(
      name: "X", telescope: telescope(field),
      assignments: [
        .init(row: 1, center: center, start: utc("2023-05-19T04:00:00Z"), exposure: .seconds(60))
      ])
    let plan = CheckedPlan(source: .networkCSV, telescopes: [entry])
    let report = try PlanChecker().check(plan, on: map)
    let p = try #require(report.network.probability)
    #expect(abs(p - capArea(.degrees(5)) / total) < Self.network)
  }

  private func telescope(_ field: FieldOfView) -> Telescope {
    var t = makeTelescope("X", latitude: -29, longitude: -70, side: 1)
    t.field = field
    return t
  }

  @Test func measureIsPiecewiseLinearAndZeroInHoles() {
    // Two cells with a hole between them.
    let map = makeMap([(Cell(order: 3, index: 5), 1), (Cell(order: 3, index: 9), 3)])
    let m = MapMeasure(map)
    let cell = Cell(order: 3, index: 5)
    #expect(abs(m.probability(of: cell.keys) - 0.25) < 1e-12)
    #expect(abs(m.probability(of: cell.child(2).keys) - 0.0625) < 1e-12)
    #expect(m.probability(of: Cell(order: 3, index: 7).keys) == 0)
    #expect(m.probability(of: Cell(order: 3, index: 2).keys) == 0)
    #expect(abs(m.probability(of: 0..<Cell.keyEnd) - 1) < 1e-12)
    #expect(MapMeasure(nil).probability(of: 0..<Cell.keyEnd) == 0)
  }
}
