import Units

/// What operators and their robots read and say: queues, answers, outages, files. See `Desk`.
public protocol QueueDesk: Sendable {
  /// - Parameter reader: one that may answer for the telescope has thereby seen what is in the queue.
  func queue(of slug: String, reader: Answerer?) async throws(DeskError) -> QueueView
  func answer(_ form: AnswerForm, for slug: String, by answerer: Answerer) async throws(DeskError)
    -> AnswerView
  /// Each by itself: one that is wrong does not keep the others out.
  func report(_ reports: [ReportForm], for slug: String, by answerer: Answerer) async throws(DeskError)
    -> [ReportView]

  /// All that was ever said, newest first.
  func outages(of slug: String) async throws(DeskError) -> [OutageView]
  func add(_ form: OutageForm, for slug: String, by answerer: Answerer) async throws(DeskError) -> OutageView
  func endOutage(_ number: Int64, for slug: String, by answerer: Answerer) async throws(DeskError)
    -> OutageView

  /// What the telescope is to do now, as one of the plan's formats.
  func currentFile(of slug: String, name: String, wishes: FileWishes) async throws(DeskError) -> FileView
  /// - Parameter name: `<slug>.<format>`.
  func file(plan: String, name: String, wishes: FileWishes) async throws(DeskError) -> FileView

  /// What was done for an event so far; nil before anything was.
  func coverage(of event: String) async throws(DeskError) -> CoverageView

  /// The sky of all exposures taken: `moc.fits`, `moc.json`, `moc.txt`.
  func coverageFile(of event: String, name: String) async throws(DeskError) -> FileView

  /// Whom a signed link stands for; nil if it is forged, expired or revoked.
  func answerer(of link: LinkQuery, for slug: String) async throws(DeskError) -> Answerer?
  /// What Slack sent, raw; nil if it did not come from Slack, or came twice.
  func slackAction(_ body: [UInt8], timestamp: String?, signature: String?) async throws(DeskError) -> String?

  /// Plans as SkyPortal lists them, for the telescopes of a token.
  func observationPlans(_ query: SkyPortalQuery, for slugs: [String], reader: Answerer)
    async throws(DeskError) -> [SkyPortalPlan]
  func followupRequests(_ query: SkyPortalQuery, for slugs: [String], reader: Answerer)
    async throws(DeskError) -> [SkyPortalFollowup]
  func setFollowup(_ number: Int64, status: String, for slugs: [String], by answerer: Answerer)
    async throws(DeskError)
  /// The event of a time as SkyPortal writes it; nil if there is none.
  func skyPortalEvent(_ dateobs: String) async throws(DeskError) -> SkyPortalEvent?
  /// All slugs, for tokens that may everything.
  func slugs() async -> [String]
}

/// Who answers, and by which way.
public struct Answerer: Hashable, Sendable {
  public let name: String
  /// `api`, `link`, `slack`, `icare`.
  public let way: String
  public init(name: String, way: String) {
    self.name = name
    self.way = way
  }
}

/// One word about a pointing or a plan, as it comes in.
public struct AnswerForm: Codable, Hashable, Sendable {
  /// `seen`, `accepted`, `refused`, `started`, `observed`, `data`, `photometry`; `accept`, `refuse` and
  /// `cannot` are understood.
  public var answer: String
  public var pointing: Int64?
  public var tile: String?
  public var plan: String?
  public var event: String?
  public var reason: String?
  /// Of a refused plan: when the telescope can observe again.
  public var untilUTC: String?
  /// The same answer sent again has the same.
  public var key: String?
  public var observation: ReportForm?

  public init(answer: String, pointing: Int64? = nil, plan: String? = nil, reason: String? = nil) {
    self.answer = answer
    self.pointing = pointing
    self.plan = plan
    self.reason = reason
  }
  enum CodingKeys: String, CodingKey, CaseIterable {
    case answer, pointing, tile, plan, event, reason, untilUTC = "until_utc", key, observation
  }
}

/// An exposure, as it comes in.
public struct ReportForm: Codable, Hashable, Sendable {
  public var startUTC: String
  public var exposureS: Double
  public var raDeg: Double?
  public var decDeg: Double?
  public var rotationDeg: Double?
  public var filter: String?
  public var limitMag: Double?
  public var tile: String?
  public var event: String?
  public var key: String?
  /// Number of an exposure reported before: this takes its place.
  public var corrects: Int64?

  public init(startUTC: String, exposureS: Double) {
    self.startUTC = startUTC
    self.exposureS = exposureS
  }
  enum CodingKeys: String, CodingKey, CaseIterable {
    case startUTC = "start_utc"
    case exposureS = "exposure_s"
    case raDeg = "ra_deg"
    case decDeg = "dec_deg"
    case rotationDeg = "rotation_deg"
    case filter
    case limitMag = "limit_mag"
    case tile, event, key, corrects
  }
}

/// A stretch in which the telescope, or a filter, is out.
public struct OutageForm: Codable, Hashable, Sendable {
  /// `closure`, `weather`, `fault`, `filter`.
  public var kind: String
  public var filter: String?
  /// Absent: now.
  public var startUTC: String?
  public var endUTC: String
  public var reason: String?
  public var key: String?

  public init(
    kind: String, filter: String? = nil, startUTC: String? = nil, endUTC: String, reason: String? = nil,
    key: String? = nil
  ) {
    self.kind = kind
    self.filter = filter
    self.startUTC = startUTC
    self.endUTC = endUTC
    self.reason = reason
    self.key = key
  }
  enum CodingKeys: String, CodingKey, CaseIterable {
    case kind, filter, startUTC = "start_utc", endUTC = "end_utc", reason, key
  }
}

public struct QueueView: Encodable, Sendable {
  public struct Pointing: Encodable, Sendable {
    public var id: Int64
    public var event: String
    public var plan: String
    public var tile: String
    public var state: String
    public var reason: String?
    public var sinceUTC: String
    public var startUTC: String
    public var endUTC: String
    public var raDeg: Double
    public var decDeg: Double
    public var filter: String?
    public var exposureS: Double

    public init(
      id: Int64, event: String, plan: String, tile: String, state: String, reason: String? = nil,
      sinceUTC: String, startUTC: String, endUTC: String, raDeg: Double, decDeg: Double,
      filter: String? = nil, exposureS: Double
    ) {
      self.id = id
      self.event = event
      self.plan = plan
      self.tile = tile
      self.state = state
      self.reason = reason
      self.sinceUTC = sinceUTC
      self.startUTC = startUTC
      self.endUTC = endUTC
      self.raDeg = raDeg
      self.decDeg = decDeg
      self.filter = filter
      self.exposureS = exposureS
    }
  }
  public struct Entry: Encodable, Sendable {
    public var number: Int64
    public var state: String
    /// nil: all of the plan's.
    public var pointing: Int64?
    public var plan: String
    public var reason: String?
    public var actor: String
    public var way: String
    public var atUTC: String

    public init(
      number: Int64, state: String, pointing: Int64? = nil, plan: String, reason: String? = nil,
      actor: String, way: String, atUTC: String
    ) {
      self.number = number
      self.state = state
      self.pointing = pointing
      self.plan = plan
      self.reason = reason
      self.actor = actor
      self.way = way
      self.atUTC = atUTC
    }
  }
  public var telescope: String
  public var name: String
  /// `GO`, `WAIT` or `STOP`.
  public var status: String
  public var message: String
  public var nowUTC: String
  public var pointings: [Pointing]
  /// Who said what about them, oldest first.
  public var record: [Entry]
  public var outages: [OutageView]

  public init(
    telescope: String, name: String, status: String, message: String, nowUTC: String, pointings: [Pointing],
    record: [Entry], outages: [OutageView]
  ) {
    self.telescope = telescope
    self.name = name
    self.status = status
    self.message = message
    self.nowUTC = nowUTC
    self.pointings = pointings
    self.record = record
    self.outages = outages
  }
}

public struct AnswerView: Encodable, Sendable {
  public var answer: String
  /// The pointings whose state changed; none when it was said before.
  public var changed: [Int64]
  public var isRepeat: Bool
  /// Number of the exposure that was told of; `corrects` of a later report may name it.
  public var observation: Int64?
  /// Number of the exposure whose place it took.
  public var replaced: Int64?

  public init(answer: String, changed: [Int64], isRepeat: Bool) {
    self.answer = answer
    self.changed = changed
    self.isRepeat = isRepeat
  }
}

public struct ReportView: Encodable, Sendable {
  /// Of the list that was sent, from 1.
  public var row: Int
  /// `recorded`, `corrected`, `repeated`, `refused`.
  public var result: String
  /// The pointing it was of; null for an exposure of nothing that was asked for.
  public var pointing: Int64?
  /// Number of the exposure; `corrects` of a later report may name it.
  public var observation: Int64?
  public var error: String?

  public init(row: Int, result: String, pointing: Int64? = nil, error: String? = nil) {
    self.row = row
    self.result = result
    self.pointing = pointing
    self.error = error
  }
}

public struct OutageView: Encodable, Sendable {
  public var number: Int64
  public var kind: String
  public var filter: String?
  public var event: String?
  public var startUTC: String
  public var endUTC: String
  public var reason: String
  public var actor: String
  public var way: String
  public var recordedUTC: String
  /// Whether it holds or will hold, and nothing has taken its place.
  public var isInForce: Bool

  public init(
    number: Int64, kind: String, filter: String? = nil, event: String? = nil, startUTC: String,
    endUTC: String, reason: String, actor: String, way: String, recordedUTC: String, isInForce: Bool
  ) {
    self.number = number
    self.kind = kind
    self.filter = filter
    self.event = event
    self.startUTC = startUTC
    self.endUTC = endUTC
    self.reason = reason
    self.actor = actor
    self.way = way
    self.recordedUTC = recordedUTC
    self.isInForce = isInForce
  }
}

public struct CoverageView: Encodable, Sendable {
  public var event: String
  public var observations: Int
  /// Of them, without a limiting magnitude: they count nothing in `depthWeighted`.
  public var withoutLimit: Int
  /// Probabilities of the event's map.
  public var accepted: Double
  public var observed: Double
  public var depthWeighted: Double
  /// What the plan in force would add.
  public var remaining: Double
  public var areaDeg2: Double
  public var referenceMag: Double?

  public init(
    event: String, observations: Int, withoutLimit: Int, accepted: Double, observed: Double,
    depthWeighted: Double, remaining: Double, areaDeg2: Double, referenceMag: Double? = nil
  ) {
    self.event = event
    self.observations = observations
    self.withoutLimit = withoutLimit
    self.accepted = accepted
    self.observed = observed
    self.depthWeighted = depthWeighted
    self.remaining = remaining
    self.areaDeg2 = areaDeg2
    self.referenceMag = referenceMag
  }
}

/// How one reader wants a file.
public struct FileWishes: Hashable, Sendable {
  public var event: String?
  /// `lf` or `crlf`.
  public var lineEnd: String?
  /// `sexagesimal` or `decimal`.
  public var coordinates: String?
  public var exposureCapS: Double?
  /// From the plan's names to the site's.
  public var filterNames: [String: String] = [:]
  /// `site`, or the name of a zone: its time beside UTC.
  public var local: String?
  public init() {}
}

/// What a signed link carries.
public struct LinkQuery: Hashable, Sendable {
  /// Unix seconds.
  public let expires: Int64
  public let nonce: String
  public let signature: String
  public init(expires: Int64, nonce: String, signature: String) {
    self.expires = expires
    self.nonce = nonce
    self.signature = signature
  }

  /// As the query of an address.
  public var text: String { "e=\(expires)&n=\(nonce)&s=\(signature)" }
}
