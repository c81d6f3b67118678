import FakeIcare
import Icare
import Testing
import Units
import WebClient

@Suite struct RulesTests {
  @Test func naiveDates() throws {
    #expect(NaiveUTC(at("2026-11-21T19:00:00.6")).text == "2026-11-21T19:00:01")
    #expect(NaiveUTC(at("2026-11-21T19:00:00")).spaced == "2026-11-21 19:00:00")
    #expect(NaiveUTC("2026-11-21T19:00:00+02:00")?.text == "2026-11-21T17:00:00")
    #expect(NaiveUTC("2026-11-21T08:19:24.921761")?.text == "2026-11-21T08:19:25")
    #expect(NaiveUTC("soon") == nil)
  }

  /// Never a part of a name: S240422e is not S240422ed.
  @Test func identityIsExact() async throws {
    let world = try World("2024-04-22T22:00:00")
    world.fake.edit { state in
      state.insert(
        "event", ["dateobs": "2024-04-22T21:35:13", "trigger_id": "S240422ed", "aliases": ["LVC#S240422ed"]])
    }
    let events = try await world.client().events(matching: "S240422e")
    #expect(events.count == 1)  // the server's own answer
    let other = EventIdentity(time: at("2024-04-22T07:00:00"), triggerID: "S240422e", aliases: ["S240422e"])
    #expect(other.match(events) == .none)
    let same = EventIdentity(time: at("2024-04-22T21:35:14.4"), aliases: ["S240422ed"])
    #expect(same.match(events) == .one(events[0]))
    // Revised by minutes: known by its name all the same.
    let moved = EventIdentity(time: at("2024-04-22T21:40:00"), triggerID: "S240422ed")
    #expect(moved.match(events) == .one(events[0]))
    let named = EventIdentity(time: at("2024-04-22T20:00:00"), aliases: ["S240422ed"])
    #expect(named.match(events) == .one(events[0]))
    // The same second and another trigger: a person must look.
    let clash = EventIdentity(time: at("2024-04-22T21:35:13"), triggerID: "bn240422900")
    #expect(clash.match(events) == .conflict(events))
  }

  @Test func mapDigestSurvivesText() {
    let uniq = [1026, 1024, 1025]
    let density = [0.1 + 0.2, 1.0 / 3.0, 2e-308]
    let digest = IcareMap.digest(uniq: uniq, density: density)
    let text = JSONNode.numbers(density).bytes
    let again = JSONNode(parsing: text)?.items?.compactMap(\.double) ?? []
    #expect(IcareMap.digest(uniq: uniq, density: again) == digest)
    #expect(IcareMap.digest(uniq: [1024, 1025, 1026], density: [1.0 / 3.0, 2e-308, 0.3]) == digest)
    #expect(IcareMap.digest(uniq: uniq, density: [0.3001, 1.0 / 3.0, 0]) != digest)
  }

  @Test(arguments: [
    ("complete", FollowupState.complete), ("Completed", .complete),
    ("submitted for 2026: use retrieve", .submitted),
    ("failed to submit: x", .failedToSubmit), ("failed to retrieve", .submitted), ("rejected: no", .rejected),
    ("pending submission", .pending), ("deleted", .deleted), ("error", .failed), ("planned by me", .unknown),
  ])
  func followupVocabulary(_ text: String, _ state: FollowupState) {
    #expect(FollowupState(status: text) == state)
  }

  @Test func jsonRefusesGarbage() {
    for text in [
      "", "{", "[1,]", "{\"a\":1,}", "{\"a\" 1}", "nul", "1 2", "\"\\x\"", "[\"\u{1}\"]", "1e999", "--1",
    ] {
      #expect(JSONNode(parsing: Array(text.utf8)) == nil, "\(text)")
    }
    #expect(JSONNode(parsing: Array(String(repeating: "[", count: 100_000).utf8)) == nil)
    #expect(JSONNode(parsing: Array("\"\\ud83d\\ude00 \\u00e9 \\ud83d\"".utf8)) == "😀 é \u{FFFD}")
    #expect(JSONNode(parsing: Array("[1,1.0,-3e2,NaN]".utf8)) == [1, 1.0, -300.0, .null])
  }

  @Test func receipts() {
    let receipt = PlanReceipt(requestID: 12, name: "S1-r1-a b")
    #expect(PlanReceipt(receipt.description) == receipt)
    #expect(PlanReceipt("x y") == nil)
  }

  @Test func payloadsRoundTrip() throws {
    for delivery in try Night.deliveries(plans: 2, followups: 2, notBefore: at("2026-11-21")) {
      let push = try IcarePush(kind: delivery.kind, payload: delivery.payload)
      #expect(try push.payload() == delivery.payload)
      #expect(push.kind.rawValue == delivery.kind)
    }
    #expect(throws: IcareError.self) { try IcarePush(kind: "plan", payload: Array("{}".utf8)) }
    #expect(throws: IcareError.self) { try IcarePush(kind: "dance", payload: Array("{}".utf8)) }
  }
}

@Suite struct ClientTests {
  @Test(arguments: [502, 504, 503, 500, 413])
  func pagesOfProxies(_ status: Int) async throws {
    let world = try World()
    world.fake.setFaults { _ in .page(status) }
    let client = try world.client()
    await #expect { try await client.telescopes() } throws: { error in
      switch error as? IcareError {
      case .unavailable: status != 413
      case .refused: status == 413
      default: false
      }
    }
    await #expect { try await client.createTelescope(["name": "a"]) } throws: { error in
      switch error as? IcareError {
      case .ambiguous: status != 413
      case .refused: status == 413
      default: false
      }
    }
  }

  @Test func limitIsUnsent() async throws {
    let world = try World()
    world.fake.setFaults { _ in .tooMany }
    let client = try world.client()
    await #expect { try await client.createTelescope([:]) } throws: { error in
      if case .unsent = error as? IcareError { true } else { false }
    }
  }

  /// 4 a second and 4 at once stay below nginx's 5 a second with 10 at once.
  @Test func rateStaysBelowTheLimit() async throws {
    let world = try World()
    world.fake.setLimit(perSecond: 5, burst: 10)
    let client = try IcareClient(
      IcareClient.Configuration(address: try WebURL(world.fake.address), token: Secret(FakeIcare.token)))
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<24 { group.addTask { _ = try? await client.version() } }
    }
    for _ in 0..<4 { _ = try await client.ownGroups() }
    #expect(world.fake.refusedByLimit == 0)
    #expect(world.fake.log.count == 28)
  }

  @Test func slowBodies() async throws {
    let world = try World()
    world.fake.setFaults { _ in .slowBody(seconds: 3) }
    await #expect { try await world.client(patience: 0.05).telescopes() } throws: { error in
      if case .unavailable = error as? IcareError { true } else { false }
    }
    await #expect { try await world.client(patience: 0.05).createTelescope([:]) } throws: { error in
      if case .ambiguous = error as? IcareError { true } else { false }
    }
    #expect(try await world.client().telescopes() == [])
  }

  @Test func nobodyThere() async throws {
    let world = try World()
    let client = try world.client()
    world.fake.stop()
    await #expect { try await client.createTelescope([:]) } throws: { error in
      if case .unsent = error as? IcareError { true } else { false }
    }
  }

  @Test func missingRightIsNotABadToken() async throws {
    let world = try World()
    world.fake.edit { $0.update("token", 1, ["acls": ["Comment"]]) }
    await #expect { try await world.client().createAllocation([:]) } throws: { error in
      guard case .missingRight = error as? IcareError else { return false }
      return !"\(error)".contains(FakeIcare.token)
    }
    await #expect { try await world.client(token: "nobody").createAllocation([:]) } throws: { error in
      if case .tokenRejected = error as? IcareError { true } else { false }
    }
    world.fake.edit { $0.update("user", 1, ["expired": true]) }
    await #expect { try await world.client().telescopes() } throws: { error in
      if case .tokenRejected = error as? IcareError { true } else { false }
    }
  }

  /// The server writes the caller's token into its messages.
  @Test func messagesAreRedacted() async throws {
    let world = try World()
    world.fake.edit { state in
      state.update("token", 1, ["acls": ["Upload data"]])
      state.insert("telescope", ["name": "t"])
    }
    await #expect { try await world.client().createInstrument(["telescope_id": 1, "name": "c"]) } throws: {
      error in
      guard case .refused(let refusal) = error as? IcareError else { return false }
      return refusal.message.contains("Insufficient permissions") && !refusal.message.contains("11111111")
        && refusal.message.contains("create Instrument")
    }
  }

  @Test func allPagesAreRead() async throws {
    let world = try World()
    world.fake.edit { state in
      for i in 0..<1234 {
        state.insert(
          "followup",
          [
            "obj_id": "a", "allocation_id": 1, "status": "submitted",
            "payload": ["planner_request_id": .string("k\(i)")],
          ])
      }
      state.insert("followup", ["obj_id": "ab", "allocation_id": 1, "status": "submitted", "payload": [:]])
    }
    let rows = try await world.client().followups(source: "a", allocationID: 1)
    #expect(rows.count == 1234)
    #expect(Set(rows.compactMap(\.key)).count == 1234)
  }

  @Test func shifts() async throws {
    let world = try World()
    let client = try world.client()
    let shift = NewShift(
      name: "slot", details: "[key]", start: NaiveUTC(at("2026-11-22T03:00:00")),
      end: NaiveUTC(at("2026-11-22T11:00:00")), groupID: 2, requiredUsers: 2, adminIDs: [1])
    let id = try await client.createShift(shift)
    try await client.addUser(2, toShift: id, isAdmin: false)
    try await client.addUser(2, toShift: id, isAdmin: false)
    let week = TimeWindow(at("2026-11-20"), at("2026-11-27"))
    let found = try await client.shifts(ofGroup: 2, in: week)
    #expect(found.count == 1 && found.first?.userIDs == [1, 2] && found.first?.details == "[key]")
    #expect(try await client.shifts(ofGroup: 2, in: TimeWindow(at("2026-11-10"), at("2026-11-12"))) == [])
    try await client.updateUser(2, ofShift: id, isAdmin: false, needsReplacement: true)
    #expect(try await client.shift(id)?.users.last?.needsReplacement == true)
    try await client.removeUser(2, fromShift: id)
    try await client.removeUser(2, fromShift: id)
    #expect(try await client.shift(id)?.users.count == 1)
    var backwards = shift
    backwards.end = NaiveUTC(at("2026-11-22T02:00:00"))
    await #expect(throws: IcareError.self) { try await client.createShift(backwards) }
  }
}
