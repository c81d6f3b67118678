import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The one table of values that may stand in where no source gives one.
///
/// A telescope file names the keys it takes from here under `assumed`; each becomes an
/// `Telescope.Assumption` that travels into every plan. Position, aperture and field of view are never
/// assumed. The class of a telescope is its aperture, whether it works without an observer
/// (`automation` is `auto` or `semi`), and its setting.
///
/// | aperture up to | exposure | range | readout | slew, robotic | slew, by hand | settle, robotic |
/// |---|---|---|---|---|---|---|
/// | 0.35 m | 120 s | 60-180 s | 10 s | 5 deg/s | 2 deg/s | 2 s |
/// | 0.65 m | 120 s | 120-300 s | 10 s | 5 deg/s | 2 deg/s | 2 s |
/// | 0.9 m | 180 s | 180-600 s | 15 s | 4 deg/s | 2 deg/s | 5 s |
/// | 1.3 m | 300 s | 300-900 s | 20 s | 3 deg/s | 2 deg/s | 5 s |
/// | 2.1 m | 300 s | 600-1200 s | 30 s | 1.5 deg/s | 1 deg/s | 10 s |
/// | larger | 300 s | 900-1800 s | 50 s | 1 deg/s | 1 deg/s | 10 s |
///
/// | | dark | urban |
/// |---|---|---|
/// | lowest altitude | 20 deg robotic, 30 deg by hand | 30 deg |
/// | highest airmass | 2.5 | 2.0 |
/// | Moon separation | 30 deg | 30 deg |
/// | Sun altitude | -12 deg | -12 deg |
/// | depth | the aperture model | 1.5 mag brighter |
///
/// By hand the settle time is 30 s: somebody types the coordinates and the dome follows. A change of filter takes
/// 15 s up to 0.65 m, 20 s up to 1.3 m, 30 s up to 2.1 m and 60 s beyond, by hand 45 s at least; it needs no entry
/// under `assumed`, and a plan names it where it counts.
///
/// Where they come from. *Readout, slew*: no faster than the median of the values in `telescopes/` that a
/// source gives and the linter accepts. *Exposure range*: the exposure guide by aperture of the GRANDMA
/// manual (June 2025); the typical one is its lower end up to 300 s, because longer ones are for sources
/// already known to be faint. *Airmass*: the rule of GRANDMA's automatic tiling. *Depth*: `depth(_:)`.
/// *Settle, altitude, Moon, Sun*: common practice. *Filter change*: by hand that of the one telescope for which a
/// source has it (VIRT, 45 s); the others wheels and exchangers of such sizes, on the slow side.
public struct AssumedValues: Sendable, Hashable {
  /// What the table is entered with.
  public struct Class: Sendable, Hashable {
    public let aperture: Length
    public let robotic: Bool
    public let setting: Telescope.Setting
    public init(aperture: Length, robotic: Bool, setting: Telescope.Setting) {
      self.aperture = aperture
      self.robotic = robotic
      self.setting = setting
    }
  }

  public let typicalExposure: Duration
  public let exposureRange: ClosedRange<Duration>
  public let readout: Duration
  public let slewRate: AngularRate
  public let settle: Duration
  public let filterChange: Duration
  public let minAltitude: Angle
  public let maxAirmass: Double
  public let minMoonSeparation: Angle
  public let maxSunAltitude: Angle
  /// The class in words, as an `Assumption` gives it: `up to 0.65 m, robotic, dark site`.
  public let basis: String
  private let entered: Class

  private struct Row {
    let upTo: Double
    let exposure: Double
    let range: ClosedRange<Double>
    let readout: Double
    let slewRobotic: Double
    let slewByHand: Double
    let settleRobotic: Double
    let filterChange: Double
  }

  private static let rows = [
    Row(
      upTo: 0.35, exposure: 120, range: 60...180, readout: 10, slewRobotic: 5, slewByHand: 2,
      settleRobotic: 2,
      filterChange: 15),
    Row(
      upTo: 0.65, exposure: 120, range: 120...300, readout: 10, slewRobotic: 5, slewByHand: 2,
      settleRobotic: 2, filterChange: 15),
    Row(
      upTo: 0.9, exposure: 180, range: 180...600, readout: 15, slewRobotic: 4, slewByHand: 2,
      settleRobotic: 5,
      filterChange: 20),
    Row(
      upTo: 1.3, exposure: 300, range: 300...900, readout: 20, slewRobotic: 3, slewByHand: 2,
      settleRobotic: 5,
      filterChange: 20),
    Row(
      upTo: 2.1, exposure: 300, range: 600...1200, readout: 30, slewRobotic: 1.5, slewByHand: 1,
      settleRobotic: 10, filterChange: 30),
    Row(
      upTo: .infinity, exposure: 300, range: 900...1800, readout: 50, slewRobotic: 1, slewByHand: 1,
      settleRobotic: 10, filterChange: 60),
  ]

  public init(_ entered: Class) {
    // The last row takes every aperture left, so there is always one.
    let row = Self.rows.first { entered.aperture.metres <= $0.upTo } ?? Self.rows[Self.rows.count - 1]
    let urban = entered.setting == .urban
    typicalExposure = .seconds(row.exposure)
    exposureRange = .seconds(row.range.lowerBound)...(.seconds(row.range.upperBound))
    readout = .seconds(row.readout)
    slewRate = .degreesPerSecond(entered.robotic ? row.slewRobotic : row.slewByHand)
    settle = .seconds(entered.robotic ? row.settleRobotic : 30)
    filterChange = .seconds(entered.robotic ? row.filterChange : max(45, row.filterChange))
    minAltitude = .degrees(entered.robotic && !urban ? 20 : 30)
    maxAirmass = urban ? 2.0 : 2.5
    minMoonSeparation = .degrees(30)
    maxSunAltitude = .degrees(-12)
    let size = row.upTo.isFinite ? "up to \(Text.number(row.upTo)) m" : "over 2.1 m"
    basis = "\(size), \(entered.robotic ? "robotic" : "by hand"), \(entered.setting.rawValue) site"
    self.entered = entered
  }

  /// The depth model for this class: 5 sigma on a point source in R or r, dark sky, near zenith.
  ///
  /// Sky-limited photometry: the limit goes as 2.5 log10 D + 1.25 log10 t. The zero point, 19.3 for 1 m and
  /// 60 s, is the median of the limits in `telescopes/` that state an exposure; they scatter by 1.0 mag
  /// (standard deviation) about it.
  /// - Parameter exposure: the total on target, > 0.
  public func depth(_ exposure: Duration) -> Magnitude {
    let sky = entered.setting == .urban ? -1.5 : 0
    let gain = 2.5 * log10(entered.aperture.metres) + 1.25 * log10(exposure.seconds / 60)
    return Magnitude(19.3 + gain + sky)
  }
}

extension Telescope.Automation {
  /// Works without an observer at the telescope.
  public var isRobotic: Bool { self != .manual }
}
