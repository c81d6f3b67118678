import Units

/// What `skymap.svg` shows. A value: the caller computes the sky, the drawing only draws it.
public struct SkyChart: Sendable {
  /// The tiles of one telescope.
  public struct Layer: Sendable {
    public var name: String
    /// In the union of the tiles; nil prints nothing.
    public var probability: Fraction?
    /// Most probable first. Each is one or more convex outlines (a mosaic camera has several).
    public var tiles: [Tile]
    public init(name: String, probability: Fraction?, tiles: [Tile]) {
      self.name = name
      self.probability = probability
      self.tiles = tiles
    }
  }

  public struct Tile: Sendable {
    public var rank: Int
    public var center: Direction<ICRS>
    /// Corners of convex parts joined by great circles; empty for a point-source target.
    public var parts: [[Direction<ICRS>]]
    public init(rank: Int, center: Direction<ICRS>, parts: [[Direction<ICRS>]]) {
      self.rank = rank
      self.center = center
      self.parts = parts
    }
  }

  /// The border of a credible region, as closed loops of any sense.
  public struct Contour: Sendable {
    public var level: Fraction
    public var outlines: [[Direction<ICRS>]]
    public init(level: Fraction, outlines: [[Direction<ICRS>]]) {
      self.level = level
      self.outlines = outlines
    }
  }

  /// A galaxy that some field of the plan points at.
  public struct Galaxy: Sendable {
    public var name: String
    public var direction: Direction<ICRS>
    /// Share of the weight of all galaxies ranked.
    public var weight: Fraction
    public init(name: String, direction: Direction<ICRS>, weight: Fraction) {
      self.name = name
      self.direction = direction
      self.weight = weight
    }
  }

  public struct Moon: Sendable {
    public var direction: Direction<ICRS>
    /// The lit part of the disc.
    public var illumination: Fraction
    public init(direction: Direction<ICRS>, illumination: Fraction) {
      self.direction = direction
      self.illumination = illumination
    }
  }

  public var title: String
  /// Lines under the title.
  public var subtitle: [String] = []
  public var layers: [Layer] = []
  /// What the layers stand for, in the words for those who do not see them.
  public var layersAre = "Telescopes"
  /// The likeliest host first.
  public var galaxies: [Galaxy] = []
  /// The smallest credible level whose region holds a direction, 0...1; more than 1 where the map has no
  /// probability. It draws shading and smooth contours, and takes the place of `contours`.
  public var credibleLevel: (@Sendable (Direction<ICRS>) -> Double)?
  /// Used when `credibleLevel` is nil.
  public var contours: [Contour] = []
  public var area90: SolidAngle
  public var peak: Direction<ICRS>
  public var sun: Direction<ICRS>?
  public var moon: Moon?
  /// The radius drawn about the Moon; nil draws none.
  public var moonAvoidance: Angle?
  /// The right ascension in the middle; nil chooses the one that does not cut the 90 % region.
  public var centerRA: Angle?

  public init(title: String, area90: SolidAngle, peak: Direction<ICRS>) {
    self.title = title
    self.area90 = area90
    self.peak = peak
  }
}

extension SkyChart {
  /// Title, numbers and footprints of a plan; the caller adds the map, the Sun and the Moon.
  public init(_ network: NetworkPlanDocument) {
    let peak = network.map.peak
    self.init(
      title: ChartText.title(network), area90: .squareDegrees(network.map.area90Deg2),
      peak: Direction(ra: .degrees(peak.raDeg), dec: .degrees(peak.decDeg)))
    subtitle = ChartText.subtitle(network)
    layers = network.plans.filter { !$0.rows.isEmpty }.map { plan in
      let tiles = plan.rows.sorted { $0.rank < $1.rank }.map { row in
        Tile(
          rank: row.rank, center: Direction(ra: .degrees(row.raDeg), dec: .degrees(row.decDeg)),
          parts: FootprintOutline.corners(of: plan.instrument, at: row))
      }
      return Layer(name: plan.telescope.name, probability: Fraction(clamping: plan.totals.prob), tiles: tiles)
    }
    .sorted { ($1.probability ?? .zero, $0.name) < ($0.probability ?? .zero, $1.name) }
    galaxies = TargetedGalaxy.all(in: network).map {
      Galaxy(
        name: $0.galaxy.name,
        direction: Direction(ra: .degrees($0.galaxy.raDeg), dec: .degrees($0.galaxy.decDeg)),
        weight: Fraction(clamping: $0.galaxy.weight))
    }
    let limits = Set(network.plans.map(\.limits.moonSepDeg))
    moonAvoidance = limits.min().map { .degrees($0) }
  }
}

extension SkyChart {
  /// The chart with the layers after the first `count - 1` made one, where there are more than `count`.
  func condensed(to count: Int) -> SkyChart {
    guard layers.count > count else { return self }
    var copy = self
    let rest = layers[(count - 1)...]
    let tiles = rest.flatMap(\.tiles).sorted { $0.rank < $1.rank }
    copy.layers =
      layers.prefix(count - 1) + [
        Layer(name: "\(rest.count) more telescopes", probability: nil, tiles: tiles)
      ]
    return copy
  }
}

/// Sentences that both charts print.
enum ChartText {
  static func title(_ network: NetworkPlanDocument) -> String {
    var text = network.event.id
    if let alert = network.event.alert { text += " \(alert)" }
    if let t0 = network.event.t0 { text += " · \(spaced(t0.instant)) UTC" }
    if network.status != .go { text += " · \(network.status.rawValue)" }
    return text
  }

  static func subtitle(_ network: NetworkPlanDocument) -> [String] {
    var map =
      "50 % in \(network.map.area50Deg2.significant()) deg², 90 % in \(network.map.area90Deg2.significant()) deg²"
    if let mean = network.map.distanceMeanMpc {
      map += " · \(mean.significant())"
      if let deviation = network.map.distanceStdMpc { map += " ± \(deviation.significant())" }
      map += " Mpc"
    }
    let classes = network.event.classification.filter { $0.probability >= 0.005 }
      .map { "\($0.name) \(($0.probability * 100).fixed(0)) %" }
    if !classes.isEmpty { map += " · " + classes.joined(separator: ", ") }
    let active = network.plans.filter { !$0.rows.isEmpty }
    let tiles = active.reduce(0) { $0 + $1.rows.count }
    var plan = "Plan: nothing to observe"
    if !active.isEmpty {
      plan = "Plan: \((network.network.probability * 100).fixed(1)) % of the probability in "
      plan += "\(network.network.areaDeg2.significant()) deg² by \(active.count) telescope"
      plan += "\(active.count == 1 ? "" : "s"), \(tiles) tile\(tiles == 1 ? "" : "s")"
    }
    if let bound = network.network.upperBound {
      plan += "; no plan can exceed \((bound * 100).fixed(1)) %"
      if let gap = network.network.gap { plan += " (gap \((gap * 100).fixed(1)) %)" }
    } else {
      plan += "; \((network.network.reachable * 100).fixed(1)) % is in reach"
    }
    if let detection = network.network.detection {
      plan += "; \((detection * 100).fixed(1)) % to find \(network.network.source ?? "the source")"
      if let bound = network.network.detectionBound { plan += " (at most \((bound * 100).fixed(1)) %)" }
    }
    return [map, plan + " · made \(spaced(network.made.instant)) UTC"]
  }

  static func spaced(_ t: Instant) -> String {
    t.iso8601().replacing("T", with: " ").replacing("Z", with: "")
  }
}

/// How much a drawing may weigh and how finely it is drawn.
public enum ChartDetail: Sendable {
  /// For files and print: up to about 60 KB.
  case figure
  /// For a page on a slow line: up to about 25 KB.
  case page

  var byteBudget: Int { self == .figure ? 59_000 : 24_500 }
  /// Telescopes that get a colour and a letter of their own.
  var layerLimit: Int { self == .figure ? 104 : 16 }
  /// Grid of coordinates, per pixel.
  var unitsPerPixel: Double { self == .figure ? 4 : 2 }
  /// Largest distance of a contour from its drawn line, in pixels.
  var tolerance: Double { self == .figure ? 0.4 : 0.8 }
}
