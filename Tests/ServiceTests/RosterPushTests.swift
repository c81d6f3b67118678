import FakeIcare
import Foundation
import Icare
import Rosters
import TestSupport
import Testing
import Units

@testable import Service

/// A roster in a fake ICARE, over real HTTP, with a clock that tests move.
final class RosterStand {
  let stand: IcareStand
  let time = TestTime(Instant(iso8601: "2026-11-24T10:00:00Z")!)
  static let users = (1...9).map { "shifter-\($0)" }

  init() throws {
    stand = try IcareStand()
    stand.fake.setLimit(perSecond: 1e6, burst: 1e6)
    stand.fake.setClock { [time] in time.now }
    stand.fake.edit { state in
      let ids = Self.users.map { state.insert("user", ["username": .string($0)]) }
      state.update("group", 2, ["members": .integers([1, 2] + ids)])
    }
  }

  static func user(_ n: Int) -> Username { Username(users[n - 1])! }

  /// One member per slot, user 9 coordinates.
  func roster(weeks: Int = 1, slots: [Int] = [1, 2, 3], time: (String, String)? = nil) -> Roster {
    let first = UTCDay("2026-11-26")!
    var table = SlotTable.grandma
    if let time, let from = TimeOfDay(time.0), let to = TimeOfDay(time.1) {
      table = SlotTable(
        weekday: table.weekday, time: table.time,
        slots: table.slots.map {
          $0.name == "1"
            ? Slot(name: "1", from: from, to: $0.to)
            : $0.name == "3" ? Slot(name: "3", from: $0.from, to: to) : $0
        })
    }
    return Roster(
      campaign: "Winter 2026", table: table, firstWeek: first, weekCount: weeks,
      rules: .init(capacity: 3),
      weeks: (0..<weeks).map { w in
        Roster.Week(
          start: first.advanced(by: 7 * w), coordinator: Self.user(9),
          slots: slots.map { [.member(Self.user($0))] })
      })
  }

  /// Each call is a process of its own: only the state folder and ICARE are remembered.
  func push(_ roster: Roster) async throws -> RosterPush.Result {
    var pusher = try await pusher(roster)
    return try await pusher.push { [time] in time.advance($0) }
  }

  func pusher(_ roster: Roster) async throws -> RosterPush {
    var configuration = IcareClient.Configuration(
      address: try .init(stand.fake.address), token: .init(FakeIcare.token))
    configuration.rate = .init(capacity: 1000, perSecond: 100_000)!
    let access = IcareAccess(
      client: try IcareClient(configuration), address: stand.fake.address, group: "GRANDMA", instruments: [:],
      filters: [:])
    return try await RosterPush(
      roster, access: access, state: stand.folder.appending(path: "state").path, clock: time.clock)
  }

  var shifts: [[String: JSONNode]] { stand.fake.state.rows("shift") }

  /// User names on the shift that starts then.
  func people(_ start: String) -> [String] {
    shifts.filter { $0["start_date"]?.text == start }.flatMap { $0["users"]?.items ?? [] }
      .compactMap { $0["user_id"]?.int }
      .compactMap { stand.fake.state.row("user", $0)?["username"]?.text }.sorted()
  }
}

@Suite struct RosterPushTests {
  @Test func aWeekIsThereOnceWithItsPeople() async throws {
    let world = try RosterStand()
    defer { world.stand.close() }
    let roster = world.roster()
    let dry = try await world.pusher(roster).plan()
    #expect(dry.actions.count == 21 * 3 && dry.report.code == .look)
    #expect(world.stand.fake.log.allSatisfy { !$0.isWrite })
    let first = try await world.push(roster)
    #expect(first.report.code == .good, "\(first.report.lines.suffix(3))")
    #expect(world.shifts.count == 21)
    #expect(world.people("2026-11-26T11:00:00") == ["shifter-1", "shifter-9"])
    #expect(world.shifts.allSatisfy { $0["required_users_number"] == 3 })
    let admins = world.shifts.flatMap { $0["users"]?.items ?? [] }.filter { $0["admin"] == true }
    #expect(admins.count == 21, "the coordinator is an administrator of each")
    let tables = world.stand.fake.state.tables
    world.stand.fake.clearLog()
    let second = try await world.push(roster)
    #expect(second.done.isEmpty && second.report.code == .good)
    #expect(world.stand.fake.log.allSatisfy { !$0.isWrite })
    #expect(world.stand.fake.state.tables == tables)
  }

  /// One answer in four is lost, before or after the act, and the process ends in between: still each once.
  @Test(arguments: Array(1...4) as [UInt64])
  func faultsLeaveNothingTwiceAndNothingOut(seed: UInt64) async throws {
    let world = try RosterStand()
    defer { world.stand.close() }
    let random = Guard(SeededGenerator(seed: seed))
    world.stand.fake.setFaults { _ in
      random.withLock { generator in
        guard Double.random(in: 0..<1, using: &generator) < 0.25 else { return nil }
        let faults: [FakeFault] = [
          .actThenPage(504), .page(502), .closeBeforeActing, .actThenClose, .tooMany,
        ]
        return faults.randomElement(using: &generator)
      }
    }
    let roster = world.roster()
    for _ in 0..<400 {
      do {
        if try await world.push(roster).report.code == .good { break }
      } catch is IcareError {
        // A read failed: what a person sees is "run it again".
      }
      world.time.advance(.seconds(1))
    }
    world.stand.fake.setFaults { _ in nil }
    let last = try await world.push(roster)
    #expect(last.report.code == .good, "seed \(seed): \(last.report.lines.suffix(5))")
    #expect(world.shifts.count == 21, "seed \(seed)")
    #expect(world.shifts.allSatisfy { $0["users"]?.items?.count == 2 }, "seed \(seed)")
  }

  @Test func peoplesOwnChangesStayAndAreTakenOver() async throws {
    let world = try RosterStand()
    defer { world.stand.close() }
    let roster = world.roster()
    _ = try await world.push(roster)
    let id = try #require(world.shifts.first { $0["start_date"]?.text == "2026-11-27T11:00:00" }?["id"]?.int)
    // Somebody joins, and the one who had it leaves.
    world.stand.fake.edit { state in
      let user5 = state.first("user", "username", "shifter-5")?["id"] ?? .null
      let own = state.first("user", "username", "shifter-1")?["id"]
      let kept = (state.row("shift", id)?["users"]?.items ?? []).filter { $0["user_id"] != own }
      state.update(
        "shift", id,
        ["users": .array(kept + [["user_id": user5, "admin": false, "needs_replacement": false]])])
    }
    let pushed = try await world.push(roster)
    #expect(pushed.done.isEmpty && pushed.report.code == .good, "\(pushed.report.lines)")
    #expect(world.people("2026-11-27T11:00:00") == ["shifter-5", "shifter-9"])
    let plan = try await world.pusher(roster).plan()
    #expect(plan.report.code == .look)
    let pulled = roster.pulling(plan.differences, check: RosterCheck()).roster
    #expect(pulled.shift(ShiftID("2026-11-27/1")!)?.members == [RosterStand.user(5)])
    // A comment that people write in the roster would come back; what came from there does not.
    let again = try await world.push(pulled)
    #expect(again.done.isEmpty && again.plan.differences.isEmpty, "\(again.report.lines)")
    // A shift a person deleted is not made again before a person says so.
    world.stand.fake.edit { $0.remove("shift", id) }
    let deleted = try await world.push(pulled)
    #expect(deleted.report.code == .look && world.shifts.count == 20)
    let settled = try await world.pusher(pulled).settle(ShiftID("2026-11-27/1")!, .roster)
    #expect(settled.count == 1)
    #expect(try await world.push(pulled).report.code == .good)
    #expect(world.shifts.count == 21)
    #expect(world.people("2026-11-27T11:00:00") == ["shifter-5", "shifter-9"])
  }

  /// Dates cannot be changed there: the new shift is complete before the old one goes.
  @Test func aMovedShiftIsThereBeforeTheOldOneGoes() async throws {
    let world = try RosterStand()
    defer { world.stand.close() }
    _ = try await world.push(world.roster())
    world.stand.fake.clearLog()
    let moved = world.roster(time: ("11:30", "11:30"))
    let result = try await world.push(moved)
    #expect(result.report.code == .good, "\(result.report.lines.suffix(3))")
    #expect(world.shifts.count == 21)
    #expect(world.people("2026-11-26T11:30:00") == ["shifter-1", "shifter-9"])
    let writes = world.stand.fake.log.filter(\.isWrite)
    let firstDelete = try #require(
      writes.firstIndex { $0.method == "DELETE" && $0.path.count == 2 && $0.path[0] == "shifts" })
    let lastCreate = try #require(writes.lastIndex { $0.method == "POST" && $0.path == ["shifts"] })
    #expect(lastCreate < firstDelete)
  }

  @Test func unknownUsersAreRefusedAndNamed() async throws {
    let world = try RosterStand()
    defer { world.stand.close() }
    world.stand.fake.edit { state in
      if let id = state.first("user", "username", "shifter-2")?["id"]?.int {
        state.update("user", id, ["username": "somebody-else"])
      }
    }
    let result = try await world.push(world.roster())
    #expect(result.report.code == .failed)
    #expect(result.report.lines.contains { $0.contains("no user shifter-2") })
    // The others are there all the same.
    #expect(world.people("2026-11-26T11:00:00") == ["shifter-1", "shifter-9"])
    #expect(world.shifts.count == 21)
  }

  @Test func aSecondPushAtTheSameTimeIsRefused() async throws {
    let world = try RosterStand()
    defer { world.stand.close() }
    let one = try await world.pusher(world.roster())
    await #expect(throws: ConfigurationError.self) { try await world.pusher(world.roster()) }
    withExtendedLifetime(one) {}
  }

  @Test func calendarsNumberTheirChanges() throws {
    let world = try RosterStand()
    defer { world.stand.close() }
    let desk = try CalendarDesk(state: world.stand.folder.path, clock: world.time.clock)
    let first = try desk.person(RosterStand.user(1), in: world.roster())
    #expect(first.components(separatedBy: "BEGIN:VEVENT").count == 8)
    #expect(first.contains("SEQUENCE:0") && !first.contains("CANCELLED"))
    #expect(try desk.person(RosterStand.user(1), in: world.roster()) == first)
    let changed = try world.roster().replacing(
      RosterStand.user(1), on: ShiftID("2026-11-27/1")!, by: RosterStand.user(5), check: RosterCheck()
    ).roster
    let second = try desk.person(RosterStand.user(1), in: changed)
    #expect(second.contains("STATUS:CANCELLED") && second.contains("SEQUENCE:1"))
  }

  @Test func messagesNameWhoIsOnDuty() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "vesper-duty-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    // A leftover in the temporary folder is harmless.
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "roster.yaml").path
    let world = try RosterStand()
    defer { world.stand.close() }
    try world.roster().yaml().write(toFile: path, atomically: true, encoding: .utf8)
    let duty = DutyRoster(path: path)
    let night = Instant(iso8601: "2026-11-26T20:00:00Z")!
    #expect(duty.names(at: night) == ["shifter-2", "shifter-9 (coordinator)"])
    #expect(duty.names(at: night + .hours(24 * 30)).isEmpty)
    // A mistake in the file keeps the last good one in use, and is told.
    try "campaign: [".write(toFile: path, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: 60)], ofItemAtPath: path)
    #expect(duty.names(at: night).count == 2 && duty.trouble != nil)
  }
}

@Suite(.enabled(if: builtExecutable("vesper") != nil, "not built")) struct RosterProgramTests {
  @Test func theCommandsDoWhatTheySay() throws {
    let world = try RosterStand()
    defer { world.stand.close() }
    let file = world.stand.folder.appending(path: "winter.yaml").path
    // Far ahead, since the program has the machine's clock.
    let far = UTCDay("2099-11-26")!
    let roster = Roster(
      campaign: "Winter 2099", firstWeek: far, weekCount: 1,
      members: (1...4).map { Roster.Member(RosterStand.user($0)) },
      weeks: [
        .init(
          start: far, coordinator: RosterStand.user(1),
          slots: [
            [.member(RosterStand.user(1))], [.member(RosterStand.user(2))], [.member(RosterStand.user(3))],
          ])
      ])
    try roster.yaml().write(toFile: file, atomically: true, encoding: .utf8)
    func run(_ arguments: String...) throws -> (status: Int32, text: String) {
      try world.stand.run(["roster"] + arguments, world.stand.environment)
    }
    #expect(try run("check", file).status == 0)
    let known = try run("check", file, "--icare")
    #expect(known.status == 0, "\(known.text)")
    let dry = try run("push", file, "--dry-run")
    #expect(dry.status == 1 && world.shifts.isEmpty, "\(dry.text)")
    let pushed = try run("push", file)
    #expect(pushed.status == 0 && world.shifts.count == 21, "\(pushed.text)")
    #expect(try run("diff", file).status == 0)
    let swapped = try run("swap", file, "shifter-1", "2099-11-27/1", "shifter-4", "--in-place")
    #expect(swapped.status == 0, "\(swapped.text)")
    let diff = try run("diff", file)
    #expect(diff.status == 1 && diff.text.contains("add shifter-4"), "\(diff.text)")
    #expect(try run("push", file).status == 0)
    #expect(world.people("2099-11-27T11:00:00") == ["shifter-1", "shifter-4"])
    let now = try run("now", file, "--at", "2099-11-27T12:00:00Z")
    #expect(now.status == 0 && now.text.contains("shifter-4"), "\(now.text)")
    #expect(try run("now", file).status == 1)
    let calendar = try run("ical", file, "--person", "shifter-4")
    #expect(calendar.status == 0 && calendar.text.contains("BEGIN:VCALENDAR"), "\(calendar.text)")
    let telescope = try run("ical", "--telescope", "tre")
    #expect(telescope.status == 0 && telescope.text.contains("END:VCALENDAR"), "\(telescope.text)")
    #expect(try run("push", file + ".none").status == 66)
    #expect(!pushed.text.contains(FakeIcare.token))
    world.stand.fake.stop()
    #expect(try run("diff", file).status == 3)
  }
}
