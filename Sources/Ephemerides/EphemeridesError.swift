import Units

/// Why a place, a table or a stretch of time cannot be used.
public enum EphemeridesError: Error, Hashable, Sendable {
  /// Latitude outside -90...90 degrees, a height outside -1...100 km, or not a number.
  case notOnEarth(GeodeticPosition)
  /// Longer than `Ephemeris.longestWindow`.
  case windowTooLong(Duration, limit: Duration)
  /// Columns of different length, fewer than two rows, a step that is not positive, or values no
  /// rotation of the Earth has (|UT1 - TAI| over 1000 s, a pole over 2 arcsec away).
  case earthOrientationTable(String)
}

extension EphemeridesError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notOnEarth(let p):
      "not a place on Earth: latitude \(p.latitude.degrees) deg, longitude \(p.longitude.degrees) deg, "
        + "height \(p.height.metres) m"
    case .windowTooLong(let length, let limit):
      "a window of \(length.seconds / 86_400) days is longer than the \(limit.seconds / 86_400) allowed"
    case .earthOrientationTable(let what):
      "Earth-orientation table: \(what)"
    }
  }
}
