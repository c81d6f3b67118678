import Units

/// Who works at an instant and who comes after, for notifications and the top of every page.
public struct OnDuty: Hashable, Sendable {
  public let instant: Instant
  /// Shifts that run at the instant, the one that began last first; several only when slots overlap.
  public let now: [Shift]
  /// The next shift to start, nil after the campaign.
  public let next: Shift?
  /// The coordinator of the week that runs.
  public let coordinator: Username?

  public init(_ roster: Roster, at instant: Instant) {
    self.instant = instant
    let shifts = roster.shifts
    now = shifts.filter { $0.window.contains(instant) }.reversed()
    next = shifts.first { $0.window.start > instant }
    coordinator =
      roster.weekStarts.first { roster.table.window(ofWeek: $0).contains(instant) }
      .flatMap { roster.week($0)?.coordinator }
  }

  /// Everybody on shift at the instant, sorted, each once.
  public var people: [Username] { Set(now.flatMap(\.members)).sorted() }

  /// Three lines for people, times in UTC and, when given, in a local zone.
  public func text(zone: LocalZone? = nil) -> String {
    func names(_ shift: Shift) -> String {
      shift.members.isEmpty ? "NOBODY" : shift.members.map(\.text).joined(separator: ", ")
    }
    func line(_ word: String, _ shift: Shift) -> String {
      "\(word): \(names(shift)), slot \(shift.slot.name), \(ShiftTimes.text(shift.window, zone: zone))"
    }
    var lines = now.isEmpty ? ["Now: no shift"] : now.map { line("Now", $0) }
    lines.append(next.map { line("Next", $0) } ?? "Next: no shift")
    lines.append("Coordinator: \(coordinator?.text ?? "nobody")")
    return lines.joined(separator: "\n")
  }
}

enum ShiftTimes {
  /// `Thu 2026-11-26 11:00-19:00 UTC (Thu 2026-11-26 12:00-20:00 CET)`.
  static func text(_ window: TimeWindow, zone: LocalZone?) -> String {
    let utc = reading(window, .utc)
    guard let zone, zone.name != "UTC" else { return utc }
    return "\(utc) (\(reading(window, zone)))"
  }

  private static func reading(_ window: TimeWindow, _ zone: LocalZone) -> String {
    let (a, b) = (zone.local(window.start), zone.local(window.end))
    // Over a change of local time both abbreviations are needed to make sense of the hours.
    let first = a.period == b.period ? "" : " " + a.period.abbreviation
    let day = a.day == b.day ? "" : "\(b.day.weekday.short) "
    return
      "\(a.day.weekday.short) \(a.day) \(a.hourAndMinute)\(first)-\(day)\(b.hourAndMinute) \(b.period.abbreviation)"
  }
}
