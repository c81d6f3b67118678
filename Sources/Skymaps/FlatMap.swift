import Healpix

/// Joins equal sibling pixels of a flat NESTED map into their parents while the pixels arrive.
///
/// Flat maps are mostly oversampled multi-order maps or mostly one value: joining loses nothing and
/// leaves thousands of cells instead of millions of pixels. Pixels are equal when all their layers are
/// bit for bit. O(pixels); holds only the joined cells.
public struct FlatMerger: Sendable {
  public let order: Int
  public private(set) var orders: ContiguousArray<UInt8> = []
  public private(set) var values: ContiguousArray<Double> = []
  private var mu: ContiguousArray<Double> = []
  private var sigma: ContiguousArray<Double> = []
  private var norm: ContiguousArray<Double> = []
  private let hasDistance: Bool
  private var position: UInt64 = 0

  /// - Parameters:
  ///   - order: of the flat map, 0...29.
  ///   - hasDistance: whether `append` will be given the three distance layers.
  public init(order: Int, hasDistance: Bool) {
    self.order = order
    self.hasDistance = hasDistance
  }

  /// The distance layers of the cells so far; nil for a 2-D map.
  public var distance: DistanceLayer? {
    hasDistance ? DistanceLayer(mu: mu, sigma: sigma, norm: norm) : nil
  }

  /// Takes the next pixels in NESTED order.
  public mutating func append(_ values: Span<Double>) {
    append(count: values.count, values: values, mu: values, sigma: values, norm: values)
  }

  /// Takes the next pixels in NESTED order. All spans have the same count.
  public mutating func append(
    _ values: Span<Double>, mu: Span<Double>, sigma: Span<Double>, norm: Span<Double>
  ) {
    precondition(mu.count == values.count && sigma.count == values.count && norm.count == values.count)
    append(count: values.count, values: values, mu: mu, sigma: sigma, norm: norm)
  }

  private mutating func append(
    count: Int, values v: Span<Double>, mu m: Span<Double>, sigma s: Span<Double>, norm n: Span<Double>
  ) {
    let base = UInt8(order)
    var i = 0
    while i < count {
      if order > 2, position & 63 == 0, i + 64 <= count, Self.blockIsEqual(v, i),
        !hasDistance || (Self.blockIsEqual(m, i) && Self.blockIsEqual(s, i) && Self.blockIsEqual(n, i))
      {
        push(base - 3, v[i], m[i], s[i], n[i])
        position += 64
        i += 64
        joinUpward()
      } else if order > 0, position & 3 == 0, i + 4 <= count {
        if Self.fourEqual(v, i),
          !hasDistance || (Self.fourEqual(m, i) && Self.fourEqual(s, i) && Self.fourEqual(n, i))
        {
          push(base - 1, v[i], m[i], s[i], n[i])
          position += 4
          joinUpward()
        } else {
          for k in i..<(i + 4) { push(base, v[k], m[k], s[k], n[k]) }
          position += 4
        }
        i += 4
      } else {
        push(base, v[i], m[i], s[i], n[i])
        position += 1
        i += 1
        joinUpward()
      }
    }
  }

  @inline(__always)
  private mutating func push(_ cellOrder: UInt8, _ v: Double, _ m: Double, _ s: Double, _ n: Double) {
    orders.append(cellOrder)
    values.append(v)
    if hasDistance {
      mu.append(m)
      sigma.append(s)
      norm.append(n)
    }
  }

  @inline(__always)
  private static func fourEqual(_ x: Span<Double>, _ i: Int) -> Bool {
    let first = x[i].bitPattern
    return x[i + 1].bitPattern == first && x[i + 2].bitPattern == first && x[i + 3].bitPattern == first
  }

  /// Three orders at once: most of a flat map is empty or oversampled.
  @inline(__always)
  private static func blockIsEqual(_ x: Span<Double>, _ i: Int) -> Bool {
    let first = x[i].bitPattern
    if x[i + 63].bitPattern != first { return false }
    var difference: UInt64 = 0
    for k in i..<i + 64 { difference |= x[k].bitPattern ^ first }
    return difference == 0
  }

  /// Joins the last four cells as long as they are siblings and equal.
  private mutating func joinUpward() {
    while let last = orders.last, last > 0, orders.count >= 4 {
      // The last cell ends at `position`; it is a fourth sibling when its parent ends there too.
      let parentPixels = UInt64(1) << UInt64(2 * (order - Int(last) + 1))
      let start = orders.count - 4
      guard position & (parentPixels - 1) == 0,
        orders[start] == last, orders[start + 1] == last, orders[start + 2] == last,
        Self.fourEqual(values.span, start),
        !hasDistance
          || (Self.fourEqual(mu.span, start) && Self.fourEqual(sigma.span, start)
            && Self.fourEqual(norm.span, start))
      else { return }
      orders.removeLast(3)
      orders[start] = last - 1
      values.removeLast(3)
      if hasDistance {
        mu.removeLast(3)
        sigma.removeLast(3)
        norm.removeLast(3)
      }
    }
  }
}
