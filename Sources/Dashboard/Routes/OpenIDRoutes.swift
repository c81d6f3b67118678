import HTTPTypes
import Hummingbird

/// Sign-in by somebody else's word: there and back.
struct OpenIDRoutes {
  let desk: any Desk
  let pages: PageRoutes

  func add(to router: Router<DashboardContext>) {
    router.get("/sign-in/openid") { request, _ in
      let back = request.formValue("back") ?? "/"
      let (address, secret) = try await desk.beginSignIn(back: LocalPath.isSafe(back) ? back : "/")
      return Response(
        status: .seeOther,
        headers: [
          .location: address, .setCookie: AttemptCookie.header(secret, for: request),
          .cacheControl: "no-store",
        ])
    }
    router.get("/sign-in/openid/return") { request, context in
      let fields = Dictionary(
        Request.formPairs(request.uri.query ?? ""), uniquingKeysWith: { first, _ in first })
      let session: Session
      let back: String
      do throws(DeskError) {
        (session, back) = try await desk.finishSignIn(fields, secret: AttemptCookie.secret(in: request))
      } catch {
        guard case .invalid(let text) = error else { throw error }
        return try pages.signIn(
          request, context, back: "/", problem: text.prefix(1).uppercased() + text.dropFirst() + ".",
          status: .unauthorized)
      }
      // A page, not a redirect: a browser that comes from elsewhere would not send the session's cookie
      // (SameSite=Strict) along the way; from this page it does.
      let place = LocalPath.isSafe(back) ? back : "/"
      var inside = context
      inside.session = session
      var response = try pages.signIn(request, inside, back: place)
      response.headers[.refresh] = "0; url=\(place)"
      response.headers[values: .setCookie] = [
        SessionCookie.header(session.secret, seconds: 12 * 3600, for: request),
        AttemptCookie.header("", for: request),
      ]
      return response
    }
  }
}

extension HTTPField.Name {
  static let refresh = Self("Refresh")!
}

/// Ties a sign-in elsewhere to the browser that began it. Lax: it is to come back from another site.
private enum AttemptCookie {
  private static let name = "attempt="
  private static let life = 600

  static func secret(in request: Request) -> String? {
    let pairs = request.headers[values: .cookie].flatMap { $0.split(separator: ";") }
    return pairs.lazy.map { $0.drop { $0 == " " } }.first { $0.hasPrefix(name) }.map {
      String($0.dropFirst(name.count))
    }
  }

  /// - Parameter secret: empty takes the cookie away.
  static func header(_ secret: String, for request: Request) -> String {
    let isSecure = request.headers[HTTPField.Name("X-Forwarded-Proto")!] == "https"
    return name + secret
      + "; Path=/sign-in/openid; Max-Age=\(secret.isEmpty ? 0 : life); HttpOnly; SameSite=Lax"
      + (isSecure ? "; Secure" : "")
  }
}
