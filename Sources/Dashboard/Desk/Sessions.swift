import Units

/// A browser that somebody signed in with.
public struct Session: Hashable, Sendable {
  /// What the browser keeps, and nobody else.
  public let secret: String
  public let identity: Identity
  public let expires: Instant
  public init(secret: String, identity: Identity, expires: Instant) {
    self.secret = secret
    self.identity = identity
    self.expires = expires
  }

  /// What forms of this session carry: only pages that this site made for it know it.
  var formToken: String { SHA256.hexDigest(of: "vesper form\n\(secret)") }
}

extension Desk {
  public func signIn(token: String) async throws(DeskError) -> Session? { nil }
  public func session(_ secret: String) async throws(DeskError) -> Session? { nil }
  public func signOut(_ secret: String) async throws(DeskError) {}
  public var signInService: String? { nil }
  public func beginSignIn(back: String) async throws(DeskError) -> (address: String, secret: String) {
    throw .notFound("one signs in here with a token only")
  }
  public func finishSignIn(
    _ fields: [String: String], secret: String?
  ) async throws(DeskError) -> (session: Session, back: String) {
    throw .notFound("one signs in here with a token only")
  }
}
