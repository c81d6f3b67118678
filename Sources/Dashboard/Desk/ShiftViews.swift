import Units

/// A text of the shift, made from what is on record.
public struct TextSheet: Encodable, Sendable {
  /// One way to write it.
  public struct Kind: Encodable, Sendable {
    public var name: String
    public var title: String
    public var needsEvent: Bool
    public init(name: String, title: String, needsEvent: Bool) {
      self.name = name
      self.title = title
      self.needsEvent = needsEvent
    }
  }
  public var kind: String
  public var title: String
  public var text: String
  public var event: String?
  public var fromUTC: String
  public var toUTC: String
  /// Fields that nothing is on record for: they stand in the text as `[____]`.
  public var emptyFields: Int

  public init(
    kind: String, title: String, text: String, event: String?, fromUTC: String, toUTC: String,
    emptyFields: Int
  ) {
    self.kind = kind
    self.title = title
    self.text = text
    self.event = event
    self.fromUTC = fromUTC
    self.toUTC = toUTC
    self.emptyFields = emptyFields
  }
}

/// Which text, about what. What is left out is chosen: the newest event, the shift that runs.
public struct TextRequest: Hashable, Sendable {
  public var kind: String
  public var event: String?
  public var fromUTC: String?
  public var toUTC: String?
  public init(kind: String, event: String? = nil, fromUTC: String? = nil, toUTC: String? = nil) {
    self.kind = kind
    self.event = event
    self.fromUTC = fromUTC
    self.toUTC = toUTC
  }
}

/// Who is on shift, one week of it.
public struct RosterSheet: Encodable, Sendable {
  public struct Person: Encodable, Sendable {
    public var user: String
    /// Of the shift by the person's own clock, where their zone is on record.
    public var local: String?
    public init(user: String, local: String? = nil) {
      self.user = user
      self.local = local
    }
  }

  public struct Shift: Encodable, Sendable {
    public var id: String
    public var slot: String
    public var startUTC: String
    public var endUTC: String
    public var people: [Person]
    /// Other people than the week's.
    public var isOverridden: Bool
    public init(
      id: String, slot: String, startUTC: String, endUTC: String, people: [Person], isOverridden: Bool
    ) {
      self.id = id
      self.slot = slot
      self.startUTC = startUTC
      self.endUTC = endUTC
      self.people = people
      self.isOverridden = isOverridden
    }
  }

  public struct Finding: Encodable, Sendable {
    /// `error`, `warning`, `note`.
    public var severity: String
    public var text: String
    public init(severity: String, text: String) {
      self.severity = severity
      self.text = text
    }
  }

  public var campaign: String
  public var nowUTC: String
  public var now: [Shift]
  public var next: Shift?
  public var coordinator: String?
  /// The day on which the shown week starts.
  public var week: String
  public var weekCoordinator: String?
  public var previousWeek: String?
  public var nextWeek: String?
  public var shifts: [Shift]
  public var findings: [Finding]
  /// Everybody the roster names: whose calendars there are.
  public var users: [String]
  /// Those that can still be given away, of the next weeks.
  public var coming: [Shift] = []
  /// Newest first.
  public var swaps: [SwapView] = []

  public init(
    campaign: String, nowUTC: String, now: [Shift], next: Shift?, coordinator: String?, week: String,
    weekCoordinator: String?, previousWeek: String?, nextWeek: String?, shifts: [Shift], findings: [Finding],
    users: [String]
  ) {
    self.campaign = campaign
    self.nowUTC = nowUTC
    self.now = now
    self.next = next
    self.coordinator = coordinator
    self.week = week
    self.weekCoordinator = weekCoordinator
    self.previousWeek = previousWeek
    self.nextWeek = nextWeek
    self.shifts = shifts
    self.findings = findings
    self.users = users
  }
}

extension Desk {
  public func textKinds() -> [TextSheet.Kind] { [] }
  public func text(_ request: TextRequest) async throws(DeskError) -> TextSheet {
    throw .notFound("no text is called \(request.kind)")
  }
  public func roster(week: String?) async throws(DeskError) -> RosterSheet {
    throw .notFound("no roster is configured: name its file under `roster`")
  }
  public func calendar(of user: String?) async throws(DeskError) -> FileView {
    throw .notFound("no roster is configured: name its file under `roster`")
  }
}
