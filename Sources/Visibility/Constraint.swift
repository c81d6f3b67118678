import Ephemerides
import Observatories
import Units

/// One condition under which a telescope may observe a target. Several together mean all of them.
///
/// Altitudes are of the apparent direction without refraction.
public enum Constraint: Hashable, Sendable {
  case minAltitude(Angle)
  /// Plane-parallel sec z.
  case maxAirmass(Double)
  case horizon(HorizonMask)
  /// ICRS declination, both ends allowed.
  case declination(from: Angle, to: Angle)
  /// |hour angle|, at most 180 degrees.
  case maxHourAngle(Angle)
  /// From the Moon's centre as seen from the site, whether or not it is up.
  case moonSeparation(Angle)
  /// Of the Sun's centre.
  case maxSunAltitude(Angle)
  case closure(Telescope.Closure)
  /// |galactic latitude|.
  case minGalacticLatitude(Angle)

  /// What a telescope's file asks for.
  public static func all(of telescope: Telescope) -> [Constraint] {
    let limits = telescope.limits
    var all: [Constraint] = [
      .maxSunAltitude(limits.maxSunAltitude), .minAltitude(limits.minAltitude),
      .maxAirmass(limits.maxAirmass), .moonSeparation(limits.minMoonSeparation),
      .declination(from: limits.minDeclination, to: limits.maxDeclination),
    ]
    if let mask = telescope.site.horizon { all.append(.horizon(mask)) }
    if let hourAngle = limits.maxHourAngle { all.append(.maxHourAngle(hourAngle)) }
    return all + telescope.closures.map(Constraint.closure)
  }

  /// Numbers in range: infinities and NaN are not.
  var isValid: Bool {
    func within(_ a: Angle, _ degrees: ClosedRange<Double>) -> Bool { degrees.contains(a.degrees) }
    switch self {
    case .minAltitude(let a), .maxSunAltitude(let a): return within(a, -90.001...90.001)
    case .maxAirmass(let x): return x >= 1 && x.isFinite
    case .horizon(let mask):
      return mask.points.allSatisfy { within($0.altitude, -90...90) && $0.azimuth.radians.isFinite }
    case .declination(let from, let to): return from <= to && within(from, -91...91) && within(to, -91...91)
    case .maxHourAngle(let h): return h.radians >= 0 && h.radians.isFinite
    case .moonSeparation(let a): return within(a, 0...180)
    case .minGalacticLatitude(let a): return within(a, 0...90)
    case .closure: return true
    }
  }

  /// Why these conditions break the constraint, or nil if they satisfy it.
  ///
  /// - Parameter target: whose conditions they are.
  public func violation(of target: Direction<ICRS>, by c: Conditions) -> Rejection? {
    func broken(_ isBroken: Bool, _ value: Angle) -> Rejection? {
      isBroken ? .violated(self, value: value, at: c.instant) : nil
    }
    switch self {
    case .minAltitude(let limit): return broken(c.altitude < limit, c.altitude)
    case .maxAirmass(let limit): return broken(c.airmass > limit, c.altitude)
    case .horizon(let mask):
      let clearance = c.altitude - mask.altitude(atAzimuth: c.azimuth)
      return broken(clearance.radians < 0, clearance)
    case .declination, .minGalacticLatitude: return fixedViolation(of: target)
    case .maxHourAngle(let limit):
      let size = Angle(radians: abs(c.hourAngle.radians))
      return broken(size > limit, size)
    case .moonSeparation(let limit): return broken(c.moonSeparation < limit, c.moonSeparation)
    case .maxSunAltitude(let limit): return broken(c.sunAltitude > limit, c.sunAltitude)
    case .closure(let closure): return closure.window.contains(c.instant) ? .closed(closure) : nil
    }
  }

  /// The same for limits in which time has no part; nil for all others.
  func fixedViolation(of target: Direction<ICRS>) -> Rejection? {
    switch self {
    case .declination(let from, let to):
      return target.dec < from || target.dec > to ? .always(self, value: target.dec) : nil
    case .minGalacticLatitude(let limit):
      let latitude = target.galacticLatitude
      return abs(latitude.radians) < limit.radians ? .always(self, value: latitude) : nil
    default: return nil
    }
  }
}

extension Direction where Frame == ICRS {
  public var galacticLatitude: Angle { Rotation<ICRS, Galactic>.standard(self).latitude }
}

/// Where a target, the Moon and the Sun stand for one observer at one instant. No refraction.
public struct Conditions: Hashable, Sendable {
  public let instant: Instant
  public let altitude: Angle
  public let azimuth: Angle
  /// Plane-parallel sec z; infinite on and below the horizon.
  public let airmass: Double
  /// West positive, [-180, 180) degrees.
  public let hourAngle: Angle
  /// Between the apparent directions of target and Moon's centre.
  public let moonSeparation: Angle
  public let moonAltitude: Angle
  public let moonIlluminated: Fraction
  public let sunAltitude: Angle

  public init(of target: Direction<ICRS>, in frame: HorizontalFrame, _ ephemeris: Ephemeris) {
    let apparent = frame.apparent(of: target)
    let horizontal = frame.horizontal(apparent)
    let moon = ephemeris.moon(in: frame)
    instant = frame.instant
    altitude = horizontal.altitude
    azimuth = horizontal.azimuth
    airmass = AirmassModel.planeParallel.airmass(atAltitude: altitude)
    hourAngle = frame.hourAngle(of: apparent)
    moonSeparation = apparent.separation(from: moon.apparent)
    moonAltitude = moon.horizontal.altitude
    moonIlluminated = ephemeris.moonPhase(at: frame.instant).illuminated
    sunAltitude = ephemeris.sun(in: frame).horizontal.altitude
  }
}
