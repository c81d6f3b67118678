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
    /// The start by the site's clock, with its offset.
    let local: String?
    /// As the programs of small observatories take it, line by line.
    let acp: String
    let nina: String
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
  /// Nil where neither is known.
  let clockText: String?
  let sight: [EventPage.Pair]
  let hasSight: Bool
  let chart: String?
  var say: SaySection?

  /// The page is to stay small on a slow link; the files hold all.
  private static let longestQueue = 100

  init(head: PageHead, sheet: TelescopeSheet, now: Instant?, sky: TelescopeSky = TelescopeSky()) {
    let t = sheet.telescope
    let clock = SiteTime(offsetMinutes: sky.offsetMinutes)
    clockText = Self.clock(now, clock, sky)
    chart = sky.chart?.svg
    sight = sheet.assignments.isEmpty ? [] : Self.sight(sky, now)
    hasSight = !sight.isEmpty
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
    next = open.map { Pointing($0, now, clock) }
    countdown = open.map { Self.countdown($0, now) } ?? ""
    nightText = Self.night(sheet, now)
    dusk = sheet.nightStartUTC.map { PageTime($0, now: now) }
    dawn = sheet.nightEndUTC.map { PageTime($0, now: now) }
    queue = sheet.assignments.prefix(Self.longestQueue).map { Pointing($0, now, clock) }
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

  /// UTC first, then the site's civil and sidereal time.
  private static func clock(_ now: Instant?, _ site: SiteTime, _ sky: TelescopeSky) -> String? {
    guard let now else { return nil }
    var parts: [String] = []
    if let local = site.text(now) { parts.append("\(local)\(sky.zone.map { " (\($0))" } ?? "") at the site") }
    if let sidereal = sky.siderealTime { parts.append("sidereal time \(sidereal)") }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }

  private static func sight(_ sky: TelescopeSky, _ now: Instant?) -> [EventPage.Pair] {
    var list: [EventPage.Pair] = []
    if let altitude = sky.altitudeDeg {
      let airmass = sky.airmass.map { ", airmass " + Figure.number($0, decimals: 2) } ?? ""
      list.append(
        .init(
          label: "Now at",
          text: Figure.number(altitude) + "°" + (altitude > 0 ? airmass : ", below the horizon")))
    }
    if let sets = sky.setsUTC.flatMap({ Instant(iso8601: $0) }), let now {
      list.append(
        .init(label: "Below the limit", text: "in \(PageTime.span(seconds: sets.seconds(since: now)))"))
    }
    if let separation = sky.moonSeparationDeg {
      list.append(.init(label: "Moon", text: Figure.number(separation) + "° away"))
    }
    if let lit = sky.moonIllumination {
      let up = sky.moonAltitudeDeg.map { $0 > 0 ? ", \(Figure.number($0))° high" : ", down" } ?? ""
      list.append(.init(label: "Moon lit", text: Figure.number(lit * 100, unit: "%") + up))
    }
    return list
  }

  private static func isClosed(_ state: String) -> Bool {
    ["refused", "observed", "data", "photometry", "withdrawn", "expired"].contains(state)
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
  init(_ a: TelescopeSheet.Assignment, _ now: Instant?, _ clock: SiteTime) {
    local = Instant(iso8601: a.startUTC).flatMap { clock.text($0) }
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
    // Names become file names there.
    let name = String(
      "\(a.event)_\(a.tile)".map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }.prefix(40))
    acp = "\(name)\t\(raText)\t\(decText)"
    // No hyphen but the sign of the declination: the reader takes any in the cell for it.
    let (ra, dec) = (Self.marked(raText, "h"), Self.marked(decText, "d"))
    nina = "\(name), \(ra), \(dec), 0.00"
  }

  /// `14h45m21.17s` of `14:45:21.17`.
  private static func marked(_ text: String, _ first: String) -> String {
    let parts = text.split(separator: ":")
    return parts.count == 3 ? "\(parts[0])\(first)\(parts[1])m\(parts[2])s" : text
  }
}

/// The civil time of a site: never shown without its offset.
struct SiteTime: Sendable {
  let offsetMinutes: Int?

  /// `04:11 +01:00`; nil where the offset is not known.
  func text(_ t: Instant) -> String? {
    guard let offset = offsetMinutes, abs(offset) < 24 * 60 else { return nil }
    let local = t.advanced(bySeconds: Double(offset) * 60).iso8601().dropFirst(11).prefix(5)
    func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
    return "\(local) \(offset < 0 ? "-" : "+")\(two(abs(offset) / 60)):\(two(abs(offset) % 60))"
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
