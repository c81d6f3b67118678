import Channels
import Dashboard
import Deliveries
import Foundation
import Store
import TestSupport
import Testing
import Units

@testable import Service

/// What the Treasure Map is told, as it lies in the outbox.
@Suite struct TreasureMapFlowTests {
  private func payloads(_ bench: Bench) async throws -> [(kind: String, payload: TreasureMapPayload)] {
    var list: [(String, TreasureMapPayload)] = []
    let all = try await bench.store.deliveries(Set(DeliveryState.allCases), limit: 500)
    for entry in all.filter({ $0.channel == "treasure-map" }).sorted(by: { $0.sequence < $1.sequence }) {
      let bytes = try await bench.store.delivery(entry.key).payload
      list.append((entry.kind, try JSONDecoder().decode(TreasureMapPayload.self, from: Data(bytes))))
    }
    return list
  }

  @Test func plansAreReportedAndTheirEndCancelsThem() async throws {
    let bench = try await Bench(at: "2026-09-15T17:50:00Z", treasureMap: ["tre": 93])
    try await bench.bring([UInt8](try Data(contentsOf: fixture("notices/MS260915a-initial.json"))))
    try await bench.settle()
    let planned = try await payloads(bench)
    let first = try #require(planned.first)
    #expect(planned.count == 1 && first.kind == "planned")
    #expect(first.payload.graceid == "MS260915a" && first.payload.instrument == 93)
    #expect(first.payload.items.count > 3)
    let retraction =
      "{\"alert_type\": \"RETRACTION\", \"superevent_id\": \"MS260915a\", \"event\": null, "
      + "\"time_created\": \"2026-09-15T18:30:00Z\", \"urls\": {}, \"external_coinc\": null}"
    let starts = first.payload.items.compactMap { Instant(iso8601: $0.pointing.time + "Z") }.sorted()
    bench.time.advance(.seconds(starts[starts.count / 2].seconds(since: bench.time.now) + 1))
    let now = bench.time.now
    try await bench.bring(Array(retraction.utf8))
    try await bench.settle()
    let all = try await payloads(bench)
    #expect(all.map(\.kind) == ["planned", "cancelled"])
    // What has begun is not called back.
    let waiting = first.payload.items.filter { Instant(iso8601: $0.pointing.time + "Z")! > now }
    #expect(!waiting.isEmpty && waiting.count < first.payload.items.count)
    #expect(all.last?.payload.items == waiting)
  }

  /// STOP goes first: what was planned and has not left must not follow it, and what may have left is called back.
  @Test func whatHasNotLeftIsNotReportedAfterTheEnd() async throws {
    let bench = try await Bench(at: "2026-09-15T17:50:00Z", treasureMap: ["tre": 93])
    try await bench.bring([UInt8](try Data(contentsOf: fixture("notices/MS260915a-initial.json"))))
    try await bench.settle()
    let retraction =
      "{\"alert_type\": \"RETRACTION\", \"superevent_id\": \"MS260915a\", \"event\": null, "
      + "\"time_created\": \"2026-09-15T18:30:00Z\", \"urls\": {}, \"external_coinc\": null}"
    try await bench.bring(Array(retraction.utf8))
    try await bench.settle()
    let all = try await bench.store.deliveries(Set(DeliveryState.allCases), limit: 500)
      .filter { $0.channel == "treasure-map" }.sorted { $0.sequence < $1.sequence }
    #expect(all.map(\.kind) == ["planned", "cancelled"])
    #expect(all.map(\.state) == [.superseded, .superseded])
    // Had it left, the other would have followed it.
    #expect(all.last?.needs == all.first.map { [$0.key] })
  }

  @Test func aPointingIsCancelledAfterItWasReported() throws {
    func pointing(_ i: Int) throws -> TreasureMapPointing {
      try TreasureMapPointing(
        at: Direction(ra: .degrees(Double(i)), dec: .degrees(1)),
        start: Instant(iso8601: "2026-09-15T20:00:00Z")!,
        band: "r")
    }
    let all = try (0..<6).map(pointing)
    var unsent = Unsent()
    unsent.reports = [
      .init(key: DeliveryKey("a"), kind: "planned", pointings: Set(all[0...2])),
      .init(key: DeliveryKey("b"), kind: "planned", pointings: [all[3]]),
      .init(key: DeliveryKey("c"), kind: "cancelled", pointings: [all[4]]),
    ]
    let cancelled = unsent.groups([all[1], all[3], all[2], all[5]], "cancelled")
    #expect(cancelled.map(\.needs) == [[], [DeliveryKey("a")], [DeliveryKey("b")]])
    #expect(cancelled.map(\.pointings) == [[all[5]], [all[1], all[2]], [all[3]]])
    let planned = unsent.groups([all[4], all[5]], "planned")
    #expect(planned.map(\.needs) == [[], [DeliveryKey("c")]])
  }

  /// What was observed is reported as completed with its depth, once, and its planned pointing is cancelled.
  @Test func exposuresAreReportedOnce() async throws {
    let bench = try await Bench(at: "2026-09-15T17:50:00Z", treasureMap: ["tre": 93])
    try await bench.bring([UInt8](try Data(contentsOf: fixture("notices/MS260915a-initial.json"))))
    try await bench.settle()
    let planned = try #require(try await payloads(bench).first).payload
    let state = ServiceState(
      store: bench.store, settings: await bench.engine.settings, channels: [], clock: bench.time.clock)
    let desk = StoreQueueDesk(state: state)
    let team = Answerer(name: "team", way: "api")
    let queue = try await desk.queue(of: "tre", reader: nil).pointings
    bench.time.advance(.hours(2))
    func report(_ i: Int, limit: Double?, off: Double = 0) -> ReportForm {
      var form = ReportForm(startUTC: queue[i].startUTC, exposureS: queue[i].exposureS)
      (form.raDeg, form.decDeg, form.limitMag) = (queue[i].raDeg + off, queue[i].decDeg, limit)
      form.filter = queue[i].filter
      return form
    }
    let told = try await desk.report(
      [report(0, limit: 18.5), report(1, limit: 18.25, off: 0.01), report(2, limit: nil)], for: "tre",
      by: team)
    #expect(told.allSatisfy { $0.result == "recorded" }, "\(told)")
    try await bench.settle()
    let all = try await payloads(bench)
    let completed = all.filter { $0.kind == "completed" }
    #expect(completed.count == 1 && completed[0].payload.instrument == 93)
    // Without a depth the map takes none.
    let items = try #require(completed.first).payload.items
    #expect(items.map(\.pointing.depth) == [18.5, 18.25] && items.allSatisfy { $0.planned == nil })
    #expect(items.allSatisfy { $0.pointing.depth_unit == "ab_mag" })
    #expect(abs(items[1].pointing.ra - queue[1].raDeg - 0.01) < 1e-5, "where it was, not where it should be")
    let ended = all.filter { $0.kind == "cancelled" }
    #expect(ended.count == 1 && ended[0].payload.items.count == 2, "\(all.map(\.kind))")
    // What began before it was planned had not been reported.
    #expect(ended[0].payload.items.contains { planned.items.contains($0) })
    // The same again, by another way, after a restart: nothing more; another exposure: only that one.
    func count() async throws -> Int { try await payloads(bench).filter { $0.kind == "completed" }.count }
    _ = try await desk.report([report(0, limit: 18.5)], for: "tre", by: Answerer(name: "t", way: "link"))
    try await bench.settle()
    #expect(try await count() == 1)
    _ = try await desk.report([report(3, limit: 17)], for: "tre", by: team)
    try await bench.settle()
    let last = try await payloads(bench).filter { $0.kind == "completed" }
    #expect(last.count == 2 && last[1].payload.items.map(\.pointing.depth) == [17])
    // A depth that is told later is reported once; another one changes what is there.
    for limit in [18.0, 18.0, 18.4] {
      let later = try await desk.report([report(2, limit: limit)], for: "tre", by: team)
      #expect(later.allSatisfy { $0.error == nil }, "\(later)")
      try await bench.settle()
    }
    let depths = try await payloads(bench).filter { $0.kind == "completed" }.map {
      $0.payload.items.map(\.pointing.depth)
    }
    #expect(depths == [[18.5, 18.25], [17], [18]])
    let corrected = try await payloads(bench).filter { $0.kind == "corrected" }
    #expect(corrected.map { $0.payload.items.map(\.pointing.depth) } == [[18.4]])
    #expect(corrected.map { $0.payload.items.map(\.planned?.depth) } == [[18]])
    // Not before what it corrects; and a correction of a correction not before that.
    func needs(_ number: Int) async throws -> [String] {
      try await bench.store.deliveries(Set(DeliveryState.allCases), limit: 500)
        .filter { $0.kind == "corrected" }.sorted { $0.sequence < $1.sequence }[number].needs.map(\.text)
    }
    #expect(try await needs(0).map { $0.hasSuffix("/completed") } == [true])
    _ = try await desk.report([report(2, limit: 18.6)], for: "tre", by: team)
    try await bench.settle()
    #expect(try await needs(1).map { $0.hasSuffix("/corrected") } == [true])
    #expect(
      try await bench.store.observations(for: "MS260915a").map(\.observation.limit?.value) == [
        18.5, 18.25, 17, 18.6,
      ])
  }

  @Test func onlyGravitationalWavesHaveANameThere() async throws {
    let bench = try await Bench(
      at: "2026-08-13T21:30:00Z", policy: RemoteMapTests.policy, treasureMap: ["tre": 93])
    let text = try String(contentsOf: fixture("notices/ep-wxt.json"), encoding: .utf8)
    try await bench.bring(
      Array(text.replacing("2031-05-06T07:08:09.500Z", with: "2026-08-13T20:58:44Z").utf8))
    try await bench.settle()
    #expect(try await payloads(bench).isEmpty)
  }
}
