import Units
import WebClient

/// Everything a Kafka feed has to be told. The defaults are those for GCN.
public struct KafkaConfiguration: Sendable {
  public enum Protection: Sendable {
    /// Neither encrypted nor authenticated: for brokers of one's own.
    case plaintext
    case tls
    /// OAUTHBEARER over TLS.
    case oauth(OAuthCredentials)
    /// OAUTHBEARER in the open: for tests, to this machine only.
    case oauthWithoutTLS(OAuthCredentials)
  }

  /// Where a partition is begun that the offset store knows nothing of. Topics that appear while the feed
  /// runs are always begun at their first message.
  public enum Start: Hashable, Sendable {
    case earliest
    /// What was sent before the first start is not wanted.
    case latest
  }

  /// host:port.
  public var bootstrapServers: [String]
  public var topics: [TopicPattern]
  /// For the courtesy copy of offsets; one for each deployment.
  public var groupID: String
  public var clientID = "vesper"
  public var protection: Protection
  /// PEM file of trusted certificates; nil for the system's.
  public var caBundlePath: String?
  public var start = Start.earliest
  /// How often brokers are asked which topics exist, which also shows whether they answer.
  public var topicCheckInterval = Duration.seconds(60)
  /// Larger messages become gaps. GCN's brokers take 4 MiB.
  public var maxMessageBytes = 16 << 20
  public var queue = QueueLimits()
  /// Between offers of a message that the sink threw back.
  public var sinkBackoff = FeedBackoff(first: .milliseconds(250), limit: .seconds(5))
  /// Between requests for a token.
  public var tokenBackoff = FeedBackoff(first: .seconds(1), limit: .seconds(60))
  /// The longest wait before a broken connection is tried again.
  public var reconnectLimit = Duration.seconds(5)
  /// How long a broker may hold a request when it has nothing; it answers at once when something comes. A
  /// partition that is begun or resumed may wait as long for its first message.
  public var fetchWait = Duration.milliseconds(500)
  /// How often offsets are copied to the broker.
  public var commitInterval = Duration.seconds(5)
  /// When the credentials were last accepted, as far as is known from before; for the warning.
  public var credentialsLastUsed: Instant?

  public init(
    bootstrapServers: [String], topics: [TopicPattern] = TopicPattern.gcnDefaults, groupID: String,
    protection: Protection
  ) {
    self.bootstrapServers = bootstrapServers
    self.topics = topics
    self.groupID = groupID
    self.protection = protection
  }

  /// The public brokers of GCN. Outbound TCP 9092 and 443 are needed.
  public static func gcn(groupID: String, credentials: OAuthCredentials) -> KafkaConfiguration {
    KafkaConfiguration(
      bootstrapServers: ["kafka.gcn.nasa.gov:9092"], groupID: groupID, protection: .oauth(credentials))
  }
}

extension KafkaConfiguration {
  var credentials: OAuthCredentials? {
    switch protection {
    case .plaintext, .tls: nil
    case .oauth(let credentials), .oauthWithoutTLS(let credentials): credentials
    }
  }

  /// - Throws: `.configuration` for what cannot work, before anything is tried.
  func check() throws(FeedError) {
    guard !bootstrapServers.isEmpty, bootstrapServers.allSatisfy(Self.isServer) else {
      throw .configuration("bootstrap servers must be host:port")
    }
    guard !topics.isEmpty else { throw .configuration("no topics") }
    guard !groupID.isEmpty, !clientID.isEmpty, (groupID + clientID).unicodeScalars.allSatisfy(\.isASCII)
    else { throw .configuration("group id and client id must be ASCII and not empty") }
    guard maxMessageBytes > 0, maxMessageBytes <= 90_000_000 else {
      throw .configuration("the message size limit must be 1 to 90,000,000 bytes")
    }
    guard queue.messages > 0, queue.bytes > 0, queue.totalBytes > 0 else {
      throw .configuration("queue limits must be above 0")
    }
    for duration in [topicCheckInterval, reconnectLimit, commitInterval] {
      guard duration >= .milliseconds(100), duration <= .seconds(86_400) else {
        throw .configuration("intervals must be 100 ms to one day")
      }
    }
    guard fetchWait >= .zero, fetchWait <= .seconds(30) else {
      throw .configuration("the broker may hold a request for 0 to 30 s")
    }
    for backoff in [sinkBackoff, tokenBackoff] {
      guard backoff.first > .zero, backoff.limit >= backoff.first, backoff.limit <= .seconds(86_400) else {
        throw .configuration("a back-off must grow from above 0 to at most one day")
      }
    }
    if case .oauthWithoutTLS = protection, !bootstrapServers.allSatisfy(Self.isLoopback) {
      throw .configuration("tokens are sent without TLS to this machine only")
    }
  }

  private static func isServer(_ text: String) -> Bool {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0
    else { return false }
    let host = text[..<colon]
    return !host.isEmpty && !host.contains(",") && !host.contains(where: \.isWhitespace)
  }

  private static func isLoopback(_ server: String) -> Bool {
    ["localhost:", "127.0.0.1:", "[::1]:"].contains { server.hasPrefix($0) }
  }

  /// The settings of librdkafka. No secret is among them: tokens are handed over by a call.
  var settings: [(name: String, value: String)] {
    func milliseconds(_ duration: Duration) -> String { String(Int(duration.seconds * 1000)) }
    var result = [
      ("bootstrap.servers", bootstrapServers.joined(separator: ",")),
      ("group.id", groupID),
      ("client.id", clientID),
      // Offsets are ours. A position the broker does not have is an error that we handle and announce.
      ("enable.auto.commit", "false"),
      ("enable.auto.offset.store", "false"),
      ("auto.offset.reset", "error"),
      ("allow.auto.create.topics", "false"),
      ("check.crcs", "true"),
      ("socket.keepalive.enable", "true"),
      ("topic.metadata.refresh.interval.ms", milliseconds(max(topicCheckInterval, .seconds(1)))),
      ("reconnect.backoff.ms", "100"),
      ("reconnect.backoff.max.ms", milliseconds(reconnectLimit)),
      ("fetch.wait.max.ms", milliseconds(fetchWait)),
      // What the library reads ahead; a pause throws it away.
      ("queued.max.messages.kbytes", "8192"),
    ]
    switch protection {
    case .plaintext: result.append(("security.protocol", "plaintext"))
    case .tls: result.append(("security.protocol", "ssl"))
    case .oauth:
      result += [("security.protocol", "sasl_ssl"), ("sasl.mechanisms", "OAUTHBEARER")]
    case .oauthWithoutTLS:
      result += [("security.protocol", "sasl_plaintext"), ("sasl.mechanisms", "OAUTHBEARER")]
    }
    if let caBundlePath { result.append(("ssl.ca.location", caBundlePath)) }
    return result.map { (name: $0.0, value: $0.1) }
  }
}
