import CRdkafka
import Units

/// The consumer's thread: everything that is done with the client of librdkafka, one step after the other.
///
/// Confined to the thread that calls `run()`, but for `commands`, which anybody may add to.
final class ConsumerLoop: @unchecked Sendable {
  /// What is known of a partition that is to be consumed.
  struct Partition {
    enum Place: Hashable {
      /// The brokers do not list it now.
      case absent
      /// To be assigned, not before that uptime.
      case waiting(until: Duration)
      /// The broker does not have the offset; where to go on is to be asked, not before that uptime.
      case lost(until: Duration)
      case assigned
    }

    var place: Place
    /// nil until it is known where to begin.
    var flow: PartitionFlow?
    /// Begin at the first message whatever the configuration says.
    var fromEarliest: Bool
    let items: AsyncStream<Lane.Item>.Continuation
  }

  let configuration: KafkaConfiguration
  let board: FeedBoard
  let context: KafkaContext
  let port: TokenPort
  let keeper: TokenKeeper?
  let stop: StopFlag
  let lanes: AsyncStream<Lane>.Continuation
  let commands = Guarded<[ConsumerCommand]>([])

  var watch: TopicWatch
  var partitions: [FeedPartition: Partition] = [:]
  /// Of before this start.
  let stored: [FeedPartition: Int64]
  var queuedBytes = 0
  var toCommit: [FeedPartition: Int64] = [:]
  var refusals: Set<String> = []

  var nextCheck = Duration.zero
  var failedChecks = 0
  /// The library said so since the brokers last answered.
  var areAllDown = false
  private var nextCommit: Duration
  private var nextReport = Duration.zero

  /// How long one call may keep the thread from everything else; a stop waits for it too.
  static let patience = Duration.milliseconds(800)
  /// After a call that failed.
  static let retry = Duration.seconds(1)

  init(
    configuration: KafkaConfiguration, stored: [FeedPartition: Int64], board: FeedBoard,
    context: KafkaContext, port: TokenPort, keeper: TokenKeeper?, stop: StopFlag,
    lanes: AsyncStream<Lane>.Continuation
  ) {
    self.configuration = configuration
    self.stored = stored
    self.board = board
    self.context = context
    self.port = port
    self.keeper = keeper
    self.stop = stop
    self.lanes = lanes
    watch = TopicWatch(wanted: configuration.topics)
    nextCommit = board.clock.uptime() + configuration.commitInterval
  }

  var uptime: Duration { board.clock.uptime() }

  /// Returns after a stop.
  /// - Throws: if the first client cannot be made; later ones are tried again.
  func run() throws(FeedError) {
    defer { lanes.finish() }
    var session = try open()
    defer {
      // First, so that what is in the sink ends while the client does.
      for partition in partitions.values { partition.items.finish() }
      lanes.finish()
      session.close()
    }
    while !stop.isRaised {
      var wish = obey(session)
      if wish == nil, let fatal = session.fatalError { wish = fatal }
      if let reason = wish {
        session.close()
        guard let fresh = reopen(reason) else { return }
        session = fresh
      }
      if uptime >= nextCheck { check(session) }
      place(session)
      receive(session)
      readTroubles()
      if uptime >= nextCommit { commit(session) }
      if uptime >= nextReport { report(session) }
    }
    _ = obey(session)
    commit(session)
  }

  private func open() throws(FeedError) -> KafkaSession {
    try KafkaSession(configuration, context: context, port: port)
  }

  /// - Returns: nil at a stop.
  private func reopen(_ reason: String) -> KafkaSession? {
    _ = context.takeTroubles()
    for name in partitions.keys where partitions[name]?.place == .assigned {
      partitions[name]?.place = .waiting(until: .zero)
    }
    nextCheck = .zero
    while !stop.isRaised {
      do throws(FeedError) {
        let session = try open()
        board.update { $0.counts.rebuilds += 1 }
        board.announce(.rebuilt(reason: reason))
        return session
      } catch {
        board.logger.error("no Kafka client", metadata: ["error": "\(error)"])
        // A thread of ours has nothing else to do, and a stop is seen soon.
        KafkaFeed.sleepThread(.milliseconds(500))
      }
    }
    return nil
  }

  /// - Returns: why the client is to be made anew, if somebody wants that.
  private func obey(_ session: KafkaSession) -> String? {
    var wish: String?
    let batch = commands.withLock { list in
      defer { list = [] }
      return list
    }
    for command in batch {
      switch command {
      case .settled(let name, let bytes, let next):
        toCommit[name] = next
        guard let bytes else { continue }
        partitions[name]?.flow?.settle(bytes: bytes)
        queuedBytes -= bytes
      case .rebuild(let reason): wish = reason
      }
    }
    if !batch.isEmpty, wish == nil { resumeWhatMay(session) }
    return wish
  }

  private func resumeWhatMay(_ session: KafkaSession) {
    for (name, partition) in partitions {
      guard let flow = partition.flow, flow.isPaused,
        flow.mayResume(configuration.queue, total: queuedBytes)
      else { continue }
      partitions[name]?.flow?.isPaused = false
      if partition.place == .assigned, session.resume(name) != nil { replace(name, in: session) }
    }
  }

  private func commit(_ session: KafkaSession) {
    nextCommit = uptime + configuration.commitInterval
    session.commit(toCommit.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    toCommit = [:]
  }

  private func report(_ session: KafkaSession) {
    nextReport = uptime + .seconds(1)
    let failures = context.takeCommitFailures()
    let ends = partitions.keys.map { ($0, session.knownEnd($0)) }
    board.update { status in
      status.counts.commitFailures += failures
      for (name, end) in ends {
        status.change(name) {
          if let end { $0.brokerEnd = end }
          $0.queued = partitions[name]?.flow?.queuedMessages ?? 0
          $0.isPaused = partitions[name]?.flow?.isPaused ?? false
        }
      }
    }
  }
}
