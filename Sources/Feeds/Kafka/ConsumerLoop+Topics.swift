import CRdkafka
import Units

/// Which partitions there are, and where to begin in them.
extension ConsumerLoop {
  /// Asks the brokers what topics they have; that they answer at all is the sign of life.
  func check(_ session: KafkaSession) {
    switch session.listTopics(within: Self.patience) {
    case .success(let topics):
      failedChecks = 0
      areAllDown = false
      keeper?.accepted()
      nextCheck = uptime + configuration.topicCheckInterval
      if !board.status.isConnected {
        refusals = []
        board.update { $0.connection = .connected(since: board.clock.now()) }
        board.announce(.connected)
      }
      for change in watch.update(topics) { apply(change, session) }
      board.update { $0.missingTopics = watch.missingNames }
    case .failure(let trouble):
      failedChecks += 1
      nextCheck = uptime + Self.retry
      // The first connection may take longer than one call has patience for.
      guard failedChecks >= 5 || areAllDown || board.status.isConnected else { break }
      if case .disconnected = board.status.connection { break }
      board.update {
        $0.connection = .disconnected(since: board.clock.now(), reason: trouble.reason)
      }
      board.announce(.disconnected(reason: trouble.reason))
    }
    warnOfUnusedCredentials()
  }

  /// GCN writes to the owner 9 days before the 30 are over; this comes a day earlier.
  static var credentialWarning: Duration { .seconds(20 * 86_400) }

  private func warnOfUnusedCredentials() {
    guard configuration.credentials != nil,
      let used = board.status.token?.granted ?? configuration.credentialsLastUsed
    else { return }
    let unused = board.clock.now() - used
    let isNew = board.status.credentialUnused == nil
    board.update { $0.credentialUnused = unused > Self.credentialWarning ? unused : nil }
    if unused > Self.credentialWarning, isNew { board.announce(.credentialUnused(for: unused)) }
  }

  private func apply(_ change: TopicWatch.Change, _ session: KafkaSession) {
    switch change {
    case .missing(let name, let reason): board.announce(.topicMissing(name: name, reason: reason))
    case .found(let name, let count): board.announce(.topicFound(name: name, partitions: count))
    case .end(let name):
      // It stays assigned: the library asks for it again by itself, as we do.
      partitions[name]?.place = .absent
    case .begin(let name, let afterMissing):
      if partitions[name] != nil { return replace(name, in: session) }
      let (stream, continuation) = AsyncStream.makeStream(of: Lane.Item.self)
      let known = stored[name]
      partitions[name] = Partition(
        place: .waiting(until: .zero), flow: known.map { PartitionFlow(next: $0) },
        fromEarliest: afterMissing, items: continuation)
      board.update { $0.change(name) { $0.next = known } }
      lanes.yield(Lane(partition: name, items: stream))
    }
  }

  /// Assigns what waits for it. After the first failure the rest waits: the cause is likely the same.
  func place(_ session: KafkaSession) {
    for name in partitions.keys.sorted() where !stop.isRaised {
      switch partitions[name]?.place {
      case .waiting(let until) where until <= uptime:
        guard assign(name, session) else { return }
      case .lost(let until) where until <= uptime:
        guard relocate(name, session) else { return }
      default: continue
      }
    }
  }

  /// To be assigned again from the offset that is wanted next.
  func replace(_ name: FeedPartition, in session: KafkaSession, after wait: Duration = .zero) {
    _ = session.unassign(name)
    partitions[name]?.place = .waiting(until: uptime + wait)
  }

  private func assign(_ name: FeedPartition, _ session: KafkaSession) -> Bool {
    guard let partition = partitions[name] else { return true }
    let flow: PartitionFlow
    if let known = partition.flow {
      flow = known
    } else {
      guard case .success(let marks) = session.watermarks(name, within: Self.patience) else {
        partitions[name]?.place = .waiting(until: uptime + Self.retry)
        return false
      }
      let isEarliest = partition.fromEarliest || configuration.start == .earliest
      flow = PartitionFlow(next: isEarliest ? marks.low : marks.high)
      partitions[name]?.flow = flow
      // Kept before anything comes: a restart must not take a later end for the beginning.
      partition.items.yield(.begin(flow.next))
    }
    if let trouble = session.assign(name, at: flow.next) {
      board.logger.warning("not assigned", metadata: ["partition": "\(name)", "reason": "\(trouble.reason)"])
      replace(name, in: session, after: Self.retry)
      return false
    }
    partitions[name]?.place = .assigned
    if flow.isPaused { _ = session.pause(name) }
    return true
  }

  /// The broker has not got the offset we want: goes on at what it has, and says what is lost.
  private func relocate(_ name: FeedPartition, _ session: KafkaSession) -> Bool {
    guard let partition = partitions[name], let flow = partition.flow else { return true }
    guard case .success(let marks) = session.watermarks(name, within: Self.patience) else {
      partitions[name]?.place = .lost(until: uptime + Self.retry)
      return false
    }
    let wanted = flow.next
    if (marks.low...marks.high).contains(wanted) {
      replace(name, in: session, after: Self.retry)
      return true
    }
    let isExpired = wanted < marks.low
    let gap = FeedGap(
      partition: name, missing: wanted..<(isExpired ? marks.low : wanted), resumesAt: marks.low,
      cause: isExpired ? .expired : .restarted(end: marks.high), noticedAt: board.clock.now())
    partitions[name]?.flow?.resume(at: marks.low)
    partition.items.yield(.gap(gap))
    replace(name, in: session)
    return true
  }
}
