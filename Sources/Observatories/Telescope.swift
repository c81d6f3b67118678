import Units

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
  public var automation: Automation?
  public var site: Site
  public var aperture: Length?
  public var field: FieldOfView?
  public var pixelScale: Angle?
  /// Filter names as the site knows them.
  public var filters: [String] = []
  public var depth: Depth?
  public var exposure: ExposureSettings
  public var timing: Timing
  public var limits: PointingLimits
  public var usage: Usage?
  public var exclusions: [Exclusion] = []
  public var closures: [Closure] = []
  public var channel: Channel?
  public var assumptions: [Assumption] = []
  /// Where each value comes from: key path in the YAML file -> source marks.
  public var provenance: [String: String] = [:]
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
  public enum Role: String, Sendable, Hashable, CaseIterable {
    case tiler, galaxyTargeter = "galaxy_targeter", photometry, spectroscopy
  }
  public enum Status: String, Sendable, Hashable, CaseIterable {
    case operational, unknown, notOperational = "not_operational"
  }
  public enum Automation: String, Sendable, Hashable, CaseIterable { case auto, semi, manual }

  public struct Site: Sendable, Hashable {
    public var name: String
    public var country: String
    public var position: GeodeticPosition
    /// IANA name, such as `Europe/Paris`; for display only.
    public var timeZone: String?
    public var mpc: MPCPosition?
    /// Lowest usable altitude by azimuth; nil is a flat horizon at `limits.minAltitude`.
    public var horizon: HorizonMask?
    public init(name: String, country: String, position: GeodeticPosition) {
      self.name = name
      self.country = country
      self.position = position
    }
  }

  /// Parallax constants of an observatory code (Minor Planet Center list).
  public struct MPCPosition: Sendable, Hashable {
    public let code: String
    /// Degrees east as listed, 0...360.
    public let longitude: Angle
    public let rhoCosPhi: Double
    public let rhoSinPhi: Double
    public init(code: String, longitude: Angle, rhoCosPhi: Double, rhoSinPhi: Double) {
      self.code = code
      self.longitude = longitude
      self.rhoCosPhi = rhoCosPhi
      self.rhoSinPhi = rhoSinPhi
    }
  }

  /// 5-sigma point-source limit under dark sky near zenith.
  public struct Depth: Sendable, Hashable {
    public var magnitude: Magnitude
    public var filter: String?
    public var exposure: Duration
    public init(magnitude: Magnitude, filter: String?, exposure: Duration) {
      self.magnitude = magnitude
      self.filter = filter
      self.exposure = exposure
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

  /// The gap between two exposures is max(readout, slew), as both run at the same time.
  public struct Timing: Sendable, Hashable {
    public var readout: Duration
    public var slewRate: AngularRate
    /// Added to every slew (acceleration, dome, settling).
    public var settle: Duration
    public init(readout: Duration, slewRate: AngularRate, settle: Duration = .zero) {
      self.readout = readout
      self.slewRate = slewRate
      self.settle = settle
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

  /// How much may be asked of it. Levels are GRANDMA's, from several hours a day to once a semester.
  public struct Usage: Sendable, Hashable {
    public enum Level: String, Sendable, Hashable, CaseIterable {
      case veryFrequent = "VF", frequent = "F", occasional = "O", rare = "R", veryRare = "VR"
      case notOperational = "nOP"
      case special
    }
    public var level: Level
    /// The budget in words, as the source states it.
    public var budget: String?
    /// Hours a night, where a source states them.
    public var hoursPerNight: Double?
    public init(level: Level, budget: String? = nil, hoursPerNight: Double? = nil) {
      self.level = level
      self.budget = budget
      self.hoursPerNight = hoursPerNight
    }
  }

  /// A rule that keeps it from some work: `SVOM events`, `only fainter than 21.5`.
  public struct Exclusion: Sendable, Hashable {
    public var rule: String
    public var source: String?
    public init(rule: String, source: String? = nil) {
      self.rule = rule
      self.source = source
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

/// The shape of one exposure on the sky, north up unless `rotation` says otherwise.
///
/// Rectangles are gnomonic boxes about the pointing: full sides, not half-sides and not areas.
public enum FieldOfView: Sendable, Hashable {
  /// - rotation: position angle of the field's top, from north toward east.
  case rectangle(width: Angle, height: Angle, rotation: Angle)
  case circle(radius: Angle)
  /// One or more convex polygons; corners as gnomonic offsets (east, north) from the pointing,
  /// counter-clockwise as seen on the sky with east to the left.
  case polygons([[Offset]])

  public struct Offset: Sendable, Hashable {
    public let east: Angle
    public let north: Angle
    public init(east: Angle, north: Angle) {
      self.east = east
      self.north = north
    }
  }
}

/// Lowest usable altitude by azimuth, linear between the points and closed around the circle.
public struct HorizonMask: Sendable, Hashable {
  public struct Point: Sendable, Hashable {
    public let azimuth: Angle
    public let altitude: Angle
    public init(azimuth: Angle, altitude: Angle) {
      self.azimuth = azimuth
      self.altitude = altitude
    }
  }
  /// By increasing azimuth in [0, 360).
  public let points: [Point]

  /// Any order; nil when empty or when an azimuth repeats.
  public init?(_ points: [Point]) {
    let sorted = points.map { Point(azimuth: $0.azimuth.normalized, altitude: $0.altitude) }
      .sorted { $0.azimuth < $1.azimuth }
    guard !sorted.isEmpty, zip(sorted, sorted.dropFirst()).allSatisfy({ $0.azimuth < $1.azimuth }) else { return nil }
    self.points = sorted
  }

  public func altitude(atAzimuth azimuth: Angle) -> Angle {
    let a = azimuth.normalized.radians
    let next = points.firstIndex { $0.azimuth.radians > a } ?? points.count
    let (p, q) = (points[(next + points.count - 1) % points.count], points[next % points.count])
    var span = q.azimuth.radians - p.azimuth.radians
    var along = a - p.azimuth.radians
    if span <= 0 { span += 2 * .pi }
    if along < 0 { along += 2 * .pi }
    return Angle(radians: p.altitude.radians + (q.altitude.radians - p.altitude.radians) * along / span)
  }
}
