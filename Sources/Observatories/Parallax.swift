import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension Telescope.MPCPosition {
  /// WGS84 equatorial radius (NIMA TR8350.2, table 3.1), in metres.
  static let equatorialRadius = 6_378_137.0
  /// WGS84 flattening.
  static let flattening = 1 / 298.257223563

  /// The geodetic position the constants stand for, on the WGS84 ellipsoid.
  ///
  /// The Minor Planet Center lists the distance from the rotation axis and from the equator's plane in
  /// Earth radii. Bowring 1976 (Survey Review 23, 323), iterated three times: exact to a micrometre. The
  /// height is ellipsoidal: heights above the sea differ by up to 100 m.
  public var geodetic: GeodeticPosition {
    let a = Self.equatorialRadius
    let f = Self.flattening
    let b = a * (1 - f)
    let e2 = f * (2 - f)
    let p = a * rhoCosPhi
    let z = a * rhoSinPhi
    var reduced = atan2(z, p * (1 - f))
    var latitude = 0.0
    for _ in 0..<3 {
      let (s, c) = (sin(reduced), cos(reduced))
      latitude = atan2(z + e2 / (1 - e2) * b * s * s * s, p - e2 * a * c * c * c)
      reduced = atan2((1 - f) * sin(latitude), cos(latitude))
    }
    let s = sin(latitude)
    let normal = a / (1 - e2 * s * s).squareRoot()
    // Stable at the equator and at the poles alike.
    let height = p * cos(latitude) + z * s - normal * (1 - e2 * s * s)
    return GeodeticPosition(
      latitude: Angle(radians: latitude), longitude: longitude.wrapped, height: .metres(height))
  }

  /// How far off the position may be because the constants are rounded.
  public var rounding: Length {
    .metres(0.5 * pow(10, -Double(decimals)) * Self.equatorialRadius * 2.0.squareRoot())
  }
}

extension GeodeticPosition {
  /// Distance over the ground, on a sphere of the Earth's mean radius: 0.5 % accurate.
  public func distance(to other: GeodeticPosition) -> Length {
    let here = Direction<Terrestrial>(longitude: longitude, latitude: latitude)
    let there = Direction<Terrestrial>(longitude: other.longitude, latitude: other.latitude)
    return .metres(here.separation(from: there).radians * 6_371_008.8)
  }
}

/// Earth-fixed: x toward longitude 0 on the equator, z toward the north pole.
private enum Terrestrial {}
