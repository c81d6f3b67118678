import Foundation
import Logging
import Units
import WebClient

/// Messages of Kafka topics, taken to a sink once they are durable there and never before counted as read.
///
/// - One thread owns the client of librdkafka; one task for each partition takes its messages to the sink in
///   order, so that a partition that is stuck does not hold up the others.
/// - Offsets are those of the `OffsetStore`. After a crash the messages that were not acknowledged come again.
/// - What the broker lost, skipped or made too large is announced and kept as a `FeedGap`.
/// - Broker restarts, refused tokens and a sink that throws are waited out for ever, and announced.
public final class KafkaFeed: Sendable {
  private let configuration: KafkaConfiguration
  private let sink: any NoticeSink
  private let offsets: any OffsetStore
  private let board: FeedBoard
  private let wiring: KafkaWiring
  private let loop = Guarded<ConsumerLoop?>(nil)
  private let hasRun = Guarded(false)

  /// - Parameters:
  ///   - client: for token requests; nil makes one.
  ///   - onEvent: called from any thread; must return at once.
  /// - Throws: `.configuration` for what cannot work. Nothing is contacted.
  public init(
    _ configuration: KafkaConfiguration, sink: any NoticeSink, offsets: any OffsetStore, logger: Logger,
    clock: FeedClock = .system, client: WebClient? = nil,
    onEvent: @escaping @Sendable (FeedEvent) -> Void = { _ in }
  ) throws(FeedError) {
    try configuration.check()
    self.configuration = configuration
    self.sink = sink
    self.offsets = offsets
    board = FeedBoard(clock: clock, logger: logger, listener: onEvent)
    wiring = try KafkaWiring(configuration, board: board, client: client)
  }

  public var status: FeedStatus { board.status }

  /// Makes `run()` end within 2 s, if the sink does: what it has in hand may be finished for one second, then
  /// it is cancelled.
  public func stop() {
    wiring.stop.raise()
    wiring.keeper?.finish()
  }

  /// Throws the client away and makes a new one, which goes on where this one was: for connections that are
  /// open and dead, as the silence of the heartbeat shows.
  public func rebuild(reason: String) {
    loop.withLock { $0 }?.commands.withLock { $0.append(.rebuild(reason: reason)) }
  }

  /// Consumes until `stop()` or cancellation. To be called once.
  /// - Throws: `.client` or `.configuration` if no client can be made at all.
  public func run() async throws(FeedError) {
    let isFirst = hasRun.withLock { hasRun in
      defer { hasRun = true }
      return !hasRun
    }
    guard isFirst else { throw .configuration("a feed runs once") }
    let result: Result<Void, FeedError> = await withTaskCancellationHandler {
      await consume()
    } onCancel: {
      stop()
    }
    board.update { $0.connection = .stopped }
    try result.get()
  }

  private func consume() async -> Result<Void, FeedError> {
    guard let stored = await storedOffsets() else { return .success(()) }
    let (lanes, continuation) = AsyncStream.makeStream(of: Lane.self)
    let loop = ConsumerLoop(
      configuration: configuration, stored: stored, board: board, context: wiring.context,
      port: wiring.port, keeper: wiring.keeper, stop: wiring.stop, lanes: continuation)
    self.loop.withLock { $0 = loop }
    let context = wiring.context
    let deliverer = Deliverer(
      sink: sink, offsets: offsets, backoff: configuration.sinkBackoff, board: board, stop: wiring.stop,
      redact: { context.redact($0) }, tell: { command in loop.commands.withLock { $0.append(command) } })
    let keeper = wiring.keeper
    let outcome = Guarded<Result<Void, FeedError>>(.success(()))
    await withTaskGroup(of: Bool.self) { group in
      var running = 1
      group.addTask {
        let result = await Self.onThread { () throws(FeedError) in try loop.run() }
        outcome.withLock { $0 = result }
        return false
      }
      if let keeper {
        running += 1
        group.addTask {
          await keeper.run()
          return false
        }
      }
      for await lane in lanes {
        running += 1
        group.addTask {
          await deliverer.run(lane)
          return false
        }
      }
      keeper?.finish()
      await Self.finish(&group, running: running)
    }
    return outcome.withLock { $0 }
  }

  /// Waits for the tasks, and cancels those that a second does not end.
  private static func finish(_ group: inout TaskGroup<Bool>, running: Int) async {
    group.addTask {
      // A cancelled sleep is the end of the waiting, too.
      try? await Task.sleep(for: .seconds(1))
      return true
    }
    var left = running
    while left > 0, let isTimer = await group.next() {
      if isTimer { group.cancelAll() } else { left -= 1 }
    }
    group.cancelAll()
  }

  /// - Returns: nil at a stop.
  private func storedOffsets() async -> [FeedPartition: Int64]? {
    var attempt = 1
    while !wiring.stop.isRaised, !Task.isCancelled {
      do {
        return try await offsets.nextOffsets()
      } catch {
        board.logger.error(
          "the offsets cannot be read", metadata: ["error": "\(wiring.context.redact("\(error)"))"])
        await wiring.stop.sleep(for: configuration.sinkBackoff.delay(attempt: attempt))
        attempt += 1
      }
    }
    return nil
  }

  /// Runs the closure on a thread of its own: it blocks, and tasks must not.
  static func onThread(
    _ body: @escaping @Sendable () throws(FeedError) -> Void
  ) async -> Result<Void, FeedError> {
    await withCheckedContinuation { continuation in
      let thread = Thread {
        continuation.resume(returning: Result { () throws(FeedError) in try body() })
      }
      thread.stackSize = 1 << 20
      thread.name = "vesper-kafka"
      thread.start()
    }
  }

  static func sleepThread(_ duration: Duration) { Thread.sleep(forTimeInterval: duration.seconds) }
}

/// What every client of Kafka here needs beside itself: callbacks, token, the wish to stop.
struct KafkaWiring: Sendable {
  let stop = StopFlag()
  let port = TokenPort()
  let context: KafkaContext
  /// nil without OAuth.
  let keeper: TokenKeeper?

  init(_ configuration: KafkaConfiguration, board: FeedBoard, client: WebClient?) throws(FeedError) {
    guard let credentials = configuration.credentials else {
      keeper = nil
      context = KafkaContext(logger: board.logger, secrets: [], wantsToken: {})
      return
    }
    let web: WebClient
    do throws(WebError) {
      if let client { web = client } else { web = try WebClient() }
    } catch {
      throw .client("\(error)")
    }
    let request = TokenRequest(client: web, credentials: credentials)
    let secrets = [credentials.clientSecret, credentials.clientID]
    let wish = Guarded<(@Sendable () -> Void)?>(nil)
    let context = KafkaContext(
      logger: board.logger, secrets: secrets, wantsToken: { wish.withLock { $0 }?() })
    board.update { $0.token = FeedStatus.Token() }
    let keeper = TokenKeeper(
      port: port, backoff: configuration.tokenBackoff, clock: board.clock, stop: stop,
      fetch: { () async throws(TokenFailure) -> AccessToken in try await request.send() },
      granted: { token in
        context.add(token.value, keeping: secrets.count)
        let now = board.clock.now()
        board.update { $0.token = .init(granted: now, expires: now + token.life, failure: nil) }
        board.announce(.tokenGranted(expires: now + token.life))
      },
      failed: { failure in
        let isNew = board.status.token?.failure != failure.reason
        board.update { $0.token?.failure = failure.reason }
        if isNew { board.announce(.tokenRefused(reason: failure.reason, credentials: failure.isRefusal)) }
      })
    wish.withLock { $0 = { [weak keeper] in keeper?.wanted() } }
    self.context = context
    self.keeper = keeper
  }
}
