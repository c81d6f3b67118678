import Units

/// One slot on one day: the UTC day it starts on and the slot's name, `2026-11-27/3`.
public struct ShiftID: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let day: UTCDay
  public let slot: String

  public init(day: UTCDay, slot: String) {
    self.day = day
    self.slot = slot
  }

  /// Nil unless it is `YYYY-MM-DD/name`.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let day = UTCDay(parts[0]), SlotName.isValid(parts[1]) else { return nil }
    self.init(day: day, slot: String(parts[1]))
  }

  public static func < (a: Self, b: Self) -> Bool { a.day != b.day ? a.day < b.day : a.slot < b.slot }
  public var description: String { "\(day)/\(slot)" }
}

enum SlotName {
  /// Letters, digits, `-` and `_`, 1...16: it becomes part of keys and addresses.
  static func isValid(_ text: some StringProtocol) -> Bool {
    (1...16).contains(text.utf8.count)
      && text.utf8.allSatisfy {
        (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45 || $0 == 95
      }
  }
}

/// One slot on one day with the people who do it.
public struct Shift: Hashable, Sendable {
  public let id: ShiftID
  public let slot: Slot
  /// The first day of its week.
  public let week: UTCDay
  public let window: TimeWindow
  /// Sorted, each once.
  public let members: [Username]
  public let coordinator: Username?
  public let isOverridden: Bool
}

extension Roster {
  /// All shifts of the campaign by start, those of weeks without a schedule with nobody on them.
  /// O(weeks x slots x 7 x people).
  public var shifts: [Shift] {
    let overridden = Dictionary(overrides.map { ($0.shift, $0) }, uniquingKeysWith: { first, _ in first })
    var all: [Shift] = []
    for start in weekStarts {
      let week = self.week(start)
      for day in 0..<7 {
        for (i, slot) in table.slots.enumerated() {
          let startDay = table.startDay(of: slot, week: start, day: day)
          let id = ShiftID(day: startDay, slot: slot.name)
          let assigned = week.map { $0.slots.indices.contains(i) ? people($0.slots[i]) : [] } ?? []
          let members = overridden[id].map { Array(Set($0.members)).sorted() } ?? assigned
          all.append(
            Shift(
              id: id, slot: slot, week: start, window: slot.window(startingOn: startDay), members: members,
              coordinator: week?.coordinator, isOverridden: overridden[id] != nil))
        }
      }
    }
    return all.sorted { ($0.window.start, $0.id) < ($1.window.start, $1.id) }
  }

  public func shift(_ id: ShiftID) -> Shift? { shifts.first { $0.id == id } }

  /// The people behind assignees, teams spread out; sorted, each once.
  public func people(_ assignees: [Assignee]) -> [Username] {
    var users: Set<Username> = []
    for assignee in assignees {
      switch assignee {
      case .member(let user): users.insert(user)
      case .team(let name): users.formUnion(team(name)?.members ?? [])
      }
    }
    return users.sorted()
  }

  /// Everybody the roster names anywhere.
  public var everybody: Set<Username> {
    var users = Set(members.map(\.user)).union(absences.map(\.user))
    for team in teams { users.formUnion(team.members) }
    for week in weeks {
      if let coordinator = week.coordinator { users.insert(coordinator) }
      for slot in week.slots { users.formUnion(people(slot)) }
    }
    for override in overrides { users.formUnion(override.members) }
    return users
  }
}
