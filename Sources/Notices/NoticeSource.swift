/// Where a notice comes from.
public struct NoticeSource: Hashable, Sendable {
  public enum Format: String, Sendable {
    case gwAlertJSON, unifiedJSON, voEventXML, voEventJSON, circularJSON, circularText, heartbeat
  }

  public var mission: Mission
  /// As the sender writes it: `GBM`, `WXT`, `IC86`.
  public var instrument: String?
  /// The stream within the mission: `FERMI_GBM_FIN_POS`, `einstein_probe.wxt.alert`, `igwn.gwalert`.
  public var stream: String
  public var format: Format
  /// The Kafka topic, as told by the caller.
  public var topic: String?
  /// The VOEvent identifier, unique to one message.
  public var ivorn: String?

  public init(
    mission: Mission, instrument: String? = nil, stream: String, format: Format, topic: String? = nil,
    ivorn: String? = nil
  ) {
    self.mission = mission
    self.instrument = instrument
    self.stream = stream
    self.format = format
    self.topic = topic
    self.ivorn = ivorn
  }
}

/// An observatory or network that sends alerts; the raw value is lower case.
public struct Mission: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }
  init(_ rawValue: String) { self.rawValue = rawValue }
  public var description: String { rawValue }

  public static let lvk = Mission("lvk")
  public static let fermi = Mission("fermi")
  public static let swift = Mission("swift")
  public static let svom = Mission("svom")
  public static let einsteinProbe = Mission("einstein_probe")
  public static let icecube = Mission("icecube")
  public static let amon = Mission("amon")
  public static let km3net = Mission("km3net")
  public static let maxi = Mission("maxi")
  public static let gecam = Mission("gecam")
  public static let integral = Mission("integral")
  public static let ipn = Mission("ipn")
  public static let konus = Mission("konus")
  public static let calet = Mission("calet")
  public static let agile = Mission("agile")
  public static let snews = Mission("snews")
  public static let superKamiokande = Mission("superk")
  public static let chime = Mission("chime")
  public static let dsa110 = Mission("dsa110")
  public static let burstCube = Mission("burstcube")
  public static let glowbug = Mission("glowbug")
  public static let boom = Mission("boom")
  public static let heasarc = Mission("heasarc")
  public static let gcn = Mission("gcn")
}

/// What the notice is about.
public enum NoticeKind: String, Hashable, Sendable, CaseIterable {
  case gravitationalWave, gammaRayBurst, neutrino, xRayTransient, fastRadioBurst, supernovaNeutrinos
  /// An optical, radio or X-ray counterpart reported for a burst.
  case counterpart
  /// Optical transients found by a survey's broker.
  case opticalCandidates
  /// A gamma-ray source that brightened.
  case gammaRayFlare
  case circular
  case heartbeat
  /// Where a satellite points, when it slews.
  case pointing
  /// New data in an archive.
  case archive
  case unknown
}

/// How far the sender's analysis has come.
public enum NoticeStage: Hashable, Sendable {
  case earlyWarning, preliminary, initial, update
  /// A new detection of a source already known.
  case subsequent
  case retraction
  case unspecified
  /// A word we do not know: treated as an update that a person must see.
  case other(String)

  /// For files and tests.
  public var name: String {
    switch self {
    case .earlyWarning: "earlyWarning"
    case .preliminary: "preliminary"
    case .initial: "initial"
    case .update: "update"
    case .subsequent: "subsequent"
    case .retraction: "retraction"
    case .unspecified: "unspecified"
    case .other(let word): word
    }
  }
}

/// Whether the notice is about the sky.
public enum NoticeRole: String, Hashable, Sendable {
  case observation
  /// Sent to exercise the system.
  case test
  /// A simulated event (LVK `MS...`, injections).
  case mock
  /// About the instrument, not about an event.
  case utility
  case prediction
}

/// The `alert_tense` of the GCN unified schema.
public enum NoticeTense: String, Hashable, Sendable {
  case current, archival, planned, injection, commanded, test
}

/// What the sender itself thinks of the trigger.
public enum Standing: Hashable, Sendable {
  /// Nothing speaks against it.
  case candidate
  /// Flagged by the sender as not a burst: solar flare, particles, below the horizon.
  case notAstrophysical(String)
  /// The position or the detection is not to be trusted.
  case unreliable(String)
  case knownSource(String?)
  /// A data product or a report on the observation of an event already announced.
  case auxiliary(String)
}
