import Units

/// Exponential back-off with full jitter (M. Brooker, "Exponential backoff and jitter", AWS Architecture
/// Blog, 2015): a uniform random time between nothing and a ceiling that doubles with every attempt.
public struct Backoff: Hashable, Sendable {
  /// The ceiling after the first attempt.
  public let base: Duration
  /// The ceiling never grows beyond.
  public let cap: Duration

  public init(base: Duration, cap: Duration) {
    self.base = base
    self.cap = cap
  }

  /// The longest wait after `attempt` attempts, counted from 1.
  public func ceiling(afterAttempt attempt: Int) -> Duration {
    // 2^62 of anything is beyond every cap; larger powers would overflow.
    let factor = Double(1 << min(62, max(0, attempt - 1)))
    return min(.seconds(min(base.seconds * factor, cap.seconds)), cap)
  }

  public func delay(afterAttempt attempt: Int, jitter: Fraction) -> Duration {
    .seconds(ceiling(afterAttempt: attempt).seconds * jitter.value)
  }
  public func delay(afterAttempt attempt: Int, using generator: inout some RandomNumberGenerator) -> Duration
  {
    delay(afterAttempt: attempt, jitter: .random(using: &generator))
  }
}

extension Fraction {
  /// Uniform in 0..<1.
  public static func random(using generator: inout some RandomNumberGenerator) -> Fraction {
    Fraction(clamping: Double.random(in: 0..<1, using: &generator))
  }
}

/// The times the outbox works by.
public struct OutboxPolicy: Hashable, Sendable {
  /// Between attempts to send.
  public var backoff = Backoff(base: .seconds(2), cap: .seconds(300))
  /// Between questions to the far side.
  public var readBackBackoff = Backoff(base: .seconds(4), cap: .seconds(60))
  /// From the deadline of a call with an ambiguous end to the first question. A far side that takes longer
  /// to store what it was sent is not protected from a second copy unless it knows the key.
  public var settle: Duration = .seconds(5)
  /// How long an ambiguous delivery is asked for before it is left to a person.
  public var ambiguityLimit: Duration = .hours(25)
  /// The same when something newer waits behind it in its slot.
  public var slotPatience: Duration = .minutes(15)
  /// Between trials of a channel that was halted.
  public var probe: Duration = .minutes(15)
  /// Of one call.
  public var deadline: Duration = .seconds(10)
  /// What a cancelled call has to come back.
  public var grace: Duration = .seconds(2)

  public init() {}
}
