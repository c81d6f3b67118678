import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// How many zenith atmospheres a line of sight crosses.
public enum AirmassModel: Hashable, Sendable, CaseIterable {
  /// sec z of the true altitude: what planners and telescope limits use. Infinite at the horizon.
  case planeParallel
  /// Kasten & Young 1989, Applied Optics 28, 4735, of the true altitude; 38 at the horizon.
  case kastenYoung1989
  /// Pickering 2002, DIO 12, 20, of the apparent altitude; 39 at the horizon.
  case pickering2002

  /// - Parameter altitude: of the target; infinity is returned below the horizon (for
  ///   `planeParallel` on it too).
  public func airmass(atAltitude altitude: Angle) -> Double {
    let h = altitude.degrees
    switch self {
    case .planeParallel:
      let s = sin(altitude.radians)
      return s > 0 ? 1 / s : .infinity
    case .kastenYoung1989:
      guard h >= 0 else { return .infinity }
      return 1 / (sin(altitude.radians) + 0.50572 * pow(h + 6.07995, -1.6364))
    case .pickering2002:
      guard h >= 0 else { return .infinity }
      return 1 / sin(Angle.degrees(h + 244 / (165 + 47 * pow(h, 1.1))).radians)
    }
  }
}
