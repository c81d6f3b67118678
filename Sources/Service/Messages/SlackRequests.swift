import Channels
import Deliveries
import Formats
import Units

extension Bulletin {
  /// One reply in the event's thread for each team that is asked by Slack, with the buttons by which it answers; nothing
  /// for those that are asked for no other field than before.
  func slackRequests(
    _ channel: String, _ options: SlackOptions, root: DeliveryKey
  ) throws(ChannelError) -> [Delivery] {
    guard occasion == .plan, let document else { return [] }
    func tiles(_ document: NetworkPlanDocument?, _ slug: String) -> Set<String> {
      let share = document?.plans.first { $0.telescope.slug == slug }
      return Set(share?.rows.map(\.tileKey) ?? [])
    }
    var list: [Delivery] = []
    for plan in document.plans where options.asks.contains(plan.telescope.slug) {
      let slug = plan.telescope.slug
      let new = tiles(document, slug)
      guard !new.isEmpty, !new.isSubset(of: tiles(replaced, slug)) else { continue }
      let payload = try message.slackRequest(
        to: EventMessage.Telescope(plan), planRevision: plan.revision, root: root)
      list.append(
        Delivery(
          key: DeliveryKey("\(channel)/\(event)/ask/\(number)/\(slug)"), channel: channel,
          kind: SlackPayload.reply, payload: try payload.encoded(), event: event, isMock: isMock,
          notBefore: now, expires: now + .hours(24), urgency: urgency,
          slot: "\(channel)/\(event)/ask/\(slug)", needs: [root]))
    }
    return list
  }
}
