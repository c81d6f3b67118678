import Deliveries
import Foundation
import GRDB

/// What the store refuses or cannot do.
public enum StoreError: Error, Hashable, Sendable {
  /// There is no space left: nothing was stored, and nothing should be consumed until there is.
  case storeFull(String)
  case cannotOpen(path: String, reason: String)
  case notAStore(path: String, reason: String)
  /// A newer version wrote this file: use that version, or restore a backup made before.
  case newerSchema(path: String, steps: [String])
  case editedMigration(name: String, stored: String, expected: String)
  case corrupt(String)
  /// Another process held the write lock for longer than the time-out.
  case busy(String)
  /// The event changed since its revision was read; nothing was stored. 0 means it does not exist.
  case revisionConflict(event: String, expected: Int64, found: Int64)
  case unknownEvent(String)
  case unknownPlan(String)
  case unknownAssignment(plan: String, telescope: String, position: Int)
  case unknownNotice(NoticeID)
  /// The notice is no longer to be handled, or not in quarantine.
  case noticeState(NoticeID, NoticeStatus)
  case unknownTimer(String)
  case unknownToken(Int64)
  /// A value that no row may have; the schema's own words where it found it.
  case invalid(String)
  /// Another instance took over.
  case fenced(current: Int64, given: Int64)
  case delivery(DeliveryError)
  /// A backup that did not pass its checks.
  case badBackup(path: String, reason: String)
  case cancelled
  case sqlite(code: Int32, message: String)
}

extension StoreError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .storeFull(let detail): "the store is full: \(detail)"
    case .cannotOpen(let path, let reason): "cannot open the store \(path): \(reason)"
    case .notAStore(let path, let reason): "\(path) is not a store of this program: \(reason)"
    case .newerSchema(let path, let steps):
      "\(path) was written by a newer version (it has \(steps.joined(separator: ", "))): "
        + "use that version or restore a backup made before"
    case .editedMigration(let name, _, _):
      "the schema step '\(name)' differs from the one that made this file"
    case .corrupt(let detail): "the store is damaged: \(detail)"
    case .busy(let detail): "the store is locked by another process: \(detail)"
    case .revisionConflict(let event, let expected, let found):
      "\(event) is at revision \(found), not \(expected)"
    case .unknownEvent(let id): "no event \(id)"
    case .unknownPlan(let id): "no plan \(id)"
    case .unknownAssignment(let plan, let telescope, let position):
      "no assignment \(position) of \(telescope) in \(plan)"
    case .unknownNotice(let id): "no notice \(id.number)"
    case .noticeState(let id, let status): "notice \(id.number) is \(status.rawValue)"
    case .unknownTimer(let id): "no pending timer \(id)"
    case .unknownToken(let id): "no token \(id)"
    case .invalid(let why): "refused: \(why)"
    case .fenced(let current, let given): "instance \(given) was replaced by \(current)"
    case .delivery(let error): "outbox: \(error)"
    case .badBackup(let path, let reason): "the backup \(path) is bad: \(reason)"
    case .cancelled: "cancelled"
    case .sqlite(let code, let message): "SQLite \(code): \(message)"
    }
  }

  /// - Parameter path: of the file that was worked on, to see whether its disk is full.
  static func of(_ error: any Error, at path: String) -> StoreError {
    switch error {
    case let error as StoreError: return error
    case DeliveryError.fenced(let current, let given): return .fenced(current: current, given: given)
    case let error as DeliveryError: return .delivery(error)
    case is CancellationError: return .cancelled
    case let error as DatabaseError: return of(error, at: path)
    default: return .cannotOpen(path: path, reason: String(describing: error))
    }
  }

  private static func of(_ error: DatabaseError, at path: String) -> StoreError {
    let message = error.message ?? "no message"
    switch error.resultCode {
    case .SQLITE_FULL: return .storeFull(message)
    // Some calls (the shared memory of the WAL, truncation) report a full disk as an I/O error.
    case .SQLITE_IOERR:
      return isDiskFull(at: path) ? .storeFull(message) : .sqlite(code: code(error), message: message)
    case .SQLITE_CORRUPT: return .corrupt(message)
    case .SQLITE_NOTADB: return .notAStore(path: path, reason: message)
    case .SQLITE_BUSY, .SQLITE_LOCKED: return .busy(message)
    case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_AUTH:
      return isDiskFull(at: path) ? .storeFull(message) : .cannotOpen(path: path, reason: message)
    case .SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_TOOBIG: return .invalid(message)
    case .SQLITE_INTERRUPT, .SQLITE_ABORT: return .cancelled
    default: return .sqlite(code: code(error), message: message)
    }
  }

  private static func code(_ error: DatabaseError) -> Int32 { error.extendedResultCode.rawValue }

  /// Less than 64 kB left: no page and no WAL index can grow.
  static func isDiskFull(at path: String) -> Bool {
    let folder = (path as NSString).deletingLastPathComponent
    var facts = statvfs()
    guard statvfs(folder.isEmpty ? "." : folder, &facts) == 0 else { return false }
    return UInt64(facts.f_bavail) * UInt64(facts.f_frsize) < 65_536
  }

  /// For those who see the store as a ledger.
  var asDeliveryError: DeliveryError {
    switch self {
    case .delivery(let error): error
    case .fenced(let current, let given): .fenced(current: current, given: given)
    case .storeFull: .storage(description, isFull: true)
    default: .storage(description, isFull: false)
    }
  }
}
