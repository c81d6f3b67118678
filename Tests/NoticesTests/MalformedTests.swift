import Foundation
import TestSupport
import Testing
import Units

@testable import Notices

/// Every `n_*` file of the malformed collection gets the verdict of its manifest.
@Suite("malformed notices", .enabled(if: Shared.isPresent, Comment(rawValue: Shared.reason)))
struct MalformedTests {
  static func read(_ name: String) throws -> Notice { try NoticeParser.parse(bytes: bytes(name)) }
  static func bytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: Shared.url("data/malformed/" + name)))
  }

  /// One check per file; the text is the manifest's, in short.
  static let verdicts: [(file: String, verdict: String, holds: @Sendable (Notice) -> Bool)] = [
    ("n_00_gw_valid.json", "accept", { $0.findings.isEmpty && $0.isReal && $0.localization.isEmbedded }),
    ("n_02_gw_skymap_missing_key.json", "accept", { $0.localization.isAbsent && $0.has(.missingSkymap) }),
    ("n_04_gw_base64_newlines.json", "accept", { $0.findings.isEmpty && $0.localization.isEmbedded }),
    ("n_06_gw_retraction.json", "withdraw", { $0.retraction?.ids == [NativeID("lvk", "S250101a")] }),
    ("n_08_gw_mock.json", "mock", { $0.role == .mock && !$0.isReal }),
    (
      "n_10_gw_unknown_alert_type.json", "update-like, alarm",
      { $0.stage == .other("SUPERUPDATE") && $0.alarms == [.unknownAlertType] && $0.localization.isEmbedded }
    ),
    (
      "n_14_gw_far_negative.json", "drop the rate, alarm",
      { $0.falseAlarmRateHz == nil && $0.alarms == [.outOfRange] }
    ),
    (
      "n_16_gw_class_empty.json", "accept", { $0.wave?.classification.isEmpty == true && $0.findings.isEmpty }
    ),
    ("n_18_gw_time_no_z.json", "UTC", { $0.eventTime == time("2025-01-01T00:00:00.911085Z") }),
    (
      "n_20_gw_ext_gcnid_string.json", "accept",
      {
        $0.wave?.coincidence?.noticeID == "sb25010101" && $0.wave?.coincidence?.timeFARHz == nil
          && $0.bestLocalization == $0.localization && $0.localization.isEmbedded
      }
    ),
    (
      "n_24_nan.json", "tolerate",
      { $0.falseAlarmRateHz == nil && $0.has(.notJSONNumber) && $0.localization.isEmbedded }
    ),
    ("n_26_array_root.json", "accept", { $0.has(.arrayRoot) && $0.localization.isEmbedded }),
    (
      "n_28_duplicate_keys.json", "last value, alarm",
      { $0.stage == .preliminary && $0.alarms == [.duplicateKey] }
    ),
    (
      "n_31_uni_ellipse2.json", "ellipse, angle 0",
      {
        guard case .region(.ellipse(_, let a, let b, let angle, _)) = $0.localization else { return false }
        return a == .degrees(0.5) && b == .degrees(0.2) && angle == .zero
      }
    ),
    ("n_33_uni_err_array1.json", "circle", { $0.placed?.errors == [0.5] }),
    ("n_35_uni_err_negative.json", "no localisation", { $0.localization == .none(.noError) }),
    ("n_37_uni_ra_360.json", "0", { $0.placed?.ra == 0 && $0.has(.wrappedRightAscension) }),
    (
      "n_39_uni_dec_out.json", "reject the position",
      { $0.localization == .none(.invalid) && $0.statedPosition == nil }
    ),
    ("n_41_uni_id_string.json", "accept", { $0.ids.map(\.value) == ["427325191"] }),
    ("n_43_uni_healpix_null.json", "accept", { $0.placed?.errors == [0.05] && $0.findings.isEmpty }),
    ("n_45_uni_tense_test.json", "test", { $0.role == .test && !$0.isReal }),
    (
      "n_47_uni_retraction_no_position.json", "withdraw",
      { $0.retraction?.ids.map(\.value) == ["01709000001"] }
    ),
    ("n_49_uni_trigger_time_space.json", "accept", { $0.eventTime == time("2024-09-18T07:19:03.518831Z") }),
    ("n_63_vo_latin1.xml", "declared encoding", { $0.has(.transcoded) && $0.placed?.ra.rounded() == 248 }),
    ("n_65_vo_no_position.xml", "accept", { $0.localization == .none(.notGiven) && $0.eventTime != nil }),
    ("n_67_vo_radec0.xml", "no localisation", { $0.localization == .none(.placeholder) }),
    ("n_69_vo_no_namespace.xml", "local names", { $0.placed?.errors == [0.05] }),
    (
      "n_71_vo_time_garbage.xml", "drop the time, alarm",
      { $0.eventTime == nil && $0.alarms == [.invalidTime] && $0.placed != nil }
    ),
  ]

  static let rejections: [String: String] = [
    "n_12_gw_superevent_null.json": "missing.superevent_id", "n_22_empty.json": "empty",
    "n_61_vo_entity_bomb.xml": "forbidden-markup",
    "real_html_error_page_named_bayestar.fits.gz": "foreign.html",
  ]

  @Test(arguments: verdicts.map(\.file))
  func accepted(file: String) throws {
    let entry = try #require(Self.verdicts.first { $0.file == file })
    let notice = try Self.read(file)
    #expect(entry.holds(notice), "\(entry.verdict): \(notice.findings)")
  }

  @Test(arguments: rejections.keys.sorted())
  func refused(file: String) throws {
    let r = try #require(rejection(try Self.bytes(file)))
    #expect(r.code == Self.rejections[file])
    print("\(file): \(r)")
  }

  @Test func nothingWasForgotten() {
    let files = rows(of: Shared.text("data/malformed/manifest.tsv")).compactMap { $0["file"] }.filter {
      $0.hasPrefix("n_")
    }
    #expect(!files.isEmpty)
    for file in files {
      #expect(Self.rejections[file] != nil || Self.verdicts.contains { $0.file == file }, "\(file)")
    }
  }
}

extension Notice {
  fileprivate var alarms: [Finding.Code] { findings.filter { $0.severity == .alarm }.map(\.code) }
}

extension Localization {
  fileprivate var isEmbedded: Bool { if case .embeddedMap = self { true } else { false } }
}
