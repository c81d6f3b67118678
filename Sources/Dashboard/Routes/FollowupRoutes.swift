import Foundation
import HTTPTypes
import Hummingbird

/// Requests for point sources, for programs and as pages.
struct FollowupRoutes {
  let desk: any Desk
  let pages: PageRoutes

  private static let largest = 64 << 10
  private static let mostLines = 200
  /// Addresses that are for people and not described as an API.
  static let paths: Set<String> = ["/followup", "/followup/{id}"]
  static let forms: Set<String> = ["/followup", "/followup/{id}/send", "/followup/{id}/withdraw"]

  /// Forms whose page is shown again with all that was typed when they come from an earlier session.
  static func keepsTyped(_ request: Request) -> Bool {
    request.method == .post && request.uri.path == "/followup"
  }

  func add(to router: Router<DashboardContext>) {
    router.get("/api/followups") { request, _ in
      let limit = try request.integer("limit", in: 1...Self.mostLines, default: 50)
      return try Answer.json(["followups": try await desk.openFollowups().followups(limit: limit)])
    }
    router.get("/api/followups/{id}") { _, context in
      try Answer.json(try await desk.openFollowups().followup(context.part("id")))
    }
    router.post("/api/followups") { request, context in
      let identity = try context.require(.lead)
      var form = try BodyReader.json(FollowupForm.self, try await request.bytes(upTo: Self.largest))
      if form.key == nil { form.key = request.headers[HTTPField.Name("Idempotency-Key")!] }
      return try Answer.json(try await desk.openFollowups().ask(form, by: identity), status: .created)
    }
    router.post("/api/followups/{id}/send") { request, context in
      let identity = try context.require(.lead)
      let wanted = try BodyReader.json(Telescopes.self, try await request.bytes(upTo: Self.largest))
      guard let slugs = wanted.telescopes, !slugs.isEmpty else {
        throw DeskError.invalid("name the telescopes: {\"telescopes\": [\"tca\"]}")
      }
      return try Answer.json(
        try await desk.openFollowups().send(context.part("id"), to: slugs, by: identity))
    }
    router.post("/api/followups/{id}/withdraw") { request, context in
      let identity = try context.require(.lead)
      let wanted = try BodyReader.json(Telescopes.self, try await request.bytes(upTo: Self.largest))
      return try Answer.json(
        try await desk.openFollowups().withdraw(
          context.part("id"), from: wanted.telescopes ?? [], reason: wanted.reason ?? "not needed any more",
          by: identity))
    }
    addPages(to: router)
  }

  private struct Telescopes: Decodable {
    var telescopes: [String]?
    var reason: String?
  }

  // MARK: Pages

  private func addPages(to router: Router<DashboardContext>) {
    router.get("/followup") { request, context in
      try await pages.followupForm(FollowupTyped(request), request, context)
    }
    router.post("/followup") { request, context in try await ask(request, context) }
    router.get("/followup/{id}") { request, context in
      try await pages.followup(context.part("id"), request, context)
    }
    router.post("/followup/{id}/send") { request, context in
      let identity = try context.require(.lead)
      let id = try context.part("id")
      let slug = context.form?["telescope"] ?? ""
      _ = try await desk.openFollowups().send(id, to: [slug], by: identity)
      return Self.move(to: id, said: "sent-\(slug)")
    }
    router.post("/followup/{id}/withdraw") { request, context in
      let identity = try context.require(.lead)
      let id = try context.part("id")
      let slug = context.form?["telescope"] ?? ""
      _ = try await desk.openFollowups().withdraw(
        id, from: [slug],
        reason: context.form?["reason"].flatMap { $0.isEmpty ? nil : $0 } ?? "not needed any more",
        by: identity)
      return Self.move(to: id, said: "withdrawn-\(slug)")
    }
  }

  private func ask(_ request: Request, _ context: DashboardContext) async throws -> Response {
    let typed: FollowupTyped
    if let form = context.form {
      typed = FollowupTyped { form[$0] }
    } else {
      let bytes = try await request.bytes(upTo: Self.largest)
      let fields = BodyReader.form(bytes)
      typed = FollowupTyped { fields[$0] }
    }
    func again(_ problem: String, _ status: HTTPResponse.Status) async throws -> Response {
      try await pages.followupForm(typed, request, context, problem: problem, status: status)
    }
    if let refusal = context.refusal {
      return try await again(refusal.body ?? "send it again", refusal.status)
    }
    guard let identity = context.identity else {
      return try await again(
        "You are not signed in any more. Sign in on another page, then send this again.", .unauthorized)
    }
    guard identity.may(.lead) else {
      return try await again("You may not ask telescopes; it takes the scope lead.", .forbidden)
    }
    switch await asked(typed, identity) {
    case .success(let view): return Self.move(to: view.id, said: nil)
    case .failure(.invalid(let why)), .failure(.notFound(let why)): return try await again(why, .badRequest)
    case .failure(.conflict(let why)): return try await again(why, .conflict)
    case .failure(.unavailable(let why)): return try await again(why, .serviceUnavailable)
    }
  }

  private func asked(_ typed: FollowupTyped, _ identity: Identity) async -> Result<FollowupView, DeskError> {
    do throws(DeskError) {
      return .success(try await desk.openFollowups().ask(try typed.form(), by: identity))
    } catch {
      return .failure(error)
    }
  }

  private static func move(to id: String, said: String?) -> Response {
    let query = said.map { "?said=\(LocalPath.encoded($0))" } ?? ""
    return Response(
      status: .seeOther,
      headers: [.location: "/followup/\(LocalPath.encoded(id))\(query)", .cacheControl: "no-store"])
  }
}
