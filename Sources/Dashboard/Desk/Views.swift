import Units

public struct HealthView: Encodable, Sendable {
  public enum State: String, Encodable, Sendable, Comparable {
    case good
    /// Works, and someone should look.
    case warning
    /// Does not do its work.
    case failed
    private var rank: Int { self == .good ? 0 : self == .warning ? 1 : 2 }
    public static func < (a: Self, b: Self) -> Bool { a.rank < b.rank }
  }

  public struct Part: Encodable, Sendable {
    public let name: String
    public let state: State
    public let message: String

    public init(_ name: String, _ state: State, _ message: String) {
      self.name = name
      self.state = state
      self.message = message
    }
  }

  public let state: State
  public let version: String
  public let nowUTC: String
  public let parts: [Part]
  /// Whether this process is the one that works, or stands by.
  public let isLeading: Bool

  public init(version: String, nowUTC: String, isLeading: Bool, parts: [Part]) {
    self.version = version
    self.nowUTC = nowUTC
    self.isLeading = isLeading
    self.parts = parts
    state = parts.map(\.state).max() ?? .good
  }
}

/// One sample of the Prometheus text format.
public struct Metric: Sendable {
  public enum Kind: String, Sendable { case counter, gauge }
  public let name: String
  public let kind: Kind
  public let help: String
  public let labels: [(String, String)]
  public let value: Double

  public init(
    _ name: String, _ kind: Kind, _ help: String, _ value: Double, labels: [(String, String)] = []
  ) {
    self.name = name
    self.kind = kind
    self.help = help
    self.labels = labels
    self.value = value
  }
}

public struct EventLine: Encodable, Sendable {
  public var id: String
  /// `gravitational_wave`, `burst`, `neutrino`, ...
  public var kind: String
  /// `active`, `retracted`, `awaiting_reinstatement`.
  public var status: String
  public var isMock: Bool
  public var timeUTC: String?
  public var revision: Int
  /// `GO`, `LIMITED`, `WATCH`, `NO`, `STOP`, or null before a decision.
  public var decision: String?
  public var clause: String?
  public var area90Deg2: Double?
  public var distanceMpc: Double?
  public var plan: PlanLine?
  public var updatedUTC: String

  public init(
    id: String, kind: String, status: String, isMock: Bool, timeUTC: String?, revision: Int,
    decision: String?, clause: String?, area90Deg2: Double?, distanceMpc: Double?, plan: PlanLine?,
    updatedUTC: String
  ) {
    self.id = id
    self.kind = kind
    self.status = status
    self.isMock = isMock
    self.timeUTC = timeUTC
    self.revision = revision
    self.decision = decision
    self.clause = clause
    self.area90Deg2 = area90Deg2
    self.distanceMpc = distanceMpc
    self.plan = plan
    self.updatedUTC = updatedUTC
  }
}

public struct PlanLine: Encodable, Sendable {
  public var id: String
  /// `live`, `superseded`, `withdrawn`.
  public var state: String
  public var madeUTC: String
  public var probability: Double?
  public var areaDeg2: Double?
  public var telescopes: Int
  public var assignments: Int
  /// What changed against the plan before, in words.
  public var changes: [String]

  public init(
    id: String, state: String, madeUTC: String, probability: Double?, areaDeg2: Double?, telescopes: Int,
    assignments: Int, changes: [String] = []
  ) {
    self.id = id
    self.state = state
    self.madeUTC = madeUTC
    self.probability = probability
    self.areaDeg2 = areaDeg2
    self.telescopes = telescopes
    self.assignments = assignments
    self.changes = changes
  }
}

public struct EventSheet: Encodable, Sendable {
  public struct CardLine: Encodable, Sendable {
    public var kind: String
    public var label: String
    public var text: String
    /// Of a rule `applies`, `does_not_apply`, `unknown`; of a clause `pass`, `fail`, `unknown`, `not_needed`,
    /// `not_so`; null for lines that are neither.
    public var verdict: String?

    public init(kind: String, label: String, text: String, verdict: String?) {
      self.kind = kind
      self.label = label
      self.text = text
      self.verdict = verdict
    }
  }

  public struct Revision: Encodable, Sendable {
    public var number: Int
    public var stage: String
    public var createdUTC: String?
    public var status: String

    public init(number: Int, stage: String, createdUTC: String?, status: String) {
      self.number = number
      self.stage = stage
      self.createdUTC = createdUTC
      self.status = status
    }
  }

  /// What one telescope has of the current plan.
  public struct Share: Encodable, Sendable {
    public var slug: String
    public var name: String
    public var assignments: Int
    public var startUTC: String?
    public var endUTC: String?

    public init(slug: String, name: String, assignments: Int, startUTC: String? = nil, endUTC: String? = nil)
    {
      self.slug = slug
      self.name = name
      self.assignments = assignments
      self.startUTC = startUTC
      self.endUTC = endUTC
    }
  }

  public var event: EventLine
  public var card: [CardLine]
  public var revisions: [Revision]
  public var plans: [PlanLine]
  public var history: [ChangeLine]
  /// The text for the network's channel, ready to be copied.
  public var announcement: String?
  /// The telescopes of the current plan.
  public var shares: [Share]

  public init(
    event: EventLine, card: [CardLine], revisions: [Revision], plans: [PlanLine], history: [ChangeLine],
    announcement: String? = nil, shares: [Share] = []
  ) {
    self.announcement = announcement
    self.shares = shares
    self.event = event
    self.card = card
    self.revisions = revisions
    self.plans = plans
    self.history = history
  }
}

public struct TelescopeLine: Encodable, Sendable {
  public var id: String
  public var slug: String
  public var name: String
  public var latitudeDeg: Double?
  public var longitudeDeg: Double?
  public var elevationM: Double?
  public var apertureM: Double?
  public var fieldDeg2: Double?
  /// `tiling`, `point_source`, `nothing`.
  public var usable: String
  public var note: String?
  /// `GO`, `WAIT` or `STOP`; null where nobody looked.
  public var status: String?
  /// The start of the next pointing.
  public var nextUTC: String?

  public init(
    id: String, slug: String, name: String, latitudeDeg: Double?, longitudeDeg: Double?,
    elevationM: Double?, apertureM: Double?, fieldDeg2: Double?, usable: String, note: String?,
    status: String? = nil, nextUTC: String? = nil
  ) {
    self.status = status
    self.nextUTC = nextUTC
    self.id = id
    self.slug = slug
    self.name = name
    self.latitudeDeg = latitudeDeg
    self.longitudeDeg = longitudeDeg
    self.elevationM = elevationM
    self.apertureM = apertureM
    self.fieldDeg2 = fieldDeg2
    self.usable = usable
    self.note = note
  }
}

public struct TelescopeSheet: Encodable, Sendable {
  public struct Assignment: Encodable, Sendable {
    public var event: String
    public var plan: String
    public var tile: String
    public var state: String
    public var startUTC: String
    public var endUTC: String
    public var raDeg: Double
    public var decDeg: Double
    public var filter: String?
    public var exposureS: Double

    public init(
      event: String, plan: String, tile: String, state: String, startUTC: String, endUTC: String,
      raDeg: Double, decDeg: Double, filter: String?, exposureS: Double
    ) {
      self.event = event
      self.plan = plan
      self.tile = tile
      self.state = state
      self.startUTC = startUTC
      self.endUTC = endUTC
      self.raDeg = raDeg
      self.decDeg = decDeg
      self.filter = filter
      self.exposureS = exposureS
    }
  }

  public var telescope: TelescopeLine
  /// `GO`, `WAIT` or `STOP`.
  public var status: String
  public var message: String
  /// Of all events, by time.
  public var assignments: [Assignment]
  /// The dark hours at the site, those of now or the next ones.
  public var nightStartUTC: String?
  public var nightEndUTC: String?

  public init(
    telescope: TelescopeLine, status: String, message: String, assignments: [Assignment],
    nightStartUTC: String? = nil, nightEndUTC: String? = nil
  ) {
    self.nightStartUTC = nightStartUTC
    self.nightEndUTC = nightEndUTC
    self.telescope = telescope
    self.status = status
    self.message = message
    self.assignments = assignments
  }
}

public struct NoticeLine: Encodable, Sendable {
  public var id: Int64
  public var source: String
  public var receivedUTC: String
  public var sizeBytes: Int
  public var sha256: String
  /// `new`, `handled`, `quarantined`.
  public var state: String
  public var attempts: Int
  public var reason: String?
  public var event: String?

  public init(
    id: Int64, source: String, receivedUTC: String, sizeBytes: Int, sha256: String, state: String,
    attempts: Int, reason: String?, event: String?
  ) {
    self.id = id
    self.source = source
    self.receivedUTC = receivedUTC
    self.sizeBytes = sizeBytes
    self.sha256 = sha256
    self.state = state
    self.attempts = attempts
    self.reason = reason
    self.event = event
  }
}

public struct ChangeLine: Encodable, Sendable {
  public var sequence: Int64
  public var timeUTC: String
  public var actor: String
  public var kind: String
  public var event: String?
  public var text: String

  public init(sequence: Int64, timeUTC: String, actor: String, kind: String, event: String?, text: String) {
    self.sequence = sequence
    self.timeUTC = timeUTC
    self.actor = actor
    self.kind = kind
    self.event = event
    self.text = text
  }
}

public struct FileView: Sendable {
  public let bytes: [UInt8]
  /// `application/json`, `image/svg+xml`, ...
  public let mediaType: String
  /// Of the bytes; the same for ever for an immutable file.
  public let sha256: String
  /// Never changes under this address.
  public let isImmutable: Bool

  public init(bytes: [UInt8], mediaType: String, isImmutable: Bool) {
    self.bytes = bytes
    self.mediaType = mediaType
    self.sha256 = SHA256.hexDigest(of: bytes)
    self.isImmutable = isImmutable
  }
}
