import Foundation
import TestSupport
import Testing
import Units

@testable import Notices

/// SplitMix64: the same seed gives the same damage anywhere.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}

@Suite("damaged notices")
struct FuzzTests {
  static let seed: UInt64 = {
    if let text = ProcessInfo.processInfo.environment["VESPER_SEED"], let seed = UInt64(text) { return seed }
    return UInt64.random(in: 0...UInt64.max)
  }()

  /// Our own fixtures, and up to 60 kB of each shared notice when they are there.
  static func corpus() throws -> [[UInt8]] {
    var result: [[UInt8]] = []
    let own = fixture("notices")
    for name in try FileManager.default.contentsOfDirectory(atPath: own.path).sorted() {
      guard name.hasSuffix(".json") || name.hasSuffix(".xml") else { continue }
      result.append(Array(try Data(contentsOf: own.appending(path: name))))
    }
    guard Shared.isPresent else { return result }
    for row in SharedNoticeTests.manifest {
      guard let file = row["file"], !file.hasPrefix("archive/"),
        let data = try? SharedNoticeTests.bytes(file),
        data.count < 60_000
      else { continue }
      result.append(data)
    }
    return result
  }

  static let pieces: [[UInt8]] = [
    "{", "}", "[", "]", "\"", "\\u", "<", "</", ">", "&#x110000;", "&a;", "<!DOCTYPE a>", "<![CDATA[", "-->",
    "null", "NaN",
    "1e400", "-0", "99999999999999999999", "\u{0}", "\u{FFFD}", "T24:60:60Z", "\"ra\":", "360", "-1",
  ].map { Array($0.utf8) }

  static func damage(_ original: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
    var bytes = original
    for _ in 0..<Int.random(in: 1...6, using: &generator) {
      guard !bytes.isEmpty else { break }
      let at = Int.random(in: 0..<bytes.count, using: &generator)
      switch Int.random(in: 0..<6, using: &generator) {
      case 0: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 1: bytes[at] = UInt8.random(in: 0...255, using: &generator)
      case 2: bytes.removeSubrange(at...)
      case 3: bytes.removeSubrange(at..<min(at + Int.random(in: 1...40, using: &generator), bytes.count))
      case 4: bytes.insert(contentsOf: pieces.randomElement(using: &generator)!, at: at)
      default:
        let end = min(at + Int.random(in: 1...200, using: &generator), bytes.count)
        bytes.insert(
          contentsOf: Array(bytes[at..<end]), at: Int.random(in: 0...bytes.count, using: &generator))
      }
    }
    return bytes
  }

  static let values = [
    "", "null", "-1", "0", "360", "999", "1e308", "-1e308", "1e-320", "99999999999999999999999", "NaN", "inf",
    "0x1p4", "S1", "MS1",
    "RETRACTION", "test", "true", "2031-02-30T00:00:00Z", "9999-12-31T23:59:59Z", "0000-00-00", "AAAA",
    "U0lNUExFICA9",
    "https://x/", "file:///x", "\u{1F600}", "&amp;", "\\u0000",
  ]

  /// Puts a hostile value in place of a number or quoted text, so that the document stays well-formed and
  /// the damage reaches the readers of fields.
  static func replaceValue(_ original: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
    var bytes = original
    for _ in 0..<Int.random(in: 1...4, using: &generator) {
      guard
        let start = (Int.random(in: 0..<bytes.count, using: &generator)..<bytes.count).first(where: {
          bytes[$0] == 34 || (48...57).contains(bytes[$0])
        })
      else { continue }
      let value = Array(values.randomElement(using: &generator)!.utf8)
      if bytes[start] == 34 {
        guard let end = bytes[(start + 1)...].firstIndex(of: 34) else { continue }
        bytes.replaceSubrange(start + 1..<end, with: value)
      } else {
        let end = bytes[start...].firstIndex { !(48...57).contains($0) && $0 != 46 } ?? bytes.count
        bytes.replaceSubrange(start..<end, with: value)
      }
    }
    return bytes
  }

  /// Whatever the bytes, the answer is a notice that keeps its promises or a rejection that explains itself.
  @Test func damagedNoticesNeverTrap() throws {
    let corpus = try Self.corpus()
    var generator = SeededGenerator(seed: Self.seed)
    let topics: [String?] = [
      nil, nil, "igwn.gwalert", "gcn.circulars", "gcn.notices.icecube.gold_bronze_track_alerts",
      "gcn.heartbeat",
    ]
    var accepted = 0
    var codes: [String: Int] = [:]
    let cases = ProcessInfo.processInfo.environment["VESPER_FUZZ_CASES"].flatMap { Int($0) } ?? 4000
    for _ in 0..<cases {
      let original = corpus.randomElement(using: &generator)!
      let gentle = Bool.random(using: &generator)
      let bytes = gentle ? Self.replaceValue(original, &generator) : Self.damage(original, &generator)
      do throws(NoticeRejection) {
        let n = try NoticeParser.parse(bytes: bytes, topic: topics.randomElement(using: &generator)!)
        check(n)
        accepted += 1
      } catch {
        #expect(!error.description.isEmpty)
        codes[error.code, default: 0] += 1
      }
    }
    print(
      "fuzz: seed \(Self.seed), \(cases) cases on \(corpus.count) documents, \(accepted) accepted, refused:",
      codes)
  }

  private func check(_ n: Notice) {
    if let region = n.planningRegion {
      let c = region.center.unit
      #expect(abs((c * c).sum() - 1) < 1e-9, "seed \(Self.seed)")
      #expect(region.largestRadius.radians > 0 && region.largestRadius.radians <= .pi, "seed \(Self.seed)")
      #expect(region.containment.value > 0 && region.containment.value < 1, "seed \(Self.seed)")
    }
    if let rate = n.falseAlarmRateHz { #expect(rate.isFinite && rate >= 0, "seed \(Self.seed)") }
    if n.stage == .retraction { #expect(n.retraction != nil, "seed \(Self.seed)") }
    if case .remoteMap(let url, _) = n.localization {
      #expect(url.lowercased().hasPrefix("http"), "seed \(Self.seed)")
    }
    _ = (n.duplicateKey, n.bestLocalization, n.hashValue)
  }

  @Test func everyTruncationOfAShortNotice() throws {
    for name in ["gw-preliminary.json", "gbm-flight.xml", "circular.json"] {
      let bytes = Array(try Data(contentsOf: fixture("notices/" + name)))
      for length in 0..<bytes.count - 2 {
        #expect(rejection(Array(bytes.prefix(length))) != nil, "\(name) cut at \(length)")
      }
    }
  }
}
