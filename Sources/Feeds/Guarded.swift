import Foundation

/// A value that is only reached while its lock is held. On NSLock, whose locking the thread sanitizer sees.
final class Guarded<State>: @unchecked Sendable {
  private let lock = NSLock()
  private var state: State

  init(_ state: sending State) { self.state = state }

  func withLock<Result, Failure: Error>(
    _ body: (inout State) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    lock.lock()
    defer { lock.unlock() }
    return try body(&state)
  }
}

/// A wish to stop, made once from anywhere.
final class StopFlag: Sendable {
  private let raised = Guarded(false)

  var isRaised: Bool { raised.withLock { $0 } }
  func raise() { raised.withLock { $0 = true } }

  /// Sleeps, but not long past a stop: in short steps, which needs no task to be woken.
  func sleep(for duration: Duration) async {
    let clock = ContinuousClock()
    let end = clock.now + duration
    while !isRaised, !Task.isCancelled, clock.now < end {
      // A cancelled sleep ends early, which is what cancelling is for.
      try? await Task.sleep(for: min(end - clock.now, .milliseconds(50)))
    }
  }
}

/// Waits that double up to a limit, with jitter so that many do not come at once.
public struct FeedBackoff: Hashable, Sendable {
  public var first: Duration
  public var limit: Duration

  public init(first: Duration, limit: Duration) {
    self.first = first
    self.limit = limit
  }

  /// - Parameters:
  ///   - attempt: 1 after the first failure.
  ///   - jitter: 0...1; the wait lies between a half and the whole.
  func delay(attempt: Int, jitter: Double = Double.random(in: 0...1)) -> Duration {
    let doublings = min(max(attempt, 1) - 1, 30)
    let whole = min(first * (1 << doublings), limit)
    return whole * (0.5 + 0.5 * jitter)
  }
}
