import Campaigns
import Deliveries
import Foundation
import Store
import TestSupport
import Testing
import Units

@testable import Service

/// A merger and a burst that nobody joined find each other in the store.
@Suite struct CoincidenceFlowTests {
  static let wave = "S260915a"
  static let policy = """
    policy: test
    title: Asks for company
    source: made for a test
    rules:
      - {name: together, when: {coincidence: true}, then: {outcome: GO, priority: 5, valid_h: 48}}
      - {name: alone, when: {has_position: true}, then: {outcome: WATCH, priority: 2}}
    otherwise: {outcome: WATCH}
    """

  /// The mock merger under a real name, for bursts of the real world to meet it.
  private var merger: [UInt8] {
    get throws {
      let text = try String(contentsOf: fixture("notices/MS260915a-initial.json"), encoding: .utf8)
      return Array(text.replacing("MS260915a", with: Self.wave).replacing("\"MDC\"", with: "\"AllSky\"").utf8)
    }
  }

  private func burst(_ time: String, ra: String = "350.5000", dec: String = "5.2500") throws -> [UInt8] {
    let text = try String(contentsOf: fixture("notices/gbm-flight.xml"), encoding: .utf8)
    return Array(
      text.replacing("2031-02-03T04:00:20", with: "2026-09-15T17:42:40")
        .replacing("2031-02-03T04:00:01.50", with: time).replacing("120.5000", with: ra)
        .replacing("-30.2500", with: dec).utf8)
  }

  private func other(_ bench: Bench) async throws -> String {
    try #require(try await bench.store.events(limit: 5).first { $0.id != Self.wave }).id
  }

  private func isOnJointMap(_ event: String, _ bench: Bench) async throws -> Bool {
    guard case .map(let reference)? = try await bench.memo(event).campaign.order?.basis else { return false }
    return reference.hasPrefix("joint:")
  }

  @Test(arguments: [true, false])
  func bothAreDecidedAnewAndPlannedOnTheJointMap(_ waveFirst: Bool) async throws {
    let bench = try await Bench(at: "2026-09-15T17:50:00Z", policy: Self.policy)
    let notices = [try merger, try burst("2026-09-15T17:42:12.00")]
    for bytes in waveFirst ? notices : notices.reversed() {
      try await bench.bring(bytes)
      try await bench.settle()
      bench.time.advance(.minutes(1))
    }
    let grb = try await other(bench)
    for event in [Self.wave, grb] {
      let memo = try await bench.memo(event)
      #expect(memo.companions?.count == 1)
      #expect(memo.campaign.decision?.outcome == .go)
      #expect(memo.campaign.decision?.facts.number(.coincidenceFARPerYear).map { $0 < 1e-6 } == true)
      #expect(try await isOnJointMap(event, bench))
      #expect(try await bench.store.plans(of: event, state: .live).count == 1)
    }
    #expect(try await bench.log("coincidence.found") == 2)
    #expect(try await bench.texts("coincidence.found").allSatisfy { $0.contains("by chance once per") })
    // It settles: nothing new is found again, not even after a restart.
    let last = try await bench.store.lastLogSequence()
    try await bench.restart()
    bench.time.advance(.minutes(90))
    try await bench.settle()
    #expect(try await bench.store.lastLogSequence() == last)
  }

  @Test func aRetractedPartnerTakesItBack() async throws {
    let bench = try await Bench(at: "2026-09-15T17:50:00Z", policy: Self.policy)
    try await bench.bring(try merger)
    try await bench.bring(try burst("2026-09-15T17:42:12.00"))
    try await bench.settle()
    let grb = try await other(bench)
    #expect(try await isOnJointMap(grb, bench))
    bench.time.advance(.minutes(30))
    let retraction =
      "{\"alert_type\": \"RETRACTION\", \"superevent_id\": \"\(Self.wave)\", \"event\": null, "
      + "\"time_created\": \"2026-09-15T18:20:00Z\", \"urls\": {}, \"external_coinc\": null}"
    try await bench.bring(Array(retraction.utf8))
    try await bench.settle()
    #expect(try await bench.log("coincidence.gone") == 2)
    #expect(try await bench.memo(grb).campaign.decision?.orders.outcome == .watch)
    #expect(try await bench.memo(grb).companions?.isEmpty == true)
  }

  /// Minutes apart, or in another part of the sky.
  @Test func whatDoesNotFitIsNotJoined() async throws {
    let late = try await Bench(at: "2026-09-15T17:59:00Z", policy: Self.policy)
    try await late.bring(try merger)
    try await late.bring(try burst("2026-09-15T17:50:12.00"))
    try await late.settle()
    #expect(try await late.log("coincidence.found") == 0)

    let far = try await Bench(at: "2026-09-15T17:50:00Z", policy: Self.policy)
    try await far.bring(try merger)
    try await far.bring(try burst("2026-09-15T17:42:12.00", ra: "172.5000", dec: "-5.2500"))
    try await far.settle()
    // The times agree, which is said; the sky does not, so it does not count.
    #expect(try await far.log("coincidence.found") == 2)
    #expect(try await far.memo(Self.wave).campaign.decision?.outcome == .watch)
  }
}

/// Circulars that come before the event they are about.
@Suite struct LooseCircularTests {
  static let circular = """
    {"$schema": "https://gcn.nasa.gov/schema/main/gcn/circulars.schema.json", "eventId": "LIGO/Virgo/KAGRA S310203ab",
     "submitter": "Example", "subject": "LIGO/Virgo/KAGRA S310203ab and GRB 310203A: nothing found",
     "circularId": 99002, "createdOn": 1928000000000, "body": "We observed the field of S310203ab."}
    """

  @Test(arguments: [true, false])
  func itIsLinkedWhenTheEventAppears(_ circularFirst: Bool) async throws {
    let bench = try await Bench(at: "2031-02-03T04:10:00Z")
    let alert = [UInt8](try Data(contentsOf: fixture("notices/gw-preliminary.json")))
    let list = [Array(Self.circular.utf8), alert]
    for bytes in circularFirst ? list : list.reversed() {
      try await bench.bring(bytes)
      try await bench.settle(plans: false)
      // Over a restart too.
      try await bench.restart()
    }
    #expect(try await bench.store.events(limit: 5).map(\.id) == ["S310203ab"])
    #expect(try await bench.memo("S310203ab").record.circulars.count == 1)
    #expect(try await bench.store.notices(of: "S310203ab").count == 2)
  }

  /// By the number that the mission gave, in the subject or in the text; of another burst, never.
  @Test(
    .enabled(if: Shared.isPresent, Comment(rawValue: Shared.reason)),
    arguments: [
      ("SVOM sb25031101: ECLAIRs detection of a burst", "text", true),
      ("GRB 250311A: SVOM detection", "SVOM/ECLAIRs triggered (sb25031101) on a burst.", true),
      ("SVOM sb25031102: another one", "of the same day", false),
      ("GRB 250311A: optical observations", "nothing found", false),
    ])
  func aBurstIsKnownByItsMissionsNumber(_ subject: String, _ body: String, _ isLinked: Bool) async throws {
    for circularFirst in [true, false] {
      let bench = try await Bench(at: "2025-03-11T07:30:00Z")
      let notice = try shared("voevent/gtecs/sb25031101-ECLAIRS_WAKEUP.xml")
      let circular = Array(
        """
        {"$schema": "https://gcn.nasa.gov/schema/main/gcn/circulars.schema.json", "eventId": "GRB 250311A",
         "submitter": "Example", "subject": "\(subject)", "circularId": 99003, "createdOn": 1741680000000,
         "body": "\(body)"}
        """.utf8)
      for bytes in circularFirst ? [circular, notice] : [notice, circular] {
        try await bench.bring(bytes)
        try await bench.settle(plans: false)
      }
      #expect(try await bench.store.events(limit: 5).map(\.id) == ["svom-sb25031101"])
      #expect(try await bench.memo("svom-sb25031101").record.circulars.count == (isLinked ? 1 : 0))
    }
  }

  /// Naming two events makes them no single one.
  @Test func aCircularAboutTwoEventsJoinsNothing() async throws {
    let bench = try await Bench(at: "2031-02-03T04:10:00Z")
    let alert = try String(contentsOf: fixture("notices/gw-preliminary.json"), encoding: .utf8)
    try await bench.bring(Array(alert.utf8))
    try await bench.bring(Array(alert.replacing("S310203ab", with: "S310203cd").utf8))
    try await bench.settle(plans: false)
    let both = Self.circular.replacing("GRB 310203A", with: "S310203cd")
    try await bench.bring(Array(both.utf8))
    try await bench.settle(plans: false)
    let events = try await bench.store.events(limit: 5)
    #expect(Set(events.map(\.id)) == ["S310203ab", "S310203cd"])
    #expect(events.allSatisfy { $0.mergedInto == nil })
    for event in events {
      #expect(try await bench.memo(event.id).record.circulars.count == 1)
      #expect(try await bench.store.notices(of: event.id).count == 2)
    }
  }
}
