import Units

/// The outbox as a value: what is owed, in which state, and the rules by which states change.
///
/// It knows no clock, no disk and no network. A ledger that keeps entries on disk loads the ones an operation
/// can touch (see each operation), applies it, and stores `takeChanges()`: the rules are written once.
public struct Outbox: Sendable {
  public private(set) var entries: [DeliveryKey: OutboxEntry]
  public internal(set) var holds: [String: ChannelHold]
  /// Of the newest instance known: an older one is refused.
  public private(set) var epoch: Int64
  public let policy: OutboxPolicy
  private var changed: Set<DeliveryKey> = []
  private var news: [DeliveryNews] = []

  public init(
    _ entries: [OutboxEntry] = [], holds: [ChannelHold] = [], epoch: Int64 = 0,
    policy: OutboxPolicy = OutboxPolicy()
  ) {
    self.entries = Dictionary(entries.map { ($0.key, $0) }, uniquingKeysWith: { _, last in last })
    self.holds = Dictionary(holds.map { ($0.channel, $0) }, uniquingKeysWith: { _, last in last })
    self.epoch = epoch
    self.policy = policy
  }

  /// Whether `enqueue` made something new.
  public enum Entry: Hashable, Sendable { case added, repeated }

  /// Takes a delivery in. Older unsent ones in its slot are superseded; what they were needed for, too.
  ///
  /// Touches: the same key; the slot; the needs and theirs; whatever needs the slot's.
  /// - Parameter mayHaveBeenSent: whether the far side is to be asked before the first send, because records
  ///   of earlier sends may be lost.
  @discardableResult
  public mutating func enqueue(
    _ delivery: Delivery, sequence: Int64, mayHaveBeenSent: Bool = false, at now: Instant
  ) throws(DeliveryError) -> Entry {
    if let known = entries[delivery.key] {
      guard known.digest == delivery.digest else {
        throw .digestDiffers(delivery.key, stored: known.digest, given: delivery.digest)
      }
      return .repeated
    }
    for need in delivery.needs where entries[need] == nil {
      throw .unknownNeed(delivery.key, need: need)
    }
    let entry = OutboxEntry(delivery, sequence: sequence, at: now)
    entries[entry.key] = entry
    changed.insert(entry.key)
    news.append(.added(entry))
    let needed = ancestors(of: entry)
    for mate in mates(of: entry) where mate.sequence < sequence && !needed.contains(mate.key) {
      if mate.state == .ready {
        move(mate.key, to: .superseded, at: now, reason: "\(entry.key) took its place")
      }
    }
    if let failed = failedNeed(of: entry) {
      block(entry.key, by: failed, at: now)
    } else if mayHaveBeenSent {
      move(entry.key, to: .ambiguous, at: now, reason: "may have been sent before the store was restored")
    }
    return .added
  }

  /// Takes back what was not sent. What is under way is not sent again should it not have arrived.
  /// - Returns: whether it surely stays unsent.
  @discardableResult
  public mutating func withdraw(
    _ key: DeliveryKey, reason: String, at now: Instant
  ) throws(DeliveryError) -> Bool {
    guard let entry = entries[key] else { throw .unknownDelivery(key) }
    switch entry.state {
    case .ready:
      move(key, to: .superseded, at: now, reason: reason)
      return true
    case .inFlight, .ambiguous:
      update(key) { $0.withdrawal = reason }
      return false
    case .expired, .superseded: return true
    case .done, .dead, .parked: return false
    }
  }

  /// Starts a new reign: whatever an earlier one left in flight may have arrived.
  ///
  /// Touches: everything in flight.
  public mutating func recover(epoch new: Int64, at now: Instant) throws(DeliveryError) {
    guard new >= epoch else { throw .fenced(current: epoch, given: new) }
    epoch = new
    for entry in inOrder where entry.state == .inFlight && entry.epoch < new {
      becomeAmbiguous(entry.key, reason: "the process ended during the call", at: now)
    }
    // Whoever renewed a token starts the program again: it is tried at once.
    for (channel, hold) in holds where hold.probe > now { holds[channel]?.probe = now }
  }

  /// What changed since the last call, and the news of it.
  public mutating func takeChanges() -> (entries: [OutboxEntry], news: [DeliveryNews]) {
    defer {
      changed = []
      news = []
    }
    return (changed.compactMap { entries[$0] }.sorted { $0.sequence < $1.sequence }, news)
  }

  /// Channels for which `entries` may have opened something.
  public func channels(touchedBy changes: [OutboxEntry]) -> Set<String> {
    let keys = Set(changes.map(\.key))
    var touched = Set(changes.map(\.channel))
    for entry in entries.values where entry.needs.contains(where: keys.contains) {
      touched.insert(entry.channel)
    }
    return touched
  }
}

// MARK: - Steps shared by the operations

extension Outbox {
  var inOrder: [OutboxEntry] { entries.values.sorted { $0.sequence < $1.sequence } }

  func check(_ given: Int64) throws(DeliveryError) {
    guard given == epoch else { throw .fenced(current: epoch, given: given) }
  }

  mutating func say(_ item: DeliveryNews) { news.append(item) }

  mutating func update(_ key: DeliveryKey, _ change: (inout OutboxEntry) -> Void) {
    guard var entry = entries[key] else { return }
    change(&entry)
    entries[key] = entry
    changed.insert(key)
  }

  /// The one place where states change; failures reach what needs the failed one.
  mutating func move(
    _ key: DeliveryKey, to state: DeliveryState, at now: Instant, reason: String? = nil,
    _ more: (inout OutboxEntry) -> Void = { _ in }
  ) {
    guard let before = entries[key] else { return }
    update(key) { entry in
      entry.state = state
      entry.since = now
      entry.reason = reason
      more(&entry)
    }
    guard let entry = entries[key] else { return }
    if state != .inFlight, state != before.state { news.append(.changed(entry, from: before.state)) }
    if state.isFailure {
      for other in inOrder where other.needs.contains(key) && (other.state == .ready || other.isUntried) {
        block(other.key, by: entry, at: now)
      }
    }
  }

  /// What needs something superseded is itself of no use; what needs something that failed cannot be done.
  private mutating func block(_ key: DeliveryKey, by failed: OutboxEntry, at now: Instant) {
    let why = failed.reason.map { ": \($0)" } ?? ""
    move(
      key, to: failed.state == .superseded ? .superseded : .dead, at: now,
      reason: "needs \(failed.key), which is \(failed.state.rawValue)\(why)"
    ) { $0.blockedBy = failed.key }
  }

  mutating func becomeAmbiguous(_ key: DeliveryKey, reason: String, at now: Instant) {
    // What was sent lands at most a deadline and the settling time after the call began, also when the
    // caller died at once. (The start may lie in the future if the date was set back.)
    let begun = entries[key].map { min($0.since, now) } ?? now
    move(key, to: .ambiguous, at: now, reason: reason) { [policy] entry in
      entry.readBacks = 0
      entry.next = max(now, begun + policy.deadline) + policy.settle
    }
  }

  /// It surely did not arrive: it is owed again unless something made it pointless meanwhile.
  mutating func owe(_ key: DeliveryKey, from next: Instant, reason: String, at now: Instant) {
    guard let entry = entries[key] else { return }
    if let withdrawal = entry.withdrawal {
      move(key, to: .superseded, at: now, reason: withdrawal)
    } else if let newer = successor(of: entry) {
      move(key, to: .superseded, at: now, reason: "\(newer.key) took its place")
    } else if entry.isExpired(at: now) {
      move(key, to: .expired, at: now, reason: reason)
    } else if let failed = failedNeed(of: entry) {
      block(key, by: failed, at: now)
    } else {
      move(key, to: .ready, at: now, reason: reason) { $0.next = next }
    }
  }

  func mates(of entry: OutboxEntry) -> [OutboxEntry] {
    entry.slot == nil ? [] : inOrder.filter { $0.shares(slotOf: entry) }
  }

  /// The newest one in its slot that does not need it.
  func successor(of entry: OutboxEntry) -> OutboxEntry? {
    mates(of: entry).last { $0.sequence > entry.sequence && !ancestors(of: $0).contains(entry.key) }
  }

  private func failedNeed(of entry: OutboxEntry) -> OutboxEntry? {
    entry.needs.lazy.compactMap { entries[$0] }.first(where: \.state.isFailure)
  }

  /// Everything it needs, directly or not.
  func ancestors(of entry: OutboxEntry) -> Set<DeliveryKey> {
    var found: Set<DeliveryKey> = []
    var open = entry.needs
    while let key = open.popLast() {
      if found.insert(key).inserted { open += entries[key]?.needs ?? [] }
    }
    return found
  }
}

extension DeliveryState {
  /// It ended without reaching the far side.
  var isFailure: Bool { self == .dead || self == .expired || self == .superseded }
}
