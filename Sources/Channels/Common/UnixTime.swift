import Units

extension Instant {
  /// POSIX time of 2000-01-01T12:00:00, if TAI and UTC were the same.
  private static let epoch: Int64 = 946_728_000

  /// Seconds of POSIX time, which counts no leap seconds, rounded down.
  var unixSeconds: Int64 {
    let floor = tai / 1_000_000_000 - (tai % 1_000_000_000 < 0 ? 1 : 0)
    return Self.epoch + floor - taiMinusUTC.components.seconds
  }

  /// - Parameter unixSeconds: within 1972...2290; nil otherwise.
  init?(unixSeconds: Int64) {
    guard (63_072_000...10_098_000_000).contains(unixSeconds) else { return nil }
    let utc = unixSeconds - Self.epoch
    let offset = Instant(tai: (utc + 10) * 1_000_000_000).taiMinusUTC.components.seconds
    // Just after a leap second the guess lies before it; the leap second itself has no POSIX time of its own.
    let next = Instant(tai: (utc + offset + 1) * 1_000_000_000)
    self = next.unixSeconds == unixSeconds ? next : Instant(tai: (utc + offset) * 1_000_000_000)
  }
}
