import Deliveries
import GRDB
import Units

extension Store: LeaseLedger {
  public func lease(_ name: String) async throws(DeliveryError) -> LeaseRecord? {
    do throws(StoreError) {
      return try await read { try Self.lease(name, $0) }
    } catch { throw error.asDeliveryError }
  }

  public func seize(
    _ name: String, holder: String, seen: LeaseRecord?, until expires: Instant
  ) async throws(DeliveryError) -> LeaseRecord? {
    do throws(StoreError) {
      return try await write { transaction in
        let db = transaction.db
        guard try Self.lease(name, db) == seen else { return nil }
        try db.execute(
          sql: """
            INSERT INTO lease VALUES (?, ?, ?, 0, ?) ON CONFLICT DO UPDATE SET holder = excluded.holder,
              epoch = excluded.epoch, renewals = 0, expiresAt = excluded.expiresAt
            """, arguments: [name, holder, (seen?.epoch ?? 0) + 1, expires.tai])
        return try Self.lease(name, db)
      }
    } catch { throw error.asDeliveryError }
  }

  public func renew(_ name: String, epoch: Int64, until expires: Instant) async throws(DeliveryError) -> Bool
  {
    do throws(StoreError) {
      return try await write { transaction in
        try transaction.db.execute(
          sql: "UPDATE lease SET renewals = renewals + 1, expiresAt = ? WHERE name = ? AND epoch = ?",
          arguments: [expires.tai, name, epoch])
        return transaction.db.changesCount == 1
      }
    } catch { throw error.asDeliveryError }
  }

  public func release(_ name: String, epoch: Int64) async throws(DeliveryError) {
    do throws(StoreError) {
      try await write { transaction in
        try transaction.db.execute(
          sql: "UPDATE lease SET expiresAt = ? WHERE name = ? AND epoch = ?",
          arguments: [Int64.min, name, epoch])
      }
    } catch { throw error.asDeliveryError }
  }

  private static func lease(_ name: String, _ db: Database) throws -> LeaseRecord? {
    try Row.fetchOne(db, sql: "SELECT * FROM lease WHERE name = ?", arguments: [name]).map {
      LeaseRecord(
        name: $0["name"], holder: $0["holder"], epoch: $0["epoch"], renewals: $0["renewals"],
        expires: Instant($0, "expiresAt"))
    }
  }
}
