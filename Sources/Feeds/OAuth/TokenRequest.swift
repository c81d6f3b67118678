import Foundation
import Units
import WebClient

/// A token and how long it is good for, counted from when it was asked for.
struct AccessToken: Sendable {
  let value: Secret
  let life: Duration
}

/// Why there is no token.
struct TokenFailure: Error, Hashable, Sendable {
  let reason: String
  /// The server understood the request and refused these credentials.
  let isRefusal: Bool
}

/// One request for a token by client credentials (RFC 6749, section 4.4.2).
struct TokenRequest: Sendable {
  let client: WebClient
  let credentials: OAuthCredentials
  var deadlines = Deadlines(connect: .seconds(5), total: .seconds(15))

  func send() async throws(TokenFailure) -> AccessToken {
    let response: WebResponse
    do throws(WebError) {
      response = try await client.send(request())
    } catch {
      throw TokenFailure(reason: "the token server: \(error)", isRefusal: false)
    }
    return try Self.read(status: response.status, body: response.body)
  }

  private func request() -> WebRequest {
    let pair = "\(credentials.clientID.reveal()):\(credentials.clientSecret.reveal())"
    let basic = Secret(Data(pair.utf8).base64EncodedString())
    var fields = [(name: "grant_type", value: "client_credentials")]
    if let scope = credentials.scope { fields.append((name: "scope", value: scope)) }
    var request = WebRequest(
      .post, credentials.tokenEndpoint, headers: ["Accept": "application/json"],
      secretHeaders: [.authorization("Basic", basic)], body: .form(fields), deadlines: deadlines)
    request.maxResponseBytes = 64 << 10
    return request
  }

  /// A server that gives no life means an hour or so; asked again sooner does no harm.
  static let unstatedLife = Duration.seconds(300)

  /// Reads an answer. Nothing of its body enters a failure but the error code that RFC 6749 section 5.2
  /// defines, since a proxy may echo what it was sent.
  static func read(status: Int, body: [UInt8]) throws(TokenFailure) -> AccessToken {
    // Not JSON at all is judged by the status below.
    let object = (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any]
    guard status == 200 else {
      let codes = [
        "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client",
        "unsupported_grant_type", "invalid_scope",
      ]
      let code = (object?["error"] as? String).flatMap { codes.contains($0) ? $0 : nil }
      let refusal = code != nil || status == 401 || status == 403
      throw TokenFailure(
        reason: "the token server answered \(status)" + (code.map { ": \($0)" } ?? ""), isRefusal: refusal)
    }
    guard let value = object?["access_token"] as? String, !value.isEmpty,
      value.utf8.allSatisfy({ (33...126).contains($0) })
    else { throw TokenFailure(reason: "the token server's answer holds no token", isRefusal: false) }
    guard let stated = object?["expires_in"] else {
      return AccessToken(value: Secret(value), life: unstatedLife)
    }
    let seconds = (stated as? NSNumber)?.doubleValue ?? (stated as? String).flatMap(Double.init) ?? .nan
    guard seconds >= 1 else {
      throw TokenFailure(reason: "the token server gave a token without life", isRefusal: false)
    }
    return AccessToken(value: Secret(value), life: .seconds(min(seconds, 86_400)))
  }
}
