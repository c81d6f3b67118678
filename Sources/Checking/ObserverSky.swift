import CERFA
import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The sky over one observer at one instant: where a star, the Sun and the Moon stand.
///
/// The checker's own chain, by the IAU 2006/2000A routines of ERFA: `eraApco13` for the observer,
/// `eraAtciqz` and `eraAtioq` for stars, no refraction. The Sun is the vector of `eraEpv00` that
/// `eraApco13` holds, aberrated; the Moon is `eraMoon98` (about 10 arcsec; Meeus 1998, ch. 47) moved
/// to the observer. Costs about 70 microseconds, then about half of one per star.
struct ObserverSky {
  /// Of one direction. Apparent and unrefracted.
  struct Place {
    var altitude: Angle
    /// From north toward east, [0, 2 pi).
    var azimuth: Angle
    /// West positive, [-pi, pi).
    var hourAngle: Angle
    var moonSeparation: Angle

    /// Plane-parallel sec z; infinite at and below the horizon.
    var airmass: Double { altitude.radians > 0 ? 1 / sin(altitude.radians) : .infinity }
  }

  let sunAltitude: Angle
  let moonAltitude: Angle
  private var astrom: eraASTROM
  /// Toward the Moon from the observer, celestial intermediate frame.
  private let moon: SIMD3<Double>

  init(from site: GeodeticPosition, at t: Instant, earth: EarthRotation) throws(CheckError) {
    let utc = (day: 2_400_000.5, fraction: t.mjdUTC)
    let dut1 = earth.ut1MinusUTC.seconds
    var astrom = eraASTROM()
    var origins = 0.0
    let status = eraApco13(
      utc.day, utc.fraction, dut1, site.longitude.radians, site.latitude.radians, site.height.metres,
      earth.polarX.radians, earth.polarY.radians, 0, 0, 0, 0.5, &astrom, &origins)
    guard status >= 0 else { throw .noEphemeris(t) }
    var (ut1, ut1Fraction) = (0.0, 0.0)
    guard eraUtcut1(utc.day, utc.fraction, dut1, &ut1, &ut1Fraction) >= 0 else { throw .noEphemeris(t) }

    let toIntermediate = Matrix(astrom.bpn)
    let observer = Self.geocentric(site, earthRotation: eraEra00(ut1, ut1Fraction))
    let lunar = toIntermediate(Self.moonFromGeocentre(at: t)) - observer
    moon = lunar / (lunar * lunar).sum().squareRoot()
    moonAltitude = Self.observed(moon, &astrom).altitude
    sunAltitude = Self.observed(toIntermediate(Self.apparentSun(astrom)), &astrom).altitude
    self.astrom = astrom
  }

  /// - Parameter star: at infinite distance; proper motion and parallax are nothing to a tile.
  mutating func place(of star: Direction<ICRS>) -> Place {
    var (ra, dec) = (0.0, 0.0)
    eraAtciqz(star.ra.radians, star.dec.radians, &astrom, &ra, &dec)
    let unit = SIMD3(cos(dec) * cos(ra), cos(dec) * sin(ra), sin(dec))
    var place = Self.observed(unit, &astrom)
    let normal = cross(unit, moon)
    place.moonSeparation = Angle(
      radians: atan2((normal * normal).sum().squareRoot(), (unit * moon).sum()))
    return place
  }

  /// From the celestial intermediate frame to the horizon, diurnal aberration included.
  private static func observed(_ unit: SIMD3<Double>, _ astrom: inout eraASTROM) -> Place {
    var (azimuth, zenith, hourAngle, dec, ra) = (0.0, 0.0, 0.0, 0.0, 0.0)
    eraAtioq(
      atan2(unit.y, unit.x), atan2(unit.z, (unit.x * unit.x + unit.y * unit.y).squareRoot()), &astrom,
      &azimuth, &zenith, &hourAngle, &dec, &ra)
    return Place(
      altitude: .radians(.pi / 2 - zenith), azimuth: Angle(radians: azimuth).normalized,
      hourAngle: Angle(radians: hourAngle).wrapped, moonSeparation: .zero)
  }

  /// The Sun by its geometric direction and annual aberration. Its own motion during the 8 minutes of
  /// light time is under 0.01 arcsec about the barycentre.
  private static func apparentSun(_ astrom: eraASTROM) -> SIMD3<Double> {
    var natural = [-astrom.eh.0, -astrom.eh.1, -astrom.eh.2]
    var velocity = [astrom.v.0, astrom.v.1, astrom.v.2]
    var proper = [0.0, 0.0, 0.0]
    eraAb(&natural, &velocity, astrom.em, astrom.bm1, &proper)
    return SIMD3(proper[0], proper[1], proper[2])
  }

  /// Astronomical units, GCRS, the 1.3 s of light time taken off.
  private static func moonFromGeocentre(at t: Instant) -> SIMD3<Double> {
    let tt = t.julianDateTT
    var pv = [(0.0, 0.0, 0.0), (0.0, 0.0, 0.0)]
    eraMoon98(tt.day, tt.fraction, &pv)
    let position = SIMD3(pv[0].0, pv[0].1, pv[0].2)
    let velocity = SIMD3(pv[1].0, pv[1].1, pv[1].2)
    // IAU 2009: light takes 499.004784 s for one astronomical unit.
    let lightDays = (position * position).sum().squareRoot() * 499.004784 / 86_400
    return position - velocity * lightDays
  }

  /// The observer in astronomical units, celestial intermediate frame: WGS84 (NIMA TR8350.2) turned by
  /// the Earth rotation angle. Polar motion (10 m) would move the Moon by 0.005 arcsec.
  private static func geocentric(_ site: GeodeticPosition, earthRotation: Double) -> SIMD3<Double> {
    let (equatorial, flattening) = (6_378_137.0, 1 / 298.257223563)
    let e2 = flattening * (2 - flattening)
    let (s, c) = (sin(site.latitude.radians), cos(site.latitude.radians))
    let normal = equatorial / (1 - e2 * s * s).squareRoot()
    let h = site.height.metres
    let angle = site.longitude.radians + earthRotation
    let across = (normal + h) * c
    let metres = SIMD3(across * cos(angle), across * sin(angle), (normal * (1 - e2) + h) * s)
    return metres / 149_597_870_700
  }
}

/// A 3 x 3 matrix of ERFA, by rows.
private struct Matrix {
  let rows: ((Double, Double, Double), (Double, Double, Double), (Double, Double, Double))
  init(_ rows: ((Double, Double, Double), (Double, Double, Double), (Double, Double, Double))) {
    self.rows = rows
  }
  func callAsFunction(_ v: SIMD3<Double>) -> SIMD3<Double> {
    SIMD3(
      rows.0.0 * v.x + rows.0.1 * v.y + rows.0.2 * v.z,
      rows.1.0 * v.x + rows.1.1 * v.y + rows.1.2 * v.z,
      rows.2.0 * v.x + rows.2.1 * v.y + rows.2.2 * v.z)
  }
}
