import Foundation
import Testing
import Units

@testable import Formats
@testable import Planning

@Suite struct SitePreferencesTests {
  private var plan: PlanDocument { NetworkPlanDocument(Synthetic.example).plans[0] }
  private func text(_ format: PlanFormat, _ p: SitePreferences) -> String {
    String(decoding: format.render(plan, p), as: UTF8.self)
  }

  @Test func filterNamesReachEveryFormat() throws {
    let p = try SitePreferences(filterNames: ["R": "Rc", "i": "SDSS i'", "none": "x"])
    let adapted = plan.adapted(to: p)
    #expect(adapted.rows.map(\.filter) == ["Rc", "SDSS i'"] && adapted.sha256 == adapted.digest())
    #expect(adapted.notes.last?.contains("from the plan with sha256 \(plan.sha256!)") == true)
    let acp = try Strict.acp(text(.acp, p))
    #expect(acp.rows.map(\.filter) == ["Rc", "SDSS_i'"] && acp.digest == adapted.sha256)
    let rts2 = try Strict.rts2(text(.rts2, p))
    #expect(rts2.rows.map(\.filter) == ["Rc", "SDSS_i'"] && rts2.digest == adapted.sha256)
    #expect(
      try Strict.nina(text(.nina, p)).rows.map(\.name) == [
        "S230518h_r4_001_Rc_120s", "S230518h_r4_002_SDSS_i__3x60s",
      ])
    #expect(try VOTableReader.read(PlanFormat.votable.render(plan, p)).rows[1].contains("SDSS i'"))
    #expect(try Strict.planText(text(.text, p)).rows.map { $0["filt"] } == ["Rc", "SDSS_i'"])
    #expect(try Strict.csv(text(.csv, p))[1].contains("Rc"))
    #expect(try PlanDocument(json: PlanFormat.json.render(plan, p)) == adapted)
  }

  /// 120 s at a cap of 60 s with 5 s of readout: two of 57.5 s fill the same two minutes.
  @Test func capsSplitWithinTheTimeOfTheRow() throws {
    let adapted = plan.adapted(to: try SitePreferences(exposureCap: .seconds(60)))
    #expect(adapted.rows[0].nexp == 2 && adapted.rows[0].exptimeS == 57.5)
    #expect(adapted.rows[1] == plan.rows[1], "at the cap, not above it")
    #expect(adapted.totals.exposures == 5 && adapted.totals.exptimeS == 295)
    #expect(adapted.rows.map(\.startUTC) == plan.rows.map(\.startUTC))
    for cap in [0.1, 0.3, 1, 4, 7, 11.3, 29.9, 50, 119.999] {
      let split = plan.adapted(to: try SitePreferences(exposureCap: .seconds(cap)))
      for (new, old) in zip(split.rows, plan.rows) {
        let length = { (r: PlanDocument.Row) in Double(r.nexp) * r.exptimeS + Double(r.nexp - 1) * 5 }
        #expect(new.exptimeS > 0 && new.exptimeS <= max(cap, 1e-3) && length(new) <= length(old) + 1e-6)
        #expect(length(old) - length(new) <= cap + 5 + 0.001 * Double(new.nexp), "a cap's time is not wasted")
      }
      let seen = try Strict.acp(text(.acp, try SitePreferences(exposureCap: .seconds(cap))))
      #expect(seen.rows.map(\.count) == split.rows.map(\.nexp))
    }
  }

  @Test func decimalsAreHoursForACPAndDegreesForRTS2() throws {
    let p = try SitePreferences(coordinates: .decimal)
    #expect(text(.acp, p).contains("S230518h_r4_001\t14.75588000\t+23.80940000\r\n"))
    #expect(text(.rts2, p).contains("'221.33820000 +23.80940000'"))
    for seen in [try Strict.acp(text(.acp, p)), try Strict.rts2(text(.rts2, p))] {
      for (a, b) in zip(seen.rows, plan.rows) {
        #expect(abs(a.raDeg - b.raDeg) < 1e-7 && abs(a.decDeg - b.decDeg) < 1e-7)
      }
    }
    #expect(text(.nina, p) == text(.nina, .standard))
  }

  @Test func lineEnds() throws {
    let crlf = try SitePreferences(lineEnd: .crlf)
    let lf = try SitePreferences(lineEnd: .lf)
    for format in PlanFormat.allCases {
      let windows = text(format, crlf)
      let unix = text(format, lf)
      switch format {
      case .csv: #expect(windows == unix && unix.contains("\r\n"))
      case .rts2: #expect(windows == unix && !unix.contains("\r\n"))
      default:
        #expect(!unix.contains("\r") && windows.replacingOccurrences(of: "\r\n", with: "\n") == unix)
        #expect(windows.utf8.count > unix.utf8.count)
      }
    }
    #expect(try Strict.acp(text(.acp, lf), lineEnd: "\n").rows.count == 2)
    #expect(try Strict.nina(text(.nina, lf), lineEnd: "\n").rows.count == 2)
    #expect(try PlanDocument(json: Array(text(.json, crlf).utf8)) == plan)
    #expect(try VOTableReader.read(PlanFormat.votable.render(plan, crlf)).rows.count == 2)
  }

  @Test func localTimeStandsBesideUTC() throws {
    let change = LocalTime.Change(start: Synthetic.instant("2026-11-21T03:12:00Z"), minutesEast: -210)
    let local = try LocalTime(zone: "Europe/Paris", minutesEast: 60, changes: [change])
    let p = try SitePreferences(localTime: local)
    let table = try Strict.planText(text(.text, p))
    #expect(table.header.last == "start_local")
    #expect(
      table.rows.map { $0["start_local"] } == ["2026-11-21T04:11:00+01:00", "2026-11-20T23:44:30-03:30"])
    #expect(table.rows[0]["start_utc"] == "2026-11-21T03:11:00Z")
    #expect(try Strict.csv(text(.csv, p))[1].last == "2026-11-21T04:11:00+01:00")
    #expect(text(.acp, p).contains(" local=2026-11-21T04:11:00+01:00 "))
    #expect(text(.rts2, p).contains("zone=Europe/Paris"))
    #expect(
      try VOTableReader.read(PlanFormat.votable.render(plan, p)).rows[1].last == "2026-11-20T23:44:30-03:30")
    #expect(plan.adapted(to: p) == plan, "the document stays in UTC")
  }

  @Test func rotatorAndEndOnRequest() throws {
    let acp = text(.acp, try SitePreferences(usesACPQuitAt: true, usesACPPositionAngle: true))
    #expect(acp.contains("#QUITAT 21-Nov-2026 05:40:00\r\n") && acp.contains("#POSANG 0.00\r\n"))
    #expect(try Strict.acp(acp).rows.count == 2)
  }

  @Test func leapSecondsAreNoWindowsDates() {
    #expect(PlanACP.date("2016-12-31T23:59:60Z") == "01-Jan-2017 00:00:00")
    #expect(PlanACP.date("2026-02-28T23:59:59Z") == "28-Feb-2026 23:59:59")
  }

  @Test func badPreferencesAreRefused() {
    #expect(throws: FormatError.self) { try SitePreferences(filterNames: ["R": ""]) }
    #expect(throws: FormatError.self) { try SitePreferences(filterNames: ["R": "a\nb"]) }
    #expect(throws: FormatError.self) { try SitePreferences(exposureCap: .seconds(0)) }
    #expect(throws: FormatError.self) { try SitePreferences(exposureCap: .seconds(1e6)) }
    #expect(throws: FormatError.self) { try SitePreferences(rts2Camera: "C0; reboot") }
    #expect(throws: FormatError.self) { try SitePreferences(rts2Camera: "") }
    #expect(throws: FormatError.self) { try LocalTime(zone: "x", minutesEast: 1440) }
    let changes = [LocalTime.Change(start: Synthetic.made, minutesEast: 0)]
    #expect(throws: FormatError.self) { try LocalTime(zone: "x", minutesEast: 0, changes: changes + changes) }
  }
}
