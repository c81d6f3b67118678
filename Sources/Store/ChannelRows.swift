import Deliveries
import GRDB
import Units

/// What a status page asks of one channel.
extension Store {
  public func deliveryCounts(channel: String) async throws(StoreError) -> [DeliveryState: Int] {
    try await read { db in
      var counts: [DeliveryState: Int] = [:]
      let rows = try Row.fetchAll(
        db, sql: "SELECT state, count(*) AS n FROM delivery WHERE channel = ? GROUP BY state",
        arguments: [channel])
      for row in rows { if let state = DeliveryState(rawValue: row["state"]) { counts[state] = row["n"] } }
      return counts
    }
  }

  /// Of some states, the ones that changed last first.
  public func latestDeliveries(
    channel: String, _ states: Set<DeliveryState>, limit: Int
  ) async throws(StoreError) -> [OutboxEntry] {
    let names = states.map { "'\($0.rawValue)'" }.joined(separator: ", ")
    return try await read { db in
      let rows = OutboxRows(db: db)
      return try Row.fetchAll(
        db,
        sql: """
          SELECT * FROM delivery WHERE channel = ? AND state IN (\(names))
          ORDER BY since DESC, sequence DESC LIMIT ?
          """, arguments: [channel, limit]
      ).map(rows.entry)
    }
  }

  /// Entries of one kind, newest first.
  public func latestLog(kind: String, limit: Int) async throws(StoreError) -> [LogEntry] {
    try await read { db in
      try Row.fetchAll(
        db, sql: "SELECT * FROM log WHERE kind = ? ORDER BY seq DESC LIMIT ?", arguments: [kind, limit]
      ).map(Self.entry)
    }
  }

  /// The last entry before an instant, from which to read on; 0 when there is none.
  public func logSequence(before time: Instant) async throws(StoreError) -> Int64 {
    try await read { db in
      try Int64.fetchOne(db, sql: "SELECT max(seq) FROM log WHERE at < ?", arguments: [time.tai]) ?? 0
    }
  }

  /// A delivery with the receipts of what it needs, as a channel gets it.
  public func claim(of key: DeliveryKey) async throws(StoreError) -> (claim: Claim, entry: OutboxEntry) {
    try await read { db in
      let rows = OutboxRows(db: db)
      guard let entry = try rows.entries([key.text]).first else {
        throw StoreError.delivery(.unknownDelivery(key))
      }
      return (try rows.claim(entry, entry.epoch), entry)
    }
  }

  /// Whether something newer was put into the slot of a delivery.
  public func isOvertaken(_ entry: OutboxEntry) async throws(StoreError) -> Bool {
    guard let slot = entry.slot else { return false }
    return try await read { db in
      try Bool.fetchOne(
        db, sql: "SELECT EXISTS (SELECT 1 FROM delivery WHERE channel = ? AND slot = ? AND sequence > ?)",
        arguments: [entry.channel, slot, entry.sequence]) ?? false
    }
  }
}
