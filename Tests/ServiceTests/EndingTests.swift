import Campaigns
import Channels
import Dashboard
import Deliveries
import Foundation
import Icare
import Store
import TestSupport
import Testing
import Units

@testable import Service

/// How the end of a campaign reads: whoever ended it and whatever the rules would still say, it says STOP.
@Suite struct EndingTests {
  private static let leader = "shift leader"

  private func bench() async throws -> (Bench, String) {
    let icare = IcareOptions(group: "GRANDMA", instruments: [:])
    let bench = try await Bench(
      at: "2026-09-10T06:01:00Z", icare: icare, policy: TimeTests.go,
      others: [
        .init(channel: "slack", kind: .slack(SlackOptions()), acceptsMocks: true),
        .init(channel: "mail", kind: .mail(to: [MailAddress("team@example.org")]), acceptsMocks: true),
      ])
    let text = try String(contentsOf: fixture("notices/ep-wxt.json"), encoding: .utf8)
    try await bench.bring(
      Array(text.replacing("2031-05-06T07:08:09.500Z", with: "2026-09-10T06:00:00Z").utf8))
    try await bench.settle()
    let id = try #require(try await bench.store.events(limit: 2).first).id
    return (bench, id)
  }

  private func answer(
    _ bench: Bench, _ id: String, _ action: PersonalAnswer.Action, _ outcome: PolicyOutcome? = nil
  ) async throws {
    let answer = PersonalAnswer(
      action, outcome: outcome, role: Self.leader, reason: "for a test", by: "x", at: bench.time.now)
    var step = StepOutcome()
    step.timers = [try answer.timer(for: id)]
    try await bench.store.commit(step, at: bench.time.now)
    try await bench.settle()
  }

  /// What was owed since, as text.
  private func told(_ bench: Bench, _ id: String, _ channel: String, since start: Int64) async throws
    -> [(kind: String, text: String)]
  {
    var list: [(String, String)] = []
    for entry in try await bench.store.deliveries(
      Set(DeliveryState.allCases), event: id, channel: channel, limit: 500) where entry.sequence > start
    {
      let bytes = try await bench.store.delivery(entry.key).payload
      list.append((entry.kind, String(decoding: bytes, as: UTF8.self)))
    }
    return list
  }

  private func last(_ bench: Bench) async throws -> Int64 {
    try await bench.store.deliveries(Set(DeliveryState.allCases), limit: 10_000).map(\.sequence).max() ?? 0
  }

  private func tags(_ bench: Bench, _ id: String, since start: Int64) async throws -> [String: Bool] {
    var tags: [String: Bool] = [:]
    for (kind, text) in try await told(bench, id, "icare", since: start) where kind == IcareKind.tag.rawValue
    {
      let tag = try JSONDecoder().decode(TagPush.self, from: Data(text.utf8))
      tags[tag.text] = !tag.isRemoved
    }
    return tags
  }

  @Test func aConfirmedEndSaysStopEverywhere() async throws {
    let (bench, id) = try await bench()
    bench.time.advance(.hours(24) + .minutes(1))
    var start = try await last(bench)
    try await bench.settle()
    // The question is what push and subject say, and nothing of a first telescope that has long observed.
    let question = "STOP is proposed, for 24 h have passed: a person must confirm or decline it"
    for (_, text) in try await told(bench, id, "slack", since: start) {
      #expect(text.contains("\"QUESTION \(id) · \(question)\""), "\(text)")
    }
    let asked = try await told(bench, id, "mail", since: start)
    #expect(asked.count == 1 && asked[0].text.contains("[GRANDMA QUESTION] \(id): \(question)"))
    start = try await last(bench)
    try await answer(bench, id, .confirmStop)
    let slack = try await told(bench, id, "slack", since: start)
    #expect(slack.map(\.kind).sorted() == [SlackPayload.edit, SlackPayload.reply].sorted())
    for (_, text) in slack {
      #expect(
        text.contains("\"STOP \(id)") && text.contains("24 h have passed, confirmed by the shift leader"))
      #expect(!text.contains("GO-GRANDMA"))
    }
    let mail = try await told(bench, id, "mail", since: start)
    #expect(mail.count == 1 && mail[0].text.contains("[GRANDMA STOP] \(id)"))
    let hook = try await told(bench, id, "hook", since: start)
    #expect(hook.map(\.kind) == ["stop"])
    #expect(hook[0].text.replacing(" ", with: "").contains(#""decision":"STOP""#), "\(hook[0].text)")
    #expect(
      try await tags(bench, id, since: start) == [
        ClassificationPush.go: false, ClassificationPush.stop: true,
      ])
    // The rules still say GO; the pages say what stands.
    #expect(try await bench.memo(id).campaign.decision?.outcome == .go)
    let state = ServiceState(
      store: bench.store, settings: await bench.engine.settings, channels: [], clock: bench.time.clock)
    let line = try await StoreDesk(state: state).event(id).event
    #expect(line.decision == "STOP" && line.clause == "STOP confirmed by the shift leader")
  }

  @Test func aDecisionThatEndsItIsToldAsStopOnce() async throws {
    let (bench, id) = try await bench()
    let start = try await last(bench)
    try await answer(bench, id, .override, .no)
    let slack = try await told(bench, id, "slack", since: start)
    #expect(slack.map(\.kind).sorted() == [SlackPayload.edit, SlackPayload.reply].sorted(), "\(slack)")
    #expect(slack.allSatisfy { $0.text.contains("\"STOP \(id)") })
    #expect(try await told(bench, id, "hook", since: start).map(\.kind) == ["decision", "stop"])
    #expect(
      try await tags(bench, id, since: start) == [
        ClassificationPush.go: false, ClassificationPush.stop: true,
      ])
  }

  /// Later news are told with what stands; a person's yes takes the question away.
  @Test func whatIsReopenedSaysSo() async throws {
    let (bench, id) = try await bench()
    try await answer(bench, id, .override, .stop)
    try await answer(bench, id, .lift)
    #expect(try await bench.memo(id).campaign.outcome == .stop)
    let start = try await last(bench)
    try await answer(bench, id, .reopen)
    let slack = try await told(bench, id, "slack", since: start)
    #expect(slack.contains { $0.kind == SlackPayload.edit }, "\(slack.map(\.kind))")
    for (_, text) in slack { #expect(text.contains("\"GO \(id)"), "\(text)") }
    #expect(slack.contains { $0.text.contains("the campaign was reopened by the shift leader") })
    #expect(try await bench.memo(id).campaign.outcome == .go)
  }

  /// What telescopes do is what messages say: a rule that asks for patience ends nothing that has begun.
  @Test func whatHasBegunGoesOnWhileTheRulesSayWatch() async throws {
    let (bench, id) = try await bench()
    let start = try await last(bench)
    try await answer(bench, id, .override, .watch)
    #expect(try await bench.store.plans(of: id, state: .live).count == 1)
    let slack = try await told(bench, id, "slack", since: start)
    #expect(slack.count == 2)
    for (_, text) in slack {
      #expect(text.contains("\"GO \(id)") && text.contains("WATCH was decided; GO stands"), "\(text)")
    }
    let state = ServiceState(
      store: bench.store, settings: await bench.engine.settings, channels: [], clock: bench.time.clock)
    let line = try await StoreDesk(state: state).event(id).event
    #expect(
      line.decision == "GO" && line.clause?.hasPrefix("goes on, though WATCH was decided (test: ") == true,
      "\(line)")
  }

  @Test func aDeclinedEndTakesTheQuestionAway() async throws {
    let (bench, id) = try await bench()
    bench.time.advance(.hours(24) + .minutes(1))
    try await bench.settle()
    let start = try await last(bench)
    try await answer(bench, id, .declineStop)
    let slack = try await told(bench, id, "slack", since: start)
    #expect(slack.map(\.kind).sorted() == [SlackPayload.edit, SlackPayload.reply].sorted())
    for (_, text) in slack {
      #expect(text.contains("\"GO \(id)") && text.contains("STOP was declined by the shift leader"))
      #expect(!text.contains("QUESTION"))
    }
    #expect(try await told(bench, id, "mail", since: start).isEmpty)
  }
}
