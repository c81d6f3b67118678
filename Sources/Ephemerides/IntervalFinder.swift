/// Finds when a continuous function of time is not negative, from samples at equal steps and exact
/// values where it matters.
///
/// An excursion between two samples of equal sign is looked for wherever `reach` allows one: the
/// extremum of the parabola through three points is evaluated, and moved, up to four times. What is
/// missed for a function like an altitude (steps of 5 minutes) is an excursion of less than 1e-9,
/// so of less than 2 seconds; `IntervalFinderTests` measures it.
///
/// Times are seconds from an origin of the caller's. Edges are returned from the non-negative side
/// and lie within `tolerance` of the root.
public struct IntervalFinder: Sendable {
  public let start: Double
  public let step: Double
  /// Number of samples, at least 3: the last one lies at `start + (count - 1) * step`.
  public let count: Int
  /// How much the function can change in one step.
  public let reach: Double
  /// A sample closer to zero than this is not trusted; the exact function decides.
  public let sampleError: Double
  /// Seconds.
  public let tolerance: Double

  /// - Precondition: count >= 3.
  @inlinable
  public init(
    start: Double, step: Double, count: Int, reach: Double, sampleError: Double = 0, tolerance: Double = 0.01
  ) {
    precondition(count >= 3, "a parabola needs three samples")
    self.start = start
    self.step = step
    self.count = count
    self.reach = reach
    self.sampleError = sampleError
    self.tolerance = tolerance
  }

  /// The samples that cover a stretch: equal steps no longer than `longest`, at least two.
  @inlinable
  public static func samples(over length: Double, longest: Double) -> (count: Int, step: Double) {
    let steps = max(2, Int((length / longest).rounded(.up)))
    return (steps + 1, length / Double(steps))
  }

  /// Calls `body` with each interval, in order. A boundary of the sampled stretch that is inside an
  /// interval is its edge exactly.
  ///
  /// - Parameters:
  ///   - sample: the function at sample `i`, within `sampleError`.
  ///   - exact: the function.
  @inlinable @inline(__always)
  public func forEachInterval(
    sample: (Int) -> Double, exact: (Double) -> Double, body: (Double, Double) -> Void
  ) {
    func value(_ i: Int) -> Double {
      let v = sample(i)
      return abs(v) < sampleError ? exact(start + Double(i) * step) : v
    }
    var opened: Double?
    var (before, here, t) = (0.0, value(0), start)
    if here >= 0 { opened = t }
    for i in 1..<count {
      let next = value(i)
      let u = start + Double(i) * step
      if (here >= 0) != (next >= 0) {
        let edge = here >= 0 ? root(t, here, u, next, exact) : root(u, next, t, here, exact)
        if let a = opened {
          body(a, edge)
          opened = nil
        } else {
          opened = edge
        }
      } else if abs(here) + abs(next) < reach {
        let third = i > 1 ? (t - step, before) : (u + step, value(2))
        if let (w, v) = excursion((t, here), (u, next), third, exact) {
          if let a = opened {
            body(a, root(t, here, w, v, exact))
            opened = root(u, next, w, v, exact)
          } else {
            body(root(w, v, t, here, exact), root(w, v, u, next, exact))
          }
        }
      }
      (before, here, t) = (here, next, u)
    }
    if let a = opened { body(a, t) }
  }

  /// The non-negative side of the root between `good` (value >= 0) and `bad` (< 0).
  @inlinable
  public func root(
    _ good: Double, _ goodValue: Double, _ bad: Double, _ badValue: Double, _ exact: (Double) -> Double
  ) -> Double {
    var (a, fa, b, fb) = (good, goodValue, bad, badValue)
    // Secant steps kept off both ends by 0.4 of the tolerance, so that the bracket closes from both
    // sides; every fourth step halves it, for functions with kinks.
    for turn in 1...80 where abs(b - a) > tolerance {
      let width = b - a
      let margin = 0.4 * tolerance / abs(width)
      let secant = turn % 4 == 0 ? 0.5 : fa / (fa - fb)
      let f = min(max(secant, margin), 1 - margin)
      let t = a + width * f
      let v = exact(t)
      if v >= 0 { (a, fa) = (t, v) } else { (b, fb) = (t, v) }
    }
    return a
  }

  /// A point between two samples of equal sign where the sign is the other one; nil if the extremum
  /// does not get there.
  @inlinable
  public func excursion(
    _ p: (t: Double, v: Double), _ q: (t: Double, v: Double), _ third: (Double, Double),
    _ exact: (Double) -> Double
  ) -> (Double, Double)? {
    let sign = p.v >= 0 ? 1.0 : -1.0
    var (c, fc) = (third.0, third.1 * sign)
    let (a, fa, b, fb) = (p.t, p.v * sign, q.t, q.v * sign)
    let slack = 0.05 * (b - a)
    for turn in 0..<4 {
      // Newton's divided differences; the curvature must hold water.
      let slope = (fb - fa) / (b - a)
      let curvature = ((fc - fb) / (c - b) - slope) / (c - a)
      guard curvature > 0 else { return nil }
      let vertex = (a + b) / 2 - slope / (2 * curvature)
      guard vertex > a - slack, vertex < b + slack else { return nil }
      let t = min(max(vertex, a + slack * 0.02), b - slack * 0.02)
      // The parabola's own error, when still far from the extremum.
      let predicted = fa + (t - a) * (slope + curvature * (t - b))
      if turn == 0, predicted > 0.02 * reach { return nil }
      let v = exact(t)
      if (v >= 0) != (sign > 0) { return (t, v) }
      if abs(t - c) < tolerance { return nil }
      (c, fc) = (t, v * sign)
    }
    return nil
  }
}
