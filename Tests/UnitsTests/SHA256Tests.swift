import Foundation
import TestSupport
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

  private struct Recorded: Decodable {
    struct Case: Decodable {
      let length: Int
      let sha256: String
    }
    let cases: [Case]
  }

  /// Every length around the borders of blocks and padding, whole and in two parts.
  @Test func everyLengthMatchesHashlib() throws {
    let data = try Data(contentsOf: fixture("oracles/sha256.json"))
    let cases = try JSONDecoder().decode(Recorded.self, from: data).cases
    #expect(cases.count > 130)
    for c in cases {
      let bytes = (0..<c.length).map { UInt8((7 * $0 + c.length) % 256) }
      #expect(SHA256.hexDigest(of: bytes) == c.sha256, "length \(c.length)")
      for cut in Set([0, 1, c.length / 3, 63, 64, 65, c.length]) where cut <= c.length {
        var hash = SHA256()
        hash.update(bytes[..<cut])
        _ = hash.finalized()
        hash.update(bytes[cut...])
        #expect(SHA256.hex(hash.finalized()) == c.sha256, "length \(c.length) cut at \(cut)")
      }
    }
  }
}
