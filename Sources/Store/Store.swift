import Deliveries
import Foundation
import GRDB
import Units

public struct StoreOptions: Hashable, Sendable {
  /// Connections that read at the same time.
  public var readers = 4
  /// How long to wait for another process.
  public var busyTimeout: Duration = .seconds(5)
  /// The file does not grow beyond: it is full then. Nil for what the disk has.
  public var maximumBytes: Int64?
  /// The lease whose epoch fences the outbox.
  public var lease = "serve"
  public var policy = OutboxPolicy()
  public init() {}
}

/// Everything that must survive: one SQLite file, one writer, typed operations.
///
/// Every operation is one transaction and durable when it returns (`synchronous` FULL). Times are given by the
/// caller. See `WriteGate` for why there is one writing connection.
public final class Store: Sendable {
  public let path: String
  public let options: StoreOptions
  /// Fires the channel's name when a delivery may be due.
  public let changes = ChangeSignal()
  /// Fires `Store.logName` for log entries and `Store.inboxName` for notices.
  let signals = ChangeSignal()
  let pool: DatabasePool
  let gate: WriteGate
  let inHand = NoticesInHand()

  static let logName = "log"
  static let inboxName = "inbox"

  /// Opens the store at `path`, or makes it; brings its schema up to date.
  public convenience init(path: String, options: StoreOptions = StoreOptions()) throws(StoreError) {
    try self.init(path: path, options: options, migrations: Migration.all)
  }

  init(path: String, options: StoreOptions, migrations: [Migration]) throws(StoreError) {
    self.path = path
    self.options = options
    do {
      try Self.prepareFile(path, migrations)
      gate = try WriteGate(path: path + ".lock", timeout: options.busyTimeout)
      let (gate, made) = (gate, Self.configuration(options))
      pool = try gate.pass { try DatabasePool(path: path, configuration: made) }
      try pool.writeWithoutTransaction { db in
        // The pool sets NORMAL, which may lose the last commits in a power cut.
        try db.execute(sql: "PRAGMA synchronous = FULL")
        try db.execute(sql: "PRAGMA journal_size_limit = 67108864")
        if let bytes = options.maximumBytes {
          let page = try Int64.fetchOne(db, sql: "PRAGMA page_size") ?? 4096
          _ = try Int64.fetchOne(db, sql: "PRAGMA max_page_count = \(max(1, bytes / page))")
        }
        guard try Int.fetchOne(db, sql: "PRAGMA synchronous") == 2,
          try String.fetchOne(db, sql: "PRAGMA journal_mode") == "wal",
          try Int.fetchOne(db, sql: "PRAGMA foreign_keys") == 1
        else { throw StoreError.cannotOpen(path: path, reason: "its disk does not allow a WAL") }
      }
      try gate.pass { try Migration.migrator(migrations).migrate(pool) }
    } catch {
      throw StoreError.of(error, at: path)
    }
  }

  /// Closes the file; later calls fail. Without it the file is closed with the last reference.
  public func close() throws(StoreError) {
    do { try gate.pass { try pool.close() } } catch { throw StoreError.of(error, at: path) }
  }

  private static func configuration(_ options: StoreOptions) -> Configuration {
    var configuration = Configuration()
    configuration.maximumReaderCount = max(1, options.readers)
    configuration.foreignKeysEnabled = true
    configuration.busyMode = .timeout(options.busyTimeout.seconds)
    configuration.label = "store"
    // Bytes of notices and payloads must never get into an error text.
    configuration.publicStatementArguments = false
    return configuration
  }

  /// Looks before touching: a file that is not ours stays as it is. A new one is for its owner only.
  private static func prepareFile(_ path: String, _ migrations: [Migration]) throws {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      let full = errno == ENOSPC || errno == EDQUOT
      let reason = String(cString: strerror(errno))
      throw full ? StoreError.storeFull(reason) : .cannotOpen(path: path, reason: reason)
    }
    var facts = stat()
    fstat(descriptor, &facts)
    Foundation.close(descriptor)
    guard facts.st_mode & S_IFMT == S_IFREG else {
      throw StoreError.notAStore(path: path, reason: "not a file")
    }
    guard facts.st_size > 0 || FileManager.default.fileExists(atPath: path + "-wal") else { return }
    var configuration = Configuration()
    configuration.readonly = true
    configuration.busyMode = .timeout(5)
    let queue = try DatabaseQueue(path: path, configuration: configuration)
    try queue.read { try Migration.check($0, at: path, against: migrations) }
    try queue.close()
  }
}

/// What a transaction did that others wait for.
struct Transaction {
  let db: Database
  var channels: Set<String> = []
  var signals: Set<String> = []
}

extension Store {
  /// One transaction on the writer; all or nothing.
  func write<T: Sendable>(
    _ body: @escaping @Sendable (inout Transaction) throws -> T
  ) async throws(StoreError) -> T {
    let gate = gate
    do {
      let (value, done) = try await pool.writeWithoutTransaction { db in
        try gate.pass {
          var transaction = Transaction(db: db)
          var result: T?
          try db.inTransaction(.immediate) {
            result = try body(&transaction)
            return .commit
          }
          guard let result else { throw StoreError.cancelled }
          return (result, TransactionMarks(channels: transaction.channels, signals: transaction.signals))
        }
      }
      changes.fire(done.channels)
      signals.fire(done.signals)
      return value
    } catch {
      throw StoreError.of(error, at: path)
    }
  }

  /// Reads one state of the store, also while it is written to.
  func read<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws(StoreError) -> T {
    do { return try await pool.read(body) } catch { throw StoreError.of(error, at: path) }
  }
}

private struct TransactionMarks: Sendable {
  let channels: Set<String>
  let signals: Set<String>
}

extension Instant {
  init(_ row: Row, _ column: String) { self.init(tai: row[column]) }
  init?(optional row: Row, _ column: String) {
    guard let tai: Int64 = row[column] else { return nil }
    self.init(tai: tai)
  }
}
