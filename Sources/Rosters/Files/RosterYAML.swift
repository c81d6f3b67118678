import Units
import Yams

/// A roster with what was read differently from how it is written (slots ending at :59).
public struct RosterReading: Equatable, Sendable {
  public let roster: Roster
  public let notes: [RosterError.Problem]
}

extension RosterReading {
  /// Reads a roster strictly: what is not understood is an error, and all errors are reported with lines.
  /// - Parameter file: the name that errors carry.
  public init(yaml: String, file: String) throws(RosterError) {
    let log = RosterLog()
    let root = RosterSection(try RosterGuard.root(yaml, file: file), path: "", line: 1, log: log)
    let roster = RosterReader(log: log).roster(root)
    guard log.problems.isEmpty, let roster else {
      throw .invalid(file: file, log.problems.sorted { ($0.line ?? 0) < ($1.line ?? 0) })
    }
    self.init(roster: roster, notes: log.notes)
  }
}

/// Turns sections into the parts of a roster.
struct RosterReader {
  let log: RosterLog

  func roster(_ root: RosterSection) -> Roster? {
    let campaign = root.text("campaign", required: true)
    let key = root.text("key")
    if let key, Roster.key(from: key) != key {
      root.problem(
        "key", "is not made of lower-case letters, digits and single `-`", "write `\(Roster.key(from: key))`")
    }
    let table = table(root)
    let first = day(root, "first_week", required: true)
    if let first, first.weekday != table.weekday {
      root.problem(
        "first_week", "\(first) is a \(first.weekday.rawValue)", "weeks start on a \(table.weekday.rawValue)")
    }
    let count = root.whole("weeks", in: 1...Roster.mostWeeks, required: true)
    let rules = rules(root)
    let teams = teams(root)
    let members = members(root, table)
    let weeks = weeks(root, table, Set(teams.map(\.name)))
    let overrides = overrides(root)
    let absences = absences(root)
    root.finish()
    guard let campaign, let first, let count, log.problems.isEmpty else { return nil }
    let roster = Roster(
      campaign: campaign, key: key, table: table, firstWeek: first, weekCount: count, rules: rules,
      members: members, teams: teams, weeks: weeks, overrides: overrides, absences: absences)
    RosterPlaces.check(roster, root)
    return log.problems.isEmpty ? roster : nil
  }

  private func rules(_ root: RosterSection) -> Roster.Rules {
    var rules = Roster.Rules()
    if let n = root.whole("people_per_shift", in: 1...50) { rules.peoplePerShift = n }
    rules.capacity = root.whole("capacity", in: 1...200)
    if let h = root.number("rest_h", in: 0...168) { rules.rest = .seconds(60 * Int64((h * 60).rounded())) }
    if let flag = root.flag("coordinator_is_admin") { rules.coordinatorIsAdmin = flag }
    let needed = rules.peoplePerShift + (rules.coordinatorIsAdmin ? 1 : 0)
    if let capacity = rules.capacity, capacity < needed {
      root.problem(
        "capacity", "\(capacity) is less than the people of a shift and its coordinator (\(needed))",
        "raise it")
    }
    return rules
  }

  func day(_ section: RosterSection, _ key: String, required: Bool = false) -> UTCDay? {
    guard let text = section.text(key, required: required) else { return nil }
    if let day = UTCDay(text) { return day }
    section.problem(key, "`\(text)` is no date", "write it as 2026-11-26")
    return nil
  }

  private func table(_ root: RosterSection) -> SlotTable {
    let standard = SlotTable.grandma
    var weekday = standard.weekday
    var time = standard.time
    if let text = root.text("week_starts") {
      let parts = text.split(separator: " ")
      if parts.count == 2, let day = Weekday(rawValue: String(parts[0])), let at = TimeOfDay(parts[1]) {
        (weekday, time) = (day, at)
      } else {
        root.problem("week_starts", "`\(text)` is no day and UTC time", "write it as Thursday 11:00")
      }
    }
    guard let section = root.section("slots") else {
      return SlotTable(weekday: weekday, time: time, slots: standard.slots)
    }
    let slots = section.entries.compactMap { slot($0, section) }
    if section.entries.isEmpty || section.entries.count > 24 {
      root.problem(
        "slots", "there are \(section.entries.count)", "write 1 to 24 lines such as `1: 11:00-19:00`")
    }
    return SlotTable(weekday: weekday, time: time, slots: slots)
  }

  private func slot(_ entry: RosterSection.Entry, _ section: RosterSection) -> Slot? {
    let reserved = ["coordinator", "week", "date", "slot", "members"]
    guard SlotName.isValid(entry.key), !reserved.contains(entry.key) else {
      log.add(
        entry.line, section.full(entry.key), "is no name for a slot", "use letters and digits, such as 1")
      return nil
    }
    let text = entry.value.scalar?.string ?? ""
    let parts = text.split(separator: "-").map { $0.drop { $0 == " " } }
    guard parts.count == 2, let from = TimeOfDay(parts[0].prefix { $0 != " " }), let to = TimeOfDay(parts[1])
    else {
      log.add(entry.line, section.full(entry.key), "`\(text)` is no slot", "write UTC times as 11:00-19:00")
      return nil
    }
    let slot = SlotTimes.normalized(name: entry.key, from: from, to: to)
    if (slot.from, slot.to) != (from, to) {
      log.note(
        entry.line, section.full(entry.key),
        "\(from)-\(to) is read as [\(slot.from), \(slot.to))",
        "write \(slot.from)-\(slot.to): slots do not hold their end")
    }
    return slot
  }

  private func members(_ root: RosterSection, _ table: SlotTable) -> [Roster.Member] {
    guard let section = root.section("members") else { return [] }
    return section.entries.compactMap { entry in
      guard let user = section.user(entry.key, entry.key, entry.line),
        let details = section.child(entry.value, entry.key, entry.line)
      else { return nil }
      var member = Roster.Member(user)
      member.zone = details.text("zone")
      if let zone = member.zone, !LocalZone.isPlausible(name: zone) {
        details.problem(
          "zone", "`\(zone)` is no name of a time zone", "write one such as Europe/Paris or UTC")
      }
      member.prefers = details.words("prefers") ?? []
      for name in member.prefers where table.slot(named: name) == nil {
        details.problem(
          "prefers", "`\(name)` is no slot", Spelling.suggestion(for: name, among: table.slots.map(\.name)))
      }
      member.coordinates = details.flag("coordinates") ?? false
      member.share = details.number("share", in: 0.05...1).flatMap { Fraction($0) } ?? .one
      member.weeksAtMost = details.whole("weeks_at_most", in: 0...Roster.mostWeeks)
      details.finish()
      return member
    }
  }

  private func teams(_ root: RosterSection) -> [Roster.Team] {
    guard let section = root.section("teams") else { return [] }
    return section.entries.compactMap { entry in
      guard SlotName.isValid(entry.key) else {
        log.add(
          entry.line, section.full(entry.key), "is no name for a team", "use at most 16 letters and digits")
        return nil
      }
      let names = section.words(entry.value, entry.key, entry.line) ?? []
      return Roster.Team(
        name: entry.key, members: names.compactMap { section.user($0, entry.key, entry.line) })
    }
  }

  private func weeks(_ root: RosterSection, _ table: SlotTable, _ teams: Set<String>) -> [Roster.Week] {
    guard let section = root.section("schedule") else { return [] }
    return section.entries.compactMap { entry in
      guard let start = UTCDay(entry.key) else {
        log.add(
          entry.line, section.full(entry.key), "is no date", "write the first day of the week as 2026-11-26")
        return nil
      }
      guard let week = section.child(entry.value, entry.key, entry.line) else { return nil }
      let coordinator = week.text("coordinator").flatMap {
        week.user($0, "coordinator", week.line(of: "coordinator"))
      }
      let slots = table.slots.map { slot in
        (week.words(slot.name) ?? []).compactMap { assignee($0, slot.name, week, teams) }
      }
      week.finish()
      return Roster.Week(start: start, coordinator: coordinator, slots: slots)
    }
  }

  func assignee(_ text: String, _ key: String, _ week: RosterSection, _ teams: Set<String>) -> Roster
    .Assignee?
  {
    guard text.hasPrefix("team ") else {
      return week.user(text, key, week.line(of: key)).map { .member($0) }
    }
    let name = String(text.dropFirst(5))
    if teams.contains(name) { return .team(name) }
    week.problem(key, "there is no team `\(name)`", Spelling.suggestion(for: name, among: teams.sorted()))
    return nil
  }

  private func overrides(_ root: RosterSection) -> [Roster.Override] {
    guard let section = root.section("overrides") else { return [] }
    return section.entries.compactMap { entry in
      guard let id = ShiftID(entry.key) else {
        log.add(
          entry.line, section.full(entry.key), "is no shift", "write its UTC start day and slot, 2026-11-27/3"
        )
        return nil
      }
      guard let details = section.child(entry.value, entry.key, entry.line) else { return nil }
      if details.value("members", required: true) == nil { return nil }
      let users = (details.words("members") ?? []).compactMap {
        details.user($0, "members", details.line(of: "members"))
      }
      let why = details.text("why") ?? ""
      details.finish()
      return Roster.Override(shift: id, members: users.sorted(), why: why)
    }
  }

  private func absences(_ root: RosterSection) -> [Roster.Absence] {
    guard let node = root.value("absences") else { return [] }
    if node.scalar?.string == "" || node.scalar?.string == "~" { return [] }
    guard case .sequence(let list) = node else {
      root.problem("absences", "is not a list", "start each line with `- `")
      return []
    }
    return list.enumerated().compactMap { i, node in
      guard let section = root.child(node, "absences[\(i + 1)]", node.mark?.line) else { return nil }
      let user = section.text("user", required: true).flatMap {
        section.user($0, "user", section.line(of: "user"))
      }
      let from = section.text("from", required: true).flatMap { bound($0, isEnd: false, "from", section) }
      let to = section.text("to", required: true).flatMap { bound($0, isEnd: true, "to", section) }
      section.finish()
      guard let user, let from, let to else { return nil }
      guard from < to else {
        section.problem("to", "is not after `from`", "a day alone means the whole of it")
        return nil
      }
      return Roster.Absence(user: user, window: TimeWindow(from, to))
    }
  }

  /// A bare date is the whole day: as an end it means the midnight after it.
  private func bound(_ text: String, isEnd: Bool, _ key: String, _ section: RosterSection) -> Instant? {
    if let day = UTCDay(text) { return isEnd ? day.advanced(by: 1).midnight : day.midnight }
    if text.utf8.count > 10, let instant = Instant(iso8601: text) { return instant }
    section.problem(key, "`\(text)` is no date or UTC time", "write 2026-12-01 or 2026-12-01T11:00Z")
    return nil
  }
}

enum SlotTimes {
  /// Slots written with an end at :59, or a start taken from such an end, mean the full hour: the habit
  /// comes from a calendar that could not show two shifts meeting.
  static func normalized(name: String, from: TimeOfDay, to: TimeOfDay) -> Slot {
    func whole(_ time: TimeOfDay) -> TimeOfDay {
      time.minutes % 60 == 59 ? time.advanced(byMinutes: 1) : time
    }
    return Slot(name: name, from: whole(from), to: whole(to))
  }
}

/// Whether what a roster names lies inside the campaign.
enum RosterPlaces {
  static func check(_ roster: Roster, _ root: RosterSection) {
    let log = root.log
    let starts = Set(roster.weekStarts)
    func lines(_ key: String) -> [String: Int?] {
      guard case .mapping(let mapping)? = root.entries.first(where: { $0.key == key })?.value else {
        return [:]
      }
      return Dictionary(
        mapping.map { ($0.key.scalar?.string ?? "", $0.key.mark?.line) }, uniquingKeysWith: { a, _ in a })
    }
    let weekLines = lines("schedule")
    for week in roster.weeks where !starts.contains(week.start) {
      let nearest = roster.weekStarts.min { abs($0 - week.start) < abs($1 - week.start) } ?? roster.firstWeek
      log.add(
        weekLines["\(week.start)"] ?? nil, "schedule.\(week.start)",
        "no week of the campaign starts on this \(week.start.weekday.rawValue)",
        "the nearest starts on \(nearest)")
    }
    let ids = Set(roster.shifts.map(\.id))
    let overrideLines = lines("overrides")
    for override in roster.overrides where !ids.contains(override.shift) {
      log.add(
        overrideLines["\(override.shift)"] ?? nil, "overrides.\(override.shift)",
        "is no shift of the campaign",
        "write the UTC day it starts on and its slot; check `first_week` and `weeks`")
    }
  }
}
