import Campaigns
import Dashboard
import Formats
import Store
import Units

extension StoreDesk {
  /// Lines on one page; what is older is for the API.
  private static let longestStory = 400

  func story(of event: String) async throws(DeskError) -> EventStory {
    let stored = try await asked { () async throws(StoreError) in try await store.event(event) }
    let memo = try memo(stored)
    var entries: [LogEntry] = []
    while entries.count < 20_000 {
      let last = entries.last?.seq ?? 0
      let page = try await asked { () async throws(StoreError) in
        try await store.log(after: last, event: event, limit: 2000)
      }
      entries += page
      if page.count < 2000 { break }
    }
    let plans = try await plans(of: event)
    let decisions = try await asked { () async throws(StoreError) in try await store.decisions(on: event) }
    let time = memo.record.time
    let moments = entries.compactMap { entry in
      Self.lane(entry.kind).map { StoryChart.Moment(at: entry.at, lane: $0) }
    }
    let steps = entries.suffix(Self.longestStory).map { entry in
      let line = Self.change(entry)
      var step = EventStory.Step(
        timeUTC: line.timeUTC, sinceEventS: time.map { (entry.at - $0).seconds }, actor: line.actor,
        kind: line.kind, text: line.text)
      switch entry.kind {
      case "decision.made": step.decision = decisions.last { $0.decidedAt <= entry.at }?.outcome
      case "plan.made": step.plan = plans.first { line.text.hasPrefix($0.id + ":") }
      default: break
      }
      return step
    }
    return EventStory(
      event: event, isMock: stored.isMock, timeUTC: time?.iso8601(), steps: steps,
      chart: StoryChart.render(moments, event: event).map { Drawing(madeHere: $0) },
      left: entries.count - steps.count)
  }

  private static func lane(_ kind: String) -> String? {
    switch kind {
    case "decision.answered", "whatif.adopted", "whatif.taken_back": "people"
    case _ where kind.hasPrefix("notice."): "notices"
    case _ where kind.hasPrefix("decision.") || kind == "campaign.stopped": "decisions"
    case _ where kind.hasPrefix("plan."): "plans"
    case _ where kind.hasPrefix("telescope.") || kind.hasPrefix("assignment.") || kind.hasPrefix("coverage."):
      "teams"
    default: nil
    }
  }

  func drill() async -> DrillView? { state.drills?.view }

  func beginDrill(by identity: Identity) async throws(DeskError) {
    guard let drills = state.drills else {
      throw .unavailable("no drill can be held here: use `vesper drill`")
    }
    try await drills.begin(by: identity.actor)
  }
}
