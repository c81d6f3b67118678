import Units
import WebClient

/// A client of GRANDMA's ICARE (SkyPortal 1.4 with ICARE's overlay).
///
/// - The token goes as `Authorization: token`; it is in no error and no description.
/// - All calls of one client share a token bucket below ICARE's limit of 5 requests a second, and only a
///   few are under way at once, so that waiting for the bucket does not eat a call's deadline.
/// - A 401 is followed by one look at the token's own profile: the server says the same for a bad token
///   and for a missing right.
/// - A call is sent once. When to send again is decided elsewhere, by the error.
public final class IcareClient: Sendable {
  public struct Configuration: Sendable {
    /// ICARE's address, without `/api`.
    public var address: WebURL
    public var token: Secret
    /// A person's use of the same token shares the server's limit of 5 a second.
    public var rate = RateLimit.icare
    public var requestsAtOnce = 4
    public var version = "0"
    /// For a staging server on this network; the token then goes in the open.
    public var allowsPlainHTTP = false
    /// Multiplies every deadline; above 0.
    public var patience = 1.0

    public init(address: WebURL, token: Secret) {
      self.address = address
      self.token = token
    }
  }

  public let address: WebURL
  private let configuration: Configuration
  private let web: WebClient
  private let turnstile: Turnstile

  /// - Throws: `.invalid` for a configuration that cannot work.
  public init(_ configuration: Configuration) throws(IcareError) {
    guard !configuration.token.reveal().isEmpty else { throw .invalid("the token is empty") }
    guard configuration.requestsAtOnce >= 1, configuration.patience > 0, configuration.patience.isFinite
    else { throw .invalid("requestsAtOnce and patience must be above zero") }
    var web = WebClient.Configuration(version: configuration.version)
    web.rateLimits[configuration.address.host] = configuration.rate
    web.maxConnectionsPerHost = configuration.requestsAtOnce
    do throws(WebError) { self.web = try WebClient(web) } catch { throw .invalid(error.description) }
    self.configuration = configuration
    address = configuration.address
    turnstile = Turnstile(configuration.requestsAtOnce)
  }

  /// Fails what is pending and closes all connections.
  public func shutdown() async { await web.shutdown() }

  /// To find the token in its own profile.
  var tokenText: String { configuration.token.reveal() }

  /// How long calls may take.
  enum Span {
    case quick
    /// Lists and files of megabytes.
    case slow
    /// The server computes before it answers: plan statistics (5 s for 60 tiles on an idle server), maps.
    case long

    var seconds: Double {
      switch self {
      case .quick: 20
      case .slow: 60
      case .long: 180
      }
    }
  }

  func get(
    _ path: [String], _ query: [(name: String, value: String)] = [], _ span: Span = .quick
  ) async throws(IcareError) -> IcareAnswer {
    try await call(.get, path, query, body: nil, span)
  }

  func send(
    _ method: WebRequest.Method, _ path: [String], _ body: JSONNode?, _ span: Span = .quick
  ) async throws(IcareError) -> IcareAnswer {
    try await call(method, path, [], body: body, span)
  }

  private func call(
    _ method: WebRequest.Method, _ path: [String], _ query: [(name: String, value: String)],
    body: JSONNode?, _ span: Span
  ) async throws(IcareError) -> IcareAnswer {
    do throws(IcareError) {
      return try await exchange(method, path, query, body: body, span)
    } catch {
      guard case .missingRight(let refusal) = error, path != Self.profilePath else { throw error }
      try await confirmToken(after: refusal)
      throw error
    }
  }

  static let profilePath = ["internal", "profile"]

  /// Returns if the token is good, so that the right is what lacks.
  private func confirmToken(after refusal: IcareRefusal) async throws(IcareError) {
    do throws(IcareError) {
      _ = try await exchange(.get, Self.profilePath, [], body: nil, .quick)
    } catch {
      switch error {
      case .missingRight: throw .tokenRejected(refusal.message)
      case .tokenRejected: throw error
      // Not known which: nothing was changed by a 401, so the call may be sent again.
      default: throw .unsent("\(refusal), and the token could not be checked", after: .seconds(10))
      }
    }
  }

  private func exchange(
    _ method: WebRequest.Method, _ path: [String], _ query: [(name: String, value: String)],
    body: JSONNode?, _ span: Span
  ) async throws(IcareError) -> IcareAnswer {
    let name = "\(method.rawValue) \(path.joined(separator: "/"))"
    var request: WebRequest
    do throws(WebError) {
      let url = try address.appending(path: ["api"] + path, query: query)
      request = WebRequest(method, url, headers: ["Accept": "application/json"])
    } catch { throw .invalid(error.description) }
    request.secretHeaders = [.authorization("token", configuration.token)]
    if !method.isSafe {
      request.body = WebBody((body ?? .object([:])).bytes, contentType: "application/json")
    }
    request.deadlines = Deadlines(
      connect: .seconds(5 * configuration.patience),
      total: .seconds(span.seconds * configuration.patience))
    request.maxResponseBytes = 256 << 20
    request.acceptsGzip = true
    request.allowsSecretsOverPlainHTTP = configuration.allowsPlainHTTP

    await turnstile.enter()
    let result = await answer(to: request)
    await turnstile.leave()
    let response = try result.mapError { Self.error(of: $0, isSafe: method.isSafe, call: name) }.get()
    let now = response.headers["Date"].flatMap { Instant(httpDate: $0) }
    let judged = try AnswerRules.judge(
      status: response.status, body: response.body, isSafe: method.isSafe, call: name,
      retryAfter: now.flatMap { response.retryAfter(now: $0) } ?? response.retryAfter(now: Instant(tai: 0)),
      secrets: [configuration.token.reveal()]
    ).get()
    return IcareAnswer(data: judged.data, serverTime: now, version: judged.version)
  }

  private func answer(to request: WebRequest) async -> Result<WebResponse, WebError> {
    do throws(WebError) { return .success(try await web.send(request)) } catch { return .failure(error) }
  }

  private static func error(of error: WebError, isSafe: Bool, call: String) -> IcareError {
    if case .invalidRequest(let what) = error { return .invalid("\(call): \(what)") }
    if !error.mayHaveReachedPeer { return .unsent("\(call): \(error)", after: nil) }
    return isSafe ? .unavailable("\(call): \(error)") : .ambiguous("\(call): \(error)")
  }
}

extension IcareClient {
  /// All rows of a paged list, without repeats: pages are counted by offset there, so rows shift when
  /// something is added meanwhile.
  func pages(
    _ path: [String], _ query: [(name: String, value: String)], rows key: String, pageSize: Int,
    maxRows: Int = 20_000
  ) async throws(IcareError) -> (rows: [JSONNode], serverTime: Instant?) {
    var rows: [JSONNode] = []
    var seen: Set<String> = []
    var page = 1
    while true {
      let items = [("numPerPage", String(pageSize)), ("pageNumber", String(page))]
      let answer = try await get(path, query + items.map { (name: $0.0, value: $0.1) }, .slow)
      let found = try answer.data.needItems(key)
      for row in found where seen.insert(row["id"]?.identifier ?? "#\(rows.count)").inserted {
        rows.append(row)
      }
      let total = answer.data["totalMatches"]?.int ?? rows.count
      if found.isEmpty || page * pageSize >= total || rows.count >= maxRows {
        return (rows, answer.serverTime)
      }
      page += 1
    }
  }
}
