import Deliveries
import Foundation
import GRDB
import Units

/// A request for a point source as it is to be stored.
public struct FollowupDraft: Hashable, Sendable {
  public let id: String
  /// The same request, however often it comes, has the same key.
  public let key: String
  /// SHA-256 of what was asked, in hexadecimal: another request under the same key is refused.
  public let digest: String
  /// The event whose source it may be: when that is withdrawn, so is this.
  public let about: String?
  public let isMock: Bool
  /// JSON.
  public let request: String
  /// JSON: the ranking as it was given.
  public let answer: String
  public let actor: String

  public init(
    id: String, key: String, digest: String, about: String?, isMock: Bool, request: String, answer: String,
    actor: String
  ) {
    self.id = id
    self.key = key
    self.digest = digest
    self.about = about
    self.isMock = isMock
    self.request = request
    self.answer = answer
    self.actor = actor
  }
}

public struct StoredFollowup: Hashable, Sendable {
  public let id: String
  public let digest: String
  public let about: String?
  public let isMock: Bool
  /// JSON.
  public let request: String
  /// JSON.
  public let answer: String
  public let actor: String
  public let createdAt: Instant
}

/// What one telescope is sent of a request: its plan, and what others are owed because of it.
public struct FollowupSending: Sendable {
  /// Of the request's own event; the scope is the telescope's.
  public let plan: PlanDraft
  public let deliveries: [Delivery]
  public let timers: [TimerDraft]
  public let log: LogDraft

  public init(plan: PlanDraft, deliveries: [Delivery], timers: [TimerDraft], log: LogDraft) {
    self.plan = plan
    self.deliveries = deliveries
    self.timers = timers
    self.log = log
  }
}

/// A telescope's part of a request that ends because its event is over.
public struct EndedFollowup: Sendable {
  public let followup: StoredFollowup
  /// Id of the telescope's plan.
  public let plan: String
  public let document: [UInt8]
  public let reason: String
}

/// A pointing that uses up an allocation.
public struct UsedPointing: Hashable, Sendable {
  public let telescope: String
  public let event: String
  /// Of a rehearsal.
  public let isMock: Bool
  public let scope: String
  /// When its plan was made.
  public let asked: Instant
  public let window: TimeWindow
  /// One exposure.
  public let exposure: Duration
}

extension Store {
  /// Stores a request, or finds the one that has its key.
  /// - Returns: its id, and whether it is new.
  @discardableResult
  public func record(
    _ followup: FollowupDraft, sending: [FollowupSending] = [], at now: Instant
  ) async throws(StoreError) -> (id: String, isNew: Bool) {
    let (policy, lease) = (options.policy, options.lease)
    return try await write { transaction in
      let db = transaction.db
      if let row = try Row.fetchOne(
        db, sql: "SELECT id, digest FROM followup WHERE key = ?", arguments: [followup.key])
      {
        guard row["digest"] as String == followup.digest else {
          throw StoreError.answerConflict(key: followup.key)
        }
        return (row["id"], false)
      }
      if let about = followup.about,
        try Int.fetchOne(db, sql: "SELECT 1 FROM event WHERE id = ?", arguments: [about]) == nil
      {
        throw StoreError.unknownEvent(about)
      }
      try db.execute(
        sql: """
          INSERT INTO event (id, revision, state, isMock, mergedInto, createdAt, changedAt)
          VALUES (?, 1, '{}', ?, NULL, ?, ?)
          """, arguments: [followup.id, followup.isMock, now.tai, now.tai])
      try db.execute(
        sql: "INSERT INTO followup VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        arguments: [
          followup.id, followup.key, followup.digest, followup.about, followup.request, followup.answer,
          followup.actor, now.tai,
        ])
      try Self.append(
        LogDraft(
          actor: followup.actor, kind: "followup.asked", event: followup.id,
          fields: ["text": "\(followup.id): who can observe it was asked"]), at: now, in: &transaction)
      try Self.send(sending, policy: policy, lease: lease, at: now, in: &transaction)
      return (followup.id, true)
    }
  }

  /// Sends a request to telescopes, each with its plan, assignments and deliveries, or none of them. Those that
  /// have it already are left as they are.
  /// - Returns: the scopes that are new.
  @discardableResult
  public func send(
    _ sending: [FollowupSending], at now: Instant
  ) async throws(StoreError) -> [String] {
    let (policy, lease) = (options.policy, options.lease)
    return try await write { transaction in
      try Self.send(sending, policy: policy, lease: lease, at: now, in: &transaction)
    }
  }

  @discardableResult
  private static func send(
    _ sending: [FollowupSending], policy: OutboxPolicy, lease: String, at now: Instant,
    in transaction: inout Transaction
  ) throws -> [String] {
    var outcome = Outcome()
    var sent: [String] = []
    for one in sending {
      let (event, scope) = (one.plan.event, one.plan.scope)
      let live = try Int.fetchOne(
        transaction.db, sql: "SELECT 1 FROM plan WHERE event = ? AND scope = ? AND state = 'live'",
        arguments: [event, scope])
      guard live == nil else { continue }
      guard
        let revision = try Int64.fetchOne(
          transaction.db, sql: "SELECT revision FROM event WHERE id = ?", arguments: [event])
      else { throw StoreError.unknownEvent(event) }
      try insert(one.plan, [event: revision], at: now, transaction.db)
      for timer in one.timers { try set(timer, at: now, transaction.db) }
      try append(one.log, at: now, in: &transaction)
      outcome.deliveries += one.deliveries
      sent.append(scope)
    }
    _ = try enqueue(outcome, policy: policy, lease: lease, at: now, in: &transaction)
    return sent
  }

  /// Takes a request back from telescopes.
  /// - Parameter deliveries: what tells them, by scope.
  /// - Returns: the ids of the plans that ended.
  public func withdraw(
    followup id: String, scopes: [String: [Delivery]], reason: String, actor: String, at now: Instant
  ) async throws(StoreError) -> [String] {
    let (policy, lease) = (options.policy, options.lease)
    return try await write { transaction in
      var outcome = Outcome()
      var ended: [String] = []
      for (scope, deliveries) in scopes.sorted(by: { $0.key < $1.key }) {
        let plans = try Self.endPlans(
          of: id, scope: scope, as: "withdrawn", reason: reason, at: now, transaction.db)
        guard !plans.isEmpty else { continue }
        ended += plans
        outcome.deliveries += deliveries
        try Self.append(
          LogDraft(
            actor: actor, kind: "followup.withdrawn", event: id, fields: ["text": "\(scope): \(reason)"]),
          at: now, in: &transaction)
      }
      _ = try Self.enqueue(outcome, policy: policy, lease: lease, at: now, in: &transaction)
      return ended
    }
  }

  /// Ends what is live of all requests about an event, or about one that turned out to be the same.
  static func endFollowups(
    about event: String, reason: String, at now: Instant, _ transaction: inout Transaction
  ) throws -> [EndedFollowup] {
    let rows = try Row.fetchAll(
      transaction.db,
      sql: """
        WITH RECURSIVE same (id) AS (
          VALUES (?) UNION SELECT event.id FROM event JOIN same ON event.mergedInto = same.id)
        \(followupRows) WHERE followup.about IN (SELECT id FROM same) ORDER BY followup.createdAt, followup.id
        """, arguments: [event])
    var ended: [EndedFollowup] = []
    for stored in rows.map(followup) {
      for plan in try endPlans(
        of: stored.id, scope: nil, as: "withdrawn", reason: reason, at: now, transaction.db)
      {
        let bytes = try Data.fetchOne(
          transaction.db, sql: "SELECT bytes FROM planDocument WHERE plan = ?", arguments: [plan])
        ended.append(
          EndedFollowup(followup: stored, plan: plan, document: Array(bytes ?? Data()), reason: reason))
        try append(
          LogDraft(
            actor: "vesper", kind: "followup.withdrawn", event: stored.id,
            fields: ["text": "\(plan): \(reason)"]), at: now, in: &transaction)
      }
    }
    return ended
  }

  // MARK: Reading

  /// Newest first.
  public func followups(limit: Int) async throws(StoreError) -> [StoredFollowup] {
    try await read { db in
      try Row.fetchAll(
        db, sql: "\(Self.followupRows) ORDER BY followup.createdAt DESC, followup.id DESC LIMIT ?",
        arguments: [limit]
      ).map(Self.followup)
    }
  }

  public func followup(_ id: String) async throws(StoreError) -> StoredFollowup {
    try await read { db in
      guard
        let row = try Row.fetchOne(db, sql: "\(Self.followupRows) WHERE followup.id = ?", arguments: [id])
      else { throw StoreError.unknownEvent(id) }
      return Self.followup(row)
    }
  }

  /// The request that has a key.
  public func followup(key: String) async throws(StoreError) -> StoredFollowup? {
    try await read { db in
      try Row.fetchOne(db, sql: "\(Self.followupRows) WHERE followup.key = ?", arguments: [key])
        .map(Self.followup)
    }
  }

  static let followupRows =
    "SELECT followup.*, event.isMock FROM followup JOIN event ON event.id = followup.id"

  static func followup(_ row: Row) -> StoredFollowup {
    StoredFollowup(
      id: row["id"], digest: row["digest"], about: row["about"], isMock: row["isMock"],
      request: row["request"], answer: row["answer"], actor: row["actor"],
      createdAt: Instant(row, "createdAt"))
  }

  /// Pointings that start after an instant and were done or are still to be done.
  public func usedPointings(since start: Instant) async throws(StoreError) -> [UsedPointing] {
    try await read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT assignment.telescope, assignment.startsAt, assignment.endsAt, assignment.exposureSec,
            plan.event, event.isMock, plan.scope, plan.createdAt
          FROM assignment JOIN plan ON plan.id = assignment.plan JOIN event ON event.id = plan.event
          WHERE assignment.startsAt >= ? AND (assignment.state IN ('started', 'observed', 'data', 'photometry')
            OR assignment.state IN ('sent', 'seen', 'accepted') AND plan.state = 'live')
          """, arguments: [start.tai]
      ).map { row in
        UsedPointing(
          telescope: row["telescope"], event: row["event"], isMock: row["isMock"],
          scope: row["scope"], asked: Instant(row, "createdAt"),
          window: TimeWindow(Instant(row, "startsAt"), Instant(row, "endsAt")),
          exposure: .seconds(row["exposureSec"] as Double))
      }
    }
  }
}
