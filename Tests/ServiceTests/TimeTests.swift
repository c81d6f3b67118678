import Deliveries
import Foundation
import Store
import TestSupport
import Testing
import Units

@testable import Service

/// What happens when nothing happens but time.
@Suite struct TimeTests {
  static let policy = """
    policy: test
    title: Waits for three days
    source: made for a test
    rules:
      - {name: too old, when: {age_h: {above: 72}}, then: {outcome: NO}}
      - {name: first night, when: {age_h: {below: 10}}, then: {outcome: WATCH, priority: 3}}
    otherwise: {outcome: WATCH}
    """
  static let go = """
    policy: test
    title: Goes and waits
    source: made for a test
    rules:
      - {name: placed, when: {has_position: true}, then: {outcome: GO, priority: 3, valid_h: 12}}
    otherwise: {outcome: WATCH}
    """

  private func wait(_ bench: Bench, hours: Double, step: Duration = .minutes(20)) async throws {
    let end = bench.time.now + .hours(hours)
    while bench.time.now < end {
      bench.time.advance(step)
      try await bench.settle(plans: false)
    }
  }

  private func outcomes(_ bench: Bench) async throws -> [String] {
    let id = try #require(try await bench.store.events(limit: 2).first).id
    return try await bench.store.decisions(on: id).map(\.outcome)
  }

  private var circle: [UInt8] {
    get throws {
      let text = try String(contentsOf: fixture("notices/ep-wxt.json"), encoding: .utf8)
      return Array(text.replacing("2031-05-06T07:08:09.500Z", with: "2026-09-10T06:00:00Z").utf8)
    }
  }

  @Test func watchBecomesNoWhenThePolicySaysSo() async throws {
    let bench = try await Bench(at: "2026-09-10T06:01:00Z", policy: Self.policy)
    try await bench.bring(try circle)
    try await bench.settle()
    let id = try #require(try await bench.store.events(limit: 2).first).id
    #expect(try await outcomes(bench) == ["WATCH"])
    // The rule of the first ten hours ends; the outcome stays.
    try await wait(bench, hours: 71.5)
    #expect(Set(try await outcomes(bench)) == ["WATCH"])
    let revision = try await bench.store.event(id).revision
    #expect(revision <= 3, "hours in which nothing changes change nothing")
    try await wait(bench, hours: 0.5)
    #expect(try await outcomes(bench).last == "NO")
    try await wait(bench, hours: 24 * 8, step: .hours(2))
    #expect(try await bench.store.nextTimer() == nil)
    let told = try await bench.store.deliveries(Set(DeliveryState.allCases), event: id, limit: 100)
      .filter { $0.channel == "hook" }
    #expect(told.count == 3)
  }

  /// To the minute: not at the next full hour.
  @Test func thePolicysOwnTimesAreMet() async throws {
    let bench = try await Bench(at: "2026-09-10T06:01:00Z", policy: Self.policy)
    try await bench.bring(try circle)
    try await bench.settle()
    bench.time.advance(.hours(71) + .minutes(58))
    try await bench.settle()
    #expect(try await outcomes(bench).last == "WATCH")
    bench.time.advance(.minutes(2))
    try await bench.settle()
    #expect(try await outcomes(bench).last == "NO")
  }

  @Test func daysWithoutACounterpartProposeTheEnd() async throws {
    let bench = try await Bench(at: "2026-09-10T06:01:00Z", policy: Self.go)
    try await bench.bring(try circle)
    try await bench.settle()
    let id = try #require(try await bench.store.events(limit: 2).first).id
    try await wait(bench, hours: 23.5)
    #expect(try await bench.log("stop.proposed") == 0)
    try await wait(bench, hours: 1)
    #expect(try await bench.log("stop.proposed") == 1)
    #expect(try await bench.memo(id).campaign.followUp.isRunning)
    // People are asked, once.
    func asked() async throws -> Int {
      try await bench.store.deliveries(
        Set(DeliveryState.allCases), event: id, channel: "hook", kinds: ["question"], limit: 100
      ).count
    }
    #expect(try await asked() == 1)
    try await wait(bench, hours: 23)
    #expect(try await asked() == 1)
    // Nobody answers: they are asked at each of the three times, and no more.
    try await wait(bench, hours: 1)
    #expect(try await asked() == 2)
    try await wait(bench, hours: 80, step: .hours(1))
    #expect(try await asked() == 3)
    #expect(try await bench.log("stop.proposed") == 3)
    #expect(try await bench.log("campaign.stopped") == 0)
  }

  /// A store of before, or one whose timers were lost, finds its campaigns again.
  @Test func aRestartFindsWhatWaits() async throws {
    let bench = try await Bench(at: "2026-09-10T06:01:00Z", policy: Self.policy)
    try await bench.bring(try circle)
    try await bench.settle()
    let id = try #require(try await bench.store.events(limit: 2).first).id
    var outcome = StepOutcome()
    outcome.cancelledTimers = try await bench.store.pendingTimers(of: id).map(\.id)
    try await bench.store.commit(outcome, at: bench.time.now)
    bench.time.advance(.hours(80))
    try await bench.settle()
    #expect(try await outcomes(bench).last == "WATCH")
    try await bench.restart()
    try await bench.settle()
    #expect(try await outcomes(bench).last == "NO")
  }

  /// A counterpart beyond the reach of most telescopes: people are asked at once.
  @Test func aFaintCounterpartProposesTheEnd() async throws {
    let bench = try await Bench(at: "2031-02-03T05:00:00Z", policy: Self.go)
    let text = try String(contentsOf: fixture("notices/gbm-flight.xml"), encoding: .utf8)
    let faint =
      text.replacing("Fermi#GBM_Flt_Pos", with: "SWIFT#UVOT_Pos")
      .replacing(#"name="Packet_Type" value="111""#, with: #"name="Packet_Type" value="81""#)
      .replacing(
        "<Param name=\"SC_Long\"", with: "<Param name=\"Mag\" value=\"2150\"/><Param name=\"SC_Long\"")
    try await bench.bring(Array(faint.utf8))
    try await bench.settle()
    #expect(try await bench.texts("stop.proposed").contains { $0.contains("faded to 21.5 mag") })
    #expect(try await bench.log("campaign.stopped") == 0)
  }
}
