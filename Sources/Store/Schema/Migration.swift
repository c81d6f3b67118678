import GRDB
import Units

/// One step of the schema: frozen text that names no type of the program. A step that has shipped is never
/// edited; a change is a new step.
public struct Migration: Hashable, Sendable {
  public let name: String
  public let sql: String
  /// SHA-256 of the text, kept in the file: an edited step is found when the store is opened.
  public var digest: String { SHA256.hexDigest(of: sql) }

  /// All steps, oldest first.
  public static let all: [Migration] = [
    Migration(name: "0001 notices", sql: noticesSQL),
    Migration(name: "0002 events and plans", sql: eventsSQL),
    Migration(name: "0003 outbox", sql: outboxSQL),
    Migration(name: "0004 log", sql: logSQL),
    Migration(name: "0005 access and time", sql: accessSQL),
    Migration(name: "0006 queues", sql: queueSQL),
    Migration(name: "0007 remote maps", sql: mapsSQL),
    Migration(name: "0008 loose notices", sql: looseNoticesSQL),
    Migration(name: "0009 plan summaries", sql: summarySQL),
    Migration(name: "0010 sessions", sql: sessionSQL),
    Migration(name: "0011 followups", sql: followupSQL),
    Migration(name: "0012 roster swaps", sql: swapSQL),
    Migration(name: "0013 token users", sql: tokenUserSQL),
    Migration(name: "0014 corrected observations", sql: correctionSQL),
  ]

  /// Marks a file as ours: "VSPR".
  static let applicationID: Int32 = 0x5653_5052

  static func migrator(_ steps: [Migration] = all) -> DatabaseMigrator {
    var migrator = DatabaseMigrator()
    for step in steps {
      let (sql, name, digest) = (step.sql, step.name, step.digest)
      migrator.registerMigration(name) { db in
        try db.execute(sql: sql)
        try db.execute(sql: "INSERT INTO migration (name, sha256) VALUES (?, ?)", arguments: [name, digest])
      }
    }
    return migrator
  }

  /// Refuses files of others, of newer versions, and of edited steps, before anything is written to them.
  static func check(_ db: Database, at path: String, against steps: [Migration] = all) throws {
    let id = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
    let isEmpty = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") == 0
    if isEmpty { return }
    guard id == applicationID, try db.tableExists("migration") else {
      throw StoreError.notAStore(path: path, reason: "an SQLite file of another program")
    }
    let known = Dictionary(uniqueKeysWithValues: steps.map { ($0.name, $0.digest) })
    let rows = try Row.fetchAll(db, sql: "SELECT name, sha256 FROM migration ORDER BY name")
    let newer = rows.map { $0["name"] as String }.filter { known[$0] == nil }
    guard newer.isEmpty else { throw StoreError.newerSchema(path: path, steps: newer) }
    for row in rows {
      let (name, stored): (String, String) = (row["name"], row["sha256"])
      if let digest = known[name], digest != stored {
        throw StoreError.editedMigration(name: name, stored: stored, expected: digest)
      }
    }
  }
}
