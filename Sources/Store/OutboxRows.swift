import Deliveries
import Foundation
import GRDB
import Units

/// Loads the part of the outbox that an operation can touch, and stores what it changed: the rules themselves
/// are `Outbox`'s.
struct OutboxRows {
  let db: Database

  private static let openStates = "('ready', 'inFlight', 'ambiguous')"

  func load(
    _ keys: Set<String>, policy: OutboxPolicy, lease: String
  ) throws -> Outbox {
    let holds = try Row.fetchAll(db, sql: "SELECT * FROM channelHold").map {
      ChannelHold(
        channel: $0["channel"], reason: $0["reason"], since: Instant($0, "since"), probe: Instant($0, "probe")
      )
    }
    let epoch = try Store.currentEpoch(lease, db)
    return Outbox(try entries(keys), holds: holds, epoch: epoch, policy: policy)
  }

  /// The keys, what waits for them or failed by them, the slots of all these, and everything these need.
  func neighbourhood(of keys: Set<String>) throws -> Set<String> {
    let dependants = try closure(
      keys,
      sql: """
        SELECT deliveryNeed.delivery FROM deliveryNeed JOIN delivery ON delivery.key = deliveryNeed.delivery
        WHERE deliveryNeed.need = ? AND (delivery.state IN ('ready', 'ambiguous') OR delivery.blockedBy = deliveryNeed.need)
        """)
    var wide = dependants
    for key in dependants {
      wide.formUnion(
        try String.fetchAll(
          db,
          sql: """
            SELECT mate.key FROM delivery JOIN delivery AS mate
              ON mate.channel = delivery.channel AND mate.slot = delivery.slot
            WHERE delivery.key = ? AND delivery.slot IS NOT NULL
              AND (mate.sequence > delivery.sequence OR mate.state IN \(Self.openStates))
            """, arguments: [key]))
    }
    return try closure(wide, sql: "SELECT need FROM deliveryNeed WHERE delivery = ?")
  }

  func openKeys(channel: String? = nil) throws -> Set<String> {
    let filter = channel == nil ? "" : "AND channel = ?"
    let arguments: StatementArguments = if let channel { [channel] } else { [] }
    return try String.fetchSet(
      db, sql: "SELECT key FROM delivery WHERE state IN \(Self.openStates) \(filter)", arguments: arguments)
  }

  /// All a lane has under way, the most urgent of what is due, and what these need. With thousands waiting
  /// one of these can nearly always go.
  func firstInLine(_ channel: String, at now: Instant) throws -> Set<String> {
    let unresolved = try String.fetchAll(
      db, sql: "SELECT key FROM delivery WHERE channel = ? AND state IN ('inFlight', 'ambiguous')",
      arguments: [channel])
    let due = try String.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT key FROM delivery
          WHERE channel = ? AND state = 'ready' AND notBefore <= ? AND (next <= ? OR since > ?)
          ORDER BY urgency DESC, sequence LIMIT 32
          """), arguments: [channel, now.tai, now.tai, now.tai])
    return try needs(of: Set(unresolved + due))
  }

  /// Whether a lane may have to end something without a call: never false when it has.
  func mayHaveOverdue(_ lane: Lane, _ policy: OutboxPolicy, at now: Instant) throws -> Bool {
    let patience = now - min(policy.slotPatience, policy.ambiguityLimit)
    return try Bool.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT EXISTS (SELECT 1 FROM delivery WHERE channel = ?1 AND (
            state = 'ready' AND (expiresAt <= ?2 OR isMock AND NOT ?3) OR state = 'ambiguous' AND since <= ?4))
          """), arguments: [lane.channel, now.tai, lane.acceptsMocks, patience.tai]) ?? true
  }

  func needs(of keys: Set<String>) throws -> Set<String> {
    var found = keys
    let statement = try db.cachedStatement(sql: "SELECT need FROM deliveryNeed WHERE delivery = ?")
    for key in keys { found.formUnion(try String.fetchAll(statement, arguments: [key])) }
    return found
  }

  private func closure(_ keys: Set<String>, sql: String) throws -> Set<String> {
    var found = keys
    var open = Array(keys)
    let statement = try db.cachedStatement(sql: sql)
    while let key = open.popLast() {
      for next in try String.fetchAll(statement, arguments: [key]) where found.insert(next).inserted {
        open.append(next)
      }
    }
    return found
  }

  func entries(_ keys: Set<String>) throws -> [OutboxEntry] {
    let statement = try db.cachedStatement(sql: "SELECT * FROM delivery WHERE key = ?")
    return try keys.compactMap { key in
      try Row.fetchOne(statement, arguments: [key]).map(entry)
    }
  }

  func entry(_ row: Row) throws -> OutboxEntry {
    let text: String = row["state"]
    guard let state = DeliveryState(rawValue: text) else {
      throw StoreError.corrupt("delivery state \(text)")
    }
    let key: String = row["key"]
    let needs = try String.fetchAll(
      db.cachedStatement(sql: "SELECT need FROM deliveryNeed WHERE delivery = ? ORDER BY position"),
      arguments: [key])
    return OutboxEntry(
      sequence: row["sequence"], key: DeliveryKey(key), channel: row["channel"], kind: row["kind"],
      digest: row["digest"], event: row["event"], isMock: row["isMock"], notBefore: Instant(row, "notBefore"),
      expires: Instant(optional: row, "expiresAt"), urgency: row["urgency"], slot: row["slot"],
      needs: needs.map(DeliveryKey.init), state: state, attempts: row["attempts"],
      readBacks: row["readBacks"],
      next: Instant(row, "next"), since: Instant(row, "since"), reason: row["reason"],
      receipt: row["receipt"],
      blockedBy: (row["blockedBy"] as String?).map(DeliveryKey.init), withdrawal: row["withdrawal"],
      epoch: row["epoch"])
  }

  // MARK: - Storing

  func insert(_ entry: OutboxEntry, payload: [UInt8]) throws {
    try db.execute(
      sql: """
        INSERT INTO delivery (sequence, key, channel, kind, digest, event, isMock, notBefore, expiresAt, urgency,
          slot, state, attempts, readBacks, next, since, reason, receipt, blockedBy, withdrawal, epoch)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        entry.sequence, entry.key.text, entry.channel, entry.kind, entry.digest, entry.event, entry.isMock,
        entry.notBefore.tai, entry.expires?.tai, entry.urgency, entry.slot, entry.state.rawValue,
        entry.attempts,
        entry.readBacks, entry.next.tai, entry.since.tai, entry.reason, entry.receipt, entry.blockedBy?.text,
        entry.withdrawal, entry.epoch,
      ])
    try db.execute(
      sql: "INSERT INTO deliveryPayload VALUES (?, ?)", arguments: [entry.key.text, Data(payload)])
    for (position, need) in entry.needs.enumerated() {
      try db.execute(
        sql: "INSERT INTO deliveryNeed VALUES (?, ?, ?)", arguments: [entry.key.text, position, need.text])
    }
  }

  private func update(_ entry: OutboxEntry) throws {
    try db.cachedStatement(
      sql: """
        UPDATE delivery SET state = ?, attempts = ?, readBacks = ?, next = ?, since = ?, reason = ?, receipt = ?,
          blockedBy = ?, withdrawal = ?, epoch = ? WHERE key = ?
        """
    ).execute(arguments: [
      entry.state.rawValue, entry.attempts, entry.readBacks, entry.next.tai, entry.since.tai, entry.reason,
      entry.receipt, entry.blockedBy?.text, entry.withdrawal, entry.epoch, entry.key.text,
    ])
  }

  private func storeHolds(_ holds: [String: ChannelHold]) throws {
    try db.execute(sql: "DELETE FROM channelHold")
    for hold in holds.values {
      try db.execute(
        sql: "INSERT INTO channelHold VALUES (?, ?, ?, ?)",
        arguments: [hold.channel, hold.reason, hold.since.tai, hold.probe.tai])
    }
  }
}

extension OutboxRows {
  /// Stores the changes, writes the news into the log, and says which channels are to look.
  /// - Parameter payloads: of the deliveries that are new.
  static func save(
    _ outbox: inout Outbox, payloads: [DeliveryKey: [UInt8]] = [:], holdsBefore: [String: ChannelHold],
    at now: Instant, in transaction: inout Transaction
  ) throws -> [DeliveryNews] {
    let rows = OutboxRows(db: transaction.db)
    let (entries, news) = outbox.takeChanges()
    // In order, so that a row exists before another refers to it.
    for entry in entries {
      if let payload = payloads[entry.key] {
        try rows.insert(entry, payload: payload)
      } else {
        try rows.update(entry)
      }
    }
    if outbox.holds != holdsBefore { try rows.storeHolds(outbox.holds) }
    transaction.channels.formUnion(outbox.channels(touchedBy: entries))
    for item in news {
      if case .resumed(let channel) = item { transaction.channels.insert(channel) }
      if let draft = draft(for: item) { try Store.append(draft, at: now, in: &transaction) }
    }
    return news
  }

  private static func draft(for news: DeliveryNews) -> LogDraft? {
    switch news {
    case .changed(let entry, let from):
      var fields = ["key": entry.key.text, "channel": entry.channel, "from": from.rawValue]
      fields["reason"] = entry.reason
      fields["receipt"] = entry.receipt
      return LogDraft(
        actor: "outbox", kind: "delivery.\(entry.state.rawValue)", event: entry.event, fields: fields)
    case .held(let hold):
      return LogDraft(
        actor: "outbox", kind: "channel.held", fields: ["channel": hold.channel, "reason": hold.reason])
    case .resumed(let channel):
      return LogDraft(actor: "outbox", kind: "channel.resumed", fields: ["channel": channel])
    case .added, .channelMissing, .notRecorded: return nil
    }
  }
}
