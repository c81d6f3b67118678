import Deliveries
import Foundation
import GRDB
import Testing
import TestSupport
import Units

@testable import Store

@Suite struct BackupTests {
  @Test func backupsMadeWhileWritingAreWhole() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let writer = Task {
      var number: Int64 = 0
      while !Task.isCancelled {
        try await takeStep(number, in: store, padding: 10_000)
        number += 1
      }
    }
    var last: Int64 = 0
    for i in 0..<8 {
      let path = scratch.folder + "/backup\(i).sqlite"
      let report = try await store.backup(to: path)
      #expect(report.bytes > 0)
      #expect(!FileManager.default.fileExists(atPath: path + "-wal"))
      let facts = try FileManager.default.attributesOfItem(atPath: path)
      #expect((facts[.posixPermissions] as? NSNumber)?.intValue == 0o600)
      let steps = try await wholeSteps(in: path, "backup \(i)")
      #expect(steps >= last)
      last = steps
      try await Task.sleep(for: .milliseconds(30))
    }
    writer.cancel()
    _ = await writer.result
    let steps = try await store.event("S1").revision
    #expect(last > 0 && steps > last)
  }

  @Test func aRestoredStoreAsksBeforeItSendsAgain() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try await takeStep(0, in: store)
    let backup = scratch.folder + "/backup.sqlite"
    _ = try await store.backup(to: backup)
    try await takeStep(1, in: store)
    try store.close()
    let path = scratch.path
    #expect(throws: StoreError.cannotOpen(path: path, reason: "there is a store already")) {
      try Store.restore(backup, to: path, actor: "admin", at: start)
    }
    let report = try Store.restore(backup, to: path, replacing: true, actor: "admin", at: start)
    #expect(report.events == 1 && report.notices == 1)
    let restored = try Store(path: path)
    #expect(try await restored.event("S1").revision == 1)
    #expect(try await restored.counts().deliveries == [.ambiguous: 2])
    #expect(try await restored.faults().isEmpty)
    #expect(try await restored.log(after: 0, limit: 99).last?.kind == "store.restored")
    // The feed repeats from the older offset; what follows from it may have been sent before the loss.
    #expect(try await restored.feedOffsets().map(\.offset) == [1])
    var outcome = Outcome()
    outcome.events = [event(from: 1)]
    outcome.deliveries = [delivery("slack/S1/1"), delivery("slack/S1/thread", needs: ["slack/S1/1"])]
    outcome.mayHaveBeenSent = true
    try await restored.commit(outcome, at: start)
    #expect(try await restored.delivery(DeliveryKey("slack/S1/1")).entry.state == .ambiguous)
    let lane = Lane(channel: "slack", acceptsMocks: false)
    _ = try await restored.seize("serve", holder: "a", seen: nil, until: start)
    var asked: [String] = []
    while case .readBack(let claim) = try await restored.next(on: lane, epoch: 1, at: start).step {
      asked.append(claim.delivery.key.text)
      _ = try await restored.settle(claim, with: .asked(.present(receipt: "r")), at: start, jitter: .zero)
    }
    #expect(asked == ["slack/S1/0", "slack/S1/1", "slack/S1/thread"])
    // The store that was there before is kept.
    let kept = try Store(path: path + ".before-restore")
    #expect(try await kept.event("S1").revision == 2)
  }

  @Test func aBadBackupIsNotTaken() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    for number in 0..<30 { try await takeStep(Int64(number), in: store, padding: 3000) }
    let backup = scratch.folder + "/backup.sqlite"
    _ = try await store.backup(to: backup)
    let good = try Data(contentsOf: URL(filePath: backup))
    let target = scratch.folder + "/restored.sqlite"
    func restore() throws { try Store.restore(backup, to: target, actor: "admin", at: start) }
    var bad: [Data] = [Data(), good.prefix(good.count / 2), Data("a text".utf8)]
    var random = SeededGenerator(seed: 5)
    for _ in 0..<6 {
      // A page of nonsense somewhere behind the first: some structure of SQLite is always hit.
      var copy = good
      let page = Int.random(in: 1..<good.count / 4096, using: &random) * 4096
      copy.replaceSubrange(page..<page + 4096, with: Data(repeating: 0x5a, count: 4096))
      bad.append(copy)
    }
    for (i, data) in bad.enumerated() {
      try data.write(to: URL(filePath: backup))
      #expect(throws: StoreError.self, "damage \(i)") { try restore() }
      #expect(!FileManager.default.fileExists(atPath: target))
    }
    #expect(throws: StoreError.badBackup(path: "/nowhere.sqlite", reason: "there is no such file")) {
      try Store.restore("/nowhere.sqlite", to: target, actor: "admin", at: start)
    }
    try good.write(to: URL(filePath: backup))
    try restore()
  }

  @Test func aBackupThatCannotBeWrittenSaysSo() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    await #expect(throws: StoreError.self) { try await store.backup(to: "/proc/backup.sqlite") }
    try await takeStep(0, in: store)
  }
}

@Suite struct FullTests {
  /// A full store refuses as a whole, names the reason, reads on, and goes on when there is space.
  @Test func aFullStoreSaysSoAndLosesNothing() async throws {
    let scratch = try Scratch()
    let store = try scratch.store { $0.maximumBytes = 1_000_000 }
    var number: Int64 = 0
    var error: StoreError?
    while error == nil, number < 1000 {
      do throws(any Error) {
        try await takeStep(number, in: store, padding: 30_000)
        number += 1
      } catch let full { error = full as? StoreError }
    }
    guard case .storeFull = error else {
      Issue.record("\(String(describing: error)) after \(number)")
      return
    }
    #expect(number > 3)
    let big = notice(String(repeating: "y", count: 500_000), offset: 9999)
    guard
      case .storeFull = await #expect(throws: StoreError.self, performing: { try await store.record(big) })
    else {
      Issue.record("a full store took half a megabyte")
      return
    }
    #expect(try await store.event("S1").revision == number)
    #expect(try await store.faults().isEmpty)
    #expect(try await store.feedOffsets().allSatisfy { $0.offset <= number + 1 })
    try store.close()
    let larger = try scratch.store()
    guard case .new = try await larger.record(big) else {
      Issue.record("what was refused is taken for known")
      return
    }
  }

  /// A real file system without space: writes fail as `storeFull`, and space that returns is used at once.
  @Test(
    .enabled(
      if: geteuid() == 0 && FileManager.default.isExecutableFile(atPath: "/bin/mount"), "needs to mount"))
  func aFullDiskSaysSoAndRecovers() async throws {
    let scratch = try Scratch()
    let mount = scratch.folder + "/small"
    try FileManager.default.createDirectory(atPath: mount, withIntermediateDirectories: true)
    guard try run("/bin/mount", ["-t", "tmpfs", "-o", "size=3m", "tmpfs", mount]) == 0 else {
      print("no mount here: the full disk is not tested")
      return
    }
    defer { _ = try? run("/bin/umount", ["-l", mount]) }  // the folder is temporary
    let ballast = mount + "/ballast"
    try Data(repeating: 1, count: 1_000_000).write(to: URL(filePath: ballast))
    let store = try Store(path: mount + "/store.sqlite")
    var number: Int64 = 0
    var error: StoreError?
    while error == nil, number < 500 {
      do throws(any Error) {
        try await takeStep(number, in: store, padding: 60_000)
        number += 1
      } catch let full { error = full as? StoreError }
    }
    guard case .storeFull = error else {
      Issue.record("\(String(describing: error)) after \(number)")
      return
    }
    #expect(try await store.event("S1").revision == number)
    unlink(ballast)
    try await store.record(notice("after", offset: 500))
    #expect(try await store.faults().isEmpty)
    print("full disk: \(number) steps, then storeFull, then space again")
    try store.close()
  }

  private func run(_ tool: String, _ arguments: [String]) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(filePath: tool)
    process.arguments = arguments
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }

  /// Another process that writes for too long is an error of its own, not a hang.
  @Test func aHeldWriteLockIsReported() async throws {
    let scratch = try Scratch()
    let store = try scratch.store { $0.busyTimeout = .milliseconds(100) }
    let other = try WriteGate(path: scratch.path + ".lock", timeout: .seconds(1))
    let release = DispatchSemaphore(value: 0)
    await withCheckedContinuation { (isHeld: CheckedContinuation<Void, Never>) in
      DispatchQueue.global().async {
        try? other.pass {  // nothing in it throws
          isHeld.resume()
          release.wait()
        }
      }
    }
    let error = await #expect(throws: StoreError.self) { try await store.record(notice("a")) }
    if case .busy = error {} else { Issue.record("\(String(describing: error))") }
    release.signal()
    while (try? await store.record(notice("a"))) == nil {}  // until the lock is free again
  }
}
