import Campaigns
import Foundation
import Formats
import Logging
import Notices
import Planning
import Store
import TelescopeFiles
import Units

/// Handles recorded notices anew, against a clock that follows them, in a store that is thrown away: what would
/// have been decided and planned. Nothing is sent to anybody.
public struct Replay: Sendable {
  /// Something that came at a time.
  public struct Arrival: Sendable {
    public enum Content: Sendable {
      case notice([UInt8])
      case map(url: String, [UInt8])
    }
    public let at: Instant
    /// Where it comes from, for people.
    public let source: String
    public let content: Content

    public init(at: Instant, source: String, _ content: Content) {
      self.at = at
      self.source = source
      self.content = content
    }
  }

  /// What followed from an arrival, or from the time between two of them.
  public struct Step: Sendable, Hashable {
    public struct Line: Sendable, Hashable {
      public let kind: String
      public let event: String?
      public let text: String
    }
    public let at: Instant
    /// `notice`, `map` or `time`.
    public let cause: String
    public let source: String
    public let lines: [Line]
    /// Ids of the plans that were made, by event.
    public let plans: [String: String]
  }

  private let engine: Engine
  private let store: Store
  private let time: ReplayTime

  /// - Parameters:
  ///   - configuration: telescopes, policy and policies are taken from it.
  ///   - folder: the scratch store is made there.
  public init(
    _ configuration: ServiceConfiguration, in folder: String, version: String, logger: Logger
  ) throws {
    let own = try configuration.policies.map { try PolicyFolder.files(in: URL(filePath: $0)) } ?? []
    let policy = try PolicyLibrary(own, try PolicyFolder.shipped()).policy(named: configuration.policy)
    let telescopes = try TelescopeFiles.load(URL(filePath: configuration.telescopes)).registry.telescopes
    var settings = EngineSettings(policy: policy, telescopes: telescopes)
    settings.version = version
    settings.roles = configuration.roles
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    store = try Store(path: URL(filePath: folder).appending(path: "replay.sqlite").path)
    time = ReplayTime(Instant(tai: 0))
    engine = Engine(store: store, settings: settings, clock: time.clock, epoch: nil, logger: logger)
  }

  /// - Parameters:
  ///   - arrivals: in the order of their times.
  ///   - rest: how long to go on after the last one, for timers.
  ///   - report: gets every step in which something happened, and every notice.
  public func run(
    _ arrivals: [Arrival], then rest: Duration = .zero, report: (Step) async throws -> Void
  ) async throws {
    guard let first = arrivals.first, let last = arrivals.last else { return }
    time.set(first.at)
    try await engine.restore()
    for arrival in arrivals {
      try await pass(until: arrival.at, report)
      let before = try await store.lastLogSequence()
      var cause = "notice"
      switch arrival.content {
      case .notice(let bytes):
        try await store.record(RawNotice(bytes: bytes, topic: arrival.source, receivedAt: time.now))
      case .map(let url, let bytes):
        cause = "map"
        _ = try await engine.take(map: bytes, from: url)
      }
      try await settle()
      try await report(step(since: before, cause, arrival.source))
    }
    try await pass(until: last.at + rest, report)
  }

  public func plan(_ id: String) async throws -> NetworkPlanDocument {
    try NetworkPlanDocument(json: try await store.plan(id).document)
  }

  /// Lets timers run out at their times.
  private func pass(until end: Instant, _ report: (Step) async throws -> Void) async throws {
    while let due = try await nextTimer(), due <= end {
      time.set(max(due, time.now))
      let before = try await store.lastLogSequence()
      try await settle()
      let step = try await step(since: before, "time", "")
      if !step.lines.isEmpty { try await report(step) }
    }
    time.set(max(end, time.now))
  }

  /// Maps are not fetched here: what waits for one waits.
  private func nextTimer() async throws -> Instant? {
    try await store.nextTimer(otherThan: RemoteMapWish.kind)
  }

  private func settle() async throws {
    while true {
      if try await engine.handleNext() { continue }
      if try await engine.planNext() { continue }
      if try await engine.fireTimers() > 0 { continue }
      // A notice that failed is tried again a little later.
      guard try await store.counts().notices[.new] ?? 0 > 0 else { return }
      time.set(time.now + .seconds(5))
    }
  }

  private func step(since sequence: Int64, _ cause: String, _ source: String) async throws -> Step {
    let entries = try await store.log(after: sequence, limit: 10_000)
    var plans: [String: String] = [:]
    for entry in entries where entry.kind == "plan.made" {
      guard let event = entry.event else { continue }
      plans[event] = try await store.plans(of: event, state: .live).first?.id
    }
    let lines = entries.map { entry in
      let change = StoreDesk.change(entry)
      return Step.Line(kind: change.kind, event: change.event, text: change.text)
    }
    return Step(at: time.now, cause: cause, source: source, lines: lines, plans: plans)
  }
}

/// A clock that stands still until it is set.
final class ReplayTime: Sendable {
  private let inner: Guard<Instant>
  init(_ start: Instant) { inner = Guard(start) }
  var now: Instant { inner.withLock { $0 } }
  func set(_ time: Instant) { inner.withLock { $0 = time } }
  var clock: ServiceClock { ServiceClock(now: { [inner] in inner.withLock { $0 } }, uptime: { .zero }) }
}
