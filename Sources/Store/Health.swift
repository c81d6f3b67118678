import Deliveries
import Foundation
import GRDB
import Units

/// How much there is of everything, for status pages and metrics.
public struct StoreCounts: Hashable, Sendable {
  public var notices: [NoticeStatus: Int] = [:]
  /// Arrival of the oldest notice that waits to be handled.
  public var oldestUnhandled: Instant?
  public var events = 0
  public var livePlans = 0
  public var deliveries: [DeliveryState: Int] = [:]
  /// Open deliveries by channel.
  public var openByChannel: [String: Int] = [:]
  /// When the oldest of them was to be sent.
  public var owedSince: [String: Instant] = [:]
  public var heldChannels: [String] = []
  public var pendingTimers = 0
  public var logSequence: Int64 = 0
  public var epoch: Int64 = 0
  public var fileBytes: Int64 = 0
  public var walBytes: Int64 = 0
  /// Left on the disk.
  public var freeBytes: Int64 = 0
  public var sqliteVersion = ""
  public var schemaStep = ""
}

extension Store {
  public func counts() async throws(StoreError) -> StoreCounts {
    let lease = options.lease
    var counts = try await read { db -> StoreCounts in
      var counts = StoreCounts()
      for row in try Row.fetchAll(db, sql: "SELECT status, count(*) AS n FROM notice GROUP BY status") {
        if let status = NoticeStatus(rawValue: row["status"]) { counts.notices[status] = row["n"] }
      }
      for row in try Row.fetchAll(db, sql: "SELECT state, count(*) AS n FROM delivery GROUP BY state") {
        if let state = DeliveryState(rawValue: row["state"]) { counts.deliveries[state] = row["n"] }
      }
      let open = "state IN ('ready', 'inFlight', 'ambiguous')"
      for row in try Row.fetchAll(
        db,
        sql: "SELECT channel, count(*) AS n, min(notBefore) AS t FROM delivery WHERE \(open) GROUP BY channel"
      ) {
        counts.openByChannel[row["channel"]] = row["n"]
        counts.owedSince[row["channel"]] = Instant(tai: row["t"])
      }
      func number(_ sql: String) throws -> Int64? { try Int64.fetchOne(db, sql: sql) }
      counts.oldestUnhandled = try number("SELECT min(receivedAt) FROM notice WHERE status = 'new'")
        .map(Instant.init(tai:))
      counts.events = Int(try number("SELECT count(*) FROM event") ?? 0)
      counts.livePlans = Int(try number("SELECT count(*) FROM plan WHERE state = 'live'") ?? 0)
      counts.pendingTimers = Int(try number("SELECT count(*) FROM timer WHERE state = 'pending'") ?? 0)
      counts.logSequence = try number("SELECT max(seq) FROM log") ?? 0
      counts.heldChannels = try String.fetchAll(db, sql: "SELECT channel FROM channelHold ORDER BY channel")
      counts.epoch = try Self.currentEpoch(lease, db)
      counts.sqliteVersion = try String.fetchOne(db, sql: "SELECT sqlite_version()") ?? ""
      counts.schemaStep = try String.fetchOne(db, sql: "SELECT max(name) FROM migration") ?? ""
      return counts
    }
    counts.fileBytes = Self.size(of: path)
    counts.walBytes = Self.size(of: path + "-wal")
    var facts = statvfs()
    if statvfs(path, &facts) == 0 { counts.freeBytes = Int64(facts.f_bavail) * Int64(facts.f_frsize) }
    return counts
  }

  /// What is wrong with the file: nothing, in a healthy one. Reads all of it.
  public func faults() async throws(StoreError) -> [String] {
    try await read { try Self.faults($0) }
  }

  static func faults(_ db: Database) throws -> [String] {
    var faults = try String.fetchAll(db, sql: "PRAGMA integrity_check(20)").filter { $0 != "ok" }
    for row in try Row.fetchAll(db, sql: "PRAGMA foreign_key_check") {
      faults.append("a row of \(row[0] as String) refers to one of \(row[2] as String) that is not there")
    }
    if let seq = try firstBrokenLogEntry(db) {
      faults.append("the log was changed at or before entry \(seq)")
    }
    return faults
  }

  private static func size(of path: String) -> Int64 {
    var facts = stat()
    return stat(path, &facts) == 0 ? Int64(facts.st_size) : 0
  }
}
