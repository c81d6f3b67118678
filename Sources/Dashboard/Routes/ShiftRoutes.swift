import Hummingbird

/// Texts of the shift, the roster and its calendars.
struct ShiftRoutes {
  let desk: any Desk

  func add(to router: Router<DashboardContext>) {
    router.get("/api/texts/{kind}") { request, context in
      let sheet = try await desk.text(Self.asked(request, kind: try context.part("kind")))
      guard request.formValue("as") == "text" else { return try Answer.json(sheet) }
      return Answer.text(sheet.text, "text/plain; charset=utf-8")
    }
    router.get("/api/roster") { request, _ in
      try Answer.json(try await desk.roster(week: request.formValue("week")))
    }
    router.get("/ics/roster") { request, _ in Answer.file(try await desk.calendar(of: nil), for: request) }
    router.get("/ics/u/{user}") { request, context in
      Answer.file(try await desk.calendar(of: context.part("user")), for: request)
    }
  }

  static func asked(_ request: Request, kind: String) -> TextRequest {
    func field(_ name: String) -> String? { request.formValue(name).flatMap { $0.isEmpty ? nil : $0 } }
    return TextRequest(kind: kind, event: field("event"), fromUTC: field("from"), toUTC: field("to"))
  }
}
