import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What can rise and set.
public enum Body: Hashable, Sendable {
  /// Centre of the disc.
  case sun, moon
  case fixed(Direction<ICRS>)
}

/// The Sun or the Moon as one observer sees its centre: apparent, no refraction.
public struct TopocentricBody: Hashable, Sendable {
  /// On GCRS axes; right ascension and declination are its longitude and latitude.
  public let apparent: Direction<Apparent>
  public let horizontal: Direction<Horizontal>
  /// From the observer.
  public let distance: Length
}

/// How much of the Moon's disc is lit, seen from the centre of the Earth.
public struct MoonPhase: Hashable, Sendable {
  /// Sun-Moon-Earth: 0 at full Moon, 180 degrees at new Moon.
  public let phaseAngle: Angle
  /// Sun-Earth-Moon: 180 degrees at full Moon.
  public let elongation: Angle
  public let illuminated: Fraction
  /// The lit part grows from night to night.
  public let isWaxing: Bool
}

extension Ephemeris {
  public func sun(in frame: HorizontalFrame) -> TopocentricBody { body(sunVector(in: frame), frame) }
  public func moon(in frame: HorizontalFrame) -> TopocentricBody { body(moonVector(in: frame), frame) }

  /// Apparent direction of a body on GCRS axes.
  public func apparent(of body: Body, in frame: HorizontalFrame) -> Direction<Apparent> {
    switch body {
    case .sun: sunVector(in: frame).direction
    case .moon: moonVector(in: frame).direction
    case .fixed(let d): frame.apparent(of: d)
    }
  }

  /// Sine of the altitude of a body's centre.
  public func sinAltitude(of body: Body, in frame: HorizontalFrame) -> Double {
    dot(frame.up, apparent(of: body, in: frame).unit)
  }

  private typealias Sighting = (direction: Direction<Apparent>, distanceAU: Double)

  /// Seen from the moving barycentric observer: the whole velocity aberrates.
  private func sunVector(in frame: HorizontalFrame) -> Sighting {
    let v = sunPosition(at: frame.instant) - frame.position
    let distance = length(v)
    return (frame.aberrated(v / distance), distance)
  }

  /// Earth and Moon move together: light time in their own frame (already in the position) takes the
  /// place of annual aberration; only the observer's rotation is left.
  private func moonVector(in frame: HorizontalFrame) -> Sighting {
    let v = moonPosition(at: frame.instant) - frame.position
    let distance = length(v)
    return (Direction(normalizing: v / distance + frame.east * frame.speed), distance)
  }

  private func body(_ s: Sighting, _ frame: HorizontalFrame) -> TopocentricBody {
    TopocentricBody(
      apparent: s.direction, horizontal: frame.horizontal(s.direction),
      distance: .metres(s.distanceAU * Constants.auMetres))
  }

  /// Meeus, Astronomical Algorithms (1998), ch. 48: lit fraction (1 + cos i) / 2.
  public func moonPhase(at t: Instant) -> MoonPhase {
    let (moon, sun) = (moonPosition(at: t), sunPosition(at: t))
    let toSun = sun - moon
    let cosine = -dot(toSun, moon) / (length(toSun) * length(moon))
    let normal = cross(toSun, moon)
    let sine = length(normal) / (length(toSun) * length(moon))
    let pair = cross(sun, moon)
    return MoonPhase(
      phaseAngle: Angle(radians: atan2(sine, cosine)),
      elongation: Angle(radians: atan2(length(pair), dot(sun, moon))),
      illuminated: Fraction(clamping: (1 + cosine) / 2),
      // Waxing while the Moon is east of the Sun: the cross product points north of the ecliptic.
      isWaxing: dot(pair, Rotation<ICRS, Ecliptic>.j2000.rows.2) > 0)
  }
}
