/// Where a delivery stands.
public enum DeliveryState: String, CaseIterable, Hashable, Sendable {
  /// Owed and not sent.
  case ready
  /// A call that may bring it to the far side is under way. Found after a crash it means: may have arrived.
  case inFlight
  /// The far side has it.
  case done
  /// It may have arrived: the far side is asked before anything else happens to it.
  case ambiguous
  /// The far side will never take it, or what it needs failed.
  case dead
  /// It was of no use any more before it could be sent.
  case expired
  /// Something newer took its place before it was sent, or it was withdrawn.
  case superseded
  /// It may have arrived and the far side cannot say: only a person moves it.
  case parked

  /// Whether the outbox still has something to do for it without a person.
  public var isOpen: Bool { self == .ready || self == .inFlight || self == .ambiguous }
  /// Whether a call may have been made whose end is not known.
  public var isUnresolved: Bool { self == .inFlight || self == .ambiguous }
}

/// What the outbox refuses to do.
public enum DeliveryError: Error, Hashable, Sendable {
  case unknownDelivery(DeliveryKey)
  /// The key was used before for something else: a programming error, nothing was stored.
  case digestDiffers(DeliveryKey, stored: String, given: String)
  case unknownNeed(DeliveryKey, need: DeliveryKey)
  /// Another instance took over: what this one does no longer counts.
  case fenced(current: Int64, given: Int64)
  /// The result of a call that is no longer the latest, or of a delivery that was resolved meanwhile.
  case stale(DeliveryKey, DeliveryState)
  /// A person asked for something that its state does not allow.
  case notPossible(DeliveryKey, DeliveryState, reason: String)
  case invalidRate(channel: String, perSecond: Double, burst: Int)
  case duplicateChannel(String)
  /// The ledger could not read or write; `isFull` when for want of space.
  case storage(String, isFull: Bool)
}
