import Logging
import Units

/// What a feed shows: its status, its announcements, its log. Reached from every thread of it.
final class FeedBoard: Sendable {
  let clock: FeedClock
  let logger: Logger
  private let state = Guarded(FeedStatus())
  private let listener: @Sendable (FeedEvent) -> Void

  init(clock: FeedClock, logger: Logger, listener: @escaping @Sendable (FeedEvent) -> Void) {
    self.clock = clock
    self.logger = logger
    self.listener = listener
  }

  var status: FeedStatus { state.withLock { $0 } }
  func update(_ body: (inout FeedStatus) -> Void) { state.withLock { body(&$0) } }

  func announce(_ event: FeedEvent) {
    let (level, message, metadata) = Self.line(event)
    logger.log(level: level, message, metadata: metadata)
    listener(event)
  }

  private static func line(
    _ event: FeedEvent
  ) -> (level: Logger.Level, message: Logger.Message, metadata: Logger.Metadata) {
    switch event {
    case .connected: (.notice, "connected to Kafka", [:])
    case .disconnected(let reason): (.warning, "no Kafka broker answers", ["reason": "\(reason)"])
    case .topicMissing(let name, let reason):
      (.warning, "topic missing", ["topic": "\(name)", "reason": "\(reason)"])
    case .topicFound(let name, let partitions):
      (.notice, "topic found", ["topic": "\(name)", "partitions": "\(partitions)"])
    case .gap(let gap): (.error, "messages are missing", ["gap": "\(gap)"])
    case .blocked(let partition, let reason):
      (.error, "a message cannot be stored", ["partition": "\(partition)", "reason": "\(reason)"])
    case .unblocked(let partition, let after):
      (.notice, "messages are stored again", ["partition": "\(partition)", "after": "\(after)"])
    case .tokenGranted(let expires): (.info, "token granted", ["expires": "\(expires.iso8601())"])
    case .tokenRefused(let reason, let credentials):
      (credentials ? .error : .warning, "no token", ["reason": "\(reason)"])
    case .accessRefused(let reason): (.error, "access refused", ["reason": "\(reason)"])
    case .credentialUnused(let duration):
      (.warning, "the credentials were not used for long", ["unused": "\(duration)"])
    case .rebuilt(let reason): (.notice, "Kafka client made anew", ["reason": "\(reason)"])
    }
  }
}
