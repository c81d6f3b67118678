import Units

/// What a call came to.
public enum CallResult: Hashable, Sendable {
  case sent(SendOutcome)
  case asked(ReadBack)
}

extension Outbox {
  /// Takes in the end of a call.
  ///
  /// Touches: the entry, its slot, its needs, and whatever needs it.
  /// - Parameters:
  ///   - attempt: the `attempts` of the entry when the call began: the end of an earlier call is refused.
  ///   - jitter: uniform in 0..<1, for the back-off.
  public mutating func settle(
    _ key: DeliveryKey, attempt: Int, with result: CallResult, epoch: Int64, at now: Instant,
    jitter: Fraction
  ) throws(DeliveryError) {
    try check(epoch)
    guard let entry = entries[key] else { throw .unknownDelivery(key) }
    switch result {
    case .sent(let outcome):
      guard entry.state == .inFlight, entry.attempts == attempt, entry.epoch == epoch else {
        throw .stale(key, entry.state)
      }
      settle(entry, outcome, at: now, jitter)
    case .asked(let answer):
      guard entry.state == .ambiguous, entry.attempts == attempt else { throw .stale(key, entry.state) }
      settle(entry, answer, at: now, jitter)
    }
  }

  private mutating func settle(
    _ entry: OutboxEntry, _ outcome: SendOutcome, at now: Instant, _ jitter: Fraction
  ) {
    switch outcome {
    case .confirmed(let receipt):
      resume(channel: entry.channel)
      move(entry.key, to: .done, at: now) { $0.receipt = receipt }
    case .unsent(let reason, let after):
      let retry = now + policy.backoff.delay(afterAttempt: entry.attempts, jitter: jitter)
      owe(entry.key, from: after.map { max($0, retry) } ?? retry, reason: reason, at: now)
    case .ambiguous(let reason):
      becomeAmbiguous(entry.key, reason: reason, at: now)
    case .refused(let reason):
      resume(channel: entry.channel)
      move(entry.key, to: .dead, at: now, reason: reason)
    case .halted(let reason):
      if holds[entry.channel] == nil {
        let hold = ChannelHold(
          channel: entry.channel, reason: reason, since: now, probe: now + policy.probe)
        holds[entry.channel] = hold
        say(.held(hold))
      }
      owe(entry.key, from: now, reason: reason, at: now)
    }
  }

  private mutating func settle(
    _ entry: OutboxEntry, _ answer: ReadBack, at now: Instant, _ jitter: Fraction
  ) {
    update(entry.key) { $0.readBacks += 1 }
    switch answer {
    case .present(let receipt):
      resume(channel: entry.channel)
      move(entry.key, to: .done, at: now) { $0.receipt = receipt }
    case .absent:
      resume(channel: entry.channel)
      let retry = now + policy.backoff.delay(afterAttempt: entry.attempts, jitter: jitter)
      owe(entry.key, from: retry, reason: "did not arrive: \(entry.reason ?? "")", at: now)
    case .unknown(let reason, let final):
      if final {
        let why = entry.reason.map { "\($0); " } ?? ""
        move(entry.key, to: .parked, at: now, reason: "may have arrived: \(why)\(reason)")
      } else {
        let wait = policy.readBackBackoff.delay(afterAttempt: entry.readBacks + 1, jitter: jitter)
        update(entry.key) { $0.next = now + wait }
      }
    }
  }

  /// Lets go at once what waits by back-off alone; the most urgent then goes first.
  ///
  /// Touches: the entries.
  public mutating func hasten(
    _ keys: Set<DeliveryKey>, epoch: Int64, at now: Instant
  ) throws(DeliveryError) {
    try check(epoch)
    for key in keys where entries[key]?.state == .ready && now < entries[key]?.next ?? now {
      update(key) { $0.next = now }
    }
  }

  /// Lets a halted channel go on.
  public mutating func resume(channel: String) {
    if holds.removeValue(forKey: channel) != nil { say(.resumed(channel: channel)) }
  }
}

/// What a person may do with a delivery.
public enum PersonalRuling: Hashable, Sendable {
  /// Send it (again). What failed because of it comes back too.
  case retry
  /// It is at the far side.
  case confirm(receipt: String)
  /// Forget it.
  case drop
}

extension Outbox {
  /// Carries out what a person decided.
  ///
  /// Touches: the entry, its slot, its needs, and whatever needs it.
  /// - Parameter role: who, for the record: a role, never a name.
  public mutating func rule(
    _ ruling: PersonalRuling, on key: DeliveryKey, role: String, at now: Instant
  ) throws(DeliveryError) {
    guard let entry = entries[key] else { throw .unknownDelivery(key) }
    func refuse(_ reason: String) -> DeliveryError { .notPossible(key, entry.state, reason: reason) }
    guard entry.state != .inFlight else { throw refuse("a call is under way") }
    switch ruling {
    case .retry:
      guard entry.state == .parked || entry.state == .dead else {
        throw refuse("only what is parked or dead is sent again")
      }
      guard !entry.isExpired(at: now) else { throw refuse("it expired") }
      if let newer = successor(of: entry) { throw refuse("\(newer.key) took its place") }
      for need in entry.needs where entries[need]?.state.isFailure ?? true { throw refuse("needs \(need)") }
      revive(key, reason: "sent again by \(role)", at: now)
    case .confirm(let receipt):
      guard entry.state != .done else { throw refuse("it is done") }
      move(key, to: .done, at: now, reason: "confirmed by \(role)") { $0.receipt = receipt }
      for other in blocked(by: key) { revive(other, reason: "\(key) is done", at: now) }
    case .drop:
      guard entry.state == .ready || entry.state == .ambiguous || entry.state == .parked else {
        throw refuse("there is nothing to drop")
      }
      move(key, to: .dead, at: now, reason: "dropped by \(role)")
    }
  }

  private func blocked(by key: DeliveryKey) -> [DeliveryKey] {
    inOrder.filter { $0.blockedBy == key && $0.state == .dead }.map(\.key)
  }

  private mutating func revive(_ key: DeliveryKey, reason: String, at now: Instant) {
    guard let entry = entries[key], !entry.isExpired(at: now), successor(of: entry) == nil else { return }
    for need in entry.needs where entries[need]?.state.isFailure ?? true { return }
    move(key, to: .ready, at: now, reason: reason) {
      $0.next = now
      $0.blockedBy = nil
      $0.withdrawal = nil
    }
    for other in blocked(by: key) { revive(other, reason: reason, at: now) }
  }
}
