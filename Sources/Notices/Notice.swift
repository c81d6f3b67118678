import Units

/// One message of an alert broker, read whole.
///
/// Values are as the sender gave them, in our units; what could not be trusted is absent and named in
/// `findings`. Nothing here says what to do about the event: that is policy.
public struct Notice: Hashable, Sendable {
  public var source: NoticeSource
  public var kind: NoticeKind
  public var stage: NoticeStage
  /// The sender's own names of the event, most specific first. Notices that share one belong to the
  /// same event. Compare whole values: `S240422e` is not `S240422ed`.
  public var ids: [NativeID]
  /// Events of others the notice refers to (a GW trigger that was searched, a matched burst).
  public var related: [NativeID]
  public var role: NoticeRole
  public var tense: NoticeTense
  public var standing: Standing
  /// When the sender built the message.
  public var created: Instant?
  /// When we got it, as told by the caller.
  public var received: Instant?
  /// When the event happened; for an early warning it may lie after `created`.
  public var eventTime: Instant?
  /// One-sigma or half-width, as stated.
  public var eventTimeError: Duration?
  public var localization: Localization
  /// Coordinates that came without a usable error. Shown to people; never a localisation.
  public var statedPosition: Direction<ICRS>?
  /// Whether the region's radius covers systematic errors; nil when the sender does not say.
  public var systematicIncluded: Bool?
  /// The Fermi GBM systematic error that the region still lacks.
  public var systematics: GBMSystematics?
  /// How often noise alone does as well, per second of wall time.
  public var falseAlarmRateHz: Double?
  public var wave: GravitationalWaveFacts?
  public var transient: TransientFacts
  public var candidates: [Candidate]
  public var circular: CircularFacts?
  /// The sender's number of this message within its event.
  public var revision: Int?
  public var retraction: Retraction?
  /// Identifiers (ivorn) of the messages that this one replaces.
  public var supersedes: [String]
  /// Identifiers (ivorn) of the messages that this one follows up.
  public var follows: [String]
  public var links: [Link]
  /// Everything else, for display.
  public var extra: [ExtraField]
  public var findings: [Finding]

  /// An observation of nothing in particular, to be filled in.
  public init(source: NoticeSource, kind: NoticeKind, stage: NoticeStage = .unspecified) {
    self.source = source
    self.kind = kind
    self.stage = stage
    ids = []
    related = []
    role = .observation
    tense = .current
    standing = .candidate
    localization = .none(.notGiven)
    transient = TransientFacts()
    candidates = []
    supersedes = []
    follows = []
    links = []
    extra = []
    findings = []
  }
}

extension Notice {
  /// The region with the systematic error of its instrument added: the one to plan on.
  public var planningRegion: ErrorRegion? {
    guard let region = localization.region else { return nil }
    guard let systematics, case .circle(let center, let radius, let containment) = region else {
      return region
    }
    let effective = systematics.effectiveRadius(statistical: radius, containment: containment)
    return .circle(center: center, radius: effective, containment: containment)
  }

  /// What to plan on: the joint map of an external coincidence if there is one, else the notice's own
  /// localisation with `planningRegion`.
  public var bestLocalization: Localization {
    if let combined = wave?.coincidence?.combinedMap { return combined }
    guard let region = planningRegion else { return localization }
    return localization.replacing(region: region)
  }

  public var isRetraction: Bool { retraction != nil }

  /// Whether plans made from it may reach a telescope.
  public var isReal: Bool { role == .observation && tense != .test && tense != .injection }

  public func has(_ code: Finding.Code) -> Bool { findings.contains { $0.code == code } }

  /// Equal for two deliveries of one message, on whatever topic they came: the message's own
  /// identifier, or its event, stage, revision and creation time.
  public var duplicateKey: String {
    if let ivorn = source.ivorn { return ivorn }
    if let circular { return "circular/\(circular.number)/\(circular.version)" }
    let event = ids.first.map(\.description) ?? "-"
    let time = created ?? eventTime
    return [
      source.mission.rawValue, source.stream, event, stage.name, revision.map(String.init) ?? "-",
      time.map { $0.iso8601(.microseconds) } ?? "-",
    ].joined(separator: "|")
  }
}

/// A name given to an event by one of its senders, within the sender's own numbering.
public struct NativeID: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// `lvk`, `fermi`, `swift`, `icecube`, ...; `name` for public names such as GRB 230410A.
  public let namespace: String
  public let value: String

  public init(_ namespace: String, _ value: String) {
    self.namespace = namespace
    self.value = value
  }

  public var description: String { "\(namespace):\(value)" }
  public static func < (a: Self, b: Self) -> Bool {
    (a.namespace, a.value) < (b.namespace, b.value)
  }
}

/// Withdraws what earlier notices of the same event said.
public struct Retraction: Hashable, Sendable {
  /// The events withdrawn.
  public var ids: [NativeID]
  /// The single messages withdrawn (ivorn); empty means all of the event.
  public var messages: [String]
  /// The sender's reason, if given.
  public var reason: String?

  public init(ids: [NativeID], messages: [String] = [], reason: String? = nil) {
    self.ids = ids
    self.messages = messages
    self.reason = reason
  }
}

public struct Link: Hashable, Sendable {
  public let name: String
  public let url: String
}

public struct ExtraField: Hashable, Sendable {
  public let name: String
  public let value: String
  public let unit: String?
}
