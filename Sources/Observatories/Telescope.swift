import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// One telescope with the instrument GRANDMA uses on it: a value, read from one YAML file.
///
/// What no source gives is nil; what was assumed by class is listed in `assumptions`.
public struct Telescope: Sendable, Hashable, Identifiable {
  /// Canonical name, such as `TAROT-TCA`. Any printable characters, `/` included.
  public let id: String
  /// `id` as a file name and URL segment: safe, lower case, injective (`Slug`).
  public let slug: String
  public var fullName: String
  /// Every parallel name in use (gwemopt, ICARE, ownCloud, cookbook, misspellings).
  public var aliases: [String] = []
  public var group: String?
  public var roles: Set<Role> = []
  public var status: Status
  /// Why the status is what it is: `broken, no access`.
  public var statusNote: String?
  public var automation: Automation?
  public var site: Site
  public var aperture: Length?
  public var field: FieldOfView?
  public var pixelScale: Angle?
  public var detector: DetectorSize?
  /// Filter names as the site knows them.
  public var filters: [String] = []
  public var depth: Depth?
  /// The deepest limit the source claims, in its words: `19 in 30 min`.
  public var deepest: String?
  public var exposure: ExposureSettings
  public var timing: Timing
  public var limits: PointingLimits
  public var usage: Usage?
  /// Terms beyond the usage level; `terms` are all that hold.
  public var allocation: Allocation?
  public var exclusions: [Exclusion] = []
  public var closures: [Closure] = []
  public var channel: Channel?
  public var assumptions: [Assumption] = []
  /// Where each value comes from: key path in the YAML file -> source marks.
  public var provenance: [String: String] = [:]
  /// Linter checks (`TelescopeLinter.Check`) this telescope fails for a good reason -> that reason.
  public var accepted: [String: String] = [:]
  public var notes: String?

  public init(
    id: String, slug: String, fullName: String, status: Status, site: Site, exposure: ExposureSettings,
    timing: Timing, limits: PointingLimits
  ) {
    self.id = id
    self.slug = slug
    self.fullName = fullName
    self.status = status
    self.site = site
    self.exposure = exposure
    self.timing = timing
    self.limits = limits
  }
}

extension Telescope {
  /// The time that a change of filter takes: what its file says, or the table of assumed values.
  public var filterChange: Duration { timing.filterChange ?? assumedFilterChange.duration }

  /// Says that the time of a filter change was assumed; nil where its file gives it.
  public var filterChangeAssumption: Assumption? {
    guard timing.filterChange == nil else { return nil }
    let (duration, basis) = assumedFilterChange
    return Assumption(
      key: "timing.filter_change_s", value: "\(Text.number(duration.seconds)) s", basis: basis)
  }

  private var assumedFilterChange: (duration: Duration, basis: String) {
    // Without an aperture the slowest row: a time too long is never in the way of a plan.
    let values = AssumedValues(
      .init(
        aperture: aperture ?? .metres(100), robotic: automation?.isRobotic ?? false, setting: site.setting))
    return (values.filterChange, values.basis)
  }

  public enum Role: String, Sendable, Hashable, CaseIterable {
    case tiler
    case galaxyTargeter = "galaxy_targeter"
    case photometry, spectroscopy
  }
  public enum Status: String, Sendable, Hashable, CaseIterable {
    case operational, unknown
    case notOperational = "not_operational"
  }
  public enum Automation: String, Sendable, Hashable, CaseIterable { case auto, semi, manual }

  public struct Site: Sendable, Hashable {
    public var name: String
    public var country: String
    public var position: GeodeticPosition
    public var setting: Setting
    /// IANA name, such as `Europe/Paris`; for display only.
    public var timeZone: String?
    public var mpc: MPCPosition?
    /// Lowest usable altitude by azimuth; nil is a flat horizon at `limits.minAltitude`.
    public var horizon: HorizonMask?
    public init(name: String, country: String, position: GeodeticPosition, setting: Setting = .dark) {
      self.name = name
      self.country = country
      self.position = position
      self.setting = setting
    }
  }

  /// What surrounds the dome: chooses the class of assumed values.
  public enum Setting: String, Sendable, Hashable, CaseIterable { case dark, urban }

  public struct DetectorSize: Sendable, Hashable {
    public let widthPixels: Int
    public let heightPixels: Int
    public init(widthPixels: Int, heightPixels: Int) {
      self.widthPixels = widthPixels
      self.heightPixels = heightPixels
    }
  }

  /// Parallax constants of an observatory code (Minor Planet Center list).
  public struct MPCPosition: Sendable, Hashable {
    public let code: String
    /// Degrees east as listed, 0...360.
    public let longitude: Angle
    public let rhoCosPhi: Double
    public let rhoSinPhi: Double
    /// How many decimals the constants are listed with: 6 place a telescope to metres, 4 to 500 m.
    public var decimals: Int
    /// How far the telescope may be from the listed position: more than 1 km only where the code is a
    /// neighbour's.
    public var tolerance: Length
    public init(
      code: String, longitude: Angle, rhoCosPhi: Double, rhoSinPhi: Double, decimals: Int = 6,
      tolerance: Length = .metres(1000)
    ) {
      self.code = code
      self.longitude = longitude
      self.rhoCosPhi = rhoCosPhi
      self.rhoSinPhi = rhoSinPhi
      self.decimals = decimals
      self.tolerance = tolerance
    }
  }

  /// 5-sigma point-source limit under dark sky near zenith.
  public struct Depth: Sendable, Hashable {
    public var magnitude: Magnitude
    /// nil: none stated; take it as R or r.
    public var filter: String?
    /// The total on target, all stacked exposures together.
    public var exposure: Duration
    public init(magnitude: Magnitude, filter: String?, exposure: Duration) {
      self.magnitude = magnitude
      self.filter = filter
      self.exposure = exposure
    }

    /// The limit in another total exposure, > 0: sky-limited, so it goes as 1.25 log10 of the time.
    ///
    /// Too deep for exposures so short that the detector's noise counts, as in seconds on small telescopes.
    public func limit(in total: Duration) -> Magnitude {
      Magnitude(magnitude.value + 1.25 * log10(total.seconds / exposure.seconds))
    }
  }

  public struct ExposureSettings: Sendable, Hashable {
    /// One exposure of a tile unless a request says otherwise.
    public var typical: Duration
    public var shortest: Duration
    public var longest: Duration
    /// Preferred filter for tiling.
    public var filter: String?
    public init(typical: Duration, shortest: Duration, longest: Duration, filter: String?) {
      self.typical = typical
      self.shortest = shortest
      self.longest = longest
      self.filter = filter
    }
  }

  /// The gap between two exposures is max(readout, slew), as both run at the same time; a change of filter comes
  /// on top.
  public struct Timing: Sendable, Hashable {
    public var readout: Duration
    public var slewRate: AngularRate
    /// Added to every slew (acceleration, dome, settling).
    public var settle: Duration
    /// From one filter to another; nil: no source says (`Telescope.filterChange`).
    public var filterChange: Duration?
    public init(
      readout: Duration, slewRate: AngularRate, settle: Duration = .zero, filterChange: Duration? = nil
    ) {
      self.readout = readout
      self.slewRate = slewRate
      self.settle = settle
      self.filterChange = filterChange
    }

    /// Seconds between the end of one exposure and the start of the next, `angle` away on the sky.
    public func gapSeconds(slewing angle: Angle) -> Double {
      let slew = angle.radians > 1e-9 ? angle.radians / slewRate.radiansPerSecond + settle.seconds : 0
      return max(readout.seconds, slew)
    }
  }

  /// Where and when it may point. All hold at the start, middle and end of an exposure.
  public struct PointingLimits: Sendable, Hashable {
    public var minAltitude: Angle
    /// Plane-parallel sec z of the unrefracted altitude.
    public var maxAirmass: Double
    public var minDeclination: Angle
    public var maxDeclination: Angle
    public var minMoonSeparation: Angle
    /// Highest Sun altitude under which it observes.
    public var maxSunAltitude: Angle
    /// |hour angle| limit; nil is none.
    public var maxHourAngle: Angle?
    public init(
      minAltitude: Angle, maxAirmass: Double, minDeclination: Angle = .degrees(-90),
      maxDeclination: Angle = .degrees(90), minMoonSeparation: Angle = .degrees(30),
      maxSunAltitude: Angle = .degrees(-12), maxHourAngle: Angle? = nil
    ) {
      self.minAltitude = minAltitude
      self.maxAirmass = maxAirmass
      self.minDeclination = minDeclination
      self.maxDeclination = maxDeclination
      self.minMoonSeparation = minMoonSeparation
      self.maxSunAltitude = maxSunAltitude
      self.maxHourAngle = maxHourAngle
    }
  }

  public struct Closure: Sendable, Hashable {
    public var window: TimeWindow
    public var reason: String
    public init(window: TimeWindow, reason: String) {
      self.window = window
      self.reason = reason
    }
  }

  /// How the team is reached: a team channel or an interface, never a person.
  public struct Channel: Sendable, Hashable {
    /// `icare`, `slack`, `email`, `rts2`, ...
    public var kind: String
    public var detail: String?
    public init(kind: String, detail: String? = nil) {
      self.kind = kind
      self.detail = detail
    }
  }

  /// A value no source gives, taken from the class table (`AssumedValues`).
  public struct Assumption: Sendable, Hashable {
    /// Key path in the YAML file, such as `timing.readout_s`.
    public var key: String
    /// `20 s`.
    public var value: String
    /// Why: the class it was taken from.
    public var basis: String
    public init(key: String, value: String, basis: String) {
      self.key = key
      self.value = value
      self.basis = basis
    }
  }
}
