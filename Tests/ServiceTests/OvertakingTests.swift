import Foundation
import Store
import TestSupport
import Testing
import Units

@testable import Service

/// A fresh alert overtakes a backlog, with its plan.
@Suite struct OvertakingTests {
  private func bring(_ bench: Bench, _ bytes: [UInt8], urgency: Int) async throws {
    try await bench.store.record(
      RawNotice(bytes: bytes, topic: "test", receivedAt: bench.time.now, urgency: urgency))
  }

  private func alert(_ name: String) throws -> [UInt8] {
    let text = try String(contentsOf: fixture("notices/MS260915a-initial.json"), encoding: .utf8)
    return Array(text.replacing("MS260915a", with: name).utf8)
  }

  @Test func thePlanComesBeforeTheBacklog() async throws {
    let bench = try await Bench(at: "2026-09-15T17:50:00Z")
    for i in 0..<5 { try await bring(bench, Array("{\"backlog\": \(i)}".utf8), urgency: 10) }
    try await bring(bench, try alert("MS260915a"), urgency: 30)
    #expect(try await bench.engine.next())
    #expect(try await bench.log("decision.made") == 1)
    #expect(try await bench.engine.next())
    #expect(try await bench.store.plans(of: "MS260915a", state: .live).count == 1)
    // The backlog has not been touched, and is not forgotten.
    var left = 0
    while try await bench.engine.next() { left += 1 }
    #expect(left == 5)
  }

  /// Of two alerts that come together both are decided before either is planned: the second may be of the same
  /// event.
  @Test func equallyUrgentNoticesComeFirst() async throws {
    let bench = try await Bench(at: "2026-09-15T17:50:00Z")
    try await bring(bench, try alert("MS260915a"), urgency: 30)
    try await bring(bench, try alert("MS260915b"), urgency: 30)
    #expect(try await bench.engine.next())
    #expect(try await bench.engine.next())
    #expect(try await bench.log("decision.made") == 2)
    #expect(try await bench.store.plans(of: "MS260915a", state: .live).isEmpty)
    while try await bench.engine.next() {}
    for event in ["MS260915a", "MS260915b"] {
      #expect(try await bench.store.plans(of: event, state: .live).count == 1)
    }
  }
}
