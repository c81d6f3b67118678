import Ephemerides
import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension SiteVisibility {
  /// Why `startWindows` is empty: the most binding constraint with the nearest it came to being
  /// satisfied; nil when it is not empty. Tens of microseconds a night: for what is reported.
  public func rejection(for target: Direction<ICRS>, exposure: Duration) -> Rejection? {
    if let noDarkness { return noDarkness }
    if !limits.allowFixed(target.unit) { return fixedRejection(of: target) }
    guard startWindows(for: target, exposure: exposure).isEmpty else { return nil }
    if let never = neverSatisfied(by: target) { return never }
    return conflict(of: target) ?? tooShort(target, exposure)
  }

  private func fixedRejection(of target: Direction<ICRS>) -> Rejection? {
    for constraint in limits.fixed {
      if let found = constraint.fixedViolation(of: target) { return found }
    }
    // Rounding at the limit itself.
    return limits.fixed.first.map { .always($0, value: target.dec) }
  }

  /// The constraints behind each moving limit.
  private func constraints(of limit: MovingLimit) -> [Constraint] {
    switch limit {
    case .floor: limits.floor.map { [$0] } ?? []
    case .moon: limits.moonSeparation.map { [.moonSeparation($0)] } ?? []
    case .hourAngle: limits.hourAngle.map { [$0] } ?? []
    case .mask: limits.masks.map { .horizon($0.mask) }
    }
  }

  /// A constraint that no dark moment satisfies.
  private func neverSatisfied(by target: Direction<ICRS>) -> Rejection? {
    for constraint in MovingLimit.allCases.flatMap(constraints(of:)) {
      let (best, t) = nearest(constraint, target, in: darkWindows)
      if shortfall(constraint, best).radians > 0 {
        return .never(constraint, best: best, at: t, nights: nightCount)
      }
    }
    return nil
  }

  /// The first limit that leaves nothing of what the ones before it left.
  private func conflict(of target: Direction<ICRS>) -> Rejection? {
    var left = darkWindows
    for (i, limit) in MovingLimit.allCases.enumerated() {
      let next = windows(for: target, limits: i + 1)
      guard next.isEmpty else {
        left = next
        continue
      }
      // One limit may stand for several masks: the one that is furthest from satisfied.
      let candidates = constraints(of: limit).map { ($0, nearest($0, target, in: left)) }
      guard
        let (constraint, (best, t)) = candidates.max(by: {
          shortfall($0.0, $0.1.0) < shortfall($1.0, $1.1.0)
        }), let from = left.first?.start, let to = left.last?.end
      else { return nil }
      return .notTogether(constraint, best: best, at: t, during: TimeWindow(from, to))
    }
    return nil
  }

  private func tooShort(_ target: Direction<ICRS>, _ exposure: Duration) -> Rejection? {
    let all = windows(for: target, limits: MovingLimit.allCases.count)
    return all.max { $0.duration < $1.duration }.map { .tooShort(longest: $0, exposure: exposure) }
  }

  /// The value of the limited quantity where it comes nearest to being allowed.
  private func nearest(
    _ constraint: Constraint, _ target: Direction<ICRS>, in windows: [TimeWindow]
  ) -> (Angle, Instant) {
    var best = (shortfall: Double.infinity, at: window.start)
    for w in windows {
      let here = lowest(in: w) { shortfall(constraint, value(constraint, target, at: $0)).radians }
      if here.value < best.shortfall { best = (here.value, here.at) }
    }
    return (value(constraint, target, at: best.at), best.at)
  }

  private func value(_ constraint: Constraint, _ target: Direction<ICRS>, at t: Instant) -> Angle {
    let frame = frame(at: t)
    let apparent = frame.apparent(of: target)
    switch constraint {
    case .maxHourAngle: return Angle(radians: abs(frame.hourAngle(of: apparent).radians))
    case .moonSeparation: return apparent.separation(from: ephemeris.apparent(of: .moon, in: frame))
    case .horizon(let mask):
      let here = frame.horizontal(apparent)
      return here.altitude - mask.altitude(atAzimuth: here.azimuth)
    default: return frame.horizontal(apparent).altitude
    }
  }

  /// How far a value is from being allowed; zero or negative when it is.
  private func shortfall(_ constraint: Constraint, _ value: Angle) -> Angle {
    switch constraint {
    case .minAltitude(let limit), .moonSeparation(let limit): limit - value
    case .maxAirmass(let limit): Angle(radians: asin(1 / limit)) - value
    case .maxHourAngle(let limit): value - limit
    case .horizon: -value
    default: .zero
    }
  }
}
