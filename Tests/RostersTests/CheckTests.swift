import TestSupport
import Testing
import Units

@testable import Rosters

@Suite struct CheckTests {
  private func kinds(_ roster: Roster, _ check: RosterCheck = .init()) -> Set<RosterFinding.Kind> {
    Set(check.findings(roster).map(\.kind))
  }
  private func time(_ h: Int, _ m: Int = 0) -> TimeOfDay { TimeOfDay(hour: h, minute: m)! }

  @Test func aPlainRosterHasNothingToSay() { #expect(RosterCheck().findings(plainRoster(weeks: 3)).isEmpty) }

  @Test func gapsAndOverlapsOfSlots() {
    func findings(_ slots: [Slot]) -> [RosterFinding] {
      var roster = plainRoster()
      roster = Roster(
        campaign: "x", table: SlotTable(weekday: .thursday, time: time(11), slots: slots),
        firstWeek: roster.firstWeek, weekCount: 1,
        weeks: [
          .init(
            start: roster.firstWeek, coordinator: user("c"),
            slots: slots.indices.map { [.member(names($0 + 1)[0])] })
        ])
      return RosterCheck().findings(roster).filter { $0.kind == .gap || $0.kind == .overlap }
    }
    let gap = findings([
      Slot(name: "a", from: time(11), to: time(19)), Slot(name: "b", from: time(19), to: time(2, 59)),
      Slot(name: "c", from: time(3), to: time(11)),
    ])
    #expect(gap.map(\.text) == ["no slot covers 02:59-03:00 UTC of any day"] && gap[0].severity == .error)
    let midnight = findings([Slot(name: "a", from: time(1), to: time(23))])
    #expect(midnight.map(\.text) == ["no slot covers 23:00-01:00 UTC of any day"])
    let overlap = findings([
      Slot(name: "a", from: time(11), to: time(20)), Slot(name: "b", from: time(19), to: time(11)),
    ])
    #expect(overlap.map(\.kind) == [.overlap] && overlap[0].text.contains("from 19:00 UTC with slot a"))
    #expect(findings([Slot(name: "all", from: time(11), to: time(11))]).isEmpty)
    // The older habit: four slots of six hours from 16:00.
    #expect(
      findings([16, 22, 4, 10].map { Slot(name: "s\($0)", from: time($0), to: time(($0 + 6) % 24)) }).isEmpty)
  }

  @Test func whatIsMissingOrTooMuch() {
    var roster = plainRoster(weeks: 3)
    roster.weeks.remove(at: 1)
    #expect(RosterCheck().findings(roster).map(\.place) == [.week(day("2026-12-03"))])
    roster = plainRoster()
    roster.weeks[0].coordinator = nil
    roster.weeks[0].slots[1] = []
    #expect(kinds(roster) == [.noCoordinator, .nobody])
    #expect(RosterCheck().findings(roster).filter { $0.kind == .nobody }.count == 7)
    roster = plainRoster(rules: .init(peoplePerShift: 2, capacity: 3))
    roster.weeks[0].slots[0] = [1, 2, 3].map { .member(names($0)[0]) }
    #expect(kinds(roster) == [.understaffed, .overCapacity, .shortRest])
    let slots = [
      Slot(name: "a", from: time(11), to: time(20)), Slot(name: "b", from: time(19), to: time(11)),
    ]
    let twice = Roster(
      campaign: "x", table: SlotTable(weekday: .thursday, time: time(11), slots: slots),
      firstWeek: day("2026-11-26"), weekCount: 1,
      weeks: [
        .init(
          start: day("2026-11-26"), coordinator: user("c"),
          slots: [[.member(user("a"))], [.member(user("a"))]])
      ])
    #expect(
      RosterCheck().findings(twice).filter { $0.kind == .doubleDuty && $0.severity == .error }.count == 7)
  }

  @Test func peopleWhoCannotBe() {
    var roster = plainRoster()
    let known = Set(names(1, 2, 9) + [user("shifter-13")])
    let unknown = RosterCheck(knownUsers: known).findings(roster)
    #expect(unknown.count == 1 && unknown[0].place == .member(user("shifter-03")))
    #expect(unknown[0].text.contains("did you mean shifter-"))
    roster.members = names(1, 2, 9).map { .init($0) }
    #expect(kinds(roster) == [.notMember])
    // The same person in slots that meet: no rest at all; in overlapping ones: double duty.
    roster = plainRoster()
    roster.setMembers([user("shifter-01")], on: shiftID("2026-11-26/2"), why: "")
    let rest = RosterCheck().findings(roster)
    #expect(
      rest.map(\.kind) == [.shortRest, .shortRest] && rest[0].text.contains("0 h after 2026-11-26/1, 11 h"))
    roster.rules.rest = .zero
    #expect(RosterCheck().findings(roster).isEmpty)
    roster = plainRoster()
    roster.absences = [
      .init(user: user("shifter-02"), window: TimeWindow(at("2026-11-27T02:59:59Z"), at("2026-11-27T20:00Z")))
    ]
    #expect(
      RosterCheck().findings(roster).map(\.place) == [
        .shift(shiftID("2026-11-26/2")), .shift(shiftID("2026-11-27/2")),
      ])
    roster.weeks[0].coordinator = user("shifter-01")
    #expect(kinds(roster) == [.absent, .doubleDuty])
    roster = plainRoster(weeks: 3)
    roster.members = [.init(user("shifter-01"), weeksAtMost: 2)] + names(2, 3, 9).map { .init($0) }
    #expect(kinds(roster) == [.tooManyWeeks])
  }

  @Test func nightsAndZones() {
    var roster = plainRoster()
    roster.members =
      [.init(user("shifter-02"), zone: "Europe/Paris"), .init(user("shifter-03"), zone: "Nowhere/Land")]
      + names(1, 9).map { .init($0) }
    let findings = RosterCheck(zones: oracleZones).findings(roster)
    #expect(findings.map(\.kind) == [.unknownZone, .localNight])
    #expect(findings[1].text == "shifter-02 in slot 2: 28 h of local night")
  }

  @Test func futileOverridesAreNoted() {
    var roster = plainRoster()
    roster.overrides = [.init(shift: shiftID("2026-11-26/1"), members: names(1), why: "x")]
    #expect(kinds(roster) == [.futileOverride])
  }

  @Test func onDuty() throws {
    let roster = plainRoster(weeks: 1)
    func people(_ t: String) -> [Username] { OnDuty(roster, at: at(t)).people }
    #expect(people("2026-11-26T10:59:59Z").isEmpty)
    #expect(people("2026-11-26T11:00:00Z") == names(1) && people("2026-11-26T19:00:00Z") == names(2))
    #expect(people("2026-11-27T02:59:59Z") == names(2) && people("2026-11-27T03:00:00Z") == names(3))
    #expect(people("2026-12-03T10:59:59Z") == names(3) && people("2026-12-03T11:00:00Z").isEmpty)
    let before = OnDuty(roster, at: at("2026-11-20T00:00Z"))
    #expect(before.next?.id == shiftID("2026-11-26/1") && before.coordinator == nil)
    #expect(OnDuty(roster, at: at("2026-11-26T19:00:00Z")).next?.id == shiftID("2026-11-27/3"))
    let last = OnDuty(roster, at: at("2026-12-03T05:00Z"))
    #expect(last.next == nil && last.coordinator == user("shifter-09"))
    let text = OnDuty(roster, at: at("2026-11-26T20:00Z")).text(
      zone: try #require(oracleZones["America/Los_Angeles"]))
    #expect(
      text == """
        Now: shifter-02, slot 2, Thu 2026-11-26 19:00-Fri 03:00 UTC (Thu 2026-11-26 11:00-19:00 PST)
        Next: shifter-03, slot 3, Fri 2026-11-27 03:00-11:00 UTC (Thu 2026-11-26 19:00-Fri 03:00 PST)
        Coordinator: shifter-09
        """)
  }

  @Test func everyInstantOfTheCampaignHasExactlyOneShift() {
    let roster = plainRoster(weeks: 4, first: "2026-03-12")
    var random = SeededGenerator(seed: 11)
    for _ in 0..<300 {
      let t = roster.window.start + .seconds(Double.random(in: 0..<(28 * 86_400), using: &random))
      #expect(OnDuty(roster, at: t).now.count == 1)
    }
  }

  @Test func swaps() throws {
    let roster = plainRoster(weeks: 2)
    let check = RosterCheck()
    let change = try roster.swapping(
      user("shifter-01"), on: shiftID("2026-11-28/1"), with: user("shifter-02"), on: shiftID("2026-12-04/2"),
      check: check)
    #expect(change.roster.shift(shiftID("2026-11-28/1"))?.members == names(2))
    #expect(change.roster.shift(shiftID("2026-12-04/2"))?.members == names(1))
    #expect(
      change.appeared.map(\.kind) == [.shortRest, .shortRest, .shortRest, .shortRest] && change.isSound)
    // And back again: nothing is left of it.
    let back = try change.roster.swapping(
      user("shifter-02"), on: shiftID("2026-11-28/1"), with: user("shifter-01"), on: shiftID("2026-12-04/2"),
      check: check)
    #expect(back.roster == roster && back.vanished == change.appeared)
    var away = roster
    away.absences = [.init(user: user("shifter-02"), window: TimeWindow(at("2026-11-28"), at("2026-11-29")))]
    away.setMembers(names(5), on: shiftID("2026-11-28/2"), why: "")
    away.setMembers(names(5), on: shiftID("2026-11-27/2"), why: "")
    #expect(
      !(try away.replacing(
        user("shifter-01"), on: shiftID("2026-11-28/1"), by: user("shifter-02"), check: check)).isSound)
    #expect(throws: RosterError.self) {
      try roster.swapping(
        user("shifter-01"), on: shiftID("2026-11-28/2"), with: user("shifter-02"),
        on: shiftID("2026-12-04/2"), check: check)
    }
    #expect(throws: RosterError.self) {
      try roster.swapping(
        user("shifter-01"), on: shiftID("2027-11-28/1"), with: user("shifter-02"),
        on: shiftID("2026-12-04/2"), check: check)
    }
    #expect(throws: RosterError.self) {
      try roster.swapping(
        user("shifter-01"), on: shiftID("2026-11-28/1"), with: user("shifter-01"),
        on: shiftID("2026-11-29/1"), check: check)
    }
  }
}
