import Foundation
import Glibc
import Testing
import Units

@testable import Feeds

struct SpoolTests {
  /// A directory of its own, removed after the test.
  func withSpool(_ body: (URL) async throws -> Void) async throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "vesper-spool-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: url) }
    try await body(url)
  }

  func put(_ text: String, _ name: String, _ spool: URL) throws {
    let part = spool.appending(path: ".\(name).part")
    try Data(text.utf8).write(to: part)
    try FileManager.default.moveItem(at: part, to: spool.appending(path: name))
  }

  func names(_ folder: URL) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
  }
  func text(_ url: URL) -> String? { try? String(contentsOf: url, encoding: .utf8) }

  func feed(
    _ spool: URL, _ disk: Disk, limit: Int = 1 << 20, log: Guarded<[SpoolEvent]> = Guarded([]),
    crash: SpoolFeed.Step? = nil
  ) -> SpoolFeed {
    var configuration = SpoolFeed.Configuration(directory: spool.path)
    configuration.maxFileBytes = limit
    configuration.interval = .milliseconds(20)
    configuration.backoff = FeedBackoff(first: .milliseconds(5), limit: .milliseconds(20))
    return SpoolFeed(
      configuration, sink: disk, logger: quietLogger(), clock: .system,
      onEvent: { event in log.withLock { $0.append(event) } },
      atStep: { if $0 == crash { throw SpoolFeed.Crash() } })
  }

  @Test func filesAreTakenInTheOrderOfTheirNames() async throws {
    try await withSpool { spool in
      let disk = Disk()
      for name in ["b.json", "a.xml", "c", "B", "10", "9", "é"] { try put("in \(name)", name, spool) }
      try put("no", ".hidden", spool)
      try put("no", "unfinished.part", spool)
      try FileManager.default.createDirectory(
        at: spool.appending(path: "folder"), withIntermediateDirectories: true)
      try await feed(spool, disk).pass()
      #expect(disk.texts == ["10", "9", "B", "a.xml", "b.json", "c", "é"].map { "in \($0)" })
      #expect(disk.messages.allSatisfy { $0.topic == "spool" && $0.offset == nil && $0.timestamp != nil })
      #expect(disk.messages.first?.key == Array("10".utf8))
      #expect(names(spool) == [".hidden", "done", "failed", "folder", "unfinished.part"])
      #expect(names(spool.appending(path: "done")).count == 7)
      #expect(text(spool.appending(path: "done/a.xml")) == "in a.xml")
    }
  }

  @Test func aNameThatComesAgain() async throws {
    try await withSpool { spool in
      let disk = Disk()
      for contents in ["one", "two", "one", "two"] {
        try put(contents, "n", spool)
        try await feed(spool, disk).pass()
      }
      #expect(disk.texts == ["one", "two"])
      let done = spool.appending(path: "done")
      // The first under its own name, the others with their digests: equal bytes are one file.
      #expect(names(done).count == 3)
      #expect(text(done.appending(path: "n")) == "one")
      #expect(text(done.appending(path: "n.\(SHA256.hexDigest(of: "two").prefix(12))")) == "two")
    }
  }

  @Test func whatCannotBeReadIsSetAside() async throws {
    try await withSpool { spool in
      let disk = Disk()
      let log = Guarded<[SpoolEvent]>([])
      symlink("/etc/hostname", spool.appending(path: "a-link").path)
      mkfifo(spool.appending(path: "b-pipe").path, 0o600)
      try put(String(repeating: "x", count: 101), "c-large", spool)
      try put(String(repeating: "x", count: 100), "d-fits", spool)
      try put("", "e-empty", spool)
      let own = feed(spool, disk, limit: 100, log: log)
      try await own.pass()
      #expect(disk.messages.map(\.bytes.count) == [100, 0])
      let failed = spool.appending(path: "failed")
      #expect(
        names(failed) == ["a-link", "a-link.reason", "b-pipe", "b-pipe.reason", "c-large", "c-large.reason"])
      #expect(text(failed.appending(path: "a-link.reason"))?.contains("symbolic link") == true)
      #expect(text(failed.appending(path: "b-pipe.reason"))?.contains("not a regular file") == true)
      #expect(text(failed.appending(path: "c-large.reason"))?.contains("101 bytes") == true)
      #expect(own.status.failed == 3)
      #expect(own.status.accepted == 2)
      #expect(log.withLock { $0 }.count == 5)
      // Another of that name does not overwrite it.
      try put(String(repeating: "y", count: 200), "c-large", spool)
      try await own.pass()
      #expect(text(failed.appending(path: "c-large.2"))?.hasPrefix("yyy") == true)
      #expect(text(failed.appending(path: "c-large"))?.hasPrefix("xxx") == true)
    }
  }

  @Test(arguments: SpoolFeed.Step.allCases)
  func aCrashAtAnyStepLosesAndRepeatsNothing(_ step: SpoolFeed.Step) async throws {
    try await withSpool { spool in
      let disk = Disk()
      for i in 0..<3 { try put("m\(i)", "m\(i)", spool) }
      symlink("nowhere", spool.appending(path: "a").path)
      // Ends at the first file that comes to the step; started again it comes there again.
      for _ in 0..<3 { try await feed(spool, disk, crash: step).pass() }
      try await feed(spool, disk).pass()
      #expect(disk.texts == ["m0", "m1", "m2"])
      #expect(names(spool) == ["done", "failed"])
      #expect(names(spool.appending(path: "done")) == ["m0", "m1", "m2"])
      #expect(names(spool.appending(path: "failed")) == ["a", "a.reason"])
    }
  }

  @Test func aSinkThatThrowsGetsTheSameFileAgain() async throws {
    try await withSpool { spool in
      let disk = Disk()
      let log = Guarded<[SpoolEvent]>([])
      let isFull = Guarded(true)
      disk.refuse { _ in isFull.withLock { $0 } }
      for i in 0..<3 { try put("m\(i)", "m\(i)", spool) }
      let own = feed(spool, disk, log: log)
      let task = Task { try await own.run() }
      try await eventually("several tries") { disk.offered.count >= 3 }
      #expect(Set(disk.offered.map(\.bytes)) == [Array("m0".utf8)])
      #expect(own.status.blocked != nil)
      isFull.withLock { $0 = false }
      try await eventually("the rest") { own.status.accepted == 3 }
      #expect(disk.texts == ["m0", "m1", "m2"])
      #expect(own.status.blocked == nil)
      #expect(log.withLock { $0 }.count { if case .blocked = $0 { true } else { false } } == 1)
      // And what comes while it runs.
      try put("late", "0", spool)
      try await eventually("the late one") { disk.texts.last == "late" }
      own.stop()
      try await task.value
    }
  }

  @Test func namesThatAreNotText() async throws {
    try await withSpool { spool in
      let disk = Disk()
      let name: [UInt8] = Array(spool.path.utf8) + [0x2f, 0xff, 0xfe, 0x20, 0x0a, 0x41, 0]
      let file = name.withUnsafeBytes {
        open($0.baseAddress!.assumingMemoryBound(to: CChar.self), O_CREAT | O_WRONLY, 0o600)
      }
      #expect(file >= 0)
      close(file)
      let long = String(repeating: "n", count: 255)
      try put("one", "x", spool)
      try FileManager.default.moveItem(at: spool.appending(path: "x"), to: spool.appending(path: long))
      try await feed(spool, disk).pass()
      try put("two", "x", spool)
      try FileManager.default.moveItem(at: spool.appending(path: "x"), to: spool.appending(path: long))
      try await feed(spool, disk).pass()
      #expect(disk.messages.count == 3)
      #expect(disk.messages.contains { $0.key == [0xff, 0xfe, 0x20, 0x0a, 0x41] })
      #expect(names(spool) == ["done", "failed"])
    }
  }

  @Test func aDirectoryThatCannotBe() async throws {
    let own = feed(URL(filePath: "/proc/no/such"), Disk())
    await #expect(throws: FeedError.self) { try await own.run() }
  }
}
