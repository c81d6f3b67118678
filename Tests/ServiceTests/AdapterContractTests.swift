import Channels
import Deliveries
import FakeIcare
import FarSides
import Foundation
import Icare
import Store
import Testing
import Units
import WebClient

@testable import Service

/// One contract for all that takes deliveries: what is sent arrives once and reads back; a repetition, also by a
/// store that does not know that it has sent, changes nothing; what is taken back is taken back there.
@Suite(.serialized) struct AdapterContractTests {
  /// A channel with its far side.
  private struct Adapter {
    let channel: any DeliveryChannel
    let sent: [Delivery]
    let ends: [Delivery]
    /// False where the far side cannot be asked: then a person decides.
    var canBeAsked = true
    /// How much has taken effect on the far side.
    let effects: () -> Int
    let hasEnded: () throws -> Bool
    var close: () -> Void = {}
  }

  private static let event = "S230518h"
  private static let start = ServiceClock.system.now()

  private static func delivery(
    _ key: String, _ channel: String, _ kind: String, _ payload: [UInt8], needs: [String] = []
  ) -> Delivery {
    Delivery(
      key: DeliveryKey("\(channel)/\(key)"), channel: channel, kind: kind, payload: payload, event: event,
      isMock: false, notBefore: start, needs: needs.map { DeliveryKey("\(channel)/\($0)") })
  }

  static let names = ["slack", "mail", "webhook", "icare", "files", "drop", "treasure map"]

  private static func adapter(_ name: String, _ folder: URL) throws -> Adapter {
    switch name {
    case "slack": try slack()
    case "mail": try mail()
    case "webhook": try webhook()
    case "icare": try icare()
    case "files": try files(folder)
    case "drop": try drop(folder)
    default: try treasureMap()
    }
  }

  @Test(arguments: names)
  func theContract(_ name: String) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "vesper-contract-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    // A leftover in the temporary folder is harmless.
    defer { try? FileManager.default.removeItem(at: folder) }
    let adapter = try Self.adapter(name, folder)
    defer { adapter.close() }
    let outbox = try await OutboxBench(folder, "first", adapter.channel)
    try await outbox.deliver(adapter.sent)
    for delivery in adapter.sent {
      let entry = try #require(try await outbox.entry(delivery.key))
      #expect(entry.state == .done && entry.receipt != nil, "\(delivery.key): \(entry.reason ?? "")")
      let answer = await adapter.channel.readBack(
        delivery, receipts: try await outbox.receipts(adapter.sent), now: outbox.now)
      switch answer {
      case .present: #expect(adapter.canBeAsked)
      case .unknown(_, final: true): #expect(!adapter.canBeAsked)
      default: Issue.record("\(name): \(delivery.key) reads back as \(answer)")
      }
    }
    let effects = adapter.effects()
    #expect(effects == adapter.sent.count, "\(name): \(effects)")
    for _ in 0..<3 { try await outbox.deliver(adapter.sent) }
    #expect(adapter.effects() == effects)
    // A store that was restored asks before it sends.
    let restored = try await OutboxBench(folder, "restored", adapter.channel)
    try await restored.deliver(adapter.sent, mayHaveBeenSent: true)
    for delivery in adapter.sent {
      let state = try await restored.entry(delivery.key)?.state
      #expect(state == (adapter.canBeAsked ? .done : .parked), "\(delivery.key)")
    }
    #expect(adapter.effects() == effects)
    #expect(try !adapter.hasEnded())
    try await outbox.deliver(adapter.ends)
    for delivery in adapter.ends {
      let entry = try #require(try await outbox.entry(delivery.key))
      #expect(entry.state == .done, "\(delivery.key): \(entry.reason ?? "")")
    }
    #expect(try adapter.hasEnded())
  }

  /// The outbox of a store of its own, with one lane.
  private final class OutboxBench {
    let store: Store
    let channel: any DeliveryChannel
    var now = AdapterContractTests.start
    private let epoch: Int64

    init(_ folder: URL, _ name: String, _ channel: any DeliveryChannel) async throws {
      store = try Store(path: folder.appending(path: "\(name).sqlite").path)
      self.channel = channel
      let lease = try await store.seize(
        store.options.lease, holder: "test", seen: nil,
        until: AdapterContractTests.start + .hours(10_000))
      epoch = try #require(lease).epoch
    }

    func entry(_ key: DeliveryKey) async throws -> OutboxEntry? {
      try await store.deliveries(
        Set(DeliveryState.allCases), event: AdapterContractTests.event, limit: 100
      ).first { $0.key == key }
    }

    func receipts(_ list: [Delivery]) async throws -> [DeliveryKey: String] {
      var all: [DeliveryKey: String] = [:]
      for delivery in list { all[delivery.key] = try await entry(delivery.key)?.receipt }
      return all
    }

    func deliver(_ list: [Delivery], mayHaveBeenSent: Bool = false) async throws {
      var outcome = StepOutcome()
      outcome.deliveries = list
      outcome.mayHaveBeenSent = mayHaveBeenSent
      try await store.commit(outcome, at: now)
      let lane = Lane(channel: channel.name, acceptsMocks: false)
      for _ in 0..<500 {
        switch try await store.next(on: lane, epoch: epoch, at: now).step {
        case .send(let claim):
          let done = await channel.send(claim.delivery, receipts: claim.receipts, now: now)
          _ = try await store.settle(claim, with: .sent(done), at: now, jitter: Fraction(clamping: 0.5))
        case .readBack(let claim):
          let answer = await channel.readBack(claim.delivery, receipts: claim.receipts, now: now)
          _ = try await store.settle(claim, with: .asked(answer), at: now, jitter: Fraction(clamping: 0.5))
        case .idle(let until):
          guard let until else { return }
          now = max(until, now + .milliseconds(1))
        }
      }
      Issue.record("the outbox of \(channel.name) never came to rest")
    }
  }

  // MARK: The adapters

  private static func slack() throws -> Adapter {
    let far = try SlackFarSide(token: "xoxb-1", conversation: "C0TEST123", history: History())
    var configuration = SlackChannel.Configuration(conversation: "C0TEST123", token: Secret("xoxb-1"))
    configuration.base = far.base
    func payload(_ text: String, root: Bool, _ sequence: Int) throws -> [UInt8] {
      try SlackPayload(
        text: text, blocks: [.section(.plain(text))], root: root ? DeliveryKey("slack/root") : nil,
        sequence: sequence
      ).encoded()
    }
    return Adapter(
      channel: try SlackChannel(configuration, client: WebClient()),
      sent: [
        delivery("root", "slack", SlackPayload.post, try payload("GO", root: false, 0)),
        delivery("reply", "slack", SlackPayload.reply, try payload("plan", root: true, 0), needs: ["root"]),
      ],
      ends: [
        delivery("edit", "slack", SlackPayload.edit, try payload("STOP", root: true, 2), needs: ["root"])
      ],
      effects: { far.messages.count }, hasEnded: { far.roots.map(\.text) == ["STOP"] }, close: { far.stop() })
  }

  private static func mail() throws -> Adapter {
    let far = try MailFarSide(history: History())
    let server = MailServer(host: "127.0.0.1", port: far.port, security: .none, user: nil, password: nil)
    let channel = try MailChannel(
      .init(server: server, sender: MailAddress("vesper@a.example"), messageHost: "a.example"))
    func payload(_ subject: String) throws -> [UInt8] {
      try MailPayload(to: [MailAddress("b@b.example")], subject: subject, body: "text\n", date: start)
        .encoded()
    }
    return Adapter(
      channel: channel, sent: [delivery("1", "mail", MailPayload.mail, try payload("GO"))],
      ends: [delivery("2", "mail", MailPayload.mail, try payload("STOP"))], canBeAsked: false,
      effects: { far.messages.count }, hasEnded: { far.messages.last?.contains("Subject: STOP") ?? false },
      close: { far.stop() })
  }

  private static func webhook() throws -> Adapter {
    let far = try WebhookFarSide(history: History())
    var configuration = WebhookChannel.Configuration(
      name: "webhook:obs", address: far.address, secret: Secret("whsec"))
    configuration.readBackAddress = far.readBackAddress
    func body(_ word: String) -> [UInt8] { Array(#"{"occasion":"\#(word)"}"#.utf8) }
    return Adapter(
      channel: try WebhookChannel(configuration, client: WebClient()),
      sent: [delivery("1", "webhook:obs", "plan", body("plan"))],
      ends: [delivery("2", "webhook:obs", "stop", body("stop"))],
      effects: { far.effects.values.reduce(0, +) },
      hasEnded: { far.history.all.contains { "\($0)".contains("stop") } }, close: { far.stop() })
  }

  private static func icare() throws -> Adapter {
    let far = try FakeIcare()
    far.setLimit(perSecond: 1e6, burst: 1e6)
    far.setClock { start }
    far.edit {
      $0.backgroundDelay = .zero
      $0.addSite(telescope: "tca", instrument: "CAM-tca", filters: ["sdssr"], api: "GENERICAPI")
    }
    var configuration = IcareClient.Configuration(
      address: try WebURL(far.address), token: Secret(FakeIcare.token))
    configuration.rate = try #require(RateLimit(capacity: 1000, perSecond: 100_000))
    let source = SourceTarget(
      id: "GRB260710A", position: Direction(ra: .degrees(300), dec: .degrees(30)))
    let allocation = AllocationKey(instrument: "CAM-tca", group: "GRANDMA")
    let request = FacilityRequest.generic(
      filters: ["sdssr"], exposureSeconds: 60, exposures: 3, maximumAirmass: 2, minimumMoonDegrees: 30,
      priority: 3)
    let push = FollowupPush(
      source: source, allocation: allocation, request: request,
      window: TimeWindow(start, start + .hours(24)), groups: ["GRANDMA"])
    let asked = try IcarePush.followup(push).delivery(key: "icare/f/tca", event: event, notBefore: start)
    let cancel = try IcarePush.cancel(
      CancelPush(followup: "icare/f/tca", source: source.id, allocation: allocation)
    ).delivery(key: "icare/f/tca/cancel", event: event, notBefore: start)
    func rows(_ isLive: Bool) -> Int {
      far.state.rows("followup").filter { ($0["status"] == "deleted") != isLive }.count
    }
    return Adapter(
      channel: IcareChannel(client: try IcareClient(configuration)), sent: [asked], ends: [cancel],
      effects: { rows(true) + rows(false) }, hasEnded: { rows(true) == 0 }, close: { far.stop() })
  }

  private static func files(_ folder: URL) throws -> Adapter {
    let root = folder.appending(path: "share")
    try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
    func payload(_ text: String, _ reason: String?) throws -> [UInt8] {
      try FileDropPayload(
        category: "GW", event: event, revision: 1, plan: 1, label: "INITIAL", reason: reason,
        files: [.init(folder: "TILING", name: "TCA", text: text)]
      ).encoded()
    }
    let current = root.appending(path: "Candidates/GW/\(event)/GWEMOPT/current/TILING/TCA.txt").path
    return Adapter(
      channel: try FileDropChannel(.init(root: root.path)),
      sent: [delivery("1", "files", FileDropPayload.plan, try payload("GO", nil))],
      ends: [delivery("2", "files", FileDropPayload.stop, try payload("STOP", "retracted"))],
      effects: { FileManager.default.fileExists(atPath: current) ? 1 : 0 },
      hasEnded: { try String(contentsOfFile: current, encoding: .utf8) == "STOP" })
  }

  private static func drop(_ folder: URL) throws -> Adapter {
    let root = folder.appending(path: "acp")
    try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
    func payload(_ text: String, _ reason: String?) throws -> [UInt8] {
      try SiteDropPayload(event: event, type: "txt", text: text, order: start.tai, reason: reason).encoded()
    }
    func names() -> [String] {
      ((try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []).filter { !$0.hasPrefix(".") }
    }
    return Adapter(
      channel: try SiteDropChannel(.init(name: "drop:tca", folder: root.path)),
      sent: [delivery("1", "drop:tca", SiteDropPayload.plan, try payload("; GO\r\n", nil))],
      ends: [delivery("2", "drop:tca", SiteDropPayload.stop, try payload("; STOP\r\n", "retracted"))],
      effects: { names().count },
      hasEnded: {
        let plan = root.appending(path: "vesper-\(event).txt").path
        return try names().contains("vesper-\(event).STOP")
          && String(contentsOfFile: plan, encoding: .utf8) == "; STOP\r\n"
      })
  }

  private static func treasureMap() throws -> Adapter {
    let far = try TreasureMapFarSide(token: "t0", events: [event], history: History())
    var configuration = TreasureMapChannel.Configuration(token: Secret("t0"))
    configuration.base = far.base
    let pointing = try TreasureMapPointing(
      at: Direction(ra: .degrees(221.5), dec: .degrees(-23.8)), start: start + .hours(1), band: "r",
      depth: nil)
    func payload() throws -> [UInt8] {
      try TreasureMapPayload(event: event, instrument: 47, items: [.init(pointing)]).encoded()
    }
    return Adapter(
      channel: try TreasureMapChannel(configuration, client: WebClient()),
      sent: [delivery("1", "treasure-map", "planned", try payload())],
      ends: [delivery("2", "treasure-map", TreasureMapPayload.cancelled, try payload())],
      effects: { far.pointings.count }, hasEnded: { far.pointings.allSatisfy { $0.status == "cancelled" } },
      close: { far.stop() })
  }
}
