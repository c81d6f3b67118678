import Foundation
import SkymapFiles
import Skymaps
import TestSupport
import Testing
import Units

/// Every broken map of the reference data gets the verdict of its manifest.
@Suite(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.reason)))
struct MalformedTests {
  /// What must be found in an accepted file, or said of a refused one.
  enum Expected: Sendable {
    case clean
    case flagged(String)
    case refused(String)
  }
  static let cases: [(file: String, expected: Expected)] = [
    ("s_00_valid_reference.multiorder.fits", .clean),
    ("s_02_truncated_header.fits", .refused("ends inside the header")),
    ("s_04_one_byte_short.fits", .flagged("missing_padding")),
    ("s_06_gz_truncated.fits.gz", .refused("gzip data end too early")),
    ("s_08_gzip_named_fits.fits", .clean),
    ("s_10_double_gz.fits.gz", .flagged("double_gzip")),
    ("s_12_uniq_negative.fits", .refused("has UNIQ -")),
    ("s_14_uniq_duplicate.fits", .refused("overlap with different values")),
    ("s_16_hole.fits", .flagged("hole")),
    ("s_18_uniq_unsigned_tzero.fits", .clean),
    ("s_20_uniq_double.fits", .flagged("index_as_float")),
    ("s_22_prob_inf.fits", .refused("infinite")),
    ("s_24_prob_all_zero.fits", .refused("every probability is zero")),
    ("s_26_sum_half.fits", .flagged("renormalised")),
    ("s_28_probdensity_per_deg2.fits", .clean),
    ("s_30_no_ordering_header.fits", .clean),
    ("s_32_coordsys_galactic.fits", .clean),
    ("s_34_coordsys_unknown.fits", .refused("COORDSYS 'XYZ'")),
    ("s_36_no_prob_column.fits", .refused("MOC coverage")),
    ("s_38_map_in_hdu2.fits", .clean),
    ("s_40_distsigma_zero.fits", .flagged("distance_repaired")),
    ("s_42_dist_all_nan.fits", .flagged("no_distance")),
    ("s_44_distmean_nan_header.fits", .flagged("bad_card")),
    ("s_46_mjd_dateobs_conflict.fits", .flagged("time_conflict")),
    ("s_48_naxis2_huge.fits", .refused("the header promises")),
    ("s_50_tfields_mismatch.fits", .refused("TFIELDS promises 9 columns")),
    ("s_52_flat_ring.fits", .clean),
    ("s_54_flat_no_ordering.fits", .refused("without ORDERING")),
    ("s_56_flat_nside_conflict.fits", .flagged("nside_conflict")),
    ("s_58_flat_nside_not_pow2_ring.fits", .flagged("resampled")),
    ("s_60_flat_nan.fits", .flagged("nan_density")),
    ("s_62_flat_T_colname.fits", .flagged("no_coordsys")),
    ("s_64_partial_pixel_out_of_range.fits", .refused("outside 0...")),
    ("real_html_error_page_named_bayestar.fits.gz", .refused("HTML")),
  ]

  @Test func everyFileOfTheManifestIsACase() {
    let files = rows(of: Shared.text("data/malformed/manifest.tsv")).compactMap { $0["file"] }
    #expect(files.filter { $0.hasPrefix("s_") || $0.hasPrefix("real_") } == Self.cases.map(\.file))
  }

  @Test(arguments: cases.indices)
  func verdict(_ index: Int) throws {
    let (file, expected) = Self.cases[index]
    let url = Shared.url("data/malformed/\(file)")
    let verdict = Verdict(file: url)
    let stated = rows(of: Shared.text("data/malformed/manifest.tsv")).first { $0["file"] == file }![
      "expected"]!
    switch expected {
    case .clean:
      #expect(verdict.map != nil, "\(file): \(verdict.error?.description ?? "")")
      #expect(stated.contains("ACCEPT"))
    case .flagged(let code):
      #expect(verdict.codes.contains(code), "\(file): \(verdict.codes) \(verdict.error?.description ?? "")")
      #expect(stated.contains("ACCEPT") || stated.contains("trust row count"))
    case .refused(let text):
      let message = try #require(verdict.error, "\(file) was accepted").description
      #expect(message.contains(text), "\(message)")
      #expect(!message.contains("\n"))
      #expect(stated.contains("REJECT"))
    }
    if let map = verdict.map { #expect(violations(of: map).isEmpty) }
    // From memory as from disk.
    #expect(Verdict(bytes: bytes(url)).error == verdict.error)
  }

  /// The files are one map in different dress about (50, -20): a Gaussian of 6 degrees, of 10 in the flat ones.
  @Test(arguments: [
    "s_00_valid_reference.multiorder.fits", "s_04_one_byte_short.fits", "s_08_gzip_named_fits.fits",
    "s_10_double_gz.fits.gz", "s_18_uniq_unsigned_tzero.fits", "s_20_uniq_double.fits", "s_26_sum_half.fits",
    "s_28_probdensity_per_deg2.fits", "s_30_no_ordering_header.fits", "s_38_map_in_hdu2.fits",
    "s_44_distmean_nan_header.fits", "s_52_flat_ring.fits", "s_58_flat_nside_not_pow2_ring.fits",
    "s_62_flat_T_colname.fits",
  ])
  func repairedMapsAgreeWithTheReference(_ file: String) throws {
    let map = try SkymapFile.read(contentsOf: Shared.url("data/malformed/\(file)"))
    let center = Direction<ICRS>(ra: .degrees(50), dec: .degrees(-20))
    let peak = map.density.indices.max { map.density[$0] < map.density[$1] }!
    let there = Direction<ICRS>(unit: map.cell(peak).center)
    // Half the diagonal of an nside-12 pixel.
    #expect(there.separation(from: center) < .degrees(4))
    // 2-D Gaussian: A50 = 2 pi ln 2 sigma^2, coarsely sampled.
    let sigma = map.report.kind == .flat ? 10.0 : 6
    let expected = 2 * .pi * M_LN2 * sigma * sigma
    #expect(abs(interpolatedArea(map, containing: 0.5) / expected - 1) < 0.05)
  }

  @Test func galacticMapIsAskedInItsFrame() throws {
    let map = try SkymapFile.read(contentsOf: Shared.url("data/malformed/s_32_coordsys_galactic.fits"))
    #expect(map.frame == .galactic)
    // Its cells are centred at l = 50, b = -20: RA 19h 35m... by the rotation of Hipparcos vol. 1.
    let galactic = Direction<Galactic>(longitude: .degrees(50), latitude: .degrees(-20))
    let equatorial = Rotation<ICRS, Galactic>.standard.inverse(galactic)
    let atPeak = map.density[map.cellIndex(at: equatorial)!]
    let elsewhere = map.density[map.cellIndex(at: Direction(ra: .degrees(50), dec: .degrees(-20)))!]
    #expect(atPeak > 1000 * max(elsewhere, 1e-300))
  }
}
