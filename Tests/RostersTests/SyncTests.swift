import Testing
import Units

@testable import Rosters

@Suite struct SyncTests {
  let early = at("2026-11-20T12:00Z")
  let sync = RosterSync(.init(bot: SimulatedIcare.bot))

  private func key(_ roster: Roster, _ id: String) -> ShiftKey {
    ShiftKey(campaign: roster.key, shift: shiftID(id))
  }

  /// A week pushed into an empty ICARE.
  private func pushedWeek(_ rules: Roster.Rules = .init()) -> (Roster, PushedRoster, SimulatedIcare) {
    let roster = plainRoster(rules: rules)
    var (pushed, icare) = (PushedRoster(), SimulatedIcare())
    push(roster, &pushed, &icare, now: early)
    return (roster, pushed, icare)
  }

  @Test func aWeekIsTwentyOneShiftsAndASecondRunSendsNothing() throws {
    var (roster, pushed, icare) = pushedWeek()
    #expect(icare.shifts.count == 21)
    let id = icare.ids(key(roster, "2026-11-27/3"))[0]
    let shift = try #require(icare.read(id))
    #expect(shift.times == ShiftSpan(start: at("2026-11-27T03:00Z"), end: at("2026-11-27T11:00Z")))
    #expect(shift.people == [.init(user("shifter-03")), .init(user("shifter-09"), isAdmin: true)])
    let before = icare.shifts.mapValues(\.people.count)
    let plan = push(roster, &pushed, &icare, now: early)
    #expect(plan.isSettled && plan.differences.isEmpty)
    #expect(icare.shifts.mapValues(\.people.count) == before)
    #expect(icare.nextID == 22)
  }

  @Test func whoeverJoinsStaysAndWhoeverLeavesStaysAway() throws {
    var (roster, pushed, icare) = pushedWeek()
    let k = key(roster, "2026-11-26/1")
    let id = icare.ids(k)[0]
    icare.shifts[id]?.people[user("shifter-01")] = nil
    icare.shifts[id]?.people[user("guest-1")] = (false, true)
    let plan = push(roster, &pushed, &icare, now: early)
    #expect(
      Set(plan.differences.map(\.kind)) == [
        .left(user("shifter-01")), .joined(user("guest-1")), .replacementWanted(user("guest-1")),
      ])
    #expect(icare.read(id)?.people.map(\.user) == [user("guest-1"), user("shifter-09")])
    // Taken over into the roster, nothing differs any more but the wish.
    let pulled = roster.pulling(plan.differences, check: RosterCheck())
    #expect(pulled.roster.shift(k.shift)?.members == [user("guest-1")])
    #expect(pulled.isSound)
    let again = push(pulled.roster, &pushed, &icare, now: early)
    #expect(again.differences.map(\.kind) == [.replacementWanted(user("guest-1"))])
    // The roster drops the guest it had taken over: now it may.
    push(roster.pulling([], check: RosterCheck()).roster, &pushed, &icare, now: early)
    #expect(icare.read(id)?.people.map(\.user) == [user("shifter-01"), user("shifter-09")])
  }

  @Test func theRosterCanInsist() throws {
    var (roster, pushed, icare) = pushedWeek()
    let id = icare.ids(key(roster, "2026-11-26/1"))[0]
    icare.shifts[id]?.people[user("shifter-01")] = nil
    icare.shifts[id]?.people[user("guest-1")] = (false, false)
    for difference in push(roster, &pushed, &icare, now: early).differences {
      pushed.settle(difference, .roster)
    }
    #expect(push(roster, &pushed, &icare, now: early).differences.isEmpty)
    #expect(icare.read(id)?.people.map(\.user) == [user("shifter-01"), user("shifter-09")])
  }

  @Test func aReplacementIsPutThereBeforeTheOtherGoes() {
    var (roster, pushed, icare) = pushedWeek()
    roster.setMembers([user("shifter-05")], on: shiftID("2026-11-26/1"), why: "asked for it")
    let plan = sync.plan(roster, pushed: pushed, icare: icare.reading, now: early)
    #expect(
      plan.actions.map(\.step) == [
        .addMember(user("shifter-05"), isAdmin: false, needsReplacement: false),
        .removeMember(user("shifter-01")),
        .comment("Roster: asked for it"),
      ])
    // With a limit there is no room for both.
    var (full, fullPushed, fullIcare) = pushedWeek(.init(capacity: 2))
    full.setMembers([user("shifter-05")], on: shiftID("2026-11-26/1"), why: "")
    let limited = sync.plan(full, pushed: fullPushed, icare: fullIcare.reading, now: early)
    #expect(
      limited.actions.map(\.step) == [
        .removeMember(user("shifter-01")),
        .addMember(user("shifter-05"), isAdmin: false, needsReplacement: false),
      ])
    #expect(push(full, &fullPushed, &fullIcare, now: early).isSettled)
    #expect(push(roster, &pushed, &icare, now: early).isSettled)
  }

  @Test func noRoomIsAConflictAndTheRestGoesOn() {
    let roster = plainRoster(rules: .init(capacity: 2))
    var (pushed, icare) = (PushedRoster(), SimulatedIcare())
    push(roster, &pushed, &icare, now: early)
    let id = icare.ids(key(roster, "2026-11-26/1"))[0]
    icare.shifts[id]?.people = [user("guest-1"): (false, false), user("guest-2"): (false, false)]
    var changed = roster
    changed.setMembers([user("shifter-05")], on: shiftID("2026-11-26/1"), why: "")
    let plan = push(changed, &pushed, &icare, now: early)
    #expect(plan.differences.contains { $0.kind == .full(user("shifter-05")) })
    #expect(icare.read(id)?.people.map(\.user) == [user("guest-1"), user("guest-2")])
  }

  @Test func aMovedShiftIsCompleteBeforeTheOldOneGoes() throws {
    var (roster, pushed, icare) = pushedWeek()
    let k = key(roster, "2026-11-26/1")
    let old = icare.ids(k)[0]
    icare.shifts[old]?.people[user("guest-1")] = (false, true)
    icare.shifts[old]?.comments.append(.init(author: user("guest-1"), text: "cloudy"))
    func time(_ h: Int) -> TimeOfDay { TimeOfDay(hour: h)! }
    let table = SlotTable(
      weekday: .thursday, time: time(11),
      slots: [
        Slot(name: "1", from: time(11), to: time(20)), Slot(name: "2", from: time(20), to: time(3)),
        Slot(name: "3", from: time(3), to: time(11)),
      ])
    let moved = Roster(
      campaign: roster.campaign, table: table, firstWeek: roster.firstWeek, weekCount: 1, weeks: roster.weeks)
    var plan = sync.plan(moved, pushed: pushed, icare: icare.reading, now: early)
    #expect(plan.actions.filter { $0.step.isCreate }.count == 14)
    #expect(!plan.actions.contains { $0.step == .delete })
    plan = push(moved, &pushed, &icare, now: early)
    #expect(plan.isSettled && icare.shifts.count == 21 && icare.ids(k) != [old])
    let new = try #require(icare.read(icare.ids(k)[0]))
    #expect(new.times.end == at("2026-11-26T20:00Z"))
    #expect(new.person(user("guest-1"))?.needsReplacement == true)
    #expect(new.comments.map(\.text) == ["From guest-1, on an earlier copy of this shift: cloudy"])
  }

  @Test func aSlotThatIsRenamedIsThereTwiceBeforeItIsThereOnce() {
    var (roster, pushed, icare) = pushedWeek()
    let slots = roster.table.slots.map {
      Slot(name: $0.name == "2" ? "evening" : $0.name, from: $0.from, to: $0.to)
    }
    let renamed = Roster(
      campaign: roster.campaign, table: SlotTable(weekday: .thursday, time: roster.table.time, slots: slots),
      firstWeek: roster.firstWeek, weekCount: 1, weeks: roster.weeks)
    let plan = sync.plan(renamed, pushed: pushed, icare: icare.reading, now: early)
    #expect(plan.actions.contains { $0.step.isCreate } && !plan.actions.contains { $0.step == .delete })
    #expect(push(renamed, &pushed, &icare, now: early).isSettled)
    #expect(icare.shifts.count == 21)
    #expect(icare.shifts.values.filter { $0.text.name.contains("evening") }.count == 7)
  }

  @Test func aShiftSomebodyDeletedIsNotMadeAgain() {
    var (roster, pushed, icare) = pushedWeek()
    let k = key(roster, "2026-11-26/1")
    icare.shifts[icare.ids(k)[0]] = nil
    let plan = push(roster, &pushed, &icare, now: early)
    #expect(plan.differences == [SyncDifference(key: k, kind: .deleted)])
    #expect(icare.ids(k).isEmpty)
    let pulled = roster.pulling(plan.differences, check: RosterCheck())
    #expect(pulled.appeared.contains { $0.kind == .nobody && $0.place == .shift(k.shift) })
    #expect(!pulled.isSound)
    pushed.settle(plan.differences[0], .roster)
    #expect(push(roster, &pushed, &icare, now: early).isSettled)
    #expect(icare.ids(k).count == 1)
  }

  @Test func aWeekThatIsDroppedGoesUnlessPeopleHaveAStakeInIt() {
    let two = plainRoster(weeks: 2)
    var (pushed, icare) = (PushedRoster(), SimulatedIcare())
    push(two, &pushed, &icare, now: early)
    let joined = icare.ids(key(two, "2026-12-04/2"))[0]
    let spoken = icare.ids(key(two, "2026-12-05/1"))[0]
    icare.shifts[joined]?.people[user("guest-1")] = (false, false)
    icare.shifts[spoken]?.comments.append(.init(author: nil, text: "see you"))
    var one = two
    one.weeks.removeLast()
    let shorter = Roster(campaign: two.campaign, firstWeek: two.firstWeek, weekCount: 1, weeks: one.weeks)
    let plan = push(shorter, &pushed, &icare, now: early)
    #expect(icare.shifts.count == 23)
    #expect(
      plan.differences.map(\.kind) == [
        .deletionHeld(joined, ["guest-1 joined"]), .deletionHeld(spoken, ["somebody commented"]),
      ])
    for difference in plan.differences { pushed.settle(difference, .roster) }
    #expect(push(shorter, &pushed, &icare, now: early).isSettled)
    #expect(icare.shifts.count == 21)
  }

  @Test func duplicatesAreClearedAwayAndShiftsMadeByHandAreNotDoubled() throws {
    let roster = plainRoster()
    var (pushed, icare) = (PushedRoster(), SimulatedIcare())
    let first = try #require(roster.shifts.first)
    icare.shifts[1] = .init(
      span: ShiftSpan(first.window), text: ShiftText(name: "by hand", description: "mine", capacity: nil),
      people: [user("guest-1"): (false, false)])
    icare.nextID = 2
    var plan = push(roster, &pushed, &icare, now: early)
    let k = key(roster, "2026-11-26/1")
    #expect(plan.differences == [SyncDifference(key: k, kind: .twin(1))])
    #expect(icare.ids(k).isEmpty)
    pushed.adopt(icare.read(1)!, as: k)
    plan = push(roster, &pushed, &icare, now: early)
    #expect(icare.read(1)?.people.map(\.user) == [user("guest-1"), user("shifter-01"), user("shifter-09")])
    #expect(icare.ids(k) == [1], "an adopted shift gets our name and key: nobody changed those since")
    // The same request carried out twice.
    icare.shifts[90] = icare.shifts[1]
    icare.shifts[90]?.people = [user("guest-2"): (false, false)]
    plan = push(roster, &pushed, &icare, now: early)
    #expect(icare.shifts[90] == nil && icare.read(1)?.person(user("guest-2")) != nil)
    #expect(plan.differences.allSatisfy { !$0.isConflict })
    // One that carries our key under another name is a person's.
    icare.shifts[91] = icare.shifts[1]
    icare.shifts[91]?.text.name = "training"
    plan = push(roster, &pushed, &icare, now: early)
    #expect(plan.differences.contains(SyncDifference(key: k, kind: .impostor(91))))
    #expect(icare.shifts[91] != nil)
  }

  @Test func textsMergeByField() throws {
    var (roster, pushed, icare) = pushedWeek()
    let k = key(roster, "2026-11-26/1")
    let id = icare.ids(k)[0]
    icare.shifts[id]?.text.description.insert(contentsOf: "Bring cake. ", at: "".startIndex)
    roster.rules.capacity = 5
    let plan = push(roster, &pushed, &icare, now: early)
    let text = try #require(icare.read(id)?.text)
    #expect(text.capacity == 5 && text.description.hasPrefix("Bring cake. "))
    #expect(plan.differences == [SyncDifference(key: k, kind: .textChanged(text))])
    #expect(icare.shifts.values.allSatisfy { $0.text.capacity == 5 })
    // Both changed the limit.
    icare.shifts[id]?.text.capacity = 7
    roster.rules.capacity = 6
    let clash = push(roster, &pushed, &icare, now: early)
    #expect(clash.differences.contains { if case .textConflict = $0.kind { true } else { false } })
    #expect(icare.read(id)?.text.capacity == 7)
  }

  @Test func aDeleteIsDroppedWhenSomebodyJoinedMeanwhile() throws {
    var (roster, pushed, icare) = pushedWeek()
    roster = Roster(campaign: roster.campaign, firstWeek: day("2026-12-03"), weekCount: 1, weeks: [])
    _ = push(roster, &pushed, &icare, now: early, rounds: 1)
    let plan = sync.plan(roster, pushed: pushed, icare: icare.reading, now: early)
    let action = try #require(plan.actions.first { $0.step == .delete })
    let id = try #require(action.shift)
    #expect(plan.holds(action, for: icare.read(id)))
    icare.shifts[id]?.people[user("guest-1")] = (false, false)
    #expect(!plan.holds(action, for: icare.read(id)))
    #expect(!plan.holds(action, for: nil))
  }

  @Test func whatIsOverIsHistory() {
    var (roster, pushed, icare) = pushedWeek()
    let after = at("2026-12-10T00:00Z")
    for id in icare.shifts.keys { icare.shifts[id]?.people = [:] }
    roster.setMembers([user("shifter-05")], on: shiftID("2026-11-26/1"), why: "")
    #expect(push(roster, &pushed, &icare, now: after).differences.isEmpty)
    #expect(icare.shifts.values.allSatisfy { $0.people.isEmpty })
    // In the middle of the week only what runs or comes is compared.
    let middle = sync.plan(roster, pushed: pushed, icare: icare.reading, now: at("2026-11-29T12:00Z"))
    #expect(middle.differences.allSatisfy { $0.key.shift >= shiftID("2026-11-29/1") })
    #expect(!middle.differences.isEmpty)
  }

  @Test func shiftsThatWereNotReadAreNotTakenForDeleted() {
    var (roster, pushed, icare) = pushedWeek()
    let from = at("2026-11-29T00:00Z")
    let later = icare.reading.shifts.filter { $0.times.start >= from }
    let plan = sync.plan(roster, pushed: pushed, icare: IcareReading(shifts: later, from: from), now: early)
    #expect(plan.actions.isEmpty && plan.differences.isEmpty)
    _ = (roster.key, icare.nextID, pushed.records.count)
    (roster, pushed, icare) = pushedWeek()
  }

  @Test func withoutMemoryTheKeysAreEnough() {
    var (roster, _, icare) = pushedWeek()
    icare.shifts[icare.ids(key(roster, "2026-11-26/1"))[0]]?.people[user("guest-1")] = (false, false)
    var lost = PushedRoster()
    let plan = push(roster, &lost, &icare, now: early)
    #expect(icare.shifts.count == 21 && icare.nextID == 22)
    #expect(plan.differences.map(\.kind) == [.joined(user("guest-1"))])
    roster.weeks = []
  }

  @Test func anAnswerThatNeverCameIsFoundOutOrAskedAbout() throws {
    let roster = plainRoster()
    let (pushed, icare) = (PushedRoster(), SimulatedIcare())
    var plan = sync.plan(roster, pushed: pushed, icare: icare.reading, now: early)
    var after = plan.pushed
    after.begin(plan.actions[0], at: early)
    after.finish(plan.actions[0], .ambiguous("504"))
    // Soon after, nothing there: sent again.
    plan = sync.plan(roster, pushed: after, icare: icare.reading, now: early + .minutes(5))
    #expect(plan.actions.filter { $0.step.isCreate }.count == 21 && plan.differences.isEmpty)
    // An hour later a person may have deleted it.
    plan = sync.plan(roster, pushed: after, icare: icare.reading, now: early + .hours(1))
    #expect(plan.actions.filter { $0.step.isCreate }.count == 20)
    let doubt = try #require(plan.differences.first)
    #expect(doubt.isConflict && "\(doubt)".contains("no answer came"))
    var settled = plan.pushed
    settled.settle(doubt, .icare)
    plan = sync.plan(roster, pushed: settled, icare: icare.reading, now: early + .hours(1))
    #expect(plan.differences.map(\.kind) == [.deleted])
  }

  @Test func keysAreFoundInWhateverPeopleWroteAround() {
    let key = ShiftKey(campaign: "o4c", shift: shiftID("2026-11-27/3"))
    #expect(ShiftKey.find(in: "hello \(key.marker) and more") == key)
    #expect(ShiftKey.find(in: "[vesper:shift=x] [vesper:shift=o4c/2026-11-27/3] [vesper:shift=") == key)
    for text in [
      "", "[vesper:shift=o4c/2026-13-27/3]", "[vesper:shift=O4C/2026-11-27/3]",
      "[vesper:shift=o4c/2026-11-27/3",
    ] {
      #expect(ShiftKey.find(in: text) == nil)
    }
  }

  @Test func strangersAreReportedAndKeepTheirShift() {
    var (roster, pushed, icare) = pushedWeek()
    var reading = icare.reading
    let one = reading.shifts[0]
    reading.shifts[0] = IcareShift(
      id: one.id, times: one.times, text: one.text, people: one.people, strangers: ["somebody at an address"])
    let plan = sync.plan(roster, pushed: pushed, icare: reading, now: early)
    #expect(plan.differences.map(\.kind) == [.strangers(["somebody at an address"])])
    let nothing = Roster(campaign: roster.campaign, firstWeek: day("2027-01-07"), weekCount: 1)
    let after = sync.plan(nothing, pushed: plan.pushed, icare: reading, now: early)
    #expect(after.differences.contains { if case .deletionHeld(one.id, _) = $0.kind { true } else { false } })
    roster.weeks = []
    pushed = .init()
    icare.nextID = 0
  }
}
