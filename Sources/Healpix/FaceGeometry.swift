import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// One of the twelve base faces as a map from the unit square to the sphere and back.
///
/// x runs toward the north-east, y toward the north-west, (0, 0) is the southern corner (Górski et al.
/// 2005, ApJ 622, 759, section 5). The *ring coordinate* counts from the north pole (0) over the edges
/// of the polar caps (1 and 3, |z| = 2/3) to the south pole (4); the map preserves area, is smooth on
/// either side of the edges of the caps, and has a kink on them.
public struct FaceGeometry: Sendable {
  /// Ring coordinate of the southern corner: 2, 3 or 4.
  @usableFromInline let row: Double
  /// Cosine and sine of the longitude of the middle of the face.
  @usableFromInline let cosine: Double
  @usableFromInline let sine: Double

  /// - Parameter face: 0...11.
  @inlinable public init(_ face: Int) {
    let band = face >> 2
    row = Double(2 + band)
    // Longitude in units of 45 degrees: odd for the polar faces, even for the equatorial ones.
    let column = (face & 3) << 1 | (band & 1 ^ 1)
    let half = 0.5.squareRoot()
    switch column {
    case 0: (cosine, sine) = (1, 0)
    case 1: (cosine, sine) = (half, half)
    case 2: (cosine, sine) = (0, 1)
    case 3: (cosine, sine) = (-half, half)
    case 4: (cosine, sine) = (-1, 0)
    case 5: (cosine, sine) = (-half, -half)
    case 6: (cosine, sine) = (0, -1)
    default: (cosine, sine) = (half, -half)
    }
  }

  /// All twelve, by face number.
  public static let all: ContiguousArray<FaceGeometry> = ContiguousArray((0..<12).map { FaceGeometry($0) })

  /// The unit vector at a place of the face.
  /// - Parameters: x, y: 0...1.
  @inlinable public func point(_ x: Double, _ y: Double) -> SIMD3<Double> {
    let ring = row - x - y
    let z: Double
    let s: Double
    var offset = x - y
    if ring < 1 {
      let t = ring * ring / 3
      z = 1 - t
      s = (t * (2 - t)).squareRoot()
      offset = ring > 0 ? offset / ring : 0
    } else if ring > 3 {
      let r = 4 - ring
      let t = r * r / 3
      z = t - 1
      s = (t * (2 - t)).squareRoot()
      offset = r > 0 ? offset / r : 0
    } else {
      z = (2 - ring) * 2 / 3
      s = ((1 - z) * (1 + z)).squareRoot()
    }
    let (sin, cos) = Self.sineCosine(octant: offset)
    return SIMD3(s * (cosine * cos - sine * sin), s * (sine * cos + cosine * sin), z)
  }

  /// The inverse of `point` for a unit vector on this face (or a little outside it).
  @inlinable public func position(of p: SIMD3<Double>) -> (x: Double, y: Double) {
    let (ring, width) = Self.ring(of: p)
    let along = p.x * cosine + p.y * sine
    let across = p.y * cosine - p.x * sine
    let offset = along == 0 && across == 0 ? 0 : atan2(across, along) * (4 / .pi) * width
    return ((row - ring + offset) / 2, (row - ring - offset) / 2)
  }

  /// The ring coordinate of a unit vector, and the width of a face there relative to the equator.
  @inlinable static func ring(of p: SIMD3<Double>) -> (ring: Double, width: Double) {
    if abs(p.z) <= 2.0 / 3 { return (2 - 1.5 * p.z, 1) }
    // 1 - |z| from x and y: exact near the pole.
    let t = (p.x * p.x + p.y * p.y) / (1 + abs(p.z))
    let width = (3 * t).squareRoot()
    return (p.z > 0 ? width : 4 - width, width)
  }

  /// Sine and cosine of `octant` * 45 degrees for |octant| <= 1, by their Taylor series: the first
  /// terms left out are under 5e-17.
  @inlinable static func sineCosine(octant: Double) -> (Double, Double) {
    let a = octant * (.pi / 4)
    let q = a * a
    var s = -1 / 1_307_674_368_000.0  // -1/15!
    s = s * q + 1 / 6_227_020_800.0
    s = s * q - 1 / 39_916_800.0
    s = s * q + 1 / 362_880.0
    s = s * q - 1 / 5040.0
    s = s * q + 1 / 120.0
    s = s * q - 1 / 6.0
    var c = 1 / 20_922_789_888_000.0  // 1/16!
    c = c * q - 1 / 87_178_291_200.0
    c = c * q + 1 / 479_001_600.0
    c = c * q - 1 / 3_628_800.0
    c = c * q + 1 / 40_320.0
    c = c * q - 1 / 720.0
    c = c * q + 1 / 24.0
    c = c * q - 0.5
    return (a + a * q * s, 1 + q * c)
  }
}

extension Cell {
  /// The base face of a direction and the place on it, 0...1 each.
  @inlinable static func facePoint(of vector: SIMD3<Double>) -> (face: Int, x: Double, y: Double) {
    facePoint(
      of: vector / (vector * vector).sum().squareRoot(),
      longitude: vector.x == 0 && vector.y == 0 ? 0 : atan2(vector.y, vector.x))
  }

  @inlinable static func facePoint(
    of p: SIMD3<Double>, longitude: Double
  ) -> (face: Int, x: Double, y: Double) {
    let (ring, width) = FaceGeometry.ring(of: p)
    // Longitude in units of 90 degrees, 0 ..< 4.
    var quadrant = longitude * (2 / .pi)
    if quadrant < 0 { quadrant += 4 }
    if quadrant >= 4 { quadrant = 0 }
    if ring < 1 || ring > 3 {
      let column = Int(quadrant)
      let offset = (2 * (quadrant - Double(column)) - 1) * width
      return ring < 1
        ? (column, (2 - width + offset) / 2, (2 - width - offset) / 2)
        : (column + 8, (width + offset) / 2, (width - offset) / 2)
    }
    // The lines x = const and y = const of the equatorial belt.
    let rising = quadrant + 0.5 - (2 - ring) / 2
    let falling = quadrant + 0.5 + (2 - ring) / 2
    let i = rising.rounded(.down)
    let j = falling.rounded(.down)
    let face = i == j ? Int(i) & 3 | 4 : (i < j ? Int(i) & 3 : Int(j) & 3 | 8)
    return (face, falling - j, 1 - (rising - i))
  }

  /// atan2 to 2e-8 rad: the polynomial 4.4.49 of Abramowitz & Stegun (1964).
  @inlinable static func roughLongitude(_ y: Double, _ x: Double) -> Double {
    let (long, short) = (max(abs(x), abs(y)), min(abs(x), abs(y)))
    let t = long > 0 ? short / long : 0
    let q = t * t
    var sum = 0.0028662257
    sum = sum * q - 0.0161657367
    sum = sum * q + 0.0429096138
    sum = sum * q - 0.0752896400
    sum = sum * q + 0.1065626393
    sum = sum * q - 0.1420889944
    sum = sum * q + 0.1999355085
    sum = sum * q - 0.3333314528
    var angle = t + t * q * sum
    if abs(y) > abs(x) { angle = .pi / 2 - angle }
    if x < 0 { angle = .pi - angle }
    return y < 0 ? -angle : angle
  }

  /// Puts a zero bit above every bit of the lower 32.
  @inlinable static func spreadBits(_ v: UInt64) -> UInt64 {
    var x = v & 0x0000_0000_FFFF_FFFF
    x = (x | x << 16) & 0x0000_FFFF_0000_FFFF
    x = (x | x << 8) & 0x00FF_00FF_00FF_00FF
    x = (x | x << 4) & 0x0F0F_0F0F_0F0F_0F0F
    x = (x | x << 2) & 0x3333_3333_3333_3333
    return (x | x << 1) & 0x5555_5555_5555_5555
  }
}
