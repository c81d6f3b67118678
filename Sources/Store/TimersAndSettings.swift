import Foundation
import GRDB
import Units

extension Store {
  /// Timers that are due, the earliest first. A timer is over once an outcome names it as fired.
  public func dueTimers(at now: Instant, limit: Int) async throws(StoreError) -> [TimerDraft] {
    try await read { db in
      try Row.fetchAll(
        db, sql: "SELECT * FROM timer WHERE state = 'pending' AND dueAt <= ? ORDER BY dueAt, id LIMIT ?",
        arguments: [now.tai, limit]
      ).map(Self.timer)
    }
  }

  /// When the next timer is due.
  public func nextTimer() async throws(StoreError) -> Instant? {
    try await read { db in
      try Int64.fetchOne(db, sql: "SELECT min(dueAt) FROM timer WHERE state = 'pending'").map(
        Instant.init(tai:))
    }
  }

  public func pendingTimers(of event: String) async throws(StoreError) -> [TimerDraft] {
    try await read { db in
      try Row.fetchAll(
        db, sql: "SELECT * FROM timer WHERE state = 'pending' AND event = ? ORDER BY dueAt, id",
        arguments: [event]
      ).map(Self.timer)
    }
  }

  static func set(_ timer: TimerDraft, at now: Instant, _ db: Database) throws {
    try db.execute(
      sql: """
        INSERT INTO timer VALUES (?, ?, ?, ?, ?, 'pending', ?) ON CONFLICT DO UPDATE SET event = excluded.event,
          kind = excluded.kind, dueAt = excluded.dueAt, body = excluded.body, state = 'pending',
          changedAt = excluded.changedAt
        """, arguments: [timer.id, timer.event, timer.kind, timer.due.tai, timer.body, now.tai])
  }

  private static func timer(_ row: Row) -> TimerDraft {
    TimerDraft(
      id: row["id"], event: row["event"], kind: row["kind"], due: Instant(row, "dueAt"), body: row["body"])
  }
}

extension Store {
  /// The JSON value of a setting; nil if it was never set.
  public func setting(_ name: String) async throws(StoreError) -> String? {
    try await read {
      try String.fetchOne($0, sql: "SELECT value FROM setting WHERE name = ?", arguments: [name])
    }
  }

  /// - Parameter value: JSON. Never a secret: the log shows it.
  public func set(
    _ name: String, to value: String, actor: String, at now: Instant
  ) async throws(StoreError) {
    try await write { transaction in
      try transaction.db.execute(
        sql: """
          INSERT INTO setting VALUES (?, ?, ?, ?)
          ON CONFLICT DO UPDATE SET value = excluded.value, actor = excluded.actor, changedAt = excluded.changedAt
          """, arguments: [name, value, actor, now.tai])
      try Self.append(
        LogDraft(actor: actor, kind: "setting.changed", fields: ["name": name, "value": value]), at: now,
        in: &transaction)
    }
  }
}
