import Foundation
import Units

/// `/telescopes`: the network.
struct TelescopesPage: Sendable {
  struct Row: Sendable {
    let id: String
    let name: String
    let href: String
    let mark: Mark?
    let next: PageTime?
    let place: String
    let aperture: String
    let field: String
    let usable: String
    let note: String?
  }
  let head: PageHead
  let countText: String
  let rows: [Row]

  init(head: PageHead, telescopes: [TelescopeLine], now: Instant?) {
    self.head = head
    countText = Figure.count(telescopes.count, "telescope")
    rows = telescopes.map {
      Row(
        id: $0.id, name: $0.name, href: "/t/\(LocalPath.encoded($0.slug))",
        mark: $0.status.map { .telescope($0) }, next: $0.nextUTC.map { PageTime($0, now: now) },
        place: Site.place($0), aperture: Figure.number($0.apertureM, decimals: 2, unit: "m"),
        field: Figure.short($0.fieldDeg2, unit: "deg²"), usable: Site.usable($0.usable), note: $0.note)
    }
  }
}

/// `/t/{slug}`: what one telescope is to do now.
struct TelescopePage: Sendable {
  struct Pointing: Sendable {
    let event: String
    let eventHref: String
    let tile: String
    let state: String
    let start: PageTime
    let end: PageTime
    let raText: String
    let decText: String
    let degrees: String
    let filter: String
    let exposure: String
  }
  struct Download: Sendable {
    let event: String
    let eventHref: String
    let files: [EventPage.FileLink]
  }

  let head: PageHead
  let id: String
  let name: String
  let mark: Mark
  let message: String
  let site: [EventPage.Pair]
  let note: String?
  let next: Pointing?
  let countdown: String
  let nightText: String?
  let dusk: PageTime?
  let dawn: PageTime?
  let queue: [Pointing]
  let queueText: String
  let queueNote: String?
  let downloads: [Download]
  let hasDownloads: Bool
  let dataHref: String

  /// The page is to stay small on a slow link; the files hold all.
  private static let longestQueue = 100

  init(head: PageHead, sheet: TelescopeSheet, now: Instant?) {
    let t = sheet.telescope
    self.head = head
    id = t.id
    name = t.name
    mark = .telescope(sheet.status)
    message = sheet.message
    note = t.note
    site = [
      .init(label: "Site", text: Site.place(t)),
      .init(label: "Mirror", text: Figure.number(t.apertureM, decimals: 2, unit: "m")),
      .init(label: "Field", text: Figure.short(t.fieldDeg2, unit: "deg²")),
      .init(label: "Takes", text: Site.usable(t.usable)),
    ]
    let open = sheet.assignments.first { a in
      guard let now, let end = Instant(iso8601: a.endUTC) else { return true }
      return end > now && !Self.isClosed(a.state)
    }
    next = open.map { Pointing($0, now) }
    countdown = open.map { Self.countdown($0, now) } ?? ""
    nightText = Self.night(sheet, now)
    dusk = sheet.nightStartUTC.map { PageTime($0, now: now) }
    dawn = sheet.nightEndUTC.map { PageTime($0, now: now) }
    queue = sheet.assignments.prefix(Self.longestQueue).map { Pointing($0, now) }
    queueText = Figure.count(sheet.assignments.count, "pointing")
    let left = sheet.assignments.count - queue.count
    queueNote = left > 0 ? "\(Figure.count(left, "more pointing")) in the files" : nil
    var seen: Set<String> = []
    downloads = sheet.assignments.filter { seen.insert($0.event).inserted }.map { a in
      let root = "/api/events/\(LocalPath.encoded(a.event))"
      return Download(
        event: a.event, eventHref: "/events/\(LocalPath.encoded(a.event))",
        files: PlanFormat.all.map { .init(name: $0.label, href: $0.address(root, slug: t.slug)) })
    }
    hasDownloads = !downloads.isEmpty
    dataHref = "/api/telescopes/\(LocalPath.encoded(t.slug))"
  }

  private static func isClosed(_ state: String) -> Bool {
    ["observed", "failed", "superseded", "withdrawn"].contains(state)
  }

  private static func countdown(_ a: TelescopeSheet.Assignment, _ now: Instant?) -> String {
    guard let now, let start = Instant(iso8601: a.startUTC), let end = Instant(iso8601: a.endUTC) else {
      return ""
    }
    if start <= now { return "now, \(PageTime.span(seconds: end.seconds(since: now))) left" }
    return "starts in \(PageTime.span(seconds: start.seconds(since: now)))"
  }

  private static func night(_ sheet: TelescopeSheet, _ now: Instant?) -> String? {
    guard let startUTC = sheet.nightStartUTC, let endUTC = sheet.nightEndUTC else { return nil }
    guard let now, let start = Instant(iso8601: startUTC), let end = Instant(iso8601: endUTC) else {
      return "Dark hours"
    }
    if now < start { return "Dark in \(PageTime.span(seconds: start.seconds(since: now)))" }
    return now < end
      ? "Dark for \(PageTime.span(seconds: end.seconds(since: now))) more" : "The night is over"
  }
}

extension TelescopePage.Pointing {
  init(_ a: TelescopeSheet.Assignment, _ now: Instant?) {
    event = a.event
    eventHref = "/events/\(LocalPath.encoded(a.event))"
    tile = a.tile
    state = Figure.words(a.state)
    start = PageTime(a.startUTC, now: now)
    end = PageTime(a.endUTC, now: now)
    raText = Angle.degrees(a.raDeg).hoursMinutesSeconds
    decText = Angle.degrees(a.decDeg).degreesMinutesSeconds
    // Six decimals are 0.0036 arcsec; the sign of a declination is always written.
    let sign = a.decDeg < 0 ? "" : "+"
    degrees = Figure.number(a.raDeg, decimals: 6) + " " + sign + Figure.number(a.decDeg, decimals: 6)
    filter = a.filter ?? "-"
    exposure = Figure.number(a.exposureS, unit: "s")
  }
}

private enum Site {
  static func place(_ t: TelescopeLine) -> String {
    guard let latitude = t.latitudeDeg, let longitude = t.longitudeDeg, latitude.isFinite, longitude.isFinite
    else { return Figure.unknown }
    let height = t.elevationM.map { ", " + Figure.number($0, unit: "m") } ?? ""
    return Figure.number(abs(latitude), decimals: 2) + (latitude < 0 ? "° S " : "° N ")
      + Figure.number(abs(longitude), decimals: 2) + (longitude < 0 ? "° W" : "° E") + height
  }

  static func usable(_ word: String) -> String {
    switch word {
    case "tiling": "tiles of sky maps"
    case "point_source": "single positions"
    case "nothing": "nothing for now"
    default: Figure.words(word)
    }
  }
}
