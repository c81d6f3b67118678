import Campaigns
import Queues
import Store
import Units

/// What a person changes about the plans of an event, as it waits for the engine and as the log keeps it.
struct Adoption: Codable, Hashable, Sendable {
  /// A telescope that is out for a while.
  struct Out: Codable, Hashable, Sendable {
    /// Slug.
    var telescope: String
    /// `closure` or `weather`.
    var kind: String
    /// TAI nanoseconds since 2000-01-01T12:00 TAI.
    var startTAI: Int64
    var endTAI: Int64
    var reason: String
    /// Clouds are above all events, a telescope is dropped from one.
    var isOfEvent: Bool

    var window: TimeWindow { TimeWindow(Instant(tai: startTAI), Instant(tai: endTAI)) }
  }

  /// What does not hold any more.
  struct TakenBack: Codable, Hashable, Sendable {
    /// The later start.
    var start: Bool
    /// Ids in the registry.
    var added: [String]
    /// Numbers of outages.
    var outages: [Int64]
  }

  var outs: [Out]
  /// Ids in the registry.
  var added: [String]
  var notBeforeTAI: Int64?
  /// The plan that it was compared with.
  var plan: String
  /// What was adopted before and is taken back; nil is nothing.
  var takenBack: TakenBack?
  /// In plain English.
  var text: String
  /// The token's label.
  var by: String

  static let kind = "whatif"

  var notBefore: Instant? { notBeforeTAI.map { Instant(tai: $0) } }

  /// As rows of the store; the same adoption has the same keys.
  func outages(of event: String) -> [OutageDraft] {
    outs.map { out in
      let name = "\(event)/\(plan)/\(out.telescope)/\(out.kind)/\(out.endTAI)"
      return OutageDraft(
        key: "\(Self.keyPrefix)\(SHA256.hexDigest(of: name).prefix(32))", telescope: out.telescope,
        event: out.isOfEvent ? event : nil, kind: OutageDraft.Kind(rawValue: out.kind) ?? .closure,
        window: out.window, reason: out.reason, actor: by, way: .api)
    }
  }

  /// Whether an outage came of adopting a what-if.
  static func isSource(of outage: OutageDraft) -> Bool { outage.key.hasPrefix(keyPrefix) }
  private static let keyPrefix = "whatif/"

  /// As an order has them.
  /// - Parameter ids: in the registry, by slug.
  func absences(_ ids: [String: String], event: String) -> [Absence] {
    outages(of: event).compactMap { outage in
      ids[outage.telescope].map {
        Absence(
          telescope: $0, window: outage.window, reason: "\(outage.kind.rawValue): \(outage.reason)")
      }
    }
  }

  /// What was adopted before stays, as far as this says nothing else.
  func adjustment(over before: PlanAdjustment?) -> PlanAdjustment? {
    var result = before ?? PlanAdjustment()
    if let takenBack {
      result.added.removeAll { takenBack.added.contains($0) }
      if takenBack.start { result.notBefore = nil }
    }
    result.added = Set(result.added).union(added).sorted()
    if let notBefore { result.notBefore = notBefore }
    return result == PlanAdjustment() ? nil : result
  }

  /// Waits for the engine, also over a restart; the same adoption twice is one.
  func timer(for event: String, at now: Instant) throws -> TimerDraft {
    let body = try RecordJSON.text(self)
    return TimerDraft(
      id: "whatif/\(SHA256.hexDigest(of: body).prefix(24))", event: event, kind: Self.kind, due: now,
      body: body)
  }
}
