import Foundation
import Testing
import TestSupport
import Units

@testable import Deliveries

/// The machine's own time; the policies of these tests are a hundredth of the real ones.
struct RealClock: DeliveryClock {
  private let origin = ContinuousClock.now
  func now() -> Instant { start + (ContinuousClock.now - origin) }
  func uptime() -> Duration { ContinuousClock.now - origin }
  func sleep(for duration: Duration) async throws { try await Task.sleep(for: duration) }
}

/// A far side that does what a test says, and remembers.
final class FakeChannel: DeliveryChannel {
  struct State: Sendable {
    var sent: [String] = []
    var asked: [String] = []
    var flying = 0
    var most = 0
    var receipts: [[DeliveryKey: String]] = []
  }
  let name: String
  let acceptsMocks: Bool
  let rate: (perSecond: Double, burst: Int)
  private let state = Guarded(State())
  private let onSend: @Sendable (Delivery, Int) async -> SendOutcome
  private let onAsk: @Sendable (Delivery) async -> ReadBack

  init(
    _ name: String, acceptsMocks: Bool = false, rate: (perSecond: Double, burst: Int) = (10_000, 1000),
    onAsk: @escaping @Sendable (Delivery) async -> ReadBack = { _ in .absent },
    onSend: @escaping @Sendable (Delivery, Int) async -> SendOutcome
  ) {
    (self.name, self.acceptsMocks, self.rate) = (name, acceptsMocks, rate)
    (self.onSend, self.onAsk) = (onSend, onAsk)
  }
  var seen: State { state.value }

  func send(_ delivery: Delivery, receipts: [DeliveryKey: String], now: Instant) async -> SendOutcome {
    let count = state.change {
      $0.sent.append(delivery.key.text)
      $0.receipts.append(receipts)
      $0.flying += 1
      $0.most = max($0.most, $0.flying)
      return $0.sent.count(where: { $0 == delivery.key.text })
    }
    let outcome = await onSend(delivery, count)
    state.change { $0.flying -= 1 }
    return outcome
  }
  func readBack(_ delivery: Delivery, receipts: [DeliveryKey: String], now: Instant) async -> ReadBack {
    state.change { $0.asked.append(delivery.key.text) }
    return await onAsk(delivery)
  }
}

final class Guarded<T: Sendable>: @unchecked Sendable {
  private let lock = NSLock()
  private var stored: T
  init(_ value: T) { stored = value }
  var value: T { lock.withLock { stored } }
  @discardableResult func change<R>(_ body: (inout T) -> R) -> R { lock.withLock { body(&stored) } }
}

private var quick: OutboxPolicy {
  var policy = OutboxPolicy()
  policy.backoff = Backoff(base: .milliseconds(5), cap: .milliseconds(50))
  policy.readBackBackoff = Backoff(base: .milliseconds(5), cap: .milliseconds(20))
  policy.settle = .milliseconds(10)
  policy.deadline = .milliseconds(150)
  policy.grace = .milliseconds(50)
  policy.probe = .milliseconds(60)
  return policy
}

/// A running deliverer and its ledger.
private struct Rig {
  let ledger: MemoryLedger
  let clock = RealClock()
  let news = Guarded<[DeliveryNews]>([])
  let task: Task<DeliveryError?, Never>
  let grant: LeaseGrant

  init(
    _ channels: [any DeliveryChannel], policy: OutboxPolicy = quick, widths: [String: Int] = [:],
    grant: LeaseGrant = LeaseGrant(epoch: 1, until: .hours(1)), ledger: MemoryLedger? = nil
  ) throws {
    let kept = ledger ?? MemoryLedger(policy: policy)
    self.ledger = kept
    self.grant = grant
    let news = news
    let deliverer = try Deliverer(
      ledger: kept, channels: channels, clock: clock, policy: policy, widths: widths,
      report: { item in news.change { $0.append(item) } })
    task = Task {
      do throws(DeliveryError) {
        try await deliverer.run(under: grant)
        return nil
      } catch { return error }
    }
  }

  /// Waits until a condition on the entries holds; the suite's time limit ends a wait that is in vain.
  func until(_ condition: ([DeliveryKey: OutboxEntry]) -> Bool) async throws {
    while !condition(await ledger.outbox.entries) { try await Task.sleep(for: .milliseconds(2)) }
  }
  func stop() async -> DeliveryError? {
    task.cancel()
    return await task.value
  }
}

@Suite(.timeLimit(.minutes(1))) struct DelivererTests {
  @Test func everythingArrivesInOrderWithItsReceipts() async throws {
    let slack = FakeChannel("slack") { delivery, _ in .confirmed(receipt: "ts-\(delivery.key)") }
    let rig = try Rig([slack])
    try await rig.ledger.enqueue(
      [delivery("root"), delivery("reply", urgency: 9, needs: ["root"])], at: start)
    try await rig.until { $0.values.allSatisfy { $0.state == .done } }
    #expect(slack.seen.sent == ["root", "reply"])
    #expect(slack.seen.receipts == [[:], [DeliveryKey("root"): "ts-root"]])
    #expect(await rig.stop() == nil)
  }

  /// The hung far side is let go only after all others are served: if it held them up, this would not end.
  @Test func aHungChannelDelaysNoOther() async throws {
    let hung = FakeChannel("hung") { _, _ in
      try? await Task.sleep(for: .hours(1))  // cancelled at the deadline
      return .ambiguous(reason: "cancelled")
    }
    var patient = quick
    patient.deadline = .hours(2)
    let others = (0..<20).map { i in FakeChannel("side\(i)") { _, _ in .confirmed(receipt: "r") } }
    let rig = try Rig([hung] + others, policy: patient)
    var batch = [delivery("stuck", channel: "hung"), delivery("behind", channel: "hung")]
    for i in 0..<20 { batch.append(delivery("d\(i)", channel: "side\(i)")) }
    try await rig.ledger.enqueue(batch, at: start)
    try await rig.until { $0.values.count(where: { $0.state == .done }) == 20 }
    #expect(hung.seen.sent == ["stuck"])
    #expect(await rig.stop() == nil)
    #expect(await rig.ledger.outbox.entries[DeliveryKey("stuck")]?.state == .ambiguous)
    #expect(await rig.ledger.outbox.entries[DeliveryKey("behind")]?.state == .ready)
  }

  /// After an outage the most urgent goes first and at once, whoever happened to back off the longest; without
  /// that this would not end.
  @Test func afterAnOutageTheUrgentGoesFirst() async throws {
    var slow = quick
    slow.backoff = Backoff(base: .hours(1), cap: .hours(1))
    let side = FakeChannel("slack") { delivery, count in
      count == 1 && delivery.key.text != "probe"
        ? .unsent(reason: "refused connection", after: nil) : .confirmed(receipt: "r")
    }
    let rig = try Rig([side], policy: slow)
    try await rig.ledger.enqueue(
      [delivery("a"), delivery("b", urgency: 5), delivery("c", urgency: 9)], at: start)
    try await rig.until { $0.values.allSatisfy { $0.attempts == 1 && $0.state == .ready } }
    try await rig.ledger.enqueue([delivery("probe")], at: rig.clock.now())
    try await rig.until { $0.values.allSatisfy { $0.state == .done } }
    #expect(side.seen.sent == ["c", "b", "a", "probe", "c", "b", "a"])
    #expect(await rig.stop() == nil)
  }

  /// What fails while others succeed keeps its back-off.
  @Test func aFailureOrTwoAreNoOutage() {
    var watch = OutageWatch()
    let (a, b, c) = (DeliveryKey("a"), DeliveryKey("b"), DeliveryKey("c"))
    let failure = CallResult.sent(.unsent(reason: "503", after: nil))
    let success = CallResult.sent(.confirmed(receipt: "r"))
    for _ in 0..<5 {
      #expect(watch.note(a, failure).isEmpty && watch.note(b, failure).isEmpty)
      #expect(watch.note(c, success).isEmpty)
    }
    _ = (watch.note(a, failure), watch.note(b, failure))
    // Told when to come again: no outage, and no sign of life either.
    for _ in 0..<5 { #expect(watch.note(a, .sent(.unsent(reason: "429", after: start))).isEmpty) }
    #expect(watch.note(c, .sent(.ambiguous(reason: "504"))).isEmpty)
    #expect(watch.note(c, .asked(.present(receipt: "r"))) == [a, b])
    #expect(watch.note(c, success).isEmpty)
  }

  /// A call that heeds neither deadline nor cancellation does not hold its own lane up for ever.
  @Test func aDeafCallIsGivenUpAndReadBack() async throws {
    let gate = Guarded(false)
    let deaf = FakeChannel("slack", onAsk: { _ in .present(receipt: "it was there") }) { delivery, _ in
      if delivery.key.text == "deaf" {
        while !gate.value { await Task.yield() }
        return .unsent(reason: "a late opinion", after: nil)
      }
      return .confirmed(receipt: "r")
    }
    let rig = try Rig([deaf])
    try await rig.ledger.enqueue([delivery("deaf", urgency: 1), delivery("next")], at: start)
    try await rig.until { $0.values.allSatisfy { $0.state == .done } }
    gate.change { $0 = true }
    #expect(deaf.seen.sent == ["deaf", "next"])
    #expect(await rig.ledger.outbox.entries[DeliveryKey("deaf")]?.receipt == "it was there")
    #expect(await rig.stop() == nil)
  }

  @Test func aStopMakesWhatIsUnderWayAmbiguous() async throws {
    let slow = FakeChannel("slack") { delivery, _ in
      if delivery.key.text == "finishes" {
        try? await Task.sleep(for: .hours(1))  // cancelled by the stop
        return .confirmed(receipt: "just made it")
      }
      try? await Task.sleep(for: .hours(1))  // the same
      return .unsent(reason: "cancelled", after: nil)
    }
    var patient = quick
    patient.deadline = .hours(2)
    patient.grace = .seconds(5)
    let rig = try Rig([slow], policy: patient, widths: ["slack": 2])
    try await rig.ledger.enqueue([delivery("finishes"), delivery("cut"), delivery("waits")], at: start)
    try await rig.until { $0.values.count(where: { $0.state == .inFlight }) == 2 }
    #expect(await rig.stop() == nil)
    let entries = await rig.ledger.outbox.entries
    #expect(entries[DeliveryKey("finishes")]?.state == .done)
    #expect(entries[DeliveryKey("cut")]?.state == .ambiguous)
    #expect(entries[DeliveryKey("waits")]?.state == .ready)
    #expect(slow.seen.most == 2)
  }

  @Test func ambiguousIsReadBackAndSentAgainOnlyIfAbsent() async throws {
    let there = Guarded<Set<String>>([])
    let side = FakeChannel(
      "slack",
      onAsk: { delivery in there.value.contains(delivery.key.text) ? .present(receipt: "r") : .absent }
    ) { delivery, attempt in
      if delivery.key.text == "accepted" { there.change { _ = $0.insert("accepted") } }
      return attempt == 1 ? .ambiguous(reason: "504") : .confirmed(receipt: "r")
    }
    let rig = try Rig([side])
    try await rig.ledger.enqueue([delivery("accepted"), delivery("lost")], at: start)
    try await rig.until { $0.values.allSatisfy { $0.state == .done } }
    #expect(side.seen.sent.sorted() == ["accepted", "lost", "lost"])
    #expect(side.seen.asked.sorted() == ["accepted", "lost"])
    #expect(await rig.stop() == nil)
  }

  @Test func aFencedDelivererEnds() async throws {
    let hold = Guarded(true)
    let side = FakeChannel("slack") { _, _ in
      while hold.value { try? await Task.sleep(for: .milliseconds(2)) }  // cancelled is as good
      return .confirmed(receipt: "r")
    }
    var patient = quick
    patient.deadline = .hours(1)
    let rig = try Rig([side], policy: patient)
    try await rig.ledger.enqueue([delivery("a"), delivery("b")], at: start)
    try await rig.until { $0[DeliveryKey("a")]?.state == .inFlight }
    _ = try await rig.ledger.recover(epoch: 2, at: start)
    hold.change { $0 = false }
    #expect(await rig.task.value == .fenced(current: 2, given: 1))
    #expect(side.seen.sent == ["a"])
    #expect(await rig.ledger.outbox.entries[DeliveryKey("a")]?.state == .ambiguous)
  }

  @Test func withoutAValidLeaseNothingLeaves() async throws {
    let side = FakeChannel("slack") { _, _ in .confirmed(receipt: "r") }
    let rig = try Rig([side], grant: LeaseGrant(epoch: 1, until: .zero))
    try await rig.ledger.enqueue([delivery("a")], at: start)
    try await Task.sleep(for: .milliseconds(100))
    #expect(side.seen.sent.isEmpty)
    #expect(await rig.ledger.outbox.entries[DeliveryKey("a")]?.state == .ready)
    #expect(await rig.stop() == nil)
  }

  @Test func theRateIsKept() async throws {
    let times = Guarded<[ContinuousClock.Instant]>([])
    let side = FakeChannel("slack", rate: (50, 3)) { _, _ in
      times.change { $0.append(.now) }
      return .confirmed(receipt: "r")
    }
    let rig = try Rig([side])
    try await rig.ledger.enqueue((0..<13).map { delivery("d\($0)") }, at: start)
    try await rig.until { $0.values.allSatisfy { $0.state == .done } }
    // Nine that no burst can cover, even one refilled behind the first: a fiftieth of a second each.
    let taken = try #require(times.value.last) - (try #require(times.value.first))
    #expect(taken > .milliseconds(175))
    #expect(await rig.stop() == nil)
  }

  @Test func aHaltIsReportedOnceAndEndsByItself() async throws {
    let good = Guarded(false)
    let side = FakeChannel("slack") { _, _ in good.value ? .confirmed(receipt: "r") : .halted(reason: "401") }
    let rig = try Rig([side])
    try await rig.ledger.enqueue([delivery("a"), delivery("b")], at: start)
    while side.seen.sent.count < 4 { try await Task.sleep(for: .milliseconds(5)) }
    good.change { $0 = true }
    try await rig.until { $0.values.allSatisfy { $0.state == .done } }
    let holds = rig.news.value.filter { if case .held = $0 { true } else { false } }
    let resumed = rig.news.value.filter { $0 == .resumed(channel: "slack") }
    #expect(holds.count == 1 && resumed.count == 1)
    #expect(await rig.stop() == nil)
  }

  @Test func channelsThatAreNotThereAreNamed() async throws {
    let ledger = MemoryLedger(policy: quick)
    try await ledger.enqueue([delivery("a", channel: "gone"), delivery("b", channel: "gone")], at: start)
    let rig = try Rig([FakeChannel("slack") { _, _ in .confirmed(receipt: "r") }], ledger: ledger)
    while rig.news.value.isEmpty || !rig.news.value.contains(.channelMissing("gone", waiting: 2)) {
      try await Task.sleep(for: .milliseconds(2))
    }
    #expect(await rig.stop() == nil)
  }

  @Test func badChannelsAreRefused() {
    let ok = FakeChannel("a") { _, _ in .confirmed(receipt: "r") }
    #expect(throws: DeliveryError.duplicateChannel("a")) {
      try Deliverer(ledger: MemoryLedger(), channels: [ok, ok], clock: RealClock())
    }
    let bad = FakeChannel("b", rate: (0, 1)) { _, _ in .confirmed(receipt: "r") }
    #expect(throws: DeliveryError.invalidRate(channel: "b", perSecond: 0, burst: 1)) {
      try Deliverer(ledger: MemoryLedger(), channels: [bad], clock: RealClock())
    }
  }
}

@Suite(.timeLimit(.minutes(1))) struct ChangeSignalTests {
  @Test func noChangeIsMissed() async {
    let signal = ChangeSignal()
    let rounds = 2000
    async let writer: Void = {
      for _ in 0..<rounds {
        signal.fire(["a"])
        await Task.yield()
      }
    }()
    var seen: UInt64 = 0
    while seen < rounds {
      await signal.wait(for: "a", beyond: seen)
      seen = signal.generation(of: "a")
    }
    await writer
    #expect(seen == rounds)
  }

  @Test func aCancelledWaiterReturns() async {
    let signal = ChangeSignal()
    for _ in 0..<200 {
      let task = Task { await signal.wait(for: "a", beyond: 0) }
      if Bool.random() { await Task.yield() }
      task.cancel()
      await task.value
    }
  }
}

/// A lease in memory and a clock that tests move.
actor MemoryLeases: LeaseLedger {
  var record: LeaseRecord?
  func lease(_ name: String) -> LeaseRecord? { record }
  func seize(_ name: String, holder: String, seen: LeaseRecord?, until expires: Instant) -> LeaseRecord? {
    guard record == seen else { return nil }
    record = LeaseRecord(
      name: name, holder: holder, epoch: (seen?.epoch ?? 0) + 1, renewals: 0, expires: expires)
    return record
  }
  func renew(_ name: String, epoch: Int64, until expires: Instant) -> Bool {
    guard let old = record, old.epoch == epoch else { return false }
    record = LeaseRecord(
      name: name, holder: old.holder, epoch: epoch, renewals: old.renewals + 1, expires: expires)
    return true
  }
  func release(_ name: String, epoch: Int64) {
    guard let old = record, old.epoch == epoch else { return }
    record = LeaseRecord(
      name: name, holder: old.holder, epoch: epoch, renewals: old.renewals, expires: Instant(tai: .min))
  }
}

@Suite(.timeLimit(.minutes(1))) struct LeaseKeeperTests {
  private var timing: LeaseTiming {
    var timing = LeaseTiming()
    timing.duration = .milliseconds(1500)
    timing.renewal = .milliseconds(50)
    timing.poll = .milliseconds(10)
    timing.margin = .milliseconds(20)
    return timing
  }

  @Test func onlyOneActsAndTheOtherFollows() async throws {
    let ledger = MemoryLeases()
    let acting = Guarded<[String]>([])
    let starts = Guarded<[String]>([])
    let keepers = ["a", "b"].map { name in
      let keeper = LeaseKeeper(
        name: "serve", holder: name, ledger: ledger, clock: RealClock(), timing: timing)
      return Task {
        try await keeper.run { _ in
          acting.change { $0.append(name) }
          starts.change { $0.append(name) }
          try? await Task.sleep(for: .hours(1))  // until it is stopped
          acting.change { $0.removeAll { $0 == name } }
        }
      }
    }
    while starts.value.count < 1 { try await Task.sleep(for: .milliseconds(2)) }
    try await Task.sleep(for: .milliseconds(1800))
    #expect(acting.value.count == 1 && starts.value.count == 1)
    let first = starts.value[0] == "a" ? 0 : 1
    keepers[first].cancel()
    _ = await keepers[first].result
    while starts.value.count < 2 { try await Task.sleep(for: .milliseconds(2)) }
    #expect(starts.value[1] != starts.value[0])
    #expect(await ledger.record?.epoch == 2)
    keepers[1 - first].cancel()
    _ = await keepers[1 - first].result
  }

  @Test func whoLosesTheLeaseStopsAndStandsByAgain() async throws {
    let ledger = MemoryLeases()
    let epochs = Guarded<[Int64]>([])
    let stopped = Guarded(0)
    let keeper = LeaseKeeper(name: "serve", holder: "a", ledger: ledger, clock: RealClock(), timing: timing)
    let task = Task {
      try await keeper.run { grant in
        epochs.change { $0.append(grant.epoch) }
        try? await Task.sleep(for: .hours(1))  // until it is stopped
        stopped.change { $0 += 1 }
      }
    }
    while epochs.value.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
    let seen = await ledger.record
    _ = await ledger.seize("serve", holder: "thief", seen: seen, until: start + .hours(1))
    // The thief never renews: after the duration by its own clock the keeper takes the lease back.
    while epochs.value.count < 2 { try await Task.sleep(for: .milliseconds(2)) }
    #expect(epochs.value == [1, 3])
    #expect(stopped.value == 1)
    task.cancel()
    _ = await task.result
    #expect(await ledger.record?.expires == Instant(tai: .min))
  }

  @Test func aRestartAfterADeathNeedNotWait() async throws {
    let ledger = MemoryLeases()
    _ = await ledger.seize("serve", holder: "dead", seen: nil, until: start + .hours(1))
    let keeper = LeaseKeeper(
      name: "serve", holder: "new", ledger: ledger, clock: RealClock(), isHolderGone: { true })
    let grant = try #require(await keeper.acquire())
    #expect(grant.epoch == 2)
  }
}
