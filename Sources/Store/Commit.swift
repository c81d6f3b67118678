import Deliveries
import Foundation
import GRDB
import Units

extension Store {
  /// Stores what one step changed, in one transaction: a notice is handled if and only if everything that
  /// follows from it is stored. Each event is compared and swapped on its revision.
  @discardableResult
  public func commit(_ outcome: Outcome, at now: Instant) async throws(StoreError) -> CommitReceipt {
    let (lease, policy) = (options.lease, options.policy)
    // Hashed before the writer is asked for, as notices are.
    let maps = outcome.remoteMaps.map { map -> (RemoteMap, String?) in
      if case .bytes(let bytes) = map.content { (map, SHA256.hexDigest(of: bytes)) } else { (map, nil) }
    }
    let receipt = try await write { transaction -> CommitReceipt in
      if let epoch = outcome.epoch { try Self.fence(epoch, lease: lease, transaction.db) }
      for id in outcome.handled { try Self.markHandled(id, at: now, transaction.db) }
      var revisions: [String: Int64] = [:]
      for change in outcome.events {
        revisions[change.id] = try Self.swap(change, at: now, transaction.db)
      }
      for decision in outcome.decisions { try Self.insert(decision, revisions, at: now, transaction.db) }
      var superseded: [String] = []
      for withdrawal in outcome.withdrawnPlans {
        superseded += try Self.endPlans(
          of: withdrawal.event, scope: nil, as: "withdrawn", reason: withdrawal.reason, at: now,
          transaction.db)
      }
      var farewells: [Delivery] = []
      for stop in outcome.stoppedEvents {
        for ended in try Self.endFollowups(about: stop.event, reason: stop.reason, at: now, &transaction) {
          superseded.append(ended.plan)
          do { farewells += try outcome.farewell?(ended) ?? [] } catch {
            // STOP is said to all others all the same.
            try Self.append(
              LogDraft(
                actor: "vesper", kind: "followup.untold", event: ended.followup.id,
                fields: ["text": "nobody could be told that \(ended.plan) has ended: \(error)"]),
              at: now, in: &transaction)
          }
        }
      }
      for id in outcome.expiredPlans { try Self.expire(id, at: now, transaction.db) }
      for plan in outcome.plans {
        superseded += try Self.endPlans(
          of: plan.event, scope: plan.scope, as: "superseded", reason: "\(plan.id) took its place",
          keeping: plan.asOf ?? now, delivered: plan.delivered, at: now, transaction.db)
        try Self.insert(plan, revisions, at: now, transaction.db)
      }
      for (notice, name) in outcome.looseNotices { try Self.keep(loose: notice, name: name, transaction.db) }
      for (map, digest) in maps { try Self.keep(map, digest: digest, at: now, transaction.db) }
      try Self.apply(timersOf: outcome, at: now, transaction.db)
      // What people read first comes first in the log.
      for draft in outcome.log { try Self.append(draft, at: now, in: &transaction) }
      var owed = outcome
      owed.deliveries += farewells
      let underWay = try Self.enqueue(owed, policy: policy, lease: lease, at: now, in: &transaction)
      let last = try Int64.fetchOne(transaction.db, sql: "SELECT max(seq) FROM log") ?? 0
      return CommitReceipt(
        revisions: revisions, superseded: superseded, underWay: underWay, logSequence: last)
    }
    await inHand.remove(outcome.handled)
    return receipt
  }

  static func fence(_ epoch: Int64, lease: String, _ db: Database) throws {
    let current = try currentEpoch(lease, db)
    guard current == epoch else { throw StoreError.fenced(current: current, given: epoch) }
  }

  static func currentEpoch(_ lease: String, _ db: Database) throws -> Int64 {
    try Int64.fetchOne(db, sql: "SELECT epoch FROM lease WHERE name = ?", arguments: [lease]) ?? 0
  }

  private static func markHandled(_ id: NoticeID, at now: Instant, _ db: Database) throws {
    try db.execute(
      sql:
        "UPDATE notice SET status = 'handled', reason = NULL, changedAt = ? WHERE id = ? AND status = 'new'",
      arguments: [now.tai, id.number])
    if db.changesCount == 1 { return }
    let status = try String.fetchOne(
      db, sql: "SELECT status FROM notice WHERE id = ?", arguments: [id.number])
    guard let status = status.flatMap(NoticeStatus.init(rawValue:)) else {
      throw StoreError.unknownNotice(id)
    }
    throw StoreError.noticeState(id, status)
  }

  private static func swap(_ change: EventChange, at now: Instant, _ db: Database) throws -> Int64 {
    let found =
      try Int64.fetchOne(db, sql: "SELECT revision FROM event WHERE id = ?", arguments: [change.id]) ?? 0
    guard found == change.expectedRevision else {
      throw StoreError.revisionConflict(event: change.id, expected: change.expectedRevision, found: found)
    }
    try db.execute(
      sql: """
        INSERT INTO event (id, revision, state, isMock, mergedInto, createdAt, changedAt)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET revision = excluded.revision, state = excluded.state,
          isMock = excluded.isMock, mergedInto = excluded.mergedInto, changedAt = excluded.changedAt
        """,
      arguments: [change.id, found + 1, change.state, change.isMock, change.mergedInto, now.tai, now.tai])
    for notice in change.notices {
      try db.execute(
        sql: "INSERT INTO eventNotice VALUES (?, ?) ON CONFLICT DO NOTHING",
        arguments: [change.id, notice.number])
    }
    return found + 1
  }

  private static func insert(
    _ decision: DecisionDraft, _ revisions: [String: Int64], at now: Instant, _ db: Database
  ) throws {
    guard let revision = revisions[decision.event] else { throw StoreError.unknownEvent(decision.event) }
    try db.execute(
      sql: """
        INSERT INTO decision (event, revision, outcome, policy, actor, body, decidedAt)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        decision.event, revision, decision.outcome, decision.policy, decision.actor, decision.body, now.tai,
      ])
  }

  static func insert(
    _ plan: PlanDraft, _ revisions: [String: Int64], at now: Instant, _ db: Database
  ) throws {
    guard let revision = revisions[plan.event] else { throw StoreError.unknownEvent(plan.event) }
    try db.execute(
      sql: "INSERT INTO plan VALUES (?, ?, ?, ?, ?, 'live', NULL, ?, ?, ?)",
      arguments: [
        plan.id, plan.event, revision, plan.scope, plan.requestDigest, plan.encoding.rawValue, now.tai,
        now.tai,
      ])
    try db.execute(
      sql: "INSERT INTO planDocument VALUES (?, ?)", arguments: [plan.id, Data(plan.document)])
    if let summary = plan.summary {
      try db.execute(sql: "INSERT INTO planSummary VALUES (?, ?)", arguments: [plan.id, summary])
    }
    for (name, bytes) in plan.files.sorted(by: { $0.key < $1.key }) {
      try db.execute(
        sql: "INSERT INTO planFile VALUES (?, ?, ?)", arguments: [plan.id, name, Data(bytes)])
    }
    try insert(plan.assignments, of: plan.id, event: plan.event, at: now, db)
  }

  /// Ends live plans of an event. Pointings that have begun stay what they are.
  /// - Parameters:
  ///   - asOf: what should be under way then is taken as begun; nil: only what teams said they began.
  ///   - delivered: pointings that robots have although nobody said so.
  static func endPlans(
    of event: String, scope: String?, as state: String, reason: String, keeping asOf: Instant? = nil,
    delivered: Set<Int64> = [], at now: Instant, _ db: Database
  ) throws -> [String] {
    let filter = scope == nil ? "" : "AND scope = ?"
    let arguments: StatementArguments = if let scope { [event, scope] } else { [event] }
    let ids = try String.fetchAll(
      db, sql: "SELECT id FROM plan WHERE event = ? AND state = 'live' \(filter) ORDER BY id",
      arguments: arguments)
    for id in ids {
      try db.execute(
        sql: "UPDATE plan SET state = ?, reason = ?, changedAt = ? WHERE id = ?",
        arguments: [state, reason, now.tai, id])
      if let asOf { try begin(id, runningAt: asOf, delivered, reason: reason, at: now, db) }
      try withdraw(id, reason: reason, at: now, db)
    }
    return ids
  }

  private static func apply(timersOf outcome: Outcome, at now: Instant, _ db: Database) throws {
    for (ids, state) in [(outcome.firedTimers, "fired"), (outcome.cancelledTimers, "cancelled")] {
      for id in ids {
        try db.execute(
          sql: "UPDATE timer SET state = ?, changedAt = ? WHERE id = ? AND state = 'pending'",
          arguments: [state, now.tai, id])
        // A timer that fires twice would repeat what it did; cancelling twice is harmless.
        if db.changesCount == 0, state == "fired" { throw StoreError.unknownTimer(id) }
      }
    }
    for timer in outcome.timers { try set(timer, at: now, db) }
  }
}
