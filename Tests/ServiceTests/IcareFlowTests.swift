import Deliveries
import Dispatch
import FakeIcare
import Foundation
import Icare
import Store
import TestSupport
import Testing
import Units
import WebClient

@testable import Service

/// From a notice to rows in ICARE, over the store's outbox and real HTTP.
@Suite(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.reason))) struct IcareFlowTests {
  @Test func aDecisionLeavesNameTagAndComment() async throws {
    let fake = try FakeIcare()
    defer { fake.stop() }
    let bench = try await Bench(
      at: "2023-05-18T13:40:00Z", icare: IcareOptions(group: "GRANDMA", instruments: [:]))
    fake.setClock { [time = bench.time] in time.now }
    try await bench.bring(shared("lvk/gwtm_S230518h-Initial_alert.json"))
    try await bench.settle()
    let owed = try await bench.store.deliveries(Set(DeliveryState.allCases), event: "S230518h", limit: 100)
      .filter { $0.channel == "icare" }
    // One name, GO set and STOP taken away, a comment for the decision and one for the plan.
    #expect(Set(owed.map(\.kind)) == ["event-alias", "tag", "comment"])
    #expect(owed.filter { $0.kind == "comment" }.count == 2)

    var configuration = IcareClient.Configuration(
      address: try WebURL(fake.address), token: Secret(FakeIcare.token))
    configuration.rate = try #require(RateLimit(capacity: 1000, perSecond: 1000))
    fake.setLimit(perSecond: 1e6, burst: 1e6)
    let channel = IcareChannel(client: try IcareClient(configuration))
    // Past the time that ICARE's own ingestion is given.
    bench.time.advance(.hours(1))
    for entry in owed.sorted(by: { $0.sequence < $1.sequence }) {
      let payload = try await bench.store.delivery(entry.key).payload
      let delivery = Delivery(
        key: entry.key, channel: "icare", kind: entry.kind, payload: payload, event: entry.event,
        isMock: false,
        notBefore: entry.notBefore)
      var outcome = SendOutcome.ambiguous(reason: "not tried")
      for _ in 0..<5 {
        outcome = await channel.send(delivery, receipts: [:], now: bench.time.now)
        if case .confirmed = outcome { break }
        bench.time.advance(.minutes(2))
      }
      guard case .confirmed = outcome else {
        Issue.record("\(entry.key): \(outcome)")
        continue
      }
      let verified = await channel.verify(delivery, receipts: [:], now: bench.time.now)
      #expect(verified == .equal, "\(entry.key)")
    }
  }

  /// STOP goes before what is less urgent: plans that have not left when it is said must not follow it, nor those of a
  /// telescope that a newer plan does without.
  @Test func plansThatHaveNotLeftAreNotSentAfterTheEnd() async throws {
    var options = IcareOptions(group: "GRANDMA", instruments: ["tre": "TAROT-Reunion", "oaj": "OAJ"])
    options.sends = ["tre"]
    options.setsTriggers = true
    let bench = try await Bench(at: "2023-05-18T13:40:00Z", icare: options)
    try await bench.bring(shared("lvk/gwtm_S230518h-Initial_alert.json"))
    try await bench.settle()
    func owed() async throws -> [OutboxEntry] {
      try await bench.store.deliveries(Set(DeliveryState.allCases), event: "S230518h", limit: 100)
        .filter { $0.channel == "icare" }
    }
    let plans = try await owed().filter { ["plan", "plan-send", "trigger"].contains($0.kind) }
    #expect(plans.count > 2 && plans.allSatisfy { $0.state == .ready })
    let unsent = try await bench.engine.unsent(of: "S230518h")
    #expect(Set(unsent.plans.map(\.key)) == Set(plans.map(\.key)))
    // A plan of the one telescope replaces its own; the other's goes.
    let slot = try #require(plans.first { $0.kind == "plan" }?.slot)
    let gone = unsent.withdrawn(because: "newer", but: [slot]).map(\.key)
    #expect(gone.count == plans.count - 1 && !gone.contains { $0 == plans.first { $0.slot == slot }?.key })
    let retraction =
      "{\"alert_type\": \"RETRACTION\", \"superevent_id\": \"S230518h\", \"event\": null, "
      + "\"time_created\": \"2023-05-18T17:30:00Z\", \"urls\": {}, \"external_coinc\": null}"
    try await bench.bring(Array(retraction.utf8))
    try await bench.settle()
    let after = try await owed()
    for plan in plans {
      let entry = try #require(after.first { $0.key == plan.key })
      #expect(entry.state == .superseded && entry.reason != nil, "\(plan.key) \(entry.reason ?? "")")
    }
    #expect(
      after.contains { $0.kind == "tag" && $0.state == .ready && $0.key.text.hasSuffix("STOP GRANDMA") })
  }

  /// Where the configuration asks for it, plans are handed on and triggers set, each after its plan.
  @Test func plansAreHandedOnAndTriggersSet() async throws {
    var options = IcareOptions(group: "GRANDMA", instruments: ["tre": "TAROT-Reunion", "oaj": "OAJ"])
    options.sends = ["tre"]
    options.setsTriggers = true
    let bench = try await Bench(at: "2023-05-18T13:40:00Z", icare: options)
    try await bench.bring(shared("lvk/gwtm_S230518h-Initial_alert.json"))
    try await bench.settle()
    bench.time.advance(.hours(3))
    try await bench.bring(shared("lvk/gwtm_S230518h-Update_alert.json"))
    try await bench.settle()
    let owed = try await bench.store.deliveries(Set(DeliveryState.allCases), event: "S230518h", limit: 100)
      .filter { $0.channel == "icare" }
    let sends = owed.filter { $0.kind == "plan-send" }
    #expect(sends.map(\.key.text) == ["icare/S230518h/plan/1/tre/send", "icare/S230518h/plan/2/tre/send"])
    #expect(
      sends.flatMap { $0.needs.map(\.text) } == ["icare/S230518h/plan/1/tre", "icare/S230518h/plan/2/tre"])
    // Of what has not left only the newest is sent.
    #expect(sends.map(\.state) == [.superseded, .ready])
    let triggers = owed.filter { $0.kind == "trigger" && $0.state == .ready }
    #expect(triggers.flatMap { $0.needs.map(\.text) }.contains("icare/S230518h/plan/2/tre"))
    var comments: [String] = []
    for comment in owed where comment.kind == "comment" {
      comments.append(String(decoding: try await bench.store.delivery(comment.key).payload, as: UTF8.self))
    }
    #expect(comments.filter { $0.contains("S230518h-r2-... take the place of earlier ones") }.count == 1)
  }

  @Test func plansGoToTheInstrumentsThatAreNamed() async throws {
    let options = IcareOptions(group: "GRANDMA", instruments: ["tre": "TAROT-Reunion", "oaj": "OAJ"])
    let bench = try await Bench(at: "2023-05-18T13:40:00Z", icare: options)
    try await bench.bring(shared("lvk/gwtm_S230518h-Initial_alert.json"))
    try await bench.settle()
    let owed = try await bench.store.deliveries(Set(DeliveryState.allCases), event: "S230518h", limit: 100)
    let plans = owed.filter { $0.channel == "icare" && $0.kind == "plan" }
    #expect(plans.contains { $0.key.text == "icare/S230518h/plan/1/tre" })
    #expect(plans.allSatisfy { $0.needs.count == 2 })
    #expect(owed.filter { $0.kind == "localization" }.count == 1)
    for plan in plans {
      let payload = try await bench.store.delivery(plan.key).payload
      let push = try IcarePush(kind: "plan", payload: payload)
      guard case .plan(let made) = push else {
        Issue.record("no plan")
        continue
      }
      #expect(made.complaints == [])
    }
  }
}
