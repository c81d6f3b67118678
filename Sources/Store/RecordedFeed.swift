import Foundation
import GRDB
import Units

/// What a store has received, read without changing it, also while a service works on it.
public struct RecordedFeed: Sendable {
  private let queue: DatabaseQueue
  private let path: String

  /// - Throws: `.newerSchema`, `.notAStore`, `.cannotOpen`.
  public init(readingFrom path: String) throws(StoreError) {
    self.path = path
    do {
      guard FileManager.default.fileExists(atPath: path) else {
        throw StoreError.cannotOpen(path: path, reason: "there is no such file")
      }
      var configuration = Configuration()
      configuration.readonly = true
      configuration.busyMode = .timeout(5)
      configuration.publicStatementArguments = false
      queue = try DatabaseQueue(path: path, configuration: configuration)
      try queue.read { try Migration.check($0, at: path) }
    } catch {
      throw StoreError.of(error, at: path)
    }
  }

  /// All notices in the order in which they came, in pages.
  public func notices(after id: NoticeID?, limit: Int) async throws(StoreError) -> [NoticeInHand] {
    try await read { db in
      try Int64.fetchAll(
        db, sql: "SELECT id FROM notice WHERE id > ? ORDER BY id LIMIT ?",
        arguments: [id?.number ?? 0, limit]
      ).map { try Store.hand(out: NoticeID($0), db) }
    }
  }

  /// The addresses of the maps that came, with when they did, oldest first.
  public func maps() async throws(StoreError) -> [(url: String, at: Instant)] {
    try await read { db in
      // A store of before has none.
      guard try db.tableExists("remoteMap") else { return [] }
      return try Row.fetchAll(
        db, sql: "SELECT url, changedAt FROM remoteMap WHERE digest IS NOT NULL ORDER BY changedAt, url"
      ).map { ($0["url"], Instant($0, "changedAt")) }
    }
  }

  public func map(_ url: String) async throws(StoreError) -> [UInt8] {
    try await read { db in
      let bytes = try Data.fetchOne(
        db, sql: "SELECT bytes FROM remoteMapBytes WHERE url = ?", arguments: [url])
      guard let bytes else { throw StoreError.corrupt("the map \(url) has no bytes") }
      return Array(bytes)
    }
  }

  private func read<T: Sendable>(
    _ body: @escaping @Sendable (Database) throws -> T
  ) async throws(StoreError) -> T {
    do { return try await queue.read(body) } catch { throw StoreError.of(error, at: path) }
  }
}
