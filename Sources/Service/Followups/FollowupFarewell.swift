import Campaigns
import Dashboard
import Deliveries
import Followups
import Formats
import Observatories
import Store
import Units

/// Tells those who had a part of a request that the event it was about is over.
struct FollowupFarewell: Sendable {
  let recipients: Recipients
  let telescopes: [Telescope]
  let now: Instant

  /// - Throws: when what was stored of the request cannot be read, or a message cannot be made.
  func deliveries(for ended: EndedFollowup) throws -> [Delivery] {
    let view: FollowupView = try RecordJSON.value(of: ended.followup.answer)
    let bulletin = FollowupBulletin(
      id: ended.followup.id, name: view.name,
      priority: FollowupRequest.Priority(rawValue: view.priority) ?? .normal,
      document: try NetworkPlanDocument(json: ended.document), isMock: ended.followup.isMock,
      telescopes: telescopes, now: now)
    return try bulletin?.withdrawals(to: recipients, reason: ended.reason) ?? []
  }
}

extension Engine {
  /// Ends the requests for point sources about an event, and tells everybody.
  func endFollowups(about id: String, reason: String, at now: Instant, _ outcome: inout StepOutcome) {
    outcome.stoppedEvents.append((id, reason))
    let farewell = FollowupFarewell(
      recipients: settings.recipients, telescopes: settings.telescopes, now: now)
    outcome.farewell = { try farewell.deliveries(for: $0) }
  }
}
