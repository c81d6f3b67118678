import Units

/// What became of one attempt to send.
public enum SendOutcome: Hashable, Sendable {
  /// The far side has it. The receipt identifies it there (a message time stamp, an id).
  case confirmed(receipt: String)
  /// It surely did not arrive (refused connection, 429, 503 before the body was read): send again later,
  /// not before `after` when the far side said so.
  case unsent(reason: String, after: Instant?)
  /// It may have arrived (time-out, reset, 502 or 504 after bytes left): read back before anything else.
  case ambiguous(reason: String)
  /// The far side will never take this one (4xx, failed validation): a person must look.
  case refused(reason: String)
  /// Nothing of this channel can leave (wrong or revoked token): hold all of it and say so once.
  case halted(reason: String)
}

/// What the far side answers when asked whether it has a delivery.
public enum ReadBack: Hashable, Sendable {
  case present(receipt: String)
  case absent
  /// The far side cannot be asked (e-mail) or does not answer now; `final` when asking again cannot help.
  case unknown(reason: String, final: Bool)
}

/// One outside party. Implementations do the I/O; when to call them is decided by the outbox.
public protocol DeliveryChannel: Sendable {
  /// The name that deliveries carry.
  var name: String { get }
  /// Whether mock, test and drill deliveries may leave through it.
  var acceptsMocks: Bool { get }
  /// Deliveries a second, on average and at once.
  var rate: (perSecond: Double, burst: Int) { get }
  /// Sends once; never retries by itself. Cancelled when the process stops: then the outcome is ambiguous.
  /// - Parameter receipts: of the deliveries in `needs`.
  func send(_ delivery: Delivery, receipts: [DeliveryKey: String], now: Instant) async -> SendOutcome
  /// Asks the far side whether it has the delivery.
  func readBack(_ delivery: Delivery, receipts: [DeliveryKey: String], now: Instant) async -> ReadBack
}
