import HTTPTypes
import Hummingbird
import Units

/// The door for browsers: a token is exchanged for a session.
struct SignInRoutes {
  let desk: any Desk
  let pages: PageRoutes

  /// Forms that are for people and not described as an API.
  static let forms: Set<String> = [
    "/sign-in", "/sign-out", "/events/{id}/decision", "/events/{id}/what-if", "/events/{id}/what-if/undo",
    "/drill", "/roster/swap", "/roster/swap/{id}", "/t/{slug}/say",
  ]

  func add(to router: Router<DashboardContext>) {
    router.get("/sign-in") { request, context in
      try pages.signIn(request, context, back: request.formValue("back") ?? "/")
    }
    router.post("/sign-in") { request, context in try await begin(request, context) }
    router.post("/sign-out") { request, context in
      if let session = context.session { try await desk.signOut(session.secret) }
      return Self.move(to: "/", cookie: SessionCookie.header("", seconds: 0, for: request))
    }
  }

  private func begin(_ request: Request, _ context: DashboardContext) async throws -> Response {
    let back = context.form?["back"] ?? "/"
    let token = (context.form?["token"] ?? "").filter { !$0.isWhitespace }
    guard let session = try await desk.signIn(token: token) else {
      return try pages.signIn(
        request, context, back: back, problem: "This token is unknown, expired or revoked.",
        status: .unauthorized)
    }
    // The session's life is that of the store; a cookie that stays longer stands for nothing.
    return Self.move(
      to: LocalPath.isSafe(back) ? back : "/",
      cookie: SessionCookie.header(session.secret, seconds: 12 * 3600, for: request))
  }

  private static func move(to place: String, cookie: String) -> Response {
    Response(
      status: .seeOther, headers: [.location: place, .setCookie: cookie, .cacheControl: "no-store"])
  }
}
