import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Where cells lie on the sphere, which libchealpix does not offer: corners, any point inside, and
/// the neighbours.
extension Cell {
  /// The base face and the integer position of the cell on it.
  @inlinable public var facePosition: (face: Int, x: UInt64, y: UInt64) {
    let face = index >> UInt64(2 * order)
    let inFace = index & ((1 << UInt64(2 * order)) - 1)
    return (Int(face), Self.evenBits(inFace), Self.evenBits(inFace >> 1))
  }

  /// From a position on a face, both 0 ..< 2^order.
  @inlinable public init(order: Int, face: Int, x: UInt64, y: UInt64) {
    self.order = order
    index = UInt64(face) << UInt64(2 * order) | Self.spreadBits(x) | Self.spreadBits(y) << 1
  }

  /// The point at (u, v) in 0...1 x 0...1 of the cell; (0, 0) is the southern corner, u toward the
  /// north-east, v toward the north-west.
  @inlinable public func point(_ u: Double, _ v: Double) -> SIMD3<Double> {
    let (face, x, y) = facePosition
    let scale = 1 / Double(UInt64(1) << UInt64(order))
    return FaceGeometry(face).point((Double(x) + u) * scale, (Double(y) + v) * scale)
  }

  /// South, east, north, west: counter-clockwise seen from outside the sphere.
  @inlinable public var corners: (SIMD3<Double>, SIMD3<Double>, SIMD3<Double>, SIMD3<Double>) {
    let (face, x, y) = facePosition
    let scale = 1 / Double(UInt64(1) << UInt64(order))
    let geometry = FaceGeometry(face)
    let (west, east) = (Double(x) * scale, (Double(x) + 1) * scale)
    let (south, north) = (Double(y) * scale, (Double(y) + 1) * scale)
    return (
      geometry.point(west, south), geometry.point(east, south), geometry.point(east, north),
      geometry.point(west, north)
    )
  }

  /// An upper bound of the angle from the centre to any point of a cell of this order.
  ///
  /// The farthest point is the northern corner of the cell whose centre lies on |z| = 2/3 next to the
  /// border of two polar faces, one ring inside the cap: 0.82 sqrt(area) at order 0, rising to 1.045
  /// sqrt(area). `HealpixTests` holds it against the cells themselves.
  @inlinable public static func boundingRadius(order: Int) -> Angle { boundingRadii[order] }
  @usableFromInline static let boundingRadii: [Angle] = (0...maxOrder).map { order in
    let side = Double(UInt64(1) << UInt64(order))
    let center = Direction<ICRS>(longitude: .radians(.pi / 4 / side), latitude: .radians(asin(2.0 / 3)))
    // Colatitude of |z| = 1 - (1 - 1/side)^2 / 3 without the cancellation at the pole.
    let t = (1 - 1 / side) * (1 - 1 / side) / 3
    let corner = Direction<ICRS>(normalizing: SIMD3((t * (2 - t)).squareRoot(), 0, 1 - t))
    return Angle(radians: center.separation(from: corner).radians * (1 + 1e-6))
  }

  /// The sides of a cell, counter-clockwise from the southern corner.
  public enum Side: Int, Sendable, CaseIterable {
    case southEast, northEast, northWest, southWest

    /// Where the side starts on the cell, and the step to where it ends.
    @inlinable var start: (u: Double, v: Double) {
      switch self {
      case .southEast: (0, 0)
      case .northEast: (1, 0)
      case .northWest: (1, 1)
      case .southWest: (0, 1)
      }
    }
    @inlinable var step: (u: Double, v: Double) {
      switch self {
      case .southEast: (1, 0)
      case .northEast: (0, 1)
      case .northWest: (-1, 0)
      case .southWest: (0, -1)
      }
    }
  }

  /// The cell of the same order that shares a side.
  public func neighbor(across side: Side) -> Cell {
    let (face, x, y) = facePosition
    let last = (UInt64(1) << UInt64(order)) - 1
    switch side {
    case .southEast where y > 0: return Cell(order: order, face: face, x: x, y: y - 1)
    case .northEast where x < last: return Cell(order: order, face: face, x: x + 1, y: y)
    case .northWest where y < last: return Cell(order: order, face: face, x: x, y: y + 1)
    case .southWest where x > 0: return Cell(order: order, face: face, x: x - 1, y: y)
    default:
      // Over the border of the face: a point a little outside the middle of the side. A tenth of the
      // way back to the centre is far inside the neighbour, and far above rounding at any order.
      let (u, v) = (side.start.u + side.step.u / 2, side.start.v + side.step.v / 2)
      let middle = point(u, v)
      return Cell(order: order, containing: middle + (middle - center) * 0.1)
    }
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
