import Units

/// `/`: how the service does, what has happened, what needs a person.
struct BoardPage: Sendable {
  struct PartRow: Sendable {
    let name: String
    let mark: Mark
    let message: String
  }

  struct EventCard: Sendable {
    let id: String
    let href: String
    let kind: String
    let decision: Mark
    let clause: String?
    let alarm: Mark?
    let isMock: Bool
    let isOver: Bool
    let revision: String
    let time: PageTime?
    let area: String
    let distance: String
    let planned: String
    let planMark: Mark?
    let updated: PageTime
  }

  struct NoticeRow: Sendable {
    let id: String
    let href: String
    let source: String
    let received: PageTime
    let size: String
    let attempts: String
    let reason: String
  }

  let head: PageHead
  let overall: Mark
  let parts: [PartRow]
  let query: String
  let isFiltered: Bool
  let countText: String
  let events: [EventCard]
  let olderHref: String?
  let newestHref: String?
  let hasQuarantined: Bool
  let quarantinedText: String
  let quarantined: [NoticeRow]

  init(
    head: PageHead, health: HealthView, events: [EventLine], filter: EventFilter, older: String?,
    isFirst: Bool, notices: [NoticeLine]
  ) {
    let now = Instant(iso8601: health.nowUTC)
    self.head = head
    overall = .health(health.state)
    parts = health.parts.map { PartRow(name: $0.name, mark: .health($0.state), message: $0.message) }
    query = filter.text
    isFiltered = !filter.isEmpty
    countText = Figure.count(events.count, "event") + (filter.isEmpty ? "" : " of those looked through")
    self.events = events.map { EventCard($0, now: now) }
    let q = filter.isEmpty ? "" : "&q=\(LocalPath.encoded(filter.text))"
    olderHref = older.map { "/?before=\(LocalPath.encoded($0))\(q)" }
    newestHref = isFirst ? nil : filter.isEmpty ? "/" : "/?q=\(LocalPath.encoded(filter.text))"
    hasQuarantined = !notices.isEmpty
    quarantinedText = Figure.count(notices.count, "notice") + " could not be read"
    quarantined = notices.map {
      NoticeRow(
        id: "\($0.id)", href: "/api/notices/\($0.id)", source: $0.source,
        received: PageTime($0.receivedUTC, now: now), size: "\($0.sizeBytes) bytes",
        attempts: Figure.count($0.attempts, "attempt"), reason: $0.reason ?? "no reason was kept")
    }
  }
}

extension BoardPage.EventCard {
  /// A retraction stops everything, whatever was decided before.
  static func decision(of event: EventLine) -> Mark {
    .decision(event.status == "retracted" ? "STOP" : event.decision)
  }

  init(_ event: EventLine, now: Instant?) {
    id = event.id
    href = "/events/\(LocalPath.encoded(event.id))"
    kind = Figure.words(event.kind)
    let isRetracted = event.status == "retracted"
    decision = Self.decision(of: event)
    clause = event.clause
    alarm = .alarm(event.status)
    isMock = event.isMock
    isOver = isRetracted
    revision = "revision \(event.revision)"
    time = event.timeUTC.map { PageTime($0, now: now) }
    area = Figure.short(event.area90Deg2, unit: "deg²")
    distance = Figure.short(event.distanceMpc, unit: "Mpc")
    planMark = event.plan.map { .plan($0.state) }
    planned =
      event.plan.map {
        Figure.count($0.telescopes, "telescope") + ", " + Figure.count($0.assignments, "tile") + ", "
          + Figure.percent($0.probability)
      } ?? "none"
    updated = PageTime(event.updatedUTC, now: now)
  }
}

/// The words of the filter box: each must be found, none behind a minus may be.
struct EventFilter: Sendable {
  let text: String
  private let wanted: [String]
  private let unwanted: [String]

  init(_ text: String) {
    self.text = String(text.prefix(200))
    let words = self.text.lowercased().split { $0.isWhitespace }.map { String($0) }
    wanted = words.filter { !$0.hasPrefix("-") }
    unwanted = words.filter { $0.hasPrefix("-") && $0.count > 1 }.map { String($0.dropFirst()) }
  }

  var isEmpty: Bool { wanted.isEmpty && unwanted.isEmpty }

  func takes(_ event: EventLine) -> Bool {
    let hay = [
      event.id, Figure.words(event.kind), Figure.words(event.status),
      BoardPage.EventCard.decision(of: event).word,
      event.clause ?? "", event.isMock ? "mock" : "real", event.plan?.state ?? "",
    ].joined(separator: " ").lowercased()
    return wanted.allSatisfy(hay.contains) && !unwanted.contains(where: hay.contains)
  }
}
