/// What a person says about an event: a decision over the policy's, or the answer to a question.
public struct DecisionAnswer: Decodable, Hashable, Sendable {
  /// `override` (the default), `lift`, `confirm_stop`, `decline_stop`, `reopen` or `reinstate`.
  public var action: String
  /// For `override`: GO, LIMITED, WATCH, NO or STOP.
  public var outcome: String?
  /// In which the person answers, such as `shift leader`.
  public var role: String
  public var reason: String
  /// For LIMITED: names of telescopes.
  public var telescopes: [String]

  private enum Key: String, CodingKey { case action, outcome, role, reason, telescopes }

  public init(
    action: String = "override", outcome: String? = nil, role: String, reason: String,
    telescopes: [String] = []
  ) {
    self.action = action
    self.outcome = outcome
    self.role = role
    self.reason = reason
    self.telescopes = telescopes
  }

  public init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: Key.self)
    action = try c.decodeIfPresent(String.self, forKey: .action) ?? "override"
    outcome = try c.decodeIfPresent(String.self, forKey: .outcome)
    role = try c.decode(String.self, forKey: .role)
    reason = try c.decode(String.self, forKey: .reason)
    telescopes = try c.decodeIfPresent([String].self, forKey: .telescopes) ?? []
  }
}

/// What was recorded; it takes effect within a second.
public struct AnswerLine: Encodable, Hashable, Sendable {
  public var event: String
  public var action: String
  public var text: String
  public var timeUTC: String

  public init(event: String, action: String, text: String, timeUTC: String) {
    self.event = event
    self.action = action
    self.text = text
    self.timeUTC = timeUTC
  }
}

extension Desk {
  /// A desk that only shows things takes no answers.
  public func answer(
    _ answer: DecisionAnswer, on event: String, by identity: Identity
  ) async throws(DeskError) -> AnswerLine {
    throw .unavailable("decisions cannot be taken here")
  }
}
