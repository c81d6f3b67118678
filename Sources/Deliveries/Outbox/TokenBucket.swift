import Units

/// Allows `burst` calls at once and `perSecond` on average. Time is given, so tests need no clock.
public struct TokenBucket: Hashable, Sendable {
  public let perSecond: Double
  public let burst: Int
  fileprivate var tokens: Double
  private var filled: Duration

  /// - Parameter uptime: of a clock that never goes back.
  /// - Returns: nil if the rate is not finite or below 1e-6 (one in 12 days), or the burst below 1.
  public init?(perSecond: Double, burst: Int, at uptime: Duration) {
    guard perSecond >= 1e-6, perSecond.isFinite, burst >= 1 else { return nil }
    self.perSecond = perSecond
    self.burst = burst
    tokens = Double(burst)
    filled = uptime
  }

  /// How long until a call is allowed; zero when it is.
  public mutating func wait(at uptime: Duration) -> Duration {
    let elapsed = (uptime - filled).seconds
    if elapsed > 0 {
      tokens = min(Double(burst), tokens + elapsed * perSecond)
      filled = uptime
    }
    // Rounding must not leave a caller waiting for a sliver of a token for ever.
    return tokens >= 1 - 1e-9 ? .zero : .seconds((1 - tokens) / perSecond)
  }

  /// Takes one token; the level may fall below zero only by rounding.
  public mutating func take(at uptime: Duration) {
    _ = wait(at: uptime)
    tokens -= 1
  }
}

extension TokenBucket {
  /// Returns a token that was not used.
  mutating func giveBack() { tokens = min(Double(burst), tokens + 1) }
}
