import Units

extension RosterReading {
  /// Reads the schedule from a table exported by a spreadsheet; the rest comes from `template`.
  ///
  /// Two layouts, told apart by the first column: `week`, one row per week with a column per slot, or `date`,
  /// one row per UTC start day, for tables in which people change within the week. A `coordinator` column is
  /// optional. Several people in a cell are separated by spaces or `+`. Comma, semicolon or tab; quotes, a
  /// byte-order mark, empty rows and empty columns as spreadsheets leave them.
  public init(csv: String, file: String, template: Roster) throws(RosterError) {
    let table = try CSVTable(csv, file: file)
    let log = RosterLog()
    let roster = RosterTable(table: table, template: template, log: log).roster()
    guard log.problems.isEmpty, let roster else {
      throw .invalid(file: file, log.problems.sorted { ($0.line ?? 0) < ($1.line ?? 0) })
    }
    self.init(roster: roster, notes: log.notes)
  }
}

/// The rows of a comma-, semicolon- or tab-separated file (RFC 4180), each with its first line.
struct CSVTable {
  struct Row {
    let line: Int
    let cells: [String]
  }
  let header: [String]
  let rows: [Row]
  static let byteLimit = 1 << 20

  init(_ text: String, file: String) throws(RosterError) {
    guard text.utf8.count <= Self.byteLimit else {
      throw .unreadable(file: file, line: nil, reason: "larger than \(Self.byteLimit) bytes")
    }
    var bytes = Array(text.utf8)
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { bytes.removeFirst(3) }
    let firstLine = bytes.prefix { $0 != 10 && $0 != 13 }
    let separators: [UInt8] = [44, 59, 9]
    let counts = separators.map { separator in firstLine.filter { $0 == separator }.count }
    let separator = separators[counts.firstIndex(of: counts.max() ?? 0) ?? 0]
    let all = try Self.rows(bytes, separator, file).filter { $0.cells.contains { !$0.isEmpty } }
    guard let first = all.first else { throw .unreadable(file: file, line: nil, reason: "is empty") }
    header = first.cells.map { $0.lowercased() }
    rows = Array(all.dropFirst())
  }

  private static func rows(_ bytes: [UInt8], _ separator: UInt8, _ file: String) throws(RosterError) -> [Row]
  {
    var rows: [Row] = []
    var cells: [String] = []
    var cell: [UInt8] = []
    var (line, start, quoteLine) = (1, 1, 0)
    var i = 0
    func trimmed(_ cell: [UInt8]) -> String {
      let text = String(decoding: cell, as: UTF8.self)
      let head = text.drop { $0 == " " || $0 == "\u{a0}" }
      return String(head.reversed().drop { $0 == " " || $0 == "\u{a0}" }.reversed())
    }
    while i < bytes.count {
      let b = bytes[i]
      if quoteLine > 0 {
        if b == 34 {
          if i + 1 < bytes.count, bytes[i + 1] == 34 {
            cell.append(34)
            i += 1
          } else {
            quoteLine = 0
          }
        } else {
          if b == 10 { line += 1 }
          cell.append(b == 10 || b == 13 ? 32 : b)
        }
      } else if b == 34, cell.allSatisfy({ $0 == 32 }) {
        cell = []
        quoteLine = line
      } else if b == separator {
        cells.append(trimmed(cell))
        cell = []
      } else if b == 10 || b == 13 {
        if b == 13, i + 1 < bytes.count, bytes[i + 1] == 10 { i += 1 }
        cells.append(trimmed(cell))
        rows.append(Row(line: start, cells: cells))
        (cells, cell) = ([], [])
        line += 1
        start = line
      } else {
        cell.append(b)
      }
      i += 1
    }
    guard quoteLine == 0 else {
      throw .unreadable(file: file, line: quoteLine, reason: "a quote is never closed")
    }
    if !cell.isEmpty || !cells.isEmpty { rows.append(Row(line: start, cells: cells + [trimmed(cell)])) }
    return rows
  }
}

/// Turns a table into the schedule of a roster.
private struct RosterTable {
  let table: CSVTable
  let template: Roster
  let log: RosterLog

  func roster() -> Roster? {
    guard let kind = table.header.first, kind == "week" || kind == "date" else {
      log.add(1, table.header.first ?? "", "is no first column of a roster", "call it `week` or `date`")
      return nil
    }
    let columns = columns(kind)
    guard log.problems.isEmpty else { return nil }
    var rows: [(day: UTCDay, row: CSVTable.Row)] = []
    for row in table.rows {
      let text = row.cells.first ?? ""
      guard let day = UTCDay(text) else {
        log.add(
          row.line, kind, "`\(text.prefix(40))` is no date",
          "format the column as 2026-11-26: day and month must not be guessed")
        continue
      }
      if let twin = rows.first(where: { $0.day == day }) {
        log.add(row.line, kind, "\(day) stands in line \(twin.row.line) already", "take one away")
      }
      for (i, cell) in row.cells.enumerated() where i >= table.header.count && !cell.isEmpty {
        log.add(
          row.line, "column \(i + 1)", "`\(cell.prefix(40))` has no heading", "name the column in line 1")
      }
      rows.append((day, row))
    }
    return kind == "week" ? weekly(rows, columns) : daily(rows, columns)
  }

  /// Column index by slot name, and `coordinator`.
  private func columns(_ kind: String) -> [String: Int] {
    var columns: [String: Int] = [:]
    let slots = Dictionary(
      template.table.slots.map { ($0.name.lowercased(), $0.name) }, uniquingKeysWith: { a, _ in a })
    for (i, title) in table.header.enumerated().dropFirst() where !title.isEmpty {
      let short = title.hasPrefix("slot ") ? String(title.dropFirst(5)) : title
      guard let name = title == "coordinator" ? title : slots[short] else {
        let known = template.table.slots.map(\.name) + ["coordinator"]
        log.add(1, title, "is no slot", Spelling.suggestion(for: title, among: known))
        continue
      }
      if columns.updateValue(i, forKey: name) != nil {
        log.add(1, title, "stands there twice", "take one away")
      }
    }
    for slot in template.table.slots where columns[slot.name] == nil {
      log.add(1, slot.name, "is missing", "add a column for each slot")
    }
    return columns
  }

  private func cell(_ row: CSVTable.Row, _ index: Int?) -> String {
    guard let index, row.cells.indices.contains(index) else { return "" }
    return row.cells[index]
  }

  private func users(_ row: CSVTable.Row, _ index: Int?, _ key: String) -> [Username] {
    cell(row, index).split { $0 == " " || $0 == "+" }.compactMap { text in
      if let user = Username(text) { return user }
      let remedy = text.contains("@") ? "rosters hold no addresses" : "write ICARE user names"
      log.add(row.line, key, "`\(text.prefix(64))` is no user name", remedy)
      return nil
    }
  }

  private func coordinator(_ row: CSVTable.Row, _ columns: [String: Int]) -> Username? {
    let users = users(row, columns["coordinator"], "coordinator")
    if users.count > 1 { log.add(row.line, "coordinator", "are \(users.count) people", "name one") }
    return users.first
  }

  private func weekly(_ rows: [(day: UTCDay, row: CSVTable.Row)], _ columns: [String: Int]) -> Roster? {
    var weeks: [Roster.Week] = []
    for (day, row) in rows {
      guard day.weekday == template.table.weekday else {
        log.add(
          row.line, "week", "\(day) is a \(day.weekday.rawValue)",
          "weeks start on a \(template.table.weekday.rawValue)")
        continue
      }
      let slots = template.table.slots.map { slot in
        users(row, columns[slot.name], slot.name).map { Roster.Assignee.member($0) }
      }
      weeks.append(Roster.Week(start: day, coordinator: coordinator(row, columns), slots: slots))
    }
    return assembled(weeks, [])
  }

  /// A slot done by the same people on most days becomes the week's; the other days become overrides.
  private func daily(_ rows: [(day: UTCDay, row: CSVTable.Row)], _ columns: [String: Int]) -> Roster? {
    var people: [ShiftID: [Username]] = [:]
    var coordinators: [UTCDay: (Username, Int)] = [:]
    for (day, row) in rows {
      for slot in template.table.slots {
        let id = ShiftID(day: day, slot: slot.name)
        let users = Set(users(row, columns[slot.name], slot.name)).sorted()
        if !users.isEmpty { people[id] = users }
      }
      guard let user = coordinator(row, columns) else { continue }
      let week = weekStart(of: day)
      if let (other, line) = coordinators[week], other != user {
        log.add(
          row.line, "coordinator", "is \(user), but \(other) in line \(line)", "a week has one coordinator")
      }
      coordinators[week] = coordinators[week] ?? (user, row.line)
    }
    let starts = Set(people.keys.map(weekStart)).union(coordinators.keys).sorted()
    var weeks: [Roster.Week] = []
    var overrides: [Roster.Override] = []
    for start in starts {
      let slots = template.table.slots.map { slot -> [Roster.Assignee] in
        let ids = (0..<7).map {
          ShiftID(day: template.table.startDay(of: slot, week: start, day: $0), slot: slot.name)
        }
        let usual = mostCommon(ids.map { people[$0] ?? [] })
        overrides += ids.filter { (people[$0] ?? []) != usual }
          .map { Roster.Override(shift: $0, members: people[$0] ?? [], why: "") }
        return usual.map { .member($0) }
      }
      weeks.append(Roster.Week(start: start, coordinator: coordinators[start]?.0, slots: slots))
    }
    return assembled(weeks, overrides)
  }

  private func mostCommon(_ lists: [[Username]]) -> [Username] {
    var best: (list: [Username], count: Int) = ([], 0)
    for list in lists {
      let count = lists.filter { $0 == list }.count
      if count > best.count { best = (list, count) }
    }
    return best.list
  }

  private func weekStart(of id: ShiftID) -> UTCDay {
    let slot = template.table.slot(named: id.slot)
    let isNextDay = slot.map { $0.from < template.table.time } ?? false
    return weekStart(of: id.day.advanced(by: isNextDay ? -1 : 0))
  }

  private func weekStart(of day: UTCDay) -> UTCDay {
    let days = Weekday.allCases
    let shift =
      ((days.firstIndex(of: day.weekday) ?? 0) - (days.firstIndex(of: template.table.weekday) ?? 0) + 7) % 7
    return day.advanced(by: -shift)
  }

  /// The campaign runs from the first to the last week of the table.
  private func assembled(_ weeks: [Roster.Week], _ overrides: [Roster.Override]) -> Roster? {
    guard let first = weeks.map(\.start).min(), let last = weeks.map(\.start).max() else {
      log.add(nil, "", "there is no week in the table", "write one row per week")
      return nil
    }
    let count = (last - first) / 7 + 1
    guard count <= Roster.mostWeeks else {
      log.add(nil, "", "the table spans \(count) weeks", "at most \(Roster.mostWeeks): check the years")
      return nil
    }
    return Roster(
      campaign: template.campaign, key: template.key, table: template.table, firstWeek: first,
      weekCount: count,
      rules: template.rules, members: template.members, teams: template.teams, weeks: weeks,
      overrides: overrides,
      absences: template.absences)
  }
}

extension Roster {
  /// One row per week, as `RosterReading(csv:)` reads it; nil when overrides make weeks insufficient.
  public func weeklyCSV() -> String? {
    guard overrides.isEmpty else { return nil }
    let slots = table.slots.map(\.name)
    let rows = weekStarts.map { start -> [String] in
      let week = self.week(start)
      let cells = slots.indices.map { i in
        let lists = week?.slots ?? []
        return lists.indices.contains(i) ? people(lists[i]).map(\.text).joined(separator: " ") : ""
      }
      return ["\(start)", week?.coordinator?.text ?? ""] + cells
    }
    return CSVText.table([["week", "coordinator"] + slots] + rows)
  }

  /// One row per UTC start day, overrides applied.
  public func dailyCSV() -> String {
    let slots = table.slots.map(\.name)
    var byDay: [UTCDay: [String: Shift]] = [:]
    for shift in shifts { byDay[shift.id.day, default: [:]][shift.slot.name] = shift }
    let rows = byDay.keys.sorted().map { day -> [String] in
      let shifts = byDay[day] ?? [:]
      let start = weekStarts.first { $0 <= day && day - $0 < 7 }
      return ["\(day)", start.flatMap { week($0)?.coordinator?.text } ?? ""]
        + slots.map { shifts[$0]?.members.map(\.text).joined(separator: " ") ?? "" }
    }
    return CSVText.table([["date", "coordinator"] + slots] + rows)
  }
}

enum CSVText {
  /// User names, dates and slot names need no quotes and cannot start a formula.
  static func table(_ rows: [[String]]) -> String {
    rows.map { $0.joined(separator: ",") + "\r\n" }.joined()
  }
}
