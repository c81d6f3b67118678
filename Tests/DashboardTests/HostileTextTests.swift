import Foundation
import Testing
import Units

@testable import Dashboard

/// Every free text of every view holds what strangers wrote; none of it may become markup.
@Suite struct HostileTextTests {
  let library: PageLibrary
  init() throws { library = try PageLibrary.installed() }

  /// All pages with `x` in every text of every view.
  private func pages(_ x: String) throws -> [(String, [UInt8])] {
    let health = HealthView(
      version: x, nowUTC: x, isLeading: true,
      parts: [.init(x, .good, x), .init(x, .warning, x), .init(x, .failed, x)])
    let plan = PlanLine(
      id: x, state: x, madeUTC: x, probability: 0.5, areaDeg2: 1, telescopes: 1, assignments: 1,
      changes: [x, x])
    let event = EventLine(
      id: x, kind: x, status: x, isMock: true, timeUTC: x, revision: 1, decision: x, clause: x,
      area90Deg2: .nan, distanceMpc: .infinity, plan: plan, updatedUTC: x)
    // The pictures come with a live plan only.
    var live = event
    live.plan?.state = "live"
    let sheet = EventSheet(
      event: live,
      card: [
        ("warning", x), ("fact", x), ("rule", "applies"), ("clause", x), ("rule", "does_not_apply"),
        ("clause", "fail"), ("rule", "does_not_apply"), ("clause", "not_so"), ("rule", x), ("clause", x),
        (x, x),
      ].map { .init(kind: $0.0, label: x, text: x, verdict: $0.1) },
      revisions: [.init(number: 1, stage: x, createdUTC: x, status: x)], plans: [plan],
      history: [ChangeLine(sequence: 1, timeUTC: x, actor: x, kind: x, event: x, text: x)], announcement: x,
      shares: [.init(slug: x, name: x, assignments: 1, startUTC: x, endUTC: x)])
    let telescope = TelescopeLine(
      id: x, slug: x, name: x, latitudeDeg: 1, longitudeDeg: 1, elevationM: 1, apertureM: 1, fieldDeg2: 1,
      usable: x, note: x, status: x, nextUTC: x)
    let queue = TelescopeSheet(
      telescope: telescope, status: x, message: x,
      assignments: [
        .init(
          event: x, plan: x, tile: x, state: x, startUTC: x, endUTC: x, raDeg: .nan, decDeg: -1e300,
          filter: x, exposureS: .infinity)
      ], nightStartUTC: x, nightEndUTC: x)
    let notice = NoticeLine(
      id: 1, source: x, receivedUTC: x, sizeBytes: 1, sha256: x, state: x, attempts: 1, reason: x, event: x)
    let head = PageHead(
      title: x, section: .board, theme: .red, back: "/?q=\(x)", health: health, library: library)
    let board = BoardPage(
      head: head, health: health, events: [event], filter: EventFilter(x), older: x, isFirst: false,
      notices: [notice], table: Self.table(x, event, telescope))
    return [
      ("board", try library.render(board, "board").bytes),
      (
        "event",
        try library.render(
          EventPage(head: head, sheet: sheet, now: nil, plan: Self.plan(x)), "event"
        ).bytes
      ),
      (
        "telescopes",
        try library.render(TelescopesPage(head: head, telescopes: [telescope], now: nil), "telescopes").bytes
      ),
      (
        "telescope",
        try library.render(
          TelescopePage(head: head, sheet: queue, now: Instant(tai: 0), sky: Self.sky(x)), "telescope"
        ).bytes
      ),
      (
        "shift",
        try library.render(
          ShiftPage(
            head: head,
            sheet: TextSheet(
              kind: x, title: x, text: x + ".", event: x, fromUTC: x, toUTC: x, emptyFields: 1),
            kinds: [.init(name: x, title: x, needsEvent: true)]), "shift"
        ).bytes
      ),
      (
        "roster",
        try library.render(
          RosterPage(head: head, sheet: Self.roster(x), swaps: Self.swaps(x, signedInHead(x))), "roster"
        ).bytes
      ),
      (
        "sign-in",
        try library.render(SignInPage(head: head, session: nil, back: x, problem: x), "signin").bytes
      ),
      (
        "signed in",
        try library.render(
          SignInPage(
            head: head,
            session: Session(
              secret: x, identity: Identity(name: x, scopes: [.telescope(x)]), expires: Instant(tai: 0)),
            back: x), "signin"
        ).bytes
      ),
      ("failure", try library.render(FailurePage(head: head, status: .notFound, text: x), "failure").bytes),
    ] + (try formPages(x, event: live, sheet))
  }

  private static func table(_ x: String, _ event: EventLine, _ telescope: TelescopeLine) -> NetworkTable {
    let now = TelescopeNow(
      telescope: telescope, night: "soon", darkFromUTC: x, darkUntilUTC: x, channel: x,
      cells: [
        .init(event: x, state: "sent", tiles: 1, firstUTC: x, reason: x),
        .init(event: x, state: x, tiles: 1, firstUTC: x, reason: x),
      ])
    return NetworkTable(
      NetworkView(
        nowUTC: x,
        telescopes: [
          now,
          TelescopeNow(
            telescope: telescope, night: x, cells: [.init(event: x, state: "left_out", tiles: 0, reason: x)]),
        ]), events: [event], filter: EventFilter(""),
      map: Drawing(madeHere: "<svg/>"))
  }

  static func roster(_ x: String) -> RosterSheet {
    let shift = RosterSheet.Shift(
      id: x, slot: x, startUTC: x, endUTC: x, people: [.init(user: x, local: x)], isOverridden: true)
    var sheet = RosterSheet(
      campaign: x, nowUTC: x, now: [shift], next: shift, coordinator: x, week: x, weekCoordinator: x,
      previousWeek: x, nextWeek: x, shifts: [shift], findings: [.init(severity: x, text: x)], users: [x])
    sheet.coming = [shift]
    sheet.swaps = ["open", x].map {
      SwapView(
        id: 1, giver: x, shift: x, taker: x, inReturn: x, state: $0, askedBy: x, askedUTC: x, answeredBy: x,
        findings: [x])
    }
    return sheet
  }

  private static func sky(_ x: String) -> TelescopeSky {
    TelescopeSky(
      chart: Drawing(madeHere: "<svg/>"), offsetMinutes: .max, zone: x, siderealTime: x, altitudeDeg: .nan,
      airmass: .infinity, moonSeparationDeg: -1e300, moonAltitudeDeg: .nan, moonIllumination: .nan, setsUTC: x
    )
  }

  private static func plan(_ x: String) -> PlanSheet {
    var sheet = PlanSheet(
      plan: x, probability: .nan, reachable: .infinity, upperBound: .nan, gap: .nan,
      top: [
        .init(
          telescope: x, slug: x, field: x, raDeg: .nan, decDeg: .infinity, startUTC: x, probability: .nan,
          reason: x)
      ],
      parts: [
        .init(name: x, slug: x, state: x, tiles: 1, probability: .nan, startUTC: x, endUTC: x, reason: x),
        .init(name: x, slug: x, state: "left_out", tiles: 0, reason: x),
      ],
      change: .init(
        before: x, kept: 1, moved: 1, new: 1, dropped: 1, past: 1, probabilityChange: .infinity, lines: [x]))
    sheet.galaxyCount = .max
    sheet.galaxies = [
      .init(
        name: x, raDeg: .nan, decDeg: .infinity, distanceMpc: .nan, weight: .infinity, telescopes: [x, x],
        startUTC: x)
    ]
    return sheet
  }

  @Test func theCorpusIsLarge() {
    #expect(Set(HostileText.all).count >= 500)
  }

  /// Same elements, same attributes, and every address within this site.
  @Test func textStaysText() async throws {
    let plain = try pages("word").map { ParsedPage($0.1) }
    for page in plain { #expect(page.fault == nil) }
    for x in HostileText.all {
      // Servers of other tests share these threads.
      await Task.yield()
      for ((name, bytes), calm) in zip(try pages(x), plain) {
        let page = ParsedPage(bytes)
        try #require(page.fault == nil, "\(name) with \(x.debugDescription): \(page.fault ?? "")")
        try #require(page.skeleton == calm.skeleton, "\(name) with \(x.debugDescription)")
        for element in page.elements {
          for key in ["href", "src", "action"] {
            guard let address = element.attributes[key] else { continue }
            let isLocal = address.hasPrefix("/") && !address.hasPrefix("//") || address == "#main"
            try #require(isLocal, "\(name): \(key)=\(address)")
          }
          #expect(!element.attributes.keys.contains { $0.hasPrefix("on") || $0 == "style" })
        }
        #expect(page.all("script").map(\.text) == [""])
      }
    }
  }

  /// Escaping loses nothing that can be printed: people read what was written.
  @Test func textIsShownAsItIs() throws {
    for x in ["a < b & c > d \"e\" 'f' `g`", "\"\u{301} e\u{301}", "Ωμέγα, 観測, 🔭", "{{id}} {{{id}}}"] {
      for (name, bytes) in try pages(x) { #expect(ParsedPage(bytes).text.contains(x), "\(name)") }
    }
    #expect(PageText().escapeText("a\u{0}b\u{202E}c\u{9}d") == "a\u{FFFD}b\u{FFFD}c\u{9}d")
  }
}
