import HTTPTypes
import Hummingbird
import Units

/// What an operator who is signed in says on the page of the telescope.
struct SayRoutes {
  let desk: any Desk
  let pages: PageRoutes

  func add(to router: Router<DashboardContext>) {
    router.post("/t/{slug}/say") { request, context in
      let slug = try await context.telescope(desk)
      let identity = try context.require(.telescope(slug))
      let fields = try await EventFormRoutes.form(request, context)
      func field(_ name: String) -> String? { fields[name].flatMap { $0.isEmpty ? nil : $0 } }
      var form = AnswerForm(answer: field("a") ?? "", plan: field("plan"))
      (form.tile, form.event, form.reason) = (field("tile"), field("event"), field("reason"))
      do throws(DeskError) {
        guard form.plan != nil || form.tile != nil else {
          throw .invalid("the form is not whole: open the page again")
        }
        let view = try await desk.openQueues().answer(
          form, for: slug, by: Answerer(name: identity.actor, way: "api"))
        let said = view.isRepeat ? "again" : "\(view.answer)-\(view.changed.count)"
        return Response(
          status: .seeOther,
          headers: [.location: "/t/\(LocalPath.encoded(slug))?said=\(said)#say", .cacheControl: "no-store"])
      } catch {
        let (status, text) = try EventFormRoutes.objection(error)
        let page = try await pages.telescopePage(
          slug, problem: text, reason: form.reason ?? "", request, context)
        return EventFormRoutes.page(page, status: status)
      }
    }
  }
}

extension PageRoutes {
  func telescopePage(
    _ slug: String, said: String? = nil, problem: String? = nil, reason: String = "", _ request: Request,
    _ context: DashboardContext
  ) async throws -> FileView {
    let library = try library.get()
    let health = await desk.health()
    let sheet = try await desk.telescope(slug)
    var head = head(sheet.telescope.name, .telescopes, request, context, health, library)
    head.signInHref = "/sign-in?back=\(LocalPath.encoded("/t/\(LocalPath.encoded(slug))"))"
    var page = TelescopePage(
      head: head, sheet: sheet, now: Instant(iso8601: health.nowUTC), sky: try await desk.sky(of: slug))
    page.say = SaySection(
      sheet, identity: context.identity, head: head, next: page.next, said: said, problem: problem,
      reason: reason)
    return try library.render(page, "telescope")
  }
}
