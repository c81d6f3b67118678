import Hummingbird
import Units

/// Swap requests on the page of the roster.
struct SwapSection: Sendable {
  /// What somebody has chosen in the form.
  struct Typed: Sendable {
    /// `user day/slot`
    var give = ""
    /// `user`, or `user day/slot` for something in return.
    var to = ""

    func form() throws(DeskError) -> SwapForm {
      let (a, b) = (give.split(separator: " "), to.split(separator: " "))
      guard a.count == 2 else { throw .invalid("choose the shift that is given away") }
      guard (1...2).contains(b.count) else { throw .invalid("choose who is to take it") }
      return SwapForm(
        giver: String(a[0]), shift: String(a[1]), taker: String(b[0]),
        inReturn: b.count == 2 ? String(b[1]) : nil)
    }
  }
  struct Row: Sendable {
    let mark: Mark
    let text: String
    let asked: String
    let findings: [String]
    let action: String
    let buttons: [FormButton]
    let hasButtons: Bool
  }

  let said: String?
  let problem: String?
  let rows: [Row]
  let formToken: String
  let isOpen: Bool
  let closedText: String
  let signInHref: String
  let gives: [FormOption]
  let takers: [FormOption]
  let returns: [FormOption]

  init(
    _ sheet: RosterSheet, identity: Identity?, head: PageHead, typed: Typed = Typed(), problem: String? = nil,
    said: String? = nil
  ) {
    self.problem = problem
    self.said = said.flatMap { Self.words[$0] }
    formToken = head.formToken ?? ""
    signInHref = head.signInHref
    let now = Instant(iso8601: sheet.nowUTC)
    let signedIn = head.formToken == nil ? nil : identity
    rows = sheet.swaps.map { Self.row($0, signedIn, now) }
    func choices(_ isWanted: (String) -> Bool, _ tail: String, chosen: String) -> [FormOption] {
      sheet.coming.flatMap { shift in
        shift.people.filter { isWanted($0.user) }.map { person in
          let value = "\(person.user) \(shift.id)"
          let clock = "\(shift.startUTC.dropFirst(11).prefix(5))-\(shift.endUTC.dropFirst(11).prefix(5))"
          return FormOption(
            value: value, label: "\(person.user)\(tail) \(shift.id), \(clock) UTC", isChosen: value == chosen)
        }
      }
    }
    let isMine = { (user: String) in signedIn.map { SwapRoutes.may($0, as: user) } ?? false }
    gives = Self.keeping(typed.give, in: choices(isMine, ":", chosen: typed.give))
    takers = sheet.users.map { FormOption(value: $0, label: "\($0)", isChosen: $0 == typed.to) }
    let isOfLead = signedIn?.may(.lead) ?? false
    returns = Self.keeping(
      typed.to.contains(" ") ? typed.to : "",
      in: choices({ isOfLead || !isMine($0) }, ", who gives", chosen: typed.to))
    isOpen = !gives.isEmpty
    closedText = Self.closed(signedIn)
  }

  private static func closed(_ identity: Identity?) -> String {
    guard let identity else { return "Sign in to ask for a swap." }
    guard let user = identity.user else {
      return "You are signed in with a token that names no person: to ask for a swap, sign in with your own."
    }
    return "\(user) is on no shift of the next weeks."
  }

  /// What was chosen is not lost when it is not offered any more.
  private static func keeping(_ value: String, in options: [FormOption]) -> [FormOption] {
    guard !value.isEmpty, !options.contains(where: \.isChosen) else { return options }
    return [FormOption(value: value, label: "\(value) (as you chose)", isChosen: true)] + options
  }

  private static let words = [
    "asked": "Asked. It stands below until it is answered.", "accepted": "Accepted: the roster is changed.",
    "declined": "Declined: the roster stays.", "withdrawn": "Withdrawn: the roster stays.",
  ]

  private static func row(_ swap: SwapView, _ identity: Identity?, _ now: Instant?) -> Row {
    let mark =
      switch swap.state {
      case "open": Mark("open", "◆", "limited")
      case "accepted": Mark("accepted", "▲", "go")
      default: Mark(Figure.words(swap.state), "○", "no")
      }
    var buttons: [FormButton] = []
    if swap.state == "open", let identity {
      if SwapRoutes.may(identity, as: swap.taker) {
        buttons = [.init(value: "accepted", label: "Accept"), .init(value: "declined", label: "Decline")]
      }
      if SwapRoutes.may(identity, as: swap.giver) {
        buttons.append(.init(value: "withdrawn", label: "Withdraw"))
      }
    }
    let asked = PageTime(swap.askedUTC, now: now)
    return Row(
      mark: mark,
      text: "\(swap.giver) gives \(swap.shift) to \(swap.taker)" + (swap.inReturn.map { " for \($0)" } ?? ""),
      asked: "asked by \(swap.askedBy), \(asked.relative ?? asked.utc)"
        + (swap.answeredBy.map { "; answered by \($0)" } ?? ""),
      findings: swap.findings, action: "/roster/swap/\(swap.id)", buttons: buttons,
      hasButtons: !buttons.isEmpty)
  }
}

extension PageRoutes {
  func rosterPage(
    _ week: String?, _ typed: SwapSection.Typed, problem: String? = nil, said: String? = nil,
    _ request: Request, _ context: DashboardContext
  ) async throws -> FileView {
    let library = try library.get()
    let health = await desk.health()
    let sheet = try await desk.roster(week: week)
    var head = head("Roster", .roster, request, context, health, library)
    head.signInHref = "/sign-in?back=%2Froster"
    let page = RosterPage(
      head: head, sheet: sheet,
      swaps: SwapSection(
        sheet, identity: context.identity, head: head, typed: typed, problem: problem, said: said))
    return try library.render(page, "roster")
  }
}
