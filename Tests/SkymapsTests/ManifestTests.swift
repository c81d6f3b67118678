import Foundation
import Healpix
import SkymapFiles
import TestSupport
import Testing
import Units

@testable import Skymaps

/// Real maps against what independent tools found in them, where the reference data lie beside the package.
@Suite(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.reason)))
struct ManifestTests {
  struct Entry: Sendable, CustomTestStringConvertible {
    let cells: [String: String]
    var file: String { cells["file"] ?? "" }
    var testDescription: String { file }
    func number(_ name: String) -> Double? { cells[name].flatMap(Double.init) }
  }
  private static func table(_ path: String) -> [Entry] {
    Shared.isPresent ? rows(of: Shared.text(path)).map(Entry.init) : []
  }

  /// Flat maps of millions of pixels are read in the tests of the reader.
  static let maps = table("data/skymaps/manifest.tsv").filter {
    $0.cells["kind"]?.hasPrefix("multi-order") == true
  }
  static let recordedPoints = Dictionary(grouping: table("data/reference/skymap_points.tsv"), by: \.file)
  static let recordedQuantiles = table("data/reference/skymap_radial.tsv")
  static let pointFiles = recordedPoints.keys.filter { $0.contains("multiorder") }.sorted()

  private func read(_ file: String) throws -> Skymap {
    try SkymapFile.read(contentsOf: Shared.url("data/skymaps/\(file)"))
  }

  /// Areas are written with six digits.
  private static let areaAccuracy = 6e-6
  /// So are distances; the recomputed ones of the manifest were summed in single steps.
  private static let distanceAccuracy = 1e-5
  /// `ligo.skymap` sums volumes over a thousand shells, ours are integrals.
  private static let volumeAccuracy = 1e-4

  @Test(arguments: maps)
  func areasDistancesAndVolumes(_ row: Entry) throws {
    let map = try read(row.file)
    let regions = CredibleRegions(of: map)
    // ligo.skymap leaves the map as it is; a level is a share of the sum that the file has.
    let sum = try #require(row.number("sum"))
    for (level, column) in [(0.5, "ligo_area50"), (0.9, "ligo_area90")] {
      let expected = try #require(row.number(column))
      let got = regions.area(at: fraction(level / sum)).squareDegrees
      #expect(abs(got / expected - 1) < Self.areaAccuracy, "\(column)")
    }
    let peak = Direction<ICRS>(
      ra: .degrees(try #require(row.number("max_ra"))), dec: .degrees(try #require(row.number("max_dec"))))
    let level = try #require(regions.searched(at: peak))
    #expect(level.probability.value < 0.01)

    guard let mean = row.number("distmean_calc"), let deviation = row.number("diststd_calc") else { return }
    let posterior = try #require(DistancePosterior(of: map))
    #expect(abs(posterior.mean.megaparsecs / mean - 1) < Self.distanceAccuracy)
    #expect(abs(posterior.standardDeviation.megaparsecs / deviation - 1) < Self.distanceAccuracy)
    let volume = posterior.credibleVolume(at: fraction(0.9))
    if let expected = row.number("ligo_vol90_Mpc3"), expected.isFinite {
      #expect(abs(try #require(volume).cubicMegaparsecs / expected - 1) < Self.volumeAccuracy)
    } else {
      // 21 % of the probability has no distance.
      #expect(volume == nil && posterior.missingProbability.value > 0.1)
    }
  }

  @Test(arguments: pointFiles)
  func pointsAreFoundAsByLigo(_ file: String) throws {
    let map = try read(file)
    let regions = CredibleRegions(of: map)
    let posterior = DistancePosterior(of: map)
    let sum = map.report.sumBeforeNormalisation
    for row in try #require(Self.recordedPoints[file]) {
      func value(_ name: String) throws -> Double { try #require(row.number(name), "\(name)") }
      let d = Direction<ICRS>(ra: .degrees(try value("ra_deg")), dec: .degrees(try value("dec_deg")))
      let searched = try #require(regions.searched(at: d))
      #expect(abs(map.density(at: d) * sum / (try value("probdensity_sr")) - 1) < 2e-9)
      #expect(abs(searched.probability.value * sum - (try value("searched_prob2D"))) < 2e-9)
      #expect(abs(searched.area.squareDegrees / (try value("searched_area_deg2")) - 1) < 2e-9)
      guard let posterior, let one = map.distance(at: d) else { continue }
      let r = Distance.megaparsecs(try value("dist_mpc"))
      #expect(abs(one.mean.megaparsecs / (try value("cond_mean")) - 1) < 2e-9)
      #expect(abs(one.standardDeviation.megaparsecs / (try value("cond_std")) - 1) < 2e-9)
      #expect(abs(one.densityPerMegaparsec(at: r) / (try value("cond_pdf")) - 1) < 2e-9)
      #expect(abs(one.cumulative(at: r).value - (try value("cond_cdf"))) < 5e-9)
      for (p, column) in [(0.05, "cond_p05"), (0.5, "cond_p50"), (0.95, "cond_p95")] {
        #expect(abs(one.quantile(fraction(p)).megaparsecs / (try value(column)) - 1) < 2e-9)
      }
      // The recorded search is that of the shell at or below the distance: a thousandth of six times
      // the mean, in which ligo.skymap counts cells without distance as zero.
      let step = 6 * posterior.mean.megaparsecs * (1 - posterior.missingProbability.value) / 1000
      let shell = Distance.megaparsecs(step * (r.megaparsecs / step).rounded(.down))
      let found = try #require(posterior.searched(at: d, shell))
      let density = try #require(map.densityPerCubicMegaparsec(at: d, shell))
      #expect(abs(density / (try value("probdensity_vol")) - 1) < 2e-9)
      #expect(abs(found.probability.value - (try value("searched_prob_vol"))) < Self.volumeAccuracy)
    }
  }

  @Test(arguments: recordedQuantiles)
  func marginalQuantilesAreThoseOfLigo(_ row: Entry) throws {
    let posterior = try #require(DistancePosterior(of: read(row.file)))
    // Recorded without renormalisation: p of the whole is p / (1 - missing) of what has a distance.
    let located = 1 - posterior.missingProbability.value
    for (p, column) in [(0.05, "marg_p05"), (0.5, "marg_p50"), (0.95, "marg_p95")] {
      let expected = try #require(row.number(column))
      #expect(abs(posterior.quantile(fraction(p / located)).megaparsecs / expected - 1) < 1e-7)
    }
    // Nor were the moments.
    let (mean, deviation) = (posterior.mean.megaparsecs, posterior.standardDeviation.megaparsecs)
    let first = located * mean
    let second = located * (deviation * deviation + mean * mean)
    #expect(abs(first / (try #require(row.number("marg_mean"))) - 1) < 1e-7)
    #expect(abs((second - first * first).squareRoot() / (try #require(row.number("marg_std"))) - 1) < 1e-6)
  }
}
