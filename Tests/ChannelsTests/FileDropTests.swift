import Deliveries
import Foundation
import Testing
import Units

@testable import Channels

private func drop(
  _ revision: Int, plan: Int = 1, kind: String = "plan", label: String = "UPDATE-2",
  telescopes: [String] = ["TAROT/TCA", "FRAM"],
  event: String = "S230518h", text: String = "plan"
) throws -> Delivery {
  let payload = try FileDropPayload(
    category: "GW", event: event, revision: revision, plan: plan, label: label,
    reason: kind == "stop" ? "retracted" : nil,
    files: telescopes.map { .init(folder: "TILING", name: $0, text: "# \($0) \(text) r\(revision)\n") })
  return delivery("files/\(event)/r\(revision)p\(plan)/\(kind)", "files", kind, try payload.encoded())
}

private struct DropBench {
  let scratch: Scratch
  let channel: FileDropChannel

  init() throws {
    scratch = try Scratch()
    channel = try FileDropChannel(.init(root: scratch.path))
  }
  var plans: String { scratch.path + "/Candidates/GW/S230518h/GWEMOPT" }
  func send(_ delivery: Delivery) async -> SendOutcome {
    await channel.send(delivery, receipts: [:], now: now)
  }
  func readBack(_ delivery: Delivery) async -> ReadBack {
    await channel.readBack(delivery, receipts: [:], now: now)
  }
  func text(_ path: String) -> String? { try? String(contentsOfFile: plans + "/" + path, encoding: .utf8) }
  func folder(_ delivery: Delivery, steps: @escaping @Sendable (String) throws -> Void = { _ in }) throws
    -> DropFolder
  {
    DropFolder(
      root: scratch.path, layout: DropLayout(try FileDropPayload(of: delivery), of: delivery),
      beforeStep: steps)
  }
  var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: plans).sorted()) ?? [] }
}

private struct Crash: Error {}

private final class StepCounter: @unchecked Sendable {
  private let lock = NSLock()
  private var left: Int
  init(_ left: Int) { self.left = left }
  func step() throws {
    try lock.withLock {
      if left == 0 { throw Crash() }
      left -= 1
    }
  }
}

@Suite struct FileDropTests {
  @Test func aPlanLiesWhereTeamsLook() async throws {
    let bench = try DropBench()
    let delivery = try drop(3)
    let receipt = try #require(await bench.send(delivery).receipt)
    #expect(receipt == "r003p01-UPDATE-2-" + delivery.digest.prefix(8))
    let tca = SafeName.encode("TAROT/TCA")
    #expect(bench.text("current/TILING/\(tca).txt") == "# TAROT/TCA plan r3\n")
    #expect(bench.text("current.txt") == receipt + "\n")
    #expect(bench.text("current/ALL.txt") == "# TAROT/TCA plan r3\n\n# FRAM plan r3\n")
    for name in ["IMAGES", "KNC_IMAGES", "LOGBOOK", "VOEVENTS"] {
      #expect(FileManager.default.fileExists(atPath: bench.scratch.path + "/Candidates/GW/S230518h/" + name))
    }
    let sums = try #require(bench.text("current/SHA256SUMS"))
    #expect(sums.contains("\(SHA256.hexDigest(of: "# FRAM plan r3\n"))  TILING/FRAM.txt\n"))
    #expect(await bench.readBack(delivery) == .present(receipt: receipt))
    #expect(await bench.send(delivery).receipt == receipt)
    #expect(bench.names == ["current", "current.txt", receipt])
  }

  @Test func laterPlansTakeOverAndLateOnesDoNot() async throws {
    let bench = try DropBench()
    let (first, second, late) = (try drop(3), try drop(4), try drop(3, plan: 2))
    let old = try #require(await bench.send(first).receipt)
    let new = try #require(await bench.send(second).receipt)
    #expect(bench.text("current/TILING/FRAM.txt") == "# FRAM plan r4\n")
    #expect(bench.text("\(old)/SUPERSEDED.txt") == "Not current any more: see ../\(new)\n")
    let outcome = await bench.send(late)
    #expect(outcome.receipt?.hasSuffix("(\(new) is newer)") == true)
    #expect(bench.text("current.txt") == new + "\n")
    #expect(bench.text("current/TILING/FRAM.txt") == "# FRAM plan r4\n")
    #expect(await bench.readBack(late).word == "present")
    #expect(await bench.readBack(first).word == "present")
    #expect(await bench.readBack(try drop(5)) == .absent)
  }

  @Test func aStopIsSaidEverywhere() async throws {
    let bench = try DropBench()
    let old = try #require(await bench.send(try drop(3)).receipt)
    let stop = try drop(3, kind: "stop", text: "STATUS=STOP")
    let receipt = try #require(await bench.send(stop).receipt)
    #expect(receipt.hasPrefix("r003p01-STOP-"))
    #expect(bench.text("\(old)/STOP.txt")?.hasPrefix("STOP S230518h: retracted\n") == true)
    #expect(bench.text("current/STOP.txt") != nil)
    #expect(bench.text("current/TILING/FRAM.txt") == "# FRAM STATUS=STOP r3\n")
    // A plan from before the STOP that comes late does not bring it back.
    _ = await bench.send(try drop(3, text: "late"))
    #expect(bench.text("current.txt") == receipt + "\n")
    // A plan after it does.
    _ = await bench.send(try drop(4))
    #expect(bench.text("current/TILING/FRAM.txt") == "# FRAM plan r4\n")
  }

  /// Every step that changes the disk, cut off in turn: the reader has the old plan or the new one, whole, and
  /// the next attempt finishes.
  @Test(arguments: ["plan", "stop"])
  func everyCrashLeavesAWholePlan(_ kind: String) async throws {
    var points = 0
    while true {
      let bench = try DropBench()
      let old = try drop(3)
      _ = await bench.send(old)
      let new = try drop(4, kind: kind)
      let counter = StepCounter(points)
      let torn = try bench.folder(new) { _ in try counter.step() }
      do { _ = try torn.write() } catch is Crash {
        let text = bench.text("current/TILING/FRAM.txt")
        #expect(text == "# FRAM plan r3\n" || text == "# FRAM plan r4\n")
        let sums = try #require(bench.text("current/SHA256SUMS"))
        for line in sums.split(separator: "\n") {
          let path = line.split(separator: " ").last.map(String.init) ?? ""
          #expect(
            bench.text("current/\(path)").map { SHA256.hexDigest(of: $0) } == line.prefix(64).description)
        }
        let pointer = try #require(bench.text("current.txt")).dropLast()
        #expect(bench.text("\(pointer)/SHA256SUMS") != nil)
        // Until the last step is done something is owed: the pointer, or the word in the older plan.
        #expect(await bench.readBack(new) == .absent, "cut off at step \(points)")
        #expect(await bench.send(new).word == "confirmed")
        #expect(bench.text("current/TILING/FRAM.txt") == "# FRAM plan r4\n")
        #expect(await bench.readBack(new).word == "present")
        #expect(!bench.names.contains { $0.hasPrefix(".") })
        points += 1
        continue
      }
      break
    }
    #expect(points >= 9, "\(points) crash points")
  }

  /// A plan that a crash cut off and a newer one replaced leaves nothing behind.
  @Test func theNewerPlanClearsWhatACrashLeft() async throws {
    for point in 0..<8 {
      let bench = try DropBench()
      _ = await bench.send(try drop(3))
      let counter = StepCounter(point)
      do { _ = try bench.folder(try drop(4)) { _ in try counter.step() }.write() } catch is Crash {}
      #expect(await bench.send(try drop(5)).word == "confirmed")
      #expect(!bench.names.contains { $0.hasSuffix(".part") }, "cut off at step \(point)")
    }
  }

  /// Before the first plan there is nothing to keep, but nothing half either.
  @Test func crashesOfTheFirstPlan() async throws {
    for point in 0..<20 {
      let bench = try DropBench()
      let delivery = try drop(1)
      let counter = StepCounter(point)
      do { _ = try bench.folder(delivery) { _ in try counter.step() }.write() } catch is Crash {
        if let sums = bench.text("current/SHA256SUMS") { #expect(sums.split(separator: "\n").count == 3) }
        #expect(await bench.readBack(delivery) == .absent, "cut off at step \(point)")
        #expect(await bench.send(delivery).word == "confirmed")
      }
      #expect(bench.text("current/TILING/FRAM.txt") == "# FRAM plan r1\n")
      #expect(await bench.readBack(delivery).word == "present")
    }
  }

  @Test func tamperedPlansAreNoticedAndMended() async throws {
    let bench = try DropBench()
    let delivery = try drop(3)
    let receipt = try #require(await bench.send(delivery).receipt)
    let file = bench.plans + "/\(receipt)/TILING/FRAM.txt"
    try "changed".write(toFile: file, atomically: false, encoding: .utf8)
    #expect(await bench.readBack(delivery) == .absent)
    #expect(await bench.send(delivery).word == "confirmed")
    #expect(bench.text("current/TILING/FRAM.txt") == "# FRAM plan r3\n")
    #expect(!bench.names.contains { $0.hasPrefix(".") })
  }

  /// Every name there may be stays beneath the root.
  @Test(arguments: [
    "../../../escape", "/etc/passwd", "a\0b", "\u{202E}gpj", String(repeating: "x", count: 4096), "..", ".",
    "-rf", "CON", "a/b",
  ])
  func namesStayInside(_ name: String) async throws {
    let bench = try DropBench()
    let delivery = try drop(1, label: name, telescopes: [name, "B"], event: name)
    #expect(await bench.send(delivery).word == "confirmed")
    let all = FileManager.default.subpaths(atPath: bench.scratch.path) ?? []
    #expect(all.contains { $0.hasSuffix("/TILING/B.txt") })
    #expect(
      all.allSatisfy { !$0.contains("..") && $0.split(separator: "/").allSatisfy { $0.utf8.count <= 255 } })
    let above = URL(filePath: bench.scratch.path).deletingLastPathComponent().appending(path: "escape").path
    #expect(!FileManager.default.fileExists(atPath: above))
  }

  @Test func linksDoNotLeadOutside() async throws {
    let bench = try DropBench()
    let outside = try Scratch()
    try FileManager.default.createDirectory(
      atPath: bench.scratch.path + "/Candidates", withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: bench.scratch.path + "/Candidates/GW", withDestinationPath: outside.path)
    #expect(await bench.send(try drop(1)).word == "unsent")
    #expect(try FileManager.default.contentsOfDirectory(atPath: outside.path).isEmpty)
  }

  @Test func disksThatFailAreTriedAgain() async throws {
    let gone = try FileDropChannel(.init(root: "/no/such/share"))
    let outcome = await gone.send(try drop(1), receipts: [:], now: now)
    #expect(outcome.word == "unsent")
    #expect("\(outcome)".contains("/no/such/share"))
    let bench = try DropBench()
    try "file".write(toFile: bench.scratch.path + "/Candidates", atomically: false, encoding: .utf8)
    #expect(await bench.send(try drop(1)).word == "unsent")
    #expect(throws: ChannelError.self) { try FileDropChannel(.init(root: "relative")) }
    let mock = Delivery(
      key: DeliveryKey("k"), channel: "files", kind: "plan", payload: try drop(1).payload, event: "MS1",
      isMock: true,
      notBefore: now)
    #expect(await bench.send(mock).word == "refused")
  }

  /// A folder named `current` that is no link is somebody's work.
  @Test func foreignCurrentStays() async throws {
    let bench = try DropBench()
    try FileManager.default.createDirectory(
      atPath: bench.plans + "/current", withIntermediateDirectories: true)
    #expect(await bench.send(try drop(1)).word == "unsent")
    #expect(FileManager.default.fileExists(atPath: bench.plans + "/current"))
  }

  @Test func payloadsThatCannotBe() throws {
    #expect(throws: ChannelError.self) { try drop(1, telescopes: []) }
    #expect(throws: ChannelError.self) { try drop(1, telescopes: ["A", "A"]) }
    #expect(throws: ChannelError.self) { try drop(-1) }
    #expect(throws: ChannelError.self) { try drop(1, event: "") }
    #expect(throws: ChannelError.self) {
      try FileDropPayload(
        category: "GW", event: "E", revision: 1, plan: 1, label: "L",
        files: [.init(folder: "", name: "A", type: "../x", text: "")])
    }
    #expect(DropLayout.Order(folder: "r003p01-UPDATE-2-3f9a1c02")?.revision == 3)
    for name in ["", "PRELIMINARY_0123", "r-p-x", "rp-X-12345678", "r3-X-12345678", "r003p01"] {
      #expect(DropLayout.Order(folder: name) == nil)
    }
  }

  @Test func aHungDiskHoldsUpNobody() async throws {
    let worker = BlockingWorker()
    let release = DispatchSemaphore(value: 0)
    let late = await worker.run(within: .milliseconds(50)) { release.wait() }
    guard case .late = late else { Issue.record("\(late)"); return }
    guard case .busy = await worker.run(within: .seconds(1), { 1 }) else { Issue.record("not busy"); return }
    release.signal()
    for _ in 0..<500 {
      if case .value(let value) = await worker.run(within: .seconds(10), { 7 }) {
        #expect(value == 7)
        return
      }
      try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("the worker never came back")
  }
}
