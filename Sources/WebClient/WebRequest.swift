import Units

/// How long an exchange may take.
public struct Deadlines: Hashable, Sendable {
  /// Progress that counts as none: under `bytesPerSecond` for the whole of `window`.
  public struct Stall: Hashable, Sendable {
    public let bytesPerSecond: Int
    /// Counted in whole seconds, rounded up.
    public let window: Duration

    public init(bytesPerSecond: Int, window: Duration) {
      self.bytesPerSecond = bytesPerSecond
      self.window = window
    }
  }

  /// Name look-up, TCP and TLS together.
  public var connect: Duration
  /// Everything, waiting for the rate limit, for a connection and redirects included.
  public var total: Duration
  /// Waiting for the first byte of the answer is a stall too.
  public var stall: Stall?

  public init(connect: Duration = .seconds(3), total: Duration = .seconds(10), stall: Stall? = nil) {
    self.connect = connect
    self.total = total
    self.stall = stall
  }

  /// For calls between services: 3 s to connect, 10 s in all.
  public static let call = Deadlines()
  /// For files of many megabytes: 10 s to connect, 5 minutes in all, never 20 s under 100 bytes/s.
  public static let download = Deadlines(
    connect: .seconds(10), total: .seconds(300),
    stall: Stall(bytesPerSecond: 100, window: .seconds(20)))
}

/// A header whose value is a secret: `prefix` is sent before it and may be shown.
public struct SecretHeader: Sendable {
  public let name: String
  public let prefix: String
  public let value: Secret

  public init(_ name: String, prefix: String = "", _ value: Secret) {
    self.name = name
    self.prefix = prefix
    self.value = value
  }

  /// `Authorization: <scheme> <secret>`; SkyPortal's scheme is `token`, OAuth's is `Bearer`.
  public static func authorization(_ scheme: String, _ value: Secret) -> SecretHeader {
    SecretHeader("Authorization", prefix: scheme + " ", value)
  }
}

/// One HTTP request. Printing it shows method and address only.
public struct WebRequest: Sendable {
  public enum Method: String, Hashable, Sendable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"

    /// Changes nothing at the peer, so it may be repeated and redirected without being asked.
    public var isSafe: Bool { self == .get || self == .head }
  }

  public var method: Method
  public var url: WebURL
  public var headers: WebHeaders
  /// Sent to the request's own origin; a redirect to another one goes without them.
  public var secretHeaders: [SecretHeader]
  /// Only for methods that are not safe.
  public var body: WebBody?
  public var deadlines: Deadlines
  /// The answer's body in bytes after any decompression; a larger one fails with `.tooLarge`.
  public var maxResponseBytes = 8 << 20
  /// Offer gzip and undo it. Off, since sky maps are gzip files themselves.
  public var acceptsGzip = false
  /// Without it, secrets go over plain http to this machine only.
  public var allowsSecretsOverPlainHTTP = false

  public init(
    _ method: Method, _ url: WebURL, headers: WebHeaders = [:], secretHeaders: [SecretHeader] = [],
    body: WebBody? = nil, deadlines: Deadlines = .call
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.secretHeaders = secretHeaders
    self.body = body
    self.deadlines = deadlines
  }
}

extension WebRequest: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "\(method.rawValue) \(url)" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: ["request": description]) }
}

extension WebRequest {
  /// Those this client writes itself, and those that would break the framing.
  private static let ownHeaders: Set<String> = [
    "host", "content-length", "transfer-encoding", "expect", "connection", "te", "upgrade", "user-agent",
    "accept-encoding", "content-type",
  ]
  /// Those whose values are secrets by their nature.
  private static let secretNames: Set<String> = ["authorization", "proxy-authorization", "cookie"]

  /// Refuses what must not leave: broken headers, secrets in the open, impossible deadlines.
  func check() throws(WebError) {
    for field in headers.fields {
      let name = field.name.lowercased()
      guard WebHeaders.isName(field.name), WebHeaders.isValue(field.value) else {
        throw .invalidRequest("the header \(Secret.scrub(field.name, of: []))")
      }
      guard !Self.secretNames.contains(name) else {
        throw .invalidRequest("\(field.name) belongs in secretHeaders")
      }
      guard !Self.ownHeaders.contains(name) else {
        throw .invalidRequest("the header \(field.name) is set by the client")
      }
    }
    for header in secretHeaders {
      let whole = header.prefix + header.value.reveal()
      guard WebHeaders.isName(header.name), WebHeaders.isValue(whole),
        !Self.ownHeaders.contains(header.name.lowercased())
      else { throw .invalidRequest("the secret header \(Secret.scrub(header.name, of: []))") }
    }
    guard secretHeaders.isEmpty || url.scheme == .https || url.isLoopback || allowsSecretsOverPlainHTTP
    else { throw .invalidRequest("a secret would go over plain http to \(url.host)") }
    guard body == nil || !method.isSafe else {
      throw .invalidRequest("\(method.rawValue) does not take a body")
    }
    if let body, !WebHeaders.isValue(body.contentType) { throw .invalidRequest("the content type") }
    guard maxResponseBytes >= 0 else { throw .invalidRequest("maxResponseBytes is negative") }
    try deadlines.check()
  }

  static let maxRedirects = 5

  /// The request that follows a redirect of this one.
  /// - Parameter hop: 1 for the first.
  func redirected(to target: String, hop: Int) throws(WebError) -> WebRequest {
    guard hop <= Self.maxRedirects else {
      throw .redirectRefused(.tooMany(limit: Self.maxRedirects), from: url.description)
    }
    var next = self
    do throws(WebError) {
      next.url = try WebURL(target, pathIsSecret: url.pathIsSecret)
    } catch {
      throw .redirectRefused(.badTarget(error.description), from: url.description)
    }
    guard next.url.scheme == url.scheme else {
      let change = WebError.RedirectRefusal.schemeChange(from: url.scheme, to: next.url.scheme)
      throw .redirectRefused(change, from: url.description)
    }
    if next.url.origin != url.origin { next.secretHeaders = [] }
    return next
  }
}

extension Deadlines {
  func check() throws(WebError) {
    guard connect > .zero, total > .zero else {
      throw .invalidRequest("a deadline that is not above zero")
    }
    if let stall, stall.bytesPerSecond < 1 || stall.window <= .zero {
      throw .invalidRequest("a stall limit that is not above zero")
    }
  }
}

extension Duration {
  /// Rounded up, within 1...2^31-1: what libcurl's options hold.
  var wholeMilliseconds: Int { Self.clamped(seconds * 1000) }
  /// Rounded up, within 1...2^31-1.
  var wholeSeconds: Int { Self.clamped(seconds) }
  /// Within 0...1 century.
  var clampedNanoseconds: Int64 { Int64(min(max(seconds, 0), 3.2e9) * 1e9) }

  private static func clamped(_ value: Double) -> Int {
    Int(min(max(value.rounded(.up), 1), Double(Int32.max)))
  }
}
