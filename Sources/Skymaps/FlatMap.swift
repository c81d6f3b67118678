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
      if order > 0, position & 3 == 0, i + 4 <= count {
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

/// RING pixel numbers of NESTED ones (Górski et al. 2005, ApJ 622, 759, section 5), a few
/// nanoseconds each: flat maps have tens of millions of pixels.
public struct RingNumbering: Sendable {
  public let order: Int
  private let side: Int
  private let pixels: Int
  /// Ring of the southern corner of each base face in units of a face side, and its longitude in
  /// eighths of a turn.
  private static let faceRow: [Int] = [2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4]
  private static let faceColumn: [Int] = [1, 3, 5, 7, 0, 2, 4, 6, 1, 3, 5, 7]

  /// - Parameter order: 0...29.
  public init(order: Int) {
    self.order = order
    side = 1 << order
    pixels = 12 << (2 * order)
  }

  /// Fills `ring` with the RING numbers of consecutive NESTED pixels.
  ///
  /// - Precondition: the pixels exist and lie on one base face, as aligned blocks of up to 4^order do.
  public func fill(_ ring: inout ContiguousArray<Int>, fromNested start: Int) {
    let face = start >> (2 * order)
    let row = Self.faceRow[face] << order
    let column = Self.faceColumn[face]
    for k in ring.indices {
      let inFace = UInt64(start + k) & (UInt64(1) << UInt64(2 * order) - 1)
      let x = Int(Self.everySecondBit(inFace))
      let y = Int(Self.everySecondBit(inFace >> 1))
      ring[k] = pixel(row: row - x - y - 1, offset: x - y, column: column)
    }
  }

  /// - Parameters:
  ///   - row: ring number, 1 at the north pole.
  ///   - offset: pixels east of the central meridian of the face, times two.
  ///   - column: of the face, in eighths of a turn.
  @inline(__always)
  private func pixel(row: Int, offset: Int, column: Int) -> Int {
    let length: Int
    let before: Int
    var shift = 0
    if row < side {
      length = row
      before = 2 * row * (row - 1)
    } else if row > 3 * side {
      length = 4 * side - row
      before = pixels - 2 * (length + 1) * length
    } else {
      length = side
      before = 2 * side * (side - 1) + (row - side) * 4 * side
      shift = (row - side) & 1
    }
    var place = (column * length + offset + 1 + shift) / 2
    if place > 4 * side { place -= 4 * side } else if place < 1 { place += 4 * side }
    return before + place - 1
  }

  @inline(__always)
  private static func everySecondBit(_ v: UInt64) -> UInt64 {
    var x = v & 0x5555_5555_5555_5555
    x = (x | x >> 1) & 0x3333_3333_3333_3333
    x = (x | x >> 2) & 0x0F0F_0F0F_0F0F_0F0F
    x = (x | x >> 4) & 0x00FF_00FF_00FF_00FF
    x = (x | x >> 8) & 0x0000_FFFF_0000_FFFF
    return (x | x >> 16) & 0x0000_0000_FFFF_FFFF
  }
}
