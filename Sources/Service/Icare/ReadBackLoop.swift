import Deliveries
import Foundation
import Icare
import Logging
import Store
import Units

/// What comparing ICARE with what was delivered showed lately, for pages and metrics.
final class ReadBackLedger: Sendable {
  struct Counts: Hashable, Sendable {
    var results: [ReadBackRecord.Result: Int] = [:]
    /// Delivered and not compared yet.
    var pending = 0
    /// From a delivery to its comparison.
    var slowest = Duration.zero

    /// What somebody must look at.
    var open: Int { results.reduce(0) { $0 + ($1.key == .equal ? 0 : $1.value) } }
  }

  private struct Held {
    var latest: [String: ReadBackRecord] = [:]
    var pending = 0
  }
  /// Of more deliveries than this the oldest results are forgotten: a bad week must not fill the memory.
  private static let limit = 5000
  private let held = Guard(Held())

  func add(_ record: ReadBackRecord) {
    held.withLock {
      if $0.latest.count >= Self.limit, $0.latest[record.key] == nil {
        if let oldest = $0.latest.values.min(by: { $0.line < $1.line }) { $0.latest[oldest.key] = nil }
      }
      $0.latest[record.key] = record
    }
  }

  func wait(for pending: Int) { held.withLock { $0.pending = pending } }

  var counts: Counts {
    held.withLock { held in
      Counts(
        results: Dictionary(grouping: held.latest.values, by: \.result).mapValues(\.count),
        pending: held.pending, slowest: held.latest.values.map(\.delay).max() ?? .zero)
    }
  }
}

/// Closes the loop: everything that was delivered to ICARE is read back and compared within a minute; what was
/// found is kept in the log. It follows the log, so nothing is forgotten over a crash.
struct ReadBackLoop: Sendable {
  let store: Store
  let channel: IcareChannel
  let clock: ServiceClock
  let ledger: ReadBackLedger
  let logger: Logger

  /// ICARE computes statistics and tiles after it has answered.
  static let firstLook = Duration.seconds(3)
  static let nextLook = Duration.seconds(12)
  /// A difference that stays until then is one.
  static let verdict = Duration.seconds(45)
  /// While ICARE does not answer, after the first minute.
  static let patience = Duration.minutes(5)
  /// Older deliveries are history.
  static let memory = Duration.hours(24)

  struct Item: Hashable, Sendable {
    let key: DeliveryKey
    let event: String
    let line: Int64
    let delivered: Instant
    var due: Instant
    var said: ReadBackRecord.Result?
  }

  func run() async throws {
    var watch = ReadBackWatch(loop: self)
    while !Task.isCancelled {
      do throws(StoreError) {
        try await watch.turn()
      } catch {
        if case .cancelled = error { return }
        logger.error("ICARE could not be compared", metadata: ["error": "\(error)"])
      }
      try await clock.sleep(for: .seconds(1))
    }
  }

  /// Looks at one delivery. - Returns: the item with its next time, nil when all is said about it.
  func look(at item: Item) async throws(StoreError) -> Item? {
    let (claim, entry) = try await store.claim(of: item.key)
    guard entry.state == .done else { return nil }
    let found = await channel.verify(claim.delivery, receipts: claim.receipts, now: clock.now())
    let now = clock.now()
    let age = now - item.delivered
    let (result, text): (ReadBackRecord.Result, String) =
      switch found {
      case .equal: (.equal, "")
      case .different(let list): (.different, list.joined(separator: "; "))
      case .absent: (.absent, "it is not there")
      case .unreadable(let why): (.unread, why)
      }
    var next = item
    if result != .equal {
      if try await store.isOvertaken(entry) { return nil }
      if age + Self.nextLook <= Self.verdict {
        next.due = now + Self.nextLook
        return next
      }
    }
    if item.said != result {
      let record = ReadBackRecord(key: item.key.text, line: item.line, result: result, text: text, delay: age)
      try await store.append([record.draft(event: item.event)], at: now)
      ledger.add(record)
      next.said = result
      if result != .equal {
        logger.error(
          "ICARE differs from what was delivered",
          metadata: ["key": "\(item.key)", "result": "\(result.rawValue)", "what": "\(text)"])
      }
    }
    // Asked again only while the answer was none: people may change rows later.
    guard result == .unread, age < Self.memory else { return nil }
    next.due = now + Self.patience
    return next
  }
}

/// Where the loop stands.
struct ReadBackWatch {
  let loop: ReadBackLoop
  private var line: Int64?
  private var pending: [ReadBackLoop.Item] = []
  /// Lines of deliveries that an earlier life compared.
  private var said: Set<Int64> = []

  init(loop: ReadBackLoop) { self.loop = loop }

  /// Takes in what was delivered since, and compares what is due.
  mutating func turn() async throws(StoreError) {
    try await takeIn()
    var rest: [ReadBackLoop.Item] = []
    for (i, item) in pending.enumerated() {
      guard item.due <= loop.clock.now() else {
        rest.append(item)
        continue
      }
      do throws(StoreError) {
        if let next = try await loop.look(at: item) { rest.append(next) }
      } catch {
        // Kept, with those that were not looked at.
        pending = rest + pending[i...]
        throw error
      }
    }
    pending = rest
    loop.ledger.wait(for: pending.filter { $0.said == nil }.count)
  }

  private mutating func takeIn() async throws(StoreError) {
    var after = try await start()
    while true {
      let page = try await loop.store.log(after: after, limit: 500)
      for entry in page {
        after = entry.seq
        guard let item = Self.item(entry, now: loop.clock.now()), !said.contains(item.line) else { continue }
        pending.append(item)
      }
      line = after
      if page.count < 500 { return }
    }
  }

  /// After a start: a day back, without what was compared before it.
  private mutating func start() async throws(StoreError) -> Int64 {
    if let line { return line }
    let records = try await loop.store.latestLog(kind: ReadBackRecord.kind, limit: 5000)
      .compactMap(ReadBackRecord.init)
    records.reversed().forEach(loop.ledger.add)
    said = Set(records.filter { $0.result != .unread }.map(\.line))
    return try await loop.store.logSequence(before: loop.clock.now() - ReadBackLoop.memory)
  }

  private static func item(_ entry: LogEntry, now: Instant) -> ReadBackLoop.Item? {
    guard entry.kind == "delivery.\(DeliveryState.done.rawValue)", let event = entry.event,
      now - entry.at < ReadBackLoop.memory,
      let fields = try? JSONDecoder().decode([String: String].self, from: Data(entry.body.utf8)),
      fields["channel"] == IcareChannel.channelName, let key = fields["key"]
    else { return nil }
    return ReadBackLoop.Item(
      key: DeliveryKey(key), event: event, line: entry.seq, delivered: entry.at,
      due: entry.at + ReadBackLoop.firstLook)
  }
}
