import Deliveries
import Units

/// An event as it is to be stored. What its state means is the caller's affair.
public struct EventChange: Hashable, Sendable {
  public let id: String
  /// The revision the change was worked out from; 0 for an event that is new. Each commit adds one.
  public let expectedRevision: Int64
  /// JSON.
  public let state: String
  public let isMock: Bool
  /// Notices that belong to it, as far as they are new.
  public let notices: [NoticeID]
  /// The event it turned out to be the same as: it is kept, and points there.
  public let mergedInto: String?

  public init(
    id: String, expectedRevision: Int64, state: String, isMock: Bool, notices: [NoticeID] = [],
    mergedInto: String? = nil
  ) {
    self.id = id
    self.expectedRevision = expectedRevision
    self.state = state
    self.isMock = isMock
    self.notices = notices
    self.mergedInto = mergedInto
  }
}

public struct DecisionDraft: Hashable, Sendable {
  public let event: String
  public let outcome: String
  public let policy: String
  /// The role that decided, or the part of the program.
  public let actor: String
  /// JSON: the card with every clause and value.
  public let body: String

  public init(event: String, outcome: String, policy: String, actor: String, body: String) {
    self.event = event
    self.outcome = outcome
    self.policy = policy
    self.actor = actor
    self.body = body
  }
}

/// One pointing of a plan, as operators' queues need it.
public struct PlanAssignment: Hashable, Sendable {
  public let telescope: String
  /// Among the telescope's own, from 0.
  public let position: Int
  public let window: TimeWindow
  public let direction: Direction<ICRS>
  public let filter: String
  public let exposure: Duration
  public let tile: String

  public init(
    telescope: String, position: Int, window: TimeWindow, direction: Direction<ICRS>, filter: String,
    exposure: Duration, tile: String
  ) {
    self.telescope = telescope
    self.position = position
    self.window = window
    self.direction = direction
    self.filter = filter
    self.exposure = exposure
    self.tile = tile
  }
}

public enum PlanEncoding: String, Hashable, Sendable {
  case json
  case gzippedJSON = "json+gzip"
}

/// A plan as it is to be stored; it takes the place of the live plan of the event in its scope.
public struct PlanDraft: Hashable, Sendable {
  /// Of the plan of the whole network.
  public static let networkScope = "network"

  public let id: String
  public let event: String
  /// Plans of one event in different scopes live side by side.
  public let scope: String
  /// SHA-256 of everything the plan was computed from, in hexadecimal.
  public let requestDigest: String
  public let document: [UInt8]
  public let encoding: PlanEncoding
  public let assignments: [PlanAssignment]
  /// JSON: what lists and pages show of it.
  public let summary: String?
  /// By name: what can only be made while the map is at hand.
  public let files: [String: [UInt8]]
  /// What of the plan before had begun by then stays as it is, if its team has it; nil: when it is stored.
  public let asOf: Instant?
  /// Pointings of the plan before that robots have although nobody said so: they have begun as well.
  public let delivered: Set<Int64>

  public init(
    id: String, event: String, scope: String = networkScope, requestDigest: String, document: [UInt8],
    encoding: PlanEncoding = .json, assignments: [PlanAssignment], summary: String? = nil,
    files: [String: [UInt8]] = [:], asOf: Instant? = nil, delivered: Set<Int64> = []
  ) {
    self.asOf = asOf
    self.delivered = delivered
    self.summary = summary
    self.files = files
    self.id = id
    self.event = event
    self.scope = scope
    self.requestDigest = requestDigest
    self.document = document
    self.encoding = encoding
    self.assignments = assignments
  }
}

public struct TimerDraft: Hashable, Sendable {
  public let id: String
  public let event: String?
  public let kind: String
  public let due: Instant
  /// JSON.
  public let body: String

  public init(id: String, event: String? = nil, kind: String, due: Instant, body: String = "{}") {
    self.id = id
    self.event = event
    self.kind = kind
    self.due = due
    self.body = body
  }
}

/// Everything one step of the engine changed. It is stored as a whole or not at all.
public struct Outcome: Sendable {
  /// Of the instance that worked it out, if only the one that acts may store it.
  public var epoch: Int64?
  /// Notices that are handled with this.
  public var handled: [NoticeID] = []
  public var events: [EventChange] = []
  /// Of events in `events`.
  public var decisions: [DecisionDraft] = []
  /// Of events in `events`.
  public var plans: [PlanDraft] = []
  /// Events all of whose live plans are withdrawn, with the reason.
  public var withdrawnPlans: [(event: String, reason: String)] = []
  /// Events that are no longer to be observed: requests for point sources about them end, too.
  public var stoppedEvents: [(event: String, reason: String)] = []
  /// What those are owed who had a part of such a request. It is asked within the transaction, so that no
  /// request is missed that was sent a moment ago.
  public var farewell: (@Sendable (EndedFollowup) throws -> [Delivery])?
  /// Plans whose time is over: what nobody has told of is expired.
  public var expiredPlans: [String] = []
  public var deliveries: [Delivery] = []
  /// Whether an earlier life of the store may have sent the deliveries already, as when a feed is repeated
  /// after a restore: then far sides are asked first.
  public var mayHaveBeenSent = false
  public var withdrawnDeliveries: [(key: DeliveryKey, reason: String)] = []
  /// Notices that name events which are not known yet, with each name as the caller will ask for it.
  public var looseNotices: [(notice: NoticeID, name: String)] = []
  /// What came of maps that were asked for by address.
  public var remoteMaps: [RemoteMap] = []
  /// A timer of a known name is set anew.
  public var timers: [TimerDraft] = []
  /// Timers this step was the answer to.
  public var firedTimers: [String] = []
  public var cancelledTimers: [String] = []
  public var log: [LogDraft] = []
  public init() {}
}

public struct CommitReceipt: Hashable, Sendable {
  /// What the events' revisions are now.
  public let revisions: [String: Int64]
  /// Plans that were live before and are not any more.
  public let superseded: [String]
  /// Deliveries that were to be withdrawn but are under way: they may still arrive.
  public let underWay: [DeliveryKey]
  /// Of the newest log entry.
  public let logSequence: Int64
}
