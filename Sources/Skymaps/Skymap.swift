import Healpix
import Units

/// The frame a map's cells are in. Maps are never re-projected: queries are rotated into this frame.
public enum SkyFrame: String, Sendable, Hashable { case icrs, galactic, ecliptic }

/// The frame of a map's own cells, whichever `SkyFrame` that is.
public enum MapFrame {}

/// A probability map of the sky as multi-order HEALPix cells, normalised to 1.
///
/// Structure of arrays, sorted by `keys`: cell i covers the NESTED order-29 keys
/// `keys[i] ..< keys[i] + 4^(29 - orders[i])`. Cells are disjoint; sky that no cell covers has
/// probability zero.
public struct Skymap: Sendable {
  /// First order-29 key of each cell, increasing.
  public let keys: ContiguousArray<UInt64>
  /// Order of each cell, 0...29.
  public let orders: ContiguousArray<UInt8>
  /// Probability per steradian, finite and >= 0.
  public let density: ContiguousArray<Double>
  /// Per-cell distance posterior; nil for a 2-D map.
  public let distance: DistanceLayer?
  public let frame: SkyFrame
  public let header: SkymapHeader
  public let report: SkymapReport

  /// Takes arrays that already keep the invariants above; readers go through `Skymap(_: RawSkymap)`.
  package init(
    keys: ContiguousArray<UInt64>, orders: ContiguousArray<UInt8>, density: ContiguousArray<Double>,
    distance: DistanceLayer?, frame: SkyFrame, header: SkymapHeader, report: SkymapReport
  ) {
    self.keys = keys
    self.orders = orders
    self.density = density
    self.distance = distance
    self.frame = frame
    self.header = header
    self.report = report
  }

  @inlinable public var count: Int { keys.count }
  @inlinable public func cell(_ i: Int) -> Cell { Cell(order: Int(orders[i]), key: keys[i]) }
  @inlinable public func probability(ofCell i: Int) -> Double {
    density[i] * Cell.area(order: Int(orders[i])).steradians
  }

  /// From ICRS into the frame of the cells.
  public var toMap: Rotation<ICRS, MapFrame> {
    let identity = (SIMD3<Double>(1, 0, 0), SIMD3<Double>(0, 1, 0), SIMD3<Double>(0, 0, 1))
    let rows =
      switch frame {
      case .icrs: identity
      case .galactic: Rotation<ICRS, Galactic>.standard.rows
      case .ecliptic: Rotation<ICRS, Ecliptic>.j2000.rows
      }
    return Rotation(rows: rows.0, rows.1, rows.2)
  }

  /// The cell that holds a direction, or nil where the map has none. O(log cells).
  public func cellIndex(at direction: Direction<ICRS>) -> Int? {
    cellIndex(ofKey: Cell.key(of: frame == .icrs ? direction.unit : toMap(direction.unit)))
  }

  @inlinable public func cellIndex(ofKey key: UInt64) -> Int? {
    let i = firstIndex(atOrAfter: key &+ 1) - 1
    guard i >= 0, key - keys[i] < 1 << UInt64(2 * (Cell.maxOrder - Int(orders[i]))) else { return nil }
    return i
  }

  /// The first cell whose first key is >= `key`. O(log cells).
  @inlinable public func firstIndex(atOrAfter key: UInt64) -> Int {
    var low = 0
    var high = keys.count
    while low < high {
      let middle = (low + high) / 2
      if keys[middle] < key { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// Parameters of the per-cell distance posterior (Singer et al. 2016, ApJL 829 L15, eq. 1):
/// p(r) = norm / (sqrt(2 pi) sigma) exp(-(r - mu)^2 / (2 sigma^2)) r^2. Mpc, Mpc, Mpc^-2.
///
/// Arrays run parallel to the cells. A cell without distance has norm == 0. `mu` may be negative.
public struct DistanceLayer: Sendable, Hashable {
  public let mu: ContiguousArray<Double>
  public let sigma: ContiguousArray<Double>
  public let norm: ContiguousArray<Double>
  public init(mu: ContiguousArray<Double>, sigma: ContiguousArray<Double>, norm: ContiguousArray<Double>) {
    self.mu = mu
    self.sigma = sigma
    self.norm = norm
  }
}

/// What a map says of itself. Nothing here is needed to use the map; absent cards are nil.
public struct SkymapHeader: Sendable, Hashable {
  /// OBJECT: often the G-number of a pipeline event, so never an event's identity.
  public var object: String?
  /// DATE-OBS (MJD-OBS when it alone is there): the time of the event.
  public var eventTime: Instant?
  /// INSTRUME, split at commas.
  public var instruments: [String] = []
  public var creator: String?
  public var reference: String?
  /// DISTMEAN and DISTSTD as written; `Skymap` recomputes its own.
  public var distanceMean: Distance?
  public var distanceDeviation: Distance?
  public init() {}
}

/// What was found and repaired while a map was read.
public struct SkymapReport: Sendable, Hashable {
  /// The layout that was read.
  public enum Kind: String, Sendable, Hashable {
    case multiOrder = "multi-order"
    case flat, partial, circle, ellipse
  }
  public enum Severity: String, Sendable, Hashable, Comparable {
    /// Legal but worth knowing.
    case note
    /// Repaired; the map may not be what its author meant.
    case warning
    public static func < (a: Self, b: Self) -> Bool { a == .note && b == .warning }
  }
  public struct Finding: Sendable, Hashable {
    public let severity: Severity
    /// A stable word such as `renormalised`, `negative_density`, `hole`, `no_ordering`.
    public let code: String
    /// One sentence for a person, with the count or value.
    public let message: String
    public init(_ severity: Severity, _ code: String, _ message: String) {
      self.severity = severity
      self.code = code
      self.message = message
    }
  }
  public var kind: Kind
  /// "multi-order", "flat NESTED nside 256 [PROB]", ...: the layout in words.
  public var layout: String
  public var sumBeforeNormalisation: Double
  /// Share of the sphere that the cells cover.
  public var coverage: Fraction
  public var findings: [Finding] = []

  public init(kind: Kind, layout: String, sumBeforeNormalisation: Double, coverage: Fraction) {
    self.kind = kind
    self.layout = layout
    self.sumBeforeNormalisation = sumBeforeNormalisation
    self.coverage = coverage
  }
}
