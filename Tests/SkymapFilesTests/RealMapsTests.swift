import Foundation
import SkymapFiles
import Skymaps
import TestSupport
import Testing
import Units

@Suite(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.reason)))
struct RealMapsTests {
  static let manifest = rows(of: Shared.isPresent ? Shared.text("data/skymaps/manifest.tsv") : "")

  struct Row: Sendable, CustomTestStringConvertible {
    let cells: [String: String]
    var testDescription: String { cells["file"] ?? "" }
    subscript(_ name: String) -> String { cells[name] ?? "" }
  }
  static let all = manifest.map(Row.init)
  static let probabilityMaps = all.filter { !$0["kind"].hasPrefix("MOC") }

  /// Read once: the 50 million pixels of one map take half a minute without optimisation.
  static let maps = Dictionary(
    uniqueKeysWithValues: probabilityMaps.map {
      ($0["file"], Verdict(file: Shared.url("data/skymaps/\($0["file"])")))
    })

  func map(_ name: String) throws -> Skymap {
    let verdict = try #require(Self.maps[name])
    return try #require(verdict.map, "\(verdict.error?.description ?? "")")
  }

  @Test func manifestIsThere() { #expect(Self.probabilityMaps.count >= 20) }

  @Test(arguments: probabilityMaps)
  func readsAndMatchesTheManifest(_ row: Row) throws {
    let map = try self.map(row["file"])
    #expect(violations(of: map).isEmpty)
    #expect(map.report.kind == (row["kind"].hasPrefix("multi-order") ? .multiOrder : .flat))
    #expect((map.distance != nil) == row["kind"].hasSuffix("3D"))
    #expect(abs(map.report.sumBeforeNormalisation - Double(row["sum"])!) < 1e-6)
    #expect(map.report.coverage == .one)
    #expect(map.frame == .icrs)
    if row["kind"].hasPrefix("multi-order") {
      #expect(map.count == Int(row["rows"])!)
      #expect(row["res"] == "order \(map.orders.min()!)..\(map.orders.max()!)")
    } else {
      #expect(map.report.layout.contains("\(row["ordering"]) \(row["res"])"))
    }
    if !row["instruments"].isEmpty {
      #expect(map.header.instruments.joined(separator: ",") == row["instruments"])
    }
    if !row["creator"].isEmpty { #expect(map.header.creator == row["creator"]) }
    if let date = Instant(iso8601: row["date_obs"]) { #expect(map.header.eventTime == date) }
    if let mean = Double(row["distmean_hdr"]) {
      #expect(abs(map.header.distanceMean!.megaparsecs / mean - 1) < areaTolerance)
    }
  }

  @Test(arguments: probabilityMaps)
  func areasAreThoseOfLigoSkymap(_ row: Row) throws {
    let map = try self.map(row["file"])
    // ligo.skymap does not normalise: the level is reached relative to the sum the file has. It cannot
    // read the IceCube map, whose areas (column `area`) do not interpolate.
    let sum = map.report.sumBeforeNormalisation
    for (level, column) in [(0.5, "ligo_area50"), (0.9, "ligo_area90")] {
      guard let expected = Double(row[column]) else { continue }
      let got = interpolatedArea(map, containing: level / sum)
      #expect(abs(got / expected - 1) < areaTolerance, "\(column): \(got) instead of \(expected)")
      let region = CredibleRegions(of: map).area(at: Fraction(clamping: level / sum)).squareDegrees
      #expect(abs(region / got - 1) < 1e-9)
    }
  }

  @Test(arguments: probabilityMaps)
  func peakIsWhereTheManifestSays(_ row: Row) throws {
    let map = try self.map(row["file"])
    let peak = map.density.indices.max { map.density[$0] < map.density[$1] }!
    #expect(
      abs(map.density[peak] * SolidAngle.squareDegrees(1).steradians / Double(row["maxdens_per_deg2"])! - 1)
        < 1e-3)
    let expected = Direction<ICRS>(
      ra: .degrees(Double(row["max_ra"])!), dec: .degrees(Double(row["max_dec"])!))
    // Several cells may be equally dense, and merged pixels moved the centre: the cell must hold the density.
    let there = map.cellIndex(at: expected)!
    #expect(abs(map.density[there] / map.density[peak] - 1) < 1e-6)
  }

  @Test func nothingIsNotedOnOrdinaryMaps() throws {
    for name in ["S230518h-Initial_alert", "MS181101ab-earlywarning", "S230522a-Preliminary1_alert"] {
      let map = try self.map("\(name).multiorder.fits")
      #expect(map.report.findings.isEmpty, "\(map.report.findings)")
    }
  }

  @Test func interplanetaryNetworkMapCollapses() throws {
    let map = try self.map("GRB220617A_IPN_map_hpx.fits.gz")
    #expect(map.count == 789)
    // The file carries DATASUM and CHECKSUM over 201 MB.
    #expect(!map.report.findings.contains { ["datasum", "checksum"].contains($0.code) })
  }

  @Test func fermiTriggerTimeIsInTerrestrialTime() throws {
    let map = try self.map("glg_healpix_all_bn180116026.fit")
    // TRIGTIME 537755817.807014 s of TT since 2001-01-01T00:00:00 UTC, in which five leap seconds fell.
    let start = Instant(utcYear: 2001, month: 1, day: 1)!
    #expect(abs(map.header.eventTime!.seconds(since: start) - 537_755_817.807014) < 1e-3)
    #expect(map.header.eventTime!.iso8601() == "2018-01-16T00:36:53Z")
    #expect(map.header.instruments == ["GBM"])
    #expect(map.header.object == "GRB180116026")
  }

  @Test func iceCubeMapHasItsTime() throws {
    let map = try self.map("hese_59031_run00134244.evt000034406854.fits")
    // START = '2020-Jul-01 (19:24:53.443082)' in the same header.
    #expect(abs(map.header.eventTime!.seconds(since: Instant(iso8601: "2020-07-01T19:24:53.443Z")!)) < 0.01)
    #expect(map.report.findings.map(\.code) == ["no_coordsys"])
  }

  @Test func coverageWithoutProbabilityIsRefused() {
    let verdict = Verdict(file: Shared.url("data/skymaps/GW190425_MOC_only.fits"))
    #expect(verdict.error == .noMap(["HDU 1 is a MOC coverage, cells without probability"]))
  }
}
