import Units

/// `/replay`: what happened about an event, step by step.
struct ReplayPage: Sendable {
  struct Row: Sendable {
    let time: PageTime
    let since: String
    let mark: Mark?
    let actor: String
    let kind: String
    let text: String
    let plan: String?
    let planHref: String
  }
  let head: PageHead
  let events: [FormOption]
  let event: String?
  let eventHref: String
  let eventTime: PageTime?
  let chart: String?
  let rows: [Row]
  let note: String?

  init(head: PageHead, story: EventStory?, events: [EventLine], now: Instant?) {
    self.head = head
    self.events = events.map { FormOption(value: $0.id, label: $0.id, isChosen: $0.id == story?.event) }
    event = story?.event
    let id = LocalPath.encoded(story?.event ?? "")
    eventHref = "/events/\(id)"
    eventTime = story?.timeUTC.map { PageTime($0, now: nil) }
    chart = story?.chart?.svg
    rows = (story?.steps ?? []).map { step in
      Row(
        time: PageTime(step.timeUTC, now: nil), since: step.sinceEventS.map(Self.since) ?? "",
        mark: step.decision.map { .decision($0) } ?? step.plan.map { .plan($0.state) }, actor: step.actor,
        kind: step.kind, text: step.text,
        plan: step.plan.map {
          "\(Figure.percent($0.probability)) in \(Figure.short($0.areaDeg2, unit: "deg²")), "
            + Figure.count($0.assignments, "tile") + " of " + Figure.count($0.telescopes, "telescope")
        },
        planHref: step.plan.map { "/api/events/\(id)/plans/\(LocalPath.encoded($0.id))/skymap.svg" } ?? "")
    }
    note = story.flatMap { $0.left > 0 ? "\(Figure.count($0.left, "older line")) left out here" : nil }
  }

  private static func since(_ seconds: Double) -> String {
    (seconds < 0 ? "T0 - " : "T0 + ") + PageTime.span(seconds: abs(seconds))
  }
}

/// `/drill`: an invented event from end to end.
struct DrillPage: Sendable {
  struct Row: Sendable {
    let seconds: String
    let mark: Mark
    let text: String
  }
  let head: PageHead
  let isHere: Bool
  let mayBegin: Bool
  let isRunning: Bool
  let formToken: String
  let mark: Mark?
  let title: String?
  let problem: String?
  let rows: [Row]

  init(head: PageHead, view: DrillView?, mayBegin: Bool, problem: String?) {
    self.head = head
    isHere = view != nil
    isRunning = view?.state == .running
    self.mayBegin = mayBegin && head.formToken != nil && !isRunning
    formToken = head.formToken ?? ""
    switch view?.state {
    case .running: mark = Mark("running", "●", "wait")
    case .passed: mark = Mark("passed", "✓", "go")
    case .failed: mark = Mark("FAILED", "✕", "stop")
    case .some(.none), nil: mark = nil
    }
    // Its name is known a moment later.
    title = view.flatMap { view in
      view.state == .none
        ? nil : "\(view.event ?? "A drill"), begun \(view.beganUTC ?? "") by \(view.by ?? "")"
    }
    self.problem = problem ?? view?.problem
    rows = (view?.steps ?? []).map {
      Row(
        seconds: Figure.number($0.seconds, decimals: 2, unit: "s"),
        mark: $0.isGood ? Mark("ok", "✓", "go") : Mark("FAILED", "✕", "stop"), text: $0.text)
    }
  }
}
