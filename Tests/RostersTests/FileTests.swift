import Foundation
import TestSupport
import Testing
import Units

@testable import Rosters

func fixtureText(_ name: String) -> String {
  // A missing file fails the reader.
  (try? String(contentsOf: fixture("rosters/\(name)"), encoding: .utf8)) ?? ""
}

@Suite struct FileTests {
  private func campaign() throws -> RosterReading {
    try RosterReading(yaml: fixtureText("campaign.yaml"), file: "campaign.yaml")
  }

  @Test func theCampaignIsRead() throws {
    let reading = try campaign()
    let roster = reading.roster
    #expect(roster.campaign == "GRANDMA spring 2026" && roster.key == "grandma-spring-2026")
    #expect(roster.shifts.count == 84 && roster.members.count == 10)
    #expect(roster.shift(shiftID("2026-03-19/3"))?.members == names(4), "the last of the first week")
    #expect(roster.shift(shiftID("2026-03-20/3"))?.members == names(10))
    #expect(roster.shift(shiftID("2026-03-28/1"))?.members == names(5, 7))
    #expect(roster.absences[0].window == TimeWindow(at("2026-03-21"), at("2026-03-26")))
    #expect(roster.rules.capacity == 4)
    // The slot that is written to end at :59 ends at the full hour, and is told of.
    #expect(roster.table.slot(named: "2")?.to == TimeOfDay(hour: 3))
    #expect(reading.notes.map(\.line) == [8])
  }

  @Test func yamlRoundTrips() throws {
    let roster = try campaign().roster
    let again = try RosterReading(yaml: roster.yaml(), file: "again.yaml")
    #expect(again.roster == roster)
    #expect(again.notes.isEmpty)
  }

  @Test(arguments: Array(1...60) as [UInt64])
  func randomRostersRoundTrip(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    func below(_ n: Int) -> Int { Int.random(in: 0..<n, using: &random) }
    let texts = [
      "a: b # c", "\"quoted\" \\ back", "été ☃ 日本", "- dash", "null", "123", "trailing ", "{x}", "'single'",
      "a\u{a0}b",
    ]
    let users =
      (1...9).map { user("shifter-\($0)") } + [user("007"), user("null"), user("1e5"), user("a.b_c")]
    func someone() -> Username { users[below(users.count)] }
    func time(_ m: Int) -> TimeOfDay { TimeOfDay.midnight.advanced(byMinutes: m) }
    let cuts = [below(400), 420 + below(400), 840 + below(500)]
    let table = SlotTable(
      weekday: Weekday.allCases[below(7)], time: time(cuts[below(3)]),
      slots: (0..<3).map {
        Slot(name: ["1", "night", "C-3"][$0], from: time(cuts[$0]), to: time(cuts[($0 + 1) % 3]))
      }
      .map { SlotTimes.normalized(name: $0.name, from: $0.from, to: $0.to) })
    var first = day("2026-01-01").advanced(by: below(2000))
    while first.weekday != table.weekday { first = first.advanced(by: 1) }
    let count = 1 + below(6)
    var roster = Roster(
      campaign: texts[below(texts.count)], key: "k-\(below(99))", table: table, firstWeek: first,
      weekCount: count,
      rules: .init(
        peoplePerShift: 1 + below(3), capacity: below(2) == 0 ? nil : 10, rest: .minutes(Double(below(900)))),
      members: Set((0..<5).map { _ in someone() }).map {
        .init(
          $0, zone: below(2) == 0 ? "Europe/Paris" : nil, prefers: below(2) == 0 ? ["night"] : [],
          coordinates: below(2) == 0, share: Fraction(clamping: 0.05 + Double(below(95)) / 100),
          weeksAtMost: below(2) == 0 ? below(5) : nil)
      }, teams: [.init(name: "t1", members: Set([someone(), someone()]).sorted())],
      weeks: (0..<count).filter { _ in below(5) > 0 }.map { w in
        .init(
          start: first.advanced(by: 7 * w), coordinator: below(2) == 0 ? someone() : nil,
          slots: (0..<3).map { _ in
            below(3) == 0 ? [] : below(3) == 0 ? [.team("t1"), .member(someone())] : [.member(someone())]
          })
      },
      absences: (0..<below(4)).map { _ in
        let from = first.at(time(0)) + .hours(Double(below(100) * 12))
        return .init(user: someone(), window: TimeWindow(from, from + .hours(Double(1 + below(90)))))
      })
    for _ in 0..<below(4) {
      let shift = roster.shifts[below(roster.shifts.count)]
      roster.setMembers([someone()], on: shift.id, why: texts[below(texts.count)])
    }
    let again = try RosterReading(yaml: roster.yaml(), file: "r.yaml")
    #expect(again.roster == roster, "seed \(seed)\n\(roster.yaml())")
    // The daily table holds who works when, whatever the weeks and overrides behind it.
    var bare = roster
    bare.weeks = []
    bare.overrides = []
    if roster.shifts.contains(where: { !$0.members.isEmpty }) {
      let table = try RosterReading(csv: roster.dailyCSV(), file: "r.csv", template: bare).roster
      let (a, b) = (roster.shifts, table.shifts)
      let filled = Dictionary(uniqueKeysWithValues: b.map { ($0.id, $0.members) })
      for shift in a { #expect((filled[shift.id] ?? []) == shift.members, "seed \(seed), \(shift.id)") }
    }
  }

  @Test func tablesOfASpreadsheetAreRead() throws {
    let roster = try campaign().roster
    var bare = roster
    bare.weeks = []
    bare.overrides = []
    let weekly = try RosterReading(csv: fixtureText("weekly.csv"), file: "weekly.csv", template: bare).roster
    #expect(weekly.weeks == roster.weeks)
    let daily = try RosterReading(csv: fixtureText("daily.csv"), file: "daily.csv", template: bare).roster
    #expect(daily.weeks == roster.weeks)
    #expect(daily.overrides.map(\.shift) == roster.overrides.map(\.shift))
    #expect(daily.shifts.map(\.members) == roster.shifts.map(\.members))
    #expect(roster.weeklyCSV() == nil)
    let again = try RosterReading(csv: try #require(weekly.weeklyCSV()), file: "w.csv", template: bare).roster
    #expect(again == weekly)
  }

  struct Wrong: Sendable {
    let line: Int
    let find: String
    let replace: String
    let says: String
  }
  static let wrong = [
    Wrong(line: 3, find: "first_week: 2026-03-12", replace: "first_week: 2026-03-13", says: "is a Friday"),
    Wrong(line: 3, find: "2026-03-12\nweeks", replace: "2026-02-30\nweeks", says: "is no date"),
    Wrong(line: 4, find: "weeks: 4", replace: "weeks: 4000000000000000000000", says: "whole number"),
    Wrong(line: 5, find: "Thursday 11:00", replace: "Thursday 11:60", says: "is no day and UTC time"),
    Wrong(line: 7, find: "11:00-19:00", replace: "11:00", says: "is no slot"),
    Wrong(line: 11, find: "capacity: 4", replace: "capacity: 1", says: "less than the people"),
    Wrong(line: 11, find: "capacity: 4", replace: "capacty: 4", says: "did you mean `capacity`?"),
    Wrong(
      line: 14, find: "shifter-01: {zone", replace: "first.last@example.org: {zone",
      says: "rosters hold no addresses"),
    Wrong(
      line: 16, find: "America/Los_Angeles}\n", replace: "../../etc/passwd}\n", says: "no name of a time zone"
    ),
    Wrong(line: 19, find: "prefers: [2, 3]", replace: "prefers: [2, 4]", says: "`4` is no slot"),
    Wrong(line: 21, find: "share: 0.5", replace: "share: nan", says: "is not a number"),
    Wrong(
      line: 28, find: "coordinator: shifter-09\n    1: shifter-01",
      replace: "coordinator: [a, b]\n    1: shifter-01", says: "one line of text"),
    Wrong(line: 29, find: "1: shifter-01", replace: "1: team nigth", says: "did you mean `night`?"),
    Wrong(
      line: 32, find: "  2026-03-19:", replace: "  2026-03-20:", says: "the nearest starts on 2026-03-19"),
    Wrong(line: 48, find: "2026-03-20/2", replace: "2026-05-20/2", says: "is no shift of the campaign"),
    Wrong(
      line: 49, find: "members: [shifter-05, shifter-07]", replace: "members: [shifter-05, shifter-05]",
      says: "names somebody twice"),
    Wrong(line: 51, find: "to: 2026-03-25", replace: "to: 2026-03-20", says: "is not after"),
    Wrong(line: 31, find: "  2026-03-19:", replace: "  2026-03-12:", says: "twice"),
  ]

  @Test(arguments: wrong.indices)
  func mistakesAreNamedWithTheirLine(_ i: Int) throws {
    let wrong = Self.wrong[i]
    let text = fixtureText("campaign.yaml")
    let range = try #require(text.range(of: wrong.find))
    let bad = text.replacingCharacters(in: range, with: wrong.replace)
    do {
      _ = try RosterReading(yaml: bad, file: "bad.yaml")
      Issue.record("\(wrong.replace) was read")
    } catch {
      let lines = error.description.split(separator: "\n")
      #expect(
        lines.contains {
          $0.contains(wrong.says) && ($0.hasPrefix("bad.yaml:\(wrong.line):") || wrong.says == "twice")
        },
        "\(wrong.replace): \(error)")
    }
  }

  @Test(arguments: [
    "", "[]", "campaign: &a x\nkey: *a", String(repeating: "[", count: 5000), "\u{0}",
    "campaign: \"a\\nb\"\nfirst_week: 2026-03-12\nweeks: 1",
    String(repeating: "a: {", count: 400), "? - ? - ? - x", "slots: {1: 11:00-11:00, 1: 11:00-12:00}",
  ])
  func hostileFilesAreRefused(_ text: String) {
    #expect(throws: RosterError.self) { try RosterReading(yaml: text, file: "x") }
  }

  @Test(arguments: [
    ("", "is empty"), ("day,1,2,3\n", "call it `week` or `date`"), ("week,1,2\n", "csv:1: 3: is missing"),
    ("week,1,2,3\n26/11/2026,a,b,c\n", "csv:2: week: `26/11/2026` is no date"),
    ("week,1,2,3\n\n2026-11-27,a,b,c\n", "csv:3: week: 2026-11-27 is a Friday"),
    ("week,1,2,3\n2026-11-26,a,b,\"c\n", "csv:2: a quote is never closed"),
    ("week,1,2,3\n2026-11-26,a@b.c,b,c\n", "rosters hold no addresses"),
    ("week,1,2,3\n2026-11-26,a,b,=cmd()\n", "`=cmd()` is no user name"),
    ("week,1,2,3\n2026-11-26,a,b,c,d\n", "csv:2: column 5"),
    ("week,1,2,3\n2026-11-26,a,b,c\n2026-11-26,a,b,c\n", "stands in line 2 already"),
    ("week,1,2,3,slot 3\n2026-11-26,a,b,c,d\n", "stands there twice"),
    ("week,1,2,3\n2026-11-26,a,b,c\n2126-11-28,a,b,c\n", "check the years"),
    ("date,coordinator,1,2,3\n2026-11-26,x,a,b,\n2026-11-27,y,a,b,c\n", "a week has one coordinator"),
  ])
  func mistakesInTablesAreNamed(_ text: String, _ says: String) {
    do {
      _ = try RosterReading(csv: text, file: "csv", template: plainRoster())
      Issue.record("\(text) was read")
    } catch { #expect(error.description.contains(says), "\(error)") }
  }

  @Test func aQuotedCellMayHoldSeveralPeopleOnLines() throws {
    let text = "week;1;2;3\r\n2026-11-26;\"a-1\r\nb-2\";c;d + e\r\n"
    let roster = try RosterReading(csv: text, file: "x", template: plainRoster()).roster
    #expect(roster.shifts[0].members == [user("a-1"), user("b-2")])
    #expect(roster.shifts[2].members == [user("d"), user("e")])
  }
}
