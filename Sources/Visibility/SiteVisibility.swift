import Ephemerides
import Observatories
import Units

/// When one telescope can observe what, within one planning window.
///
/// Built once (about 0.1 ms a day), then asked for many targets. A target's windows come from
/// dot products on a grid of at most five minutes over the dark hours; every edge is then found on
/// the exact function to 0.01 s and moved inward to a whole millisecond, so that evaluating any
/// constraint at an edge, or anywhere inside, satisfies it. Chances to observe shorter than about 2 s
/// may be missed, and so may interruptions of that length (see `IntervalFinder`).
public struct SiteVisibility: Sendable {
  /// Longest step of the grid.
  static let longestStepSeconds = 300.0

  public let window: TimeWindow
  public let observer: Observer
  public let ephemeris: Ephemeris
  /// All in force, as given.
  public let constraints: [Constraint]
  /// Where the Sun is low enough and no closure holds, in order, inside `window`. Edges are good to
  /// 0.01 s and lie on the dark side.
  public let darkWindows: [TimeWindow]
  /// Why there are none; nil if there are.
  public let noDarkness: Rejection?

  /// Stretches with the Sun low enough, closures or not: what messages call nights.
  let nightCount: Int
  let limits: Limits
  let spans: [DarkSpan]
  let grid: DarkGrid

  /// Everything a telescope's file asks for, and more if wanted.
  ///
  /// - Parameters:
  ///   - window: planning window; exposures start and end inside it.
  ///   - ephemeris: must cover the window.
  ///   - extra: further constraints.
  public init(
    telescope: Telescope, window: TimeWindow, ephemeris: Ephemeris, adding extra: [Constraint] = []
  ) throws(VisibilityError) {
    try self.init(
      position: telescope.site.position, constraints: Constraint.all(of: telescope) + extra, window: window,
      ephemeris: ephemeris)
  }

  public init(
    position: GeodeticPosition, constraints: [Constraint], window: TimeWindow, ephemeris: Ephemeris
  ) throws(VisibilityError) {
    guard !window.isEmpty else { throw .emptyWindow(at: window.start) }
    guard ephemeris.window.start <= window.start, window.end <= ephemeris.window.end else {
      throw .ephemerisDoesNotCover(window, ephemeris: ephemeris.window)
    }
    let observer: Observer
    do { observer = try Observer(position) } catch { throw .position(error) }
    let limits = try Limits(constraints)
    self.observer = observer
    self.limits = limits
    self.constraints = constraints
    self.window = window
    self.ephemeris = ephemeris

    let nights = limits.maxSunAltitude.map {
      ephemeris.windows(of: .sun, below: $0, from: observer, in: window)
    }
    let open = (nights ?? [window]).flatMap { $0.removing(limits.closures.map(\.window)) }
    darkWindows = open
    nightCount = nights?.count ?? 1
    if !open.isEmpty {
      noDarkness = nil
    } else if let limit = limits.maxSunAltitude, nights?.isEmpty ?? false {
      let (lowest, t) = Self.lowestSun(observer, window, ephemeris)
      noDarkness = .neverDark(limit: limit, lowestSun: lowest, at: t)
    } else {
      let dark = nights ?? [window]
      let closure = limits.closures.first { c in dark.contains { $0.intersection(c.window) != nil } }
      noDarkness = closure.map(Rejection.closed)
    }
    (spans, grid) = DarkGrid.make(over: open, observer, ephemeris, limits)
  }

  private static func lowestSun(
    _ observer: Observer, _ window: TimeWindow, _ ephemeris: Ephemeris
  ) -> (Angle, Instant) {
    let t = lowest(in: window) {
      ephemeris.sinAltitude(of: .sun, in: ephemeris.frame(of: observer, at: $0))
    }.at
    let frame = ephemeris.frame(of: observer, at: t)
    return (ephemeris.sun(in: frame).horizontal.altitude, t)
  }

  /// The horizon of the site at an instant, for loops over many targets.
  public func frame(at t: Instant) -> HorizontalFrame { ephemeris.frame(of: observer, at: t) }

  /// Where a target stands, exactly. Any instant; inside the ephemeris under a microsecond.
  public func conditions(of target: Direction<ICRS>, at t: Instant) -> Conditions {
    Conditions(of: target, in: frame(at: t), ephemeris)
  }

  /// Every constraint broken at one instant; empty when the target may be observed then.
  public func violations(of target: Direction<ICRS>, at t: Instant) -> [Rejection] {
    let here = conditions(of: target, at: t)
    return constraints.compactMap { $0.violation(of: target, by: here) }
  }
}

extension TimeWindow {
  /// What is left when others are taken out, in order.
  func removing(_ others: [TimeWindow]) -> [TimeWindow] {
    var left = [self]
    for other in others where !other.isEmpty {
      left = left.flatMap { w -> [TimeWindow] in
        guard w.intersection(other) != nil else { return [w] }
        var parts: [TimeWindow] = []
        if w.start < other.start { parts.append(TimeWindow(w.start, other.start)) }
        if other.end < w.end { parts.append(TimeWindow(other.end, w.end)) }
        return parts
      }
    }
    return left
  }
}

/// The smallest value of a function over a window, on a grid of five minutes and then by golden
/// section around the best point; for messages, so to a second or so.
func lowest(in window: TimeWindow, _ f: (Instant) -> Double) -> (value: Double, at: Instant) {
  let (count, step) = IntervalFinder.samples(
    over: window.duration.seconds, longest: SiteVisibility.longestStepSeconds)
  func at(_ s: Double) -> Instant { min(window.start.advanced(bySeconds: s), window.end) }
  var best = (value: Double.infinity, s: 0.0)
  for i in 0..<count {
    let s = Double(i) * step
    let v = f(at(s))
    if v < best.value { best = (v, s) }
  }
  var (a, b) = (max(0, best.s - step), min(window.duration.seconds, best.s + step))
  let ratio = 0.618_033_988_749_895
  while b - a > 1 {
    let (c, d) = (b - (b - a) * ratio, a + (b - a) * ratio)
    let (fc, fd) = (f(at(c)), f(at(d)))
    if fc < best.value { best = (fc, c) }
    if fd < best.value { best = (fd, d) }
    if fc < fd { b = d } else { a = c }
  }
  return (best.value, at(best.s))
}
