import Foundation
import Testing
import Units
import WebClient

@testable import Channels

@Suite struct HMACTests {
  struct Vector: Sendable {
    let key: [UInt8]
    let message: [UInt8]
    let code: String
  }

  /// RFC 4231, section 4; the fifth code is cut to 128 bits there.
  static let vectors: [Vector] = [
    Vector(
      key: Array(repeating: 0x0b, count: 20), message: Array("Hi There".utf8),
      code: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    Vector(
      key: Array("Jefe".utf8), message: Array("what do ya want for nothing?".utf8),
      code: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
    Vector(
      key: Array(repeating: 0xaa, count: 20), message: Array(repeating: 0xdd, count: 50),
      code: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
    Vector(
      key: Array(1...25), message: Array(repeating: 0xcd, count: 50),
      code: "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
    Vector(
      key: Array(repeating: 0x0c, count: 20), message: Array("Test With Truncation".utf8),
      code: "a3b6167473100ee06e0c796c2955552b"),
    Vector(
      key: Array(repeating: 0xaa, count: 131),
      message: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
      code: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
    Vector(
      key: Array(repeating: 0xaa, count: 131),
      message: Array(
        ("This is a test using a larger than block-size key and a larger than block-size data. "
          + "The key needs to be hashed before being used by the HMAC algorithm.").utf8),
      code: "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
  ]

  @Test(arguments: vectors)
  func matchesTheRFC(_ v: Vector) {
    #expect(HMACSHA256.hexCode(for: v.message, key: v.key).hasPrefix(v.code))
    #expect(HMACSHA256.code(for: v.message, key: v.key).count == 32)
  }

  @Test func comparesWholeStrings() {
    let code = HMACSHA256.code(for: [1, 2, 3], key: [4])
    #expect(HMACSHA256.areEqual(code, code))
    for i in code.indices {
      var other = code
      other[i] ^= 1
      #expect(!HMACSHA256.areEqual(code, other))
    }
    #expect(!HMACSHA256.areEqual(code, Array(code.dropLast())))
    #expect(HMACSHA256.areEqual([], []))
  }
}

@Suite struct UnixTimeTests {
  /// `date -u -d @N` of GNU coreutils.
  @Test(arguments: [
    (Int64(946_684_800), "2000-01-01T00:00:00Z"), (1_800_000_000, "2027-01-15T08:00:00Z"),
    (1_483_228_799, "2016-12-31T23:59:59Z"), (1_483_228_800, "2017-01-01T00:00:00Z"),
    (78_796_800, "1972-07-01T00:00:00Z"), (4_102_444_800, "2100-01-01T00:00:00Z"),
  ])
  func agreesWithTheCalendar(_ seconds: Int64, _ text: String) throws {
    let instant = try #require(Instant(iso8601: text))
    #expect(instant.unixSeconds == seconds)
    #expect(Instant(unixSeconds: seconds) == instant)
  }

  @Test func roundsDown() throws {
    let instant = try #require(Instant(iso8601: "1999-06-01T00:00:00.900Z"))
    #expect(instant.unixSeconds == 928_195_200)
    #expect(Instant(unixSeconds: 0) == nil)
    #expect(Instant(unixSeconds: .max) == nil)
  }
}

@Suite struct SecretReferenceTests {
  @Test func readsFilesAndTheEnvironment() throws {
    let scratch = try Scratch()
    let path = scratch.path + "/token"
    try "\(canary)\n".write(toFile: path, atomically: true, encoding: .utf8)
    #expect(try SecretReference("file:\(path)").load(environment: [:]).reveal() == canary)
    #expect(try SecretReference("env:T").load(environment: ["T": canary]).reveal() == canary)
  }

  @Test(arguments: ["", canary, "http:x", "file:", "env:", "file", "env:A\0B"])
  func refusesWhatIsNone(_ text: String) {
    let error = #expect(throws: ChannelError.self) { try SecretReference(text) }
    #expect(!"\(String(describing: error))".contains("CANARY"))
  }

  @Test func saysWhereButNotWhat() throws {
    let scratch = try Scratch()
    let path = scratch.path + "/token"
    for content in [
      "", " \n", "\(canary)\nsecond line", "\u{e9}\(canary)", String(repeating: canary, count: 9000),
    ] {
      try content.write(toFile: path, atomically: true, encoding: .utf8)
      let error = #expect(throws: ChannelError.self) {
        try SecretReference("file:\(path)").load(environment: [:])
      }
      #expect("\(String(describing: error))".contains(path))
      #expect(!"\(String(describing: error))".contains("CANARY"))
    }
    #expect(throws: ChannelError.self) { try SecretReference("file:/no/such").load(environment: [:]) }
    #expect(throws: ChannelError.self) { try SecretReference("env:NO").load(environment: [:]) }
  }
}
