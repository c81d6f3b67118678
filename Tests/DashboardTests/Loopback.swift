import Hummingbird
import Logging
import ServiceLifecycle
import Testing
import WebClient

@testable import Dashboard

/// Runs the real server on a free port while `body` talks to it, then stops it gracefully.
func withServer(
  _ desk: any Desk = FakeDesk(), port: Int = 0, openReading: Bool = true, largestNotice: Int = 8 << 20,
  _ body: @Sendable @escaping (Site) async throws -> Void
) async throws {
  var options = DashboardOptions(host: "127.0.0.1", port: port, openReading: openReading)
  options.largestNotice = largestNotice
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
        try await body(Site(port: port, client: client))
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

struct Site: Sendable {
  let port: Int
  let client: WebClient

  func send(
    _ method: WebRequest.Method = .get, _ path: String, token: String? = nil,
    headers: [(String, String)] = [], cookie: String? = nil, body: [UInt8]? = nil
  ) async throws -> WebResponse {
    var request = WebRequest(method, try WebURL("http://127.0.0.1:\(port)\(path)"))
    for (name, value) in headers { request.headers[name] = value }
    if let token { request.secretHeaders = [.authorization("Bearer", Secret(token))] }
    if let cookie { request.secretHeaders.append(SecretHeader("Cookie", Secret(cookie))) }
    if let body { request.body = WebBody(body, contentType: "application/octet-stream") }
    return try await client.send(request)
  }

  func expect(
    _ status: Int, _ method: WebRequest.Method, _ path: String, token: String? = nil, body: [UInt8]? = nil,
    at place: SourceLocation = #_sourceLocation
  ) async throws {
    let response = try await send(method, path, token: token, body: body)
    #expect(response.status == status, "\(method.rawValue) \(path): \(response.text)", sourceLocation: place)
  }
}
