import Foundation
import TestSupport
import Testing
import Units

@testable import Channels

@Suite struct SafeNameTests {
  @Test(arguments: [
    "TAROT-TCA", "S230518h", "MS181101ab", "TS240101z", "ALL", "GW190814", "TILING", "R003.1",
  ])
  func plainNamesStay(_ name: String) { #expect(SafeName.encode(name) == name) }

  static let hostile = [
    "TAROT/TCA", "..", ".", "", "/", "a/../../b", "\0", "a\0b", "\u{202E}gpj.exe", "CON", "con.txt", "NUL",
    "-rf",
    ".hidden", "tca", "Tca", "TCA.", "S230518H", "s230518h", "S230518h ", "Télescope", "望远镜", "🟢",
    String(repeating: "A", count: 4096), String(repeating: "A", count: 4095), "TAROT_TCA", "a b", "a\nb",
    "LPT1",
    "TAROT_TCA~0011223344556677", "current", "C:\\x", "%2e%2e", "GRB 230518A",
  ]

  @Test(arguments: hostile)
  func namesAreSafe(_ name: String) {
    let safe = SafeName.encode(name)
    #expect((1...64).contains(safe.utf8.count))
    #expect(safe.utf8.allSatisfy { (33...126).contains($0) && !"/\\:*?\"<>|".utf8.contains($0) })
    #expect(!safe.hasPrefix(".") && !safe.hasPrefix("-") && !safe.hasSuffix("."))
    #expect(!["con", "prn", "aux", "nul", "lpt1"].contains(safe.lowercased().prefix { $0 != "." }))
  }

  /// Not even where case does not count.
  @Test func differentNamesDiffer() {
    var generator = SeededGenerator(seed: 40)
    let alphabet = Array("aAbB/._- ~\u{202E}é1")
    var names = Set(Self.hostile.map(\.precomposedStringWithCanonicalMapping))
    for _ in 0..<10_000 {
      let length = Int.random(in: 0...6, using: &generator)
      names.insert(String((0..<length).map { _ in alphabet.randomElement(using: &generator)! }))
    }
    var seen: [String: String] = [:]
    for name in names {
      let safe = SafeName.encode(name).lowercased()
      #expect(seen[safe] == nil, "\(name) and \(seen[safe] ?? "") share \(safe)")
      seen[safe] = name
    }
  }

  @Test func composedAndDecomposedAreOneName() {
    #expect(SafeName.encode("Te\u{301}l") == SafeName.encode("T\u{e9}l"))
  }
}
