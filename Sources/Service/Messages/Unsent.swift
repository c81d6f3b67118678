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

extension Engine {
  func unsent(of id: String) async throws -> Unsent {
    var unsent = Unsent()
    let icare: Set<String> = [
      IcareKind.plan.rawValue, IcareKind.planSend.rawValue, IcareKind.trigger.rawValue,
    ]
    let maps = Set(
      settings.recipients.entries.compactMap { entry in
        if case .treasureMap = entry.kind { entry.channel } else { nil }
      })
    for entry in try await store.deliveries([.ready, .inFlight, .ambiguous], event: id, limit: 10_000) {
      if entry.channel == IcareChannel.channelName, icare.contains(entry.kind) { unsent.plans.append(entry) }
      guard maps.contains(entry.channel), entry.kind != TreasureMapPayload.completed else { continue }
      let payload = try JSONDecoder().decode(
        TreasureMapPayload.self, from: Data(try await store.delivery(entry.key).payload))
      unsent.reports.append(
        Unsent.Report(key: entry.key, kind: entry.kind, pointings: Set(payload.items.map(\.pointing))))
      if entry.kind == TreasureMapPayload.planned { unsent.planned.append(entry) }
    }
    return unsent
  }
}
