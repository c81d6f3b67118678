import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The systematic error of Fermi GBM positions: a core and a tail.
///
/// The true position scatters about the published one as the sum of two Fisher distributions,
/// `f F(k_core) + (1 - f) F(k_tail)`, where `k = 1 / (0.66 s)^2` and `s^2` is the published
/// statistical 68 % radius squared plus the systematic one squared (V. Connaughton et al. 2015, ApJS
/// 216, 32, section 5 and eq. 1-2). The numbers per kind of notice are those measured on located
/// bursts for the flight, ground and final (human or RoboBA) localisations.
public struct GBMSystematics: Hashable, Sendable {
  public let name: String
  /// 68 % systematic radius of the core.
  public let core: Angle
  /// Weight of the core.
  public let coreFraction: Fraction
  /// 68 % systematic radius of the tail.
  public let tail: Angle

  /// FERMI_GBM_FLT_POS.
  public static let flight = GBMSystematics("flight", core: 7.52, fraction: 0.897, tail: 55.6)
  /// FERMI_GBM_GND_POS.
  public static let ground = GBMSystematics("ground", core: 3.72, fraction: 0.804, tail: 13.7)
  /// FERMI_GBM_FIN_POS.
  public static let final = GBMSystematics("final", core: 3.71, fraction: 0.900, tail: 14.3)

  init(_ name: String, core: Double, fraction: Double, tail: Double) {
    self.name = name
    self.core = .degrees(core)
    coreFraction = Fraction(clamping: fraction)
    self.tail = .degrees(tail)
  }

  /// The Fisher concentrations of core and tail for a statistical 68 % radius.
  func concentrations(statistical: Angle) -> (core: Double, tail: Double) {
    func k(_ systematic: Angle) -> Double {
      let s2 = statistical.radians * statistical.radians + systematic.radians * systematic.radians
      return 1 / (0.66 * 0.66 * s2)
    }
    return (k(core), k(tail))
  }

  /// Probability per steradian at a separation from the published position.
  ///
  /// Stable for any concentration: the textbook `k / (2 pi (e^k - e^-k)) e^(k cos d)` overflows for
  /// radii under 3 arcmin.
  /// - Parameter statistical: the published 68 % radius.
  public func density(at separation: Angle, statistical: Angle) -> Double {
    let k = concentrations(statistical: statistical)
    let f = coreFraction.value
    return f * fisherDensity(separation, k.core) + (1 - f) * fisherDensity(separation, k.tail)
  }

  /// Probability within a separation of the published position.
  public func probability(within separation: Angle, statistical: Angle) -> Double {
    let k = concentrations(statistical: statistical)
    let f = coreFraction.value
    return f * fisherWithin(separation, k.core) + (1 - f) * fisherWithin(separation, k.tail)
  }

  /// The radius that holds `containment` once the systematic error is added.
  ///
  /// - Parameters:
  ///   - radius: the published statistical radius.
  ///   - containment: of the published radius and of the result; in (0, 1).
  /// - Returns: between `radius` and 180 degrees, to 1e-9 rad.
  public func effectiveRadius(statistical radius: Angle, containment: Fraction) -> Angle {
    guard containment.value > 0, containment.value < 1 else { return radius }
    // The model is stated for 68 % radii: bring another containment there as for a 2-D Gaussian.
    let scale = (log(1 - 0.68) / log(1 - containment.value)).squareRoot()
    let sigma = radius * scale
    var low = 0.0
    var high = Double.pi
    while high - low > 1e-9 {
      let middle = (low + high) / 2
      if probability(within: .radians(middle), statistical: sigma) < containment.value {
        low = middle
      } else {
        high = middle
      }
    }
    return .radians(high)
  }

  private func fisherDensity(_ d: Angle, _ k: Double) -> Double {
    // cos d - 1 without cancellation.
    let h = sin(d.radians / 2)
    return k / (2 * .pi * -expm1(-2 * k)) * exp(-2 * k * h * h)
  }

  private func fisherWithin(_ d: Angle, _ k: Double) -> Double {
    let h = sin(d.radians / 2)
    return expm1(-2 * k * h * h) / expm1(-2 * k)
  }
}
