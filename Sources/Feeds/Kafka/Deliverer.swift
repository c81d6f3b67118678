import Units

/// What one partition has for the sink, in order.
struct Lane: Sendable {
  enum Item: Sendable {
    /// Consumption begins here; what came before was never asked for.
    case begin(Int64)
    case gap(FeedGap)
    case message(FeedMessage, offset: Int64)
  }

  let partition: FeedPartition
  let items: AsyncStream<Item>
}

/// What the consumer's thread is told.
enum ConsumerCommand: Sendable {
  /// Durable up to `next`; `bytes` is the size of the message if it was one.
  case settled(FeedPartition, bytes: Int?, next: Int64)
  case rebuild(reason: String)
}

/// Takes the items of one lane to the sink and the offset store, one after the other, and insists.
struct Deliverer: Sendable {
  let sink: any NoticeSink
  let offsets: any OffsetStore
  let backoff: FeedBackoff
  let board: FeedBoard
  let stop: StopFlag
  let redact: @Sendable (String) -> String
  let tell: @Sendable (ConsumerCommand) -> Void

  /// Ends with the lane, or at a stop after the item in hand.
  func run(_ lane: Lane) async {
    for await item in lane.items {
      guard !stop.isRaised, await deliver(item, lane.partition) else { return }
    }
  }

  /// - Returns: false if it was stopped before the item was durable.
  private func deliver(_ item: Lane.Item, _ partition: FeedPartition) async -> Bool {
    let next: Int64
    var bytes: Int?
    switch item {
    case .begin(let offset):
      next = offset
      guard await insist(partition, { _ in try await offsets.advance(partition, to: offset) }) != nil else {
        return false
      }
    case .gap(let gap):
      next = gap.resumesAt
      guard await insist(partition, { _ in try await offsets.record(gap) }) != nil else { return false }
      board.update {
        $0.gaps.append(gap)
        $0.gaps.removeFirst(max(0, $0.gaps.count - FeedStatus.maxGaps))
        $0.counts.gaps += 1
      }
      board.announce(.gap(gap))
    case .message(let message, let offset):
      next = offset + 1
      bytes = message.bytes.count
      guard await accept(message, partition, next: next) else { return false }
    }
    board.update { $0.change(partition) { $0.next = next } }
    tell(.settled(partition, bytes: bytes, next: next))
    return true
  }

  private func accept(_ message: FeedMessage, _ partition: FeedPartition, next: Int64) async -> Bool {
    let accepted = await insist(partition) { attempt in
      var message = message
      message.attempt = attempt
      return try await sink.accept(message)
    }
    guard let accepted else { return false }
    board.update {
      switch accepted {
      case .stored: $0.counts.stored += 1
      case .duplicate: $0.counts.duplicate += 1
      case .quarantined: $0.counts.quarantined += 1
      }
    }
    // The bytes are safe. If this is never reached the message comes again, and the sink knows it.
    return await insist(partition) { _ in try await offsets.advance(partition, to: next) } != nil
  }

  /// Repeats until it succeeds; nil if it was stopped before.
  private func insist<R: Sendable>(
    _ partition: FeedPartition, _ act: @Sendable (_ attempt: Int) async throws -> R
  ) async -> R? {
    var attempt = 1
    var blockedSince: Duration?
    while !stop.isRaised, !Task.isCancelled {
      do {
        let result = try await act(attempt)
        if let blockedSince {
          board.update { $0.change(partition) { $0.blocked = nil } }
          board.announce(.unblocked(partition, after: board.clock.uptime() - blockedSince))
        }
        return result
      } catch {
        guard !stop.isRaised, !Task.isCancelled else { break }
        let reason = redact("\(error)")
        board.update {
          $0.counts.refusedBySink += 1
          $0.change(partition) { $0.blocked = reason }
        }
        if blockedSince == nil {
          blockedSince = board.clock.uptime()
          board.announce(.blocked(partition, reason: reason))
        }
        await stop.sleep(for: backoff.delay(attempt: attempt))
        attempt += 1
      }
    }
    return nil
  }
}
