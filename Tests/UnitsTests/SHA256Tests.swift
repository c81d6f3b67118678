import Testing

import Units

@Suite struct SHA256Tests {
  /// NIST example vectors (FIPS 180-4 test data).
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
    ),
  ])
  func published(text: String, digest: String) {
    #expect(SHA256.hexDigest(of: text.utf8) == digest)
  }

  @Test func longMessage() {
    let digest = SHA256.hexDigest(of: repeatElement(UInt8(ascii: "a"), count: 1_000_000))
    #expect(digest == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  /// Every length round the padding: the digests of 0...129 zero bytes, joined and digested again.
  /// `python3 -c "import hashlib as h; print(h.sha256(''.join(h.sha256(bytes(n)).hexdigest() for n in
  /// range(130)).encode()).hexdigest())"`
  @Test func everyPadding() {
    let all = (0..<130).map { SHA256.hexDigest(of: [UInt8](repeating: 0, count: $0)) }.joined()
    #expect(
      SHA256.hexDigest(of: all.utf8) == "914e28f3bcba36351cc83a523f3ecdae91d5d2ab1d5409e8eb593aa76ad53f18")
  }
}
