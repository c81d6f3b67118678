import Testing
import Units

@testable import Ephemerides

private struct OrientationCase: Decodable {
  let utc: String
  let ut1TaiS: Double
  let xpArcsec: Double
  let ypArcsec: Double
}

@Suite struct EarthOrientationTests {
  /// The generator measured 1.03 ms and 2.2 mas against every daily row; 5 us and 0.05 mas of rounding.
  static let ut1Seconds = 1.1e-3
  static let poleArcseconds = 2.5e-3

  @Test func tableIsWhole() throws {
    typealias T = EarthOrientationTable
    #expect(T.ut1MinusTAI.count == T.polarX.count && T.polarX.count == T.polarY.count)
    let bundled = EarthOrientation.bundled
    let coverage = try #require(bundled.coverage)
    #expect(coverage.start == instant("2015-01-01T00:00:00Z"))
    #expect(coverage.contains(instant("2027-10-01T00:00:00Z")))
    #expect(bundled.issued! < bundled.coverage!.end && bundled.predictedFrom! < bundled.issued!)
    #expect(bundled.source.contains("finals2000A"))
  }

  @Test func tableInterpolatesDailyRows() {
    let cases = OracleFile<OrientationCase>.cases("astropy-earth-orientation")
    #expect(cases.count == 60)
    for c in cases {
      let got = EarthOrientation.bundled.values(at: instant(c.utc))
      #expect(abs(got.ut1MinusTAISeconds - c.ut1TaiS) < Self.ut1Seconds, "\(c.utc)")
      #expect(abs(got.polarX.arcseconds - c.xpArcsec) < Self.poleArcseconds, "\(c.utc)")
      #expect(abs(got.polarY.arcseconds - c.ypArcsec) < Self.poleArcseconds, "\(c.utc)")
      #expect(!got.isExtrapolated)
    }
  }

  /// UT1 is continuous over the leap second at the end of 2016.
  @Test func leapSecondIsNoStep() {
    let before = EarthOrientation.bundled.values(at: instant("2016-12-31T23:59:59.5Z"))
    let after = EarthOrientation.bundled.values(at: instant("2017-01-01T00:00:00.5Z"))
    #expect(abs(before.ut1MinusTAISeconds - after.ut1MinusTAISeconds) < 1e-6)
  }

  @Test func constantCountsLeapSecondsOnce() {
    func half(at t: String) -> EarthOrientation {
      EarthOrientation(
        ut1MinusUTC: .milliseconds(500), at: instant(t), polarX: .zero, polarY: .zero, source: "test")
    }
    let early = half(at: "2016-12-31T23:59:60.5Z")
    for t in ["2010-01-01T00:00:00Z", "2026-01-01T00:00:00Z"] {
      #expect(early.values(at: instant(t)).ut1MinusTAISeconds == -35.5)
      #expect(half(at: "2017-01-01T00:00:00Z").values(at: instant(t)).ut1MinusTAISeconds == -36.5)
      #expect(EarthOrientation.zero.values(at: instant(t)).ut1MinusTAISeconds == -37)
    }
    #expect(early.coverage == nil)
  }

  @Test func outsideTheTableTheLastRowHolds() throws {
    let bundled = EarthOrientation.bundled
    let end = try #require(bundled.coverage).end
    let last = bundled.values(at: end)
    let later = bundled.values(at: end + .hours(24 * 400))
    #expect(!last.isExtrapolated && later.isExtrapolated)
    #expect(later.ut1MinusTAISeconds == last.ut1MinusTAISeconds && later.polarX == last.polarX)
    #expect(bundled.values(at: instant("2010-01-01T00:00:00Z")).isExtrapolated)
    #expect(bundled.values(at: Instant(tai: .max)).isExtrapolated)
    let window = TimeWindow(end - .hours(12), end + .hours(12))
    #expect(try Ephemeris(covering: window).isEarthOrientationExtrapolated)
    #expect(try !Ephemeris(covering: TimeWindow(end - .hours(24), end)).isEarthOrientationExtrapolated)
  }

  @Test func badTablesAreRefused() {
    func make(
      step: Duration = .seconds(86_400), ut1: [Double] = [-37, -37], x: [Angle] = [.zero, .zero],
      y: [Angle] = [.zero, .zero]
    ) throws(EphemeridesError) -> EarthOrientation {
      try EarthOrientation(
        first: instant("2020-01-01T00:00:00Z"), step: step, ut1MinusTAISeconds: ut1, polarX: x, polarY: y,
        source: "test")
    }
    #expect(throws: Never.self) { try make() }
    #expect(throws: EphemeridesError.self) { try make(ut1: [-37]) }
    #expect(throws: EphemeridesError.self) { try make(x: [.zero]) }
    #expect(throws: EphemeridesError.self) { try make(step: .zero) }
    #expect(throws: EphemeridesError.self) { try make(ut1: [-37, .nan]) }
    #expect(throws: EphemeridesError.self) { try make(y: [.zero, .degrees(1)]) }
  }
}
