import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The frame of a view: x toward its centre, y east, z north.
private enum ViewFrame {}

/// A map projection with its place on the page. North is up and east is left, as the sky is seen.
///
/// Points pass through a local frame: x toward the centre, y east and z north of it.
struct SkyView: Sendable {
  enum Kind: Sendable {
    /// Equal-area, the whole sky in an ellipse (Snyder 1987, USGS Professional Paper 1395, p. 249).
    case mollweide
    /// Lambert's zenithal equal-area projection (ibid., p. 182): shapes stay true near the centre.
    case zenithal
  }
  let kind: Kind
  /// Pixels of the centre.
  let origin: SIMD2<Double>
  /// Pixels a radian at the centre.
  let scale: Double
  private let axes: Rotation<ICRS, ViewFrame>

  /// The whole sky in an ellipse `width` pixels wide and half as high.
  init(allSkyCenteredOn ra: Angle, origin: SIMD2<Double>, width: Double) {
    kind = .mollweide
    self.origin = origin
    scale = width / (4 * 2.0.squareRoot())
    let (s, c) = (sin(ra.radians), cos(ra.radians))
    axes = Rotation(rows: SIMD3(c, s, 0), SIMD3(-s, c, 0), SIMD3(0, 0, 1))
  }

  /// The surroundings of `center`: `radius` on the sky is `pixels` on the page.
  init(around center: Direction<ICRS>, radius: Angle, origin: SIMD2<Double>, pixels: Double) {
    kind = .zenithal
    self.origin = origin
    scale = pixels / (2 * sin(radius.radians / 2))
    let (s, c) = (sin(center.ra.radians), cos(center.ra.radians))
    let east = SIMD3(-s, c, 0)
    axes = Rotation(rows: center.unit, east, cross(center.unit, east))
  }

  /// Half the width and height of the all-sky ellipse in pixels.
  var ellipse: SIMD2<Double> { SIMD2(2 * 2.0.squareRoot(), 2.0.squareRoot()) * scale }

  /// Points on the meridian opposite the centre are moved a hair to its east side, so that every point
  /// has one side.
  func local(_ direction: Direction<ICRS>) -> SIMD3<Double> {
    var v = axes(direction.unit)
    if abs(v.y) < 1e-12 { v.y = 1e-12 }
    return v
  }

  func pixel(_ direction: Direction<ICRS>) -> SIMD2<Double> { pixel(local: local(direction)) }

  /// - Parameter east: for points on the edge meridian itself, which side to draw them on; nil is their own.
  func pixel(local v: SIMD3<Double>, east: Bool? = nil) -> SIMD2<Double> {
    switch kind {
    case .mollweide:
      var longitude = atan2(v.y, v.x)
      if let east, v.x < 0, abs(v.y) < 1e-9 { longitude = east ? .pi : -.pi }
      // Solves 2 d - sin 2d = pi (1 - |sin latitude|) for d, the angle from the pole, which unlike the
      // usual form does not lose the poles.
      let rest = .pi * (v.x * v.x + v.y * v.y) / (1 + abs(v.z))
      var d = cbrt(0.75 * rest)
      for _ in 0..<6 where d > 1e-9 { d -= (2 * d - sin(2 * d) - rest) / (2 - 2 * cos(2 * d)) }
      let root = 2.0.squareRoot()
      let x = 2 * root / .pi * longitude * sin(d)
      let y = (v.z < 0 ? -root : root) * cos(d)
      return origin + scale * SIMD2(-x, -y)
    case .zenithal:
      let k = (2 / max(1 + v.x, 1e-6)).squareRoot()
      return origin + scale * SIMD2(-k * v.y, -k * v.z)
    }
  }

  /// The direction drawn at a pixel. Outside the ellipse: the nearest point of the same height.
  func direction(at pixel: SIMD2<Double>) -> Direction<ICRS> {
    let p = (pixel - origin) / scale
    let v: SIMD3<Double>
    switch kind {
    case .mollweide:
      let theta = asin(min(max(-p.y / 2.0.squareRoot(), -1), 1))
      let sine = min(max((2 * theta + sin(2 * theta)) / .pi, -1), 1)
      let width = 2 * 2.0.squareRoot() * cos(theta)
      let longitude = width > 1e-12 ? min(max(-p.x / width, -1), 1) * .pi : 0
      let c = (1 - sine * sine).squareRoot()
      v = SIMD3(c * cos(longitude), c * sin(longitude), sine)
    case .zenithal:
      let rho2 = min((p * p).sum(), 3.999)
      let k = (1 - rho2 / 4).squareRoot()
      v = SIMD3(1 - rho2 / 2, -p.x * k, -p.y * k)
    }
    return Direction(normalizing: axes.inverse(v))
  }

  /// The angle on the page, from +x toward +y (down), in which `other` lies seen from `direction`.
  func bearing(from direction: Direction<ICRS>, to other: Direction<ICRS>) -> Angle {
    let step = Direction<ICRS>(
      normalizing: direction.unit + 0.01 * (other.unit - direction.dot(other) * direction.unit))
    let d = pixel(step) - pixel(direction)
    return Angle(radians: atan2(d.y, d.x))
  }
}

// Lines and areas on a projection.
extension SkyView {
  /// A polyline of great-circle arcs, bent where the projection bends it and parted where it leaves the
  /// map over the edge.
  ///
  /// Arcs must be shorter than 180 degrees. - Returns: pieces in pixels, at least two points each.
  func polylines(_ points: [Direction<ICRS>], closed: Bool) -> [[SIMD2<Double>]] {
    guard points.count >= 2 else { return [] }
    var vertices = points.map(local)
    if closed { vertices.append(vertices[0]) }
    var pieces: [[SIMD2<Double>]] = []
    var piece = [pixel(local: vertices[0])]
    for (a, b) in zip(vertices, vertices.dropFirst()) {
      if let m = edgeCrossing(a, b) {
        bend(a, m, into: &piece, east: a.y > 0)
        pieces.append(piece)
        piece = [pixel(local: m, east: b.y > 0)]
        bend(m, b, into: &piece, east: b.y > 0)
      } else {
        bend(a, b, into: &piece, east: a.y > 0)
      }
    }
    if closed, !pieces.isEmpty {
      // The last piece runs on into the first.
      pieces[0] = piece + pieces[0].dropFirst()
    } else {
      pieces.append(piece)
    }
    return pieces.filter { $0.count >= 2 }
  }

  /// The areas that a convex polygon fills on the map: one, or two where the map's edge parts it.
  func areas(ofConvex corners: [Direction<ICRS>]) -> [[SIMD2<Double>]] {
    guard corners.count >= 3 else { return [] }
    let v = corners.map(local)
    guard kind == .mollweide, touchesEdge(v) else { return [ring(v, east: nil)] }
    return [true, false].compactMap { east in
      let half = clipped(v, east: east)
      return half.count >= 3 ? ring(half, east: east) : nil
    }
  }

  /// Whether a convex polygon reaches over the edge meridian or holds a pole.
  func touchesEdge(_ corners: [SIMD3<Double>]) -> Bool {
    for i in corners.indices {
      let (a, b) = (corners[i], corners[(i + 1) % corners.count])
      if a.y * b.y < 0, edgeCrossing(a, b) != nil { return true }
    }
    return false
  }

  private func ring(_ corners: [SIMD3<Double>], east: Bool?) -> [SIMD2<Double>] {
    var result = [pixel(local: corners[0], east: east)]
    for i in corners.indices { bend(corners[i], corners[(i + 1) % corners.count], into: &result, east: east) }
    result.removeLast()
    return result
  }

  /// Sutherland-Hodgman against the half-sphere on one side of the meridian through centre and edge.
  private func clipped(_ corners: [SIMD3<Double>], east: Bool) -> [SIMD3<Double>] {
    var result: [SIMD3<Double>] = []
    for i in corners.indices {
      let (a, b) = (corners[i], corners[(i + 1) % corners.count])
      if (a.y > 0) == east { result.append(a) }
      if a.y * b.y < 0 { result.append(onMeridian(a, b)) }
    }
    return result
  }

  private func onMeridian(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> SIMD3<Double> {
    var m = abs(b.y) * a + abs(a.y) * b
    m.y = 0
    return m / (m * m).sum().squareRoot()
  }

  /// Where an arc crosses the edge of the all-sky map.
  private func edgeCrossing(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> SIMD3<Double>? {
    guard kind == .mollweide, a.y * b.y < 0 else { return nil }
    let m = onMeridian(a, b)
    return m.x < 0 ? m : nil
  }

  /// Appends the points after `a` of the arc to `b`, halving it while it strays from its chord by more
  /// than a third of a pixel.
  private func bend(
    _ a: SIMD3<Double>, _ b: SIMD3<Double>, into piece: inout [SIMD2<Double>], east: Bool?, depth: Int = 0
  ) {
    let end = pixel(local: b, east: east)
    if depth < 7, let start = piece.last {
      var middle = a + b
      let length = (middle * middle).sum().squareRoot()
      if length > 1e-9 {
        middle /= length
        let bent = pixel(local: middle, east: east)
        let chord = (start + end) / 2
        let stray = bent - chord
        let isLong = (a * b).sum() < 0.94  // 20 degrees: a curve may cross its chord in the middle
        if isLong || (stray * stray).sum() > 0.1 {
          bend(a, middle, into: &piece, east: east, depth: depth + 1)
          bend(middle, b, into: &piece, east: east, depth: depth + 1)
          return
        }
      }
    }
    piece.append(end)
  }

  /// A circle on the sky as corners.
  static func circle(around center: Direction<ICRS>, radius: Angle, corners: Int = 72) -> [Direction<ICRS>] {
    let axis: SIMD3<Double> = abs(center.unit.z) < 0.9 ? SIMD3(0, 0, 1) : SIMD3(1, 0, 0)
    let e = Direction<ICRS>(normalizing: cross(axis, center.unit)).unit
    let n = cross(center.unit, e)
    return (0..<corners).map { i in
      let a = 2 * .pi * Double(i) / Double(corners)
      return Direction(
        normalizing: cos(radius.radians) * center.unit + sin(radius.radians) * (cos(a) * e + sin(a) * n))
    }
  }
}
