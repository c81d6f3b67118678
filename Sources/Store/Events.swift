import Foundation
import GRDB
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

public enum AssignmentState: String, CaseIterable, Hashable, Sendable {
  case planned, accepted, started, observed, failed, superseded, withdrawn
}

public struct StoredAssignment: Hashable, Sendable {
  public let plan: String
  public let event: String
  public let assignment: PlanAssignment
  public let state: AssignmentState
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

  /// All events, the one that changed last first.
  public func events(limit: Int) async throws(StoreError) -> [StoredEvent] {
    try await read { db in
      try Row.fetchAll(db, sql: "SELECT * FROM event ORDER BY changedAt DESC, id LIMIT ?", arguments: [limit])
        .map(Self.event)
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

  /// The pointings of a plan by telescope and order.
  public func assignments(of plan: String) async throws(StoreError) -> [StoredAssignment] {
    try await read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT planAssignment.*, plan.event FROM planAssignment JOIN plan ON plan.id = plan
          WHERE plan = ? ORDER BY telescope, position
          """, arguments: [plan]
      ).map(Self.assignment)
    }
  }

  /// What a telescope has to do: its pointings that end after an instant, of live plans, and of others those
  /// that have begun.
  public func queue(of telescope: String, after now: Instant) async throws(StoreError) -> [StoredAssignment] {
    try await read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT planAssignment.*, plan.event FROM planAssignment JOIN plan ON plan.id = plan
          WHERE telescope = ? AND endsAt > ?
            AND (plan.state = 'live' AND planAssignment.state IN ('planned', 'accepted')
              OR planAssignment.state = 'started')
          ORDER BY startsAt, plan, position
          """, arguments: [telescope, now.tai]
      ).map(Self.assignment)
    }
  }

  /// Records what became of a pointing.
  /// - Parameter from: the states in which this is possible; another one is refused.
  public func mark(
    _ telescope: String, position: Int, of plan: String, as state: AssignmentState,
    from allowed: Set<AssignmentState>, actor: String, at now: Instant
  ) async throws(StoreError) {
    try await write { transaction in
      let db = transaction.db
      let row = try Row.fetchOne(
        db,
        sql: """
          SELECT planAssignment.state, plan.event FROM planAssignment JOIN plan ON plan.id = plan
          WHERE plan = ? AND telescope = ? AND position = ?
          """, arguments: [plan, telescope, position])
      guard let row, let found = AssignmentState(rawValue: row["state"]) else {
        throw StoreError.unknownAssignment(plan: plan, telescope: telescope, position: position)
      }
      guard allowed.contains(found) else {
        throw StoreError.invalid("assignment \(position) of \(telescope) is \(found.rawValue)")
      }
      try db.execute(
        sql:
          "UPDATE planAssignment SET state = ?, changedAt = ? WHERE plan = ? AND telescope = ? AND position = ?",
        arguments: [state.rawValue, now.tai, plan, telescope, position])
      let fields = [
        "plan": plan, "telescope": telescope, "position": "\(position)", "from": found.rawValue,
        "to": state.rawValue,
      ]
      let event: String = row["event"]
      try Self.append(
        LogDraft(actor: actor, kind: "assignment.\(state.rawValue)", event: event, fields: fields), at: now,
        in: &transaction)
    }
  }

  private static func event(_ row: Row) -> StoredEvent {
    StoredEvent(
      id: row["id"], revision: row["revision"], state: row["state"], isMock: row["isMock"],
      mergedInto: row["mergedInto"], createdAt: Instant(row, "createdAt"),
      changedAt: Instant(row, "changedAt"))
  }

  private static func plan(_ row: Row) throws -> StoredPlan {
    let (state, encoding): (String, String) = (row["state"], row["encoding"])
    guard let state = PlanState(rawValue: state), let encoding = PlanEncoding(rawValue: encoding) else {
      throw StoreError.corrupt("plan \(state) \(encoding)")
    }
    return StoredPlan(
      id: row["id"], event: row["event"], revision: row["revision"], scope: row["scope"],
      requestDigest: row["requestDigest"], state: state, reason: row["reason"], encoding: encoding,
      createdAt: Instant(row, "createdAt"), changedAt: Instant(row, "changedAt"))
  }

  private static func assignment(_ row: Row) throws -> StoredAssignment {
    let (text, start, end): (String, Int64, Int64) = (row["state"], row["startsAt"], row["endsAt"])
    guard let state = AssignmentState(rawValue: text), start < end else {
      throw StoreError.corrupt("assignment \(text)")
    }
    let assignment = PlanAssignment(
      telescope: row["telescope"], position: row["position"],
      window: TimeWindow(Instant(tai: start), Instant(tai: end)),
      direction: Direction(ra: .degrees(row["raDeg"]), dec: .degrees(row["decDeg"])), filter: row["filter"],
      exposure: .seconds(row["exposureSec"] as Double), tile: row["tile"])
    return StoredAssignment(
      plan: row["plan"], event: row["event"], assignment: assignment, state: state,
      changedAt: Instant(row, "changedAt"))
  }
}
