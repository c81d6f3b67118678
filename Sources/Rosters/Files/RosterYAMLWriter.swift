import Units

extension Roster {
  /// The roster as YAML that `RosterReading` reads back to an equal value.
  public func yaml() -> String {
    var out = "campaign: \(YAMLText.scalar(campaign))\nkey: \(YAMLText.scalar(key))\n"
    out += "first_week: \(firstWeek)\nweeks: \(weekCount)\n"
    out += "week_starts: \(table.weekday.rawValue) \(table.time)  # UTC, as all times here\n"
    out += "slots:\n"
    for slot in table.slots { out += "  \(YAMLText.scalar(slot.name)): \(slot.from)-\(slot.to)\n" }
    out += "people_per_shift: \(rules.peoplePerShift)\n"
    if let capacity = rules.capacity { out += "capacity: \(capacity)\n" }
    out += "rest_h: \(YAMLText.number(rules.rest.seconds / 3600))\n"
    out += "coordinator_is_admin: \(rules.coordinatorIsAdmin)\n"
    out += memberLines + teamLines + scheduleLines + overrideLines + absenceLines
    return out
  }

  private var memberLines: String {
    guard !members.isEmpty else { return "" }
    var out = "members:\n"
    for member in members {
      var parts: [String] = []
      if let zone = member.zone { parts.append("zone: \(YAMLText.scalar(zone))") }
      if !member.prefers.isEmpty {
        parts.append("prefers: [\(member.prefers.map(YAMLText.scalar).joined(separator: ", "))]")
      }
      if member.coordinates { parts.append("coordinates: true") }
      if member.share != .one { parts.append("share: \(YAMLText.number(member.share.value))") }
      if let most = member.weeksAtMost { parts.append("weeks_at_most: \(most)") }
      out += "  \(YAMLText.scalar(member.user.text)): {\(parts.joined(separator: ", "))}\n"
    }
    return out
  }

  private var teamLines: String {
    guard !teams.isEmpty else { return "" }
    return "teams:\n"
      + teams.map { "  \(YAMLText.scalar($0.name)): \(YAMLText.users($0.members))\n" }.joined()
  }

  private var scheduleLines: String {
    guard !weeks.isEmpty else { return "" }
    var out = "schedule:\n"
    for week in weeks {
      out += "  \(week.start):\n"
      if let coordinator = week.coordinator {
        out += "    coordinator: \(YAMLText.scalar(coordinator.text))\n"
      }
      if week.coordinator == nil, week.slots.allSatisfy(\.isEmpty) { out = String(out.dropLast()) + " {}\n" }
      for (slot, people) in zip(table.slots, week.slots) where !people.isEmpty {
        let names = people.map { assignee in
          switch assignee {
          case .member(let user): YAMLText.scalar(user.text)
          case .team(let name): "team \(name)"
          }
        }
        out += "    \(YAMLText.scalar(slot.name)): [\(names.joined(separator: ", "))]\n"
      }
    }
    return out
  }

  private var overrideLines: String {
    guard !overrides.isEmpty else { return "" }
    return "overrides:\n"
      + overrides.map {
        let why = $0.why.isEmpty ? "" : ", why: \(YAMLText.scalar($0.why))"
        return "  \($0.shift): {members: \(YAMLText.users($0.members))\(why)}\n"
      }.joined()
  }

  private var absenceLines: String {
    guard !absences.isEmpty else { return "" }
    return "absences:\n"
      + absences.map { absence in
        let (from, to) = YAMLText.bounds(absence.window)
        return "  - {user: \(YAMLText.scalar(absence.user.text)), from: \(from), to: \(to)}\n"
      }.joined()
  }
}

enum YAMLText {
  /// Plain when it cannot be mistaken for anything else, double-quoted otherwise.
  static func scalar(_ text: String) -> String {
    let plain =
      text.utf8.allSatisfy {
        (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
          || [32, 43, 45, 46, 47, 95].contains($0)
      }
    if plain, let first = text.unicodeScalars.first,
      first.properties.isAlphabetic || first.properties.numericType != nil,
      text.last != " ",
      !["null", "true", "false", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
    {
      return text
    }
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      default:
        if scalar.value < 32 || (0x7f...0x9f).contains(scalar.value) || scalar.value == 0x2028
          || scalar.value == 0x2029
          || scalar.value == 0xfeff || scalar.value == 0xa0
        {
          let hex = String(scalar.value, radix: 16)
          out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        } else {
          out.unicodeScalars.append(scalar)
        }
      }
    }
    return out + "\""
  }

  static func users(_ users: [Username]) -> String {
    "[" + users.map { scalar($0.text) }.joined(separator: ", ") + "]"
  }

  /// Shortest decimal that reads back to the same number.
  static func number(_ value: Double) -> String {
    let text = "\(value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// Whole days as dates, the last included; anything else as UTC times to the second or finer.
  static func bounds(_ window: TimeWindow) -> (String, String) {
    if let from = UTCDay(containing: window.start), let to = UTCDay(containing: window.end),
      from.midnight == window.start, to.midnight == window.end
    {
      return ("\(from)", "\(to.advanced(by: -1))")
    }
    func time(_ t: Instant) -> String {
      "\"\(t.iso8601(t.tai % 1_000_000_000 == 0 ? .none : .microseconds))\""
    }
    return (time(window.start), time(window.end))
  }
}
