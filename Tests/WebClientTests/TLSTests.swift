import Foundation
import Testing

@testable import WebClient

@Suite(.enabled(if: TLSIdentity.isAvailable, Comment(rawValue: TLSIdentity.reason)))
struct TLSTests {
  private func server(
    _ identity: TLSIdentity, log: RequestLog, _ answer: @escaping @Sendable (Received) -> Answer
  ) throws -> LoopbackServer {
    try LoopbackServer { peer in
      guard let plain = peer.startTLS(identity) else { return }
      while let request = plain.readRequest() {
        log.add(request)
        plain.send(answer(request).bytes)
      }
      plain.close()
    }
  }

  private func client(trusting identity: TLSIdentity?) throws -> WebClient {
    var configuration = WebClient.Configuration()
    configuration.testCABundlePath = identity?.certificate
    return try WebClient(configuration)
  }

  @Test func aTrustedServerIsHeard() async throws {
    let identity = try #require(TLSIdentity.localhost)
    let log = RequestLog()
    let server = try server(identity, log: log) { Answer(200, body: $0.body) }
    let client = try client(trusting: identity)
    let header = SecretHeader.authorization("token", Secret("abc"))
    for host in ["localhost", "127.0.0.1"] {
      let url = try WebURL("https://\(host):\(server.port)/")
      let bytes = [UInt8](repeating: 7, count: 100_000)
      let request = WebRequest(
        .post, url, secretHeaders: [header], body: WebBody(bytes, contentType: "a/b"),
        deadlines: patientDeadline)
      let response = try await client.send(request)
      #expect(response.body == bytes)
      #expect(response.timings.tls > .zero)
    }
    #expect(log.all.map { $0.header("authorization") } == ["token abc", "token abc"])
    await client.shutdown()
  }

  @Test func anUnknownAuthorityGetsNothing() async throws {
    let log = RequestLog()
    let server = try server(try #require(TLSIdentity.localhost), log: log) { _ in Answer(200, "") }
    let url = try server.url("/", scheme: "https")
    for identity in [nil, TLSIdentity.elsewhere] {
      let client = try client(trusting: identity)
      let error = await #expect(throws: WebError.self) {
        try await client.send(WebRequest(.post, url, deadlines: patientDeadline))
      }
      #expect(notSent(error) == .tls)
    }
    #expect(log.count == 0)
  }

  @Test func aCertificateForAnotherNameGetsNothing() async throws {
    let identity = try #require(TLSIdentity.elsewhere)
    let log = RequestLog()
    let server = try server(identity, log: log) { _ in Answer(200, "") }
    let client = try client(trusting: identity)
    let request = WebRequest(.post, try server.url("/", scheme: "https"), deadlines: patientDeadline)
    let error = await #expect(throws: WebError.self) { try await client.send(request) }
    #expect(notSent(error) == .tls)
    #expect(log.count == 0)
  }

  @Test func noWayFromHTTPSToHTTP() async throws {
    let identity = try #require(TLSIdentity.localhost)
    let (plain, plainLog) = try LoopbackServer.http { _ in Answer(200, "plain") }
    let target = try plain.url("/").reveal()
    let server = try server(identity, log: RequestLog()) { _ in
      Answer(302, headers: ["Location: \(target)"], "")
    }
    let client = try client(trusting: identity)
    let url = try server.url("/", scheme: "https")
    let refused = WebError.redirectRefused(.schemeChange(from: .https, to: .http), from: url.description)
    await #expect(throws: refused) {
      try await client.send(WebRequest(.get, url, deadlines: patientDeadline))
    }
    #expect(plainLog.count == 0)
  }

  @Test func aTLSServerThatDropsAfterTheRequestIsAmbiguous() async throws {
    let identity = try #require(TLSIdentity.localhost)
    let log = RequestLog()
    let server = try LoopbackServer { peer in
      guard let plain = peer.startTLS(identity) else { return }
      if let request = plain.readRequest() { log.add(request) }
      plain.close()
    }
    let client = try client(trusting: identity)
    let request = WebRequest(.post, try server.url("/", scheme: "https"), deadlines: patientDeadline)
    let error = await #expect(throws: WebError.self) { try await client.send(request) }
    #expect(ambiguous(error) == .reset)
    #expect(log.count == 1)
  }
}

/// Without the tool: servers that do not do TLS at all.
@Suite struct NoTLSTests {
  @Test(arguments: ["HTTP/1.1 400 Bad Request\r\n\r\n", ""])
  func aServerThatDoesNotSpeakTLSGetsNothing(_ answer: String) async throws {
    let server = try LoopbackServer { peer in
      peer.awaitBytes()
      peer.send(answer)
    }
    let client = try WebClient()
    let request = WebRequest(.post, try server.url("/", scheme: "https"), deadlines: patientDeadline)
    let error = await #expect(throws: WebError.self) { try await client.send(request) }
    #expect(notSent(error) == .tls)
  }

  @Test func aHandshakeThatNeverEndsMeetsTheConnectDeadline() async throws {
    let server = try LoopbackServer { $0.awaitClose() }
    let client = try WebClient()
    var deadlines = patientDeadline
    deadlines.connect = .milliseconds(500)
    let request = WebRequest(.post, try server.url("/", scheme: "https"), deadlines: deadlines)
    let error = await #expect(throws: WebError.self) { try await client.send(request) }
    #expect(notSent(error) == .connectTimeout)
  }
}
