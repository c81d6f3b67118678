/// How much may wait between the network and the sink.
public struct QueueLimits: Hashable, Sendable {
  /// Of one partition.
  public var messages = 256
  /// Of one partition; a single larger message still passes.
  public var bytes = 8 << 20
  /// Of all partitions together; each may still hold one message.
  public var totalBytes = 48 << 20

  public init() {}
}

/// What has come of a partition and what is to come: continuity and back-pressure, without I/O.
struct PartitionFlow {
  /// The offset that comes next from the broker.
  private(set) var next: Int64
  private(set) var queuedMessages = 0
  private(set) var queuedBytes = 0
  var isPaused = false

  /// The offset after which a jump was seen once.
  private var suspected: Int64?

  enum Verdict: Hashable {
    case deliver
    /// Before the next one: it was delivered already.
    case stale
    /// Not the next one. It is to be dropped and the partition read again from `next`, in case the jump was
    /// made on our side of the network.
    case suspicious
    /// The broker jumped over these twice; the message itself is to be delivered after that is told.
    case jump(Range<Int64>)
  }

  init(next: Int64) { self.next = next }

  mutating func receive(offset: Int64) -> Verdict {
    if offset < next { return .stale }
    if offset > next, suspected != next {
      suspected = next
      return .suspicious
    }
    defer {
      next = offset + 1
      suspected = nil
    }
    return offset == next ? .deliver : .jump(next..<offset)
  }

  mutating func resume(at offset: Int64) {
    next = offset
    suspected = nil
  }

  mutating func queue(bytes: Int) {
    queuedMessages += 1
    queuedBytes += bytes
  }

  mutating func settle(bytes: Int) {
    queuedMessages = max(0, queuedMessages - 1)
    queuedBytes = max(0, queuedBytes - bytes)
  }

  /// - Parameter total: bytes queued in all partitions.
  func mustPause(_ limits: QueueLimits, total: Int) -> Bool {
    queuedMessages > 0
      && (queuedMessages >= limits.messages || queuedBytes >= limits.bytes || total >= limits.totalBytes)
  }

  /// At half of the limits, so that the sink has work while the broker is asked again.
  func mayResume(_ limits: QueueLimits, total: Int) -> Bool {
    queuedMessages == 0
      || (queuedMessages <= limits.messages / 2 && queuedBytes <= limits.bytes / 2
        && total <= limits.totalBytes / 2)
  }
}
