import Foundation
import GRDB
import Queues
import Units

/// A stretch of time in which a telescope, or one of its filters, is not to be planned.
public struct OutageDraft: Hashable, Sendable {
  public enum Kind: String, CaseIterable, Hashable, Sendable { case closure, weather, fault, filter, refusal }
  /// The same statement, however often it comes, has the same key.
  public let key: String
  public let telescope: String
  /// nil: for all events.
  public let event: String?
  public let kind: Kind
  /// Which is out, if only one is.
  public let filter: String?
  public let window: TimeWindow
  public let reason: String
  public let actor: String
  public let way: QueueEntry.Way

  public init(
    key: String, telescope: String, event: String? = nil, kind: Kind, filter: String? = nil,
    window: TimeWindow, reason: String, actor: String, way: QueueEntry.Way
  ) {
    self.key = key
    self.telescope = telescope
    self.event = event
    self.kind = kind
    self.filter = filter
    self.window = window
    self.reason = reason
    self.actor = actor
    self.way = way
  }
}

public struct StoredOutage: Hashable, Sendable {
  public let number: Int64
  public let outage: OutageDraft
  /// What a later line has put in its place.
  public let isReplaced: Bool
  public let recordedAt: Instant
}

extension Store {
  /// Records an outage, or what replaces an earlier one: an empty window ends it. All events with a live plan
  /// are looked at again.
  /// - Returns: its number; that of the first if it was said before.
  @discardableResult
  public func record(
    _ outage: OutageDraft, replacing earlier: Int64? = nil, at now: Instant
  ) async throws(StoreError) -> Int64 {
    try await write { transaction in
      let db = transaction.db
      if let row = try Row.fetchOne(
        db, sql: "SELECT number, telescope FROM outage WHERE key = ?", arguments: [outage.key])
      {
        guard row["telescope"] as String == outage.telescope else {
          throw StoreError.answerConflict(key: outage.key)
        }
        return row["number"]
      }
      if let earlier {
        let owner = try String.fetchOne(
          db,
          sql: """
            SELECT telescope FROM outage WHERE number = ?
              AND NOT EXISTS (SELECT 1 FROM outage AS later WHERE later.replaces = outage.number)
            """, arguments: [earlier])
        guard owner == outage.telescope else {
          throw StoreError.unknownAssignment(telescope: outage.telescope, "outage \(earlier)")
        }
      }
      try Self.insert(outage, replacing: earlier, at: now, db)
      let number = db.lastInsertedRowID
      let text =
        outage.window.isEmpty
        ? "\(outage.telescope): outage \(earlier ?? number) is over"
        : "\(outage.telescope): \(outage.filter.map { "filter \($0)" } ?? outage.kind.rawValue) from "
          + "\(outage.window.start.iso8601()) to \(outage.window.end.iso8601()): \(outage.reason)"
      try Self.append(
        LogDraft(
          actor: outage.actor, kind: "telescope.outage", event: outage.event,
          fields: ["text": text, "way": outage.way.rawValue, "number": "\(number)"]), at: now,
        in: &transaction)
      let events = try String.fetchAll(
        db, sql: "SELECT DISTINCT event FROM plan WHERE state = 'live' AND (? IS NULL OR event = ?)",
        arguments: [outage.event, outage.event])
      for event in events {
        try Self.wake(event, number: "outage/\(number)/\(event)", at: now, in: &transaction)
      }
      return number
    }
  }

  static func insert(
    _ o: OutageDraft, replacing earlier: Int64?, at now: Instant, _ db: Database
  ) throws {
    try db.execute(
      sql: """
        INSERT INTO outage (key, telescope, event, kind, filter, startsAt, endsAt, reason, replaces, actor, way,
          at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        o.key, o.telescope, o.event, o.kind.rawValue, o.filter, o.window.start.tai, o.window.end.tai,
        o.reason, earlier, o.actor, o.way.rawValue, now.tai,
      ])
  }

  /// Outages that hold at an instant or later: of the whole network, for all events or for one.
  public func outages(for event: String?, after now: Instant) async throws(StoreError) -> [StoredOutage] {
    try await read { db in
      try Self.outages(
        db,
        where: """
          endsAt > ? AND (event IS NULL OR event = ?)
            AND NOT EXISTS (SELECT 1 FROM outage AS later WHERE later.replaces = outage.number)
          ORDER BY telescope, startsAt, number
          """, [now.tai, event])
    }
  }

  /// All that was ever said of a telescope, newest first.
  public func outages(of telescope: String, limit: Int) async throws(StoreError) -> [StoredOutage] {
    try await read { db in
      try Self.outages(db, where: "telescope = ? ORDER BY number DESC LIMIT ?", [telescope, limit])
    }
  }

  private static func outages(
    _ db: Database, where condition: String, _ arguments: StatementArguments
  ) throws -> [StoredOutage] {
    try Row.fetchAll(
      db,
      sql: """
        SELECT outage.*, EXISTS (SELECT 1 FROM outage AS later WHERE later.replaces = outage.number) AS isReplaced
        FROM outage WHERE \(condition)
        """, arguments: arguments
    ).map { row in
      let (kind, way): (String, String) = (row["kind"], row["way"])
      guard let kind = OutageDraft.Kind(rawValue: kind), let way = QueueEntry.Way(rawValue: way) else {
        throw StoreError.corrupt("outage \(kind) by \(way)")
      }
      let draft = OutageDraft(
        key: row["key"], telescope: row["telescope"], event: row["event"], kind: kind, filter: row["filter"],
        window: TimeWindow(Instant(row, "startsAt"), Instant(row, "endsAt")), reason: row["reason"],
        actor: row["actor"], way: way)
      return StoredOutage(
        number: row["number"], outage: draft, isReplaced: row["isReplaced"], recordedAt: Instant(row, "at"))
    }
  }

  // MARK: Signed links

  /// A link with this nonce opens nothing any more.
  public func revokeLink(_ nonce: String, actor: String, at now: Instant) async throws(StoreError) {
    try await write { transaction in
      try transaction.db.execute(
        sql: "INSERT INTO revokedLink VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        arguments: [nonce, actor, now.tai])
      try Self.append(
        LogDraft(actor: actor, kind: "link.revoked", fields: ["text": "the link \(nonce) was revoked"]),
        at: now, in: &transaction)
    }
  }

  public func isRevoked(link nonce: String) async throws(StoreError) -> Bool {
    try await read { db in
      try Int.fetchOne(db, sql: "SELECT 1 FROM revokedLink WHERE nonce = ?", arguments: [nonce]) != nil
    }
  }
}
