import Deliveries
import FakeIcare
@testable import Icare
import Testing
import Units

@Suite struct PushTests {
  private func run(_ world: World, _ pushes: [(IcarePush, String)]) async throws -> Driver {
    let deliveries = try pushes.map {
      try $0.0.delivery(key: $0.1, event: "e", notBefore: world.clock.now)
    }
    let driver = try Driver(world, deliveries)
    try await driver.run()
    return driver
  }

  private func event(_ world: World, sentBy user: Int = 1, trigger: JSONNode = .null) {
    world.fake.edit {
      _ = $0.insert(
        "event",
        [
          "dateobs": "2026-11-21T17:10:20", "trigger_id": trigger, "aliases": [],
          "sent_by_id": .integer(user),
        ])
    }
  }

  /// ICARE takes the event in while we wait for it: none is created.
  @Test func ingestionIsWaitedFor() async throws {
    let world = try World()
    let push = EventPush(
      event: Night.identity, alias: "S261121ab", createAfter: world.clock.now + .minutes(5))
    let delivery = try IcarePush.event(push).delivery(key: "k", event: "e", notBefore: world.clock.now)
    let channel = try world.channel()
    guard case .unsent(_, let after) = await channel.send(delivery, receipts: [:], now: world.clock.now)
    else {
      Issue.record("not waited")
      return
    }
    #expect(after == world.clock.now + .seconds(30))
    event(world, sentBy: 2)
    world.clock.advance(30)
    let outcome = await channel.send(delivery, receipts: [:], now: world.clock.now)
    #expect(outcome == .confirmed(receipt: "1 2026-11-21T17:10:20"))
    #expect(world.fake.state.rows("event").count == 1)
    #expect(world.fake.state.rows("event").first?["aliases"] == ["S261121ab"])
  }

  @Test func createdAfterTheDelay() async throws {
    let world = try World()
    let cone = MapContent.cone(rightAscensionDegrees: 150.3, declinationDegrees: 2.1, errorDegrees: 1.5)
    let push = EventPush(
      event: Night.identity, alias: "S261121ab", createAfter: world.clock.now + .minutes(5), map: cone)
    let driver = try await run(world, [(.event(push), "k")])
    #expect(driver.refusals == [])
    #expect(world.fake.state.rows("map").first?["localization_name"] == "150.30000_2.10000_1.50000")
    #expect(world.fake.log.filter(\.isWrite).count == 1)
  }

  @Test func conflictingIdentityIsForPeople() async throws {
    let world = try World()
    event(world, trigger: "bn261121716")
    let driver = try await run(world, [(.tag(TagPush(event: Night.identity, text: "GO GRANDMA")), "k")])
    #expect(driver.refusals.count == 1)
    #expect(driver.refusals.first?.contains("bn261121716") ?? false)
    #expect(world.fake.state.rows("tag").isEmpty)
  }

  @Test func tagsOnceAndAway() async throws {
    let world = try World()
    event(world)
    _ = try await run(world, [(.tag(TagPush(event: Night.identity, text: "BNS")), "a")])
    _ = try await run(world, [(.tag(TagPush(event: Night.identity, text: "BNS")), "b")])
    #expect(world.fake.state.rows("tag").count == 1)
    // Three rows of one tag, as repeats by others leave them: all go.
    world.fake.edit { state in
      for _ in 0..<2 {
        state.insert("tag", ["dateobs": "2026-11-21T17:10:20", "text": "BNS", "sent_by_id": 2])
      }
    }
    let driver = try await run(
      world, [(.tag(TagPush(event: Night.identity, text: "BNS", isRemoved: true)), "c")])
    #expect(driver.refusals == [])
    #expect(world.fake.state.rows("tag").isEmpty)
  }

  @Test func commentsOnEventsAndSources() async throws {
    let world = try World()
    event(world)
    world.fake.edit { _ = $0.insert("source", ["name": "GRB261121A", "ra": 1.0, "dec": 2.0]) }
    let list: [(IcarePush, String)] = [
      (.comment(CommentPush(event: Night.identity, text: "plan v2 replaces v1", groups: ["GRANDMA"])), "a"),
      (.comment(CommentPush(event: Night.identity, text: "plan v2 replaces v1", groups: ["GRANDMA"])), "b"),
      (.comment(CommentPush(source: "GRB261121A", text: "seen", groups: ["GRANDMA"])), "c"),
    ]
    _ = try await run(world, list)
    let driver = try await run(world, list)
    #expect(driver.refusals == [])
    // The same words under two keys are two comments.
    #expect(world.fake.state.rows("comment").count == 3)
    #expect(world.fake.state.rows("comment").first?["groups"] == [2])
  }

  /// The same said at another time, as after a lost store, is there already; something else is not.
  @Test func aCommentIsKnownByWhatItSays() async throws {
    let world = try World()
    event(world)
    func said(_ text: String, _ essence: String?) async throws {
      var comment = CommentPush(event: Night.identity, text: text, groups: ["GRANDMA"])
      comment.essence = essence
      let driver = try await run(world, [(.comment(comment), "a")])
      #expect(driver.refusals == [])
    }
    try await said("GO, made 18:00", "0123abcd")
    try await said("GO, made 18:07", "0123abcd")
    #expect(
      world.fake.state.rows("comment").compactMap { $0["text"]?.text?.prefix(14) } == ["GO, made 18:00"])
    try await said("STOP, made 18:09", "ffff0000")
    try await said("STOP, made 18:09", nil)
    #expect(world.fake.state.rows("comment").count == 3)
  }

  private func label(_ text: String, _ decided: Instant) -> IcarePush {
    .classification(
      ClassificationPush(
        source: SourceTarget(id: "GRB261121A", position: Night.position(0, 3)), label: text,
        groups: ["GRANDMA"], decided: decided))
  }

  /// GO, STOP, GO again: what ICARE shows is always the last.
  @Test func labelsSupersede() async throws {
    let world = try World()
    for (i, text) in ["GO GRANDMA", "STOP GRANDMA", "GO GRANDMA"].enumerated() {
      let driver = try await run(world, [(label(text, world.clock.now), "k\(i)")])
      #expect(driver.refusals == [])
      let shown = world.fake.state.rows("classification").max {
        ($0["modified"]?.text ?? "") < ($1["modified"]?.text ?? "")
      }
      #expect(shown?["classification"]?.text == text)
      world.clock.advance(60)
    }
    #expect(world.fake.state.rows("classification").count == 2)
  }

  @Test func aPersonsStopStands() async throws {
    let world = try World()
    let decided = world.clock.now
    world.clock.advance(30)
    world.fake.edit { state in
      state.insert("source", ["name": "GRB261121A", "ra": 0.0, "dec": 0.0])
      state.insert(
        "classification",
        [
          "obj_id": "GRB261121A", "classification": "STOP GRANDMA", "taxonomy_id": 1, "probability": 1.0,
          "author_id": 2, "created_at": "2026-11-21T18:00:20", "modified": "2026-11-21T18:00:20",
        ])
    }
    let driver = try await run(world, [(label("GO GRANDMA", decided), "k")])
    #expect(driver.refusals.first?.contains("a person set STOP GRANDMA") ?? false)
    #expect(world.fake.state.rows("classification").count == 1)
    // Decided anew afterwards, it goes out; and the source keeps the position people gave it.
    let later = try await run(world, [(label("GO GRANDMA", world.clock.now), "k2")])
    #expect(later.refusals == [])
    #expect(world.fake.state.rows("source").first?["ra"] == 0.0)
    #expect(world.fake.state.rows("source").first?["spoilt"] == nil)
    #expect(later.channel.status.notes.contains { $0.text.contains("arcsec") })
  }

  @Test func triggersNeedTheAllocationsUser() async throws {
    let world = try World()
    Night.addSites(1, to: world)
    event(world)
    let push = TriggerPush(
      event: Night.identity, allocation: AllocationKey(instrument: "CAM0"), isTriggered: true)
    var driver = try await run(world, [(.trigger(push), "a")])
    #expect(driver.refusals == [])
    #expect(world.fake.state.rows("trigger").first?["triggered"] == true)
    world.fake.edit { $0.update("allocation", 1, ["users": []]) }
    var passed = push
    passed.isTriggered = false
    driver = try await run(world, [(.trigger(passed), "b")])
    #expect(driver.refusals.first?.contains("Insufficient permissions") ?? false)
    #expect(!(driver.refusals.first?.contains(FakeIcare.token) ?? true))
  }

  private func request(_ facility: FacilityRequest, _ instrument: String = "CAM0") -> FollowupPush {
    FollowupPush(
      source: SourceTarget(id: "GRB261121A", position: Night.position(0, 3)),
      allocation: AllocationKey(instrument: instrument), request: facility, window: Night.window,
      groups: ["GRANDMA"])
  }

  @Test(arguments: [
    FacilityRequest.generic(
      filters: ["sdssr"], exposureSeconds: 60, exposures: 2, maximumAirmass: 2, minimumMoonDegrees: 30,
      priority: 1),
    .tarot(
      filters: ["NoFilter"], exposureSeconds: -1, exposures: 3, maximumAirmass: 2.5, priority: -5,
      atBestAirmass: false),
    .trt(station: "SBO", filters: ["Rc"], exposureSeconds: 60, exposures: 2, maximumAirmass: 2),
    .slack(filters: ["sdssr"], exposureSeconds: 60, exposures: 2),
    .colibri(
      filter: "r", exposureSeconds: 60, exposures: 2, maximumAirmass: 2, minimumMoonDegrees: 30,
      priority: 5, isTargetOfOpportunity: true),
  ])
  func facilities(_ facility: FacilityRequest) async throws {
    let world = try World()
    let filters = facility.api == "TAROTAPI" ? ["NoFilter", "g", "r", "i"] : ["sdssg", "sdssr"]
    world.fake.edit {
      _ = $0.addSite(telescope: "T", instrument: "CAM0", filters: filters, api: facility.api)
    }
    let driver = try await run(world, [(.followup(request(facility)), "key-1")])
    #expect(driver.refusals == [])
    #expect(driver.channel.status.differences == [:])
    let payload = world.fake.state.rows("followup").first?["payload"]
    #expect(payload?["planner_request_id"]?.text == "key-1")
    let starts = ["TAROTAPI": "2026-11-21 19:00:00", "COLIBRIAPI": "2026-11-21T19:00:00"]
    #expect(payload?["start_date"]?.text == starts[facility.api, default: "2026-11-21"])
    // Facilities write it into texts; TAROT's reads it from there as a whole number.
    #expect(payload?["exposure_time"] == .integer(facility.api == "TAROTAPI" ? -1 : 60))
  }

  /// As the code of ICARE's interfaces has them, which its forms do not all say.
  @Test func termsOfTheFacilities() throws {
    let end = try #require(NaiveUTC("2026-11-21T23:00:00"))
    let midnight = try #require(NaiveUTC("2026-11-22T00:00:00"))
    let start = try #require(NaiveUTC("2026-11-21T19:00:00"))
    let trt = FacilityRequest.trt(
      station: "SRO", filters: ["R"], exposureSeconds: 60, exposures: 1, maximumAirmass: 2)
    // Midnight at the beginning of the last day is when TRT's requests end.
    #expect(trt.payload(start: start, end: end)["end_date"] == "2026-11-22")
    #expect(trt.payload(start: start, end: midnight)["end_date"] == "2026-11-22")
    let tarot = FacilityRequest.tarot(
      filters: ["r"], exposureSeconds: 90.4, exposures: 7, maximumAirmass: 2, priority: 0,
      atBestAirmass: false)
    #expect(tarot.payload(start: start, end: end)["exposure_time"] == .integer(90))
    #expect(tarot.accepts("2026-11-21 19:04:10.250", for: "start_date", wanted: "2026-11-21 19:00:00"))
    #expect(!tarot.accepts("2026-11-21 18:59:00", for: "start_date", wanted: "2026-11-21 19:00:00"))
    #expect(!trt.accepts("2026-11-22", for: "start_date", wanted: "2026-11-21"))
    let half = FacilityRequest.slack(filters: ["r"], exposureSeconds: 30.5, exposures: 1)
    #expect(half.payload(start: start, end: end)["exposure_time"] == .number(30.5))
  }

  @Test func requestsAreCheckedHere() async throws {
    let world = try World()
    Night.addSites(1, to: world)
    let bad: [(FacilityRequest, String)] = [
      (
        .generic(
          filters: ["ztfg"], exposureSeconds: 60, exposures: 1, maximumAirmass: 2, minimumMoonDegrees: 30,
          priority: 1), "not one of"
      ),
      (
        .generic(
          filters: ["sdssr"], exposureSeconds: -5, exposures: 1, maximumAirmass: 2, minimumMoonDegrees: 30,
          priority: 1), "positive"
      ),
      (
        .generic(
          filters: ["sdssr"], exposureSeconds: 60, exposures: 1, maximumAirmass: 2, minimumMoonDegrees: 30,
          priority: 9), "priority"
      ),
      (.slack(filters: ["sdssr"], exposureSeconds: 60, exposures: 1), "expects GENERICAPI"),
      (.slack(filters: ["sdssr"], exposureSeconds: 7200, exposures: 1), "two hours"),
      (
        .trt(station: "SBO", filters: ["R"], exposureSeconds: 60, exposures: 1, maximumAirmass: 2),
        "SBO has no filter R; it has B, V, Rc, Ic"
      ),
      (
        .trt(station: "XXX", filters: ["R"], exposureSeconds: 60, exposures: 1, maximumAirmass: 2),
        "no station XXX"
      ),
      (
        .colibri(
          filter: "clear", exposureSeconds: 60, exposures: 1, maximumAirmass: 2, minimumMoonDegrees: 30,
          priority: 3, isTargetOfOpportunity: true), "COLIBRI has no filter clear"
      ),
      (
        .generic(
          filters: ["sdssr"], exposureSeconds: 60, exposures: 1, maximumAirmass: 2, minimumMoonDegrees: 30,
          priority: 1), "validity"
      ),
    ]
    for (i, (facility, words)) in bad.enumerated() {
      // The last one is good but for its dates.
      let end = i == bad.count - 1 ? "2026-11-21T23:00:00" : "2027-01-01T00:00:00"
      world.fake.edit { state in
        let range: JSONNode = ["start_date": "2026-01-01T00:00:00", "end_date": .string(end)]
        state.update("allocation", 1, ["validity_ranges": [range]])
      }
      let driver = try await run(world, [(.followup(request(facility)), "k\(i)")])
      #expect(driver.refusals.first?.contains(words) ?? false, "\(driver.refusals)")
    }
    #expect(world.fake.log.filter(\.isWrite).isEmpty)
  }

  private static let plain = FacilityRequest.generic(
    filters: ["sdssr"], exposureSeconds: 60, exposures: 1, maximumAirmass: 2, minimumMoonDegrees: 30,
    priority: 1)

  /// 200 and yet no.
  @Test func rejectedByTheFacility() async throws {
    let world = try World()
    Night.addSites(1, to: world)
    world.fake.edit { $0.facilityStatus[1] = "rejected: no valid altdata configuration found." }
    let driver = try await run(world, [(.followup(request(Self.plain)), "k")])
    #expect(driver.refusals.first?.contains("rejected: no valid altdata") ?? false)
    #expect(world.fake.state.rows("followup").count == 1)
    // Nor is it submitted once more: the facility has said no.
    let again = try await run(world, [(.followup(request(Self.plain)), "k")])
    #expect(again.refusals.first?.contains("rejected: no valid altdata") ?? false)
    #expect(world.fake.log.filter { $0.name.hasPrefix("PUT followup_request") }.isEmpty)
  }

  @Test func doublesAreShown() async throws {
    let world = try World()
    Night.addSites(1, to: world)
    let delivery = try IcarePush.followup(request(Self.plain))
      .delivery(key: "k", event: "e", notBefore: world.clock.now)
    let driver = try Driver(world, [delivery])
    try await driver.run()
    #expect(await driver.channel.verify(delivery, receipts: [:], now: world.clock.now) == .equal)
    world.fake.edit { state in
      state.insert("followup", state.rows("followup")[0])
    }
    let found = await driver.channel.verify(delivery, receipts: [:], now: world.clock.now)
    #expect(found == .different(["2 requests with one key"]))
  }

  /// The facility is away for a while: the row that stayed is submitted again, no other is made.
  @Test func failedToSubmitIsTakenUpAgain() async throws {
    let world = try World()
    Night.addSites(1, to: world)
    world.fake.edit { $0.facilityFailure[1] = "Connection refused" }
    let delivery = try IcarePush.followup(request(Self.plain))
      .delivery(key: "k", event: "e", notBefore: world.clock.now)
    let driver = try Driver(world, [delivery])
    try await driver.run(rounds: 40)
    #expect(!driver.isFinished)
    world.fake.edit { $0.facilityFailure[1] = nil }
    try await driver.run()
    #expect(driver.receipts[delivery.key] == "1")
    #expect(world.fake.state.rows("followup").count == 1)
    #expect(world.fake.state.facilityCalls.count == 1)
    #expect(world.fake.log.filter { $0.name == "POST followup_request" }.count == 1)
  }

  /// TAROT timed out: the scene may exist, so only a person may send it again.
  @Test func tarotTimeoutsAreForPeople() async throws {
    let world = try World()
    world.fake.edit { state in
      state.addSite(telescope: "T", instrument: "CAM0", filters: ["NoFilter"], api: "TAROTAPI")
      state.facilityFailure[1] = "HTTPSConnectionPool: Read timed out."
    }
    let tarot = FacilityRequest.tarot(
      filters: ["NoFilter"], exposureSeconds: 60, exposures: 1, maximumAirmass: 2, priority: 0,
      atBestAirmass: true)
    let driver = try await run(world, [(.followup(request(tarot)), "k")])
    #expect(driver.refusals.first?.contains("a person must look") ?? false)
    world.fake.edit { $0.facilityFailure[1] = nil }
    let again = try await run(world, [(.followup(request(tarot)), "k")])
    #expect(again.refusals.first?.contains("a person must look") ?? false)
    #expect(world.fake.state.facilityCalls.isEmpty)
  }

  @Test func withdrawal() async throws {
    let world = try World()
    Night.addSites(1, to: world)
    let cancel = CancelPush(
      followup: "k", source: "GRB261121A", allocation: AllocationKey(instrument: "CAM0"))
    _ = try await run(world, [(.followup(request(Self.plain)), "k")])
    var driver = try await run(world, [(.cancel(cancel), "c")])
    #expect(driver.refusals == [])
    #expect(world.fake.state.rows("followup").first?["status"] == "deleted")
    driver = try await run(world, [(.cancel(cancel), "c")])
    #expect(world.fake.state.facilityCalls.map(\.verb) == ["submit", "delete"])
    // Sent again by mistake, it is not revived.
    driver = try await run(world, [(.followup(request(Self.plain)), "k")])
    #expect(driver.refusals.first?.contains("withdrawn") ?? false)
    #expect(world.fake.state.rows("followup").count == 1)
  }

  private func executed(_ fields: [Int], limit: Double = 20) -> IcarePush {
    .executed(
      ExecutedPush(
        telescope: "Telescope 1", instrument: "CAM1",
        rows: fields.map { i in
          ExecutedPush.Row(
            observationID: ExecutedPush.Row.id(of: "obs \(i)"), field: i,
            start: Night.window.start + .seconds(Double(i) * 200), filter: "sdssr", exposure: .seconds(120),
            limit: Magnitude(limit), seeing: .arcseconds(1.2))
        }))
  }

  /// The server inserts after it has answered: confirmed is only what was seen.
  @Test func executedObservations() async throws {
    let world = try World()
    Night.addSites(2, to: world)
    world.fake.edit { $0.backgroundDelay = .seconds(20) }
    let driver = try await run(world, [(executed([1, 2, 3]), "k")])
    #expect(driver.refusals == [])
    #expect(world.fake.state.rows("observation").count == 3)
    #expect(driver.channel.status.differences == [:])
    world.fake.clearLog()
    _ = try await run(world, [(executed([1, 2, 3]), "k")])
    #expect(world.fake.log.filter(\.isWrite).isEmpty)
    // What the server would lose without a word does not leave.
    for (push, words) in [(executed([99]), "no field 99"), (executed([4], limit: .infinity), "")] {
      guard let delivery = try? push.delivery(key: "x", event: "e", notBefore: world.clock.now) else {
        continue
      }
      let bad = try Driver(world, [delivery])
      try await bad.run()
      #expect(bad.refusals.first?.contains(words) ?? false)
    }
    #expect(world.fake.log.filter(\.isWrite).isEmpty)
  }
}
