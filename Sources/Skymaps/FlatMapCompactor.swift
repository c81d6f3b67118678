import Healpix
import Units

/// Turns a flat map into multi-order cells as its pixels stream by: four equal siblings become their
/// parent, again and again.
///
/// Lossless: a cell stands for pixels with bit-for-bit equal values in all columns. Memory grows with
/// the cells that are left, not with the pixels. NaN equals NaN here, so that blank sky compacts too.
public struct FlatMapCompactor: Sendable {
  /// What is left: parallel columns by rising key. Values are still per pixel of the flat map, or
  /// whatever was fed in; sums need the number of pixels in the cell, 4^(order - orders[i]).
  public struct Result: Sendable {
    public internal(set) var keys: ContiguousArray<UInt64> = []
    public internal(set) var orders: ContiguousArray<UInt8> = []
    public internal(set) var values: ContiguousArray<Double> = []
    public internal(set) var distance: DistanceLayer?
  }

  public let order: Int
  private let hasDistance: Bool
  private var keys: ContiguousArray<UInt64> = []
  private var orders: ContiguousArray<UInt8> = []
  private var values: ContiguousArray<Double> = []
  private var mu: ContiguousArray<Double> = []
  private var sigma: ContiguousArray<Double> = []
  private var norm: ContiguousArray<Double> = []
  /// NESTED index of the next pixel.
  public private(set) var next: UInt64 = 0

  /// - Parameters:
  ///   - order: of the flat map, 0...29.
  ///   - distance: whether DISTMU, DISTSIGMA and DISTNORM come with every pixel.
  public init(order: Int, distance: Bool = false) {
    self.order = order
    hasDistance = distance
  }

  /// The next pixels in NESTED order, any number of them; those past the end of the sphere are dropped.
  public mutating func append(_ pixels: Span<Double>) {
    precondition(!hasDistance, "this map was said to have distance columns")
    pixels.withUnsafeBufferPointer { append(Columns(values: $0, mu: $0, sigma: $0, norm: $0)) }
  }

  /// The next pixels of a map with distance; all four of equal length.
  public mutating func append(
    _ pixels: Span<Double>, mu: Span<Double>, sigma: Span<Double>, norm: Span<Double>
  ) {
    precondition(
      hasDistance && mu.count == pixels.count && sigma.count == pixels.count && norm.count == pixels.count,
      "columns of a map differ in length")
    pixels.withUnsafeBufferPointer { pixels in
      mu.withUnsafeBufferPointer { mu in
        sigma.withUnsafeBufferPointer { sigma in
          norm.withUnsafeBufferPointer { norm in
            append(Columns(values: pixels, mu: mu, sigma: sigma, norm: norm))
          }
        }
      }
    }
  }

  /// The compacted map; pixels that never came are left out.
  public consuming func finish() -> Result {
    Result(
      keys: keys, orders: orders, values: values,
      distance: hasDistance ? DistanceLayer(mu: mu, sigma: sigma, norm: norm) : nil)
  }

  /// The same for a whole map in RING order.
  public static func compact(
    ring values: ContiguousArray<Double>, order: Int, distance: DistanceLayer? = nil
  ) -> Result {
    compactRing(values, order, distance)
  }
  public static func compact(
    ring values: ContiguousArray<Float>, order: Int, distance: DistanceLayer? = nil
  ) -> Result {
    compactRing(values, order, distance)
  }

  private static func compactRing<Value: BinaryFloatingPoint>(
    _ values: ContiguousArray<Value>, _ order: Int, _ distance: DistanceLayer?
  ) -> Result {
    let ring = RingOrder(order: order)
    precondition(UInt64(values.count) == Cell.count(order: order), "a flat map has 12 * 4^order pixels")
    var compactor = FlatMapCompactor(order: order, distance: distance != nil)
    var indices = ContiguousArray<Int>()
    var block = ContiguousArray(repeating: 0.0, count: ring.blockSize)
    var (mu, sigma, norm) = distance == nil ? ([], [], []) : (block, block, block)
    for number in 0..<ring.blockCount {
      ring.fill(&indices, block: number)
      for i in 0..<block.count { block[i] = Double(values[indices[i]]) }
      guard let distance else {
        compactor.append(block.span)
        continue
      }
      for i in 0..<block.count {
        mu[i] = distance.mu[indices[i]]
        sigma[i] = distance.sigma[indices[i]]
        norm[i] = distance.norm[indices[i]]
      }
      compactor.append(block.span, mu: mu.span, sigma: sigma.span, norm: norm.span)
    }
    return compactor.finish()
  }

  /// One stretch of pixels; without distance the columns are all the first.
  private struct Columns {
    let values: UnsafeBufferPointer<Double>
    let mu: UnsafeBufferPointer<Double>
    let sigma: UnsafeBufferPointer<Double>
    let norm: UnsafeBufferPointer<Double>

    /// Whether all pixels of a stretch are alike in all columns.
    @inline(__always)
    func areEqual(_ start: Int, _ count: Int, _ hasDistance: Bool) -> Bool {
      if !Self.areEqual(values, start, count) { return false }
      return !hasDistance
        || Self.areEqual(mu, start, count) && Self.areEqual(sigma, start, count)
          && Self.areEqual(norm, start, count)
    }

    @inline(__always)
    private static func areEqual(_ column: UnsafeBufferPointer<Double>, _ start: Int, _ count: Int) -> Bool {
      let first = column[start].bitPattern
      if column[start + count - 1].bitPattern != first { return false }
      var difference: UInt64 = 0
      for i in start..<start + count { difference |= column[i].bitPattern ^ first }
      return difference == 0
    }
  }

  /// Pixels are looked at in blocks of 64 (three orders): one that is all alike costs one comparison.
  private mutating func append(_ columns: Columns) {
    let count = Int(min(UInt64(columns.values.count), Cell.count(order: order) - next))
    var i = 0
    while i < count {
      if order >= 3 && next & 63 == 0 && count - i >= 64 {
        if columns.areEqual(i, 64, hasDistance) {
          push(columns, i, Cell(order: order - 3, index: next >> 6))
        } else {
          for quad in 0..<16 { pushQuad(columns, i + 4 * quad, next + UInt64(4 * quad)) }
        }
        i += 64
        next += 64
      } else {
        push(columns, i, Cell(order: order, index: next))
        i += 1
        next += 1
      }
    }
  }

  private mutating func pushQuad(_ columns: Columns, _ i: Int, _ index: UInt64) {
    if columns.areEqual(i, 4, hasDistance) {
      push(columns, i, Cell(order: order - 1, index: index >> 2))
    } else {
      for k in 0..<4 { add(columns, i + k, Cell(order: order, index: index + UInt64(k))) }
    }
  }

  @inline(__always)
  private mutating func add(_ columns: Columns, _ i: Int, _ cell: Cell) {
    keys.append(cell.firstKey)
    orders.append(UInt8(truncatingIfNeeded: cell.order))
    values.append(columns.values[i])
    guard hasDistance else { return }
    mu.append(columns.mu[i])
    sigma.append(columns.sigma[i])
    norm.append(columns.norm[i])
  }

  /// Adds a cell and merges it with its siblings if it is the last of four that are alike.
  private mutating func push(_ columns: Columns, _ i: Int, _ cell: Cell) {
    add(columns, i, cell)
    var cell = cell
    while cell.order > 0, cell.index & 3 == 3, lastFourAreEqual(cell) {
      cell = cell.parent
      keys.removeLast(3)
      orders.removeLast(3)
      values.removeLast(3)
      orders[orders.count - 1] = UInt8(truncatingIfNeeded: cell.order)
      guard hasDistance else { continue }
      mu.removeLast(3)
      sigma.removeLast(3)
      norm.removeLast(3)
    }
  }

  private func lastFourAreEqual(_ cell: Cell) -> Bool {
    let last = keys.count - 1
    let order = UInt8(truncatingIfNeeded: cell.order)
    guard last >= 3, keys[last - 3] == cell.parent.firstKey else { return false }
    for k in last - 3..<last {
      guard orders[k] == order, values[k].bitPattern == values[last].bitPattern else { return false }
      if hasDistance
        && (mu[k].bitPattern != mu[last].bitPattern || sigma[k].bitPattern != sigma[last].bitPattern
          || norm[k].bitPattern != norm[last].bitPattern)
      {
        return false
      }
    }
    return true
  }
}
