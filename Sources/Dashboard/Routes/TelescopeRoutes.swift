import Hummingbird

/// The network, and what each telescope is to do.
struct TelescopeRoutes {
  let desk: any Desk

  func add(to router: Router<DashboardContext>) {
    router.get("/api/telescopes") { _, _ in
      try Answer.json(["telescopes": try await desk.telescopes()])
    }
    router.get("/api/network") { request, _ in
      let limit = try request.integer("events", in: 0...20, default: 6)
      let events = try await desk.events(limit: 50, before: nil).filter { $0.plan != nil }.prefix(limit)
      return try Answer.json(try await desk.network(of: events.map(\.id)))
    }
    router.get("/api/telescopes/{slug}") { _, context in
      try Answer.json(try await desk.telescope(context.telescope(desk)))
    }
  }
}
