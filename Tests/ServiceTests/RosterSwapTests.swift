import Foundation
import Loopback
import Rosters
import Store
import TestSupport
import Testing
import Units

@testable import Dashboard
@testable import Service

/// A member asks, another accepts, a lead sees it: from the page into the roster's file and the log.
@Suite(.serialized) struct RosterSwapTests {
  private static let text = """
    campaign: GRANDMA autumn 2026
    first_week: 2026-09-10
    weeks: 2
    week_starts: Thursday 11:00
    slots:
      1: 11:00-19:00
      2: 19:00-03:00
      3: 03:00-11:00
    rest_h: 0
    members:
      ana: {}
      bo: {}
      cleo: {}
    schedule:
      2026-09-10:
        1: ana
        2: bo
        3: cleo
      2026-09-17:
        1: bo
        2: cleo
        3: ana
    """

  private struct Rig: Sendable {
    let store: Store
    let state: ServiceState
    let path: String
    let time: TestTime

    init(_ bench: Bench) async throws {
      (store, time) = (bench.store, bench.time)
      path = bench.folder.appending(path: "roster.yaml").path
      try RosterSwapTests.text.write(toFile: path, atomically: true, encoding: .utf8)
      state = ServiceState(
        store: bench.store, settings: await bench.engine.settings, channels: [], clock: bench.time.clock,
        roster: path)
    }

    func members(_ shift: String) throws -> [String] {
      let roster = try RosterFile(path).roster
      let id = try #require(ShiftID(shift))
      return try #require(roster.shift(id)).members.map(\.text)
    }
    func log(_ kind: String) async throws -> [LogEntry] {
      try await store.log(after: 0, limit: 1000).filter { $0.kind == kind }
    }
  }

  private static func reader(
    _ rig: Rig, _ site: QueueSite, _ name: String, _ scopes: Set<String> = ["view"]
  ) async throws -> SignedInReader {
    SignedInReader(
      site: site, session: try await SignedInReader.session(rig.state, scopes, label: "phone", user: name))
  }

  /// Whoever hands out tokens writes labels; they make nobody somebody.
  @Test func aLabelIsNobody() async throws {
    let bench = try await Bench(at: "2026-09-12T12:00:00Z")
    let rig = try await Rig(bench)
    try await withLoopback(StoreDesk(state: rig.state)) { site in
      var mimics: [SignedInReader] = []
      for label in ["ana", "ANA", "bo"] {
        let session = try await SignedInReader.session(rig.state, ["view"], label: label)
        mimics.append(SignedInReader(site: site, session: session))
      }
      let page = try await mimics[0].get("/roster").text
      #expect(!page.contains("value=\"ana 2026-09-14/1\""))
      #expect(page.contains("a token that names no person"))
      for mimic in mimics {
        let stolen = try await mimic.post("/roster/swap", [("give", "ana 2026-09-14/1"), ("to", "bo")])
        #expect(stolen.status == 400 && stolen.text.contains("nobody&#39;s on the roster"), "\(stolen.text)")
      }
      let ana = try await Self.reader(rig, site, "ana")
      #expect(
        try await ana.post("/roster/swap", [("give", "ana 2026-09-14/1"), ("to", "bo")]).status == 303)
      let id = try #require(try await rig.store.swaps(of: "grandma-autumn-2026", limit: 1).first?.id)
      for (mimic, word) in [(mimics[2], "accepted"), (mimics[2], "declined"), (mimics[0], "withdrawn")] {
        let refused = try await mimic.post("/roster/swap/\(id)", [("answer", word)])
        #expect(refused.status == 400 && refused.text.contains("or a lead to say"), "\(word)")
      }
      #expect(try rig.members("2026-09-14/1") == ["ana"])
      #expect(try await rig.store.swaps(of: "grandma-autumn-2026", limit: 1).first?.state == .open)
      #expect(try await rig.log("roster.swap_accepted").isEmpty)
    }
  }

  @Test func aSwapGoesIntoTheRoster() async throws {
    let bench = try await Bench(at: "2026-09-12T12:00:00Z")
    let rig = try await Rig(bench)
    try await withLoopback(StoreDesk(state: rig.state)) { site in
      let ana = try await Self.reader(rig, site, "ana")
      let bo = try await Self.reader(rig, site, "bo", ["operator:kao"])
      let lead = try await Self.reader(rig, site, "shift", ["lead"])
      // What is over is not offered: the slot of the morning ended at 11:00.
      let page = try await ana.get("/roster").text
      #expect(page.contains("value=\"ana 2026-09-12/1\"") && !page.contains("value=\"ana 2026-09-11/1\""))
      let over = try await ana.post("/roster/swap", [("give", "ana 2026-09-11/1"), ("to", "bo")])
      #expect(over.status == 409 && over.text.contains("2026-09-11/1 is over"))
      let asked = try await ana.post(
        "/roster/swap", [("give", "ana 2026-09-14/1"), ("to", "bo 2026-09-15/2")])
      #expect(asked.status == 303, "\(asked.text)")
      #expect(try rig.members("2026-09-14/1") == ["ana"], "asking changes nothing")
      #expect(try await lead.get("/roster").text.contains("ana gives 2026-09-14/1 to bo for 2026-09-15/2"))
      let id = try #require(try await rig.store.swaps(of: "grandma-autumn-2026", limit: 1).first?.id)
      #expect(try await bo.post("/roster/swap/\(id)", [("answer", "accepted")]).status == 303)
      #expect(try rig.members("2026-09-14/1") == ["bo"] && rig.members("2026-09-15/2") == ["ana"])
      let api = try await site.send(.get, "/api/roster").object
      let shifts = try #require(api["shifts"] as? [[String: Any]])
      let changed = try #require(shifts.first { $0["id"] as? String == "2026-09-14/1" })
      #expect(changed["is_overridden"] as? Bool == true)
      #expect((changed["people"] as? [[String: Any]])?.first?["user"] as? String == "bo")
      let swaps = try #require(api["swaps"] as? [[String: Any]])
      #expect(swaps.first?["state"] as? String == "accepted")
      #expect(swaps.first?["answered_by"] as? String == "bo")
      #expect(try await rig.log("roster.swap_asked").map(\.actor) == ["ana"])
      #expect(try await rig.log("roster.swap_accepted").map(\.actor) == ["bo"])
      let late = try await lead.post("/roster/swap/\(id)", [("answer", "declined")])
      #expect(late.status == 409 && late.text.contains("accepted by bo already"))
    }
    // What `vesper roster swap` works on: ana has nothing to give there any more, bo has.
    let roster = try RosterFile(rig.path).roster
    let shift = try #require(ShiftID("2026-09-14/1"))
    let (a, b, check) = (Username("ana")!, Username("bo")!, RosterFile.check(roster))
    #expect(throws: RosterError.self) { try roster.replacing(a, on: shift, by: b, check: check) }
    #expect(try roster.replacing(b, on: shift, by: a, check: check).isSound)
    #expect(roster.overrides.first { $0.shift == shift }?.why == "ana swapped with bo for 2026-09-15/2")
  }

  /// Between question and answer somebody changed the roster: the answer is refused and the question stays.
  @Test func anOldQuestionChangesNothing() async throws {
    let bench = try await Bench(at: "2026-09-12T12:00:00Z")
    let rig = try await Rig(bench)
    try await withLoopback(StoreDesk(state: rig.state)) { site in
      let ana = try await Self.reader(rig, site, "ana")
      let bo = try await Self.reader(rig, site, "bo")
      #expect(
        try await ana.post("/roster/swap", [("give", "ana 2026-09-14/1"), ("to", "bo")]).status == 303)
      var roster = try RosterFile(rig.path).roster
      roster.setMembers([Username("cleo")!], on: try #require(ShiftID("2026-09-14/1")), why: "by hand")
      try roster.yaml().write(toFile: rig.path, atomically: true, encoding: .utf8)
      rig.state.rosterFile?.forget()
      let late = try await bo.post("/roster/swap/1", [("answer", "accepted")])
      #expect(late.status == 409 && late.text.contains("ana does not do 2026-09-14/1; on it: cleo"))
      #expect(try rig.members("2026-09-14/1") == ["cleo"])
      #expect(try await rig.store.swaps(of: roster.key, limit: 1).first?.state == .open)
      // The page says so before anybody tries.
      #expect(try await bo.get("/roster").text.contains("ana does not do 2026-09-14/1"))
      #expect(try await ana.post("/roster/swap/1", [("answer", "withdrawn")]).status == 303)
      #expect(try await rig.log("roster.swap_withdrawn").map(\.actor) == ["ana"])
    }
  }

  @Test func whatWouldBreakTheRosterIsRefused() async throws {
    let bench = try await Bench(at: "2026-09-12T12:00:00Z")
    let rig = try await Rig(bench)
    let away = "absences:\n  - {user: bo, from: 2026-09-14, to: 2026-09-15}"
    let text = Self.text.replacing("rest_h: 0", with: away)
    try text.write(toFile: rig.path, atomically: true, encoding: .utf8)
    try await withLoopback(StoreDesk(state: rig.state)) { site in
      let lead = try await Self.reader(rig, site, "shift", ["lead"])
      let asked = try await lead.post("/roster/swap", [("give", "ana 2026-09-14/1"), ("to", "bo")])
      #expect(asked.status == 303, "\(asked.text)")
      let said = try await lead.post("/roster/swap/1", [("answer", "accepted")])
      #expect(said.status == 409 && said.text.contains("the roster would have new errors"), "\(said.text)")
      #expect(try rig.members("2026-09-14/1") == ["ana"])
      #expect(try await rig.store.swaps(of: "grandma-autumn-2026", limit: 1).first?.state == .open)
      for bad in [
        [("give", "nobody 2026-09-14/1"), ("to", "bo")], [("give", "ana 2026-09-14/9"), ("to", "bo")],
        [("give", "ana 2026-09-14/1"), ("to", "<b>")], [("give", "ana 2026-09-14/1"), ("to", "ana")],
        [("give", "ana 2026-09-14/1"), ("to", "bo soon")],
      ] {
        let answer = try await lead.post("/roster/swap", bad)
        #expect((400..<500).contains(answer.status) && answer.text.contains("Nothing was done"), "\(bad)")
      }
    }
  }
}
