import FakeIcare
import Icare
import Testing
import Units

@Suite struct DoctorTests {
  private func report(_ world: World, token: String = FakeIcare.token) async throws -> [IcareFinding] {
    let clock = world.clock
    let facts = await IcareFacts.gather(
      from: try world.client(token: token), group: "GRANDMA", now: { clock.now })
    return IcareDoctor.report(facts, group: "GRANDMA", instruments: ["CAM0"])
  }

  @Test func healthy() async throws {
    let world = try World()
    Night.addSites(1, to: world)
    let found = try await report(world)
    #expect(found.allSatisfy { $0.grade == .good }, "\(found)")
    #expect(world.fake.log.allSatisfy { !$0.isWrite })
  }

  @Test func whatIsMissing() async throws {
    let world = try World()
    Night.addSites(1, to: world)
    world.fake.edit { state in
      state.update("token", 1, ["acls": ["Upload data", "Comment", "Classify", "Manage observation plans"]])
      state.update(
        "user", 1,
        ["permissions": ["Upload data", "Comment", "Classify", "Manage observation plans", "Manage GCNs"]])
      state.update("group", 2, ["admins": []])
      state.update("allocation", 1, ["types": ["triggered"], "users": []])
      state.remove("taxonomy", 1)
    }
    let found = try await report(world)
    func line(_ words: String) -> IcareFinding? { found.first { $0.text.contains(words) } }
    #expect(line("lacks \"Manage shifts\"")?.grade == .missing)
    #expect(line("lacks \"Manage shifts\"")?.ask?.contains("administrator") ?? false)
    // The user has it and the token does not: another token is enough.
    #expect(line("token lacks \"Manage GCNs\"")?.ask?.contains("token with it") ?? false)
    #expect(line("not an admin of GRANDMA")?.grade == .warning)
    #expect(line("taxonomy")?.grade == .missing)
    #expect(line("allows observation plans")?.grade == .missing)
    #expect(line("no trigger decisions")?.grade == .warning)
    #expect(!found.description.contains(FakeIcare.token))
  }

  @Test func badTokenAndNobodyThere() async throws {
    let world = try World()
    let found = try await report(world, token: "nobody")
    #expect(found.last?.grade == .missing && found.last?.text.contains("not accepted") ?? false)
    world.fake.stop()
    #expect(try await report(world).map(\.grade) == [.missing])
  }

  @Test func wrongClock() async throws {
    let world = try World()
    let clock = world.clock
    let facts = await IcareFacts.gather(
      from: try world.client(), group: "GRANDMA", now: { clock.now + .seconds(40) })
    let found = IcareDoctor.report(facts, group: "GRANDMA", instruments: [])
    #expect(found.contains { $0.text.contains("40 s ahead of ICARE's") })
  }

  /// An answer that takes long is no wrong clock.
  @Test func slowAnswer() async throws {
    let world = try World()
    Night.addSites(1, to: world)
    let (clock, calls) = (world.clock, Chooser(seed: 1))
    let facts = await IcareFacts.gather(
      from: try world.client(), group: "GRANDMA",
      now: { calls.next() == 1 ? clock.now : clock.now + .seconds(40) })
    #expect(facts.clockOffset == .zero)
    let behind = await IcareFacts.gather(
      from: try world.client(), group: "GRANDMA", now: { clock.now - .seconds(40) })
    #expect(behind.clockOffset == .seconds(-40))
  }
}

@Suite struct SyncTests {
  private func site(_ name: String, lat: Double = 43.93, lon: Double = 5.71, camera: String) -> IcareSite {
    IcareSite(
      name: name, aliases: ["Alias of \(name)"],
      position: GeodeticPosition(latitude: .degrees(lat), longitude: .degrees(lon), height: .metres(650)),
      diameter: .metres(1), instrument: camera, filters: ["sdssg", "sdssr"],
      field: .rectangle(width: .degrees(1), height: .degrees(1)))
  }

  @Test func twiceChangesNothing() async throws {
    let world = try World()
    let client = try world.client()
    let clock = world.clock
    var grid = site("T2", camera: "T2-CAM")
    grid.grid = (1...30).map { .init(number: $0, position: Night.position($0, 2)) }
    let sites = [site("T1", camera: "T1-CAM"), grid]
    let first = IcareSync.compare(sites, try await .read(from: client, sites: sites, group: "GRANDMA"))
    #expect(first.compactMap(\.consentKey).count == 7)
    // Nothing without consent.
    let none = await IcareSync.apply(
      first, sites: sites, group: "GRANDMA", consent: [], client: client, pause: { _ in })
    #expect(none.isEmpty && world.fake.log.allSatisfy { !$0.isWrite })
    let done = await IcareSync.apply(
      first, sites: sites, group: "GRANDMA", consent: Set(first.compactMap(\.consentKey)), client: client,
      pause: { clock.advance($0.seconds) })
    #expect(done.count == 7 && done.allSatisfy { $0.problem == nil }, "\(done)")
    #expect(world.fake.state.rows("field").count == 30)
    let second = IcareSync.compare(sites, try await .read(from: client, sites: sites, group: "GRANDMA"))
    #expect(second == [.same(telescope: "T1", id: 1), .same(telescope: "T2", id: 2)])
    // The old list applied again: each is looked up first.
    let tables = world.fake.state.tables
    _ = await IcareSync.apply(
      first, sites: sites, group: "GRANDMA", consent: Set(first.compactMap(\.consentKey)), client: client,
      pause: { clock.advance($0.seconds) })
    #expect(world.fake.state.tables == tables)
  }

  @Test func wrongRowsAreShownAndKept() async throws {
    let world = try World()
    world.fake.edit { state in
      state.addSite(telescope: "TAROT/TCA", instrument: "TCA-CAM")
      state.update("telescope", 1, ["lat": -43.93, "elevation": 65.0, "diameter": 0.25])
      state.update("instrument", 1, ["filters": ["sdssr"], "has_region": false])
    }
    let client = try world.client()
    let own = site("tarot tca", camera: "TCA-CAM")
    let items = IcareSync.compare([own], try await .read(from: client, sites: [own], group: "GRANDMA"))
    let text = items.map(\.description).joined(separator: "\n")
    #expect(items.contains(.same(telescope: "tarot tca", id: 1)))
    #expect(text.contains("the sign of its latitude is wrong there"))
    #expect(text.contains("elevation 65.0 m") && text.contains("diameter 0.25 m"))
    #expect(text.contains("no filter sdssg") && text.contains("no field of view"))
    #expect(items.compactMap(\.consentKey).isEmpty)
  }

  @Test func severalAnswerToOne() async throws {
    let world = try World()
    world.fake.edit { state in
      state.addSite(telescope: "T-1", instrument: "A")
      state.addSite(telescope: "T 1", instrument: "B")
    }
    let own = site("T1", camera: "A")
    let items = IcareSync.compare(
      [own], try await .read(from: try world.client(), sites: [own], group: "GRANDMA"))
    guard case .unclear = items.first else {
      Issue.record("\(items)")
      return
    }
    #expect(items.compactMap(\.consentKey).isEmpty)
  }

  /// The fields are never made: said so after the patience, not waited for ever.
  @Test func fieldsThatDoNotCome() async throws {
    let world = try World()
    world.fake.edit { state in
      state.addSite(telescope: "T", instrument: "C")
      state.backgroundDelay = .hours(10)
    }
    var own = site("T", camera: "C")
    own.grid = [.init(number: 1, position: Night.position(1, 1))]
    let clock = world.clock
    let result = await IcareSync.apply(
      [.addFields(instrument: "C", numbers: [1])], sites: [own], group: "GRANDMA", consent: ["fields C"],
      client: try world.client(), patience: .seconds(60), pause: { clock.advance($0.seconds) })
    #expect(result.first?.problem?.contains("1 of 1 fields") ?? false)
  }
}
