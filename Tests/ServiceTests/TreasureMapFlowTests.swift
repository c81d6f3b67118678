import Channels
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
    bench.time.advance(.minutes(5))
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
