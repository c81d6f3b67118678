import Feeds
import Store
import Units

/// Keeps what feeds bring, with its place in the feed, before anybody looks into it.
public struct StoreSink: NoticeSink, OffsetStore {
  let store: Store
  let clock: ServiceClock

  public init(store: Store, clock: ServiceClock) {
    self.store = store
    self.clock = clock
  }

  public func accept(_ message: FeedMessage) async throws -> Accepted {
    let place = message.offset.map {
      FeedPosition(topic: message.topic, partition: message.partition, offset: $0)
    }
    let result = try await store.record(
      RawNotice(
        bytes: message.bytes, topic: message.topic, position: place, sentAt: message.timestamp,
        receivedAt: message.receivedAt,
        urgency: Urgency.glance(
          message.bytes, topic: message.topic, age: message.timestamp.map { clock.now() - $0 })))
    switch result {
    case .new: return .stored
    case .repeated: return .duplicate
    }
  }

  public func nextOffsets() async throws -> [FeedPartition: Int64] {
    Dictionary(
      try await store.feedOffsets().map {
        (FeedPartition(topic: $0.topic, partition: $0.partition), $0.offset)
      }, uniquingKeysWith: max)
  }

  /// Recording a notice has moved the offset already; this is for what was never asked for.
  public func advance(_ partition: FeedPartition, to next: Int64) async throws {
    guard try await nextOffsets()[partition] ?? -1 < next else { return }
    try await move(partition, to: next, reason: "nothing to keep before it")
  }

  public func record(_ gap: FeedGap) async throws {
    try await move(gap.partition, to: gap.resumesAt, reason: "\(gap)")
  }

  private func move(_ partition: FeedPartition, to next: Int64, reason: String) async throws {
    let place = FeedPosition(topic: partition.topic, partition: partition.partition, offset: next)
    try await store.moveFeedOffset(to: place, reason: reason, actor: "feed", at: clock.now())
  }
}

/// Which notice goes first, from its topic and a glance at its beginning: a wrong guess costs time, nothing
/// else.
enum Urgency {
  static func glance(_ bytes: [UInt8], topic: String, age: Duration?) -> Int {
    // A backlog is no alarm.
    if let age, age > .hours(2) { return 0 }
    let head = String(decoding: bytes.prefix(1500), as: UTF8.self)
    if head.contains("RETRACTION") || head.contains("retraction") { return 40 }
    if topic.contains("gwalert") || head.contains("superevent_id") { return 30 }
    if topic.contains("circular") || topic.contains("heartbeat") { return 1 }
    return 10
  }
}
