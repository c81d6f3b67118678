import Foundation
import GRDB
import Units

/// A plan with what was kept of it for lists and pages.
public struct SummarisedPlan: Hashable, Sendable {
  public let plan: StoredPlan
  /// JSON; nil for a plan that was stored before summaries were kept.
  public let summary: String?
}

/// How far one telescope is with one plan: its pointings by state.
public struct PlanProgress: Hashable, Sendable {
  public let plan: String
  public let telescope: String
  /// Number of pointings by the name of their state; names of later versions come through as they are.
  public let states: [String: Int]
  public let window: TimeWindow
  /// When any of them last changed.
  public let changedAt: Instant
  /// Why the last one that was refused was refused.
  public let reason: String?
}

/// What became of the sendings that an event caused.
public struct DeliveryProgress: Hashable, Sendable {
  public let event: String
  public let done: Int
  /// Not sent yet, or under way.
  public let open: Int
  /// Sent to nobody without a person's help.
  public let stuck: Int
}

extension Store {
  /// Plans by id with their summaries; ids that are unknown are left out. O(ids), documents are not read.
  public func summaries(of ids: [String]) async throws(StoreError) -> [String: SummarisedPlan] {
    try await read { db in
      let statement = try db.makeStatement(
        sql: "SELECT plan.*, body FROM plan LEFT JOIN planSummary ON planSummary.plan = plan.id WHERE id = ?")
      var found: [String: SummarisedPlan] = [:]
      for id in ids {
        guard let row = try Row.fetchOne(statement, arguments: [id]) else { continue }
        found[id] = SummarisedPlan(plan: try Self.plan(row), summary: row["body"])
      }
      return found
    }
  }

  /// A file that was kept with a plan; nil if there is none of the name.
  public func file(_ name: String, ofPlan id: String) async throws(StoreError) -> [UInt8]? {
    try await read { db in
      let bytes = try Data.fetchOne(
        db, sql: "SELECT bytes FROM planFile WHERE plan = ? AND name = ?", arguments: [id, name])
      return bytes.map { Array($0) }
    }
  }

  /// By plan and telescope.
  public func progress(of ids: [String]) async throws(StoreError) -> [PlanProgress] {
    try await read { db in
      let statement = try db.makeStatement(
        sql: """
          SELECT telescope, state, count(*) AS number, min(startsAt) AS first, max(endsAt) AS last,
            max(changedAt) AS changed, CASE state WHEN 'refused' THEN reason END AS why
          FROM assignment WHERE plan = ? GROUP BY telescope, state ORDER BY telescope, state
          """)
      return try ids.flatMap { (id: String) -> [PlanProgress] in
        let rows = try Row.fetchAll(statement, arguments: [id])
        return Dictionary(grouping: rows) { $0["telescope"] as String }.map { telescope, rows in
          PlanProgress(
            plan: id, telescope: telescope,
            states: Dictionary(
              rows.map { ($0["state"] as String, $0["number"] as Int) }, uniquingKeysWith: +),
            window: TimeWindow(
              Instant(tai: rows.map { $0["first"] as Int64 }.min() ?? 0),
              Instant(tai: rows.map { $0["last"] as Int64 }.max() ?? 0)),
            changedAt: Instant(tai: rows.map { $0["changed"] as Int64 }.max() ?? 0),
            reason: rows.lazy.compactMap { $0["why"] as String? }.first)
        }.sorted { $0.telescope < $1.telescope }
      }
    }
  }

  /// The sendings of events, by event; events without any are left out.
  public func deliveryProgress(of events: [String]) async throws(StoreError) -> [String: DeliveryProgress] {
    try await read { db in
      let statement = try db.makeStatement(
        sql: """
          SELECT coalesce(sum(state = 'done'), 0) AS done,
            coalesce(sum(state IN ('ready', 'inFlight', 'ambiguous')), 0) AS open,
            coalesce(sum(state IN ('dead', 'parked')), 0) AS stuck, count(*) AS number
          FROM delivery WHERE event = ?
          """)
      var found: [String: DeliveryProgress] = [:]
      for event in events {
        guard let row = try Row.fetchOne(statement, arguments: [event]), (row["number"] as Int) > 0 else {
          continue
        }
        found[event] = DeliveryProgress(
          event: event, done: row["done"], open: row["open"], stuck: row["stuck"])
      }
      return found
    }
  }

  /// The pointings of all live plans that end after an instant, by telescope: which come next.
  public func nextPointings(after now: Instant) async throws(StoreError) -> [String: StoredAssignment] {
    try await read { db in
      let rows = try Row.fetchAll(
        db,
        sql: """
          SELECT p.*, plan.event, min(startsAt) AS nearest FROM assignment AS p JOIN plan ON plan.id = p.plan
          WHERE endsAt > ? AND (plan.state = 'live' AND p.state IN ('sent', 'seen', 'accepted')
            OR p.state = 'started')
          GROUP BY telescope
          """, arguments: [now.tai])
      var found: [String: StoredAssignment] = [:]
      for row in rows { found[row["telescope"]] = try Self.assignment(row) }
      return found
    }
  }
}

/// Pointings that were taken back and whose time is not over: whoever has the old plan must stop.
public struct Withdrawal: Hashable, Sendable {
  public let telescope: String
  public let event: String
  /// The newest of them.
  public let plan: String
  public let at: Instant
}

extension Store {
  /// The newest withdrawal of each telescope that still matters after an instant.
  /// - Parameter event: nil for all.
  public func withdrawals(after now: Instant, of event: String? = nil) async throws(StoreError) -> [String:
    Withdrawal]
  {
    try await read { db in
      let rows = try Row.fetchAll(
        db,
        sql: """
          SELECT telescope, plan.event, p.plan, max(p.changedAt) AS at
          FROM assignment AS p JOIN plan ON plan.id = p.plan
          WHERE p.state = 'withdrawn' AND plan.state = 'withdrawn' AND endsAt > ? AND plan.event = ifnull(?, plan.event)
          GROUP BY telescope
          """, arguments: [now.tai, event])
      return Dictionary(
        rows.map { row in
          (
            row["telescope"] as String,
            Withdrawal(
              telescope: row["telescope"], event: row["event"], plan: row["plan"], at: Instant(row, "at"))
          )
        }, uniquingKeysWith: { first, _ in first })
    }
  }

  /// Entries of a stretch of time, its ends included, oldest first; the newest `limit` of them.
  public func log(
    from start: Instant, to end: Instant, limit: Int
  ) async throws(StoreError) -> [LogEntry] {
    try await read { db in
      try Row.fetchAll(
        db, sql: "SELECT * FROM log WHERE at >= ? AND at <= ? ORDER BY seq DESC LIMIT ?",
        arguments: [start.tai, end.tai, limit]
      ).map(Self.entry).reversed()
    }
  }
}
