import FakeIcare
import Icare
import TestSupport
import Testing
import Units

@testable import Deliveries

/// ICARE's lane by the outbox's own rules, on the virtual clock.
private struct OutageLane {
  let world: World
  let channel: IcareChannel
  var outbox = Outbox(epoch: 1)
  /// In the order in which they were confirmed, and when.
  var confirmed: [(key: String, at: Instant)] = []
  private var deliveries: [DeliveryKey: Delivery] = [:]
  private var outage = OutageWatch()
  private var bucket: TokenBucket
  private var random: SeededGenerator
  private let begun: Instant

  init(_ world: World, seed: UInt64) throws {
    self.world = world
    channel = try world.channel()
    begun = world.clock.now
    random = SeededGenerator(seed: seed)
    let (rate, burst) = channel.rate
    bucket = try #require(TokenBucket(perSecond: rate, burst: burst, at: .zero))
  }

  mutating func enqueue(_ batch: [Delivery]) throws {
    for delivery in batch {
      try outbox.enqueue(delivery, sequence: Int64(deliveries.count + 1), at: world.clock.now)
      deliveries[delivery.key] = delivery
    }
  }

  func state(_ key: String) -> DeliveryState? { outbox.entries[DeliveryKey(key)]?.state }

  mutating func run(until end: Instant) async throws {
    let lane = Lane(channel: IcareChannel.channelName, acceptsMocks: false)
    while world.clock.now < end {
      let wait = bucket.wait(at: world.clock.now - begun)
      if wait > .zero { world.clock.advance(wait.seconds) }
      let now = world.clock.now
      switch try outbox.next(on: lane, epoch: 1, at: now) {
      case .idle(let until): world.clock.advance((min(until ?? end, end) - now).seconds)
      case .send(let entry):
        let outcome = await channel.send(try #require(deliveries[entry.key]), receipts: [:], now: now)
        try settle(entry, .sent(outcome))
      case .readBack(let entry):
        let answer = await channel.readBack(try #require(deliveries[entry.key]), receipts: [:], now: now)
        try settle(entry, .asked(answer))
      }
    }
  }

  private mutating func settle(_ entry: OutboxEntry, _ result: CallResult) throws {
    let now = world.clock.now
    bucket.take(at: now - begun)
    try outbox.settle(
      entry.key, attempt: entry.attempts, with: result, epoch: 1, at: now, jitter: .random(using: &random))
    try outbox.hasten(outage.note(entry.key, result), epoch: 1, at: now)
    if state(entry.key.text) == .done { confirmed.append((entry.key.text, now)) }
  }
}

@Suite struct OutageTests {
  private let second = EventIdentity(
    time: at("2026-11-21T17:40:00"), triggerID: "S261121zz", aliases: ["S261121zz"])

  private func event(
    _ name: String, _ identity: EventIdentity, plans: [Int], at now: Instant, lastsHours: Double
  ) throws -> [Delivery] {
    func made(
      _ push: IcarePush, _ key: String, _ urgency: Int, needs: [String] = ["event"], hours: Double = 72
    ) throws -> Delivery {
      try push.delivery(
        key: "\(name)/\(key)", event: name, notBefore: now, expires: now + .hours(hours), urgency: urgency,
        needs: needs.map { DeliveryKey("\(name)/\($0)") })
    }
    let content = MapContent.cells(uniq: [1024, 1025, 1026], densityPerSteradian: [0.5, 0.25, 0.125])
    return try [
      made(.event(EventPush(event: identity, alias: name, createAfter: now)), "event", 10, needs: []),
      made(.comment(CommentPush(event: identity, text: "decided")), "comment", 10),
      made(.localization(MapPush(event: identity, map: Night.map, content: content)), "map", 20),
    ]
      + plans.map { i in
        var plan = Night.plan(i)
        plan.event = identity
        plan.name = "\(name)-\(i)"
        return try made(.plan(plan), "plan/\(i)", 20, needs: ["event", "map"], hours: lastsHours)
      }
  }

  /// Nothing is lost, what expired is not pushed, the urgent goes first, no faster than ICARE allows.
  @Test(arguments: [1, 2, 3] as [UInt64]) func aDayDown(seed: UInt64) async throws {
    let world = try World()
    Night.addSites(16, to: world)
    world.fake.edit { $0.backgroundDelay = .zero }
    let start = world.clock.now
    let (clock, back) = (world.clock, start + .hours(24))
    world.fake.setFaults { _ in clock.now < back ? .page(502) : nil }
    var lane = try OutageLane(world, seed: seed)
    // Those with fields of their own there: the others wait for ICARE to make some.
    try lane.enqueue(event("old", Night.identity, plans: [1, 2, 4, 5, 7, 8], at: start, lastsHours: 72))
    try lane.enqueue(event("short", Night.identity, plans: [10, 11], at: start, lastsHours: 10))
    try await lane.run(until: start + .hours(20))
    #expect(lane.confirmed.isEmpty)
    try lane.enqueue(event("new", second, plans: [13, 14], at: world.clock.now, lastsHours: 24))
    try lane.enqueue([
      IcarePush.tag(TagPush(event: second, text: "STOP GRANDMA")).delivery(
        key: "new/stop", event: "new", notBefore: world.clock.now, urgency: 30,
        needs: [DeliveryKey("new/event")])
    ])
    try await lane.run(until: start + .hours(26))

    // One that tries whether ICARE is back may be anybody's; then what the STOP needs and the STOP; then plans,
    // the oldest first; news at last.
    let order = lane.confirmed.map(\.key)
    let plans = ["old/map"] + [1, 2, 4, 5, 7, 8].map { "old/plan/\($0)" }
    let expected =
      ["new/event", "new/stop", "old/event"] + plans + ["short/event", "short/map"]
      + ["new/map", "new/plan/13", "new/plan/14", "old/comment", "short/comment", "new/comment"]
    let probe = try #require(order.first)
    #expect(probe.hasSuffix("/event"), "seed \(seed)")
    #expect(order.dropFirst() == ArraySlice(expected.filter { $0 != probe }), "seed \(seed)")
    #expect(["short/plan/10", "short/plan/11"].allSatisfy { lane.state($0) == .expired })
    #expect(world.fake.state.rows("planRequest").count == 8)
    #expect(world.fake.state.rows("event").count == 2)

    let (rate, burst) = lane.channel.rate
    for (i, first) in lane.confirmed.enumerated() {
      for (n, later) in lane.confirmed[i...].enumerated() {
        let allowed = Double(burst) + rate * (later.at - first.at).seconds
        #expect(Double(n + 1) <= allowed + 1e-6, "\(n + 1) from \(first.key) to \(later.key)")
      }
    }
  }
}
