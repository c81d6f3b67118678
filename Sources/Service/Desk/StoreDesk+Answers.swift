import Campaigns
import Dashboard
import Store
import Units

extension StoreDesk {
  /// Keeps the answer for the engine; what cannot be done is said at once.
  func answer(
    _ answer: DecisionAnswer, on event: String, by identity: Identity
  ) async throws(DeskError) -> AnswerLine {
    let stored = try await asked { () async throws(StoreError) in try await state.store.event(event) }
    let memo = try memo(stored)
    let now = state.clock.now()
    guard let action = PersonalAnswer.Action(rawValue: answer.action) else {
      let known = PersonalAnswer.Action.allCases.map(\.rawValue).joined(separator: ", ")
      throw .invalid("action must be one of \(known)")
    }
    var outcome: PolicyOutcome?
    if action == .override {
      guard let found = answer.outcome.flatMap({ PolicyOutcome(rawValue: $0.uppercased()) }) else {
        let known = PolicyOutcome.allCases.map(\.rawValue).joined(separator: ", ")
        throw .invalid("outcome must be one of \(known)")
      }
      outcome = found
    }
    let text = String(answer.reason.prefix(2000))
    let made = PersonalAnswer(
      action, outcome: outcome, role: answer.role, reason: text,
      telescopes: try telescopes(named: answer.telescopes), by: identity.actor, at: now)
    if let objection = made.objection(to: memo, roles: state.settings.roles) { throw .conflict(objection) }
    do {
      var step = StepOutcome()
      step.timers = [try made.timer(for: event)]
      try await state.store.commit(step, at: now)
    } catch let error as StoreError {
      throw .unavailable("\(error)")
    } catch {
      throw .invalid("\(error)")
    }
    return AnswerLine(
      event: event, action: action.rawValue, text: made.text, timeUTC: now.iso8601(.milliseconds))
  }

  func waitingAnswers(
    on event: String, besides identity: Identity
  ) async throws(DeskError) -> [ChangeLine] {
    let pending = try await asked { () async throws(StoreError) in try await store.pendingTimers(of: event) }
    return pending.compactMap { timer in
      guard timer.kind == PersonalAnswer.kind,
        let answer: PersonalAnswer = try? RecordJSON.value(of: timer.body), answer.by != identity.actor
      else { return nil }
      return ChangeLine(
        sequence: 0, timeUTC: answer.at.iso8601(.milliseconds), actor: answer.by, kind: "decision.answered",
        event: event, text: answer.text)
    }
  }

  /// Ids in the registry, by slug or id.
  private func telescopes(named names: [String]) throws(DeskError) -> [String] {
    var ids: [String] = []
    for name in names {
      guard let found = state.settings.telescopes.first(where: { $0.slug == name || $0.id == name }) else {
        throw .invalid("no telescope is called \(name.prefix(100))")
      }
      ids.append(found.id)
    }
    return ids
  }
}
