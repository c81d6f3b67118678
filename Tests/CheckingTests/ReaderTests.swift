import Foundation
import Observatories
import Testing
import Units

@testable import Checking

private let known = makeTelescope("TAROT/TCH", latitude: -29.2608, longitude: -70.7322, side: 1.9)
private func resolve(_ name: String) -> Telescope? { name == known.id ? known : nil }

private func readCSV(_ text: String) throws(CheckError) -> CheckedPlan {
  try CheckedPlan(csv: text.utf8, telescopes: resolve)
}

private func readJSON(_ text: String) throws(CheckError) -> CheckedPlan {
  try CheckedPlan(json: text.utf8, telescopes: resolve)
}

@Suite struct CSVReaderTests {
  @Test func columnsInAnyOrderWithExtras() throws {
    let text =
      "\u{FEFF}note,exp,MJD,dec,ra,tel\r\n"
      + "\"a \"\"quoted\"\", note\r\nof two lines\",60, 60083.5 ,-29.5,236.25,TAROT/TCH\r\n\r\n"
      + "x,90.5,60083.75,+10,370,Other\r\n"
    let plan = try readCSV(text)
    #expect(plan.source == .networkCSV)
    #expect(plan.telescopes.map(\.name) == ["TAROT/TCH", "Other"])
    #expect(plan.telescopes[0].telescope == known)
    #expect(plan.telescopes[1].telescope == nil)
    let first = try #require(plan.telescopes[0].assignments.first)
    #expect(first.start == utc("2023-05-19T12:00:00Z"))
    #expect(first.exposure == .seconds(60))
    #expect(first.center.separation(from: icrs(236.25, -29.5)).arcseconds < 1e-6)
    // The quoted cell ends on line 3; the row began on line 2.
    #expect(first.row == 2)
    #expect(plan.telescopes[1].assignments.map(\.row) == [5])
    #expect(abs(plan.telescopes[1].assignments[0].center.ra.degrees - 10) < 1e-9)
  }

  @Test func headerAloneIsAnEmptyPlan() throws {
    let plan = try readCSV("tel,ra,dec,mjd,exp\n")
    #expect(plan.telescopes.isEmpty)
    let report = try PlanChecker().check(plan, on: uniformMap)
    #expect(report.isClean)
    #expect(report.network.probability == 0)
  }

  @Test(arguments: [
    ("", CheckError.empty), ("\n \n", .empty),
    ("tel,ra,dec,mjd\nA,1,2,60000", .missingColumn("exp", found: ["tel", "ra", "dec", "mjd"])),
    ("tel,ra,dec,mjd,exp\nA,1,2,60000", .shortLine(line: 2, cells: 4, expected: 5)),
    (
      "tel,ra,dec,mjd,exp\nA,1,2,60000,60\nA,nan,2,60000,60",
      .badValue(place: "line 3, column ra", value: "nan")
    ),
    ("tel,ra,dec,mjd,exp\nA,1,-91,60000,60", .badValue(place: "line 2, column dec", value: "-91")),
    ("tel,ra,dec,mjd,exp\nA,1,2,2460000.5,60", .badValue(place: "line 2, column mjd", value: "2460000.5")),
    ("tel,ra,dec,mjd,exp\nA,1,2,60000,1e300", .badValue(place: "line 2, column exp", value: "1e300")),
    ("tel,ra,dec,mjd,exp\nA,1,2,60000,", .badValue(place: "line 2, column exp", value: "(empty)")),
    ("tel,ra,dec,mjd,exp\n ,1,2,60000,60", .badValue(place: "line 2, column tel", value: "(empty)")),
    ("tel,ra,dec,mjd,exp\n\"A,1,2,60000,60\n", .openQuote(line: 2)),
  ])
  func badTables(_ text: String, _ expected: CheckError) {
    #expect(throws: expected) { try readCSV(text) }
  }

  @Test func badUTF8() {
    let bytes = Array("tel,ra".utf8) + [0xFF, 0x41]
    #expect(throws: CheckError.notUTF8(byteOffset: 6)) { try CheckedPlan(csv: bytes, telescopes: resolve) }
  }
}

@Suite struct JSONReaderTests {
  @Test func networkPlan() throws {
    let plan = try Scenario().read()
    #expect(plan.source == .networkJSON)
    #expect(plan.planID == "S230518h-r1-0123abcd")
    #expect(plan.status == "GO")
    #expect(plan.eventTime == utc("2023-05-18T12:59:08.167Z"))
    #expect(plan.made == utc("2023-05-18T14:00:00Z"))
    #expect(plan.window?.duration == .hours(24))
    #expect(plan.claimedCount == 7)
    let row = try #require(plan.telescopes.first?.assignments.last)
    #expect(row.row == 5)
    #expect(row.fieldID == "F5")
    #expect(row.claims.end == utc("2023-05-19T04:41:40Z"))
    #expect(row.claims.hourAngle != nil && row.claims.moonAltitude != nil && row.claims.added != nil)
  }

  @Test func telescopePlan() throws {
    let scenario = Scenario()
    let plans = try #require(scenario.document["plans"] as? [Scenario.JSON])
    var alone = plans[0]
    alone["made"] = "2023-05-18T14:00:00Z"
    let data = try JSONSerialization.data(withJSONObject: alone)
    let plan = try CheckedPlan(json: data) { $0 == scenario.chile.id ? scenario.chile : nil }
    #expect(plan.source == .telescopeJSON)
    #expect(plan.telescopes.count == 1)
    #expect(plan.window?.start == utc("2023-05-18T23:20:00Z"))
    let report = try scenario.checker.check(plan, on: scenario.map)
    #expect(report.findings.isEmpty, "\(report.text())")
  }

  /// The shortest row of the published form: no counts, claims or identity.
  @Test func bareRow() throws {
    let plan = try readJSON(
      #"{"schema":"grandma.plan/1","telescope":{"name":"TAROT/TCH"},"rows":[{"ra_deg":236,"dec_deg":-29,"#
        + #""start_utc":"2023-05-19T04:40:00Z","exptime_s":60,"airmass":null}]}"#)
    #expect(plan.telescopes[0].assignments[0].exposureCount == 1)
    let report = try PlanChecker().check(plan, on: nil)
    #expect(Set(report.violations.map(\.rule)) == [.missingIdentity, .unknownStatus])
  }

  @Test(arguments: [
    ("", CheckError.empty),
    (#"{"schema":"grandma.plan/2"}"#, .unknownSchema("grandma.plan/2")), ("{}", .unknownSchema(nil)),
    (
      #"{"schema":"grandma.network-plan/1","window":["2023-05-19T00:00:00Z","2023-05-18T00:00:00Z"]}"#,
      .reversedWindow(place: "window")
    ),
    (
      #"{"schema":"grandma.network-plan/1","made":"yesterday"}"#, .badValue(place: "made", value: "yesterday")
    ),
    (
      #"{"schema":"grandma.network-plan/1","plans":[{"rows":[{"ra_deg":1,"dec_deg":2,"exptime_s":60}]}]}"#,
      .badValue(place: "plans[0].rows[0].start_utc", value: "(absent)")
    ),
    (
      #"{"schema":"grandma.plan/1","rows":[{"ra_deg":1,"dec_deg":95,"exptime_s":60}]}"#,
      .badValue(place: "rows[0].dec_deg", value: "95.0")
    ),
    (
      #"{"schema":"grandma.plan/1","rows":[{"ra_deg":1,"dec_deg":5,"exptime_s":60,"nexp":1000000,"#
        + #""start_utc":"2023-05-19T04:40:00Z"}]}"#, .badValue(place: "rows[0].nexp", value: "1000000")
    ),
  ])
  func badDocuments(_ text: String, _ expected: CheckError) {
    #expect(throws: expected) { try readJSON(text) }
  }

  @Test(arguments: [
    "not json", "[1,2]", #"{"schema":"grandma.plan/1","rows":[{"ra_deg":"a"}]}"#,
    #"{"schema":"grandma.plan/1","rows":[{"nexp":1e300}]}"#, #"{"schema":"grandma.plan/1","rows":"#,
    String(repeating: "[", count: 100_000),
  ])
  func malformedJSON(_ text: String) {
    do throws(CheckError) {
      _ = try readJSON(text)
      Issue.record("read: \(text.prefix(40))")
    } catch {
      guard case .malformedJSON = error else {
        Issue.record("\(error)")
        return
      }
      #expect(!error.description.isEmpty)
    }
  }

  /// Cut anywhere, a plan is refused and nothing traps.
  @Test func truncatedPlans() throws {
    let data = try JSONSerialization.data(withJSONObject: Scenario().document)
    for length in stride(from: 0, to: data.count, by: 97) {
      #expect(throws: CheckError.self) {
        try CheckedPlan(json: data.prefix(length)) { _ in nil }
      }
    }
  }
}
