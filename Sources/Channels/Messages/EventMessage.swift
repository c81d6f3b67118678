import Units

/// What is known of an event and was decided about it: the facts that every message is made of.
///
/// What is not known stays nil and out of the messages; where people expect the line, it says `not known`.
/// Nothing is ever filled in. All texts may come from strangers: the renderers make them harmless.
public struct EventMessage: Hashable, Sendable {
  /// The network's words for a decision.
  public enum Verdict: String, Hashable, Sendable, CaseIterable {
    case go = "GO"
    /// Only the telescopes named.
    case limited = "LIMITED"
    case watch = "WATCH"
    case no = "NO"
    case stop = "STOP"
  }

  /// What kind of trigger it is, for the sentence that announces it.
  public enum Kind: String, Hashable, Sendable {
    case gravitationalWave = "GW"
    case gammaRayBurst = "GRB"
    case neutrino = "neutrino"
    case xRayTransient = "X-ray transient"
    case other = ""
  }

  public struct Classification: Hashable, Sendable {
    public var name: String
    public var probability: Fraction?
    public init(_ name: String, probability: Fraction? = nil) {
      self.name = name
      self.probability = probability
    }
  }

  /// A place on the sky for an event without a map.
  public struct Position: Hashable, Sendable {
    public var direction: Direction<ICRS>
    /// Radius of the error circle; nil if the sender gave none.
    public var error: Angle?
    public init(_ direction: Direction<ICRS>, error: Angle?) {
      self.direction = direction
      self.error = error
    }
  }

  public struct Link: Hashable, Sendable {
    public var title: String
    /// http or https; others are left out of messages.
    public var address: String
    public init(_ title: String, _ address: String) {
      self.title = title
      self.address = address
    }
  }

  /// One telescope's part.
  public struct Telescope: Hashable, Sendable {
    public var name: String
    /// When it is dark enough there, within the plan's time.
    public var dark: TimeWindow?
    public var firstStart: Instant?
    public var firstTarget: String?
    public var tiles: Int
    /// Of the map, by its tiles together.
    public var probability: Fraction?
    /// Why it has no tiles, or what is to be known about it.
    public var note: String?
    public var link: String?

    public init(
      _ name: String, tiles: Int, dark: TimeWindow? = nil, firstStart: Instant? = nil,
      firstTarget: String? = nil, probability: Fraction? = nil, note: String? = nil, link: String? = nil
    ) {
      self.name = name
      self.tiles = tiles
      self.dark = dark
      self.firstStart = firstStart
      self.firstTarget = firstTarget
      self.probability = probability
      self.note = note
      self.link = link
    }
  }

  public var event: String
  public var kind: Kind
  public var verdict: Verdict
  /// When this message was decided; ages count to it.
  public var made: Instant
  /// Of the notice, such as `UPDATE 2`.
  public var revision: String?
  /// The sender withdrew the event.
  public var isRetracted = false
  /// `DRILL`, `TEST`, `MOCK`: not a real event; nil for a real one.
  public var mock: String?
  /// When it happened.
  public var time: Instant?
  public var classification: Classification?
  public var distance: (mean: Distance, deviation: Distance?)? {
    get { distanceMean.map { ($0, distanceDeviation) } }
    set { (distanceMean, distanceDeviation) = (newValue?.mean, newValue?.deviation) }
  }
  private var distanceMean: Distance?
  private var distanceDeviation: Distance?
  public var area50: SolidAngle?
  public var area90: SolidAngle?
  public var position: Position?
  /// False alarms a year.
  public var falseAlarmsPerYear: Double?
  public var instruments: [String] = []
  public var score: Int?
  /// The policy and the clause of it that decided.
  public var rule: String?
  /// Why, most important first.
  public var reasons: [String] = []
  /// What changed since the last message.
  public var changes: [String] = []
  /// What only a person can answer, and is asked by this message.
  public var question: String?
  /// Number of the GCN Circular or notice it rests on.
  public var circular: Int?
  public var telescopes: [Telescope] = []
  /// Of the map, by the whole network.
  public var probability: Fraction?
  public var onDuty: [String] = []
  public var links: [Link] = []
  public var plan: String?

  public init(event: String, kind: Kind, verdict: Verdict, made: Instant) {
    self.event = event
    self.kind = kind
    self.verdict = verdict
    self.made = made
  }
}

extension EventMessage {
  /// STOP, for whatever reason: a retraction is one even if the policy has not said so yet.
  public var isStop: Bool { verdict == .stop || isRetracted }
  /// Telescopes are to move.
  public var isFollowUp: Bool { !isRetracted && (verdict == .go || verdict == .limited) }
  /// Telescopes with tiles, the earliest first, those of an unknown start last.
  public var observing: [Telescope] {
    telescopes.filter { $0.tiles > 0 }.enumerated().sorted { a, b in
      switch (a.element.firstStart, b.element.firstStart) {
      case let (x?, y?) where x != y: x < y
      case (_?, nil): true
      case (nil, _?): false
      default: a.offset < b.offset
      }
    }.map(\.element)
  }
}
