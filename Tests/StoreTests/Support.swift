import Deliveries
import Foundation
import GRDB
import TestSupport
import Testing
import Units

@testable import Store

let start = Instant(tai: 800_000_000_000_000_000)

/// A folder of its own that goes with the test.
final class Scratch: Sendable {
  let folder: String
  init() throws {
    let name = "vesper-store-\(UInt64.random(in: .min ... .max))"
    folder = FileManager.default.temporaryDirectory.appending(path: name).path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: folder) }  // what stays is in a temporary folder
  var path: String { folder + "/store.sqlite" }
  func store(_ change: (inout StoreOptions) -> Void = { _ in }) throws -> Store {
    var options = StoreOptions()
    change(&options)
    return try Store(path: path, options: options)
  }
}

func notice(
  _ text: String, topic: String = "igwn.gwalert", offset: Int64? = nil, urgency: Int = 0,
  at: Instant = start
) -> RawNotice {
  RawNotice(
    bytes: Array(text.utf8), topic: topic,
    position: offset.map { FeedPosition(topic: topic, partition: 0, offset: $0) }, receivedAt: at,
    urgency: urgency)
}

func delivery(
  _ key: String, channel: String = "slack", payload: String = "{}", expires: Instant? = nil, urgency: Int = 0,
  slot: String? = nil, needs: [String] = []
) -> Delivery {
  Delivery(
    key: DeliveryKey(key), channel: channel, kind: "post", payload: Array(payload.utf8), event: "S1",
    isMock: false, notBefore: start, expires: expires, urgency: urgency, slot: slot,
    needs: needs.map(DeliveryKey.init))
}

func plan(_ id: String, event: String = "S1", telescopes: [String] = ["tca"], perTelescope: Int = 2)
  -> PlanDraft
{
  var assignments: [PlanAssignment] = []
  for telescope in telescopes {
    for i in 0..<perTelescope {
      let begin = start + .minutes(10 * Double(i))
      assignments.append(
        PlanAssignment(
          telescope: telescope, position: i, window: TimeWindow(begin, begin + .minutes(9)),
          direction: Direction(ra: .degrees(10 + Double(i)), dec: .degrees(-20)), filter: "r",
          exposure: .seconds(120), tile: "T\(i)"))
    }
  }
  return PlanDraft(
    id: id, event: event, requestDigest: SHA256.hexDigest(of: id), document: Array("{}".utf8),
    assignments: assignments)
}

func event(_ id: String = "S1", from revision: Int64, notices: [NoticeID] = []) -> EventChange {
  EventChange(
    id: id, expectedRevision: revision, state: #"{"n":\#(revision + 1)}"#, isMock: false, notices: notices)
}

/// One step as the engine makes it: a notice recorded, then handled with everything that follows from it.
func takeStep(_ number: Int64, in store: Store, padding: Int = 0) async throws {
  let filler = String(repeating: "x", count: padding)
  try await store.record(notice("notice \(number) \(filler)", offset: number))
  let taken = try await store.nextUnhandled(limit: 1, at: start)
  var outcome = Outcome()
  outcome.handled = taken.map(\.notice.id)
  outcome.events = [event(from: number, notices: outcome.handled)]
  outcome.decisions = [
    DecisionDraft(event: "S1", outcome: "GO", policy: "grandma", actor: "policy", body: "{}")
  ]
  outcome.plans = [plan("S1-r\(number + 1)")]
  outcome.deliveries = [
    delivery("slack/S1/\(number)"), delivery("icare/S1/\(number)", channel: "icare", slot: "plan"),
  ]
  outcome.log = [LogDraft(actor: "engine", kind: "step", event: "S1", fields: ["number": "\(number)"])]
  try await store.commit(outcome, at: start)
}

/// How many steps a store holds; throws or records an issue if it holds a part of one.
func wholeSteps(in path: String, _ where: String) async throws -> Int64 {
  let store = try Store(path: path)
  let faults = try await store.faults()
  #expect(faults.isEmpty, "\(`where`): \(faults)")
  let counts = try await store.counts()
  let steps = try await store.read { db -> [Int] in
    try [
      "SELECT coalesce(max(revision), 0) FROM event", "SELECT count(*) FROM notice WHERE status = 'handled'",
      "SELECT count(*) FROM eventNotice", "SELECT count(*) FROM decision", "SELECT count(*) FROM plan",
      "SELECT count(*) FROM planDocument", "SELECT count(*) / 2 FROM planAssignment",
      "SELECT count(*) / 2 FROM delivery", "SELECT count(*) / 2 FROM deliveryPayload",
      "SELECT count(*) FROM log WHERE kind = 'step'",
    ].map { try Int.fetchOne(db, sql: $0) ?? -1 }
  }
  #expect(Set(steps).count == 1, "\(`where`): \(steps)")
  #expect(counts.livePlans == (steps[0] > 0 ? 1 : 0), "\(`where`)")
  // A notice that was recorded and not handled is what a crash may leave; never more than one here.
  #expect((counts.notices[.new] ?? 0) <= 1, "\(`where`)")
  let offsets = try await store.feedOffsets()
  let recorded = counts.notices.values.reduce(0, +)
  #expect(offsets.first?.offset ?? 0 == Int64(recorded), "\(`where`)")
  try store.close()
  return Int64(steps[0])
}
