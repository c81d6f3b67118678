/// The form on an event's page by which a person decides, or answers what the service asks.
struct DecideSection: Sendable {
  /// What somebody has filled in, and what became of it.
  struct Typed: Sendable {
    var choice: String?
    var role: String?
    var reason = ""
    var telescopes: Set<String> = []
    var problem: String?
    /// What others did since the form was opened.
    var happened: [String] = []
    var isSaid = false
  }

  let isOpen: Bool
  let closedText: String
  let signInHref: String
  let saidText: String?
  let problem: String?
  let happened: [String]
  let action: String
  let formToken: String
  /// The newest line of the log that the reader has before them.
  let seen: String
  let options: [FormOption]
  let roles: [FormOption]
  let telescopes: [FormOption]
  let hasTelescopes: Bool
  let reason: String
  let proposal: String?

  init(
    _ choices: DecisionChoices, event: String, typed: Typed, seen: Int64, identity: Identity?, head: PageHead
  ) {
    let mayDecide = identity?.may(.lead) ?? false
    isOpen = mayDecide && head.formToken != nil
    closedText =
      identity == nil
      ? "Who has the scope lead decides here." : "This takes the scope lead, which your token has not."
    signInHref = head.signInHref
    saidText = typed.isSaid ? "Recorded. It takes effect within a second." : nil
    problem = typed.problem
    happened = typed.happened
    action = "/events/\(LocalPath.encoded(event))/decision"
    formToken = head.formToken ?? ""
    self.seen = "\(seen)"
    options = choices.options.map {
      FormOption($0, isChosen: $0.value == typed.choice)
    }
    roles = choices.roles.map {
      FormOption(value: $0, label: $0, isChosen: $0 == (typed.role ?? "shift leader"))
    }
    telescopes = choices.telescopes.map {
      FormOption($0, isChosen: typed.telescopes.contains($0.value))
    }
    hasTelescopes = !typed.telescopes.isEmpty
    reason = typed.reason
    proposal = choices.proposal.map { "STOP is proposed, for \($0)" }
  }
}
