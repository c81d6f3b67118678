import Foundation
import Units

/// Kind `plan`: a telescope's plan, as decided.
public struct PlanPush: Codable, Hashable, Sendable {
  /// One pointing: by the instrument's field number, by position, or both.
  public struct Pointing: Codable, Hashable, Sendable {
    public var field: Int?
    /// To six decimals, so that the same position is the same field.
    public var rightAscensionDegrees: Double
    public var declinationDegrees: Double
    public var start: NaiveUTC
    /// ICARE's column is a whole number.
    public var exposureSeconds: Int
    public var filter: String
    public var weight: Double
    public var overheadSeconds: Int

    /// - Parameters:
    ///   - exposure: rounded to whole seconds, at least 1.
    ///   - weight: probability or priority, 0...1.
    public init(
      field: Int? = nil, position: Direction<ICRS>, start: Instant, exposure: Duration, filter: String,
      weight: Double, overhead: Duration = .zero
    ) {
      func whole(_ d: Duration) -> Int { Int(min(max(d.seconds, 0), 1e6).rounded()) }
      self.field = field
      let ra = (position.ra.degrees * 1e6).rounded() / 1e6
      rightAscensionDegrees = ra < 360 ? ra : 0
      declinationDegrees = (position.dec.degrees * 1e6).rounded() / 1e6
      self.start = NaiveUTC(start)
      exposureSeconds = max(whole(exposure), 1)
      self.filter = filter
      self.weight = weight
      overheadSeconds = whole(overhead)
    }
  }

  public var event: EventIdentity
  public var map: MapReference
  public var allocation: AllocationKey
  /// Without version, see `name(event:revision:telescope:contents:)`.
  public var name: String
  public var start: NaiveUTC
  public var end: NaiveUTC
  public var pointings: [Pointing]
  /// Same for all plans of which the newest counts: what ICARE has of it already is named as replaced.
  public var series: String?
  /// Where it stands among the plans of its series; nil is before all others.
  public var age: PlanAge?
  /// Our own id of the plan.
  public var planID: String

  public init(
    event: EventIdentity, map: MapReference, allocation: AllocationKey, name: String,
    window: TimeWindow, pointings: [Pointing], series: String? = nil, age: PlanAge? = nil, planID: String
  ) {
    self.event = event
    self.map = map
    self.allocation = allocation
    self.name = name
    start = NaiveUTC(window.start)
    end = NaiveUTC(window.end)
    self.pointings = pointings
    self.series = series
    self.age = age
    self.planID = planID
  }

  /// `S230518h-r3-tca-1a2b3c4d`: unique in ICARE for ever, equal for equal contents.
  public static func name(event: String, revision: Int, telescope: String, contents: String) -> String {
    "\(event)-r\(revision)-\(telescope)-\(SHA256.hexDigest(of: contents).prefix(8))"
  }

  /// Names are never free again: the n-th attempt has its own.
  public func name(version: Int) -> String { version <= 1 ? name : "\(name)-v\(version)" }

  /// What ICARE would refuse or spoil, in words; empty when nothing.
  public var complaints: [String] {
    var found: [String] = []
    if name.isEmpty || name.utf8.count > 200 { found.append("the plan's name is empty or too long") }
    if pointings.isEmpty { found.append("the plan has no pointing") }
    if start >= end { found.append("the plan ends before it starts") }
    for (i, p) in pointings.enumerated() {
      if p.start < start || p.start >= end { found.append("pointing \(i) lies outside the plan's window") }
      if !(0..<360).contains(p.rightAscensionDegrees) || !(-90...90).contains(p.declinationDegrees) {
        found.append("pointing \(i) has no legal position")
      }
      if p.exposureSeconds < 1 { found.append("pointing \(i) has no exposure") }
      if !p.weight.isFinite { found.append("pointing \(i) has no weight") }
    }
    return found
  }

  /// - Parameters:
  ///   - fields: numbers of the pointings' fields in their order.
  ///   - supersedes: the plan in ICARE that it takes the place of.
  func body(
    name: String, event: Int, map: Int, allocation: Int, fields: [Int], key: String, digest: String,
    supersedes: String?
  ) -> JSONNode {
    let filters = Set(pointings.map(\.filter)).sorted().joined(separator: ",")
    var payload: JSONNode = [
      "queue_name": .string(name), "start_date": .string(start.spaced), "end_date": .string(end.spaced),
      "filters": .string(filters), "planner": "vesper", "planner_plan_id": .string(planID),
      IcareKeys.plan: .string(key), IcareKeys.digest: .string(digest),
    ]
    if let series { payload = payload.merging([IcareKeys.series: .string(series)]) }
    if let age { payload = payload.merging(age.payload) }
    if let supersedes { payload = payload.merging(["supersedes": .string(supersedes)]) }
    let rows: [JSONNode] = zip(pointings, fields).enumerated().map { index, pair in
      [
        "dateobs": .string(pair.0.start.text), "field_id": .integer(pair.1),
        "exposure_time": .integer(pair.0.exposureSeconds), "weight": .number(pair.0.weight),
        "filt": .string(pair.0.filter), "planned_observation_id": .integer(index),
        "overhead_per_exposure": .integer(pair.0.overheadSeconds),
      ]
    }
    let plan: JSONNode = [
      "validity_window_start": .string(start.text), "validity_window_end": .string(end.text),
      "status": "complete", "planned_observations": .array(rows),
    ]
    return [
      "gcnevent_id": .integer(event), "localization_id": .integer(map),
      "allocation_id": .integer(allocation), "plan_name": .string(name),
      // Any other status makes ICARE's own planner take the request and mark it as failed.
      "status": "complete", "payload": payload, "observation_plans": [plan],
    ]
  }
}

/// Kind `plan-send`: hand a plan that ICARE has to the telescope. Its delivery needs the plan's.
public struct PlanSendPush: Codable, Hashable, Sendable {
  /// Key of the plan's delivery.
  public var plan: String
  public init(plan: String) { self.plan = plan }
}

/// How a plan's delivery is known in ICARE: `<request id> <plan name>`.
public struct PlanReceipt: Hashable, Sendable, CustomStringConvertible {
  public let requestID: Int
  public let name: String

  public init(requestID: Int, name: String) {
    self.requestID = requestID
    self.name = name
  }

  public init?(_ text: String) {
    let parts = text.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, let id = Int(parts[0]) else { return nil }
    requestID = id
    name = String(parts[1])
  }

  public var description: String { "\(requestID) \(name)" }
}
