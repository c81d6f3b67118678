import Deliveries
import FakeIcare
import Icare
import Testing
import Units

@Suite struct PlanTests {
  private static let key = "icare/S261121ab/r1/cam0/plan"

  private func prepared(sites: Int = 1) throws -> World {
    let world = try World()
    Night.addSites(sites, to: world)
    world.fake.edit { state in
      state.insert(
        "event",
        ["dateobs": "2026-11-21T17:10:20", "trigger_id": "S261121ab", "aliases": [], "sent_by_id": 1])
      state.insert(
        "map",
        [
          "dateobs": "2026-11-21T17:10:20", "localization_name": .string(Night.map.name),
          "uniq": [1024, 1025, 1026], "probdensity": [0.5, 0.25, 0.125],
        ])
    }
    return world
  }

  private func delivery(_ plan: PlanPush, key: String = key, _ world: World) throws -> Delivery {
    try IcarePush.plan(plan).delivery(key: key, event: "S261121ab", notBefore: world.clock.now)
  }

  private func outcome(_ plan: PlanPush, _ world: World) async throws -> SendOutcome {
    try await world.channel().send(try delivery(plan, world), receipts: [:], now: world.clock.now)
  }

  private func refusal(_ plan: PlanPush, _ world: World) async throws -> String {
    let outcome = try await outcome(plan, world)
    // Nothing that burns a name was sent.
    #expect(world.fake.state.rows("planRequest").isEmpty)
    if case .refused(let why) = outcome { return why }
    return "\(outcome)"
  }

  @Test func whatWouldBurnTheNameIsRefusedHere() async throws {
    let world = try prepared(sites: 2)
    var plan = Night.plan(1)
    plan.pointings[3].filter = "ztfg"
    #expect(try await refusal(plan, world).contains("no filter ztfg"))
    plan = Night.plan(1)
    // Field 2 of the instrument lies elsewhere.
    plan.pointings[0].field = 2
    #expect(try await refusal(plan, world).contains("field 2 of CAM1 lies elsewhere"))
    plan = Night.plan(1)
    plan.allocation.instrument = "CAM77"
    #expect(try await refusal(plan, world).contains("no allocation on CAM77"))
    plan = Night.plan(1)
    plan.allocation.group = "Nobody"
    #expect(try await refusal(plan, world).contains("no group Nobody"))
    plan = Night.plan(1)
    plan.pointings = []
    #expect(try await refusal(plan, world).contains("no pointing"))
    plan = Night.plan(1)
    plan.pointings[0].start = NaiveUTC(at("2026-11-23"))
    #expect(try await refusal(plan, world).contains("outside"))
    world.fake.edit { $0.update("allocation", 2, ["types": ["triggered"]]) }
    #expect(try await refusal(Night.plan(1), world).contains("no allocation of type observation_plan"))
  }

  /// The map is matched by contents as well as by name.
  @Test func anotherMapOfTheSameNameIsNotUsed() async throws {
    let world = try prepared()
    world.fake.edit { $0.update("map", 1, ["probdensity": [0.5, 0.25, 0.2]]) }
    let outcome = try await outcome(Night.plan(0), world)
    guard case .unsent(let why, let after) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(why.contains("sky map"))
    #expect(after ?? world.clock.now > world.clock.now)
    // The right one is uploaded under a name of its own, and then found.
    let content = MapContent.cells(uniq: [1024, 1025, 1026], densityPerSteradian: [0.5, 0.25, 0.125])
    let map = try IcarePush.localization(MapPush(event: Night.identity, map: Night.map, content: content))
      .delivery(key: "map", event: "S261121ab", notBefore: world.clock.now)
    let driver = try Driver(world, [map, try delivery(Night.plan(0), world)])
    try await driver.run()
    #expect(driver.refusals == [])
    #expect(world.fake.state.rows("planRequest").first?["localization_id"] == 2)
    #expect(world.fake.state.rows("map").last?["localization_name"]?.text == Night.map.distinctName)
  }

  @Test func wholeSecondsAndOurIdsArrive() async throws {
    let world = try prepared()
    let driver = try Driver(world, [try delivery(Night.plan(0), world)])
    try await driver.run()
    let state = world.fake.state
    #expect(state.rows("planned").map { $0["exposure_time"] } == Array(repeating: .integer(120), count: 12))
    let payload = state.rows("planRequest").first?["payload"]
    #expect(payload?["vesper_key"]?.text == Self.key)
    #expect(payload?["start_date"]?.text == "2026-11-21 19:00:00")
    #expect(payload?["planner_plan_id"]?.text == "plan-0-1")
    // Fields were made for the positions, and asked for once.
    #expect(state.rows("field").count == 12)
    #expect(world.fake.log.filter { $0.name == "PUT instrument/1" }.count == 1)
  }

  /// Ten bursts at once: each tile's field is asked for as soon as those asked for before are there, and not sooner.
  @Test func oneTilesFieldDoesNotWaitForAMinute() async throws {
    let world = try prepared()
    let channel = try world.channel()
    func send(_ tile: Int) async throws {
      var plan = Night.plan(0, revision: tile)
      plan.pointings = [plan.pointings[tile]]
      let sent = try delivery(plan, key: "\(Self.key)/\(tile)", world)
      guard case .unsent(let why, _) = await channel.send(sent, receipts: [:], now: world.clock.now) else {
        Issue.record("tile \(tile) went at once")
        return
      }
      #expect(why.contains("making the fields"))
    }
    func asked() -> Int { world.fake.log.filter { $0.name == "PUT instrument/1" }.count }
    try await send(1)
    try await send(2)
    #expect(asked() == 1, "two lots at once could get one number")
    world.clock.advance(3)
    try await send(2)
    #expect(asked() == 2)
  }

  /// What is replaced is what ICARE has, not what was once meant to be there.
  @Test func aNewPlanNamesTheOneItReplaces() async throws {
    let world = try prepared(sites: 2)
    for (i, revision) in [(0, 1), (1, 1), (0, 3)] {
      let made = try IcarePush.plan(Night.plan(i, revision: revision))
        .delivery(key: "icare/S261121ab/plan/\(revision)/cam\(i)", event: "e", notBefore: world.clock.now)
      let driver = try Driver(world, [made])
      try await driver.run()
      #expect(driver.refusals == [])
    }
    let payloads = world.fake.state.rows("planRequest").compactMap { $0["payload"] }
    #expect(payloads.map { $0["supersedes"]?.text } == [nil, nil, Night.plan(0).name])
  }

  /// A store that was lost decides anew under the same keys: what is the same is there already; what is not takes
  /// the place of the old, and nobody is told that the old one is broken.
  @Test func aPlanMadeAnewIsRecognised() async throws {
    let world = try prepared(sites: 2)
    func run(_ plan: PlanPush) async throws -> String? {
      let driver = try Driver(world, [try delivery(plan, world)])
      try await driver.run()
      #expect(driver.refusals == [] && driver.channel.status.leftovers.isEmpty)
      #expect(driver.channel.status.differences == [:])
      let made = try delivery(plan, world)
      let verified = await driver.channel.verify(made, receipts: driver.receipts, now: world.clock.now)
      #expect(verified == .equal)
      return driver.receipts[DeliveryKey(Self.key)]
    }
    #expect(try await run(Night.plan(0)) == "1 \(Night.plan(0).name)")
    var same = Night.plan(0)
    (same.planID, same.name) = ("another id", "S261121ab-r1-cam0-anew")
    #expect(try await run(same) == "1 \(Night.plan(0).name)")
    // As many pointings, and fewer: other plans.
    var moved = same
    moved.pointings[11].start = NaiveUTC(at("2026-11-21T23:00:00"))
    #expect(try await run(moved) == "2 \(moved.name)")
    var shorter = same
    shorter.pointings.removeLast()
    #expect(try await run(shorter) == "3 \(moved.name)-v2")
    let payloads = world.fake.state.rows("planRequest").compactMap { $0["payload"] }
    #expect(payloads.map { $0["supersedes"]?.text } == [nil, Night.plan(0).name, moved.name])
    #expect(world.fake.state.rows("comment").isEmpty)
  }

  /// A service that lost its store counts from 1 again. What it makes of the first notice does not take the place of
  /// what its earlier life made of the second, and in the end one plan counts.
  @Test func theOldLifesNewerPlanIsNotReplacedByAnOlder() async throws {
    let world = try prepared()
    func plan(
      _ number: Int, informed: String, decided: String, moved seconds: Double = 0
    ) throws -> Delivery {
      var plan = Night.plan(0, revision: number)
      plan.age = PlanAge(informed: at(informed), decided: at(decided))
      for i in plan.pointings.indices {
        let start = plan.pointings[i].start.instant.advanced(bySeconds: 60 * Double(number) + seconds)
        plan.pointings[i].start = NaiveUTC(start)
      }
      if seconds > 0 { plan.name += "-moved" }
      return try IcarePush.plan(plan).delivery(
        key: "icare/S261121ab/plan/\(number)/cam0", event: "e", notBefore: world.clock.now)
    }
    let (first, second) = ("2026-11-21T17:15:00", "2026-11-21T17:45:00")
    func run(_ made: [Delivery]) async throws -> Driver {
      let driver = try Driver(world, made)
      try await driver.run(rounds: 5)
      #expect(driver.refusals == [])
      return driver
    }
    var old = try await run([try plan(1, informed: first, decided: first)])
    let newest = try plan(2, informed: second, decided: second)
    old = try await run([newest])
    #expect(old.isFinished)
    // The new life, at first with the first notice alone.
    let late = try await run([try plan(1, informed: first, decided: "2026-11-21T18:00:00", moved: 1)])
    #expect(!late.isFinished && world.fake.state.rows("planRequest").count == 2)
    let name = try #require(old.receipts[newest.key]?.dropFirst(2))
    let why = late.channel.status.notes.first?.text
    #expect(why?.contains("ICARE has the plan \(name), which knows more") == true)
    // With the second one, the same comes of it: nothing is sent twice.
    let same = try await run([try plan(2, informed: second, decided: "2026-11-21T18:00:10")])
    #expect(same.receipts == old.receipts && world.fake.state.rows("planRequest").count == 2)
    // Or something else: it takes the place of the newest, not of what came last.
    _ = try await run([try plan(2, informed: second, decided: "2026-11-21T18:00:20", moved: 2)])
    // What is decided later from the same notices is newer, whatever its number.
    let again = try plan(1, informed: second, decided: "2026-11-21T18:00:30", moved: 3)
    let driver = try await run([again])
    let rows = world.fake.state.rows("planRequest").compactMap { $0["payload"] }
    let names = rows.map { $0["queue_name"]?.text }
    #expect(rows.map { $0["supersedes"]?.text } == [nil] + names.dropLast())
    #expect(await driver.channel.verify(again, receipts: [:], now: world.clock.now) == .equal)
    // A plan that counts here and not there is told, and so are two that count there.
    let replaced = await driver.channel.verify(newest, receipts: [:], now: world.clock.now)
    #expect(replaced == .different(["\(names[2] ?? "") says that it takes its place"]))
    world.fake.edit { state in
      let id = state.rows("planRequest")[1]["id"]?.int ?? 0
      state.update("planRequest", id + 1, ["payload": rows[2].merging(["supersedes": "nobody"])])
    }
    let told = await driver.channel.verify(again, receipts: [:], now: world.clock.now)
    #expect(
      told
        == .different(["the older plan \(name) is there, too, and no plan says that it takes its place"]))
  }

  /// Someone else holds the name: the next version is used and nothing is left behind.
  @Test func takenNames() async throws {
    let world = try prepared(sites: 2)
    let name = Night.plan(0).name
    world.fake.edit { state in
      let other = state.insert(
        "planRequest",
        ["gcnevent_id": 1, "localization_id": 1, "allocation_id": 2, "status": "complete", "payload": [:]])
      state.insert("plan", ["observation_plan_request_id": .integer(other), "plan_name": .string(name)])
    }
    let driver = try Driver(world, [try delivery(Night.plan(0), world)])
    try await driver.run()
    #expect(driver.receipts[DeliveryKey(Self.key)] == "2 \(name)-v2")
    #expect(world.fake.state.rows("planRequest").count == 2)
  }

  /// A plan that was cut off burns its name: the next version is whole, and people are told once.
  @Test func burntNamesAreReported() async throws {
    let world = try prepared()
    let chooser = Chooser(seed: 1)
    world.fake.setFaults { request in
      request.path.last == "manual" && chooser.next() == 1 ? .dieAfterCommit(2) : nil
    }
    let driver = try Driver(world, [try delivery(Night.plan(0), world)])
    try await driver.run()
    #expect(driver.receipts[DeliveryKey(Self.key)] == "2 \(Night.plan(0).name)-v2")
    #expect(Array(driver.channel.status.leftovers.keys) == [1])
    let remarks = world.fake.state.rows("comment").compactMap { $0["text"]?.text }
    #expect(remarks.count == 1 && remarks[0].contains("request 1") && remarks[0].contains("administrator"))
    // A new process says it again and ICARE keeps it once.
    let again = try Driver(world, [try delivery(Night.plan(0), world)])
    try await again.run()
    #expect(world.fake.state.rows("comment").count == 1)
  }

  /// Whoever reported them was killed before it was told that the plan is there.
  @Test func leftoversOfAKilledProcessAreReportedByTheNext() async throws {
    let world = try prepared()
    let chooser = Chooser(seed: 1)
    world.fake.setFaults { request in
      // The upload dies half-way, and the remark on it does not come through.
      if request.path.last == "comments" { return .page(502) }
      return request.path.last == "manual" && chooser.next() == 1 ? .dieAfterCommit(2) : nil
    }
    let driver = try Driver(world, [try delivery(Night.plan(0), world)])
    try await driver.run()
    #expect(world.fake.state.rows("comment").isEmpty)
    let payload = try #require(world.fake.state.row("planRequest", 2)?["payload"])
    world.fake.edit { state in
      state.insert(
        "planRequest",
        [
          "gcnevent_id": 1, "localization_id": 1, "allocation_id": 1, "status": "complete",
          "payload": payload,
        ])
    }
    try await world.settle()
    let next = try world.channel()
    let plan = try delivery(Night.plan(0), world)
    let verdict = await next.readBack(plan, receipts: [:], now: world.clock.now)
    #expect(verdict == .present(receipt: "2 \(Night.plan(0).name)-v2"))
    #expect(Array(next.status.leftovers.keys) == [1] && next.status.orphansRemoved == 1)
    let remarks = world.fake.state.rows("comment").compactMap { $0["text"]?.text }
    #expect(remarks.count == 1 && remarks[0].contains("request 1"))
    #expect(world.fake.state.rows("planRequest").count == 2)
  }

  /// While an upload may still be under way nothing is removed and nothing is sent.
  @Test func youngLeftoversAreWaitedFor() async throws {
    let world = try prepared()
    let chooser = Chooser(seed: 1)
    world.fake.setFaults { request in
      request.path.last == "manual" && chooser.next() == 1 ? .dieAfterCommit(1) : nil
    }
    let channel = try world.channel()
    let plan = try delivery(Night.plan(1 - 1), world)
    _ = await channel.send(plan, receipts: [:], now: world.clock.now)  // asks for fields
    world.clock.advance(10)
    guard case .ambiguous = await channel.send(plan, receipts: [:], now: world.clock.now) else {
      Issue.record("not ambiguous")
      return
    }
    world.clock.advance(30)
    guard case .unknown(_, false) = await channel.readBack(plan, receipts: [:], now: world.clock.now) else {
      Issue.record("judged too early")
      return
    }
    guard case .unsent = await channel.send(plan, receipts: [:], now: world.clock.now) else {
      Issue.record("sent too early")
      return
    }
    #expect(world.fake.state.rows("planRequest").count == 1)
    world.clock.advance(90)
    #expect(await channel.readBack(plan, receipts: [:], now: world.clock.now) == .absent)
    guard case .confirmed = await channel.send(plan, receipts: [:], now: world.clock.now) else {
      Issue.record("not sent")
      return
    }
    #expect(channel.status.orphansRemoved == 1)
    #expect(world.fake.state.rows("planRequest").count == 1)
  }

  /// ICARE spoils a plan without a word: the difference is counted and shown.
  @Test func differencesAreShown() async throws {
    let world = try prepared()
    let driver = try Driver(world, [try delivery(Night.plan(0), world)])
    try await driver.run()
    #expect(driver.channel.status.differences == [:])
    world.fake.edit { $0.update("planned", 3, ["exposure_time": 60, "filt": "sdssg"]) }
    let plan = try delivery(Night.plan(0), world)
    let result = await driver.channel.verify(plan, receipts: [:], now: world.clock.now)
    guard case .different(let found) = result else {
      Issue.record("\(result)")
      return
    }
    #expect(found.count == 2 && found[0].contains("60.0 s, not 120 s"))
    #expect(driver.channel.status.differences[Self.key] == found)
  }

  @Test func statusOfAPlanThatTheTelescopeRejects() async throws {
    let world = try prepared()
    world.fake.edit { $0.facilityFailure[1] = "dome closed" }
    let plan = try delivery(Night.plan(0), world)
    let send = try IcarePush.planSend(PlanSendPush(plan: Self.key))
      .delivery(key: "send", event: "S261121ab", notBefore: world.clock.now, needs: [plan.key])
    let driver = try Driver(world, [plan, send])
    try await driver.run()
    // The server's answer was a success.
    #expect(driver.refusals.count == 1)
    #expect(driver.refusals.first?.contains("rejected from telescope queue: dome closed") ?? false)
  }

  @Test func mocksStay() async throws {
    let world = try prepared()
    let mock = try IcarePush.plan(Night.plan(0))
      .delivery(key: "m", event: "M1", isMock: true, notBefore: world.clock.now)
    guard case .refused = try await world.channel().send(mock, receipts: [:], now: world.clock.now) else {
      Issue.record("a mock left")
      return
    }
    #expect(world.fake.log.isEmpty)
  }
}
