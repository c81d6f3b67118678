import Healpix
import Units

/// The cells of a map ranked by density: credible areas and regions, and where a direction stands.
///
/// Ties are broken by key, so that results never depend on the order of the input. Building is
/// O(cells): 0.5 ms for 19,200.
public struct CredibleRegions: Sendable {
  public let map: Skymap
  /// Cells from the densest on.
  let ranking: ContiguousArray<Int32>
  /// Where a cell stands in `ranking`.
  let rank: ContiguousArray<Int32>
  /// Probability and area of the first n + 1 cells of the ranking.
  let cumulativeProbability: ContiguousArray<Double>
  let cumulativeArea: ContiguousArray<Double>
  /// Cells with any probability: the first ones of the ranking.
  let populated: Int

  public init(of map: Skymap) {
    self.map = map
    ranking = Self.descending(map.density)
    var rank = ContiguousArray<Int32>(repeating: 0, count: map.count)
    var probability = ContiguousArray<Double>()
    var area = ContiguousArray<Double>()
    probability.reserveCapacity(map.count)
    area.reserveCapacity(map.count)
    var (p, a) = (0.0, 0.0)
    var populated = 0
    for (n, i) in ranking.enumerated() {
      let cell = Cell.area(order: Int(map.orders[Int(i)])).steradians
      p += map.density[Int(i)] * cell
      a += cell
      if map.density[Int(i)] > 0 { populated = n + 1 }
      rank[Int(i)] = Int32(n)
      probability.append(p)
      area.append(a)
    }
    self.rank = rank
    self.populated = populated
    cumulativeProbability = probability
    cumulativeArea = area
  }

  /// Indices by falling value, equal values by rising index: a radix sort of the bit patterns, which
  /// order as the values do since none is negative.
  static func descending(_ values: ContiguousArray<Double>) -> ContiguousArray<Int32> {
    let count = values.count
    // Adding 0 turns -0 into +0.
    var keys = ContiguousArray(values.map { ~($0 + 0).bitPattern })
    var order = ContiguousArray((0..<count).map { Int32($0) })
    var otherKeys = keys
    var otherOrder = order
    let digits = 2048
    for shift in stride(from: 0, to: 64, by: 11) {
      func digit(_ key: UInt64) -> Int { Int(key >> UInt64(shift) & UInt64(digits - 1)) }
      var starts = ContiguousArray(repeating: 0, count: digits)
      for key in keys { starts[digit(key)] += 1 }
      if let only = keys.first, starts[digit(only)] == count { continue }
      var sum = 0
      for d in 0..<digits { (starts[d], sum) = (sum, sum + starts[d]) }
      for i in 0..<count {
        let d = digit(keys[i])
        otherKeys[starts[d]] = keys[i]
        otherOrder[starts[d]] = order[i]
        starts[d] += 1
      }
      swap(&keys, &otherKeys)
      swap(&order, &otherOrder)
    }
    return order
  }

  /// The area of the smallest region that holds `level` of the probability, the last cell in proportion.
  ///
  /// Linear between cells as in `ligo.skymap`. At 1 it is all cells with any probability.
  public func area(at level: Fraction) -> SolidAngle {
    let n = cellsBefore(level)
    guard n < populated else {
      return SolidAngle(steradians: populated > 0 ? cumulativeArea[populated - 1] : 0)
    }
    let (p0, a0) = n > 0 ? (cumulativeProbability[n - 1], cumulativeArea[n - 1]) : (0, 0)
    let part = (level.value - p0) / (cumulativeProbability[n] - p0)
    return SolidAngle(steradians: a0 + part * (cumulativeArea[n] - a0))
  }

  /// The probability in the densest `area` of the sky: the inverse of `area(at:)`.
  public func probability(within area: SolidAngle) -> Fraction {
    var (low, high) = (0, populated)
    while low < high {
      let middle = (low + high) / 2
      if cumulativeArea[middle] <= area.steradians { low = middle + 1 } else { high = middle }
    }
    guard low < populated else { return Fraction(clamping: cumulativeProbability.last ?? 0) }
    let (p0, a0) = low > 0 ? (cumulativeProbability[low - 1], cumulativeArea[low - 1]) : (0, 0)
    let part = (area.steradians - a0) / (cumulativeArea[low] - a0)
    return Fraction(clamping: p0 + part * (cumulativeProbability[low] - p0))
  }

  /// How many cells of the ranking lie wholly within `level`.
  private func cellsBefore(_ level: Fraction) -> Int {
    var (low, high) = (0, populated)
    while low < high {
      let middle = (low + high) / 2
      if cumulativeProbability[middle] <= level.value { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The smallest set of whole cells that holds at least `level`: those before which less than `level`
  /// was reached. Cells without probability never belong. In the frame of the map.
  public func coverage(at level: Fraction) -> Coverage {
    let belonging = cellCount(at: level)
    return Coverage(cells: (0..<map.count).lazy.filter { rank[$0] < belonging }.map { map.cell($0) })
  }

  /// `coverage(at:)` in ICRS, the frame of every MOC.
  ///
  /// Of a map in another frame: the cells of the finest order of its region, at most 9 (7 arcmin), whose centres
  /// lie in it. The area is then right to a cell along the border.
  public func coverageInICRS(at level: Fraction) -> Coverage {
    let own = coverage(at: level)
    guard map.frame != .icrs, !own.isEmpty else { return own }
    let finest = (0..<map.count).reduce(0) { own.contains(map.cell($1)) ? max($0, map.cell($1).order) : $0 }
    let order = min(finest, 9)
    return Coverage(
      cells: (0..<Cell.count(order: order)).lazy.map { Cell(order: order, index: $0) }.filter { cell in
        own.contains(key: Cell.key(of: map.toMap(cell.center)))
      })
  }

  /// The cells of `coverage(at:)`, densest first, as indices of the map.
  public func cells(at level: Fraction) -> [Int] {
    ranking.prefix(cellCount(at: level)).map { Int($0) }
  }

  /// How many cells of the ranking come before `level` is reached.
  private func cellCount(at level: Fraction) -> Int {
    var (low, high) = (0, populated)
    while low < high {
      let middle = (low + high) / 2
      let before = middle > 0 ? cumulativeProbability[middle - 1] : 0
      if before < level.value { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The densest cell's centre (of equals, the one with the smallest key).
  public var peak: Direction<ICRS> {
    let center = Direction<MapFrame>(unit: map.cell(Int(ranking[0])).center)
    return map.toMap.inverse(center)
  }

  /// What must be searched, from the densest cell on, to come upon a direction; its own cell counts.
  public struct Searched: Sendable, Hashable {
    public let probability: Fraction
    public let area: SolidAngle
  }

  /// Nil where the map has no cell.
  public func searched(at direction: Direction<ICRS>) -> Searched? {
    guard let i = map.cellIndex(at: direction) else { return nil }
    let n = Int(rank[i])
    return Searched(
      probability: Fraction(clamping: cumulativeProbability[n]),
      area: SolidAngle(steradians: cumulativeArea[n]))
  }

  /// The bound above which every credible region contains the direction: it lies in `coverage(at: c)`
  /// for all c greater than this. Nil where the map has no probability.
  public func level(at direction: Direction<ICRS>) -> Fraction? {
    guard let i = map.cellIndex(at: direction), map.density[i] > 0 else { return nil }
    let n = Int(rank[i])
    return Fraction(clamping: n > 0 ? cumulativeProbability[n - 1] : 0)
  }
}

extension Skymap {
  /// Probability per steradian in a direction; 0 where the map has no cell.
  public func density(at direction: Direction<ICRS>) -> Double {
    cellIndex(at: direction).map { density[$0] } ?? 0
  }

  /// The probability in a set of sky, which must be in the frame of the map. O(cells + ranges).
  public func probability(in coverage: Coverage) -> Double {
    var sum = 0.0
    var i = 0
    for range in coverage.ranges {
      i = max(i, firstIndex(atOrAfter: range.lowerBound) - 1)
      i = max(i, 0)
      while i < count, keys[i] < range.upperBound {
        let cell = self.cell(i).keys.clamped(to: range)
        if !cell.isEmpty {
          sum +=
            density[i] * Cell.area(order: Cell.maxOrder).steradians
            * Double(cell.upperBound - cell.lowerBound)
        }
        i += 1
      }
      i -= 1
    }
    return sum
  }
}
