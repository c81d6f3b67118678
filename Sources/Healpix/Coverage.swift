import Units

/// A set of sky, as sorted, disjoint, non-touching ranges of order-29 keys: a MOC
/// (Multi-Order Coverage map, IVOA Recommendation 2.0, 2022).
public struct Coverage: Hashable, Sendable {
  public let ranges: [Range<UInt64>]

  public static let empty = Coverage(sorted: [])
  public static let all = Coverage(sorted: [0..<Cell.keyEnd])

  @usableFromInline init(sorted: [Range<UInt64>]) { ranges = sorted }

  /// Any ranges, in any order, overlapping or not; empty ones are dropped and the rest clamped to the
  /// sphere. O(n) if they come sorted.
  @inlinable public init(_ ranges: some Sequence<Range<UInt64>>) {
    var merged: [Range<UInt64>] = []
    var unsorted: [Range<UInt64>] = []
    for r in ranges {
      let end = Swift.min(r.upperBound, Cell.keyEnd)
      guard r.lowerBound < end else { continue }
      if let last = merged.last, r.lowerBound <= last.upperBound {
        if r.lowerBound < last.lowerBound {
          unsorted.append(r.lowerBound..<end)
        } else if end > last.upperBound {
          merged[merged.count - 1] = last.lowerBound..<end
        }
      } else {
        merged.append(r.lowerBound..<end)
      }
    }
    self =
      unsorted.isEmpty
      ? Coverage(sorted: merged) : Coverage((merged + unsorted).sorted { $0.lowerBound < $1.lowerBound })
  }

  @inlinable public init(cells: some Sequence<Cell>) { self.init(cells.lazy.map(\.keys)) }

  public var isEmpty: Bool { ranges.isEmpty }
  public var area: SolidAngle {
    let keys = ranges.reduce(UInt64(0)) { $0 + UInt64($1.count) }
    return SolidAngle(steradians: 4 * .pi * Double(keys) / Double(Cell.keyEnd))
  }

  public func contains(key: UInt64) -> Bool {
    let i = firstRange(endingAfter: key)
    return i < ranges.count && ranges[i].contains(key)
  }

  private func firstRange(endingAfter key: UInt64) -> Int {
    var (low, high) = (0, ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound <= key { low = middle + 1 } else { high = middle }
    }
    return low
  }

  public func contains(_ cell: Cell) -> Bool { relation(to: cell) == .inside }

  /// How a cell lies to the set. O(log ranges).
  public func relation(to cell: Cell) -> Overlap {
    let keys = cell.keys
    let i = firstRange(endingAfter: keys.lowerBound)
    guard i < ranges.count, ranges[i].lowerBound < keys.upperBound else { return .outside }
    return ranges[i].lowerBound <= keys.lowerBound && keys.upperBound <= ranges[i].upperBound
      ? .inside : .partial
  }

  /// The coarsest order whose cells can write the set exactly; 0 for the empty one.
  public var order: Int {
    var bits: UInt64 = 0
    for r in ranges { bits |= r.lowerBound | r.upperBound }
    return bits == 0 ? 0 : Swift.max(0, Cell.maxOrder - bits.trailingZeroBitCount / 2)
  }

  public func union(_ other: Coverage) -> Coverage { Coverage(ranges + other.ranges) }

  public func intersection(_ other: Coverage) -> Coverage {
    var result: [Range<UInt64>] = []
    var (i, j) = (0, 0)
    while i < ranges.count, j < other.ranges.count {
      let low = max(ranges[i].lowerBound, other.ranges[j].lowerBound)
      let high = min(ranges[i].upperBound, other.ranges[j].upperBound)
      if low < high { result.append(low..<high) }
      if ranges[i].upperBound < other.ranges[j].upperBound { i += 1 } else { j += 1 }
    }
    return Coverage(sorted: result)
  }

  public var complement: Coverage {
    var result: [Range<UInt64>] = []
    var start: UInt64 = 0
    for r in ranges {
      if start < r.lowerBound { result.append(start..<r.lowerBound) }
      start = r.upperBound
    }
    if start < Cell.keyEnd { result.append(start..<Cell.keyEnd) }
    return Coverage(sorted: result)
  }

  public func subtracting(_ other: Coverage) -> Coverage { intersection(other.complement) }

  /// The fewest cells that make up the set, sorted by key.
  public var cells: [Cell] {
    var result: [Cell] = []
    for r in ranges {
      var start = r.lowerBound
      while start < r.upperBound {
        let aligned = start == 0 ? 58 : min(58, start.trailingZeroBitCount & ~1)
        let room = (63 - (r.upperBound - start).leadingZeroBitCount) & ~1
        let shift = min(aligned, room)
        result.append(Cell(order: Cell.maxOrder - shift / 2, key: start))
        start += 1 << UInt64(shift)
      }
    }
    return result
  }

  /// The set grown outward to whole cells of `order`.
  public func degraded(to order: Int) -> Coverage {
    let span = UInt64(1) << UInt64(2 * (Cell.maxOrder - order))
    return Coverage(ranges.map { $0.lowerBound / span * span..<($0.upperBound + span - 1) / span * span })
  }
}
