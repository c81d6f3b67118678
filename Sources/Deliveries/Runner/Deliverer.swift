import Units

/// Takes deliveries from a ledger to their channels: one lane per channel, so that one that hangs delays no
/// other; never more calls at a time than the lane is wide, never faster than the channel allows.
public struct Deliverer: Sendable {
  let ledger: any DeliveryLedger
  let channels: [any DeliveryChannel]
  let clock: any DeliveryClock
  let policy: OutboxPolicy
  let widths: [String: Int]
  let report: @Sendable (DeliveryNews) -> Void
  private let generator: Locked<any RandomNumberGenerator & Sendable>

  /// - Parameters:
  ///   - widths: calls at the same time by channel; one where nothing is said.
  ///   - report: is told everything new, once; must return soon.
  public init(
    ledger: any DeliveryLedger, channels: [any DeliveryChannel], clock: any DeliveryClock,
    policy: OutboxPolicy = OutboxPolicy(), widths: [String: Int] = [:],
    generator: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator(),
    report: @escaping @Sendable (DeliveryNews) -> Void = { _ in }
  ) throws(DeliveryError) {
    var names: Set<String> = []
    for channel in channels {
      guard names.insert(channel.name).inserted else { throw .duplicateChannel(channel.name) }
      let (rate, burst) = channel.rate
      guard TokenBucket(perSecond: rate, burst: burst, at: .zero) != nil else {
        throw .invalidRate(channel: channel.name, perSecond: rate, burst: burst)
      }
    }
    self.ledger = ledger
    self.channels = channels
    self.clock = clock
    self.policy = policy
    self.widths = widths
    self.report = report
    self.generator = Locked(generator)
  }

  /// Works until the task is cancelled, then lets calls come back for `policy.grace`; what does not is
  /// ambiguous. Throws `fenced` when another instance took over.
  public func run(under grant: LeaseGrant) async throws(DeliveryError) {
    try await tell(
      patiently { () async throws(DeliveryError) in
        try await ledger.recover(epoch: grant.epoch, at: clock.now())
      })
    try await reportMissingChannels()
    let failure = await withTaskGroup(of: DeliveryError?.self) { group -> DeliveryError? in
      for channel in channels {
        let lane = LaneRunner(channel, width: widths[channel.name] ?? 1, of: self, under: grant)
        for _ in 0..<lane.width { group.addTask { await lane.work() } }
      }
      group.addTask { await sweep(under: grant) }
      var first: DeliveryError?
      for await failure in group {
        if let failure, first == nil {
          first = failure
          group.cancelAll()
        }
      }
      return first
    }
    if let failure { throw failure }
  }

  private func reportMissingChannels() async throws(DeliveryError) {
    let served = Set(channels.map(\.name))
    let open = try await patiently { () async throws(DeliveryError) in try await ledger.openChannels() }
    for (name, waiting) in (open ?? [:]).sorted(by: { $0.key < $1.key }) where !served.contains(name) {
      report(.channelMissing(name, waiting: waiting))
    }
  }

  private func sweep(under grant: LeaseGrant) async -> DeliveryError? {
    while (try? await clock.sleep(for: .seconds(30))) != nil {  // throws when cancelled
      do throws(DeliveryError) {
        tell(try await ledger.sweep(epoch: grant.epoch, at: clock.now()))
      } catch {
        if case .fenced = error { return error }
        // The next sweep comes soon.
      }
    }
    return nil
  }

  func tell(_ news: [DeliveryNews]?) {
    for item in news ?? [] { report(item) }
  }

  func jitter() -> Fraction {
    generator.withLock { Fraction(clamping: Double.random(in: 0..<1, using: &$0)) }
  }

  /// Repeats a ledger operation while its storage fails; nil when cancelled meanwhile.
  func patiently<T>(
    _ operation: () async throws(DeliveryError) -> T
  ) async throws(DeliveryError) -> T? {
    while !Task.isCancelled {
      do throws(DeliveryError) {
        return try await operation()
      } catch {
        guard case .storage = error else { throw error }
        guard (try? await clock.sleep(for: .seconds(1))) != nil else { return nil }  // cancelled
      }
    }
    return nil
  }
}
