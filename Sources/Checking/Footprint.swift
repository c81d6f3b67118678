import Observatories
import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The sky one exposure sees, in the frame of a map: a cap, or convex pieces between great circles.
///
/// The sides of a gnomonic box are great circles, so a box is where four planes through the centre of
/// the sphere all have the direction on their inner side. Written for the checker alone.
struct Footprint {
  enum Relation { case inside, outside, boundary }

  /// A cap, where there are no pieces.
  private let center: SIMD3<Double>
  private let radius: Double
  /// Inner unit normals of all convex pieces, one piece after the other, and where each ends.
  private let normals: ContiguousArray<SIMD3<Double>>
  private let ends: ContiguousArray<Int>
  /// The narrowest extent, radians: sets how fine the raster must be.
  let narrowest: Double

  /// - Parameters:
  ///   - positionAngle: of the field's top, north toward east; nil takes the field's own rotation.
  ///   - turn: from ICRS into the frame of the map.
  /// - Returns: nil for a field without area or one that reaches 85 deg from its centre.
  init?(
    _ field: FieldOfView, at center: Direction<ICRS>, positionAngle: Angle?,
    turn: (SIMD3<Double>) -> SIMD3<Double>
  ) {
    let widest = Angle.degrees(85).radians
    var pieces: [[SIMD3<Double>]] = []
    switch field {
    case .circle(let radius):
      guard radius.radians > 0, radius.radians < widest else { return nil }
      self.radius = radius.radians
      narrowest = 2 * radius.radians
    case .rectangle(let width, let height, let rotation):
      let half = (width.radians / 2, height.radians / 2)
      guard half.0 > 0, half.1 > 0, half.0 < widest, half.1 < widest else { return nil }
      let (x, y) = (tan(half.0), tan(half.1))
      let axes = TangentAxes(at: center, top: positionAngle ?? rotation)
      guard let piece = Self.normals(of: [(x, y), (-x, y), (-x, -y), (x, -y)], axes) else { return nil }
      pieces = [piece]
      radius = 0
      narrowest = min(width.radians, height.radians)
    case .polygons(let polygons):
      let axes = TangentAxes(at: center, top: positionAngle ?? .zero)
      var smallest = Double.infinity
      for polygon in polygons {
        guard polygon.allSatisfy({ abs($0.east.radians) < widest && abs($0.north.radians) < widest })
        else { return nil }
        let corners = polygon.map { (tan($0.east.radians), tan($0.north.radians)) }
        guard let piece = Self.normals(of: corners, axes) else { return nil }
        pieces.append(piece)
        smallest = min(smallest, abs(Self.doubleArea(corners) / 2).squareRoot())
      }
      guard !pieces.isEmpty else { return nil }
      radius = 0
      narrowest = smallest
    }
    self.center = turn(center.unit)
    normals = ContiguousArray(pieces.joined().map(turn))
    var ends = ContiguousArray<Int>()
    for piece in pieces { ends.append((ends.last ?? 0) + piece.count) }
    self.ends = ends
  }

  /// The edge of the sky footprint belongs to it.
  func contains(_ x: SIMD3<Double>) -> Bool {
    if ends.isEmpty { return (center * x).sum() >= cos(radius) }
    var first = 0
    for end in ends {
      if lowest(first..<end, x) >= 0 { return true }
      first = end
    }
    return false
  }

  /// How the disc of radius `r` radians about `x` lies; `boundary` where it is not certain.
  /// - Parameter sine: of `r`.
  func relation(toDiscAt x: SIMD3<Double>, radius r: Double, sine: Double) -> Relation {
    if ends.isEmpty {
      let distance = acos(max(-1, min(1, (center * x).sum())))
      return distance + r <= radius ? .inside : (distance - r >= radius ? .outside : .boundary)
    }
    var first = 0
    var allOutside = true
    for end in ends {
      let inward = lowest(first..<end, x)
      if inward >= sine { return .inside }
      if inward > -sine { allOutside = false }
      first = end
    }
    return allOutside ? .outside : .boundary
  }

  /// The sine of how far `x` lies inside the side of a piece that it is least inside of.
  private func lowest(_ sides: Range<Int>, _ x: SIMD3<Double>) -> Double {
    var lowest = Double.infinity
    for i in sides { lowest = min(lowest, (normals[i] * x).sum()) }
    return lowest
  }

  /// Inner normals of a convex polygon in the tangent plane, whichever way round it runs.
  private static func normals(of corners: [(Double, Double)], _ axes: TangentAxes) -> [SIMD3<Double>]? {
    guard corners.count >= 3 else { return nil }
    let area = doubleArea(corners)
    guard area != 0, area.isFinite else { return nil }
    return corners.indices.map { i in
      let a = axes.direction(corners[i])
      let b = axes.direction(corners[(i + 1) % corners.count])
      let n = cross(a, b) * (area > 0 ? 1.0 : -1.0)
      return n / (n * n).sum().squareRoot()
    }
  }

  /// Twice the signed area in the tangent plane; positive when x turns toward y.
  private static func doubleArea(_ corners: [(Double, Double)]) -> Double {
    var sum = 0.0
    for i in corners.indices {
      let (a, b) = (corners[i], corners[(i + 1) % corners.count])
      sum += a.0 * b.1 - b.0 * a.1
    }
    return sum
  }
}

/// The tangent plane at a pointing. `top` is the direction of the field's upper edge; `side` lies 90
/// deg from it toward east when the top is north. (side, top, outward) is right-handed.
private struct TangentAxes {
  private let outward: SIMD3<Double>
  private let side: SIMD3<Double>
  private let top: SIMD3<Double>

  init(at center: Direction<ICRS>, top angle: Angle) {
    let (a, d) = (center.ra.radians, center.dec.radians)
    let east = SIMD3(-sin(a), cos(a), 0)
    let north = SIMD3(-sin(d) * cos(a), -sin(d) * sin(a), cos(d))
    let (s, c) = (sin(angle.radians), cos(angle.radians))
    outward = center.unit
    side = east * c - north * s
    top = north * c + east * s
  }

  /// Not of unit length.
  func direction(_ p: (Double, Double)) -> SIMD3<Double> { outward + side * p.0 + top * p.1 }
}
