import Testing
import Units

@testable import Deliveries

/// An instance that lost its lease stands by again, whatever its work said when it was stopped.
@Suite(.timeLimit(.minutes(1))) struct LostLeaseTests {
  private var timing: LeaseTiming {
    var timing = LeaseTiming()
    timing.duration = .milliseconds(500)
    timing.renewal = .milliseconds(20)
    timing.poll = .milliseconds(5)
    timing.margin = .milliseconds(10)
    return timing
  }

  private func secondEpoch(
    _ body: @escaping @Sendable (LeaseGrant) async throws -> Void
  ) async throws -> Int64 {
    let ledger = MemoryLeases()
    let epochs = Guarded<[Int64]>([])
    let keeper = LeaseKeeper(name: "serve", holder: "a", ledger: ledger, clock: RealClock(), timing: timing)
    let task = Task {
      try await keeper.run { grant in
        epochs.change { $0.append(grant.epoch) }
        guard epochs.value.count == 1 else { return try await Task.sleep(for: .hours(1)) }
        try await body(grant)
      }
    }
    while epochs.value.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
    let seen = await ledger.record
    _ = await ledger.seize("serve", holder: "thief", seen: seen, until: start + .hours(1))
    let isOver = Guarded(false)
    Task {
      _ = await task.result
      isOver.change { $0 = true }
    }
    while epochs.value.count < 2, !isOver.value { try await Task.sleep(for: .milliseconds(2)) }
    task.cancel()
    _ = await task.result
    return epochs.value.last ?? 0
  }

  @Test func aFencedBodyIsNoEnd() async throws {
    let epoch = try await secondEpoch { grant in
      try await Task.sleep(for: .milliseconds(100))
      throw DeliveryError.fenced(current: grant.epoch + 1, given: grant.epoch)
    }
    #expect(epoch >= 2)
  }

  @Test func aBodyThatThrowsWhenStoppedIsNoEnd() async throws {
    // `Task.sleep` throws the cancellation.
    let epoch = try await secondEpoch { _ in try await Task.sleep(for: .hours(1)) }
    #expect(epoch >= 2)
  }
}
