import Testing
import Units

@testable import Healpix

private struct CellOracle: Decodable {
  struct Row: Decodable {
    let order: Int
    let index: UInt64
    let center: [Double]
    /// North, west, south, east.
    let corners: [[Double]]
    let neighbors: [String: Int]?
  }
  struct Point: Decodable {
    let vector: [Double]
    let order: Int
    let index: UInt64
  }
  struct Radius: Decodable {
    let order: Int
    let maxPixrad: Double
  }
  let cells: [Row]
  let points: [Point]
  let maxPixelRadius: [Radius]
}

/// healpy goes through angles: a few units in the last place of a coordinate.
private let oracleRounding = 4e-15
/// Near a pole healpy's corners lose digits: sqrt(2 epsilon) in the worst case, at order 29.
private let polarRounding = 3e-8

@Suite struct CellTests {
  @Test func uniqRoundTripsAndRejects() {
    var random = SeededGenerator(seed: 1)
    for _ in 0..<2000 {
      let cell = random.cell()
      #expect(Cell(uniq: cell.uniq) == cell)
      #expect(cell.isValid)
    }
    #expect(Cell(uniq: 4) == Cell(order: 0, index: 0))
    #expect(Cell(uniq: 15) == Cell(order: 0, index: 11))
    #expect(Cell(uniq: 16) == Cell(order: 1, index: 0))
    #expect(Cell(uniq: (16 << 58) - 1) == Cell(order: 29, index: (12 << 58) - 1))
    for bad: UInt64 in [0, 1, 3, 16 << 58, .max] { #expect(Cell(uniq: bad) == nil) }
    #expect(!Cell(order: 3, index: 12 * 64).isValid)
    #expect(!Cell(order: 30, index: 0).isValid)
  }

  @Test func roughKeysAreNear() {
    // 2e-8 rad of longitude, and half a cell of order 29.
    let promised = 2.5e-8
    var generator = SeededGenerator(seed: 11)
    let axes = [SIMD3<Double>(1, 0, 0), SIMD3(0, -1, 0), SIMD3(0, 0, 1), SIMD3(-1, 0, 0), SIMD3(1, 1, 0)]
    for v in axes + (0..<20_000).map({ _ in generator.direction() }) {
      let unit = v / (v * v).sum().squareRoot()
      let center = Cell(order: 29, key: Cell.roughKey(of: 3 * v)).center
      let miss = center - unit
      #expect((miss * miss).sum().squareRoot() < promised, "\(unit)")
    }
  }

  @Test func keysNestAndFamiliesAgree() {
    var random = SeededGenerator(seed: 2)
    for _ in 0..<1000 {
      let cell = random.cell(orders: 0...28)
      let children = (0..<4).map { cell.child($0) }
      #expect(children.map(\.parent) == Array(repeating: cell, count: 4))
      #expect(children[0].keys.lowerBound == cell.keys.lowerBound)
      #expect(children[3].keys.upperBound == cell.keys.upperBound)
      for k in 0..<3 { #expect(children[k].keys.upperBound == children[k + 1].keys.lowerBound) }
      #expect(Cell(order: cell.order, key: children[2].firstKey) == cell)
    }
    #expect(Cell(order: 0, index: 11).keys.upperBound == Cell.keyEnd)
  }

  @Test func areasAddUpToTheSphere() {
    for order in 0...29 {
      let total = Cell.area(order: order).steradians * Double(Cell.count(order: order))
      #expect(abs(total - 4 * .pi) < 1e-14)
    }
  }

  @Test func centersAndCornersMatchHealpy() throws {
    for row in try oracle("healpy-cells", as: CellOracle.self).cells {
      let cell = Cell(order: row.order, index: row.index)
      let (south, east, north, west) = cell.corners
      let got = [cell.center, north, west, south, east]
      for (p, expected) in zip(got, [row.center] + row.corners) {
        let e = vector(expected)
        let tolerance = abs(e.z) > 0.999_999 ? polarRounding : oracleRounding
        #expect(separation(p, e) < tolerance, "order \(row.order) index \(row.index)")
      }
    }
  }

  @Test func neighborsMatchHealpy() throws {
    for row in try oracle("healpy-cells", as: CellOracle.self).cells {
      guard let expected = row.neighbors else { continue }
      let cell = Cell(order: row.order, index: row.index)
      for side in Cell.Side.allCases {
        #expect(
          Int(cell.neighbor(across: side).index) == expected["\(side)"],
          "order \(row.order) index \(row.index) \(side)")
      }
    }
  }

  @Test func neighborhoodIsMutualAtAllOrders() {
    var random = SeededGenerator(seed: 3)
    for _ in 0..<4000 {
      var cell = random.cell()
      if random.unit() < 0.7 {
        // Onto the border of its face, where the neighbour is on another.
        let (face, x, y) = cell.facePosition
        let last = (UInt64(1) << UInt64(cell.order)) - 1
        cell = Cell(
          order: cell.order, face: face, x: random.unit() < 0.5 ? 0 : last,
          y: random.unit() < 0.5 ? y : min(x, last))
      }
      for side in Cell.Side.allCases {
        let other = cell.neighbor(across: side)
        #expect(other != cell)
        #expect(Cell.Side.allCases.contains { other.neighbor(across: $0) == cell }, "\(cell) \(side)")
      }
    }
  }

  @Test func directionsFallIntoTheCellsOfHealpy() throws {
    for p in try oracle("healpy-cells", as: CellOracle.self).points {
      #expect(Cell(order: p.order, containing: vector(p.vector)).index == p.index)
      #expect(Cell(order: p.order, containing: 7.5 * vector(p.vector)).index == p.index)
    }
  }

  @Test func everyPointOfACellLiesInIt() {
    var random = SeededGenerator(seed: 4)
    for _ in 0..<20_000 {
      let cell = random.cell()
      // Rounding of a unit vector moves a point by 1e-16; an order-29 cell is 1.8e-9 wide.
      let (u, v) = (0.001 + 0.998 * random.unit(), 0.001 + 0.998 * random.unit())
      #expect(Cell(order: cell.order, containing: cell.point(u, v)) == cell)
    }
  }

  @Test func polesAreExact() {
    for order in [0, 1, 5, 29] {
      let north = Cell(order: order, containing: SIMD3(0, 0, 1))
      let south = Cell(order: order, containing: SIMD3(0, 0, -1))
      #expect(north.facePosition.face < 4 && south.facePosition.face >= 8)
      #expect(north.corners.2 == SIMD3(0, 0, 1))
      #expect(south.corners.0 == SIMD3(0, 0, -1))
    }
    // A billionth of a radian off the pole, 1 - z is 0 in double precision; the cell is still known.
    let near = SIMD3(1e-9 * 0.6, 1e-9 * 0.8, 1.0)
    let cell = Cell(order: 29, containing: near)
    #expect(separation(cell.center, near) < Cell.boundingRadius(order: 29).radians)
  }

  @Test func facesInvert() {
    var random = SeededGenerator(seed: 5)
    for _ in 0..<5000 {
      let face = Int.random(in: 0..<12, using: &random)
      let (x, y) = (random.unit(), random.unit())
      let p = FaceGeometry(face).point(x, y)
      #expect(abs((p * p).sum() - 1) < 1e-15)
      let back = FaceGeometry(face).position(of: p)
      #expect(abs(back.x - x) < 1e-15 && abs(back.y - y) < 1e-15, "face \(face) (\(x), \(y))")
    }
  }

  @Test func mapPreservesArea() {
    // The Jacobian of every face is the cell area, pi / 3, by central differences.
    var random = SeededGenerator(seed: 6)
    let h = 1e-5
    for _ in 0..<2000 {
      let face = FaceGeometry(Int.random(in: 0..<12, using: &random))
      let (x, y) = (0.01 + 0.98 * random.unit(), 0.01 + 0.98 * random.unit())
      guard abs(x + y - 1) > 3 * h else { continue }
      let du = (face.point(x + h, y) - face.point(x - h, y)) / (2 * h)
      let dv = (face.point(x, y + h) - face.point(x, y - h)) / (2 * h)
      let jacobian = (cross(du, dv) * face.point(x, y)).sum()
      #expect(abs(jacobian - .pi / 3) < 1e-4 * .pi / 3 / max(1e-2, min(1, 2 - x - y)))
    }
  }

  @Test func boundingRadiusHoldsAndIsTight() throws {
    for row in try oracle("healpy-cells", as: CellOracle.self).maxPixelRadius where row.order <= 20 {
      let ratio = Cell.boundingRadius(order: row.order).radians / row.maxPixrad
      #expect(ratio >= 1 && ratio < 1 + 3e-6, "order \(row.order)")
    }
    var random = SeededGenerator(seed: 7)
    for order in [0, 1, 2, 3, 4, 9, 20, 29] {
      let limit = Cell.boundingRadius(order: order).radians
      for i in 0..<min(3072, Cell.count(order: order)) {
        let cell = order <= 4 ? Cell(order: order, index: i) : random.cell(orders: order...order)
        for k in 0...8 {
          let t = Double(k) / 8
          for p in [cell.point(t, 0), cell.point(1, t), cell.point(t, 1), cell.point(0, t)] {
            #expect(separation(p, cell.center) <= limit)
          }
        }
      }
    }
  }

  @Test func bendingIsBounded() {
    // The second derivative of the unit vector that the footprint integrals rely on: 2.15 in the belt,
    // 2.75 / ring in the caps, per face width.
    var random = SeededGenerator(seed: 8)
    for _ in 0..<5000 {
      let face = Int.random(in: 0..<12, using: &random)
      let geometry = FaceGeometry(face)
      let (x, y) = (random.unit(), random.unit())
      let ring = Double(2 + face >> 2) - x - y
      let fromPole = min(ring, 4 - ring)
      let h = 1e-3 * min(1, fromPole)
      let angle = 2 * Double.pi * random.unit()
      let (dx, dy) = (h * cosine(angle), h * sine(angle))
      guard (h...1 - h).contains(x), (h...1 - h).contains(y), abs(fromPole - 1) > 2 * h else { continue }
      let second = geometry.point(x + dx, y + dy) - 2 * geometry.point(x, y) + geometry.point(x - dx, y - dy)
      let size = (second * second).sum().squareRoot() / (h * h)
      #expect(size < (fromPole < 1 ? 2.75 / fromPole : 2.15) * 1.001, "face \(face) (\(x), \(y))")
    }
  }
}

private func sine(_ a: Double) -> Double { Angle(radians: a).sine }
private func cosine(_ a: Double) -> Double { Angle(radians: a).cosine }
