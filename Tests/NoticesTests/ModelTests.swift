import Foundation
import TestSupport
import Testing
import Units

@testable import Notices

@Suite("instrument models")
struct ModelTests {
  struct GBMOracle: Decodable {
    struct Case: Decodable {
      let model: String
      let statisticalDeg, containment, effectiveDeg, densityPerSr: Double
    }
    let cases: [Case]
  }

  static func decoder() -> JSONDecoder {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return decoder
  }

  static func gbm() throws -> [GBMOracle.Case] {
    try decoder().decode(GBMOracle.self, from: Data(contentsOf: fixture("oracles/notices-gbm.json")))
      .cases
  }

  /// The oracle's quadrature is good to 1e-10 in probability, ours bisects to 1e-9 rad.
  static let radiusDegrees = 1e-6

  @Test func effectiveRadiusAgainstQuadrature() throws {
    let models = [GBMSystematics.flight, .ground, .final]
    let cases = try Self.gbm()
    #expect(cases.count == 36)
    for c in cases {
      let model = try #require(models.first { $0.name == c.model })
      let got = model.effectiveRadius(
        statistical: .degrees(c.statisticalDeg), containment: Fraction(c.containment)!)
      #expect(abs(got.degrees - c.effectiveDeg) < Self.radiusDegrees, "\(c)")
      let density = model.density(at: .degrees(5), statistical: .degrees(c.statisticalDeg))
      #expect(abs(density / c.densityPerSr - 1) < 1e-9, "\(c)")
    }
  }

  @Test func effectiveRadiusClosedForms() {
    // One component without tail: the Fisher distribution's 68 % radius is within 0.5 % of the quadratic sum,
    // because 0.66 stands for 1 / sqrt(-2 ln 0.32).
    let core = GBMSystematics("core", core: 3, fraction: 1, tail: 50)
    let radius = core.effectiveRadius(statistical: .degrees(4), containment: Fraction(0.68)!)
    #expect(abs(radius.degrees / 5 - 1) < 0.005)
    // Never smaller than what is published, growing with it, and never beyond the sphere.
    var last = Angle.zero
    for s in stride(from: 0.01, through: 179, by: 7) {
      let r = GBMSystematics.flight.effectiveRadius(statistical: .degrees(s), containment: Fraction(0.68)!)
      #expect(r > last)
      #expect(r <= .radians(.pi))
      last = r
    }
    #expect(
      abs(GBMSystematics.flight.probability(within: .radians(.pi), statistical: .degrees(1)) - 1) < 1e-12)
  }

  @Test func tinyRadiusDoesNotOverflow() {
    let d = GBMSystematics("tiny", core: 0, fraction: 1, tail: 1)
      .density(at: .arcseconds(1), statistical: .arcseconds(2))
    #expect(d.isFinite && d > 0)
  }

  struct EarthOracle: Decodable {
    struct Case: Decodable {
      let time: String
      let longitudeDeg, latitudeDeg, raDeg, decDeg: Double
    }
    let cases: [Case]
  }

  /// Precession and nutation of the pole are left out: 0.15 degrees in 2026.
  static let earthCenter = Angle.degrees(0.3)

  @Test func earthDiscAgainstAstropy() throws {
    let oracle = try Self.decoder().decode(
      EarthOracle.self, from: Data(contentsOf: fixture("oracles/notices-earth.json")))
    #expect(oracle.cases.count == 16)
    for c in oracle.cases {
      let disc = EarthDisc(
        longitude: .degrees(c.longitudeDeg), latitude: .degrees(c.latitudeDeg), altitude: .metres(535_000),
        at: time(c.time))
      #expect(disc.center.separation(from: direction(c.raDeg, c.decDeg)) < Self.earthCenter, "\(c)")
      #expect(abs(disc.radius.degrees - 67.3) < 0.1)
      #expect(disc.hides(disc.center))
    }
  }
}
