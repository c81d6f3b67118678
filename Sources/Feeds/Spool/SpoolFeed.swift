import Glibc
import Logging
import Units

/// What a spool feed wants known.
public enum SpoolEvent: Hashable, Sendable {
  case accepted(name: String, Accepted)
  /// It lies in `failed/` beside a file that says why.
  case failed(name: String, reason: String)
  /// The sink threw, or the file system did; it is tried again. Once for each stretch of trouble.
  case blocked(name: String, reason: String)
}

public struct SpoolStatus: Hashable, Sendable {
  public var waiting = 0
  public var accepted = 0
  public var duplicate = 0
  public var quarantined = 0
  public var failed = 0
  public var blocked: String?
  public var lastMessageAt: Instant?
}

/// Takes the files of a directory to the sink, in the order of their names.
///
/// A file is put there by renaming it into the directory when it is whole; names that start with `.` or end in
/// `.part` are left alone until then. What the sink has accepted moves to `done/`, what can never be read to
/// `failed/` with `NAME.reason` beside it. A crash before the move makes the file be offered again, and the
/// sink knows its digest; a name that is taken in `done/` gets the digest's first digits added.
public final class SpoolFeed: Sendable {
  public struct Configuration: Sendable {
    public var directory: String
    /// What messages carry as their topic.
    public var topic = "spool"
    public var interval = Duration.seconds(1)
    public var maxFileBytes = 64 << 20
    public var backoff = FeedBackoff(first: .milliseconds(250), limit: .seconds(5))

    public init(directory: String) { self.directory = directory }
  }

  /// The places where a crash makes a difference.
  enum Step: CaseIterable { case read, accepted, explained, moved }

  private let configuration: Configuration
  private let sink: any NoticeSink
  private let logger: Logger
  private let clock: FeedClock
  private let listener: @Sendable (SpoolEvent) -> Void
  private let stopFlag = StopFlag()
  private let state = Guarded(SpoolStatus())
  /// For tests: throwing ends the feed as a crash would.
  private let atStep: @Sendable (Step) throws -> Void

  public convenience init(
    _ configuration: Configuration, sink: any NoticeSink, logger: Logger, clock: FeedClock = .system,
    onEvent: @escaping @Sendable (SpoolEvent) -> Void = { _ in }
  ) {
    self.init(configuration, sink: sink, logger: logger, clock: clock, onEvent: onEvent, atStep: { _ in })
  }

  init(
    _ configuration: Configuration, sink: any NoticeSink, logger: Logger, clock: FeedClock,
    onEvent: @escaping @Sendable (SpoolEvent) -> Void, atStep: @escaping @Sendable (Step) throws -> Void
  ) {
    self.configuration = configuration
    self.sink = sink
    self.logger = logger
    self.clock = clock
    self.atStep = atStep
    listener = onEvent
  }

  public var status: SpoolStatus { state.withLock { $0 } }

  /// Makes `run()` end after the file in hand.
  public func stop() { stopFlag.raise() }

  /// Watches until `stop()` or cancellation.
  /// - Throws: `.file` if the directory or one of its two folders cannot be made or opened.
  public func run() async throws(FeedError) {
    while !stopFlag.isRaised, !Task.isCancelled {
      try await pass()
      await stopFlag.sleep(for: configuration.interval)
    }
  }

  /// Takes what is there now.
  /// - Throws: `.file` if the directory cannot be made, opened or read.
  public func pass() async throws(FeedError) {
    let path = configuration.directory
    let names: [FileName]
    do {
      let spool = try SpoolFolder(path)
      _ = try SpoolFolder(path + "/done")
      _ = try SpoolFolder(path + "/failed")
      names = try spool.ready()
    }
    state.withLock { $0.waiting = names.count }
    for name in names {
      guard !stopFlag.isRaised, !Task.isCancelled, await take(name) else { return }
      state.withLock { $0.waiting -= 1 }
    }
    state.withLock { $0.blocked = nil }
  }

  /// Insists until the file is where it belongs.
  /// - Returns: false if it was stopped before.
  private func take(_ name: FileName) async -> Bool {
    var attempt = 1
    while !stopFlag.isRaised, !Task.isCancelled {
      do {
        try await settle(name, attempt: attempt)
        state.withLock { $0.blocked = nil }
        return true
      } catch is Crash {
        return false
      } catch {
        guard !stopFlag.isRaised, !Task.isCancelled else { break }
        let reason = "\(error)"
        let isNew = state.withLock { state in
          defer { state.blocked = reason }
          return state.blocked == nil
        }
        if isNew {
          logger.error("a file cannot be taken", metadata: ["file": "\(name)", "reason": "\(reason)"])
          listener(.blocked(name: name.description, reason: reason))
        }
        await stopFlag.sleep(for: configuration.backoff.delay(attempt: attempt))
        attempt += 1
      }
    }
    return false
  }

  struct Crash: Error {}

  private func settle(_ name: FileName, attempt: Int) async throws {
    let path = configuration.directory
    switch try SpoolFolder(path).read(name, limit: configuration.maxFileBytes) {
    case .gone: return
    case .later(let errno): throw FeedError.file(path: "\(path)/\(name)", operation: "read", errno: errno)
    case .unreadable(let reason): try fail(name, reason)
    case .whole(let bytes, let modified):
      try atStep(.read)
      let now = clock.now()
      let message = FeedMessage(
        topic: configuration.topic, key: name.bytes, timestamp: modified, bytes: bytes, receivedAt: now,
        attempt: attempt)
      let accepted = try await sink.accept(message)
      try atStep(.accepted)
      try finish(name, bytes)
      try atStep(.moved)
      state.withLock {
        $0.lastMessageAt = now
        switch accepted {
        case .stored: $0.accepted += 1
        case .duplicate: $0.duplicate += 1
        case .quarantined: $0.quarantined += 1
        }
      }
      listener(.accepted(name: name.description, accepted))
    }
  }

  private func finish(_ name: FileName, _ bytes: [UInt8]) throws(FeedError) {
    let spool = try SpoolFolder(configuration.directory)
    let done = try SpoolFolder(configuration.directory + "/done")
    // Of the same name: with the digest, so that neither file is lost, and the same bytes twice are one.
    let digest = done.contains(name) ? ".\(SHA256.hexDigest(of: bytes).prefix(12))" : ""
    try spool.move(name, to: done, as: digest.isEmpty ? name : name.appending(digest))
  }

  private func fail(_ name: FileName, _ reason: String) throws {
    let spool = try SpoolFolder(configuration.directory)
    let failed = try SpoolFolder(configuration.directory + "/failed")
    // What lies there already is not overwritten.
    var place = name
    var number = 2
    while failed.contains(place) {
      place = name.appending(".\(number)")
      number += 1
    }
    // The reason first: a file never lies there without one.
    try failed.write("\(clock.now().iso8601()) \(name): \(reason)\n", to: place.appending(".reason"))
    try atStep(.explained)
    try spool.move(name, to: failed, as: place)
    state.withLock { $0.failed += 1 }
    logger.error("a file cannot be read", metadata: ["file": "\(name)", "reason": "\(reason)"])
    listener(.failed(name: name.description, reason: reason))
  }
}
