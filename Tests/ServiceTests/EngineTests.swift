import Deliveries
import Foundation
import Store
import TestSupport
import Testing
import Units

@testable import Service

/// The recorded sequences of real and mock events, from notice to deliveries.
@Suite(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.reason))) struct RecordedEventTests {
  static let mock = [
    "lvk/gtecs_MS181101ab2_1-UPDATE-early_warning.json", "lvk/gtecs_MS181101ab2_2-PRELIMINARY.json",
    "lvk/gtecs_MS181101ab2_3-INITIAL.json", "lvk/gtecs_MS181101ab2_4-UPDATE-ext_coinc.json",
  ]
  static let retraction = "lvk/gtecs_MS181101ab2_5-RETRACTION.json"

  @Test func aRealEventGetsAPlanAndItsUpdateReplacesIt() async throws {
    let bench = try await Bench(at: "2023-05-18T13:40:00Z")
    // The policy finds the preliminary map too wide; the initial one is GO.
    try await bench.bring(shared("lvk/gwtm_S230518h-Preliminary_alert.json"))
    try await bench.settle()
    #expect(try await bench.store.plans(of: "S230518h").isEmpty)
    #expect(try await bench.store.decisions(on: "S230518h").map(\.outcome) == ["NO"])
    try await bench.bring(shared("lvk/gwtm_S230518h-Initial_alert.json"))
    try await bench.settle()
    let first = try #require(try await bench.store.plans(of: "S230518h", state: .live).first)
    #expect(try await bench.store.assignments(of: first.id).count > 50)
    let before = try await bench.store.queue(of: "tre", after: bench.time.now)
    #expect(!before.isEmpty)
    bench.time.advance(.hours(3))
    try await bench.bring(shared("lvk/gwtm_S230518h-Update_alert.json"))
    try await bench.settle()
    let plans = try await bench.store.plans(of: "S230518h")
    #expect(plans.map(\.state) == [.superseded, .live])
    let queue = try await bench.store.queue(of: "tre", after: bench.time.now)
    #expect(!queue.isEmpty && queue.allSatisfy { $0.plan == plans[1].id })
    #expect(queue.allSatisfy { $0.assignment.window.start >= bench.time.now })
    let keys = try await bench.store.deliveries(Set(DeliveryState.allCases), event: "S230518h", limit: 100)
      .map(\.key.text)
    #expect(Set(keys).count == keys.count)
    #expect(keys.filter { $0.hasPrefix("files/") }.count == 2)
  }

  @Test func aRetractionTakesEverythingBackAndSaysStop() async throws {
    let bench = try await Bench(at: "2018-11-01T22:30:00Z")
    for file in Self.mock { try await bench.bring(shared(file)) }
    try await bench.settle()
    let event = try #require(try await bench.store.events(limit: 5).first)
    #expect(event.isMock)
    #expect(try await bench.store.plans(of: event.id, state: .live).count == 1)
    try await bench.bring(shared(Self.retraction))
    try await bench.settle()
    #expect(try await bench.store.plans(of: event.id, state: .live).isEmpty)
    for telescope in ["tre", "tca", "tch", "oaj", "fzu-auger"] {
      #expect(try await bench.store.queue(of: telescope, after: bench.time.now).isEmpty)
    }
    let newest = try await bench.store.deliveries(Set(DeliveryState.allCases), event: event.id, limit: 100)
      .filter { $0.channel == "hook" }.max { $0.sequence < $1.sequence }
    #expect(newest?.kind == "stop")
    // Nothing comes back to life by itself.
    try await bench.bring(shared(Self.mock[1]))
    try await bench.settle()
    #expect(try await bench.store.plans(of: event.id, state: .live).isEmpty)
  }

  @Test func aRetractionThatComesFirstLeavesNothingToPlan() async throws {
    let bench = try await Bench(at: "2018-11-01T22:30:00Z")
    try await bench.bring(shared(Self.retraction))
    try await bench.settle()
    for file in Self.mock { try await bench.bring(shared(file)) }
    try await bench.settle()
    #expect(try await bench.log("plan.made") == 0)
  }

  /// The decision is stored, the process dies, the next one makes the plan that is owed.
  @Test func aCrashBetweenDecisionAndPlanLosesNothing() async throws {
    let bench = try await Bench(at: "2023-05-18T13:40:00Z")
    try await bench.bring(shared("lvk/gwtm_S230518h-Initial_alert.json"))
    try await bench.settle(plans: false)
    #expect(try await bench.log("plan.made") == 0)
    try await bench.restart()
    try await bench.settle()
    #expect(try await bench.log("plan.made") == 1)
    #expect(try await bench.log("decision.made") == 1)
    try await bench.restart()
    try await bench.settle()
    #expect(try await bench.log("plan.made") == 1)
  }

  @Test func theSameNoticeAgainChangesNothing() async throws {
    let bench = try await Bench(at: "2023-05-18T13:40:00Z")
    let bytes = try shared("lvk/gwtm_S230518h-Initial_alert.json")
    try await bench.bring(bytes)
    try await bench.settle()
    let before = try await bench.store.lastLogSequence()
    for _ in 0..<5 {
      try await bench.bring(bytes)
      try await bench.settle()
    }
    // The same message in other bytes, as another broker would wrap it.
    try await bench.bring(bytes + [10])
    try await bench.settle()
    #expect(try await bench.log("plan.made") == 1)
    #expect(try await bench.log("decision.made") == 1)
    #expect(try await bench.store.lastLogSequence() <= before + 2)
  }
}

/// What needs no recorded data.
@Suite struct EngineTests {
  static let mock = "notices/MS260915a-initial.json"

  @Test(arguments: [true, false])
  func mocksStayOutOfChannelsThatDoNotTakeThem(_ mocks: Bool) async throws {
    let bench = try await Bench(at: "2026-09-15T17:50:00Z", mocks: mocks)
    try await bench.bring([UInt8](try Data(contentsOf: fixture(Self.mock))))
    try await bench.settle()
    let deliveries = try await bench.store.deliveries(Set(DeliveryState.allCases), limit: 100)
    #expect(Set(deliveries.map(\.channel)) == (mocks ? ["files", "hook"] : ["files"]))
    let allMock = deliveries.allSatisfy { $0.isMock }
    #expect(allMock)
  }

  /// What a retraction says reaches the folder that had the plan.
  @Test func aMockPlanIsTakenBack() async throws {
    let bench = try await Bench(at: "2026-09-15T17:50:00Z")
    let notice = try Data(contentsOf: fixture(Self.mock))
    try await bench.bring([UInt8](notice))
    try await bench.settle()
    #expect(try await bench.store.plans(of: "MS260915a", state: .live).count == 1)
    let text =
      "{\"alert_type\": \"RETRACTION\", \"superevent_id\": \"MS260915a\", \"event\": null, "
      + "\"time_created\": \"2026-09-15T18:30:00Z\", \"urls\": {}, \"external_coinc\": null}"
    bench.time.advance(.minutes(45))
    try await bench.bring(Array(text.utf8))
    try await bench.settle()
    #expect(try await bench.store.plans(of: "MS260915a", state: .live).isEmpty)
    let newest = try await bench.store.deliveries(Set(DeliveryState.allCases), limit: 100).filter {
      $0.channel == "files"
    }.last
    #expect(newest?.kind == "stop")
  }

  @Test func poisonIsPutAsideAndTheNextIsHandled() async throws {
    let bench = try await Bench(at: "2026-09-15T06:00:00Z")
    for bytes in [
      Array("{\"alert_type\": ".utf8), [], Array("<html><body>502</body></html>".utf8), [0, 1, 2],
    ] {
      try await bench.bring(bytes)
    }
    try await bench.bring([UInt8](try Data(contentsOf: fixture("notices/gw-preliminary.json"))))
    try await bench.settle()
    let bad = try await bench.store.notices(.quarantined, limit: 10)
    #expect(bad.count == 4)
    #expect(bad.allSatisfy { !($0.reason ?? "").isEmpty })
    #expect(try await bench.store.notices(.handled, limit: 10).count == 1)
    #expect(try await bench.store.events(limit: 10).count == 1)
  }

  /// What was dropped or assumed is told with the event, where a person should look.
  @Test func whatIsAlarmingInANoticeIsTold() async throws {
    let bench = try await Bench(at: "2031-02-03T04:10:00Z")
    let text = String(decoding: try Data(contentsOf: fixture("notices/gw-preliminary.json")), as: UTF8.self)
    let odd = text.replacing("\"PRELIMINARY\"", with: "\"SUPERUPDATE\"")
    #expect(odd != text)
    try await bench.bring(Array(text.utf8))
    try await bench.settle()
    #expect(try await bench.texts("notice.alarm").isEmpty)
    try await bench.bring(Array(odd.utf8))
    try await bench.settle()
    let told = try await bench.texts("notice.alarm")
    #expect(told.count == 1 && told[0].contains("alert-type.unknown in alert_type"), "\(told)")
  }

  @Test func everyFixtureIsHandledOrPutAside() async throws {
    let bench = try await Bench(at: "2026-09-15T06:00:00Z")
    let folder = fixture("notices")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
      .filter { $0.hasSuffix(".json") || $0.hasSuffix(".xml") }
    #expect(names.count >= 9)
    for name in names { try await bench.bring([UInt8](try Data(contentsOf: folder.appending(path: name)))) }
    try await bench.settle()
    let waiting = try await bench.store.notices(.new, limit: 100)
    #expect(waiting.isEmpty)
    let handled = try await bench.store.notices(.handled, limit: 100).count
    let aside = try await bench.store.notices(.quarantined, limit: 100)
    #expect(handled + aside.count == names.count)
    #expect(aside.isEmpty, "\(aside.map { "\($0.id.number) \($0.reason ?? "")" })")
  }
}
