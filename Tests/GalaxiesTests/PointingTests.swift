import Foundation
import Observatories
import Skymaps
import Targeting
import TestSupport
import Testing
import Units

@testable import Galaxies

/// Galaxies of given weights at offsets (degrees east, north) from (40, 60).
private func ranking(_ points: [(x: Double, y: Double, weight: Double)]) throws -> GalaxyRanking {
  let basis = TangentBasis(at: Direction(ra: .degrees(40), dec: .degrees(60)))
  let rows = points.map { p in
    GalaxyRow(
      position: basis.direction(east: tan(p.x * .pi / 180), north: tan(p.y * .pi / 180)),
      distance: .megaparsecs(40), luminosity: Float(p.weight))
  }
  let map = try Skymap(
    RawSkymap(
      layout: .flat(nside: 1, ordering: .nested), values: .init(repeating: 1 / 12, count: 12),
      unit: .perPixel,
      distance: DistanceLayer(
        mu: .init(repeating: 40, count: 12), sigma: .init(repeating: 5, count: 12),
        norm: .init(repeating: 1, count: 12))))
  return GalaxyRanking(GalaxyTable(rows), in: map)
}

private let square = FieldOfView.rectangle(width: .degrees(0.4), height: .degrees(0.4), rotation: .zero)

@Suite struct PointingTests {
  @Test func neighboursShareAFieldAndAnotherGetsItsOwn() throws {
    let ranked = try ranking([(0, 0, 3), (0.3, 0, 2), (0.15, 0.3, 1), (5, 5, 4)])
    let pointings = GalaxyTargets.pointings(of: ranked, field: square)
    #expect(pointings.count == 2)
    #expect(pointings.map(\.members.count) == [3, 1])
    #expect(abs(pointings[0].weight - 0.6) < 1e-6)
    // The centre is that of the box around the three.
    let basis = TangentBasis(at: Direction(ra: .degrees(40), dec: .degrees(60)))
    let middle = basis.direction(east: tan(0.15 * .pi / 180), north: tan(0.15 * .pi / 180))
    // The box is taken on the plane of another galaxy: 6 arcsec of 0.3 degrees.
    #expect(pointings[0].center.separation(from: middle).arcseconds < 10)
    #expect(pointings[1].center.separation(from: ranked.entries[0].position).arcseconds < 0.01)
  }

  @Test func optionsAreHonoured() throws {
    let ranked = try ranking([(0, 0, 3), (5, 0, 2), (0, 5, 1)])
    var options = GalaxyTargets.Options()
    options.most = 2
    #expect(GalaxyTargets.pointings(of: ranked, field: square, options: options).count == 2)
    options.most = 9
    options.enough = Fraction(clamping: 0.4)
    #expect(GalaxyTargets.pointings(of: ranked, field: square, options: options).count == 1)
    options.enough = .one
    options.leastWeight = 0.3
    #expect(GalaxyTargets.pointings(of: ranked, field: square, options: options).count == 2)
    let best = ranked.entries[0].position
    let rest = GalaxyTargets.pointings(of: ranked, field: square) { $0 != best }
    #expect(rest.count == 2 && !rest.contains { $0.members.contains(0) })
    #expect(GalaxyTargets.pointings(of: try ranking([]), field: square).isEmpty)
  }

  @Test func rotatedFieldsTurnTheRightWay() throws {
    // Two in a line toward the north-east fit a long field only at position angle 45, and only when its centre is
    // on neither of them.
    let ranked = try ranking([(0.3, 0.3, 1), (-0.3, -0.3, 1)])
    func long(_ rotation: Double) -> FieldOfView {
      .rectangle(width: .degrees(0.1), height: .degrees(1), rotation: .degrees(rotation))
    }
    #expect(GalaxyTargets.pointings(of: ranked, field: long(45)).count == 1)
    #expect(GalaxyTargets.pointings(of: ranked, field: long(-45)).count == 2)
  }

  /// Against trying many centres, on small random sets: never worse, for the box, the circle and a polygon.
  @Test(arguments: 1...12) func theFirstFieldIsTheBest(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    let points = (0..<14).map { _ in
      (
        x: Double.random(in: -0.5...0.5, using: &random), y: Double.random(in: -0.5...0.5, using: &random),
        weight: Double.random(in: 0.1...1, using: &random)
      )
    }
    let ranked = try ranking(points)
    let l = [(-0.2, -0.2), (0.2, -0.2), (0.2, 0.0), (-0.2, 0.2)].map {
      FieldOfView.Offset(east: .degrees($0.0), north: .degrees($0.1))
    }
    for (field, slack) in [
      (square, 1.0), (.circle(radius: .degrees(0.22)), 1.0), (.polygons([l]), 0.75),
    ] {
      let first = try #require(GalaxyTargets.pointings(of: ranked, field: field).first)
      let footprint = Footprint(field, at: first.center)
      for m in first.members { #expect(footprint.contains(ranked.entries[m].position)) }
      let basis = TangentBasis(at: Direction(ra: .degrees(40), dec: .degrees(60)))
      var best = 0.0
      for i in -30...30 {
        for j in -30...30 {
          let center = basis.direction(
            east: tan(Double(i) / 60 * .pi / 180), north: tan(Double(j) / 60 * .pi / 180))
          // The margin the placer leaves.
          let inner = shrunk(field, by: 1 - GalaxyTargets.margin)
          let there = Footprint(inner, at: center)
          let sum = ranked.entries.reduce(0) { $0 + (there.contains($1.position) ? $1.weight : 0) }
          best = max(best, sum)
        }
      }
      #expect(first.weight >= slack * best - 1e-9, "seed \(seed) \(field): \(first.weight) \(best)")
    }
  }

  private func shrunk(_ field: FieldOfView, by f: Double) -> FieldOfView {
    switch field {
    case .rectangle(let w, let h, let r): .rectangle(width: w * f, height: h * f, rotation: r)
    case .circle(let r): .circle(radius: r * f)
    case .polygons(let p):
      .polygons(p.map { $0.map { .init(east: $0.east * f, north: $0.north * f) } })
    }
  }

  @Test func policy() {
    let policy = GalaxyPolicy()
    #expect(policy.applies(to: square, area90: .squareDegrees(199)))
    #expect(!policy.applies(to: square, area90: .squareDegrees(201)))
    let wide = FieldOfView.rectangle(width: .degrees(1.9), height: .degrees(1.9), rotation: .zero)
    #expect(!policy.applies(to: wide, area90: .squareDegrees(10)))
  }

  @Test func straightFromTableAndMap() throws {
    let oracle = try GalaxyOracle.shared.get()
    let table = GalaxyTable(Array(try Synthetic().rows.prefix(1500)))
    let pointings = GalaxyTargets.pointings(for: try oracle.map(.nested), galaxies: table, field: square)
    #expect(pointings.count > 20)
    let members = pointings.flatMap(\.members)
    #expect(Set(members).count == members.count)
    #expect(zip(pointings, pointings.dropFirst()).allSatisfy { $0.weight >= $1.weight - 1e-12 })
  }
}
