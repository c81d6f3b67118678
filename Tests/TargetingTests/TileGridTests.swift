import Foundation
import Observatories
import Targeting
import TestSupport
import Testing
import Units

@Suite struct TileGridTests {
  static func square(_ degrees: Double) -> FieldOfView {
    .rectangle(width: .degrees(degrees), height: .degrees(degrees), rotation: .zero)
  }

  /// Field numbers are promised for ever: sites build reference images on them.
  @Test func numbersFollowThePublishedRule() throws {
    let oracle = try JSONDecoder().decode(
      GridOracle.self, from: Data(contentsOf: fixture("oracles/tile-grid.json")))
    for expected in oracle.cases {
      let grid = TileGrid(
        .rectangle(
          width: .degrees(expected.width_deg), height: .degrees(expected.height_deg), rotation: .zero))
      #expect(grid.count == expected.count)
      for tile in expected.tiles {
        let center = Direction<ICRS>(ra: .degrees(tile.ra_deg), dec: .degrees(tile.dec_deg))
        #expect(grid.center(of: tile.number).separation(from: center).arcseconds < 0.001)
      }
    }
  }

  struct GridOracle: Decodable {
    struct Case: Decodable {
      struct Tile: Decodable { let number: Int, ra_deg: Double, dec_deg: Double }
      let width_deg: Double, height_deg: Double, count: Int, tiles: [Tile]
    }
    let cases: [Case]
  }

  @Test(arguments: [0.1, 0.37, 1.0, 1.9, 4.2, 7.0], [0.0, 0.1])
  func everyTileFindsItself(_ size: Double, _ overlap: Double) {
    let grid = TileGrid(Self.square(size), overlap: overlap)
    var random = SeededGenerator(seed: 7)
    for number in [1, grid.count] + (0..<500).map({ _ in Int.random(in: 1...grid.count, using: &random) }) {
      #expect(grid.number(containing: grid.center(of: number)) == number)
    }
  }

  /// Slivers between rows: width^2 / 8 * tan(dec) of a height, 2 % for 4.2 degrees at dec 60 and more
  /// near the poles; averaged over the sphere under half a per cent.
  static let sliverShare = 0.005

  @Test(arguments: [0.37, 1.0, 1.9, 4.2, 7.0])
  func gridLeavesOnlySlivers(_ size: Double) {
    let field = Self.square(size)
    let grid = TileGrid(field)
    var random = SeededGenerator(seed: 11)
    var missed = 0
    let tries = 20_000
    for _ in 0..<tries {
      let point = Direction<ICRS>.random(using: &random)
      let number = grid.number(containing: point)
      let near = [number] + Self.around(point, grid)
      if !near.contains(where: { Footprint(field, at: grid.center(of: $0)).contains(point) }) { missed += 1 }
    }
    #expect(Double(missed) / Double(tries) < Self.sliverShare, "\(missed) of \(tries) points in no tile")
  }

  @Test func overlapClosesTheSlivers() {
    let field = Self.square(1.9)
    let grid = TileGrid(field, overlap: 0.05)
    var random = SeededGenerator(seed: 13)
    for _ in 0..<20_000 {
      let point = Direction<ICRS>.random(using: &random)
      guard abs(point.dec.degrees) < 80 else { continue }
      let near = [grid.number(containing: point)] + Self.around(point, grid)
      #expect(near.contains { Footprint(field, at: grid.center(of: $0)).contains(point) })
    }
  }

  @Test func polesAreCovered() {
    for size in [0.9, 1.9, 4.2] {
      let grid = TileGrid(Self.square(size))
      for dec in [90.0, -90] {
        let pole = Direction<ICRS>(ra: .zero, dec: .degrees(dec))
        let near = [grid.number(containing: pole)] + Self.around(pole, grid)
        #expect(near.contains { Footprint(Self.square(size), at: grid.center(of: $0)).contains(pole) })
      }
    }
  }

  /// Numbers of tiles that hold points half a field around.
  static func around(_ point: Direction<ICRS>, _ grid: TileGrid) -> [Int] {
    let basis = TangentBasis(at: point)
    let (x, y) = (tan(grid.width.radians * 0.6), tan(grid.height.radians * 0.6))
    return [(0, y), (0, -y), (x, 0), (-x, 0), (x, y), (x, -y), (-x, y), (-x, -y)].map {
      grid.number(containing: basis.direction(east: $0.0, north: $0.1))
    }
  }
}
