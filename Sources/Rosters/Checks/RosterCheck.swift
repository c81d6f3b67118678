import Units

/// Looks for what makes a roster unworkable or unkind. Everything is computed in UTC, so that a change of
/// local time neither opens a gap nor closes one.
public struct RosterCheck: Sendable {
  /// User names ICARE knows; nil when they are not at hand: then nobody is unknown.
  public var knownUsers: Set<Username>?
  /// By name, for local nights; zones that are missing are findings.
  public var zones: [String: LocalZone]
  /// The local hours in which people sleep.
  public var night: LocalNight

  public init(knownUsers: Set<Username>? = nil, zones: [String: LocalZone] = [:], night: LocalNight = .init())
  {
    self.knownUsers = knownUsers
    self.zones = zones
    self.night = night
  }

  /// All findings, worst first, then in the order of the campaign.
  public func findings(_ roster: Roster) -> [RosterFinding] {
    let shifts = roster.shifts
    var found = slots(roster.table) + weeks(roster) + staffing(roster, shifts) + users(roster)
    found += duties(roster, shifts) + absences(roster, shifts) + nights(roster, shifts) + overrides(roster)
    return found.enumerated().sorted { a, b in
      a.element.severity != b.element.severity ? a.element.severity > b.element.severity : a.offset < b.offset
    }.map(\.element)
  }

  /// Minutes of the day that no slot or two slots cover.
  private func slots(_ table: SlotTable) -> [RosterFinding] {
    var cover = [Int](repeating: -1, count: 1440)
    var found: [RosterFinding] = []
    for (i, slot) in table.slots.enumerated() {
      var first: (minute: Int, other: Int)?
      for k in 0..<slot.lengthInMinutes {
        let minute = (slot.from.minutes + k) % 1440
        if cover[minute] >= 0, first == nil { first = (minute, cover[minute]) }
        cover[minute] = i
      }
      if let first {
        let at = TimeOfDay.midnight.advanced(byMinutes: first.minute)
        found.append(
          .init(
            .warning, .overlap, .slot(slot.name),
            "shares time from \(at) UTC with slot \(table.slots[first.other].name)"))
      }
    }
    // Started behind a covered minute, so that a gap over midnight is one gap.
    let start = (cover.firstIndex { $0 >= 0 } ?? 0)
    var gap: Int?
    for k in 0...1440 {
      let minute = (start + k) % 1440
      let isCovered = k == 1440 || cover[minute] >= 0
      if !isCovered, gap == nil { gap = minute }
      if isCovered, let from = gap {
        let a = TimeOfDay.midnight.advanced(byMinutes: from)
        let b = TimeOfDay.midnight.advanced(byMinutes: k == 1440 ? start : minute)
        found.append(.init(.error, .gap, .campaign, "no slot covers \(a)-\(b) UTC of any day"))
        gap = nil
      }
    }
    return found
  }

  private func weeks(_ roster: Roster) -> [RosterFinding] {
    roster.weekStarts.compactMap { start in
      guard let week = roster.week(start) else {
        return .init(.error, .missingWeek, .week(start), "the schedule has no such week")
      }
      if week.coordinator == nil {
        return .init(.warning, .noCoordinator, .week(start), "nobody coordinates")
      }
      return nil
    }
  }

  private func staffing(_ roster: Roster, _ shifts: [Shift]) -> [RosterFinding] {
    var found: [RosterFinding] = []
    for shift in shifts where roster.week(shift.week) != nil || shift.isOverridden {
      let count = shift.members.count
      if count == 0 {
        found.append(
          .init(.error, .nobody, .shift(shift.id), "nobody from \(shift.window.start.iso8601()) on"))
      } else if count < roster.rules.peoplePerShift {
        found.append(
          .init(
            .warning, .understaffed, .shift(shift.id), "\(count) of \(roster.rules.peoplePerShift) people"))
      }
      var inIcare = Set(shift.members)
      if roster.rules.coordinatorIsAdmin, let coordinator = shift.coordinator { inIcare.insert(coordinator) }
      if let capacity = roster.rules.capacity, inIcare.count > capacity {
        found.append(
          .init(
            .error, .overCapacity, .shift(shift.id), "\(inIcare.count) people, ICARE would take \(capacity)"))
      }
    }
    return found
  }

  private func users(_ roster: Roster) -> [RosterFinding] {
    var found: [RosterFinding] = []
    let members = Set(roster.members.map(\.user))
    for user in roster.everybody.sorted() {
      if let knownUsers, !knownUsers.contains(user) {
        let nearest = knownUsers.sorted().map { (Spelling.distance(user.text, $0.text), $0.text) }.min {
          $0 < $1
        }
        let hint = nearest.flatMap { $0.0 <= 2 ? "; did you mean \($0.1)?" : nil } ?? ""
        found.append(.init(.error, .unknownUser, .member(user), "ICARE knows no such user\(hint)"))
      } else if !members.isEmpty, !members.contains(user) {
        found.append(.init(.note, .notMember, .member(user), "is not listed under members"))
      }
    }
    for member in roster.members {
      if let zone = member.zone, !zones.isEmpty, zones[zone] == nil {
        found.append(.init(.warning, .unknownZone, .member(member.user), "no time zone \(zone) is at hand"))
      }
      let weeks = roster.weeks.filter { week in
        week.coordinator == member.user || roster.people(week.slots.flatMap { $0 }).contains(member.user)
      }.count
      if let most = member.weeksAtMost, weeks > most {
        found.append(
          .init(.warning, .tooManyWeeks, .member(member.user), "\(weeks) weeks, wants \(most) at most"))
      }
    }
    return found
  }

  /// Two shifts of one person that share time, or follow each other too soon.
  private func duties(_ roster: Roster, _ shifts: [Shift]) -> [RosterFinding] {
    var found: [RosterFinding] = []
    var latest: [Username: Shift] = [:]
    for shift in shifts {
      for user in shift.members {
        if let before = latest[user] {
          let rest = shift.window.start - before.window.end
          if rest < .zero {
            found.append(.init(.error, .doubleDuty, .shift(shift.id), "\(user) is also on \(before.id)"))
          } else if rest < roster.rules.rest {
            let (has, needs) = (
              Digits.short(rest.seconds / 3600), Digits.short(roster.rules.rest.seconds / 3600)
            )
            found.append(
              .init(
                .warning, .shortRest, .shift(shift.id),
                "\(user) has \(has) h after \(before.id), \(needs) h are wanted"))
          }
        }
        // A longer shift that began earlier still counts.
        if latest[user].map({ $0.window.end <= shift.window.end }) ?? true { latest[user] = shift }
      }
    }
    for week in roster.weeks {
      guard let coordinator = week.coordinator else { continue }
      let own = shifts.filter { $0.week == week.start && $0.members.contains(coordinator) }
      if !own.isEmpty {
        found.append(
          .init(
            .warning, .doubleDuty, .week(week.start),
            "\(coordinator) coordinates and is on \(own.count) shifts"))
      }
    }
    return found
  }

  private func absences(_ roster: Roster, _ shifts: [Shift]) -> [RosterFinding] {
    var found: [RosterFinding] = []
    let byUser = Dictionary(grouping: roster.absences, by: \.user)
    for shift in shifts {
      for user in shift.members {
        if (byUser[user] ?? []).contains(where: { $0.window.intersection(shift.window) != nil }) {
          found.append(.init(.error, .absent, .shift(shift.id), "\(user) is away"))
        }
      }
    }
    for week in roster.weeks {
      guard let user = week.coordinator else { continue }
      let window = roster.table.window(ofWeek: week.start)
      if (byUser[user] ?? []).contains(where: { $0.window.intersection(window) != nil }) {
        found.append(
          .init(.warning, .absent, .week(week.start), "the coordinator \(user) is away for part of it"))
      }
    }
    return found
  }

  /// One note per person, week and slot, not seven.
  private func nights(_ roster: Roster, _ shifts: [Shift]) -> [RosterFinding] {
    struct Cell: Hashable {
      let week: UTCDay
      let slot: String
      let user: Username
    }
    var hours: [Cell: Duration] = [:]
    var order: [Cell] = []
    for shift in shifts {
      for user in shift.members {
        guard let name = roster.member(user)?.zone, let zone = zones[name] else { continue }
        let asleep = night.time(in: shift.window, zone: zone)
        guard asleep > .zero else { continue }
        let cell = Cell(week: shift.week, slot: shift.slot.name, user: user)
        if hours[cell] == nil { order.append(cell) }
        hours[cell, default: .zero] += asleep
      }
    }
    return order.map { cell in
      let text = Digits.short((hours[cell] ?? .zero).seconds / 3600)
      return .init(
        .note, .localNight, .week(cell.week), "\(cell.user) in slot \(cell.slot): \(text) h of local night")
    }
  }

  private func overrides(_ roster: Roster) -> [RosterFinding] {
    var plain = roster
    plain.overrides = []
    let before = Dictionary(plain.shifts.map { ($0.id, $0.members) }, uniquingKeysWith: { a, _ in a })
    return roster.overrides.compactMap { override in
      before[override.shift] == Array(Set(override.members)).sorted()
        ? .init(
          .note, .futileOverride, .shift(override.shift), "changes nothing: the week names the same people")
        : nil
    }
  }
}

/// Local hours in which people sleep, 00:00-06:00 unless told otherwise.
public struct LocalNight: Hashable, Sendable {
  public let from: TimeOfDay
  public let to: TimeOfDay

  public init(from: TimeOfDay = .midnight, to: TimeOfDay = TimeOfDay(hour: 6) ?? .midnight) {
    self.from = from
    self.to = to
  }

  /// How much of a window is night there, to 5 minutes (offsets of zones are multiples of that today). O(window).
  public func time(in window: TimeWindow, zone: LocalZone) -> Duration {
    let step = 300
    let steps = Int(min(window.duration.seconds, 32 * 86_400) / Double(step))
    var asleep = 0
    let length = to.minutes(after: from)
    for i in 0..<max(0, steps) {
      let middle = window.start.advanced(bySeconds: (Double(i) + 0.5) * Double(step))
      let minute = zone.local(middle).secondOfDay / 60
      if (minute - from.minutes + 1440) % 1440 < length { asleep += step }
    }
    return .seconds(asleep)
  }
}
