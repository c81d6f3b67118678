import Dashboard
import Deliveries
import Foundation
import Icare
import Observatories
import Queues
import Store
import TestSupport
import Testing
import Units

@testable import Service

/// A service that answers requests for point sources, on a July night over the northern sites.
struct FollowupBench: @unchecked Sendable {
  // Tests use one at a time.
  let bench: Bench
  let state: ServiceState
  var desk: StoreFollowupDesk { StoreFollowupDesk(state: state) }
  var now: Instant { bench.time.now }
  static let leader = Identity(name: "leader", scopes: [.lead])

  init(icare: IcareOptions? = nil, _ change: (inout EngineSettings) -> Void = { _ in }) async throws {
    bench = try await Bench(at: "2026-07-10T19:00:00Z", icare: icare)
    var settings = await bench.engine.settings
    change(&settings)
    state = ServiceState(store: bench.store, settings: settings, channels: [], clock: bench.time.clock)
  }

  /// Up all night from Europe.
  static func form(_ name: String = "GRB 260710A", key: String? = nil, send: [String]? = nil) -> FollowupForm
  {
    var form = FollowupForm(name: name, ra: "20:00:00", dec: "30")
    form.mag = 16
    form.decay = 0.9
    form.eventTimeUTC = "2026-07-10T18:00:00Z"
    form.policy = "grb"
    form.key = key
    form.send = send
    return form
  }

  func deliveries(_ id: String) async throws -> [String] {
    try await bench.store.deliveries(Set([.ready]), event: id, limit: 1000).map(\.key.text).sorted()
  }
}

@Suite(.serialized) struct FollowupFlowTests {
  @Test func theChosenOnesAreAskedInOneStep() async throws {
    let f = try await FollowupBench()
    let view = try await f.desk.ask(
      FollowupBench.form(key: "k", send: ["tca"]), by: FollowupBench.leader)
    let named = Set(view.offers.map(\.slug) + view.leftOut.map(\.slug))
    #expect(named == ["tca", "tre", "tch", "oaj", "fzu-auger~f"])
    #expect(view.sent.map(\.slug) == ["tca"] && view.sent.map(\.state) == ["live"])
    #expect(view.leftOut.allSatisfy { !$0.reason.isEmpty })
    let offer = try #require(view.offers.first { $0.slug == "tca" })
    let queue = try await f.bench.store.queue(of: "tca", after: f.now)
    #expect(queue.count == 1 && queue[0].event == view.id && queue[0].state == .sent)
    #expect(queue[0].assignment.window.start.iso8601() == offer.visits[0].startUTC)
    #expect(abs(queue[0].assignment.direction.ra.degrees - 300) < 1e-9)
    let owed = try await f.deliveries(view.id)
    #expect(owed.count == 2 && owed[0].hasPrefix("files/") && owed[1].hasPrefix("hook/"), "\(owed)")
    // A thousand repeats change nothing.
    let sequence = try await f.bench.store.lastLogSequence()
    for _ in 0..<50 {
      let again = try await f.desk.ask(
        FollowupBench.form(key: "k", send: ["tca"]), by: FollowupBench.leader)
      #expect(again.id == view.id && again.sent.count == 1)
      _ = try await f.desk.send(view.id, to: ["tca"], by: FollowupBench.leader)
    }
    #expect(try await f.bench.store.lastLogSequence() == sequence)
    #expect(try await f.deliveries(view.id) == owed)
    // Another request under the same key is refused.
    await #expect(throws: DeskError.self) {
      try await f.desk.ask(FollowupBench.form("other", key: "k"), by: FollowupBench.leader)
    }
    // It is no campaign: the board does not list it, and the engine goes on after a restart.
    #expect(try await StoreDesk(state: f.state).events(limit: 10, before: nil).isEmpty)
    try await f.bench.restart()
    try await f.bench.settle()
    #expect(try await f.desk.followups(limit: 10).map(\.sent) == [["tca"]])
  }

  @Test func filesAndTheListenersSeeTheVisit() async throws {
    let f = try await FollowupBench()
    var form = FollowupBench.form(send: ["tca"])
    form.visits = 2
    let view = try await f.desk.ask(form, by: FollowupBench.leader)
    let queues = StoreQueueDesk(state: f.state)
    let acp = try await queues.currentFile(of: "tca", name: "plan.acp", wishes: FileWishes())
    #expect(String(decoding: acp.bytes, as: UTF8.self).contains("GO"))
    let text = try await queues.currentFile(of: "tca", name: "plan.txt", wishes: FileWishes())
    #expect(String(decoding: text.bytes, as: UTF8.self).contains("20:00:00"))
    let robot = Answerer(name: "robot", way: "icare")
    let requests = try await queues.followupRequests(SkyPortalQuery(), for: ["tca"], reader: robot)
    let first = try #require(requests.first)
    let offer = try #require(view.offers.first { $0.slug == "tca" })
    #expect(requests.count == offer.visits.count && first.objId == "GRB260710A")
    #expect(first.payload.exposureCounts == offer.visits[0].exposures)
    #expect(abs(first.obj.ra - 300) < 1e-6 && abs(first.obj.dec - 30) < 1e-6)
    #expect(try await queues.observationPlans(SkyPortalQuery(), for: ["tca"], reader: robot).isEmpty)
    // What the robot says is in the answer.
    try await queues.setFollowup(first.id, status: "in progress", for: ["tca"], by: robot)
    try await f.bench.settle()
    #expect(try await f.desk.followup(view.id).sent[0].answers.contains("started"))
  }

  @Test func aRequestIsTakenBack() async throws {
    let f = try await FollowupBench()
    let view = try await f.desk.ask(FollowupBench.form(send: ["tca", "oaj"]), by: FollowupBench.leader)
    #expect(view.sent.count == 2)
    let after = try await f.desk.withdraw(
      view.id, from: ["tca"], reason: "seen by others", by: FollowupBench.leader)
    #expect(
      after.sent.map(\.state) == ["withdrawn", "live"] || after.sent.map(\.state) == ["live", "withdrawn"])
    #expect(try await f.bench.store.queue(of: "tca", after: f.now).isEmpty)
    #expect(try await f.bench.store.queue(of: "oaj", after: f.now).count == 1)
    let file = try await StoreQueueDesk(state: f.state).currentFile(
      of: "tca", name: "plan.csv", wishes: FileWishes())
    #expect(String(decoding: file.bytes, as: UTF8.self).contains("STOP"))
    // The plan that had not left yet is not sent any more.
    let owed = try await f.deliveries(view.id)
    #expect(owed.contains { $0.hasPrefix("files/") && $0.hasSuffix("/stop") })
    #expect(owed.filter { $0.hasPrefix("files/") && $0.hasSuffix("/plan") }.count == 1)
    // It can be asked again.
    let again = try await f.desk.send(view.id, to: ["tca"], by: FollowupBench.leader)
    #expect(again.sent.filter { $0.slug == "tca" }.map(\.state) == ["withdrawn", "live"])
  }

  /// What was sent is counted: the same hours are not given twice, nor is a request beyond the budget made.
  @Test func whatWasSentCountsAgainstTheAllocation() async throws {
    let f = try await FollowupBench { settings in
      for i in settings.telescopes.indices {
        var terms = Telescope.Allocation()
        if settings.telescopes[i].slug == "tca" { terms.requests = .init(most: 1, days: 1) }
        if settings.telescopes[i].slug == "oaj" { terms.hoursPerNight = 1 }
        settings.telescopes[i].allocation = terms
      }
    }
    let first = try await f.desk.ask(FollowupBench.form(send: ["tca", "oaj"]), by: FollowupBench.leader)
    #expect(first.sent.count == 2)
    let second = try await f.desk.ask(FollowupBench.form("second"), by: FollowupBench.leader)
    let out = try #require(second.leftOut.first { $0.slug == "tca" })
    #expect(out.code == "allocation" && out.reason.contains("one request in a day"), "\(out)")
    func used(_ view: FollowupView) -> String? { view.offers.first { $0.slug == "oaj" }?.allocation }
    #expect(used(first)?.hasPrefix("0 h of 1 h used tonight") == true, "\(used(first) ?? "")")
    #expect(used(second) != nil && used(second)?.hasPrefix("0 h") == false, "\(used(second) ?? "")")
    await #expect(throws: DeskError.self) {
      try await f.desk.send(second.id, to: ["tca"], by: FollowupBench.leader)
    }
    // What was taken back counts no more.
    _ = try await f.desk.withdraw(first.id, from: [], reason: "no", by: FollowupBench.leader)
    let third = try await f.desk.ask(FollowupBench.form("third"), by: FollowupBench.leader)
    #expect(third.offers.contains { $0.slug == "tca" })
    #expect(used(third)?.hasPrefix("0 h of 1 h used tonight") == true)
  }

  @Test func whatATeamSaysIsOutIsLeftOut() async throws {
    let f = try await FollowupBench()
    let team = Answerer(name: "team", way: "api")
    _ = try await StoreQueueDesk(state: f.state).add(
      OutageForm(kind: "fault", endUTC: "2026-07-20T00:00:00Z", reason: "the dome"), for: "tca", by: team)
    let view = try await f.desk.ask(FollowupBench.form(), by: FollowupBench.leader)
    let out = try #require(view.leftOut.first { $0.slug == "tca" })
    #expect(out.reason.contains("the dome"), "\(out)")
  }

  /// ICARE gets a request per telescope in its own form, long series in parts, and their cancellation.
  @Test func icareIsAskedWhereTheChannelIsIcare() async throws {
    let options = IcareOptions(
      group: "GRANDMA", instruments: ["tca": "CAM-tca", "oaj": "CAM-oaj"], requests: ["tca": "TAROTAPI"])
    let f = try await FollowupBench(icare: options) { settings in
      for i in settings.telescopes.indices where settings.telescopes[i].slug == "tca" {
        var terms = Telescope.Allocation()
        terms.exposuresPerRequest = 3
        settings.telescopes[i].allocation = terms
      }
    }
    let view = try await f.desk.ask(FollowupBench.form(send: ["tca", "oaj"]), by: FollowupBench.leader)
    let owed = try await f.deliveries(view.id).filter { $0.hasPrefix("icare/") }
    let count = try #require(view.offers.first { $0.slug == "tca" }?.visits[0].exposures)
    #expect(owed.count == (count + 2) / 3 && owed.allSatisfy { $0.hasSuffix("/tca") }, "\(count) \(owed)")
    // The facility has until the visit may begin last, and what it takes.
    let visit = try #require(view.offers.first { $0.slug == "tca" })
    let latest = try #require(Instant(iso8601: visit.latestStartUTC))
    let first = try #require(owed.first)
    let payload = try await f.bench.store.delivery(DeliveryKey(first)).payload
    guard case .followup(let push) = try IcarePush(kind: "followup", payload: payload) else {
      Issue.record("no request")
      return
    }
    #expect(push.end.instant > latest && push.end.instant - push.start.instant > .minutes(10))
    _ = try await f.desk.withdraw(view.id, from: ["tca"], reason: "no", by: FollowupBench.leader)
    let cancels = try await f.deliveries(view.id).filter { $0.hasSuffix("/cancel") }
    #expect(cancels.count == owed.count)
  }

  /// The site's own software finds the visit in its folder, and its end.
  @Test func theFolderOfASiteGetsItsOwnFormat() async throws {
    let f = try await FollowupBench { settings in
      for slug in ["tca", "oaj"] {
        settings.recipients.entries.append(
          .init(
            channel: "drop:\(slug)", kind: .drop(DropOptions(slug: slug, format: "acp")), acceptsMocks: false)
        )
      }
    }
    let view = try await f.desk.ask(FollowupBench.form(send: ["tca"]), by: FollowupBench.leader)
    let plan = try await f.deliveries(view.id).filter { $0.hasPrefix("drop:") }
    #expect(plan.count == 1 && plan[0].hasPrefix("drop:tca/") && plan[0].hasSuffix("/plan"), "\(plan)")
    _ = try await f.desk.withdraw(view.id, from: [], reason: "seen", by: FollowupBench.leader)
    // What had not left yet is replaced by its end.
    let stop = try await f.deliveries(view.id).filter { $0.hasPrefix("drop:") }
    #expect(stop.count == 1 && stop[0].hasSuffix("/stop"), "\(stop)")
  }

  @Test func theStopOfAnEventEndsItsFollowUps() async throws {
    let q = try await QueueBench.mock()
    let desk = StoreFollowupDesk(state: q.state)
    var form = FollowupForm(name: "AT2026abc", ra: "300", dec: "30")
    (form.mag, form.event, form.mock) = (16, q.event, true)
    let asked = try await desk.ask(form, by: FollowupBench.leader)
    let slug = try #require(asked.offers.first?.slug)
    _ = try await desk.send(asked.id, to: [slug], by: FollowupBench.leader)
    // A new plan of the network leaves it alone.
    let busy = try await q.busy()
    let other = try #require(busy.first { $0 != slug })
    _ = try await q.desk.answer(
      AnswerForm(answer: "refused", plan: try #require(try await q.live()).id), for: other,
      by: QueueBench.operatorOf("t"))
    try await q.bench.settle()
    #expect(try await desk.followup(asked.id).sent.map(\.state) == ["live"])
    let retraction =
      #"{"alert_type": "RETRACTION", "superevent_id": "MS260915a", "event": null, "#
      + #""time_created": "2026-09-15T18:30:00Z", "urls": {}, "external_coinc": null}"#
    try await q.bench.bring(Array(retraction.utf8))
    try await q.bench.settle()
    #expect(try await desk.followup(asked.id).sent.map(\.state) == ["withdrawn"])
  }

  /// A person's STOP, not only a retraction, takes back what was asked for the event's sources.
  @Test func theStopOfAPersonEndsTheFollowUps() async throws {
    let q = try await QueueBench.mock()
    let desk = StoreFollowupDesk(state: q.state)
    var form = FollowupForm(name: "AT2026abc", ra: "300", dec: "30")
    (form.mag, form.event, form.mock) = (16, q.event, true)
    let asked = try await desk.ask(form, by: FollowupBench.leader)
    _ = try await desk.send(
      asked.id, to: [try #require(asked.offers.first?.slug)], by: FollowupBench.leader)
    #expect(try await desk.followup(asked.id).sent.map(\.state) == ["live"])
    let stop = #"{"outcome": "stop", "role": "shift leader", "reason": "found elsewhere"}"#
    _ = try await StoreDesk(state: q.state).answer(
      try JSONDecoder().decode(DecisionAnswer.self, from: Data(stop.utf8)), on: q.event, by: AnswerTests.lead)
    q.bench.time.advance(.seconds(1))
    try await q.bench.settle()
    #expect(try await desk.followup(asked.id).sent.map(\.state) == ["withdrawn"])
  }

  static let faults: [(String, @Sendable (inout FollowupForm) -> Void)] = [
    ("name", { $0.name = "" }), ("name", { $0.name = "a\u{202E}b" }),
    ("name", { $0.name = String(repeating: "x", count: 4096) }), ("ra", { $0.ra = "25:00:00" }),
    ("ra", { $0.ra = "nan" }), ("ra", { $0.ra = "1e400" }), ("dec", { $0.dec = "-91" }),
    ("dec", { $0.dec = "12:60:00" }), ("hours", { $0.hours = 1e300 }), ("hours", { $0.hours = -1 }),
    ("mag", { $0.mag = 99 }), ("mag", { $0.mag = nil }), ("visits", { $0.visits = 1_000_000 }),
    ("policy", { $0.policy = "x" }), ("priority", { $0.priority = "urgent" }),
    ("filters", { $0.filters = ["%%"] }), ("one of", { $0.fade = 1 }), ("error", { $0.errorArcsec = -1 }),
    ("start_utc", { $0.startUTC = "tomorrow" }), ("window", { $0.startUTC = "2020-01-01T00:00:00Z" }),
    ("approved", { $0.approved = ["nobody"] }), ("no telescope", { $0.send = ["../../etc/passwd"] }),
    ("kept", { $0.gapH = .infinity }), ("event", { $0.event = "S990101a" }),
  ]

  @Test(arguments: faults.indices)
  func faultsNameTheirFieldAndLeaveNothing(_ index: Int) async throws {
    let f = try await FollowupBench()
    var form = FollowupBench.form()
    Self.faults[index].1(&form)
    let asked = form
    let error = await #expect(throws: DeskError.self) {
      _ = try await f.desk.ask(asked, by: FollowupBench.leader)
    }
    #expect("\(String(describing: error))".contains(Self.faults[index].0), "\(String(describing: error))")
    #expect(try await f.desk.followups(limit: 10).isEmpty)
  }

  @Test func noonAndSemester() {
    func t(_ text: String) -> Instant { Instant(iso8601: text)! }
    let paris = AllocationBook.noon(before: t("2026-07-11T01:00:00Z"), longitude: .degrees(0))
    #expect(paris.iso8601() == "2026-07-10T12:00:00Z")
    let hawaii = AllocationBook.noon(before: t("2026-07-11T01:00:00Z"), longitude: .degrees(-150))
    #expect(hawaii.iso8601() == "2026-07-10T22:00:00Z")
    #expect(AllocationBook.semester(before: t("2026-01-15T00:00:00Z")).iso8601() == "2025-08-01T00:00:00Z")
    #expect(AllocationBook.semester(before: t("2026-02-01T00:00:00Z")).iso8601() == "2026-02-01T00:00:00Z")
  }

  @Test func telescopesGoByAnyOfTheirNames() async throws {
    let f = try await FollowupBench()
    let telescope = try #require(f.state.settings.telescopes.first { $0.slug == "tca" })
    let view = try await f.desk.ask(
      FollowupBench.form(send: [telescope.id.lowercased(), telescope.id, "tca"]), by: FollowupBench.leader)
    #expect(view.sent.map(\.slug) == ["tca"])
    let after = try await f.desk.withdraw(
      view.id, from: [telescope.id], reason: "no", by: FollowupBench.leader)
    #expect(after.sent.map(\.state) == ["withdrawn"])
  }

  @Test func overHTTP() async throws {
    let q = try await QueueBench.mock()
    let token = try await q.token(["lead"])
    try await q.withSite { site in
      let body =
        #"{"name": "AT2026abc", "ra": 300.0, "dec": "+30:00:00", "mag": 16, "mock": true, "key": "1"}"#
      let made = try await site.send(.post, "/api/followups", token: token, body)
      #expect(made.status == 201, "\(made.text.prefix(300))")
      let id = made.object["id"] as? String ?? ""
      let offers = made.object["offers"] as? [[String: Any]] ?? []
      let slug = try #require(offers.first?["slug"] as? String)
      let sent = try await site.send(
        .post, "/api/followups/\(id)/send", token: token, #"{"telescopes": ["\#(slug)"]}"#)
      #expect(sent.status == 200 && (sent.object["sent"] as? [Any])?.count == 1, "\(sent.text.prefix(300))")
      let page = try await site.send(.get, "/followup/\(id)")
      #expect(page.status == 200 && page.text.contains("AT2026abc"))
      let listed = try await site.send(.get, "/api/followups")
      #expect((listed.object["followups"] as? [Any])?.count == 1)
      #expect(try await site.send(.get, "/events/\(id)").status == 404)
      let unknown = try await site.send(
        .post, "/api/followups/\(id)/send", token: token, #"{"telescopes": ["nobody"]}"#)
      #expect(unknown.status == 404)
    }
  }
}
