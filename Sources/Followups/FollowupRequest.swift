import Observatories
import Photometry
import Units

/// A point source to be observed by whoever can.
public struct FollowupRequest: Sendable {
  public struct Target: Sendable, Hashable {
    public var name: String
    public var position: Direction<ICRS>
    /// Radius that holds the source; nil: much smaller than any field.
    public var error: Angle?
    public init(name: String, position: Direction<ICRS>, error: Angle? = nil) {
      self.name = name
      self.position = position
      self.error = error
    }
  }

  /// What kind of source it is: decides which rules of a telescope apply.
  public enum Policy: String, Sendable, Hashable, CaseIterable {
    case grb, svom, ep, neutrino, candidate

    /// The stream as the exclusions of telescope files name it.
    public var stream: String {
      switch self {
      case .grb: "GRB"
      case .svom: "SVOM"
      case .ep: "EP"
      case .neutrino: "neutrino"
      case .candidate: "candidate"
      }
    }
  }

  public enum Priority: String, Sendable, Hashable, CaseIterable {
    case low, normal
    /// Short bursts and kilonovae: telescopes are not saved for later.
    case high
  }

  public var target: Target
  /// How bright it is expected to be, at ages since `eventTime`.
  public var source: ExpectedSource
  public var eventTime: Instant
  /// In order of preference; empty: what each telescope prefers.
  public var bands: [Band] = []
  /// When exposures may run; usually two nights.
  public var window: TimeWindow
  public var priority = Priority.normal
  public var policy: Policy
  public var extinction = GalacticExtinction.none
  /// Visits of each telescope, the first included.
  public var visits = 1
  public var leastGap = Duration.hours(1)
  /// Open-shutter time of one visit at most.
  public var longestVisit = Duration.hours(2)
  /// Consents given, by telescope id.
  public var permissions: [String: Set<Telescope.Permission>] = [:]
  /// What is used of the allocations, by telescope id.
  public var use: [String: AllocationUse] = [:]
  public var telescopes: [Telescope]
  public var now: Instant

  public init(
    target: Target, source: ExpectedSource, eventTime: Instant, window: TimeWindow, policy: Policy,
    telescopes: [Telescope], now: Instant
  ) {
    self.target = target
    self.source = source
    self.eventTime = eventTime
    self.window = window
    self.policy = policy
    self.telescopes = telescopes
    self.now = now
  }
}

extension Telescope {
  public typealias Permission = Exclusion.Permission
}

/// Why a request cannot be answered at all.
public enum FollowupError: Error, Equatable, Sendable {
  /// Nothing of the window is left.
  case windowIsOver(TimeWindow, now: Instant)
  case visits(Int)
  case longestVisit(Duration)
  /// The light curve does not say how bright the source is in the window.
  case source(PhotometryError)
  case window(String)
}

extension FollowupError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .windowIsOver(let window, let now):
      "the window ended at \(window.end.iso8601()), before now (\(now.iso8601())); give a later one"
    case .visits(let n): "\(n) visits cannot be planned; ask for 1 to 20"
    case .longestVisit(let d): "a visit of \(d.seconds) s cannot be planned; ask for 10 s to 12 h"
    case .source(let error): "\(error)"
    case .window(let text): text
    }
  }
}

/// Who can observe the source, and why the others cannot.
public struct FollowupAnswer: Sendable {
  /// Best first: see `Followup.answer(to:)`.
  public var offers: [Offer]
  /// By telescope id.
  public var omissions: [Omission]

  public struct Omission: Sendable, Hashable {
    public var telescopeID: String
    public var slug: String
    /// A stable word: `excluded`, `allocation`, `not_visible`, `no_dark_time`, `no_filter`,
    /// `field_too_small`, `light_curve`, `not_operational`, `not_usable`, `no_depth`.
    public var code: String
    /// A clause without a final stop.
    public var reason: String
  }

  /// One visit of one telescope.
  public struct Visit: Sendable, Hashable {
    public var start: Instant
    public var end: Instant
    public var exposures: ExposurePlan
    /// At the middle of the visit, Galactic extinction included.
    public var expected: Magnitude
    /// 5 sigma, of all exposures stacked.
    public var limit: Magnitude
    public var altitude: Angle
    /// sec z.
    public var airmass: Double
    public var moonSeparation: Angle
    public var moonAltitude: Angle
    public var moonIlluminated: Fraction
    public var middle: Instant { start.advanced(bySeconds: (end - start).seconds / 2) }
    /// How much fainter than the source the limit is; negative: too shallow.
    public var margin: Double { limit.value - expected.value }
  }

  public struct Offer: Sendable {
    public var telescope: Telescope
    /// As the site names it; nil where the telescope lists none.
    public var filter: String?
    public var band: Band
    /// By start; at least one.
    public var visits: [Visit]
    /// From now to the first exposure.
    public var delay: Duration
    /// The last start of the first visit in its night.
    public var latestStart: Instant
    /// When its team is told: two hours before its night, or now.
    public var notify: Instant
    /// What is left of its allocation after this, in words; nil without bounds.
    public var allocation: String?
    public var notes: [String]
    public var first: Visit { visits[0] }
    public var isDeepEnough: Bool { first.margin >= -0.005 }
  }
}
