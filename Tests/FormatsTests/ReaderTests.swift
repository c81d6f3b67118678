import Foundation
import TestSupport
import Testing
import Units

@testable import Formats
@testable import Planning

/// Python with astropy: `VESPER_PYTHON`, or `python3` when it can import it.
enum Python {
  static let executable: String? = {
    let named = ProcessInfo.processInfo.environment["VESPER_PYTHON"]
    let candidate = named ?? "python3"
    return run(candidate, ["-c", "import astropy, numpy"]) == nil ? nil : candidate
  }()
  static let reason =
    "no Python with astropy (set VESPER_PYTHON): files are not read by other people's readers"

  /// Standard output of a program that ends well; nil otherwise. By the C library: Foundation's `Process`
  /// can wait for ever when several threads use it.
  static func run(_ program: String, _ arguments: [String]) -> Data? {
    let quoted = ([program] + arguments).map {
      "'" + $0.replacingOccurrences(of: "'", with: "'\\''") + "'"
    }
    guard let pipe = popen(quoted.joined(separator: " ") + " 2>/dev/null", "r") else { return nil }
    var data = Data()
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fread(&buffer, 1, buffer.count, pipe)
      if count == 0 { break }
      data.append(contentsOf: buffer[..<count])
    }
    return pclose(pipe) == 0 ? data : nil
  }
}

private struct Seen: Decodable {
  struct Region: Decodable {
    let kind: String
    let raDeg: [Double]
    let decDeg: [Double]
    let widthDeg: Double?
    let radiusDeg: Double?
  }
  struct Telescope: Decodable {
    let ecsvUnits: [String: String]
    let ecsvTypes: [String: String]
    let ecsvMeta: [String: String]
    let ecsvRaDeg: [Double]
    let ecsvDecDeg: [Double]
    let ecsvMjd: [Double]
    let ecsvFieldId: [String]
    let ecsvFilterMissing: [Bool]
    let csv: [[String]]
    let textHeader: [String]
    let textColumns: [Int]
    let textRaDeg: [Double]
    let textDecDeg: [Double]
    let regions: [Region]?
  }
  let digests: [String: [String]]
  let schemaErrors: [String]
  let telescopes: [String: Telescope]
  let network: [NetworkRow]
  struct NetworkRow: Decodable {
    let name: String
    let mjd: Double
    init(from decoder: any Decoder) throws {
      var row = try decoder.unkeyedContainer()
      name = try row.decode(String.self)
      _ = try row.decode(Double.self)
      _ = try row.decode(Double.self)
      mjd = try row.decode(Double.self)
    }
  }
}

private enum Tolerance {
  /// ECSV keeps eight decimals of a degree.
  static let table = Angle.arcseconds(0.0001)
  /// The text's sexagesimal columns: 0.005 s of right ascension and 0.05 arcsec.
  static let sexagesimal = Angle.arcseconds(0.1)
  /// Six decimals of a degree in both coordinates.
  static let regions = Angle.arcseconds(0.003)
  /// A tenth of a millisecond in days: what a double MJD holds with room.
  static let days = 1e-9
}

@Suite(.enabled(if: Python.executable != nil, Comment(rawValue: Python.reason)))
struct ReaderTests {
  @Test(arguments: PlanCase.allCases)
  func otherPeoplesReadersSeeThePlan(_ c: PlanCase) throws {
    let document = c.document
    let folder = FileManager.default.temporaryDirectory.appending(path: "vesper-formats-\(UUID().uuidString)")
    // A leftover in the temporary folder is harmless.
    defer { try? FileManager.default.removeItem(at: folder) }
    try write(document, to: folder)
    let output = try #require(
      Python.run(
        Python.executable!, [fixture("oracles/formats-readers.py").path, folder.path, fixture("schema").path]),
      "formats-readers.py failed")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let seen = try decoder.decode(Seen.self, from: output)
    #expect(seen.schemaErrors.isEmpty, "\(seen.schemaErrors)")
    #expect(seen.network.count == document.plans.reduce(0) { $0 + $1.totals.exposures })
    for plan in document.plans {
      let pair = try #require(seen.digests[plan.telescope.slug])
      #expect(pair[0] == pair[1], "the digest can be recomputed outside")
      compare(plan, try #require(seen.telescopes[plan.telescope.slug]))
    }
  }

  private func compare(_ plan: PlanDocument, _ seen: Seen.Telescope) {
    let places = plan.rows.map { Direction<ICRS>(ra: .degrees($0.raDeg), dec: .degrees($0.decDeg)) }
    func near(_ ra: [Double], _ dec: [Double], _ tolerance: Angle) -> Bool {
      ra.count == places.count
        && zip(zip(ra, dec), places).allSatisfy {
          Direction(ra: .degrees($0.0), dec: .degrees($0.1)).separation(from: $1) < tolerance
        }
    }
    #expect(near(seen.ecsvRaDeg, seen.ecsvDecDeg, Tolerance.table))
    #expect(near(seen.textRaDeg, seen.textDecDeg, Tolerance.sexagesimal))
    #expect(
      zip(seen.ecsvMjd, plan.rows).allSatisfy { abs($0 - $1.startUTC.instant.mjdUTC) < Tolerance.days })
    #expect(seen.ecsvMjd.count == plan.rows.count)
    #expect(seen.ecsvUnits["ra_deg"] == "deg" && seen.ecsvUnits["exptime_s"] == "s")
    #expect(seen.ecsvMeta["telescope"] == plan.telescope.name && seen.ecsvMeta["sha256"] == plan.sha256)
    if !plan.rows.isEmpty {
      #expect(seen.ecsvTypes["rank"] == "i" && seen.ecsvTypes["ra_deg"] == "f")
      // astropy shows an empty text as a masked value, `--`, quoted or not.
      #expect(
        seen.ecsvFieldId
          == plan.rows.map { $0.fieldID.isEmpty ? "--" : String($0.fieldID.map { $0.isNewline ? " " : $0 }) })
      #expect(seen.ecsvFilterMissing == plan.rows.map { $0.filter == nil })
    }
    #expect(seen.csv.count == plan.rows.count + 1 && seen.csv.allSatisfy { $0.count == 25 })
    #expect(seen.textColumns.allSatisfy { $0 == 15 })
    if let regions = seen.regions { compare(plan, regions) }
  }

  private func compare(_ plan: PlanDocument, _ regions: [Seen.Region]) {
    let parts = plan.instrument.polygonsDeg?.count ?? 1
    #expect(regions.count == plan.rows.count * parts)
    for (row, k) in zip(plan.rows, 0...) {
      let shapes = regions[(k * parts)..<((k + 1) * parts)]
      let center = Direction<ICRS>(ra: .degrees(row.raDeg), dec: .degrees(row.decDeg))
      if plan.instrument.shape == .polygons {
        let corners = FootprintOutline.corners(of: plan.instrument, at: row)
        for (shape, part) in zip(shapes, corners) {
          #expect(shape.kind == "PolygonSkyRegion" && shape.raDeg.count == part.count)
          for (i, corner) in part.enumerated() {
            let read = Direction<ICRS>(ra: .degrees(shape.raDeg[i]), dec: .degrees(shape.decDeg[i]))
            #expect(read.separation(from: corner) < Tolerance.regions)
          }
        }
      } else {
        for shape in shapes {
          let read = Direction<ICRS>(ra: .degrees(shape.raDeg[0]), dec: .degrees(shape.decDeg[0]))
          #expect(read.separation(from: center) < Tolerance.regions)
          if let width = shape.widthDeg { #expect(abs(width - plan.instrument.fovDeg![0]) < 1e-6) }
          if let radius = shape.radiusDeg { #expect(abs(radius - plan.instrument.radiusDeg!) < 1e-6) }
        }
      }
    }
  }

  private func write(_ document: NetworkPlanDocument, to folder: URL) throws {
    func save(_ text: String, _ path: String) throws {
      try Data(text.utf8).write(to: folder.appending(path: path))
    }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try save(document.json(), "plan.json")
    try save(NetworkCSV.render(document), "network.csv")
    for plan in document.plans {
      let slug = plan.telescope.slug
      try FileManager.default.createDirectory(
        at: folder.appending(path: slug), withIntermediateDirectories: true)
      try save(PlanText.render(plan), "\(slug)/plan.txt")
      try save(PlanCSV.render(plan), "\(slug)/plan.csv")
      try save(PlanECSV.render(plan), "\(slug)/plan.ecsv")
      try save(PlanRegions.render(plan), "\(slug)/plan.reg")
    }
  }
}
