import Deliveries
import Foundation
import Testing
import Units
import WebClient

@testable import Channels
@testable import FarSides

/// The rule of the outbox in its shortest form: what is unsent is sent again, what is ambiguous is read back
/// first, until the delivery is confirmed.
private func settle(
  _ delivery: Delivery, through channel: some DeliveryChannel, receipts: [DeliveryKey: String] = [:]
) async -> String? {
  for _ in 0..<60 {
    switch await channel.send(delivery, receipts: receipts, now: now) {
    case .confirmed(let receipt): return receipt
    case .unsent: continue
    case .refused, .halted: return nil
    case .ambiguous:
      asking: for _ in 0..<60 {
        switch await channel.readBack(delivery, receipts: receipts, now: now) {
        case .present(let receipt): return receipt
        case .absent: break asking
        case .unknown(_, true): return nil
        case .unknown: continue
        }
      }
    }
  }
  return nil
}

/// Far sides that lie: every delivery takes effect once, whatever the client is told. Hangs are left out for
/// the sake of time; `ambiguousIsReadBack` has them.
@Suite struct ExactlyOnceTests {
  static let lies: [Treatment] = [
    .acceptedThen504, .acceptedThenReset, .acceptedThenTruncated, .acceptedThenPage, .tooMany, .resetUnread,
    .pageUnread, Treatment(accepts: false, .status(500)), Treatment(accepts: false, .truncated),
  ]
  static let blindness: [Treatment] = [
    .pageUnread, .resetUnread, .tooMany, Treatment(accepts: true, .truncated),
  ]

  private func spoil(_ server: HTTPFarSide, seed: UInt64) {
    server.faults.sometimes(Self.lies, share: 0.6, seed: seed)
    server.readFaults.sometimes(Self.blindness, share: 0.3, seed: seed &+ 1)
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func slack(_ seed: UInt64) async throws {
    let bench = try SlackBench()
    spoil(bench.far.server, seed: seed)
    let root = try #require(await settle(try bench.root(), through: bench.channel), "seed \(seed)")
    let receipts = [DeliveryKey(SlackBench.rootKey): root]
    for n in 1...8 {
      #expect(await settle(try bench.edit(n), through: bench.channel, receipts: receipts) != nil)
      #expect(await settle(try bench.reply(n), through: bench.channel, receipts: receipts) != nil)
    }
    #expect(bench.far.roots.map(\.text) == ["state 8"], "seed \(seed)")
    #expect(bench.far.messages.filter { $0.thread != nil }.map(\.text) == (1...8).map { "reply \($0)" })
    let keys = bench.far.history.all.map(\.key)
    #expect(Set(keys).count == keys.count, "seed \(seed)")
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func webhook(_ seed: UInt64) async throws {
    let bench = try WebhookBench()
    spoil(bench.far.server, seed: seed)
    for n in 0..<20 {
      let item = delivery("hook/\(n)", "webhook:obs", "x", Array("{\"n\":\(n)}".utf8))
      #expect(await settle(item, through: bench.channel) != nil)
    }
    #expect(bench.far.effects.count == 20)
    #expect(bench.far.effects.values.allSatisfy { $0 == 1 }, "seed \(seed): \(bench.far.effects)")
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func treasureMap(_ seed: UInt64) async throws {
    let bench = try MapBench()
    spoil(bench.far.server, seed: seed)
    let all = Array(1...10)
    #expect(await settle(try bench.planned(all), through: bench.channel) != nil)
    let done = try bench.item(
      "completed", all.prefix(5).map { .init(try pointing($0, later: 5), planned: try pointing($0)) })
    #expect(await settle(done, through: bench.channel) != nil)
    let rest = try bench.item("cancelled", all.map { .init(try pointing($0)) })
    #expect(await settle(rest, through: bench.channel) != nil)
    let states = bench.far.pointings.map(\.status)
    #expect(
      states == Array(repeating: "completed", count: 5) + Array(repeating: "cancelled", count: 5),
      "seed \(seed)")
  }
}

@Suite struct HistoryTests {
  @Test func otherProcessesCanReadIt() async throws {
    let scratch = try Scratch()
    let path = scratch.path + "/history.jsonl"
    let far = try WebhookFarSide(history: History(path: path))
    let channel = try WebhookChannel(
      .init(name: "w", address: far.address, secret: Secret("s")), client: WebClient())
    for n in 0..<5 {
      let item = delivery("k\(n)", "w", "x", Array("{\"n\":\(n)}".utf8))
      #expect(await channel.send(item, receipts: [:], now: now).word == "confirmed")
    }
    let read = try History.read(path)
    #expect(read == far.history.all)
    #expect(read.map(\.key) == (0..<5).map { "k\($0)" })
    #expect(read[3].detail == ["body": "{\"n\":3}"])
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data("{\"n\":6,\"si".utf8))
    #expect(try History.read(path).count == 5)
  }

  @Test func faultsComeFromTheirSeed() {
    func draw(_ seed: UInt64) -> [Treatment] {
      let plan = FaultPlan([.tooMany])
      plan.sometimes([.acceptedThen504, .resetUnread], share: 0.5, seed: seed)
      return (0..<200).map { _ in plan.next() }
    }
    #expect(draw(7) == draw(7))
    #expect(draw(7) != draw(8))
    #expect(draw(7)[0] == .tooMany)
    let faults = draw(7).filter { $0 != .normal }.count
    #expect((70...130).contains(faults))
  }
}
