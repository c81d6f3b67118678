import Units

/// A rule, what it was found to be, and every comparison in it.
public struct RuleTrace: Codable, Hashable, Sendable {
  public let policy: String
  public let rule: String
  public let truth: Truth
  public let orders: Orders
  public let clauses: [ClauseTrace]
}

/// A fact that is not what it was at the last decision.
public struct FactChange: Codable, Hashable, Sendable {
  public let fact: FactName
  public let before: FactValue?
  public let after: FactValue?
  public var text: String {
    "\(fact.rawValue): \(before?.text ?? "not known") -> \(after?.text ?? "not known")"
  }
}

/// A person's decision over the policy's.
public struct Override: Codable, Hashable, Sendable {
  /// `weekly coordinator`, `GRB chair`, ...
  public let role: String
  public let outcome: Outcome
  public let reason: String
  /// For LIMITED: the telescopes, by their ids in the registry. Empty leaves those of the policy.
  public let telescopes: [String]
  @Coded public private(set) var at: Instant

  public init(role: String, outcome: Outcome, reason: String, telescopes: [String] = [], at: Instant) {
    self.role = role
    self.outcome = outcome
    self.reason = reason
    self.telescopes = telescopes
    self.at = at
  }
}

public enum OverrideError: Error, Hashable, Sendable {
  /// The role may not override: the ones that may.
  case roleNotAllowed(String, allowed: [String])
  case reasonMissing
  /// A withdrawn event is reinstated by a `Reinstatement`, not by a decision.
  case eventIsWithdrawn(String)
  /// LIMITED without telescopes, and the policy names none either.
  case noTelescopesNamed
}

/// What to do about an event, and why.
public struct Decision: Codable, Hashable, Sendable {
  public let facts: EventFacts
  public let policy: String
  public let policyDigest: String
  /// What the policy says, before any override.
  public let orders: Orders
  /// The clause that fired: a rule's name, `otherwise`, `retraction`, `reinstatement` or `does not apply`.
  public let clause: String
  /// All rules judged, in order, with every value they saw.
  public let rules: [RuleTrace]
  /// Names of rules that stand before the one that fired and could hold if more were known.
  public let undecided: [String]
  public let changes: [FactChange]
  public let previousOutcome: Outcome?
  /// Plain English, most important first.
  public let reasons: [String]
  public private(set) var override: Override?

  public var outcome: Outcome { override?.outcome ?? orders.outcome }
  /// What was ordered, with a person's outcome in place of the policy's: telescopes and tags follow it, and
  /// a follow-up that the policy did not foresee is valid for a day at priority 3.
  public var effectiveOrders: Orders {
    guard let override, override.outcome != orders.outcome || !override.telescopes.isEmpty else {
      return orders
    }
    var changed = override.outcome.isFollowUp ? orders : Orders(override.outcome)
    changed.outcome = override.outcome
    changed.telescopes =
      override.outcome == .limited && override.telescopes.isEmpty ? orders.telescopes : override.telescopes
    if !orders.outcome.isFollowUp { changed.tags = [] }
    if let tag = override.outcome.tag, !changed.tags.contains(tag) { changed.tags.insert(tag, at: 0) }
    if override.outcome.isFollowUp {
      changed.priority = changed.priority ?? 3
      changed.validity = changed.validity ?? .hours(24)
    }
    return changed
  }
  public var eventName: String { facts.eventName }
  /// Only decisions on real events may reach production channels.
  public var isReal: Bool { facts.realm == .real }

  /// Roles that may override by the network's own rules (the coordinator decides on doubtful events).
  public static let overridingRoles = [
    "weekly coordinator", "core team", "GRB chair", "neutrino expert", "EP expert",
  ]

  /// The same decision with a person's outcome; the policy's stays on record.
  public func overridden(
    by override: Override, allowed: [String] = Decision.overridingRoles
  ) throws(OverrideError) -> Decision {
    guard allowed.contains(override.role) else { throw .roleNotAllowed(override.role, allowed: allowed) }
    guard override.reason.contains(where: { !$0.isWhitespace }) else { throw .reasonMissing }
    if facts.status != .active, override.outcome.isFollowUp { throw .eventIsWithdrawn(eventName) }
    if override.outcome == .limited, override.telescopes.isEmpty, orders.telescopes.isEmpty {
      throw .noTelescopesNamed
    }
    var copy = self
    copy.override = override
    return copy
  }

  var withoutOverride: Decision {
    var copy = self
    copy.override = nil
    return copy
  }

  /// Whether people should hear of it: anything but the passing of time.
  func isNews(after previous: Decision?) -> Bool {
    guard let previous else { return true }
    return outcome != previous.outcome || clause != previous.clause || override != previous.override
      || effectiveOrders != previous.effectiveOrders || facts.status != previous.facts.status
      || !facts.isSame(as: previous.facts)
  }

  /// An override outlives new notices as long as the policy itself says what it said then; a retraction
  /// ends it in any case.
  func inheriting(_ previous: Decision?) -> Decision {
    guard let previous, let override = previous.override, facts.status == previous.facts.status,
      orders.outcome == previous.orders.outcome
    else { return self }
    var copy = self
    copy.override = override
    return copy
  }
}

extension OverrideError {
  public var text: String {
    switch self {
    case .roleNotAllowed(let role, let allowed):
      "the \(role) may not override; those who may: \(allowed.joined(separator: ", "))"
    case .reasonMissing: "a reason is missing"
    case .eventIsWithdrawn(let name): "\(name) is withdrawn; it needs a reinstatement first"
    case .noTelescopesNamed: "LIMITED needs telescopes; name them"
    }
  }
}

extension Outcome {
  /// The campaign tag that goes with it in the network's taxonomy.
  public var tag: String? {
    switch self {
    case .go, .limited: "GO GRANDMA"
    case .stop: "STOP GRANDMA"
    case .no: "Not I-care"
    case .watch: nil
    }
  }
}
