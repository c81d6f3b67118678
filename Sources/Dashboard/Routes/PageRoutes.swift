import HTTPTypes
import Hummingbird
import Units

/// Pages for people. They work without script; what they show is what the API gives.
struct PageRoutes {
  let desk: any Desk
  /// Throws where the files of the pages are missing: every page then says so.
  let library: Result<PageLibrary, DeskError>

  /// The addresses that are for people and not described as an API.
  static let paths: Set<String> = [
    "/", "/events/{id}", "/telescopes", "/t/{slug}", "/theme", "/assets/{file}", "/shift", "/roster",
    "/sign-in", "/events/{id}/what-if", "/replay", "/drill",
    "/sign-in/openid", "/sign-in/openid/return",
  ]

  /// Events on one page of the board, and how many a filter looks through.
  private static let pageLength = 50
  private static let filteredLength = 200

  func add(to router: Router<DashboardContext>) {
    router.get("/") { request, context in try await board(request, context) }
    router.get("/events/{id}") { request, context in try await event(request, context) }
    router.get("/telescopes") { request, context in try await telescopes(request, context) }
    router.get("/t/{slug}") { request, context in try await telescope(request, context) }
    router.get("/shift") { request, context in try await shift(request, context) }
    router.get("/roster") { request, context in try await roster(request, context) }
    router.get("/theme") { request, _ in try theme(request) }
    router.get("/assets/{file}") { request, context in try asset(request, context.part("file")) }
  }

  // MARK: Pages

  private func board(_ request: Request, _ context: DashboardContext) async throws -> Response {
    let library = try library.get()
    let filter = EventFilter(request.formValue("q") ?? "")
    let before = request.formValue("before").flatMap { $0.isEmpty ? nil : $0 }
    let limit = filter.isEmpty ? Self.pageLength : Self.filteredLength
    let health = await desk.health()
    let lines = try await desk.events(limit: limit, before: before)
    let fitting = filter.isEmpty ? lines : lines.filter { filter.takes($0) }
    // Words that fit no event were meant for telescopes: the table shows the newest events then.
    let columns = (fitting.isEmpty ? lines : fitting).filter { $0.plan != nil }.prefix(
      NetworkTable.columnLimit)
    let network = try await desk.network(of: columns.map(\.id))
    let table = NetworkTable(
      network, events: Array(columns), filter: filter, map: await desk.world(network))
    let page = BoardPage(
      head: head("Board", .board, request, context, health, library), health: health, events: fitting,
      filter: filter,
      older: lines.count == limit ? lines.last?.id : nil, isFirst: before == nil,
      notices: try await desk.notices(limit: 20, state: "quarantined"), table: table)
    return answer(try library.render(page, "board"), request)
  }

  private func event(_ request: Request, _ context: DashboardContext) async throws -> Response {
    var typed = DecideSection.Typed()
    typed.isSaid = request.formValue("said") == "recorded"
    return answer(try await eventPage(try context.part("id"), typed, request, context), request)
  }

  private func telescopes(_ request: Request, _ context: DashboardContext) async throws -> Response {
    let library = try library.get()
    let health = await desk.health()
    let page = TelescopesPage(
      head: head("Telescopes", .telescopes, request, context, health, library),
      telescopes: try await desk.telescopes(), now: Instant(iso8601: health.nowUTC))
    return answer(try library.render(page, "telescopes"), request)
  }

  private func telescope(_ request: Request, _ context: DashboardContext) async throws -> Response {
    answer(
      try await telescopePage(
        try await context.telescope(desk), said: request.formValue("said"), request, context),
      request)
  }

  private func shift(_ request: Request, _ context: DashboardContext) async throws -> Response {
    let library = try library.get()
    let health = await desk.health()
    let kinds = desk.textKinds()
    let kind = request.formValue("kind") ?? kinds.first { !$0.needsEvent }?.name ?? ""
    let sheet = try await desk.text(ShiftRoutes.asked(request, kind: kind))
    let page = ShiftPage(
      head: head(sheet.title, .shift, request, context, health, library), sheet: sheet, kinds: kinds)
    return answer(try library.render(page, "shift"), request)
  }

  private func roster(_ request: Request, _ context: DashboardContext) async throws -> Response {
    let week = request.formValue("week").flatMap { $0.isEmpty ? nil : $0 }
    let page = try await rosterPage(
      week, SwapSection.Typed(), said: request.formValue("said"), request, context)
    return answer(page, request)
  }

  /// Not kept anywhere: it says who somebody is.
  func signIn(
    _ request: Request, _ context: DashboardContext, back: String, problem: String? = nil,
    status: HTTPResponse.Status = .ok
  ) throws -> Response {
    let library = try library.get()
    let page = SignInPage(
      head: head("Sign in", .none, request, context, nil, library), session: context.session, back: back,
      problem: problem, service: desk.signInService)
    let file = try library.render(page, "signin")
    return Response(
      status: status, headers: [.contentType: file.mediaType, .cacheControl: "no-store"],
      body: .init(byteBuffer: ByteBuffer(bytes: file.bytes)))
  }

  /// What a browser is shown for a failure; nil for programs, which get JSON.
  /// - Parameter typed: what would be lost otherwise; the page says nothing else of what is kept here.
  func failure(
    _ status: HTTPResponse.Status, _ text: String, _ request: Request, typed: String? = nil
  ) -> FileView? {
    let accepts = request.headers[values: .accept].contains { $0.contains("text/html") }
    guard accepts, !request.uri.path.hasPrefix("/api/"), case .success(let library) = library else {
      return nil
    }
    if status == .unauthorized, typed == nil {
      let uri = request.uri.string
      let page = SignInPage(
        head: head("Sign in", .none, request, nil, nil, library), session: nil, back: uri, problem: text,
        service: desk.signInService)
      return try? library.render(page, "signin")
    }
    let page = FailurePage(
      head: head("\(status.code)", .none, request, nil, nil, library), status: status, text: text,
      typed: typed)
    // Without its template the failure is still told, as JSON.
    return try? library.render(page, "failure")
  }

  // MARK: Themes and assets

  /// A link, not a form: nothing but the reader's own colours changes.
  private func theme(_ request: Request) throws -> Response {
    guard let theme = request.formValue("name").flatMap({ Theme(rawValue: $0) }) else {
      let names = Theme.allCases.map(\.rawValue).joined(separator: ", ")
      throw HTTPError(.badRequest, message: "name must be one of \(names)")
    }
    let back = request.formValue("back") ?? "/"
    guard LocalPath.isSafe(back) else {
      throw HTTPError(.badRequest, message: "back must be an address of this site, starting with one /")
    }
    return Response(
      status: .seeOther,
      headers: [.location: back, .setCookie: theme.cookie, .cacheControl: "no-store"])
  }

  private func asset(_ request: Request, _ name: String) throws -> Response {
    let library = try library.get()
    guard let file = library.assets[name] else { throw DeskError.notFound("no file is called \(name)") }
    let version = request.formValue("v")
    let isFixed = version.map { $0.count >= 12 && file.sha256.hasPrefix($0) } ?? false
    return Answer.file(
      FileView(bytes: file.bytes, mediaType: file.mediaType, isImmutable: isFixed), for: request)
  }

  // MARK: Parts

  func head(
    _ title: String, _ section: PageHead.Section, _ request: Request, _ context: DashboardContext?,
    _ health: HealthView?, _ library: PageLibrary
  ) -> PageHead {
    let uri = request.uri.string
    return PageHead(
      title: title, section: section, theme: Theme.chosen(in: request),
      back: LocalPath.isSafe(uri) ? uri : "/", health: health, library: library, session: context?.session)
  }

  /// A page has an entity tag too: unchanged, it costs a reader no more than the question.
  func answer(_ page: FileView, _ request: Request) -> Response {
    var response = Answer.file(page, for: request)
    response.headers[.vary] = "Cookie"
    return response
  }
}
