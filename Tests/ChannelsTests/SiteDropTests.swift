import Deliveries
import Foundation
import Testing
import Units

@testable import Channels

@Suite struct SiteDropTests {
  private static func drop(
    _ order: Int64, _ kind: String = "plan", event: String = "S230518h", _ text: String? = nil,
    isMock: Bool = false
  ) throws -> Delivery {
    let payload = try SiteDropPayload(
      event: event, type: "txt", text: text ?? "plan \(order)\r\n", order: order,
      reason: kind == "stop" ? "retracted\nnow" : nil)
    return delivery(
      "drop:tca/\(event)/\(order)/\(kind)", "drop:tca", kind, try payload.encoded(), isMock: isMock)
  }

  private struct Bench {
    let scratch: Scratch
    let channel: SiteDropChannel
    init() throws {
      scratch = try Scratch()
      channel = try SiteDropChannel(.init(name: "drop:tca", folder: scratch.path))
    }
    func send(_ delivery: Delivery) async -> SendOutcome {
      await channel.send(delivery, receipts: [:], now: now)
    }
    func readBack(_ delivery: Delivery) async -> ReadBack {
      await channel.readBack(delivery, receipts: [:], now: now)
    }
    func text(_ name: String) -> String? {
      try? String(contentsOfFile: scratch.path + "/" + name, encoding: .utf8)
    }
    var names: [String] {
      ((try? FileManager.default.contentsOfDirectory(atPath: scratch.path)) ?? []).filter {
        !$0.hasPrefix(".")
      }
      .sorted()
    }
  }

  @Test func theNewestPlanIsThereAndTheLateOneIsNot() async throws {
    let bench = try Bench()
    let first = try Self.drop(1)
    #expect(await bench.readBack(first) == .absent)
    let receipt = try #require(await bench.send(first).receipt)
    #expect(receipt == "vesper-S230518h.txt " + SHA256.hexDigest(of: "plan 1\r\n").prefix(16))
    #expect(await bench.readBack(first) == .present(receipt: receipt))
    _ = await bench.send(try Self.drop(3))
    #expect(await bench.send(try Self.drop(2)).receipt?.hasSuffix("a newer plan is there") == true)
    #expect(bench.text("vesper-S230518h.txt") == "plan 3\r\n")
    #expect(await bench.readBack(first).word == "present")
    // Another event has a file of its own.
    _ = await bench.send(try Self.drop(1, event: "GRB260710A"))
    #expect(bench.names == ["vesper-GRB260710A.txt", "vesper-S230518h.txt"])
  }

  @Test func aStopIsSeenAndANewPlanEndsIt() async throws {
    let bench = try Bench()
    _ = await bench.send(try Self.drop(1))
    let stop = try Self.drop(1, "stop", "STOP\r\n")
    #expect(await bench.send(stop).word == "confirmed")
    #expect(bench.text("vesper-S230518h.txt") == "STOP\r\n")
    #expect(bench.text("vesper-S230518h.STOP") == "STOP S230518h: retracted now\n")
    // The plan that it ended does not come back.
    _ = await bench.send(try Self.drop(1))
    #expect(bench.text("vesper-S230518h.txt") == "STOP\r\n")
    _ = await bench.send(try Self.drop(2))
    #expect(bench.names == ["vesper-S230518h.txt"] && bench.text("vesper-S230518h.txt") == "plan 2\r\n")
  }

  @Test func whatIsThereIsNotTouchedAndWhatWasChangedIsMended() async throws {
    let bench = try Bench()
    let delivery = try Self.drop(1)
    _ = await bench.send(delivery)
    func number() throws -> Int? {
      try FileManager.default.attributesOfItem(atPath: bench.scratch.path + "/vesper-S230518h.txt")[
        .systemFileNumber] as? Int
    }
    let before = try number()
    #expect(await bench.send(delivery).word == "confirmed")
    #expect(try number() == before)
    try "changed".write(
      toFile: bench.scratch.path + "/vesper-S230518h.txt", atomically: false, encoding: .utf8)
    #expect(await bench.readBack(delivery) == .absent)
    #expect(await bench.send(delivery).word == "confirmed")
    #expect(bench.text("vesper-S230518h.txt") == "plan 1\r\n")
  }

  @Test(arguments: ["../../x", "/etc/passwd", "a\0b", String(repeating: "x", count: 4096), "..", "a/b"])
  func namesStayInside(_ name: String) async throws {
    let bench = try Bench()
    #expect(await bench.send(try Self.drop(1, event: name)).word == "confirmed")
    #expect(bench.names.count == 1 && bench.names[0].hasPrefix("vesper-"))
  }

  @Test func foldersThatFail() async throws {
    let gone = try SiteDropChannel(.init(name: "drop:tca", folder: "/no/such/folder"))
    #expect(await gone.send(try Self.drop(1), receipts: [:], now: now).word == "unsent")
    #expect(await gone.readBack(try Self.drop(1), receipts: [:], now: now).word == "unknown now")
    #expect(await gone.trouble() == "is not there")
    let bench = try Bench()
    #expect(await bench.channel.trouble() == nil)
    #expect(await bench.send(try Self.drop(1, isMock: true)).word == "refused")
    #expect(throws: ChannelError.self) { try SiteDropChannel(.init(name: "x", folder: "relative")) }
    #expect(throws: ChannelError.self) {
      try SiteDropPayload(event: "E", type: "../x", text: "", order: 0)
    }
  }
}
