import Foundation
import Store
import TestSupport
import Testing
import Units

@testable import Service

@Suite struct BackupDeskTests {
  @Test func aCopyIsMadeCheckedAndPutBack() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "vesper-backup-\(UUID().uuidString)")
    // A leftover in the temporary folder is harmless.
    defer { try? FileManager.default.removeItem(at: folder) }
    var configuration = ServiceConfiguration()
    configuration.state = folder.appending(path: "state").path
    let store = try configuration.openStore()
    let now = try #require(Instant(iso8601: "2026-09-15T18:00:00Z"))
    try await store.record(RawNotice(bytes: [1, 2, 3], topic: "test", receivedAt: now))
    let clock = TestTime(now).clock
    let desk = BackupDesk(configuration, clock: clock)
    // While the store is open, as under a running service.
    let text = try await desk.backup(to: folder.path)
    let file = folder.appending(path: "vesper-20260915T180000Z.sqlite").path
    #expect(text.contains(file) && text.contains("1 notices"))
    #expect(try BackupDesk.check(file).contains("good"))
    try store.close()
    // A store that is there is not lost by accident.
    #expect(throws: StoreError.self) { try desk.restore(file, replacing: false) }
    #expect(try desk.restore(file, replacing: true).contains("restored"))
    // A byte in the middle turned: the drill finds it, or it was in no use.
    var bytes = [UInt8](try Data(contentsOf: URL(filePath: file)))
    for i in stride(from: 4096, to: bytes.count, by: 512) { bytes[i] ^= 0xff }
    let broken = folder.appending(path: "broken.sqlite").path
    try Data(bytes).write(to: URL(filePath: broken))
    #expect(throws: StoreError.self) { try BackupDesk.check(broken) }
    #expect(throws: StoreError.self) { try BackupDesk.check(folder.appending(path: "none").path) }
  }

  @Test func aRunningServiceIsNotOverwritten() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "vesper-backup-\(UUID().uuidString)")
    // A leftover in the temporary folder is harmless.
    defer { try? FileManager.default.removeItem(at: folder) }
    var configuration = ServiceConfiguration()
    configuration.state = folder.appending(path: "state").path
    let store = try configuration.openStore()
    let desk = BackupDesk(configuration)
    _ = try await desk.backup(to: folder.appending(path: "copy.sqlite").path)
    let lock = try InstanceLock(path: configuration.storePath + ".leader")
    #expect(lock.take())
    #expect(throws: ConfigurationError.self) {
      try desk.restore(folder.appending(path: "copy.sqlite").path, replacing: true)
    }
    try store.close()
  }

  /// Kept for the next start, and written at most twice a day.
  @Test func theUseOfCredentialsIsRemembered() async throws {
    let bench = try await Bench(at: "2026-09-15T18:00:00Z")
    let memory = CredentialMemory(store: bench.store, clock: bench.time.clock, logger: .init(label: "test"))
    #expect(try await memory.lastUsed() == nil)
    let first = bench.time.now
    try await memory.remember(first)
    try await memory.remember(first + .hours(2))
    #expect(try await memory.lastUsed() == first)
    try await memory.remember(first + .hours(13))
    #expect(try await memory.lastUsed() == first + .hours(13))
    try await memory.remember(nil)
    #expect(try await bench.log("setting.changed") == 2)
  }
}
