import Foundation
import Units

/// `/shift`: a text of the shift to look at, change and copy.
struct ShiftPage: Sendable {
  struct KindLink: Sendable {
    let label: String
    let href: String
    let isChosen: Bool
  }
  let head: PageHead
  let title: String
  let kinds: [KindLink]
  let kind: String
  let needsEvent: Bool
  let event: String
  let from: String
  let to: String
  let text: String
  let rows: String
  let emptyText: String
  let dataHref: String

  init(head: PageHead, sheet: TextSheet, kinds: [TextSheet.Kind]) {
    self.head = head
    title = sheet.title
    kind = sheet.kind
    event = sheet.event ?? ""
    needsEvent = kinds.first { $0.name == sheet.kind }?.needsEvent ?? false
    // What was asked for stays when another text is looked at.
    let about = sheet.event.map { "&event=\(LocalPath.encoded($0))" } ?? ""
    self.kinds = kinds.map {
      KindLink(
        label: $0.title, href: "/shift?kind=\(LocalPath.encoded($0.name))\($0.needsEvent ? about : "")",
        isChosen: $0.name == sheet.kind)
    }
    // A browser's own field for a time would show it by the reader's clock.
    from = String(sheet.fromUTC.prefix(16)).replacing("T", with: " ")
    to = String(sheet.toUTC.prefix(16)).replacing("T", with: " ")
    text = sheet.text
    rows = "\(min(max(sheet.text.split(separator: "\n", omittingEmptySubsequences: false).count + 1, 8), 60))"
    emptyText =
      sheet.emptyFields == 0
      ? "Every field is filled from the record."
      : "\(Figure.count(sheet.emptyFields, "field")) with nothing on record: [____]."
    let span = needsEvent ? about : "&from=\(LocalPath.encoded(from))&to=\(LocalPath.encoded(to))"
    dataHref = "/api/texts/\(LocalPath.encoded(sheet.kind))?as=text\(span)"
  }
}

/// `/roster`: who is on shift.
struct RosterPage: Sendable {
  struct Duty: Sendable {
    let people: String
    let slot: String
    let span: String
    let rest: String
    let locals: [String]
  }
  struct Person: Sendable {
    let user: String
    let local: String?
  }
  struct Cell: Sendable {
    let label: String
    let people: [Person]
    let hasPeople: Bool
    /// A day of the week's edge, on which the slot is the neighbour's.
    let isBlank: Bool
    let isOverridden: Bool
    let mark: Mark?
  }
  struct Day: Sendable {
    let day: String
    let isToday: Bool
    let cells: [Cell]
  }
  struct Finding: Sendable {
    let mark: Mark
    let text: String
  }

  let head: PageHead
  let campaign: String
  let now: [Duty]
  let next: Duty?
  let coordinator: String
  let week: String
  let weekCoordinator: String
  let previousHref: String?
  let nextHref: String?
  let slots: [String]
  let days: [Day]
  let findings: [Finding]
  let findingsNote: String?
  let feeds: [EventPage.FileLink]
  let swaps: SwapSection

  private static let longestFindings = 40

  init(head: PageHead, sheet: RosterSheet, swaps: SwapSection) {
    self.swaps = swaps
    let moment = Instant(iso8601: sheet.nowUTC)
    self.head = head
    campaign = sheet.campaign
    now = sheet.now.map { Self.duty($0, moment, isRunning: true) }
    next = sheet.next.map { Self.duty($0, moment, isRunning: false) }
    coordinator = sheet.coordinator ?? "nobody"
    week = sheet.week
    weekCoordinator = sheet.weekCoordinator ?? "nobody"
    previousHref = sheet.previousWeek.map { "/roster?week=\(LocalPath.encoded($0))" }
    nextHref = sheet.nextWeek.map { "/roster?week=\(LocalPath.encoded($0))" }
    var seen: Set<String> = []
    let names = sheet.shifts.filter { seen.insert($0.slot).inserted }.map { ($0.slot, Self.clock($0)) }
    slots = names.map { "Slot \($0), \($1)" }
    let days = Dictionary(grouping: sheet.shifts) { String($0.startUTC.prefix(10)) }
    self.days = days.sorted { $0.key < $1.key }.map { day, shifts in
      Day(
        day: Self.weekday(day), isToday: sheet.nowUTC.hasPrefix(day),
        cells: names.map { name, clock in
          let shift = shifts.first { $0.slot == name }
          let isNow = shift.map { running in sheet.now.contains { $0.id == running.id } } ?? false
          return Cell(
            label: "\(name), \(clock)",
            people: shift?.people.map { Person(user: $0.user, local: $0.local) } ?? [],
            // A week that starts in the middle of a day has no such shift on its first one.
            hasPeople: shift.map { !$0.people.isEmpty } ?? true, isBlank: shift == nil,
            isOverridden: shift?.isOverridden ?? false,
            mark: isNow ? Mark("now", "▲", "go") : nil)
        })
    }
    findings = sheet.findings.prefix(Self.longestFindings).map {
      Finding(mark: .severity($0.severity), text: $0.text)
    }
    let left = sheet.findings.count - findings.count
    findingsNote = left > 0 ? "\(Figure.count(left, "more finding")) in /api/roster" : nil
    feeds =
      [.init(name: "everybody", href: "/ics/roster")]
      + sheet.users.map { .init(name: $0, href: "/ics/u/\(LocalPath.encoded($0))") }
  }

  private static func duty(_ shift: RosterSheet.Shift, _ now: Instant?, isRunning: Bool) -> Duty {
    let edge = Instant(iso8601: isRunning ? shift.endUTC : shift.startUTC)
    let rest = edge.flatMap { edge in now.map { PageTime.span(seconds: edge.seconds(since: $0)) } } ?? ""
    return Duty(
      people: shift.people.isEmpty ? "nobody" : shift.people.map(\.user).joined(separator: ", "),
      slot: shift.slot, span: "\(shift.startUTC.prefix(10)) \(clock(shift)) UTC",
      rest: isRunning ? "\(rest) left" : "in \(rest)",
      locals: shift.people.compactMap { p in p.local.map { "\(p.user): \($0)" } })
  }

  private static func clock(_ shift: RosterSheet.Shift) -> String {
    "\(shift.startUTC.dropFirst(11).prefix(5))-\(shift.endUTC.dropFirst(11).prefix(5))"
  }

  /// `Thu 2026-11-26`; other text stays as it is.
  private static func weekday(_ day: String) -> String {
    guard let t = Instant(iso8601: day + "T12:00:00Z") else { return day }
    let names = ["Wed", "Thu", "Fri", "Sat", "Sun", "Mon", "Tue"]
    // MJD 0 was a Wednesday.
    let number = Int(t.mjdUTC.rounded(.down)) % 7
    return "\(names[(number + 7) % 7]) \(day)"
  }
}

extension Mark {
  static func severity(_ word: String) -> Mark {
    switch word {
    case "error": Mark("error", "✕", "stop")
    case "warning": Mark("warning", "▲", "limited")
    default: Mark(Figure.words(word), "●", "no")
    }
  }
}

/// `/sign-in`: the door, and who one is behind it.
struct SignInPage: Sendable {
  struct Person: Sendable {
    let name: String
    let roles: [String]
    let until: String
    let formToken: String
  }
  let head: PageHead
  let heading: String
  let problem: String?
  let back: String
  let identity: Person?
  /// Where one can sign in without a token.
  let service: String?
  let serviceHref: String

  init(
    head: PageHead, session: Session?, back: String, problem: String? = nil, service: String? = nil
  ) {
    self.head = head
    self.back = LocalPath.isSafe(back) && !back.hasPrefix("/sign-in") ? back : "/"
    self.service = service
    serviceHref = "/sign-in/openid?back=\(LocalPath.encoded(self.back))"
    self.problem = problem
    heading = session == nil ? "Sign in" : "Signed in"
    identity = session.map { session in
      Person(
        name: session.identity.name, roles: session.identity.scopes.map(Self.words).sorted(),
        until: PageTime(session.expires.iso8601(), now: nil).utc, formToken: session.formToken)
    }
  }

  static func words(_ scope: Scope) -> String {
    switch scope {
    case .view: "view: may read"
    case .notices: "notices: may hand in notices"
    case .telescope(let slug): "operator of \(slug): may answer for it"
    case .lead: "lead: may decide for the shift"
    case .admin: "admin: may do everything"
    }
  }
}
