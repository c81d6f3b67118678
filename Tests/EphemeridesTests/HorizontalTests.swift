import CERFA
import Foundation
import Testing
import Units

@testable import Ephemerides

struct HorizontalCase: Decodable {
  struct Weather: Decodable {
    let pressureHpa: Double
    let temperatureC: Double
    let humidity: Double
    let wavelengthUm: Double
  }
  let site: SiteCase
  let utc: String
  let earth: EarthCase
  let raDeg: Double
  let decDeg: Double
  let azDeg: Double
  let altDeg: Double
  let haDeg: Double
  let decApparentDeg: Double
  let weather: Weather?
  let refractedAltDeg: Double?

  var target: Direction<ICRS> { Direction(ra: .degrees(raDeg), dec: .degrees(decDeg)) }
  static let all = OracleFile<HorizontalCase>.cases("astropy-horizontal")
}

@Suite struct HorizontalTests {
  /// Same models as astropy; what is left is interpolation (0.5 mas) and first-order polar motion.
  static let sameModels = Angle.arcseconds(0.002)
  /// The bundled table: 1.1 ms of UT1 and 2.5 mas of pole (`EarthOrientationTests`).
  static let bundledTable = Angle.arcseconds(0.02)
  /// The refraction constants are the same; the Newton step is evaluated on altitudes, not vectors.
  static let refraction = Angle.arcseconds(0.01)

  @Test func matchesAstropy() throws {
    let cases = HorizontalCase.all
    #expect(cases.count == 64)
    var worst = (same: 0.0, bundled: 0.0)
    for c in cases {
      let t = instant(c.utc)
      let observer = try Observer(c.site.position)
      let expected = Direction<Horizontal>(azimuth: .degrees(c.azDeg), altitude: .degrees(c.altDeg))
      let frame = try ephemeris(around: t, c.earth.orientation(at: t)).frame(of: observer, at: t)
      let difference = frame(c.target).separation(from: expected)
      worst.same = max(worst.same, difference.arcseconds)
      #expect(difference < Self.sameModels, "\(c.site.name) \(c.utc): \(difference.arcseconds) arcsec")
      #expect(abs(frame.altitude(of: c.target).degrees - c.altDeg) * 3600 < 0.002)

      let bundled = try ephemeris(around: t, .bundled).frame(of: observer, at: t)
      let off = bundled(c.target).separation(from: expected)
      worst.bundled = max(worst.bundled, off.arcseconds)
      #expect(off < Self.bundledTable, "\(c.site.name) \(c.utc): \(off.arcseconds) arcsec")

      // An arc of hour angle shrinks toward the pole.
      let ha = (frame.hourAngle(of: c.target) - .degrees(c.haDeg)).wrapped
      #expect(abs(ha.arcseconds) * cos(c.decApparentDeg * .pi / 180) < 0.002, "\(c.site.name) \(c.utc)")
      let sinDec = dot(frame.pole, frame.apparent(of: c.target).unit)
      #expect(abs(sinDec - sin(c.decApparentDeg * .pi / 180)) < 1e-8)
    }
    print("horizontal directions against astropy: worst \(worst.same) arcsec, bundled table \(worst.bundled)")
  }

  @Test func refractionMatchesAstropy() throws {
    var compared = 0
    for c in HorizontalCase.all {
      guard let w = c.weather, let expected = c.refractedAltDeg else { continue }
      let t = instant(c.utc)
      let frame = try ephemeris(around: t, c.earth.orientation(at: t)).frame(
        of: Observer(c.site.position), at: t)
      let air = Refraction(
        pressureHPa: w.pressureHpa, temperatureCelsius: w.temperatureC,
        relativeHumidity: Fraction(w.humidity)!, wavelengthMicrometres: w.wavelengthUm)
      let got = air.observed(frame(c.target))
      #expect(abs(got.altitude.degrees - expected) * 3600 < Self.refraction.arcseconds)
      #expect(got.altitude > frame.altitude(of: c.target))
      compared += 1
    }
    #expect(compared == 14)
  }

  /// `eraAtco13` itself, with the orientation given: an independent path through ERFA.
  @Test func matchesAtco13() throws {
    let seed: UInt64 = 20_170_817
    var random = SeededGenerator(seed: seed)
    let weekend = instant("2024-04-06T00:00:00Z")
    var worst = 0.0
    for _ in 0..<200 {
      let t = weekend.advanced(bySeconds: .random(in: 0..<1e8, using: &random))
      let earth = EarthOrientation(
        ut1MinusUTC: .milliseconds(Int.random(in: -400...400, using: &random)), at: t,
        polarX: .arcseconds(.random(in: -0.5...0.5, using: &random)),
        polarY: .arcseconds(.random(in: -0.5...0.5, using: &random)), source: "test")
      let place = GeodeticPosition(
        latitude: .degrees(.random(in: -90...90, using: &random)),
        longitude: .degrees(.random(in: -180...180, using: &random)),
        height: .metres(.random(in: 0...5000, using: &random)))
      let target = randomDirection(&random)
      let frame = try ephemeris(around: t, earth).frame(of: Observer(place), at: t)
      let expected = atco13(target, place, t, earth)
      let off = frame(target).separation(from: expected)
      worst = max(worst, off.arcseconds)
      #expect(off < Self.sameModels, "seed \(seed): \(off.arcseconds) arcsec at \(t.iso8601())")
    }
    print("horizontal directions against eraAtco13: worst \(worst) arcsec")
  }

  private func atco13(
    _ d: Direction<ICRS>, _ place: GeodeticPosition, _ t: Instant, _ earth: EarthOrientation
  ) -> Direction<Horizontal> {
    let u = t.utc
    var (d1, d2) = (0.0, 0.0)
    eraDtf2d(
      "UTC", Int32(u.year), Int32(u.month), Int32(u.day), Int32(u.hour), Int32(u.minute),
      Double(u.second) + Double(u.nanosecond) * 1e-9, &d1, &d2)
    let pole = earth.values(at: t)
    let dut1 = pole.ut1MinusTAISeconds + 37
    var (az, zenith, ha, dec, ra, eo) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    eraAtco13(
      d.ra.radians, d.dec.radians, 0, 0, 0, 0, d1, d2, dut1, place.longitude.radians, place.latitude.radians,
      place.height.metres, pole.polarX.radians, pole.polarY.radians, 0, 0, 0, 0.55, &az, &zenith, &ha, &dec,
      &ra, &eo)
    return Direction(azimuth: .radians(az), altitude: .radians(.pi / 2 - zenith))
  }

  /// The two dot products of the hot path against the exact function, 30 degrees or more from the Sun.
  @Test func fastAltitudeIsCloseToExact() throws {
    let limit = Angle.arcseconds(0.0006 + 0.004 / tan(Angle.degrees(15).radians))
    let t = instant("2026-11-21T22:00:00Z")
    let sky = try ephemeris(around: t, .bundled)
    var random = SeededGenerator(seed: 5)
    for site in [-90.0, -30, 0, 45, 80] {
      let place = GeodeticPosition(latitude: .degrees(site), longitude: .degrees(10), height: .metres(0))
      let frame = try sky.frame(of: Observer(place), at: t)
      let sun = sky.sun(in: frame).apparent
      for _ in 0..<200 {
        let d = randomDirection(&random)
        guard frame.apparent(of: d).separation(from: sun) > .degrees(30) else { continue }
        #expect(abs(frame.sinAltitude(d.unit) - frame.exactSinAltitude(of: d)) < limit.radians)
        #expect(abs(frame.exactSinAltitude(of: d) - sin(frame.altitude(of: d).radians)) < 1e-14)
      }
    }
  }

  @Test func horizonAxesAreOrthonormal() throws {
    let t = instant("2023-05-18T12:59:08Z")
    let place = GeodeticPosition(latitude: .degrees(43.75), longitude: .degrees(6.92), height: .metres(1270))
    let f = try ephemeris(around: t, .bundled).frame(of: Observer(place), at: t)
    for (a, b) in [(f.east, f.north), (f.north, f.up), (f.up, f.east)] { #expect(abs(dot(a, b)) < 1e-15) }
    for a in [f.east, f.north, f.up] { #expect(abs(length(a) - 1) < 1e-15) }
  }

  @Test func inverseReturns() throws {
    let t = instant("2023-05-18T12:59:08Z")
    let place = GeodeticPosition(latitude: .degrees(-33), longitude: .degrees(20), height: .metres(1800))
    let frame = try ephemeris(around: t, .bundled).frame(of: Observer(place), at: t)
    var random = SeededGenerator(seed: 77)
    for _ in 0..<100 {
      let d = randomDirection(&random)
      #expect(frame.icrs(of: frame(d)).separation(from: d).arcseconds < 1e-6)
    }
  }

  /// Outside the nodes the models are evaluated directly: no step at the border.
  @Test func directEvaluationContinuesTheNodes() throws {
    let t = instant("2023-05-18T12:00:00Z")
    let place = GeodeticPosition(latitude: .degrees(20), longitude: .degrees(-155), height: .metres(4200))
    let observer = try Observer(place)
    let short = try Ephemeris(covering: TimeWindow(t, t + .hours(1)))
    let long = try Ephemeris(covering: TimeWindow(t - .hours(31), t + .hours(60)))
    let d = Direction<ICRS>(ra: .degrees(197.45), dec: .degrees(-23.38))
    for hours in [-30.0, -2.0001, -1.9, 0.5, 3.1, 50] {
      let at = t + .hours(hours)
      let (a, b) = (short.frame(of: observer, at: at), long.frame(of: observer, at: at))
      #expect(a(d).separation(from: b(d)).arcseconds < 0.001, "\(hours) h")
      let (m, n) = (short.moon(in: a).apparent, long.moon(in: b).apparent)
      #expect(m.separation(from: n).arcseconds < 0.003, "\(hours) h")
      let (s, r) = (short.sun(in: a).apparent, long.sun(in: b).apparent)
      #expect(s.separation(from: r).arcseconds < 0.001, "\(hours) h")
    }
  }

  @Test func badInputIsRefused() {
    let t = instant("2023-05-18T12:00:00Z")
    #expect(throws: EphemeridesError.self) { try Ephemeris(covering: TimeWindow(t, t + .hours(24 * 1200))) }
    for (lat, lon, h) in [(90.1, 0.0, 0.0), (.nan, 0, 0), (0, .infinity, 0), (0, 0, -5000), (0, 0, .nan)] {
      let place = GeodeticPosition(latitude: .degrees(lat), longitude: .degrees(lon), height: .metres(h))
      #expect(throws: EphemeridesError.self) { try Observer(place) }
    }
  }
}
