import Hummingbird

/// The network, and what each telescope is to do.
struct TelescopeRoutes {
  let desk: any Desk

  func add(to router: Router<DashboardContext>) {
    router.get("/api/telescopes") { _, _ in
      try Answer.json(["telescopes": try await desk.telescopes()])
    }
    router.get("/api/telescopes/{slug}") { _, context in
      try Answer.json(try await desk.telescope(context.part("slug")))
    }
  }
}
