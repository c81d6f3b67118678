import Dashboard
import Foundation
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
