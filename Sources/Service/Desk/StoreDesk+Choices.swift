import Campaigns
import Dashboard
import Store

extension StoreDesk {
  func choices(on event: String) async throws(DeskError) -> DecisionChoices? {
    let stored = try await asked { () async throws(StoreError) in try await store.event(event) }
    let memo = try memo(stored)
    let followUp = memo.campaign.followUp
    var options: [FormChoice] = []
    if followUp.proposal != nil {
      options.append(.init(value: PersonalAnswer.Action.confirmStop.rawValue, label: "STOP, as proposed"))
      options.append(.init(value: PersonalAnswer.Action.declineStop.rawValue, label: "No STOP: it goes on"))
    }
    if memo.record.status != .active {
      options.append(.init(value: PersonalAnswer.Action.reinstate.rawValue, label: "The event stands"))
    }
    if followUp.state == .stopped, followUp.end == .person {
      options.append(.init(value: PersonalAnswer.Action.reopen.rawValue, label: "Reopen the campaign"))
    }
    if let decision = memo.campaign.decision {
      options += [PolicyOutcome.go, .limited, .watch, .no, .stop].map {
        .init(value: $0.rawValue, label: $0.rawValue, note: Self.meaning($0))
      }
      if decision.override != nil {
        options.append(
          .init(value: PersonalAnswer.Action.lift.rawValue, label: "Let the policy decide again"))
      }
    }
    return DecisionChoices(
      options: options, roles: state.settings.roles, proposal: followUp.proposal?.text,
      telescopes: state.settings.telescopes.filter { $0.outOfService == nil && $0.field != nil }.map {
        .init(value: $0.slug, label: $0.id)
      })
  }

  /// For somebody who reads these words for the first time at night.
  private static func meaning(_ outcome: PolicyOutcome) -> String {
    switch outcome {
    case .go: "every suitable telescope gets a plan"
    case .limited: "only the telescopes chosen below"
    case .watch: "wait for more; a plan that is in force goes on"
    case .no: "not followed up"
    case .stop: "plans are taken back, teams are told to stop"
    }
  }
}
