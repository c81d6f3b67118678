import CCrypto
import Foundation
import Units

/// A public key of a provider (RFC 7517), of the two kinds that are taken.
struct ProviderKey: Sendable, Hashable {
  enum Kind: Sendable, Hashable {
    case rsa(modulus: [UInt8], exponent: [UInt8])
    /// 4, x, y.
    case p256(point: [UInt8])
  }
  let id: String?
  let kind: Kind

  /// - Returns: nil for keys that are of no use here: other kinds, other uses, RSA below 2048 bits.
  init?(_ object: [String: Any]) {
    func bytes(_ name: String) -> [UInt8]? { (object[name] as? String).flatMap { Base64URL.decode($0) } }
    if let use = object["use"] as? String, use != "sig" { return nil }
    id = object["kid"] as? String
    switch object["kty"] as? String {
    case "RSA":
      guard let n = bytes("n"), let e = bytes("e"), (256...1024).contains(n.count), (1...8).contains(e.count)
      else { return nil }
      kind = .rsa(modulus: n, exponent: e)
    case "EC":
      guard object["crv"] as? String == "P-256", let x = bytes("x"), let y = bytes("y"), x.count == 32,
        y.count == 32
      else { return nil }
      kind = .p256(point: [4] + x + y)
    default: return nil
    }
  }

  /// The name of the algorithm goes with the key: a token cannot choose another one.
  var algorithm: String {
    switch kind {
    case .rsa: "RS256"
    case .p256: "ES256"
    }
  }

  func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
    switch kind {
    case .rsa(let n, let e):
      vesper_verify_rs256(n, n.count, e, e.count, message, message.count, signature, signature.count) == 1
    case .p256(let point):
      signature.count == 64 && vesper_verify_es256(point, message, message.count, signature) == 1
    }
  }
}

/// What a provider says of a person (OpenID Connect Core 1.0, section 2), signed by it.
struct IdentityToken {
  let keyID: String?
  let algorithm: String
  private let signed: [UInt8]
  private let signature: [UInt8]
  let claims: [String: Any]

  /// Reads it; nothing of it is to be believed before `check`.
  init(_ text: String) throws(OpenIDError) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard text.utf8.count <= 1 << 16, parts.count == 3, let head = Base64URL.decode(parts[0]),
      let body = Base64URL.decode(parts[1]), let signature = Base64URL.decode(parts[2]),
      let header = (try? JSONSerialization.jsonObject(with: Data(head))) as? [String: Any],
      let claims = (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any],
      let algorithm = header["alg"] as? String
    else { throw .token("it is no signed token") }
    // RFC 7515, 4.1.11: what must be understood and is not, is a reason to refuse.
    guard header["crit"] == nil else { throw .token("it asks for extensions") }
    keyID = header["kid"] as? String
    self.algorithm = algorithm
    signed = Array("\(parts[0]).\(parts[1])".utf8)
    self.signature = signature
    self.claims = claims
  }

  /// Clocks of two machines.
  private static let leeway = 60.0

  /// - Throws: unless the provider signed it for this client, for this sign-in, and it holds now.
  func check(
    keys: [ProviderKey], issuer: String, client: String, nonce: String, now: Instant
  ) throws(OpenIDError) {
    let fitting = keys.filter { $0.algorithm == algorithm && (keyID == nil || $0.id == keyID) }
    guard fitting.contains(where: { $0.verifies(signature, of: signed) }) else {
      throw .token("its signature is not the provider's")
    }
    guard claims["iss"] as? String == issuer else { throw .token("it is of another issuer") }
    let audience = claims["aud"] as? [String] ?? (claims["aud"] as? String).map { [$0] } ?? []
    guard audience.contains(client) else { throw .token("it is for somebody else") }
    let party = claims["azp"] as? String
    guard party == nil ? audience.count == 1 : party == client else {
      throw .token("it was made for somebody else")
    }
    let seconds = (now.mjdUTC - 40_587) * 86_400
    guard let ends = claims["exp"] as? Double, ends > seconds - Self.leeway else {
      throw .token("it is over")
    }
    guard let made = claims["iat"] as? Double, made < seconds + Self.leeway else {
      throw .token("it is of the future")
    }
    guard Secrets.isSame(claims["nonce"] as? String ?? "", nonce) else {
      throw .token("it is of another sign-in")
    }
    guard let subject = claims["sub"] as? String, !subject.isEmpty, subject.utf8.count <= 255 else {
      throw .token("it names nobody")
    }
  }
}

enum Secrets {
  /// 256 bits that nobody guesses.
  static func random() -> String {
    var generator = SystemRandomNumberGenerator()
    return Base64URL.encode((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
  }

  /// Takes as long for any difference.
  static func isSame(_ a: String, _ b: String) -> Bool {
    let (x, y) = (SHA256.digest(of: Array(a.utf8)), SHA256.digest(of: Array(b.utf8)))
    return zip(x, y).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }
}
