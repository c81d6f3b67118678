import Units

/// Cuts a HEALPix cell along planes and measures the pieces.
///
/// Works in the coordinates (u, v) of one cell, 0...1 each, where the map to the sphere preserves area:
/// the share of the cell that a piece covers is its plane area. Sides of the cell are straight there;
/// the image of a plane is slightly curved. A piece is a list of corners, each with the curve to the
/// next one; its area is the polygon's plus, for each arc, the segment between chord and arc by
/// Simpson's rule on points that lie on the arc exactly.
///
/// Valid where the map is smooth over the cell: not for a cell that touches a pole or whose sides are
/// many degrees long. A cell across the border of a polar cap is pushed as two triangles.
package struct CellClipper {
  package typealias Piece = Range<Int>

  struct Vertex {
    var p: SIMD3<Double>
    var u: Double
    var v: Double
    /// What joins this vertex to the next: a plane by its number, or -1 for a straight line in (u, v).
    var curve: Int32
  }

  static let straight: Int32 = -1
  /// Planes are moved outward by this much: a vertex that lies on one counts as inside whatever its
  /// rounding. Planes that two tiles share would otherwise cut slivers out of noise.
  static let onPlane = 1e-15

  package var planes: ContiguousArray<HalfSpace> = []
  private(set) var vertices: ContiguousArray<Vertex> = []
  private var source: ContiguousArray<Vertex> = []
  private var values: ContiguousArray<Double> = []
  private var outside: ContiguousArray<Vertex> = []

  private var geometry = FaceGeometry(0)
  private var originX = 0.0
  private var originY = 0.0
  private var scale = 1.0
  private var inverseScale = 1.0
  /// Bound of |second derivative| / 8 of a unit vector along a straight line of length 1 in (u, v).
  private var sagitta = 0.0
  /// How often an arc is halved for Simpson's rule.
  private var halvings = 0

  package init() {}

  /// Starts on a cell; drops all pieces.
  /// - Parameters:
  ///   - secondDerivative: bound over the cell of the second derivative of the unit vector by (u, v).
  ///   - halvings: 0 where a cell is small against the radius of curvature of its grid lines.
  package mutating func begin(
    _ geometry: FaceGeometry, x: Double, y: Double, scale: Double, secondDerivative: Double, halvings: Int
  ) {
    self.geometry = geometry
    self.scale = scale
    inverseScale = 1 / scale
    originX = x * scale
    originY = y * scale
    sagitta = secondDerivative / 8
    self.halvings = halvings
    vertices.removeAll(keepingCapacity: true)
  }

  /// The polygon over some corners of the cell: bits 0...3 are south, east, north, west.
  package mutating func pushCell(corners mask: Int, x: SIMD4<Double>, y: SIMD4<Double>, z: SIMD4<Double>)
    -> Piece
  {
    let start = vertices.count
    for i in 0..<4 where mask >> i & 1 == 1 {
      let (u, v) = (i == 1 || i == 2 ? 1.0 : 0.0, i >= 2 ? 1.0 : 0.0)
      vertices.append(Vertex(p: SIMD3(x[i], y[i], z[i]), u: u, v: v, curve: Self.straight))
    }
    return start..<vertices.count
  }

  package mutating func drop(to count: Int) { vertices.removeLast(vertices.count - count) }
  package var count: Int { vertices.count }

  /// Splits a piece along a plane; either result may be empty. Both lie behind all earlier pieces, the
  /// outer one last.
  package mutating func split(_ piece: Piece, by plane: Int32) -> (inside: Piece, outside: Piece) {
    let side = planes[Int(plane)]
    loadSource(piece, side)
    let count = source.count
    var insideCount = 0
    for i in 0..<count where values[i] >= 0 { insideCount += 1 }
    if insideCount == count { return (piece, 0..<0) }
    if insideCount == 0 { return (0..<0, piece) }

    let start = vertices.count
    outside.removeAll(keepingCapacity: true)
    for i in 0..<count {
      let j = i + 1 == count ? 0 : i + 1
      let aInside = values[i] >= 0
      let bInside = values[j] >= 0
      if aInside { vertices.append(source[i]) } else { outside.append(source[i]) }
      guard aInside != bInside else { continue }
      var crossing = self.crossing(from: i, to: j, plane)
      let onward = source[i].curve
      crossing.curve = aInside ? plane : onward
      vertices.append(crossing)
      crossing.curve = aInside ? onward : plane
      outside.append(crossing)
    }
    let middle = vertices.count
    vertices.append(contentsOf: outside)
    return (start..<middle, middle..<vertices.count)
  }

  @inline(__always) private static func value(_ p: SIMD3<Double>, _ side: HalfSpace) -> Double {
    side.value(p) + onPlane
  }

  /// Copies a piece with its values; where a side may cross the plane twice, its extremum is added.
  private mutating func loadSource(_ piece: Piece, _ side: HalfSpace) {
    source.removeAll(keepingCapacity: true)
    values.removeAll(keepingCapacity: true)
    for i in piece {
      let vertex = vertices[i]
      source.append(vertex)
      values.append(Self.value(vertex.p, side))
    }
    var i = 0
    while i < source.count {
      let j = i + 1 == source.count ? 0 : i + 1
      let (fa, fb) = (values[i], values[j])
      if (fa >= 0) == (fb >= 0), let extra = turningPoint(source[i], source[j], fa, fb, side) {
        let value = Self.value(extra.p, side)
        if (value >= 0) != (fa >= 0) {
          source.insert(extra, at: i + 1)
          values.insert(value, at: i + 1)
          i += 1
        }
      }
      i += 1
    }
  }

  /// Where the distance to the plane has its extremum between two vertices, if it may change sign.
  private func turningPoint(
    _ a: Vertex, _ b: Vertex, _ fa: Double, _ fb: Double, _ side: HalfSpace
  ) -> Vertex? {
    let least = min(abs(fa), abs(fb))
    if a.curve != Self.straight {
      // Two great circles meet once in a cell; a small circle may meet an arc twice.
      let other = planes[Int(a.curve)]
      guard side.offset != 0 || other.offset != 0 else { return nil }
      let chord = b.p - a.p
      guard least < (chord * chord).sum() else { return nil }
      return arcMiddle(a, b, other)
    }
    let (du, dv) = (b.u - a.u, b.v - a.v)
    guard least < sagitta * (du * du + dv * dv) else { return nil }
    let fm = Self.value(point(a.u + du / 2, a.v + dv / 2), side)
    let curvature = 4 * (fa - 2 * fm + fb)
    guard curvature != 0 else { return nil }
    let t = (3 * fa - 4 * fm + fb) / curvature
    guard t > 0, t < 1 else { return nil }
    let (u, v) = (a.u + t * du, a.v + t * dv)
    return Vertex(p: point(u, v), u: u, v: v, curve: a.curve)
  }

  private func crossing(from i: Int, to j: Int, _ plane: Int32) -> Vertex {
    let (a, b) = (source[i], source[j])
    return a.curve == Self.straight
      ? straightCrossing(a, b, values[i], values[j], planes[Int(plane)])
      : arcCrossing(a, b, values[i], values[j], planes[Int(plane)])
  }

  /// The root of the distance to the plane on a straight side: one linear step, one through the parabola
  /// of three values, which is nearly always enough, then regula falsi with the Illinois rule.
  private func straightCrossing(
    _ a: Vertex, _ b: Vertex, _ fa: Double, _ fb: Double, _ side: HalfSpace
  ) -> Vertex {
    // Position to 1e-8 of a side: an area error of half that share of the cell at most. Values are
    // known to a few 1e-16.
    let enough = max(1e-8 * abs(fb - fa), 4e-16)
    let first = fa / (fa - fb)
    var vertex = onSide(a, b, first)
    let f = Self.value(vertex.p, side)
    if abs(f) <= enough { return vertex }
    let slope = (f - fa) / first
    let bend = (fb - f) / (1 - first) - slope
    let tangent = slope + bend * first
    let step = -f / tangent
    let second = first + step * (1 - bend * step / tangent)
    if second > 0 && second < 1 {
      vertex = onSide(a, b, second)
      if abs(Self.value(vertex.p, side)) <= enough { return vertex }
    }
    var (low, fLow, high, fHigh) = (0.0, fa, 1.0, fb)
    for _ in 0..<60 {
      let t = low - fLow * (high - low) / (fHigh - fLow)
      vertex = onSide(a, b, t)
      let f = Self.value(vertex.p, side)
      if abs(f) <= enough { break }
      if (f > 0) == (fHigh > 0) {
        (high, fHigh) = (t, f)
        fLow /= 2
      } else {
        (low, fLow) = (high, fHigh)
        (high, fHigh) = (t, f)
      }
    }
    return vertex
  }

  @inline(__always) private func onSide(_ a: Vertex, _ b: Vertex, _ t: Double) -> Vertex {
    let (u, v) = (a.u + t * (b.u - a.u), a.v + t * (b.v - a.v))
    return Vertex(p: point(u, v), u: u, v: v, curve: a.curve)
  }

  /// Where an arc of one plane meets another plane: the line of both planes through the sphere.
  private func arcCrossing(
    _ a: Vertex, _ b: Vertex, _ fa: Double, _ fb: Double, _ side: HalfSpace
  ) -> Vertex {
    let arc = planes[Int(a.curve)]
    let t = min(max(fa / (fa - fb), 0), 1)
    let guess = a.p + t * (b.p - a.p)
    let axis = cross(arc.normal, side.normal)
    let det = (axis * axis).sum()
    var p = onCircle(guess, arc)
    if det > 1e-20 {
      let c = (arc.normal * side.normal).sum()
      let alpha = (arc.offset - side.offset * c) / det
      let beta = (side.offset - arc.offset * c) / det
      let rest = (1 - alpha * arc.offset - beta * side.offset) / det
      if rest >= 0 {
        let base = alpha * arc.normal + beta * side.normal
        let step = rest.squareRoot() * axis
        let candidate = (step * (guess - base)).sum() >= 0 ? base + step : base - step
        // Almost the same plane twice: rounding decides where they meet, so stay between a and b.
        let chord = b.p - a.p
        let along = ((candidate - a.p) * chord).sum()
        if along >= 0 && along <= (chord * chord).sum() { p = candidate }
      }
    }
    return vertex(at: p, curve: a.curve)
  }

  private func vertex(at p: SIMD3<Double>, curve: Int32) -> Vertex {
    let (x, y) = geometry.position(of: p)
    return Vertex(p: p, u: (x - originX) * inverseScale, v: (y - originY) * inverseScale, curve: curve)
  }

  @inline(__always) private func point(_ u: Double, _ v: Double) -> SIMD3<Double> {
    geometry.point(originX + u * scale, originY + v * scale)
  }

  /// The point of a circle nearest to a point beside it.
  private func onCircle(_ p: SIMD3<Double>, _ circle: HalfSpace) -> SIMD3<Double> {
    let center = circle.offset * circle.normal
    let radial = p - (p * circle.normal).sum() * circle.normal
    let length = (radial * radial).sum().squareRoot()
    let radius = max(0, 1 - circle.offset * circle.offset).squareRoot()
    return length > 0 ? center + radial * (radius / length) : p
  }

  private func arcMiddle(_ a: Vertex, _ b: Vertex, _ circle: HalfSpace) -> Vertex {
    vertex(at: onCircle(0.5 * (a.p + b.p), circle), curve: a.curve)
  }

  /// The share of the cell that a piece covers.
  package func area(_ piece: Piece) -> Double {
    guard piece.count >= 2 else { return 0 }
    let origin = vertices[piece.lowerBound]
    var twice = 0.0
    var segments = 0.0
    for i in piece {
      let a = vertices[i]
      let b = vertices[i + 1 == piece.upperBound ? piece.lowerBound : i + 1]
      twice += (a.u - origin.u) * (b.v - origin.v) - (b.u - origin.u) * (a.v - origin.v)
      if a.curve != Self.straight {
        segments += segment(a, b, planes[Int(a.curve)], halvings)
      }
    }
    return twice / 2 + segments
  }

  /// The signed area between the chord from a to b and the arc, positive when the arc lies to the right.
  private func segment(_ a: Vertex, _ b: Vertex, _ circle: HalfSpace, _ halvings: Int) -> Double {
    let m = arcMiddle(a, b, circle)
    let triangle = (m.u - a.u) * (b.v - a.v) - (b.u - a.u) * (m.v - a.v)
    if halvings == 0 { return triangle * (2.0 / 3) }
    return triangle / 2 + segment(a, m, circle, halvings - 1) + segment(m, b, circle, halvings - 1)
  }
}
