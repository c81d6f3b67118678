import Foundation
import SkymapFiles
import Skymaps
import TestSupport
import Testing
import Units

/// Maps and positions inside JSON notices.
struct NoticeMapTests {
  static func unified(_ fields: String) -> [UInt8] {
    Array(
      "{\"trigger_time\": \"2026-01-01T00:00:00Z\", \"id\": [\"x1\"], \"instrument\": \"WXT\"\(fields)}".utf8)
  }
  static let base64 = Data(TableBuilder.baseCells().fits()).base64EncodedString()
  static let compressed = Data(gzipped(TableBuilder.baseCells().fits())).base64EncodedString()

  static func gravitationalWave(own: String, combined: String) -> [UInt8] {
    Array(
      """
      {"alert_type": "UPDATE", "superevent_id": "MS1a", "event": {"time": "2026-01-01T00:00:00Z",
      "instruments": ["H1", "L1"], "skymap": \(own)}, "external_coinc": {"combined_skymap": \(combined)}}
      """.utf8)
  }

  @Test func combinedMapIsTakenUnlessTheOwnIsAsked() throws {
    var other = TableBuilder.baseCells()
    other.columns[1] = .double("PROBDENSITY", (0..<12).map { $0 < 6 ? 0 : 1 / (2 * .pi) })
    let combined = Data(other.fits()).base64EncodedString()
    let notice = Self.gravitationalWave(own: "\"\(Self.base64)\"", combined: "\"\(combined)\"")
    let taken = try SkymapFile.read(bytes: notice)
    #expect(taken.density[0] == 0)
    #expect(taken.report.findings.map(\.code) == ["combined_skymap"])
    #expect(taken.header.object == "MS1a")
    #expect(taken.header.instruments == ["H1", "L1"])
    #expect(taken.header.eventTime == Instant(iso8601: "2026-01-01T00:00:00Z"))
    let own = try SkymapFile.read(bytes: notice, prefer: .own)
    #expect(own.density[0] > 0 && own.report.findings.isEmpty)
    let alone = try SkymapFile.read(
      bytes: Self.gravitationalWave(own: "\"\(Self.base64)\"", combined: "null"))
    #expect(alone.report.findings.map(\.code) == ["notice:skymap.combined-missing"])
    let none = Verdict(bytes: Self.gravitationalWave(own: "null", combined: "null"))
    #expect(none.error?.description.contains("MS1a has neither a map nor a position") == true)
  }

  @Test func base64MayBeBrokenIntoLinesOrCompressed() throws {
    let lines = stride(from: 0, to: Self.base64.count, by: 76).map { start in
      String(Self.base64.dropFirst(start).prefix(76))
    }.joined(separator: "\\n")
    #expect(Verdict(bytes: Self.gravitationalWave(own: "\"\(lines)\"", combined: "null")).map?.count == 12)
    #expect(Verdict(bytes: Self.unified(", \"healpix_file\": \"\(Self.compressed)\"")).map?.count == 12)
    #expect(
      Verdict(
        bytes: Array("[".utf8) + Self.unified(", \"healpix_file\": \"\(Self.base64)\"") + Array("]".utf8)
      ).map?.count == 12)
    #expect(Verdict(bytes: Self.gravitationalWave(own: "\"%%%\"", combined: "null")).error != nil)
    #expect(Verdict(bytes: Self.gravitationalWave(own: "\"aGVsbG8=\"", combined: "null")).error != nil)
  }

  @Test func unreadableMapLeavesTheCircle() throws {
    let map = try SkymapFile.read(
      bytes: Self.unified(", \"healpix_file\": \"c3R1ZmY=\", \"ra\": 10, \"dec\": 5, \"ra_dec_error\": 1"))
    #expect(map.report.kind == .circle)
    #expect(map.report.findings.contains { $0.severity == .warning && $0.code.hasPrefix("notice") })
  }

  @Test(arguments: [
    ("\"ra\": 120, \"dec\": 40, \"ra_dec_error\": 0.05", "circle of 0.05 deg at 90.0 % containment"),
    (
      "\"ra\": 360, \"dec\": 40, \"ra_dec_error\": [0.5], \"containment_probability\": 0.68",
      "circle of 0.5 deg at 68.0 % containment"
    ),
    (
      "\"ra\": 120, \"dec\": 40, \"ra_dec_error\": [0.5, 0.2]",
      "ellipse of 0.5 by 0.2 deg, position angle 0.0 deg, at 90.0 % containment"
    ),
    (
      "\"ra\": 1, \"dec\": -90, \"ra_dec_error\": [0.5, 0.8, 30]",
      "ellipse of 0.8 by 0.5 deg, position angle 120.0 deg, at 90.0 % containment"
    ),
  ])
  func positionsBecomeMaps(_ fields: String, _ layout: String) throws {
    let map = try SkymapFile.read(bytes: Self.unified(", \(fields)"))
    #expect(map.report.layout == layout)
    #expect(violations(of: map).isEmpty)
    #expect(map.header.object == "x1" && map.header.instruments == ["WXT"])
    #expect(map.header.eventTime == Instant(iso8601: "2026-01-01T00:00:00Z"))
  }

  @Test(arguments: [
    ("\"ra\": 120, \"dec\": 40, \"ra_dec_error\": -1", "without an error"),
    ("\"ra\": 0, \"dec\": 0, \"ra_dec_error\": 0", "is a placeholder"),
    ("\"ra\": 120, \"dec\": 40", "without an error"),
    ("\"ra\": true, \"dec\": 40, \"ra_dec_error\": 1", "neither a map nor a position"),
    ("\"ra\": 120, \"dec\": 40, \"ra_dec_error\": [1, 0]", "without an error"),
    ("\"ra\": 120, \"dec\": 40, \"ra_dec_error\": [1, \"x\"]", "without an error"),
    ("\"ra\": 120, \"dec\": -95, \"ra_dec_error\": 0.05", "outside the legal range"),
    ("\"ra\": 120, \"dec\": 40, \"ra_dec_error\": 360", "without an error"),
    ("\"alert_type\": \"retraction\"", "retraction of x1"),
  ])
  func positionsThatLocaliseNothingAreRefused(_ fields: String, _ expected: String) throws {
    let message = try #require(Verdict(bytes: Self.unified(", \(fields)")).error).description
    #expect(message.contains(expected), "\(message)")
  }

  @Test(
    .enabled(if: Shared.isPresent, Comment(rawValue: Shared.reason)),
    arguments: [
      ("lvk/gwtm_S230518h-Initial_alert.json", "S230518h-Initial_alert.multiorder.fits"),
      ("lvk/skyportal_igwn_gwalert_preliminary.json", "skyportal_igwn_gwalert_preliminary.multiorder.fits"),
    ])
  func realNoticesHoldTheMapsOfTheDataSet(_ notice: String, _ file: String) throws {
    let got = try SkymapFile.read(contentsOf: Shared.url("data/notices/\(notice)"))
    let expected = try SkymapFile.read(contentsOf: Shared.url("data/skymaps/\(file)"))
    #expect(got.keys == expected.keys && got.density == expected.density)
    #expect(got.header.eventTime != nil)
  }

  /// Every notice of the reference data is read or refused with one line.
  @Test(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.reason)))
  func allReferenceNotices() throws {
    var maps = 0
    let folder = Shared.url("data")
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)!
    for case let url as URL in files where url.pathExtension == "json" {
      switch Verdict(file: url) {
      case .map(let map):
        maps += 1
        #expect(violations(of: map).isEmpty, "\(url.lastPathComponent)")
      case .refused(let error):
        #expect(!error.description.contains("\n") && error.description.count > 20, "\(error)")
      }
    }
    #expect(maps > 30)
  }
}
