import Dashboard
import Deliveries
import Foundation
import Icare
import Planning
import Store
import TestSupport
import Testing
import Units

@testable import Service

/// What a team was asked stays unless there is a reason.
@Suite(.serialized) struct ReplanFlowTests {
  /// What is compared of a pointing: the start to the nanosecond.
  private struct Pointing: Hashable {
    let telescope: String
    let tile: String
    let start: Int64
    init(_ a: PlanAssignment) { (telescope, tile, start) = (a.telescope, a.tile, a.window.start.tai) }
  }

  private static func toCome(_ q: QueueBench) async throws -> Set<Pointing> {
    guard let plan = try await q.live() else { return [] }
    return Set(
      try await q.bench.store.assignments(of: plan.id).filter {
        [.sent, .seen, .accepted].contains($0.state) && $0.assignment.window.start >= q.now
      }.map { Pointing($0.assignment) })
  }

  /// The fixture as an update that says the same again.
  private static func again(_ created: String) throws -> [UInt8] {
    let data = try Data(contentsOf: fixture("notices/MS260915a-initial.json"))
    var object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    (object["alert_type"], object["time_created"]) = ("UPDATE", created)
    return [UInt8](try JSONSerialization.data(withJSONObject: object))
  }

  @Test func theSameMapAgainMovesNothing() async throws {
    let q = try await QueueBench.mock()
    let made = try await q.bench.log("plan.ordered")
    q.bench.time.advance(.minutes(40))
    let before = try await Self.toCome(q)
    try #require(before.count > 30)
    try await q.bench.bring(try Self.again(q.now.iso8601()))
    try await q.bench.settle()
    #expect(try await q.bench.log("plan.ordered") == made + 1, "the update asks for a plan")
    let after = try await Self.toCome(q)
    #expect(before.subtracting(after).isEmpty, "\(before.subtracting(after).count) of \(before.count) moved")
  }

  /// What is done and what is to come, counted on the map itself.
  private static func reach(_ q: QueueBench) async throws -> ExecutedFigures {
    let memo = try await q.bench.memo(q.event)
    let event = try #require(try await q.bench.engine.event(q.event))
    let order = try #require(memo.campaign.order)
    let (map, _) = try await q.bench.engine.place(of: order, q.event, event)
    return try #require(try await q.bench.engine.executed(q.event, on: map, distance: nil))
  }

  /// A plan made anew knows what was observed: together they reach what they would have reached before, and
  /// nothing of it is asked for again.
  @Test func whatWasObservedCountsInTheNextPlan() async throws {
    let q = try await QueueBench.mock()
    let busy = try await q.busy()
    let one = try #require(busy.first)
    let idle = try #require(q.state.settings.telescopes.map(\.slug).first { !busy.contains($0) })
    let rows = try await q.desk.queue(of: one, reader: nil).pointings.prefix(4)
    let last = try #require(rows.last.flatMap { Instant(iso8601: $0.endUTC) })
    q.bench.time.advance(last - q.now + .minutes(5))
    let reports = rows.map { row in
      var report = ReportForm(startUTC: row.startUTC, exposureS: row.exposureS)
      (report.tile, report.limitMag) = ("\(row.id)", 19)
      return report
    }
    let told = try await q.desk.report(reports, for: one, by: QueueBench.operatorOf("robot"))
    #expect(told.allSatisfy { $0.result == "recorded" }, "\(told)")
    try await q.bench.settle()
    let before = try await Self.reach(q)
    let made = try await q.bench.log("plan.ordered")
    // Nobody's work changes by it, but a plan is ordered.
    let end = (q.now + .hours(10)).iso8601()
    _ = try await q.desk.add(
      OutageForm(kind: "weather", endUTC: end, reason: "clouds"), for: idle, by: QueueBench.operatorOf("t"))
    try await q.bench.settle()
    #expect(try await q.bench.log("plan.ordered") == made + 1)
    let after = try await Self.reach(q)
    #expect(after.observed == before.observed && after.observed > 0)
    let loss = before.observed + before.remaining - after.observed - after.remaining
    #expect(loss < Self.lossTolerance, "\(before) \(after)")
    let asked = try await Self.toCome(q)
    #expect(!asked.contains { here in rows.contains { $0.tile == here.tile && here.telescope == one } })
  }
  /// A free plan that covers clearly more takes the place of what is held; it is compared by its own measure.
  private static let lossTolerance = 1e-4

  /// An exposure under way that nobody reported as begun is neither taken back nor asked of anybody again, and
  /// its telescope has nothing else to do meanwhile.
  @Test func whatIsUnderWayStays() async throws {
    let q = try await QueueBench.mock()
    let busy = try await q.busy()
    let (one, other) = (try #require(busy.first), try #require(busy.last))
    let plan = try #require(try await q.live())
    let me = QueueBench.operatorOf("team")
    _ = try await q.desk.answer(AnswerForm(answer: "accepted", plan: plan.id), for: one, by: me)
    let rows = try await q.bench.store.assignments(of: plan.id).filter { $0.assignment.telescope == one }
    let running = try #require(rows.dropFirst(2).first).assignment
    q.bench.time.advance(running.window.start - q.now + .seconds(10))
    try #require(q.now < running.window.end)
    _ = try await q.desk.answer(
      AnswerForm(answer: "refused", plan: plan.id, reason: "clouds"), for: other, by: me)
    try await q.bench.settle()
    let next = try #require(try await q.live())
    #expect(next.id != plan.id)
    let kept = try await q.bench.store.assignments(of: plan.id).first { $0.id == rows[2].id }
    #expect(kept?.state == .started && kept?.reason?.contains("its time had come") == true)
    let asked = try await q.bench.store.assignments(of: next.id).map(\.assignment)
    #expect(!asked.contains { $0.tile == running.tile })
    #expect(asked.filter { $0.telescope == one }.allSatisfy { $0.window.start >= running.window.end })
    // Its list is that of the new plan, not the rest of the old; so are answers that name no plan.
    let csv = try await q.desk.currentFile(of: one, name: "plan.json", wishes: FileWishes())
    let listed = String(decoding: csv.bytes, as: UTF8.self)
    let revision = next.id.split(separator: "-").prefix(2).joined(separator: "-")
    #expect(listed.contains(revision), "\(listed.prefix(300))")
    let said = try await q.desk.answer(AnswerForm(answer: "accepted"), for: one, by: me)
    #expect(!said.isRepeat || said.changed.isEmpty)
    // It is in the queue still, and its report counts.
    let queue = try await q.desk.queue(of: one, reader: nil)
    #expect(queue.pointings.contains { $0.id == rows[2].id && $0.state == "started" })
  }

  /// A robot says nothing, and has what was brought to it: by its own folder, or by ICARE.
  @Test(arguments: [nil, "drop", "icare"])
  func whatARobotWasBroughtStays(by way: String?) async throws {
    let slugs = try Bench.settings().telescopes.map(\.slug)
    var icare = IcareOptions(group: "GRANDMA", instruments: [:])
    for slug in slugs { icare.instruments[slug] = "CAM-\(slug)" }
    let q = try await QueueBench.mock(
      slugs.map {
        .init(channel: "drop:\($0)", kind: .drop(DropOptions(slug: $0, format: "rts2")), acceptsMocks: true)
      } + [.init(channel: "icare", kind: .icare(icare), acceptsMocks: true)])
    let busy = try await q.busy()
    let (one, other) = (try #require(busy.first), try #require(busy.last))
    let plan = try #require(try await q.live())
    if let way { try await Self.deliver(way == "icare" ? way : "drop:\(one)", of: q) }
    let rows = try await q.bench.store.assignments(of: plan.id).filter { $0.assignment.telescope == one }
    let running = try #require(rows.dropFirst(2).first).assignment
    q.bench.time.advance(running.window.start - q.now + .seconds(10))
    try #require(rows[2].state == .sent && q.now < running.window.end)
    _ = try await q.desk.answer(
      AnswerForm(answer: "refused", plan: plan.id, reason: "clouds"), for: other,
      by: QueueBench.operatorOf("team"))
    try await q.bench.settle()
    let next = try #require(try await q.live())
    #expect(next.id != plan.id)
    let kept = try await q.bench.store.assignments(of: plan.id).first { $0.id == rows[2].id }
    let asked = try await q.bench.store.assignments(of: next.id).map(\.assignment)
    guard way != nil else {
      // Nobody has it: it is taken back, and somebody may be asked for it.
      #expect(kept?.state == .withdrawn)
      return
    }
    #expect(kept?.state == .started && kept?.reason?.contains("its time had come") == true)
    #expect(!asked.contains { $0.tile == running.tile })
    #expect(asked.filter { $0.telescope == one }.allSatisfy { $0.window.start >= running.window.end })
    let queue = try await q.desk.queue(of: one, reader: nil)
    #expect(queue.pointings.contains { $0.id == rows[2].id && $0.state == "started" })
  }

  /// Everything that is owed to a channel arrives.
  private static func deliver(_ channel: String, of q: QueueBench) async throws {
    let lease = try await q.bench.store.seize(
      q.bench.store.options.lease, holder: "test", seen: nil, until: q.now + .hours(100))
    let epoch = try #require(lease).epoch
    while case .send(let claim) = try await q.bench.store.next(
      on: Lane(channel: channel, acceptsMocks: true), epoch: epoch, at: q.now
    ).step {
      _ = try await q.bench.store.settle(
        claim, with: .sent(.confirmed(receipt: "1")), at: q.now, jitter: Fraction(clamping: 0.5))
    }
  }

  /// What brings a plan to a telescope: where ICARE hands it on, that; where it has a request, the request.
  @Test func whoBringsAPlan() throws {
    let window = TimeWindow(
      Instant(iso8601: "2026-09-15T18:00:00Z")!, Instant(iso8601: "2026-09-15T19:00:00Z")!)
    func delivery(_ key: String, _ kind: String, _ needs: [String] = []) -> Delivery {
      Delivery(
        key: DeliveryKey(key), channel: "icare", kind: kind, payload: [], event: "S1", isMock: false,
        notBefore: window.start, needs: needs.map { DeliveryKey($0) })
    }
    let request = OpenRequest(
      key: "icare/S1/followup/1/oaj", slug: "oaj",
      source: SourceTarget(id: "S1", position: Direction(ra: .degrees(1), dec: .degrees(2))),
      allocation: AllocationKey(instrument: "OAJ", group: "GRANDMA"),
      request: .slack(filters: ["r"], exposureSeconds: 60, exposures: 1))
    let carriers = PlanCarriers(
      [
        delivery("icare/S1/plan/3/tca", "plan"), delivery("icare/S1/plan/3/tre", "plan"),
        delivery("icare/S1/plan/3/tre/send", "plan-send", ["icare/S1/plan/3/tre"]),
        delivery("icare/S1/comment/3", "comment"),
      ], Recipients(), requests: [request])
    #expect(
      carriers.keys == [
        "tca": ["icare/S1/plan/3/tca"], "tre": ["icare/S1/plan/3/tre/send"], "oaj": [request.key],
      ])
  }

  @Test func aRefusedTileChangesLittle() async throws {
    let q = try await QueueBench.mock()
    let one = try #require(try await q.busy().first)
    let pointing = try #require(try await q.desk.queue(of: one, reader: nil).pointings.first)
    let before = try await Self.toCome(q)
    _ = try await q.desk.answer(
      AnswerForm(answer: "refused", pointing: pointing.id, reason: "behind the dome"), for: one,
      by: QueueBench.operatorOf("team"))
    try await q.bench.settle()
    let after = try await Self.toCome(q)
    #expect(after != before)
    // The refused one, and what another telescope now does better in its place.
    #expect(before.subtracting(after).count <= 1 + before.count / 20, "\(before.subtracting(after).count)")
  }

  @Test func aTelescopeThatRefusesAllLeavesTheOthersAlone() async throws {
    let q = try await QueueBench.mock()
    let plan = try #require(try await q.live())
    // The least busy one: what it had is not worth moving everybody.
    let one = try #require(try await q.busy().last)
    let before = try await Self.toCome(q).filter { $0.telescope != one }
    _ = try await q.desk.answer(
      AnswerForm(answer: "refused", plan: plan.id, reason: "clouds"), for: one,
      by: QueueBench.operatorOf("team"))
    try await q.bench.settle()
    let after = try await Self.toCome(q)
    #expect(!after.contains { $0.telescope == one })
    #expect(before.subtracting(after).count <= before.count / 20, "\(before.subtracting(after).count)")
  }
}
