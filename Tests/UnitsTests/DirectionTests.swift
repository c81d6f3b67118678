import CERFA
import Foundation
import Testing
import Units

/// Matrices with 30 decimals against ERFA's: rounding of a product.
private let frameRounding = 1e-15

private func direction<F>(_ lon: Double, _ lat: Double, _: F.Type) -> Direction<F> {
  Direction(longitude: .degrees(lon), latitude: .degrees(lat))
}

@Suite struct DirectionTests {
  @Test func framesMatchERFA() throws {
    for c in try TimeOracle.load().frames {
      let icrs = Direction<ICRS>(ra: .degrees(c.ra), dec: .degrees(c.dec))
      let galactic = Rotation<ICRS, Galactic>.standard
      let ecliptic = Rotation<ICRS, Ecliptic>.j2000
      #expect(galactic(icrs).separation(from: direction(c.l, c.b, Galactic.self)).radians < frameRounding)
      #expect(
        ecliptic(icrs).separation(from: direction(c.lambda, c.beta, Ecliptic.self)).radians < frameRounding)
      #expect(galactic.inverse(galactic(icrs)).separation(from: icrs).radians < frameRounding)
      #expect(ecliptic.inverse(ecliptic(icrs)).separation(from: icrs).radians < frameRounding)
    }
  }

  @Test func separationsAreExactAtAllScales() {
    for exponent in stride(from: -12.0, through: 0, by: 0.5) {
      let s = pow(10, exponent)
      let a = Direction<ICRS>(longitude: .zero, latitude: .zero)
      let b = Direction<ICRS>(longitude: .radians(s), latitude: .zero)
      let c = Direction<ICRS>(longitude: .radians(.pi - s), latitude: .zero)
      #expect(abs(a.separation(from: b).radians / s - 1) < 1e-14)
      #expect(abs((.pi - a.separation(from: c).radians) - s) < 1e-15)
    }
    let pole = Direction<ICRS>(ra: .degrees(77), dec: .degrees(90))
    #expect(pole.separation(from: Direction(ra: .degrees(200), dec: .degrees(90))).radians < 1e-15)
  }

  @Test func coordinatesRoundTrip() {
    var generator = SeededGenerator(seed: 12)
    // A right ascension near 2 pi is rounded to 9e-16.
    for _ in 0..<2000 {
      let (lon, lat) = (
        Double.random(in: 0..<360, using: &generator), Double.random(in: -90...90, using: &generator)
      )
      let d = Direction<ICRS>(ra: .degrees(lon), dec: .degrees(lat))
      #expect(d.separation(from: Direction(ra: d.ra, dec: d.dec)).radians < 1.5e-15)
      #expect((0..<2 * Double.pi).contains(d.ra.radians))
    }
    #expect(Direction<ICRS>(unit: SIMD3(0, 0, 1)).ra == .zero)
    #expect(abs(Direction<ICRS>(unit: SIMD3(0, 0, -1)).dec.degrees + 90) < 1e-13)
  }

  @Test func horizonGoesFromNorthThroughEast() {
    let east = Direction<Horizontal>(azimuth: .degrees(90), altitude: .zero)
    #expect(abs(east.unit.x - 1) < 1e-15)
    let northWest = Direction<Horizontal>(azimuth: .degrees(315), altitude: .degrees(30))
    #expect(abs(northWest.azimuth.degrees - 315) < 1e-12 && abs(northWest.altitude.degrees - 30) < 1e-12)
  }

  @Test func rotationsAreProper() {
    for rows in [Rotation<ICRS, Galactic>.standard.rows, Rotation<ICRS, Ecliptic>.j2000.rows] {
      #expect(abs((cross(rows.0, rows.1) * rows.2).sum() - 1) < 1e-15)
      #expect(abs((rows.0 * rows.1).sum()) < 1e-15 && abs((rows.1 * rows.2).sum()) < 1e-15)
    }
  }
}

@Suite struct AngleTests {
  @Test func sexagesimalMatchesAstropy() throws {
    for c in try TimeOracle.load().angles {
      #expect(Angle.degrees(c.ra).hoursMinutesSeconds == c.hms)
      #expect(Angle.degrees(c.dec).degreesMinutesSeconds == c.dms)
    }
  }

  @Test(arguments: [
    (0.0, "00:00:00.00"), (360, "00:00:00.00"), (-15, "23:00:00.00"), (359.999_999_99, "00:00:00.00"),
    (14.999_99, "01:00:00.00"), (14.999_9, "00:59:59.98"), (180.004_166_666, "12:00:01.00"),
  ])
  func rightAscensionCarries(_ degrees: Double, _ text: String) {
    #expect(Angle.degrees(degrees).hoursMinutesSeconds == text)
  }

  @Test(arguments: [
    (0.0, "+00:00:00.0"), (-0.0, "+00:00:00.0"), (-0.000_001, "+00:00:00.0"), (-0.5, "-00:30:00.0"),
    (89.999_999, "+90:00:00.0"), (-89.999_9, "-89:59:59.6"), (-90, "-90:00:00.0"), (12.999_99, "+13:00:00.0"),
  ])
  func declinationCarriesAndKeepsItsSign(_ degrees: Double, _ text: String) {
    #expect(Angle.degrees(degrees).degreesMinutesSeconds == text)
  }

  @Test func nonsenseIsNamedNotTrapped() {
    for value in [Double.nan, .infinity, -.infinity] {
      #expect(Angle(radians: value).hoursMinutesSeconds == "nan")
      #expect(Angle(radians: value).degreesMinutesSeconds == "nan")
    }
    #expect(Angle(radians: 1e300).degreesMinutesSeconds == "nan")
    #expect(!Angle(radians: 1e300).hoursMinutesSeconds.isEmpty)
  }

  @Test func normalisationStaysInRange() {
    for degrees in [-720.0, -360, -1e-20, -0.0, 0, 359.999, 360, 1e9] {
      #expect((0..<2 * Double.pi).contains(Angle.degrees(degrees).normalized.radians))
      #expect((-Double.pi..<Double.pi).contains(Angle.degrees(degrees).wrapped.radians))
    }
    #expect(abs(Angle.degrees(190).wrapped.degrees + 170) < 1e-12)
  }

  @Test func fractionsKeepTheirRange() {
    #expect(Fraction(1.0000001) == nil && Fraction(-1e-9) == nil && Fraction(.nan) == nil)
    #expect(
      Fraction(percent: 90)?.value == 0.9 && Fraction(percent: 101) == nil && Fraction(percent: .nan) == nil)
    #expect(
      Fraction(clamping: 2) == .one && Fraction(clamping: -1) == .zero && Fraction(clamping: .nan) == .zero)
  }

  @Test func solidAnglesConvert() {
    #expect(abs(SolidAngle.sphere.squareDegrees - 41_252.961_249_419_28) < 1e-9)
    #expect(abs(SolidAngle.squareDegrees(3282.806_350_011_744).steradians - 1) < 1e-14)
  }
}
