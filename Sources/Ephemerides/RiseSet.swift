import Units

/// Altitudes of the Sun's centre that divide day from night, without refraction.
public enum Twilight: Hashable, Sendable, CaseIterable {
  /// Upper limb on the horizon under standard refraction: -0.833 degrees (34 arcmin of refraction
  /// and 16 of semidiameter), as almanacs use.
  case sunset
  /// -6, -12 and -18 degrees.
  case civil, nautical, astronomical

  public var sunAltitude: Angle {
    switch self {
    case .sunset: .degrees(-0.833)
    case .civil: .degrees(-6)
    case .nautical: .degrees(-12)
    case .astronomical: .degrees(-18)
    }
  }
}

/// A body passing an altitude.
public struct Crossing: Hashable, Sendable {
  public let instant: Instant
  public let isRising: Bool
}

/// Edges are roots of the exact function, to 0.01 s; the models of `Ephemeris` (and refraction left
/// out) limit the truth. Excursions of under 2 s beyond the altitude may be missed.
extension Ephemeris {
  private static let longestStepSeconds = 300.0
  /// Fastest change of the sine of an altitude: the Earth's rotation and a little for the Moon.
  private static let sinePerSecond = 7.5e-5

  /// When `body` is at or above `altitude`, in order. Edges are rounded inward to a millisecond.
  public func windows(
    of body: Body, above altitude: Angle, from observer: Observer, in window: TimeWindow
  ) -> [TimeWindow] {
    let level = Direction<Horizontal>(azimuth: .zero, altitude: altitude).unit.z
    return windows(in: window) { t in
      sinAltitude(of: body, in: frame(of: observer, at: t)) - level
    }
  }

  /// When `body` is below `altitude`, in order. Edges are rounded inward to a millisecond.
  public func windows(
    of body: Body, below altitude: Angle, from observer: Observer, in window: TimeWindow
  ) -> [TimeWindow] {
    let level = Direction<Horizontal>(azimuth: .zero, altitude: altitude).unit.z
    return windows(in: window) { t in
      level - sinAltitude(of: body, in: frame(of: observer, at: t))
    }
  }

  /// Every passage of `body` through `altitude`, in order.
  public func crossings(
    of body: Body, through altitude: Angle, from observer: Observer, in window: TimeWindow
  ) -> [Crossing] {
    var found: [Crossing] = []
    for w in windows(of: body, above: altitude, from: observer, in: window) {
      if w.start > window.start { found.append(Crossing(instant: w.start, isRising: true)) }
      if w.end < window.end { found.append(Crossing(instant: w.end, isRising: false)) }
    }
    return found
  }

  /// Every upper transit (hour angle 0) of `body`, in order.
  public func transits(of body: Body, from observer: Observer, in window: TimeWindow) -> [Instant] {
    // East of the meridian the horizontal x is positive; lower transits are where it grows.
    let east = windows(in: window) { t in
      let frame = frame(of: observer, at: t)
      return dot(frame.east, apparent(of: body, in: frame).unit)
    }
    return east.map(\.end).filter { t in
      guard t < window.end else { return false }
      let frame = frame(of: observer, at: t)
      return abs(frame.hourAngle(of: apparent(of: body, in: frame)).radians) < .pi / 2
    }
  }

  private func windows(in window: TimeWindow, where margin: (Instant) -> Double) -> [TimeWindow] {
    guard !window.isEmpty else { return [] }
    let length = window.duration.seconds
    let (count, step) = IntervalFinder.samples(over: length, longest: Self.longestStepSeconds)
    let finder = IntervalFinder(start: 0, step: step, count: count, reach: Self.sinePerSecond * step)
    func exact(_ s: Double) -> Double { margin(window.start.advanced(bySeconds: s)) }
    var found: [TimeWindow] = []
    finder.forEachInterval(
      sample: { exact(Double($0) * step) }, exact: exact,
      body: { a, b in if let w = window.inner(from: a, to: b) { found.append(w) } })
    return found
  }
}

extension TimeWindow {
  /// The part between two times in seconds from the start, each brought inward to a whole millisecond
  /// of TAI unless it is an end of the window; nil when nothing is left.
  package func inner(from a: Double, to b: Double) -> TimeWindow? {
    let millisecond: Int64 = 1_000_000
    var first = start
    if a > 0 {
      let t = start.advanced(bySeconds: a).tai
      // Always a whole step further in: the edge itself is only known to be allowed.
      first = Instant(tai: (Self.floor(t, millisecond) + 1) * millisecond)
    }
    var last = start.advanced(bySeconds: b)
    if last < end {
      last = Instant(tai: (Self.floor(last.tai - 1, millisecond)) * millisecond)
    } else {
      last = end
    }
    return first < last ? TimeWindow(first, last) : nil
  }

  private static func floor(_ n: Int64, _ d: Int64) -> Int64 {
    let q = n / d
    return n % d < 0 ? q - 1 : q
  }
}
