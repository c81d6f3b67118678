/// The four answers of a team on the page of its telescope, for an operator who is signed in.
struct SaySection: Sendable {
  /// About a plan, or about the next pointing.
  struct Subject: Sendable {
    let label: String
    let fields: [FormField]
    let buttons: [FormButton]
    let asksReason: Bool
    /// Of the field for the reason; one a page.
    let reasonID: String
  }
  let action: String
  let formToken: String
  let said: String?
  let problem: String?
  let reason: String
  let subjects: [Subject]

  /// - Returns: nil for everybody else.
  init?(
    _ sheet: TelescopeSheet, identity: Identity?, head: PageHead, next: TelescopePage.Pointing?,
    said: String? = nil, problem: String? = nil, reason: String = ""
  ) {
    let slug = sheet.telescope.slug
    guard let token = head.formToken, let identity, identity.may(.telescope(slug)) else { return nil }
    action = "/t/\(LocalPath.encoded(slug))/say"
    formToken = token
    (self.said, self.problem, self.reason) = (said.map(AnswerPage.saidText), problem, reason)
    let open = sheet.assignments.filter { ["sent", "seen", "accepted", "started"].contains($0.state) }
    var plans: [String] = []
    for a in open where !plans.contains(a.plan) { plans.append(a.plan) }
    var list = plans.enumerated().map { number, plan in
      let own = open.filter { $0.plan == plan }
      return Subject(
        label: "\(own.first?.event ?? ""): \(Figure.count(own.count, "pointing"))",
        fields: [.init(name: "plan", value: plan)],
        buttons: [
          .init(value: "accepted", label: "We observe"), .init(value: "refused", label: "We cannot"),
        ],
        asksReason: true, reasonID: "why-\(number)")
    }
    if let next, open.contains(where: { $0.tile == next.tile && $0.event == next.event }) {
      list.insert(
        Subject(
          label: "Next target, tile \(next.tile)",
          fields: [.init(name: "tile", value: next.tile), .init(name: "event", value: next.event)],
          buttons: [
            .init(value: "started", label: "We have begun"), .init(value: "observed", label: "Observed"),
          ],
          asksReason: false, reasonID: "why"), at: 0)
    }
    subjects = list
  }
}
