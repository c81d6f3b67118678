import Units

/// The whole network at one moment: every telescope's night, and what it has of each event.
public struct NetworkView: Encodable, Sendable {
  public var nowUTC: String
  public var telescopes: [TelescopeNow]
  public init(nowUTC: String, telescopes: [TelescopeNow]) {
    self.nowUTC = nowUTC
    self.telescopes = telescopes
  }
}

/// One telescope: its night, its next pointing, and how far it is with each event.
public struct TelescopeNow: Encodable, Sendable {
  public var telescope: TelescopeLine
  /// `dark`, `soon` (within two hours: contact now), `day`, `never`, or null where nobody looked.
  public var night: String?
  public var darkFromUTC: String?
  public var darkUntilUTC: String?
  /// How the team is reached: `slack`, `icare`, ...
  public var channel: String?
  public var cells: [Cell]

  /// What one telescope has of one event.
  public struct Cell: Encodable, Sendable {
    public var event: String
    /// `planned`, `sent`, `accepted`, `observing`, `done`, `cannot`, `left_out`, `stopped`; others of later
    /// versions are shown by their name.
    public var state: String
    public var tiles: Int
    public var firstUTC: String?
    /// Why it cannot, or was left out.
    public var reason: String?

    public init(event: String, state: String, tiles: Int, firstUTC: String? = nil, reason: String? = nil) {
      self.event = event
      self.state = state
      self.tiles = tiles
      self.firstUTC = firstUTC
      self.reason = reason
    }
  }

  public init(
    telescope: TelescopeLine, night: String? = nil, darkFromUTC: String? = nil, darkUntilUTC: String? = nil,
    channel: String? = nil, cells: [Cell] = []
  ) {
    self.telescope = telescope
    self.night = night
    self.darkFromUTC = darkFromUTC
    self.darkUntilUTC = darkUntilUTC
    self.channel = channel
    self.cells = cells
  }
}

/// A drawing that this program made: the one kind of text that pages take in as markup.
public struct Drawing: Hashable, Sendable {
  let svg: String
  /// - Parameter svg: well-formed, escaped, without script, style and addresses of others.
  public init(madeHere svg: String) { self.svg = svg }
}

/// Where a telescope is and what it sees, beyond its queue: for its page.
public struct TelescopeSky: Sendable {
  public var chart: Drawing?
  /// The site's clock, `2026-11-21 04:11 +01:00`, for a moment.
  public var offsetMinutes: Int?
  public var zone: String?
  /// `03:41`.
  public var siderealTime: String?
  /// Of the next target, now.
  public var altitudeDeg: Double?
  public var airmass: Double?
  public var moonSeparationDeg: Double?
  public var moonAltitudeDeg: Double?
  public var moonIllumination: Double?
  /// When it goes below the limit.
  public var setsUTC: String?

  public init(
    chart: Drawing? = nil, offsetMinutes: Int? = nil, zone: String? = nil, siderealTime: String? = nil,
    altitudeDeg: Double? = nil, airmass: Double? = nil, moonSeparationDeg: Double? = nil,
    moonAltitudeDeg: Double? = nil, moonIllumination: Double? = nil, setsUTC: String? = nil
  ) {
    self.chart = chart
    self.offsetMinutes = offsetMinutes
    self.zone = zone
    self.siderealTime = siderealTime
    self.altitudeDeg = altitudeDeg
    self.airmass = airmass
    self.moonSeparationDeg = moonSeparationDeg
    self.moonAltitudeDeg = moonAltitudeDeg
    self.moonIllumination = moonIllumination
    self.setsUTC = setsUTC
  }
}

/// The live plan of an event in detail: for its page.
public struct PlanSheet: Encodable, Sendable {
  public struct Tile: Encodable, Sendable {
    public var telescope: String
    public var slug: String
    public var field: String
    public var raDeg: Double
    public var decDeg: Double
    public var startUTC: String
    public var probability: Double
    /// Null where it was not kept.
    public var reason: String?
    public init(
      telescope: String, slug: String, field: String, raDeg: Double, decDeg: Double, startUTC: String,
      probability: Double, reason: String? = nil
    ) {
      self.reason = reason
      self.telescope = telescope
      self.slug = slug
      self.field = field
      self.raDeg = raDeg
      self.decDeg = decDeg
      self.startUTC = startUTC
      self.probability = probability
    }
  }

  /// One telescope of the plan, or one that got nothing and why.
  public struct Part: Encodable, Sendable {
    public var name: String
    public var slug: String
    public var state: String
    public var tiles: Int
    public var probability: Double?
    /// What it adds to the others.
    public var added: Double?
    public var startUTC: String?
    public var endUTC: String?
    public var reason: String?
    public init(
      name: String, slug: String, state: String, tiles: Int, probability: Double? = nil, added: Double? = nil,
      startUTC: String? = nil, endUTC: String? = nil, reason: String? = nil
    ) {
      self.name = name
      self.slug = slug
      self.state = state
      self.tiles = tiles
      self.probability = probability
      self.added = added
      self.startUTC = startUTC
      self.endUTC = endUTC
      self.reason = reason
    }
  }

  /// A galaxy that fields of the plan were chosen for.
  public struct Galaxy: Encodable, Sendable {
    public var name: String
    public var raDeg: Double
    public var decDeg: Double
    public var distanceMpc: Double?
    /// Share of the weight of all galaxies ranked.
    public var weight: Double
    /// Who points at it, the first one first.
    public var telescopes: [String]
    public var startUTC: String
    public init(
      name: String, raDeg: Double, decDeg: Double, distanceMpc: Double?, weight: Double,
      telescopes: [String], startUTC: String
    ) {
      self.name = name
      self.raDeg = raDeg
      self.decDeg = decDeg
      self.distanceMpc = distanceMpc
      self.weight = weight
      self.telescopes = telescopes
      self.startUTC = startUTC
    }
  }

  /// Against the plan before: pointings by telescope and tile.
  public struct Change: Encodable, Sendable {
    public var before: String
    public var kept: Int
    /// The same tile at another time.
    public var moved: Int
    public var new: Int
    public var dropped: Int
    /// Of the plan before, and begun before this one was made.
    public var past: Int
    /// Of the network, now minus before.
    public var probabilityChange: Double?
    /// A line per telescope that changed.
    public var lines: [String]
    public init(
      before: String, kept: Int, moved: Int, new: Int, dropped: Int, past: Int, probabilityChange: Double?,
      lines: [String]
    ) {
      self.before = before
      self.kept = kept
      self.moved = moved
      self.new = new
      self.dropped = dropped
      self.past = past
      self.probabilityChange = probabilityChange
      self.lines = lines
    }
  }

  public var plan: String
  public var probability: Double
  public var reachable: Double
  /// No plan of the same request can hold more; null until one was computed.
  public var upperBound: Double?
  public var gap: Double?
  public var top: [Tile]
  public var parts: [Part]
  public var change: Change?
  /// The likeliest hosts; empty where nobody points at galaxies.
  public var galaxies: [Galaxy] = []
  /// With those that are not listed.
  public var galaxyCount = 0
  /// Drawn for pages only.
  public var coverage: Drawing?
  public var distance: Drawing?

  enum CodingKeys: String, CodingKey {
    case plan, probability, reachable, upperBound, gap, top, parts, change, galaxies, galaxyCount
  }

  public init(
    plan: String, probability: Double, reachable: Double, upperBound: Double?, gap: Double?, top: [Tile],
    parts: [Part], change: Change? = nil, coverage: Drawing? = nil, distance: Drawing? = nil
  ) {
    self.plan = plan
    self.probability = probability
    self.reachable = reachable
    self.upperBound = upperBound
    self.gap = gap
    self.top = top
    self.parts = parts
    self.change = change
    self.coverage = coverage
    self.distance = distance
  }
}

extension Desk {
  public func network(of events: [String]) async throws(DeskError) -> NetworkView {
    NetworkView(
      nowUTC: await health().nowUTC, telescopes: try await telescopes().map { TelescopeNow(telescope: $0) })
  }
  public func world(_ network: NetworkView) async -> Drawing? { nil }
  public func sky(of slug: String) async throws(DeskError) -> TelescopeSky { TelescopeSky() }
  public func region(of event: String, file: String) async throws(DeskError) -> FileView {
    throw .notFound("\(event) has no map")
  }
  public func livePlan(of event: String) async throws(DeskError) -> PlanSheet? { nil }
}
