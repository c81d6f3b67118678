import Foundation
import GRDBSQLite

/// Looks into the service's file with SQLite itself, not with the code under test.
struct StoreReader: Sendable {
  let path: String

  /// Rows of texts; NULL is an empty one.
  func rows(_ sql: String) throws -> [[String]] {
    var database: OpaquePointer?
    defer { sqlite3_close(database) }
    guard sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, nil) == SQLITE_OK else {
      throw ChaosError("\(path) cannot be opened")
    }
    sqlite3_busy_timeout(database, 5000)
    var statement: OpaquePointer?
    defer { sqlite3_finalize(statement) }
    guard sqlite3_prepare_v2(database, sql, -1, &statement, nil) == SQLITE_OK else {
      throw ChaosError("\(sql): \(String(cString: sqlite3_errmsg(database)))")
    }
    var rows: [[String]] = []
    while true {
      switch sqlite3_step(statement) {
      case SQLITE_ROW:
        rows.append(
          (0..<sqlite3_column_count(statement)).map { column in
            sqlite3_column_text(statement, column).map { String(cString: $0) } ?? ""
          })
      case SQLITE_DONE: return rows
      default: throw ChaosError("\(sql): \(String(cString: sqlite3_errmsg(database)))")
      }
    }
  }

  func count(_ sql: String) throws -> Int { try rows(sql).first?.first.flatMap { Int($0) } ?? 0 }

  /// First column to second.
  func table(_ sql: String) throws -> [String: String] {
    Dictionary(try rows(sql).map { ($0[0], $0.count > 1 ? $0[1] : "") }, uniquingKeysWith: { $1 })
  }

  // MARK: What is still to be done

  struct Owed: Sendable, CustomStringConvertible {
    var notices = 0
    var deliveries = 0
    var plans = 0
    var isNothing: Bool { notices + deliveries + plans == 0 }
    var description: String { "\(notices) notices, \(plans) plans, \(deliveries) deliveries" }
  }

  func owed() throws -> Owed {
    Owed(
      notices: try count("SELECT count(*) FROM notice WHERE status = 'new'"),
      deliveries: try count(
        "SELECT count(*) FROM delivery WHERE state IN ('ready', 'inFlight', 'ambiguous')"),
      plans: try count(
        """
        SELECT count(*) FROM event WHERE mergedInto IS NULL AND
        coalesce(json_extract(state, '$.campaign.order.number'), 0) > json_extract(state, '$.plannedOrder')
        """))
  }
}
