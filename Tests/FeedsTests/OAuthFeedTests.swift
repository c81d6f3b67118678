import Foundation
import TestSupport
import Testing
import WebClient

@testable import Feeds

/// The whole way of a token: our token server, librdkafka, a relay that demands OAUTHBEARER.
@Suite(.enabled(if: MockBroker.executable != nil, "mock-broker is not built"))
struct OAuthFeedTests {
  static let id = "canary-client-id-7531"
  static let secret = "canary-client-secret-8642"

  func configuration(_ relay: SASLRelay, _ server: TokenServer) throws -> KafkaConfiguration {
    var configuration = impatientConfiguration(relay.bootstrap, ["a"])
    configuration.protection = .oauthWithoutTLS(
      OAuthCredentials(
        clientID: Secret(Self.id), clientSecret: Secret(Self.secret),
        tokenEndpoint: try WebURL(server.url), scope: "gcn.nasa.gov/kafka-public-consumer"))
    return configuration
  }

  @Test func refusedThenGranted() async throws {
    try await withBroker(topics: ["a": 1]) { broker in
      let server = try TokenServer { number in
        switch number {
        case 0: .text(401, "{\"error\":\"invalid_client\",\"error_description\":\"\(Self.secret)\"}")
        case 1: .text(500, "<html>\(Self.secret)</html>")
        case 2: .cut
        case 3: .text(200, "<html>login \(Self.secret)</html>")
        case 4: .text(200, "{\"access_token\":\"two words\",\"expires_in\":3600}")
        default: .token("canary-token-\(number)", life: 3600)
        }
      }
      let relay = try SASLRelay(broker: broker.bootstrap) { $0.hasPrefix("canary-token-") ? 3600 : nil }
      let disk = Disk()
      let lines = Guarded<[String]>([])
      let running = try RunningFeed(try configuration(relay, server), disk, logger: quietLogger(lines))
      try await broker.produce("a", "hello")
      try await eventually("the message", { "\(running.events)" }) { disk.texts == ["hello"] }
      #expect(server.count == 6)
      let basic = Data("\(Self.id):\(Self.secret)".utf8).base64EncodedString()
      let first = try #require(server.requests.withLock { $0.first })
      #expect(first.authorization == "Basic \(basic)")
      #expect(first.body == "grant_type=client_credentials&scope=gcn.nasa.gov%2Fkafka-public-consumer")
      let refusals = running.events.compactMap { event -> Bool? in
        if case .tokenRefused(_, let credentials) = event { credentials } else { nil }
      }
      #expect(refusals == [true, false, false, false])  // the fourth and fifth give one reason
      #expect(running.events.contains { if case .tokenGranted = $0 { true } else { false } })
      let token = try #require(running.feed.status.token)
      #expect(token.failure == nil)
      #expect(token.granted != nil && token.expires != nil)
      try await running.stop()
      #expect(relay.seen.withLock { $0.allSatisfy { $0 == "canary-token-5" } })
      // Neither log nor events nor status show a secret.
      let told = lines.withLock { $0 }.joined(separator: "\n") + "\(running.events) \(running.feed.status)"
      for secret in [Self.id, Self.secret, basic, "canary-token-5"] { #expect(!told.contains(secret)) }
      #expect(!told.isEmpty)
    }
  }

  @Test func tokensThatExpireAreRenewed() async throws {
    try await withBroker(topics: ["a": 1]) { broker in
      // Connections end with their tokens, after two seconds.
      let server = try TokenServer { .token("t\($0)", life: 2) }
      let relay = try SASLRelay(broker: broker.bootstrap) { _ in 2 }
      let disk = Disk()
      let running = try RunningFeed(try configuration(relay, server), disk)
      var sent = 0
      while server.count < 4 {
        try await broker.produce("a", "\(sent)")
        sent += 1
        try await Task.sleep(for: .milliseconds(100))
        try #require(sent < 600)
      }
      let total = sent
      try await eventually("all of them", { "\(disk.texts) \(running.events)" }) { disk.count == total }
      try await running.stop()
      #expect(disk.texts == (0..<total).map(String.init))
      #expect(disk.offered.count == total)
      #expect(disk.gaps.isEmpty)
      #expect(Set(relay.seen.withLock { $0 }).count >= 2)
    }
  }

  @Test func aTokenThatBrokersRefuseIsReplaced() async throws {
    try await withBroker(topics: ["a": 1]) { broker in
      let server = try TokenServer { .token($0 == 0 ? "revoked" : "good", life: 3600) }
      let relay = try SASLRelay(broker: broker.bootstrap) { $0 == "good" ? 3600 : nil }
      let disk = Disk()
      let running = try RunningFeed(try configuration(relay, server), disk)
      try await broker.produce("a", "hello")
      try await eventually("the message", { "\(running.events)" }) { disk.texts == ["hello"] }
      #expect(running.events.contains { if case .accessRefused = $0 { true } else { false } })
      #expect(server.count == 2)
      try await running.stop()
    }
  }

  @Test func stopWhileTheTokenServerHangs() async throws {
    try await withBroker { broker in
      let silent = try LoopbackServer { _ = $0.read(exactly: 1 << 20) }
      let relay = try SASLRelay(broker: broker.bootstrap) { _ in 1 }
      var own = impatientConfiguration(relay.bootstrap, ["a"])
      own.protection = .oauthWithoutTLS(
        OAuthCredentials(
          clientID: Secret("i"), clientSecret: Secret("s"),
          tokenEndpoint: try WebURL("http://127.0.0.1:\(silent.port)/")))
      let running = try RunningFeed(own, Disk())
      try await Task.sleep(for: .milliseconds(300))
      try await running.stop()
    }
  }
}
