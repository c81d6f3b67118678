import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The part of the sky that the Earth hides from a satellite: no burst can have come from there.
public struct EarthDisc: Hashable, Sendable {
  /// The centre of the Earth as seen from the satellite.
  public let center: Direction<ICRS>
  /// The Earth's angular radius, without the atmosphere.
  public let radius: Angle

  /// - Parameters:
  ///   - longitude: of the sub-satellite point, east positive.
  ///   - latitude: of the sub-satellite point, -90...90 degrees.
  ///   - altitude: above the mean radius of 6371 km; positive.
  ///   - time: of the event.
  ///
  /// The Earth rotation angle (IAU 2000, Capitaine et al. 2000, A&A 355, 398) with UT1 = UTC; polar
  /// motion, precession and nutation of the pole are left out. Good to 0.3 degrees from 2000 to 2040,
  /// small against a radius of 67 degrees.
  public init(longitude: Angle, latitude: Angle, altitude: Length, at time: Instant) {
    let days = time.mjdUTC - 51_544.5
    let turns = 0.779_057_273_264_0 + 1.002_737_811_911_354_48 * days
    let rotation = Angle.radians(2 * .pi * (turns - turns.rounded(.down)))
    center = Direction(ra: rotation + longitude + .radians(.pi), dec: -latitude)
    let earth = 6_371_000.0
    radius = Angle(radians: asin(earth / (earth + max(altitude.metres, 0))))
  }

  /// Fermi's orbit has been 500 to 560 km high; 30 km change the radius by 0.4 degrees.
  static let fermiAltitude = Length.metres(535_000)

  public func hides(_ direction: Direction<ICRS>) -> Bool {
    direction.separation(from: center) < radius
  }
}
