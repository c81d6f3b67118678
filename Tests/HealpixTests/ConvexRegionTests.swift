import Foundation
import Healpix
import Testing
import Units

private struct RegionOracle: Decodable {
  struct Case: Decodable {
    let order: Int
    let center: [Double]
    let radiusDegrees: Double
    let corners: [[Double]]
    let polygon: [UInt64]
    let disc: [UInt64]
  }
  let cases: [Case]
}

private func direction(_ ra: Double, _ dec: Double) -> Direction<ICRS> {
  Direction(ra: .degrees(ra), dec: .degrees(dec))
}

@Suite struct ConvexRegionTests {
  @Test func capAreaIsTheClosedForm() {
    for degrees in [1e-7, 0.001, 1, 30, 90, 150, 180] {
      let cap = ConvexRegion(center: direction(10, 20), radius: .degrees(degrees))
      let expected = 4 * Double.pi * pow(sin(degrees * .pi / 360), 2)
      #expect(abs(cap.area.steradians - expected) <= 1e-15 * expected)
    }
  }

  @Test func octantHasAnEighthOfTheSphere() throws {
    let octant = try #require(ConvexRegion(corners: [direction(0, 0), direction(90, 0), direction(0, 90)]))
    #expect(abs(octant.area.steradians - .pi / 2) < 1e-15)
    #expect(octant.contains(direction(45, 45)))
    #expect(!octant.contains(direction(45, -1)))
    #expect(!octant.contains(direction(180, 60)))
  }

  @Test func onlyConvexCounterclockwisePolygonsAreMade() {
    let square = [direction(0, 0), direction(1, 0), direction(1, 1), direction(0, 1)]
    #expect(ConvexRegion(corners: square) != nil)
    #expect(ConvexRegion(corners: Array(square.reversed())) == nil)
    #expect(ConvexRegion(corners: Array(square.prefix(2))) == nil)
    #expect(ConvexRegion(corners: [square[0], square[2], square[1], square[3]]) == nil)
    #expect(ConvexRegion(corners: [square[0], square[0], square[1], square[2]]) == nil)
    let dart = [direction(0, 0), direction(2, 0), direction(0.5, 0.5), direction(0, 2)]
    #expect(ConvexRegion(corners: dart) == nil)
    // Twice around: every corner is on the left of every side it touches, but not of all.
    let star = (0..<5).map { direction(Double($0 * 144), 80) }
    #expect(ConvexRegion(corners: star) == nil)
  }

  @Test func tinyFieldsKeepTheirShape() throws {
    // One arcsecond: sides are 5e-6 rad long.
    let s = 1.0 / 3600
    let field = try #require(
      ConvexRegion(corners: [
        direction(120, 30), direction(120 + s, 30), direction(120 + s, 30 + s), direction(120, 30 + s),
      ]))
    let expected = s * s * cos(30 * Double.pi / 180)
    #expect(abs(field.area.squareDegrees / expected - 1) < 1e-5)
    #expect(field.contains(direction(120 + s / 2, 30 + s / 2)))
    #expect(!field.contains(direction(120 + 1.01 * s, 30 + s / 2)))
  }

  @Test func fieldsOfArcsecondsAreMadeAnywhere() throws {
    var random = SeededGenerator(seed: 22)
    for k in 0..<300 {
      let c = random.direction()
      let e = Direction<ICRS>(normalizing: cross(c, random.direction())).unit
      let n = cross(c, e)
      let s = Angle.arcseconds([10, 1, 0.1][k % 3]).radians / 2
      let corners = [(-s, -s), (s, -s), (s, s), (-s, s)].map {
        Direction<ICRS>(normalizing: c + $0.0 * e + $0.1 * n)
      }
      let field = try #require(ConvexRegion(corners: corners))
      // Corners are known to 1e-16 rad; the sphere is not a plane to order s^2.
      #expect(abs(field.area.steradians / (4 * s * s) - 1) < 1e-15 / s + 2 * s * s)
      #expect(field.contains(Direction(unit: c)))
    }
  }

  /// `.inside` and `.outside` are promises about every point of the cap.
  @Test func overlapNeverLies() {
    var random = SeededGenerator(seed: 21)
    var certain = 0
    for _ in 0..<4000 {
      let center = Direction<ICRS>(unit: random.direction())
      let region = ConvexRegion(center: center, radius: .degrees(180 * random.unit()))
      let cap = Direction<ICRS>(unit: random.direction())
      let radius = Angle.degrees(100 * random.unit() * random.unit())
      let answer = region.overlap(center: cap.unit, sinRadius: radius.sine, cosRadius: radius.cosine)
      if answer != .partial { certain += 1 }
      let inside = (0..<40).map { _ -> Bool in
        // A random point of the cap.
        let axis = cross(cap.unit, random.direction())
        let side = axis / (axis * axis).sum().squareRoot()
        let r = radius.radians * random.unit()
        return region.contains(Direction(normalizing: cos(r) * cap.unit + sin(r) * side))
      }
      if answer == .inside { #expect(inside.allSatisfy { $0 }) }
      if answer == .outside { #expect(!inside.contains(true)) }
    }
    // It must be able to decide, or the promise is empty.
    #expect(certain > 2000)
  }

  @Test func rotationKeepsTheRegion() throws {
    let region = try #require(
      ConvexRegion(corners: [direction(266, -29), direction(268, -29), direction(267, -27)]))
    let turned = region.rotated(by: .standard)
    #expect(abs(turned.area.steradians / region.area.steradians - 1) < 1e-12)
    let inside = direction(267, -28.2)
    #expect(region.contains(inside) && turned.contains(Rotation.standard(inside)))
  }

  @Test func cellsWithCentersInsideMatchHealpy() throws {
    for c in try oracle("healpy-regions", as: RegionOracle.self).cases {
      let corners = c.corners.map { Direction<ICRS>(unit: vector($0)) }
      let polygon = try #require(ConvexRegion(corners: corners))
      let disc = ConvexRegion(
        center: Direction<ICRS>(unit: vector(c.center)), radius: .degrees(c.radiusDegrees))
      for (region, expected) in [(polygon, c.polygon), (disc, c.disc)] {
        let coverage = Coverage(region, order: c.order, rule: .centerInside)
        #expect(indices(coverage, c.order) == expected)
        // The generous rule holds all of them, and little else.
        let generous = Coverage(region, order: c.order)
        #expect(coverage.subtracting(generous).isEmpty)
        let grown = ConvexRegion(
          center: region.boundingCenter,
          radius: region.boundingRadius + 2 * Cell.boundingRadius(order: c.order))
        for cell in generous.cells { #expect(grown.contains(Direction(unit: cell.center))) }
      }
    }
  }

  private func indices(_ coverage: Coverage, _ order: Int) -> [UInt64] {
    let shift = UInt64(2 * (Cell.maxOrder - order))
    return coverage.ranges.flatMap { Array($0.lowerBound >> shift..<$0.upperBound >> shift) }
  }
}
