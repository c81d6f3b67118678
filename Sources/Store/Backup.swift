import Foundation
import GRDB
import Units

/// What a backup holds, after all checks.
public struct BackupReport: Hashable, Sendable {
  public let path: String
  public let bytes: Int64
  public let notices: Int
  public let events: Int
  public let deliveries: Int
  public let logSequence: Int64
}

extension Store {
  /// Copies the store into one file while it is written to, checks the copy, and only then gives it its name.
  public func backup(to destination: String) async throws(StoreError) -> BackupReport {
    let (pool, path) = (pool, path)
    do {
      return try await Self.elsewhere {
        let part = destination + ".part"
        Self.removeDatabase(part)
        defer { Self.removeDatabase(part) }
        try Self.makePrivate(part)
        let copy = try DatabaseQueue(path: part)
        // One step from one reader: a state of one moment, while the writer goes on.
        try pool.backup(to: copy)
        // The copy is in WAL mode as its source; a backup should be a single file.
        try copy.writeWithoutTransaction { _ = try String.fetchOne($0, sql: "PRAGMA journal_mode = DELETE") }
        try copy.close()
        let report = try Self.verify(backup: part)
        try Self.publish(part, as: destination)
        return BackupReport(
          path: destination, bytes: report.bytes, notices: report.notices, events: report.events,
          deliveries: report.deliveries, logSequence: report.logSequence)
      }
    } catch {
      throw StoreError.of(error, at: destination == path ? path : destination)
    }
  }

  /// Checks a backup without changing it: SQLite's integrity check, references, the chain of the log.
  public static func verify(backup path: String) throws(StoreError) -> BackupReport {
    do {
      var configuration = Configuration()
      configuration.readonly = true
      guard FileManager.default.fileExists(atPath: path) else {
        throw StoreError.badBackup(path: path, reason: "there is no such file")
      }
      let queue = try DatabaseQueue(path: path, configuration: configuration)
      return try queue.read { db in
        guard try db.tableExists("migration") else {
          throw StoreError.badBackup(path: path, reason: "it holds no store")
        }
        try Migration.check(db, at: path)
        let faults = try faults(db)
        guard faults.isEmpty else {
          throw StoreError.badBackup(path: path, reason: faults.joined(separator: "; "))
        }
        func count(_ table: String) throws -> Int {
          try Int.fetchOne(db, sql: "SELECT count(*) FROM \(table)") ?? 0
        }
        var facts = stat()
        let bytes = stat(path, &facts) == 0 ? Int64(facts.st_size) : 0
        return BackupReport(
          path: path, bytes: bytes, notices: try count("notice"), events: try count("event"),
          deliveries: try count("delivery"),
          logSequence: try Int64.fetchOne(db, sql: "SELECT max(seq) FROM log") ?? 0)
      }
    } catch {
      let error = StoreError.of(error, at: path)
      if case .corrupt(let reason) = error { throw .badBackup(path: path, reason: reason) }
      throw error
    }
  }

  /// Puts a checked copy of a backup where a store is to be opened. No process may have that store open.
  ///
  /// What the backup owes may have been sent since it was made: it comes back as ambiguous, so that far sides
  /// are asked before anything leaves. Notices that the feed repeats from the older offsets are handled with
  /// `Outcome.mayHaveBeenSent`.
  /// - Parameter replacing: whether a store that is there may be lost; it is kept beside as `.before-restore`.
  @discardableResult
  public static func restore(
    _ backup: String, to path: String, replacing: Bool = false, actor: String, at now: Instant
  ) throws(StoreError) -> BackupReport {
    let report = try verify(backup: backup)
    do {
      let files = FileManager.default
      if files.fileExists(atPath: path), !replacing {
        throw StoreError.cannotOpen(path: path, reason: "there is a store already")
      }
      let part = path + ".part"
      removeDatabase(part)
      try makePrivate(part)
      try Data(contentsOf: URL(filePath: backup), options: .mappedIfSafe).write(to: URL(filePath: part))
      try doubt(part, backup: backup, actor: actor, at: now)
      _ = try verify(backup: part)
      // The old WAL would be played into the restored file: it goes with the old one.
      for suffix in ["-wal", "-shm", ""] where files.fileExists(atPath: path + suffix) {
        let kept = path + ".before-restore" + suffix
        try? files.removeItem(atPath: kept)  // an older one that is not there
        try files.moveItem(atPath: path + suffix, toPath: kept)
      }
      try publish(part, as: path)
    } catch {
      throw StoreError.of(error, at: path)
    }
    return report
  }

  private static func doubt(_ part: String, backup: String, actor: String, at now: Instant) throws {
    let queue = try DatabaseQueue(path: part)
    try queue.write { db in
      try db.execute(
        sql: """
          UPDATE delivery SET state = 'ambiguous', reason = ?, since = ?, next = ?, readBacks = 0
          WHERE state IN ('ready', 'inFlight', 'ambiguous')
          """, arguments: ["may have been sent after the backup was made", now.tai, now.tai])
      let fields = ["backup": (backup as NSString).lastPathComponent, "doubtful": "\(db.changesCount)"]
      var transaction = Transaction(db: db)
      try append(LogDraft(actor: actor, kind: "store.restored", fields: fields), at: now, in: &transaction)
    }
    try queue.close()
  }

  // MARK: - Files

  private static func makePrivate(_ path: String) throws {
    let descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw StoreError.cannotOpen(path: path, reason: String(cString: strerror(errno)))
    }
    Foundation.close(descriptor)
  }

  /// Durable and atomic: the content, then the name, then the folder.
  private static func publish(_ part: String, as path: String) throws {
    try sync(part)
    guard rename(part, path) == 0 else {
      throw StoreError.cannotOpen(path: path, reason: String(cString: strerror(errno)))
    }
    let folder = (path as NSString).deletingLastPathComponent
    try sync(folder.isEmpty ? "." : folder)
  }

  private static func sync(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw StoreError.cannotOpen(path: path, reason: String(cString: strerror(errno)))
    }
    defer { Foundation.close(descriptor) }
    guard fsync(descriptor) == 0 else {
      let reason = String(cString: strerror(errno))
      throw errno == ENOSPC ? StoreError.storeFull(reason) : .cannotOpen(path: path, reason: reason)
    }
  }

  private static func removeDatabase(_ path: String) {
    for suffix in ["", "-wal", "-shm", "-journal"] { unlink(path + suffix) }
  }

  /// On a thread that may block: seconds per gigabyte would hold up a cooperative one.
  private static func elsewhere<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global(qos: .utility).async { continuation.resume(with: Result { try body() }) }
    }
  }
}
