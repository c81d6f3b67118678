import Testing
import Units

@testable import Checking

private struct SkyOracle: Decodable {
  struct Star: Decodable {
    var raDeg: Double
    var decDeg: Double
    var altDeg: Double
    var azDeg: Double
    var haDeg: Double
    var moonSepDeg: Double
  }
  struct Case: Decodable {
    var site: String
    var latDeg: Double
    var lonDeg: Double
    var elevM: Double
    var utc: String
    var ut1MinusUtcS: Double
    var polarXArcsec: Double
    var polarYArcsec: Double
    var sunAltDeg: Double
    var moonAltDeg: Double
    var stars: [Star]

    var earth: EarthRotation {
      EarthRotation(
        ut1MinusUTC: .seconds(ut1MinusUtcS), polarX: .arcseconds(polarXArcsec),
        polarY: .arcseconds(polarYArcsec))
    }
    var position: GeodeticPosition {
      .init(latitude: .degrees(latDeg), longitude: .degrees(lonDeg), height: .metres(elevM))
    }
  }
  var cases: [Case]
}

private enum Tolerance {
  /// Both run ERFA with the same Earth orientation; what is left is the light deflection near the Sun and
  /// the form of the azimuth near the pole.
  static let star = 0.01
  /// The barycentric motion of the Sun during its light time, under 0.01 arcsec, and the deflection that
  /// one side applies.
  static let sun = 0.1
  /// Light time in one step here, iterated there; diurnal aberration taken by either side differently.
  static let moon = 0.7
}

@Suite struct ObserverSkyTests {
  @Test func placesMatchAstropy() throws {
    let oracle = try oracle("checking-sky", as: SkyOracle.self)
    #expect(oracle.cases.count == 42)
    for c in oracle.cases {
      var sky = try ObserverSky(from: c.position, at: utc(c.utc), earth: c.earth)
      #expect(abs(sky.sunAltitude.degrees - c.sunAltDeg) * 3600 < Tolerance.sun, "\(c.site) \(c.utc)")
      #expect(abs(sky.moonAltitude.degrees - c.moonAltDeg) * 3600 < Tolerance.moon, "\(c.site) \(c.utc)")
      for star in c.stars {
        let place = sky.place(of: icrs(star.raDeg, star.decDeg))
        let expected = Direction<Horizontal>(azimuth: .degrees(star.azDeg), altitude: .degrees(star.altDeg))
        let got = Direction<Horizontal>(azimuth: place.azimuth, altitude: place.altitude)
        #expect(got.separation(from: expected).arcseconds < Tolerance.star, "\(c.site) \(c.utc) \(star)")
        // An error of the hour angle counts as an arc on the sky.
        let arc = (place.hourAngle - .degrees(star.haDeg)).wrapped * cos(star.decDeg * .pi / 180)
        #expect(abs(arc.arcseconds) < 1, "\(c.site) \(c.utc) \(star)")
        #expect(
          abs(place.moonSeparation.degrees - star.moonSepDeg) * 3600 < Tolerance.moon,
          "\(c.site) \(c.utc) \(star)")
      }
    }
  }

  /// The Moon is a degree off where parallax is left out, from a place where it sets.
  @Test func moonHasParallax() throws {
    let t = utc("2023-05-27T12:00:00Z")
    // Two places a quarter of the Earth apart see it 0.9 to 1.4 deg apart.
    let near = GeodeticPosition(latitude: .zero, longitude: .zero, height: .metres(0))
    let far = GeodeticPosition(latitude: .zero, longitude: .degrees(90), height: .metres(0))
    let star = icrs(150, 10)
    var a = try ObserverSky(from: near, at: t, earth: .unknown)
    var b = try ObserverSky(from: far, at: t, earth: .unknown)
    let change = abs((a.place(of: star).moonSeparation - b.place(of: star).moonSeparation).degrees)
    #expect(change > 0.2 && change < 1.5)
  }

  @Test func airmassIsSecantOfZenithDistance() {
    var place = ObserverSky.Place(
      altitude: .degrees(30), azimuth: .zero, hourAngle: .zero, moonSeparation: .zero)
    #expect(abs(place.airmass - 2) < 1e-12)
    place.altitude = .degrees(-1)
    #expect(place.airmass == .infinity)
  }

  /// UT1-UTC of 0.9 s turns the sky by 13.5 arcsec: it must reach the result.
  @Test func earthOrientationCounts() throws {
    let site = GeodeticPosition(latitude: .zero, longitude: .zero, height: .metres(0))
    let t = utc("2023-05-19T04:40:00Z")
    var a = try ObserverSky(from: site, at: t, earth: .unknown)
    var b = try ObserverSky(from: site, at: t, earth: .init(ut1MinusUTC: .milliseconds(900)))
    let star = icrs(200, 0)
    let turn = (b.place(of: star).hourAngle - a.place(of: star).hourAngle).arcseconds
    #expect(abs(turn - 0.9 * 15.041067) < 0.01)
  }
}

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
