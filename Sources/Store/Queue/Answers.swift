import Foundation
import GRDB
import Queues
import Units

/// An exposure that was taken, matched and checked by the caller.
public struct ObservationDraft: Hashable, Sendable {
  public let event: String
  public let start: Instant
  public let exposure: Duration
  public let direction: Direction<ICRS>
  public let rotation: Angle
  public let filter: String?
  public let limit: Magnitude?

  public init(
    event: String, start: Instant, exposure: Duration, direction: Direction<ICRS>, rotation: Angle = .zero,
    filter: String? = nil, limit: Magnitude? = nil
  ) {
    self.event = event
    self.start = start
    self.exposure = exposure
    self.direction = direction
    self.rotation = rotation
    self.filter = filter
    self.limit = limit
  }
}

/// What a team or its robot says.
public struct AnswerDraft: Hashable, Sendable {
  public enum Subject: Hashable, Sendable {
    case pointing(Int64)
    /// All of a plan's pointings for the telescope.
    case plan(String)
    /// An exposure of nothing that was asked for.
    case none
  }
  /// The same answer, however often it comes, has the same key.
  public let key: String
  public let telescope: String
  public let subject: Subject
  public let state: QueueState
  public let reason: String?
  public let observation: ObservationDraft?
  /// Of a refused plan: until when the telescope is not to be asked again for the event.
  public let until: Instant?
  public let actor: String
  public let way: QueueEntry.Way

  public init(
    key: String, telescope: String, subject: Subject, state: QueueState, reason: String? = nil,
    observation: ObservationDraft? = nil, until: Instant? = nil, actor: String, way: QueueEntry.Way
  ) {
    self.key = key
    self.telescope = telescope
    self.subject = subject
    self.state = state
    self.reason = reason
    self.observation = observation
    self.until = until
    self.actor = actor
    self.way = way
  }
}

public struct AnswerReceipt: Hashable, Sendable {
  /// The pointings whose state changed; none for a repetition.
  public let changed: [Int64]
  /// Whether anything was stored.
  public let isNew: Bool
}

public struct StoredObservation: Hashable, Sendable {
  public let number: Int64
  public let telescope: String
  public let assignment: Int64?
  public let observation: ObservationDraft
}

extension Store {
  /// Stores an answer with all that it changes; what follows from it is done by the step that its timer asks
  /// for. The same answer again changes nothing.
  @discardableResult
  public func record(_ answer: AnswerDraft, at now: Instant) async throws(StoreError) -> AnswerReceipt {
    try await write { transaction in
      let db = transaction.db
      if let earlier = try Self.repeated(answer, db) { return earlier }
      let items = try Self.pointings(of: answer, db)
      try Self.checkPlan(of: items.first, takes: answer.state, db)
      let changing = items.filter { $0.state.verdict(on: answer.state) == .changes }
      if changing.isEmpty, let first = items.first,
        !items.contains(where: { $0.state.verdict(on: answer.state) == .repeats })
      {
        throw StoreError.impossibleAnswer(
          "the pointing is \(first.state.rawValue) and cannot become \(answer.state.rawValue)")
      }
      var isNew = false
      if let observation = answer.observation {
        isNew = try Self.insert(observation, of: answer, for: items.first?.id, at: now, db)
      }
      guard !changing.isEmpty || isNew else { return AnswerReceipt(changed: [], isNew: false) }
      try Self.apply(answer, to: changing, at: now, db)
      let event = items.first?.event ?? answer.observation?.event
      try Self.append(Self.line(of: answer, changing, event), at: now, in: &transaction)
      if let event, answer.observation != nil || answer.state == .refused || answer.state == .started {
        try Self.wake(event, number: "\(answer.key)", at: now, in: &transaction)
      }
      return AnswerReceipt(changed: changing.map(\.id), isNew: true)
    }
  }

  /// Asks the engine to look at an event again. Each call has its own timer, so that a step under way cannot
  /// swallow what it has not read.
  static func wake(
    _ event: String, number: String, at now: Instant, in transaction: inout Transaction
  ) throws {
    let id = "answer/\(SHA256.hexDigest(of: number).prefix(32))"
    try set(TimerDraft(id: id, event: event, kind: "answer", due: now), at: now, transaction.db)
    transaction.signals.insert(inboxName)
  }

  /// - Returns: nil if the key is new.
  private static func repeated(_ answer: AnswerDraft, _ db: Database) throws -> AnswerReceipt? {
    let row = try Row.fetchOne(
      db, sql: "SELECT telescope, plan, assignment, state FROM answer WHERE key = ?", arguments: [answer.key])
    let observed = try String.fetchOne(
      db, sql: "SELECT telescope FROM observation WHERE key = ?", arguments: [answer.key])
    if row == nil, observed == nil { return nil }
    if let row {
      let (telescope, plan, state): (String, String, String) = (row["telescope"], row["plan"], row["state"])
      let assignment: Int64? = row["assignment"]
      let isSame =
        switch answer.subject {
        case .pointing(let id): assignment == id
        case .plan(let id): assignment == nil && plan == id
        case .none: false
        }
      guard isSame, telescope == answer.telescope, state == answer.state.rawValue else {
        throw StoreError.answerConflict(key: answer.key)
      }
    } else if observed != answer.telescope {
      throw StoreError.answerConflict(key: answer.key)
    }
    return AnswerReceipt(changed: [], isNew: false)
  }

  private static func pointings(of answer: AnswerDraft, _ db: Database) throws -> [StoredAssignment] {
    switch answer.subject {
    case .none: return []
    case .pointing(let id):
      let found = try assignments(db, where: "assignment.id = ? AND telescope = ?", [id, answer.telescope])
      guard !found.isEmpty else { throw StoreError.unknownAssignment(telescope: answer.telescope, "\(id)") }
      return found
    case .plan(let plan):
      let found = try assignments(
        db, where: "assignment.plan = ? AND telescope = ? ORDER BY position", [plan, answer.telescope])
      guard !found.isEmpty else { throw StoreError.unknownAssignment(telescope: answer.telescope, plan) }
      return found
    }
  }

  /// What is no longer asked for can be observed, but not promised.
  private static func checkPlan(
    of item: StoredAssignment?, takes state: QueueState, _ db: Database
  ) throws {
    guard let item, !item.state.hasBegun, state == .seen || state == .accepted || state == .started else {
      return
    }
    let plan = try String.fetchOne(db, sql: "SELECT state FROM plan WHERE id = ?", arguments: [item.plan])
    guard plan == PlanState.live.rawValue else {
      throw StoreError.impossibleAnswer("the plan \(item.plan) is \(plan ?? "gone"): fetch the present one")
    }
  }

  private static func apply(
    _ answer: AnswerDraft, to changing: [StoredAssignment], at now: Instant, _ db: Database
  ) throws {
    guard let first = changing.first else { return }
    var pointing: Int64?
    if case .pointing(let id) = answer.subject { pointing = id }
    try db.execute(
      sql: """
        INSERT INTO answer (key, telescope, plan, assignment, state, reason, actor, way, at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        answer.key, answer.telescope, first.plan, pointing, answer.state.rawValue, answer.reason,
        answer.actor,
        answer.way.rawValue, now.tai,
      ])
    for item in changing {
      try db.execute(
        sql: "UPDATE assignment SET state = ?, reason = ?, changedAt = ? WHERE id = ?",
        arguments: [answer.state.rawValue, answer.reason, now.tai, item.id])
    }
    if answer.state == .refused, pointing == nil, let until = answer.until, until > now {
      try insert(
        OutageDraft(
          key: answer.key, telescope: answer.telescope, event: first.event, kind: .refusal,
          window: TimeWindow(now, until), reason: answer.reason ?? "refused", actor: answer.actor,
          way: answer.way), replacing: nil, at: now, db)
    }
  }

  private static func insert(
    _ o: ObservationDraft, of answer: AnswerDraft, for assignment: Int64?, at now: Instant, _ db: Database
  ) throws -> Bool {
    let ra = o.direction.ra.normalized.degrees
    // The same exposure reported by two ways is one, whatever each calls the filter. One way that names two filters
    // tells of a camera that sees in both at once.
    let twin = try Int64.fetchOne(
      db,
      sql: """
        SELECT number FROM observation WHERE telescope = ? AND event = ? AND abs(startsAt - ?) < 1000000000
          AND abs(raDeg - ?) < 1e-4 AND abs(decDeg - ?) < 1e-4 AND (way <> ? OR ifnull(filter <> ?, 0) = 0)
        """,
      arguments: [
        answer.telescope, o.event, o.start.tai, ra, o.direction.dec.degrees, answer.way.rawValue, o.filter,
      ])
    guard twin == nil else { return false }
    try db.execute(
      sql: """
        INSERT INTO observation (key, telescope, event, assignment, startsAt, exposureSec, raDeg, decDeg,
          rotationDeg, filter, limitMag, actor, way, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        answer.key, answer.telescope, o.event, assignment, o.start.tai, o.exposure.seconds,
        ra < 360 ? ra : 0, o.direction.dec.degrees, o.rotation.degrees, o.filter, o.limit?.value,
        answer.actor,
        answer.way.rawValue, now.tai,
      ])
    return true
  }

  private static func line(
    of answer: AnswerDraft, _ changing: [StoredAssignment], _ event: String?
  ) -> LogDraft {
    var text = "\(answer.telescope): "
    switch answer.subject {
    case .pointing(let id): text += "pointing \(id) \(answer.state.rawValue)"
    case .plan(let plan): text += "\(changing.count) pointings of \(plan) \(answer.state.rawValue)"
    case .none: text += "an exposure of its own choice"
    }
    if let reason = answer.reason { text += ": \(reason)" }
    return LogDraft(
      actor: answer.actor, kind: "assignment.\(answer.state.rawValue)", event: event,
      fields: ["text": text, "way": answer.way.rawValue, "key": answer.key])
  }

  // MARK: Reading

  /// Pointings that a team refused one by one, of all plans for an event.
  public func refusedPointings(for event: String) async throws(StoreError) -> [StoredAssignment] {
    try await read { db in
      try Self.assignments(
        db,
        where: """
          plan.event = ? AND assignment.state = 'refused' AND EXISTS
            (SELECT 1 FROM answer WHERE answer.plan = assignment.plan
              AND answer.telescope = assignment.telescope AND answer.assignment = assignment.id
              AND answer.state = 'refused')
          ORDER BY telescope, startsAt, assignment.id
          """, [event])
    }
  }

  /// The record of a plan's share, oldest first.
  public func answers(
    on plan: String, telescope: String
  ) async throws(StoreError) -> [QueueEntry] {
    try await read { try Self.entries(of: plan, telescope, $0) }
  }

  static func entries(of plan: String, _ telescope: String, _ db: Database) throws -> [QueueEntry] {
    try Row.fetchAll(
      db, sql: "SELECT * FROM answer WHERE plan = ? AND telescope = ? ORDER BY number",
      arguments: [plan, telescope]
    ).map { row in
      let (state, way): (String, String) = (row["state"], row["way"])
      guard let state = QueueState(rawValue: state), let way = QueueEntry.Way(rawValue: way) else {
        throw StoreError.corrupt("answer \(state) by \(way)")
      }
      let assignment: Int64? = row["assignment"]
      return QueueEntry(
        number: row["number"], key: row["key"],
        subject: assignment.map { .pointing($0) } ?? .share(plan: row["plan"], telescope: row["telescope"]),
        state: state, reason: row["reason"], actor: row["actor"], way: way, at: Instant(row, "at"))
    }
  }

  /// Everything observed for an event, in the order of reporting.
  public func observations(for event: String) async throws(StoreError) -> [StoredObservation] {
    try await read { db in
      try Row.fetchAll(
        db, sql: "SELECT * FROM observation WHERE event = ? ORDER BY number", arguments: [event]
      ).map { row in
        let limit: Double? = row["limitMag"]
        return StoredObservation(
          number: row["number"], telescope: row["telescope"], assignment: row["assignment"],
          observation: ObservationDraft(
            event: row["event"], start: Instant(row, "startsAt"),
            exposure: .seconds(row["exposureSec"] as Double),
            direction: Direction(ra: .degrees(row["raDeg"]), dec: .degrees(row["decDeg"])),
            rotation: .degrees(row["rotationDeg"]), filter: row["filter"], limit: limit.map { Magnitude($0) })
        )
      }
    }
  }
}
