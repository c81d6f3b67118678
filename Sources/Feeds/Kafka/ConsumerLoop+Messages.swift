import CRdkafka
import Units

/// What arrives: messages, errors of partitions, errors of the client.
extension ConsumerLoop {
  /// Takes what is there, waiting a moment for the first.
  func receive(_ session: KafkaSession) {
    var patience = Duration.milliseconds(100)
    for _ in 0..<128 {
      switch session.poll(for: patience, maxBytes: configuration.maxMessageBytes) {
      case .nothing: return
      case .message(let name, let offset, let body): take(body, name, offset, session)
      case .failure(let name, let code, let reason): note(code, reason, name, session)
      }
      patience = .zero
    }
  }

  private func take(
    _ body: KafkaSession.Body, _ name: FeedPartition, _ offset: Int64, _ session: KafkaSession
  ) {
    guard let partition = partitions[name], partition.place == .assigned, var flow = partition.flow else {
      return
    }
    let now = board.clock.now()
    let verdict = flow.receive(offset: offset)
    switch verdict {
    case .stale: return
    case .suspicious:
      partitions[name]?.flow = flow
      replace(name, in: session)
      return
    case .jump(let missing):
      partition.items.yield(
        .gap(FeedGap(partition: name, missing: missing, resumesAt: offset, cause: .skipped, noticedAt: now)))
    case .deliver: break
    }
    switch body {
    case .oversized(let bytes):
      partition.items.yield(
        .gap(
          FeedGap(
            partition: name, missing: offset..<(offset + 1), resumesAt: offset + 1,
            cause: .oversized(bytes: bytes), noticedAt: now)))
    case .whole(let key, let timestamp, let bytes):
      flow.queue(bytes: bytes.count)
      queuedBytes += bytes.count
      let message = FeedMessage(
        topic: name.topic, partition: name.partition, offset: offset, key: key, timestamp: timestamp,
        bytes: bytes, receivedAt: now)
      partition.items.yield(.message(message, offset: offset))
    }
    board.update {
      $0.lastMessageAt = now
      $0.counts.received += 1
    }
    if !flow.isPaused, flow.mustPause(configuration.queue, total: queuedBytes) {
      // Without the pause the queue grows by what was read ahead; the next message tries again.
      flow.isPaused = session.pause(name) == nil
    }
    partitions[name]?.flow = flow
  }

  /// An error of one partition, or of the consumer as a whole.
  private func note(
    _ code: rd_kafka_resp_err_t, _ reason: String, _ name: FeedPartition?, _ session: KafkaSession
  ) {
    switch code {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF: break
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      if let name, partitions[name]?.place == .assigned { partitions[name]?.place = .lost(until: .zero) }
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      refuse(name.map { "\($0.topic): \(reason)" } ?? reason)
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
      RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      checkSoon()
    default:
      board.logger.warning(
        "Kafka error",
        metadata: [
          "partition": "\(name.map(String.init(describing:)) ?? "-")", "reason": "\(reason)",
          "code": "\(code.rawValue)",
        ])
    }
  }

  /// What the library said about the client since the last call.
  func readTroubles() {
    for trouble in context.takeTroubles() {
      if trouble.isRefusedToken {
        keeper?.refused()
        refuse(trouble.reason)
      } else if trouble.code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN.rawValue {
        areAllDown = true
        checkSoon()
      } else {
        board.logger.info(
          "Kafka client error", metadata: ["reason": "\(trouble.reason)", "code": "\(trouble.code)"])
      }
    }
  }

  /// Asks the brokers again, but not all the time.
  private func checkSoon() { nextCheck = min(nextCheck, uptime + .milliseconds(300)) }

  /// Announced once until the next connection.
  private func refuse(_ reason: String) {
    guard refusals.count < 100, refusals.insert(reason).inserted else { return }
    board.announce(.accessRefused(reason: reason))
  }
}
