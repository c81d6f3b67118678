import Deliveries
import Testing
import TestSupport
import Units

let start = Instant(tai: 800_000_000_000_000_000)

func delivery(
  _ key: String, channel: String = "slack", payload: String = "{}", isMock: Bool = false,
  notBefore: Instant = start, expires: Instant? = nil, urgency: Int = 0, slot: String? = nil,
  needs: [String] = []
) -> Delivery {
  Delivery(
    key: DeliveryKey(key), channel: channel, kind: "post", payload: Array(payload.utf8), event: "S1",
    isMock: isMock, notBefore: notBefore, expires: expires, urgency: urgency, slot: slot,
    needs: needs.map(DeliveryKey.init))
}

/// An outbox with a few shorthands: epoch 1, a lane of width 1.
struct Bench {
  var outbox = Outbox(epoch: 1)
  var sequence: Int64 = 0

  mutating func add(_ deliveries: Delivery..., at now: Instant = start) throws {
    for delivery in deliveries {
      sequence += 1
      try outbox.enqueue(delivery, sequence: sequence, at: now)
    }
  }
  mutating func next(_ channel: String = "slack", width: Int = 1, at now: Instant) throws -> LaneChoice {
    try outbox.next(on: Lane(channel: channel, acceptsMocks: false, width: width), epoch: 1, at: now)
  }
  mutating func sent(_ channel: String = "slack", width: Int = 1, at now: Instant) throws -> String? {
    if case .send(let entry) = try next(channel, width: width, at: now) { entry.key.text } else { nil }
  }
  mutating func end(_ key: String, _ outcome: SendOutcome, at now: Instant) throws {
    let key = DeliveryKey(key)
    try outbox.settle(
      key, attempt: outbox.entries[key]?.attempts ?? 0, with: .sent(outcome), epoch: 1, at: now, jitter: .one)
  }
  mutating func told(_ key: String, _ answer: ReadBack, at now: Instant) throws {
    let key = DeliveryKey(key)
    try outbox.settle(
      key, attempt: outbox.entries[key]?.attempts ?? 0, with: .asked(answer), epoch: 1, at: now, jitter: .one)
  }
  func state(_ key: String) -> DeliveryState? { outbox.entries[DeliveryKey(key)]?.state }
  func reason(_ key: String) -> String { outbox.entries[DeliveryKey(key)]?.reason ?? "" }
}

@Suite struct OutboxTests {
  @Test func theMostUrgentThenTheOldestGoesFirst() throws {
    var b = Bench()
    try b.add(delivery("a"), delivery("b", urgency: 5), delivery("c", urgency: 5))
    var order: [String?] = []
    for _ in 0..<3 {
      let key = try b.sent(at: start)
      order.append(key)
      try b.end(key ?? "", .confirmed(receipt: "r"), at: start)
    }
    #expect(order == ["b", "c", "a"])
    #expect(try b.next(at: start) == .idle(until: nil))
  }

  /// A STOP does not wait behind plans because what it needs was queued as news.
  @Test func whatTheUrgentNeedsIsAsUrgent() throws {
    var b = Bench()
    try b.add(delivery("plan", urgency: 20), delivery("event", urgency: 10))
    try b.add(delivery("map", urgency: 5, needs: ["event"]), delivery("stop", urgency: 30, needs: ["map"]))
    var order: [String] = []
    while let key = try b.sent(at: start) {
      order.append(key)
      try b.end(key, .confirmed(receipt: "r"), at: start)
    }
    #expect(order == ["event", "map", "stop", "plan"])
  }

  @Test func onlyABackOffIsCutShort() throws {
    var b = Bench()
    try b.add(delivery("failed"), delivery("later", notBefore: start + .hours(1)), delivery("doubtful"))
    _ = try b.sent(at: start)
    try b.end("failed", .unsent(reason: "503", after: nil), at: start)
    #expect(try b.sent(at: start) == "doubtful")
    try b.end("doubtful", .ambiguous(reason: "504"), at: start)
    #expect(try b.sent(at: start) == nil)
    let all = Set(["failed", "later", "doubtful", "unknown"].map { DeliveryKey($0) })
    #expect(throws: DeliveryError.fenced(current: 1, given: 0)) {
      try b.outbox.hasten(all, epoch: 0, at: start)
    }
    try b.outbox.hasten(all, epoch: 1, at: start)
    #expect(try b.sent(at: start) == "failed")
    try b.end("failed", .confirmed(receipt: "r"), at: start)
    #expect(try b.next(at: start) == .idle(until: start + .seconds(15)))
  }

  @Test func aLaneIsNoWiderThanItMay() throws {
    var b = Bench()
    try b.add(delivery("a"), delivery("b"), delivery("c"), delivery("x", channel: "mail"))
    #expect(try b.sent(width: 2, at: start) == "a")
    #expect(try b.sent(width: 2, at: start) == "b")
    #expect(try b.sent(width: 2, at: start) == nil)
    #expect(try b.sent("mail", at: start) == "x")
  }

  @Test func theSameKeyWithOtherContentIsRefused() throws {
    var b = Bench()
    try b.add(delivery("a"))
    #expect(try b.outbox.enqueue(delivery("a"), sequence: 9, at: start) == .repeated)
    let other = delivery("a", payload: "{1}")
    #expect(
      throws: DeliveryError.digestDiffers(
        other.key, stored: delivery("a").digest, given: other.digest)
    ) { try b.outbox.enqueue(other, sequence: 9, at: start) }
    #expect(b.outbox.entries.count == 1)
  }

  @Test func unsentWaitsForTheFarSidesTimeOrTheBackOff() throws {
    var b = Bench()
    try b.add(delivery("a"))
    _ = try b.sent(at: start)
    try b.end("a", .unsent(reason: "429", after: start + .seconds(90)), at: start)
    #expect(try b.next(at: start + .seconds(89)) == .idle(until: start + .seconds(90)))
    #expect(try b.sent(at: start + .seconds(90)) == "a")
    // With jitter 1 the wait is the ceiling: 2 s doubled once.
    try b.end("a", .unsent(reason: "503", after: nil), at: start + .seconds(100))
    #expect(try b.next(at: start + .seconds(103.9)) == .idle(until: start + .seconds(104)))
    #expect(try b.sent(at: start + .seconds(104)) == "a")
  }

  @Test func backOffDoublesUpToItsCap() {
    let backoff = Backoff(base: .seconds(2), cap: .seconds(300))
    let ceilings = [1, 2, 3, 8, 9, 62, 63, 64, 10_000].map { backoff.ceiling(afterAttempt: $0).seconds }
    #expect(ceilings == [2, 4, 8, 256, 300, 300, 300, 300, 300])
    var generator = SeededGenerator(seed: 4)
    let delays = (0..<4000).map { _ in backoff.delay(afterAttempt: 3, using: &generator).seconds }
    #expect(delays.allSatisfy { $0 >= 0 && $0 < 8 })
    // Full jitter is uniform: 4000 draws in eight bins, 500 each with a deviation of 21; five of them.
    for bin in 0..<8 { #expect(abs(delays.filter { Int($0) == bin }.count - 500) < 105) }
  }

  @Test func anAmbiguousEndIsReadBackBeforeAnythingElse() throws {
    var b = Bench()
    try b.add(delivery("a"))
    _ = try b.sent(at: start)
    try b.end("a", .ambiguous(reason: "504"), at: start + .seconds(1))
    // A deadline of 10 s from the start of the call and 5 s to settle.
    #expect(try b.next(at: start + .seconds(2)) == .idle(until: start + .seconds(15)))
    guard case .readBack(let entry) = try b.next(at: start + .seconds(15)) else {
      Issue.record("it was not read back")
      return
    }
    #expect(entry.key.text == "a")
    try b.told("a", .absent, at: start + .seconds(16))
    #expect(b.state("a") == .ready)
    #expect(try b.sent(at: start + .seconds(18)) == "a")
    try b.end("a", .ambiguous(reason: "reset"), at: start + .seconds(19))
    try b.told("a", .present(receipt: "77"), at: start + .seconds(40))
    #expect(b.state("a") == .done)
    #expect(b.outbox.entries[DeliveryKey("a")]?.receipt == "77")
  }

  @Test func whatCannotBeReadBackWaitsForAPerson() throws {
    var b = Bench()
    try b.add(delivery("a", channel: "mail"))
    _ = try b.sent("mail", at: start)
    try b.end("a", .ambiguous(reason: "reset"), at: start)
    try b.told("a", .unknown(reason: "mail cannot be asked", final: true), at: start + .seconds(20))
    #expect(b.state("a") == .parked)
    #expect(try b.next("mail", at: start + .hours(100)) == .idle(until: nil))
    try b.outbox.rule(.retry, on: DeliveryKey("a"), role: "shift leader", at: start + .hours(1))
    #expect(try b.sent("mail", at: start + .hours(1)) == "a")
  }

  @Test func aFarSideThatNeverSaysEndsWithAPerson() throws {
    var b = Bench()
    try b.add(delivery("a"))
    _ = try b.sent(at: start)
    try b.end("a", .ambiguous(reason: "504"), at: start)
    var now = start + .seconds(15)
    var questions = 0
    while b.state("a") == .ambiguous, questions < 10_000 {
      if case .readBack = try b.next(at: now) {
        questions += 1
        try b.told("a", .unknown(reason: "502", final: false), at: now)
      }
      now = now + .seconds(30)
    }
    #expect(b.state("a") == .parked)
    #expect(abs((now - start).seconds - 25 * 3600) < 120)
    #expect(questions > 1000)
  }

  @Test func nothingIsSentAfterItsTime() throws {
    var b = Bench()
    try b.add(delivery("a", expires: start + .seconds(10)), delivery("b", needs: ["a"]))
    #expect(try b.next(at: start + .seconds(10)) == .idle(until: nil))
    #expect(b.state("a") == .expired)
    #expect(b.state("b") == .dead)
    #expect(b.reason("b").contains("needs a, which is expired"))
  }

  @Test func aSlotKeepsOnlyTheNewest() throws {
    var b = Bench()
    try b.add(delivery("r1", slot: "s"), delivery("elsewhere", channel: "mail", slot: "s"))
    try b.add(delivery("r2", slot: "s"))
    #expect(b.state("r1") == .superseded)
    #expect(b.state("elsewhere") == .ready)
    #expect(try b.sent(at: start) == "r2")
    try b.add(delivery("r3", slot: "s"))
    #expect(b.state("r2") == .inFlight)
    #expect(try b.sent(width: 2, at: start) == nil)
    try b.end("r2", .ambiguous(reason: "reset"), at: start + .seconds(1))
    #expect(try b.sent(at: start + .seconds(2)) == nil)
    try b.told("r2", .absent, at: start + .seconds(20))
    #expect(b.state("r2") == .superseded)
    #expect(try b.sent(at: start + .seconds(20)) == "r3")
  }

  @Test func anOlderOneInTheSlotThatIsNeededStays() throws {
    var b = Bench()
    try b.add(delivery("root", slot: "s"), delivery("middle", needs: ["root"]))
    try b.add(delivery("edit", slot: "s", needs: ["middle"]))
    #expect(b.state("root") == .ready)
    var order: [String] = []
    while let key = try b.sent(at: start) {
      order.append(key)
      try b.end(key, .confirmed(receipt: "r"), at: start)
    }
    #expect(order == ["root", "middle", "edit"])
  }

  @Test func aNewerOneDoesNotWaitForAFarSideThatNeverSays() throws {
    var b = Bench()
    try b.add(delivery("r1", slot: "s"))
    _ = try b.sent(at: start)
    try b.end("r1", .ambiguous(reason: "504"), at: start)
    try b.add(delivery("r2", slot: "s"))
    for minute in 1..<15 {
      try b.told("r1", .unknown(reason: "502", final: false), at: start + .minutes(Double(minute)))
    }
    #expect(try b.sent(at: start + .minutes(16)) == "r2")
    #expect(b.state("r1") == .parked)
    #expect(throws: DeliveryError.self) {
      try b.outbox.rule(.retry, on: DeliveryKey("r1"), role: "lead", at: start + .minutes(17))
    }
  }

  @Test func needsAreDoneFirstAcrossChannelsAndFailuresSpread() throws {
    var b = Bench()
    try b.add(delivery("plan", channel: "icare"), delivery("thread", needs: ["plan"]))
    try b.add(delivery("mail", channel: "mail", needs: ["thread"]))
    #expect(try b.sent(at: start) == nil)
    _ = try b.sent("icare", at: start)
    try b.end("plan", .refused(reason: "422 unknown field"), at: start)
    #expect(b.state("thread") == .dead)
    #expect(b.state("mail") == .dead)
    #expect(b.reason("mail").contains("422 unknown field"))
    try b.outbox.rule(.retry, on: DeliveryKey("plan"), role: "lead", at: start)
    #expect([b.state("plan"), b.state("thread"), b.state("mail")] == [.ready, .ready, .ready])
    #expect(throws: DeliveryError.unknownNeed(DeliveryKey("z"), need: DeliveryKey("nothing"))) {
      try b.add(delivery("z", needs: ["nothing"]))
    }
  }

  @Test func aHaltedChannelHoldsEverythingAndSaysSoOnce() throws {
    var b = Bench()
    try b.add(delivery("a"), delivery("b"), delivery("x", channel: "mail"))
    _ = b.outbox.takeChanges()
    _ = try b.sent(at: start)
    try b.end("a", .halted(reason: "token revoked"), at: start)
    #expect(try b.sent(at: start + .minutes(14)) == nil)
    #expect(try b.sent("mail", at: start) == "x")
    // One trial at the time of the probe, and no second word about it.
    #expect(try b.sent(width: 4, at: start + .minutes(15)) == "a")
    #expect(try b.sent(width: 4, at: start + .minutes(15)) == nil)
    try b.end("a", .halted(reason: "token revoked"), at: start + .minutes(15))
    #expect(try b.sent(at: start + .minutes(29)) == nil)
    #expect(try b.sent(at: start + .minutes(30)) == "a")
    try b.end("a", .confirmed(receipt: "r"), at: start + .minutes(30))
    #expect(try b.sent(at: start + .minutes(30)) == "b")
    let said = b.outbox.takeChanges().news.compactMap { item -> String? in
      switch item {
      case .held: "held"
      case .resumed: "resumed"
      default: nil
      }
    }
    #expect(said == ["held", "resumed"])
  }

  @Test func aMockNeverLeavesThroughAProductionChannel() throws {
    var b = Bench()
    try b.add(delivery("m", isMock: true))
    #expect(try b.next(at: start) == .idle(until: nil))
    #expect(b.state("m") == .dead)
    var c = Bench()
    try c.add(delivery("m", isMock: true))
    let open = Lane(channel: "slack", acceptsMocks: true)
    guard case .send = try c.outbox.next(on: open, epoch: 1, at: start) else {
      Issue.record("a test channel takes mocks")
      return
    }
  }

  @Test func anOlderInstanceIsFenced() throws {
    var b = Bench()
    try b.add(delivery("a"))
    _ = try b.sent(at: start)
    try b.outbox.recover(epoch: 2, at: start + .seconds(3))
    #expect(b.state("a") == .ambiguous)
    #expect(throws: DeliveryError.fenced(current: 2, given: 1)) {
      try b.end("a", .confirmed(receipt: "r"), at: start + .seconds(4))
    }
    #expect(throws: DeliveryError.fenced(current: 2, given: 1)) { try b.next(at: start) }
    #expect(throws: DeliveryError.fenced(current: 2, given: 1)) {
      try b.outbox.recover(epoch: 1, at: start)
    }
  }

  @Test func theEndOfAnEarlierCallIsRefused() throws {
    var b = Bench()
    try b.add(delivery("a"))
    _ = try b.sent(at: start)
    try b.end("a", .unsent(reason: "503", after: nil), at: start)
    _ = try b.sent(at: start + .seconds(2))
    #expect(throws: DeliveryError.stale(DeliveryKey("a"), .inFlight)) {
      try b.outbox.settle(
        DeliveryKey("a"), attempt: 1, with: .sent(.confirmed(receipt: "late")), epoch: 1,
        at: start + .seconds(3), jitter: .zero)
    }
    // So is what the far side said of an earlier one.
    try b.end("a", .ambiguous(reason: "504"), at: start + .seconds(4))
    #expect(throws: DeliveryError.stale(DeliveryKey("a"), .ambiguous)) {
      try b.outbox.settle(
        DeliveryKey("a"), attempt: 1, with: .asked(.absent), epoch: 1, at: start + .seconds(5),
        jitter: .zero)
    }
    #expect(b.state("a") == .ambiguous)
  }

  @Test func whatWasWithdrawnDuringACallIsNotSentAgain() throws {
    var b = Bench()
    try b.add(delivery("a"), delivery("b"))
    _ = try b.sent(at: start)
    #expect(try !b.outbox.withdraw(DeliveryKey("a"), reason: "retracted", at: start))
    #expect(try b.outbox.withdraw(DeliveryKey("b"), reason: "retracted", at: start))
    try b.end("a", .unsent(reason: "503", after: nil), at: start)
    #expect(b.state("a") == .superseded)
    #expect(b.state("b") == .superseded)
    #expect(b.reason("a") == "retracted")
  }

  @Test func aClockThatIsSetBackDelaysNothing() throws {
    var b = Bench()
    let wrong = start + .hours(24 * 7)
    try b.add(delivery("a"), delivery("b"))
    _ = try b.sent(at: wrong)
    try b.end("a", .unsent(reason: "503", after: nil), at: wrong)
    #expect(try b.sent(at: start) == "a")
    try b.end("a", .ambiguous(reason: "504"), at: start)
    // The call began in the future by its date: counted from now.
    #expect(try b.sent(at: start) == "b")
    try b.end("b", .confirmed(receipt: "r"), at: start)
    guard case .readBack = try b.next(at: start + .seconds(15)) else {
      Issue.record("it waits for a date that is days away")
      return
    }
  }

  @Test func aPersonConfirmsOrDrops() throws {
    var b = Bench()
    try b.add(delivery("a"), delivery("b"), delivery("c", needs: ["a"]))
    _ = try b.sent(at: start)
    let (a, c) = (DeliveryKey("a"), DeliveryKey("c"))
    #expect(throws: DeliveryError.self) { try b.outbox.rule(.drop, on: a, role: "lead", at: start) }
    try b.end("a", .refused(reason: "422"), at: start)
    #expect(b.state("c") == .dead)
    try b.outbox.rule(.confirm(receipt: "by hand"), on: a, role: "lead", at: start)
    #expect(b.state("a") == .done && b.state("c") == .ready)
    try b.outbox.rule(.drop, on: c, role: "lead", at: start)
    #expect(b.reason("c") == "dropped by lead")
    #expect(throws: DeliveryError.unknownDelivery(DeliveryKey("q"))) {
      try b.outbox.rule(.drop, on: DeliveryKey("q"), role: "lead", at: start)
    }
  }

  @Test func sweepingEndsWhatNoLaneServes() throws {
    var b = Bench()
    try b.add(delivery("a", channel: "gone", expires: start + .seconds(5)))
    try b.outbox.sweep(epoch: 1, at: start + .seconds(5))
    #expect(b.state("a") == .expired)
  }
}

@Suite struct TokenBucketTests {
  @Test func itAllowsABurstAndThenTheRate() throws {
    var bucket = try #require(TokenBucket(perSecond: 4, burst: 10, at: .zero))
    var now = Duration.zero
    var taken = 0
    while now < .seconds(60) {
      let wait = bucket.wait(at: now)
      if wait > .zero {
        now += wait
      } else {
        bucket.take(at: now)
        taken += 1
      }
    }
    // 10 at once, then 4 a second for a minute.
    #expect((249...250).contains(taken))
  }

  @Test func aRateThatIsNoneIsRefused() {
    for rate in [0, -1, .nan, .infinity, 1e-300] as [Double] {
      #expect(TokenBucket(perSecond: rate, burst: 1, at: .zero) == nil)
    }
    #expect(TokenBucket(perSecond: 1, burst: 0, at: .zero) == nil)
  }

  @Test func aClockThatStandsStillOrGoesBackGivesNothing() throws {
    var bucket = try #require(TokenBucket(perSecond: 1, burst: 1, at: .seconds(100)))
    bucket.take(at: .seconds(100))
    #expect(bucket.wait(at: .seconds(50)) == .seconds(1))
    #expect(bucket.wait(at: .seconds(101)) == .zero)
  }
}
