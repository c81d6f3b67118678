import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// An apparent direction, as the observer sees it without an atmosphere: light deflection by the Sun
/// and aberration included, on GCRS axes.
public enum Apparent {}

/// The horizon of one observer at one instant: turns ICRS directions into apparent ones, altitudes,
/// azimuths and hour angles. No refraction (see `Refraction`).
///
/// Agrees with `eraAtco13` at zero pressure and with astropy to a few milliarcseconds for the same
/// Earth orientation. Made by `Ephemeris.frame(of:at:)` in about 0.1 microseconds.
public struct HorizontalFrame: Sendable {
  public let instant: Instant
  /// Unit vectors of the horizon on GCRS axes.
  public let east: SIMD3<Double>
  public let north: SIMD3<Double>
  public let up: SIMD3<Double>
  /// Barycentric velocity of the observer in units of the speed of light, rotation included.
  public let velocity: SIMD3<Double>
  /// sqrt(1 - velocity^2).
  @usableFromInline let inverseLorentz: Double
  /// From the Sun to the observer, unit vector; and the Sun's Schwarzschild radius over its distance.
  @usableFromInline let fromSun: SIMD3<Double>
  @usableFromInline let solarPotential: Double
  @usableFromInline let sinLatitude: Double
  @usableFromInline let cosLatitude: Double
  /// From the geocentre, au; and the eastward speed, in units of the speed of light.
  let position: SIMD3<Double>
  let speed: Double
  /// Apparent sidereal time here, radians, any number of turns.
  let siderealRadians: Double

  /// Sine of the altitude of an ICRS unit vector, aberration to first order, no light deflection:
  /// within 0.6 milliarcseconds plus 4 cot(elongation / 2) milliarcseconds of `altitude(of:)`. Two
  /// dot products: for loops over many directions.
  @inlinable @inline(__always)
  public func sinAltitude(_ icrs: SIMD3<Double>) -> Double {
    dot(up, icrs) * (1 - dot(velocity, icrs)) + dot(up, velocity)
  }

  /// The apparent direction of an ICRS direction at infinite distance.
  ///
  /// Deflection to first order in the solar potential (Urban & Seidelmann 2013, eq. 7.63), then exact
  /// aberration (eq. 7.40) with the potential term of `eraAb`.
  @inlinable
  public func apparent(of d: Direction<ICRS>) -> Direction<Apparent> {
    let p = d.unit
    let pe = dot(p, fromSun)
    // The bound keeps directions behind the Sun's disc finite; ERFA's value at 1 au.
    let bend = solarPotential / max(1 + pe, 1e-6)
    return aberrated(p + (fromSun - p * pe) * bend)
  }

  @inlinable @inline(__always)
  func aberrated(_ p: SIMD3<Double>) -> Direction<Apparent> {
    let pv = dot(p, velocity)
    let moving = p * inverseLorentz + velocity * (1 + pv / (1 + inverseLorentz))
    return Direction(normalizing: moving + (velocity - p * pv) * solarPotential)
  }

  @inlinable
  public func horizontal(_ d: Direction<Apparent>) -> Direction<Horizontal> {
    Direction(unit: SIMD3(dot(east, d.unit), dot(north, d.unit), dot(up, d.unit)))
  }

  /// Topocentric direction to an ICRS direction: apparent, no refraction.
  @inlinable
  public func callAsFunction(_ d: Direction<ICRS>) -> Direction<Horizontal> { horizontal(apparent(of: d)) }

  /// Altitude of the apparent direction, no refraction.
  @inlinable
  public func altitude(of d: Direction<ICRS>) -> Angle { self(d).altitude }

  /// Sine of that altitude: exact, one square root and no trigonometry.
  @inlinable
  public func exactSinAltitude(of d: Direction<ICRS>) -> Double { dot(up, apparent(of: d).unit) }

  /// The celestial pole as the horizon defines it (terrestrial pole, ITRS).
  @inlinable public var pole: SIMD3<Double> { north * cosLatitude + up * sinLatitude }
  /// Where the meridian meets the equator, toward the zenith.
  @inlinable public var meridian: SIMD3<Double> { up * cosLatitude - north * sinLatitude }

  /// Local hour angle of an apparent direction, west positive, [-180, 180) degrees.
  @inlinable
  public func hourAngle(of d: Direction<Apparent>) -> Angle {
    Angle(radians: atan2(-dot(east, d.unit), dot(meridian, d.unit)))
  }
  @inlinable
  public func hourAngle(of d: Direction<ICRS>) -> Angle { hourAngle(of: apparent(of: d)) }

  /// Local apparent sidereal time, [0, 360) degrees.
  public var localSiderealTime: Angle { Angle(radians: siderealRadians).normalized }

  /// The ICRS direction seen at a given place of the sky; the inverse of `callAsFunction`, to 1e-13.
  public func icrs(of d: Direction<Horizontal>) -> Direction<ICRS> {
    let wanted = east * d.unit.x + north * d.unit.y + up * d.unit.z
    var p = Direction<ICRS>(normalizing: wanted)
    // The shift is 1e-4 and nearly constant: each turn gains four digits.
    for _ in 0..<4 { p = Direction(normalizing: p.unit + (wanted - apparent(of: p).unit)) }
    return p
  }
}

extension Ephemeris {
  /// The horizon of `observer` at `t`. About 0.1 microseconds inside `window`.
  public func frame(of observer: Observer, at t: Instant) -> HorizontalFrame {
    let sky = state(at: t)
    let (c, s) = (cos(sky.rotation), sin(sky.rotation))
    let (x, y) = (sky.poleX, sky.poleY)
    let a = 1 / (1 + (1 - x * x - y * y).squareRoot())
    // Terrestrial to celestial: polar motion (first order), Earth rotation, then the transpose of
    // the celestial-to-intermediate matrix written with X and Y (IERS Conventions 2010, eq. 5.10).
    func celestial(_ v: SIMD3<Double>) -> SIMD3<Double> {
      let tx = v.x - sky.polarX * v.z
      let ty = v.y + sky.polarY * v.z
      let tz = v.z + sky.polarX * v.x - sky.polarY * v.y
      let ix = c * tx - s * ty
      let iy = s * tx + c * ty
      let k = a * (x * ix + y * iy)
      return SIMD3(ix - k * x + x * tz, iy - k * y + y * tz, tz - x * ix - y * iy - a * (x * x + y * y) * tz)
    }
    // What first order left out (1e-12) goes back into exactly perpendicular unit vectors.
    var up = celestial(observer.up)
    up *= 1.5 - 0.5 * dot(up, up)
    var north = celestial(observer.north)
    north -= up * dot(up, north)
    north *= 1.5 - 0.5 * dot(north, north)
    let east = cross(north, up)
    let velocity = sky.velocity + east * observer.speed
    let sunDistance = length(sky.sun)
    return HorizontalFrame(
      instant: t, east: east, north: north, up: up, velocity: velocity,
      inverseLorentz: (1 - dot(velocity, velocity)).squareRoot(),
      fromSun: sky.sun * (-1 / sunDistance),
      solarPotential: Constants.sunSchwarzschildAU / sunDistance,
      sinLatitude: observer.sinLatitude, cosLatitude: observer.cosLatitude,
      position: up * observer.upAU + north * observer.northAU, speed: observer.speed,
      siderealRadians: sky.rotation + sky.siderealOffset + observer.position.longitude.radians)
  }
}
