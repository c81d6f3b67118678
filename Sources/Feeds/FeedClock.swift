import Glibc
import Units

/// The two clocks a feed needs. Dates may jump; `uptime` never does, so silence and patience are counted
/// by it.
public struct FeedClock: Sendable {
  public var now: @Sendable () -> Instant
  /// From an arbitrary origin.
  public var uptime: @Sendable () -> Duration

  public init(now: @escaping @Sendable () -> Instant, uptime: @escaping @Sendable () -> Duration) {
    self.now = now
    self.uptime = uptime
  }

  public static let system = FeedClock(
    now: {
      let time = read(CLOCK_REALTIME)
      return Instant(unixNanoseconds: Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
    },
    uptime: {
      let time = read(CLOCK_MONOTONIC)
      return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
    })

  private static func read(_ clock: clockid_t) -> timespec {
    var time = timespec()
    clock_gettime(clock, &time)
    return time
  }

  /// Milliseconds of POSIX time: what Kafka counts the life of tokens in, by the system's own clock.
  static var unixMilliseconds: Int64 {
    let time = read(CLOCK_REALTIME)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}

extension Instant {
  /// - Parameter unixNanoseconds: POSIX time (UTC without leap seconds). Before 1972 becomes 1972.
  init(unixNanoseconds: Int64) {
    let day: Int64 = 86_400_000_000_000
    // The first day whose UTC is defined, as the modified Julian date 41317 is 1972-01-01.
    let clamped = max(unixNanoseconds, 730 * day)
    let midnight = Instant(mjdUTC: Double(40_587 + clamped / day)) ?? Instant(tai: 0)
    self.init(tai: midnight.tai + clamped % day)
  }

  /// - Parameter unixMilliseconds: as Kafka stamps messages; nil for its -1 and anything before 1972 or
  ///   after 2200.
  init?(unixMilliseconds: Int64) {
    guard (63_072_000_000...7_258_118_400_000).contains(unixMilliseconds) else { return nil }
    self.init(unixNanoseconds: unixMilliseconds * 1_000_000)
  }
}
