import Deliveries
import Foundation
import GRDB
import Units

/// Something to be written into the log.
public struct LogDraft: Hashable, Sendable {
  /// A role or a part of the program; never a personal name.
  public let actor: String
  /// Such as `decision.made`, `plan.superseded`, `delivery.done`.
  public let kind: String
  public let event: String?
  /// JSON.
  public let body: String

  public init(actor: String, kind: String, event: String? = nil, body: String) {
    self.actor = actor
    self.kind = kind
    self.event = event
    self.body = body
  }

  /// With a flat object of texts as body, keys in order.
  public init(actor: String, kind: String, event: String? = nil, fields: [String: String]) {
    let parts = fields.sorted { $0.key < $1.key }.map {
      "\(JSONText.quote($0.key)):\(JSONText.quote($0.value))"
    }
    self.init(actor: actor, kind: kind, event: event, body: "{\(parts.joined(separator: ","))}")
  }
}

/// An entry of the log: never changed, never removed.
public struct LogEntry: Hashable, Sendable {
  /// Without gaps, from 1.
  public let seq: Int64
  public let at: Instant
  public let actor: String
  public let kind: String
  public let event: String?
  public let body: String
}

enum JSONText {
  /// A JSON string literal (RFC 8259, section 7).
  static func quote(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case _ where scalar.value < 0x20 || scalar.value == 0x7f:
        let digits = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }
}

extension Store {
  /// Adds entries of their own, apart from any other change.
  @discardableResult
  public func append(_ drafts: [LogDraft], at now: Instant) async throws(StoreError) -> Int64 {
    try await write { transaction in
      for draft in drafts { try Self.append(draft, at: now, in: &transaction) }
      return try Int64.fetchOne(transaction.db, sql: "SELECT max(seq) FROM log") ?? 0
    }
  }

  /// Each entry carries a hash over itself and the hash before: a change to any shows in all that follow.
  static func append(_ draft: LogDraft, at now: Instant, in transaction: inout Transaction) throws {
    let db = transaction.db
    let last = try Row.fetchOne(db, sql: "SELECT seq, chain FROM log ORDER BY seq DESC LIMIT 1")
    let seq: Int64 = last.map { $0["seq"] + 1 } ?? 1
    let entry = LogEntry(
      seq: seq, at: now, actor: draft.actor, kind: draft.kind, event: draft.event, body: draft.body)
    let before: Data = last.map { $0["chain"] } ?? Data(repeating: 0, count: 32)
    try db.execute(
      sql: "INSERT INTO log (seq, at, actor, kind, event, body, chain) VALUES (?, ?, ?, ?, ?, ?, ?)",
      arguments: [
        seq, now.tai, entry.actor, entry.kind, entry.event, entry.body, chain(entry, after: before),
      ])
    transaction.signals.insert(logName)
  }

  private static func chain(_ entry: LogEntry, after before: Data) -> Data {
    var hash = SHA256()
    hash.update(before)
    // Lengths first: no two different entries have the same bytes.
    let fields = [
      "\(entry.seq)", "\(entry.at.tai)", entry.actor, entry.kind, entry.event.map { "=\($0)" } ?? "-",
      entry.body,
    ]
    for field in fields { hash.update(Array("\(field.utf8.count):\(field)".utf8)) }
    return Data(hash.finalized())
  }

  /// Entries after a sequence number, in order.
  public func log(
    after seq: Int64, event: String? = nil, limit: Int
  ) async throws(StoreError) -> [LogEntry] {
    try await read { db in
      let filter = event == nil ? "" : "AND event = ?"
      let arguments: StatementArguments =
        if let event { [seq, event, limit] } else { [seq, limit] }
      return try Row.fetchAll(
        db, sql: "SELECT * FROM log WHERE seq > ? \(filter) ORDER BY seq LIMIT ?", arguments: arguments
      ).map(Self.entry)
    }
  }

  public func lastLogSequence() async throws(StoreError) -> Int64 {
    try await read { try Int64.fetchOne($0, sql: "SELECT max(seq) FROM log") ?? 0 }
  }

  /// All entries after a sequence number: those that exist, then new ones as they are committed by this
  /// process. Ends when the task that reads is cancelled. Nothing is kept for a reader that is slow.
  public func logTail(after seq: Int64) -> LogTail { LogTail(store: self, seq: seq) }

  /// Checks the chain of the whole log; nil if it is whole, else the first entry that does not fit.
  public func firstBrokenLogEntry() async throws(StoreError) -> Int64? {
    try await read { try Self.firstBrokenLogEntry($0) }
  }

  static func firstBrokenLogEntry(_ db: Database) throws -> Int64? {
    var before = Data(repeating: 0, count: 32)
    var expected: Int64 = 1
    let rows = try Row.fetchCursor(db, sql: "SELECT * FROM log ORDER BY seq")
    while let row = try rows.next() {
      let entry = entry(row)
      let stored: Data = row["chain"]
      guard entry.seq == expected, stored == chain(entry, after: before) else { return entry.seq }
      before = stored
      expected += 1
    }
    return nil
  }

  private static func entry(_ row: Row) -> LogEntry {
    LogEntry(
      seq: row["seq"], at: Instant(row, "at"), actor: row["actor"], kind: row["kind"], event: row["event"],
      body: row["body"])
  }
}

/// The log as it grows.
public struct LogTail: AsyncSequence, Sendable {
  let store: Store
  let seq: Int64

  public struct AsyncIterator: AsyncIteratorProtocol {
    let store: Store
    var seq: Int64
    var page: ArraySlice<LogEntry> = []

    public mutating func next() async throws -> LogEntry? {
      while page.isEmpty {
        guard !Task.isCancelled else { return nil }
        let generation = store.signals.generation(of: Store.logName)
        page = try await store.log(after: seq, limit: 200)[...]
        if page.isEmpty { await store.signals.wait(for: Store.logName, beyond: generation) }
      }
      let entry = page.removeFirst()
      seq = entry.seq
      return entry
    }
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(store: store, seq: seq) }
}
