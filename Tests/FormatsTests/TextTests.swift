import Foundation
import Testing
import Units

@testable import Formats
@testable import Planning

@Suite struct NumberTextTests {
  @Test(arguments: [
    (1.005, 2, "1.00"), (2.5, 0, "3"), (-2.5, 0, "-3"), (-0.0004, 3, "0.000"), (0, 2, "0.00"),
    (221.3382, 6, "221.338200"), (-0.05, 1, "-0.1"), (12345.6789, 1, "12345.7"), (.nan, 2, "-"),
    (.infinity, 2, "-"), (0.5, 0, "1"), (999.9996, 3, "1000.000"),
  ])
  func fixed(_ x: Double, _ decimals: Int, _ text: String) { #expect(x.fixed(decimals) == text) }

  @Test func fixedReadsBackWithinHalfAUnit() {
    var random = SeededRandom(seed: 11)
    for _ in 0..<5000 {
      let decimals = Int.random(in: 0...10, using: &random)
      let x = Double.random(in: -1e4...1e4, using: &random)
      let back = Double(x.fixed(decimals))!
      let half = 0.5 * pow(10, -Double(decimals))
      #expect(abs(back - x) <= half * 1.000001 + 1e-11, "seed 11: \(x) with \(decimals)")
    }
  }

  /// A rounded value prints with no more decimals than asked, and rounding twice changes nothing.
  @Test func roundingIsShortAndStable() {
    var random = SeededRandom(seed: 12)
    for _ in 0..<5000 {
      let x = Double.random(in: -400...400, using: &random)
      let rounded = x.rounded(decimals: 8)
      #expect(abs(rounded - x) <= 0.5000001e-8)
      #expect(rounded.rounded(decimals: 8) == rounded)
      let text = rounded.description
      if !text.contains("e") { #expect(text.split(separator: ".")[1].count <= 8, "\(text)") }
    }
    #expect((-1e-12).rounded(decimals: 8).sign == .plus)
    #expect(1e300.rounded(decimals: 8) == 1e300)
    #expect(Angle.degrees(30).degrees.rounded(decimals: 8) == 30)
  }

  @Test(arguments: [
    (0.0034, 3, "0.340"), (1.0, 3, "100.00"), (0.99999, 2, "100.00"), (0.123456, 3, "12.346"),
    (0, 3, "0.000"),
  ])
  func percentsFitSixColumns(_ p: Double, _ decimals: Int, _ text: String) {
    #expect(p.percent(decimals: decimals, width: 6) == text)
  }

  @Test(arguments: [(0, "0.00"), (1e-7, "<0.01"), (0.00005, "0.01"), (0.5, "50.00"), (1, "100.00")])
  func nothingReadsAsNothing(_ p: Double, _ text: String) { #expect(p.percentText() == text) }

  @Test(arguments: [
    (460.2, "460"), (4.521, "4.52"), (0.08852, "0.0885"), (0, "0"), (20123.4, "20123"), (99.96, "100.0"),
  ])
  func significant(_ x: Double, _ text: String) { #expect(x.significant() == text) }
}

@Suite struct ASCIITextTests {
  @Test(arguments: [
    ("Écla/té", "Ecla/te"), ("Ondřejov — D50", "Ondrejov - D50"), ("30° ± 1″", "30deg +- 1\""),
    ("中", "?"), ("Straße Øre Ærø ł", "Strasse Ore AEro l"), ("a\tb\nc", "a b c"), ("e\u{301}", "e"),
    ("µ", "u"), ("−12", "-12"),
  ])
  func plain(_ text: String, _ expected: String) { #expect(ASCIIText.plain(text) == expected) }

  @Test(arguments: [("", "-"), ("  ", "-"), ("a b  c", "a_b_c"), ("x\ny", "x_y")])
  func tokens(_ text: String, _ expected: String) { #expect(ASCIIText.token(text) == expected) }

  @Test func targetsKeepTheirNumber() {
    #expect(ASCIIText.target("S230518h", suffix: "_r4_001") == "S230518h_r4_001")
    let long = ASCIIText.target("GRB 2026 é " + String(repeating: "x", count: 60), suffix: "_r12_1234")
    #expect(long.count == 32 && long.hasSuffix("_r12_1234") && long.hasPrefix("GRB_2026_e_"))
  }

  @Test func wrappingKeepsWordsAndWidth() {
    let text = (1...60).map { "word\($0)" }.joined(separator: " ")
    let lines = ASCIIText.wrapped(text, prefix: "# note: ", width: 60)
    #expect(lines.count > 5)
    #expect(lines.allSatisfy { $0.count <= 60 && $0.hasPrefix("# note: ") })
    let words = lines.flatMap { $0.dropFirst(8).split(separator: " ") }.joined(separator: " ")
    #expect(words == text)
  }
}

@Suite struct UTCTimeTests {
  @Test func textMatchesTheUnitsPrinter() {
    var random = SeededRandom(seed: 13)
    for _ in 0..<2000 {
      let t = Instant(
        tai: Int64.random(in: -500_000_000_000_000_000...2_000_000_000_000_000_000, using: &random))
      let time = UTCTime(t)
      #expect(time.text == t.iso8601(.milliseconds), "seed 13")
      #expect(abs(time.instant.tai - t.tai) <= 500_000)
      #expect(Instant(iso8601: time.text) == time.instant)
    }
  }

  @Test func startsInTextAreNeverEarly() {
    let t = Instant(iso8601: "2026-11-21T23:59:59Z")!
    #expect(t.secondsRoundedUp() == "2026-11-21T23:59:59Z")
    #expect(Instant(tai: t.tai + 1).secondsRoundedUp() == "2026-11-22T00:00:00Z")
    let leap = Instant(iso8601: "2016-12-31T23:59:59.2Z")!
    #expect(leap.secondsRoundedUp() == "2016-12-31T23:59:60Z")
    let old = Instant(iso8601: "1990-05-01T00:00:00.5Z")!
    #expect(old.secondsRoundedUp() == "1990-05-01T00:00:01Z")
  }

  @Test(arguments: [
    "2026-11-21T03:11:00", "2026-11-21T03:11:00+01:00", "yesterday", "2026-13-01T00:00:00Z", "",
  ])
  func timesWithoutZAreRefused(_ text: String) {
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode([UTCTime].self, from: Data("[\"\(text)\"]".utf8))
    }
  }

  @Test func windowsMustRunForward() {
    let backward = "[\"2026-11-21T03:11:00Z\",\"2026-11-21T03:10:00Z\"]"
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(UTCWindow.self, from: Data(backward.utf8))
    }
  }
}

/// SplitMix64 (Steele, Lea & Flood 2014): the same numbers on every machine.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
