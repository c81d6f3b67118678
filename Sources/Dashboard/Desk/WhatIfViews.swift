/// Other circumstances for the plan of an event.
public struct WhatIfForm: Codable, Hashable, Sendable {
  public struct Cloud: Codable, Hashable, Sendable {
    /// Name of the site, or a telescope there.
    public var site: String
    /// ISO 8601, or `hh:mm`: the next such time.
    public var untilUTC: String
    enum CodingKeys: String, CodingKey { case site, untilUTC = "until_utc" }
    public init(site: String, untilUTC: String) {
      self.site = site
      self.untilUTC = untilUTC
    }
  }
  /// Slugs of telescopes to do without.
  public var drop: [String]
  public var clouds: [Cloud]
  /// Nothing is to begin before it.
  public var startUTC: String?
  /// Slugs of telescopes to take although they are out of service.
  public var add: [String]
  /// To adopt it: the plan it was compared with.
  public var plan: String?

  enum CodingKeys: String, CodingKey { case drop, clouds, startUTC = "start_utc", add, plan }

  public init(
    drop: [String] = [], clouds: [Cloud] = [], startUTC: String? = nil, add: [String] = [],
    plan: String? = nil
  ) {
    self.drop = drop
    self.clouds = clouds
    self.startUTC = startUTC
    self.add = add
    self.plan = plan
  }

  public init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: CodingKeys.self)
    drop = try c.decodeIfPresent([String].self, forKey: .drop) ?? []
    clouds = try c.decodeIfPresent([Cloud].self, forKey: .clouds) ?? []
    startUTC = try c.decodeIfPresent(String.self, forKey: .startUTC)
    add = try c.decodeIfPresent([String].self, forKey: .add) ?? []
    plan = try c.decodeIfPresent(String.self, forKey: .plan)
  }

  var isEmpty: Bool { drop.isEmpty && clouds.isEmpty && startUTC == nil && add.isEmpty }
}

/// The plan in force beside the one that other circumstances would give; what has begun is in neither.
public struct WhatIfView: Encodable, Sendable {
  public struct Figures: Encodable, Sendable {
    /// Covered by what was observed and what is still to come.
    public var probability: Double
    public var tiles: Int
    public var telescopes: Int
    public init(probability: Double, tiles: Int, telescopes: Int) {
      self.probability = probability
      self.tiles = tiles
      self.telescopes = telescopes
    }
  }
  public struct Part: Encodable, Sendable {
    public var telescope: String
    public var slug: String
    public var tilesBefore: Int
    public var tilesAfter: Int
    /// Why it has nothing any more.
    public var reason: String?
    public init(telescope: String, slug: String, tilesBefore: Int, tilesAfter: Int, reason: String?) {
      self.telescope = telescope
      self.slug = slug
      self.tilesBefore = tilesBefore
      self.tilesAfter = tilesAfter
      self.reason = reason
    }
  }
  public var event: String
  /// The plan in force.
  public var plan: String
  public var assumptions: [String]
  public var before: Figures
  public var after: Figures
  public var kept: Int
  public var moved: Int
  public var new: Int
  public var dropped: Int
  /// A line per telescope that changes.
  public var lines: [String]
  public var parts: [Part]
  /// How long it took.
  public var seconds: Double

  public init(
    event: String, plan: String, assumptions: [String], before: Figures, after: Figures, kept: Int,
    moved: Int, new: Int, dropped: Int, lines: [String], parts: [Part], seconds: Double
  ) {
    self.event = event
    self.plan = plan
    self.assumptions = assumptions
    self.before = before
    self.after = after
    self.kept = kept
    self.moved = moved
    self.new = new
    self.dropped = dropped
    self.lines = lines
    self.parts = parts
    self.seconds = seconds
  }
}

/// What can be asked about an event now.
public struct WhatIfOptions: Sendable {
  public var plan: PlanLine
  /// By slug, with how many pointings each has.
  public var planned: [FormChoice]
  public var sites: [String]
  /// By slug, with the reason.
  public var outOfService: [FormChoice]
  /// What was adopted and still holds, each by what a form sends to take it back.
  public var adopted: [FormChoice]
  public init(
    plan: PlanLine, planned: [FormChoice], sites: [String], outOfService: [FormChoice],
    adopted: [FormChoice] = []
  ) {
    self.adopted = adopted
    self.plan = plan
    self.planned = planned
    self.sites = sites
    self.outOfService = outOfService
  }
}

extension Desk {
  public func whatIfOptions(on event: String) async throws(DeskError) -> WhatIfOptions {
    throw .unavailable("nothing is planned here")
  }
  public func whatIf(_ form: WhatIfForm, on event: String) async throws(DeskError) -> WhatIfView {
    throw .unavailable("nothing is planned here")
  }
  public func adopt(
    _ form: WhatIfForm, on event: String, by identity: Identity
  ) async throws(DeskError) -> AnswerLine {
    throw .unavailable("nothing is planned here")
  }
  public func takeBack(
    _ pieces: [String], on event: String, by identity: Identity
  ) async throws(DeskError) -> AnswerLine {
    throw .unavailable("nothing is planned here")
  }
}
