import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The Moon as far as it lights the sky.
public struct MoonInSky: Sendable, Hashable {
  /// Of its centre; below the horizon it lights nothing.
  public var altitude: Angle
  /// From the target.
  public var separation: Angle
  /// Sun-Moon-Earth: 0 at full Moon.
  public var phaseAngle: Angle

  public init(altitude: Angle, separation: Angle, phaseAngle: Angle) {
    self.altitude = altitude
    self.separation = separation
    self.phaseAngle = phaseAngle
  }

  /// - Parameter illuminated: lit part of the disc, (1 + cos i) / 2 for the phase angle i.
  public init(altitude: Angle, separation: Angle, illuminated: Fraction) {
    self.init(
      altitude: altitude, separation: separation,
      phaseAngle: Angle(radians: acos(max(-1, min(1, 2 * illuminated.value - 1)))))
  }
}

/// The brightness of the night sky in V, after Krisciunas & Schaefer 1991 (PASP 103, 1033).
///
/// Their comparison with measurements scatters by 23 % (0.25 mag) where the Moon matters. In redder bands
/// the Moon matters less than in V; nothing is taken off for that, so limits in moonlight are on the safe
/// side there.
public struct NightSky: Sendable, Hashable {
  /// At the zenith without the Moon, nanolamberts.
  public var zenithNanolamberts: Double
  /// Extinction in V, magnitudes per airmass.
  public var extinctionPerAirmass: Double

  public init(zenithNanolamberts: Double, extinctionPerAirmass: Double = 0.172) {
    self.zenithNanolamberts = zenithNanolamberts
    self.extinctionPerAirmass = extinctionPerAirmass
  }

  /// Mauna Kea: 79.0 nL, 21.587 mag per square arcsecond (section 3 there).
  public static let dark = NightSky(zenithNanolamberts: 79.0)
  /// Three magnitudes brighter: limits are 1.5 mag brighter, as `AssumedValues` has it for towns.
  public static let urban = NightSky(zenithNanolamberts: 79.0 * 15.848_931_924_611_135)

  /// V magnitudes per square arcsecond of a brightness in nanolamberts, equation 1 solved for V.
  public static func magnitudes(nanolamberts b: Double) -> Double { (20.7233 - log(b / 34.08)) / 0.92104 }

  /// Optical path of scattered light in zenith airmasses, equation 3.
  static func path(_ altitude: Angle) -> Double {
    let c = altitude.cosine
    return 1 / (1 - 0.96 * c * c).squareRoot()
  }

  /// Without the Moon, equation 2.
  public func darkNanolamberts(atAltitude altitude: Angle) -> Double {
    let x = Self.path(altitude)
    return zenithNanolamberts * pow(10, -0.4 * extinctionPerAirmass * (x - 1)) * x
  }

  /// What the Moon adds, equations 15, 20 and 21; 0 while it is down.
  public func moonNanolamberts(_ moon: MoonInSky, atAltitude altitude: Angle) -> Double {
    guard moon.altitude.radians > 0 else { return 0 }
    let phase = abs(moon.phaseAngle.degrees)
    let illuminance = pow(10, -0.4 * (3.84 + 0.026 * phase + 4e-9 * phase * phase * phase * phase))
    let rho = moon.separation.degrees
    let c = moon.separation.cosine
    let rayleigh = pow(10, 5.36) * (1.06 + c * c)
    // Closer than 10 degrees the aerosols scatter as in equation 19; nearer than the disc there is no sky.
    let mie = rho >= 10 ? pow(10, 6.15 - rho / 40) : 6.2e7 / max(rho * rho, 0.0625)
    let k = extinctionPerAirmass
    return (rayleigh + mie) * illuminance * pow(10, -0.4 * k * Self.path(moon.altitude))
      * (1 - pow(10, -0.4 * k * Self.path(altitude)))
  }

  /// Of the whole sky at a target.
  public func nanolamberts(_ moon: MoonInSky?, atAltitude altitude: Angle) -> Double {
    darkNanolamberts(atAltitude: altitude) + (moon.map { moonNanolamberts($0, atAltitude: altitude) } ?? 0)
  }
}
