import Units

/// What a Kafka feed wants known, each once when it begins and once when it ends.
public enum FeedEvent: Hashable, Sendable {
  case connected
  /// No broker can be reached, or none answers. The feed goes on trying.
  case disconnected(reason: String)
  /// A configured topic or pattern that the brokers do not list: it has no recent message, or these
  /// credentials may not read it. The others go on, and it is looked for again.
  case topicMissing(name: String, reason: String)
  case topicFound(name: String, partitions: Int)
  /// Already durable in the offset store.
  case gap(FeedGap)
  /// The sink or the offset store threw; the message is offered again.
  case blocked(FeedPartition, reason: String)
  case unblocked(FeedPartition, after: Duration)
  case tokenGranted(expires: Instant)
  /// `credentials`: the server knows us and says no; a person must act. It is tried again all the same.
  case tokenRefused(reason: String, credentials: Bool)
  /// The brokers did not take the token, or the topic is not for these credentials.
  case accessRefused(reason: String)
  /// GCN disables credentials that were not used for 30 days, and they cannot be enabled again.
  case credentialUnused(for: Duration)
  /// The client was made anew.
  case rebuilt(reason: String)
}

/// What a Kafka feed is doing, for status pages and metrics.
public struct FeedStatus: Hashable, Sendable {
  public enum Connection: Hashable, Sendable {
    case connecting
    case connected(since: Instant)
    case disconnected(since: Instant, reason: String)
    case stopped
  }

  public struct Partition: Hashable, Sendable {
    public let partition: FeedPartition
    /// The first offset that is not durable here; nil until it is known where to start.
    public var next: Int64?
    /// The offset that the broker will give next, as its last answer said; nil before the first.
    public var brokerEnd: Int64?
    /// Received and not yet accepted.
    public var queued = 0
    /// No more is asked for until the sink has caught up.
    public var isPaused = false
    /// Why the sink or the offset store does not take the next message.
    public var blocked: String?

    /// Messages on the broker that are not durable here.
    public var lag: Int64? {
      guard let next, let brokerEnd else { return nil }
      return max(0, brokerEnd - next)
    }
  }

  public struct Token: Hashable, Sendable {
    public var granted: Instant?
    public var expires: Instant?
    /// Of the last request, if it failed.
    public var failure: String?

    public func age(at now: Instant) -> Duration? { granted.map { now - $0 } }
  }

  public struct Counts: Hashable, Sendable {
    public var received = 0
    public var stored = 0
    public var duplicate = 0
    public var quarantined = 0
    public var refusedBySink = 0
    public var gaps = 0
    public var rebuilds = 0
    public var commitFailures = 0
  }

  public var connection = Connection.connecting
  public var partitions: [Partition] = []
  public var missingTopics: [String] = []
  /// By the clock of this machine, on any topic.
  public var lastMessageAt: Instant?
  /// nil without OAuth.
  public var token: Token?
  /// The newest last; at most `maxGaps` of them. All are in the offset store.
  public var gaps: [FeedGap] = []
  public var counts = Counts()
  /// Since the credentials were last accepted, once that is long enough to worry.
  public var credentialUnused: Duration?

  static let maxGaps = 100

  public var isConnected: Bool {
    if case .connected = connection { true } else { false }
  }
  /// The sum over partitions whose lag is known.
  public var lag: Int64 { partitions.reduce(0) { $0 + ($1.lag ?? 0) } }

  mutating func change(_ partition: FeedPartition, _ body: (inout Partition) -> Void) {
    let index = partitions.firstIndex { $0.partition >= partition } ?? partitions.endIndex
    if index == partitions.endIndex || partitions[index].partition != partition {
      partitions.insert(Partition(partition: partition), at: index)
    }
    body(&partitions[index])
  }
}
