import Units

/// The loop of one channel. Its workers share the rate and know what the far side is being asked about.
actor LaneRunner {
  nonisolated let width: Int
  private let channel: any DeliveryChannel
  private let deliverer: Deliverer
  private let grant: LeaseGrant
  private var bucket: TokenBucket?
  private var asking: Set<DeliveryKey> = []
  private var outage = OutageWatch()

  init(_ channel: any DeliveryChannel, width: Int, of deliverer: Deliverer, under grant: LeaseGrant) {
    self.channel = channel
    self.width = max(1, width)
    self.deliverer = deliverer
    self.grant = grant
    let (rate, burst) = channel.rate
    bucket = TokenBucket(perSecond: rate, burst: burst, at: deliverer.clock.uptime())
  }

  private var clock: any DeliveryClock { deliverer.clock }

  /// - Returns: nil when cancelled, or why it cannot go on.
  func work() async -> DeliveryError? {
    while !Task.isCancelled {
      do throws(DeliveryError) {
        guard try await step() else { return nil }
      } catch {
        guard case .storage = error else { return error }
        guard (try? await clock.sleep(for: .seconds(1))) != nil else { return nil }  // cancelled
      }
    }
    return nil
  }

  /// - Returns: false when cancelled.
  private func step() async throws(DeliveryError) -> Bool {
    // The lease could not be renewed yet: nothing is claimed that could not be sent.
    guard grant.isValid(at: clock.uptime()) else { return (try? await clock.sleep(for: .seconds(1))) != nil }
    let generation = deliverer.ledger.changes.generation(of: channel.name)
    // The rate is waited for before anything is claimed: what is claimed leaves at once.
    let wait = bucket?.wait(at: clock.uptime()) ?? .zero
    if wait > .zero { return (try? await clock.sleep(for: wait)) != nil }
    bucket?.take(at: clock.uptime())
    let lane = Lane(channel: channel.name, acceptsMocks: channel.acceptsMocks, width: width, asking: asking)
    let step: LaneStep
    do throws(DeliveryError) {
      let (next, news) = try await deliverer.ledger.next(on: lane, epoch: grant.epoch, at: clock.now())
      deliverer.tell(news)
      step = next
    } catch {
      bucket?.giveBack()
      throw error
    }
    switch step {
    case .send(let claim):
      try await send(claim)
      return true
    case .readBack(let claim):
      // Another worker may have been given the same while this one waited for the ledger.
      guard asking.insert(claim.delivery.key).inserted else { return true }
      defer { asking.remove(claim.delivery.key) }
      try await readBack(claim)
      return true
    case .idle(let until):
      bucket?.giveBack()
      return await idle(until: until, beyond: generation)
    }
  }

  private func send(_ claim: Claim) async throws(DeliveryError) {
    // A pause of the process, or of the disk, between the claim and here: another instance may act by now,
    // and the delivery may have expired. Nothing has left, so this is no failure of the far side.
    guard grant.isValid(at: clock.uptime()), !Task.isCancelled else {
      return try await record(claim, .sent(.unsent(reason: "not sent: no right to act", after: nil)))
    }
    if let expires = claim.delivery.expires, expires <= clock.now() {
      return try await record(claim, .sent(.unsent(reason: "not sent: expired", after: nil)))
    }
    let outcome = await call { [channel, clock] in
      await channel.send(claim.delivery, receipts: claim.receipts, now: clock.now())
    }
    let settled: SendOutcome
    switch outcome {
    case .inTime(let outcome): settled = outcome
    // Cut short, only a confirmation is believed: "not sent" may be the opinion of an interrupted caller.
    case .afterCancel(.confirmed(let receipt)): settled = .confirmed(receipt: receipt)
    case .afterCancel, .never: settled = .ambiguous(reason: interruption)
    }
    try await record(claim, .sent(settled))
  }

  private func readBack(_ claim: Claim) async throws(DeliveryError) {
    guard grant.isValid(at: clock.uptime()), !Task.isCancelled else { return }
    let answer = await call { [channel, clock] in
      await channel.readBack(claim.delivery, receipts: claim.receipts, now: clock.now())
    }
    switch answer {
    case .inTime(let answer): try await record(claim, .asked(answer))
    case .afterCancel(.present(let receipt)): try await record(claim, .asked(.present(receipt: receipt)))
    case .afterCancel, .never: try await record(claim, .asked(.unknown(reason: interruption, final: false)))
    }
  }

  private var interruption: String {
    Task.isCancelled ? "stopped during the call" : "no answer within \(deliverer.policy.deadline)"
  }

  private enum CallEnd<T: Sendable>: Sendable {
    case inTime(T)
    case afterCancel(T)
    case never
  }

  /// Makes a call and gives it up at the deadline or when this task is cancelled. The call itself runs in a
  /// task of its own: one that does not heed cancellation must not hold up the lane or the stop.
  private func call<T: Sendable>(_ body: @escaping @Sendable () async -> T) async -> CallEnd<T> {
    let result = OneShot<T>()
    let task = Task { result.set(await body()) }
    let (clock, policy) = (clock, deliverer.policy)
    if let value = await result.value(within: policy.deadline, clock) { return .inTime(value) }
    task.cancel()
    // In a task that is not cancelled, so that the grace is really given.
    let late = await Task { await result.value(within: policy.grace, clock) }.value
    return late.map { .afterCancel($0) } ?? .never
  }

  /// Stores the end of a call, also during a stop; a ledger that fails is asked again until the stop.
  private func record(_ claim: Claim, _ result: CallResult) async throws(DeliveryError) {
    while true {
      let (ledger, now, jitter) = (deliverer.ledger, clock.now(), deliverer.jitter())
      let outcome = await Task { () -> Result<[DeliveryNews], DeliveryError> in
        do throws(DeliveryError) {
          return .success(try await ledger.settle(claim, with: result, at: now, jitter: jitter))
        } catch { return .failure(error) }
      }.value
      switch outcome {
      case .success(let news):
        deliverer.tell(news)
        return try await catchUp(claim, result)
      case .failure(.stale): return  // a person or a later call resolved it
      case .failure(.storage(let why, let isFull)):
        deliverer.report(.notRecorded(claim.delivery.key, .storage(why, isFull: isFull)))
        // It stays in flight and becomes ambiguous at the next start.
        guard (try? await clock.sleep(for: .seconds(1))) != nil else { return }
      case .failure(let error): throw error
      }
    }
  }

  private func catchUp(_ claim: Claim, _ result: CallResult) async throws(DeliveryError) {
    let waiting = outage.note(claim.delivery.key, result)
    guard !waiting.isEmpty else { return }
    do throws(DeliveryError) {
      try await deliverer.ledger.hasten(waiting, epoch: grant.epoch, at: clock.now())
    } catch {
      // A disk that fails costs the order, no more: each goes when its back-off ends.
      guard case .storage = error else { throw error }
    }
  }

  private func idle(until: Instant?, beyond generation: UInt64) async -> Bool {
    let (clock, changes, name) = (clock, deliverer.ledger.changes, channel.name)
    // The date may be set while we sleep: look again now and then.
    let longest = Duration.seconds(60)
    let rest = until.map { min(max($0 - clock.now(), .milliseconds(1)), longest) } ?? longest
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await changes.wait(for: name, beyond: generation) }
      group.addTask { try? await clock.sleep(for: rest) }  // throws when cancelled
      await group.next()
      group.cancelAll()
    }
    return !Task.isCancelled
  }
}

/// A value that comes once, and a wait for it that can be given up.
private final class OneShot<T: Sendable>: Sendable {
  private let slot = Locked<T?>(nil)
  private let signal = ChangeSignal()

  func set(_ value: T) {
    slot.withLock { $0 = value }
    signal.fire([""])
  }

  /// Nil when it did not come in time or the task was cancelled.
  func value(within duration: Duration, _ clock: any DeliveryClock) async -> T? {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { [signal] in await signal.wait(for: "", beyond: 0) }
      group.addTask { try? await clock.sleep(for: duration) }  // throws when cancelled
      await group.next()
      group.cancelAll()
    }
    return slot.withLock { $0 }
  }
}
