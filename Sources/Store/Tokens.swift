import Foundation
import GRDB
import Units

/// What a bearer of a token may do.
public struct TokenGrant: Hashable, Sendable {
  public let id: Int64
  public let label: String
  public let role: String
  /// Whose token it is, as rosters name people; nil for a token of nobody, whatever its label says.
  public let user: String?
  public let scopes: Set<String>
  public let createdAt: Instant
  public let expires: Instant
  public let revokedAt: Instant?

  /// Who acted, as the record says it: the person, or which token of nobody and what it may do, since a label names
  /// nobody.
  public var actor: String {
    if let user { return user }
    let shown = scopes.sorted().prefix(Self.namedScopes).joined(separator: ", ")
    let more = scopes.count > Self.namedScopes ? " and \(scopes.count - Self.namedScopes) more" : ""
    return "token \(label) (\(shown)\(more))"
  }

  private static let namedScopes = 3
}

extension Store {
  /// The longest life of a token.
  public static let longestTokenLife: Duration = .hours(90 * 24)
  private static let tokenPrefix = "vesper_"

  /// Makes a token of 256 random bits. Only its SHA-256 is kept: it is shown this once.
  /// - Parameter user: who its bearer is; only what is said here makes a token somebody's.
  public func issueToken(
    label: String, role: String, user: String? = nil, scopes: Set<String>, lifetime: Duration, actor: String,
    at now: Instant
  ) async throws(StoreError) -> (secret: String, grant: TokenGrant) {
    guard lifetime > .zero, lifetime <= Self.longestTokenLife else {
      throw .invalid("a token lives up to 90 days, not \(lifetime)")
    }
    guard !scopes.isEmpty, !scopes.contains("") else { throw .invalid("a token without scopes is of no use") }
    guard user != "" else { throw .invalid("a token is somebody's or nobody's: the user has no name") }
    var generator = SystemRandomNumberGenerator()
    let random = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    let secret = Self.tokenPrefix + SHA256.hex(random)
    let hash = Data(SHA256.digest(of: Array(secret.utf8)))
    let grant = try await write { transaction -> TokenGrant in
      let db = transaction.db
      try db.execute(
        sql: "INSERT INTO token (hash, label, role, user, createdAt, expiresAt) VALUES (?, ?, ?, ?, ?, ?)",
        arguments: [hash, label, role, user, now.tai, (now + lifetime).tai])
      let id = db.lastInsertedRowID
      for scope in scopes.sorted() {
        try db.execute(sql: "INSERT INTO tokenScope VALUES (?, ?)", arguments: [id, scope])
      }
      var fields = [
        "token": "\(id)", "label": label, "role": role, "scopes": scopes.sorted().joined(separator: " "),
      ]
      fields["user"] = user
      try Self.append(LogDraft(actor: actor, kind: "token.issued", fields: fields), at: now, in: &transaction)
      return try Self.grant(id, db)
    }
    return (secret, grant)
  }

  /// Who bears a token; nil if nobody may with it. Reads the store each time: revoking works at once.
  public func bearer(of secret: String, at now: Instant) async throws(StoreError) -> TokenGrant? {
    guard secret.utf8.count == Self.tokenPrefix.utf8.count + 64, secret.hasPrefix(Self.tokenPrefix) else {
      return nil
    }
    let hash = SHA256.digest(of: Array(secret.utf8))
    return try await read { db in
      let row = try Row.fetchOne(
        db,
        sql:
          "SELECT id, hash FROM token WHERE hash = ? AND revokedAt IS NULL AND createdAt <= ? AND expiresAt > ?",
        arguments: [Data(hash), now.tai, now.tai])
      guard let row else { return nil }
      let stored: Data = row["hash"]
      // The look-up is by the hash, so its time says nothing of the secret; this repeats it without a branch.
      var difference: UInt8 = 0
      for (a, b) in zip(hash, stored) { difference |= a ^ b }
      guard difference == 0, stored.count == hash.count else { return nil }
      return try Self.grant(row["id"], db)
    }
  }

  public func revokeToken(_ id: Int64, actor: String, at now: Instant) async throws(StoreError) {
    try await write { transaction in
      try transaction.db.execute(
        sql: "UPDATE token SET revokedAt = ? WHERE id = ? AND revokedAt IS NULL", arguments: [now.tai, id])
      guard transaction.db.changesCount == 1 else { throw StoreError.unknownToken(id) }
      try Self.append(
        LogDraft(actor: actor, kind: "token.revoked", fields: ["token": "\(id)"]), at: now, in: &transaction)
    }
  }

  /// All tokens, newest first; the secrets are not known.
  public func tokens() async throws(StoreError) -> [TokenGrant] {
    try await read { db in
      try Int64.fetchAll(db, sql: "SELECT id FROM token ORDER BY id DESC").map { try Self.grant($0, db) }
    }
  }

  static func grant(_ id: Int64, _ db: Database) throws -> TokenGrant {
    guard let row = try Row.fetchOne(db, sql: "SELECT * FROM token WHERE id = ?", arguments: [id]) else {
      throw StoreError.unknownToken(id)
    }
    let scopes = try String.fetchSet(db, sql: "SELECT scope FROM tokenScope WHERE token = ?", arguments: [id])
    return TokenGrant(
      id: id, label: row["label"], role: row["role"], user: row["user"], scopes: scopes,
      createdAt: Instant(row, "createdAt"), expires: Instant(row, "expiresAt"),
      revokedAt: Instant(optional: row, "revokedAt"))
  }
}
