import TestSupport
import Units

@testable import Rosters

/// A SkyPortal as its contract describes the shifts: no unique key, "already a member", cascading deletes.
struct SimulatedIcare {
  struct Shift {
    var span: ShiftSpan
    var text: ShiftText
    var people: [Username: (isAdmin: Bool, asks: Bool)] = [:]
    var comments: [IcareShift.Comment] = []
  }
  static let bot = user("vesper-bot")

  var shifts: [Int: Shift] = [:]
  var nextID = 1

  enum Reply: Equatable {
    case ok(Int?)
    case refused(String)
  }

  /// What the server does with a request, whoever hears of it.
  mutating func perform(_ action: SyncAction, on id: Int?) -> Reply {
    if case .create(let span, let text) = action.step {
      shifts[nextID] = Shift(span: span, text: text)
      nextID += 1
      return .ok(nextID - 1)
    }
    guard let id, var shift = shifts[id] else { return .refused("404") }
    switch action.step {
    case .create: break
    case .addMember(let user, let isAdmin, let asks):
      if shift.people[user] != nil { return .ok(nil) }
      if let most = shift.text.capacity, shift.people.count >= most { return .refused("full") }
      shift.people[user] = (isAdmin, asks)
    case .removeMember(let user): shift.people[user] = nil
    case .flagReplacement(let user, let isAdmin):
      guard shift.people[user] != nil else { return .refused("not a member") }
      shift.people[user] = (isAdmin, true)
    case .comment(let text):
      if !shift.comments.contains(where: { $0.author == Self.bot && $0.text == text }) {
        shift.comments.append(.init(author: Self.bot, text: text))
      }
    case .update(let text, _): shift.text = text
    case .delete:
      shifts[id] = nil
      return .ok(nil)
    }
    shifts[id] = shift
    return .ok(nil)
  }

  func read(_ id: Int) -> IcareShift? {
    shifts[id].map { shift in
      IcareShift(
        id: id, times: shift.span, text: shift.text,
        people: shift.people.sorted { $0.key < $1.key }.map {
          .init($0.key, isAdmin: $0.value.isAdmin, needsReplacement: $0.value.asks)
        }, comments: shift.comments)
    }
  }
  var reading: IcareReading { IcareReading(shifts: shifts.keys.sorted().compactMap(read)) }

  /// Ids of shifts with a marker of the key.
  func ids(_ key: ShiftKey) -> [Int] {
    shifts.filter { ShiftKey.find(in: $0.value.text.description) == key }.keys.sorted()
  }
}

func user(_ text: String) -> Username { Username(text)! }
func day(_ text: String) -> UTCDay { UTCDay(text)! }
func at(_ text: String) -> Instant { Instant(iso8601: text)! }
func shiftID(_ text: String) -> ShiftID { ShiftID(text)! }
func names(_ numbers: Int...) -> [Username] { numbers.map { user("shifter-\(Digits.two($0))") } }

/// A campaign of some weeks with one member per slot, shifter-01 in slot 1 and so on, coordinator shifter-09.
func plainRoster(weeks: Int = 1, first: String = "2026-11-26", rules: Roster.Rules = .init()) -> Roster {
  let start = day(first)
  return Roster(
    campaign: "Test run", firstWeek: start, weekCount: weeks, rules: rules,
    weeks: (0..<weeks).map { w in
      Roster.Week(
        start: start.advanced(by: 7 * w), coordinator: user("shifter-09"),
        slots: (1...3).map { [.member(names($0)[0])] })
    })
}

/// Sends a plan without any fault, reading again until nothing is left. - Returns: the last plan.
@discardableResult
func push(
  _ roster: Roster, _ pushed: inout PushedRoster, _ icare: inout SimulatedIcare, now: Instant,
  sync: RosterSync = RosterSync(.init(bot: SimulatedIcare.bot)), rounds: Int = 20
) -> SyncPlan {
  var plan = sync.plan(roster, pushed: pushed, icare: icare.reading, now: now)
  for _ in 0..<rounds where !plan.actions.isEmpty {
    pushed = plan.pushed
    for action in plan.actions {
      let id = pushed.target(of: action)
      guard plan.holds(action, for: id.flatMap(icare.read)) else { continue }
      pushed.begin(action, at: now)
      switch icare.perform(action, on: id) {
      case .ok(let made): pushed.finish(action, .done(shift: made))
      case .refused(let reason): pushed.finish(action, .refused(reason))
      }
    }
    plan = sync.plan(roster, pushed: pushed, icare: icare.reading, now: now)
  }
  pushed = plan.pushed
  return plan
}

extension SyncAction.Step {
  var isCreate: Bool { if case .create = self { true } else { false } }
}
