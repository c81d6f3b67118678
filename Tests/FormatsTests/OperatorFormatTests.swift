import Foundation
import Healpix
import TestSupport
import Testing
import Units

@testable import Formats
@testable import Planning

private enum Tolerance {
  /// Half of 0.01 s of right ascension (0.075 arcsec) and of 0.1 arcsec, in both coordinates.
  static let sexagesimal = Angle.arcseconds(0.1)
  /// Half of the eighth decimal of an hour.
  static let decimal = Angle.arcseconds(0.0004)
  /// Exposures are written to the millisecond.
  static let exposure = 0.000_6
}

private func text(_ format: PlanFormat, _ plan: PlanDocument, _ p: SitePreferences = .standard) -> String {
  String(decoding: format.render(plan, p), as: UTF8.self)
}

/// All that the readers see must be what the document says.
private func compare(
  _ seen: SeenPlan, _ plan: PlanDocument, tolerance: Angle = Tolerance.sexagesimal, times: Bool = true,
  filters: Bool = true, _ place: SourceLocation = #_sourceLocation
) {
  #expect(seen.status == plan.status.rawValue, sourceLocation: place)
  #expect(seen.digest == plan.sha256, sourceLocation: place)
  #expect(seen.made == plan.made.instant.iso8601(), sourceLocation: place)
  #expect(seen.rows.count == plan.rows.count, sourceLocation: place)
  var filter: String?
  for (a, b) in zip(seen.rows, plan.rows) {
    let read = Direction<ICRS>(ra: .degrees(a.raDeg), dec: .degrees(a.decDeg))
    let planned = Direction<ICRS>(ra: .degrees(b.raDeg), dec: .degrees(b.decDeg))
    #expect(read.separation(from: planned) < tolerance, "\(b.target)", sourceLocation: place)
    guard times else { continue }
    let late = a.start.map { $0.seconds(since: b.startUTC.instant) } ?? -1
    #expect(late >= 0 && late < 1, "\(b.target) starts \(late) s late", sourceLocation: place)
    #expect(abs(a.exposure - b.exptimeS) < Tolerance.exposure, sourceLocation: place)
    #expect(a.count == b.nexp, sourceLocation: place)
    filter = b.filter ?? filter
    if filters, b.filter != nil { #expect(a.filter == filter, sourceLocation: place) }
  }
}

@Suite struct OperatorFormatTests {
  @Test func acpIsAsSpecified() {
    let plan = NetworkPlanDocument(Synthetic.example).plans[0]
    let acp = text(.acp, plan)
    #expect(acp.hasPrefix("; GRANDMA plan  telescope=TAROT/TCA  event=S230518h  STATUS=GO\r\n"))
    #expect(
      acp.contains(
        "#WAITUNTIL 1, 21-Nov-2026 03:14:30\r\n#COUNT 3\r\n#INTERVAL 60\r\n#BINNING 1\r\n#FILTER i\r\n"
          + "S230518h_r4_002\t13:09:47.70\t-23:23:02.0\r\n"))
    #expect(acp.hasSuffix("\r\n; END rows=2 sha256=\(plan.sha256!)\r\n"))
    #expect(!acp.contains("#QUITAT") && !acp.contains("#POSANG"))
  }

  @Test func ninaIsAsSpecified() {
    let plan = NetworkPlanDocument(Synthetic.example).plans[0]
    let lines = text(.nina, plan).components(separatedBy: "\r\n")
    #expect(lines[0].hasPrefix("Pane, RA, DEC, Position Angle (East), STATUS=GO, plan=S230518h-r4-"))
    #expect(lines[1] == "S230518h_r4_001_R_120s, 14h45m21.17s, +23d48m33.8s, 0.00")
    #expect(lines[2] == "S230518h_r4_002_i_3x60s, 13h09m47.70s, -23d23m02.0s, 0.00")
  }

  @Test func rts2IsAsDocumented() {
    let plan = NetworkPlanDocument(Synthetic.example).plans[0]
    #expect(
      text(.rts2, plan).contains(
        """
        rts2-newtarget -a -f S230518h_r4_002 '13:09:47.70 -23:23:02.0' || return
        rts2-target --name-only -c C0 -s 'filter=i for 3 { E 60 }' S230518h_r4_002 || return
        rts2-plan --add S230518h_r4_002 2026-11-21U03:14:30 || return
        }
        plan
        # END rows=2 sha256=
        """))
  }

  @Test(arguments: PlanCase.allCases)
  func strictReadersSeeThePlan(_ c: PlanCase) throws {
    for plan in c.document.plans {
      let hasOddNames = plan.rows.contains { ($0.filter ?? "R") != ASCIIText.token($0.filter ?? "R") }
      compare(try Strict.acp(text(.acp, plan)), plan, filters: !hasOddNames)
      compare(try Strict.nina(text(.nina, plan)), plan, times: false)
      compare(try Strict.rts2(text(.rts2, plan)), plan, filters: !hasOddNames)
      try compareTable(plan)
      let json = try PlanDocument(json: PlanFormat.json.render(plan))
      #expect(json == plan && json.sha256 == json.digest())
    }
  }

  private func compareTable(_ plan: PlanDocument) throws {
    let table = try VOTableReader.read(PlanFormat.votable.render(plan))
    #expect(table.parameters["STATUS"] == plan.status.rawValue)
    #expect(table.parameters["sha256"] == plan.sha256 && table.parameters["made"] == plan.made.text)
    #expect(table.parameters["telescope"] == plan.telescope.name)
    #expect(table.rows.count == plan.rows.count)
    for (cells, row) in zip(table.rows, plan.rows) {
      let seen = Dictionary(uniqueKeysWithValues: zip(table.fields, cells))
      #expect(Double(seen["ra_deg"]!) == row.raDeg && Double(seen["dec_deg"]!) == row.decDeg)
      #expect(seen["start_utc"] == row.startUTC.text && seen["nexp"] == "\(row.nexp)")
      #expect(seen["tile_key"] == row.tileKey && seen["filter"] == row.filter ?? "")
    }
  }

  @Test func stopHasNoRowsAnywhere() throws {
    let stopped = NetworkPlanDocument(Synthetic.stopped).plans[0]
    var careless = NetworkPlanDocument(Synthetic.example).plans[0]
    careless.status = .stop
    for plan in [stopped, careless.sealed()] {
      let acp = try Strict.acp(text(.acp, plan))
      let rts2 = text(.rts2, plan)
      let nina = try Strict.nina(text(.nina, plan))
      #expect(acp.status == "STOP" && acp.rows.isEmpty)
      #expect(text(.acp, plan).components(separatedBy: "\r\n").dropLast().allSatisfy { $0.hasPrefix(";") })
      #expect(try Strict.rts2(rts2).status == "STOP" && !rts2.contains("plan()"))
      #expect(nina.status == "STOP" && nina.rows.isEmpty)
      let table = try VOTableReader.read(PlanFormat.votable.render(plan))
      #expect(table.parameters["STATUS"] == "STOP" && table.rows.isEmpty)
      #expect(try Strict.planText(text(.text, plan)).rows.isEmpty)
      let csv = try Strict.csv(text(.csv, plan))
      #expect(csv.count == 1 && csv[0].last?.hasPrefix("STATUS=STOP rows=0 sha256=") == true)
      #expect(text(.mocFITS, plan).contains("STATUS  = 'STOP    '"))
      #expect(try PlanDocument(json: PlanFormat.json.render(plan)).rows.isEmpty)
      #expect(PlanMOC(plan).coverage.isEmpty)
      #expect(text(.mocJSON, plan).hasPrefix("{\"STATUS\":\"STOP\","))
      #expect(text(.regions, plan).contains("STATUS=STOP") && !text(.regions, plan).contains("box("))
      #expect(text(.ecsv, plan).contains("\"STOP\""))
    }
  }

  /// A line cut anywhere must show it: every 97th byte.
  @Test func truncationIsDetected() throws {
    let plan = NetworkPlanDocument(Synthetic.example).plans[0]
    let readers: [(PlanFormat, ([UInt8]) throws -> Void)] = [
      (.text, { _ = try Strict.planText(String(decoding: $0, as: UTF8.self)) }),
      (.acp, { _ = try Strict.acp(String(decoding: $0, as: UTF8.self)) }),
      (.nina, { _ = try Strict.nina(String(decoding: $0, as: UTF8.self)) }),
      (.rts2, { _ = try Strict.rts2(String(decoding: $0, as: UTF8.self)) }),
      (.votable, { _ = try VOTableReader.read($0) }),
      (.json, { _ = try PlanDocument(json: $0) }),
      (.mocJSON, { _ = try JSONSerialization.jsonObject(with: Data($0)) }),
      (.mocASCII, { _ = try MOCText.read($0) }),
    ]
    for (format, read) in readers {
      let bytes = format.render(plan)
      #expect(throws: Never.self, "\(format)") { try read(bytes) }
      // Ends of all cells and lines of the last row too, where a cut is least visible.
      let lengths =
        Array(stride(from: 0, to: bytes.count - 1, by: 97)) + Array((bytes.count - 160)..<(bytes.count - 1))
      for length in lengths {
        #expect(throws: (any Error).self, "\(format) cut at \(length) of \(bytes.count)") {
          try read(Array(bytes[..<length]))
        }
      }
    }
  }

  static let hostile = [
    "=1+1", "-2", "@SUM(A1)", "\t=x", "a\r\nb", "a\nb", "../../etc/passwd", "<script>&\"'", "]]>",
    "\u{0}\u{7}", "\u{202E}abc", String(repeating: "é", count: 4096), "'; rm -rf / #", "$(reboot)", "`id`",
    "{}", "a,b;c", "\u{FFFE}", "\u{1F52D}", "", "  ", "STATUS=STOP", "# END rows=0 sha256=0", "\u{2028}",
    "\" onload=\"", "%s%n", "\\", "'", "; END rows=0 sha256=0", "}\nplan", "g'", "--->", "&lt;",
  ]

  @Test(arguments: hostile)
  func hostileNamesAreSafe(_ name: String) throws {
    for sample in NetworkPlanDocument(Synthetic.awkward).plans {
      var plan = sample
      (plan.telescope.name, plan.event.id, plan.planID, plan.notes) = (name, name, "p" + name, [name])
      for i in plan.rows.indices {
        plan.rows[i].filter = name
        (plan.rows[i].fieldID, plan.rows[i].target, plan.rows[i].tileKey) = (name, name, name)
        plan.rows[i].reason = name
      }
      plan = plan.sealed()
      compare(try Strict.acp(text(.acp, plan)), plan, filters: false)
      compare(try Strict.nina(text(.nina, plan)), plan, times: false)
      compare(try Strict.rts2(text(.rts2, plan)), plan, filters: false)
      let table = try VOTableReader.read(PlanFormat.votable.render(plan))
      #expect(table.parameters["STATUS"] == plan.status.rawValue && table.rows.count == plan.rows.count)
      #expect(try Strict.planText(text(.text, plan)).rows.count == plan.rows.count)
      let csv = try Strict.csv(text(.csv, plan))
      #expect(csv.count == plan.rows.count + 1)
      for cell in csv.dropFirst().flatMap({ row in [0, 1, 3, 5, 6, 17, 24].map { row[$0] } }) {
        #expect(!"=+-@\t\r".contains(cell.first ?? " "), "a text that a spreadsheet would run")
      }
      #expect(csv[1][8].hasPrefix("-") == (plan.rows[0].decDeg < 0), "declinations are never guarded")
      let moc = try JSONSerialization.jsonObject(with: Data(PlanFormat.mocJSON.render(plan)))
      #expect((moc as? [String: Any])?["STATUS"] as? String == plan.status.rawValue)
      #expect(try MOCText.read(PlanFormat.mocASCII.render(plan)) == PlanMOC(plan).coverage)
      #expect(try PlanDocument(json: PlanFormat.json.render(plan)) == plan)
    }
  }

  @Test func tablesAndRegionsEndWithTheirMark() throws {
    for plan in NetworkPlanDocument(Synthetic.example).plans + NetworkPlanDocument(Synthetic.stopped).plans {
      let mark = "# END rows=\(plan.rows.count) sha256=\(plan.sha256!)\n"
      #expect(text(.ecsv, plan).hasSuffix(mark) && text(.regions, plan).hasSuffix(mark))
      #expect(text(.regions, plan).contains("STATUS=\(plan.status.rawValue) "))
    }
  }

  @Test func whoHasNothingToDoIsToldToWait() throws {
    let telescope = Synthetic.telescope("TAROT/TCA")
    let now = Synthetic.instant("2026-11-21T03:11:07Z")
    let plan = PlanDocument.waiting(telescope, at: now)
    #expect(plan == PlanDocument.waiting(telescope, at: now + .minutes(40)), "the same all through an hour")
    #expect(plan != PlanDocument.waiting(telescope, at: now + .minutes(60)))
    #expect(plan.status == .wait && plan.rows.isEmpty && plan.sha256 == plan.digest())
    for format in PlanFormat.allCases {
      #expect(text(format, plan).contains("WAIT"), "\(format)")
    }
    #expect(try PlanDocument(json: PlanFormat.json.render(plan)) == plan)
  }

  @Test func whatIsDoneLeavesThePlan() throws {
    let plan = NetworkPlanDocument(Synthetic.example).plans[0]
    #expect(plan.left { _ in true } == plan)
    let one = plan.left { $0.rank == 2 }
    #expect(one.status == .go && one.rows == [plan.rows[1]] && one.sha256 == one.digest())
    #expect(one.sha256 != plan.sha256 && one.totals.tiles == 1)
    compare(try Strict.acp(text(.acp, one)), one)
    let none = plan.left { _ in false }
    #expect(none.status == .wait && none.rows.isEmpty && none.totals.prob == 0)
    #expect(text(.csv, none).contains("STATUS=WAIT rows=0"))
  }

  @Test func existingFilesKeepTheirBytes() {
    for plan in NetworkPlanDocument(Synthetic.awkward).plans {
      #expect(text(.text, plan) == PlanText.render(plan))
      #expect(text(.csv, plan) == PlanCSV.render(plan))
      #expect(text(.ecsv, plan) == PlanECSV.render(plan))
      #expect(text(.regions, plan) == PlanRegions.render(plan))
      #expect(text(.json, plan) == plan.json())
      let paths = PlanFiles.render(plan).map(\.path)
      #expect(Set(paths).count == PlanFormat.allCases.count)
      for name in ["txt", "csv", "ecsv", "reg", "json", "votable", "acp", "nina.csv", "rts2", "moc.json"] {
        #expect(paths.contains("\(plan.telescope.slug)/plan.\(name)"))
        #expect(PlanFormat(fileName: "plan.\(name)")?.fileName == "plan.\(name)")
      }
    }
    #expect(PlanFormat(fileName: "plan.exe") == nil && PlanFormat(fileName: "txt") == nil)
  }
}

enum MOCText {
  /// Strict: comment lines, one line of cells, the end mark.
  static func read(_ bytes: [UInt8]) throws -> Coverage {
    let text = String(decoding: bytes, as: UTF8.self)
    let lines = text.components(separatedBy: "\n")
    guard lines.count > 2, lines.last == "",
      lines[lines.count - 2].wholeMatch(of: /# END rows=\d+ sha256=\S+/) != nil
    else { throw Strict.Refusal(description: "truncated") }
    guard lines[lines.count - 2].hasSuffix(digest(lines)) else { throw Strict.Refusal(description: "digest") }
    return try Coverage(mocASCII: lines.filter { !$0.hasPrefix("#") }.joined(separator: " "))
  }

  /// A digest has 64 digits: a shorter one was cut.
  private static func digest(_ lines: [String]) -> String {
    String(lines[lines.count - 2].split(separator: "=").last ?? "").count == 64 ? "" : "\n"
  }
}

@Suite struct LargePlanTests {
  /// 600 rows in all formats, read back by the strict readers.
  @Test func sixHundredRows() throws {
    let rows = (0..<600).map { k in
      let place = (ra: 140 + 1.9 * Double(k % 25), dec: -22 + 1.86 * Double(k / 25))
      return Synthetic.assignment(
        rank: k + 1, ra: place.ra, dec: place.dec,
        start: Synthetic.window.start.advanced(bySeconds: 130 * Double(k)),
        filter: ["R", "i"][k % 2])
    }
    let plan = NetworkPlanDocument(Synthetic.plan([Synthetic.part(Synthetic.telescope("TAROT/TCA"), rows)]))
      .plans[0]
    #expect(plan.rows.count == 600)
    compare(try Strict.acp(text(.acp, plan)), plan)
    compare(try Strict.nina(text(.nina, plan)), plan, times: false)
    compare(try Strict.rts2(text(.rts2, plan)), plan)
    #expect(try VOTableReader.read(PlanFormat.votable.render(plan)).rows.count == 600)
    #expect(
      Set(try Strict.nina(text(.nina, plan)).rows.map(\.name)).count == 600, "names are files: each its own")
    // Measured for a field of 1.86 degrees: a half more is a mistake.
    let limits: [PlanFormat: Int] = [
      .text: 77_395, .csv: 198_568, .ecsv: 190_870, .regions: 56_241, .json: 324_242, .votable: 312_919,
      .mocFITS: 48_960, .acp: 129_145, .nina: 35_001, .rts2: 180_167, .mocJSON: 14_923, .mocASCII: 12_656,
    ]
    for format in PlanFormat.allCases {
      #expect(format.render(plan).count < limits[format]! * 3 / 2, "\(format)")
    }
  }
}
