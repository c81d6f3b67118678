import CERFA
import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A place on Earth, ready to look from: its vertical, meridian and geocentric vectors (WGS84).
public struct Observer: Hashable, Sendable {
  public let position: GeodeticPosition
  /// Geodetic vertical and north, terrestrial axes (ITRS), unit vectors.
  let up: SIMD3<Double>
  let north: SIMD3<Double>
  let sinLatitude: Double
  let cosLatitude: Double
  /// The geocentric position lies in the plane of `up` and `north`: its two components, au.
  let upAU: Double
  let northAU: Double
  /// Speed of the Earth's rotation here, eastward, in units of the speed of light.
  let speed: Double

  public init(_ position: GeodeticPosition) throws(EphemeridesError) {
    let (latitude, longitude) = (position.latitude.radians, position.longitude.radians)
    let height = position.height.metres
    guard abs(latitude) <= .pi / 2 + 1e-12, longitude.isFinite, abs(longitude) < 100,
      (-1000...100_000).contains(height)
    else { throw .notOnEarth(position) }
    self.position = position
    sinLatitude = sin(latitude)
    cosLatitude = cos(latitude)
    let (c, s) = (cos(longitude), sin(longitude))
    up = SIMD3(cosLatitude * c, cosLatitude * s, sinLatitude)
    north = SIMD3(-sinLatitude * c, -sinLatitude * s, cosLatitude)
    var metres = [0.0, 0.0, 0.0]
    // The status can only complain of an unknown ellipsoid; 1 is WGS84.
    _ = eraGd2gc(1, longitude, latitude, height, &metres)
    let r = SIMD3(metres[0], metres[1], metres[2])
    upAU = dot(r, up) / Constants.auMetres
    northAU = dot(r, north) / Constants.auMetres
    speed = EarthRotation.radiansPerSecond * (r.x * r.x + r.y * r.y).squareRoot() / Constants.lightSpeed
  }
}

enum Constants {
  /// IAU 2012 resolution B2.
  static let auMetres = 149_597_870_700.0
  /// Metres per second.
  static let lightSpeed = 299_792_458.0
  /// Schwarzschild radius of the Sun, au (2 G M / c^2).
  static let sunSchwarzschildAU = 1.974_125_743_36e-8
}
