import Deliveries
import FakeIcare
import Icare
import Testing
import Units

@Suite struct NightTests {
  /// 37 plans and 20 requests, each once; a second run changes nothing.
  @Test func nightTwice() async throws {
    let world = try World()
    Night.addSites(37, to: world)
    let deliveries = try Night.deliveries(plans: 37, followups: 20, notBefore: world.clock.now)
    let first = try Driver(world, deliveries)
    try await first.run()
    #expect(first.isFinished)
    #expect(first.refusals == [])
    #expect(violations(world.fake.state, plans: 37, followups: 20, status: [first.channel.status]) == [])
    #expect(first.channel.status.differences == [:])
    #expect(first.channel.status.equal >= 57)

    // 383 when this was written: 96 s at 4 a second.
    #expect(world.fake.log.count < 420)

    let tables = world.fake.state.tables
    world.fake.clearLog()
    let second = try Driver(world, deliveries)
    try await second.run()
    #expect(second.receipts == first.receipts)
    #expect(world.fake.state.tables == tables)
    #expect(world.fake.log.filter(\.isWrite).map(\.name) == [])

    for delivery in deliveries {
      let result = await second.channel.verify(delivery, receipts: second.receipts, now: world.clock.now)
      #expect(result == .equal, "\(delivery.key)")
    }
  }

  /// One answer in five is lost, before or after the act, a part of the uploads dies half-way, and the
  /// process is killed again and again.
  @Test(arguments: Array(1...8) as [UInt64])
  func nightOfFaults(seed: UInt64) async throws {
    let world = try World()
    Night.addSites(60, to: world)
    let chooser = Chooser(seed: seed)
    world.fake.setFaults { request in
      guard chooser.chance(0.2) else { return nil }
      switch chooser.next() % 8 {
      case 0: return .actThenPage(504)
      case 1: return .page(502)
      case 2: return .closeBeforeActing
      case 3: return .actThenClose
      case 4: return .tooMany
      case 6: return request.isWrite ? .actLater(.seconds(60)) : .actThenPage(504)
      case 5: return request.path.last == "manual" ? .dieAfterCommit(1) : .databaseDown
      default: return request.path.last == "manual" ? .dieAfterCommit(2) : .actThenPage(502)
      }
    }
    let deliveries = try Night.deliveries(plans: 60, followups: 20, notBefore: world.clock.now)
    let driver = try Driver(world, deliveries)
    var attempts = 0
    var statuses: [IcareStatus] = []
    var lastCrash = world.clock.now
    driver.crashes = {
      attempts += 1
      statuses.append(driver.channel.status)
      // Three times in quick succession; then less often than the 90 s which a restarted process waits
      // before it believes that an attempt of its predecessor came to nothing: a process killed all the
      // time would never send anything again.
      guard
        attempts == 3 || attempts == 6 || attempts == 9
          || attempts > 9 && world.clock.now - lastCrash >= .seconds(150)
      else { return false }
      lastCrash = world.clock.now
      return true
    }
    try await driver.run(rounds: 2000)
    try await world.settle()
    statuses.append(driver.channel.status)
    #expect(driver.isFinished, "seed \(seed)")
    #expect(driver.refusals == [], "seed \(seed)")
    #expect(driver.restarts >= 3)
    let found = violations(world.fake.state, plans: 60, followups: 20, status: statuses)
    #expect(found == [], "seed \(seed)")
  }

  /// The server is down for a day: nothing is lost, and all arrives afterwards.
  @Test func dayWithoutServer() async throws {
    let world = try World()
    Night.addSites(5, to: world)
    let start = world.clock.now
    let clock = world.clock
    world.fake.setFaults { _ in clock.now - start < .hours(24) ? .page(502) : nil }
    let deliveries = try Night.deliveries(plans: 5, followups: 4, notBefore: start)
    let driver = try Driver(world, deliveries)
    for _ in 0..<24 {
      try await driver.run(rounds: 1)
      world.clock.advance(3600)
    }
    #expect(driver.receipts.isEmpty)
    try await driver.run()
    #expect(driver.refusals == [])
    #expect(violations(world.fake.state, plans: 5, followups: 4, status: []) == [])
  }

  /// A wrong token is said once and asked about once, and nothing is lost.
  @Test func wrongToken() async throws {
    let world = try World()
    Night.addSites(3, to: world)
    let deliveries = try Night.deliveries(plans: 3, followups: 3, notBefore: world.clock.now)
    let channel = try world.channel(token: "deadbeef-0000-4000-8000-000000000000")
    let now = world.clock.now
    for delivery in deliveries {
      guard case .halted(let reason) = await channel.send(delivery, receipts: [:], now: now) else {
        Issue.record("not halted")
        continue
      }
      #expect(!reason.contains("deadbeef"))
    }
    // The first call and the look at the profile; nothing more for all the others.
    #expect(world.fake.log.count == 2)
    #expect(channel.status.halted != nil)
    #expect(world.fake.state.rows("event").isEmpty)

    // Once it is mended, all goes out.
    let driver = try Driver(world, deliveries)
    try await driver.run()
    #expect(violations(world.fake.state, plans: 3, followups: 3, status: []) == [])
  }

  /// Revoked in the middle: halted, then resumed by the same channel after the pause.
  @Test func revokedToken() async throws {
    let world = try World()
    Night.addSites(1, to: world)
    let deliveries = try Night.deliveries(plans: 1, followups: 0, notBefore: world.clock.now)
    let channel = try world.channel()
    let event = deliveries[0]
    world.clock.advance(120)
    world.fake.edit { $0.update("token", 1, ["token": "revoked"]) }
    guard case .halted = await channel.send(event, receipts: [:], now: world.clock.now) else {
      Issue.record("not halted")
      return
    }
    world.fake.edit { $0.update("token", 1, ["token": .string(FakeIcare.token)]) }
    guard case .halted = await channel.send(event, receipts: [:], now: world.clock.now + .seconds(10)) else {
      Issue.record("not held")
      return
    }
    guard case .confirmed = await channel.send(event, receipts: [:], now: world.clock.now + .seconds(400))
    else {
      Issue.record("not resumed")
      return
    }
    #expect(channel.status.halted == nil)
  }
}
