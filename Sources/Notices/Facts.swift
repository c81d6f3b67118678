import Units

/// A probability given to a class or a property by the sender.
public struct NamedProbability: Hashable, Sendable {
  public let name: String
  public let probability: Fraction

  public init(name: String, probability: Fraction) {
    self.name = name
    self.probability = probability
  }
}

/// What LIGO, Virgo and KAGRA say about a candidate.
public struct GravitationalWaveFacts: Hashable, Sendable {
  /// The superevent, `S230518h`.
  public var supereventID: String
  public var significant: Bool?
  /// `H1`, `L1`, `V1`, `K1`.
  public var instruments: [String] = []
  /// `CBC` or `Burst`. CBC does not imply a distance: coherent WaveBurst's BBH search has none.
  public var group: String?
  public var pipeline: String?
  public var search: String?
  /// BNS, NSBH, BBH, Terrestrial (MassGap until 2020); empty for bursts.
  public var classification: [NamedProbability] = []
  /// HasNS, HasRemnant, HasMassGap, HasSSM: conditional on the signal being astrophysical.
  public var properties: [NamedProbability] = []
  /// Source-frame chirp mass, in solar masses.
  public var chirpMass: ChirpMassHistogram?
  /// Of an unmodelled burst.
  public var duration: Duration?
  public var centralFrequencyHz: Double?
  public var coincidence: ExternalCoincidence?

  public init(supereventID: String) { self.supereventID = supereventID }

  /// The probability of a class; nil when the notice does not have it.
  public func probability(of name: String) -> Fraction? {
    classification.first { $0.name == name }?.probability
  }
  public func property(_ name: String) -> Fraction? {
    properties.first { $0.name == name }?.probability
  }
}

public struct ChirpMassHistogram: Hashable, Sendable {
  /// In solar masses, increasing; one more than `probabilities`.
  public let edges: [Double]
  public let probabilities: [Double]
}

/// A coincidence of a gravitational-wave candidate with another observatory's event.
public struct ExternalCoincidence: Hashable, Sendable {
  public var noticeID: String?
  public var ivorn: String?
  public var observatory: String?
  public var search: String?
  /// External minus gravitational-wave time.
  public var timeDifference: Duration?
  public var timeFARHz: Double?
  public var timeSkyFARHz: Double?
  /// The joint sky map; nil when the sender has none.
  public var combinedMap: Localization?

  public init() {}
}

/// A measured number with the sender's error and unit.
public struct Measured: Hashable, Sendable {
  public let value: Double
  public let error: Double?
  public let unit: String?
}

/// How long, and what is meant by it.
public struct BurstDuration: Hashable, Sendable {
  public enum Meaning: String, Sendable {
    /// The time that holds 90 % of the counts.
    case t90
    /// The time bin in which the trigger algorithm fired: not the burst's duration.
    case triggerTimescale
    /// The exposure of the image or spectrum.
    case integration
    /// Called a duration by the sender, without more.
    case reported
  }
  public let value: Duration
  public let meaning: Meaning
}

/// What the other missions say, each only where the sender gave it.
public struct TransientFacts: Hashable, Sendable {
  public enum DurationClass: String, Sendable { case short, long }
  public enum Slew: String, Sendable { case accepted, rejected, notRequested }

  public var durations: [BurstDuration] = []
  public var durationClass: DurationClass?
  /// Detection significance in sigma, of whatever statistic the mission prefers.
  public var significance: Double?
  public var rateSignificance: Double?
  public var imageSignificance: Double?
  public var flux: Measured?
  public var fluence: Measured?
  /// Counts per second.
  public var netCountRate: Double?
  /// In keV.
  public var energyRangeKeV: ClosedRange<Double>?
  public var neutrinoEnergyTeV: Double?
  /// Probability that a neutrino (or transient) is astrophysical.
  public var signalness: Fraction?
  public var eventCount: Int?
  public var topology: String?
  /// The pipeline or alert class: `Gold Track Alert`.
  public var pipeline: String?
  public var redshift: Double?
  public var distance: Distance?
  public var distanceError: Distance?
  public var classification: [NamedProbability] = []
  /// Softer or harder, mission's definition.
  public var hardnessRatio: Double?
  /// 1...10, Fermi GBM sub-threshold search.
  public var reliability: Int?
  public var pValueGeneric: Double?
  public var pValueBayesian: Double?
  /// Probability that a radio burst is real.
  public var importance: Fraction?
  /// Dispersion measure in pc/cm3.
  public var dispersionMeasure: Measured?
  public var magnitude: Magnitude?
  public var filter: String?
  public var slew: Slew?
  public var inLATFieldOfView: Bool?
  /// Angle between the source and the centre of the Earth as the spacecraft saw it.
  public var earthAngle: Angle?
  /// What the Earth hid from the spacecraft at the event time.
  public var earth: EarthDisc?
  /// Radius that holds 50 %, when the sender gives it beside the 90 % one.
  public var radius50: Angle?

  public init() {}

  public func duration(_ meaning: BurstDuration.Meaning) -> Duration? {
    durations.first { $0.meaning == meaning }?.value
  }
  public func probability(of name: String) -> Fraction? {
    classification.first { $0.name == name }?.probability
  }
}

/// One of several places or sources in a single notice.
public struct Candidate: Hashable, Sendable {
  public var name: String?
  public var position: Direction<ICRS>?
  public var region: ErrorRegion?
  /// Relative to the event time of the notice.
  public var timeOffset: Duration?
  public var pValueGeneric: Double?
  public var pValueBayesian: Double?
  public var classification: [NamedProbability] = []
  public var related: [NativeID] = []

  public init() {}
}

/// A GCN Circular. Its text was written by people for people: nothing in it is trusted.
public struct CircularFacts: Hashable, Sendable {
  /// Usually whole, but `33603.5` exists.
  public var number: String
  public var version: Int
  public var subject: String
  /// Names found in the sender's event field and the subject.
  public var eventNames: [String]
  public var body: String
  public var proposedPositions: [ProposedPosition]
}

/// Coordinates that a text seems to give, for a person to confirm.
public struct ProposedPosition: Hashable, Sendable {
  public let direction: Direction<ICRS>
  /// The characters they were read from.
  public let text: String
  /// Line of the body, from 1.
  public let line: Int
  public let isSexagesimal: Bool
}
