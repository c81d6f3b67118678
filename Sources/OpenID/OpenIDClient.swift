import Foundation
import Units
import WebClient

/// How people sign in elsewhere: a provider, what this service is called there, and who gets which role.
public struct OpenIDOptions: Sendable {
  public var issuer: String
  public var clientID: String
  /// nil: a public client, protected by PKCE alone.
  public var clientSecret: Secret?
  /// Where browsers come back to: `https://vesper.example/sign-in/openid/return`.
  public var returnAddress: String
  public var scope = "openid profile"
  /// Which claim of the identity token names groups.
  public var claim = "groups"
  /// Scopes by group; `*` is everybody whom the provider lets in.
  public var roles: [String: Set<String>]

  public init(
    issuer: String, clientID: String, clientSecret: Secret?, returnAddress: String,
    roles: [String: Set<String>]
  ) {
    self.issuer = issuer
    self.clientID = clientID
    self.clientSecret = clientSecret
    self.returnAddress = returnAddress
    self.roles = roles
  }
}

/// Who signed in, by the word of the provider.
public struct OpenIDPerson: Hashable, Sendable {
  /// For the log.
  public let name: String
  /// What the provider calls them, letter by letter; nil where it gives no user name, or one that could only be
  /// kept with changes: shortened or simplified, it might be somebody else's.
  public let user: String?
  public let scopes: Set<String>
  /// Where the browser wanted to go.
  public let back: String
}

/// Sign-in by OpenID Connect: authorization code flow with PKCE (OpenID Connect Core 1.0, section 3.1; RFC 7636;
/// RFC 9700). Attempts live in memory: after a restart people begin again.
public actor OpenIDClient {
  private struct Attempt {
    /// Of what the browser keeps.
    let binding: String
    let nonce: String
    let verifier: String
    let back: String
    let expires: Instant
  }
  private struct Provider {
    let authorization: WebURL
    let token: WebURL
    let keys: WebURL
    let usesBasic: Bool
    let readAt: Instant
  }

  private let options: OpenIDOptions
  private let client: WebClient
  private let now: @Sendable () -> Instant
  private var attempts: [String: Attempt] = [:]
  private var provider: Provider?
  private var keys: (list: [ProviderKey], readAt: Instant)?

  /// How long a person may take to sign in.
  public static let patience: Duration = .minutes(10)
  private static let mostAttempts = 2000
  private static let memory: Duration = .hours(1)
  /// Unknown keys are asked for no more often.
  private static let pause: Duration = .minutes(1)

  public init(_ options: OpenIDOptions, client: WebClient, now: @escaping @Sendable () -> Instant) {
    self.options = options
    self.client = client
    self.now = now
  }

  /// For the link: whom one signs in with.
  public nonisolated var title: String {
    // The options were checked when they were read.
    (try? WebURL(options.issuer))?.host ?? "another service"
  }

  // MARK: The flow

  /// - Parameter back: an address of this site.
  /// - Returns: where to send the browser, and what it must keep until it is back.
  public func begin(back: String) async throws(OpenIDError) -> (address: String, secret: String) {
    let provider = try await discovered()
    let now = now()
    attempts = attempts.filter { $0.value.expires > now }
    if attempts.count >= Self.mostAttempts,
      let oldest = attempts.min(by: { $0.value.expires < $1.value.expires })
    {
      attempts[oldest.key] = nil
    }
    let (state, secret) = (Secrets.random(), Secrets.random())
    let attempt = Attempt(
      binding: SHA256.hexDigest(of: secret), nonce: Secrets.random(), verifier: Secrets.random(), back: back,
      expires: now + Self.patience)
    attempts[state] = attempt
    do throws(WebError) {
      let address = try provider.authorization.appending(query: [
        ("response_type", "code"), ("client_id", options.clientID), ("redirect_uri", options.returnAddress),
        ("scope", options.scope), ("state", state), ("nonce", attempt.nonce),
        ("code_challenge", Base64URL.encode(SHA256.digest(of: Array(attempt.verifier.utf8)))),
        ("code_challenge_method", "S256"),
      ])
      return (address.reveal(), secret)
    } catch {
      throw .provider("its address cannot be used")
    }
  }

  /// - Parameters:
  ///   - fields: of the address that the browser came back with.
  ///   - secret: that it kept.
  public func finish(_ fields: [String: String], secret: String?) async throws(OpenIDError) -> OpenIDPerson {
    // Whatever comes of it, the state has been used.
    guard let state = fields["state"], let attempt = attempts.removeValue(forKey: state),
      attempt.expires > now(), let secret,
      Secrets.isSame(SHA256.hexDigest(of: secret), attempt.binding)
    else { throw .unknownAttempt }
    // RFC 9207: an answer of another provider.
    if let issuer = fields["iss"], issuer != options.issuer { throw .unknownAttempt }
    guard fields["error"] == nil, let code = fields["code"], !code.isEmpty, code.utf8.count <= 4096 else {
      throw .refused
    }
    let token = try IdentityToken(try await identityToken(code, attempt))
    let known = try await keys(for: token)
    try token.check(
      keys: known, issuer: options.issuer, client: options.clientID, nonce: attempt.nonce, now: now())
    let scopes = scopes(of: token.claims)
    guard !scopes.isEmpty else { throw .noRole }
    let given = token.claims["preferred_username"] as? String ?? ""
    let user = !given.isEmpty && Self.plain(given) == given ? given : nil
    return OpenIDPerson(
      name: Self.name(token.claims), user: user, scopes: scopes, back: attempt.back)
  }

  private func scopes(of claims: [String: Any]) -> Set<String> {
    let value = claims[options.claim]
    let groups = value as? [String] ?? (value as? String).map { [$0] } ?? []
    return (groups + ["*"]).reduce(into: []) { $0.formUnion(options.roles[$1] ?? []) }
  }

  /// As the log has it: short, and without anything that could be taken for more.
  private static func name(_ claims: [String: Any]) -> String {
    plain(claims["preferred_username"] as? String ?? claims["sub"] as? String ?? "")
  }

  private static func plain(_ given: String) -> String {
    let plain = given.unicodeScalars.filter { $0.isASCII && $0.value > 0x20 && $0.value < 0x7F }
    return String(String.UnicodeScalarView(plain.prefix(60)))
  }

  // MARK: The provider

  private func identityToken(_ code: String, _ attempt: Attempt) async throws(OpenIDError) -> String {
    let provider = try await discovered()
    var request = WebRequest(.post, provider.token)
    request.headers["Accept"] = "application/json"
    var fields = [
      (name: "grant_type", value: "authorization_code"), (name: "redirect_uri", value: options.returnAddress),
    ]
    var secrets = [
      (name: "code", value: Secret(code)), (name: "code_verifier", value: Secret(attempt.verifier)),
    ]
    if let secret = options.clientSecret, provider.usesBasic {
      // RFC 6749, 2.3.1: both are encoded as in a form before.
      let pair = "\(Self.encoded(options.clientID)):\(Self.encoded(secret.reveal()))"
      request.secretHeaders = [.authorization("Basic", Secret(Data(pair.utf8).base64EncodedString()))]
    } else {
      fields.append((name: "client_id", value: options.clientID))
      if let secret = options.clientSecret { secrets.append((name: "client_secret", value: secret)) }
    }
    request.body = .form(fields, secrets: secrets)
    let answer: WebResponse
    do { answer = try await client.send(request) } catch { throw .provider("it does not answer") }
    guard answer.isSuccess else {
      // 4xx: the code was used, is old, or is not ours.
      guard (400..<500).contains(answer.status) else {
        throw .provider("it answers with \(answer.status)")
      }
      throw .refused
    }
    guard let object = Self.object(answer), let token = object["id_token"] as? String else {
      throw .provider("it gives no identity token")
    }
    return token
  }

  private static func encoded(_ text: String) -> String {
    text.utf8.map { byte in
      let isPlain =
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
        || "-._~".utf8.contains(byte)
      return isPlain
        ? String(UnicodeScalar(byte))
        : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }.joined()
  }

  private static func object(_ answer: WebResponse) -> [String: Any]? {
    (try? JSONSerialization.jsonObject(with: Data(answer.body))) as? [String: Any]
  }

  private func read(_ address: WebURL) async throws(OpenIDError) -> [String: Any] {
    var request = WebRequest(.get, address)
    request.maxResponseBytes = 1 << 20
    let answer: WebResponse
    do { answer = try await client.send(request) } catch { throw .provider("it does not answer") }
    guard answer.isSuccess, let object = Self.object(answer) else {
      throw .provider("it answers with \(answer.status), or no JSON")
    }
    return object
  }

  private func discovered() async throws(OpenIDError) -> Provider {
    if let provider, now() - provider.readAt < Self.memory { return provider }
    let issuer = options.issuer
    let base = issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer
    let object = try await read(try Self.safe(base + "/.well-known/openid-configuration"))
    // Discovery 1.0, 4.3: the same, to the letter.
    guard object["issuer"] as? String == issuer else { throw .provider("it calls itself otherwise") }
    let methods = object["token_endpoint_auth_methods_supported"] as? [String]
    let found = Provider(
      authorization: try Self.safe(object["authorization_endpoint"]),
      token: try Self.safe(object["token_endpoint"]), keys: try Self.safe(object["jwks_uri"]),
      usesBasic: methods?.contains("client_secret_basic") ?? true, readAt: now())
    provider = found
    return found
  }

  /// Over TLS, but for this machine.
  static func safe(_ value: Any?) throws(OpenIDError) -> WebURL {
    guard let text = value as? String, let url = try? WebURL(text), url.scheme == .https || url.isLoopback
    else { throw .provider("an address of it is missing, or is not https") }
    return url
  }

  /// The provider's keys; asked for again where a token names one that is not known, as after a change of keys.
  private func keys(for token: IdentityToken) async throws(OpenIDError) -> [ProviderKey] {
    if let keys, now() - keys.readAt < Self.memory {
      let isKnown = token.keyID == nil || keys.list.contains { $0.id == token.keyID }
      if isKnown || now() - keys.readAt < Self.pause { return keys.list }
    }
    let object = try await read(try await discovered().keys)
    let list = (object["keys"] as? [[String: Any]] ?? []).prefix(50).compactMap { ProviderKey($0) }
    keys = (list, now())
    return list
  }
}
