import Foundation
import GRDB
import Queues
import Units

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
  /// Number of the exposure that `observation` says better; nil: what is known of it is found by what it says.
  public let corrects: Int64?
  /// Of a refused plan: until when the telescope is not to be asked again for the event.
  public let until: Instant?
  public let actor: String
  public let way: QueueEntry.Way

  public init(
    key: String, telescope: String, subject: Subject, state: QueueState, reason: String? = nil,
    observation: ObservationDraft? = nil, corrects: Int64? = nil, until: Instant? = nil, actor: String,
    way: QueueEntry.Way
  ) {
    self.corrects = corrects
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
  /// Number of the exposure that the answer tells of; nil for one that tells of none.
  public var observation: Int64?
  /// Number of the exposure that it took the place of.
  public var replaced: Int64?
}

extension Store {
  /// Stores an answer with all that it changes; what follows from it is done by the step that its timer asks
  /// for. The same answer again changes nothing.
  @discardableResult
  public func record(_ answer: AnswerDraft, at now: Instant) async throws(StoreError) -> AnswerReceipt {
    try await write { transaction in
      let db = transaction.db
      if let observation = answer.observation, let known = try Self.known(observation, of: answer, db) {
        return try Self.tell(observation, of: answer, about: known, at: now, in: &transaction)
      }
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
      let number = try answer.observation.map {
        try Self.insert($0, of: answer, for: items.first?.id, at: now, db)
      }
      guard !changing.isEmpty || number != nil else { return AnswerReceipt(changed: [], isNew: false) }
      try Self.apply(answer, to: changing, at: now, db)
      let event = items.first?.event ?? answer.observation?.event
      try Self.append(Self.line(of: answer, changing, event), at: now, in: &transaction)
      if let event, answer.observation != nil || answer.state == .refused || answer.state == .started {
        try Self.wake(event, number: "\(answer.key)", at: now, in: &transaction)
      }
      return AnswerReceipt(changed: changing.map(\.id), isNew: true, observation: number)
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
    let observed = try Row.fetchOne(
      db, sql: "SELECT telescope, number FROM observation WHERE key = ?", arguments: [answer.key])
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
      // It was called observed; now its exposure is told under the same key.
      if answer.observation != nil, observed == nil { return nil }
    } else if observed.map({ $0["telescope"] as String }) != answer.telescope {
      throw StoreError.answerConflict(key: answer.key)
    }
    return AnswerReceipt(changed: [], isNew: false, observation: observed?["number"])
  }

  static func pointings(of answer: AnswerDraft, _ db: Database) throws -> [StoredAssignment] {
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

  static func apply(
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
}
