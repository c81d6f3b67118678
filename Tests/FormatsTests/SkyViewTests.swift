import Foundation
import TestSupport
import Testing
import Units

@testable import Formats

private enum Tolerance {
  /// Degrees on the plane. wcslib stops at 1e-13 in the sine of its angle, which is 7e-7 degrees at
  /// declination 89.999; elsewhere the two agree to 1e-11.
  static let plane = 1e-6
  /// Relative: bent edges are kept within a third of a pixel of an area of many.
  static let area = 0.01
}

@Suite struct SkyViewTests {
  private struct Recorded: Decodable {
    struct Case: Decodable {
      let kind: String
      let center: [Double]
      let ra_deg: Double
      let dec_deg: Double
      let x_deg: Double
      let y_deg: Double
    }
    let cases: [Case]
  }

  private static func views(_ c: Recorded.Case) -> SkyView {
    // Scales at which a pixel is one degree of the plane.
    if c.kind == "mollweide" {
      return SkyView(
        allSkyCenteredOn: .degrees(c.center[0]), origin: .zero, width: 4 * 2.0.squareRoot() * 180 / .pi)
    }
    return SkyView(
      around: Direction(ra: .degrees(c.center[0]), dec: .degrees(c.center[1])), radius: .degrees(60),
      origin: .zero,
      pixels: 2 * sin(Double.pi / 6) * 180 / .pi)
  }

  @Test func matchesWCS() throws {
    let data = try Data(contentsOf: fixture("oracles/formats-projections.json"))
    let cases = try JSONDecoder().decode(Recorded.self, from: data).cases
    #expect(cases.count == 260)
    for c in cases {
      let p = Self.views(c).pixel(Direction(ra: .degrees(c.ra_deg), dec: .degrees(c.dec_deg)))
      #expect(abs(p.x - c.x_deg) < Tolerance.plane && abs(-p.y - c.y_deg) < Tolerance.plane, "\(c)")
    }
  }

  @Test func pixelsLeadBack() {
    var random = SeededRandom(seed: 21)
    for i in 0..<2000 {
      let d = randomDirection(&random)
      let view =
        i % 2 == 0
        ? SkyView(allSkyCenteredOn: .degrees(Double(i)), origin: SIMD2(700, 400), width: 1300)
        : SkyView(around: randomDirection(&random), radius: .degrees(20), origin: SIMD2(9, 9), pixels: 200)
      if i % 2 == 1, view.local(d).x < -0.99 { continue }  // the antipode is a whole circle there
      #expect(view.direction(at: view.pixel(d)).separation(from: d).arcseconds < 0.01, "seed 21, \(i)")
    }
  }

  @Test func polesAndCentre() {
    let view = SkyView(allSkyCenteredOn: .hours(18), origin: SIMD2(500, 300), width: 800)
    let north = view.pixel(Direction(ra: .degrees(12), dec: .degrees(90)))
    #expect(abs(north.x - 500) < 1e-5 && abs(north.y - (300 - 200)) < 1e-5)
    let center = view.pixel(Direction(ra: .hours(18), dec: .zero))
    #expect(abs(center.x - 500) < 1e-6 && abs(center.y - 300) < 1e-6)
    let east = view.pixel(Direction(ra: .hours(19), dec: .zero))
    #expect(east.x < center.x, "east is left")
    #expect(abs(view.ellipse.x - 400) < 1e-9 && abs(view.ellipse.y - 200) < 1e-9)
  }

  /// Both projections keep areas: what is drawn of a polygon, in one part or two, over the edge or a pole,
  /// has its solid angle.
  @Test func areasAreKept() {
    var random = SeededRandom(seed: 22)
    let edge = SkyView(allSkyCenteredOn: .zero, origin: .zero, width: 4000)
    var parted = 0
    for i in 0..<600 {
      let center: Direction<ICRS> =
        switch i % 4 {
        case 0:
          Direction(
            ra: .degrees(Double.random(in: 176...184, using: &random)), dec: randomDirection(&random).dec)
        case 1: Direction(ra: randomDirection(&random).ra, dec: .degrees(i % 8 == 1 ? 89 : -89))
        default: randomDirection(&random)
        }
      let corners = SkyView.circle(
        around: center, radius: .degrees(Double.random(in: 2...20, using: &random)),
        corners: Int.random(in: 3...8, using: &random))
      let areas = edge.areas(ofConvex: corners)
      #expect((1...2).contains(areas.count))
      parted += areas.count == 2 ? 1 : 0
      let drawn = areas.reduce(0) { $0 + ContourGrid.area($1) }
      let expected = solidAngle(corners) * edge.scale * edge.scale
      #expect(abs(drawn / expected - 1) < Tolerance.area, "seed 22, \(i): \(drawn) of \(expected)")
      for p in areas.flatMap({ $0 }) {
        let e = p / edge.ellipse
        #expect((e * e).sum() < 1 + 1e-9, "inside the map")
      }
    }
    #expect(parted > 150)
    for _ in 0..<100 {
      let center = randomDirection(&random)
      let view = SkyView(around: center, radius: .degrees(20), origin: .zero, pixels: 2000)
      let corners = SkyView.circle(around: center, radius: .degrees(15), corners: 5)
      let drawn = view.areas(ofConvex: corners).reduce(0) { $0 + ContourGrid.area($1) }
      #expect(abs(drawn / (solidAngle(corners) * view.scale * view.scale) - 1) < Tolerance.area)
    }
  }

  /// A line parted at the edge never runs across the map: no step is longer than its arc could be.
  @Test func linesDoNotStreak() {
    var random = SeededRandom(seed: 23)
    for i in 0..<300 {
      let view = SkyView(
        allSkyCenteredOn: .degrees(Double.random(in: 0...360, using: &random)), origin: .zero, width: 1000)
      let circle = SkyView.circle(
        around: randomDirection(&random), radius: .degrees(Double.random(in: 1...90, using: &random)))
      var length = 0.0
      for piece in view.polylines(circle, closed: true) {
        for (a, b) in zip(piece, piece.dropFirst()) {
          let step = ((b - a) * (b - a)).sum().squareRoot()
          #expect(step < 60, "seed 23, \(i)")
          length += step
        }
      }
      #expect(length > 5)
    }
  }

  @Test func closedLinesStayClosed() {
    let view = SkyView(allSkyCenteredOn: .zero, origin: .zero, width: 1000)
    let inside = view.polylines(
      SkyView.circle(around: Direction(ra: .zero, dec: .zero), radius: .degrees(10)), closed: true)
    #expect(inside.count == 1)
    let (first, last) = (inside[0][0], inside[0][inside[0].count - 1])
    #expect(abs(first.x - last.x) < 1e-9 && abs(first.y - last.y) < 1e-9)
    let crossing = view.polylines(
      SkyView.circle(around: Direction(ra: .degrees(180), dec: .zero), radius: .degrees(10)), closed: true)
    #expect(crossing.count == 2)
    for piece in crossing {
      for end in [piece[0], piece[piece.count - 1]] {
        let e = end / view.ellipse
        #expect(abs((e * e).sum() - 1) < 1e-9, "ends on the edge")
      }
    }
  }

  private func randomDirection(_ random: inout SeededRandom) -> Direction<ICRS> {
    let z = Double.random(in: -1...1, using: &random)
    return Direction(ra: .degrees(Double.random(in: 0..<360, using: &random)), dec: Angle(radians: asin(z)))
  }

  /// Girard's theorem by angles at the corners.
  private func solidAngle(_ corners: [Direction<ICRS>]) -> Double {
    let n = corners.count
    var sum = 0.0
    for i in 0..<n {
      let (p, a, b) = (corners[i].unit, corners[(i + n - 1) % n].unit, corners[(i + 1) % n].unit)
      let (u, v) = (cross(p, a), cross(p, b))
      let (lu, lv) = ((u * u).sum().squareRoot(), (v * v).sum().squareRoot())
      sum += acos(max(-1, min(1, (u * v).sum() / lu / lv)))
    }
    return sum - Double(n - 2) * .pi
  }
}

@Suite struct ContourGridTests {
  @Test func circleHasItsArea() {
    let grid = ContourGrid(from: SIMD2(-50, -50), to: SIMD2(50, 50), step: 1) { p in
      (p * p).sum().squareRoot() / 50
    }
    for radius in [10.0, 25, 40] {
      let lines = grid.lines(at: radius / 50, tolerance: 0.05)
      #expect(lines.count == 1)
      #expect(abs(ContourGrid.area(lines[0]) / (.pi * radius * radius) - 1) < 0.01)
      for p in lines[0] { #expect(abs((p * p).sum().squareRoot() - radius) < 0.1) }
    }
  }

  @Test func ringsAndIslands() {
    let ring = ContourGrid(from: SIMD2(-50, -50), to: SIMD2(50, 50), step: 1) { p in
      abs((p * p).sum().squareRoot() - 30) / 10
    }
    #expect(ring.lines(at: 0.5, tolerance: 0.1).count == 2, "inner and outer border")
    let islands = ContourGrid(from: .zero, to: SIMD2(100, 20), step: 1) { p in
      p.x.truncatingRemainder(dividingBy: 20) < 10 ? 0 : 1
    }
    #expect(islands.lines(at: 0.5, tolerance: 0.1).count == 6, "regions at the border are closed too")
  }

  @Test func boundsAndCounts() {
    let grid = ContourGrid(from: .zero, to: SIMD2(10, 10), step: 1) { $0.x > 6.5 && $0.y > 7.5 ? 0.1 : 3 }
    let bounds = grid.bounds(atMost: 0.5)
    #expect(bounds?.low == SIMD2(7, 8))
    #expect(grid.bounds(atMost: 0.05) == nil && grid.count(atMost: 0.05) == 0)
  }

  /// Simplifying moves no corner farther than the tolerance.
  @Test func simplifiedLinesStayNear() {
    var random = SeededRandom(seed: 24)
    let line = (0..<200).map { i in
      SIMD2(Double(i), 5 * sin(Double(i) / 9) + Double.random(in: -0.2...0.2, using: &random))
    }
    let short = ContourGrid.simplified(open: line, tolerance: 0.5)
    #expect(short.count < 80 && short.first == line.first && short.last == line.last)
    for p in line {
      let near = zip(short, short.dropFirst()).map { a, b -> Double in
        let t = min(max(((p - a) * (b - a)).sum() / ((b - a) * (b - a)).sum(), 0), 1)
        let d = p - (a + t * (b - a))
        return (d * d).sum().squareRoot()
      }.min()!
      #expect(near <= 0.5 + 1e-9, "seed 24")
    }
  }

  @Test func unionsCountOverlapsOnce() {
    func square(_ x: Double, _ y: Double, _ size: Double) -> [SIMD2<Double>] {
      [SIMD2(x, y), SIMD2(x + size, y), SIMD2(x + size, y + size), SIMD2(x, y + size)]
    }
    let apart = SkyFootprints.union(of: [square(0, 0, 20), square(40, 0, 20)], step: 1)
    #expect(apart.count == 2)
    let overlapping = SkyFootprints.union(
      of: [square(0, 0, 20), square(10, 0, 20), square(0, 0, 20)], step: 1)
    #expect(overlapping.count == 1)
    #expect(abs(ContourGrid.area(overlapping[0]) - 30 * 20) < 55, "at most a pixel wider all round")
    #expect(SkyFootprints.union(of: [], step: 1).isEmpty)
    #expect(SkyFootprints.union(of: [square(3.2, 3.2, 0.3)], step: 1).count == 1, "a speck stays visible")
  }
}

@Suite struct SVGPathTests {
  @Test func relativeStepsFromTheFirstPoint() {
    var path = SVGPath(unitsPerPixel: 2)
    path.add([SIMD2(10, 20), SIMD2(12, 20), SIMD2(12, 15), SIMD2(9, 14), SIMD2(9.1, 14.1)], closed: true)
    path.add([SIMD2(-1, -2), SIMD2(0, -1)], closed: false)
    path.dot(at: SIMD2(5, 5))
    #expect(path.text == "m20 40h4v-10l-6-2zm-22-44 2 2m10 12h0")
    #expect(SVGPath().isEmpty)
  }

  @Test func hostileNumbersDoNotTrap() {
    var path = SVGPath(unitsPerPixel: 4)
    path.add([SIMD2(.nan, 0), SIMD2(.infinity, -.infinity), SIMD2(1e300, 1)], closed: true)
    #expect(!path.text.contains("n") && !path.text.contains("e"))
  }

  @Test func textIsEscaped() {
    #expect(SVGWriter.escaped("<a href=\"x\">&'\u{1}\n") == "&lt;a href=&quot;x&quot;&gt;&amp;&#39;  ")
  }
}
