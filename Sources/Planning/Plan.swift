import Observatories
import Skymaps
import Units

/// Who observes what, when, with what, and why: the answer to one `PlanRequest`.
public struct Plan: Sendable {
  /// `<event>-r<revision>-<first 8 digits of the digest>`: equal requests give equal ids.
  public var id: String
  public var status: Status
  public var event: Event
  /// When it was made: the `now` of the request, never read from a clock here.
  public var made: Instant
  /// The time it was asked to fill.
  public var window: TimeWindow
  public var map: MapSummary
  public var telescopes: [TelescopePlan]
  /// Telescopes that were asked and got nothing, each with a sentence that says why.
  public var omissions: [Omission]
  public var network: Network
  public var inputs: Inputs

  public init(
    id: String, status: Status, event: Event, made: Instant, window: TimeWindow, map: MapSummary,
    telescopes: [TelescopePlan], omissions: [Omission], network: Network, inputs: Inputs
  ) {
    self.id = id
    self.status = status
    self.event = event
    self.made = made
    self.window = window
    self.map = map
    self.telescopes = telescopes
    self.omissions = omissions
    self.network = network
    self.inputs = inputs
  }
}

extension Plan {
  /// What an operator should do. `stop` has no assignments.
  public enum Status: String, Sendable { case go = "GO", wait = "WAIT", stop = "STOP" }

  public struct Event: Sendable, Hashable {
    /// Such as `S230518h`; taken from the notice, `--event`, or the file name.
    public var id: String
    /// The notice kind, such as `INITIAL`; nil when the input was a bare map.
    public var alert: String?
    public var revision: Int
    public var time: Instant?
    /// Class probabilities as the notice gives them, most probable first.
    public var classification: [(name: String, probability: Double)]

    public init(
      id: String, alert: String? = nil, revision: Int = 1, time: Instant? = nil,
      classification: [(name: String, probability: Double)] = []
    ) {
      self.id = id
      self.alert = alert
      self.revision = revision
      self.time = time
      self.classification = classification
    }
    public static func == (a: Self, b: Self) -> Bool {
      a.id == b.id && a.alert == b.alert && a.revision == b.revision && a.time == b.time
        && a.classification.elementsEqual(b.classification) {
          $0.name == $1.name && $0.probability == $1.probability
        }
    }
    public func hash(into hasher: inout Hasher) {
      hasher.combine(id)
      hasher.combine(revision)
    }
  }

  /// The map in numbers.
  public struct MapSummary: Sendable, Hashable {
    public var area50: SolidAngle
    public var area90: SolidAngle
    public var peak: Direction<ICRS>
    public var distanceMean: Distance?
    public var distanceDeviation: Distance?
    public var instruments: [String]
    public var findings: [SkymapReport.Finding]

    public init(
      area50: SolidAngle, area90: SolidAngle, peak: Direction<ICRS>, distanceMean: Distance? = nil,
      distanceDeviation: Distance? = nil, instruments: [String], findings: [SkymapReport.Finding]
    ) {
      self.area50 = area50
      self.area90 = area90
      self.peak = peak
      self.distanceMean = distanceMean
      self.distanceDeviation = distanceDeviation
      self.instruments = instruments
      self.findings = findings
    }
  }

  public struct TelescopePlan: Sendable {
    public var telescope: Telescope
    /// When its Sun limit is met inside the plan window, closures removed.
    public var darkWindows: [TimeWindow]
    /// By start time.
    public var assignments: [Assignment]
    /// Probability in the union of its own footprints.
    public var probability: Fraction
    /// What it adds to the telescopes that observe earlier: sums to the network's over the plan.
    public var added: Fraction
    /// That the source is in its footprints and seen there; nil where no source was asked for.
    public var detection: Fraction?
    /// The bound of its allocation that kept it from more, in words; nil: none did.
    public var limitedBy: String?
    /// Sentences worth knowing: values assumed by class, what limited it.
    public var notes: [String]

    public init(
      telescope: Telescope, darkWindows: [TimeWindow], assignments: [Assignment], probability: Fraction,
      added: Fraction, notes: [String]
    ) {
      self.telescope = telescope
      self.darkWindows = darkWindows
      self.assignments = assignments
      self.probability = probability
      self.added = added
      self.notes = notes
    }
  }

  /// One pointing of one telescope.
  public struct Assignment: Sendable {
    /// 1 for the most probable tile of the telescope, or the field with the most weight in galaxies; times need
    /// not follow it.
    public var rank: Int
    /// The id of the field on the telescope's grid, as the site knows it.
    public var fieldID: String
    /// Stable across revisions of the map and runs: what diffs compare.
    public var tileKey: String
    public var center: Direction<ICRS>
    /// Of the field's top, from north toward east.
    public var positionAngle: Angle
    /// Start of the first exposure.
    public var start: Instant
    /// One exposure.
    public var exposure: Duration
    public var exposureCount: Int
    /// End of the last exposure, readouts between included.
    public var end: Instant
    /// The last start at which every constraint still holds, though it may collide with later tiles.
    public var latestStart: Instant
    /// As the site names it; nil where the telescope has none.
    public var filter: String?
    /// Probability inside this footprint alone.
    public var probability: Fraction
    /// Probability not covered by any earlier exposure of the whole network.
    public var added: Fraction
    /// Probability covered by this telescope up to and including this tile.
    public var cumulative: Fraction
    /// At the middle of the assignment.
    public var conditions: Conditions
    /// That the source is in this footprint and seen there; nil where no source was asked for.
    public var detection: Fraction?
    /// 5 sigma, all exposures of the row stacked, at the altitude and with the Moon of its middle; nil where no source
    /// was asked for, or the depth of the telescope is not known.
    public var limit: Magnitude?
    /// In the field, the likeliest host first; nil: it was chosen for its sky, not for galaxies.
    public var galaxies: [Galaxy]?
  }

  /// A galaxy that may be the host.
  public struct Galaxy: Sendable, Hashable {
    public var name: String
    public var position: Direction<ICRS>
    public var distance: Distance
    /// Share of the weight of all galaxies ranked.
    public var weight: Double
    public init(name: String, position: Direction<ICRS>, distance: Distance, weight: Double) {
      self.name = name
      self.position = position
      self.distance = distance
      self.weight = weight
    }
  }

  /// Geometry of a target at one moment.
  public struct Conditions: Sendable, Hashable {
    public var altitude: Angle
    public var azimuth: Angle
    public var hourAngle: Angle
    /// Plane-parallel, sec z.
    public var airmass: Double
    public var moonSeparation: Angle
    public var moonAltitude: Angle
    public var sunAltitude: Angle
    public init(
      altitude: Angle, azimuth: Angle, hourAngle: Angle, airmass: Double, moonSeparation: Angle,
      moonAltitude: Angle, sunAltitude: Angle
    ) {
      self.altitude = altitude
      self.azimuth = azimuth
      self.hourAngle = hourAngle
      self.airmass = airmass
      self.moonSeparation = moonSeparation
      self.moonAltitude = moonAltitude
      self.sunAltitude = sunAltitude
    }
  }

  public struct Omission: Sendable, Hashable {
    public var telescopeID: String
    public var slug: String
    /// A stable word: `no_dark_time`, `nothing_visible`, `no_field`, `not_operational`, `nothing_to_add`, ...
    public var code: String
    /// A sentence: "no dark time: the Sun stays above -12 deg (lowest -4.1 deg at 14:05 UTC)".
    public var reason: String
    public init(telescopeID: String, slug: String, code: String, reason: String) {
      self.telescopeID = telescopeID
      self.slug = slug
      self.code = code
      self.reason = reason
    }
  }

  public struct Network: Sendable, Hashable {
    /// Probability in the union of all footprints.
    public var probability: Fraction
    public var area: SolidAngle
    public var assignmentCount: Int
    /// Probability of the sky that some telescope can observe at some time, estimated from outside to a degree
    /// or two.
    public var reachable: Fraction
    /// Proven upper bound on `probability` over all plans of the same request; nil when none was computed.
    public var upperBound: Fraction?
    /// That the source is found, by the deepest exposure of where it is; nil where none was asked for.
    public var detection: Fraction?
    /// Proven upper bound on `detection` over all plans of the same request with exposures of the same length.
    public var detectionBound: Fraction?
    /// The light curve it is for.
    public var source: String?
    /// What else is assumed of the source, in words.
    public var sourceTerms: String?

    public init(
      probability: Fraction, area: SolidAngle, assignmentCount: Int, reachable: Fraction,
      upperBound: Fraction? = nil
    ) {
      self.probability = probability
      self.area = area
      self.assignmentCount = assignmentCount
      self.reachable = reachable
      self.upperBound = upperBound
    }
  }

  /// Everything needed to recompute the plan bit for bit.
  public struct Inputs: Sendable, Hashable {
    /// SHA-256 of the bytes the map came from.
    public var mapDigest: String
    public var telescopeDigests: [String: String]
    public var earthOrientation: String
    public var softwareVersion: String

    public init(
      mapDigest: String, telescopeDigests: [String: String], earthOrientation: String, softwareVersion: String
    ) {
      self.mapDigest = mapDigest
      self.telescopeDigests = telescopeDigests
      self.earthOrientation = earthOrientation
      self.softwareVersion = softwareVersion
    }
  }
}

extension Plan {
  /// All assignments with their telescopes, by start time, then telescope id.
  public var timeline: [(telescope: Telescope, assignment: Assignment)] {
    telescopes.flatMap { plan in plan.assignments.map { (plan.telescope, $0) } }
      .sorted { ($0.1.start, $0.0.id) < ($1.1.start, $1.0.id) }
  }
}
