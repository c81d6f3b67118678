import Campaigns
import Foundation
import Logging
import Observatories
import Store
import TelescopeFiles
import TestSupport
import Units

@testable import Service

/// An engine over a store of its own, with the benchmark telescopes and a clock that tests move.
final class Bench {
  let folder: URL
  let store: Store
  let time: TestTime
  private(set) var engine: Engine

  private let policy: String?
  /// Recipients beside the webhook and the files.
  private let others: [Recipients.Entry]

  /// - Parameter policy: YAML of a policy called `test`, instead of the default one.
  init(
    at start: String, mocks: Bool = true, icare: IcareOptions? = nil, policy: String? = nil,
    treasureMap: [String: Int]? = nil, others: [Recipients.Entry] = []
  ) async throws {
    self.policy = policy
    self.others = others
    folder = FileManager.default.temporaryDirectory.appending(path: "vesper-service-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    store = try Store(path: folder.appending(path: "vesper.sqlite").path)
    time = TestTime(Instant(iso8601: start)!)
    engine = try Self.engine(
      store, time, mocks: mocks, icare: icare, policy: policy, treasureMap: treasureMap, others: others)
    try await engine.restore()
  }

  deinit {
    // A leftover in the temporary folder is harmless.
    try? FileManager.default.removeItem(at: folder)
  }

  static func settings(policy: String? = nil) throws -> EngineSettings {
    let own = policy.map { [PolicyFile(name: "test", path: "test.yaml", text: $0)] } ?? []
    let library = PolicyLibrary(own, try PolicyFolder.shipped())
    let telescopes = try TelescopeFiles.load(packageRoot.appending(path: "Tests/Benchmarks/network")).registry
    return EngineSettings(
      policy: try policy == nil ? library.policy() : library.policy(named: "test"),
      telescopes: telescopes.telescopes)
  }

  private static func engine(
    _ store: Store, _ time: TestTime, mocks: Bool, icare: IcareOptions? = nil, policy: String?,
    treasureMap: [String: Int]? = nil, others: [Recipients.Entry]
  ) throws -> Engine {
    var settings = try settings(policy: policy)
    settings.recipients = Recipients([
      .init(channel: "hook", kind: .webhook, acceptsMocks: mocks),
      .init(channel: "files", kind: .files, acceptsMocks: true),
    ])
    settings.recipients.entries += others
    if let icare {
      settings.recipients.entries.append(.init(channel: "icare", kind: .icare(icare), acceptsMocks: false))
    }
    if let treasureMap {
      settings.recipients.entries.append(
        .init(
          channel: "treasure-map", kind: .treasureMap(TreasureMapOptions(instruments: treasureMap)),
          acceptsMocks: true))
    }
    return Engine(
      store: store, settings: settings, clock: time.clock, epoch: nil, logger: Logger(label: "test"))
  }

  /// A new engine on the same store, as after a crash.
  func restart(mocks: Bool = true) async throws {
    engine = try Self.engine(store, time, mocks: mocks, policy: policy, others: others)
    try await engine.restore()
  }

  /// What fetches maps, on this bench's clock and store.
  func fetcher(_ change: (inout MapFetching) -> Void = { _ in }) throws -> MapFetcher {
    var options = MapFetching()
    options.isLax = true
    change(&options)
    return try MapFetcher(
      store: store, options: options, version: "0", clock: time.clock, epoch: nil,
      logger: Logger(label: "test"))
  }

  func memo(_ event: String) async throws -> EventMemo {
    try RecordJSON.value(of: try await store.event(event).state)
  }

  func bring(_ bytes: [UInt8]) async throws {
    try await store.record(RawNotice(bytes: bytes, topic: "test", receivedAt: time.now))
  }

  /// Works until there is nothing left to do.
  func settle(plans: Bool = true) async throws {
    while true {
      if try await engine.handleNext() { continue }
      if plans, try await engine.planNext() { continue }
      if try await engine.fireTimers() > 0 { continue }
      return
    }
  }

  func texts(_ kind: String) async throws -> [String] {
    try await store.log(after: 0, limit: 10_000).filter { $0.kind == kind }.map(\.body)
  }

  func log(_ kind: String) async throws -> Int {
    try await store.log(after: 0, limit: 10_000).filter { $0.kind == kind }.count
  }
}

final class TestTime: Sendable {
  private let inner: Guard<Instant>
  init(_ start: Instant) { inner = Guard(start) }
  var now: Instant { inner.withLock { $0 } }
  func advance(_ duration: Duration) { inner.withLock { $0 = $0 + duration } }
  var clock: ServiceClock {
    ServiceClock(now: { [inner] in inner.withLock { $0 } }, uptime: { .zero })
  }
}

func shared(_ path: String) throws -> [UInt8] {
  [UInt8](try Data(contentsOf: Shared.url("data/notices/\(path)")))
}
