import Foundation
import Healpix
import Skymaps
import TestSupport
import Units

/// A file of recorded values under Fixtures/oracles.
func oracle<T: Decodable>(_ name: String, as type: T.Type = T.self) throws -> T {
  try JSONDecoder().decode(T.self, from: Data(contentsOf: fixture("oracles/\(name).json")))
}

/// SplitMix64 (Steele, Lea & Flood 2014), so that a failure can be replayed from its seed.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
  mutating func unit() -> Double { Double.random(in: 0..<1, using: &self) }
  mutating func direction() -> Direction<ICRS> {
    let z = 2 * unit() - 1
    return Direction(longitude: .radians(2 * .pi * unit()), latitude: .radians(asin(z)))
  }
}

/// One row of a map in the making.
struct Row {
  var cell: Cell
  var density: Double
  var mu = Double.infinity
  var sigma = 1.0
  var norm = 0.0
}

/// A map from rows in any order; densities are used as they are.
func map(_ rows: [Row], frame: SkyFrame = .icrs, distance: Bool = false) -> Skymap {
  let rows = rows.sorted { $0.cell.firstKey < $1.cell.firstKey }
  return Skymap(
    keys: ContiguousArray(rows.map(\.cell.firstKey)),
    orders: ContiguousArray(rows.map { UInt8($0.cell.order) }),
    density: ContiguousArray(rows.map(\.density)),
    distance: distance
      ? DistanceLayer(
        mu: ContiguousArray(rows.map(\.mu)), sigma: ContiguousArray(rows.map(\.sigma)),
        norm: ContiguousArray(rows.map(\.norm))) : nil,
    frame: frame, header: SkymapHeader(),
    report: SkymapReport(kind: .multiOrder, layout: "test", sumBeforeNormalisation: 1, coverage: .one))
}

/// A full tiling of the sphere: base cells of `order`, some of them split `depth` times at random.
func randomTiling(_ generator: inout SeededGenerator, order: Int, depth: Int) -> [Cell] {
  var cells: [Cell] = []
  func add(_ cell: Cell, _ left: Int) {
    if left > 0 && generator.unit() < 0.4 {
      for i in 0..<4 { add(cell.child(UInt64(i)), left - 1) }
    } else {
      cells.append(cell)
    }
  }
  for i in 0..<Cell.count(order: order) { add(Cell(order: order, index: i), depth) }
  return cells
}

/// A normalised map of random densities over a random tiling.
func randomMap(
  _ generator: inout SeededGenerator, order: Int, depth: Int, frame: SkyFrame = .icrs
) -> Skymap {
  var rows = randomTiling(&generator, order: order, depth: depth).map {
    Row(cell: $0, density: -log(1 - generator.unit()))
  }
  let sum = rows.reduce(0) { $0 + $1.density * $1.cell.area.steradians }
  for i in rows.indices { rows[i].density /= sum }
  return map(rows, frame: frame)
}

/// The same tiling with probability spread evenly: any region holds its share of the sphere.
func uniformMap(_ cells: [Cell]) -> Skymap { map(cells.map { Row(cell: $0, density: 1 / (4 * .pi)) }) }

/// A square field with great-circle sides.
func square(_ center: Direction<ICRS>, side: Angle, roll: Angle = .zero, aspect: Double = 1) -> ConvexRegion<
  ICRS
> {
  let c = center.unit
  let pole = abs(c.z) < 0.9 ? SIMD3(0.0, 0, 1) : SIMD3(1.0, 0, 0)
  let first = Direction<ICRS>(normalizing: cross(pole, c)).unit
  let second = cross(c, first)
  let e = first * roll.cosine + second * roll.sine
  let n = second * roll.cosine - first * roll.sine
  let t = tan(side.radians / 2)
  let corners = [(-1.0, -1.0), (1, -1), (1, 1), (-1, 1)].map {
    Direction<ICRS>(normalizing: c + e * ($0.0 * t * aspect) + n * ($0.1 * t))
  }
  return ConvexRegion(corners: corners)!  // a square under 90 degrees is convex
}

func fraction(_ value: Double) -> Fraction { Fraction(clamping: value) }
