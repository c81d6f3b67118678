import CERFA
import Foundation
import Testing

@testable import Units

/// A double holds a Julian date near MJD 60000 to 0.6 microseconds.
private let mjdRounding = 1.5e-11
/// And GPS seconds near 1.4e9 to 0.24 microseconds.
private let gpsRounding = 5e-7

@Suite struct InstantTests {
  @Test func momentsMatchAstropy() throws {
    for c in try TimeOracle.load().times {
      let instant = try #require(Instant(iso8601: c.utc), "\(c.utc)")
      #expect(instant.tai == c.taiMilliseconds * 1_000_000, "\(c.utc)")
      #expect(abs(instant.mjdUTC - c.mjd) < mjdRounding, "\(c.utc)")
      #expect(abs(instant.gps - c.gps) < gpsRounding, "\(c.utc)")
      let tt = instant.julianDateTT
      #expect(abs((tt.day - c.jdTT[0]) + (tt.fraction - c.jdTT[1])) < 1e-14, "\(c.utc)")
      #expect(instant.iso8601(.milliseconds) == c.utc + "Z")
      #expect(abs(Instant(gps: c.gps).seconds(since: instant)) < gpsRounding)
      let back = try #require(Instant(mjdUTC: c.mjd))
      #expect(abs(back.seconds(since: instant)) < 2e-6, "\(c.utc)")
    }
  }

  @Test func leapSecondsMatchERFA() throws {
    for (year, month) in (1972...2060).flatMap({ y in [1, 4, 7, 10].map { (y, $0) } }) {
      var offset = 0.0
      eraDat(Int32(year), Int32(month), 1, 0, &offset)
      let day = Calendar.days(year: Int64(year), month: Int64(month), day: 1)
      #expect(Double(LeapSeconds.offset(onDay: day)) == offset, "\(year)-\(month)")
    }
    for leap in try TimeOracle.load().leapSeconds {
      let day = Calendar.days(year: Int64(leap.year), month: Int64(leap.month), day: 1)
      #expect(Double(LeapSeconds.offset(onDay: day)) == leap.offset)
    }
  }

  @Test func calendarMatchesERFA() {
    var generator = SeededGenerator(seed: 11)
    for _ in 0..<3000 {
      let days = Int64.random(in: -100_000...110_000, using: &generator)
      let date = Calendar.date(days: days)
      #expect(Calendar.days(year: date.year, month: date.month, day: date.day) == days)
      var (djm0, djm) = (0.0, 0.0)
      let status = eraCal2jd(Int32(date.year), Int32(date.month), Int32(date.day), &djm0, &djm)
      #expect(status == 0 && djm == Double(51_544 + days), "day \(days)")
    }
  }

  @Test func everyReadingRoundTrips() throws {
    let start = try #require(Instant(utcYear: 2016, month: 12, day: 31, hour: 23, minute: 59, second: 58))
    var seen: [String] = []
    for half in 0..<10 {
      let instant = start.advanced(bySeconds: Double(half) / 2)
      let text = instant.iso8601(.milliseconds)
      seen.append(text)
      #expect(Instant(iso8601: text) == instant)
    }
    #expect(seen[4] == "2016-12-31T23:59:60.000Z" && seen[5] == "2016-12-31T23:59:60.500Z")
    #expect(seen[6] == "2017-01-01T00:00:00.000Z")
    // Rounding to seconds goes through the leap second, not past it.
    #expect(start.advanced(bySeconds: 1.6).iso8601() == "2016-12-31T23:59:60Z")
    #expect(start.advanced(bySeconds: 2.6).iso8601() == "2017-01-01T00:00:00Z")
  }

  @Test(arguments: [
    ("2023-05-18T12:59:08Z", "2023-05-18T12:59:08.000000Z"),
    ("2023-05-18 12:59:08.167", "2023-05-18T12:59:08.167000Z"),
    ("2023-05-18T12:59:08,25+00:00", "2023-05-18T12:59:08.250000Z"),
    ("2023-05-18T14:59:08+02:00", "2023-05-18T12:59:08.000000Z"),
    ("2023-05-18T14:59:08+02", "2023-05-18T12:59:08.000000Z"),
    ("2023-05-18T07:29:08-0530", "2023-05-18T12:59:08.000000Z"),
    ("2023-05-18T12:59", "2023-05-18T12:59:00.000000Z"),
    ("2023-05-18", "2023-05-18T00:00:00.000000Z"),
    ("2023-05-18t12:59:08.1234567891234z", "2023-05-18T12:59:08.123457Z"),
    // An hour east of the leap second: the calendar shifts, not the count of seconds.
    ("2017-01-01T00:30:00+01:00", "2016-12-31T23:30:00.000000Z"),
    ("2017-01-01T00:59:60+01:00", "2016-12-31T23:59:60.000000Z"),
    ("2016-12-31T18:59:60-05:00", "2016-12-31T23:59:60.000000Z"),
    ("2024-01-01T00:00:00+14:00", "2023-12-31T10:00:00.000000Z"),
  ])
  func textIsRead(_ text: String, _ expected: String) {
    #expect(Instant(iso8601: text)?.iso8601(.microseconds) == expected)
  }

  @Test(arguments: [
    "", "2023", "2023-05", "2023-5-18", "2023-13-01", "2023-02-29", "2023-05-32", "2023-05-00",
    "2023-05-18T24:00:00",
    "2023-05-18T12:60:00", "2023-05-18T12:59:61", "2023-05-18T12:59:60", "2017-01-01T23:59:60",
    "2023-05-18T12:59:08.",
    "2023-05-18T12:59:08+1", "2023-05-18T12:59:08+05:", "2023-05-18T12:59:08+05:3", "2023-05-18T12:59:08+053",
    "2023-05-18T12:59:08+05:60", "2023-05-18T12:59:08+15:00", "2023-05-18T12:59:08ZZ", "2023-05-18X12:59:08",
    "1971-12-31T23:59:59", "2291-01-01", "12023-05-18", "2023-05-18T", "٢٠٢٣-05-18",
    "2016-12-31T23:59:60+01:00", "NaN",
  ])
  func badTextIsRefused(_ text: String) {
    #expect(Instant(iso8601: text) == nil)
  }

  @Test func extremesDoNotTrap() {
    for tai in [Int64.min, .min + 1, -1, 0, 1, .max - 1, .max] {
      let instant = Instant(tai: tai)
      for decimals in [SecondDecimals.none, .milliseconds, .microseconds] {
        #expect(!instant.iso8601(decimals).isEmpty)
      }
      #expect(instant.mjdUTC.isFinite && instant.gps.isFinite && instant.julianDateTT.day.isFinite)
      #expect(abs((instant - Instant(tai: 0)).seconds) < 9.3e9)
    }
    for seconds in [1e300, -1e300, .infinity, -.infinity, .nan, 9.3e9] {
      #expect(!Instant(gps: seconds).iso8601().isEmpty)
    }
    #expect((Instant(tai: .max) - Instant(tai: .min)).seconds > 9.2e9)
    for mjd in [Double.nan, .infinity, -1e300, 0, 41_316.9, 157_001] { #expect(Instant(mjdUTC: mjd) == nil) }
  }

  @Test func gpsCountsFromItsEpoch() throws {
    let epoch = try #require(Instant(iso8601: "1980-01-06T00:00:00Z"))
    #expect(epoch.gps == 0)
    // GW150914 and GW170817, as published.
    #expect(Instant(gps: 1_126_259_462).iso8601() == "2015-09-14T09:50:45Z")
    #expect(Instant(gps: 1_187_008_882.4).iso8601(.milliseconds) == "2017-08-17T12:41:04.400Z")
  }

  @Test func windowsIntersect() throws {
    let t = try #require(Instant(iso8601: "2024-01-01"))
    let a = TimeWindow(t, t + .hours(2))
    let b = TimeWindow(t + .hours(1), t + .hours(3))
    #expect(a.intersection(b)?.duration == .seconds(3600))
    #expect(a.intersection(TimeWindow(t + .hours(2), t + .hours(4))) == nil)
    #expect(a.contains(t) && !a.contains(t + .hours(2)))
  }
}
