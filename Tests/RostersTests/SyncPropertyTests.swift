import Foundation
import TestSupport
import Testing
import Units

@testable import Rosters

/// One random history: people edit ICARE, the coordinator edits the roster, requests fail in every way, the
/// process dies at any point. Users `shifter-..` come from the roster, `guest-..` only ever join by themselves.
private struct History {
  var random: SeededGenerator
  var icare = SimulatedIcare()
  var roster: Roster
  var stored = Data()
  var pushed = PushedRoster()
  var now: Instant
  let sync: RosterSync
  var fresh = 20
  /// The last thing people did: on the shift or not.
  var stands: [ShiftKey: [Username: Bool]] = [:]
  var flagged: [ShiftKey: Set<Username>] = [:]
  var remarks: [ShiftKey: [String]] = [:]
  /// Requests that arrived though nobody heard of it.
  var arrived: [(key: ShiftKey, step: SyncAction.Step)] = []
  /// Creates the server carries out later.
  var late: [(action: SyncAction, at: Int)] = []
  var step = 0
  var faults = (lost: 0, ambiguous: 0, crashes: 0, edits: 0, conflicts: 0, late: 0)
  var problems: [String] = []

  init(seed: UInt64, grace: Duration) {
    random = SeededGenerator(seed: seed)
    roster = plainRoster(weeks: 1)
    now = at("2026-11-20T12:00Z")
    sync = RosterSync(.init(bot: SimulatedIcare.bot, grace: grace))
    store()
  }

  mutating func below(_ n: Int) -> Int { Int.random(in: 0..<n, using: &random) }
  mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
  mutating func store() { stored = (try? JSONEncoder().encode(pushed)) ?? Data() }

  /// The process dies: what was stored is what is known; people go on meanwhile.
  mutating func crash() {
    faults.crashes += 1
    pushed = (try? JSONDecoder().decode(PushedRoster.self, from: stored)) ?? PushedRoster()
    now = now + .minutes(Double(1 + below(60)))
    for _ in 0..<below(4) { personEdits() }
  }

  mutating func personEdits() {
    let ids = icare.shifts.keys.sorted()
    guard !ids.isEmpty else { return }
    faults.edits += 1
    let id = ids[below(ids.count)]
    guard var shift = icare.shifts[id], let key = ShiftKey.find(in: shift.text.description) else { return }
    let here = shift.people.keys.sorted()
    switch below(6) {
    case 0, 1:
      let guest = user("guest-\(below(6))")
      guard shift.people[guest] == nil else { return }
      shift.people[guest] = (false, false)
      stands[key, default: [:]][guest] = true
      flagged[key]?.remove(guest)
    case 2, 3:
      guard !here.isEmpty else { return }
      let one = here[below(here.count)]
      shift.people[one] = nil
      // One who is on two copies and leaves one has left.
      stands[key, default: [:]][one] = false
      flagged[key]?.remove(one)
    case 4:
      guard !here.isEmpty else { return }
      let one = here[below(here.count)]
      shift.people[one]?.asks = true
      flagged[key, default: []].insert(one)
    default:
      let text = chance(70) ? "remark \(step)-\(below(1_000_000))" : nil
      if let text {
        shift.comments.append(.init(author: user("guest-1"), text: text))
        remarks[key, default: []].append(text)
      } else if icare.ids(key).count == 1 {
        let note = "note \(step)-\(below(1_000_000))"
        shift.text.description = "\(note). " + shift.text.description
        remarks[key, default: []].append(note)
      }
    }
    icare.shifts[id] = shift
  }

  /// The coordinator moves a slot or puts somebody new in.
  mutating func rosterEdit() {
    if chance(40) {
      let hours = [(11, 19, 3), (12, 20, 4), (11, 18, 2), (10, 19, 3)][below(4)]
      func time(_ h: Int) -> TimeOfDay { TimeOfDay(hour: h)! }
      let table = SlotTable(
        weekday: .thursday, time: time(10),
        slots: [
          Slot(name: "1", from: time(hours.0), to: time(hours.1)),
          Slot(name: "2", from: time(hours.1), to: time(hours.2)),
          Slot(name: "3", from: time(hours.2), to: time(hours.0)),
        ])
      roster = Roster(
        campaign: roster.campaign, table: table, firstWeek: roster.firstWeek, weekCount: 1,
        weeks: roster.weeks,
        overrides: roster.overrides)
      return
    }
    let shifts = roster.shifts
    let shift = shifts[below(shifts.count)]
    fresh += 1
    roster.setMembers([user("shifter-\(fresh)")], on: shift.id, why: chance(50) ? "asked for it" : "")
  }

  /// One run of the pusher: until nothing is left, an ambiguous answer, or a crash.
  mutating func run(percent: Int) {
    for _ in 0..<30 {
      step += 1
      for one in late.filter({ $0.at <= step }) { _ = icare.perform(one.action, on: nil) }
      late.removeAll { $0.at <= step }
      var plan = sync.plan(roster, pushed: pushed, icare: icare.reading, now: now)
      decide(&plan)
      pushed = plan.pushed
      store()
      if plan.actions.isEmpty { return }
      for action in plan.actions {
        if chance(percent / 3) {
          now = now + .seconds(30)
          personEdits()
        }
        if !send(action, plan, percent) { break }
        check(action)
      }
    }
  }

  /// A person who knows what happened answers what the pusher cannot know.
  private mutating func decide(_ plan: inout SyncPlan) {
    var isChanged = false
    var state = plan.pushed
    for difference in plan.differences {
      guard case .unconfirmed(let step) = difference.kind else { continue }
      faults.conflicts += 1
      isChanged = true
      let came = arrived.contains { $0.key == difference.key && $0.step == step }
      state.settle(difference, came ? .icare : .roster)
    }
    if isChanged { plan = sync.plan(roster, pushed: state, icare: icare.reading, now: now) }
  }

  /// - Returns: whether to go on with the plan.
  private mutating func send(_ action: SyncAction, _ plan: SyncPlan, _ percent: Int) -> Bool {
    let id = pushed.target(of: action)
    if id == nil, !action.step.isCreate { return true }
    guard plan.holds(action, for: id.flatMap(icare.read)) else { return true }
    pushed.begin(action, at: now)
    store()
    arrived.removeAll { $0.key == action.key && $0.step == action.step }
    if chance(percent / 5) {
      crash()
      return false
    }
    if chance(percent / 3) {
      faults.lost += 1
      pushed.finish(action, .unsent("refused connection"))
      store()
      return true
    }
    if chance(percent / 5) {
      // 504: it may have been carried out, or will be, or not.
      faults.ambiguous += 1
      let fate = below(3)
      if fate == 0, action.step.isCreate {
        faults.late += 1
        late.append((action, step + 1 + below(3)))
      } else if fate < 2 {
        _ = icare.perform(action, on: id)
        arrived.append((action.key, action.step))
      }
      pushed.finish(action, .ambiguous("504"))
      store()
      return false
    }
    let reply = icare.perform(action, on: id)
    if chance(percent / 5) {
      arrived.append((action.key, action.step))
      crash()
      return false
    }
    switch reply {
    case .ok(let made): pushed.finish(action, .done(shift: made))
    case .refused(let reason): pushed.finish(action, .refused(reason))
    }
    store()
    return true
  }

  /// What was there once and is still wanted never vanishes on the way.
  private mutating func check(_ action: SyncAction) {
    guard action.step == .delete else { return }
    let isWanted = roster.shifts.contains { $0.id == action.key.shift }
    if isWanted, icare.ids(action.key).isEmpty { problems.append("\(action.key) was gone after \(action)") }
  }

  /// Whether everybody and everything is where it should be.
  mutating func verify() {
    for shift in roster.shifts {
      let key = ShiftKey(campaign: roster.key, shift: shift.id)
      let ids = icare.ids(key)
      guard ids.count == 1, let there = icare.read(ids[0]) else {
        problems.append("\(key) is there \(ids.count) times")
        continue
      }
      if there.times != ShiftSpan(shift.window) { problems.append("\(key) has the wrong times") }
      var wanted = Set(shift.members)
      if let coordinator = shift.coordinator { wanted.insert(coordinator) }
      let people = Set(there.people.map(\.user))
      for one in wanted where people.contains(one) != (stands[key]?[one] ?? true) {
        problems.append("\(key): \(one) of the roster is \(people.contains(one) ? "" : "not ")there")
      }
      for (one, stays) in stands[key] ?? [:] where !wanted.contains(one) && one.text.hasPrefix("guest") {
        if people.contains(one) != stays {
          problems.append("\(key): \(one) should \(stays ? "" : "not ")be there")
        }
      }
      for one in people where !wanted.contains(one) && !one.text.hasPrefix("guest") {
        problems.append("\(key): \(one) is still there")
      }
      for one in flagged[key] ?? [] where people.contains(one) && there.person(one)?.needsReplacement == false
      {
        problems.append("\(key): the request of \(one) is lost")
      }
      let words = there.comments.map(\.text) + [there.text.description]
      for remark in remarks[key] ?? [] where !words.contains(where: { $0.contains(remark) }) {
        problems.append("\(key): \"\(remark)\" is lost")
      }
    }
  }
}

@Suite struct SyncPropertyTests {
  /// `VESPER_SYNC_SEEDS=1000` for a longer search, `VESPER_SYNC_SEEDS=62,133` for single histories.
  static let seeds: [UInt64] = {
    let asked = (ProcessInfo.processInfo.environment["VESPER_SYNC_SEEDS"] ?? "25").split(separator: ",")
      .compactMap {
        UInt64($0)
      }
    return asked.count == 1 ? Array(1...max(1, asked[0])) : asked
  }()

  /// With no grace every doubt is put to a person, and then nothing at all may be lost.
  @Test(arguments: seeds)
  func everyShiftOnceAndNobodysEditLost(seed: UInt64) {
    var history = History(seed: seed, grace: .zero)
    for _ in 0..<6 {
      history.run(percent: 25)
      for _ in 0..<history.below(5) { history.personEdits() }
      if history.chance(60) { history.rosterEdit() }
      history.now = history.now + .minutes(5)
    }
    for _ in 0..<8 { history.run(percent: 0) }
    history.verify()
    #expect(history.problems.isEmpty, "seed \(seed): \(history.problems.joined(separator: "\n"))")
    let again = history.sync.plan(
      history.roster, pushed: history.pushed, icare: history.icare.reading, now: history.now)
    #expect(again.actions.isEmpty, "seed \(seed): a second run would send \(again.actions)")
    #expect(again.pushed == history.pushed, "seed \(seed): a second run would remember something else")
    let conflicts = again.differences.filter(\.isConflict)
    #expect(conflicts.isEmpty, "seed \(seed): \(conflicts)")
  }

  /// The histories do what they say: otherwise the property would hold for want of trouble.
  @Test func historiesAreRough() {
    var sum = (lost: 0, ambiguous: 0, crashes: 0, edits: 0, conflicts: 0, late: 0)
    for seed in 1...UInt64(30) {
      var history = History(seed: seed, grace: .zero)
      for _ in 0..<6 {
        history.run(percent: 25)
        if history.chance(60) { history.rosterEdit() }
      }
      sum.lost += history.faults.lost
      sum.ambiguous += history.faults.ambiguous
      sum.crashes += history.faults.crashes
      sum.edits += history.faults.edits
      sum.conflicts += history.faults.conflicts
      sum.late += history.faults.late
    }
    print("30 histories: \(sum)")
    #expect(sum.lost > 50 && sum.ambiguous > 50 && sum.crashes > 50)
    #expect(sum.edits > 100 && sum.conflicts > 3 && sum.late > 5)
  }

  /// With the usual grace no person is asked as long as nobody edits within it.
  @Test(arguments: Array(1...30) as [UInt64])
  func crashesAloneNeedNobody(seed: UInt64) {
    var history = History(seed: seed, grace: .hours(2))
    for _ in 0..<6 {
      history.run(percent: 15)
    }
    for _ in 0..<8 { history.run(percent: 0) }
    #expect(history.faults.conflicts == 0)
    for shift in history.roster.shifts {
      #expect(history.icare.ids(ShiftKey(campaign: history.roster.key, shift: shift.id)).count == 1)
    }
  }
}
