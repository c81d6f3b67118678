import Units

/// What is on record of one stretch of time: the only source of every text of the shift.
///
/// What is nil or empty here was not recorded; texts then show an empty field, never a guess.
public struct ShiftRecord: Sendable {
  /// The stretch that is reported.
  public var window: TimeWindow
  public var now: Instant
  /// Who was on shift, by user name; from the roster.
  public var people: [String] = []
  public var nextPeople: [String] = []
  public var coordinator: String?
  /// Those that something happened to, newest first.
  public var events: [ReportedEvent] = []
  /// The log of the stretch, oldest first.
  public var entries: [Entry] = []

  public init(window: TimeWindow, now: Instant) {
    self.window = window
    self.now = now
  }

  public struct Entry: Hashable, Sendable {
    public var at: Instant
    public var actor: String
    /// Such as `decision.made`, `assignment.accepted`.
    public var kind: String
    public var event: String?
    public var text: String
    public init(at: Instant, actor: String, kind: String, event: String?, text: String) {
      self.at = at
      self.actor = actor
      self.kind = kind
      self.event = event
      self.text = text
    }
  }
}

/// One event as it stands.
public struct ReportedEvent: Sendable {
  public var id: String
  /// `gravitational wave`, `burst`, ...
  public var kind: String
  public var isMock: Bool
  public var isRetracted: Bool
  public var time: Instant?
  public var classification: String?
  public var area50: SolidAngle?
  public var area90: SolidAngle?
  public var distance: Distance?
  public var distanceDeviation: Distance?
  public var falseAlarm: String?
  public var score: Int?
  /// `GO`, `NO`, ...
  public var outcome: String?
  /// The rule that decided.
  public var clause: String?
  public var decidedAt: Instant?
  /// The network's own wording of the alert, as it is posted.
  public var announcement: String?
  public var stage: String?
  public var plan: PlanRecord?
  /// What telescopes did, by time.
  public var observations: [Observation] = []
  /// Of the map, in all their fields together; nil where it was not counted for just these.
  public var observed: Fraction?

  public init(id: String, kind: String, isMock: Bool = false, isRetracted: Bool = false) {
    self.id = id
    self.kind = kind
    self.isMock = isMock
    self.isRetracted = isRetracted
  }
}

/// The plan in force and how far each telescope is with it.
public struct PlanRecord: Sendable {
  public var id: String
  public var made: Instant
  public var probability: Fraction
  public var telescopes: [Share]
  /// Telescopes that were left out, by reason.
  public var left: [(reason: String, telescopes: [String])] = []

  public init(id: String, made: Instant, probability: Fraction, telescopes: [Share]) {
    self.id = id
    self.made = made
    self.probability = probability
    self.telescopes = telescopes
  }

  public struct Share: Hashable, Sendable {
    public var name: String
    public var tiles: Int
    public var first: Instant?
    /// `sent`, `accepted`, `observing`, `done`, `cannot`, ...
    public var state: String
    public var reason: String?
    public init(name: String, tiles: Int, first: Instant?, state: String, reason: String? = nil) {
      self.name = name
      self.tiles = tiles
      self.first = first
      self.state = state
      self.reason = reason
    }
  }
}

/// What one telescope reported as observed.
public struct Observation: Hashable, Sendable {
  public var telescope: String
  public var start: Instant
  public var filter: String?
  public var exposure: Duration
  public var count: Int
  public var field: String
  /// Added to the network's coverage by this pointing, if it is known: never more than it really covers.
  public var added: Fraction?
  /// Five sigma, as its team reported it.
  public var limit: Magnitude?
  public init(
    telescope: String, start: Instant, filter: String?, exposure: Duration, count: Int, field: String,
    added: Fraction? = nil, limit: Magnitude? = nil
  ) {
    self.telescope = telescope
    self.start = start
    self.filter = filter
    self.exposure = exposure
    self.count = count
    self.field = field
    self.added = added
    self.limit = limit
  }
}
