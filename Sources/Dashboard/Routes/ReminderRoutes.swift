import Hummingbird

/// Who is silent, and calendars of nights.
struct ReminderRoutes {
  let desk: any Desk

  func add(to router: Router<DashboardContext>) {
    router.get("/api/events/{id}/unanswered") { _, context in
      try Answer.json(["teams": try await desk.openReminders().unanswered(of: context.part("id"))])
    }
    router.get("/ics/t/{slug}") { request, context in
      Answer.file(try await desk.openReminders().nights(of: context.telescope(desk)), for: request)
    }
  }
}
