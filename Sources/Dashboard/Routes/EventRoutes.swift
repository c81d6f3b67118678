import Hummingbird

/// Events, their decisions and plans.
struct EventRoutes {
  let desk: any Desk

  func add(to router: Router<DashboardContext>) {
    router.get("/api/events") { request, _ in
      let limit = try request.integer("limit", in: 1...500, default: 50)
      let before = request.uri.queryParameters.get("before").map { String($0) }
      return try Answer.json(["events": try await desk.events(limit: limit, before: before)])
    }
    router.get("/api/events/{id}") { _, context in
      try Answer.json(try await desk.event(context.part("id")))
    }
    router.get("/api/events/{id}/plan") { _, context in
      let id = try context.part("id")
      guard let plan = try await desk.livePlan(of: id) else {
        throw DeskError.notFound("\(id) has no plan now")
      }
      return try Answer.json(plan)
    }
    router.get("/api/events/{id}/region/{file}") { request, context in
      Answer.file(
        try await desk.region(of: context.part("id"), file: context.part("file")), for: request)
    }
    router.get("/api/events/{id}/plans") { _, context in
      try Answer.json(["plans": try await desk.plans(of: context.part("id"))])
    }
    router.get("/api/events/{id}/plans/{plan}") { request, context in
      try await file(request, context, path: "plan.json")
    }
    router.get("/api/events/{id}/plans/{plan}/{part}") { request, context in
      try await file(request, context, path: context.part("part"))
    }
    router.get("/api/events/{id}/plans/{plan}/{part}/{file}") { request, context in
      try await file(request, context, path: context.part("part") + "/" + context.part("file"))
    }
  }

  private func file(_ request: Request, _ context: DashboardContext, path: String) async throws -> Response {
    let file = try await desk.planFile(
      event: context.part("id"), plan: context.part("plan"), path: path)
    return Answer.file(file, for: request)
  }
}
