import Units

extension Coverage {
  /// Which cells stand for a region at the finest order.
  public enum CellRule: Sendable {
    /// Every cell whose bounding cap touches all half-spaces of the region and its bounding cap: a
    /// superset, larger by less than the diameter of a cell except at sharp corners.
    case touching
    /// Cells whose centre lies in the region: area right on average.
    case centerInside
  }

  /// A region as cells of at most `order`, in the frame of the region.
  public init<Frame>(_ region: ConvexRegion<Frame>, order: Int, rule: CellRule = .touching) {
    var found: [Range<UInt64>] = []
    let order = Swift.min(Swift.max(order, 0), Cell.maxOrder)
    for face in 0..<12 {
      Self.collect(Cell(order: 0, index: UInt64(face)), region, order, rule, &found)
    }
    self.init(found)
  }

  /// The union of regions as cells of at most `order`.
  public init<Frame>(unionOf regions: [ConvexRegion<Frame>], order: Int, rule: CellRule = .touching) {
    self.init(regions.flatMap { Coverage($0, order: order, rule: rule).ranges })
  }

  private static func collect<Frame>(
    _ cell: Cell, _ region: ConvexRegion<Frame>, _ order: Int, _ rule: CellRule,
    _ found: inout [Range<UInt64>]
  ) {
    let radius = Cell.boundingRadius(order: cell.order)
    let center = cell.center
    let reach = radius + region.boundingRadius
    if reach.radians < .pi, (center * region.boundingCenter.unit).sum() < reach.cosine { return }
    switch region.overlap(center: center, sinRadius: radius.sine, cosRadius: radius.cosine) {
    case .outside: return
    case .inside: found.append(cell.keys)
    case .partial where cell.order < order:
      for i in 0..<4 { collect(cell.child(UInt64(i)), region, order, rule, &found) }
    case .partial:
      if rule == .touching || region.contains(Direction(unit: center)) { found.append(cell.keys) }
    }
  }
}
