import Dashboard
import Foundation
import Queues
import Store
import TestSupport
import Testing
import Units

@testable import Service

/// What pages show is what the store says: with the shipped mock event on the benchmark telescopes.
@Suite struct BoardTests {
  private static let event = "MS260915a"

  private static func planned(roster: String? = nil) async throws -> (Bench, StoreDesk) {
    let bench = try await Bench(at: "2026-09-15T17:50:00Z")
    try await bench.bring([UInt8](try Data(contentsOf: fixture("notices/MS260915a-initial.json"))))
    try await bench.settle()
    let state = ServiceState(
      store: bench.store, settings: await bench.engine.settings, channels: [], clock: bench.time.clock,
      roster: roster)
    return (bench, StoreDesk(state: state))
  }

  private static func cell(_ desk: StoreDesk, _ slug: String) async throws -> TelescopeNow.Cell? {
    try await desk.network(of: [event]).telescopes.first { $0.telescope.slug == slug }?.cells.first
  }

  @Test func theBoardFollowsAnswers() async throws {
    let (bench, desk) = try await Self.planned()
    let plan = try #require(try await bench.store.plans(of: Self.event, state: .live).first)
    let first = try #require(try await bench.store.assignments(of: plan.id).first).assignment
    let slug = first.telescope
    // Nothing has been sent: the bench has no sender.
    #expect(try await Self.cell(desk, slug)?.state == "planned")
    let number = try #require(try await bench.store.assignments(of: plan.id).first).id
    let steps: [(QueueState, String)] = [
      (.seen, "seen"), (.accepted, "accepted"), (.started, "observing"), (.observed, "observing"),
    ]
    for (state, word) in steps {
      try await bench.store.record(
        AnswerDraft(
          key: "board/\(state)", telescope: slug, subject: .pointing(number), state: state, actor: slug,
          way: .api), at: bench.time.now)
      #expect(try await Self.cell(desk, slug)?.state == word)
    }
    try await bench.store.record(
      AnswerDraft(
        key: "board/refused", telescope: slug, subject: .plan(plan.id), state: .refused, reason: "fog",
        actor: slug, way: .api), at: bench.time.now)
    let cell = try #require(try await Self.cell(desk, slug))
    #expect(cell.state == "done" && cell.reason == "fog")
    let view = try await desk.network(of: [Self.event])
    #expect(view.telescopes.count == 5)
    #expect(view.telescopes.allSatisfy { $0.night != nil && $0.darkFromUTC != nil })
    let world = await desk.world(view)
    #expect(world != nil)
    // The texts know it too.
    let circular = try await desk.text(TextRequest(kind: "circular", event: Self.event))
    #expect(circular.text.contains("The one field covers at least"))
    #expect(circular.text.hasPrefix("SUBJECT: [NOT TO BE SENT: MOCK] MS260915a: GRANDMA observations\n"))
    let log = try await desk.text(TextRequest(kind: "log"))
    #expect(log.text.contains(Self.event) && log.emptyFields > 0)
    await #expect(throws: DeskError.self) { try await desk.text(TextRequest(kind: "poem")) }
    await #expect(throws: DeskError.self) {
      try await desk.text(TextRequest(kind: "log", fromUTC: "yesterday"))
    }
  }

  /// Lists read the digest that was stored with the plan; it says what the document says.
  @Test func theDigestIsThePlan() async throws {
    let (bench, desk) = try await Self.planned()
    let line = try #require(try await desk.events(limit: 5, before: nil).first?.plan)
    let kept = try await bench.store.summaries(of: [line.id])
    #expect(kept[line.id]?.summary != nil)
    let sheet = try #require(try await desk.livePlan(of: Self.event))
    let (_, bytes) = try await bench.store.plan(line.id)
    let document = try StoreDesk.document(bytes, line.id)
    #expect(line.probability == document.network.probability)
    #expect(line.telescopes == document.plans.count && line.assignments == document.network.assignments)
    #expect(sheet.parts.count == document.plans.count + document.omissions.count)
    #expect(
      sheet.top.map(\.probability)
        == document.plans.flatMap(\.rows).map(\.prob).sorted(by: >).prefix(10).map { $0 })
    // The mock map has distances.
    #expect(sheet.coverage != nil && sheet.distance != nil)
    let picture = try await desk.planFile(event: Self.event, plan: "current", path: "skymap.svg")
    #expect(String(decoding: picture.bytes, as: UTF8.self).contains("<svg"))
    let region = try await desk.planFile(event: Self.event, plan: "current", path: "region90.moc.txt")
    #expect(String(decoding: region.bytes, as: UTF8.self).contains("/"))
    // A plan of an older version has no digest: the document is read.
    let stored = try await bench.store.event(Self.event)
    var outcome = Outcome()
    outcome.events = [
      EventChange(
        id: Self.event, expectedRevision: stored.revision,
        state: stored.state.replacing(line.id, with: "old-style"), isMock: true)
    ]
    outcome.plans = [
      PlanDraft(
        id: "old-style", event: Self.event, requestDigest: String(repeating: "a", count: 64), document: bytes,
        assignments: [])
    ]
    try await bench.store.commit(outcome, at: bench.time.now)
    let fresh = StoreDesk(
      state: ServiceState(
        store: bench.store, settings: await bench.engine.settings, channels: [], clock: bench.time.clock))
    #expect(try await fresh.events(limit: 5, before: nil).first?.plan?.assignments == line.assignments)
    #expect(try await fresh.livePlan(of: Self.event)?.change?.dropped == line.assignments)
  }

  /// Fields by what has become of them, with what was observed of plans that were replaced.
  @Test func theMapHasStates() async throws {
    let q = try await QueueBench.mock()
    q.state.works(await q.bench.engine)
    let desk = StoreDesk(state: q.state)
    func said() async throws -> String {
      let file = try await desk.planFile(event: q.event, plan: "current", path: "states.svg")
      let text = String(decoding: file.bytes, as: UTF8.self)
      let start = try #require(text.firstRange(of: "Fields by what has become of them: "))
      return String(text[start.upperBound...].prefix { $0 != "." && $0 != "<" })
    }
    let rows = try await q.bench.store.assignments(of: try #require(try await q.live()).id)
    let slugs = Dictionary(grouping: rows, by: \.assignment.telescope)
    #expect(
      try await said()
        == "asked: \(rows.count) tiles; fetched: 0 tiles; accepted: 0 tiles; under way: 0 tiles; observed: 0 tiles; "
        + "refused: 0 tiles; never heard of: 0 tiles")
    let (one, other) = (try #require(try await q.busy().first), try #require(try await q.busy().last))
    let own = try #require(slugs[one]).count
    _ = try await q.desk.answer(
      AnswerForm(answer: "accepted", plan: rows[0].plan), for: one, by: QueueBench.operatorOf("t"))
    #expect(try await said().contains("accepted: \(own) tiles"))
    let first = try #require(try await q.desk.queue(of: one, reader: nil).pointings.first)
    q.bench.time.advance(try #require(Instant(iso8601: first.endUTC)) - q.now + .seconds(1))
    var form = ReportForm(startUTC: first.startUTC, exposureS: first.exposureS)
    form.tile = "\(first.id)"
    _ = try await q.desk.report([form], for: one, by: QueueBench.operatorOf("t"))
    _ = try await q.desk.answer(
      AnswerForm(answer: "refused", plan: rows[0].plan, reason: "clouds"), for: other,
      by: QueueBench.operatorOf("t"))
    try await q.bench.settle()
    #expect(try await q.live()?.id != rows[0].plan)
    #expect(try await said().contains("observed: 1 tiles"), "of the plan before")
  }

  @Test func aTelescopesPageHasItsNight() async throws {
    let (bench, desk) = try await Self.planned()
    let queued = try #require(try await bench.store.nextPointings(after: bench.time.now).first)
    let sheet = try await desk.telescope(queued.key)
    #expect(sheet.telescope.nextUTC == queued.value.assignment.window.start.iso8601())
    #expect(sheet.nightStartUTC != nil && sheet.nightEndUTC != nil)
    let sky = try await desk.sky(of: queued.key)
    #expect(sky.chart != nil && sky.siderealTime?.count == 5)
    #expect(sky.altitudeDeg != nil && sky.moonSeparationDeg != nil)
    // Taken back: STOP until the time of the pointings is over.
    var outcome = Outcome()
    outcome.withdrawnPlans = [(Self.event, "retracted")]
    try await bench.store.commit(outcome, at: bench.time.now)
    #expect(try await desk.telescope(queued.key).status == "STOP")
    bench.time.advance(.hours(40))
    #expect(try await desk.telescope(queued.key).status == "WAIT")
  }

  @Test func theRosterFileIsReadAgain() async throws {
    let text = try String(contentsOf: fixture("rosters/campaign.yaml"), encoding: .utf8)
    let place = FileManager.default.temporaryDirectory.appending(path: "roster-\(UUID().uuidString).yaml")
    defer { try? FileManager.default.removeItem(at: place) }  // a leftover there is harmless
    try text.write(to: place, atomically: true, encoding: .utf8)
    let bench = try await Bench(at: "2026-03-20T20:00:00Z")
    let state = ServiceState(
      store: bench.store, settings: await bench.engine.settings, channels: [], clock: bench.time.clock,
      roster: place.path)
    let desk = StoreDesk(state: state)
    let sheet = try await desk.roster(week: nil)
    #expect(sheet.week == "2026-03-19" && sheet.shifts.count == 21)
    #expect(sheet.now.flatMap(\.people).map(\.user) == ["shifter-06"])
    #expect(sheet.now.first?.people.first?.local == "14:00-22:00 -05:00")
    #expect(sheet.previousWeek == "2026-03-12" && sheet.nextWeek == "2026-03-26")
    #expect(try await desk.roster(week: "2026-03-27").week == "2026-03-26")
    let feed = try await desk.calendar(of: "shifter-04")
    #expect(String(decoding: feed.bytes, as: UTF8.self).hasPrefix("BEGIN:VCALENDAR\r\n"))
    await #expect(throws: DeskError.self) { try await desk.calendar(of: "nobody") }
    try "campaign: [".write(to: place, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: 60)], ofItemAtPath: place.path)
    await #expect(throws: DeskError.self) { try await desk.roster(week: nil) }
  }

  @Test(arguments: [
    (["sent": 3], false, "planned"), (["sent": 3], true, "sent"),
    (["sent": 1, "observed": 2], true, "observing"),
    (["observed": 2, "refused": 1], true, "done"), (["refused": 1], true, "cannot"),
    (["withdrawn": 4], true, "stopped"), (["seen": 1, "sent": 1], true, "seen"),
    (["photometry": 1, "data": 1], true, "photometry"), (["hold": 1], true, "hold"), ([:], true, "planned"),
  ])
  func oneWordForAllPointings(_ counts: [String: Int], _ isSent: Bool, _ word: String) {
    #expect(StoreDesk.state(of: counts, isSent: isSent) == word)
  }
}
