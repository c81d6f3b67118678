import Foundation
import GRDB
import Testing
import TestSupport
import Units

@testable import Store

@Suite struct CrashTests {
  /// Images of the files as a crash would leave them, taken at random moments while another task writes: the
  /// database first, then its WAL. Unless the WAL was begun anew in between (its salt shows), everything that
  /// a checkpoint may have moved meanwhile is still in it, so the pair is a state a crash can leave.
  @Test(arguments: 0..<5) func imagesOfARunningStoreAreWhole(round: Int) async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    // Checkpoints ten times as often as otherwise, so that images catch them half done.
    try await store.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_autocheckpoint = 100") }
    let acknowledged = Counter()
    let writer = Task {
      var number: Int64 = 0
      while !Task.isCancelled {
        try await takeStep(number, in: store, padding: Int(number % 7) * 20_000)
        number += 1
        acknowledged.set(number)
      }
    }
    let seed = UInt64.random(in: .min ... .max)
    var random = SeededGenerator(seed: seed)
    let images = 44
    var taken = 0
    var passedOver = 0
    var seen: Set<Int64> = []
    let (wal, image) = (scratch.path + "-wal", scratch.folder + "/image.sqlite")
    while taken < images {
      try await Task.sleep(for: .microseconds(Int.random(in: 0...8000, using: &random)))
      let before = acknowledged.value
      let salt = Self.salt(of: wal)
      let database = try Data(contentsOf: URL(filePath: scratch.path))
      let log = try Data(contentsOf: URL(filePath: wal))
      guard let salt, salt == Self.salt(of: wal), log.prefix(32).suffix(16).prefix(8) == salt else {
        passedOver += 1
        continue
      }
      for suffix in ["-wal", "-shm", ".lock"] { unlink(image + suffix) }
      try database.write(to: URL(filePath: image))
      try log.write(to: URL(filePath: image + "-wal"))
      let steps = try await wholeSteps(in: image, "seed \(seed), image \(taken)")
      #expect(steps >= before, "seed \(seed), image \(taken): an acknowledged step is missing")
      seen.insert(steps)
      taken += 1
    }
    writer.cancel()
    _ = await writer.result
    print("crash images: \(images) whole, \(seen.count) different, \(passedOver) passed over at a new WAL")
    #expect(seen.count > 10)
  }

  /// A power cut that loses any suffix of the WAL leaves a prefix of the steps, never a part of one.
  @Test func aWALCutAnywhereGivesWholeSteps() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    // No checkpoint: the database file stays as it is, so that every cut is a state that can be.
    try await store.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_autocheckpoint = 0") }
    for number in 0..<25 { try await takeStep(Int64(number), in: store) }
    let database = try Data(contentsOf: URL(filePath: scratch.path))
    let log = try Data(contentsOf: URL(filePath: scratch.path + "-wal"))
    var random = SeededGenerator(seed: 20_261_121)
    let image = scratch.folder + "/image.sqlite"
    var seen: Set<Int64> = []
    for cut in 0..<220 {
      for suffix in ["-wal", "-shm", ".lock"] { unlink(image + suffix) }
      try database.write(to: URL(filePath: image))
      var part = log.prefix(Int.random(in: log.count / 8...log.count, using: &random))
      if cut % 3 == 0, part.count > 5000 {
        // Torn: the last page was half written.
        part.replaceSubrange(part.count - 2000..<part.count, with: Data(repeating: 0xa5, count: 2000))
      }
      try part.write(to: URL(filePath: image + "-wal"))
      seen.insert(try await wholeSteps(in: image, "cut \(cut)"))
    }
    print("cuts: 220 whole, \(seen.count) different")
    #expect(seen.count > 15)
  }

  private static func salt(of path: String) -> Data? {
    guard let file = FileHandle(forReadingAtPath: path) else { return nil }
    defer { try? file.close() }  // read only
    guard let head = try? file.read(upToCount: 32), head.count == 32 else { return nil }  // no WAL yet
    return head.suffix(16).prefix(8)
  }
}

final class Counter: @unchecked Sendable {
  private let lock = NSLock()
  private var number: Int64 = 0
  var value: Int64 { lock.withLock { number } }
  func set(_ new: Int64) { lock.withLock { number = new } }
}

/// `kill -9` of a real process that writes: the test program runs itself.
@Suite struct KillTests {
  static let variable = "VESPER_STORE_TO_WRITE"
  static var target: String? { ProcessInfo.processInfo.environment[variable] }

  @Test(.enabled(if: target != nil, "runs in the process that is killed")) func writesUntilKilled()
    async throws
  {
    let store = try Store(path: Self.target ?? "")
    var number = (try? await store.event("S1").revision) ?? 0  // none yet
    // What was recorded and not handled when the last process died is handled first.
    while true {
      try await takeStep(number, in: store, padding: 5000)
      number += 1
      FileHandle.standardOutput.write(Data("step \(number)\n".utf8))
    }
  }

  @Test(.enabled(if: target == nil), .timeLimit(.minutes(3))) func nothingAcknowledgedIsLostByKilling()
    async throws
  {
    let scratch = try Scratch()
    var random = SeededGenerator(seed: UInt64.random(in: .min ... .max))
    var last: Int64 = 0
    let kills = 12
    for kill in 0..<kills {
      let process = Process()
      process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
      process.arguments = ["--testing-library", "swift-testing", "--filter", "writesUntilKilled"]
      process.environment = ProcessInfo.processInfo.environment.merging([Self.variable: scratch.path]) { $1 }
      let pipe = Pipe()
      process.standardOutput = pipe
      process.standardError = FileHandle.nullDevice
      try process.run()
      var output = ""
      // Killed once it has shown that it works, after a few more steps.
      let enough = Int.random(in: 1...40, using: &random)
      while output.split(separator: "\n").count(where: { $0.hasPrefix("step ") }) < enough {
        let data = pipe.fileHandleForReading.availableData
        if data.isEmpty { break }
        output += String(decoding: data, as: UTF8.self)
      }
      usleep(UInt32.random(in: 0...20_000, using: &random))
      Foundation.kill(process.processIdentifier, SIGKILL)
      output += String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      let whole = output.split(separator: "\n", omittingEmptySubsequences: true)
        .compactMap { $0.hasPrefix("step ") ? Int64($0.dropFirst(5)) : nil }
      let acknowledged = try #require(whole.max(), "the process wrote nothing: \(output.prefix(400))")
      let steps = try await wholeSteps(in: scratch.path, "kill \(kill)")
      #expect(steps >= acknowledged && steps > last)
      last = steps
    }
    print("kills: \(kills), \(last) steps whole")
  }
}
