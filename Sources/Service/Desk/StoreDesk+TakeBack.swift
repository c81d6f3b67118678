import Campaigns
import Dashboard
import Store
import Units

/// What was adopted for the plans of an event, and taking it back.
extension StoreDesk {
  /// One piece of it; its name is what a form sends.
  private static let startName = "start"
  private static let addedPrefix = "add:"
  private static let outagePrefix = "outage:"

  func adopted(_ memo: EventMemo, _ event: String) async throws(DeskError) -> [FormChoice] {
    var list: [FormChoice] = []
    if let start = memo.adjustment?.notBefore {
      list.append(.init(value: Self.startName, label: "nothing before \(start.dateAndClock)"))
    }
    list += (memo.adjustment?.added ?? []).map { .init(value: Self.addedPrefix + $0, label: "with \($0)") }
    let now = state.clock.now()
    let outages = try await asked { () async throws(StoreError) in
      try await store.outages(for: event, after: now)
    }
    let names = Dictionary(
      state.settings.telescopes.map { ($0.slug, $0.id) }, uniquingKeysWith: { first, _ in first })
    return list
      + outages.filter { Adoption.isSource(of: $0.outage) }.map { known in
        let name = names[known.outage.telescope] ?? known.outage.telescope
        let end = known.outage.window.end.dateAndClock
        return .init(
          value: "\(Self.outagePrefix)\(known.number)",
          label: known.outage.event == nil ? "clouds at \(name) until \(end)" : "without \(name) until \(end)"
        )
      }
  }

  func takeBack(
    _ pieces: [String], on event: String, by identity: Identity
  ) async throws(DeskError) -> AnswerLine {
    let stored = try await asked { () async throws(StoreError) in try await store.event(event) }
    let memo = try memo(stored)
    let standing = try await adopted(memo, event)
    let wanted = Set(pieces)
    guard !wanted.isEmpty else { throw .invalid("choose what is taken back") }
    let found = standing.filter { wanted.contains($0.value) }
    guard found.count == wanted.count else {
      throw .conflict("some of it does not hold any more: somebody took it back already")
    }
    let words = found.map(\.value)
    func rest(_ prefix: String) -> [String] {
      words.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
    }
    let text = "taken back: " + found.map(\.label).joined(separator: "; ")
    let made = Adoption(
      outs: [], added: [], notBeforeTAI: nil, plan: memo.planID ?? "",
      takenBack: .init(
        start: wanted.contains(Self.startName), added: rest(Self.addedPrefix),
        outages: rest(Self.outagePrefix).compactMap { Int64($0) }), text: text, by: identity.actor)
    let now = state.clock.now()
    do {
      var step = StepOutcome()
      step.timers = [try made.timer(for: event, at: now)]
      try await store.commit(step, at: now)
    } catch {
      throw .unavailable("\(error)")
    }
    return AnswerLine(event: event, action: "take_back", text: text, timeUTC: now.iso8601(.milliseconds))
  }
}
