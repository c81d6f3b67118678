import Foundation
import Healpix
import Observatories
import Skymaps
import TestSupport
import Testing
import Units

@testable import Checking

private struct JudgeOracle: Decodable {
  struct Row: Decodable {
    var broken: [String]
    var altMinDeg: Double
    var sunMaxDeg: Double
    var moonMinDeg: Double
  }
  struct Tally: Decodable {
    var rows: Int
    var overlaps: Int
    /// Overlaps included.
    var shortGaps: Int
    var probability: Double
  }
  struct Case: Decodable {
    var csv: String
    var rows: [Row]
    var telescopes: [String: Tally]
    var probability: Double
    var fineProbability: Double
    var fineAreaDeg2: Double
    var tileProbability: [Double]
    var map: String?
    var uniq: [UInt64]?
    var densityPerSr: [Double]?
  }
  struct Limits: Decodable {
    var latDeg: Double
    var lonDegEast: Double
    var elevationM: Double
    var fovDeg: Double
    var readoutS: Double
    var slewDegS: Double
    var horizonDeg: Double
    var maxAirmass: Double
    var moonSepDeg: Double
    var decMinDeg: Double
    var decMaxDeg: Double
  }
  var ut1MinusUtcS: Double
  var network: [String: Limits]
  var made: Case
  var real: Case

  func telescope(_ name: String) -> Telescope? {
    network[name].map {
      makeTelescope(
        name, latitude: $0.latDeg, longitude: $0.lonDegEast, height: $0.elevationM, side: $0.fovDeg,
        readout: $0.readoutS, slew: $0.slewDegS, minAltitude: $0.horizonDeg, maxAirmass: $0.maxAirmass,
        moon: $0.moonSepDeg, declinations: $0.decMinDeg...$0.decMaxDeg)
    }
  }
}

private enum Tolerance {
  /// The judge's raster, three orders finer than it uses, against the checker's.
  static let probability = 2e-4
  /// One raster or the other on a tile that holds up to 6 % of a map; the finer one has 400 pixels a side.
  static let tile = 5e-5
  static let area = 1e-3
  /// The judge measures the Moon from the catalogue place of a star, without aberration (20 arcsec), and
  /// both take the built-in lunar theory; altitudes differ by the Earth orientation of one day.
  static let angle = 0.007
}

/// Verdicts against those of the benchmark's judge, on plans full of faults.
@Suite struct JudgeTests {
  @Test func madeMap() throws {
    let oracle = try oracle("checking-judge", as: JudgeOracle.self)
    let (uniq, density) = (try #require(oracle.made.uniq), try #require(oracle.made.densityPerSr))
    let map = makeMap(
      try zip(uniq, density).map { (try #require(Cell(uniq: $0)), $1) })
    try compare(oracle.made, oracle, map)
  }

  @Test(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.reason)))
  func publishedMap() throws {
    let oracle = try oracle("checking-judge", as: JudgeOracle.self)
    let file = Shared.url(try #require(oracle.real.map))
    let columns = try FITSColumns(Data(contentsOf: file))
    let uniq = try columns.integers("UNIQ")
    let density = try columns.doubles("PROBDENSITY")
    let map = makeMap(
      try zip(uniq, density).map { (try #require(Cell(uniq: UInt64(bitPattern: $0))), $1) })
    try compare(oracle.real, oracle, map)
  }

  private func compare(_ expected: JudgeOracle.Case, _ oracle: JudgeOracle, _ map: Skymap) throws {
    let plan = try CheckedPlan(csv: expected.csv.utf8, telescopes: oracle.telescope)
    let checker = PlanChecker(earth: .init(ut1MinusUTC: .seconds(oracle.ut1MinusUtcS)))
    let report = try checker.check(plan, on: map)

    let probability = try #require(report.network.probability)
    print("probability", probability - expected.fineProbability, "judge", expected.probability - probability)
    #expect(abs(probability - expected.fineProbability) < Tolerance.probability)
    #expect(abs(report.network.area.squareDegrees / expected.fineAreaDeg2 - 1) < Tolerance.area)

    compareRows(expected, report, plan)
    for (name, tally) in expected.telescopes {
      let part = try #require(report.telescopes.first { $0.name == name })
      #expect(part.assignments == tally.rows)
      #expect(abs((part.probability ?? -1) - tally.probability) < 1e-3, "\(name)")
      let found = report.violations.filter { $0.telescope == name }
      #expect(found.count { $0.rule == .overlap } == tally.overlaps, "\(name)")
      #expect(found.count { $0.rule == .overlap || $0.rule == .shortGap } == tally.shortGaps, "\(name)")
    }
    let tiles = CoverageResult(of: Track.tracks(of: plan), on: map)
    for (track, share) in zip(Track.tracks(of: plan), tiles.telescopes) {
      for (row, found) in zip(track.rows, share.rows) {
        let judged = expected.tileProbability[row.assignment.row - 2]
        #expect(abs(found.alone - judged) < Tolerance.tile, "line \(row.assignment.row)")
      }
    }
  }

  /// The same rows break the same rules, by the same amounts.
  private func compareRows(_ expected: JudgeOracle.Case, _ report: CheckReport, _ plan: CheckedPlan) {
    let pointing: Set<Finding.Rule> = [.sunUp, .lowAltitude, .highAirmass, .nearMoon, .declination]
    let byRow = Dictionary(grouping: report.violations.filter { pointing.contains($0.rule) }) { $0.row ?? 0 }
    for (i, row) in expected.rows.enumerated() {
      // The header is line 1.
      let found = byRow[i + 2] ?? []
      #expect(Set(found.map(\.rule.rawValue)) == Set(row.broken), "line \(i + 2)")
      for finding in found {
        let judged: Double? =
          switch finding.rule {
          case .sunUp: row.sunMaxDeg
          case .lowAltitude: row.altMinDeg
          case .nearMoon: row.moonMinDeg
          default: nil
          }
        guard let judged, let measured = finding.measured?.value else { continue }
        #expect(abs(measured - judged) < Tolerance.angle, "line \(i + 2) \(finding.rule)")
      }
    }
  }
}

/// Columns of the first binary table of an uncompressed FITS file (FITS 4.0, sections 3.3 and 7.3), as
/// far as this test needs: scalar K and D columns.
private struct FITSColumns {
  enum Failure: Error {
    case noTable
    case noColumn(String)
  }
  private let bytes: [UInt8]
  private var data = 0
  private var width = 0
  private var rows = 0
  private var offsets: [String: Int] = [:]

  init(_ file: Data) throws {
    bytes = Array(file)
    var position = 0
    while position + 2880 <= bytes.count {
      var cards: [String: String] = [:]
      (cards, position) = header(at: position)
      func number(_ key: String) -> Int { cards[key].flatMap { Int($0) } ?? 0 }
      let axes = (0..<number("NAXIS")).map { number("NAXIS\($0 + 1)") }
      if cards["XTENSION"]?.hasPrefix("BINTABLE") == true {
        (data, width, rows) = (position, axes[0], axes[1])
        var offset = 0
        for i in 1...max(1, number("TFIELDS")) {
          offsets[cards["TTYPE\(i)"] ?? ""] = offset
          let sizes: [Character: Int] = ["L": 1, "B": 1, "I": 2, "J": 4, "E": 4, "K": 8, "D": 8]
          offset += sizes[cards["TFORM\(i)"]?.last ?? "?"] ?? 0
        }
        return
      }
      let size = axes.isEmpty ? 0 : axes.reduce(abs(number("BITPIX")) / 8, *) + number("PCOUNT")
      position += (size + 2879) / 2880 * 2880
    }
    throw Failure.noTable
  }

  private func header(at start: Int) -> (cards: [String: String], end: Int) {
    var cards: [String: String] = [:]
    var position = start
    while position + 80 <= bytes.count {
      let card = String(decoding: bytes[position..<position + 80], as: UTF8.self)
      position += 80
      if card.hasPrefix("END     ") { break }
      let value = card.dropFirst(10).split(separator: "/", omittingEmptySubsequences: false)[0]
      cards[card.prefix(8).trimmingCharacters(in: .whitespaces)] =
        value.trimmingCharacters(in: CharacterSet(charactersIn: " '"))
    }
    return (cards, start + (position - start + 2879) / 2880 * 2880)
  }

  func integers(_ column: String) throws -> [Int64] {
    guard let offset = offsets[column] else { throw Failure.noColumn(column) }
    return (0..<rows).map { row in
      let from = data + row * width + offset
      return Int64(bitPattern: bytes[from..<from + 8].reduce(0) { $0 << 8 | UInt64($1) })
    }
  }

  func doubles(_ column: String) throws -> [Double] {
    try integers(column).map { Double(bitPattern: UInt64(bitPattern: $0)) }
  }
}
