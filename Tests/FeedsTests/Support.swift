import Foundation
import Logging
import Testing
import Units
import WebClient

@testable import Feeds

/// Never reached in a test that passes, on a machine however busy.
let patience = Duration.seconds(60)

struct Impatience: Error, CustomStringConvertible { let description: String }

/// Waits until the condition holds.
func eventually(
  _ what: String, _ detail: @Sendable () -> String = { "" }, _ condition: @Sendable () async -> Bool
) async throws {
  let clock = ContinuousClock()
  let end = clock.now + patience
  while !(await condition()) {
    guard clock.now < end else { throw Impatience(description: "never: \(what) \(detail())") }
    try await Task.sleep(for: .milliseconds(10))
  }
}

/// A log that collects lines, to search them for what must not be there.
struct CollectingLog: LogHandler {
  let lines: Guarded<[String]>
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.trace

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let line = "\(event.level) \(event.message) \(event.metadata?.description ?? "")"
    lines.withLock { $0.append(line) }
  }
}

func quietLogger(_ lines: Guarded<[String]> = Guarded([])) -> Logger {
  Logger(label: "test", factory: { _ in CollectingLog(lines: lines) })
}

/// What survives a crash: the bytes and offsets that were durable.
final class Disk: NoticeSink, OffsetStore, Sendable {
  struct Full: Error {}

  private struct State {
    var messages: [FeedMessage] = []
    var known: Set<String> = []
    var offered: [FeedMessage] = []
    var next: [FeedPartition: Int64] = [:]
    var gaps: [FeedGap] = []
    var refuse: (@Sendable (FeedMessage) -> Bool)?
    var hangAdvance: Int64?
    var delay = Duration.zero
    var hung = 0
  }
  private let state = Guarded(State())

  var messages: [FeedMessage] { state.withLock { $0.messages } }
  var count: Int { state.withLock { $0.messages.count } }
  var texts: [String] { messages.map { String(decoding: $0.bytes, as: UTF8.self) } }
  /// Every call of `accept`, redeliveries and refused ones too.
  var offered: [FeedMessage] { state.withLock { $0.offered } }
  var gaps: [FeedGap] { state.withLock { $0.gaps } }
  var hung: Int { state.withLock { $0.hung } }
  var next: [FeedPartition: Int64] { state.withLock { $0.next } }

  func set(_ next: Int64, _ topic: String, partition: Int32 = 0) {
    state.withLock { $0.next[FeedPartition(topic: topic, partition: partition)] = next }
  }
  /// Which messages `accept` throws at.
  func refuse(_ condition: (@Sendable (FeedMessage) -> Bool)?) { state.withLock { $0.refuse = condition } }
  /// `advance` to this offset and later ones never comes back, as if the process ended there.
  func hangAdvance(at next: Int64?) { state.withLock { $0.hangAdvance = next } }
  func delay(_ duration: Duration) { state.withLock { $0.delay = duration } }

  func accept(_ message: FeedMessage) async throws -> Accepted {
    let (isRefused, delay) = state.withLock { state in
      state.offered.append(message)
      return (state.refuse?(message) == true, state.delay)
    }
    if delay > .zero { try await Task.sleep(for: delay) }
    if isRefused { throw Full() }
    let id =
      "\(message.topic) \(message.partition) \(message.offset ?? -1) \(SHA256.hexDigest(of: message.bytes))"
    return state.withLock { state in
      guard state.known.insert(id).inserted else { return .duplicate }
      state.messages.append(message)
      return .stored
    }
  }

  func nextOffsets() async throws -> [FeedPartition: Int64] { next }

  func advance(_ partition: FeedPartition, to next: Int64) async throws {
    let hangs = state.withLock { state in
      guard let limit = state.hangAdvance, next >= limit else { return false }
      state.hung += 1
      return true
    }
    if hangs { try await Task.sleep(for: .seconds(3600)) }
    state.withLock { $0.next[partition] = next }
  }

  func record(_ gap: FeedGap) async throws {
    state.withLock {
      $0.gaps.append(gap)
      $0.next[gap.partition] = gap.resumesAt
    }
  }
}

/// A feed that runs beside the test, and what it announced.
final class RunningFeed: Sendable {
  let feed: KafkaFeed
  private let log: Guarded<[FeedEvent]>
  private let task: Task<Void, any Error>

  init(_ configuration: KafkaConfiguration, _ disk: Disk, logger: Logger = quietLogger()) throws {
    let log = Guarded<[FeedEvent]>([])
    let feed = try KafkaFeed(configuration, sink: disk, offsets: disk, logger: logger) { event in
      log.withLock { $0.append(event) }
    }
    self.log = log
    self.feed = feed
    task = Task { try await feed.run() }
  }

  var events: [FeedEvent] { log.withLock { $0 } }

  func event(_ what: String, _ matches: @Sendable (FeedEvent) -> Bool) async throws {
    try await eventually("event \(what)", { "in \(self.events)" }) { events.contains(where: matches) }
  }

  func stop() async throws {
    feed.stop()
    try await task.value
  }

  /// Waits until it ends by itself.
  func ended() async throws { try await task.value }

  /// Ends the feed as if its process had been killed: nothing it has in hand is finished.
  func kill() async {
    task.cancel()
    feed.stop()
    // How it ends does not matter.
    _ = try? await task.value
  }
}

/// A configuration that tries again at once and looks for topics all the time.
func impatientConfiguration(_ broker: String, _ topics: [String]) -> KafkaConfiguration {
  var configuration = KafkaConfiguration(
    bootstrapServers: broker.split(separator: ",").map(String.init),
    topics: topics.compactMap(TopicPattern.init),
    groupID: "test", protection: .plaintext)
  configuration.topicCheckInterval = .milliseconds(200)
  configuration.sinkBackoff = FeedBackoff(first: .milliseconds(5), limit: .milliseconds(50))
  configuration.tokenBackoff = FeedBackoff(first: .milliseconds(20), limit: .milliseconds(200))
  configuration.reconnectLimit = .milliseconds(200)
  configuration.commitInterval = .milliseconds(200)
  // The mock cluster holds every request to the end.
  configuration.fetchWait = .milliseconds(20)
  return configuration
}

/// Bytes that differ from place to place.
func pattern(_ count: Int, seed: Int) -> [UInt8] {
  var x = UInt32(truncatingIfNeeded: seed) &* 2_654_435_761 | 1
  return (0..<count).map { _ in
    x ^= x << 13
    x ^= x >> 17
    x ^= x << 5
    return UInt8(truncatingIfNeeded: x >> 24)
  }
}
