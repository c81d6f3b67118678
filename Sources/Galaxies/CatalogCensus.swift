import Skymaps
import Units

/// What a catalogue holds at each distance, against what there should be.
public struct CatalogCensus: Sendable, Hashable {
  /// Thickness of the shells, Mpc; what is farther than the last is in none.
  public static let shellMegaparsecs = 10.0
  public static let shellCount = 200

  /// Blue luminosity density of the nearby universe, 10^10 solar per cubic Mpc: (1.98 +- 0.16) x 10^-2,
  /// Kopparapu et al. 2008 (ApJ 675, 1459); what GLADE's completeness is counted against too.
  public static let luminosityDensity = 1.98e-2
  /// Stellar mass density below z = 0.1, 10^10 solar per cubic Mpc: 2.97 x 10^8 solar, Driver et al. 2022
  /// (MNRAS 513, 439).
  public static let massDensity = 2.97e-2

  public private(set) var counts: [Int]
  /// 10^10 solar in each shell.
  public private(set) var luminosities: [Double]
  public private(set) var masses: [Double]

  public init() {
    counts = [Int](repeating: 0, count: Self.shellCount)
    luminosities = [Double](repeating: 0, count: Self.shellCount)
    masses = luminosities
  }

  /// Nil unless each has `shellCount` values.
  public init?(counts: [Int], luminosities: [Double], masses: [Double]) {
    guard [counts.count, luminosities.count, masses.count].allSatisfy({ $0 == Self.shellCount }) else {
      return nil
    }
    self.counts = counts
    self.luminosities = luminosities
    self.masses = masses
  }

  public mutating func add(distance: Float, luminosity: Float, mass: Float) {
    guard distance >= 0, Double(distance) < Self.shellMegaparsecs * Double(Self.shellCount) else { return }
    let i = Int(Double(distance) / Self.shellMegaparsecs)
    counts[i] += 1
    if luminosity.isFinite { luminosities[i] += Double(luminosity) }
    if mass.isFinite { masses[i] += Double(mass) }
  }

  /// Which of the two the catalogue knows better.
  public enum Measure: String, Sendable, Hashable {
    case blueLight = "blue light"
    case stellarMass = "stellar mass"
  }
  public var measure: Measure {
    let light = luminosities.reduce(0, +) / Self.luminosityDensity
    let mass = masses.reduce(0, +) / Self.massDensity
    return light >= mass ? .blueLight : .stellarMass
  }

  /// The share of the expected light or mass in a shell: over the whole sky, so too small for a catalogue of a
  /// part of it. Above 1 where large-scale structure or doubtful distances pile up.
  public func completeness(ofShell i: Int, _ measure: Measure) -> Double {
    let (a, b) = (Double(i) * Self.shellMegaparsecs, Double(i + 1) * Self.shellMegaparsecs)
    let volume = 4 * Double.pi / 3 * (b * b * b - a * a * a)
    switch measure {
    case .blueLight: return luminosities[i] / (Self.luminosityDensity * volume)
    case .stellarMass: return masses[i] / (Self.massDensity * volume)
    }
  }

  /// The chance that the host is in the catalogue: the mean of the completeness, 1 at most, over the distance
  /// posterior of a map; nothing is known beyond the last shell.
  public func completeness(over posterior: DistancePosterior, _ measure: Measure) -> Fraction {
    var (sum, before) = (0.0, 0.0)
    for i in 0..<Self.shellCount {
      let edge = Distance.megaparsecs(Double(i + 1) * Self.shellMegaparsecs)
      let upTo = posterior.cumulative(at: edge).value
      sum += (upTo - before) * min(1, completeness(ofShell: i, measure))
      before = upTo
    }
    return Fraction(clamping: sum)
  }
}
