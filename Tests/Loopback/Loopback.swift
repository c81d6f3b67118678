import Dashboard
import Logging
import ServiceLifecycle
import WebClient

/// The real HTTP side over some desk on a free port of this machine, for as long as `body` talks to it; then it
/// is stopped gracefully.
public func withLoopback(
  _ desk: any Desk, options: DashboardOptions = DashboardOptions(host: "127.0.0.1", port: 0),
  _ body: @Sendable @escaping (Loopback) async throws -> Void
) async throws {
  var logger = Logger(label: "test")
  logger.logLevel = .critical
  let (ports, found) = AsyncStream<Int>.makeStream()
  let app = DashboardServer.make(desk, options: options, logger: logger) { found.yield($0) }
  let group = ServiceGroup(
    configuration: .init(services: [.init(service: app)], gracefulShutdownSignals: [], logger: logger))
  try await withThrowingTaskGroup(of: Void.self) { tasks in
    tasks.addTask { try await group.run() }
    let client = try WebClient()
    for await port in ports {
      do {
        try await body(Loopback(port: port, client: client))
      } catch {
        await group.triggerGracefulShutdown()
        throw error
      }
      break
    }
    await client.shutdown()
    await group.triggerGracefulShutdown()
    try await tasks.waitForAll()
  }
}

/// A server of `withLoopback`, as its clients see it.
public struct Loopback: Sendable {
  public let port: Int
  public let client: WebClient

  /// - Parameters:
  ///   - scheme: of the token.
  ///   - type: of the body; bytes are `application/octet-stream` without, text is `application/json`.
  ///   - body: bytes; `text` is the other way to give one.
  public func send(
    _ method: WebRequest.Method = .get, _ path: String, token: String? = nil, scheme: String = "Bearer",
    type: String? = nil, headers: [(String, String)] = [], cookie: String? = nil, body: [UInt8]? = nil,
    _ text: String? = nil
  ) async throws -> WebResponse {
    var request = WebRequest(method, try WebURL("http://127.0.0.1:\(port)\(path)"))
    // Plans may be made beside it, on a machine that is busy with other tests.
    request.deadlines = Deadlines(connect: .seconds(30), total: .seconds(120))
    for (name, value) in headers { request.headers[name] = value }
    if let token { request.secretHeaders = [.authorization(scheme, Secret(token))] }
    if let cookie { request.secretHeaders.append(SecretHeader("Cookie", Secret(cookie))) }
    if let body { request.body = WebBody(body, contentType: type ?? "application/octet-stream") }
    if let text { request.body = WebBody(Array(text.utf8), contentType: type ?? "application/json") }
    return try await client.send(request)
  }
}
