import Formats
import Units

/// What one simulated night came to: one line of `runs.jsonl`.
public struct SimulationRecord: Codable, Hashable, Sendable {
  /// Names the night: the event, and the number of the start where there are several.
  public var key: String
  public var event: String
  public var start: UTCTime?
  /// Why there is no plan; all figures are then absent.
  public var failure: String?
  public var detectors: String?
  public var area50Deg2: Double?
  public var area90Deg2: Double?
  public var distanceMpc: Double?
  public var probability: Double?
  public var reachable: Double?
  public var upperBound: Double?
  /// 1 - probability / upper bound.
  public var gap: Double?
  /// That the source is found; nil where no source was given.
  public var detection: Double?
  /// The light curve it is for.
  public var source: String?
  public var assignments: Int?
  /// From the start of the plan to the first exposure.
  public var firstMinutes: Double?
  /// Time with an open shutter, all telescopes together.
  public var openHours: Double?
  /// Telescopes that observe.
  public var shares: [Share]

  public struct Share: Codable, Hashable, Sendable {
    public var telescope: String
    public var tiles: Int
    public var openHours: Double
    /// Probability it adds to what others observe earlier.
    public var added: Double
  }

  enum CodingKeys: String, CodingKey {
    case key, event, start, failure, detectors
    case area50Deg2 = "area50_deg2"
    case area90Deg2 = "area90_deg2"
    case distanceMpc = "distance_mpc"
    case probability, reachable
    case upperBound = "upper_bound"
    case gap, detection, source, assignments
    case firstMinutes = "first_minutes"
    case openHours = "open_hours"
    case shares
  }

  public init(key: String, plan: NetworkPlanDocument) {
    let observing = plan.plans.filter { !$0.rows.isEmpty }
    self.key = key
    event = plan.event.id
    start = plan.window.start
    detectors = plan.map.instruments.isEmpty ? nil : plan.map.instruments.joined(separator: "+")
    area50Deg2 = plan.map.area50Deg2
    area90Deg2 = plan.map.area90Deg2
    distanceMpc = plan.map.distanceMeanMpc
    probability = plan.network.probability
    reachable = plan.network.reachable
    upperBound = plan.network.upperBound
    gap = plan.network.gap
    detection = plan.network.detection
    source = plan.network.source
    assignments = plan.network.assignments
    let first = observing.flatMap(\.rows).map(\.startUTC.instant).min()
    firstMinutes = first.map { ($0.seconds(since: plan.window.start.instant) / 60).rounded(decimals: 2) }
    shares = observing.map {
      Share(
        telescope: $0.telescope.slug, tiles: $0.rows.count,
        openHours: ($0.totals.exptimeS / 3600).rounded(decimals: 4), added: $0.totals.added)
    }
    openHours = shares.reduce(0) { $0 + $1.openHours }.rounded(decimals: 4)
  }

  public init(key: String, event: String, failure: String) {
    self.key = key
    self.event = event
    self.failure = failure
    shares = []
  }
}
