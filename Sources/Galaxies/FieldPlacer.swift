import Observatories
import Targeting
import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Finds the fields that hold the most weight of points.
struct FieldPlacer {
  private let field: FieldOfView
  private let rotation: Angle
  /// Half sides on the tangent plane, margin taken off; equal radii for a circle.
  private let half: SIMD2<Double>
  private let isCircle: Bool
  private let ownRotation: Angle
  /// Cosine of the largest distance of two points of one field.
  private let cosReach: Double

  private var units: [SIMD3<Double>] = []
  private var weights: [Double] = []
  private var entries: [Int] = []
  private var taken: [Bool] = []
  var count: Int { units.count }

  init(field: FieldOfView, rotation: Angle) {
    self.field = field
    self.rotation = rotation
    let inner = 1 - GalaxyTargets.margin
    switch field {
    case .circle(let radius):
      half = SIMD2(repeating: tan(radius.radians * inner))
      (isCircle, ownRotation) = (true, .zero)
    case .rectangle(let width, let height, let own):
      half = SIMD2(tan(width.radians / 2 * inner), tan(height.radians / 2 * inner))
      (isCircle, ownRotation) = (false, own)
    case .polygons:
      let box = field.boundingBox
      half = SIMD2(tan(box.width.radians / 2 * inner), tan(box.height.radians / 2 * inner))
      (isCircle, ownRotation) = (false, .zero)
    }
    cosReach = cos(min(.pi, 2.05 * field.radius.radians))
  }

  mutating func add(_ position: Direction<ICRS>, _ weight: Double, entry: Int) {
    units.append(position.unit)
    weights.append(weight)
    entries.append(entry)
    taken.append(false)
  }

  private struct Placement {
    var center: Direction<ICRS>
    var members: [Int]
    var weight: Double
  }

  /// Lazy greedy: what a seed can have only shrinks, so a bound that is not the largest needs no look.
  mutating func greedy(most: Int, enough: Double, least: Double) -> [GalaxyPointing] {
    var bounds = units.indices.map { i in
      (bound: nearby(i).reduce(0) { $0 + weights[$1] }, round: -1, placement: Placement?.none)
    }
    var result: [GalaxyPointing] = []
    var sum = 0.0
    while result.count < most, sum < enough {
      var best: Int?
      while true {
        var top = -1
        for i in bounds.indices where !taken[i] && (top < 0 || bounds[i].bound > bounds[top].bound) {
          top = i
        }
        guard top >= 0, bounds[top].bound >= least else { break }
        if bounds[top].round == result.count {
          best = top
          break
        }
        let placement = place(seed: top)
        bounds[top] = (placement.weight, result.count, placement)
      }
      guard let best, let found = bounds[best].placement else { break }
      for i in found.members { taken[i] = true }
      sum += found.weight
      result.append(
        GalaxyPointing(
          center: found.center, members: found.members.map { entries[$0] }.sorted(), weight: found.weight))
    }
    return result
  }

  /// Points that can share a field with one, itself included.
  private func nearby(_ seed: Int) -> [Int] {
    let u = units[seed]
    return units.indices.filter { !taken[$0] && (units[$0] * u).sum() >= cosReach }
  }

  /// The best field that holds a point.
  private func place(seed: Int) -> Placement {
    let basis = TangentBasis(at: Direction(unit: units[seed]))
    let turn = rotation + ownRotation
    let (c, s) = (cos(turn.radians), sin(turn.radians))
    let near = Array(nearby(seed).prefix(isCircle ? 60 : 200))
    // Offsets along the field's own axes: x to its right (east at rotation 0), y to its top.
    let plane = near.map { i -> SIMD2<Double> in
      let u = units[i]
      let d = (u * basis.center).sum()
      let (e, n) = ((u * basis.east).sum() / d, (u * basis.north).sum() / d)
      return SIMD2(e * c - n * s, e * s + n * c)
    }
    let chosen = isCircle ? bestCircle(plane, near) : bestBox(plane, near)
    var best = exact(Direction(unit: units[seed]), near)
    for center in [chosen.middle, chosen.corner] {
      let (x, y) = (center.x, center.y)
      let there = basis.direction(east: x * c + y * s, north: y * c - x * s)
      let placement = exact(there, near)
      // The middle of its galaxies comes first and wins ties.
      if placement.weight > best.weight
        || (placement.weight == best.weight && placement.members.count >= best.members.count
          && center == chosen.middle)
      {
        best = placement
      }
    }
    return best
  }

  /// Counted on the sphere.
  private func exact(_ center: Direction<ICRS>, _ near: [Int]) -> Placement {
    let footprint = Footprint(field, at: center, rotation: rotation)
    let members = near.filter { footprint.contains(Direction(unit: units[$0])) }
    return Placement(
      center: center, members: members, weight: members.reduce(0) { $0 + weights[$1] })
  }

  /// The rectangle of the greatest weight that holds the origin; its centre, and that of the box of what it
  /// holds.
  private func bestBox(_ plane: [SIMD2<Double>], _ near: [Int]) -> (
    middle: SIMD2<Double>, corner: SIMD2<Double>
  ) {
    let (w, h) = (2 * half.x, 2 * half.y)
    var best = (weight: -1.0, low: SIMD2<Double>.zero, set: [Int]())
    let byY = plane.indices.sorted { (plane[$0].y, $0) < (plane[$1].y, $1) }
    for left in plane.indices where plane[left].x <= 0 && plane[left].x >= -w {
      let x = plane[left].x
      let column = byY.filter { plane[$0].x >= x && plane[$0].x <= x + w }
      var (first, sum) = (0, 0.0)
      for last in column.indices {
        sum += weights[near[column[last]]]
        while plane[column[last]].y - plane[column[first]].y > h {
          sum -= weights[near[column[first]]]
          first += 1
        }
        let holdsOrigin = plane[column[first]].y <= 0 && plane[column[first]].y + h >= 0
        if holdsOrigin, sum > best.weight {
          best = (sum, SIMD2(x, plane[column[first]].y), Array(column[first...last]))
        }
      }
    }
    let inside = best.set.map { plane[$0] }
    guard let one = inside.first else { return (.zero, .zero) }
    let low = inside.reduce(one) { pointwiseMin($0, $1) }
    let high = inside.reduce(one) { pointwiseMax($0, $1) }
    return ((low + high) / 2, best.low + half)
  }

  /// The circle of the greatest weight that holds the origin: through two points, or about one.
  private func bestCircle(
    _ plane: [SIMD2<Double>], _ near: [Int]
  ) -> (middle: SIMD2<Double>, corner: SIMD2<Double>) {
    let r = half.x
    var best = (weight: -1.0, center: SIMD2<Double>.zero)
    func tryCenter(_ center: SIMD2<Double>) {
      guard (center * center).sum() <= r * r * (1 + 1e-9) else { return }
      var sum = 0.0
      for (n, p) in plane.enumerated() {
        let d = p - center
        if (d * d).sum() <= r * r * (1 + 1e-9) { sum += weights[near[n]] }
      }
      if sum > best.weight { best = (sum, center) }
    }
    for i in plane.indices {
      tryCenter(plane[i])
      for j in plane.indices where j > i {
        let d = plane[j] - plane[i]
        let distance = (d * d).sum()
        guard distance > 0, distance <= 4 * r * r else { continue }
        let middle = (plane[i] + plane[j]) / 2
        tryCenter(middle)
        let across = SIMD2(-d.y, d.x) * (max(0, r * r - distance / 4) / distance).squareRoot()
        tryCenter(middle + across)
        tryCenter(middle - across)
      }
    }
    let inside = plane.filter {
      let d = $0 - best.center; return (d * d).sum() <= r * r * (1 + 1e-9)
    }
    return (Self.enclosingCenter(inside) ?? best.center, best.center)
  }

  /// The centre of the smallest circle around points, near enough: steps toward the farthest one
  /// (Badoiu & Clarkson 2003), 1 % after a hundred.
  private static func enclosingCenter(_ points: [SIMD2<Double>]) -> SIMD2<Double>? {
    guard var center = points.first else { return nil }
    for k in 1...100 {
      var (farthest, reach) = (center, 0.0)
      for p in points {
        let d = p - center
        let square = (d * d).sum()
        if square > reach { (farthest, reach) = (p, square) }
      }
      center += (farthest - center) / Double(k + 1)
    }
    return center
  }
}
