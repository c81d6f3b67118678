import Foundation
import Testing
import Units

@testable import Checking

@Suite struct ReportTests {
  private func spoilt() throws -> CheckReport {
    var scenario = Scenario()
    scenario.set(["plan_id"], nil)
    scenario.setRow(2, "prob", scenario.number(0, 2, "prob") + 0.0005)
    scenario.chile.limits.maxDeclination = .degrees(-30)
    return try scenario.report()
  }

  @Test func textNamesEverything() throws {
    let clean = try Scenario().report().text()
    #expect(clean.hasPrefix("S230518h-r1-0123abcd: clean\n"))
    let text = try spoilt().text()
    #expect(text.hasPrefix("plan: 4 violations, 1 note\n"))
    #expect(text.contains("declination  TAROT/TCH row 3 (F3)  2023-05-19T04:38:20Z  declination -29.000 deg"))
    #expect(text.contains("missing_identity  plan  -  the plan has no plan_id"))
    #expect(text.utf8.allSatisfy { $0 < 128 })
    let short = try spoilt().text(listing: 2)
    #expect(short.contains("... and 2 more"))
  }

  @Test func violationsComeFirst() throws {
    let report = try spoilt()
    #expect(!report.isClean)
    #expect(report.violations.count == 4 && report.notes.count == 1)
    #expect(report.findings.last?.severity == .note)
  }

  @Test func jsonHoldsEveryKey() throws {
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(spoilt().json().utf8)) as? [String: Any])
    #expect(object["schema"] as? String == CheckReport.schema)
    #expect(object["clean"] as? Bool == false)
    #expect(object["violations"] as? Int == 4)
    #expect(object["plan_id"] is NSNull)
    let findings = try #require(object["findings"] as? [[String: Any]])
    #expect(findings.count == 5)
    for finding in findings {
      #expect(finding.keys.count == 10)
    }
    let network = try #require(object["network"] as? [String: Any])
    let margins = try #require(network["margins"] as? [String: Any])
    let gap = try #require(margins["gap"] as? [String: Any])
    #expect(abs((gap["room"] as? Double ?? 0) - 5) < 1e-6)
    #expect(gap["unit"] as? String == "s")
  }

  /// A target below the horizon has no airmass; the report must still be JSON.
  @Test func belowTheHorizon() throws {
    let t = makeTelescope("T", latitude: -29.2608, longitude: -70.7322, side: 1)
    let plan = try CheckedPlan(csv: "tel,ra,dec,mjd,exp\nT,56,60,60083.19,60\n".utf8) { _ in t }
    let report = try PlanChecker().check(plan, on: nil)
    #expect(Set(report.violations.map(\.rule)) == [.lowAltitude, .highAirmass])
    #expect(report.json().contains(#""measured" : null"#))
    #expect(report.text().contains("below the horizon"))
  }

  @Test(arguments: [
    (1.005, 2, "1.00"), (-0.004, 2, "0.00"), (-12.3456, 3, "-12.346"), (0.05, 1, "0.1"), (1234, 0, "1234"),
    (.nan, 2, "-"), (.infinity, 2, "-"), (1e300, 0, "-"),
  ])
  func fixedDecimals(_ value: Double, _ decimals: Int, _ text: String) {
    #expect(fixed(value, decimals) == text)
  }
}
