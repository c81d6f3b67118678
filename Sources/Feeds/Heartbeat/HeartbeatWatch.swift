import CRdkafka
import Foundation
import Logging
import Units
import WebClient

/// What the watch sees now.
public struct HeartbeatStatus: Hashable, Sendable {
  public var silence: Duration
  public var silenceLevel: AlarmLevel
  /// Of this machine's clock against the heartbeat; nil if unknown.
  public var clockOffset: Duration?
  public var clockLevel: AlarmLevel
  public var beats: Int
}

/// Reads the heartbeat topic with a client of its own, only what is sent from now on, so that neither a
/// backlog nor a stuck partition of the notices can hide that the brokers have gone quiet.
///
/// After a stall it makes its own client anew; others should do the same on `.stalled`.
public final class HeartbeatWatch: Sendable {
  public static let gcnTopic = "gcn.heartbeat"

  private let configuration: KafkaConfiguration
  private let topic: String
  private let board: FeedBoard
  private let wiring: KafkaWiring
  private let machine: Guarded<HeartbeatMachine>
  private let listener: @Sendable (HeartbeatEvent) -> Void
  private let hasRun = Guarded(false)

  /// - Parameters:
  ///   - configuration: of the feed whose brokers are watched; its topics and group do not matter.
  ///   - onEvent: called from the watch's thread; must return at once.
  public init(
    _ configuration: KafkaConfiguration, topic: String = HeartbeatWatch.gcnTopic,
    limits: HeartbeatLimits = HeartbeatLimits(), logger: Logger, clock: FeedClock = .system,
    client: WebClient? = nil, onEvent: @escaping @Sendable (HeartbeatEvent) -> Void = { _ in }
  ) throws(FeedError) {
    guard let pattern = TopicPattern(topic), pattern.isExact else {
      throw .configuration("the heartbeat topic")
    }
    var own = configuration
    own.topics = [pattern]
    own.clientID += "-heartbeat"
    // Never joined and never committed to; the library wants a name.
    own.groupID += "-heartbeat"
    try own.check()
    self.configuration = own
    self.topic = topic
    board = FeedBoard(clock: clock, logger: logger, listener: { _ in })
    wiring = try KafkaWiring(own, board: board, client: client)
    machine = Guarded(HeartbeatMachine(limits: limits, uptime: clock.uptime()))
    listener = onEvent
  }

  public var status: HeartbeatStatus {
    let uptime = board.clock.uptime()
    return machine.withLock {
      HeartbeatStatus(
        silence: $0.silence(at: uptime), silenceLevel: $0.silenceLevel, clockOffset: $0.offset,
        clockLevel: $0.clockLevel, beats: $0.beatCount)
    }
  }

  /// Makes `run()` end within 2 s.
  public func stop() {
    wiring.stop.raise()
    wiring.keeper?.finish()
  }

  /// Watches until `stop()` or cancellation. To be called once.
  public func run() async throws(FeedError) {
    let isFirst = hasRun.withLock { hasRun in
      defer { hasRun = true }
      return !hasRun
    }
    guard isFirst else { throw .configuration("a watch runs once") }
    let keeper = wiring.keeper
    let result: Result<Void, FeedError> = await withTaskCancellationHandler {
      await withTaskGroup(of: Void.self) { group in
        if let keeper { group.addTask { await keeper.run() } }
        let result = await KafkaFeed.onThread { () throws(FeedError) in try self.watch() }
        keeper?.finish()
        group.cancelAll()
        return result
      }
    } onCancel: {
      stop()
    }
    try result.get()
  }

  private func watch() throws(FeedError) {
    var session = try KafkaSession(configuration, context: wiring.context, port: wiring.port)
    defer { session.close() }
    var nextTick = board.clock.uptime()
    var nextCheck = nextTick
    var isAssigned = false
    while !wiring.stop.isRaised {
      var isStalled = false
      if board.clock.uptime() >= nextTick {
        nextTick = board.clock.uptime() + .seconds(1)
        let events = machine.withLock { $0.tick(uptime: board.clock.uptime()) }
        for event in events {
          announce(event)
          if case .stalled = event { isStalled = true }
        }
      }
      if isStalled {
        do throws(FeedError) {
          let old = session
          session = try KafkaSession(configuration, context: wiring.context, port: wiring.port)
          old.close()
          isAssigned = false
          nextCheck = board.clock.uptime()
        } catch {
          // The old one is kept: it may yet recover.
          board.logger.error("no Kafka client", metadata: ["error": "\(error)"])
        }
      }
      if !isAssigned, board.clock.uptime() >= nextCheck {
        isAssigned = assign(session)
        if isAssigned { wiring.keeper?.accepted() }
        nextCheck = board.clock.uptime() + .seconds(1)
      }
      receive(session, isAssigned: &isAssigned)
    }
  }

  /// From the end of every partition, whatever was read before.
  private func assign(_ session: KafkaSession) -> Bool {
    guard case .success(let topics) = session.listTopics(within: ConsumerLoop.patience),
      let listed = topics.first(where: { $0.name == topic && $0.error == nil }), !listed.partitions.isEmpty
    else { return false }
    for number in listed.partitions {
      let partition = FeedPartition(topic: topic, partition: number)
      _ = session.unassign(partition)
      guard session.assign(partition, at: vesper_kafka_offset_end) == nil else { return false }
    }
    return true
  }

  private func receive(_ session: KafkaSession, isAssigned: inout Bool) {
    var patience = Duration.milliseconds(100)
    for _ in 0..<128 {
      switch session.poll(for: patience, maxBytes: 64 << 10) {
      case .nothing:
        if wiring.context.takeTroubles().contains(where: \.isRefusedToken) { wiring.keeper?.refused() }
        return
      case .message(_, _, let body):
        let uptime = board.clock.uptime()
        let (received, sent) = (board.clock.now(), Self.sent(body))
        for event in machine.withLock({ $0.beat(sent: sent, received: received, uptime: uptime) }) {
          announce(event)
        }
      case .failure(_, let code, _):
        // The end moved under us: what counts is what comes now.
        if code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET { isAssigned = false }
      }
      patience = .zero
    }
  }

  private struct Beat: Decodable { let alert_datetime: String }

  static func sent(_ body: KafkaSession.Body) -> Instant? {
    guard case .whole(_, _, let bytes) = body,
      // A beat without a legible time is a beat all the same.
      let beat = try? JSONDecoder().decode(Beat.self, from: Data(bytes))
    else { return nil }
    return Instant(iso8601: beat.alert_datetime)
  }

  private func announce(_ event: HeartbeatEvent) {
    switch event {
    case .silence(let level, let lasting):
      board.logger.log(
        level: level == .red ? .error : .warning, "no heartbeat", metadata: ["silence": "\(lasting)"])
    case .recovered(let silence):
      board.logger.notice("the heartbeat is back", metadata: ["silence": "\(silence)"])
    case .clockOff(let level, let offset):
      board.logger.log(
        level: level == .red ? .error : .warning, "the clock of this machine is off",
        metadata: ["offset": "\(offset)"])
    case .clockRight(let offset):
      board.logger.notice("the clock of this machine is right", metadata: ["offset": "\(offset)"])
    case .stalled(let silence):
      board.logger.warning("the heartbeat has stalled", metadata: ["silence": "\(silence)"])
    }
    listener(event)
  }
}
