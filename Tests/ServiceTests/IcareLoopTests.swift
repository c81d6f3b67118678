import Deliveries
import FakeIcare
import Foundation
import Icare
import Logging
import Store
import TestSupport
import Testing
import Units
import WebClient

@testable import Service

/// An engine, its outbox and a fake ICARE, all by one clock that tests move.
final class IcareBench {
  let fake: FakeIcare
  let bench: Bench
  let channel: IcareChannel
  private var epoch: Int64 = 0

  init(at start: String, options: IcareOptions) async throws {
    fake = try FakeIcare()
    fake.setLimit(perSecond: 1e6, burst: 1e6)
    bench = try await Bench(at: start, icare: options)
    fake.setClock { [time = bench.time] in time.now }
    fake.edit { $0.backgroundDelay = .zero }
    var configuration = IcareClient.Configuration(
      address: try WebURL(fake.address), token: Secret(FakeIcare.token))
    configuration.rate = try #require(RateLimit(capacity: 1000, perSecond: 100_000))
    channel = IcareChannel(client: try IcareClient(configuration))
    let lease = try await bench.store.seize(
      bench.store.options.lease, holder: "test", seen: nil, until: bench.time.now + .hours(10_000))
    epoch = try #require(lease).epoch
  }

  /// Works the outbox of ICARE until nothing is left, as the service's lane does.
  func deliver() async throws {
    let lane = Lane(channel: channel.name, acceptsMocks: false)
    for _ in 0..<2000 {
      let now = bench.time.now
      switch try await bench.store.next(on: lane, epoch: epoch, at: now).step {
      case .send(let claim):
        let outcome = await channel.send(claim.delivery, receipts: claim.receipts, now: now)
        _ = try await bench.store.settle(claim, with: .sent(outcome), at: now, jitter: .half)
      case .readBack(let claim):
        let answer = await channel.readBack(claim.delivery, receipts: claim.receipts, now: now)
        _ = try await bench.store.settle(claim, with: .asked(answer), at: now, jitter: .half)
      case .idle(let until):
        guard let until else { return }
        bench.time.advance(max(until - now, .milliseconds(1)))
      }
    }
    Issue.record("the outbox never came to rest")
  }

  func deliveries(_ kind: IcareKind) async throws -> [OutboxEntry] {
    try await bench.store.latestDeliveries(
      channel: "icare", Set(DeliveryState.allCases), limit: 1000
    ).filter { $0.kind == kind.rawValue }.sorted { $0.sequence < $1.sequence }
  }

  func lines(_ kind: String) async throws -> [String] {
    try await bench.store.latestLog(kind: kind, limit: 1000).reversed().map(\.body)
  }

  var readBack: ReadBackLoop {
    ReadBackLoop(
      store: bench.store, channel: channel, clock: bench.time.clock, ledger: ReadBackLedger(),
      logger: Logger(label: "test"))
  }
}

extension Fraction {
  fileprivate static let half = Fraction(clamping: 0.5)
}

/// A burst of SVOM, placed by one of its instruments.
func svom(
  _ instrument: String = "ECLAIRs", step: String = "eclairs-wakeup", ra: String = "10.5",
  error: String = "0.15", time: String = "2026-11-21T20:00:00.250000", number: Int = 1
) throws -> [UInt8] {
  var text = try String(contentsOf: fixture("notices/svom-eclairs.xml"), encoding: .utf8)
  for (old, new) in [
    ("2031-04-15T12:00:00.250000", time), ("2031-04-15T12:01:00", "2026-11-21T20:0\(number):00"),
    ("sb31041501", "sb26112101"), ("eclairs-wakeup", step), ("\"ECLAIRs\"", "\"\(instrument)\""),
    ("<C1>10.5<", "<C1>\(ra)<"), ("<Error2Radius>0.15<", "<Error2Radius>\(error)<"),
    ("\"Pkt_Ser_Num\" value=\"1\"", "\"Pkt_Ser_Num\" value=\"\(number)\""), ("<C2>-41.25<", "<C2>-21.25<"),
  ] { text = text.replacing(old, with: new) }
  return Array(text.utf8)
}

@Suite struct IcareRequestTests {
  static let id = "svom-sb26112101"
  static let apis = [
    "tre": "TAROTAPI", "tca": "GENERICAPI", "tch": "TRTAPI:SRO", "oaj": "SLACKAPI", "fzu-auger": "COLIBRIAPI",
  ]

  func bench(_ cross: CrossMatchPolicy = .propose) async throws -> IcareBench {
    let slugs = Self.apis.keys.sorted()
    let made = try await IcareBench(
      at: "2026-11-21T20:02:00Z",
      options: IcareOptions(
        group: "GRANDMA", instruments: Dictionary(uniqueKeysWithValues: slugs.map { ($0, "CAM-\($0)") }),
        requests: Self.apis, crossMatch: cross))
    made.fake.edit { state in
      for (slug, api) in Self.apis {
        let name = String(api.prefix { $0 != ":" })
        let filters =
          [
            "TAROTAPI": ["NoFilter", "g", "r", "i"], "TRTAPI": ["g", "r", "i", "clear", "B", "V", "R", "I"],
          ][name]
          ?? [
            "ps1::open", "sdssg", "sdssr", "sdssi", "bessellr", "bessellv", "bessellb", "besselli", "clear",
            "r",
          ]
        state.addSite(telescope: slug, instrument: "CAM-\(slug)", filters: filters, api: name)
      }
    }
    return made
  }

  @Test func centredTelescopesAreAskedOnceEachInTheirOwnForm() async throws {
    let made = try await bench()
    defer { made.fake.stop() }
    try await made.bench.bring(svom())
    try await made.bench.settle()
    try await made.deliver()
    let asked = try await made.deliveries(.followup)
    #expect(!asked.isEmpty)
    for entry in asked {
      #expect(entry.state == .done, "\(entry.key): \(entry.reason ?? "")")
      let slug = entry.key.text.split(separator: "/").last.map(String.init) ?? ""
      // No plan beside the request.
      #expect(try await made.deliveries(.plan).allSatisfy { !$0.key.text.hasSuffix("/\(slug)") })
    }
    let rows = made.fake.state.rows("followup")
    #expect(rows.count == asked.count)
    #expect(Set(rows.compactMap { $0["payload"]?["planner_request_id"]?.text }) == Set(asked.map(\.key.text)))
    #expect(made.fake.state.rows("source").map { $0["name"] } == [.string(Self.id)])
    #expect(made.fake.state.rows("classification").map { $0["classification"] } == ["GO GRANDMA"])
    // The same notice again, and a restart: nothing more.
    let writes = made.fake.log.filter(\.isWrite).count
    try await made.bench.bring(svom())
    try await made.bench.settle()
    try await made.deliver()
    #expect(made.fake.log.filter(\.isWrite).count == writes)
    // All of it reads back equal.
    var watch = ReadBackWatch(loop: made.readBack)
    made.bench.time.advance(.seconds(10))
    try await watch.turn()
    let records = try await made.bench.store.latestLog(kind: ReadBackRecord.kind, limit: 1000)
      .compactMap(ReadBackRecord.init)
    #expect(records.allSatisfy { $0.result == .equal }, "\(records.filter { $0.result != .equal })")
  }

  @Test func aBetterPlaceReplacesTheRequestsAndNeverMovesTheSource() async throws {
    let made = try await bench()
    defer { made.fake.stop() }
    try await made.bench.bring(svom())
    try await made.bench.settle()
    try await made.deliver()
    let first = try await made.deliveries(.followup).count
    try await made.bench.bring(
      svom("MXT", step: "mxt-initial_qla", ra: "10.55", error: "0.01", number: 4))
    try await made.bench.settle()
    try await made.deliver()
    let rows = made.fake.state.rows("followup")
    let deleted = rows.filter { $0["status"] == "deleted" }
    let live = rows.filter { $0["status"] != "deleted" }
    #expect(deleted.count == first)
    #expect(!live.isEmpty && live.allSatisfy { $0["obj_id"] == .string("\(Self.id)_p2") })
    #expect(!made.fake.state.rows("source").contains { $0["spoilt"] == true })
    let names = made.fake.state.rows("source").compactMap { $0["name"]?.text }
    #expect(names.sorted() == [Self.id, "\(Self.id)_p2"])
  }

  @Test func theEndTakesTheRequestsBack() async throws {
    let made = try await bench()
    defer { made.fake.stop() }
    try await made.bench.bring(svom())
    try await made.bench.settle()
    try await made.deliver()
    try await made.bench.bring(svom(step: "eclairs-retract", number: 5))
    try await made.bench.settle()
    try await made.deliver()
    let rows = made.fake.state.rows("followup")
    #expect(!rows.isEmpty && rows.allSatisfy { $0["status"] == "deleted" }, "\(rows.map { $0["status"] })")
    #expect(made.fake.state.rows("classification").contains { $0["classification"] == "STOP GRANDMA" })
  }

  /// Taken back before it left: it never leaves.
  @Test func aRequestThatWaitsIsNotSentAfterTheEnd() async throws {
    let made = try await bench()
    defer { made.fake.stop() }
    try await made.bench.bring(svom())
    try await made.bench.settle()
    try await made.bench.bring(svom(step: "eclairs-retract", number: 5))
    try await made.bench.settle()
    try await made.deliver()
    #expect(made.fake.state.rows("followup").isEmpty)
    #expect(try await made.deliveries(.followup).allSatisfy { $0.state == .superseded })
  }

  @Test func statusesBecomeHistory() async throws {
    let made = try await bench()
    defer { made.fake.stop() }
    try await made.bench.bring(svom())
    try await made.bench.settle()
    try await made.deliver()
    let watch = RequestWatch(
      store: made.bench.store, channel: made.channel, clock: made.bench.time.clock, logger: Logger(label: "t")
    )
    let count = try await made.deliveries(.followup).count
    #expect(try await watch.turn() == count)
    #expect(try await watch.turn() == 0)
    made.fake.edit { $0.update("followup", 1, ["status": "complete: 3 images"]) }
    #expect(try await watch.turn() == 1)
    let lines = try await made.lines(RequestWatch.kind)
    #expect(lines.last?.contains("complete: 3 images") ?? false)
    let key = made.fake.state.row("followup", 1)?["payload"]?["planner_request_id"]?.text ?? ""
    let slug = key.split(separator: "/").last.map(String.init) ?? ""
    let plan = try #require(try await made.bench.store.plans(of: Self.id, state: .live).first)
    let own = try await made.bench.store.assignments(of: plan.id).filter { $0.assignment.telescope == slug }
    #expect(!own.isEmpty && own.allSatisfy { $0.state == .observed })
    // Another life knows what was said.
    let later = RequestWatch(
      store: made.bench.store, channel: made.channel, clock: made.bench.time.clock, logger: Logger(label: "t")
    )
    #expect(try await later.turn() == 0)
  }

  @Test func aBetterPlaceIsProposedAndAppliedByAPerson() async throws {
    let made = try await bench()
    defer { made.fake.stop() }
    try await made.bench.bring(svom())
    try await made.bench.settle()
    try await made.bench.bring(svom("MXT", step: "mxt-initial_qla", ra: "10.55", error: "0.01", number: 4))
    try await made.bench.settle()
    let proposed = try await made.lines("crossmatch.proposed")
    #expect(proposed.count == 1 && proposed[0].contains("36.0 arcsec") && proposed[0].contains("MXT"))
    #expect(try await made.lines("crossmatch.applied").isEmpty)
    #expect(try await made.deliveries(.localization).allSatisfy { !$0.key.text.contains("/place/") })
    // A wider circle of another instrument is no improvement.
    try await made.bench.bring(svom("GRM", step: "grm-trigger", ra: "12", error: "5", number: 6))
    try await made.bench.settle()
    #expect(try await made.lines("crossmatch.proposed").count == 1)

    var configuration = ServiceConfiguration()
    configuration.state = made.bench.folder.path
    let words = try await CrossMatchDesk(configuration, clock: made.bench.time.clock).apply(Self.id)
    #expect(words.contains("10.55"))
    try await made.bench.settle()
    #expect(try await made.lines("crossmatch.applied").count == 1)
    made.bench.time.advance(.hours(1))
    try await made.deliver()
    let maps = made.fake.state.rows("map").compactMap { $0["localization_name"]?.text }
    #expect(maps.contains("10.55000_-21.25000_0.01000"), "\(maps)")
    #expect(made.fake.state.rows("comment").contains { $0["text"]?.text?.contains("by svom MXT") ?? false })
    #expect(made.fake.state.rows("tag").contains { $0["text"] == "svom MXT" })
    await #expect(throws: ConfigurationError.self) {
      _ = try await CrossMatchDesk(configuration, clock: made.bench.time.clock).apply(Self.id)
    }
  }

  @Test func aPolicyMayApplyAtOnce() async throws {
    let made = try await bench(.apply)
    defer { made.fake.stop() }
    try await made.bench.bring(svom())
    try await made.bench.settle()
    try await made.bench.bring(svom("MXT", step: "mxt-initial_qla", ra: "10.55", error: "0.01", number: 4))
    try await made.bench.settle()
    #expect(try await made.lines("crossmatch.applied").count == 1)
    #expect(try await made.deliveries(.localization).contains { $0.key.text.contains("/place/") })
  }
}

@Suite struct ReadBackTests {
  private func delivered() async throws -> IcareBench {
    let made = try await IcareBench(
      at: "2026-11-21T20:02:00Z", options: IcareOptions(group: "GRANDMA", instruments: [:]))
    try await made.bench.bring(svom())
    try await made.bench.settle()
    try await made.deliver()
    return made
  }

  @Test func everythingIsComparedWithinAMinute() async throws {
    let made = try await delivered()
    defer { made.fake.stop() }
    let done = try await made.bench.store.latestDeliveries(channel: "icare", [.done], limit: 100).count
    #expect(done >= 3)
    let loop = made.readBack
    var watch = ReadBackWatch(loop: loop)
    try await watch.turn()
    made.bench.time.advance(.seconds(5))
    try await watch.turn()
    #expect(loop.ledger.counts.results == [.equal: done])
    #expect(loop.ledger.counts.pending == 0 && loop.ledger.counts.open == 0)
    // A new life does not compare again.
    made.fake.clearLog()
    let second = made.readBack
    var later = ReadBackWatch(loop: second)
    try await later.turn()
    #expect(made.fake.log.isEmpty)
    #expect(second.ledger.counts.results == [.equal: done])
  }

  @Test func whatIsLostIsSaidOnceAndShown() async throws {
    let made = try await delivered()
    defer { made.fake.stop() }
    let lost = made.fake.state.rows("comment").count
    made.fake.edit { state in
      for row in state.rows("comment") { state.remove("comment", row["id"]?.int ?? 0) }
    }
    let loop = made.readBack
    var watch = ReadBackWatch(loop: loop)
    for _ in 0..<12 {
      made.bench.time.advance(.seconds(5))
      try await watch.turn()
    }
    #expect(loop.ledger.counts.results[.absent] == lost)
    let records = try await made.bench.store.latestLog(kind: ReadBackRecord.kind, limit: 100)
      .compactMap(ReadBackRecord.init).filter { $0.result == .absent }
    #expect(lost > 0 && records.count == lost)
    #expect(records.allSatisfy { $0.delay <= .seconds(60) }, "\(records)")
  }

  @Test func aSilentServerIsAskedAgainUntilItAnswers() async throws {
    let made = try await delivered()
    defer { made.fake.stop() }
    made.fake.setFaults { _ in .page(502) }
    let loop = made.readBack
    var watch = ReadBackWatch(loop: loop)
    for _ in 0..<20 {
      made.bench.time.advance(.seconds(5))
      try await watch.turn()
    }
    #expect((loop.ledger.counts.results[.unread] ?? 0) > 0)
    made.fake.setFaults { _ in nil }
    made.bench.time.advance(.minutes(6))
    try await watch.turn()
    #expect(loop.ledger.counts.open == 0, "\(loop.ledger.counts)")
  }
}
