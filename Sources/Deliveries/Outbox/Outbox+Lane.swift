import Units

/// The path of one channel out of the outbox.
public struct Lane: Hashable, Sendable {
  public let channel: String
  public let acceptsMocks: Bool
  /// Calls at the same time.
  public let width: Int
  /// Deliveries the far side is being asked about just now.
  public var asking: Set<DeliveryKey>

  /// - Parameter width: at least 1; less is taken as 1.
  public init(channel: String, acceptsMocks: Bool, width: Int = 1, asking: Set<DeliveryKey> = []) {
    self.channel = channel
    self.acceptsMocks = acceptsMocks
    self.width = max(1, width)
    self.asking = asking
  }
}

/// What a lane is to do next.
public enum LaneChoice: Hashable, Sendable {
  /// The entry is in flight now: send it.
  case send(OutboxEntry)
  case readBack(OutboxEntry)
  /// Nothing before then, as far as time decides; nil when only a change can bring something.
  case idle(until: Instant?)
}

extension Outbox {
  /// Chooses and claims the next step of a lane: the most urgent, among equals the oldest.
  ///
  /// Touches: everything open in the channel, its needs, the slots of both, and, if `hasOverdue`, whatever
  /// needs any of it.
  public mutating func next(on lane: Lane, epoch: Int64, at now: Instant) throws(DeliveryError) -> LaneChoice
  {
    try check(epoch)
    for entry in inOrder where entry.channel == lane.channel { tidy(entry, on: lane, at: now) }
    let open = entries.values.filter { $0.channel == lane.channel && $0.state.isOpen }
    var flying = 0
    for entry in open where entry.state == .inFlight { flying += 1 }
    let busy = flying + lane.asking.count
    if let hold = holds[lane.channel], hold.since <= now {
      guard hold.probe <= now, busy == 0 else { return .idle(until: wake(open, hold: hold, at: now)) }
    }
    guard busy < lane.width else { return .idle(until: wake(open, hold: nil, at: now)) }
    for entry in ranked(open) where entry.due(at: now) <= now {
      // Without the receipts of its needs a far side may not know where to look.
      if entry.state == .ambiguous, !lane.asking.contains(entry.key), hasNeeds(entry) {
        delayProbe(of: lane.channel, at: now)
        return .readBack(entry)
      }
      if entry.state == .ready, isFree(entry) {
        delayProbe(of: lane.channel, at: now)
        move(entry.key, to: .inFlight, at: now) {
          $0.attempts += 1
          $0.epoch = epoch
        }
        return .send(entries[entry.key] ?? entry)
      }
    }
    return .idle(until: wake(open, hold: nil, at: now))
  }

  /// Ends what waited too long in any channel, also in those that no lane serves.
  ///
  /// Touches: everything open, and whatever needs it.
  public mutating func sweep(epoch: Int64, at now: Instant) throws(DeliveryError) {
    try check(epoch)
    for entry in inOrder { tidy(entry, on: nil, at: now) }
  }

  /// Whether an entry of a channel is to end without a call: then the ledger must load what needs it.
  public func hasOverdue(on lane: Lane, at now: Instant) -> Bool {
    entries.values.contains { $0.channel == lane.channel && fate(of: $0, on: lane, at: now) != nil }
  }

  private func fate(of entry: OutboxEntry, on lane: Lane?, at now: Instant) -> (DeliveryState, String)? {
    switch entry.state {
    case .ready:
      if entry.isMock, let lane, !lane.acceptsMocks {
        return (.dead, "a mock, test or drill never leaves through \(entry.channel)")
      }
      guard entry.isExpired(at: now) else { return nil }
      let last = entry.reason.map { "; last: \($0)" } ?? ""
      return (.expired, "not sent in time after \(entry.attempts) attempts\(last)")
    case .ambiguous:
      if entry.since + policy.ambiguityLimit <= now {
        return (
          .parked, "may have arrived, and the far side did not say: \(entry.reason ?? "no reason known")"
        )
      }
      // While the channel is held the newer one waits for the channel, not for this one.
      guard entry.since + policy.slotPatience <= now, entry.readBacks >= 3, holds[entry.channel] == nil,
        let newer = successor(of: entry)
      else { return nil }
      return (.parked, "may have arrived; \(newer.key) no longer waits for it: \(entry.reason ?? "")")
    default: return nil
    }
  }

  private mutating func tidy(_ entry: OutboxEntry, on lane: Lane?, at now: Instant) {
    // An earlier step of the same sweep may have ended it already.
    guard let current = entries[entry.key], let (state, reason) = fate(of: current, on: lane, at: now) else {
      return
    }
    move(entry.key, to: state, at: now, reason: reason)
  }

  /// All it needs is done and nothing older in its slot is still in the open.
  private func isFree(_ entry: OutboxEntry) -> Bool {
    guard hasNeeds(entry) else { return false }
    guard entry.slot != nil else { return true }
    return !entries.values.contains {
      $0.shares(slotOf: entry) && $0.sequence < entry.sequence && $0.state.isUnresolved
    }
  }

  private func hasNeeds(_ entry: OutboxEntry) -> Bool {
    entry.needs.allSatisfy { entries[$0]?.state == .done }
  }

  /// The most urgent first, among equals the oldest. What others need is as urgent as the most urgent of them:
  /// a STOP must not wait because the event it is about was no more than news when it was queued.
  private func ranked(_ open: [OutboxEntry]) -> [OutboxEntry] {
    var pressing: [DeliveryKey: Int] = [:]
    for entry in open where !entry.needs.isEmpty {
      var waitsFor = entry.needs
      while let key = waitsFor.popLast() {
        guard let need = entries[key], need.state.isOpen, pressing[key] ?? need.urgency < entry.urgency else {
          continue
        }
        pressing[key] = entry.urgency
        waitsFor += need.needs
      }
    }
    return open.map { (entry: $0, urgency: pressing[$0.key] ?? $0.urgency) }
      .sorted { ($1.urgency, $0.entry.sequence) < ($0.urgency, $1.entry.sequence) }.map(\.entry)
  }

  private mutating func delayProbe(of channel: String, at now: Instant) {
    holds[channel]?.probe = now + policy.probe
  }

  private func wake(_ open: [OutboxEntry], hold: ChannelHold?, at now: Instant) -> Instant? {
    var times: [Instant] = []
    for entry in open {
      if entry.state == .ready, let expires = entry.expires { times.append(expires) }
      if entry.state == .ambiguous {
        times += [entry.since + policy.slotPatience, entry.since + policy.ambiguityLimit]
      }
      let due = entry.due(at: now)
      if entry.state != .inFlight { times.append(hold.map { max($0.probe, due) } ?? due) }
    }
    return times.filter { $0 > now }.min()
  }
}
