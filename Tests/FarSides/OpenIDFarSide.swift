import CCrypto
import Foundation

/// A provider of OpenID Connect with keys of its own: it lets everybody in whose claims it was told.
public final class OpenIDFarSide: Sendable {
  public let server: HTTPFarSide
  public let rsa = TestKey(.rsa, id: "r1")
  public let p256 = TestKey(.p256, id: "e1")
  private let state: Guarded<State>

  /// What the next identity token is to be like, beyond what a good one has.
  public struct Wish: Sendable {
    public var claims: [String: String] = [:]
    public var groups: [String] = ["shifters"]
    public var username = "ana"
    public var usesP256 = false
    public var signsWithStranger = false
    /// Of the header, `none` for an unsigned one.
    public var algorithm: String?
    public var secondsToLive = 300.0
    /// Where the discovery says that it is.
    public var issuer: String?
    public init() {}
  }

  private struct State: Sendable {
    var wish = Wish()
    /// By code: client, challenge, nonce, redirect.
    var codes: [String: [String: String]] = [:]
    var count = 0
  }

  public var base: String { "http://127.0.0.1:\(server.port)" }
  public func wish(_ change: (inout Wish) -> Void) { state { change(&$0.wish) } }

  public init() throws {
    let state = Guarded(State())
    self.state = state
    let (rsa, p256) = (rsa, p256)
    let stranger = TestKey(.rsa, id: "r1")
    let port = Guarded(0)
    server = try HTTPFarSide(port: 0, faults: FaultPlan(), readFaults: FaultPlan()) { request in
      let base = "http://127.0.0.1:\(port { $0 })"
      let wish = state { $0.wish }
      switch request.path {
      case "/.well-known/openid-configuration":
        return .json(
          200,
          [
            "issuer": wish.issuer ?? base, "authorization_endpoint": base + "/authorize",
            "token_endpoint": base + "/token", "jwks_uri": base + "/keys",
          ])
      case "/keys":
        return .json(200, ["keys": [rsa.json, p256.json, ["kty": "oct", "k": "AAAA"]]])
      case "/authorize":
        let code = state { state in
          state.count += 1
          state.codes["code-\(state.count)"] = request.query
          return "code-\(state.count)"
        }
        let back = request.query["redirect_uri"] ?? ""
        return FarAnswer(
          302, headers: ["Location: \(back)?code=\(code)&state=\(request.query["state"] ?? "")"])
      case "/token":
        let fields = Self.form(request.body)
        guard let asked = state({ $0.codes.removeValue(forKey: fields["code"] ?? "") }),
          let verifier = fields["code_verifier"],
          TestKey.base64(TestKey.sha256(Array(verifier.utf8))) == asked["code_challenge"],
          fields["redirect_uri"] == asked["redirect_uri"],
          request.header("Authorization") == "Basic " + Data("vesper:s%2Bcret".utf8).base64EncodedString()
        else { return .json(400, ["error": "invalid_grant"]) }
        let now = Date().timeIntervalSince1970
        var claims: [String: Any] = [
          "iss": base, "aud": asked["client_id"] ?? "", "sub": "u-1", "preferred_username": wish.username,
          "nonce": asked["nonce"] ?? "", "iat": now, "exp": now + wish.secondsToLive, "groups": wish.groups,
        ]
        for (name, value) in wish.claims { claims[name] = value }
        let key = wish.signsWithStranger ? stranger : wish.usesP256 ? p256 : rsa
        return .json(
          200,
          [
            "access_token": "a", "token_type": "Bearer",
            "id_token": key.token(claims, algorithm: wish.algorithm),
          ])
      default: return FarAnswer(404)
      }
    }
    port { $0 = server.port }
  }

  public func stop() { server.stop() }

  private static func form(_ body: [UInt8]) -> [String: String] {
    var fields: [String: String] = [:]
    for pair in String(decoding: body, as: UTF8.self).split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1)
      fields[String(parts[0])] = parts.count == 2 ? parts[1].removingPercentEncoding : ""
    }
    return fields
  }
}

/// A key that signs tokens of a test.
public final class TestKey: @unchecked Sendable {
  public enum Kind: Sendable { case rsa, p256 }
  // Made once and only read.
  private let key: OpaquePointer
  private let kind: Kind
  private let id: String

  public init(_ kind: Kind, id: String) {
    self.kind = kind
    self.id = id
    let context = EVP_PKEY_CTX_new_from_name(nil, kind == .rsa ? "RSA" : "EC", nil)
    defer { EVP_PKEY_CTX_free(context) }
    var made: OpaquePointer?
    EVP_PKEY_keygen_init(context)
    if kind == .rsa {
      EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048)
    } else {
      EVP_PKEY_CTX_set_group_name(context, "P-256")
    }
    guard EVP_PKEY_generate(context, &made) == 1, let made else {
      preconditionFailure("OpenSSL makes no key")
    }
    key = made
  }

  deinit { EVP_PKEY_free(key) }

  /// The public part (RFC 7517).
  public var json: [String: String] {
    switch kind {
    case .rsa:
      return [
        "kty": "RSA", "kid": id, "use": "sig", "n": Self.base64(number("n")), "e": Self.base64(number("e")),
      ]
    case .p256:
      return [
        "kty": "EC", "crv": "P-256", "kid": id, "x": Self.base64(padded(number("qx"))),
        "y": Self.base64(padded(number("qy"))),
      ]
    }
  }

  public func token(_ claims: [String: Any], algorithm: String? = nil) -> String {
    let header = ["alg": algorithm ?? (kind == .rsa ? "RS256" : "ES256"), "kid": id, "typ": "JWT"]
    func part(_ value: Any) -> String {
      // Made of texts and numbers.
      Self.base64([UInt8]((try? JSONSerialization.data(withJSONObject: value)) ?? Data()))
    }
    let signed = part(header) + "." + part(claims)
    guard algorithm != "none" else { return signed + "." }
    return signed + "." + Self.base64(signature(of: Array(signed.utf8)))
  }

  public func signature(of message: [UInt8]) -> [UInt8] {
    let context = EVP_MD_CTX_new()
    defer { EVP_MD_CTX_free(context) }
    var length = 0
    EVP_DigestSignInit(context, nil, EVP_sha256(), nil, key)
    EVP_DigestSign(context, nil, &length, message, message.count)
    var bytes = [UInt8](repeating: 0, count: length)
    EVP_DigestSign(context, &bytes, &length, message, message.count)
    bytes.removeLast(bytes.count - length)
    guard kind == .p256 else { return bytes }
    // JSON's form is r and s, 32 bytes each (RFC 7518, 3.4).
    return bytes.withUnsafeBufferPointer { buffer in
      var start = buffer.baseAddress
      let pair = d2i_ECDSA_SIG(nil, &start, buffer.count)
      defer { ECDSA_SIG_free(pair) }
      return padded(Self.bytes(ECDSA_SIG_get0_r(pair))) + padded(Self.bytes(ECDSA_SIG_get0_s(pair)))
    }
  }

  private func number(_ name: String) -> [UInt8] {
    var value: OpaquePointer?
    EVP_PKEY_get_bn_param(key, name, &value)
    defer { BN_free(value) }
    return Self.bytes(value)
  }

  private static func bytes(_ number: OpaquePointer?) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Int(BN_num_bits(number) + 7) / 8)
    BN_bn2bin(number, &bytes)
    return bytes
  }

  private func padded(_ bytes: [UInt8]) -> [UInt8] {
    [UInt8](repeating: 0, count: max(0, 32 - bytes.count)) + bytes
  }

  public static func base64(_ bytes: [UInt8]) -> String {
    Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing(
      "=", with: "")
  }

  public static func sha256(_ bytes: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 32)
    EVP_Digest(bytes, bytes.count, &digest, nil, EVP_sha256(), nil)
    return digest
  }
}
