import Foundation
import Testing
import Units

@testable import Formats
@testable import Planning

@Suite struct PlanTextTests {
  /// The rows and the column line of the format's specification, character by character.
  @Test func matchesThePublishedExample() {
    let text = PlanText.render(NetworkPlanDocument(Synthetic.example).plans[0])
    let published = """
      rank field             ra_hms     dec_dms     ra_deg    dec_deg            start_utc exp_s  n filt  airm alt moon prob_%  cum_%
         1 55           14:45:21.17 +23:48:33.8 221.338200 +23.809400 2026-11-21T03:11:00Z   120  1 R     1.18  58   96  0.340   0.34
      """
    #expect(text.contains(published))
    #expect(
      text.hasPrefix(
        "# GRANDMA plan v1  telescope=TAROT/TCA  event=S230518h  alert=UPDATE  plan=S230518h-r4-"))
    #expect(
      text.contains("\n# made=2026-11-21T02:58:12Z  valid=2026-11-21T03:05:00Z/2026-11-21T05:40:00Z  frame="))
    #expect(text.contains("  contact=#observations\n"))
    #expect(text.contains("\n# map: 50 % in 123 deg2, 90 % in 460 deg2, distance 117 +- 31.0 Mpc\n"))
    #expect(text.contains("\n# dark: 2026-11-21T03:05:00Z/2026-11-21T05:40:00Z (2.6 h)\n"))
    #expect(text.contains("\n# assumed: timing.readout_s = 20 s (class: automatic, 0.2 to 0.4 m)\n"))
  }

  @Test(arguments: PlanCase.allCases)
  func everyRowHasOneTokenPerCell(_ c: PlanCase) throws {
    for plan in c.document.plans {
      let text = PlanText.render(plan)
      let table = try Strict.planText(text)
      #expect(
        table.header.joined(separator: " ").hasPrefix("rank field ra_hms dec_dms ra_deg dec_deg start_utc"))
      #expect(table.header.count == 15)
      #expect(table.digest == plan.sha256)
      #expect(table.comments[1].hasSuffix("STATUS=\(plan.status.rawValue)"))
      #expect(table.rows.count == plan.rows.count)
      let body = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
      #expect(Set(body.map(\.utf8.count)).count == 1, "all lines of the table are equally wide")
      for (cells, row) in zip(table.rows, plan.rows) {
        let printed = Direction<ICRS>(
          ra: .degrees(Double(cells["ra_deg"]!)!), dec: .degrees(Double(cells["dec_deg"]!)!))
        let planned = Direction<ICRS>(ra: .degrees(row.raDeg), dec: .degrees(row.decDeg))
        #expect(printed.separation(from: planned) < Tolerance.sixDecimals)
        let start = Instant(iso8601: cells["start_utc"]!)!
        let late = start.seconds(since: row.startUTC.instant)
        #expect(late >= 0 && late < 1, "never early, less than a second late")
        #expect(Double(cells["exp_s"]!) == row.exptimeS)
        #expect(cells["n"] == "\(row.nexp)")
      }
    }
  }

  @Test func theExampleIs127Wide() {
    let text = PlanText.render(NetworkPlanDocument(Synthetic.example).plans[0])
    let body = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
    #expect(body.count == 3)
    #expect(body.allSatisfy { $0.utf8.count == PlanText.width })
    #expect(
      text.split(separator: "\n").filter { $0.hasPrefix("# note") }.allSatisfy { $0.count <= PlanText.width })
  }

  @Test func hostileNamesStayOneTokenOfASCII() throws {
    let plans = NetworkPlanDocument(Synthetic.awkward).plans
    let table = try Strict.planText(PlanText.render(plans[0]))
    #expect(table.comments[0].contains("telescope=Ecla/te=\"1\",_?  "))
    #expect(table.rows[0]["field"] == "a_long_field_id,_with_\"quotes\"_and_lines")
    #expect(table.rows[1]["field"] == "-" && table.rows[1]["filt"] == "-")
    #expect(table.rows[0]["start_utc"] == "2026-11-22T00:00:00Z")
    #expect(table.rows[0]["cum_%"] == "100.00")
    #expect(table.rows[1]["dec_deg"] == "-0.000010" && table.rows[1]["dec_dms"] == "+00:00:00.0")
  }

  @Test func stopIsUnmistakable() throws {
    let text = PlanText.render(NetworkPlanDocument(Synthetic.stopped).plans[0])
    let table = try Strict.planText(text)
    #expect(table.rows.isEmpty && text.contains("STATUS=STOP\n") && text.contains("# STOP: observe nothing"))
  }

  @Test func carriageReturnsOnRequest() throws {
    let plan = NetworkPlanDocument(Synthetic.example).plans[0]
    let text = PlanText.render(plan, lineEnd: .crlf)
    #expect(try Strict.planText(text, lineEnd: "\r\n").rows.count == 2)
    #expect(text.replacingOccurrences(of: "\r\n", with: "\n") == PlanText.render(plan))
  }

  /// A cut file must show it.
  @Test func truncationIsVisible() {
    let text = PlanText.render(NetworkPlanDocument(Synthetic.example).plans[0])
    for length in stride(from: 0, to: text.utf8.count - 1, by: 11) {
      let cut = String(decoding: Array(text.utf8)[..<length], as: UTF8.self)
      #expect(throws: Strict.Refusal.self) { try Strict.planText(cut) }
    }
  }
}

@Suite struct PlanCSVTests {
  static let header =
    "plan_id,event,status,telescope,rank,field_id,target,ra_deg,dec_deg,ra_hms,dec_dms,pa_deg,start_utc,end_utc,"
    + "latest_start_utc,exptime_s,nexp,filter,airmass,alt_deg,az_deg,moon_sep_deg,prob,cum_prob,reason"
  static let numeric: Set<String> = [
    "rank", "ra_deg", "dec_deg", "pa_deg", "exptime_s", "nexp", "airmass", "alt_deg", "az_deg",
    "moon_sep_deg", "prob",
    "cum_prob",
  ]

  @Test(arguments: PlanCase.allCases)
  func followsRFC4180(_ c: PlanCase) throws {
    for plan in c.document.plans {
      let text = PlanCSV.render(plan)
      #expect(!text.hasPrefix("\u{FEFF}"))
      let records = try Strict.csv(text)
      #expect(records[0].dropLast().joined(separator: ",") == Self.header)
      #expect(
        records[0].last
          == "STATUS=\(plan.status.rawValue) rows=\(plan.rows.count) sha256=\(plan.sha256 ?? "")")
      #expect(records.dropFirst().allSatisfy { $0.last == "END" })
      #expect(records.count == plan.rows.count + 1)
      for (record, row) in zip(records.dropFirst(), plan.rows) {
        let cells = Dictionary(uniqueKeysWithValues: zip(records[0], record))
        for name in Self.numeric { #expect(cells[name] == "" || Double(cells[name]!) != nil, "\(name)") }
        #expect(abs(Double(cells["ra_deg"]!)! - row.raDeg) <= 1e-8)
        #expect(abs(Double(cells["dec_deg"]!)! - row.decDeg) <= 1e-8)
        #expect(cells["start_utc"] == row.startUTC.text && cells["end_utc"] == row.endUTC.text)
        #expect(Double(cells["prob"]!) == row.prob && Double(cells["cum_prob"]!) == row.cumProb)
        #expect(cells["dec_dms"]!.first == "+" || cells["dec_dms"]!.first == "-")
        #expect(cells["plan_id"] == plan.planID)
      }
    }
  }

  @Test func formulasAreDisarmedAndNumbersAreNot() throws {
    let plans = NetworkPlanDocument(Synthetic.awkward).plans
    let records = try Strict.csv(PlanCSV.render(plans[1]))
    let cells = Dictionary(uniqueKeysWithValues: zip(records[0], records[1]))
    #expect(cells["telescope"] == "'=cmd|' /C calc'!A0")
    #expect(cells["field_id"] == "'-1+2")
    #expect(cells["filter"] == "'@R")
    #expect(cells["dec_deg"] == "-90.00000000")
    let other = try Strict.csv(PlanCSV.render(plans[0]))
    #expect(other[1][5] == "a long field id, with \"quotes\" and\nlines")
    #expect(other[1][17] == "'+clear")
    #expect(other[2][17] == "")
  }

  @Test(arguments: ["=1", "+1", "-1", "@x", "\tx", "\r=1"])
  func guardedStarts(_ text: String) { #expect(PlanCSV.guarded(text) == "'" + text) }
  @Test(arguments: ["", "a=1", "1-2", "'=1", " =1"])
  func unguardedStarts(_ text: String) { #expect(PlanCSV.guarded(text) == text) }
}

@Suite struct PlanECSVTests {
  @Test func headerAndCells() throws {
    let plan = NetworkPlanDocument(Synthetic.awkward).plans[0]
    let lines = PlanECSV.render(plan).split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines[0] == "# %ECSV 1.0" && lines[1] == "# ---" && lines[2] == "# datatype:")
    #expect(
      lines.contains("# delimiter: ','") && lines.contains("# meta: !!omap")
        && lines.contains("# schema: astropy-2.0"))
    #expect(
      lines.contains(
        "# - {name: ra_deg, unit: deg, datatype: float64, description: \"Right ascension, ICRS\"}"))
    #expect(lines.contains("# - {telescope: \"Écla/té=\\\"1\\\", \u{4E2D}\"}"))
    let body = lines.filter { !$0.hasPrefix("#") && !$0.isEmpty }
    #expect(body.count == 3, "a line end inside a text would add a line")
    #expect(body[1].contains(",\"a long field id, with \"\"quotes\"\" and lines\","))
    #expect(body[2].contains(",\"\",\"S230518h_r4_001\","), "an empty text is not a missing one")
  }

  @Test(arguments: PlanCase.allCases)
  func everyColumnIsDescribedOnce(_ c: PlanCase) throws {
    for plan in c.document.plans {
      let lines = PlanECSV.render(plan).split(separator: "\n")
      let described = lines.filter { $0.hasPrefix("# - {name: ") }
        .map { String($0.dropFirst("# - {name: ".count).prefix { $0 != "," }) }
      let header = try #require(lines.first { !$0.hasPrefix("#") })
      #expect(header.split(separator: ",").map(String.init) == described)
      #expect(Set(described).count == described.count)
    }
  }
}

@Suite struct NetworkCSVTests {
  @Test func oneLineForEachExposure() throws {
    let lines = NetworkCSV.render(NetworkPlanDocument(Synthetic.example)).split(separator: "\n").map(
      String.init)
    #expect(lines[0] == "tel,ra,dec,mjd,exp")
    #expect(lines.count == 5)
    #expect(lines[1] == "TAROT/TCA,221.33820000,23.80940000,61365.1326388889,120")
    let mjd = lines[2...4].map { Double($0.split(separator: ",")[3])! }
    // 60 s and 5 s of readout between starts.
    for (a, b) in zip(mjd, mjd.dropFirst()) { #expect(abs((b - a) * 86_400 - 65) < 1e-4) }
    #expect(
      lines[2...4].allSatisfy { $0.hasSuffix(",60") && $0.hasPrefix("TAROT/TCA,197.44875000,-23.38388900,") })
  }

  /// The plan's times to a tenth of a millisecond, in order, and no exposure past the end of its row.
  @Test(arguments: PlanCase.allCases)
  func timesAndOrder(_ c: PlanCase) throws {
    let document = c.document
    let text = NetworkCSV.render(document)
    let rows = try Strict.csv(text.replacingOccurrences(of: "\n", with: "\r\n")).dropFirst()
    #expect(rows.count == document.plans.reduce(0) { $0 + $1.totals.exposures })
    let mjd = rows.map { Double($0[3])! }
    #expect(zip(mjd, mjd.dropFirst()).allSatisfy { $0 <= $1 })
    for plan in document.plans {
      for row in plan.rows {
        let mine = rows.filter { $0[0] == plan.telescope.name && Double($0[2]) == row.decDeg }
        #expect(mine.count == row.nexp)
        let first = Instant(mjdUTC: Double(mine[0][3])!)!
        let last = Instant(mjdUTC: Double(mine[mine.count - 1][3])!)!
        #expect(abs(first.seconds(since: row.startUTC.instant)) < 1e-4)
        #expect(abs(last.seconds(since: row.endUTC.instant) + row.exptimeS) < 1e-4)
        #expect(mine.allSatisfy { Double($0[4]) == row.exptimeS })
      }
    }
  }

  @Test func decimalsOfTheDate() {
    let line = NetworkCSV.render(NetworkPlanDocument(Synthetic.example)).split(separator: "\n")[1]
    #expect(line.split(separator: ",")[3].split(separator: ".")[1].count >= 8)
  }
}

@Suite struct PlanRegionsTests {
  @Test func shapesOfTheFields() {
    let plans = NetworkPlanDocument(Synthetic.awkward).plans
    let example = PlanRegions.render(NetworkPlanDocument(Synthetic.example).plans[0])
    #expect(
      example.hasPrefix(
        "# Region file format: DS9 version 4.1\n# plan_id=S230518h-r4-tarot-tca-1a2b-3f9a1c02 "))
    #expect(
      example.contains(
        "\nicrs\nbox(221.338200,+23.809400,1.860000d,1.860000d,0.0000) # text={1 #55 0.34%} tag={TAROT_TCA}\n"
      ))
    let mosaic = PlanRegions.render(plans[0])
    #expect(
      mosaic.split(separator: "\n").count { $0.hasPrefix("polygon(") } == 4, "two parts for each of two rows")
    #expect(PlanRegions.render(plans[1]).contains("point(12.500000,-90.000000) # point=cross"))
    #expect(PlanRegions.render(plans[2]).contains("circle(359.500000,+10.000000,1.500000d) #"))
    #expect(
      PlanRegions.render(NetworkPlanDocument(Synthetic.stopped).plans[0]).split(separator: "\n").count == 5)
  }

  @Test func textCannotLeaveItsBraces() {
    var plan = Synthetic.example
    plan.telescopes[0].assignments[0].fieldID = "a} color=red\n# {b"
    let text = PlanRegions.render(NetworkPlanDocument(plan).plans[0])
    #expect(text.contains("text={1 #a color=red # b 0.34%} tag="))
    #expect(text.split(separator: "\n").count == 7)
  }
}

@Suite struct PlanSummaryTests {
  @Test(arguments: PlanCase.allCases)
  func fitsATerminal(_ c: PlanCase) {
    let text = PlanSummary.render(c.document)
    #expect(text.utf8.allSatisfy { $0 < 0x80 })
    for line in text.split(separator: "\n") { #expect(line.count <= PlanSummary.width, "\(line)") }
    #expect(text.contains("STATUS=\(c.document.status.rawValue)"))
  }

  @Test func saysWhatDecides() {
    let text = PlanSummary.render(NetworkPlanDocument(Synthetic.example))
    let unwrapped = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(unwrapped.contains("in reach 62.00 %; no plan can exceed 0.80 % (gap 20.63 %)"))
    for part in [
      "90 % in 460 deg2", "117 +- 31.0 Mpc", "NSBH 86 %", "TAROT/TCA      2", "2026-11-21 03:11",
      "03:05-05:40", "0.64 % of",
      "1 value of 1 telescope taken from the class table", "map: the probabilities summed to 0.98",
    ] { #expect(text.contains(part), "\(part) in\n\(text)") }
  }

  @Test func saysWhoIsLeftOutAndWhy() {
    let text = PlanSummary.render(NetworkPlanDocument(Synthetic.empty))
    #expect(text.contains("left out  A, B <script>: the whole map stays below 30 deg\n"))
    #expect(text.contains("left out  TAROT/TCA: no dark time in the window\n"))
    #expect(PlanSummary.render(NetworkPlanDocument(Synthetic.stopped)).contains("STOP: observe nothing."))
  }

  @Test func machinesGetTheSameNumbers() throws {
    let document = NetworkPlanDocument(Synthetic.awkward)
    let json = PlanSummaryDocument(document).json()
    let back = try JSONDecoder().decode(PlanSummaryDocument.self, from: Data(json.utf8))
    #expect(back == PlanSummaryDocument(document))
    #expect(back.telescopes.map(\.tiles) == [2, 1, 1])
    #expect(back.telescopes[0].firstStartUTC?.text == "2026-11-21T23:59:59.600Z")
    #expect(json.hasPrefix("{\"schema\":\"grandma.plan-summary/1\","))
  }
}

private enum Tolerance {
  /// Half of the sixth decimal of a degree in both coordinates: 0.0018 arcsec each.
  static let sixDecimals = Angle.arcseconds(0.0026)
}
