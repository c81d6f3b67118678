import Deliveries
import FarSides
import Foundation
import Testing
import Units
import WebClient

@testable import Channels

/// A fake Slack and a channel that talks to it.
struct SlackBench {
  let far: SlackFarSide
  let channel: SlackChannel
  let client: WebClient

  init(
    faults: [Treatment] = [], readFaults: [Treatment] = [], token: String = canary, pageSize: Int = 100,
    deadlines: Deadlines = patient, acceptsMocks: Bool = false
  ) throws {
    far = try SlackFarSide(
      token: canary, conversation: conversation, history: History(), faults: FaultPlan(faults),
      readFaults: FaultPlan(readFaults), pageSize: pageSize)
    client = try WebClient()
    var configuration = SlackChannel.Configuration(conversation: conversation, token: Secret(token))
    configuration.base = far.base
    configuration.deadlines = deadlines
    configuration.acceptsMocks = acceptsMocks
    channel = try SlackChannel(configuration, client: client)
  }

  static let rootKey = "slack/S230518h/root"

  func payload(_ text: String, root: Bool = true, sequence: Int = 0) throws -> [UInt8] {
    try SlackPayload(
      text: text, blocks: [.section(.plain(text))], root: root ? DeliveryKey(Self.rootKey) : nil,
      sequence: sequence
    ).encoded()
  }

  func root(_ text: String = "state 0") throws -> Delivery {
    delivery(Self.rootKey, "slack", "post", try payload(text, root: false))
  }
  func edit(_ n: Int) throws -> Delivery {
    delivery(
      "slack/S230518h/edit\(n)", "slack", "edit", try payload("state \(n)", sequence: n),
      needs: [Self.rootKey])
  }
  func reply(_ n: Int) throws -> Delivery {
    delivery("slack/S230518h/reply\(n)", "slack", "reply", try payload("reply \(n)"), needs: [Self.rootKey])
  }
  func receipts(_ outcome: SendOutcome) -> [DeliveryKey: String] {
    [DeliveryKey(Self.rootKey): outcome.receipt ?? ""]
  }
}

@Suite struct SlackChannelTests {
  @Test func postEditReply() async throws {
    let bench = try SlackBench()
    let root = await bench.channel.send(try bench.root(), receipts: [:], now: now)
    let receipts = bench.receipts(root)
    #expect(await bench.channel.send(try bench.edit(1), receipts: receipts, now: now) == root)
    let reply = await bench.channel.send(try bench.reply(1), receipts: receipts, now: now)
    #expect(bench.far.roots.map(\.text) == ["state 1"])
    #expect(bench.far.roots.map(\.updates) == [1])
    #expect(bench.far.messages.filter { $0.thread == bench.far.roots[0].ts }.map(\.text) == ["reply 1"])
    for (delivery, outcome) in [
      (try bench.root(), root), (try bench.edit(1), root), (try bench.reply(1), reply),
    ] {
      let there = await bench.channel.readBack(delivery, receipts: receipts, now: now)
      #expect(there == .present(receipt: outcome.receipt ?? "none"))
    }
    #expect(await bench.channel.readBack(try bench.edit(2), receipts: receipts, now: now) == .absent)
    #expect(await bench.channel.readBack(try bench.reply(2), receipts: receipts, now: now) == .absent)
    let request = try #require(bench.far.server.requests.first)
    #expect(request.header("Content-Type") == "application/json; charset=utf-8")
    #expect(String(decoding: request.body, as: UTF8.self).contains(#""parse":"none""#))
  }

  /// What the far side took although the client heard otherwise is found again; nothing else is.
  @Test(arguments: [
    Treatment.acceptedThen504, .acceptedThenReset, .acceptedThenHang, .acceptedThenTruncated,
    .acceptedThenPage,
    .resetUnread, .hangUnread, .pageUnread, Treatment(accepts: false, .status(500)),
    Treatment(accepts: false, .status(503)), Treatment(accepts: false, .truncated),
  ])
  func ambiguousIsReadBack(_ treatment: Treatment) async throws {
    let bench = try SlackBench(faults: [treatment], deadlines: impatient)
    let root = try bench.root()
    let outcome = await bench.channel.send(root, receipts: [:], now: now)
    #expect(outcome.word == "ambiguous", "\(outcome)")
    let readBack = await bench.channel.readBack(root, receipts: [:], now: now)
    #expect(readBack.word == (treatment.accepts ? "present" : "absent"), "\(readBack)")
    if readBack == .absent { _ = await bench.channel.send(root, receipts: [:], now: now) }
    #expect(bench.far.roots.count == 1)
  }

  @Test(arguments: [Treatment.acceptedThen504, .acceptedThenReset, .acceptedThenTruncated, .pageUnread])
  func ambiguousEditsAndReplies(_ treatment: Treatment) async throws {
    let bench = try SlackBench(faults: [.normal, treatment, treatment], deadlines: impatient)
    let receipts = bench.receipts(await bench.channel.send(try bench.root(), receipts: [:], now: now))
    for delivery in [try bench.edit(1), try bench.reply(1)] {
      #expect(await bench.channel.send(delivery, receipts: receipts, now: now).word == "ambiguous")
      let readBack = await bench.channel.readBack(delivery, receipts: receipts, now: now)
      #expect(readBack.word == (treatment.accepts ? "present" : "absent"), "\(readBack)")
    }
  }

  @Test func aSlowAnswerIsAnAnswer() async throws {
    let bench = try SlackBench(faults: [Treatment(accepts: true, .slow(1))])
    #expect(await bench.channel.send(try bench.root(), receipts: [:], now: now).word == "confirmed")
  }

  @Test func tooManyWaitsAsTold() async throws {
    let bench = try SlackBench(faults: [.tooMany, Treatment(accepts: false, .status(503, retryAfter: 90))])
    let first = await bench.channel.send(try bench.root(), receipts: [:], now: now)
    #expect(first.after == now + .seconds(7))
    let second = await bench.channel.send(try bench.root(), receipts: [:], now: now)
    #expect(second.after == now + .seconds(90))
    #expect(bench.far.messages.isEmpty)
  }

  @Test(arguments: [
    ("invalid_auth", "halted"), ("token_revoked", "halted"), ("account_inactive", "halted"),
    ("missing_scope", "halted"), ("channel_not_found", "refused"), ("is_archived", "refused"),
    ("not_in_channel", "refused"), ("msg_too_long", "refused"), ("something_new", "refused"),
    ("ratelimited", "unsent"), ("service_unavailable", "unsent"), ("internal_error", "ambiguous"),
    ("fatal_error", "ambiguous"),
  ])
  func codesOfSlack(_ code: String, _ word: String) async throws {
    let bench = try SlackBench()
    bench.far.refuse(with: code)
    let outcome = await bench.channel.send(try bench.root(), receipts: [:], now: now)
    #expect(outcome.word == word)
    #expect("\(outcome)".contains(code))
  }

  @Test func aWrongTokenHaltsAndIsNotShown() async throws {
    let bench = try SlackBench(token: canary + "x")
    let outcome = await bench.channel.send(try bench.root(), receipts: [:], now: now)
    #expect(outcome.word == "halted")
    let readBack = await bench.channel.readBack(try bench.root(), receipts: [:], now: now)
    #expect(readBack.word == "unknown for good")
    #expect(!"\(outcome) \(readBack) \(bench.channel)".contains("CANARY"))
  }

  /// Somebody deletes the root or its time for edits is over: one new root, which later edits find.
  @Test(arguments: [true, false])
  func aLostRootIsPostedAnewOnce(_ isDeleted: Bool) async throws {
    let bench = try SlackBench()
    let first = await bench.channel.send(try bench.root(), receipts: [:], now: now)
    let receipts = bench.receipts(first)
    let ts = bench.far.roots[0].ts
    isDeleted ? bench.far.delete(ts) : bench.far.freeze(ts)
    let second = await bench.channel.send(try bench.edit(1), receipts: receipts, now: now)
    #expect(second.word == "confirmed")
    #expect(second != first)
    #expect(await bench.channel.readBack(try bench.edit(1), receipts: receipts, now: now).word == "present")
    #expect(await bench.channel.send(try bench.edit(1), receipts: receipts, now: now) == second)
    #expect(await bench.channel.send(try bench.edit(2), receipts: receipts, now: now) == second)
    // The first state arrives late: it must not come back.
    #expect(await bench.channel.send(try bench.edit(1), receipts: receipts, now: now) == second)
    #expect(bench.far.roots.map(\.text) == (isDeleted ? ["state 2"] : ["state 0", "state 2"]))
    if isDeleted {
      #expect(await bench.channel.send(try bench.reply(1), receipts: receipts, now: now).word == "confirmed")
      #expect(bench.far.messages.last?.thread == bench.far.roots[0].ts)
      #expect(
        await bench.channel.readBack(try bench.reply(1), receipts: receipts, now: now).word == "present")
    }
  }

  @Test func anAmbiguousRepostIsFound() async throws {
    let bench = try SlackBench(faults: [.normal, .normal, .acceptedThen504])
    let receipts = bench.receipts(await bench.channel.send(try bench.root(), receipts: [:], now: now))
    bench.far.delete(bench.far.roots[0].ts)
    #expect(await bench.channel.send(try bench.edit(1), receipts: receipts, now: now).word == "ambiguous")
    #expect(await bench.channel.readBack(try bench.edit(1), receipts: receipts, now: now).word == "present")
    #expect(bench.far.roots.count == 1)
  }

  @Test func anOlderStateCountsAsPresent() async throws {
    let bench = try SlackBench()
    let receipts = bench.receipts(await bench.channel.send(try bench.root(), receipts: [:], now: now))
    _ = await bench.channel.send(try bench.edit(2), receipts: receipts, now: now)
    #expect(await bench.channel.readBack(try bench.edit(1), receipts: receipts, now: now).word == "present")
  }

  @Test func readsAllPages() async throws {
    let bench = try SlackBench(pageSize: 3)
    let root = try bench.root()
    _ = await bench.channel.send(root, receipts: [:], now: now)
    for i in 0..<10 {
      let other = delivery("slack/other\(i)/root", "slack", "post", try bench.payload("other", root: false))
      _ = await bench.channel.send(other, receipts: [:], now: now)
    }
    #expect(await bench.channel.readBack(root, receipts: [:], now: now).word == "present")
  }

  @Test(arguments: [Treatment.pageUnread, .resetUnread, .tooMany, Treatment(accepts: true, .truncated)])
  func failedReadingIsNotAbsence(_ treatment: Treatment) async throws {
    let bench = try SlackBench(readFaults: [treatment], deadlines: impatient)
    let readBack = await bench.channel.readBack(try bench.root(), receipts: [:], now: now)
    #expect(readBack.word == "unknown now", "\(readBack)")
  }

  @Test func whatCannotBeSentIsNot() async throws {
    let bench = try SlackBench()
    #expect(await bench.channel.send(try bench.edit(1), receipts: [:], now: now).word == "refused")
    let junk = delivery("k", "slack", "post", [1, 2, 3])
    #expect(await bench.channel.send(junk, receipts: [:], now: now).word == "refused")
    let mock = delivery("k", "slack", "post", try bench.payload("x", root: false), isMock: true)
    #expect(await bench.channel.send(mock, receipts: [:], now: now).word == "refused")
    #expect(bench.far.server.requests.isEmpty)
    let drill = try SlackBench(acceptsMocks: true)
    #expect(await drill.channel.send(mock, receipts: [:], now: now).word == "confirmed")
    bench.far.stop()
    #expect(await bench.channel.send(try bench.root(), receipts: [:], now: now).word == "unsent")
  }

  @Test func configurationsThatCannotWork() throws {
    let client = try WebClient()
    for name in ["#observations", "observations", "", "U123"] {
      let configuration = SlackChannel.Configuration(conversation: name, token: Secret(canary))
      #expect(throws: ChannelError.self) { try SlackChannel(configuration, client: client) }
    }
  }
}
