import Units

/// Which instance acts, as stored beside the outbox. The epoch grows by one with every change of hands and
/// is part of every claim: what a holder that was paused and passed over still does is refused.
public struct LeaseRecord: Hashable, Sendable {
  public let name: String
  public let holder: String
  public let epoch: Int64
  /// Grows with every renewal, so that a standby sees life without trusting dates.
  public let renewals: Int64
  public let expires: Instant

  public init(name: String, holder: String, epoch: Int64, renewals: Int64, expires: Instant) {
    self.name = name
    self.holder = holder
    self.epoch = epoch
    self.renewals = renewals
    self.expires = expires
  }
}

/// A standby takes over at most `duration` + `poll` after the holder's last renewal: 11 s.
public struct LeaseTiming: Hashable, Sendable {
  public var duration: Duration = .seconds(10)
  public var renewal: Duration = .seconds(3)
  public var poll: Duration = .seconds(1)
  /// The holder stops calling out so long before its lease ends.
  public var margin: Duration = .seconds(2)
  public init() {}
}

/// What a standby has seen of the holder.
public struct LeaseWatch: Hashable, Sendable {
  private var seen: LeaseRecord?
  private var at: Duration = .zero

  public init() {}

  /// Whether the holder is to be taken for dead: its lease ended by the date, or it gave no sign of life for
  /// the whole duration by our own steady clock (a date that was set back must not keep a dead holder).
  public mutating func maySeize(
    _ record: LeaseRecord?, now: Instant, uptime: Duration, timing: LeaseTiming
  ) -> Bool {
    guard let record else { return true }
    if record.expires <= now { return true }
    guard let seen, seen.epoch == record.epoch, seen.renewals == record.renewals else {
      self.seen = record
      at = uptime
      return false
    }
    return uptime - at >= timing.duration
  }
}

/// Where leases are kept. All operations are atomic.
public protocol LeaseLedger: Sendable {
  func lease(_ name: String) async throws(DeliveryError) -> LeaseRecord?
  /// Takes the lease over if it still is as `seen` (nil: nobody ever had it); nil if somebody was faster.
  func seize(
    _ name: String, holder: String, seen: LeaseRecord?, until expires: Instant
  ) async throws(DeliveryError) -> LeaseRecord?
  /// False when somebody else took over.
  func renew(_ name: String, epoch: Int64, until expires: Instant) async throws(DeliveryError) -> Bool
  /// Lets a standby take over at once; without effect when somebody else holds it.
  func release(_ name: String, epoch: Int64) async throws(DeliveryError)
}

/// The right to act, for as long as it is renewed.
public final class LeaseGrant: Sendable {
  public let epoch: Int64
  private let end: Locked<Duration>

  /// - Parameter end: by the clock's uptime.
  public init(epoch: Int64, until end: Duration) {
    self.epoch = epoch
    self.end = Locked(end)
  }
  /// A process that was paused finds out here, before it sends.
  public func isValid(at uptime: Duration) -> Bool { end.withLock { uptime < $0 } }
  func extend(until uptime: Duration) { end.withLock { $0 = uptime } }
}

/// Stands by until the lease is free, runs the body under it, renews it, and stops the body when it is lost.
public struct LeaseKeeper: Sendable {
  public let name: String
  /// Unlike that of every other process, ever: such as host, process id and a random number.
  public let holder: String
  private let ledger: any LeaseLedger
  private let clock: any DeliveryClock
  private let timing: LeaseTiming
  private let isHolderGone: @Sendable () -> Bool

  /// - Parameter isHolderGone: whether it is certain that no other process lives (a lock that the system
  ///   takes from the dead): then a restart need not wait for the lease to end.
  public init(
    name: String, holder: String, ledger: any LeaseLedger, clock: any DeliveryClock,
    timing: LeaseTiming = LeaseTiming(), isHolderGone: @escaping @Sendable () -> Bool = { false }
  ) {
    self.name = name
    self.holder = holder
    self.ledger = ledger
    self.clock = clock
    self.timing = timing
    self.isHolderGone = isHolderGone
  }

  /// Returns when the task is cancelled or the body returns by itself.
  public func run(_ body: @escaping @Sendable (LeaseGrant) async throws -> Void) async throws {
    while !Task.isCancelled {
      guard let grant = await acquire() else { return }
      let lost = try await hold(grant, body)
      if !lost { return }
    }
  }

  /// Waits for the lease; nil when cancelled. A ledger that cannot be read is asked again.
  public func acquire() async -> LeaseGrant? {
    var watch = LeaseWatch()
    while !Task.isCancelled {
      let begun = clock.uptime()
      if let grant = try? await tryOnce(&watch, begun: begun) { return grant }  // failing means not yet
      guard (try? await clock.sleep(for: timing.poll)) != nil else { return nil }  // cancelled
    }
    return nil
  }

  private func tryOnce(_ watch: inout LeaseWatch, begun: Duration) async throws -> LeaseGrant? {
    let record = try await ledger.lease(name)
    let now = clock.now()
    // Asked first, so that a lock is held before the lease is.
    let isGone = isHolderGone()
    guard watch.maySeize(record, now: now, uptime: begun, timing: timing) || isGone else { return nil }
    let taken = try await ledger.seize(name, holder: holder, seen: record, until: now + timing.duration)
    return taken.map { LeaseGrant(epoch: $0.epoch, until: begun + timing.duration - timing.margin) }
  }

  /// - Returns: whether the lease was lost.
  private func hold(
    _ grant: LeaseGrant, _ body: @escaping @Sendable (LeaseGrant) async throws -> Void
  ) async throws -> Bool {
    let lost = try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        // A body that finds out first that it was replaced has lost the lease, no more: it stands by again.
        do { try await body(grant) } catch DeliveryError.fenced { return true }
        return false
      }
      group.addTask { await renew(grant) }
      let first = try await group.next() ?? false
      group.cancelAll()
      // What a body says that was stopped is no news, and must not end the standby.
      while await group.nextResult() != nil {}
      return first
    }
    // Shielded from cancellation: the other instance should not have to wait.
    let (ledger, name) = (ledger, name)
    if !lost { _ = await Task { try? await ledger.release(name, epoch: grant.epoch) }.value }
    return lost
  }

  /// Returns true when the lease is lost, false when cancelled.
  private func renew(_ grant: LeaseGrant) async -> Bool {
    while true {
      guard (try? await clock.sleep(for: timing.renewal)) != nil else { return false }  // cancelled
      let begun = clock.uptime()
      do {
        guard try await ledger.renew(name, epoch: grant.epoch, until: clock.now() + timing.duration) else {
          return true
        }
        grant.extend(until: begun + timing.duration - timing.margin)
      } catch {
        // A full or busy disk: the grant runs out by itself and nothing is sent meanwhile.
        continue
      }
    }
  }
}
