#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Healpix
import Skymaps
import Units

/// The whole sky in blocks, small where the probability is, each with the distribution of density in it:
/// what an upper bound needs to know of a map.
///
/// A block is a HEALPix cell; its profile is exact, so nothing is lost or gained by the size of blocks but
/// the sharpness of "who can observe it".
public struct SkyBlocks: Sendable {
  public let cells: [Cell]
  /// Probability per steradian, by block, the densest first.
  private(set) var density: ContiguousArray<Double> = []
  /// Probability and area (steradians) of all that is at least as dense, in the same block.
  private(set) var probability: ContiguousArray<Double> = []
  private(set) var area: ContiguousArray<Double> = []
  /// Where each block's profile starts; one more at the end.
  private(set) var offsets: [Int32] = [0]
  let toSky: Rotation<MapFrame, ICRS>

  public var count: Int { cells.count }

  /// - Parameters:
  ///   - share: a block that holds more than this of the probability is split, down to `finest`.
  ///   - finest: 2...12.
  public init(_ map: Skymap, share: Double = 1.0 / 3000, finest: Int = 6) {
    toSky = map.toMap.inverse
    let finest = min(max(finest, 2), 12)
    var sums: ContiguousArray<Double> = [0]
    sums.reserveCapacity(map.count + 1)
    for i in 0..<map.count { sums.append(sums[i] + map.probability(ofCell: i)) }
    var cells: [Cell] = []
    var waiting = (0..<12).reversed().map { Cell(order: 0, index: $0) }
    while let cell = waiting.popLast() {
      let grains = Self.cells(of: map, in: cell)
      let inside =
        Self.isOne(grains, map, above: cell)
        ? map.density[grains.lowerBound] * cell.area.steradians
        : sums[grains.upperBound] - sums[grains.lowerBound]
      if cell.order < 2 || cell.order < finest && inside > share {
        for i in (0..<4).reversed() { waiting.append(cell.child(UInt64(i))) }
      } else {
        cells.append(cell)
      }
    }
    self.cells = cells
    density.reserveCapacity(map.count)
    probability.reserveCapacity(map.count)
    area.reserveCapacity(map.count)
    for cell in cells { appendProfile(of: cell, map) }
  }

  /// The same blocks with the densities of another map of the same sky.
  init(_ other: SkyBlocks, density map: Skymap) {
    toSky = other.toSky
    cells = other.cells
    for cell in cells { appendProfile(of: cell, map) }
  }

  /// The map's cells inside a cell, or the one that holds it.
  private static func cells(of map: Skymap, in cell: Cell) -> Range<Int> {
    let low = map.firstIndex(atOrAfter: cell.firstKey)
    let high = map.firstIndex(atOrAfter: cell.keys.upperBound)
    if low > 0, map.cell(low - 1).keys.upperBound > cell.firstKey { return (low - 1)..<low }
    return low..<high
  }

  private static func isOne(_ range: Range<Int>, _ map: Skymap, above cell: Cell) -> Bool {
    range.count == 1 && Int(map.orders[range.lowerBound]) <= cell.order
  }

  private mutating func appendProfile(of cell: Cell, _ map: Skymap) {
    let inside = Self.cells(of: map, in: cell)
    var entries: [(density: Double, area: Double)] = []
    if Self.isOne(inside, map, above: cell) {
      entries = [(map.density[inside.lowerBound], cell.area.steradians)]
    } else {
      entries = inside.map { (map.density[$0], map.cell($0).area.steradians) }
    }
    entries.sort { $0.density > $1.density }
    var (p, a) = (0.0, 0.0)
    for entry in entries where entry.density > 0 {
      p += entry.density * entry.area
      a += entry.area
      if density.count > offsets.last!, density.last == entry.density {
        probability[probability.count - 1] = p
        area[area.count - 1] = a
      } else {
        density.append(entry.density)
        probability.append(p)
        area.append(a)
      }
    }
    offsets.append(Int32(density.count))
  }

  /// The blocks that share some sky with a cell.
  func range(of cell: Cell) -> Range<Int> {
    var (low, high) = (0, cells.count)
    while low < high {
      let middle = (low + high) / 2
      if cells[middle].keys.upperBound <= cell.firstKey { low = middle + 1 } else { high = middle }
    }
    while high < cells.count, cells[high].firstKey < cell.keys.upperBound { high += 1 }
    return low..<high
  }

  /// The middle of a block and a radius that holds all of it.
  public func cap(of block: Int) -> (center: Direction<ICRS>, radius: Angle) {
    let cell = cells[block]
    return (Direction(unit: toSky(cell.center)), Cell.boundingRadius(order: cell.order))
  }

  /// Probability in a block.
  func probability(of block: Int) -> Double {
    offsets[block + 1] > offsets[block] ? probability[Int(offsets[block + 1]) - 1] : 0
  }

  /// What a block holds beyond a price per steradian: the integral of max(0, density - price). O(log n).
  @inline(__always)
  func surplus(of block: Int, above price: Double) -> Double {
    let first = Int(offsets[block])
    var (low, high) = (first, Int(offsets[block + 1]))
    while low < high {
      let middle = (low + high) / 2
      if density[middle] > price { low = middle + 1 } else { high = middle }
    }
    return low > first ? probability[low - 1] - price * area[low - 1] : 0
  }

  /// The profile in steps of equal density, the densest first; areas in steradians.
  func forEachEntry(of block: Int, _ body: (_ density: Double, _ area: Double) -> Void) {
    let first = Int(offsets[block])
    for i in first..<Int(offsets[block + 1]) { body(density[i], area[i] - (i > first ? area[i - 1] : 0)) }
  }

  /// The block of each grain.
  func owners(of sky: SkyGrain) -> ContiguousArray<Int32> {
    var block = 0
    return ContiguousArray(
      (0..<sky.count).map { grain in
        while cells[block].keys.upperBound <= sky.keys[grain] { block += 1 }
        return Int32(block)
      })
  }
}

extension Skymap {
  /// The integral of max(0, density - price) over a cell. O(cells of the map in it).
  func surplus(in cell: Cell, above price: Double) -> Double {
    guard price < .infinity else { return 0 }
    let low = firstIndex(atOrAfter: cell.firstKey)
    let high = firstIndex(atOrAfter: cell.keys.upperBound)
    if low > 0, self.cell(low - 1).keys.upperBound > cell.firstKey {
      return max(0, density[low - 1] - price) * cell.area.steradians
    }
    var sum = 0.0
    for i in low..<high where density[i] > price {
      sum += (density[i] - price) * min(cell.area.steradians, self.cell(i).area.steradians)
    }
    return sum
  }
}
