import Units

/// Lowest usable altitude by azimuth, linear between the points and closed around the circle.
public struct HorizonMask: Sendable, Hashable {
  public struct Point: Sendable, Hashable {
    public let azimuth: Angle
    public let altitude: Angle
    /// - Parameter azimuth: from north toward east.
    public init(azimuth: Angle, altitude: Angle) {
      self.azimuth = azimuth
      self.altitude = altitude
    }
  }
  /// By increasing azimuth in [0, 360).
  public let points: [Point]

  /// Any order; nil when empty or when an azimuth repeats.
  public init?(_ points: [Point]) {
    let sorted = points.map { Point(azimuth: $0.azimuth.normalized, altitude: $0.altitude) }
      .sorted { $0.azimuth < $1.azimuth }
    guard !sorted.isEmpty, zip(sorted, sorted.dropFirst()).allSatisfy({ $0.azimuth < $1.azimuth }) else {
      return nil
    }
    self.points = sorted
  }

  public func altitude(atAzimuth azimuth: Angle) -> Angle {
    let a = azimuth.normalized.radians
    let next = points.firstIndex { $0.azimuth.radians > a } ?? points.count
    let (p, q) = (points[(next + points.count - 1) % points.count], points[next % points.count])
    var span = q.azimuth.radians - p.azimuth.radians
    var along = a - p.azimuth.radians
    if span <= 0 { span += 2 * .pi }
    if along < 0 { along += 2 * .pi }
    return Angle(radians: p.altitude.radians + (q.altitude.radians - p.altitude.radians) * along / span)
  }
}
