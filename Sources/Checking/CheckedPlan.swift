import Observatories
import Units

/// A plan as a judge sees it: what is to be observed, and what the plan claims about it.
///
/// Neutral on purpose: it shares no type with the planner. Claims are plain numbers, since a claim may
/// be nonsense (a probability of 1.7), and saying so is the judge's work.
public struct CheckedPlan: Sendable {
  public static let networkSchema = "grandma.network-plan/1"
  public static let telescopeSchema = "grandma.plan/1"

  /// What it was read from. Only JSON plans must carry identity, status and digests.
  public enum Source: String, Sendable { case networkCSV, networkJSON, telescopeJSON }

  public var source: Source
  public var planID: String?
  /// `GO`, `WAIT` or `STOP`, as written.
  public var status: String?
  public var eventID: String?
  public var eventTime: Instant?
  /// When the plan says it was made.
  public var made: Instant?
  public var window: TimeWindow?
  /// SHA-256 of the map the plan says it used.
  public var mapDigest: String?
  /// 0...1 if sane: probability in the union of all footprints.
  public var claimedProbability: Double?
  public var claimedArea: SolidAngle?
  public var claimedCount: Int?
  /// 0...1 if sane: what no plan of the same request can exceed, and the share of it that this one misses.
  public var claimedBound: Double?
  public var claimedGap: Double?
  /// The same of the chance to find the source, where the plan speaks of one.
  public var claimedDetection: Double?
  public var claimedDetectionBound: Double?
  public var claimedDetectionGap: Double?
  /// Plans that were changed since they were sealed, as whoever knows the canonical form of the documents
  /// found; the checker only reports them.
  public var brokenSeals: [String] = []
  public var telescopes: [Entry]

  public init(source: Source, telescopes: [Entry]) {
    self.source = source
    self.telescopes = telescopes
  }

  /// The work of one telescope.
  public struct Entry: Sendable {
    /// As the file names it.
    public var name: String
    /// Nil when the registry does not know the name.
    public var telescope: Telescope?
    public var planID: String?
    /// SHA-256 of the telescope's plan as the file states it.
    public var digest: String?
    public var status: String?
    /// What the plan says the telescope is and can; held against the registry.
    public var settings = Settings()
    /// What the plan says its dark time is; empty when it says nothing.
    public var darkWindows: [TimeWindow] = []
    public var claimedProbability: Double?
    public var claimedAdded: Double?
    public var claimedCount: Int?
    public var assignments: [Assignment]

    public init(name: String, telescope: Telescope?, assignments: [Assignment]) {
      self.name = name
      self.telescope = telescope
      self.assignments = assignments
    }
  }

  /// One pointing: `exposureCount` exposures of `exposure` each with readouts between them.
  public struct Assignment: Sendable {
    /// Where it is in the file: the line of a CSV file, the 1-based row of a telescope in JSON.
    public var row: Int
    /// The field id, for messages.
    public var fieldID: String?
    public var tileKey: String?
    public var filter: String?
    public var center: Direction<ICRS>
    /// Of the field's top, from north toward east; nil is the telescope's own rotation.
    public var positionAngle: Angle?
    public var start: Instant
    public var exposure: Duration
    public var exposureCount: Int = 1
    public var claims = Claims()

    public init(row: Int, center: Direction<ICRS>, start: Instant, exposure: Duration) {
      self.row = row
      self.center = center
      self.start = start
      self.exposure = exposure
    }
  }

  /// The telescope as a plan states it; nil is not stated.
  public struct Settings: Sendable, Hashable {
    public var latitude: Angle?
    public var longitude: Angle?
    /// Width and height of the box around the field; empty is not stated.
    public var field: [Angle] = []
    public var minAltitude: Angle?
    public var maxAirmass: Double?
    public var moonSeparation: Angle?
    public var sunAltitude: Angle?
    public var readoutSeconds: Double?
    public var slewDegreesPerSecond: Double?
    public var settleSeconds: Double?
    public var filterChangeSeconds: Double?
    public init() {}
  }

  /// What a plan says of one assignment; nil is not said. Conditions hold at its middle.
  public struct Claims: Sendable, Hashable {
    public var end: Instant?
    public var latestStart: Instant?
    public var probability: Double?
    public var added: Double?
    public var cumulative: Double?
    public var altitude: Angle?
    public var azimuth: Angle?
    public var hourAngle: Angle?
    public var airmass: Double?
    public var moonSeparation: Angle?
    public var moonAltitude: Angle?
    public var sunAltitude: Angle?
    public init() {}
  }
}
