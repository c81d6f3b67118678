import Foundation
import SkymapFiles
import Skymaps
import TestSupport
import Testing
import Units

/// Damaged input is refused or read, never a crash, and what is read keeps the invariants.
struct FuzzTests {
  static var sources: [(name: String, bytes: [UInt8])] {
    let burst = bytes(fixture("skymaps/mock-grb-cone.fit.gz"))
    var small = TableBuilder.baseCells()
    small.columns += ["DISTMU", "DISTSIGMA", "DISTNORM"].map {
      .double($0, [Double](repeating: 2, count: 12))
    }
    let map = small.fits()
    return [("table", map), ("gzip", gzipped(map)), ("burst", burst)]
  }

  @Test func cutAtEveryLength() {
    for (name, whole) in Self.sources.prefix(2) {
      let reference = Verdict(bytes: whole).map!
      let step = name == "gzip" ? 1 : 7
      for length in stride(from: 0, to: whole.count, by: step) {
        let verdict = Verdict(bytes: Array(whole[..<length]))
        guard let map = verdict.map else { continue }
        // Only padding may be missing.
        #expect(name == "table" && length >= whole.count - 2880, "\(name) cut at \(length)")
        #expect(map.density == reference.density && verdict.codes == ["missing_padding"])
      }
    }
  }

  @Test func cutMultiOrderFixture() throws {
    let whole = bytes(fixture("skymaps/MS260915a-three-detectors.multiorder.fits"))
    let dataEnd = 2 * 2880 + 2880 + 5376 * 40
    for length in stride(from: 0, to: whole.count, by: 4001) {
      let verdict = Verdict(bytes: Array(whole[..<length]))
      #expect((verdict.map != nil) == (length >= dataEnd), "cut at \(length)")
    }
  }

  @Test(arguments: [11, 23, 47, 94] as [UInt64])
  func flippedBytes(_ seed: UInt64) {
    var generator = SeededGenerator(state: seed)
    let sources = Self.sources
    var accepted = 0
    for round in 0..<500 {
      var (name, damaged) = sources[round % sources.count]
      // Half the damage goes into headers, where it hurts most.
      let reach = Bool.random(using: &generator) ? min(damaged.count, 2 * 2880) : damaged.count
      for _ in 0..<Int.random(in: 1...12, using: &generator) {
        damaged[Int.random(in: 0..<reach, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      }
      if let map = Verdict(bytes: damaged).map {
        accepted += 1
        #expect(violations(of: map).isEmpty, "seed \(seed), round \(round), \(name)")
      }
      _ = try? CoverageFile.read(bytes: damaged)  // only a crash would be a failure
    }
    #expect(accepted > 0)
  }

  /// Printable damage survives the blanking of odd bytes and reaches the card and format parsers.
  @Test(arguments: [5, 17] as [UInt64])
  func flippedCards(_ seed: UInt64) {
    var generator = SeededGenerator(state: seed)
    let alphabet = Array("0123456789-+.EDKJBIXAPQLMC'=/ NAXTFORM()*?".utf8)
    let (_, whole) = Self.sources[0]
    for round in 0..<500 {
      var damaged = whole
      for _ in 0..<Int.random(in: 1...8, using: &generator) {
        damaged[Int.random(in: 2880..<5760, using: &generator)] = alphabet.randomElement(using: &generator)!
      }
      if let map = Verdict(bytes: damaged).map {
        #expect(violations(of: map).isEmpty, "seed \(seed), round \(round)")
      }
    }
  }

  @Test(arguments: [3, 31] as [UInt64])
  func flippedNotices(_ seed: UInt64) {
    var generator = SeededGenerator(state: seed)
    let whole = bytes(fixture("notices/mock-x-ray-transient-circle.json"))
    let alphabet = Array("0123456789-+.eE\"{}[],: nulltruefalse".utf8)
    for round in 0..<300 {
      var damaged = whole
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        damaged[Int.random(in: 0..<damaged.count, using: &generator)] = alphabet.randomElement(
          using: &generator)!
      }
      if let map = Verdict(bytes: damaged).map {
        #expect(violations(of: map).isEmpty, "seed \(seed), round \(round)")
      }
    }
  }
}
