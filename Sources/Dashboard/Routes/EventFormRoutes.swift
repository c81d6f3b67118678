import HTTPTypes
import Hummingbird
import Units

/// What people do on the page of an event.
struct EventFormRoutes {
  let desk: any Desk
  let pages: PageRoutes

  func add(to router: Router<DashboardContext>) {
    router.post("/events/{id}/decision") { request, context in try await decide(request, context) }
  }

  private func decide(_ request: Request, _ context: DashboardContext) async throws -> Response {
    let id = try context.part("id")
    let identity = try context.require(.lead)
    let form = try await Self.form(request, context)
    var typed = DecideSection.Typed()
    typed.choice = form["choice"]
    typed.role = form["role"]
    typed.reason = form["reason"] ?? ""
    typed.telescopes = Set(form.all("telescope"))
    do throws(DeskError) {
      typed.happened = try await happened(to: id, since: form["seen"], besides: identity)
      guard typed.happened.isEmpty else {
        // What waits is in the log soon: the form that is shown knows of it then, and can be sent as it is.
        try await taken(up: id, besides: identity)
        typed.happened = try await happened(to: id, since: form["seen"], besides: identity)
        typed.problem =
          "Somebody acted first, and nothing of yours was recorded. Look at what happened, and send it again "
          + "if you still want it."
        return try await shown(.conflict, id, typed, request, context)
      }
      _ = try await desk.answer(Self.answer(typed), on: id, by: identity)
    } catch {
      let (status, text) = try Self.objection(error)
      typed.problem = "Not recorded: \(text)"
      return try await shown(status, id, typed, request, context)
    }
    return Response(
      status: .seeOther,
      headers: [
        .location: "/events/\(LocalPath.encoded(id))?said=recorded#decide", .cacheControl: "no-store",
      ])
  }

  /// What is said on the page itself, with what was filled in.
  /// - Throws: everything else.
  static func objection(_ error: DeskError) throws(DeskError) -> (HTTPResponse.Status, String) {
    switch error {
    case .conflict(let text): return (.conflict, text)
    case .invalid(let text): return (.badRequest, text)
    case .notFound, .unavailable: throw error
    }
  }

  private static let outcomes: Set<String> = ["GO", "LIMITED", "WATCH", "NO", "STOP"]

  private static func answer(_ typed: DecideSection.Typed) throws(DeskError) -> DecisionAnswer {
    guard let choice = typed.choice else { throw .invalid("choose what you say") }
    let isOutcome = outcomes.contains(choice)
    return DecisionAnswer(
      action: isOutcome ? "override" : choice, outcome: isOutcome ? choice : nil, role: typed.role ?? "",
      reason: typed.reason, telescopes: choice == "LIMITED" ? typed.telescopes.sorted() : [])
  }

  /// What others did to the event since the form was opened.
  private func happened(
    to id: String, since seen: String?, besides identity: Identity
  ) async throws(DeskError) -> [String] {
    guard let seen = seen.flatMap({ Int64($0) }), seen >= 0 else {
      throw .invalid("the form is not whole: open the page again")
    }
    // Asked for first: what is taken up meanwhile is in the log then.
    let waiting = try await desk.waitingAnswers(on: id, besides: identity)
    let logged = try await desk.changes(after: seen, limit: 5000).filter {
      $0.event == id && DecisionChoices.outdating.contains($0.kind)
    }
    return (logged + waiting).map { "\($0.timeUTC.prefix(19))Z, \($0.actor): \($0.text)" }
  }

  /// Waits until nobody's answer waits any more, for some seconds at most.
  private func taken(up id: String, besides identity: Identity) async throws(DeskError) {
    for _ in 0..<Self.patience {
      guard try await !desk.waitingAnswers(on: id, besides: identity).isEmpty else { return }
      do { try await Task.sleep(for: .milliseconds(100)) } catch { return }
    }
  }

  /// In tenths of a second: plans take one or two seconds.
  private static let patience = 40

  private func shown(
    _ status: HTTPResponse.Status, _ id: String, _ typed: DecideSection.Typed, _ request: Request,
    _ context: DashboardContext
  ) async throws(DeskError) -> Response {
    let page = try await pages.eventPage(id, typed, request, context)
    return Self.page(page, status: status)
  }

  /// A page that is kept nowhere.
  static func page(_ page: FileView, status: HTTPResponse.Status) -> Response {
    Response(
      status: status, headers: [.contentType: page.mediaType, .cacheControl: "no-store"],
      body: .init(byteBuffer: ByteBuffer(bytes: page.bytes)))
  }

  /// The fields of a form, also of a program that posts one with its token.
  static func form(_ request: Request, _ context: DashboardContext) async throws -> FormBody {
    if let form = context.form { return form }
    guard request.bodyType == "application/x-www-form-urlencoded" else {
      throw HTTPError(.badRequest, message: "send the fields of a form")
    }
    return FormBody(String(decoding: try await request.bytes(upTo: 64 << 10), as: UTF8.self))
  }
}

extension PageRoutes {
  /// The page of an event with its form as it was filled in.
  func eventPage(
    _ id: String, _ typed: DecideSection.Typed, _ request: Request, _ context: DashboardContext
  ) async throws(DeskError) -> FileView {
    let library = try library.get()
    let health = await desk.health()
    // Before the sheet: what happens in between makes the form old, and not the page wrong.
    let seen = try await desk.lastChange()
    let sheet = try await desk.event(id)
    var head = head(sheet.event.id, .none, request, context, health, library)
    head.signInHref = "/sign-in?back=\(LocalPath.encoded("/events/\(LocalPath.encoded(id))"))"
    let decide = try await desk.choices(on: id).map {
      DecideSection(
        $0, event: id, typed: typed, seen: seen, identity: context.identity, head: head)
    }
    let page = EventPage(
      head: head, sheet: sheet, now: Instant(iso8601: health.nowUTC), plan: try await desk.livePlan(of: id),
      decide: decide, silent: try await desk.reminders?.unanswered(of: id) ?? [])
    return try library.render(page, "event")
  }
}

extension Desk {
  /// Where answers take effect at once, none waits.
  public func waitingAnswers(
    on event: String, besides identity: Identity
  ) async throws(DeskError) -> [ChangeLine] { [] }
}
