import Foundation
import GRDB
import Units

/// What came of asking for a map by its address.
public struct RemoteMap: Hashable, Sendable {
  public enum Content: Hashable, Sendable {
    /// As they came, before anybody looks into them.
    case bytes([UInt8])
    /// It cannot be had, and why.
    case unavailable(String)
  }
  public let url: String
  public let content: Content

  public init(url: String, _ content: Content) {
    self.url = url
    self.content = content
  }
}

extension Store {
  /// What is known of a map; nil while it is on its way. The digest is SHA-256 of its bytes.
  public func remoteMap(_ url: String) async throws(StoreError) -> (map: RemoteMap, digest: String?)? {
    try await read { db in
      let row = try Row.fetchOne(
        db, sql: "SELECT digest, reason FROM remoteMap WHERE url = ?", arguments: [url])
      guard let row else { return nil }
      guard let digest: String = row["digest"] else {
        return (RemoteMap(url: url, .unavailable(row["reason"] ?? "")), nil)
      }
      let bytes = try Data.fetchOne(
        db, sql: "SELECT bytes FROM remoteMapBytes WHERE url = ?", arguments: [url])
      guard let bytes else { throw StoreError.corrupt("the map \(url) has no bytes") }
      return (RemoteMap(url: url, .bytes(Array(bytes))), digest)
    }
  }

  /// A map that came is never replaced: plans were made on it.
  static func keep(_ map: RemoteMap, digest: String?, at now: Instant, _ db: Database) throws {
    var reason: String?
    if case .unavailable(let why) = map.content { reason = why }
    try db.execute(
      sql: """
        INSERT INTO remoteMap VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET digest = excluded.digest,
          reason = excluded.reason, changedAt = excluded.changedAt WHERE remoteMap.digest IS NULL
        """, arguments: [map.url, digest, reason, now.tai])
    guard db.changesCount > 0, case .bytes(let bytes) = map.content else { return }
    try db.execute(sql: "INSERT INTO remoteMapBytes VALUES (?, ?)", arguments: [map.url, Data(bytes)])
  }
}
