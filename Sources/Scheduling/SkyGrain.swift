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
  private let toMap: Rotation<ICRS, MapFrame>

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
      for base in 0..<12 {
        descend(Cell(order: 0, index: UInt64(base)), low: 0, high: keys.count, region: own, into: &cover)
      }
    }
    if regions.count > 1 { cover.merge() }
    return cover
  }

  private func descend(
    _ cell: Cell, low: Int, high: Int, region: ConvexRegion<MapFrame>, into cover: inout Cover
  ) {
    let low = lowerBound(cell.firstKey, low, high)
    let high = lowerBound(cell.keys.upperBound, low, high)
    guard low < high else { return }
    let (sinRadius, cosRadius) = Self.boundingCaps[cell.order]
    switch region.overlap(center: cell.fastCenter, sinRadius: sinRadius, cosRadius: cosRadius) {
    case .outside: return
    case .inside:
      for i in low..<high { cover.append(grain: i, mask: .max) }
    case .partial:
      if high - low == 1, Int(orders[low]) == cell.order {
        let mask = mask(of: cell, in: region)
        if mask != 0 { cover.append(grain: low, mask: mask) }
      } else {
        for i in 0..<4 {
          descend(cell.child(UInt64(i)), low: low, high: high, region: region, into: &cover)
        }
      }
    }
  }

  /// Bit 8 v + u is the part at ((u + 1/2) / 8, (v + 1/2) / 8) of the cell.
  private func mask(of cell: Cell, in region: ConvexRegion<MapFrame>) -> UInt64 {
    let (south, east, north, west) = cell.corners
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

  private func lowerBound(_ key: UInt64, _ low: Int, _ high: Int) -> Int {
    var (low, high) = (low, high)
    while low < high {
      let middle = (low + high) / 2
      if keys[middle] < key { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private static let boundingCaps: [(sin: Double, cos: Double)] = (0...Cell.maxOrder).map { order in
    let r = Cell.boundingRadius(order: order)
    return (Direction<ICRS>(ra: .zero, dec: r).unit.z, Direction<ICRS>(ra: .zero, dec: r).unit.x)
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

    mutating func insert(_ cover: Cover) {
      for i in cover.grains.indices { masks[Int(cover.grains[i])] |= cover.masks[i] }
    }
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

extension Cell {
  /// The centre without a call into C.
  var fastCenter: SIMD3<Double> { point(0.5, 0.5) }
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
      return Direction<Frame>(normalizing: axis * cos(radius) + (x * cos(angle) + y * sin(angle)) * sin(radius))
    }
    return ConvexRegion(corners: corners) ?? self
  }
}
