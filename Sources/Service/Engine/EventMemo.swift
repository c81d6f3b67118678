import Campaigns
import Notices
import Units

/// What the store keeps of an event beside its notices: everything the next step depends on.
struct EventMemo: Codable, Sendable {
  var record: EventRecord
  var campaign: Campaign
  /// `gravitational_wave`, `gamma_ray_burst`, ...
  var kind: String
  /// Number of the order that the live plan was made for, or that was found to change nothing.
  var plannedOrder = 0
  /// The live plan.
  var planID: String?
  var map: MapFigures?
  /// What was observed; nil before anything is.
  var executed: ExecutedFigures?
  /// Messages sent so far: the next one's number.
  var messages = 0
  /// What is said of coincidences with other events, by their id; nil is none.
  var companions: [String: String]?
  /// Maps that could not be had.
  var unavailableMaps: [String] = []
  // Optional, since records of earlier versions are without them.
  /// What brings the live plan to robots.
  var carriers: PlanCarriers?
  /// Requests made through ICARE that may still be carried out.
  var requests: [OpenRequest]?
  /// Where ICARE has the source.
  var source: CampaignSource?
  /// Place and time that ICARE was told last, and those that were proposed since.
  var place: KnownPlace?
  var proposal: KnownPlace?
  /// Number of the last exposure that others were told of.
  var reported: Int64?
  /// What people have adopted for its plans.
  var adjustment: PlanAdjustment?

  /// The order that waits for its plan.
  var owedOrder: PlanOrder? {
    guard let order = campaign.order, order.number > plannedOrder else { return nil }
    return order
  }
}

/// A map in numbers, for lists and messages.
struct MapFigures: Codable, Hashable, Sendable {
  var area50Deg2: Double?
  var area90Deg2: Double?
  var distanceMpc: Double?
  var distanceDeviationMpc: Double?

  init(_ summary: MapSummary) {
    area50Deg2 = summary.area50?.squareDegrees
    area90Deg2 = summary.area90?.squareDegrees
    distanceMpc = summary.distanceMean?.megaparsecs
    distanceDeviationMpc = summary.distanceDeviation?.megaparsecs
  }
}

extension Event {
  /// The name under which the event is kept: a superevent's own, else with the numbering it belongs to, and
  /// marked if it is not real. Safe in addresses and file names.
  var storeID: String { id.storeID(in: realm) }
}

extension NativeID {
  /// Of an event that goes by this name.
  func storeID(in realm: Realm) -> String {
    let plain = namespace == "lvk" || namespace == "name" ? value : "\(namespace)-\(value)"
    let safe = String(
      plain.map { $0.isASCII && ($0.isLetter || $0.isNumber || "-.+".contains($0)) ? $0 : "_" })
    return realm == .real || namespace == "lvk" ? safe : "\(safe)~\(realm.rawValue)"
  }
}
