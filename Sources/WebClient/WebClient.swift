import Foundation
import Units

/// An HTTP client that always knows whether a request can have reached the peer.
///
/// - TLS is always verified; proxies, cookies, credential files and HTTP/2 are never used.
/// - GET and HEAD reuse connections and follow up to 5 redirects within one scheme; secrets stay with
///   the origin they were given for. Requests that act go once, on a connection of their own, and
///   their redirects are returned as answers.
/// - Any status is an answer; errors mean that there is none.
/// - One thread serves all requests of a client. Cancelling the task cancels the request.
public final class WebClient: Sendable {
  public struct Configuration: Sendable {
    public var userAgent: String
    /// Further requests to the host wait; at least 1.
    public var maxConnectionsPerHost = 32
    /// By host name in lower case; every hop takes a token.
    public var rateLimits: [String: RateLimit] = [:]
    /// `.publicOnly` for addresses that a notice or a stranger names.
    public var addresses = AddressPolicy.any
    /// For tests: a file of trusted certificates instead of the system's. TLS is verified all the same.
    public var testCABundlePath: String?

    /// - Parameter version: of Vesper, for the user agent.
    public init(version: String = "0") { userAgent = "vesper/\(version)" }
  }

  private let configuration: Configuration
  private let engine: CurlEngine
  private let buckets: Locked<[String: TokenBucket]>

  /// - Throws: `.invalidRequest` for a configuration that cannot work.
  public init(_ configuration: Configuration = Configuration()) throws(WebError) {
    guard configuration.maxConnectionsPerHost >= 1 else {
      throw .invalidRequest("maxConnectionsPerHost is below 1")
    }
    guard WebHeaders.isValue(configuration.userAgent) else { throw .invalidRequest("the user agent") }
    if let path = configuration.testCABundlePath, access(path, R_OK) != 0 {
      throw .file(path: path, operation: "read", errno: errno)
    }
    guard let engine = CurlEngine(maxConnectionsPerHost: configuration.maxConnectionsPerHost) else {
      throw .invalidRequest("libcurl cannot start: no memory or no file descriptors")
    }
    self.configuration = configuration
    self.engine = engine
    buckets = Locked(
      configuration.rateLimits.compactMapValues {
        TokenBucket(capacity: $0.capacity, refillPerSecond: $0.perSecond, now: Self.now)
      })
  }

  /// Sends a request and waits for the whole answer.
  public func send(_ request: WebRequest) async throws(WebError) -> WebResponse {
    try await exchange(request, sink: nil)
  }

  /// Sends a GET and puts the body of a 200 into a file, which appears only when whole.
  ///
  /// Any other status comes back as an answer with up to 64 KiB of its body, and the file is not
  /// touched. `maxResponseBytes` caps the file.
  /// - Throws: also `.file` when it cannot be written.
  public func download(
    _ request: WebRequest, to path: String
  ) async throws(WebError) -> WebResponse {
    guard request.method == .get else { throw .invalidRequest("a download is a GET") }
    let part = try PartFile(for: path)
    let response: WebResponse
    do throws(WebError) {
      response = try await exchange(request, sink: part.descriptor)
    } catch {
      part.discard()
      guard case .file(_, let operation, let errno) = error else { throw error }
      throw .file(path: path, operation: operation, errno: errno)
    }
    if response.status == 200 { try part.commit() } else { part.discard() }
    return response
  }

  /// Fails what is pending, refuses what comes later, and returns when all connections are closed.
  public func shutdown() async { await engine.shutdown() }

  private func exchange(_ first: WebRequest, sink: Int32?) async throws(WebError) -> WebResponse {
    let deadline = Monotonic.now + first.deadlines.total.clampedNanoseconds
    var request = first
    var hop = 0
    while true {
      try request.check()
      try await admit(request.url, deadline: deadline)
      let work = HTTPWork(
        request: request, userAgent: configuration.userAgent,
        caBundlePath: configuration.testCABundlePath, addresses: configuration.addresses,
        deadline: deadline, sink: sink)
      let reply = try await engine.perform(work).get()
      if request.method.isSafe, let target = reply.redirect {
        hop += 1
        request = try request.redirected(to: target, hop: hop)
        continue
      }
      return WebResponse(
        status: reply.status, headers: reply.headers, body: reply.body, bodyBytes: reply.bodyBytes,
        timings: reply.timings, url: request.url)
    }
  }

  private static var now: Instant { Instant(tai: Monotonic.now) }

  /// Waits for the host's rate limit, if it has one.
  private func admit(_ url: WebURL, deadline: Int64) async throws(WebError) {
    let wait = buckets.withLock { $0[url.host]?.take(now: Self.now) }
    guard let wait, wait > .zero else { return }
    guard Monotonic.now + wait.clampedNanoseconds < deadline else {
      giveBack(url)
      let detail = "the deadline would pass while waiting for the rate limit"
      throw .notSent(WebFailure(cause: .rateLimit, target: url.description, detail: detail))
    }
    do {
      try await Task.sleep(for: wait)
    } catch {
      giveBack(url)
      throw .cancelled(sent: false)
    }
  }

  private func giveBack(_ url: WebURL) { buckets.withLock { $0[url.host]?.giveBack() } }
}
