import Units

/// One stream of numbered messages: a partition of a Kafka topic.
public struct FeedPartition: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let topic: String
  public let partition: Int32

  public init(topic: String, partition: Int32) {
    self.topic = topic
    self.partition = partition
  }

  public var description: String { "\(topic)[\(partition)]" }
  public static func < (a: Self, b: Self) -> Bool { (a.topic, a.partition) < (b.topic, b.partition) }
}

/// Bytes as a feed gave them, before anybody has looked into them.
public struct FeedMessage: Hashable, Sendable {
  /// The Kafka topic, or the name that a spool directory was given.
  public let topic: String
  /// 0 where there are no partitions.
  public let partition: Int32
  /// Within the partition; nil where messages have no numbers (a spool), so that only the digest of the
  /// bytes identifies them.
  public let offset: Int64?
  /// The message key, or the name of the file.
  public let key: [UInt8]?
  /// When the producer made it or the broker took it (the broker decides which), or when the file was last
  /// written; nil if nobody said.
  public let timestamp: Instant?
  /// Empty for a message without a value too.
  public let bytes: [UInt8]
  /// By the clock of this machine, when the feed had the bytes.
  public let receivedAt: Instant
  /// 1 the first time this process offers it. It counts what the sink threw back.
  public internal(set) var attempt: Int

  public init(
    topic: String, partition: Int32 = 0, offset: Int64? = nil, key: [UInt8]? = nil, timestamp: Instant? = nil,
    bytes: [UInt8], receivedAt: Instant, attempt: Int = 1
  ) {
    self.topic = topic
    self.partition = partition
    self.offset = offset
    self.key = key
    self.timestamp = timestamp
    self.bytes = bytes
    self.receivedAt = receivedAt
    self.attempt = attempt
  }
}

/// What the sink did with a message. Each of them means that the bytes are durable.
public enum Accepted: Hashable, Sendable {
  case stored
  /// The same bytes of the same origin were here before: the answer to every redelivery.
  case duplicate
  /// Stored where a person will look, since nothing can be made of it.
  case quarantined(reason: String)
}

/// Where the messages of feeds end up.
public protocol NoticeSink: Sendable {
  /// Makes the bytes durable, then returns. In order within one partition, and from several partitions at
  /// once; a message may come again after a crash.
  ///
  /// To throw means *not now* (disk full, database locked): the same message is offered again, with a higher
  /// `attempt`, until it is accepted, and nothing after it in its partition before. A message that will never
  /// be good is to be answered with `.quarantined`.
  func accept(_ message: FeedMessage) async throws -> Accepted
}

/// The offsets of record. The broker's copy of them is a courtesy to its operators and never read.
///
/// A sink that stores the offset in the transaction of the bytes may do nothing in `advance`.
public protocol OffsetStore: Sendable {
  /// For each partition ever consumed, the offset of the first message that is not durable here.
  func nextOffsets() async throws -> [FeedPartition: Int64]
  /// Everything before `next` is durable, or was never asked for. Durable on return.
  func advance(_ partition: FeedPartition, to next: Int64) async throws
  /// Notes that messages will never come, and goes on after them (`gap.resumesAt`). Durable on return.
  func record(_ gap: FeedGap) async throws
}

/// Messages that were to come and will not.
public struct FeedGap: Hashable, Sendable {
  public enum Cause: Hashable, Sendable {
    /// The broker had dropped them before they were read.
    case expired
    /// The broker skipped these numbers while it delivered: compaction, marks of transactions, or loss.
    case skipped
    /// Larger than the configured limit.
    case oversized(bytes: Int)
    /// The broker's numbering ends before ours: the topic was made anew. What it has is read from its
    /// beginning; which messages are missing cannot be said.
    case restarted(end: Int64)
  }

  public let partition: FeedPartition
  /// Empty only for `.restarted`, where it starts at the offset that was wanted.
  public let missing: Range<Int64>
  public let resumesAt: Int64
  public let cause: Cause
  public let noticedAt: Instant

  public init(
    partition: FeedPartition, missing: Range<Int64>, resumesAt: Int64, cause: Cause, noticedAt: Instant
  ) {
    self.partition = partition
    self.missing = missing
    self.resumesAt = resumesAt
    self.cause = cause
    self.noticedAt = noticedAt
  }
}

extension FeedGap: CustomStringConvertible {
  public var description: String {
    let which =
      missing.count == 1
      ? "offset \(missing.lowerBound)" : "offsets \(missing.lowerBound) to \(missing.upperBound - 1)"
    switch cause {
    case .expired: return "\(partition): \(which) had left the broker before they were read"
    case .skipped: return "\(partition): the broker skipped \(which)"
    case .oversized(let bytes): return "\(partition): \(which) of \(bytes) bytes is over the size limit"
    case .restarted(let end):
      return "\(partition): offset \(missing.lowerBound) was wanted and the broker ends at \(end); "
        + "it is read again from \(resumesAt)"
    }
  }
}
