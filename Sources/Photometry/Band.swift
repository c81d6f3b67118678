import Units

/// A broad band of the optical sky.
///
/// No colour terms: a limit in R is compared with a magnitude in R; AB and Vega differ by 0.2 mag in R and
/// 0.4 in I, which is less than the depths in the registry scatter.
public enum Band: String, Sendable, Hashable, CaseIterable {
  case u, B, g, V, r, R, i, I, z, y

  /// Effective wavelength, nm.
  public var wavelengthNanometres: Double {
    switch self {
    case .u: 355
    case .B: 436
    case .g: 477
    case .V: 545
    case .r: 623
    case .R: 641
    case .i: 762
    case .I: 798
    case .z: 905
    case .y: 1005
    }
  }

  /// Atmospheric extinction, magnitudes per airmass.
  ///
  /// Ivezic et al. 2019 (ApJ 873, 111), table 2, for ugrizy; the others lie between by wavelength, which
  /// gives the 0.172 that Krisciunas & Schaefer measured for V.
  public var extinctionPerAirmass: Double {
    switch self {
    case .u: 0.491
    case .B: 0.306
    case .g: 0.213
    case .V: 0.172
    case .r: 0.126
    case .R: 0.122
    case .i: 0.096
    case .I: 0.089
    case .z: 0.069
    case .y: 0.170
    }
  }

  /// Galactic extinction per unit of E(B-V) on the scale of Schlegel et al. 1998, for R_V = 3.1:
  /// Schlafly & Finkbeiner 2011 (ApJ 737, 103), table 6 (SDSS, Landolt; y of Pan-STARRS).
  public var extinctionPerReddening: Double {
    switch self {
    case .u: 4.239
    case .B: 3.626
    case .g: 3.303
    case .V: 2.742
    case .r: 2.285
    case .R: 2.169
    case .i: 1.698
    case .I: 1.505
    case .z: 1.263
    case .y: 1.087
    }
  }

  private static let unfiltered: Set = [
    "clear", "c", "l", "lum", "luminance", "open", "none", "w", "white", "unfiltered",
  ]

  /// Whether a filter's name says that there is none.
  public static func isUnfiltered(_ name: String) -> Bool {
    unfiltered.contains(name.filter { $0.isLetter || $0.isNumber }.lowercased())
  }

  /// The band of a filter as sites name them: `R`, `SDSSr`, `r'`, `rp`, `Bessell-V`, `clear`.
  ///
  /// Unfiltered images are calibrated to R or r, so `clear`, `C`, `L` and `open` are r. Nil for a name that
  /// is none, and for infrared and narrow bands.
  public init?(filter name: String) {
    var key = name.filter { $0.isLetter || $0.isNumber }
    if Self.isUnfiltered(name) {
      self = .r
      return
    }
    for prefix in ["sdss", "sloan", "ps1", "panstarrs", "bessell", "bessel", "johnson", "cousins", "landolt"]
    where key.lowercased().hasPrefix(prefix) && key.count > prefix.count {
      key = String(key.dropFirst(prefix.count))
      break
    }
    if key.count == 2, key.hasSuffix("p") || key.hasSuffix("s") || key.hasSuffix("c") {
      key = String(key.dropLast())
    }
    if let band = Band(rawValue: key) {
      self = band
      return
    }
    switch key {
    case "U": self = .u
    case "G": self = .g
    case "b": self = .B
    case "v": self = .V
    case "Z": self = .z
    case "Y": self = .y
    default: return nil
    }
  }
}

/// Dust of the Galaxy in front of a source.
public enum GalacticExtinction: Sendable, Hashable {
  case none
  /// E(B-V) toward the source, magnitudes, from a dust map.
  case reddening(Double)
  /// A plane-parallel layer: E(B-V) toward the pole over |sin b|, at most that of |b| = 3 degrees. A rough
  /// stand-in where no dust map is at hand.
  case layer(poleReddening: Double)

  /// - Parameter latitude: Galactic latitude of the source; only the layer depends on it.
  public func magnitudes(in band: Band, latitude: Angle) -> Double {
    switch self {
    case .none: return 0
    case .reddening(let e): return e * band.extinctionPerReddening
    case .layer(let pole):
      return pole / max(abs(latitude.sine), Angle.degrees(3).sine) * band.extinctionPerReddening
    }
  }
}
