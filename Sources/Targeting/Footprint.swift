#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Healpix
import Observatories
import Units

/// The sky one exposure covers: one or more convex regions that may touch but do not overlap.
public struct Footprint: Sendable, Hashable {
  public let regions: [ConvexRegion<ICRS>]

  /// - Parameters:
  ///   - rotation: turns the whole field, from north toward east, on top of the field's own rotation.
  ///
  /// Rectangles and polygons are gnomonic about `center`, so their sides are great circles and the
  /// regions are exact. Fields must be smaller than a hemisphere.
  public init(_ field: FieldOfView, at center: Direction<ICRS>, rotation: Angle = .zero) {
    switch field {
    case .circle(let radius):
      regions = [ConvexRegion(center: center, radius: radius)]
    case .rectangle(let width, let height, let own):
      let x = tan(width.radians / 2)
      let y = tan(height.radians / 2)
      regions = Self.polygon(
        [SIMD2(-x, -y), SIMD2(x, -y), SIMD2(x, y), SIMD2(-x, y)], at: center, rotation: own + rotation)
    case .polygons(let polygons):
      regions = polygons.flatMap { polygon in
        Self.polygon(
          polygon.map { SIMD2(tan($0.east.radians), tan($0.north.radians)) }, at: center, rotation: rotation)
      }
    }
  }

  /// - Parameter offsets: tangent-plane (east, north) offsets, in either sense of rotation.
  private static func polygon(
    _ offsets: [SIMD2<Double>], at center: Direction<ICRS>, rotation: Angle
  ) -> [ConvexRegion<ICRS>] {
    let basis = TangentBasis(at: center)
    let (c, s) = (cos(rotation.radians), sin(rotation.radians))
    // The field's own up axis points to position angle `rotation`.
    let corners = offsets.map { o in
      basis.direction(east: o.x * c + o.y * s, north: o.y * c - o.x * s)
    }
    return ConvexRegion(corners: corners).map { [$0] }
      ?? ConvexRegion(corners: corners.reversed()).map { [$0] } ?? []
  }

  public func contains(_ d: Direction<ICRS>) -> Bool { regions.contains { $0.contains(d) } }
  public var area: SolidAngle { regions.reduce(SolidAngle(steradians: 0)) { $0 + $1.area } }
}

/// East and north at a point of the sky; at a pole, those of right ascension zero.
public struct TangentBasis: Sendable {
  public let center: SIMD3<Double>
  public let east: SIMD3<Double>
  public let north: SIMD3<Double>

  public init(at center: Direction<ICRS>) {
    self.center = center.unit
    let ra = center.ra.radians
    east = SIMD3(-sin(ra), cos(ra), 0)
    north = cross(center.unit, east)
  }

  /// The direction at gnomonic offsets, in tangents.
  public func direction(east e: Double, north n: Double) -> Direction<ICRS> {
    Direction(normalizing: center + east * e + north * n)
  }
}

extension FieldOfView {
  /// The smallest north-up box centred on the pointing that holds the field.
  public var boundingBox: (width: Angle, height: Angle) {
    switch self {
    case .circle(let r): return (r * 2, r * 2)
    case .rectangle(let w, let h, let pa):
      let (c, s) = (abs(cos(pa.radians)), abs(sin(pa.radians)))
      return (w * c + h * s, w * s + h * c)
    case .polygons(let polygons):
      let corners = polygons.joined()
      let east = corners.map { abs($0.east.radians) }.max() ?? 0
      let north = corners.map { abs($0.north.radians) }.max() ?? 0
      return (Angle(radians: 2 * east), Angle(radians: 2 * north))
    }
  }

  /// The area of one exposure near any point of the sky.
  public var area: SolidAngle { Footprint(self, at: Direction(ra: .zero, dec: .zero)).area }

  /// How far the field reaches from the pointing.
  public var radius: Angle {
    let e = boundingBox
    if case .circle(let r) = self { return r }
    let (x, y) = (tan(e.width.radians / 2), tan(e.height.radians / 2))
    return Angle(radians: atan((x * x + y * y).squareRoot()))
  }
}
