import Units
import WebClient

/// What a team may say for one telescope without a login: HMAC-SHA256 over the telescope, the expiry and a
/// nonce by which the link can be revoked.
public struct SignedLink: Hashable, Sendable {
  public let slug: String
  /// Unix seconds.
  public let expires: Int64
  /// 32 hexadecimal digits.
  public let nonce: String
  /// 64 hexadecimal digits.
  public let signature: String

  public init(slug: String, expires: Int64, nonce: String, signature: String) {
    self.slug = slug
    self.expires = expires
    self.nonce = nonce
    self.signature = signature
  }

  /// - Parameter random: 16 bytes of a good source.
  public static func sign(
    slug: String, until expires: Instant, random: [UInt8], secret: Secret
  ) -> SignedLink {
    let (seconds, nonce) = (expires.unixSeconds, SHA256.hex(random))
    return SignedLink(
      slug: slug, expires: seconds, nonce: nonce, signature: code(slug, seconds, nonce, secret))
  }

  /// Whether it was signed with the secret and still holds. Revocations are the caller's.
  public func isValid(secret: Secret, now: Instant) -> Bool {
    let expected = Self.code(slug, expires, nonce, secret)
    return HMACSHA256.areEqual(Array(expected.utf8), Array(signature.utf8)) && now.unixSeconds < expires
  }

  /// A slug holds no line end, so that no two links have the same message.
  private static func code(_ slug: String, _ expires: Int64, _ nonce: String, _ secret: Secret) -> String {
    let message = "vesper link 1\n\(slug)\n\(expires)\n\(nonce)"
    return HMACSHA256.hexCode(for: Array(message.utf8), key: Array(secret.reveal().utf8))
  }

  /// `/t/tca/answer?e=1790000000&n=...&s=...`
  public var path: String { "/t/\(slug)/answer?e=\(expires)&n=\(nonce)&s=\(signature)" }
}
