import Deliveries
import FakeIcare
import Foundation
import Icare
import Store
import TestSupport
import Testing
import Units
import WebClient

@testable import Service

/// The store is lost, there is no backup, and all notices are read once more: ICARE has the work of the first
/// life and must not get it twice.
@Suite(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.reason))) struct LostStoreTests {
  /// What a service leaves in ICARE that begins with nothing.
  /// - Parameter apart: everything has left before the next notice comes, or cannot leave.
  private func live(
    at time: String, into fake: FakeIcare, reading notices: [String] = ["Initial", "Update"],
    apart: Bool = false
  ) async throws {
    var options = IcareOptions(group: "GRANDMA", instruments: ["tre": "TRE-CAM", "oaj": "OAJ-CAM"])
    options.createAfter = .zero
    let bench = try await Bench(at: time, icare: options)
    fake.setClock { [time = bench.time] in time.now }
    var configuration = IcareClient.Configuration(
      address: try WebURL(fake.address), token: Secret(FakeIcare.token))
    configuration.rate = try #require(RateLimit(capacity: 1000, perSecond: 1e5))
    let channel = IcareChannel(client: try IcareClient(configuration))
    for (i, step) in notices.enumerated() {
      try await bench.bring(shared("lvk/gwtm_S230518h-\(step)_alert.json"))
      try await bench.settle()
      let isLast = i == notices.count - 1
      if apart || isLast { try await deliver(bench, by: channel, all: isLast) }
    }
    for entry in try await bench.store.deliveries([.ready], event: "S230518h", limit: 1000)
    where entry.channel == "icare" {
      let made = Delivery(
        key: entry.key, channel: "icare", kind: entry.kind,
        payload: try await bench.store.delivery(entry.key).payload, event: entry.event, isMock: false,
        notBefore: entry.notBefore)
      #expect(await channel.verify(made, receipts: [:], now: bench.time.now) == .equal, "\(entry.key)")
    }
    #expect(channel.status.leftovers.isEmpty)
  }

  private func deliver(_ bench: Bench, by channel: IcareChannel, all: Bool) async throws {
    var open = try await bench.store.deliveries([.ready], event: "S230518h", limit: 1000)
      .filter { $0.channel == "icare" }
    for _ in 0..<(all ? 40 : 10) where !open.isEmpty {
      var rest: [OutboxEntry] = []
      for entry in open.sorted(by: { $0.sequence < $1.sequence }) {
        let made = Delivery(
          key: entry.key, channel: "icare", kind: entry.kind,
          payload: try await bench.store.delivery(entry.key).payload, event: entry.event, isMock: false,
          notBefore: entry.notBefore)
        let outcome = await channel.send(made, receipts: [:], now: bench.time.now)
        if case .confirmed = outcome { continue }
        if case .refused(let why) = outcome { Issue.record("\(entry.key): \(why)") }
        rest.append(entry)
      }
      open = rest
      bench.time.advance(.minutes(2))
    }
    if all { #expect(open.isEmpty, "\(open.map(\.key))") }
  }

  @Test func nothingComesTwice() async throws {
    let fake = try FakeIcare()
    defer { fake.stop() }
    fake.edit { state in
      state.addSite(
        telescope: "TRE", instrument: "TRE-CAM", filters: ["Clear", "sdssg", "sdssr", "ps1::open"])
      state.addSite(
        telescope: "OAJ", instrument: "OAJ-CAM", filters: ["Clear", "sdssg", "sdssr", "ps1::open"])
    }
    try await live(at: "2023-05-18T13:40:00Z", into: fake)
    let first = fake.state
    #expect(first.rows("comment").count > 2 && first.rows("planRequest").count == 1)
    // Half a minute later by the clock: the telescope's night begins later still, so its plan is the same.
    try await live(at: "2023-05-18T13:40:37Z", into: fake)
    let second = fake.state
    for table in ["event", "map", "tag", "comment", "classification", "followup", "field"] {
      #expect(second.rows(table).count == first.rows(table).count, "\(table)")
    }
    #expect(second.rows("planRequest").count == 1)
    // In its night a plan made later is another one under the same key: it takes the place of the first, and both
    // are whole.
    try await live(at: "2023-05-18T15:30:00Z", into: fake, reading: ["Initial"])
    let third = fake.state.rows("planRequest").map { $0["payload"] }
    #expect(third.count == 2 && Set(third.map { $0?["vesper_key"] }).count == 1)
    #expect(third.last??["supersedes"]?.text == third.first??["queue_name"]?.text)
  }

  /// Each notice makes a plan of its own, and so it does in the new life. What that makes of the first notice does not
  /// take the place of what the old life made of the second: in ICARE each plan names the one that counted before it.
  @Test func theDirectionIsKept() async throws {
    let fake = try FakeIcare()
    defer { fake.stop() }
    fake.edit { state in
      state.addSite(
        telescope: "TRE", instrument: "TRE-CAM", filters: ["Clear", "sdssg", "sdssr", "ps1::open"])
    }
    try await live(at: "2023-05-18T15:00:00Z", into: fake, apart: true)
    func plans() -> [JSONNode] { fake.state.rows("planRequest").compactMap { $0["payload"] } }
    #expect(plans().map { $0["supersedes"]?.text } == [nil, plans().first?["queue_name"]?.text])
    try await live(at: "2023-05-18T16:00:00Z", into: fake, apart: true)
    #expect(plans().count == 3)
    #expect(plans().last?["supersedes"]?.text == plans()[1]["queue_name"]?.text)
    #expect(plans()[1]["vesper_key"] == plans()[2]["vesper_key"])
  }
}
