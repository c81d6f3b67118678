import Ephemerides
import Observatories
import Skymaps
import Units

/// Every input of a plan. Equal requests give equal plans, bit for bit.
public struct PlanRequest: Sendable {
  public var event: Plan.Event
  public var map: Skymap
  /// SHA-256 of the bytes the map came from.
  public var mapDigest: String
  public var telescopes: [Telescope]
  public var telescopeDigests: [String: String]
  /// Ids that were asked for by name: they plan even when their file says they are not operational.
  public var named: Set<String>
  /// Ids that plan by themselves, as if the others were not there: for a source so well known that every
  /// telescope points at it.
  public var alone: Set<String>
  /// The present, as the caller knows it. No exposure starts before it.
  public var now: Instant
  /// The time to fill.
  public var window: TimeWindow
  public var earth: EarthOrientation
  public var tiling: Tiling
  /// One exposure for every telescope instead of each one's own.
  public var exposure: Duration?
  /// Exposures that would add less probability than this to the network's coverage are not planned. Where less
  /// than a quarter of the probability is within reach, the limit shrinks in proportion.
  public var smallestGain: Double
  /// Nor are second looks, by a deeper telescope at sky already covered, at less probability than this.
  public var smallestDepthGain: Double
  /// Whether time left over beside pointings that are held goes to second looks.
  public var addsSecondLooks = true
  /// Steps that may be spent on improving the first plan, each a pointing looked at; 0 is none.
  public var effort: Int
  /// Exposures taken or under way: their sky counts as covered to their depth, and no telescope is asked for
  /// a tile of its own again.
  public var observed: [ObservedField] = []
  public var outages: [Outage] = []
  /// Who goes first where telescopes choose together, by id: what a field of theirs adds counts so many times, over 0;
  /// once unless said. It shifts who looks where; what is covered counts as ever.
  public var favor: [String: Double] = [:]
  public var refused: [RefusedTile] = []
  /// Pointings of the plan before that stay as they are, as far as they can still be observed.
  public var held: [HeldPointing] = []
  /// Galaxies to point narrow fields at; nil: every field is a tile.
  public var galaxies: GalaxyTargeting?
  /// What has been used of allocations, by telescope; for those that share one, it may stand at any of them.
  public var used: [String: AllocationUse] = [:]
  /// What the telescopes' own rules (`Telescope.Exclusion`) are asked with; nil: they are left to people.
  public var circumstances: Telescope.Circumstances?
  /// What people have agreed to, by telescope; who is `named` has agreed to everything.
  public var permissions: [String: Set<Telescope.Exclusion.Permission>] = [:]
  /// Telescopes whose allocation says how fields are chosen (`Telescope.TilingRule`) go by that.
  public var followsTilingRules = false
  /// How every telescope of the request chooses its fields; nil: freely, or by the rule of its allocation.
  public var recipe: FieldRecipe?
  /// Whether usage levels bound what is asked (VF 3 h a day, ... VR one request a semester); they say how often a
  /// telescope is asked as a rule, not what its team would refuse, so that is for whoever asks to choose.
  public var keepsUsageLevels = false
  /// More than one visit to every field; nil is one. Visits after the first have `#2`, `#3`, ... in their tile keys.
  public var revisits: Revisits?
  /// Several filters in each visit; nil: each telescope's own one.
  public var filters: FilterRecipe?
  public var objective = Objective.coverage
  /// A source that a plan made for coverage is judged by: how likely it is to find it.
  public var source: DetectionObjective?
  public var softwareVersion: String

  /// How often every field is to be visited.
  public struct Revisits: Sendable, Hashable {
    public var count: Int
    /// From the end of one visit to the start of the next, at least.
    public var gap: Duration

    public init(count: Int, gap: Duration) {
      self.count = count
      self.gap = gap
    }
  }

  public enum Tiling: String, Sendable, Hashable, CaseIterable {
    /// Each telescope's fixed grid, left where that covers more; free centres where the 90 % region is smaller
    /// than three fields.
    case automatic
    /// Each telescope's fixed grid and nothing else.
    case grid
    case free
  }

  public init(
    event: Plan.Event, map: Skymap, mapDigest: String, telescopes: [Telescope],
    telescopeDigests: [String: String] = [:], named: Set<String> = [], alone: Set<String> = [], now: Instant,
    window: TimeWindow,
    earth: EarthOrientation,
    tiling: Tiling = .automatic, exposure: Duration? = nil, smallestGain: Double = 3e-6,
    smallestDepthGain: Double = 1e-4, effort: Int = 30_000, softwareVersion: String
  ) {
    self.event = event
    self.map = map
    self.mapDigest = mapDigest
    self.telescopes = telescopes
    self.telescopeDigests = telescopeDigests
    self.named = named
    self.alone = alone
    self.now = now
    self.window = window
    self.earth = earth
    self.tiling = tiling
    self.exposure = exposure
    self.smallestGain = smallestGain
    self.smallestDepthGain = smallestDepthGain
    self.effort = effort
    self.softwareVersion = softwareVersion
  }
}

extension PlanRequest {
  /// SHA-256 over everything that shapes the plan, so equal requests share it.
  public var digest: String {
    let telescopes = self.telescopes.map { "\($0.id)=\(telescopeDigests[$0.id] ?? "")" }.sorted()
    var fields: [String] = [
      event.id, "\(event.revision)", mapDigest, telescopes.joined(separator: ","),
      named.sorted().joined(separator: ","), alone.sorted().joined(separator: ","),
      "\(window.start.tai)/\(window.end.tai)", earth.source, tiling.rawValue, "\(exposure?.seconds ?? 0)",
      "\(smallestGain)/\(smallestDepthGain)/\(effort)", softwareVersion,
    ]
    // Only where there are any: a request without keeps the digest it always had.
    for (name, list) in [
      ("observed", observed.map(\.digestText)), ("outages", outages.map(\.digestText)),
      ("refused", refused.map(\.digestText)), ("held", held.map(\.digestText)),
    ] where !list.isEmpty {
      fields.append("\(name)=" + list.sorted().joined(separator: ";"))
    }
    if !termsText.isEmpty { fields.append("terms=" + termsText) }
    if case .detection(let objective) = objective {
      fields.append("detect=" + objective.digestText)
    } else if let source {
      fields.append("judge=" + source.digestText)
    }
    if let revisits { fields.append("visits=\(revisits.count)/\(revisits.gap.seconds)") }
    if let filters { fields.append("filters=" + filters.digestText) }
    if let galaxies { fields.append("galaxies=" + galaxies.digestText) }
    if !favor.isEmpty {
      fields.append("favor=" + favor.map { "\($0.key)*\($0.value)" }.sorted().joined(separator: ","))
    }
    if !addsSecondLooks { fields.append("no second looks") }
    return SHA256.hexDigest(of: Array(fields.joined(separator: "\n").utf8))
  }
}
