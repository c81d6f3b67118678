import Channels
import Deliveries
import Icare
import Observatories
import Store
import Units

/// By telescope, the deliveries that bring it its part of the live plan without a person: to its own folder, or
/// through ICARE. Each of them is enough.
struct PlanCarriers: Codable, Hashable, Sendable {
  private(set) var keys: [String: [String]] = [:]

  /// - Parameters:
  ///   - deliveries: owed because of the plan.
  ///   - open: requests that are made through ICARE, those of earlier plans too.
  init(_ deliveries: [Delivery], _ recipients: Recipients, requests open: [OpenRequest]) {
    let folders = recipients.entries.compactMap { entry -> (channel: String, slug: String)? in
      if case .drop(let options) = entry.kind { (entry.channel, options.slug) } else { nil }
    }
    for delivery in deliveries where delivery.kind == SiteDropPayload.plan {
      for folder in folders where folder.channel == delivery.channel { add(delivery.key, for: folder.slug) }
    }
    let ofICARE = deliveries.filter { $0.channel == IcareChannel.channelName }
    // Where ICARE hands the plan on, the telescope has it only then.
    let handedOn = Set(ofICARE.filter { $0.kind == IcareKind.planSend.rawValue }.flatMap(\.needs))
    for delivery in ofICARE where delivery.kind == IcareKind.plan.rawValue {
      let parts = delivery.key.text.split(separator: "/")
      guard let slug = parts.last.map(String.init) else { continue }
      let isHandedOn = handedOn.contains(delivery.key)
      add(isHandedOn ? DeliveryKey("\(delivery.key.text)/send") : delivery.key, for: slug)
    }
    for request in open { add(DeliveryKey(request.key), for: request.slug) }
  }

  private mutating func add(_ key: DeliveryKey, for slug: String) { keys[slug, default: []].append(key.text) }
}

extension Engine {
  /// Pointings of the live plan that a robot has although nobody said so: its plan was delivered before their time
  /// came. Of telescopes with a team, only what the team says counts.
  func delivered(_ memo: EventMemo) async throws -> Set<Int64> {
    guard let plan = memo.planID, let carriers = memo.carriers?.keys, !carriers.isEmpty else { return [] }
    let robots = Set(maker.telescopes.filter { $0.automation == .auto }.map(\.slug))
    var since: [String: Instant] = [:]
    for (slug, keys) in carriers where robots.contains(slug) {
      for key in keys {
        guard let entry = try? await store.delivery(DeliveryKey(key)).entry, entry.state == .done else {
          continue
        }
        since[slug] = min(since[slug] ?? entry.since, entry.since)
      }
    }
    guard !since.isEmpty else { return [] }
    let pointings = try await store.assignments(of: plan).filter { stored in
      guard stored.state == .sent, let arrived = since[stored.assignment.telescope] else { return false }
      return arrived <= stored.assignment.window.start
    }
    return Set(pointings.map(\.id))
  }
}
