import Foundation
import GRDB
import Queues
import Units

extension Store {
  /// The pointings of a plan by telescope and order.
  public func assignments(of plan: String) async throws(StoreError) -> [StoredAssignment] {
    try await read { db in
      try Self.assignments(db, where: "assignment.plan = ? ORDER BY telescope, position", [plan])
    }
  }

  /// What a telescope has to do: its pointings that end after an instant, of live plans, and of others those
  /// that have begun. By start.
  public func queue(of telescope: String, after now: Instant) async throws(StoreError) -> [StoredAssignment] {
    try await read { db in
      try Self.assignments(
        db,
        where: """
          telescope = ? AND endsAt > ? AND (plan.state = 'live' AND assignment.state IN ('sent', 'seen', 'accepted')
            OR assignment.state = 'started')
          ORDER BY startsAt, assignment.plan, position
          """, [telescope, now.tai])
    }
  }

  /// All pointings of a telescope that end after an instant, whatever became of them; by start.
  public func pointings(
    of telescope: String, after start: Instant
  ) async throws(StoreError) -> [StoredAssignment] {
    try await read { db in
      try Self.assignments(
        db, where: "telescope = ? AND endsAt > ? ORDER BY startsAt, assignment.plan, position",
        [telescope, start.tai])
    }
  }

  /// All pointings for an event in the given states; by telescope and start.
  public func pointings(
    for event: String, in states: Set<QueueState>
  ) async throws(StoreError) -> [StoredAssignment] {
    try await read { db in
      let names = states.map { "'\($0.rawValue)'" }.sorted().joined(separator: ", ")
      return try Self.assignments(
        db,
        where:
          "plan.event = ? AND assignment.state IN (\(names)) ORDER BY telescope, startsAt, assignment.id",
        [event])
    }
  }

  public func assignment(_ id: Int64) async throws(StoreError) -> StoredAssignment {
    try await read { db in
      guard let found = try Self.assignments(db, where: "assignment.id = ?", [id]).first else {
        throw StoreError.unknownAssignment(telescope: "the network", "\(id)")
      }
      return found
    }
  }

  /// The newest plan that has or had pointings of a telescope, live or not.
  public func latestPlan(of telescope: String, since start: Instant) async throws(StoreError) -> StoredPlan? {
    try await read { db in
      try Row.fetchOne(
        db,
        sql: """
          SELECT plan.* FROM plan WHERE plan.createdAt >= ? AND EXISTS
            (SELECT 1 FROM assignment WHERE assignment.plan = plan.id AND telescope = ?)
          ORDER BY plan.createdAt DESC, plan.revision DESC, plan.id DESC LIMIT 1
          """, arguments: [start.tai, telescope]
      ).map(Self.plan)
    }
  }

  static func assignments(
    _ db: Database, where condition: String, _ arguments: StatementArguments
  ) throws -> [StoredAssignment] {
    try Row.fetchAll(
      db,
      sql: """
        SELECT assignment.*, plan.event FROM assignment JOIN plan ON plan.id = assignment.plan
        WHERE \(condition)
        """, arguments: arguments
    ).map(Self.assignment)
  }

  static func assignment(_ row: Row) throws -> StoredAssignment {
    let (text, start, end): (String, Int64, Int64) = (row["state"], row["startsAt"], row["endsAt"])
    guard let state = QueueState(rawValue: text), start < end else {
      throw StoreError.corrupt("assignment \(text)")
    }
    let assignment = PlanAssignment(
      telescope: row["telescope"], position: row["position"],
      window: TimeWindow(Instant(tai: start), Instant(tai: end)),
      direction: Direction(ra: .degrees(row["raDeg"]), dec: .degrees(row["decDeg"])), filter: row["filter"],
      exposure: .seconds(row["exposureSec"] as Double), tile: row["tile"])
    return StoredAssignment(
      id: row["id"], plan: row["plan"], event: row["event"], assignment: assignment, state: state,
      reason: row["reason"], changedAt: Instant(row, "changedAt"))
  }
}

extension StoredAssignment {
  /// As the queue's rules see it.
  public var queued: QueuedPointing {
    QueuedPointing(
      id: id, event: event, plan: plan, telescope: assignment.telescope, window: assignment.window,
      direction: assignment.direction, filter: assignment.filter, exposure: assignment.exposure,
      tile: assignment.tile, standing: Standing(state: state, reason: reason, since: changedAt))
  }
}

// MARK: Of plans that come and go

extension Store {
  /// How far a pointing may move in time and still be what its team has accepted.
  static let sameTime = Duration.minutes(15)

  /// Sends the pointings of a new plan. What a team has said about the same pointing of the plan before holds
  /// on: nobody is asked again because somebody else refused.
  static func insert(
    _ assignments: [PlanAssignment], of plan: String, event: String, at now: Instant, _ db: Database
  ) throws {
    let before = try Self.assignments(
      db,
      where:
        "plan.event = ? AND plan.state <> 'live' AND assignment.changedAt = ? AND assignment.state = 'withdrawn'",
      [event, now.tai])
    let known = Dictionary(grouping: before) { "\($0.assignment.telescope)\n\($0.assignment.tile)" }
    let statement = try db.makeStatement(
      sql: """
        INSERT INTO assignment (plan, telescope, position, startsAt, endsAt, raDeg, decDeg, filter, exposureSec,
          tile, state, changedAt) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'sent', ?)
        """)
    for telescope in Set(assignments.map(\.telescope)).sorted() {
      try note("sent/\(plan)/\(telescope)", telescope, plan, nil, .sent, nil, at: now, db)
    }
    for a in assignments {
      let ra = a.direction.ra.normalized.degrees
      try statement.execute(arguments: [
        plan, a.telescope, a.position, a.window.start.tai, a.window.end.tai,
        // An angle a hair below zero comes out as 360.
        ra < 360 ? ra : 0, a.direction.dec.degrees, a.filter, a.exposure.seconds, a.tile, now.tai,
      ])
      let id = db.lastInsertedRowID
      let same = known["\(a.telescope)\n\(a.tile)"]?.first {
        $0.assignment.filter == a.filter
          && abs($0.assignment.window.start.seconds(since: a.window.start)) <= sameTime.seconds
      }
      guard let same, let state = try said(of: same.id, db) else { continue }
      try note("carried/\(id)", a.telescope, plan, id, state, "as for pointing \(same.id)", at: now, db)
      try db.execute(sql: "UPDATE assignment SET state = ? WHERE id = ?", arguments: [state.rawValue, id])
    }
  }

  /// What the team had said of a pointing before it was withdrawn, if that can hold for another.
  private static func said(of id: Int64, _ db: Database) throws -> QueueState? {
    let row = try Row.fetchOne(
      db, sql: "SELECT plan, telescope FROM assignment WHERE id = ?", arguments: [id])
    guard let row else { return nil }
    let place = QueueRecord.Place(id: id, plan: row["plan"], telescope: row["telescope"])
    let entries = try entries(of: place.plan, place.telescope, db).filter { $0.state != .withdrawn }
    let state = QueueRecord.standings(of: [place], under: entries)[id]?.state
    return state == .accepted || state == .seen ? state : nil
  }

  /// States in which a pointing whose time has come is taken as begun: its team has it.
  public static let takenAsBegun: Set<QueueState> = [.seen, .accepted]

  /// Notes as begun what of a plan should be under way, as far as its team or robot has it: an exposure is not taken
  /// back because nobody said that the shutter is open.
  /// - Parameter delivered: pointings that robots have although nobody said so.
  static func begin(
    _ plan: String, runningAt asOf: Instant, _ delivered: Set<Int64>, reason: String, at now: Instant,
    _ db: Database
  ) throws {
    let states = takenAsBegun.map { "'\($0.rawValue)'" }.sorted().joined(separator: ", ")
    let running = try Row.fetchAll(
      db,
      sql: """
        SELECT id, telescope, state FROM assignment
        WHERE plan = ? AND state IN (\(states), 'sent') AND startsAt < ? AND endsAt > ?
          AND telescope NOT IN (\(absent)) ORDER BY id
        """, arguments: [plan, asOf.tai, asOf.tai, asOf.tai, asOf.tai, plan])
    for row in running {
      let (id, telescope): (Int64, String) = (row["id"], row["telescope"])
      let state: String = row["state"]
      guard state != QueueState.sent.rawValue || delivered.contains(id) else { continue }
      let why = "its time had come when \(reason)"
      try note("begun/\(id)", telescope, plan, id, .started, why, at: now, db)
      try db.execute(
        sql: "UPDATE assignment SET state = 'started', reason = ?, changedAt = ? WHERE id = ?",
        arguments: [why, now.tai, id])
    }
  }

  /// Telescopes that are out at an instant, for a plan's event or for all.
  private static let absent = """
    SELECT telescope FROM outage WHERE filter IS NULL AND startsAt <= ? AND endsAt > ?
      AND (event IS NULL OR event = (SELECT event FROM plan WHERE id = ?))
      AND NOT EXISTS (SELECT 1 FROM outage AS later WHERE later.replaces = outage.number)
    """

  /// Takes back what of a plan has not begun.
  static func withdraw(_ plan: String, reason: String, at now: Instant, _ db: Database) throws {
    try end(plan, as: .withdrawn, reason: reason, at: now, db)
  }

  static func expire(_ plan: String, at now: Instant, _ db: Database) throws {
    try end(plan, as: .expired, reason: "nobody told anything until \(now.iso8601())", at: now, db)
  }

  private static func end(
    _ plan: String, as state: QueueState, reason: String, at now: Instant, _ db: Database
  ) throws {
    let from = QueueState.allCases.filter { $0.verdict(on: state) == .changes }
      .map { "'\($0.rawValue)'" }.joined(separator: ", ")
    let shares = try String.fetchAll(
      db,
      sql:
        "SELECT DISTINCT telescope FROM assignment WHERE plan = ? AND state IN (\(from)) ORDER BY telescope",
      arguments: [plan])
    for telescope in shares {
      try note("\(state.rawValue)/\(plan)/\(telescope)", telescope, plan, nil, state, reason, at: now, db)
    }
    try db.execute(
      sql: "UPDATE assignment SET state = ?, reason = ?, changedAt = ? WHERE plan = ? AND state IN (\(from))",
      arguments: [state.rawValue, reason, now.tai, plan])
  }

  /// The service's own lines of the record.
  private static func note(
    _ key: String, _ telescope: String, _ plan: String, _ assignment: Int64?, _ state: QueueState,
    _ reason: String?, at now: Instant, _ db: Database
  ) throws {
    try db.execute(
      sql: """
        INSERT INTO answer (key, telescope, plan, assignment, state, reason, actor, way, at)
        VALUES (?, ?, ?, ?, ?, ?, 'vesper', 'service', ?) ON CONFLICT (key) DO NOTHING
        """,
      arguments: [
        key, telescope, plan, assignment, state.rawValue, reason.map { String($0.prefix(2000)) }, now.tai,
      ])
  }
}
