import Campaigns
import Channels
import Deliveries
import Foundation
import Icare
import Store

/// What of an event's earlier plans has not reached its far side yet.
struct Unsent: Sendable {
  /// A report to the Treasure Map.
  struct Report: Sendable {
    let key: DeliveryKey
    let kind: String
    let pointings: Set<TreasureMapPointing>
  }
  var plans: [OutboxEntry] = []
  /// Reports to the Treasure Map of what is planned: a newer plan reports what it adds, so that these count on.
  var planned: [OutboxEntry] = []
  var reports: [Report] = []

  /// Plans that nobody wants any more are not sent: neither after STOP nor for a telescope that has no part in the
  /// newer plan.
  /// - Parameter slots: of what takes their place.
  func withdrawn(because reason: String, but slots: Set<String> = []) -> [(key: DeliveryKey, reason: String)]
  {
    plans.filter { !($0.slot.map(slots.contains) ?? false) }.map { ($0.key, reason) }
  }

  /// Splits what is to be reported by what must be settled first: a pointing is cancelled after it was reported as
  /// planned, and planned again after it was cancelled.
  func groups(
    _ pointings: [TreasureMapPointing], _ kind: String
  ) -> [(pointings: [TreasureMapPointing], needs: [DeliveryKey])] {
    var groups: [[DeliveryKey]: [TreasureMapPointing]] = [:]
    for pointing in pointings {
      let needs = reports.filter { $0.kind != kind && $0.pointings.contains(pointing) }.map(\.key)
      groups[needs, default: []].append(pointing)
    }
    return groups.sorted { $0.key.map(\.text).lexicographicallyPrecedes($1.key.map(\.text)) }
      .map { ($0.value, $0.key) }
  }
}

extension CampaignAction {
  /// Whether plans may be taken back by it.
  var endsPlans: Bool {
    if case .withdraw = self { true } else { isStop }
  }

  var isStop: Bool { if case .stop = self { true } else { false } }
}

extension Engine {
  /// Reads of an event's outbox only what an end or a newer plan can take back.
  func unsent(of id: String) async throws -> Unsent {
    var unsent = Unsent()
    let open: Set<DeliveryState> = [.ready, .inFlight, .ambiguous]
    for entry in settings.recipients.entries {
      switch entry.kind {
      case .icare:
        unsent.plans += try await store.deliveries(
          open, event: id, channel: entry.channel, kinds: Self.icarePlans, limit: 10_000)
      case .treasureMap:
        let owed = try await store.deliveries(
          open, event: id, channel: entry.channel,
          kinds: [TreasureMapPayload.planned, TreasureMapPayload.cancelled], limit: 10_000)
        for report in owed {
          let payload = try JSONDecoder().decode(
            TreasureMapPayload.self, from: Data(try await store.delivery(report.key).payload))
          unsent.reports.append(
            Unsent.Report(key: report.key, kind: report.kind, pointings: Set(payload.items.map(\.pointing))))
        }
        unsent.planned += owed.filter { $0.kind == TreasureMapPayload.planned }
      case .slack, .mail, .webhook, .files, .drop: continue
      }
    }
    return unsent
  }

  private static let icarePlans: Set<String> = [
    IcareKind.plan.rawValue, IcareKind.planSend.rawValue, IcareKind.trigger.rawValue,
  ]
}
