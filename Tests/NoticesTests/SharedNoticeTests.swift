import Foundation
import TestSupport
import Testing
import Units

@testable import Notices

/// Every notice of the shared collection against values read from it by others: its manifest, and
/// `Fixtures/oracles/notices-values.json`.
@Suite("shared notices", .enabled(if: Shared.isPresent, Comment(rawValue: Shared.reason)))
struct SharedNoticeTests {
  /// Files that are no notice, and the verdict they must get.
  static let refused: [String: String] = [
    // The sender's test file with `"superevent_id": null`.
    "lvk/lfa_S2376-1-preliminary.json": "missing.superevent_id",
    // An earthquake.
    "voevent/skyportal/quakeml.xml": "foreign.otherXML",
    // A survey broker's alert, in nobody's notice format.
    "unified/gwcelery/kafka_alert_rubin.json": "foreign.otherJSON",
    // Fragments that illustrate one piece of the schema.
    "unified/schema_examples/notices__core__Localization.example.json": "missing.identity",
    "unified/schema_examples/notices__core__Pointing.example.json": "missing.identity",
    "unified/schema_examples/notices__core__Reporter.example.json": "missing.identity",
    "unified/schema_examples/notices__core__Spectral.example.json": "missing.identity",
    "unified/schema_examples/notices__core__Statistics.example.json": "missing.identity",
  ]

  /// Rows whose manifest event id is a placeholder that must not become an identifier.
  static let placeholderIDs: Set<String> = [
    "voevent/gwcelery/integral_grb_gcn.xml", "voevent/gwcelery/agile_grb_gcn.xml",
  ]

  /// Rows that carry an error under the schema's former name, which the manifest did not read.
  static let legacyErrors: Set<String> = [
    "unified/gwcelery/kafka_alert_fermi_targeted.json",
    "unified/gwcelery/kafka_alert_fermi_targeted_ignore.json",
    "unified/gwcelery/kafka_alert_swift_targeted.json",
    "unified/gwcelery/kafka_alert_swift_targeted_wskymap.json",
  ]

  /// S names sent by the mock data challenge, and searches around mock events: not observations.
  static let mocks: Set<String> = [
    "lvk/lfa_S1234-1-earlywarning.json", "lvk/lfa_S1234-2-initial.json", "lvk/lfa_S3456-1-initial.json",
  ]

  /// Calls itself an observation while its Test_Notice flag is set.
  static let flaggedTests: Set<String> = ["voevent/gwcelery/integral_grb_gcn.xml"]

  static let manifest: [[String: String]] = rows(of: Shared.text("data/notices/manifest.tsv"))

  static func bytes(_ file: String) throws -> [UInt8] {
    Array(try Data(contentsOf: Shared.url("data/notices/" + file)))
  }

  @Test func everyFileMatchesItsManifest() throws {
    var read = 0
    for row in Self.manifest {
      let file = try #require(row["file"])
      guard !file.hasPrefix("archive/"),
        FileManager.default.fileExists(atPath: Shared.url("data/notices/" + file).path)
      else { continue }
      let bytes = try Self.bytes(file)
      if let code = Self.refused[file] {
        #expect(rejection(bytes)?.code == code, "\(file)")
        continue
      }
      let n = try NoticeParser.parse(bytes: bytes)
      read += 1
      compare(n, row, file)
    }
    #expect(read >= 150)
    print("manifest: \(read) notices read, \(Self.refused.count) refused as documented")
  }

  /// Values as they stand in the files.
  @Test(arguments: [
    (
      "unified/gtecs/Fermi_745811685-GBM_FIN_POS-dipole.json", "745811685", 142.34, 49.5, 29.48,
      "2024-08-20T01:54:40.07"
    ),
    ("unified/gtecs/GECAM_333-FLT-not_grb.json", "333", 26.38, 15.38, 1, "2024-04-23T03:41:57.50"),
    (
      "unified/gtecs/Swift_1187142v2-BAT_GRB_POS.json", "1187142v2", 261.9416, -16.2138, 0.05,
      "2023-08-25T09:03:36.11"
    ),
  ])
  func voEventsAsJSON(
    file: String, id: String, ra: Double, dec: Double, error: Double, moment: String
  ) throws {
    let n = try NoticeParser.parse(bytes: Self.bytes(file))
    #expect(n.source.format == .voEventJSON)
    #expect(n.ids.map(\.value) == [id])
    #expect(n.eventTime == time(moment))
    let region = try #require(n.localization.region)
    #expect(isClose(region.center, direction(ra, dec)))
    #expect(abs(region.largestRadius.degrees - error) < Tolerance.degrees)
  }

  @Test func waveAsJSON() throws {
    let n = try NoticeParser.parse(bytes: Self.bytes("lvk/gtecs_S240421ar-INITIAL-cbc_no_dist.json"))
    #expect(n.ids == [NativeID("lvk", "S240421ar")])
    #expect(n.stage == .initial)
    #expect(n.role == .observation)
    #expect(n.wave?.probability(of: "BBH")?.value == 0.41391150101247964)
    #expect(n.supersedes.count == 3)
    #expect(
      n.bestLocalization
        == .remoteMap(
          url: "https://gracedb.ligo.org/api/superevents/S240421ar/files/cwb.multiorder.fits,1", region: nil))
  }

  private func compare(_ n: Notice, _ row: [String: String], _ file: String) {
    func cell(_ name: String) -> String? { row[name].flatMap { $0.isEmpty ? nil : $0 } }
    compareIdentity(n, cell, file)
    if n.source.format != .circularJSON, n.source.format != .voEventJSON {
      if let text = cell("trigger_time") {
        #expect(n.eventTime == Instant(iso8601: text), "\(file): event time")
      }
      if let text = cell("notice_time") {
        #expect(n.created == Instant(iso8601: text), "\(file): notice time")
      }
    }
    if let role = cell("role_or_tense") {
      switch role {
      case "test": #expect(n.role == .test || n.role == .mock, "\(file): \(n.role)")
      case "observation" where Self.flaggedTests.contains(file): #expect(n.role == .test, "\(file)")
      case "observation": #expect(n.role == (Self.mocks.contains(file) ? .mock : .observation), "\(file)")
      case "utility": #expect(n.role == .utility, "\(file)")
      default: #expect(n.tense.rawValue == role, "\(file)")
      }
    }
    if let type = cell("alert_type") {
      #expect(n.stage.name.lowercased() == type.lowercased(), "\(file)")
      #expect(n.isRetraction == (type.lowercased() == "retraction"), "\(file)")
    }
    comparePlace(n, cell, file)
    compareMap(n, cell, file)
  }

  private func compareIdentity(_ n: Notice, _ cell: (String) -> String?, _ file: String) {
    guard let ids = cell("event_id"), !ids.hasPrefix("http"), cell("notice_type") != "core/Alert" else {
      return
    }
    // Fragments and lists keep the schema's name in this column.
    guard n.source.format != .circularJSON, !ids.contains("/") else { return }
    if Self.placeholderIDs.contains(file) {
      #expect(n.ids.isEmpty && n.has(.placeholderID), "\(file)")
      return
    }
    for id in ids.split(separator: ",").map(String.init) {
      let wanted = n.source.mission == .icecube ? UnifiedStream.canonical(id, in: "icecube") : id
      #expect(n.ids.contains { $0.value == wanted }, "\(file): \(wanted) not in \(n.ids)")
    }
  }

  private func comparePlace(_ n: Notice, _ cell: (String) -> String?, _ file: String) {
    // The manifest does not look into VOEvents rendered as JSON: see `voEventsAsJSON`.
    guard n.source.format != .voEventJSON else { return }
    guard let ra = cell("ra").flatMap(Double.init), let dec = cell("dec").flatMap(Double.init) else {
      #expect(n.placed == nil, "\(file): a position from nowhere")
      return
    }
    let error = cell("err_deg") ?? ""
    let errors = error.split { "[], ".contains($0) }.compactMap { Double($0) }
    let isPlaceholder =
      (ra == 0 && dec == 0) || errors.first.map { $0 <= 0 || $0 >= 180 } ?? !Self.legacyErrors.contains(file)
    if isPlaceholder, !file.contains("rectangle") {
      #expect(n.placed == nil, "\(file)")
      let shown = n.statedPosition
      #expect((shown == nil) == (ra == 0 && dec == 0), "\(file)")
      if let shown { #expect(isClose(shown, direction(ra, dec)), "\(file)") }
      return
    }
    guard let placed = n.placed, let region = n.localization.region else {
      Issue.record("\(file): no region, \(n.localization)")
      return
    }
    if case .polygon = region {
      #expect(region.center.separation(from: direction(ra, dec)) < .degrees(0.1), "\(file)")
      return
    }
    #expect(isClose(region.center, direction(ra, dec)), "\(file)")
    guard !errors.isEmpty else { return }
    let axes = errors.prefix(2).sorted(by: >)
    #expect(zip(axes, placed.errors).allSatisfy { abs($0 - $1) < Tolerance.degrees }, "\(file): \(placed)")
  }

  /// What the manifest's reference must have become.
  private func compareMap(_ n: Notice, _ cell: (String) -> String?, _ file: String) {
    guard let reference = cell("skymap_ref") else { return }
    if reference == "embedded" {
      // The schema's own examples hold "hhhh..." for a map.
      if case .embeddedMap = n.localization { return }
      #expect(n.has(.undecodableSkymap) || n.has(.notASkymap), "\(file)")
      return
    }
    let map = n.wave?.coincidence?.combinedMap ?? n.localization
    switch MapReference(reference) {
    case .placeholder: #expect(n.has(.placeholderSkymap), "\(file)")
    case .refused:
      #expect(n.localization == .none(.unusableReference) && n.has(.refusedSkymapReference), "\(file)")
    case .file(let url) where url.contains("glg_locplot_all"):
      guard n.source.stream == "FERMI_GBM_FIN_POS" else { return }
      guard case .remoteMap(let got, _) = n.localization else {
        Issue.record("\(file): no map")
        return
      }
      #expect(
        got.hasPrefix("https://") && got.contains("glg_healpix_all") && got.hasSuffix(".fit"), "\(file)")
    case .file(let url) where file.contains("LVC/MS181101ab-6") || file.contains("ab3_4"):
      #expect(map == .remoteMap(url: url, region: nil), "\(file)")
      #expect(n.bestLocalization == map && n.localization != map, "\(file)")
    case .file(let url):
      guard case .remoteMap(let got, _) = n.localization else {
        Issue.record("\(file): \(n.localization)")
        return
      }
      #expect(got.hasPrefix(url), "\(file)")
    }
  }
}
