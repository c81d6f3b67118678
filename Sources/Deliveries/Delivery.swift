import Units

/// The natural key of one thing owed to one outside party, such as `slack/S230518h/root` or
/// `icare/S230518h/r3/TCA/plan`. The same key is never delivered twice.
public struct DeliveryKey: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let text: String
  public init(_ text: String) { self.text = text }
  public var description: String { text }
  public static func < (a: Self, b: Self) -> Bool { a.text < b.text }
}

/// One thing owed to one outside party, kept in the outbox until it is confirmed, dead or expired.
///
/// The payload is the channel's own JSON, made when the delivery was decided: what leaves later is what was
/// decided then. A key that comes back with another digest is a programming error and is refused.
public struct Delivery: Hashable, Sendable {
  public let key: DeliveryKey
  /// The outside party as configured: the unit of rate limit and bulkhead, such as `slack` or `webhook:obs`.
  public let channel: String
  /// What the channel is to do, in its own words, such as `post`, `edit`, `plan`.
  public let kind: String
  public let payload: [UInt8]
  /// SHA-256 of `payload` in hexadecimal.
  public let digest: String
  /// The event it is about, for people who look at the outbox.
  public let event: String
  /// Of mock, test or drill origin: never leaves through a production channel.
  public let isMock: Bool
  /// Not sent before.
  public let notBefore: Instant
  /// After this it is of no use: it becomes expired instead of being sent.
  public let expires: Instant?
  /// Larger goes first.
  public let urgency: Int
  /// Of the deliveries of one channel with one slot only the newest matters: older ones not yet sent are
  /// superseded, unless the newest needs them.
  public let slot: String?
  /// Deliveries that must be done before; their receipts are handed to the channel. They were put into the
  /// outbox earlier, or stand earlier in the same batch. If one fails for good, so does this.
  public let needs: [DeliveryKey]

  public init(
    key: DeliveryKey, channel: String, kind: String, payload: [UInt8], event: String, isMock: Bool,
    notBefore: Instant, expires: Instant? = nil, urgency: Int = 0, slot: String? = nil,
    needs: [DeliveryKey] = []
  ) {
    self.key = key
    self.channel = channel
    self.kind = kind
    self.payload = payload
    self.digest = SHA256.hexDigest(of: payload)
    self.event = event
    self.isMock = isMock
    self.notBefore = notBefore
    self.expires = expires
    self.urgency = urgency
    self.slot = slot
    self.needs = needs
  }
}
