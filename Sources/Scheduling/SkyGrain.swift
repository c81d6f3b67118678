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
  let corners: ContiguousArray<GrainCorners>
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
    let expected = Int(1.02 * region.area.steradians / Cell.area(order: order).steradians) + 1024
    keys.reserveCapacity(expected)
    orders.reserveCapacity(expected)
    weights.reserveCapacity(expected)
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
    corners = ContiguousArray(keys.indices.map { GrainCorners(Cell(order: Int(orders[$0]), key: keys[$0])) })
    toMap = map.toMap
  }

  /// The grains a set of regions covers, with their masks, by increasing grain.
  ///
  /// A part is covered when its centre lies in a region. The centre is interpolated between the corners
  /// of the grain (off by less than 2 arcsec for grains under half a degree).
  public func cover(_ regions: [ConvexRegion<ICRS>]) -> Cover {
    var cover = Cover()
    for region in regions {
      append(
        FieldSides(region.corners.isEmpty ? region.polygonOfEqualArea : region, toMap: toMap), to: &cover)
    }
    if regions.count > 1 { cover.merge() }
    return cover
  }

  /// The same for a field of view with north up.
  public func cover(_ field: FieldOutline, at center: Direction<ICRS>) -> Cover {
    let c = center.unit
    let across = (c.x * c.x + c.y * c.y).squareRoot()
    // At a pole, east and north are those of right ascension zero.
    let east = across > 0 ? SIMD3(-c.y / across, c.x / across, 0) : SIMD3(0, 1, 0)
    let north = cross(c, east)
    var cover = Cover()
    for polygon in field.polygons {
      append(FieldSides(polygon, at: toMap(c), east: toMap(east), north: toMap(north)), to: &cover)
    }
    if field.polygons.count > 1 { cover.merge() }
    return cover
  }

  private func append(_ sides: FieldSides, to cover: inout Cover) {
    // On the stack; large fields take several turns.
    withUnsafeTemporaryAllocation(of: Cover.Part.self, capacity: 60) { parts in
      var count = 0
      func add(_ grain: Int, _ mask: UInt64) {
        if count == parts.count {
          cover.append(parts[..<count])
          count = 0
        }
        parts[count] = Cover.Part(grain: UInt32(grain), mask: mask)
        count += 1
      }
      tree.forEachOverlap(with: sides) { grains, isInside in
        if isInside {
          for i in grains { add(i, .max) }
        } else {
          let mask = corners[grains.lowerBound].mask(sides)
          if mask != 0 { add(grains.lowerBound, mask) }
        }
      }
      cover.append(parts[..<count])
    }
  }
}

extension SkyGrain {
  /// A footprint in grains.
  public struct Cover: Sendable {
    var grains: ContiguousArray<UInt32> = []
    var masks: ContiguousArray<UInt64> = []

    public var isEmpty: Bool { grains.isEmpty }

    struct Part {
      var grain: UInt32
      var mask: UInt64
    }

    mutating func append(_ parts: Slice<UnsafeMutableBufferPointer<Part>>) {
      grains.append(contentsOf: parts.lazy.map(\.grain))
      masks.append(contentsOf: parts.lazy.map(\.mask))
    }

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
  var polygonOfEqualArea: ConvexRegion {
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
    let key: UInt64
    let order: UInt8
    /// Uncovered probability per steradian, averaged over the densest grain of the cell.
    public let density: Float

    public var cell: Cell { Cell(order: Int(order), key: key) }

    init(cell: Cell, density: Double) {
      key = cell.firstKey
      order = UInt8(cell.order)
      self.density = Float(density)
    }
  }

  /// Cells of `order` (or grains, where those are coarser) that still hold uncovered probability, the
  /// densest first; ties by position.
  ///
  /// - Parameter least: cells of less probability per steradian are left out.
  public func offers(order: Int, besides covered: Covered, least: Double = 0) -> ContiguousArray<Offer> {
    var offers: ContiguousArray<Offer> = []
    var end: UInt64 = 0
    var best = 0.0
    var cell = Cell(order: 0, key: 0)
    for i in keys.indices {
      let open = (~covered.masks[i]).nonzeroBitCount
      guard open > 0 else { continue }
      let density = partWeight[i] * Double(open) / Cell.area(order: Int(orders[i])).steradians
      if keys[i] >= end {
        if best > 0, best >= least { offers.append(Offer(cell: cell, density: best)) }
        cell = block(of: i, order: order)
        end = cell.keys.upperBound
        best = density
      } else {
        best = max(best, density)
      }
    }
    if best > 0, best >= least { offers.append(Offer(cell: cell, density: best)) }
    offers.sort { $0.density != $1.density ? $0.density > $1.density : $0.key < $1.key }
    return offers
  }

  /// Calls `body` with the densest grains that together hold `share` of the uncovered probability: their centre,
  /// their probability per steradian and their probability, by position.
  ///
  /// Where they end is told to a sixteenth of an octave of density, so the share may be a little more.
  public func forEachOpenGrain(
    besides covered: Covered, share: Double,
    _ body: (_ center: Direction<ICRS>, _ density: Double, _ probability: Double) -> Void
  ) {
    let areas = (0...Cell.maxOrder).map { Cell.area(order: $0).steradians }
    func open(_ i: Int) -> (density: Double, probability: Double) {
      let probability = partWeight[i] * Double((~covered.masks[i]).nonzeroBitCount)
      return (probability / areas[Int(orders[i])], probability)
    }
    // Exponent and four bits of the fraction: positive numbers in their order.
    func bin(_ density: Double) -> Int { Int(density.bitPattern >> 48) }
    var held = ContiguousArray<Double>(repeating: 0, count: 1 << 15)
    var sum = 0.0
    for i in keys.indices {
      let (density, probability) = open(i)
      held[bin(density)] += probability
      sum += probability
    }
    var least = held.count
    var left = share * sum
    while least > 0, left > 0 {
      least -= 1
      left -= held[least]
    }
    let toSky = toMap.inverse
    for i in keys.indices {
      let (density, probability) = open(i)
      guard probability > 0, bin(density) >= least else { continue }
      let center = Cell(order: Int(orders[i]), key: keys[i]).center
      body(Direction(unit: toSky(center)), density, probability)
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
