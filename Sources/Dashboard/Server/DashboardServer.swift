import Hummingbird
import Logging
import Units

/// Where and for whom the HTTP side listens.
public struct DashboardOptions: Sendable {
  public var host: String
  /// 0 takes any free port.
  public var port: Int
  /// Whether reading needs no token. Changing anything always does.
  public var openReading: Bool
  /// The largest notice taken, in bytes. LVK notices of 3 MB are real.
  public var largestNotice = 8 << 20
  /// Requests of one token.
  var rate = RateGate.Limit.usual

  public init(host: String = "127.0.0.1", port: Int = 8080, openReading: Bool = true) {
    self.host = host
    self.port = port
    self.openReading = openReading
  }
}

/// The HTTP side of the service: pages for people, JSON for programs, one router for both.
public enum DashboardServer {
  /// A service for a `ServiceGroup`: runs until it is shut down gracefully; open streams end then.
  /// - Parameter onReady: called with the port once it listens.
  public static func make(
    _ desk: any Desk, options: DashboardOptions, logger: Logger,
    onReady: @escaping @Sendable (Int) async -> Void = { _ in }
  ) -> some ApplicationProtocol {
    Application(
      router: router(desk, options: options),
      configuration: .init(
        address: .hostname(options.host, port: options.port), serverName: "vesper"),
      onServerRunning: { channel in await onReady(channel.localAddress?.port ?? options.port) },
      logger: logger)
  }

  static func router(_ desk: any Desk, options: DashboardOptions) -> Router<DashboardContext> {
    let router = Router(context: DashboardContext.self, options: .autoGenerateHeadEndpoints)
    let pages = PageRoutes(desk: desk, library: pageLibrary)
    router.add(middleware: SafeHeaders())
    router.add(middleware: PackedText())
    router.add(middleware: Failures(pages: pages))
    router.add(middleware: Access(desk: desk, openReading: options.openReading, gate: RateGate(options.rate)))
    HealthRoutes(desk: desk).add(to: router)
    EventRoutes(desk: desk).add(to: router)
    DecisionRoutes(desk: desk).add(to: router)
    TelescopeRoutes(desk: desk).add(to: router)
    NoticeRoutes(desk: desk, largest: options.largestNotice).add(to: router)
    ChangeRoutes(desk: desk).add(to: router)
    QueueRoutes(desk: desk).add(to: router)
    AnswerRoutes(desk: desk, pages: pages, openReading: options.openReading).add(to: router)
    PlanFileRoutes(desk: desk).add(to: router)
    SkyPortalRoutes(desk: desk).add(to: router)
    ShiftRoutes(desk: desk).add(to: router)
    FollowupRoutes(desk: desk, pages: pages).add(to: router)
    ReminderRoutes(desk: desk).add(to: router)
    pages.add(to: router)
    SignInRoutes(desk: desk, pages: pages).add(to: router)
    OpenIDRoutes(desk: desk, pages: pages).add(to: router)
    EventFormRoutes(desk: desk, pages: pages).add(to: router)
    WhatIfRoutes(desk: desk, pages: pages).add(to: router)
    StoryRoutes(desk: desk, pages: pages).add(to: router)
    SwapRoutes(desk: desk, pages: pages).add(to: router)
    SayRoutes(desk: desk, pages: pages).add(to: router)
    return router
  }

  private static var pageLibrary: Result<PageLibrary, DeskError> {
    do throws(DeskError) { return .success(try .installed()) } catch { return .failure(error) }
  }
}

/// What a request carries on its way.
struct DashboardContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  /// Set by `Access`.
  var identity: Identity?
  /// Of the browser that asks; nil for programs with a token.
  var session: Session?
  /// Of a request that changes something.
  var form: FormBody?
  /// Why a form that is shown again must not be acted on.
  var refusal: HTTPError?

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
  }

  /// - Throws: 401 without a token, 403 with one that does not allow it.
  func require(_ scope: Scope) throws -> Identity {
    guard let identity else {
      throw HTTPError(
        .unauthorized, headers: [.wwwAuthenticate: "Bearer"],
        message: "this needs a token; send it as Authorization: Bearer <token>")
    }
    guard identity.may(scope) else {
      throw HTTPError(.forbidden, message: "your token does not allow this; it takes the scope \(scope)")
    }
    return identity
  }
}
