import HTTPTypes
import Hummingbird
import JSON

/// Headers that every answer carries.
struct SafeHeaders: RouterMiddleware {
  func handle(
    _ request: Request, context: DashboardContext,
    next: (Request, DashboardContext) async throws -> Response
  ) async throws -> Response {
    var response = try await next(request, context)
    // Pages have no script or style from elsewhere, and none inline.
    response.headers[.contentSecurityPolicy] =
      "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; "
      + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    response.headers[.xContentTypeOptions] = "nosniff"
    // Nobody else learns addresses of this site. Not `no-referrer`: browsers then hide from this site too
    // where a form comes from (`Origin: null`).
    response.headers[HTTPField.Name("Referrer-Policy")!] = "same-origin"
    return response
  }
}

/// Every failure is one JSON object, `{"error": "...", "status": 404}`, or for browsers a page.
struct Failures: RouterMiddleware {
  let pages: PageRoutes

  func handle(
    _ request: Request, context: DashboardContext,
    next: (Request, DashboardContext) async throws -> Response
  ) async throws -> Response {
    do {
      return try await next(request, context)
    } catch let error as DeskError {
      switch error {
      case .notFound(let text): return answer(request, .notFound, text)
      case .invalid(let text): return answer(request, .badRequest, text)
      case .conflict(let text): return answer(request, .conflict, text)
      case .unavailable(let text): return answer(request, .serviceUnavailable, text, [.retryAfter: "10"])
      }
    } catch let lost as LostForm {
      let text = lost.refusal.body ?? lost.refusal.status.reasonPhrase
      return answer(request, lost.refusal.status, text, lost.refusal.headers, typed: lost.typed)
    } catch let error as HTTPError {
      let text = error.body ?? (error.status == .notFound ? "no such address" : error.status.reasonPhrase)
      return answer(request, error.status, text, error.headers)
    } catch let error as any HTTPResponseError {
      return answer(request, error.status, error.status.reasonPhrase)
    } catch is CancellationError {
      throw CancellationError()
    } catch {
      // What went wrong inside is for the log, not for strangers.
      context.logger.error(
        "a request failed", metadata: ["error": "\(error)", "path": "\(request.uri.path)"])
      return answer(request, .internalServerError, "something went wrong here; it is in the log")
    }
  }

  private func answer(
    _ request: Request, _ status: HTTPResponse.Status, _ text: String, _ headers: HTTPFields = [:],
    typed: String? = nil
  ) -> Response {
    var response: Response
    if let page = pages.failure(status, text, request, typed: typed) {
      response = Response(
        status: status, headers: [.contentType: page.mediaType, .cacheControl: "no-store"],
        body: .init(byteBuffer: ByteBuffer(bytes: page.bytes)))
    } else {
      let body = JSONValue.object([("error", .string(text)), ("status", .integer(status.code))])
      response = Response(
        status: status, headers: [.contentType: "application/json"],
        body: .init(byteBuffer: ByteBuffer(string: JSONPrinter.text(body) + "\n")))
    }
    for field in headers where field.name != .contentType && field.name != .contentLength {
      response.headers[field.name] = field.value
    }
    return response
  }
}

/// Finds out who asks, and keeps strangers out where reading is not open.
struct Access: RouterMiddleware {
  let desk: any Desk
  let openReading: Bool
  let gate: RateGate
  /// Needs no token ever: probes of the machine that runs the service, and the door itself.
  private static let open: Set<String> = [
    "/healthz", "/readyz", "/sign-in", "/sign-in/openid", "/sign-in/openid/return", "/theme",
  ]
  /// The style of the page that says so is no secret.
  private static func isOpen(_ path: String) -> Bool { open.contains(path) || path.hasPrefix("/assets/") }

  func handle(
    _ request: Request, context: DashboardContext,
    next: (Request, DashboardContext) async throws -> Response
  ) async throws -> Response {
    var (request, context) = (request, context)
    let isReading = request.method == .get || request.method == .head
    let isSigned = AnswerRoutes.isSigned(request)
    let isKept = FollowupRoutes.keepsTyped(request)
    let token = Self.bearer(request)
    // Signed requests of one telescope share a bucket: a forged one costs a look at the signature.
    // So do sign-ins elsewhere, each of which is remembered.
    let isShared = isSigned || request.uri.path == "/sign-in/openid"
    let asker = token ?? (isShared ? request.uri.path : nil)
    if let asker, let wait = gate.pass(asker) {
      throw HTTPError(
        .tooManyRequests, headers: [.retryAfter: "\(wait)"],
        message: "too many requests: come back in \(wait) s")
    }
    if let token {
      guard let identity = try await desk.identity(ofToken: token) else {
        throw HTTPError(
          .unauthorized, headers: [.wwwAuthenticate: "Bearer error=\"invalid_token\""],
          message: "the token is unknown, expired or revoked")
      }
      context.identity = identity
    } else {
      if let secret = SessionCookie.secret(in: request) { context.session = try await desk.session(secret) }
      context.identity = context.session?.identity
      // A browser sends its cookie with whatever a page makes it send: forms must show where they are from.
      // A signed link is its own proof.
      if !isReading, !isSigned {
        do {
          try await FormGuard.check(&request, session: context.session, form: &context.form)
        } catch let refusal as HTTPError
          where isKept && FormGuard.isOurs(request) && refusal.status == .forbidden
        {
          // Nothing is done; the page shows what was typed, with what it needs to be sent again.
          context.refusal = refusal
        } catch let refusal as HTTPError {
          throw Self.kept(refusal, context.form)
        }
      }
    }
    let path = request.uri.path
    do {
      if !(isReading && openReading || Self.isOpen(path) || isSigned || isKept) {
        _ = try context.require(.view)
      }
      return try await next(request, context)
    } catch let refusal as HTTPError {
      throw Self.kept(refusal, context.form)
    }
  }

  /// The refusal with what was typed, if that would be lost.
  private static func kept(_ refusal: HTTPError, _ form: FormBody?) -> any Error {
    if let lost = LostForm(refusal, form) { return lost }
    return refusal
  }

  /// `token` is how SkyPortal's clients say it.
  private static func bearer(_ request: Request) -> String? {
    guard let value = request.headers[.authorization] else { return nil }
    let parts = value.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, ["bearer", "token"].contains(parts[0].lowercased()) else { return "" }
    return String(parts[1])
  }
}
