import Deliveries
import Feeds
import Foundation
import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The time of the service: the machine's, or one that a replay moves by itself.
public struct ServiceClock: DeliveryClock {
  private let date: @Sendable () -> Instant
  private let steady: @Sendable () -> Duration

  public init(now: @escaping @Sendable () -> Instant, uptime: @escaping @Sendable () -> Duration) {
    date = now
    steady = uptime
  }

  public static let system = ServiceClock(
    now: {
      let t = Date().timeIntervalSince1970
      return Instant(mjdUTC: 40_587 + t / 86_400) ?? Instant(tai: 0)
    },
    uptime: {
      var time = timespec()
      clock_gettime(CLOCK_BOOTTIME, &time)
      return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    })

  /// The machine's clock set to another date at once, and running on from there: for drills and replays.
  public static func starting(at start: Instant) -> ServiceClock {
    let origin = system.uptime()
    return ServiceClock(now: { start + (system.uptime() - origin) }, uptime: system.steady)
  }

  public func now() -> Instant { date() }
  public func uptime() -> Duration { steady() }
  public func sleep(for duration: Duration) async throws { try await Task.sleep(for: duration) }

  var feedClock: FeedClock { FeedClock(now: date, uptime: steady) }
}
