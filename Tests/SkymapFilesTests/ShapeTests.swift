import Foundation
import Healpix
import Skymaps
import Testing
import Units

/// Circles and ellipses against closed forms.
struct ShapeTests {
  /// Relative: cells are an eighth of sigma, and the error of a credible area goes with its square.
  static let areaTolerance = 2e-3

  func containment(_ map: Skymap, _ inside: (SIMD3<Double>) -> Bool) -> Double {
    // Cells across the border count by the share of a 8 x 8 grid of points.
    var sum = 0.0
    for i in 0..<map.count where map.density[i] > 0 {
      let cell = map.cell(i)
      var hits = 0
      for x in 0..<8 {
        for y in 0..<8 where inside(cell.point((Double(x) + 0.5) / 8, (Double(y) + 0.5) / 8)) { hits += 1 }
      }
      sum += map.probability(ofCell: i) * Double(hits) / 64
    }
    return sum
  }

  @Test(arguments: [
    (0.001, 0.9), (0.05, 0.9), (0.5, 0.5), (5.2, 0.68), (5.2, 0.9), (5.2, 0.95), (30.0, 0.68), (94.7, 0.68),
    (0.0001, 0.9),
  ])
  func circle(_ radius: Double, _ level: Double) throws {
    let center = Direction<ICRS>(ra: .degrees(212.77), dec: .degrees(27.05))
    let map = try Skymap(.circle(radius: .degrees(radius)), around: center, containing: Fraction(level)!)
    #expect(violations(of: map).isEmpty)
    #expect(map.report.kind == .circle && map.report.coverage == .one)
    #expect(map.count < 20_000)
    // Von Mises-Fisher: a credible region is a cap, and the stated level has the stated radius.
    let cap = SolidAngle(steradians: 4 * .pi * pow(sin(radius * .pi / 360), 2)).squareDegrees
    #expect(abs(interpolatedArea(map, containing: level) / cap - 1) < Self.areaTolerance)
    let within = containment(map) { Direction<ICRS>(unit: $0).separation(from: center) < .degrees(radius) }
    #expect(abs(within - level) < 1e-3)
    let peak = map.density.indices.max { map.density[$0] < map.density[$1] }!
    #expect(Direction<ICRS>(unit: map.cell(peak).center).separation(from: center) < .degrees(radius / 4))
  }

  @Test func circleFollowsRayleigh() throws {
    // A90 / A50 = ln 10 / ln 2 for a small circle; A50 = 2 pi ln 2 sigma^2 with sigma = r90 / sqrt(2 ln 10).
    let center = Direction<ICRS>(ra: .degrees(0), dec: .degrees(-89.9))
    let map = try Skymap(.circle(radius: .degrees(0.8)), around: center, containing: Fraction(0.9)!)
    let ratio = interpolatedArea(map, containing: 0.9) / interpolatedArea(map, containing: 0.5)
    #expect(abs(ratio / (log(10) / log(2)) - 1) < Self.areaTolerance)
    #expect(abs(interpolatedArea(map, containing: 0.9) / (.pi * 0.64) - 1) < Self.areaTolerance)
  }

  @Test(arguments: [
    (0.22, 0.19, 153.0, 0.9), (2, 8, 30, 0.68), (20, 1, 100, 0.9), (10, 0.05, -40, 0.9),
    (0.02, 0.001, 0, 0.5),
    (60, 20, 15, 0.9),
  ])
  func ellipse(_ a: Double, _ b: Double, _ angle: Double, _ level: Double) throws {
    let center = Direction<ICRS>(ra: .degrees(346.56), dec: .degrees(18.61))
    let map = try Skymap(
      .ellipse(semiAxis: .degrees(a), acrossSemiAxis: .degrees(b), positionAngle: .degrees(angle)),
      around: center,
      containing: Fraction(level)!)
    #expect(violations(of: map).isEmpty)
    #expect(map.report.kind == .ellipse)
    #expect(map.count < 400_000)
    // pi a b on the equal-area plane, where an angle r is 2 sin(r / 2).
    let plane = { (r: Double) in 2 * sin(r * .pi / 360) }
    let area = SolidAngle(steradians: .pi * plane(a) * plane(b)).squareDegrees
    #expect(abs(interpolatedArea(map, containing: level) / area - 1) < 3 * Self.areaTolerance)
  }

  @Test func ellipseLiesAlongItsPositionAngle() throws {
    let center = Direction<ICRS>(ra: .degrees(100), dec: .degrees(40))
    let map = try Skymap(
      .ellipse(semiAxis: .degrees(4), acrossSemiAxis: .degrees(1), positionAngle: .degrees(30)),
      around: center,
      containing: Fraction(0.9)!)
    func density(_ distance: Double, _ angle: Double) -> Double {
      // The point at a distance and position angle (spherical trigonometry).
      let (d, p, dec) = (distance * .pi / 180, angle * .pi / 180, 40 * Double.pi / 180)
      let latitude = asin(sin(dec) * cos(d) + cos(dec) * sin(d) * cos(p))
      let turn = atan2(sin(p) * sin(d) * cos(dec), cos(d) - sin(dec) * sin(latitude))
      let there = Direction<ICRS>(ra: .degrees(100) + .radians(turn), dec: .radians(latitude))
      return map.density[map.cellIndex(at: there)!]
    }
    let peak = map.density.max()!
    // At the end of each semi-axis the density is 1 - containment of the peak.
    for angle in [30.0, 210] { #expect(abs(density(4, angle) / peak - 0.1) < 0.02) }
    for angle in [120.0, 300] { #expect(abs(density(1, angle) / peak - 0.1) < 0.02) }
    #expect(density(4, 120) < 1e-12 * peak)
  }

  @Test func impossibleShapesAreRefused() {
    func refusal(_ shape: LocalizationShape, _ level: Double) -> SkymapError? {
      do {
        _ = try Skymap(shape, around: Direction(ra: .zero, dec: .zero), containing: Fraction(level)!)
        return nil
      } catch { return error }
    }
    #expect(refusal(.circle(radius: .zero), 0.9) == .shape(.radius(degrees: 0)))
    #expect(refusal(.circle(radius: .degrees(-1)), 0.9) != nil)
    #expect(refusal(.circle(radius: .degrees(.nan)), 0.9) != nil)
    #expect(refusal(.circle(radius: .degrees(180)), 0.9) != nil)
    #expect(refusal(.circle(radius: .arcseconds(0.01)), 0.9) != nil)
    #expect(refusal(.circle(radius: .degrees(1)), 0) == .shape(.containment(0)))
    #expect(refusal(.circle(radius: .degrees(1)), 1) == .shape(.containment(1)))
    // A cap of 120 degrees holds 75 % of the sphere.
    #expect(
      refusal(.circle(radius: .degrees(120)), 0.7)
        == .shape(.flatterThanUniform(degrees: 119.99999999999999, containment: 0.7))
        || refusal(.circle(radius: .degrees(120)), 0.7)
          == .shape(.flatterThanUniform(degrees: 120, containment: 0.7))
    )
    #expect(refusal(.circle(radius: .degrees(120)), 0.8) == nil)
    let flat = LocalizationShape.ellipse(semiAxis: .degrees(1), acrossSemiAxis: .zero, positionAngle: .zero)
    #expect(refusal(flat, 0.9) != nil)
    let turned = LocalizationShape.ellipse(
      semiAxis: .degrees(1), acrossSemiAxis: .degrees(1), positionAngle: .degrees(.infinity))
    #expect(refusal(turned, 0.9) != nil)
  }
}
