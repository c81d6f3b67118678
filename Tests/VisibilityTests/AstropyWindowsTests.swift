import Observatories
import Testing
import Units

@testable import Visibility

private struct VisibilityCase: Decodable {
  struct Site: Decodable {
    let name: String
    let latDeg: Double
    let lonDeg: Double
    let heightM: Double
  }
  struct Limits: Decodable {
    let minAltDeg: Double
    let maxAirmass: Double
    let moonSepDeg: Double
    let sunAltDeg: Double
    let maxHaDeg: Double?
    let mask: [[Double]]?
  }
  let site: Site
  let start: String
  let hours: Double
  let raDeg: Double
  let decDeg: Double
  let exposureS: Double
  let limits: Limits
  let dark: [[String]]
  let starts: [[String]]

  var target: Direction<ICRS> { Direction(ra: .degrees(raDeg), dec: .degrees(decDeg)) }

  var telescope: Telescope {
    var t = bareTelescope
    t.site.horizon = limits.mask.map { mask($0.map { (azimuth: $0[0], altitude: $0[1]) }) }
    return t
  }

  private var bareTelescope: Telescope {
    VisibilityTests.telescope(
      place(site.latDeg, site.lonDeg, site.heightM),
      .init(
        minAltitude: .degrees(limits.minAltDeg), maxAirmass: limits.maxAirmass,
        minMoonSeparation: .degrees(limits.moonSepDeg), maxSunAltitude: .degrees(limits.sunAltDeg),
        maxHourAngle: limits.maxHaDeg.map(Angle.degrees)))
  }
}

@Suite struct AstropyWindowsTests {
  /// Required is 1 s. Ours: 0.01 s of root, 2 ms of rounding, 1.1 ms of UT1; the Moon moves 1 arcsec in
  /// 2 s, so 0.012 arcsec of its light time are 24 ms.
  static let seconds = 0.1

  @Test func windowsMatchAstropy() throws {
    let cases = OracleFile<VisibilityCase>.cases("astropy-visibility")
    #expect(cases.count == 15)
    var worst = 0.0
    for c in cases {
      let name = "\(c.site.name) \(c.start) \(c.raDeg) \(c.decDeg)"
      let site = try visibility(c.telescope, from: c.start, hours: c.hours)
      let starts = site.startWindows(for: c.target, exposure: .seconds(c.exposureS))
      for (got, expected, what) in [(site.darkWindows, c.dark, "dark"), (starts, c.starts, "starts")] {
        #expect(
          got.count == expected.count,
          "\(name) \(what): \(got.map { ($0.start.iso8601(), $0.end.iso8601()) })")
        for (g, e) in zip(got, expected) {
          let off = max(abs(g.start.seconds(since: instant(e[0]))), abs(g.end.seconds(since: instant(e[1]))))
          worst = max(worst, off)
          #expect(off < Self.seconds, "\(name) \(what) \(e): \(off) s")
        }
      }
      let rejection = site.rejection(for: c.target, exposure: .seconds(c.exposureS))
      #expect((rejection != nil) == c.starts.isEmpty, "\(name)")
      if let rejection { print("\(name): \(rejection)") }
    }
    print("windows against astropy: worst \(worst) s")
  }
}
