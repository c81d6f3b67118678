import Deliveries
import Foundation
import Testing
import TestSupport
import Units

@testable import Store

/// A store whose every restart is a new file handle and a new lease.
struct StoredOutbox: SimulatedLedger {
  let store: Store
  var changes: ChangeSignal { store.changes }

  static func open(_ path: String) async throws(DeliveryError) -> StoredOutbox {
    let store: Store
    do throws(StoreError) { store = try Store(path: path) } catch { throw error.asDeliveryError }
    let seen = try await store.lease("serve")
    _ = try await store.seize("serve", holder: "test", seen: seen, until: start)
    return StoredOutbox(store: store)
  }

  func add(_ batch: [Delivery], at now: Instant) async throws(DeliveryError) {
    var outcome = Outcome()
    outcome.deliveries = batch
    try await commit(outcome, at: now)
  }
  func takeBack(_ key: DeliveryKey, at now: Instant) async throws(DeliveryError) {
    var outcome = Outcome()
    outcome.withdrawnDeliveries = [(key, "the event was retracted")]
    try await commit(outcome, at: now)
  }
  private func commit(_ outcome: Outcome, at now: Instant) async throws(DeliveryError) {
    do throws(StoreError) { try await store.commit(outcome, at: now) } catch { throw error.asDeliveryError }
  }
  func allEntries() async throws(DeliveryError) -> [OutboxEntry] {
    do throws(StoreError) {
      return try await store.deliveries(Set(DeliveryState.allCases), limit: .max)
    } catch { throw error.asDeliveryError }
  }
  func reopened() async throws(DeliveryError) -> StoredOutbox {
    do throws(StoreError) { try store.close() } catch { throw error.asDeliveryError }
    return try await Self.open(store.path)
  }

  func recover(epoch: Int64, at now: Instant) async throws(DeliveryError) -> [DeliveryNews] {
    try await store.recover(epoch: epoch, at: now)
  }
  func next(
    on lane: Lane, epoch: Int64, at now: Instant
  ) async throws(DeliveryError) -> (step: LaneStep, news: [DeliveryNews]) {
    try await store.next(on: lane, epoch: epoch, at: now)
  }
  func settle(
    _ claim: Claim, with result: CallResult, at now: Instant, jitter: Fraction
  ) async throws(DeliveryError) -> [DeliveryNews] {
    try await store.settle(claim, with: result, at: now, jitter: jitter)
  }
  func hasten(_ keys: Set<DeliveryKey>, epoch: Int64, at now: Instant) async throws(DeliveryError) {
    try await store.hasten(keys, epoch: epoch, at: now)
  }
  func sweep(epoch: Int64, at now: Instant) async throws(DeliveryError) -> [DeliveryNews] {
    try await store.sweep(epoch: epoch, at: now)
  }
  func openChannels() async throws(DeliveryError) -> [String: Int] { try await store.openChannels() }
}

@Suite struct LedgerTests {
  /// The same faults as in memory, through SQLite and with reopened files; and the same end, row by row.
  @Test(arguments: 0..<4 as Range<UInt64>)
  func theStoreDoesWhatTheMachineSays(part: UInt64) async throws {
    var total = SimulationReport()
    for seed in stride(from: part, to: 48, by: 4) {
      let scratch = try Scratch()
      let policy = OutboxPolicy()
      let ledger = try await StoredOutbox.open(scratch.path)
      var simulation = Simulation(seed: seed, ledger: ledger, policy: policy)
      let report = try await simulation.run()
      #expect(report.violations.isEmpty, "seed \(seed): \(report.violations.prefix(3))")
      let memory = MemoryLedger(policy: policy)
      var twin = Simulation(seed: seed, ledger: memory, policy: policy)
      _ = try await twin.run()
      let stored = try await simulation.ledger.allEntries()
      let expected = await memory.allEntries().sorted { $0.sequence < $1.sequence }
      #expect(stored == expected, "seed \(seed)")
      #expect(try await simulation.ledger.store.faults().isEmpty)
      total.sends += report.sends
      total.crashes += report.crashes
    }
    print("simulation on the store: 12 seeds, \(total.sends) sends, \(total.crashes) crashes")
    #expect(total.sends > 50)
  }

  @Test func aClaimIsFencedByTheLease() async throws {
    let scratch = try Scratch()
    let old = try await StoredOutbox.open(scratch.path).store
    var outcome = Outcome()
    outcome.deliveries = [delivery("a")]
    outcome.epoch = 1
    try await old.commit(outcome, at: start)
    let lane = Lane(channel: "slack", acceptsMocks: false)
    guard case .send(let claim) = try await old.next(on: lane, epoch: 1, at: start).step else {
      Issue.record("nothing was claimed")
      return
    }
    let new = try await StoredOutbox.open(scratch.path).store
    _ = try await new.recover(epoch: 2, at: start)
    let fenced = DeliveryError.fenced(current: 2, given: 1)
    await #expect(throws: fenced) {
      try await old.settle(claim, with: .sent(.confirmed(receipt: "r")), at: start, jitter: .zero)
    }
    await #expect(throws: fenced) { try await old.next(on: lane, epoch: 1, at: start) }
    await #expect(throws: fenced) { try await old.sweep(epoch: 1, at: start) }
    await #expect(throws: fenced) { try await old.recover(epoch: 1, at: start) }
    await #expect(throws: StoreError.fenced(current: 2, given: 1)) {
      try await old.commit(outcome, at: start)
    }
    #expect(try await new.delivery(DeliveryKey("a")).entry.state == .ambiguous)
  }

  @Test func everyCallIsOnRecord() async throws {
    let scratch = try Scratch()
    let store = try await StoredOutbox.open(scratch.path).store
    var outcome = Outcome()
    outcome.deliveries = [delivery("a", payload: "the payload"), delivery("b", needs: ["a"])]
    try await store.commit(outcome, at: start)
    let lane = Lane(channel: "slack", acceptsMocks: false)
    guard case .send(let claim) = try await store.next(on: lane, epoch: 1, at: start).step else {
      Issue.record("nothing was claimed")
      return
    }
    #expect(claim.delivery.payload == Array("the payload".utf8))
    _ = try await store.settle(
      claim, with: .sent(.ambiguous(reason: "504")), at: start + .seconds(1), jitter: .one)
    guard case .readBack(let ask) = try await store.next(on: lane, epoch: 1, at: start + .seconds(20)).step
    else {
      Issue.record("it was not read back")
      return
    }
    let news = try await store.settle(
      ask, with: .asked(.present(receipt: "77")), at: start + .seconds(21), jitter: .one)
    #expect(news.count == 1)
    guard case .send(let second) = try await store.next(on: lane, epoch: 1, at: start + .seconds(21)).step
    else {
      Issue.record("what needs it did not follow")
      return
    }
    #expect(second.receipts == [DeliveryKey("a"): "77"])
    #expect(
      try await store.attempts(of: DeliveryKey("a")).map { [$0.result, $0.detail] } == [
        ["ambiguous", "504"], ["present", "77"],
      ])
    #expect(try await store.attempts(of: DeliveryKey("b")).map(\.endedAt) == [nil])
    #expect(try await store.log(after: 0, limit: 9).map(\.kind) == ["delivery.ambiguous", "delivery.done"])
  }

  @Test func aBackOffCutShortIsStoredAndFenced() async throws {
    let scratch = try Scratch()
    let ledger = try await StoredOutbox.open(scratch.path)
    try await ledger.add([delivery("a"), delivery("b", urgency: 5)], at: start)
    let lane = Lane(channel: "slack", acceptsMocks: false)
    for _ in 0..<2 {
      guard case .send(let claim) = try await ledger.next(on: lane, epoch: 1, at: start).step else { break }
      let failure = CallResult.sent(.unsent(reason: "503", after: nil))
      _ = try await ledger.settle(claim, with: failure, at: start, jitter: .one)
    }
    #expect(try await ledger.next(on: lane, epoch: 1, at: start).step == .idle(until: start + .seconds(2)))
    let keys = Set(["a", "b"].map { DeliveryKey($0) })
    await #expect(throws: DeliveryError.fenced(current: 1, given: 0)) {
      try await ledger.hasten(keys, epoch: 0, at: start)
    }
    try await ledger.hasten(keys, epoch: 1, at: start)
    guard case .send(let claim) = try await ledger.next(on: lane, epoch: 1, at: start).step else {
      Issue.record("nothing to send")
      return
    }
    #expect(claim.delivery.key.text == "b")
  }

  /// What the urgent needs is as urgent, also behind more than is looked at first.
  @Test func needsOvertakeABacklog() async throws {
    let scratch = try Scratch()
    let ledger = try await StoredOutbox.open(scratch.path)
    try await ledger.add((0..<200).map { delivery("plan\($0)", urgency: 20) }, at: start)
    try await ledger.add([delivery("event"), delivery("stop", urgency: 30, needs: ["event"])], at: start)
    var order: [String] = []
    for _ in 0..<3 {
      let lane = Lane(channel: "slack", acceptsMocks: false)
      guard case .send(let claim) = try await ledger.next(on: lane, epoch: 1, at: start).step else { break }
      order.append(claim.delivery.key.text)
      _ = try await ledger.settle(
        claim, with: .sent(.confirmed(receipt: "r")), at: start, jitter: .one)
    }
    #expect(order == ["event", "stop", "plan0"])
  }

  @Test func aHoldSurvivesARestartAndIsSaidOnce() async throws {
    let scratch = try Scratch()
    var ledger = try await StoredOutbox.open(scratch.path)
    try await ledger.add([delivery("a"), delivery("b")], at: start)
    let lane = Lane(channel: "slack", acceptsMocks: false)
    guard case .send(let claim) = try await ledger.next(on: lane, epoch: 1, at: start).step else {
      Issue.record("nothing was claimed")
      return
    }
    _ = try await ledger.settle(claim, with: .sent(.halted(reason: "401")), at: start, jitter: .one)
    ledger = try await ledger.reopened()
    _ = try await ledger.recover(epoch: 2, at: start)
    // Whoever renewed the token has started the program again: one trial at once.
    guard case .send(let trial) = try await ledger.next(on: lane, epoch: 2, at: start).step else {
      Issue.record("it waits for the probe")
      return
    }
    #expect(trial.delivery.key == DeliveryKey("a"))
    _ = try await ledger.settle(trial, with: .sent(.halted(reason: "401")), at: start, jitter: .one)
    #expect(try await ledger.next(on: lane, epoch: 2, at: start).step == .idle(until: start + .minutes(15)))
    #expect(try await ledger.store.holds().map(\.reason) == ["401"])
    #expect(try await ledger.store.counts().heldChannels == ["slack"])
    try await ledger.store.resume(channel: "slack", at: start)
    guard case .send = try await ledger.next(on: lane, epoch: 2, at: start).step else {
      Issue.record("it does not go on")
      return
    }
    let kinds = try await ledger.store.log(after: 0, limit: 9).map(\.kind).filter { $0.hasPrefix("channel") }
    #expect(kinds == ["channel.held", "channel.resumed"])
  }

  @Test func aPersonsRulingIsLogged() async throws {
    let scratch = try Scratch()
    let store = try await StoredOutbox.open(scratch.path).store
    var outcome = Outcome()
    outcome.deliveries = [delivery("a")]
    try await store.commit(outcome, at: start)
    _ = try await store.rule(.drop, on: DeliveryKey("a"), role: "shift leader", at: start)
    let entry = try #require(try await store.log(after: 0, limit: 1).first)
    #expect(entry.kind == "delivery.dead" && entry.body.contains("dropped by shift leader"))
    await #expect(throws: DeliveryError.unknownDelivery(DeliveryKey("z"))) {
      _ = try await store.rule(.drop, on: DeliveryKey("z"), role: "shift leader", at: start)
    }
  }

  @Test func aBacklogOfThousandsIsDrainedInOrder() async throws {
    let scratch = try Scratch()
    let store = try await StoredOutbox.open(scratch.path).store
    var outcome = Outcome()
    outcome.deliveries = (0..<2000).map { delivery("d\($0)", urgency: $0 % 5) }
    try await store.commit(outcome, at: start)
    let lane = Lane(channel: "slack", acceptsMocks: false)
    var urgencies: [Int] = []
    let begun = ContinuousClock.now
    for _ in 0..<60 {
      guard case .send(let claim) = try await store.next(on: lane, epoch: 1, at: start).step else { break }
      urgencies.append(claim.delivery.urgency)
      _ = try await store.settle(claim, with: .sent(.confirmed(receipt: "r")), at: start, jitter: .zero)
    }
    print("a claim and its end with 2000 open: \((ContinuousClock.now - begun) / 60)")
    #expect(urgencies == Array(repeating: 4, count: 60))
  }
}

@Suite struct LeaseTests {
  /// Two instances, one of which is paused for a minute and wakes with a call in its hands; by virtual clock.
  @Test func aPausedHolderIsPassedOverAndFenced() async throws {
    let scratch = try Scratch()
    let (a, b) = (try scratch.store(), try scratch.store())
    let timing = LeaseTiming()
    var rounds = 0
    var now = start
    var uptime = Duration.zero
    for _ in 0..<50 {
      let (holder, standby) = rounds % 2 == 0 ? (a, b) : (b, a)
      let seen = try await holder.lease("serve")
      let mine = try #require(
        try await holder.seize("serve", holder: "x\(rounds)", seen: seen, until: now + timing.duration))
      let grant = LeaseGrant(epoch: mine.epoch, until: uptime + timing.duration - timing.margin)
      var outcome = Outcome()
      outcome.deliveries = [delivery("d\(rounds)")]
      try await holder.commit(outcome, at: now)
      let lane = Lane(channel: "slack", acceptsMocks: false)
      guard case .send(let claim) = try await holder.next(on: lane, epoch: mine.epoch, at: now).step else {
        Issue.record("nothing was claimed")
        return
      }
      // The holder is paused here. The standby looks every second; its date jumps back by an hour.
      let paused = uptime
      var watch = LeaseWatch()
      if rounds % 3 == 0 { now = now - .hours(1) }
      var taken: LeaseRecord?
      while taken == nil {
        let record = try await standby.lease("serve")
        if watch.maySeize(record, now: now, uptime: uptime, timing: timing) {
          taken = try await standby.seize(
            "serve", holder: "y\(rounds)", seen: record, until: now + timing.duration)
        } else {
          uptime += timing.poll
          now = now + timing.poll
        }
      }
      #expect(uptime - paused <= .seconds(15))
      let new = try #require(taken)
      #expect(new.epoch == mine.epoch + 1)
      _ = try await standby.recover(epoch: new.epoch, at: now)
      // The old holder wakes: it may not send, nor store, nor renew.
      #expect(!grant.isValid(at: uptime))
      await #expect(throws: DeliveryError.fenced(current: new.epoch, given: mine.epoch)) {
        try await holder.settle(claim, with: .sent(.confirmed(receipt: "r")), at: now, jitter: .zero)
      }
      #expect(try await !holder.renew("serve", epoch: mine.epoch, until: now + .hours(1)))
      try await holder.release("serve", epoch: mine.epoch)
      #expect(try await standby.lease("serve") == new)
      _ = try await standby.settle(
        Claim(delivery: claim.delivery, receipts: [:], attempt: claim.attempt, epoch: new.epoch),
        with: .asked(.present(receipt: "r")), at: now, jitter: .zero)
      rounds += 1
      now = now + .hours(2)
    }
    #expect(try await a.counts().deliveries == [.done: 50])
  }

  @Test func ofManyWhoReachForItOneGetsIt() async throws {
    let scratch = try Scratch()
    let stores = try (0..<4).map { _ in try scratch.store() }
    for round in 0..<25 {
      let seen = try await stores[0].lease("serve")
      let winners = await withTaskGroup(of: Bool.self) { group in
        for (i, store) in stores.enumerated() {
          group.addTask {
            let got = try? await store.seize("serve", holder: "h\(i)", seen: seen, until: start)
            return got.flatMap { $0 } != nil  // losing is the point
          }
        }
        return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(winners == 1, "round \(round)")
    }
    #expect(try await stores[0].lease("serve")?.epoch == 25)
  }

  @Test func aRenewedLeaseIsNotTakenAndAReleasedOneIsFree() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let first = try #require(
      try await store.seize("serve", holder: "a", seen: nil, until: start + .seconds(10)))
    var watch = LeaseWatch()
    let timing = LeaseTiming()
    for second in 0..<60 {
      let now = start + .seconds(Double(second))
      if second % 3 == 0 {
        #expect(try await store.renew("serve", epoch: first.epoch, until: now + timing.duration))
      }
      let record = try await store.lease("serve")
      let seized = watch.maySeize(record, now: now, uptime: .seconds(second), timing: timing)
      #expect(!seized)
    }
    try await store.release("serve", epoch: first.epoch)
    let free = try await store.lease("serve")
    let seized = watch.maySeize(free, now: start, uptime: .seconds(60), timing: timing)
    #expect(seized)
  }

  @Test func theSystemTakesTheInstanceLockOnlyFromTheDead() throws {
    let scratch = try Scratch()
    var first: InstanceLock? = try InstanceLock(path: scratch.folder + "/instance.lock")
    let second = try InstanceLock(path: scratch.folder + "/instance.lock")
    #expect(first?.take() == true)
    #expect(!second.take())
    first = nil
    #expect(second.take())
  }
}
