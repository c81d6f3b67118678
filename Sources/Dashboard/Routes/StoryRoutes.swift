import HTTPTypes
import Hummingbird
import Units

/// How it went: with an event of the record, and with an invented one.
struct StoryRoutes {
  let desk: any Desk
  let pages: PageRoutes

  func add(to router: Router<DashboardContext>) {
    router.get("/replay") { request, context in try await replay(request, context) }
    router.get("/drill") { request, context in try await drill(request, context) }
    router.post("/drill") { request, context in
      let identity = try context.require(.lead)
      do throws(DeskError) { try await desk.beginDrill(by: identity) } catch {
        guard case .conflict(let text) = error else { throw error }
        return try await drill(request, context, .conflict, text)
      }
      return Response(status: .seeOther, headers: [.location: "/drill", .cacheControl: "no-store"])
    }
  }

  private func replay(_ request: Request, _ context: DashboardContext) async throws -> Response {
    let library = try pages.library.get()
    let health = await desk.health()
    let events = try await desk.events(limit: 50, before: nil)
    let asked = request.formValue("event").flatMap { $0.isEmpty ? nil : $0 } ?? events.first?.id
    var story: EventStory?
    if let asked { story = try await desk.story(of: asked) }
    let page = ReplayPage(
      head: pages.head("How it went", .none, request, context, health, library), story: story, events: events,
      now: Instant(iso8601: health.nowUTC))
    return pages.answer(try library.render(page, "replay"), request)
  }

  private func drill(
    _ request: Request, _ context: DashboardContext, _ status: HTTPResponse.Status = .ok,
    _ problem: String? = nil
  ) async throws -> Response {
    let library = try pages.library.get()
    let view = await desk.drill()
    let page = DrillPage(
      head: pages.head("Drill", .none, request, context, await desk.health(), library), view: view,
      mayBegin: context.identity?.may(.lead) ?? false, problem: problem)
    var response = EventFormRoutes.page(try library.render(page, "drill"), status: status)
    // Also without script; no longer than it runs.
    if view?.state == .running { response.headers[.refresh] = "2; url=/drill" }
    return response
  }
}
