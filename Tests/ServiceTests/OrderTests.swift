import Campaigns
import Foundation
import Observatories
import Store
import TelescopeFiles
import TestSupport
import Testing
import Units

@testable import Service

/// What a policy orders reaches the plan.
@Suite struct OrderTests {
  static let policy = """
    policy: test
    title: Three exposures high in the sky
    source: made for a test
    rules:
      - name: placed
        when: {has_position: true}
        then:
          outcome: GO
          priority: 3
          valid_h: 48
          airmass_max: 1.5
          exposures: {count: 3, each_s: 90, filters: [R, clear]}
    otherwise: {outcome: WATCH}
    """

  private func rows(of plan: StoredPlan, _ bench: Bench) async throws -> [[String: Any]] {
    let bytes = try await bench.store.plan(plan.id).document
    let object = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
    let plans = object?["plans"] as? [[String: Any]] ?? []
    return plans.flatMap { plan -> [[String: Any]] in
      let readout = (plan["timing"] as? [String: Any])?["readout_s"] as? Double ?? 0
      return (plan["rows"] as? [[String: Any]] ?? []).map { row in
        var row = row
        row["readout_s"] = readout
        return row
      }
    }
  }

  @Test func exposuresAndAirmass() async throws {
    let bench = try await Bench(at: "2026-09-15T17:50:00Z", policy: Self.policy)
    try await bench.bring([UInt8](try Data(contentsOf: fixture("notices/MS260915a-initial.json"))))
    try await bench.settle()
    let plan = try #require(try await bench.store.plans(of: "MS260915a", state: .live).first)
    let rows = try await rows(of: plan, bench)
    #expect(rows.count > 10)
    for row in rows {
      #expect(row["nexp"] as? Int == 3)
      let each = try #require(row["exptime_s"] as? Double)
      #expect(each <= 90)
      #expect((row["airmass"] as? Double ?? 1) <= 1.5)
      let start = try #require(Instant(iso8601: row["start_utc"] as? String ?? ""))
      let end = try #require(Instant(iso8601: row["end_utc"] as? String ?? ""))
      let readout = row["readout_s"] as? Double ?? 0
      // Times are written to the millisecond.
      #expect(abs((end - start).seconds - (3 * each + 2 * readout)) < 0.003)
    }
  }

  private static let limited = policy.replacing(
    "airmass_max: 1.5", with: "airmass_max: 2.5\n      probability: 0.999\n      fields_per_night: 3")

  /// A number of fields is for all telescopes together, and the plan says that it is an order.
  @Test func fieldsANightAndProbability() async throws {
    let bench = try await Bench(at: "2026-09-15T17:50:00Z", policy: Self.limited)
    try await bench.bring([UInt8](try Data(contentsOf: fixture("notices/MS260915a-initial.json"))))
    try await bench.settle()
    let plan = try #require(try await bench.store.plans(of: "MS260915a", state: .live).first)
    let rows = try await rows(of: plan, bench)
    #expect(rows.count == 3)
    #expect(rows.allSatisfy { $0["nexp"] as? Int == 3 })
    let text = String(decoding: try await bench.store.plan(plan.id).document, as: UTF8.self)
    #expect(text.contains("fields by order: up to 99.9 % of the probability, at most 3 in 24 h"))
  }

  /// Ten of the most probable and ten at good airmass: as the allocation of those that are ordered says.
  @Test func aNumberOfFieldsIsDividedAsAllocationsSay() throws {
    let registry = try TelescopeFiles.load(packageRoot.appending(path: "telescopes")).registry
    let tarots = try ["TCA", "TCH", "TRE"].map { try registry.resolve($0) }
    var orders = Orders(.limited)
    #expect(ObservingRecipe(orders).fields(for: tarots) == nil)
    orders.probability = Fraction(percent: 70)
    orders.fieldsPerNight = 20
    let recipe = try #require(ObservingRecipe(orders).fields(for: tarots))
    #expect(recipe.fieldsPerNight == 20 && recipe.rule.probability == Fraction(percent: 70))
    #expect(recipe.rule.mostProbable == 10 && recipe.rule.bestAirmass == 10 && recipe.rule.sites == 3)
    // Exposures are the order's.
    #expect(recipe.rule.exposureCount == nil && recipe.rule.exposure == nil)
    let mixed = ObservingRecipe(orders).fields(for: tarots + [try registry.resolve("KAO")])
    #expect(mixed?.rule.mostProbable == nil && mixed?.fieldsPerNight == 20)
  }
}
