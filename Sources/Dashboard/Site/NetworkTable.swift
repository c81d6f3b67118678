import Units

/// Events against telescopes: who is dark, who is to be called, who has what and said what.
struct NetworkTable: Sendable {
  struct Column: Sendable {
    let id: String
    let href: String
    let decision: Mark
  }
  struct Cell: Sendable {
    let event: String
    /// Nil where the telescope has nothing of the event.
    let mark: Mark?
    let detail: String?
  }
  struct Row: Sendable {
    let id: String
    let name: String
    let href: String
    let night: Mark
    let when: String
    let status: Mark?
    let channel: String?
    let cells: [Cell]
  }
  struct Call: Sendable {
    let id: String
    let href: String
    let when: String
    let channel: String?
  }

  struct OtherRow: Sendable {
    let id: String
    let href: String
    let night: Mark
    let when: String
    let reason: String?
  }

  let columns: [Column]
  /// Those that have something to do, or fit the words that were looked for.
  let rows: [Row]
  /// The others, in short.
  let others: [OtherRow]
  let hasOthers: Bool
  let othersText: String
  let countText: String
  /// Who is to be told now: dark within two hours, or dark and silent.
  let calls: [Call]
  let hasCalls: Bool
  let callText: String
  let map: String?
  let isEmpty: Bool

  /// Columns are for the newest events that telescopes have something of.
  static let columnLimit = 6

  init(_ network: NetworkView, events: [EventLine], filter: EventFilter, map: Drawing?) {
    let now = Instant(iso8601: network.nowUTC)
    let shown = events.filter { event in
      network.telescopes.contains { $0.cells.contains { $0.event == event.id } }
    }.prefix(Self.columnLimit)
    columns = shown.map {
      Column(
        id: $0.id, href: "/events/\(LocalPath.encoded($0.id))", decision: BoardPage.EventCard.decision(of: $0)
      )
    }
    // Words that fit no telescope were meant for events: the table stays whole.
    let fitting = network.telescopes.filter(filter.takes)
    let telescopes = filter.isEmpty || fitting.isEmpty ? network.telescopes : fitting
    let sorted = telescopes.sorted { Self.order($0) < Self.order($1) }
    let isLookedFor = !filter.isEmpty && !fitting.isEmpty
    rows = sorted.filter { isLookedFor || $0.hasPart }.map { Row($0, shown.map(\.id), now) }
    others = isLookedFor ? [] : sorted.filter { !$0.hasPart }.map { OtherRow($0, now) }
    isEmpty = rows.isEmpty
    hasOthers = !others.isEmpty
    othersText = Figure.count(others.count, "telescope") + " without a part in these plans"
    let count = { (night: String) in network.telescopes.count { $0.night == night } }
    countText =
      Figure.count(telescopes.count, "telescope") + ": \(count("dark")) dark now, \(count("soon")) within 2 h"
    calls = network.telescopes.filter(\.needsCall).sorted { Self.order($0) < Self.order($1) }.map {
      Call(
        id: $0.telescope.id, href: "/t/\(LocalPath.encoded($0.telescope.slug))", when: Self.when($0, now),
        channel: $0.channel)
    }
    hasCalls = !calls.isEmpty
    callText = Figure.count(calls.count, "team") + " to contact now"
    self.map = map?.svg
  }

  /// Those to be told first, then the dark ones, then by when it gets dark.
  private static func order(_ t: TelescopeNow) -> (Int, Int, String, String) {
    let rank = ["soon": 1, "dark": 2, "day": 3][t.night ?? ""] ?? 4
    return (t.needsCall ? 0 : 1, rank, rank == 2 ? t.darkUntilUTC ?? "" : t.darkFromUTC ?? "", t.telescope.id)
  }

  static func when(_ t: TelescopeNow, _ now: Instant?) -> String {
    guard let now, let from = t.darkFromUTC.flatMap({ Instant(iso8601: $0) }),
      let until = t.darkUntilUTC.flatMap({ Instant(iso8601: $0) })
    else { return t.night == "never" ? "no darkness in two days" : "" }
    if from <= now { return "until \(clock(until)) (\(PageTime.span(seconds: until.seconds(since: now))))" }
    return "from \(clock(from)) (in \(PageTime.span(seconds: from.seconds(since: now))))"
  }

  /// The time of day, with its date where that is not one of the next hours.
  static func moment(_ t: Instant, _ now: Instant?) -> String {
    if let now, abs(t.seconds(since: now)) < 18 * 3600 { return clock(t) }
    return String(t.iso8601().prefix(16)).replacing("T", with: " ")
  }

  private static func clock(_ t: Instant) -> String { String(t.iso8601().dropFirst(11).prefix(5)) }
}

extension NetworkTable.Row {
  init(_ t: TelescopeNow, _ events: [String], _ now: Instant?) {
    id = t.telescope.id
    name = t.telescope.name
    href = "/t/\(LocalPath.encoded(t.telescope.slug))"
    night = .night(t.night)
    when = NetworkTable.when(t, now)
    status = t.telescope.status.map { .telescope($0) }
    channel = t.channel
    cells = events.map { event in
      guard let cell = t.cells.first(where: { $0.event == event }) else {
        return NetworkTable.Cell(event: event, mark: nil, detail: nil)
      }
      let first = cell.firstUTC.flatMap { Instant(iso8601: $0) }.map { NetworkTable.moment($0, now) }
      let detail =
        cell.reason
        ?? (cell.tiles > 0 ? Figure.count(cell.tiles, "tile") + (first.map { ", \($0)" } ?? "") : nil)
      return NetworkTable.Cell(event: event, mark: .share(cell.state), detail: detail)
    }
  }
}

extension NetworkTable.OtherRow {
  init(_ t: TelescopeNow, _ now: Instant?) {
    id = t.telescope.id
    href = "/t/\(LocalPath.encoded(t.telescope.slug))"
    night = .night(t.night)
    when = NetworkTable.when(t, now)
    let reasons = t.cells.compactMap(\.reason)
    // Said once where it is the same for all events.
    reason = Set(reasons).count == 1 ? reasons.first : reasons.isEmpty ? nil : "left out, see the events"
  }
}

extension TelescopeNow {
  var hasPart: Bool { cells.contains { $0.state != "left_out" } }

  /// Has something to do this night, has not answered, and its night is near: the shift leader calls.
  var needsCall: Bool {
    guard night == "soon" || night == "dark" else { return false }
    return cells.contains { cell in
      guard ["planned", "sent"].contains(cell.state) else { return false }
      guard let first = cell.firstUTC.flatMap({ Instant(iso8601: $0) }),
        let end = darkUntilUTC.flatMap({ Instant(iso8601: $0) })
      else { return true }
      return first < end
    }
  }

  /// What it does now: a word and a class of the style sheet, for maps.
  public var summary: (word: String, tone: String) {
    if telescope.usable == "nothing" { return ("out of service", "no") }
    let states = Set(cells.map(\.state))
    for state in ["observing", "accepted", "sent", "planned", "cannot"] where states.contains(state) {
      let mark = Mark.share(state)
      let isLate = needsCall && ["sent", "planned"].contains(state)
      return (isLate ? "contact now" : mark.word, isLate ? "limited" : mark.tone)
    }
    return night == "dark" ? ("dark, free", "wait") : (Mark.night(night).word, "no")
  }
}

extension EventFilter {
  func takes(_ t: TelescopeNow) -> Bool {
    takes(
      [
        t.telescope.id, t.telescope.name, t.telescope.slug, Mark.night(t.night).word,
        t.needsCall ? "contact" : "",
        t.channel ?? "", t.cells.map { Mark.share($0.state).word }.joined(separator: " "),
        t.telescope.usable == "nothing" ? "out of service" : Figure.words(t.telescope.usable),
      ].joined(separator: " "))
  }
}

extension Mark {
  static func night(_ state: String?) -> Mark {
    switch state {
    case "dark": Mark("dark", "●", "go")
    case "soon": Mark("dark soon", "◐", "limited")
    case "day": Mark("day", "○", "no")
    case "never": Mark("no night", "○", "no")
    default: Mark("not known", "?", "no")
    }
  }

  /// What a telescope has of an event. States that are new here are shown by their name.
  static func share(_ state: String) -> Mark {
    switch state {
    case "planned": Mark("planned", "○", "wait")
    case "sent": Mark("plan sent", "●", "wait")
    case "seen": Mark("seen", "●", "wait")
    case "accepted": Mark("accepted", "◆", "go")
    case "observing": Mark("observing", "▲", "go")
    case "done": Mark("done", "✓", "go")
    case "data": Mark("images in", "✓", "go")
    case "photometry": Mark("photometry in", "✓", "go")
    case "expired": Mark("expired", "○", "no")
    case "cannot": Mark("cannot", "✕", "stop")
    case "stopped": Mark("stopped", "✕", "stop")
    case "left_out": Mark("left out", "–", "no")
    case "replaced": Mark("replaced", "○", "no")
    default: Mark(Figure.words(state), "◇", "limited")
    }
  }
}
