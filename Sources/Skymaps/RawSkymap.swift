import Healpix
import Units

/// The columns of a sky map as a file or notice holds them, before any check.
public struct RawSkymap: Sendable {
  public enum Layout: Sendable {
    /// One UNIQ number a row, as signed values read from the file.
    case multiOrder(uniq: ContiguousArray<Int64>)
    /// One value a pixel in the order of the scheme.
    case flat(nside: Int, ordering: Ordering)
    /// Explicit pixel numbers ("cut-sky").
    case partial(pixels: ContiguousArray<Int64>, nside: Int, ordering: Ordering)
    /// A flat map whose equal sibling pixels a `FlatMerger` joined while it was read: one value a cell,
    /// still in the unit of one pixel of the flat map. `orders` follow the NESTED sequence from key 0.
    case merged(orders: ContiguousArray<UInt8>, nside: Int, ordering: Ordering)
  }
  public enum Ordering: String, Sendable {
    case ring = "RING"
    case nested = "NESTED"
  }
  public enum Unit: Sendable { case perSteradian, perSquareDegree, perPixel, unstated }

  public var layout: Layout
  public var values: ContiguousArray<Double>
  public var unit: Unit
  /// The name of the column the values come from, for the report.
  public var valueName: String
  /// DISTMU, DISTSIGMA, DISTNORM as read; nil for a 2-D map.
  public var distance: DistanceLayer?
  public var frame: SkyFrame
  public var header: SkymapHeader
  /// What the file reader already noticed (truncated padding, odd headers, ...).
  public var findings: [SkymapReport.Finding]

  public init(
    layout: Layout, values: ContiguousArray<Double>, unit: Unit, valueName: String = "",
    distance: DistanceLayer? = nil, frame: SkyFrame = .icrs, header: SkymapHeader = .init(),
    findings: [SkymapReport.Finding] = []
  ) {
    self.layout = layout
    self.values = values
    self.unit = unit
    self.valueName = valueName
    self.distance = distance
    self.frame = frame
    self.header = header
    self.findings = findings
  }
}
