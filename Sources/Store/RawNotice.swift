import Units

public struct NoticeID: Hashable, Comparable, Sendable {
  public let number: Int64
  public init(_ number: Int64) { self.number = number }
  public static func < (a: Self, b: Self) -> Bool { a.number < b.number }
}

/// A place in a feed.
public struct FeedPosition: Hashable, Sendable {
  public let topic: String
  public let partition: Int32
  public let offset: Int64
  public init(topic: String, partition: Int32, offset: Int64) {
    self.topic = topic
    self.partition = partition
    self.offset = offset
  }
}

/// A notice as it came, before anybody looked into it.
public struct RawNotice: Hashable, Sendable {
  public let bytes: [UInt8]
  /// Of the feed, or the name of another way in, such as `spool` or `http`.
  public let topic: String
  /// Nil for what did not come from a numbered feed.
  public let position: FeedPosition?
  /// By the feed's own clock, if it says so.
  public let sentAt: Instant?
  public let receivedAt: Instant
  /// Larger is handled first: given by who receives it, from the topic and a glance at the bytes.
  public let urgency: Int

  public init(
    bytes: [UInt8], topic: String, position: FeedPosition? = nil, sentAt: Instant? = nil,
    receivedAt: Instant, urgency: Int = 0
  ) {
    self.bytes = bytes
    self.topic = topic
    self.position = position
    self.sentAt = sentAt
    self.receivedAt = receivedAt
    self.urgency = urgency
  }
}

public enum NoticeStatus: String, CaseIterable, Hashable, Sendable { case new, handled, quarantined }

/// A notice as it is kept.
public struct StoredNotice: Hashable, Sendable {
  public let id: NoticeID
  /// SHA-256 of the bytes in hexadecimal.
  public let digest: String
  public let size: Int
  /// Of its first arrival, as everything that follows.
  public let topic: String
  public let sentAt: Instant?
  public let receivedAt: Instant
  public let urgency: Int
  public let status: NoticeStatus
  /// Times it was handed out to be handled since it came or was last replayed.
  public let attempts: Int
  /// Why it is in quarantine or was not handled yet.
  public let reason: String?
  public let changedAt: Instant
}

/// A notice handed out to be handled.
public struct NoticeInHand: Hashable, Sendable {
  public let notice: StoredNotice
  public let bytes: [UInt8]
  public let positions: [FeedPosition]
}

public enum RecordResult: Hashable, Sendable {
  case new(NoticeID)
  /// The same bytes came before, whether from the same place or another.
  case repeated(NoticeID, NoticeStatus)

  public var id: NoticeID {
    switch self {
    case .new(let id), .repeated(let id, _): id
    }
  }
}

/// How often and how soon a notice that failed is tried again.
public enum RetryRule {
  public static let tries = 3
  /// Ends of the process while it handled a notice that never failed otherwise.
  static let deaths = 8
  /// After the first and the second failure.
  static let delays: [Duration] = [.seconds(1), .seconds(5)]
}
