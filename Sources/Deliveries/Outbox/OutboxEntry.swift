import Units

/// A delivery as the outbox keeps it: everything but the payload, and where it stands.
public struct OutboxEntry: Hashable, Sendable {
  /// The order in which deliveries were put into the outbox.
  public let sequence: Int64
  public let key: DeliveryKey
  public let channel: String
  public let kind: String
  public let digest: String
  public let event: String
  public let isMock: Bool
  public let notBefore: Instant
  public let expires: Instant?
  public let urgency: Int
  public let slot: String?
  public let needs: [DeliveryKey]

  public internal(set) var state: DeliveryState
  /// Sends begun.
  public internal(set) var attempts: Int
  /// Times the far side was asked since the last send.
  public internal(set) var readBacks: Int
  /// Nothing is done with it before.
  public internal(set) var next: Instant
  /// When it came into its state.
  public internal(set) var since: Instant
  /// Why it is in its state, for people.
  public internal(set) var reason: String?
  public internal(set) var receipt: String?
  /// The needed delivery whose failure made this one fail.
  public internal(set) var blockedBy: DeliveryKey?
  /// Set when it was withdrawn while a call was under way: it is not sent again.
  public internal(set) var withdrawal: String?
  /// Of the instance that called last.
  public internal(set) var epoch: Int64

  public init(_ delivery: Delivery, sequence: Int64, at now: Instant) {
    self.sequence = sequence
    key = delivery.key
    channel = delivery.channel
    kind = delivery.kind
    digest = delivery.digest
    event = delivery.event
    isMock = delivery.isMock
    notBefore = delivery.notBefore
    expires = delivery.expires
    urgency = delivery.urgency
    slot = delivery.slot
    needs = delivery.needs
    state = .ready
    attempts = 0
    readBacks = 0
    next = delivery.notBefore
    since = now
    epoch = 0
  }

  /// For ledgers: an entry as it was stored.
  public init(
    sequence: Int64, key: DeliveryKey, channel: String, kind: String, digest: String, event: String,
    isMock: Bool, notBefore: Instant, expires: Instant?, urgency: Int, slot: String?,
    needs: [DeliveryKey], state: DeliveryState, attempts: Int, readBacks: Int, next: Instant,
    since: Instant, reason: String?, receipt: String?, blockedBy: DeliveryKey?, withdrawal: String?,
    epoch: Int64
  ) {
    self.sequence = sequence
    self.key = key
    self.channel = channel
    self.kind = kind
    self.digest = digest
    self.event = event
    self.isMock = isMock
    self.notBefore = notBefore
    self.expires = expires
    self.urgency = urgency
    self.slot = slot
    self.needs = needs
    self.state = state
    self.attempts = attempts
    self.readBacks = readBacks
    self.next = next
    self.since = since
    self.reason = reason
    self.receipt = receipt
    self.blockedBy = blockedBy
    self.withdrawal = withdrawal
    self.epoch = epoch
  }

  /// When something can be done with it, as far as time alone decides.
  ///
  /// A clock that was set back leaves times of the future behind; waiting for them could take days, so an
  /// entry that changed "in the future" is due at once.
  func due(at now: Instant) -> Instant {
    let earliest = since > now ? min(next, now) : next
    return state == .ready ? max(earliest, notBefore) : earliest
  }
  /// Ambiguous by what is not known of the past, not by a call of ours.
  var isUntried: Bool { state == .ambiguous && attempts == 0 }
  func isExpired(at now: Instant) -> Bool { expires.map { $0 <= now } ?? false }
  func shares(slotOf other: OutboxEntry) -> Bool {
    slot != nil && slot == other.slot && channel == other.channel && key != other.key
  }
}

/// A channel through which nothing leaves for now.
public struct ChannelHold: Hashable, Sendable {
  public let channel: String
  public let reason: String
  public let since: Instant
  /// From here on one delivery may try whether it works again.
  public internal(set) var probe: Instant

  public init(channel: String, reason: String, since: Instant, probe: Instant) {
    self.channel = channel
    self.reason = reason
    self.since = since
    self.probe = probe
  }
}

/// Something people should be able to see; each is said once.
public enum DeliveryNews: Hashable, Sendable {
  case added(OutboxEntry)
  /// It reached a new state other than `inFlight`.
  case changed(OutboxEntry, from: DeliveryState)
  case held(ChannelHold)
  case resumed(channel: String)
  /// Deliveries wait for a channel that is not configured.
  case channelMissing(String, waiting: Int)
  /// What came of a call could not be stored.
  case notRecorded(DeliveryKey, DeliveryError)
}
