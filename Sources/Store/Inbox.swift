import Deliveries
import Foundation
import GRDB
import Units

/// Which notices this process is handling: gone with the process, so that a restart takes them up at once.
actor NoticesInHand {
  private var ids: Set<Int64> = []
  func all() -> Set<Int64> { ids }
  func add(_ taken: [Int64]) { ids.formUnion(taken) }
  func remove(_ done: some Sequence<NoticeID>) { for id in done { ids.remove(id.number) } }
}

extension Store {
  /// Stores a notice before anybody looks into it, with its place in the feed, and moves the feed's offset of
  /// record past it. Only then may the feed's own offset be committed. Idempotent by place and by content.
  @discardableResult
  public func record(_ notice: RawNotice) async throws(StoreError) -> RecordResult {
    try await record([notice])[0]
  }

  /// The same for several in one transaction: a backlog is drained faster.
  @discardableResult
  public func record(_ notices: [RawNotice]) async throws(StoreError) -> [RecordResult] {
    // Hashed before the writer is asked for: a megabyte takes milliseconds.
    let hashed = notices.map { ($0, SHA256.hexDigest(of: $0.bytes), Data($0.bytes)) }
    return try await write { transaction in
      try hashed.map { notice, digest, bytes in
        try Self.record(notice, digest: digest, bytes: bytes, in: &transaction)
      }
    }
  }

  private static func record(
    _ notice: RawNotice, digest: String, bytes: Data, in transaction: inout Transaction
  ) throws -> RecordResult {
    let db = transaction.db
    let known = try Row.fetchOne(
      db, sql: "SELECT id, status FROM notice WHERE digest = ?", arguments: [digest])
    let result: RecordResult
    if let known {
      result = .repeated(NoticeID(known["id"]), try status(known))
    } else {
      try db.execute(
        sql: """
          INSERT INTO notice (digest, size, topic, sentAt, receivedAt, urgency, status, attempts, nextTry, changedAt)
          VALUES (?, ?, ?, ?, ?, ?, 'new', 0, ?, ?)
          """,
        arguments: [
          digest, bytes.count, notice.topic, notice.sentAt?.tai, notice.receivedAt.tai, notice.urgency,
          notice.receivedAt.tai, notice.receivedAt.tai,
        ])
      let id = db.lastInsertedRowID
      try db.execute(
        sql: "INSERT INTO noticeBytes (notice, bytes) VALUES (?, ?)", arguments: [id, bytes])
      result = .new(NoticeID(id))
      transaction.signals.insert(inboxName)
    }
    if let place = notice.position { try arrive(result.id, place, notice.receivedAt, in: &transaction) }
    return result
  }

  private static func arrive(
    _ id: NoticeID, _ place: FeedPosition, _ at: Instant, in transaction: inout Transaction
  ) throws {
    let db = transaction.db
    // A topic that was made anew counts from zero again: the place is known, the notice is not, and it must
    // not be taken for a repetition.
    let others = try Int64.fetchAll(
      db, sql: "SELECT notice FROM noticeArrival WHERE topic = ? AND partition = ? AND position = ?",
      arguments: [place.topic, place.partition, place.offset])
    if !others.isEmpty, !others.contains(id.number) {
      let draft = LogDraft(
        actor: "feed", kind: "feed.positionReused",
        fields: ["topic": place.topic, "partition": "\(place.partition)", "offset": "\(place.offset)"])
      try append(draft, at: at, in: &transaction)
    }
    try db.execute(
      sql: "INSERT OR IGNORE INTO noticeArrival VALUES (?, ?, ?, ?, ?)",
      arguments: [place.topic, place.partition, place.offset, id.number, at.tai])
    guard place.offset < Int64.max else { throw StoreError.invalid("an offset without a successor") }
    try db.execute(
      sql: """
        INSERT INTO feedOffset VALUES (?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET next = excluded.next, changedAt = excluded.changedAt
        WHERE excluded.next > feedOffset.next
        """,
      arguments: [place.topic, place.partition, place.offset + 1, at.tai])
  }

  /// Hands out what is to be handled next: the most urgent, among equals the oldest. What is handed out is not
  /// handed out again by this process until it is committed, failed or given back.
  ///
  /// A try counts when it begins, so that a notice that ends the process is in quarantine after three; a
  /// notice that was tried before comes alone, so that it takes no other with it.
  /// - Parameter urgency: less urgent ones stay where they are.
  public func nextUnhandled(
    limit: Int, atLeast urgency: Int = Int(Int32.min), at now: Instant
  ) async throws(StoreError) -> [NoticeInHand] {
    guard limit > 0 else { return [] }
    let busy = await inHand.all()
    let taken = try await write { transaction -> [NoticeInHand] in
      let db = transaction.db
      var chosen: [StoredNotice] = []
      let rows = try Row.fetchAll(
        db,
        sql: """
          SELECT * FROM notice WHERE status = 'new' AND urgency >= ? AND (nextTry <= ? OR changedAt > ?)
          ORDER BY urgency DESC, id LIMIT ?
          """, arguments: [urgency, now.tai, now.tai, limit + busy.count + 16])
      for row in rows {
        let notice = try Self.notice(row)
        if busy.contains(notice.id.number) { continue }
        // A process that ended says little against the notice: machines are switched off, too.
        let most = notice.reason == nil ? RetryRule.deaths : RetryRule.tries
        if notice.attempts >= most {
          let why = notice.reason ?? "the process ended while handling it, \(notice.attempts) times"
          try Self.quarantine(notice.id, reason: why, at: now, in: &transaction)
          continue
        }
        if notice.attempts > 0 {
          if chosen.isEmpty { chosen = [notice] }
          break
        }
        chosen.append(notice)
        if chosen.count == limit { break }
      }
      return try chosen.map { notice in
        try db.execute(
          sql: "UPDATE notice SET attempts = attempts + 1, nextTry = ?, changedAt = ? WHERE id = ?",
          arguments: [now.tai, now.tai, notice.id.number])
        return try Self.hand(out: notice.id, db)
      }
    }
    await inHand.add(taken.map(\.notice.id.number))
    return taken
  }

  /// Returns when `nextUnhandled` may have something new, or at the latest when cancelled.
  /// - Parameter generation: of `inboxGeneration` before the last look.
  public func waitForNotices(beyond generation: UInt64) async {
    await signals.wait(for: Self.inboxName, beyond: generation)
  }
  public var inboxGeneration: UInt64 { signals.generation(of: Self.inboxName) }

  /// Says that a try failed: it is tried again, or after the third time put into quarantine with its bytes.
  @discardableResult
  public func fail(_ id: NoticeID, reason: String, at now: Instant) async throws(StoreError) -> NoticeStatus {
    let status = try await write { transaction -> NoticeStatus in
      let notice = try Self.notice(id, transaction.db)
      guard notice.status == .new else { throw StoreError.noticeState(id, notice.status) }
      if notice.attempts >= RetryRule.tries {
        try Self.quarantine(id, reason: reason, at: now, in: &transaction)
        return .quarantined
      }
      let delay = RetryRule.delays[min(max(0, notice.attempts - 1), RetryRule.delays.count - 1)]
      try transaction.db.execute(
        sql: "UPDATE notice SET nextTry = ?, reason = ?, changedAt = ? WHERE id = ?",
        arguments: [(now + delay).tai, reason, now.tai, id.number])
      transaction.signals.insert(Self.inboxName)
      return .new
    }
    await inHand.remove([id])
    return status
  }

  /// Puts a notice aside that no further try can help, with its bytes.
  public func quarantine(_ id: NoticeID, reason: String, at now: Instant) async throws(StoreError) {
    try await write { transaction in
      let notice = try Self.notice(id, transaction.db)
      guard notice.status == .new else { throw StoreError.noticeState(id, notice.status) }
      try Self.quarantine(id, reason: reason, at: now, in: &transaction)
    }
    await inHand.remove([id])
  }

  /// Takes a try back that did not happen, as when the process stops.
  public func giveBack(_ id: NoticeID, at now: Instant) async throws(StoreError) {
    try await write { transaction in
      try transaction.db.execute(
        sql: "UPDATE notice SET attempts = max(0, attempts - 1) WHERE id = ? AND status = 'new'",
        arguments: [id.number])
      transaction.signals.insert(Self.inboxName)
    }
    await inHand.remove([id])
  }

  /// Lets a notice in quarantine be tried again.
  public func replay(_ id: NoticeID, actor: String, at now: Instant) async throws(StoreError) {
    try await write { transaction in
      let notice = try Self.notice(id, transaction.db)
      guard notice.status == .quarantined else { throw StoreError.noticeState(id, notice.status) }
      try transaction.db.execute(
        sql:
          "UPDATE notice SET status = 'new', attempts = 0, nextTry = ?, reason = NULL, changedAt = ? WHERE id = ?",
        arguments: [now.tai, now.tai, id.number])
      let fields = ["notice": "\(id.number)", "was": notice.reason ?? ""]
      try Self.append(
        LogDraft(actor: actor, kind: "notice.replayed", fields: fields), at: now, in: &transaction)
      transaction.signals.insert(Self.inboxName)
    }
  }

  private static func quarantine(
    _ id: NoticeID, reason: String, at now: Instant, in transaction: inout Transaction
  ) throws {
    try transaction.db.execute(
      sql: "UPDATE notice SET status = 'quarantined', reason = ?, changedAt = ? WHERE id = ?",
      arguments: [reason, now.tai, id.number])
    let fields = ["notice": "\(id.number)", "reason": reason]
    try append(
      LogDraft(actor: "inbox", kind: "notice.quarantined", fields: fields), at: now, in: &transaction)
  }
}

// MARK: - Looking

extension Store {
  public func notice(_ id: NoticeID) async throws(StoreError) -> NoticeInHand {
    try await read { try Self.hand(out: id, $0) }
  }

  /// Notices of a status, newest first.
  /// - Parameter before: the last one of the page before.
  public func notices(
    _ status: NoticeStatus, before: NoticeID? = nil, limit: Int
  ) async throws(StoreError) -> [StoredNotice] {
    try await read { db in
      try Row.fetchAll(
        db, sql: "SELECT * FROM notice WHERE status = ? AND id < ? ORDER BY id DESC LIMIT ?",
        arguments: [status.rawValue, before?.number ?? .max, limit]
      ).map(Self.notice)
    }
  }

  /// All notices in the order in which they came, with their bytes, to be handled anew in a dry run.
  public func recordedNotices(after id: NoticeID?, limit: Int) async throws(StoreError) -> [NoticeInHand] {
    try await read { db in
      try Int64.fetchAll(
        db, sql: "SELECT id FROM notice WHERE id > ? ORDER BY id LIMIT ?",
        arguments: [id?.number ?? 0, limit]
      ).map { try Self.hand(out: NoticeID($0), db) }
    }
  }

  static func hand(out id: NoticeID, _ db: Database) throws -> NoticeInHand {
    let bytes = try Data.fetchOne(
      db, sql: "SELECT bytes FROM noticeBytes WHERE notice = ?", arguments: [id.number])
    let places = try Row.fetchAll(
      db, sql: "SELECT * FROM noticeArrival WHERE notice = ? ORDER BY receivedAt, topic, partition, position",
      arguments: [id.number])
    return NoticeInHand(
      notice: try notice(id, db), bytes: Array(bytes ?? Data()),
      positions: places.map {
        FeedPosition(topic: $0["topic"], partition: $0["partition"], offset: $0["position"])
      })
  }

  private static func notice(_ id: NoticeID, _ db: Database) throws -> StoredNotice {
    guard let row = try Row.fetchOne(db, sql: "SELECT * FROM notice WHERE id = ?", arguments: [id.number])
    else { throw StoreError.unknownNotice(id) }
    return try notice(row)
  }

  private static func notice(_ row: Row) throws -> StoredNotice {
    StoredNotice(
      id: NoticeID(row["id"]), digest: row["digest"], size: row["size"], topic: row["topic"],
      sentAt: Instant(optional: row, "sentAt"), receivedAt: Instant(row, "receivedAt"),
      urgency: row["urgency"], status: try status(row), attempts: row["attempts"], reason: row["reason"],
      changedAt: Instant(row, "changedAt"))
  }

  private static func status(_ row: Row) throws -> NoticeStatus {
    let text: String = row["status"]
    guard let status = NoticeStatus(rawValue: text) else { throw StoreError.corrupt("notice status \(text)") }
    return status
  }
}

// MARK: - Offsets of record

extension Store {
  /// Where to go on reading, by topic and partition.
  public func feedOffsets() async throws(StoreError) -> [FeedPosition] {
    try await read { db in
      try Row.fetchAll(db, sql: "SELECT * FROM feedOffset ORDER BY topic, partition").map {
        FeedPosition(topic: $0["topic"], partition: $0["partition"], offset: $0["next"])
      }
    }
  }

  /// Moves an offset of record, forth or back, as when the feed no longer has what comes next. Never silent.
  public func moveFeedOffset(
    to place: FeedPosition, reason: String, actor: String, at now: Instant
  ) async throws(StoreError) {
    try await write { transaction in
      let db = transaction.db
      let before = try Int64.fetchOne(
        db, sql: "SELECT next FROM feedOffset WHERE topic = ? AND partition = ?",
        arguments: [place.topic, place.partition])
      try db.execute(
        sql: """
          INSERT INTO feedOffset VALUES (?, ?, ?, ?)
          ON CONFLICT DO UPDATE SET next = excluded.next, changedAt = excluded.changedAt
          """, arguments: [place.topic, place.partition, place.offset, now.tai])
      let fields = [
        "topic": place.topic, "partition": "\(place.partition)", "from": before.map { "\($0)" } ?? "",
        "to": "\(place.offset)", "reason": reason,
      ]
      try Self.append(
        LogDraft(actor: actor, kind: "feed.offsetMoved", fields: fields), at: now, in: &transaction)
    }
  }
}
