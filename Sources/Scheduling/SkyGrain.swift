#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Healpix
import Skymaps
import Units

/// The sky in grains: the shared currency in which the telescopes' footprints are compared.
///
/// A grain is a HEALPix cell inside one cell of the map, so its probability density is constant, cut
/// into 8 x 8 parts. A footprint is a list of grains, each with a 64-bit mask of the parts it covers;
/// the union of footprints is the OR of masks, and a marginal gain is a population count. What is
/// reported of a finished plan is recomputed exactly; grains only steer the search.
public struct SkyGrain: Sendable {
  /// First order-29 keys, increasing, in the frame of the map.
  let keys: ContiguousArray<UInt64>
  let orders: ContiguousArray<UInt8>
  /// Probability of one of the 64 parts.
  let partWeight: ContiguousArray<Double>
  let tree: GrainTree
  /// South, east, north and west corner of every grain. Single precision is good to 0.02 arcsec.
  let corners: ContiguousArray<SIMD3<Float>>
  let toMap: Rotation<ICRS, MapFrame>

  public var count: Int { keys.count }
  /// Probability in all grains.
  public let probability: Double

  /// - Parameters:
  ///   - region: the part of the sky worth looking at; grains are the map's cells inside it.
  ///   - order: cells coarser than this order are split down to it; 0...26.
  public init(_ map: Skymap, region: Coverage, order: Int) {
    var keys: ContiguousArray<UInt64> = []
    var orders: ContiguousArray<UInt8> = []
    var weights: ContiguousArray<Double> = []
    var total = 0.0
    for range in region.ranges {
      var i = max(0, map.firstIndex(atOrAfter: range.lowerBound &+ 1) - 1)
      while i < map.count, map.keys[i] < range.upperBound {
        defer { i += 1 }
        let cell = map.cell(i)
        guard map.density[i] > 0, cell.firstKey >= range.lowerBound, cell.keys.upperBound <= range.upperBound
        else { continue }
        let grainOrder = max(cell.order, order)
        let span = UInt64(1) << UInt64(2 * (Cell.maxOrder - grainOrder))
        let weight = map.density[i] * Cell.area(order: grainOrder).steradians / 64
        var key = cell.firstKey
        while key < cell.keys.upperBound {
          keys.append(key)
          orders.append(UInt8(grainOrder))
          weights.append(weight)
          key += span
        }
        total += map.probability(ofCell: i)
      }
    }
    self.keys = keys
    self.orders = orders
    partWeight = weights
    probability = total
    tree = GrainTree(keys: keys, orders: orders)
    corners = Self.corners(keys, orders)
    toMap = map.toMap
  }

  /// The grains a set of regions covers, with their masks, by increasing grain.
  ///
  /// A part is covered when its centre lies in a region. The centre is interpolated between the corners
  /// of the grain (off by less than 2 arcsec for grains under half a degree).
  public func cover(_ regions: [ConvexRegion<ICRS>]) -> Cover {
    var cover = Cover()
    for region in regions {
      let own = (region.corners.isEmpty ? region.polygonOfEqualArea : region).rotated(by: toMap)
      tree.forEachOverlap(with: own) { grains, isInside in
        if isInside {
          for i in grains { cover.append(grain: i, mask: .max) }
        } else {
          let i = grains.lowerBound
          let mask = mask(of: i, in: own)
          if mask != 0 { cover.append(grain: i, mask: mask) }
        }
      }
    }
    if regions.count > 1 { cover.merge() }
    return cover
  }

  private static func corners(
    _ keys: ContiguousArray<UInt64>, _ orders: ContiguousArray<UInt8>
  ) -> ContiguousArray<SIMD3<Float>> {
    var result: ContiguousArray<SIMD3<Float>> = []
    result.reserveCapacity(4 * keys.count)
    for i in keys.indices {
      let (s, e, n, w) = Cell(order: Int(orders[i]), key: keys[i]).corners
      result.append(SIMD3(s))
      result.append(SIMD3(e))
      result.append(SIMD3(n))
      result.append(SIMD3(w))
    }
    return result
  }

  /// Bit 8 v + u is the part at ((u + 1/2) / 8, (v + 1/2) / 8) of the cell.
  private func mask(of grain: Int, in region: ConvexRegion<MapFrame>) -> UInt64 {
    let south = SIMD3<Double>(corners[4 * grain])
    let east = SIMD3<Double>(corners[4 * grain + 1])
    let north = SIMD3<Double>(corners[4 * grain + 2])
    let west = SIMD3<Double>(corners[4 * grain + 3])
    let steps = SIMD8<Double>(0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5) / 8
    var mask = UInt64.max
    for side in region.halfSpaces {
      let (s, e, n, w) = (side.value(south), side.value(east), side.value(north), side.value(west))
      if s >= 0, e >= 0, n >= 0, w >= 0 { continue }
      if s < 0, e < 0, n < 0, w < 0 { return 0 }
      var bits: UInt64 = 0
      for row in 0..<8 {
        let v = steps[row]
        let left = s + (w - s) * v
        let right = e + (n - e) * v
        let values = steps * (right - left) + left
        bits |= UInt64(Self.bits(values .>= 0)) << UInt64(8 * row)
      }
      mask &= bits
      if mask == 0 { return 0 }
    }
    return mask
  }

  private static func bits(_ m: SIMDMask<SIMD8<Int64>>) -> UInt8 {
    var result: UInt8 = 0
    for i in 0..<8 where m[i] { result |= 1 << UInt8(i) }
    return result
  }
}

extension SkyGrain {
  /// A footprint in grains.
  public struct Cover: Sendable {
    var grains: ContiguousArray<UInt32> = []
    var masks: ContiguousArray<UInt64> = []

    public var isEmpty: Bool { grains.isEmpty }

    mutating func append(grain: Int, mask: UInt64) {
      grains.append(UInt32(grain))
      masks.append(mask)
    }

    /// Joins entries of the same grain, for footprints of several regions.
    mutating func merge() {
      let order = grains.indices.sorted { grains[$0] < grains[$1] }
      var merged = Cover()
      for i in order {
        if merged.grains.last == grains[i] {
          merged.masks[merged.masks.count - 1] |= masks[i]
        } else {
          merged.append(grain: Int(grains[i]), mask: masks[i])
        }
      }
      self = merged
    }
  }

  /// The parts some footprint of a growing set covers.
  public struct Covered: Sendable {
    var masks: ContiguousArray<UInt64>

    /// Probability that `cover` adds. O(grains of the cover).
    @inline(__always)
    func gain(_ cover: Cover, weights: borrowing ContiguousArray<Double>) -> Double {
      var sum = 0.0
      for i in cover.grains.indices {
        let grain = Int(cover.grains[i])
        sum += weights[grain] * Double((cover.masks[i] & ~masks[grain]).nonzeroBitCount)
      }
      return sum
    }

    public mutating func insert(_ cover: Cover) {
      for i in cover.grains.indices { masks[Int(cover.grains[i])] |= cover.masks[i] }
    }
  }

  /// Probability per steradian of a grain.
  @inline(__always)
  func partDensity(of grain: Int) -> Double {
    partWeight[grain] * 64 * Double(UInt64(1) << UInt64(2 * Int(orders[grain]))) / (.pi / 3)
  }

  public var uncovered: Covered { Covered(masks: .init(repeating: 0, count: count)) }

  /// Probability in one footprint.
  public func probability(of cover: Cover) -> Double { uncoveredGain(cover) }

  private func uncoveredGain(_ cover: Cover) -> Double {
    var sum = 0.0
    for i in cover.grains.indices {
      sum += partWeight[Int(cover.grains[i])] * Double(cover.masks[i].nonzeroBitCount)
    }
    return sum
  }
}

extension ConvexRegion {
  /// A regular 16-gon with the area of this cap, so that every side is a great circle.
  fileprivate var polygonOfEqualArea: ConvexRegion {
    let sides = 16
    let planar = (Double(sides) / (2 * .pi) * sin(2 * .pi / Double(sides))).squareRoot()
    let radius = min(boundingRadius.radians / planar, 1.5)
    let axis = boundingCenter.unit
    let helper = abs(axis.z) < 0.9 ? SIMD3<Double>(0, 0, 1) : SIMD3<Double>(1, 0, 0)
    let x = Direction<Frame>(normalizing: cross(helper, axis)).unit
    let y = cross(axis, x)
    let corners = (0..<sides).map { i in
      let angle = 2 * .pi * Double(i) / Double(sides)
      return Direction<Frame>(
        normalizing: axis * cos(radius) + (x * cos(angle) + y * sin(angle)) * sin(radius))
    }
    return ConvexRegion(corners: corners) ?? self
  }
}

extension SkyGrain {
  /// A cell of the sky with what it still has to offer.
  public struct Offer: Sendable {
    public let cell: Cell
    /// Uncovered probability per steradian, averaged over the densest grain of the cell.
    public let density: Double
  }

  /// Cells of `order` (or grains, where those are coarser) that still hold uncovered probability, the
  /// densest first; ties by position.
  public func offers(order: Int, besides covered: Covered) -> [Offer] {
    var offers: [Offer] = []
    var end: UInt64 = 0
    var best = 0.0
    var cell = Cell(order: 0, key: 0)
    for i in keys.indices {
      let open = (~covered.masks[i]).nonzeroBitCount
      guard open > 0 else { continue }
      let density = partWeight[i] * Double(open) / Cell.area(order: Int(orders[i])).steradians
      if keys[i] >= end {
        if best > 0 { offers.append(Offer(cell: cell, density: best)) }
        cell = block(of: i, order: order)
        end = cell.keys.upperBound
        best = density
      } else {
        best = max(best, density)
      }
    }
    if best > 0 { offers.append(Offer(cell: cell, density: best)) }
    return offers.sorted {
      $0.density != $1.density ? $0.density > $1.density : $0.cell.firstKey < $1.cell.firstKey
    }
  }

  /// Centres of the grains that still hold uncovered probability and what they hold, the densest first;
  /// ties by position.
  public func openGrains(besides covered: Covered) -> [(center: Direction<ICRS>, probability: Double)] {
    let toSky = toMap.inverse
    let held = keys.indices.compactMap { i -> (grain: Int, density: Double, probability: Double)? in
      let probability = partWeight[i] * Double((~covered.masks[i]).nonzeroBitCount)
      guard probability > 0 else { return nil }
      return (i, probability / Cell.area(order: Int(orders[i])).steradians, probability)
    }
    return held.sorted { $0.density != $1.density ? $0.density > $1.density : $0.grain < $1.grain }.map {
      (Direction(unit: toSky(Cell(order: Int(orders[$0.grain]), key: keys[$0.grain]).center)), $0.probability)
    }
  }

  /// The cell of `order`, or the grain itself if that is coarser, that a grain lies in.
  func block(of grain: Int, order: Int) -> Cell {
    Cell(order: min(order, Int(orders[grain])), key: keys[grain])
  }

  /// The centre of a cell and its four corners.
  public func marks(of cell: Cell) -> [Direction<ICRS>] {
    let toSky = toMap.inverse
    let (s, e, n, w) = cell.corners
    return [cell.center, s, e, n, w].map { Direction(unit: toSky($0)) }
  }

  /// The coarsest order whose cells are no wider than `spacing`.
  public static func order(ofCellsUnder spacing: Angle) -> Int {
    let wanted = (SolidAngle.sphere.steradians / 12).squareRoot() / max(spacing.radians, 1e-9)
    return min(Cell.maxOrder, max(0, Int(log2(max(wanted, 1)).rounded(.up))))
  }

  /// Points spread evenly over a cell, no farther apart than `spacing`.
  public func forEachProbe(of cell: Cell, spacing: Angle, _ body: (Direction<ICRS>) -> Void) {
    let side = cell.area.steradians.squareRoot()
    let n = min(64, max(1, Int((side / spacing.radians).rounded(.up))))
    let toSky = toMap.inverse
    for i in 0..<n {
      for j in 0..<n {
        let point = cell.point((Double(i) + 0.5) / Double(n), (Double(j) + 0.5) / Double(n))
        body(Direction(unit: toSky(point)))
      }
    }
  }

  /// The order at which grains resolve fields of `smallest` side with 16 parts, or less where the region
  /// would take more than `budget` grains.
  public static func order(resolving smallest: Angle, region: SolidAngle, budget: Int = 300_000) -> Int {
    let wanted = (SolidAngle.sphere.steradians / 12).squareRoot() * 2 / smallest.radians
    let order = Int(log2(max(wanted, 1)).rounded(.up))
    // Cells of order o: 12 * 4^o on the sphere of 4 pi.
    let limit = Int(
      (log2(max(Double(budget) * 4 * .pi / 12 / max(region.steradians, 1e-9), 1)) / 2).rounded(.down))
    return min(max(min(order, limit), 4), 13)
  }
}

extension SkyGrain {
  /// Marks the coarse cells (about two thousand of them) of which `isWanted` holds as covered.
  public func insertBlocks(into covered: inout Covered, where isWanted: (Cell) -> Bool) {
    _ = someBlock { cell, grains in
      let isOpen = grains.contains { covered.masks[$0] != .max }
      if isOpen, isWanted(cell) {
        for i in grains { covered.masks[i] = .max }
      }
      return false
    }
  }

  /// Probability of all that is covered.
  public func probability(of covered: Covered) -> Double {
    keys.indices.reduce(0) { $0 + partWeight[$1] * Double(covered.masks[$1].nonzeroBitCount) }
  }

  /// Whether `predicate` holds for some coarse cell, given with its grains.
  public func someBlock(where predicate: (Cell, Range<Int>) -> Bool) -> Bool {
    let order = blockOrder
    var low = 0
    while low < keys.count {
      let cell = block(of: low, order: order)
      var high = low + 1
      while high < keys.count, keys[high] < cell.keys.upperBound { high += 1 }
      if predicate(cell, low..<high) { return true }
      low = high
    }
    return false
  }

  /// The order at which the region has about two thousand cells.
  private var blockOrder: Int {
    let covered = keys.indices.reduce(UInt64(0)) { $0 + (1 << UInt64(2 * (Cell.maxOrder - Int(orders[$1])))) }
    let share = max(Double(covered) / Double(Cell.keyEnd), 1e-9)
    return min(9, max(4, Int((log2(2000 / (12 * share)) / 2).rounded(.up))))
  }
}
