import Foundation
import Healpix
import TestSupport
import Testing
import Units

@testable import Formats
@testable import Planning

private struct Recorded: Decodable {
  struct Position: Decodable {
    let raDeg: Double
    let decDeg: Double
    let hms: String
    let dms: String
    let hours: Double
  }
  struct Moment: Decodable {
    let utc: String
    let acp: String
    let plusHours: String
  }
  struct Footprint: Decodable {
    let raDeg: Double
    let decDeg: Double
    let widthDeg: Double
    let heightDeg: Double
    let paDeg: Double
    let order: Int
    let moc: String
    let fineAreaDeg2: Double
  }
  let positions: [Position]
  let times: [Moment]
  let footprints: [Footprint]

  static func load() throws -> Recorded {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(
      Recorded.self, from: Data(contentsOf: fixture("oracles/formats-operators.json")))
  }
}

private struct SeenOutside: Decodable {
  let version: String
  let parameters: [String: String]
  let badUcds: [String]
  let units: [String: String]
  let raDeg: [Double]
  let decDeg: [Double]
  let mjd: [Double]
  let nexp: [Int]
  let exptimeS: [Double]
  let telescope: String
  let ecsvRows: Int
  let mocOrder: Int
  let mocCells: String
  let mocAreaDeg2: Double
  let mocFormsAgree: Bool
  let mocCards: [String: String]
  let mocStatus: String
  let mocSha256: String
  let mocHoldsCenters: [Bool]
}

/// A rendered row at a place, for one format after the other.
private func plan(ra: Double, dec: Double) -> PlanDocument {
  var plan = NetworkPlanDocument(Synthetic.example).plans[0]
  plan.rows = [plan.rows[0]]
  (plan.rows[0].raDeg, plan.rows[0].decDeg) = (ra, dec)
  return plan.sealed()
}

@Suite struct OperatorOracleTests {
  @Test func coordinatesAreThoseOfAstropy() throws {
    for p in try Recorded.load().positions {
      // 24 h and a negative nothing are written as programs can read them.
      let hms = p.hms.replacing("24:00:00.00", with: "00:00:00.00")
      let dms = p.dms.replacing("-00:00:00.0", with: "+00:00:00.0")
      let document = plan(ra: p.raDeg, dec: p.decDeg)
      let acp = String(decoding: PlanFormat.acp.render(document), as: UTF8.self)
      #expect(acp.contains("_001\t\(hms)\t\(dms)\r\n"), "\(p)")
      let rts2 = String(decoding: PlanFormat.rts2.render(document), as: UTF8.self)
      #expect(rts2.contains("'\(hms) \(dms)'"), "\(p)")
      let nina = try Strict.nina(String(decoding: PlanFormat.nina.render(document), as: UTF8.self))
      let read = Direction<ICRS>(ra: .degrees(nina.rows[0].raDeg), dec: .degrees(nina.rows[0].decDeg))
      let planned = Direction<ICRS>(ra: .degrees(p.raDeg), dec: .degrees(p.decDeg))
      #expect(read.separation(from: planned) < .arcseconds(0.1), "\(p)")
      let decimal = try SitePreferences(coordinates: .decimal)
      let row = try Strict.acp(String(decoding: PlanFormat.acp.render(document, decimal), as: UTF8.self))
        .rows[0]
      // Half of the eighth decimal of an hour, and 24 h written as 0.
      let difference = abs(row.raDeg / 15 - p.hours)
      #expect(min(difference, 24 - difference) < 6e-9, "\(p)")
    }
  }

  @Test func timesAreThoseOfAstropy() throws {
    let india = try LocalTime(zone: "Asia/Kolkata", minutesEast: 330)
    for t in try Recorded.load().times {
      #expect(PlanACP.date(Instant(iso8601: t.utc)!.iso8601()) == t.acp)
      #expect(india.text(UTCTime(Instant(iso8601: t.utc)!)) == t.plusHours)
    }
  }

  /// The cells hold what mocpy finds, and little more.
  @Test func footprintsCoverThoseOfMocpy() throws {
    for f in try Recorded.load().footprints {
      var document = plan(ra: f.raDeg, dec: f.decDeg)
      document.rows[0].paDeg = f.paDeg
      document.instrument.shape = .rectangle
      document.instrument.fovDeg = [f.widthDeg, f.heightDeg]
      let moc = PlanMOC(document)
      let (ours, order) = (moc.coverage, moc.order)
      #expect(order == f.order)
      let theirs = try Coverage(mocASCII: f.moc)
      #expect(theirs.subtracting(ours).isEmpty, "\(f.raDeg): a cell of mocpy's is missing")
      // A rim of a cell's diagonal all around: 2 (w + h) d / 2 and its corners.
      let rim = 2 * (f.widthDeg + f.heightDeg) * 58.6 / Double(1 << order) * 2.squareRoot()
      #expect(ours.area.squareDegrees < f.fineAreaDeg2 + 1.2 * rim)
      #expect(ours.area.squareDegrees >= f.fineAreaDeg2 * 0.999)
    }
  }

  @Test(
    .enabled(if: Python.executable != nil, Comment(rawValue: Python.reason)), arguments: PlanCase.allCases)
  func otherPeoplesReadersSeeThePlan(_ c: PlanCase) throws {
    for plan in c.document.plans {
      let seen = try read(plan)
      #expect(seen.version == "1.4" && seen.badUcds.isEmpty, "\(seen.badUcds)")
      #expect(seen.parameters["STATUS"] == plan.status.rawValue && seen.parameters["sha256"] == plan.sha256)
      #expect(
        seen.telescope == plan.telescope.name && seen.units["ra_deg"] == "deg"
          && seen.units["exptime_s"] == "s")
      #expect(seen.raDeg == plan.rows.map(\.raDeg) && seen.decDeg == plan.rows.map(\.decDeg))
      #expect(seen.nexp == plan.rows.map(\.nexp) && seen.exptimeS == plan.rows.map(\.exptimeS))
      // A tenth of a millisecond in days.
      #expect(zip(seen.mjd, plan.rows).allSatisfy { abs($0 - $1.startUTC.instant.mjdUTC) < 1e-9 })
      #expect(seen.mjd.count == plan.rows.count && seen.ecsvRows == plan.rows.count)
      let moc = PlanMOC(plan)
      let (coverage, order) = (moc.coverage, moc.order)
      #expect(seen.mocOrder == order && seen.mocFormsAgree)
      #expect(seen.mocStatus == plan.status.rawValue && seen.mocSha256 == plan.sha256)
      #expect(seen.mocCards["STATUS"] == plan.status.rawValue && seen.mocCards["SHA256"] == plan.sha256)
      #expect(seen.mocCards["PLANROWS"] == "\(plan.rows.count)")
      #expect(try Coverage(mocASCII: seen.mocCells) == coverage)
      #expect(abs(seen.mocAreaDeg2 - coverage.area.squareDegrees) < 1e-6 * (1 + seen.mocAreaDeg2))
      if plan.instrument.shape != nil, plan.instrument.shape != .polygons {
        #expect(seen.mocHoldsCenters == plan.rows.map { _ in true })
      }
    }
  }

  private func read(_ plan: PlanDocument) throws -> SeenOutside {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "vesper-operators-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    // A leftover in the temporary folder is harmless.
    defer { try? FileManager.default.removeItem(at: folder) }
    for format in [PlanFormat.votable, .ecsv, .mocJSON, .mocASCII, .mocFITS] {
      try Data(format.render(plan)).write(to: folder.appending(path: format.fileName))
    }
    let output = try #require(
      Python.run(Python.executable!, [fixture("oracles/formats-operators.py").path, folder.path]),
      "formats-operators.py failed")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(SeenOutside.self, from: output)
  }

  /// A real shell runs the RTS2 script with stand-ins that print their arguments.
  @Test func aShellSeesTheWordsAndRunsNothingOfACutScript() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "vesper-rts2-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    // A leftover in the temporary folder is harmless.
    defer { try? FileManager.default.removeItem(at: folder) }
    for name in ["rts2-newtarget", "rts2-target", "rts2-plan"] {
      let url = folder.appending(path: name)
      try Data("#!/bin/sh\nprintf '<%s>' \(name) \"$@\"\necho\n".utf8).write(to: url)
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: url.path)
    }
    var document = NetworkPlanDocument(Synthetic.example).plans[0]
    document.rows[0].filter = "g'; touch \(folder.path)/broken; echo '"
    let script = PlanFormat.rts2.render(document.sealed())
    func run(_ bytes: ArraySlice<UInt8>) throws -> String {
      let url = folder.appending(path: "plan.rts2")
      try Data(bytes).write(to: url)
      let command = "PATH=\(folder.path):$PATH sh \(url.path) 2>&1; true"
      return String(decoding: Python.run("sh", ["-c", command]) ?? Data(), as: UTF8.self)
    }
    let lines = try run(script[...]).split(separator: "\n")
    #expect(lines.count == 6)
    #expect(lines[0] == "<rts2-newtarget><-a><-f><S230518h_r4_001><14:45:21.17 +23:48:33.8>")
    #expect(
      lines[4].hasPrefix("<rts2-target><--name-only><-c><C0><-s><filter=i for 3 { E 60 }><S230518h_r4_002>"))
    #expect(lines[5] == "<rts2-plan><--add><S230518h_r4_002><2026-11-21U03:14:30>")
    #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "broken").path))
    let call = String(decoding: script, as: UTF8.self).range(of: "\n}\nplan")!
    let complete = String(decoding: script, as: UTF8.self)[..<call.upperBound].utf8.count
    for length in stride(from: 0, to: complete, by: 97) + [complete - 1] {
      #expect(!(try run(script[..<length])).contains("<rts2-"), "cut at \(length)")
    }
  }
}

private func + (a: StrideTo<Int>, b: [Int]) -> [Int] { Array(a) + b }
