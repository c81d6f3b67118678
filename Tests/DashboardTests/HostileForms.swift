import Units

@testable import Dashboard

/// The pages on which people type, with one text in every place that somebody may have written.
extension HostileTextTests {
  static func lead(_ x: String) -> Identity { Identity(name: x, scopes: [.lead]) }

  static func swaps(_ x: String, _ head: PageHead) -> SwapSection {
    SwapSection(
      roster(x), identity: lead(x), head: head, typed: .init(give: "a b", to: "c d"), problem: x,
      said: "asked")
  }

  /// Of a page that a lead of that name has open.
  func signedInHead(_ x: String) -> PageHead {
    PageHead(
      title: x, section: .none, theme: .day, back: "/?q=\(x)", health: nil, library: library,
      session: Session(secret: "s", identity: Self.lead(x), expires: Instant(tai: 0)))
  }

  func formPages(_ x: String, event: EventLine, _ sheet: EventSheet) throws -> [(String, [UInt8])] {
    let head = signedInHead(x)
    func bytes(_ page: some Sendable, _ template: String) throws -> [UInt8] {
      try library.render(page, template).bytes
    }
    let choices = DecisionChoices(
      options: [.init(value: x, label: x, note: x)], roles: [x], proposal: x,
      telescopes: [.init(value: x, label: x)])
    var typed = DecideSection.Typed()
    (typed.choice, typed.role, typed.reason, typed.telescopes) = (x, x, x, [x])
    (typed.problem, typed.happened) = (x, [x])
    let decide = DecideSection(
      choices, event: x, typed: typed, seen: 1, identity: Self.lead(x), head: head)
    let silent = UnansweredView(
      slug: x, name: x, plan: x, pointings: 1, nightStartUTC: x, nightEndUTC: x, remindedUTC: x, channel: x)
    let typedFollowup = FollowupTyped { name in name == "detected" ? nil : x }
    let queue = TelescopeSheet(
      telescope: TelescopeLine(
        id: x, slug: x, name: x, latitudeDeg: nil, longitudeDeg: nil, elevationM: nil, apertureM: nil,
        fieldDeg2: nil, usable: x, note: x), status: x, message: x,
      assignments: [
        .init(
          event: x, plan: x, tile: x, state: "sent", startUTC: x, endUTC: x, raDeg: 1, decDeg: 1, filter: x,
          exposureS: 1)
      ])
    var telescope = TelescopePage(head: head, sheet: queue, now: nil)
    telescope.say = SaySection(
      queue, identity: Identity(name: x, scopes: [.admin]), head: head, next: telescope.next, said: x,
      problem: x,
      reason: x)
    return [
      ("refused", try bytes(FailurePage(head: head, status: .forbidden, text: x, typed: x), "failure")),
      ("say", try bytes(telescope, "telescope")),
      (
        "decide",
        try bytes(EventPage(head: head, sheet: sheet, now: nil, decide: decide, silent: [silent]), "event")
      ),
      ("what if", try bytes(Self.whatIf(x, head), "whatif")),
      ("answer", try bytes(Self.answer(x, head, asks: nil), "answer")),
      ("answer of one", try bytes(Self.answer(x, head, asks: "refused"), "answer")),
      (
        "replay",
        try bytes(ReplayPage(head: head, story: Self.story(x, event), events: [event], now: nil), "replay")
      ),
      (
        "drill",
        try bytes(
          DrillPage(
            head: head,
            view: DrillView(
              state: .failed, event: x, beganUTC: x, by: x,
              steps: [.init(seconds: .nan, text: x, isGood: false)], problem: x), mayBegin: true, problem: x),
          "drill")
      ),
      (
        "follow-up form",
        try bytes(
          FollowupFormPage(
            head: head, typed: typedFollowup, problem: x, lines: [Self.line(x)], mayAsk: true, now: nil),
          "followup")
      ),
      (
        "follow-up",
        try bytes(
          FollowupPage(
            head: head, view: Self.followup(x), said: x, maySend: true, now: Instant(tai: 0)),
          "followup-answer")
      ),
    ]
  }

  private static func whatIf(_ x: String, _ head: PageHead) -> WhatIfPage {
    let form = WhatIfForm(
      drop: [x], clouds: [.init(site: x, untilUTC: x)], startUTC: x, add: [x], plan: x)
    let plan = PlanLine(
      id: x, state: x, madeUTC: x, probability: .nan, areaDeg2: .nan, telescopes: 1, assignments: 1)
    return WhatIfPage(
      head: head, event: x, form: form,
      options: WhatIfOptions(
        plan: plan, planned: [.init(value: x, label: x, note: x)], sites: [x],
        outOfService: [.init(value: x, label: x, note: x)], adopted: [.init(value: x, label: x)]),
      view: WhatIfView(
        event: x, plan: x, assumptions: [x], before: .init(probability: .nan, tiles: 1, telescopes: 1),
        after: .init(probability: .infinity, tiles: 1, telescopes: 1), kept: 1, moved: 1, new: 1, dropped: 1,
        lines: [x], parts: [.init(telescope: x, slug: x, tilesBefore: 1, tilesAfter: 0, reason: x)],
        seconds: .nan), problem: x)
  }

  private static func answer(_ x: String, _ head: PageHead, asks: String?) -> AnswerPage {
    var choice = AnswerPage.Choice()
    (choice.answer, choice.plan, choice.said) = (asks, x, x)
    let pointing = QueueView.Pointing(
      id: 1, event: x, plan: x, tile: x, state: "sent", reason: x, sinceUTC: x, startUTC: x, endUTC: x,
      raDeg: .nan, decDeg: .nan, filter: x, exposureS: .nan)
    return AnswerPage(
      head: head,
      view: QueueView(
        telescope: x, name: x, status: x, message: x, nowUTC: x, pointings: [pointing], record: [],
        outages: []), slug: x,
      link: LinkQuery(expires: 1, nonce: x, signature: x), choice: choice, now: nil)
  }

  private static func story(_ x: String, _ event: EventLine) -> EventStory {
    var step = EventStory.Step(timeUTC: x, sinceEventS: .nan, actor: x, kind: x, text: x)
    (step.decision, step.plan) = (x, event.plan)
    return EventStory(
      event: x, isMock: true, timeUTC: x, steps: [step], chart: Drawing(madeHere: "<svg/>"), left: 1)
  }

  private static func line(_ x: String) -> FollowupLine {
    FollowupLine(id: x, name: x, raDeg: .nan, decDeg: .nan, madeUTC: x, offers: 1, sent: [x])
  }

  private static func followup(_ x: String) -> FollowupView {
    let visit = FollowupView.Visit(
      startUTC: x, endUTC: x, exposures: 1, exposureS: .nan, expectedMag: .nan, limitMag: .nan, altDeg: .nan,
      airmass: .nan, moonSepDeg: .nan, moonAltDeg: .nan)
    return FollowupView(
      id: x, name: x, raDeg: .nan, decDeg: .nan, errorArcsec: .nan, event: x, isMock: true, policy: x,
      priority: x, model: x, eventTimeUTC: x, startUTC: x, endUTC: x, madeUTC: x, actor: x,
      offers: [
        .init(
          rank: 1, telescope: x, slug: x, filter: x, band: x, delayS: .nan, deepEnough: true,
          latestStartUTC: x, notifyUTC: x, usage: x, allocation: x, channel: x, notes: [x],
          visits: [visit, visit])
      ], leftOut: [.init(telescope: x, slug: x, code: x, reason: x)],
      sent: [.init(slug: x, plan: x, state: x, answers: [x], atUTC: x, reason: x)])
  }
}
