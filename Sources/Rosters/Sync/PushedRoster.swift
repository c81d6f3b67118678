import Units

/// What we know to have put into ICARE, and what people did to it since: the common ancestor of the three-way
/// comparison. To be stored after every change, before the next request leaves.
public struct PushedRoster: Hashable, Sendable, Codable {
  /// One shift of ICARE's under a key.
  struct Copy: Hashable, Sendable, Codable {
    let span: ShiftSpan
    var text: ShiftText
    /// People we put there, or found there when we wanted them there.
    var confirmed: Set<Username> = []
  }

  struct Attempt: Hashable, Sendable, Codable {
    let action: SyncAction
    let tai: Int64
  }

  struct Record: Hashable, Sendable, Codable {
    /// By ICARE's id. Usually one; two while a shift is moved or a duplicate is cleared away.
    var copies: [Int: Copy] = [:]
    /// People of the roster who took themselves off: not put back until the roster stops naming them.
    var left: Set<Username> = []
    /// People who joined a copy that is going away, with the ids of all such copies they were on: to be put on
    /// the one that stays.
    var carrying: [Username: Set<Int>] = [:]
    /// Of these, who was put where.
    var carried: [Username: Int] = [:]
    /// Of these, who left one of the copies again.
    var gone: Set<Username> = []
    /// Whose request for a replacement was brought along, and to which copy.
    var flagged: [Username: Int] = [:]
    /// People who left one copy and are still on the other through us.
    var owed: Set<Username> = []
    /// Comments made once, behind the id of the copy: a person may delete them.
    var said: Set<String> = []
    /// Hand-made shifts at the same time that are meant.
    var twins: Set<Int> = []
    /// Shifts a person allowed to be deleted in spite of those on them.
    var deletable: Set<Int> = []
    /// A person said that they deleted it.
    var isDeleted = false
    var attempts: [Attempt] = []
  }

  var records: [String: Record] = [:]

  public init() {}

  /// The shift a request goes to: nil for a create, and when the shift it was meant for did not come to be;
  /// then the request is left out.
  public func target(of action: SyncAction) -> Int? {
    if case .create = action.step { return nil }
    return records[action.key.description]?.target(of: action) ?? action.shift
  }

  /// Writes down that a request is about to leave. Store this before sending.
  public mutating func begin(_ action: SyncAction, at now: Instant) {
    records[action.key.description, default: Record()].attempts.append(.init(action: action, tai: now.tai))
  }

  /// Writes down what became of it. An ambiguous request stays open until a reading tells.
  public mutating func finish(_ action: SyncAction, _ outcome: SyncOutcome) {
    var record = records[action.key.description] ?? Record()
    switch outcome {
    case .ambiguous: return
    case .refused, .unsent: break
    case .done(let id): record.apply(action, id: id ?? record.target(of: action))
    }
    if let i = record.attempts.lastIndex(where: { $0.action == action }) { record.attempts.remove(at: i) }
    records[action.key.description] = record
  }
}

extension PushedRoster.Record {
  func target(of action: SyncAction) -> Int? {
    action.shift ?? copies.filter { $0.value.span == action.span }.keys.max()
  }

  /// What is true once a request is known to have been carried out.
  mutating func apply(_ action: SyncAction, id: Int?) {
    guard let id else { return }
    switch action.step {
    case .create(let span, let text): copies[id] = .init(span: span, text: text)
    case .addMember(let user, _, _):
      // Those carried over stay people of their own choice: the roster's absence of them must not remove them.
      if carrying[user] != nil {
        carried[user] = id
        return
      }
      copies[id]?.confirmed.insert(user)
    case .removeMember(let user):
      owed.remove(user)
      if !left.contains(user) { copies[id]?.confirmed.remove(user) }
    case .flagReplacement(let user, _): flagged[user] = id
    case .comment(let text): said.insert("\(id) \(text)")
    case .update(_, let text): copies[id]?.text = text
    case .delete: copies[id] = nil
    }
  }
}

/// How a person settles a difference.
public enum SyncDecision: Hashable, Sendable {
  /// The roster is right.
  case roster
  /// ICARE is right. Who joined or left is taken over with `Roster.pulling`.
  case icare
}

extension PushedRoster {
  /// Takes over a person's decision; the next plan acts on it.
  public mutating func settle(_ difference: SyncDifference, _ decision: SyncDecision) {
    let name = difference.key.description
    var record = records[name] ?? Record()
    let ids = Array(record.copies.keys)
    switch (difference.kind, decision) {
    case (.joined(let user), .roster):
      for id in ids { record.copies[id]?.confirmed.insert(user) }
      record.carrying[user] = nil
    case (.left(let user), .roster):
      for id in ids { record.copies[id]?.confirmed.remove(user) }
      record.left.remove(user)
    case (.deleted, .roster): record = Record()
    case (.textChanged(let text), .roster), (.textConflict(let text), .roster):
      for id in ids { record.copies[id]?.text = text }
    case (.twin(let id), .roster): record.twins.insert(id)
    case (.deletionHeld(let id, _), .roster), (.impostor(let id), .roster): record.deletable.insert(id)
    case (.unconfirmed(let step), .roster): record.attempts.removeAll { $0.action.step == step }
    case (.unconfirmed(let step), .icare): record.concede(step)
    case (.impostor(let id), .icare): record.twins.insert(id)
    default: break
    }
    records[name] = record
  }

  /// Makes a hand-made shift the one of a key: it is kept up from now on.
  public mutating func adopt(_ shift: IcareShift, as key: ShiftKey) {
    var record = records[key.description] ?? Record()
    record.copies[shift.id] = Copy(span: shift.times, text: shift.text)
    records[key.description] = record
  }
}

extension PushedRoster.Record {
  /// What ICARE shows is a person's doing after our request arrived.
  fileprivate mutating func concede(_ step: SyncAction.Step) {
    for attempt in attempts where attempt.action.step == step {
      if case .create = step { isDeleted = true }
      guard let id = target(of: attempt.action) else { continue }
      switch step {
      case .addMember(let user, _, _):
        if carrying[user] != nil {
          carried[user] = id
        } else {
          left.insert(user)
          copies[id]?.confirmed.insert(user)
        }
      case .removeMember(let user): copies[id]?.confirmed.remove(user)
      default: break
      }
    }
    attempts.removeAll { $0.action.step == step }
  }
}
