import Loopback
import Testing
import WebClient

@testable import Dashboard

typealias Site = Loopback

func withServer(
  _ desk: any Desk = FakeDesk(), port: Int = 0, openReading: Bool = true, largestNotice: Int = 8 << 20,
  _ body: @Sendable @escaping (Site) async throws -> Void
) async throws {
  var options = DashboardOptions(host: "127.0.0.1", port: port, openReading: openReading)
  options.largestNotice = largestNotice
  try await withLoopback(desk, options: options, body)
}

extension Loopback {
  func expect(
    _ status: Int, _ method: WebRequest.Method, _ path: String, token: String? = nil, body: [UInt8]? = nil,
    at place: SourceLocation = #_sourceLocation
  ) async throws {
    let response = try await send(method, path, token: token, body: body)
    #expect(response.status == status, "\(method.rawValue) \(path): \(response.text)", sourceLocation: place)
  }
}
