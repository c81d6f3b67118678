import Units

/// What the pages and the API show and do: everything the HTTP side knows of the service behind it.
///
/// Views are values for people and machines: names become snake_case members, times are ISO 8601 UTC, what
/// is not known is null.
public protocol Desk: Sendable {
  func health() async -> HealthView
  /// Samples in the order they are to be printed.
  func metrics() async -> [Metric]
  /// The person or program a bearer token stands for; nil if it is unknown, expired or revoked.
  func identity(ofToken token: String) async throws(DeskError) -> Identity?
  /// The slug of the telescope that goes by a name of any kind; nil if none or several do.
  func slug(of name: String) async -> String?

  /// A session for the bearer of a token; nil if the token is unknown, expired or revoked.
  func signIn(token: String) async throws(DeskError) -> Session?
  /// The session a browser's secret stands for; nil if it is over, or its token is.
  func session(_ secret: String) async throws(DeskError) -> Session?
  func signOut(_ secret: String) async throws(DeskError)

  /// Whom one can sign in with beside a token; nil where there is nobody.
  var signInService: String? { get }
  /// - Parameter back: an address of this site.
  /// - Returns: where to send the browser, and what it must keep until it is back.
  func beginSignIn(back: String) async throws(DeskError) -> (address: String, secret: String)
  /// - Parameter fields: of the address that the browser came back with.
  func finishSignIn(_ fields: [String: String], secret: String?) async throws(DeskError)
    -> (session: Session, back: String)

  /// Newest first.
  func events(limit: Int, before: String?) async throws(DeskError) -> [EventLine]
  func event(_ id: String) async throws(DeskError) -> EventSheet
  func plans(of event: String) async throws(DeskError) -> [PlanLine]
  /// - Parameters:
  ///   - plan: an id, or `current`.
  ///   - path: a file of the plan's folder, such as `plan.json` or `TAROT-TCA/plan.txt`.
  func planFile(event: String, plan: String, path: String) async throws(DeskError) -> FileView

  func telescopes() async throws(DeskError) -> [TelescopeLine]
  func telescope(_ slug: String) async throws(DeskError) -> TelescopeSheet
  /// The night of every telescope and what it has of these events.
  func network(of events: [String]) async throws(DeskError) -> NetworkView
  /// Day, night and telescopes on the Earth; nil where nothing can be drawn.
  func world(_ network: NetworkView) async -> Drawing?
  func sky(of slug: String) async throws(DeskError) -> TelescopeSky
  /// Nil while the event has none.
  func livePlan(of event: String) async throws(DeskError) -> PlanSheet?

  func textKinds() -> [TextSheet.Kind]
  func text(_ request: TextRequest) async throws(DeskError) -> TextSheet
  /// The week that holds a day, `2026-11-26`; the week that runs if none is given.
  func roster(week: String?) async throws(DeskError) -> RosterSheet
  /// Asks somebody to take a shift.
  func askSwap(_ form: SwapForm, by identity: Identity) async throws(DeskError)
  /// Accepted, the roster is changed; who may say what is for the caller to know.
  func answerSwap(_ id: Int64, _ answer: SwapAnswer, by identity: Identity) async throws(DeskError)
  /// Shifts as iCalendar, of one person or of all.
  func calendar(of user: String?) async throws(DeskError) -> FileView

  func notices(limit: Int, state: String?) async throws(DeskError) -> [NoticeLine]
  func notice(_ id: Int64) async throws(DeskError) -> FileView
  /// Keeps the bytes before anything is made of them.
  func submit(notice bytes: [UInt8], name: String?, by identity: Identity) async throws(DeskError)
    -> NoticeLine
  /// Handles a quarantined notice again.
  func replay(notice id: Int64, by identity: Identity) async throws(DeskError) -> NoticeLine

  /// Records what a person says about an event.
  func answer(_ answer: DecisionAnswer, on event: String, by identity: Identity) async throws(DeskError)
    -> AnswerLine

  /// What others have said about an event and the engine has not taken up yet: it is in no log so far.
  func waitingAnswers(on event: String, besides identity: Identity) async throws(DeskError) -> [ChangeLine]

  /// What a person can say about an event now; nil where nobody decides.
  func choices(on event: String) async throws(DeskError) -> DecisionChoices?

  /// A credible region of the event's map as a MOC: `50.moc.fits`, `90.moc.json`, ...
  func region(of event: String, file: String) async throws(DeskError) -> FileView

  func whatIfOptions(on event: String) async throws(DeskError) -> WhatIfOptions
  /// Plans under other circumstances, beside the plan in force; nothing is recorded.
  func whatIf(_ form: WhatIfForm, on event: String) async throws(DeskError) -> WhatIfView
  /// Makes the circumstances those of the event; it is planned anew.
  func adopt(_ form: WhatIfForm, on event: String, by identity: Identity) async throws(DeskError)
    -> AnswerLine

  /// Takes back what was adopted, by the values of `WhatIfOptions.adopted`; it is planned anew.
  func takeBack(_ pieces: [String], on event: String, by identity: Identity) async throws(DeskError)
    -> AnswerLine

  func story(of event: String) async throws(DeskError) -> EventStory
  func drill() async -> DrillView?
  func beginDrill(by identity: Identity) async throws(DeskError)

  /// Log lines after a sequence number, oldest first, at most `limit`.
  func changes(after sequence: Int64, limit: Int) async throws(DeskError) -> [ChangeLine]
  /// The newest sequence number.
  func lastChange() async throws(DeskError) -> Int64
  /// Returns when something may have been logged since the call, or after a while.
  func waitForChange() async

  /// nil where none are kept.
  var queues: (any QueueDesk)? { get }
  /// nil where none are answered.
  var followups: (any FollowupDesk)? { get }
  /// nil where nobody is reminded.
  var reminders: (any ReminderDesk)? { get }
}

/// Why a request gets no answer. The text goes to the person who asked.
public enum DeskError: Error, Hashable, Sendable {
  case notFound(String)
  case invalid(String)
  /// Someone acted first.
  case conflict(String)
  /// Nothing can be stored now (disk full, standing by): ask again later.
  case unavailable(String)
}

/// Who asks.
public struct Identity: Hashable, Sendable {
  /// What pages call them: the user, else the label of the token.
  public let name: String
  /// What the record calls them.
  public let actor: String
  /// Which person it is, as rosters name people; nil where nobody vouched for one. A label names nobody.
  public let user: String?
  public let scopes: Set<Scope>

  /// - Parameter actor: nil: the name.
  public init(name: String, actor: String? = nil, user: String? = nil, scopes: Set<Scope>) {
    self.name = name
    self.actor = actor ?? name
    self.user = user
    self.scopes = scopes
  }

  /// Whether it is the person whom a roster calls so; names there differ by more than capitals.
  public func isUser(_ name: String) -> Bool { user?.lowercased() == name.lowercased() }

  public func may(_ scope: Scope) -> Bool {
    scopes.contains(.admin) || scopes.contains(scope) || scope == .view && !scopes.isEmpty
  }
}

/// What a token allows. `admin` allows all of it.
public enum Scope: Hashable, Sendable, CustomStringConvertible {
  case view
  /// Hand in notices.
  case notices
  /// Answer for one telescope, by slug.
  case telescope(String)
  /// Decide for the shift.
  case lead
  case admin

  public init?(_ text: String) {
    switch text {
    case "view": self = .view
    case "notices": self = .notices
    case "lead": self = .lead
    case "admin": self = .admin
    case _ where text.hasPrefix("operator:") && text.count > 9: self = .telescope(String(text.dropFirst(9)))
    default: return nil
    }
  }

  public var description: String {
    switch self {
    case .view: "view"
    case .notices: "notices"
    case .telescope(let slug): "operator:\(slug)"
    case .lead: "lead"
    case .admin: "admin"
    }
  }
}
