#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Units

/// Where cells lie on the sphere, which libchealpix does not offer: corners and any point inside.
///
/// A cell is the image of a square (x, y) of one of the twelve base faces, x toward north-east and y
/// toward north-west (Górski et al. 2005, ApJ 622, 759, section 5 and appendix).
extension Cell {
  /// Ring number and longitude offset of the southern corner of each base face, in units of a face
  /// (jrll, jpll of the HEALPix reference code).
  @usableFromInline static let faceRow: [Double] = [2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4]
  @usableFromInline static let faceColumn: [Double] = [1, 3, 5, 7, 0, 2, 4, 6, 1, 3, 5, 7]

  /// The base face and the integer position of the cell on it.
  @inlinable public var facePosition: (face: Int, x: UInt64, y: UInt64) {
    let face = index >> UInt64(2 * order)
    let inFace = index & ((1 << UInt64(2 * order)) - 1)
    return (Int(face), Self.evenBits(inFace), Self.evenBits(inFace >> 1))
  }

  /// The point at (u, v) in 0...1 x 0...1 of the cell; (0, 0) is the southern corner, u toward the
  /// north-east, v toward the north-west.
  @inlinable public func point(_ u: Double, _ v: Double) -> SIMD3<Double> {
    let (face, x, y) = facePosition
    let scale = 1 / Double(UInt64(1) << UInt64(order))
    return Self.pointOnFace(face, (Double(x) + u) * scale, (Double(y) + v) * scale)
  }

  /// South, east, north, west.
  @inlinable public var corners: (SIMD3<Double>, SIMD3<Double>, SIMD3<Double>, SIMD3<Double>) {
    (point(0, 0), point(1, 0), point(1, 1), point(0, 1))
  }

  /// - Parameters: position on the face, 0...1 each.
  @inlinable static func pointOnFace(_ face: Int, _ x: Double, _ y: Double) -> SIMD3<Double> {
    let ring = faceRow[face] - x - y
    var z: Double
    var s: Double
    let polarWidth: Double
    if ring < 1 {
      let t = ring * ring / 3
      polarWidth = ring
      z = 1 - t
      s = (t * (2 - t)).squareRoot()
    } else if ring > 3 {
      let r = 4 - ring
      let t = r * r / 3
      polarWidth = r
      z = t - 1
      s = (t * (2 - t)).squareRoot()
    } else {
      polarWidth = 1
      z = (2 - ring) * 2 / 3
      s = ((1 - z) * (1 + z)).squareRoot()
    }
    // Longitude in units of pi/4: the column of the face plus the offset within its (narrowing) width.
    let offset = x - y
    let phi: Double
    if polarWidth <= 0 {
      s = 0
      z = ring < 1 ? 1 : -1
      phi = 0
    } else {
      phi = (faceColumn[face] + offset / polarWidth) * (.pi / 4)
    }
    return SIMD3(s * cos(phi), s * sin(phi), z)
  }

  /// An upper bound of the angle from the centre to any point of a cell of this order.
  ///
  /// The largest true radius is at the polar corner (0.8410 rad at order 0); sqrt of the cell area
  /// times 0.87 bounds it at every order, which `HealpixTests` verifies on the cells themselves.
  @inlinable public static func boundingRadius(order: Int) -> Angle { boundingRadii[order] }
  @usableFromInline static let boundingRadii: [Angle] = (0...maxOrder).map { order in
    Angle(radians: 0.87 * area(order: order).steradians.squareRoot())
  }

  @inlinable static func evenBits(_ v: UInt64) -> UInt64 {
    var x = v & 0x5555_5555_5555_5555
    x = (x | x >> 1) & 0x3333_3333_3333_3333
    x = (x | x >> 2) & 0x0F0F_0F0F_0F0F_0F0F
    x = (x | x >> 4) & 0x00FF_00FF_00FF_00FF
    x = (x | x >> 8) & 0x0000_FFFF_0000_FFFF
    return (x | x >> 16) & 0x0000_0000_FFFF_FFFF
  }
}
