import Observatories
import Units

/// Why a target cannot be observed, with the numbers that show it.
///
/// `description` is one plain English clause without a final stop, times in UTC.
public enum Rejection: Hashable, Sendable {
  /// Wrong place of the sky at any time: declination or galactic latitude.
  case always(Constraint, value: Angle)
  /// Not satisfied at any moment of the dark windows; `best` is the nearest it came, `at` when.
  ///
  /// `best` is an altitude for altitude and airmass limits, the height above the mask (negative) for
  /// the horizon, else the limited angle itself.
  case never(Constraint, best: Angle, at: Instant, nights: Int)
  /// Satisfied at times, but not `during` the hours the limits named before it leave; `best` then.
  case notTogether(Constraint, best: Angle, at: Instant, during: TimeWindow)
  /// Observable, but never for as long as an exposure takes.
  case tooShort(longest: TimeWindow, exposure: Duration)
  /// Broken at one moment.
  case violated(Constraint, value: Angle, at: Instant)
  /// The Sun stays above `limit`.
  case neverDark(limit: Angle, lowestSun: Angle, at: Instant)
  case closed(Telescope.Closure)
}

extension Rejection: CustomStringConvertible {
  public var description: String {
    switch self {
    case .always(let constraint, let value): return Self.always(constraint, value)
    case .never(let constraint, let best, let t, let nights):
      let when = nights == 1 ? "all night" : nights == 2 ? "on both nights" : "on all \(nights) nights"
      return Self.lasting(constraint, best, t, when)
    case .notTogether(let constraint, let best, let t, let window):
      let when = "from \(Text.time(window.start)) to \(Text.time(window.end)) UTC"
      return Self.lasting(constraint, best, t, when) + ", the only time the other limits leave"
    case .tooShort(let longest, let exposure):
      return "observable for \(Text.duration(longest.duration)) at most, from "
        + "\(Text.time(longest.start)) to \(Text.time(longest.end)) UTC; an exposure takes "
        + Text.duration(exposure)
    case .violated(let constraint, let value, let t): return Self.momentary(constraint, value, t)
    case .neverDark(let limit, let lowest, let t):
      let (value, bound) = Text.degrees(lowest, limit: limit)
      return "Sun never below \(bound) (lowest \(value) at \(Text.time(t)) UTC)"
    case .closed(let closure):
      let (from, to) = (Text.dateAndTime(closure.window.start), Text.dateAndTime(closure.window.end))
      return "closed from \(from) to \(to) UTC: \(closure.reason)"
    }
  }

  private static func always(_ constraint: Constraint, _ value: Angle) -> String {
    switch constraint {
    case .declination(let from, let to):
      let nearest = value < from ? from : to
      let text = Text.degrees(value, limit: nearest).value
      return "declination \(text) outside \(Text.degrees(from)) to \(Text.degrees(to))"
    case .minGalacticLatitude(let limit):
      let (text, bound) = Text.degrees(value, limit: limit)
      return "galactic latitude \(text) (limit \(bound))"
    default: return "\(Text.degrees(value)) breaks \(constraint)"
    }
  }

  private static func lasting(_ constraint: Constraint, _ best: Angle, _ t: Instant, _ when: String) -> String
  {
    let time = "at \(Text.time(t)) UTC"
    switch constraint {
    case .minAltitude(let limit):
      let (value, bound) = Text.degrees(best, limit: limit)
      return "below \(bound) \(when) (highest \(value) \(time))"
    case .maxAirmass(let limit):
      guard let airmass = Text.airmass(best, limit: limit) else {
        return
          "airmass above \(Text.decimal(limit, 2)) \(when) (highest altitude \(Text.degrees(best)) \(time))"
      }
      return "airmass above \(airmass.bound) \(when) (lowest \(airmass.value) \(time))"
    case .horizon:
      return
        "behind the horizon mask \(when) (nearest \(Text.degrees(-best, limit: .zero).value) under it \(time))"
    case .maxHourAngle(let limit):
      let (value, bound) = Text.degrees(best, limit: limit)
      return "hour angle beyond \(bound) \(when) (smallest \(value) \(time))"
    case .moonSeparation(let limit):
      let (value, bound) = Text.degrees(best, limit: limit)
      return "Moon at most \(value) away \(when) (limit \(bound))"
    case .maxSunAltitude(let limit):
      let (value, bound) = Text.degrees(best, limit: limit)
      return "Sun above \(bound) \(when) (lowest \(value) \(time))"
    case .closure(let closure): return Rejection.closed(closure).description
    case .declination, .minGalacticLatitude: return always(constraint, best)
    }
  }

  private static func momentary(_ constraint: Constraint, _ value: Angle, _ t: Instant) -> String {
    let time = "at \(Text.time(t)) UTC"
    func plain(_ name: String, _ limit: Angle, _ after: String = "") -> String {
      let (text, bound) = Text.degrees(value, limit: limit)
      return "\(name) \(text)\(after) \(time) (limit \(bound))"
    }
    switch constraint {
    case .minAltitude(let limit): return plain("altitude", limit)
    case .maxAirmass(let limit):
      guard let airmass = Text.airmass(value, limit: limit) else {
        return "\(Text.degrees(value)) below the horizon \(time)"
      }
      return "airmass \(airmass.value) \(time) (limit \(airmass.bound))"
    case .horizon: return "\(Text.degrees(-value, limit: .zero).value) under the horizon mask \(time)"
    case .maxHourAngle(let limit): return plain("hour angle", limit)
    case .moonSeparation(let limit): return plain("Moon", limit, " away")
    case .maxSunAltitude(let limit): return plain("Sun altitude", limit)
    case .closure(let closure): return Rejection.closed(closure).description
    case .declination, .minGalacticLatitude: return always(constraint, value)
    }
  }
}
