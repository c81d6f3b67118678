import Units

/// One thing the checker found.
public struct Finding: Sendable, Hashable {
  public enum Severity: String, Sendable, Comparable, CaseIterable {
    /// Worth reading; the plan is still sound.
    case note
    /// A rule is broken.
    case violation
    public static func < (a: Self, b: Self) -> Bool { a == .note && b == .violation }
  }

  /// What was broken. Raw values are stable words for machines.
  public enum Rule: String, Sendable, CaseIterable, Comparable {
    // The plan as a document.
    case missingIdentity = "missing_identity"
    case unknownStatus = "unknown_status"
    case stopWithRows = "stop_with_rows"
    case wrongMap = "wrong_map"
    case claimedCount = "claimed_count"
    /// Changed since it was sealed with its SHA-256.
    case brokenSeal = "broken_seal"
    // The telescope.
    case unknownTelescope = "unknown_telescope"
    case unusableTelescope = "unusable_telescope"
    case usageBudget = "usage_budget"
    /// The plan states another site, field, limit or timing than the registry.
    case otherSettings = "other_settings"
    // Time.
    case outsideWindow = "outside_window"
    case beforeEvent = "before_event"
    case inThePast = "in_the_past"
    case overlap
    case shortGap = "short_gap"
    case closure
    case exposureLength = "exposure_length"
    case inconsistentEnd = "inconsistent_end"
    // Pointing.
    case sunUp = "sun_up"
    case lowAltitude = "low_altitude"
    case highAirmass = "high_airmass"
    case declination
    case hourAngle = "hour_angle"
    case nearMoon = "near_moon"
    case duplicateTile = "duplicate_tile"
    // What the plan says of itself.
    case claimedConditions = "claimed_conditions"
    case claimedLatestStart = "claimed_latest_start"
    case claimedDarkWindow = "claimed_dark_window"
    case claimedProbability = "claimed_probability"
    case claimedAdded = "claimed_added"
    case claimedCumulative = "claimed_cumulative"
    case claimedNetwork = "claimed_network"
    /// More than the stated upper bound is covered, or the stated gap is not theirs.
    case claimedBound = "claimed_bound"
    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  }

  public var severity: Severity
  public var rule: Rule
  /// As the plan names it; nil for the plan as a whole.
  public var telescope: String?
  /// `CheckedPlan.Assignment.row`.
  public var row: Int?
  /// Field id, or tile key where there is none.
  public var tile: String?
  /// When the rule is broken worst.
  public var time: Instant?
  public var measured: Measure?
  public var limit: Measure?
  /// One plain sentence.
  public var message: String
}

/// A number with its unit, for reports.
public struct Measure: Sendable, Hashable {
  public enum Unit: String, Sendable {
    case degrees = "deg"
    case seconds = "s"
    case squareDegrees = "deg2"
    case airmass
    /// 0...1.
    case probability
    case count
  }
  public let value: Double
  public let unit: Unit

  public static func angle(_ a: Angle) -> Self { .init(value: a.degrees, unit: .degrees) }
  public static func seconds(_ s: Double) -> Self { .init(value: s, unit: .seconds) }
  public static func airmass(_ a: Double) -> Self { .init(value: a, unit: .airmass) }
  public static func probability(_ p: Double) -> Self { .init(value: p, unit: .probability) }
  public static func count(_ n: Int) -> Self { .init(value: Double(n), unit: .count) }
  public static func area(_ a: SolidAngle) -> Self { .init(value: a.squareDegrees, unit: .squareDegrees) }
}

/// The verdict on one plan, with everything recomputed.
public struct CheckReport: Sendable, Hashable {
  public var planID: String?
  public var eventID: String?
  /// Violations first, then by telescope, row and rule.
  public var findings: [Finding]
  public var telescopes: [TelescopeReport]
  public var network: NetworkReport

  public var violations: [Finding] { findings.filter { $0.severity == .violation } }
  public var notes: [Finding] { findings.filter { $0.severity == .note } }
  /// No violation; notes do not count.
  public var isClean: Bool { !findings.contains { $0.severity == .violation } }

  public struct TelescopeReport: Sendable, Hashable {
    public var name: String
    public var assignments: Int
    public var exposures: Int
    /// Sum of the exposures.
    public var openShutter: Duration
    public var firstStart: Instant?
    public var lastEnd: Instant?
    /// In the union of its own footprints; nil without a map or a field.
    public var probability: Double?
    /// Not covered by any earlier exposure of the network, summed over its exposures.
    public var added: Double?
    /// Of the union of its footprints.
    public var area: SolidAngle
    public var margins: Margins
  }

  public struct NetworkReport: Sendable, Hashable {
    public var assignments: Int
    public var exposures: Int
    /// In the union of all footprints; nil without a map.
    public var probability: Double?
    /// Sum over telescopes of what each covers alone: more than `probability` where they overlap.
    public var sumOverTelescopes: Double?
    public var area: SolidAngle
    public var margins: Margins
  }

  /// The least room left to each limit; negative where a limit is broken.
  public struct Margins: Sendable, Hashable {
    /// Above the altitude limit and horizon mask.
    public var altitude: Margin?
    /// Below the airmass limit; targets below the horizon have none and do not count here.
    public var airmass: Margin?
    /// Of the Sun below its limit.
    public var sun: Margin?
    /// Beyond the Moon separation limit.
    public var moon: Margin?
    /// Of a gap beyond readout and slew.
    public var gap: Margin?
    public init() {}
  }

  public struct Margin: Sendable, Hashable {
    public var room: Measure
    public var telescope: String
    public var row: Int
    public var time: Instant
  }
}

extension CheckReport.Margins {
  /// Keeps the smaller room of each.
  mutating func merge(_ other: Self) {
    altitude = Self.tighter(altitude, other.altitude)
    airmass = Self.tighter(airmass, other.airmass)
    sun = Self.tighter(sun, other.sun)
    moon = Self.tighter(moon, other.moon)
    gap = Self.tighter(gap, other.gap)
  }

  static func tighter(_ a: CheckReport.Margin?, _ b: CheckReport.Margin?) -> CheckReport.Margin? {
    guard let a, let b else { return a ?? b }
    return b.room.value < a.room.value ? b : a
  }
}
