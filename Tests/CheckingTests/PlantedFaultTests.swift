import Observatories
import Testing
import Units

@testable import Checking

/// One way to spoil a sound plan.
private struct Fault {
  var name: String
  var rules: Set<Finding.Rule>
  var spoil: (inout Scenario) -> Void

  init(_ name: String, _ rules: Set<Finding.Rule>, _ spoil: @escaping (inout Scenario) -> Void) {
    self.name = name
    self.rules = rules
    self.spoil = spoil
  }
}

private func expect(_ faults: [Fault], severity: Finding.Severity = .violation) throws {
  for fault in faults {
    var scenario = Scenario()
    fault.spoil(&scenario)
    let report = try scenario.report()
    let found = Set(report.findings.filter { $0.severity == severity }.map(\.rule))
    #expect(found == fault.rules, "\(fault.name):\n\(report.text())")
    #expect(report.isClean == (severity == .note || fault.rules.isEmpty), "\(fault.name)")
  }
}

@Suite struct PlantedFaultTests {
  @Test func soundPlanIsClean() throws {
    let report = try Scenario().report()
    #expect(report.findings.isEmpty, "\(report.text())")
    #expect(report.isClean)
    #expect(report.network.assignments == 7)
    #expect(report.telescopes.map(\.assignments) == [5, 2])
    let gap = try #require(report.network.margins.gap)
    // 70 s apart with 60 s of exposure leaves 10 s, 5 s of them for readout.
    #expect(abs(gap.room.value - 5) < 1e-6)
    #expect((report.network.margins.sun?.room.value ?? 0) > 30)
  }

  @Test func document() throws {
    try expect([
      Fault("no plan id", [.missingIdentity]) { $0.set(["plan_id"], nil) },
      Fault("empty event", [.missingIdentity]) { $0.set(["event", "id"], "") },
      Fault("no map digest", [.missingIdentity]) { $0.set(["inputs", "map_sha256"], nil) },
      Fault("no plan id of a telescope", [.missingIdentity]) { $0.set(["plans", 1, "plan_id"], nil) },
      Fault("no digest", [.missingIdentity]) { $0.set(["plans", 0, "sha256"], nil) },
      Fault("odd digest", [.missingIdentity]) { $0.set(["plans", 0, "sha256"], "xyz") },
      Fault("odd status", [.unknownStatus]) { $0.set(["status"], "PERHAPS") },
      Fault("no status", [.unknownStatus]) { $0.set(["status"], nil) },
      Fault("stop", [.stopWithRows]) { $0.set(["status"], "STOP") },
      Fault("one telescope stops", [.stopWithRows]) { $0.set(["plans", 1, "status"], "STOP") },
      Fault("other map", [.wrongMap]) {
        $0.set(["inputs", "map_sha256"], String(repeating: "f", count: 64))
      },
      Fault("network count", [.claimedCount]) { $0.set(["network", "assignments"], 8) },
      Fault("telescope count", [.claimedCount]) { $0.set(["plans", 0, "totals", "tiles"], 4) },
    ])
  }

  @Test func changedRowsAreReported() throws {
    let scenario = try Scenario()
    var plan = try scenario.read()
    plan.brokenSeals = ["S230518h-r1-TRE-0123abcd"]
    let report = try scenario.checker.check(plan, on: scenario.map)
    #expect(report.findings.map(\.rule) == [.brokenSeal])
    #expect(!report.isClean)
  }

  @Test func telescope() throws {
    try expect([
      Fault("not in the registry", [.unknownTelescope, .claimedNetwork, .claimedAdded]) {
        $0.set(["plans", 1, "telescope", "name"], "NOPE")
        $0.set(["plans", 1, "telescope", "slug"], "nope")
      },
      Fault("known by its slug", []) { $0.set(["plans", 0, "telescope", "name"], "an old name") },
      Fault("closed down", [.unusableTelescope]) { $0.chile.status = .notOperational },
      Fault("not to be used", [.unusableTelescope]) { $0.chile.usage = .init(level: .notOperational) },
      Fault("no field", [.unusableTelescope, .claimedNetwork, .claimedAdded]) { $0.chile.field = nil },
    ])
    try expect(
      [
        Fault("budget", [.usageBudget]) { $0.chile.usage = .init(level: .frequent, hoursPerNight: 0.08) },
        Fault("budget kept", []) { $0.chile.usage = .init(level: .frequent, hoursPerNight: 0.0834) },
        Fault("other readout", [.otherSettings]) { $0.set(["plans", 0, "timing", "readout_s"], 4.0) },
        Fault("other site", [.otherSettings]) { $0.set(["plans", 0, "telescope", "lat_deg"], 29.2608) },
      ], severity: .note)
  }

  @Test func times() throws {
    let late = "2023-05-18T23:00:00.000Z"
    try expect([
      Fault("after the window", [.outsideWindow]) {
        $0.set(["window"], ["2023-05-18T14:00:00.000Z", "2023-05-19T04:41:39.000Z"])
      },
      Fault("at the end of the window", []) {
        $0.set(["window"], ["2023-05-18T14:00:00.000Z", "2023-05-19T04:41:40.000Z"])
      },
      Fault("before the window", [.outsideWindow]) {
        $0.set(["window"], ["2023-05-18T20:15:01.000Z", "2023-05-19T14:00:00.000Z"])
      },
      Fault("before the event", [.beforeEvent]) { $0.set(["event", "t0"], late) },
      Fault("made afterwards", [.inThePast]) { $0.set(["made"], late) },
      Fault("past", [.inThePast]) { $0.checker.now = utc(late) },
      Fault("closure", [.closure]) {
        let window = TimeWindow(utc("2023-05-19T04:37:30Z"), utc("2023-05-19T04:38:00Z"))
        $0.chile.closures = [.init(window: window, reason: "engineering")]
      },
      Fault("closure before", []) {
        let window = TimeWindow(utc("2023-05-18T04:00:00Z"), utc("2023-05-19T04:36:00Z"))
        $0.chile.closures = [.init(window: window, reason: "engineering")]
      },
      Fault("too short", [.exposureLength]) { $0.chile.exposure.shortest = .seconds(61) },
      Fault("too long", [.exposureLength]) { $0.chile.exposure.longest = .seconds(59) },
      Fault("no time", [.exposureLength]) { $0.setRow(4, "exptime_s", 0.0) },
      Fault("no exposure", [.exposureLength]) { $0.setRow(4, "nexp", 0) },
      Fault("ends too early", [.inconsistentEnd]) { $0.setRow(4, "end_utc", "2023-05-19T04:41:30.000Z") },
      Fault("three exposures in the time of one", [.inconsistentEnd]) { $0.setRow(4, "nexp", 3) },
    ])
  }

  @Test func gaps() throws {
    try expect([
      Fault("overlap", [.overlap]) {
        $0.setRow(3, "start_utc", "2023-05-19T04:39:15.000Z")
        $0.setRow(3, "end_utc", "2023-05-19T04:40:15.000Z")
      },
      Fault("a long exposure over two others", [.overlap, .inconsistentEnd]) {
        $0.setRow(0, "exptime_s", 200.0)
      },
      Fault("readout", [.shortGap]) {
        $0.setRow(3, "start_utc", "2023-05-19T04:39:24.000Z")
        $0.setRow(3, "end_utc", "2023-05-19T04:40:24.000Z")
      },
      Fault("readout just kept", []) {
        $0.setRow(3, "start_utc", "2023-05-19T04:39:25.000Z")
        $0.setRow(3, "end_utc", "2023-05-19T04:40:25.000Z")
      },
      // 2 deg (2.1 along the parallel) in 10 s.
      Fault("slew", [.shortGap]) { $0.chile.timing.slewRate = .degreesPerSecond(0.19) },
      Fault("slew just kept", []) { $0.chile.timing.slewRate = .degreesPerSecond(0.215) },
      Fault("settling", [.shortGap]) { $0.chile.timing.settle = .seconds(11) },
      // 10 s between rows, 5 of them readout.
      Fault("another filter", [.shortGap]) {
        $0.chile.timing.filterChange = .seconds(6)
        $0.setRow(4, "filter", "B")
      },
      Fault("another filter in time", []) {
        $0.chile.timing.filterChange = .seconds(4.9)
        $0.setRow(4, "filter", "B")
      },
      Fault("another filter, assumed", [.shortGap]) { $0.setRow(4, "filter", "B") },
      Fault("no filter named", []) {
        $0.chile.timing.filterChange = .seconds(60)
        $0.setRow(4, "filter", nil)
      },
    ])
    var scenario = Scenario()
    scenario.setRow(0, "exptime_s", 200.0)
    scenario.setRow(0, "end_utc", nil)
    let overlaps = try scenario.report().violations.filter { $0.rule == .overlap }
    #expect(overlaps.map(\.row) == [2, 3])
  }

  @Test func pointing() throws {
    let azimuth = Angle.degrees(Scenario().number(0, 0, "az_deg"))
    try expect([
      Fault("twilight", [.sunUp, .claimedDarkWindow]) { $0.chile.limits.maxSunAltitude = .degrees(-85) },
      Fault("low", [.lowAltitude]) { $0.chile.limits.minAltitude = .degrees(86.5) },
      Fault("airmass", [.highAirmass]) { $0.chile.limits.maxAirmass = 1.0005 },
      Fault("behind a hill", [.lowAltitude]) {
        $0.chile.site.horizon = HorizonMask([
          .init(azimuth: azimuth - .degrees(20), altitude: .zero),
          .init(azimuth: azimuth, altitude: .degrees(89)),
          .init(azimuth: azimuth + .degrees(20), altitude: .zero),
        ])
      },
      Fault("a hill elsewhere", []) {
        $0.chile.site.horizon = HorizonMask([
          .init(azimuth: .degrees(0.1), altitude: .zero),
          .init(azimuth: .degrees(20), altitude: .degrees(80)),
          .init(azimuth: .degrees(40), altitude: .zero), .init(azimuth: .degrees(300), altitude: .zero),
        ])
      },
      Fault("declination", [.declination]) { $0.chile.limits.maxDeclination = .degrees(-30) },
      Fault("southern declination", [.declination]) { $0.reunion.limits.minDeclination = .degrees(-22) },
      Fault("hour angle", [.hourAngle]) { $0.chile.limits.maxHourAngle = .hours(0.15) },
      Fault("Moon", [.nearMoon]) { $0.reunion.limits.minMoonSeparation = .degrees(170) },
      Fault("same tile key", [.duplicateTile]) { $0.setRow(4, "tile_key", "tarot/tch:0") },
    ])
    var again = Scenario()
    for key in ["ra_deg", "dec_deg", "alt_deg", "az_deg", "ha_h", "airmass", "moon_sep_deg"] {
      again.setRow(4, key, ["ra_deg": 236, "dec_deg": -33][key])
    }
    #expect(try again.report().violations.contains { $0.rule == .duplicateTile && $0.row == 5 })
    again.setRow(4, "filter", "I")
    #expect(try !again.report().violations.contains { $0.rule == .duplicateTile })
  }

  /// The mask is linear between its points, closes around north, and never lowers the flat limit of 15.
  @Test(arguments: [
    (20.0, 15.0), (25, 16), (30, 20), (45, 25), (60, 30), (70, 31), (80, 32), (210, 42), (340, 52),
    (350, 42), (0, 32), (10, 22), (19, 15),
  ])
  func horizonMask(_ azimuth: Double, _ lowest: Double) {
    var t = Scenario().chile
    let points = [(20.0, 12.0), (30, 20), (60, 30), (80, 32), (340, 52)]
    t.site.horizon = HorizonMask(points.map { .init(azimuth: .degrees($0.0), altitude: .degrees($0.1)) })
    #expect(abs(lowestAltitude(t, azimuth: .degrees(azimuth)) - lowest) < 1e-9)
  }

  /// A field that sets during a long series breaks the limits in its last exposures.
  @Test func laterExposuresCount() throws {
    let field = icrs(236, -24)
    let setting = utc("2023-05-18T20:15:00Z")
    func rules(_ count: Int) throws -> [Finding.Rule] {
      var t = Scenario().reunion
      t.limits.minAltitude = .degrees(25)
      var series = CheckedPlan.Assignment(row: 1, center: field, start: setting, exposure: .seconds(60))
      series.exposureCount = count
      let plan = CheckedPlan(
        source: .networkCSV, telescopes: [.init(name: "TRE", telescope: t, assignments: [series])])
      return try PlanChecker().check(plan, on: nil).violations.map(\.rule)
    }
    // Five hours of 60 s with 10 s of readout after the passage near the zenith, and a few of each.
    #expect(try rules(5 * 3600 / 70) == [.highAirmass, .lowAltitude])
    #expect(try rules(20).isEmpty)
    #expect(try rules(3).isEmpty)
  }

  @Test func claims() throws {
    func shifted(_ key: String, by amount: Double, row: Int = 2) -> (inout Scenario) -> Void {
      { $0.setRow(row, key, $0.number(0, row, key) + amount) }
    }
    try expect([
      Fault("altitude", [.claimedConditions], shifted("alt_deg", by: 0.2)),
      Fault("azimuth", [.claimedConditions], shifted("az_deg", by: -90)),
      Fault("hour angle", [.claimedConditions], shifted("ha_h", by: 0.02)),
      Fault("airmass", [.claimedConditions], shifted("airmass", by: 0.02)),
      Fault("Moon separation", [.claimedConditions], shifted("moon_sep_deg", by: 0.5)),
      Fault("Moon altitude", [.claimedConditions], shifted("moon_alt_deg", by: 0.5)),
      Fault("Sun altitude", [.claimedConditions], shifted("sun_alt_deg", by: -0.5)),
      Fault("tile", [.claimedProbability], shifted("prob", by: 0.0011)),
      Fault("added", [.claimedAdded], shifted("added", by: -0.0011)),
      Fault("cumulative", [.claimedCumulative], shifted("cum_prob", by: 0.0011)),
      Fault("telescope", [.claimedProbability]) { $0.set(["plans", 0, "totals", "prob"], 0.5) },
      Fault("telescope adds", [.claimedAdded]) { $0.set(["plans", 0, "totals", "added"], 0.0) },
      Fault("network", [.claimedNetwork]) { $0.set(["network", "probability"], 0.5) },
      Fault("bound", [.claimedBound]) { $0.set(["network", "upper_bound"], $0.covered - 2e-9) },
      Fault("bound kept, and the gap to it", []) {
        $0.set(["network", "upper_bound"], $0.covered * 1.25)
        $0.set(["network", "gap"], 0.2)
      },
      Fault("bound below what is found", [.claimedNetwork, .claimedBound]) {
        $0.set(["network", "probability"], $0.covered / 2)
        $0.set(["network", "upper_bound"], $0.covered / 2)
      },
      Fault("bound above one", [.claimedBound]) { $0.set(["network", "upper_bound"], 1.01) },
      Fault("gap", [.claimedBound]) {
        $0.set(["network", "upper_bound"], $0.covered * 1.25)
        $0.set(["network", "gap"], 0.19)
      },
      Fault("gap to nothing", [.claimedBound]) { $0.set(["network", "gap"], 0.1) },
      Fault("area", [.claimedNetwork]) { $0.set(["network", "area_deg2"], 60.0) },
      Fault("latest start", [.claimedLatestStart]) {
        $0.setRow(2, "latest_start_utc", "2023-05-19T10:00:00.000Z")
      },
      Fault("latest start first", [.claimedLatestStart]) {
        $0.setRow(2, "latest_start_utc", "2023-05-19T04:38:00.000Z")
      },
      Fault("dark at noon", [.claimedDarkWindow]) {
        $0.set(["plans", 0, "dark_windows", 0], ["2023-05-18T20:00:00.000Z", "2023-05-19T10:00:00.000Z"])
      },
      Fault("not in the dark window", [.claimedDarkWindow]) {
        $0.set(["plans", 0, "dark_windows", 0], ["2023-05-19T05:00:00.000Z", "2023-05-19T10:00:00.000Z"])
      },
    ])
    try expect(
      [
        Fault("altitude, slightly", [.claimedConditions], shifted("alt_deg", by: 0.05)),
        Fault("altitude, rounded", [], shifted("alt_deg", by: 0.02)),
        Fault("tile, slightly", [.claimedProbability], shifted("prob", by: 0.0005)),
        Fault("tile, rounded", [], shifted("prob", by: 0.0001)),
      ], severity: .note)
  }

  /// Two telescopes on one field: the later adds nothing, and the network counts it once.
  @Test func sharedSkyCountsOnce() throws {
    var scenario = Scenario()
    // The wide field of the second telescope, at an earlier time, swallows a tile of the first.
    scenario.setRow(0, of: 1, "dec_deg", -29.0)
    let report = try scenario.report()
    let added = report.violations.filter { $0.rule == .claimedAdded && $0.telescope == "TAROT/TCH" }
    #expect(added.contains { $0.row == 3 && abs($0.measured?.value ?? 1) < 1e-9 })
    let network = try #require(report.network.probability)
    let apart = try #require(report.network.sumOverTelescopes)
    let parts = report.telescopes.reduce(0) { $0 + ($1.added ?? 0) }
    #expect(abs(parts - network) < 1e-12)
    #expect(apart > network + 0.005)
  }

  /// One telescope under two names is one telescope.
  @Test func aliasesOverlap() throws {
    let t = makeTelescope("T", latitude: -29.2608, longitude: -70.7322, side: 1)
    let csv = """
      tel,ra,dec,mjd,exp
      T,236,-29,60083.19,60
      T-alias,236,-31,60083.1903,60

      """
    let plan = try CheckedPlan(csv: csv.utf8) { _ in t }
    let report = try PlanChecker().check(plan, on: nil)
    #expect(report.violations.map(\.rule) == [.overlap])
    #expect(report.telescopes.count == 1)
    #expect(report.network.probability == nil)
  }

  /// A CSV file writes several exposures of a field as rows that follow each other.
  @Test func csvSeriesAreNoDuplicates() throws {
    let t = makeTelescope("T", latitude: -29.2608, longitude: -70.7322, side: 1)
    func rules(_ rows: [(Double, Double)]) throws -> [Finding.Rule] {
      let lines = rows.map { "T,236,\($0.0),\(60083.19 + $0.1 / 86400),60" }
      let csv = (["tel,ra,dec,mjd,exp"] + lines).joined(separator: "\n")
      return try PlanChecker().check(CheckedPlan(csv: csv.utf8) { _ in t }, on: nil).violations.map(\.rule)
    }
    #expect(try rules([(-29, 0), (-29, 66), (-29, 132), (-31, 200)]).isEmpty)
    #expect(try rules([(-29, 0), (-31, 66), (-29, 132)]) == [.duplicateTile])
    #expect(try rules([(-29, 0), (-29, 400)]) == [.duplicateTile])
  }
}
