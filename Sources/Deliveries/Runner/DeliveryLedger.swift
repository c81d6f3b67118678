import Units

/// A call that was claimed and is to be made.
public struct Claim: Hashable, Sendable {
  public let delivery: Delivery
  /// Of the deliveries it needs.
  public let receipts: [DeliveryKey: String]
  public let attempt: Int
  public let epoch: Int64

  public init(delivery: Delivery, receipts: [DeliveryKey: String], attempt: Int, epoch: Int64) {
    self.delivery = delivery
    self.receipts = receipts
    self.attempt = attempt
    self.epoch = epoch
  }
}

public enum LaneStep: Hashable, Sendable {
  case send(Claim)
  case readBack(Claim)
  /// Nothing before then; nil when only a change can bring something.
  case idle(until: Instant?)
}

/// Where the outbox is kept. Each operation is atomic and durable when it returns, and is refused with
/// `fenced` when a newer instance has taken over.
public protocol DeliveryLedger: Sendable {
  /// Fires the names of the channels that have something new to do.
  var changes: ChangeSignal { get }
  /// Everything an earlier instance left in flight becomes ambiguous.
  func recover(epoch: Int64, at now: Instant) async throws(DeliveryError) -> [DeliveryNews]
  /// Chooses the lane's next step; a delivery to send is in flight when this returns.
  func next(
    on lane: Lane, epoch: Int64, at now: Instant
  ) async throws(DeliveryError) -> (step: LaneStep, news: [DeliveryNews])
  /// Stores the end of a call.
  func settle(
    _ claim: Claim, with result: CallResult, at now: Instant, jitter: Fraction
  ) async throws(DeliveryError) -> [DeliveryNews]
  /// Lets go at once what waits by back-off alone.
  func hasten(_ keys: Set<DeliveryKey>, epoch: Int64, at now: Instant) async throws(DeliveryError)
  /// Ends what waited too long, in every channel.
  func sweep(epoch: Int64, at now: Instant) async throws(DeliveryError) -> [DeliveryNews]
  /// Channels with open deliveries, and how many.
  func openChannels() async throws(DeliveryError) -> [String: Int]
}

/// An outbox in memory: for tests, drills and dry runs. Lost when the process ends.
public actor MemoryLedger: DeliveryLedger {
  public nonisolated let changes = ChangeSignal()
  public private(set) var outbox: Outbox
  private var deliveries: [DeliveryKey: Delivery] = [:]
  private var sequence: Int64 = 0

  public init(policy: OutboxPolicy = OutboxPolicy()) { outbox = Outbox(policy: policy) }

  /// All or none.
  @discardableResult
  public func enqueue(_ batch: [Delivery], at now: Instant) throws(DeliveryError) -> [DeliveryNews] {
    var copy = outbox
    for (offset, delivery) in batch.enumerated() {
      try copy.enqueue(delivery, sequence: sequence + Int64(offset) + 1, at: now)
    }
    sequence += Int64(batch.count)
    for delivery in batch where deliveries[delivery.key] == nil { deliveries[delivery.key] = delivery }
    outbox = copy
    return publish()
  }

  @discardableResult
  public func withdraw(_ key: DeliveryKey, reason: String, at now: Instant) throws(DeliveryError) -> Bool {
    let unsent = try outbox.withdraw(key, reason: reason, at: now)
    _ = publish()
    return unsent
  }

  @discardableResult
  public func rule(
    _ ruling: PersonalRuling, on key: DeliveryKey, role: String, at now: Instant
  ) throws(DeliveryError) -> [DeliveryNews] {
    try outbox.rule(ruling, on: key, role: role, at: now)
    return publish()
  }

  public func recover(epoch: Int64, at now: Instant) throws(DeliveryError) -> [DeliveryNews] {
    try outbox.recover(epoch: epoch, at: now)
    return publish()
  }

  public func next(
    on lane: Lane, epoch: Int64, at now: Instant
  ) throws(DeliveryError) -> (step: LaneStep, news: [DeliveryNews]) {
    let choice = try outbox.next(on: lane, epoch: epoch, at: now)
    let news = publish()
    switch choice {
    case .send(let entry): return (.send(try claim(entry, epoch)), news)
    case .readBack(let entry): return (.readBack(try claim(entry, epoch)), news)
    case .idle(let until): return (.idle(until: until), news)
    }
  }

  public func settle(
    _ claim: Claim, with result: CallResult, at now: Instant, jitter: Fraction
  ) throws(DeliveryError) -> [DeliveryNews] {
    try outbox.settle(
      claim.delivery.key, attempt: claim.attempt, with: result, epoch: claim.epoch, at: now, jitter: jitter)
    return publish()
  }

  public func hasten(_ keys: Set<DeliveryKey>, epoch: Int64, at now: Instant) throws(DeliveryError) {
    try outbox.hasten(keys, epoch: epoch, at: now)
    _ = publish()
  }

  public func sweep(epoch: Int64, at now: Instant) throws(DeliveryError) -> [DeliveryNews] {
    try outbox.sweep(epoch: epoch, at: now)
    return publish()
  }

  public func openChannels() -> [String: Int] {
    outbox.entries.values.reduce(into: [:]) { counts, entry in
      if entry.state.isOpen { counts[entry.channel, default: 0] += 1 }
    }
  }

  private func claim(_ entry: OutboxEntry, _ epoch: Int64) throws(DeliveryError) -> Claim {
    guard let delivery = deliveries[entry.key] else { throw .unknownDelivery(entry.key) }
    let receipts = entry.needs.reduce(into: [DeliveryKey: String]()) { $0[$1] = outbox.entries[$1]?.receipt }
    return Claim(delivery: delivery, receipts: receipts, attempt: entry.attempts, epoch: epoch)
  }

  private func publish() -> [DeliveryNews] {
    let (entries, news) = outbox.takeChanges()
    var touched = outbox.channels(touchedBy: entries)
    for case .resumed(let channel) in news { touched.insert(channel) }
    changes.fire(touched)
    return news
  }
}
