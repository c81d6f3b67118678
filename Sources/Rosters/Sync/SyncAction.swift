/// One request to ICARE, to be sent in the order of the plan.
public struct SyncAction: Hashable, Sendable, Codable {
  public enum Step: Hashable, Sendable, Codable {
    /// `POST /shifts`, without administrators: those are added like anybody.
    case create(ShiftSpan, ShiftText)
    /// `POST /shifts/:id/users`; "already a member" is success.
    case addMember(Username, isAdmin: Bool, needsReplacement: Bool)
    /// `DELETE /shifts/:id/users/:uid`; 403 means gone already.
    case removeMember(Username)
    /// `PATCH /shifts/:id/users/:uid` with both flags: an omitted one would be reset.
    case flagReplacement(Username, isAdmin: Bool)
    /// `POST /shift/:id/comments`; the same text twice is one comment.
    case comment(String)
    /// `PATCH /shifts/:id` with all three fields; what a person changed among them is sent as it is there, and
    /// `remember` says what to hold for the last agreed text.
    case update(ShiftText, remember: ShiftText)
    /// `DELETE /shifts/:id`, which takes users and comments with it.
    case delete
  }

  public let key: ShiftKey
  /// Nil for a create and for what is to happen to the shift created under the same key before.
  public let shift: Int?
  /// When `shift` is nil: the times of the shift that is created, which tell it from an older one of the key.
  public let span: ShiftSpan?
  public let step: Step
  /// For people, one line.
  public let why: String

  public init(key: ShiftKey, shift: Int?, span: ShiftSpan? = nil, step: Step, why: String) {
    self.key = key
    self.shift = shift
    self.span = span
    self.step = step
    self.why = why
  }

  /// Whether the shift must be read again right before the step, and the step dropped unless
  /// `SyncPlan.holds`: ICARE has no conditional requests, and these steps overwrite.
  public var needsRecheck: Bool {
    switch step {
    case .update, .delete, .flagReplacement: true
    default: false
    }
  }
}

/// What became of one request.
public enum SyncOutcome: Hashable, Sendable {
  /// With the id of a created shift.
  case done(shift: Int?)
  /// ICARE will not have it.
  case refused(String)
  /// It surely did not arrive.
  case unsent(String)
  /// It may have arrived (time-out, 502, 504, reset): the next plan finds out from what ICARE shows.
  case ambiguous(String)
}

/// Something in ICARE that differs from the roster and that no request puts right.
public struct SyncDifference: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    /// Somebody put themselves on the shift.
    case joined(Username)
    /// Somebody took themselves off.
    case left(Username)
    case replacementWanted(Username)
    /// On the shift, but not as the administrator the roster wants, or the other way round.
    case role(Username, isAdmin: Bool)
    /// Users whose names no roster can hold.
    case strangers([String])
    /// A person changed name, description or limit; theirs stands.
    case textChanged(ShiftText)
    /// A person and the roster changed the same field.
    case textConflict(ShiftText)
    /// The times in ICARE are neither the roster's nor those that were pushed.
    case timesChanged(ShiftSpan)
    /// Pushed once, gone now, and not by us.
    case deleted
    /// A shift made by hand at the same time: `RosterSync` will not make a second.
    case twin(Int)
    /// A second shift with our key that does not look like ours.
    case impostor(Int)
    /// No longer in the roster, or an old copy, but people have a stake in it.
    case deletionHeld(Int, [String])
    /// No room for a person under the limit.
    case full(Username)
    /// A request was sent, no answer came, and what ICARE shows can mean two things.
    case unconfirmed(SyncAction.Step)
  }

  public let key: ShiftKey
  public let kind: Kind

  public init(key: ShiftKey, kind: Kind) {
    self.key = key
    self.kind = kind
  }

  /// Whether a person must decide before the push can be complete. The others are people's changes that stand
  /// and only wait to be taken over into the roster.
  public var isConflict: Bool {
    switch kind {
    case .joined, .left, .replacementWanted, .role, .textChanged, .strangers: false
    default: true
    }
  }
}

extension SyncDifference: CustomStringConvertible {
  public var description: String { "\(isConflict ? "conflict" : "note"): \(key.shift): \(words)" }

  private var words: String {
    switch kind {
    case .joined(let user): "\(user) joined in ICARE"
    case .left(let user): "\(user) left in ICARE"
    case .replacementWanted(let user): "\(user) asks for a replacement"
    case .role(let user, let isAdmin):
      "\(user) is \(isAdmin ? "an administrator" : "no administrator") in ICARE, unlike in the roster"
    case .strangers(let names): "users whose names a roster cannot hold: \(names.count)"
    case .textChanged: "name, description or limit were changed in ICARE and stay"
    case .textConflict: "name, description or limit were changed both in ICARE and in the roster"
    case .timesChanged(let span): "in ICARE it is \(span.start.iso8601()) to \(span.end.iso8601())"
    case .deleted: "was deleted in ICARE"
    case .twin(let id):
      "ICARE's shift \(id), made by hand, is at the same time: adopt it or say that both are meant"
    case .impostor(let id): "ICARE's shift \(id) carries the same key under another name"
    case .deletionHeld(let id, let reasons):
      "ICARE's shift \(id) is not deleted: \(reasons.joined(separator: ", "))"
    case .full(let user): "no room for \(user) under the limit of users"
    case .unconfirmed(let step):
      "no answer came to \(step.words); what ICARE shows does not tell whether it arrived"
    }
  }
}

extension SyncAction: CustomStringConvertible {
  public var description: String {
    "\(key.shift): \(step.words)\(shift.map { " (shift \($0))" } ?? ""): \(why)"
  }
}

extension SyncAction.Step {
  var words: String {
    switch self {
    case .create(let span, _): "create \(span.start.iso8601()) to \(span.end.iso8601())"
    case .addMember(let user, let isAdmin, _): "add \(user)\(isAdmin ? " as administrator" : "")"
    case .removeMember(let user): "remove \(user)"
    case .flagReplacement(let user, _): "mark that \(user) asks for a replacement"
    case .comment(let text): "comment \"\(text.prefix(60))\""
    case .update: "update name, description and limit"
    case .delete: "delete"
    }
  }
}
