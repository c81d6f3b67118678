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
  /// false: the report named no place, and `direction` is that of its pointing.
  public let isPlaced: Bool

  public init(
    event: String, start: Instant, exposure: Duration, direction: Direction<ICRS>, rotation: Angle = .zero,
    filter: String? = nil, limit: Magnitude? = nil, isPlaced: Bool = true
  ) {
    self.event = event
    self.start = start
    self.exposure = exposure
    self.direction = direction
    self.rotation = rotation
    self.filter = filter
    self.limit = limit
    self.isPlaced = isPlaced
  }
}

/// An exposure as the last report told of it.
public struct StoredObservation: Hashable, Sendable {
  public let number: Int64
  public let telescope: String
  public let assignment: Int64?
  public let observation: ObservationDraft
  /// What was told of it before, the newest first.
  public var earlier: [StoredObservation] = []

  /// Every pointing that it was ever said to be of.
  public var assignments: [Int64] { ([self] + earlier).compactMap(\.assignment) }
}

/// A row of the table.
struct ObservationRow {
  let stored: StoredObservation
  let way: String
  let replaces: Int64?
  /// Of the report itself: the row holds what was known before, too.
  let said: String?
  var number: Int64 { stored.number }
  var observation: ObservationDraft { stored.observation }

  init(_ row: Row) {
    let limit: Double? = row["limitMag"]
    stored = StoredObservation(
      number: row["number"], telescope: row["telescope"], assignment: row["assignment"],
      observation: ObservationDraft(
        event: row["event"], start: Instant(row, "startsAt"),
        exposure: .seconds(row["exposureSec"] as Double),
        direction: Direction(ra: .degrees(row["raDeg"]), dec: .degrees(row["decDeg"])),
        rotation: .degrees(row["rotationDeg"]), filter: row["filter"], limit: limit.map { Magnitude($0) },
        isPlaced: row["placed"]))
    (way, replaces, said) = (row["way"], row["replaces"], row["said"])
  }
}

/// What is known of an exposure when a report of it comes in.
struct KnownExposure {
  /// Of all that was told of it, the newest first.
  let rows: [ObservationRow]
  /// The report names it: by its number or by its key. Then start, place and filter can be corrected, too.
  let isNamed: Bool
  var newest: ObservationRow { rows[0] }

  /// Lasting as long, as far as two reports that do not name the exposure round it.
  private static func slack(_ exposure: Duration) -> Double { min(1, 0.1 * exposure.seconds) }
  private static let limitTolerance = 0.005

  /// What a report adds to a row or says otherwise; nil if it says nothing new.
  /// - Parameter pointing: that the report is of.
  func news(
    _ o: ObservationDraft, of pointing: Int64?, by way: QueueEntry.Way, over row: ObservationRow
  ) -> ObservationDraft? {
    let old = row.observation
    // The names of two ways for a filter differ. Where they do, what is known already holds.
    let overrides = isNamed || o.filter == nil || old.filter == nil || o.filter == old.filter
    var exposure = old.exposure
    let slack = isNamed ? 1e-3 : Self.slack(old.exposure)
    if overrides, abs(o.exposure.seconds - old.exposure.seconds) > slack { exposure = o.exposure }
    var (limit, filter) = (old.limit, old.filter)
    if let new = o.limit, limit.map({ overrides && !Self.isSame($0, new) }) ?? true { limit = new }
    if let new = o.filter, filter == nil || isNamed && row.way == way.rawValue { filter = new }
    let start = isNamed && abs(o.start.seconds(since: old.start)) > 1e-3 ? o.start : old.start
    var (direction, isPlaced) = (old.direction, old.isPlaced)
    if o.isPlaced, !isPlaced || isNamed && o.direction.separation(from: direction) > .arcseconds(0.36) {
      (direction, isPlaced) = (o.direction, true)
    } else if isNamed, !o.isPlaced, let pointing, pointing != row.stored.assignment {
      (direction, isPlaced) = (o.direction, false)
    }
    // None is said as zero.
    let turns = overrides && abs(o.rotation.degrees) > 1e-6 && abs((o.rotation - old.rotation).degrees) > 1e-6
    let new = ObservationDraft(
      event: old.event, start: start, exposure: exposure, direction: direction,
      rotation: turns ? o.rotation : old.rotation, filter: filter, limit: limit, isPlaced: isPlaced)
    return new == old ? nil : new
  }

  private static func isSame(_ a: Magnitude, _ b: Magnitude) -> Bool {
    abs(a.value - b.value) <= limitTolerance
  }

  /// Whether a report says what was told before: of an exposure that was corrected since, too.
  func isTold(_ o: ObservationDraft, of pointing: Int64?, by way: QueueEntry.Way) -> Bool {
    rows.contains { $0.said == o.said || news(o, of: pointing, by: way, over: $0) == nil }
  }

  func holds(_ limit: Magnitude) -> Bool {
    rows.contains { $0.observation.limit.map { Self.isSame($0, limit) } ?? false }
  }
}

extension Store {
  /// The exposure that a report is of, if it was told of before: the one it names, else one of the telescope that
  /// began at the same time at the same place.
  ///
  /// The same exposure reported by two ways is one, whatever each calls the filter. One way that names two filters
  /// tells of a camera that sees in both at once.
  static func known(_ o: ObservationDraft, of answer: AnswerDraft, _ db: Database) throws -> KnownExposure? {
    if let number = answer.corrects { return try corrected(number, o, of: answer, db) }
    if let same = try ObservationRow.fetch(db, "key = ?", [answer.key]).first {
      guard same.stored.telescope == answer.telescope, same.observation.event == o.event else {
        throw StoreError.answerConflict(key: answer.key)
      }
      return KnownExposure(rows: try chain(of: same.number, db), isNamed: true)
    }
    let ra = o.direction.ra.normalized.degrees
    let pointing = answer.pointing
    let twins = try ObservationRow.fetch(
      db,
      """
      telescope = ? AND event = ? AND abs(startsAt - ?) < 1000000000
        AND (abs(raDeg - ?) < 1e-4 AND abs(decDeg - ?) < 1e-4 OR assignment = ? AND (placed = 0 OR ? = 0))
        AND (way <> ? OR ifnull(filter <> ?, 0) = 0)
      """,
      [
        answer.telescope, o.event, o.start.tai, ra, o.direction.dec.degrees, pointing, o.isPlaced,
        answer.way.rawValue, o.filter,
      ])
    var found: [Int64: KnownExposure] = [:]
    for twin in twins {
      let known = KnownExposure(rows: try chain(of: twin.number, db), isNamed: false)
      found[known.newest.number] = known
    }
    let all = found.values.sorted { $0.newest.number < $1.newest.number }
    if all.count < 2 { return all.first }
    let named = all.filter { $0.newest.observation.filter == o.filter }
    if named.count == 1 { return named.first }
    let told = all.first { known in
      known.isTold(o, of: pointing, by: answer.way) && o.limit.map(known.holds) ?? true
    }
    if let told { return told }
    throw StoreError.impossibleAnswer("\(all.count) exposures began then: name the filter of the one meant")
  }

  private static func corrected(
    _ number: Int64, _ o: ObservationDraft, of answer: AnswerDraft, _ db: Database
  ) throws -> KnownExposure {
    let rows = try chain(of: number, db)
    guard let newest = rows.first, newest.stored.telescope == answer.telescope else {
      throw StoreError.unknownAssignment(telescope: answer.telescope, "with an exposure \(number)")
    }
    guard newest.observation.event == o.event else {
      throw StoreError.impossibleAnswer("the exposure \(number) is of \(newest.observation.event)")
    }
    let known = KnownExposure(rows: rows, isNamed: true)
    let later = KnownExposure(rows: rows.filter { $0.number > number }, isNamed: true)
    guard later.rows.isEmpty || later.isTold(o, of: answer.pointing, by: answer.way) else {
      throw StoreError.impossibleAnswer(
        "the exposure \(number) was corrected before: what holds is \(newest.number)")
    }
    // Said of the one that holds, an older value is a correction too.
    return later.rows.isEmpty ? KnownExposure(rows: [newest], isNamed: true) : known
  }

  /// All that was told of the exposure that a row tells of, the newest first.
  private static func chain(of number: Int64, _ db: Database) throws -> [ObservationRow] {
    var rows = try ObservationRow.fetch(db, "number = ?", [number])
    while let first = rows.first,
      let next = try ObservationRow.fetch(db, "replaces = ?", [first.number]).first
    {
      rows.insert(next, at: 0)
    }
    while let before = rows.last?.replaces {
      rows += try ObservationRow.fetch(db, "number = ?", [before])
    }
    return rows
  }

  /// Stores what a report says of a known exposure, if that is new; what was told before stays in the record.
  static func tell(
    _ o: ObservationDraft, of answer: AnswerDraft, about known: KnownExposure, at now: Instant,
    in transaction: inout Transaction
  ) throws -> AnswerReceipt {
    let (db, newest) = (transaction.db, known.newest)
    let items = try pointings(of: answer, db)
    // Of an exposure that is not named only what had no pointing gets one.
    let finds = items.first.map {
      newest.stored.assignment == nil || known.isNamed && $0.id != newest.stored.assignment
    }
    let news =
      known.isTold(o, of: answer.pointing, by: answer.way)
      ? nil : known.news(o, of: answer.pointing, by: answer.way, over: newest)
    let findsPointing = (finds ?? false) && (news != nil || newest.stored.assignment == nil)
    guard news != nil || findsPointing else {
      return AnswerReceipt(changed: [], isNew: false, observation: newest.number)
    }
    let isUsed = try Bool.fetchOne(
      db,
      sql:
        "SELECT EXISTS (SELECT 1 FROM observation WHERE key = ?1 UNION SELECT 1 FROM answer WHERE key = ?1)",
      arguments: [answer.key])
    let answer = isUsed ?? false ? answer.keyed("\(answer.key)#\(newest.number)") : answer
    let number = try insert(
      news ?? newest.observation, of: answer,
      for: findsPointing ? items.first?.id : newest.stored.assignment, replacing: newest.number, at: now, db)
    let changing = findsPointing ? items.filter { $0.state.verdict(on: answer.state) == .changes } : []
    try apply(answer, to: changing, at: now, db)
    try append(
      LogDraft(
        actor: answer.actor, kind: "assignment.corrected", event: o.event,
        fields: [
          "text": "\(answer.telescope): exposure \(newest.number) is now \(number): "
            + Self.changes(newest.observation, news, findsPointing ? items.first?.id : nil),
          "way": answer.way.rawValue, "key": answer.key,
        ]), at: now, in: &transaction)
    try wake(o.event, number: answer.key, at: now, in: &transaction)
    return AnswerReceipt(
      changed: changing.map(\.id), isNew: true, observation: number, replaced: newest.number)
  }

  private static func changes(_ old: ObservationDraft, _ new: ObservationDraft?, _ pointing: Int64?) -> String
  {
    var parts: [String] = []
    func note(_ name: String, _ before: String?, _ after: String?) {
      if before != after { parts.append("\(name) \(after ?? "none"), was \(before ?? "not told")") }
    }
    if let new {
      note("limit", old.limit.map { "\($0.value)" }, new.limit.map { "\($0.value)" })
      note("filter", old.filter, new.filter)
      note("exposure", "\(old.exposure.seconds) s", "\(new.exposure.seconds) s")
      note("start", old.start.iso8601(), new.start.iso8601())
      if new.direction != old.direction { parts.append("its place") }
      if new.rotation != old.rotation { parts.append("its rotation") }
    }
    if let pointing { parts.append("of pointing \(pointing)") }
    return parts.joined(separator: "; ")
  }

  static func insert(
    _ o: ObservationDraft, of answer: AnswerDraft, for assignment: Int64?, replacing earlier: Int64? = nil,
    at now: Instant, _ db: Database
  ) throws -> Int64 {
    let ra = o.direction.ra.normalized.degrees
    try db.execute(
      sql: """
        INSERT INTO observation (key, telescope, event, assignment, startsAt, exposureSec, raDeg, decDeg,
          rotationDeg, filter, limitMag, actor, way, at, replaces, placed, said)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        answer.key, answer.telescope, o.event, assignment, o.start.tai, o.exposure.seconds,
        ra < 360 ? ra : 0, o.direction.dec.degrees, o.rotation.degrees, o.filter, o.limit?.value,
        answer.actor, answer.way.rawValue, now.tai, earlier, o.isPlaced, answer.observation?.said,
      ])
    return db.lastInsertedRowID
  }

  /// Every exposure taken for an event, as the last report tells of it, in the order of these reports.
  public func observations(for event: String) async throws(StoreError) -> [StoredObservation] {
    try await read { db in
      let rows = try ObservationRow.fetch(db, "event = ?", [event])
      let byNumber = Dictionary(rows.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
      let replaced = Set(rows.compactMap(\.replaces))
      return rows.filter { !replaced.contains($0.number) }.map { row in
        var (stored, before) = (row.stored, row.replaces)
        while let number = before, let old = byNumber[number] {
          stored.earlier.append(old.stored)
          before = old.replaces
        }
        return stored
      }
    }
  }
}

extension ObservationRow {
  static func fetch(
    _ db: Database, _ condition: String, _ arguments: StatementArguments
  ) throws -> [ObservationRow] {
    try Row.fetchAll(
      db, sql: "SELECT * FROM observation WHERE \(condition) ORDER BY number", arguments: arguments
    ).map(ObservationRow.init)
  }
}

extension ObservationDraft {
  /// The same for the same words.
  var said: String {
    let parts = [
      "\(start.tai)", "\(exposure.seconds)",
      isPlaced ? "\(direction.ra.degrees) \(direction.dec.degrees)" : "",
      "\(rotation.degrees)", filter ?? "", limit.map { "\($0.value)" } ?? "",
    ]
    return String(SHA256.hexDigest(of: parts.joined(separator: "\n")).prefix(32))
  }
}

extension AnswerDraft {
  fileprivate var pointing: Int64? {
    if case .pointing(let id) = subject { id } else { nil }
  }

  /// The same under another key.
  func keyed(_ key: String) -> AnswerDraft {
    AnswerDraft(
      key: key, telescope: telescope, subject: subject, state: state, reason: reason,
      observation: observation, corrects: corrects, until: until, actor: actor, way: way)
  }
}
