import Testing
import Units
import WebClient

@testable import Channels

@Suite struct SignedLinkTests {
  private static let secret = Secret(String(repeating: "k", count: 32))
  private static let now = Instant(iso8601: "2026-11-21T03:00:00Z")!
  private static let link = SignedLink.sign(
    slug: "tca", until: now + .hours(1), random: Array(0..<16), secret: secret)

  @Test func itHoldsUntilItExpires() {
    let link = Self.link
    #expect(link.isValid(secret: Self.secret, now: Self.now))
    #expect(link.isValid(secret: Self.secret, now: Self.now + .seconds(3599)))
    #expect(!link.isValid(secret: Self.secret, now: Self.now + .seconds(3600)))
    #expect(!link.isValid(secret: Secret(String(repeating: "j", count: 32)), now: Self.now))
    #expect(
      link.path
        == "/t/tca/answer?e=1795233600&n=000102030405060708090a0b0c0d0e0f&s=\(link.signature)")
  }

  /// Any change to any part is found.
  @Test func nothingOfItMayChange() {
    let l = Self.link
    let forged = [
      SignedLink(slug: "tch", expires: l.expires, nonce: l.nonce, signature: l.signature),
      SignedLink(slug: "tca", expires: l.expires + 1, nonce: l.nonce, signature: l.signature),
      SignedLink(slug: "tca", expires: l.expires, nonce: "f" + l.nonce.dropFirst(), signature: l.signature),
      SignedLink(slug: "tca", expires: l.expires, nonce: l.nonce, signature: ""),
      SignedLink(
        slug: "tca", expires: l.expires, nonce: l.nonce, signature: String(l.signature.reversed())),
      SignedLink(slug: "tca", expires: l.expires, nonce: l.nonce, signature: l.signature.uppercased() + " "),
    ]
    for link in forged { #expect(!link.isValid(secret: Self.secret, now: Self.now), "\(link)") }
  }

  /// HMAC-SHA256 by another program:
  /// `printf 'vesper link 1\ntca\n1795233600\n000102...0f' | openssl dgst -sha256 -hmac kkk...k`
  @Test func theSignatureIsWhatOpenSSLSays() {
    #expect(Self.link.signature == Self.expected)
  }
  private static let expected = "dc69a89c1b9faf91fee08ccaa7a15843a2eaa55daee6fcaf7db30e8bdbc6566d"
}
