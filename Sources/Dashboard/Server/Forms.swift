import HTTPTypes
import Hummingbird

/// The fields of a form as a browser posts them.
struct FormBody: Sendable {
  private let pairs: [(String, String)]

  /// - Parameter text: `application/x-www-form-urlencoded`.
  init(_ text: String) { pairs = Request.formPairs(text) }

  subscript(name: String) -> String? { pairs.first { $0.0 == name }?.1 }

  /// Of fields that may be there several times, those that are not empty.
  func all(_ name: String) -> [String] { pairs.filter { $0.0 == name && !$0.1.isEmpty }.map(\.1) }
}

/// Keeps other sites from acting in the name of a browser that is signed in here.
///
/// The session's cookie is `SameSite=Strict` already. Beyond that a change must come from a page of this site
/// (as the browser says it), and where it acts for a session, carry what only pages made for that session know.
enum FormGuard {
  static let field = "form_token"
  static let header = HTTPField.Name("X-Form-Token")!
  private static let largestForm = 64 << 10

  /// Reads the form of a request that changes something; nil for other kinds of bodies.
  /// - Throws: 403 if it comes from elsewhere or lacks the session's token; what was typed is in `form` then.
  static func check(_ request: inout Request, session: Session?, form: inout FormBody?) async throws {
    try checkOrigin(request)
    let type = request.headers[.contentType].map { $0.prefix { $0 != ";" }.lowercased() }
    if type == "application/x-www-form-urlencoded" {
      let buffer: ByteBuffer
      do { buffer = try await request.body.collect(upTo: largestForm) } catch {
        throw HTTPError(.contentTooLarge, message: "the form is larger than \(largestForm >> 10) KiB")
      }
      form = FormBody(String(buffer: buffer))
      request.body = .init(buffer: buffer)
    }
    guard let session else { return }
    guard let given = form?[field] ?? request.headers[header], isSame(given, session.formToken) else {
      throw HTTPError(
        .forbidden, message: "this form is of an earlier session, or of another site: open the page again")
    }
  }

  /// Whether a page of this site sent it, as far as the browser says.
  static func isOurs(_ request: Request) -> Bool {
    do { try checkOrigin(request) } catch { return false }
    return true
  }

  private static func checkOrigin(_ request: Request) throws {
    let foreign = HTTPError(.forbidden, message: "another site may not change anything here")
    if let site = request.headers[HTTPField.Name("Sec-Fetch-Site")!], !["same-origin", "none"].contains(site)
    {
      throw foreign
    }
    if let origin = request.headers[.origin] {
      guard let host = request.head.authority, origin == "http://\(host)" || origin == "https://\(host)"
      else {
        throw foreign
      }
    }
  }

  /// Takes as long for any difference.
  private static func isSame(_ a: String, _ b: String) -> Bool {
    let (x, y) = (Array(a.utf8), Array(b.utf8))
    guard x.count == y.count else { return false }
    return zip(x, y).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }
}

/// A form that was refused because of who sent it, with the words somebody had typed into it.
struct LostForm: Error {
  let refusal: HTTPError
  let typed: String

  /// - Returns: nil where nothing was typed that would be lost.
  init?(_ refusal: HTTPError, _ form: FormBody?) {
    guard refusal.status == .unauthorized || refusal.status == .forbidden,
      let typed = form?["reason"], typed.contains(where: { !$0.isWhitespace })
    else { return nil }
    self.refusal = refusal
    self.typed = String(typed.prefix(Self.longest))
  }
  private static let longest = 4000
}

/// The cookie that stands for a session.
enum SessionCookie {
  private static let name = "session="

  static func secret(in request: Request) -> String? {
    let pairs = request.headers[values: .cookie].flatMap { $0.split(separator: ";") }
    return pairs.lazy.map { $0.drop { $0 == " " } }.first { $0.hasPrefix(name) }.map {
      String($0.dropFirst(name.count))
    }
  }

  /// - Parameter secret: empty takes the cookie away.
  static func header(_ secret: String, seconds: Int, for request: Request) -> String {
    // A proxy in front says whether the browser came over TLS.
    let isSecure = request.headers[HTTPField.Name("X-Forwarded-Proto")!] == "https"
    return name + secret + "; Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Strict"
      + (isSecure ? "; Secure" : "")
  }
}
