import HTTPTypes
import Hummingbird

/// Swap requests on the page of the roster: a member asks, another answers, a lead may do both for them.
struct SwapRoutes {
  let desk: any Desk
  let pages: PageRoutes

  func add(to router: Router<DashboardContext>) {
    router.post("/roster/swap") { request, context in
      let identity = try context.require(.view)
      let form = try await EventFormRoutes.form(request, context)
      let typed = SwapSection.Typed(give: form["give"] ?? "", to: form["to"] ?? "")
      do throws(DeskError) {
        let swap = try typed.form()
        guard Self.may(identity, as: swap.giver) else {
          throw .invalid(Self.refusal(identity))
        }
        try await desk.askSwap(swap, by: identity)
      } catch {
        return try await again(error, typed, request, context)
      }
      return Self.move(said: "asked")
    }
    router.post("/roster/swap/{id}") { request, context in
      let identity = try context.require(.view)
      let form = try await EventFormRoutes.form(request, context)
      do throws(DeskError) {
        let word = form["answer"] ?? ""
        guard let id = Int64(try Self.number(context)), let answer = SwapAnswer(rawValue: word) else {
          throw .invalid("the form is not whole: open the page again")
        }
        let swaps = try await desk.roster(week: nil).swaps
        guard let swap = swaps.first(where: { $0.id == id }) else {
          throw .notFound("no swap request \(id)")
        }
        let who = answer == .withdrawn ? swap.giver : swap.taker
        guard Self.may(identity, as: who) else { throw .invalid("that is for \(who) or a lead to say") }
        try await desk.answerSwap(id, answer, by: identity)
        return Self.move(said: answer.rawValue)
      } catch {
        return try await again(error, SwapSection.Typed(), request, context)
      }
    }
  }

  private static func number(_ context: DashboardContext) throws(DeskError) -> String {
    do { return try context.part("id") } catch { throw .invalid("no such request") }
  }

  /// A person for themselves, by the user name that their token was issued for or that they signed in with
  /// elsewhere; a lead for anybody. The label of a token is nobody.
  static func may(_ identity: Identity, as user: String) -> Bool {
    identity.may(.lead) || identity.isUser(user)
  }

  private static func refusal(_ identity: Identity) -> String {
    guard let user = identity.user else {
      return
        "this token is nobody's on the roster: sign in with one that was issued with --user, or ask a lead"
    }
    return "\(user) may give away shifts of \(user), and a lead anybody's"
  }

  private func again(
    _ error: DeskError, _ typed: SwapSection.Typed, _ request: Request, _ context: DashboardContext
  ) async throws -> Response {
    let (status, text) = try EventFormRoutes.objection(error)
    let page = try await pages.rosterPage(nil, typed, problem: text, request, context)
    return EventFormRoutes.page(page, status: status)
  }

  private static func move(said: String) -> Response {
    Response(
      status: .seeOther, headers: [.location: "/roster?said=\(said)#swaps", .cacheControl: "no-store"])
  }
}
