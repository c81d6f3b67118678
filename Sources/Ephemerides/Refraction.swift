import CERFA
import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Bending of light by the air above one place: dz = A tan z + B tan^3 z with z the observed zenith
/// distance, constants by `eraRefco`.
///
/// Good to 0.1 arcsec above 15 degrees, 10 arcsec above 7; below 3 degrees it is held finite and
/// only roughly right (the true value at the horizon is 35 arcmin).
public struct Refraction: Hashable, Sendable {
  /// Radians.
  let a: Double
  let b: Double

  /// - Parameters:
  ///   - pressureHPa: at the telescope, not reduced to sea level; 0 gives no refraction.
  ///   - temperatureCelsius: of the air at the telescope.
  ///   - relativeHumidity: 0...1.
  ///   - wavelengthMicrometres: above 100 the radio formula is used.
  public init(
    pressureHPa: Double, temperatureCelsius: Double, relativeHumidity: Fraction = .zero,
    wavelengthMicrometres: Double = 0.55
  ) {
    var (a, b) = (0.0, 0.0)
    // ERFA brings values outside its ranges back to the nearest allowed one.
    eraRefco(pressureHPa, temperatureCelsius, relativeHumidity.value, wavelengthMicrometres, &a, &b)
    self.a = a
    self.b = b
  }

  /// How far the air lifts a direction whose unrefracted altitude is given; never negative.
  public func lift(atAltitude altitude: Angle) -> Angle {
    // One Newton step from the true zenith distance, as `eraAtioq` does, with its lowest altitude.
    let sine = max(sin(altitude.radians), 0.05)
    let t = max(cos(altitude.radians), 1e-6) / sine
    let first = (a + b * t * t) * t
    return Angle(radians: first / (1 + (a + 3 * b * t * t) / (sine * sine)))
  }

  /// The direction in which a star at `d` without air is seen.
  public func observed(_ d: Direction<Horizontal>) -> Direction<Horizontal> {
    let altitude = d.altitude
    return Direction(azimuth: d.azimuth, altitude: altitude + lift(atAltitude: altitude))
  }
}
