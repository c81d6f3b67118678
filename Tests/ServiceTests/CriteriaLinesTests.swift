import Campaigns
import Dashboard
import Foundation
import TestSupport
import Testing
import Units

@testable import Service

/// The lines of a real decision: which words they get, and that they are words for people.
@Suite(.serialized) struct CriteriaLinesTests {
  private static func lines(_ event: String, _ notice: String) async throws -> [EventSheet.CardLine] {
    let q = try await QueueBench.make(
      at: "2026-09-15T17:50:00Z", [UInt8](try Data(contentsOf: fixture("notices/\(notice)"))), event)
    return try await StoreDesk(state: q.state).event(event).card
  }

  @Test func aGoldenEventHasNothingRed() async throws {
    let lines = try await Self.lines("MS260915a", "MS260915a-initial.json")
    let rules = lines.filter { $0.kind == "rule" }
    #expect(rules.map(\.verdict).filter { $0 == "applies" }.count == 1)
    #expect(rules.last?.verdict == "applies" && rules.last?.text == "golden")
    #expect(rules.last?.label == "grandma")
    #expect(rules.dropLast().allSatisfy { $0.verdict == "does_not_apply" })
    let clauses = lines.filter { $0.kind == "clause" }
    #expect(!clauses.contains { $0.verdict == "fail" }, "\(clauses.filter { $0.verdict == "fail" })")
    #expect(clauses.contains { $0.verdict == "not_so" })
    let area = try #require(clauses.first { $0.label == "90 % area" })
    #expect(area.verdict == "pass" && area.text == "29.1 deg²; wanted: below 200 deg²")
    #expect(clauses.contains { $0.label == "class" && $0.text == "BNS; wanted: BNS or NSBH" })
    #expect(!clauses.contains { $0.text.contains("_") || $0.label.contains("_") })
  }

  /// The fixture's preliminary merger is none of the network's: what it lacks is named.
  @Test func whatFailsIsWhatAFollowUpWouldHaveNeeded() async throws {
    let decision = try #require(
      try await Self.decision("gw-preliminary.json"))
    let lines = EventSheet.CardLine.lines(of: decision)
    for (rule, clauses) in Self.grouped(lines) where rule.verdict == "does_not_apply" {
      let trace = try #require(
        decision.rules.first { $0.rule == rule.text || "policy \($0.policy)" == rule.text })
      if !trace.orders.outcome.isFollowUp {
        #expect(!clauses.contains { $0.verdict == "fail" }, "\(rule.text) asks nobody")
      }
    }
    #expect(lines.filter { $0.kind == "rule" }.count == decision.rules.count)
  }

  private static func decision(_ notice: String) async throws -> Decision? {
    let bench = try await Bench(at: "2031-02-03T04:30:00Z")
    try await bench.bring([UInt8](try Data(contentsOf: fixture("notices/\(notice)"))))
    try await bench.settle(plans: false)
    for event in try await bench.store.events(limit: 50) {
      if let decision = try await bench.memo(event.id).campaign.decision { return decision }
    }
    return nil
  }

  private static func grouped(
    _ lines: [EventSheet.CardLine]
  ) -> [(EventSheet.CardLine, [EventSheet.CardLine])] {
    lines.reduce(into: []) { groups, line in
      if line.kind == "rule" { groups.append((line, [])) }
      if line.kind == "clause" { groups[groups.count - 1].1.append(line) }
    }
  }
}
