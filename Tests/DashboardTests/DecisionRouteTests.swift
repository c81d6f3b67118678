import Foundation
import Hummingbird
import Testing

@testable import Dashboard

/// The door through which people decide.
@Suite struct DecisionRouteTests {
  static let path = "/api/events/S230518h/decision"
  static let body = Array(#"{"outcome": "STOP", "role": "shift leader", "reason": "found elsewhere"}"#.utf8)

  /// A desk that only shows things says so to whom it may concern.
  @Test(arguments: [(nil, 401), ("robot", 403), ("viewer", 403), ("leader", 503)] as [(String?, Int)])
  func onlyTheShiftDecides(_ token: String?, _ status: Int) async throws {
    try await withServer(FakeDesk()) { site in
      let response = try await site.send(.post, Self.path, token: token, body: Self.body)
      #expect(response.status == status)
    }
  }

  @Test(arguments: ["", "STOP", "[]", #"{"outcome": "STOP"}"#, #"{"role": 5, "reason": "x"}"#])
  func whatIsNoAnswerIsRefused(_ text: String) async throws {
    try await withServer(FakeDesk()) { site in
      let response = try await site.send(.post, Self.path, token: "leader", body: Array(text.utf8))
      #expect(response.status == 400)
    }
  }

  @Test func aNovelIsTooLong() async throws {
    try await withServer(FakeDesk()) { site in
      let long = [UInt8](repeating: 32, count: 70_000)
      let response = try await site.send(.post, Self.path, token: "leader", body: long)
      #expect(response.status == 413)
    }
  }
}
