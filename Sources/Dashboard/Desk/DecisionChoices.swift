/// What a person can say about an event now, for the form on its page.
public struct DecisionChoices: Sendable {
  /// Outcomes, and actions of `DecisionAnswer`.
  public var options: [FormChoice]
  /// In which somebody may decide.
  public var roles: [String]
  /// Why STOP is proposed; nil while it is not.
  public var proposal: String?
  /// Slugs and names, for LIMITED.
  public var telescopes: [FormChoice]

  public init(options: [FormChoice], roles: [String], proposal: String?, telescopes: [FormChoice]) {
    self.options = options
    self.roles = roles
    self.proposal = proposal
    self.telescopes = telescopes
  }

  /// Kinds of log lines after which a form that was opened before is out of date.
  static let outdating: Set<String> = [
    "decision.made", "decision.answered", "campaign.stopped", "stop.proposed", "question.asked",
    "event.merged",
  ]
}

extension Desk {
  /// A desk without telescopes takes names as they are.
  public func slug(of name: String) async -> String? { nil }

  /// Nil where nobody decides.
  public func choices(on event: String) async throws(DeskError) -> DecisionChoices? { nil }
}
