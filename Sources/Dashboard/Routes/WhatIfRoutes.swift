import HTTPTypes
import Hummingbird
import Units

/// Other circumstances for the plan of an event: looked at, adopted or left.
struct WhatIfRoutes {
  let desk: any Desk
  let pages: PageRoutes

  private static let longest = 64 << 10

  func add(to router: Router<DashboardContext>) {
    router.post("/api/events/{id}/what-if") { request, context in
      _ = try context.require(.lead)
      let form = try BodyReader.json(WhatIfForm.self, try await request.bytes(upTo: Self.longest))
      return try Answer.json(try await desk.whatIf(form, on: context.part("id")))
    }
    router.post("/api/events/{id}/what-if/adopt") { request, context in
      let identity = try context.require(.lead)
      let form = try BodyReader.json(WhatIfForm.self, try await request.bytes(upTo: Self.longest))
      return try Answer.json(
        try await desk.adopt(form, on: context.part("id"), by: identity), status: .accepted)
    }
    router.get("/events/{id}/what-if") { request, context in
      // It costs a plan: not for strangers.
      _ = try context.require(.lead)
      let form = WhatIfPage.form(FormBody(request.uri.query ?? ""))
      return try await show(form, request, context)
    }
    router.post("/events/{id}/what-if") { request, context in
      let identity = try context.require(.lead)
      let id = try context.part("id")
      let form = WhatIfPage.form(try await EventFormRoutes.form(request, context))
      do throws(DeskError) {
        _ = try await desk.adopt(form, on: id, by: identity)
      } catch {
        let (status, text) = try EventFormRoutes.objection(error)
        return try await show(form, request, context, status, "Not adopted: \(text).")
      }
      return Self.recorded(id)
    }
    router.post("/events/{id}/what-if/undo") { request, context in
      let identity = try context.require(.lead)
      let id = try context.part("id")
      let pieces = try await EventFormRoutes.form(request, context).all("back")
      do throws(DeskError) {
        _ = try await desk.takeBack(pieces, on: id, by: identity)
      } catch {
        let (status, text) = try EventFormRoutes.objection(error)
        return try await show(WhatIfForm(), request, context, status, "Not taken back: \(text).")
      }
      return Self.recorded(id)
    }
  }

  private static func recorded(_ id: String) -> Response {
    Response(
      status: .seeOther,
      headers: [
        .location: "/events/\(LocalPath.encoded(id))?said=recorded#decide", .cacheControl: "no-store",
      ])
  }

  private func show(
    _ form: WhatIfForm, _ request: Request, _ context: DashboardContext, _ status: HTTPResponse.Status = .ok,
    _ problem: String? = nil
  ) async throws -> Response {
    let id = try context.part("id")
    let library = try pages.library.get()
    let options = try await desk.whatIfOptions(on: id)
    var (status, problem) = (status, problem)
    var view: WhatIfView?
    do throws(DeskError) {
      if !form.isEmpty { view = try await desk.whatIf(form, on: id) }
    } catch {
      let (found, text) = try EventFormRoutes.objection(error)
      (status, problem) = (found, problem ?? text)
    }
    let head = pages.head("What if: \(id)", .none, request, context, nil, library)
    let page = WhatIfPage(head: head, event: id, form: form, options: options, view: view, problem: problem)
    return EventFormRoutes.page(try library.render(page, "whatif"), status: status)
  }
}
