import Notices
import Units

/// What is known of where the source is, to plan on.
public enum PlanBasis: Codable, Hashable, Sendable {
  /// A sky map that the caller holds, by the reference it was asked for with.
  case map(reference: String)
  /// The region that a notice states, while there is no map.
  case region(Coded<ErrorRegion>)
}

/// One exposure centred on the position, for a telescope whose field holds the error four times over.
public struct CentredTile: Codable, Hashable, Sendable {
  public let telescope: String
  @Coded public private(set) var center: Direction<ICRS>
}

/// What the network should plan for an event from now on. A newer order replaces it; a plan made for an
/// older one must not be published.
public struct PlanOrder: Codable, Hashable, Sendable {
  /// From 1, increasing within the event.
  public internal(set) var number: Int
  public let event: String
  public let realm: Realm
  /// Key of the notice that gives the place.
  public let noticeKey: String
  public let basis: PlanBasis
  /// A better basis that is being fetched; what is asked does not depend on it.
  public internal(set) var awaitedMap: String?
  /// Outcome, telescopes allowed and excluded, exposures, priority, objective, airmass, ...
  public let orders: Orders
  /// One tile each and no search; every other telescope that is allowed tiles or targets.
  public let centred: [CentredTile]
  /// After this nothing should be observed for it.
  @Coded public private(set) var expires: Instant?
  /// Telescopes or filters that are out, as known when it was given; nil is none.
  public internal(set) var absences: [Absence]?
  /// Tiles that teams refused; nil is none.
  public internal(set) var refusals: [TileRefusal]?
  /// What people have adopted beside it; nil is nothing.
  public internal(set) var adjustment: PlanAdjustment?

  /// Whether a telescope (by its id in the registry) may be asked.
  public func allows(_ telescope: String) -> Bool {
    orders.allows(telescope) || orders.outcome.isFollowUp && adjustment?.added.contains(telescope) ?? false
  }

  /// The same order under other circumstances: for looking at what would be.
  public func under(absences: [Absence], adjustment: PlanAdjustment?) -> PlanOrder {
    var copy = self
    copy.absences = absences.isEmpty ? nil : absences
    copy.adjustment = adjustment
    return copy
  }

  /// Whether it asks for the same plan, whatever its number.
  public func asksTheSame(as other: PlanOrder) -> Bool {
    var copy = other
    (copy.number, copy.awaitedMap) = (number, awaitedMap)
    return copy == self
  }

  /// Of what is asked, without the number: equal orders have equal digests however they came about.
  public var digest: String {
    get throws {
      var copy = self
      (copy.number, copy.awaitedMap) = (0, nil)
      return SHA256.hexDigest(of: try RecordJSON.text(copy))
    }
  }
}

/// A telescope, or one of its filters, that is out for a while.
public struct Absence: Codable, Hashable, Sendable {
  /// Its id in the registry.
  public let telescope: String
  public let filter: String?
  @Coded public private(set) var start: Instant
  @Coded public private(set) var end: Instant
  public let reason: String

  public init(telescope: String, filter: String? = nil, window: TimeWindow, reason: String) {
    self.telescope = telescope
    self.filter = filter
    start = window.start
    end = window.end
    self.reason = reason
  }
}

/// What people have changed about the plans of an event, beyond outages.
public struct PlanAdjustment: Codable, Hashable, Sendable {
  /// Ids of telescopes that plan although their files say that they are out of service.
  public var added: [String]
  /// Nothing is to begin before it.
  @Coded public var notBefore: Instant?

  public init(added: [String] = [], notBefore: Instant? = nil) {
    self.added = added
    self.notBefore = notBefore
  }
}

/// A tile that a team will not observe.
public struct TileRefusal: Codable, Hashable, Sendable {
  public let telescope: String
  public let tile: String
  @Coded public private(set) var center: Direction<ICRS>

  public init(telescope: String, tile: String, center: Direction<ICRS>) {
    self.telescope = telescope
    self.tile = tile
    self.center = center
  }
}

/// As much of a telescope as an order needs.
public struct TelescopeField: Hashable, Sendable {
  /// Its id in the registry.
  public let id: String
  /// The shorter side of its field, or the diameter.
  public let shortSide: Angle

  public init(id: String, shortSide: Angle) {
    self.id = id
    self.shortSide = shortSide
  }

  /// Whether a source this well known needs no tiling: its 90 % radius is below a quarter of the field.
  public func holds(_ radius: Angle) -> Bool { radius < shortSide / 4 }
}

/// The parts of a region as numbers in degrees.
public struct RegionCode: Codable, Hashable, Sendable {
  let shape: String
  /// Right ascension and declination, ICRS.
  let points: [[Double]]
  /// Radius, or the semi-axes and the position angle.
  let extent: [Double]
  let containment: Double
}

extension ErrorRegion: JSONCoded {
  public var code: RegionCode {
    switch self {
    case .circle(let center, let radius, let containment):
      RegionCode(shape: "circle", points: [center.code], extent: [radius.code], containment: containment.code)
    case .ellipse(let center, let major, let minor, let angle, let containment):
      RegionCode(
        shape: "ellipse", points: [center.code], extent: [major.code, minor.code, angle.code],
        containment: containment.code)
    case .polygon(let corners, let containment):
      RegionCode(shape: "polygon", points: corners.map(\.code), extent: [], containment: containment.code)
    }
  }

  public init?(code: RegionCode) {
    guard let points = [Direction<ICRS>](code: code.points), let first = points.first,
      let containment = Fraction(code: code.containment)
    else { return nil }
    let extent = code.extent.map { Angle.degrees($0) }
    switch (code.shape, extent.count) {
    case ("circle", 1): self = .circle(center: first, radius: extent[0], containment: containment)
    case ("ellipse", 3):
      self = .ellipse(
        center: first, semiMajor: extent[0], semiMinor: extent[1], positionAngle: extent[2],
        containment: containment)
    case ("polygon", 0): self = .polygon(corners: points, containment: containment)
    default: return nil
    }
  }
}
