import Channels
import Deliveries
import Formats
import Units

/// What the service knows of the Treasure Map beside its address.
public struct TreasureMapOptions: Hashable, Sendable {
  /// Instrument numbers there, by our telescopes' slugs: who is not listed is not reported.
  public var instruments: [String: Int]
  public init(instruments: [String: Int]) { self.instruments = instruments }
}

extension TreasureMapPointing {
  /// As a row of a plan was reported: what completes or cancels it must say the same. Rows have finite
  /// numbers; one that had not would be refused there for ever.
  init?(_ row: PlanDocument.Row) {
    try? self.init(
      at: Direction(ra: .degrees(row.raDeg), dec: .degrees(row.decDeg)), start: row.startUTC.instant,
      band: Self.band(for: row.filter ?? ""), positionAngle: .degrees(row.paDeg))
  }
}

extension Bulletin {
  /// Reports what is planned, and cancels what no longer is; pointings that have begun stay.
  func treasureMap(_ channel: String, _ options: TreasureMapOptions) throws(ChannelError) -> [Delivery] {
    guard occasion == .plan || occasion == .stop else { return [] }
    let planned = occasion == .plan ? pointings(of: document, options) : [:]
    let before = pointings(of: occasion == .plan ? replaced : document, options)
    var list: [Delivery] = []
    for slug in Set(planned.keys).union(before.keys).sorted() {
      guard let instrument = options.instruments[slug] else { continue }
      let (new, old) = (planned[slug] ?? [], before[slug] ?? [])
      let gone = old.filter { !new.contains($0) }
      list += try reports(gone, TreasureMapPayload.cancelled, slug, instrument, channel)
      list += try reports(
        new.filter { !old.contains($0) }, TreasureMapPayload.planned, slug, instrument, channel)
    }
    return list
  }

  private func pointings(
    of document: NetworkPlanDocument?, _ options: TreasureMapOptions
  ) -> [String: [TreasureMapPointing]] {
    var all: [String: [TreasureMapPointing]] = [:]
    for plan in document?.plans ?? [] where options.instruments[plan.telescope.slug] != nil {
      all[plan.telescope.slug] = plan.rows.filter { $0.startUTC.instant > now }
        .compactMap { TreasureMapPointing($0) }
    }
    return all
  }

  /// In parts that one request carries.
  private func reports(
    _ pointings: [TreasureMapPointing], _ kind: String, _ slug: String, _ instrument: Int, _ channel: String
  ) throws(ChannelError) -> [Delivery] {
    var list: [Delivery] = []
    let parts = unsent.groups(pointings, kind).flatMap { group in
      stride(from: 0, to: group.pointings.count, by: 500).map {
        (group.pointings[$0..<min($0 + 500, group.pointings.count)], group.needs)
      }
    }
    for (part, (pointings, needs)) in parts.enumerated() {
      let items = pointings.map { TreasureMapPayload.Item($0) }
      let payload: TreasureMapPayload
      do throws(ChannelError) {
        payload = try TreasureMapPayload(event: event, instrument: instrument, items: items)
      } catch {
        // The map knows gravitational waves only: the rest has no name there.
        return []
      }
      list.append(
        Delivery(
          key: DeliveryKey("\(channel)/\(event)/\(number)/\(slug)/\(kind)/\(part)"), channel: channel,
          kind: kind, payload: try payload.encoded(), event: event, isMock: isMock, notBefore: now,
          expires: now + .hours(24), urgency: urgency, needs: needs))
    }
    return list
  }
}
