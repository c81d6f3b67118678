import Healpix
import Skymaps
import Units

/// A field of view as the scheduler lays it on the sky: convex polygons in the plane that touches the sphere at
/// the pointing (gnomonic), as `Footprint` has them, without a thing to allocate.
public struct FieldOutline: Sendable {
  /// Corners of each polygon, in tangents to the east and north, counter-clockwise seen from outside the sphere.
  let polygons: [[SIMD2<Double>]]

  /// - Parameter regions: the field pointed at right ascension and declination zero. Caps become polygons of
  ///   equal area.
  public init(_ regions: [ConvexRegion<ICRS>]) {
    polygons = regions.map { region in
      (region.corners.isEmpty ? region.polygonOfEqualArea : region).corners.map {
        SIMD2($0.unit.y, $0.unit.z) / $0.unit.x
      }
    }
  }
}

/// The great circles round a convex polygon, four at a time, in the frame of the map.
struct FieldSides {
  /// Components of the inward unit normals of four sides.
  private struct Four {
    var x: SIMD4<Double>
    var y: SIMD4<Double>
    var z: SIMD4<Double>

    @inline(__always)
    func depths(_ px: SIMD4<Float>, _ py: SIMD4<Float>, _ pz: SIMD4<Float>) -> SIMD4<Float> {
      let (x, y, z) = (SIMD4<Float>(x), SIMD4<Float>(y), SIMD4<Float>(z))
      func depth(_ side: Int) -> SIMD4<Float> {
        var sum = px * x[side]
        sum += py * y[side]
        sum += pz * z[side]
        return sum
      }
      return FieldSides.least(FieldSides.least(depth(0), depth(1)), FieldSides.least(depth(2), depth(3)))
    }
  }
  private var first: Four
  /// Sides beyond the fourth; the last of all is repeated until they are a multiple of four.
  private var others: ContiguousArray<Four> = []
  let count: Int
  /// A cap that holds the polygon.
  let axis: SIMD3<Double>
  let cosRadius: Double
  let sinRadius: Double

  /// - Parameter region: a polygon.
  init(_ region: ConvexRegion<ICRS>, toMap: Rotation<ICRS, MapFrame>) {
    let sides = region.halfSpaces
    self.init(
      count: sides.count, axis: toMap(region.boundingCenter.unit),
      cosRadius: region.boundingRadius.cosine
    ) { toMap(sides[$0].normal) }
  }

  /// - Parameters:
  ///   - corners: as in `FieldOutline`.
  ///   - basis: east and north of the pointing, in the frame of the map.
  init(_ corners: [SIMD2<Double>], at center: SIMD3<Double>, east: SIMD3<Double>, north: SIMD3<Double>) {
    @inline(__always) func corner(_ i: Int) -> SIMD3<Double> {
      center + east * corners[i].x + north * corners[i].y
    }
    var sum = SIMD2<Double>()
    for c in corners { sum += c }
    let middle = sum / Double(corners.count)
    let axis = Self.unit(center + east * middle.x + north * middle.y)
    var cosRadius = 1.0
    for i in corners.indices {
      let c = corner(i)
      cosRadius = min(cosRadius, (c * axis).sum() / (c * c).sum().squareRoot())
    }
    self.init(count: corners.count, axis: axis, cosRadius: cosRadius) { i in
      let start = corner(i)
      return Self.unit(cross(start, corner(i + 1 < corners.count ? i + 1 : 0) - start))
    }
  }

  private init(
    count: Int, axis: SIMD3<Double>, cosRadius: Double, normal: (Int) -> SIMD3<Double>
  ) {
    @inline(__always) func four(from start: Int) -> Four {
      var four = Four(x: .zero, y: .zero, z: .zero)
      for lane in 0..<4 {
        let n = normal(min(start + lane, count - 1))
        four.x[lane] = n.x
        four.y[lane] = n.y
        four.z[lane] = n.z
      }
      return four
    }
    first = four(from: 0)
    for start in stride(from: 4, to: count, by: 4) { others.append(four(from: start)) }
    self.count = count
    self.axis = axis
    self.cosRadius = cosRadius
    sinRadius = max(0, 1 - cosRadius * cosRadius).squareRoot()
  }

  @inline(__always)
  private static func unit(_ v: SIMD3<Double>) -> SIMD3<Double> { v / (v * v).sum().squareRoot() }

  /// The sines of how far four points lie inside, negative outside.
  @inline(__always)
  func depths(_ x: SIMD4<Float>, _ y: SIMD4<Float>, _ z: SIMD4<Float>) -> SIMD4<Float> {
    var least = first.depths(x, y, z)
    for four in others { least = Self.least(least, four.depths(x, y, z)) }
    return least
  }

  /// Lane by lane; `pointwiseMin` calls a function for it.
  @inline(__always)
  private static func least(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> SIMD4<Float> {
    a.replacing(with: b, where: b .< a)
  }

  /// The inward normal of a side.
  @inline(__always)
  func normal(_ i: Int) -> SIMD3<Double> {
    i < 4
      ? SIMD3(first.x[i], first.y[i], first.z[i])
      : SIMD3(others[i / 4 - 1].x[i % 4], others[i / 4 - 1].y[i % 4], others[i / 4 - 1].z[i % 4])
  }
}

/// The corners of a grain, south, east, north and west, by coordinate. Single precision is good to 0.02 arcsec.
struct GrainCorners: Sendable {
  var x: SIMD4<Float>
  var y: SIMD4<Float>
  var z: SIMD4<Float>

  init(_ cell: Cell) {
    let (s, e, n, w) = cell.corners
    x = SIMD4(Float(s.x), Float(e.x), Float(n.x), Float(w.x))
    y = SIMD4(Float(s.y), Float(e.y), Float(n.y), Float(w.y))
    z = SIMD4(Float(s.z), Float(e.z), Float(n.z), Float(w.z))
  }

  /// The parts of the grain whose centres lie inside: bit 8 v + u is the part at ((u + 1/2) / 8, (v + 1/2) / 8).
  func mask(_ sides: FieldSides) -> UInt64 {
    let (x, y, z) = (SIMD4<Double>(x), SIMD4<Double>(y), SIMD4<Double>(z))
    var mask = UInt64.max
    for i in 0..<sides.count {
      let normal = sides.normal(i)
      let f = x * normal.x + y * normal.y + z * normal.z
      let (s, e, n, w) = (f[0], f[1], f[2], f[3])
      if s >= 0, e >= 0, n >= 0, w >= 0 { continue }
      if s < 0, e < 0, n < 0, w < 0 { return 0 }
      mask &= Self.parts(Float(s), Float(e), Float(n), Float(w))
      if mask == 0 { return 0 }
    }
    return mask
  }

  /// Where a function that is bilinear in (u, v) is not negative.
  @inline(__always)
  private static func parts(_ s: Float, _ e: Float, _ n: Float, _ w: Float) -> UInt64 {
    // All eight rows side by side, from column to column.
    let v = SIMD8<Float>(0.0625, 0.1875, 0.3125, 0.4375, 0.5625, 0.6875, 0.8125, 0.9375)
    let left = v * (w - s) + s
    let right = v * (n - e) + e
    let step = (right - left) * 0.125
    var value = step * 0.5 + left
    var outside = SIMD8<UInt32>(repeating: 0)
    for u in 0..<UInt32(8) {
      outside |= (unsafeBitCast(value, to: SIMD8<UInt32>.self) &>> 31) &<< u
      value += step
    }
    return ~unsafeBitCast(SIMD8<UInt8>(truncatingIfNeeded: outside), to: UInt64.self)
  }
}
