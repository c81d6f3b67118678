import Campaigns
import Dashboard
import Deliveries
import Foundation
import Store
import TestSupport
import Testing
import Units

@testable import Service

/// What people say over the policy, on its way through the desk and the engine.
@Suite struct AnswerTests {
  static let event = "MS260915a"
  static let lead = Identity(name: "night shift", scopes: [.lead])

  private func bench() async throws -> Bench {
    let bench = try await Bench(at: "2026-09-15T17:50:00Z")
    try await bench.bring([UInt8](try Data(contentsOf: fixture("notices/MS260915a-initial.json"))))
    try await bench.settle()
    return bench
  }

  private func desk(_ bench: Bench) throws -> StoreDesk {
    let settings = try Bench.settings()
    return StoreDesk(
      state: ServiceState(store: bench.store, settings: settings, channels: [], clock: bench.time.clock))
  }

  private func say(
    _ bench: Bench, _ json: String
  ) async throws -> AnswerLine {
    let answer = try JSONDecoder().decode(DecisionAnswer.self, from: Data(json.utf8))
    let line = try await desk(bench).answer(answer, on: Self.event, by: Self.lead)
    bench.time.advance(.seconds(1))
    try await bench.settle()
    return line
  }

  private func outcome(_ bench: Bench) async throws -> String? {
    try await bench.store.decisions(on: Self.event).last?.outcome
  }

  @Test func aStopOfAPersonEndsTheCampaign() async throws {
    let bench = try await bench()
    #expect(try await bench.store.plans(of: Self.event, state: .live).count == 1)
    let line = try await say(
      bench, #"{"outcome": "stop", "role": "shift leader", "reason": "a counterpart was found elsewhere"}"#)
    #expect(line.text.contains("shift leader decided STOP"))
    #expect(try await outcome(bench) == "STOP")
    #expect(try await bench.store.plans(of: Self.event, state: .live).isEmpty)
    let decision = try await bench.store.decisions(on: Self.event).last
    #expect(decision?.actor == "shift leader")
    let said = try await bench.store.log(after: 0, limit: 1000).filter { $0.kind == "decision.answered" }
    #expect(said.count == 1 && said[0].actor == "night shift")
    let told = try await bench.store.deliveries(Set(DeliveryState.allCases), event: Self.event, limit: 100)
    #expect(told.contains { $0.kind == "stop" })
    // Neither a restart nor time changes a person's word, and nothing is said twice.
    try await bench.restart()
    bench.time.advance(.hours(5))
    try await bench.settle()
    #expect(try await outcome(bench) == "STOP")
    #expect(try await bench.log("decision.answered") == 1)
    // Who ended it may begin it again.
    _ = try await say(
      bench, #"{"action": "reopen", "role": "weekly coordinator", "reason": "it was another source"}"#)
    _ = try await say(bench, #"{"action": "lift", "role": "weekly coordinator", "reason": "as before"}"#)
    #expect(try await bench.memo(Self.event).campaign.followUp.isRunning)
  }

  @Test func limitedNamesItsTelescopes() async throws {
    let bench = try await bench()
    _ = try await say(
      bench,
      #"{"outcome": "LIMITED", "role": "GRB chair", "reason": "clouds elsewhere", "telescopes": ["tre"]}"#)
    #expect(try await outcome(bench) == "LIMITED")
    let plan = try #require(try await bench.store.plans(of: Self.event, state: .live).first)
    let used = Set(try await bench.store.assignments(of: plan.id).map(\.assignment.telescope))
    #expect(used.isSubset(of: ["tre"]))
  }

  @Test func aProposedStopIsConfirmedOrDeclined() async throws {
    let bench = try await bench()
    bench.time.advance(.hours(25))
    try await bench.settle()
    #expect(try await bench.log("stop.proposed") == 1)
    _ = try await say(
      bench, #"{"action": "decline_stop", "role": "shift leader", "reason": "spectra are on their way"}"#)
    #expect(try await bench.memo(Self.event).campaign.followUp.isRunning)
    bench.time.advance(.hours(25))
    try await bench.settle()
    #expect(try await bench.log("stop.proposed") == 2)
    _ = try await say(
      bench, #"{"action": "confirm_stop", "role": "shift leader", "reason": "nothing found"}"#)
    #expect(try await bench.log("campaign.stopped") == 1)
  }

  @Test func aWithdrawnEventIsReinstatedByAPerson() async throws {
    let bench = try await bench()
    let retraction =
      "{\"alert_type\": \"RETRACTION\", \"superevent_id\": \"MS260915a\", \"event\": null, "
      + "\"time_created\": \"2026-09-15T18:30:00Z\", \"urls\": {}, \"external_coinc\": null}"
    bench.time.advance(.minutes(45))
    try await bench.bring(Array(retraction.utf8))
    try await bench.settle()
    #expect(try await outcome(bench) == "STOP")
    _ = try await say(
      bench, #"{"action": "reinstate", "role": "weekly coordinator", "reason": "withdrawn by mistake"}"#)
    #expect(try await outcome(bench) == "GO")
    #expect(try await bench.store.plans(of: Self.event, state: .live).count == 1)
    try await bench.restart()
    bench.time.advance(.hours(2))
    try await bench.settle()
    #expect(try await bench.memo(Self.event).record.status == .active)
  }

  @Test(arguments: [
    (#"{"outcome": "STOP", "role": "passer-by", "reason": "x"}"#, "may not decide"),
    (#"{"outcome": "STOP", "role": "shift leader", "reason": "  "}"#, "reason is missing"),
    (#"{"outcome": "PERHAPS", "role": "shift leader", "reason": "x"}"#, "outcome must be"),
    (#"{"action": "shout", "role": "shift leader", "reason": "x"}"#, "action must be"),
    (#"{"action": "confirm_stop", "role": "shift leader", "reason": "x"}"#, "no STOP is proposed"),
    (#"{"action": "reopen", "role": "shift leader", "reason": "x"}"#, "no person has ended"),
    (#"{"action": "reinstate", "role": "shift leader", "reason": "x"}"#, "not withdrawn"),
    (#"{"action": "lift", "role": "shift leader", "reason": "x"}"#, "no decision of a person"),
    (#"{"outcome": "LIMITED", "role": "shift leader", "reason": "x"}"#, "needs telescopes"),
    (
      #"{"outcome": "LIMITED", "role": "shift leader", "reason": "x", "telescopes": ["nowhere"]}"#,
      "no telescope is called"
    ),
  ])
  func whatCannotBeIsSaidAtOnce(_ json: String, _ expected: String) async throws {
    let bench = try await bench()
    do {
      _ = try await say(bench, json)
      Issue.record("accepted: \(json)")
    } catch let error as DeskError {
      #expect("\(error)".contains(expected), "\(error)")
    }
    #expect(try await bench.log("decision.answered") == 0)
  }
}
