import Foundation
import SkymapFiles
import Skymaps
import TestSupport
import Testing
import Units

/// The shipped maps, measured by ligo.skymap (`Fixtures/oracles/ligo-fixtures.json`).
struct FixtureTests {
  struct Oracle: Decodable {
    struct Map: Decodable {
      let rows: Int, max_order: Int, sum: Double, area50_deg2: Double, area90_deg2: Double
      let peak_ra_deg: Double, peak_dec_deg: Double
      let distmean_mpc: Double?, header_distmean_mpc: Double?, header_diststd_mpc: Double?
    }
    let maps: [String: Map]
  }
  static let oracle = try! JSONDecoder().decode(  // the fixture is part of the package
    Oracle.self, from: Data(contentsOf: fixture("oracles/ligo-fixtures.json")))

  /// Relative: the oracle interpolates the same way in double precision.
  static let tolerance = 1e-9

  @Test(arguments: oracle.maps.keys.sorted())
  func agreesWithLigoSkymap(_ name: String) throws {
    let expected = Self.oracle.maps[name]!
    let map = try SkymapFile.read(contentsOf: fixture("skymaps/\(name)"))
    #expect(violations(of: map).isEmpty)
    #expect(map.report.findings.isEmpty, "\(map.report.findings)")
    #expect(map.count <= expected.rows)
    #expect(Int(map.orders.max()!) == expected.max_order)
    #expect(abs(map.report.sumBeforeNormalisation / expected.sum - 1) < Self.tolerance)
    for (level, area) in [(0.5, expected.area50_deg2), (0.9, expected.area90_deg2)] {
      let got = interpolatedArea(map, containing: level / expected.sum)
      #expect(abs(got / area - 1) < Self.tolerance, "\(got) instead of \(area)")
    }
    let peak = map.density.indices.max { map.density[$0] < map.density[$1] }!
    let there = Direction<ICRS>(ra: .degrees(expected.peak_ra_deg), dec: .degrees(expected.peak_dec_deg))
    #expect(map.density[map.cellIndex(at: there)!] == map.density[peak])
    #expect((map.distance == nil) == (expected.distmean_mpc == nil))
    if let mean = expected.header_distmean_mpc {
      #expect(abs(map.header.distanceMean!.megaparsecs / mean - 1) < Self.tolerance)
      // The generator's own moments against those of ligo.skymap.
      #expect(abs(expected.distmean_mpc! / mean - 1) < Self.tolerance)
    }
  }

  @Test func headersOfTheFixtures() throws {
    let map = try SkymapFile.read(contentsOf: fixture("skymaps/MS260915a-three-detectors.multiorder.fits"))
    #expect(map.header.object == "MS260915a")
    #expect(map.header.instruments == ["H1", "L1", "V1"])
    #expect(map.header.eventTime == Instant(iso8601: "2026-09-15T17:42:10.318Z"))
    let burst = try SkymapFile.read(contentsOf: fixture("skymaps/mock-grb-cone.fit.gz"))
    #expect(burst.report.layout == "flat NESTED nside 64 [PROBABILITY]")
    #expect(burst.header.object == "MOCKGRB260813")
    // TRIGTIME is a double of seconds since 2001: good to 0.1 microseconds.
    #expect(abs(burst.header.eventTime!.seconds(since: Instant(iso8601: "2026-08-13T20:58:44.6Z")!)) < 1e-5)
  }

  @Test func noticeGivesTheSameMap() throws {
    let map = try SkymapFile.read(contentsOf: fixture("skymaps/MS260915a-three-detectors.multiorder.fits"))
    let notice = try SkymapFile.read(contentsOf: fixture("notices/MS260915a-initial.json"))
    #expect(notice.keys == map.keys && notice.density == map.density && notice.distance == map.distance)
    #expect(notice.header == map.header)
  }

  /// Memory that held another file before does not show: CFITSIO would go on writing behind it.
  @Test func writingLeavesNothingForTheNextOne() throws {
    let wide = try SkymapFile.read(contentsOf: fixture("skymaps/mock-grb-cone.fit.gz"))
    let deep = try SkymapFile.read(
      contentsOf: fixture("skymaps/MS260915a-three-detectors.multiorder.fits"))
    let first = try SkymapFile.write(deep)
    for _ in 0..<5 {
      _ = try SkymapFile.write(wide)
      #expect(try SkymapFile.write(deep) == first)
    }
  }

  @Test func writingAndReadingGivesTheSameMap() throws {
    for name in Self.oracle.maps.keys.sorted() {
      let map = try SkymapFile.read(contentsOf: fixture("skymaps/\(name)"))
      let again = try SkymapFile.read(bytes: try SkymapFile.write(map))
      #expect(again.keys == map.keys && again.orders == map.orders && again.distance == map.distance)
      #expect(again.header == map.header)
      for (a, b) in zip(again.density, map.density) where abs(a - b) > 1e-14 * b {
        Issue.record("\(name): \(a) instead of \(b)")
      }
    }
  }
}
