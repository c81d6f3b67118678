import Units

/// What each member carries: the generator's account of itself, and a view of any roster.
public struct LoadTable: Hashable, Sendable {
  public struct Row: Hashable, Sendable {
    public let user: Username
    public let share: Fraction
    /// Weeks with at least one shift.
    public let shiftWeeks: Int
    public let coordinatorWeeks: Int
    public let shifts: Int
    public let time: Duration
    /// Of `time`, what falls in the local night; nil without a known zone.
    public let night: Duration?
    public let awayWeeks: Int
    /// Weeks relative to an even spread by share over all members.
    public let fairShare: Double
  }

  /// By user name.
  public let rows: [Row]

  public init(_ roster: Roster, options: RosterGenerator.Options = .init()) {
    let shifts = roster.shifts
    let users = Set(roster.members.map(\.user)).union(shifts.flatMap(\.members)).union(
      roster.weeks.compactMap(\.coordinator))
    let perWeek = Dictionary(grouping: shifts, by: \.week)
    var weeksOf: [Username: Int] = [:]
    for list in perWeek.values { for user in Set(list.flatMap(\.members)) { weeksOf[user, default: 0] += 1 } }
    let coordinated = Dictionary(grouping: roster.weeks.compactMap(\.coordinator)) { $0 }.mapValues(\.count)
    let total = weeksOf.values.reduce(0, +) + coordinated.values.reduce(0, +)
    let shares = users.reduce(0) { $0 + (roster.member($1)?.share.value ?? 1) }
    rows = users.sorted().map { user in
      let own = shifts.filter { $0.members.contains(user) }
      let share = roster.member(user)?.share ?? .one
      let zone = roster.member(user)?.zone.flatMap { options.zones[$0] }
      let away = roster.absences.filter { $0.user == user }
      return Row(
        user: user, share: share, shiftWeeks: weeksOf[user] ?? 0, coordinatorWeeks: coordinated[user] ?? 0,
        shifts: own.count, time: own.reduce(.zero) { $0 + $1.window.duration },
        night: zone.map { zone in own.reduce(.zero) { $0 + options.night.time(in: $1.window, zone: zone) } },
        awayWeeks: roster.weekStarts.filter { start in
          away.contains { $0.window.intersection(roster.table.window(ofWeek: start)) != nil }
        }.count, fairShare: shares > 0 ? Double(total) * share.value / shares : 0)
    }
  }

  /// A table for people, columns aligned.
  public var text: String {
    let header = ["user", "share", "weeks", "coord.", "shifts", "hours", "night h", "away", "fair"]
    let lines = rows.map { row in
      [
        row.user.text, Digits.short(row.share.value), "\(row.shiftWeeks)", "\(row.coordinatorWeeks)",
        "\(row.shifts)",
        Digits.short(row.time.seconds / 3600), row.night.map { Digits.short($0.seconds / 3600) } ?? "?",
        "\(row.awayWeeks)",
        Digits.short(row.fairShare),
      ]
    }
    let all = [header] + lines
    let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { cells in
      cells.enumerated().map { i, cell in
        let padding = String(repeating: " ", count: widths[i] - cell.count)
        return i == 0 ? cell + padding : padding + cell
      }.joined(separator: "  ")
    }.joined(separator: "\n") + "\n"
  }
}
