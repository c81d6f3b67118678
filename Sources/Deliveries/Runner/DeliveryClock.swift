import Units

/// The time, as the runner is given it.
public protocol DeliveryClock: Sendable {
  /// The date; it may jump.
  func now() -> Instant
  /// Time since an arbitrary origin; it never goes back and goes on while the process is paused.
  func uptime() -> Duration
  /// Throws only when the task is cancelled.
  func sleep(for duration: Duration) async throws
}
