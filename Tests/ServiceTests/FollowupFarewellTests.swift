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

/// The end of an event reaches everybody who was asked for a source of it.
@Suite(.serialized) struct FollowupFarewellTests {
  static let icare = IcareOptions(
    group: "GRANDMA",
    instruments: ["tre": "A", "tca": "B", "tch": "C", "oaj": "D", "fzu-auger~f": "E"],
    requests: ["tre": "GENERICAPI", "tca": "GENERICAPI", "tch": "GENERICAPI", "oaj": "GENERICAPI"])
  static let slugs = ["tre", "tca", "tch", "oaj"]

  private static func bench() async throws -> QueueBench {
    let drops = slugs.map { slug in
      Recipients.Entry(
        channel: "drop:\(slug)", kind: .drop(DropOptions(slug: slug, format: "acp")), acceptsMocks: true)
    }
    return try await QueueBench.mock(
      drops + [
        .init(channel: "slack", kind: .slack(SlackOptions()), acceptsMocks: true),
        .init(channel: "icare", kind: .icare(icare), acceptsMocks: true),
        .init(
          channel: "mail", kind: .mail(to: [MailAddress("team@example.org")]), acceptsMocks: true),
      ])
  }

  private static func retraction(_ created: String = "2026-09-15T18:30:00Z") -> [UInt8] {
    Array(
      (#"{"alert_type": "RETRACTION", "superevent_id": "MS260915a", "event": null, "#
        + #""time_created": "\#(created)", "urls": {}, "external_coinc": null}"#).utf8)
  }

  private func ask(_ q: QueueBench, _ name: String = "AT2026abc") async throws -> (String, String) {
    let desk = StoreFollowupDesk(state: q.state)
    var form = FollowupForm(name: name, ra: "300", dec: "30")
    (form.mag, form.event, form.mock) = (16, q.event, true)
    let asked = try await desk.ask(form, by: FollowupBench.leader)
    let slug = try #require(asked.offers.map(\.slug).first { Self.slugs.contains($0) })
    _ = try await desk.send(asked.id, to: [slug], by: FollowupBench.leader)
    return (asked.id, slug)
  }

  private func owed(_ q: QueueBench, _ id: String, _ states: Set<DeliveryState> = [.ready]) async throws
    -> [String]
  {
    try await q.bench.store.deliveries(states, event: id, limit: 1000).map(\.key.text).sorted()
  }

  @Test func whoWasAskedIsToldOnAllWaysAndOnce() async throws {
    let q = try await Self.bench()
    let (id, slug) = try await ask(q)
    let before = try await owed(q, id)
    let channels = Set(before.map { String($0.prefix { $0 != "/" }) })
    #expect(channels == ["drop:\(slug)", "files", "hook", "icare", "mail", "slack"], "\(before)")
    try await q.bench.bring(Self.retraction())
    try await q.bench.settle()
    #expect(try await StoreFollowupDesk(state: q.state).followup(id).sent.map(\.state) == ["withdrawn"])
    let after = try await owed(q, id)
    #expect(after.count == channels.count && Set(after).isDisjoint(with: before), "\(after)")
    for (channel, end) in [
      ("drop:\(slug)/", "/stop"), ("files/", "/stop"), ("hook/", "/end"), ("slack/", "/end"),
      ("mail/", "/end"), ("icare/", "/cancel"),
    ] {
      #expect(after.contains { $0.hasPrefix(channel) && $0.hasSuffix(end) }, "\(channel) \(after)")
    }
    // The request itself has not left, and does not leave any more.
    #expect(Set(try await owed(q, id, [.superseded])) == Set(before))
    #expect(try await q.bench.log("followup.withdrawn") == 1)
    #expect(try await q.bench.log("followup.untold") == 0)
    // Said again in other words, and after a restart: nothing more.
    try await q.bench.bring(Self.retraction("2026-09-15T18:31:00Z"))
    try await q.bench.settle()
    try await q.bench.restart()
    try await q.bench.settle()
    #expect(try await owed(q, id) == after)
  }

  /// What was sent and may have arrived is taken back all the same.
  @Test func whatIsUnderWayIsTakenBack() async throws {
    let q = try await Self.bench()
    let (id, slug) = try await ask(q)
    let lease = try await q.bench.store.seize(
      q.bench.store.options.lease, holder: "test", seen: nil, until: q.now + .hours(10))
    let epoch = try #require(lease).epoch
    var claimed: [String] = []
    for channel in ["hook", "icare", "drop:\(slug)"] {
      while case .send(let claim) = try await q.bench.store.next(
        on: Lane(channel: channel, acceptsMocks: true), epoch: epoch, at: q.now
      ).step {
        claimed.append(claim.delivery.key.text)
        _ = try await q.bench.store.settle(
          claim, with: .sent(.confirmed(receipt: "1")), at: q.now, jitter: Fraction(clamping: 0.5))
      }
    }
    #expect(claimed.filter { $0.contains(id) }.count == 3, "\(claimed)")
    try await q.bench.bring(Self.retraction())
    try await q.bench.settle()
    let after = try await owed(q, id)
    for end in ["/end", "/cancel", "/stop"] { #expect(after.contains { $0.hasSuffix(end) }, "\(after)") }
  }

  /// A person had ended the campaign, somebody asked for a source all the same; then the sender takes it back.
  @Test func aRetractionAfterAStopEndsWhatWasAskedSince() async throws {
    let q = try await Self.bench()
    let answer = try JSONDecoder().decode(
      DecisionAnswer.self,
      from: Data(#"{"outcome": "STOP", "role": "shift leader", "reason": "clouds everywhere"}"#.utf8))
    _ = try await StoreDesk(state: q.state).answer(answer, on: q.event, by: FollowupBench.leader)
    q.bench.time.advance(.seconds(1))
    try await q.bench.settle()
    let (id, _) = try await ask(q)
    try await q.bench.bring(Self.retraction())
    try await q.bench.settle()
    #expect(try await StoreFollowupDesk(state: q.state).followup(id).sent.map(\.state) == ["withdrawn"])
    #expect(try await owed(q, id).contains { $0.hasSuffix("/cancel") })
    // Nobody is sent after it any more, and the refusal says why.
    for attempt in 0..<2 {
      let error = await #expect(throws: DeskError.self) {
        if attempt == 0 {
          _ = try await ask(q, "another")
        } else {
          _ = try await StoreFollowupDesk(state: q.state).send(
            id, to: Self.slugs, by: FollowupBench.leader)
        }
      }
      #expect("\(String(describing: error))".contains("retracted"), "\(String(describing: error))")
    }
  }
}
