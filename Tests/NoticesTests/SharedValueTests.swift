import Foundation
import TestSupport
import Testing
import Units

@testable import Notices

/// The shared notices against `Fixtures/oracles/notices-values.json`, read from them with Python.
@Suite("shared values", .enabled(if: Shared.isPresent, Comment(rawValue: Shared.reason)))
struct SharedValueTests {
  struct Blob: Decodable {
    let bytes: Int
    let adler32: UInt32
  }
  struct Values: Decodable {
    let farHz: Double?
    let significant: Bool?
    let instruments: [String]?
    let group: String?
    let pipeline: String?
    let search: String?
    let classification: [String: Double]?
    let properties: [String: Double]?
    let map: Blob?
    let combined: Blob?
    let coincidenceId: String?
    let coincidenceFarHz: Double?
    let ids: [String]?
    let rateSnr: Double?
    let imageSnr: Double?
    let containment: Double?
    let signalness: Double?
  }
  struct Oracle: Decodable {
    let values: [String: Values]
  }

  @Test func everyValueMatches() throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let oracle = try decoder.decode(
      Oracle.self, from: Data(contentsOf: fixture("oracles/notices-values.json")))
    var compared = 0
    for (file, values) in oracle.values where SharedNoticeTests.refused[file] == nil {
      let n = try NoticeParser.parse(bytes: SharedNoticeTests.bytes(file))
      compare(n, values, file)
      compared += 1
    }
    #expect(compared >= 140)
    print("oracle: \(compared) notices compared")
  }

  /// Prints how long the notices with embedded maps (about 1 and 2 MB) take; asserts nothing about it.
  @Test func speedOfEmbeddedMaps() throws {
    let files = SharedNoticeTests.manifest.compactMap { $0["file"] }.filter { $0.hasPrefix("lvk/") }
    let documents = try files.map { try SharedNoticeTests.bytes($0) }.filter { $0.count > 500_000 }
    var maps = 0
    let elapsed = ContinuousClock().measure {
      for document in documents {
        let n = try? NoticeParser.parse(bytes: document)  // the one without a name is refused: still timed
        if case .embeddedMap? = n?.localization { maps += 1 }
      }
    }
    #expect(maps >= 10)
    let megabytes = Double(documents.reduce(0) { $0 + $1.count }) / 1e6
    print("embedded maps: \(documents.count) notices, \(megabytes) MB in \(elapsed.seconds) s")
  }

  private func compare(_ n: Notice, _ v: Values, _ file: String) {
    if let far = v.farHz {
      #expect(n.falseAlarmRateHz.map { abs($0 - far) <= far * Tolerance.relative } == true, "\(file)")
    }
    if n.kind == .gravitationalWave {
      #expect(v.significant == nil || n.wave?.significant == v.significant, "\(file)")
      #expect(n.wave?.instruments ?? [] == v.instruments ?? [], "\(file)")
      if v.group != nil {
        #expect(
          n.wave?.group == v.group && n.wave?.pipeline == v.pipeline && n.wave?.search == v.search, "\(file)")
      }
      expectEqual(n.wave?.classification ?? [], v.classification ?? [:], file)
      expectEqual(n.wave?.properties ?? [], v.properties ?? [:], file)
      #expect(n.wave?.coincidence?.noticeID == v.coincidenceId, "\(file)")
      #expect(n.wave?.coincidence?.timeSkyFARHz == v.coincidenceFarHz, "\(file)")
      expectBlob(n.wave?.coincidence?.combinedMap, v.combined, file)
    } else if let classes = v.classification {
      expectEqual(n.transient.classification, classes, file)
    }
    if let map = v.map { expectBlob(n.localization, map, file) }
    for id in v.ids ?? [] {
      let wanted = n.source.mission == .icecube ? UnifiedStream.canonical(id, in: "icecube") : id
      #expect(n.ids.contains { $0.value == wanted }, "\(file)")
    }
    if let snr = v.rateSnr { #expect(n.transient.rateSignificance == snr, "\(file)") }
    if let snr = v.imageSnr { #expect(n.transient.imageSignificance == snr, "\(file)") }
    if let p = v.signalness { #expect(n.transient.signalness?.value == p, "\(file)") }
    if let c = v.containment, let region = n.localization.region {
      #expect(region.containment.value == c, "\(file)")
    }
  }

  private func expectEqual(_ got: [NamedProbability], _ wanted: [String: Double], _ file: String) {
    let values = Dictionary(got.map { ($0.name, $0.probability.value) }, uniquingKeysWith: { a, _ in a })
    #expect(values == wanted, "\(file)")
  }

  private func expectBlob(_ localization: Localization?, _ blob: Blob?, _ file: String) {
    guard let blob else { return }
    guard case .embeddedMap(let bytes, _) = localization else {
      Issue.record("\(file): no embedded map")
      return
    }
    #expect(bytes.count == blob.bytes, "\(file)")
    #expect(adler32(bytes) == blob.adler32, "\(file)")
  }

  private func adler32(_ bytes: [UInt8]) -> UInt32 {
    var a: UInt32 = 1
    var b: UInt32 = 0
    for byte in bytes {
      a = (a + UInt32(byte)) % 65_521
      b = (b + a) % 65_521
    }
    return b << 16 | a
  }
}
