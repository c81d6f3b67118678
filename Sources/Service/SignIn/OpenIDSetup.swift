import Channels
import Dashboard
import OpenID
import Store
import Units
import WebClient

extension ServiceConfiguration.OpenIDConnect {
  /// - Throws: `ConfigurationError` for an issuer that is not https, a scope that is none, a secret that is not
  ///   there, or without an address to come back to.
  func options(
    _ configuration: ServiceConfiguration, environment: [String: String]
  ) throws -> OpenIDOptions {
    guard let issuer = try? WebURL(issuer), issuer.scheme == .https || issuer.isLoopback else {
      throw ConfigurationError("oidc.issuer: an https address, as the provider states it")
    }
    guard let base = base ?? configuration.links?.base, let home = try? WebURL(base),
      home.scheme == .https || home.isLoopback
    else {
      throw ConfigurationError(
        "oidc.base: where browsers reach this service, such as https://vesper.example.org")
    }
    guard !roles.isEmpty else {
      throw ConfigurationError("oidc.roles is empty: nobody could do anything; such as {shifters: lead}")
    }
    var scopes: [String: Set<String>] = [:]
    let reader = ScopeReader(configuration)
    for (group, text) in roles {
      do {
        scopes[group] = try reader.scopes(text.split(separator: " ").map { String($0) })
      } catch {
        throw ConfigurationError("oidc.roles: \(group): \(error)")
      }
    }
    var options = OpenIDOptions(
      issuer: self.issuer, clientID: clientID,
      clientSecret: try clientSecret.map { try SecretReference($0).load(environment: environment) },
      returnAddress: (base.hasSuffix("/") ? String(base.dropLast()) : base) + "/sign-in/openid/return",
      roles: scopes)
    options.claim = claim
    return options
  }
}

/// A person who signed in elsewhere bears a token that nobody ever sees, for as long as a session may last: what
/// holds for tokens (revoking, the audit log) holds for them.
extension StoreDesk {
  var signInService: String? { state.openID?.title }

  func beginSignIn(back: String) async throws(DeskError) -> (address: String, secret: String) {
    let client = try openID()
    do { return try await client.begin(back: back) } catch { throw .unavailable(error.description) }
  }

  func finishSignIn(
    _ fields: [String: String], secret: String?
  ) async throws(DeskError) -> (session: Session, back: String) {
    let client = try openID()
    let person: OpenIDPerson
    do {
      person = try await client.finish(fields, secret: secret)
    } catch {
      if case .provider = error { throw .unavailable(error.description) }
      throw .invalid(error.description)
    }
    let now = ServiceClock.system.now()
    let token = try await asked { () async throws(StoreError) in
      try await store.issueToken(
        label: person.name, role: "oidc", user: person.user, scopes: person.scopes,
        lifetime: Store.sessionLife, actor: "oidc",
        at: now
      ).secret
    }
    guard let session = try await signIn(token: token) else {
      throw .unavailable("the session could not be begun")
    }
    return (session, person.back)
  }

  private func openID() throws(DeskError) -> OpenIDClient {
    guard let client = state.openID else { throw .notFound("one signs in here with a token only") }
    return client
  }
}
