import CCrypto
import FarSides
import Foundation
import Testing
import Units
import WebClient

@testable import OpenID

/// Sign-in against a provider on this machine, and everything that must not work.
@Suite(.serialized) struct OpenIDClientTests {
  private static let back = "https://vesper.example/sign-in/openid/return"

  private func client(
    _ provider: OpenIDFarSide, now: @escaping @Sendable () -> Instant = Clock.machine
  ) throws -> OpenIDClient {
    OpenIDClient(
      OpenIDOptions(
        issuer: provider.base, clientID: "vesper", clientSecret: Secret("s+cret"), returnAddress: Self.back,
        roles: ["shifters": ["lead"], "tca": ["operator:tca", "view"]]),
      client: try WebClient(), now: now)
  }

  /// What a browser does at the provider: the fields with which it comes back.
  private func visit(_ address: String) async throws -> [String: String] {
    let web = try WebClient()
    let parts = try #require(URLComponents(string: address))
    var asked: [String: String] = [:]
    for item in parts.queryItems ?? [] { asked[item.name] = item.value }
    #expect(asked["response_type"] == "code" && asked["code_challenge_method"] == "S256")
    #expect(asked["redirect_uri"] == Self.back && asked["client_id"] == "vesper")
    #expect(asked["state"]?.count == 43 && asked["nonce"]?.count == 43)
    // The provider sends it to an address that is not here: that is as far as it needs to go.
    _ = try? await web.send(WebRequest(.get, try WebURL(address)))
    await web.shutdown()
    return ["state": asked["state"] ?? ""]
  }

  private func signIn(
    _ client: OpenIDClient, code: String = "code-1", _ change: (inout [String: String]) -> Void = { _ in }
  ) async throws -> OpenIDPerson {
    let begun = try await client.begin(back: "/shift")
    var fields = try await visit(begun.address)
    fields["code"] = code
    change(&fields)
    return try await client.finish(fields, secret: begun.secret)
  }

  @Test(arguments: [false, true]) func aPersonComesIn(_ usesP256: Bool) async throws {
    let provider = try OpenIDFarSide()
    defer { provider.stop() }
    provider.wish {
      $0.usesP256 = usesP256
      $0.groups = ["tca", "others"]
    }
    let person = try await signIn(try client(provider))
    #expect(
      person == OpenIDPerson(name: "ana", user: "ana", scopes: ["operator:tca", "view"], back: "/shift"))
  }

  /// A name that the log has to simplify is nobody's: "an\u{e1}a" must not become "ana".
  @Test(
    arguments: [
      ("ana", "ana"), ("an\u{e1}a", nil), ("a n a", nil), ("ana\u{200b}", nil), ("", nil),
      (String(repeating: "a", count: 61), nil),
    ] as [(String, String?)]) func onlyAnExactNameIsAUser(_ given: String, _ user: String?) async throws
  {
    let provider = try OpenIDFarSide()
    defer { provider.stop() }
    provider.wish { $0.username = given }
    let person = try await signIn(try client(provider))
    #expect(person.user == user)
    #expect(!person.name.isEmpty || given.isEmpty)
  }

  @Test func groupsGiveRoles() async throws {
    let provider = try OpenIDFarSide()
    defer { provider.stop() }
    let client = try client(provider)
    #expect(try await signIn(client).scopes == ["lead"])
    provider.wish { $0.groups = ["strangers"] }
    await #expect(throws: OpenIDError.noRole) { try await signIn(client, code: "code-2") }
    provider.wish { $0.groups = ["shifters", "tca"] }
    #expect(try await signIn(client, code: "code-3").scopes == ["lead", "operator:tca", "view"])
  }

  @Test func attemptsBelongToOneBrowserAndEnd() async throws {
    let provider = try OpenIDFarSide()
    defer { provider.stop() }
    let clock = Clock()
    let client = try client(provider) { clock.now }
    let begun = try await client.begin(back: "/")
    var fields = try await visit(begun.address)
    fields["code"] = "code-1"
    let other = try await client.begin(back: "/")
    // Another browser's secret, none, a state that nobody gave out.
    await #expect(throws: OpenIDError.unknownAttempt) {
      try await client.finish(fields, secret: other.secret)
    }
    // It was used up by that.
    await #expect(throws: OpenIDError.unknownAttempt) {
      try await client.finish(fields, secret: begun.secret)
    }
    await #expect(throws: OpenIDError.unknownAttempt) { try await signIn(client) { $0["state"] = "x" } }
    await #expect(throws: OpenIDError.unknownAttempt) { try await signIn(client) { $0["state"] = nil } }
    await #expect(throws: OpenIDError.unknownAttempt) {
      try await signIn(client) { $0["iss"] = "https://evil.example" }
    }
    await #expect(throws: OpenIDError.refused) { try await signIn(client) { $0["error"] = "access_denied" } }
    await #expect(throws: OpenIDError.refused) { try await signIn(client) { $0["code"] = nil } }
    await #expect(throws: OpenIDError.refused) { try await signIn(client, code: "never given") }
    await #expect(throws: OpenIDError.unknownAttempt) {
      try await signIn(client) { _ in clock.advance(.minutes(11)) }
    }
  }

  @Test(arguments: [
    "iss", "aud", "nonce", "azp", "sub", "over", "stranger", "none", "HS256", "confused",
  ])
  func noOtherTokenIsBelieved(_ fault: String) async throws {
    let provider = try OpenIDFarSide()
    defer { provider.stop() }
    provider.wish { wish in
      switch fault {
      case "iss": wish.claims["iss"] = "https://evil.example"
      case "aud": wish.claims["aud"] = "another"
      case "nonce": wish.claims["nonce"] = "another"
      case "azp": wish.claims["azp"] = "another"
      case "sub": wish.claims["sub"] = ""
      case "over": wish.secondsToLive = -120
      case "stranger": wish.signsWithStranger = true
      case "none": wish.algorithm = "none"
      case "HS256": wish.algorithm = "HS256"
      default: wish.algorithm = "ES256"  // on an RSA key
      }
    }
    let client = try client(provider)
    let error = await #expect(throws: OpenIDError.self) { try await signIn(client) }
    guard case .token? = error else {
      Issue.record("\(fault): \(String(describing: error))")
      return
    }
  }

  @Test func aProviderThatIsNoneIsNotUsed() async throws {
    let provider = try OpenIDFarSide()
    provider.wish { $0.issuer = "https://evil.example" }
    let client = try client(provider)
    let error = await #expect(throws: OpenIDError.self) { try await client.begin(back: "/") }
    guard case .provider? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    provider.stop()
    await #expect(throws: OpenIDError.self) { try await client.begin(back: "/") }
    for bad in ["http://example.org/a", "ftp://127.0.0.1/", "", "javascript:x"] {
      #expect(throws: OpenIDError.self) { try OpenIDClient.safe(bad) }
    }
    #expect(throws: OpenIDError.self) { try OpenIDClient.safe(nil) }
  }
}

@Suite struct IdentityTokenTests {
  /// RFC 7515, appendix A.3: a key, a message and a signature of ES256.
  @Test func theExampleOfTheStandard() throws {
    let key = try #require(
      ProviderKey([
        "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
      ]))
    let message = Array(
      ("eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ")
        .utf8)
    let signature = try #require(
      Base64URL.decode(
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"))
    #expect(key.verifies(signature, of: message))
    #expect(!key.verifies(signature, of: message + [1]))
    for i in signature.indices {
      var other = signature
      other[i] ^= 1
      #expect(!key.verifies(other, of: message))
    }
    #expect(!key.verifies([], of: message) && !key.verifies(signature + [0], of: message))
    #expect(!key.verifies([UInt8](repeating: 0, count: 64), of: message))
  }

  @Test func keysOfNoUse() {
    #expect(ProviderKey(["kty": "RSA", "n": "AQAB", "e": "AQAB"]) == nil, "24 bits")
    #expect(
      ProviderKey(["kty": "RSA", "use": "enc", "n": String(repeating: "A", count: 400), "e": "AQAB"]) == nil)
    #expect(ProviderKey(["kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"]) == nil)
    #expect(ProviderKey([:]) == nil)
  }

  @Test(arguments: ["", ".", "..", "a.b.c", "e30.e30.", "bnVsbA.e30.AA", "e30.e30.AA", "🦊.🦊.🦊"])
  func whatIsNoToken(_ text: String) {
    #expect(throws: OpenIDError.self) { try IdentityToken(text) }
  }

  @Test func base64() {
    for length in 0..<20 {
      let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 * 77 + 250) }
      #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
    }
    for bad in ["A", "A=", "AA==", "A+", "A/", "A A", "é"] { #expect(Base64URL.decode(bad) == nil, "\(bad)") }
  }
}

private final class Clock: @unchecked Sendable {
  private let lock = NSLock()
  private var time = machine()
  static let machine: @Sendable () -> Instant = {
    Instant(mjdUTC: 40_587 + Date().timeIntervalSince1970 / 86_400) ?? Instant(tai: 0)
  }
  var now: Instant {
    lock.lock()
    defer { lock.unlock() }
    return time
  }
  func advance(_ duration: Duration) {
    lock.lock()
    defer { lock.unlock() }
    time = time + duration
  }
}
