import Foundation
import GRDB
import Queues
import Units

public struct StoredEvent: Hashable, Sendable {
  public let id: String
  public let revision: Int64
  /// JSON.
  public let state: String
  public let isMock: Bool
  public let mergedInto: String?
  public let createdAt: Instant
  public let changedAt: Instant
}

public struct StoredDecision: Hashable, Sendable {
  public let event: String
  public let revision: Int64
  public let outcome: String
  public let policy: String
  public let actor: String
  /// JSON.
  public let body: String
  public let decidedAt: Instant
}

public enum PlanState: String, CaseIterable, Hashable, Sendable { case live, superseded, withdrawn }

public struct StoredPlan: Hashable, Sendable {
  public let id: String
  public let event: String
  public let revision: Int64
  public let scope: String
  public let requestDigest: String
  public let state: PlanState
  /// Why it is not live any more.
  public let reason: String?
  public let encoding: PlanEncoding
  public let createdAt: Instant
  public let changedAt: Instant
}

public struct StoredAssignment: Hashable, Sendable {
  /// Its number, by which answers name it.
  public let id: Int64
  public let plan: String
  public let event: String
  public let assignment: PlanAssignment
  public let state: QueueState
  /// Why it is in this state, where somebody said.
  public let reason: String?
  public let changedAt: Instant
}

extension Store {
  public func event(_ id: String) async throws(StoreError) -> StoredEvent {
    try await read { db in
      guard let row = try Row.fetchOne(db, sql: "SELECT * FROM event WHERE id = ?", arguments: [id]) else {
        throw StoreError.unknownEvent(id)
      }
      return Self.event(row)
    }
  }

  /// All events, the one that changed last first; without those that stand for a request only.
  /// - Parameter last: of the page before.
  public func events(limit: Int, after last: StoredEvent? = nil) async throws(StoreError) -> [StoredEvent] {
    try await read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT * FROM event
          WHERE changedAt <= ?1 AND (changedAt < ?1 OR id > ?2) AND id NOT IN (SELECT id FROM followup)
          ORDER BY changedAt DESC, id LIMIT ?3
          """, arguments: [last?.changedAt.tai ?? .max, last?.id ?? "", limit]
      ).map(Self.event)
    }
  }

  /// The notices of an event, in the order in which they came.
  public func notices(of event: String) async throws(StoreError) -> [NoticeID] {
    try await read { db in
      try Int64.fetchAll(
        db, sql: "SELECT notice FROM eventNotice WHERE event = ? ORDER BY notice", arguments: [event]
      ).map(NoticeID.init)
    }
  }

  /// The event of each notice that is about one; of several the first by name.
  public func events(of notices: [NoticeID]) async throws(StoreError) -> [NoticeID: String] {
    let list = notices.map { "\($0.number)" }.joined(separator: ",")
    return try await read { db in
      let rows = try Row.fetchAll(
        db,
        sql: "SELECT notice, MIN(event) AS name FROM eventNotice WHERE notice IN (\(list)) GROUP BY notice")
      return Dictionary(
        rows.map { (NoticeID($0["notice"] as Int64), $0["name"] as String) }, uniquingKeysWith: { a, _ in a })
    }
  }

  /// All decisions on an event, oldest first.
  public func decisions(on event: String) async throws(StoreError) -> [StoredDecision] {
    try await read { db in
      try Row.fetchAll(db, sql: "SELECT * FROM decision WHERE event = ? ORDER BY id", arguments: [event]).map
      {
        StoredDecision(
          event: $0["event"], revision: $0["revision"], outcome: $0["outcome"], policy: $0["policy"],
          actor: $0["actor"], body: $0["body"], decidedAt: Instant($0, "decidedAt"))
      }
    }
  }

  /// The plans of an event, oldest first.
  public func plans(of event: String, state: PlanState? = nil) async throws(StoreError) -> [StoredPlan] {
    try await read { db in
      try Row.fetchAll(
        db, sql: "SELECT * FROM plan WHERE event = ? AND state LIKE ? ORDER BY revision, id",
        arguments: [event, state?.rawValue ?? "%"]
      ).map(Self.plan)
    }
  }

  public func plan(_ id: String) async throws(StoreError) -> (plan: StoredPlan, document: [UInt8]) {
    try await read { db in
      guard let row = try Row.fetchOne(db, sql: "SELECT * FROM plan WHERE id = ?", arguments: [id]) else {
        throw StoreError.unknownPlan(id)
      }
      let bytes = try Data.fetchOne(db, sql: "SELECT bytes FROM planDocument WHERE plan = ?", arguments: [id])
      return (try Self.plan(row), Array(bytes ?? Data()))
    }
  }

  private static func event(_ row: Row) -> StoredEvent {
    StoredEvent(
      id: row["id"], revision: row["revision"], state: row["state"], isMock: row["isMock"],
      mergedInto: row["mergedInto"], createdAt: Instant(row, "createdAt"),
      changedAt: Instant(row, "changedAt"))
  }

  static func plan(_ row: Row) throws -> StoredPlan {
    let (state, encoding): (String, String) = (row["state"], row["encoding"])
    guard let state = PlanState(rawValue: state), let encoding = PlanEncoding(rawValue: encoding) else {
      throw StoreError.corrupt("plan \(state) \(encoding)")
    }
    return StoredPlan(
      id: row["id"], event: row["event"], revision: row["revision"], scope: row["scope"],
      requestDigest: row["requestDigest"], state: state, reason: row["reason"], encoding: encoding,
      createdAt: Instant(row, "createdAt"), changedAt: Instant(row, "changedAt"))
  }
}
