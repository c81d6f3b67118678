import Units

/// A rate limit as a state machine: time goes in, the wait comes out.
///
/// It holds at most `capacity` tokens and gains `refillPerSecond` a second. Whoever takes one from an
/// empty bucket goes into its debt and learns how long to wait; waiters are therefore served in the
/// order in which they asked, and in any stretch of t seconds at most capacity + t x refill leave.
public struct TokenBucket: Hashable, Sendable {
  public let capacity: Int
  public let refillPerSecond: Double
  private var tokens: Double
  private var updated: Instant

  /// A full bucket.
  /// - Parameters:
  ///   - capacity: how many may leave at once, at least 1.
  ///   - refillPerSecond: finite and above zero.
  ///   - now: on any clock, as long as it is the one `take` gets.
  /// - Returns: nil when a parameter is out of range.
  public init?(capacity: Int, refillPerSecond: Double, now: Instant) {
    guard capacity >= 1, refillPerSecond.isFinite, refillPerSecond > 0 else { return nil }
    self.capacity = capacity
    self.refillPerSecond = refillPerSecond
    tokens = Double(capacity)
    updated = now
  }

  /// Takes one token and says how long to wait before using it; zero means now.
  /// A clock that went backwards adds nothing.
  public mutating func take(now: Instant) -> Duration {
    refill(now: now)
    tokens -= 1
    return tokens >= 0 ? .zero : .seconds(-tokens / refillPerSecond)
  }

  /// Returns a token that was taken and will not be used.
  public mutating func giveBack() { tokens = min(tokens + 1, Double(capacity)) }

  private mutating func refill(now: Instant) {
    guard now > updated else { return }
    tokens = min(tokens + now.seconds(since: updated) * refillPerSecond, Double(capacity))
    updated = now
  }
}

/// A token bucket's parameters, for one host.
public struct RateLimit: Hashable, Sendable {
  public let capacity: Int
  public let perSecond: Double

  /// - Returns: nil unless capacity is at least 1 and the rate finite and above zero.
  public init?(capacity: Int, perSecond: Double) {
    guard TokenBucket(capacity: capacity, refillPerSecond: perSecond, now: Instant(tai: 0)) != nil
    else { return nil }
    self.capacity = capacity
    self.perSecond = perSecond
  }

  /// ICARE refuses above 5 requests a second for a token: 4 leave room for people.
  public static let icare = RateLimit(capacity: 4, perSecond: 4)!
}
