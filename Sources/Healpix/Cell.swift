import CHealpix
import Units

/// A HEALPix cell in the NESTED scheme (Górski et al. 2005, ApJ 622, 759).
///
/// `order` is log2(nside), 0...29; `index` is in 0..<12 * 4^order.
public struct Cell: Hashable, Sendable {
  public let order: Int
  public let index: UInt64

  public static let maxOrder = 29
  /// One past the largest key at order 29.
  public static let keyEnd: UInt64 = 12 << 58

  /// - Precondition: not checked (hot path); use `init(uniq:)` or `isValid` for outside data.
  @inlinable public init(order: Int, index: UInt64) {
    self.order = order
    self.index = index
  }

  /// From the UNIQ number 4 * 4^order + index; nil unless 4 <= uniq < 16 * 4^29.
  @inlinable public init?(uniq: UInt64) {
    guard uniq >= 4, uniq < 16 << 58 else { return nil }
    order = (63 - uniq.leadingZeroBitCount) / 2 - 1
    index = uniq - (4 << UInt64(2 * order))
  }
  @inlinable public var uniq: UInt64 { (4 << UInt64(2 * order)) + index }
  @inlinable public var isValid: Bool {
    (0...Self.maxOrder).contains(order) && index < Self.count(order: order)
  }

  /// The cells of one order.
  @inlinable public static func count(order: Int) -> UInt64 { 12 << UInt64(2 * order) }
  /// The area of a cell, pi / 3 * 4^-order steradians.
  @inlinable public static func area(order: Int) -> SolidAngle {
    SolidAngle(steradians: .pi / 3 / Double(UInt64(1) << UInt64(2 * order)))
  }
  @inlinable public var area: SolidAngle { Self.area(order: order) }

  /// The NESTED order-29 keys inside the cell.
  @inlinable public var firstKey: UInt64 { index << UInt64(2 * (Self.maxOrder - order)) }
  @inlinable public var keySpan: UInt64 { 1 << UInt64(2 * (Self.maxOrder - order)) }
  @inlinable public var keys: Range<UInt64> { firstKey..<firstKey + keySpan }

  /// The cell of `order` that holds an order-29 key.
  @inlinable public init(order: Int, key: UInt64) {
    self.order = order
    index = key >> UInt64(2 * (Self.maxOrder - order))
  }

  @inlinable public func child(_ i: UInt64) -> Cell { Cell(order: order + 1, index: index << 2 | i) }
  @inlinable public var parent: Cell { Cell(order: order - 1, index: index >> 2) }

  /// The order-29 key of a direction; `vector` may have any length but zero.
  ///
  /// Accurate to the last bits of the vector everywhere, the poles included: libchealpix works from
  /// 1 - z there, which has no digits left within 1e-8 rad of a pole.
  @inlinable public static func key(of vector: SIMD3<Double>) -> UInt64 {
    key(at: facePoint(of: vector))
  }

  /// The same to 2e-8 rad (0.004 arcsec), in half the time.
  @inlinable public static func roughKey(of vector: SIMD3<Double>) -> UInt64 {
    let p = vector / (vector * vector).sum().squareRoot()
    return key(at: facePoint(of: p, longitude: roughLongitude(p.y, p.x)))
  }

  @inlinable static func key(at place: (face: Int, x: Double, y: Double)) -> UInt64 {
    let (face, x, y) = place
    let side = 536_870_912.0  // 2^29
    let ix = UInt64(Swift.min(Swift.max(x * side, 0), side - 1))
    let iy = UInt64(Swift.min(Swift.max(y * side, 0), side - 1))
    return UInt64(face) << 58 | spreadBits(ix) | spreadBits(iy) << 1
  }

  @inlinable public init(order: Int, containing vector: SIMD3<Double>) {
    self.init(order: order, key: Self.key(of: vector))
  }

  /// The centre as a unit vector.
  @inlinable public var center: SIMD3<Double> { point(0.5, 0.5) }
}

/// Index conversions of flat maps.
public enum FlatIndex {
  /// - Parameter order: 0...29; RING and NESTED only meet where nside is a power of two.
  @inlinable public static func nested(ring: Int64, order: Int) -> UInt64 {
    var nested: Int64 = 0
    ring2nest64(1 << Int64(order), ring, &nested)
    return UInt64(bitPattern: nested)
  }
  /// The centre of a RING pixel, for any nside >= 1.
  @inlinable public static func centerRing(nside: Int64, index: Int64) -> SIMD3<Double> {
    var v = (0.0, 0.0, 0.0)
    withUnsafeMutablePointer(to: &v) {
      $0.withMemoryRebound(to: Double.self, capacity: 3) { pix2vec_ring64(nside, index, $0) }
    }
    return SIMD3(v.0, v.1, v.2)
  }
  /// The RING pixel that holds a direction, for any nside >= 1.
  @inlinable public static func ring(nside: Int64, containing unit: SIMD3<Double>) -> Int64 {
    var v = (unit.x, unit.y, unit.z)
    var pixel: Int64 = 0
    withUnsafePointer(to: &v) {
      $0.withMemoryRebound(to: Double.self, capacity: 3) { vec2pix_ring64(nside, $0, &pixel) }
    }
    return pixel
  }
}
