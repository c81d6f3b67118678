import Units

/// What `night.svg` shows: who can observe when, and what the plan does with it. A value, as `SkyChart`.
public struct NightChart: Sendable {
  public struct Row: Sendable {
    public var name: String
    /// Where the telescope may observe.
    public var dark: [TimeWindow]
    /// Sun below the horizon; optional, drawn under `dark`.
    public var sunDown: [TimeWindow] = []
    /// Moon above the horizon; optional, drawn as a line under the blocks.
    public var moonUp: [TimeWindow] = []
    /// By start time, without overlap.
    public var blocks: [Block]
    public var tiles: Int
    public var probability: Fraction
    public init(name: String, dark: [TimeWindow], blocks: [Block], tiles: Int, probability: Fraction) {
      self.name = name
      self.dark = dark
      self.blocks = blocks
      self.tiles = tiles
      self.probability = probability
    }
  }

  /// One assignment.
  public struct Block: Sendable {
    public var window: TimeWindow
    /// What it adds to the network's probability.
    public var added: Fraction
    public init(window: TimeWindow, added: Fraction) {
      self.window = window
      self.added = added
    }
  }

  public struct Omitted: Sendable {
    public var name: String
    public var reason: String
    public init(name: String, reason: String) {
      self.name = name
      self.reason = reason
    }
  }

  public var title: String
  public var subtitle: [String] = []
  public var window: TimeWindow
  public var event: Instant?
  public var made: Instant?
  /// Drawn from top to bottom.
  public var rows: [Row] = []
  public var omitted: [Omitted] = []
  /// No plan of the same request can exceed it.
  public var upperBound: Fraction?

  public init(title: String, window: TimeWindow) {
    self.title = title
    self.window = window
  }
}

extension NightChart {
  /// The plan as rows by first darkness, then from east to west; the caller may add twilight and Moon.
  public init(_ network: NetworkPlanDocument) {
    self.init(title: ChartText.title(network), window: network.window.window)
    subtitle = ChartText.subtitle(network)
    event = network.event.t0?.instant
    made = network.made.instant
    upperBound = network.network.upperBound.map { Fraction(clamping: $0) }
    let latest = network.window.end
    let sorted = network.plans.sorted {
      ($0.darkWindows.first?.start ?? latest, -$0.telescope.lonDeg, $0.telescope.name)
        < ($1.darkWindows.first?.start ?? latest, -$1.telescope.lonDeg, $1.telescope.name)
    }
    rows = sorted.map { plan in
      Row(
        name: plan.telescope.name, dark: plan.darkWindows.map(\.window),
        blocks: plan.rows.map { row in
          Block(
            window: TimeWindow(row.startUTC.instant, max(row.startUTC.instant, row.endUTC.instant)),
            added: Fraction(clamping: row.added))
        },
        tiles: plan.rows.count, probability: Fraction(clamping: plan.totals.prob))
    }
    omitted = network.omissions.map { Omitted(name: $0.telescope, reason: $0.reason) }
  }
}
