import Foundation
import TestSupport
import Testing
import Units

@testable import Rosters

private struct ZoneCase: Decodable, Sendable {
  let name: String
  let file: String
  let samples: [[String]]

  var bytes: [UInt8] {
    let digits = Array(file.utf8).map { $0 < 58 ? $0 - 48 : $0 - 87 }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }
  static let all: [ZoneCase] = {
    struct Oracle: Decodable { let zones: [ZoneCase] }
    guard let data = try? Data(contentsOf: fixture("oracles/rosters-zones.json")) else { return [] }
    // An empty list fails the count below.
    return (try? JSONDecoder().decode(Oracle.self, from: data))?.zones ?? []
  }()
}

/// The zones of the oracle by name.
let oracleZones: [String: LocalZone] = Dictionary(
  uniqueKeysWithValues: ZoneCase.all.compactMap { c in
    // One that cannot be read fails its own test.
    (try? LocalZone(name: c.name, file: c.bytes)).map { (c.name, $0) }
  })

@Suite struct TimeTests {
  @Test func daysCountLikeTheCalendar() throws {
    #expect(day("2000-01-01").number == 0 && day("2000-01-01").weekday == .saturday)
    #expect(day("2026-11-26").weekday == .thursday)
    #expect(day("2024-02-28").advanced(by: 2).description == "2024-03-01")
    #expect(day("1972-01-01").advanced(by: -1) == day("1972-01-01"))
    #expect(day("2289-12-31").advanced(by: .max) == day("2289-12-31"))
    for text in ["2026-11-31", "2026-1-1", "2026-11-26 ", "", "2290-01-01", "-026-11-26", "２026-11-26"] {
      #expect(UTCDay(text) == nil, "\(text)")
    }
    var random = SeededGenerator(seed: 7)
    for _ in 0..<500 {
      let n = Int.random(in: -10_000...100_000, using: &random)
      let d = day("2000-01-01").advanced(by: n)
      #expect(UTCDay(year: d.year, month: d.month, day: d.day)?.number == n)
      #expect(
        UTCDay(containing: d.midnight) == d
          && UTCDay(containing: d.midnight + .seconds(-1)) == d.advanced(by: -1))
    }
  }

  @Test func aShiftOverALeapSecondIsASecondLonger() {
    let slot = Slot(name: "2", from: TimeOfDay(hour: 19)!, to: TimeOfDay(hour: 3)!)
    #expect(slot.window(startingOn: day("2016-12-31")).duration == .hours(8) + .seconds(1))
    #expect(slot.window(startingOn: day("2026-12-31")).duration == .hours(8))
  }

  @Test func thereAreZonesInTheOracle() { #expect(oracleZones.count == 10) }

  @Test(arguments: ZoneCase.all.indices)
  func localTimesAreThoseOfZoneinfo(_ i: Int) throws {
    let c = ZoneCase.all[i]
    let zone = try LocalZone(name: c.name, file: c.bytes)
    for sample in c.samples {
      let local = zone.local(at(sample[0]))
      #expect("\(local.day) \(local.hourAndMinute)" == sample[1], "\(c.name) \(sample[0])")
      #expect(local.period.abbreviation == sample[2], "\(c.name) \(sample[0])")
    }
  }

  @Test func cutOrTwistedZoneFilesAreRefused() throws {
    let c = try #require(ZoneCase.all.first)
    for n in stride(from: 0, to: c.bytes.count, by: 7) {
      // The end of the footer alone can be missed.
      if n >= c.bytes.count - 40 { break }
      #expect(throws: RosterError.self) { try LocalZone(name: "x", file: Array(c.bytes.prefix(n))) }
    }
    var random = SeededGenerator(seed: 3)
    for _ in 0..<2000 {
      var bytes = c.bytes
      for _ in 0..<3 {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      let zone = try? LocalZone(name: "x", file: bytes)  // either verdict is right; it must not trap
      _ = zone?.local(at("2026-07-01"))
    }
  }

  @Test func posixRules() throws {
    let south = try LocalZone(name: "south", posixRule: "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0")
    #expect(south.local(at("2026-01-15T00:00Z")).text == "Thu 2026-01-15 11:00 +11")
    #expect(south.local(at("2026-07-15T00:00Z")).text == "Wed 2026-07-15 10:30 +1030")
    let julian = try LocalZone(name: "j", posixRule: "AAA0BBB,J60/0,J300/0")
    #expect(julian.local(at("2028-02-29T12:00Z")).period.abbreviation == "AAA")
    #expect(julian.local(at("2028-03-01T00:00Z")).period.abbreviation == "BBB")
    for text in [
      "", "CET", "CET-1CEST", "CET-1CEST,M13.1.0,M10.5.0", "CET-25", "C-1", "CET-1CEST,M3.5.0,M10.5.0x",
      "CET-1CEST,M3.5.0/168,M10.5.0",
    ] {
      #expect(throws: RosterError.self, "\(text)") { try LocalZone(name: "x", posixRule: text) }
    }
  }

  /// The week in which Europe goes to summer time: nothing moves in UTC, everything by an hour locally.
  @Test func aChangeOfLocalTimeMovesNoShift() throws {
    let roster = plainRoster(weeks: 2, first: "2026-03-26")
    #expect(RosterCheck(zones: oracleZones).findings(roster).allSatisfy { $0.severity == .note })
    for (a, b) in zip(roster.shifts, roster.shifts.dropFirst()) {
      #expect(a.window.end == b.window.start && a.window.duration == .hours(8))
    }
    let paris = try #require(oracleZones["Europe/Paris"])
    func text(_ id: String) throws -> String {
      ShiftTimes.text(try #require(roster.shift(shiftID(id))).window, zone: paris)
    }
    #expect(try text("2026-03-28/1") == "Sat 2026-03-28 11:00-19:00 UTC (Sat 2026-03-28 12:00-20:00 CET)")
    #expect(
      try text("2026-03-28/2")
        == "Sat 2026-03-28 19:00-Sun 03:00 UTC (Sat 2026-03-28 20:00 CET-Sun 05:00 CEST)")
    #expect(try text("2026-03-29/1") == "Sun 2026-03-29 11:00-19:00 UTC (Sun 2026-03-29 13:00-21:00 CEST)")
    let autumn = plainRoster(first: "2026-10-22")
    let night = try #require(autumn.shift(shiftID("2026-10-24/2")))
    #expect(ShiftTimes.text(night.window, zone: paris).hasSuffix("(Sat 2026-10-24 21:00 CEST-Sun 04:00 CET)"))
    // Night from 0 to 6 holds one hour less of that night in spring, one more in autumn.
    let spring = try #require(roster.shift(shiftID("2026-03-28/2")))
    #expect(LocalNight().time(in: spring.window, zone: paris) == .hours(4))
    #expect(LocalNight().time(in: night.window, zone: paris) == .hours(5))
  }
}
