import Healpix
import Skymaps
import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Turns footprints into ranges of order-29 keys, and ranges into probability.
///
/// A cell whose bounding disc lies inside a footprint counts whole; one that an edge may cross is split
/// until it is a 128th of the field and holds less than `cellProbability`, or 1/2048 of the field, then
/// counts if its centre is inside. A leaf at the edge is wrong by at most itself, with either sign.
///
/// Error, measured against closed forms and a judge's finer raster in the tests: area of one field under
/// 0.3 %; probability of one field 1e-6 on ordinary maps and under 1e-4 where one field holds the whole
/// map and its sides follow the rows of centres; of a network under 2e-4. Edges between neighbours drop
/// out of a union.
struct FootprintRaster {
  /// Where leaves may still be too heavy, they are split further.
  static let cellProbability = 1e-7
  /// Bounding radius of a cell of order 0; half at each order. The largest distance from a centre to its
  /// corner is 0.841 rad at order 0 and tends to 1.07 * 2^-order (Górski et al. 2005, eqs. 4-9).
  static let boundingRadius = 1.1

  private let measure: MapMeasure
  private let radii: [(radius: Double, sine: Double)]

  init(_ measure: MapMeasure) {
    self.measure = measure
    radii = (0...Cell.maxOrder).map {
      let radius = Self.boundingRadius / Double(UInt64(1) << UInt64($0))
      return (radius, sin(radius))
    }
  }

  /// The keys of a footprint as increasing, disjoint, non-touching ranges. O(edge leaves).
  func ranges(of footprint: Footprint) -> [Range<UInt64>] {
    let (coarsest, finest) = Self.leafOrders(narrowest: footprint.narrowest)
    var result: [Range<UInt64>] = []
    var stack: [Cell] = (0..<12).reversed().map { Cell(order: 0, index: UInt64($0)) }
    while let cell = stack.popLast() {
      let center = cell.center
      let (radius, sine) = radii[cell.order]
      switch footprint.relation(toDiscAt: center, radius: radius, sine: sine) {
      case .outside: continue
      case .inside: Self.append(cell.keys, to: &result)
      case .boundary:
        let split =
          cell.order < coarsest
          || (cell.order < finest && measure.probability(of: cell.keys) > Self.cellProbability)
        if split {
          for i in (0..<4).reversed() { stack.append(cell.child(UInt64(i))) }
        } else if footprint.contains(center) {
          Self.append(cell.keys, to: &result)
        }
      }
    }
    return result
  }

  /// The order of leaves by area, and the order where splitting ends for good. A cell has the side
  /// sqrt(pi / 3) * 2^-order.
  private static func leafOrders(narrowest: Double) -> (coarsest: Int, finest: Int) {
    let levels = log2((Double.pi / 3).squareRoot() / (narrowest / 128)).rounded(.up)
    let coarsest = Int(max(3, min(24, levels)))
    return (coarsest, coarsest + 4)
  }

  private static func append(_ keys: Range<UInt64>, to ranges: inout [Range<UInt64>]) {
    if let last = ranges.last, last.upperBound == keys.lowerBound {
      ranges[ranges.count - 1] = last.lowerBound..<keys.upperBound
    } else {
      ranges.append(keys)
    }
  }
}

/// A map as a measure on order-29 keys: its probability up to a key is piecewise linear.
struct MapMeasure {
  private let keys: ContiguousArray<UInt64>
  private let orders: ContiguousArray<UInt8>
  /// Probability per key, inside each cell.
  private let perKey: ContiguousArray<Double>
  /// Probability before each cell, and one more for the end.
  private let before: ContiguousArray<Double>

  /// - Parameter map: nil measures nothing: every probability is zero.
  init(_ map: Skymap?) {
    keys = map?.keys ?? []
    orders = map?.orders ?? []
    var perKey = ContiguousArray<Double>()
    var before: ContiguousArray<Double> = [0]
    if let map {
      let keyArea = 4 * Double.pi / Double(Cell.keyEnd)
      for i in 0..<map.count {
        perKey.append(map.density[i] * keyArea)
        before.append(before[i] + map.probability(ofCell: i))
      }
    }
    self.perKey = perKey
    self.before = before
  }

  /// The index of the last cell that starts at or before a key; -1 before the first. O(log cells).
  func index(atOrBefore key: UInt64) -> Int {
    var low = 0
    var high = keys.count
    while low < high {
      let middle = (low + high) / 2
      if keys[middle] <= key { low = middle + 1 } else { high = middle }
    }
    return low - 1
  }

  /// Probability of the keys below `key`, given the cell `i` that `index(atOrBefore:)` would find.
  private func cumulative(_ key: UInt64, cell i: Int) -> Double {
    guard i >= 0 else { return 0 }
    let span = UInt64(1) << UInt64(2 * (Cell.maxOrder - Int(orders[i])))
    return before[i] + perKey[i] * Double(min(key - keys[i], span))
  }

  func probability(of range: Range<UInt64>) -> Double {
    let i = index(atOrBefore: range.lowerBound)
    let below = cumulative(range.lowerBound, cell: i)
    // Most ranges are small beside a cell: the next cell is where the search would end.
    if i + 1 >= keys.count || range.upperBound < keys[i + 1] {
      return cumulative(range.upperBound, cell: i) - below
    }
    return cumulative(range.upperBound, cell: index(atOrBefore: range.upperBound)) - below
  }
}

/// What a set of footprints adds up to when each counts only the sky that none before it covered.
struct NewSky {
  /// By footprint, in the order given: probability not covered by any earlier one.
  var probability: [Double]
  /// Area of the union, steradians.
  var area: Double
  /// Probability of the union.
  var total: Double { probability.reduce(0, +) }

  /// One range of keys of one footprint.
  struct Piece {
    var start: UInt64
    var end: UInt64
    /// Position of the footprint in time; earlier ones own the sky.
    var owner: Int32
  }

  /// - Parameters:
  ///   - pieces: by increasing start.
  ///   - count: how many owners there are.
  /// Sweeps the sphere once; the sky between two ends belongs to the earliest of the footprints there.
  /// O(pieces * depth of overlap).
  init(_ pieces: [Piece], owners count: Int, measure: MapMeasure) {
    probability = Array(repeating: 0, count: count)
    var keys: UInt64 = 0
    var active: [Piece] = []
    var position: UInt64 = 0

    func advance(to limit: UInt64, _ probability: inout [Double]) {
      while position < limit, !active.isEmpty {
        var owner = Int32.max
        var end = limit
        for piece in active {
          owner = min(owner, piece.owner)
          end = min(end, piece.end)
        }
        if end > position {
          probability[Int(owner)] += measure.probability(of: position..<end)
          keys += end - position
          position = end
        }
        active.removeAll { $0.end <= position }
      }
    }
    for piece in pieces {
      advance(to: piece.start, &probability)
      position = max(position, piece.start)
      active.append(piece)
    }
    advance(to: .max, &probability)
    area = 4 * .pi * Double(keys) / Double(Cell.keyEnd)
  }
}
