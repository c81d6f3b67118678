import Foundation
import GRDB
import Units

/// A browser in which the bearer of a token signed in: as long-lived as the token at most, and over with it.
public struct SessionGrant: Hashable, Sendable {
  public let token: TokenGrant
  public let expires: Instant
}

extension Store {
  /// How long a browser stays signed in: a shift and its hand-over.
  public static let sessionLife: Duration = .hours(12)
  private static let sessionPrefix = "session_"

  /// Begins a session for the bearer of a token. Only the SHA-256 of its secret is kept.
  /// - Returns: nil if nobody may with the token.
  public func beginSession(
    token secret: String, at now: Instant
  ) async throws(StoreError) -> (secret: String, grant: SessionGrant)? {
    guard let token = try await bearer(of: secret, at: now) else { return nil }
    var generator = SystemRandomNumberGenerator()
    let random = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    let made = Self.sessionPrefix + SHA256.hex(random)
    let hash = Data(SHA256.digest(of: Array(made.utf8)))
    let expires = min(token.expires, now + Self.sessionLife)
    try await write { transaction in
      let db = transaction.db
      // What is long over is of no use to anybody.
      try db.execute(sql: "DELETE FROM session WHERE expiresAt < ?", arguments: [(now - .hours(24)).tai])
      try db.execute(
        sql: "INSERT INTO session (hash, token, createdAt, expiresAt) VALUES (?, ?, ?, ?)",
        arguments: [hash, token.id, now.tai, expires.tai])
      try Self.append(
        LogDraft(actor: token.actor, kind: "session.begun", fields: ["token": "\(token.id)"]),
        at: now,
        in: &transaction)
    }
    return (made, SessionGrant(token: token, expires: expires))
  }

  /// What a browser's secret stands for; nil if the session or its token is over. Reads the store each time:
  /// signing out and revoking work at once.
  public func session(_ secret: String, at now: Instant) async throws(StoreError) -> SessionGrant? {
    guard secret.utf8.count == Self.sessionPrefix.utf8.count + 64, secret.hasPrefix(Self.sessionPrefix) else {
      return nil
    }
    // The look-up is by the hash, so its time says nothing of the secret.
    let hash = Data(SHA256.digest(of: Array(secret.utf8)))
    return try await read { db in
      let row = try Row.fetchOne(
        db,
        sql: """
          SELECT session.token, session.expiresAt AS until FROM session JOIN token ON token.id = session.token
          WHERE session.hash = ? AND endedAt IS NULL AND session.expiresAt > ? AND session.createdAt <= ?
            AND token.revokedAt IS NULL AND token.expiresAt > ?
          """, arguments: [hash, now.tai, now.tai, now.tai])
      guard let row else { return nil }
      return SessionGrant(token: try Self.grant(row["token"], db), expires: Instant(row, "until"))
    }
  }

  /// Ending a session that is none changes nothing.
  public func endSession(_ secret: String, at now: Instant) async throws(StoreError) {
    let hash = Data(SHA256.digest(of: Array(secret.utf8)))
    try await write { transaction in
      try transaction.db.execute(
        sql: "UPDATE session SET endedAt = ? WHERE hash = ? AND endedAt IS NULL", arguments: [now.tai, hash])
    }
  }
}
