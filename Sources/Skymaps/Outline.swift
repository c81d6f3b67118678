import Healpix
import Units

extension CredibleRegions {
  /// The border of the credible region as closed rings in ICRS, for drawing.
  ///
  /// - Parameters:
  ///   - maximumPoints: rings are thinned (Douglas & Peucker 1973, Cartographica 10, 112) with the
  ///     smallest tolerance of a doubling sequence that meets this; rings thinner than the tolerance
  ///     vanish. A region of very many separate pieces may keep three points for each.
  ///   - tolerance: where thinning starts: points closer than this to the line are left out in any case.
  public func outline(
    at level: Fraction, maximumPoints: Int = 4000, tolerance: Angle = .degrees(0.02)
  ) -> [[Direction<ICRS>]] {
    let toICRS = map.toMap.inverse
    let rings = coverage(at: level).outline()
    var limit = tolerance
    var thinned = rings.map { Self.thinned($0, limit) }
    while thinned.reduce(0, { $0 + $1.count }) > maximumPoints, limit < .degrees(20) {
      limit = limit * 2
      thinned = rings.map { Self.thinned($0, limit) }.filter { $0.count >= 3 }
    }
    return thinned.filter { $0.count >= 3 }.map { ring in
      ring.map { Direction(unit: map.frame == .icrs ? $0 : toICRS($0)) }
    }
  }

  /// A closed ring with every point left out that lies closer than `tolerance` to the line without it.
  static func thinned(_ ring: [SIMD3<Double>], _ tolerance: Angle) -> [SIMD3<Double>] {
    guard ring.count > 3 else { return ring }
    // Fixed ends: the first point and the one farthest from it.
    var far = 0
    for i in ring.indices where (ring[i] * ring[0]).sum() < (ring[far] * ring[0]).sum() { far = i }
    var keep = [Bool](repeating: false, count: ring.count)
    keep[0] = true
    keep[far] = true
    var pending = [(0, far), (far, ring.count)]
    let limit = tolerance.sine
    while let (start, end) = pending.popLast() {
      let (a, b) = (ring[start], ring[end % ring.count])
      var (worst, distance) = (start, limit)
      for i in stride(from: start + 1, to: end, by: 1) {
        let d = Self.chordDistance(ring[i], a, b)
        if d > distance { (worst, distance) = (i, d) }
      }
      if worst != start {
        keep[worst] = true
        pending.append((start, worst))
        pending.append((worst, end))
      }
    }
    return ring.indices.filter { keep[$0] }.map { ring[$0] }
  }

  /// The distance of a point from the segment between two others, in space.
  private static func chordDistance(_ p: SIMD3<Double>, _ a: SIMD3<Double>, _ b: SIMD3<Double>) -> Double {
    let along = b - a
    let length = (along * along).sum()
    let t = length > 0 ? min(max(((p - a) * along).sum() / length, 0), 1) : 0
    let rest = p - a - t * along
    return (rest * rest).sum().squareRoot()
  }
}
