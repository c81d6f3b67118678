import Foundation
import Testing

@testable import WebClient

@Suite struct ExchangeTests {
  @Test func anAnswerComesBackWhole() async throws {
    let (server, log) = try LoopbackServer.http { _ in
      Answer(200, headers: ["Content-Type: text/plain", "X-Two: a", "x-two:   b  "], "map")
    }
    var configuration = WebClient.Configuration(version: "1.2.3")
    configuration.maxConnectionsPerHost = 1
    let client = try WebClient(configuration)
    let request = WebRequest(
      .get, try server.url("/a?b=c#fragment"), headers: ["X-Own": "yes", "X-Empty": ""])
    let response = try await client.send(request)
    #expect(response.status == 200)
    #expect(response.isSuccess)
    #expect(response.text == "map")
    #expect(response.bodyBytes == 3)
    #expect(response.headers["content-TYPE"] == "text/plain")
    #expect(response.headers.all("X-TWO") == ["a", "b"])
    #expect(response.timings.total > .zero)
    #expect(response.timings.total >= response.timings.firstByte)
    let received = try #require(log.all.first)
    #expect(received.method == "GET")
    #expect(received.target == "/a?b=c")
    #expect(received.header("user-agent") == "vesper/1.2.3")
    #expect(received.header("host") == "127.0.0.1:\(server.port)")
    #expect(received.header("x-own") == "yes")
    #expect(received.header("x-empty") == "")
    #expect(received.header("accept-encoding") == nil)
    await client.shutdown()
  }

  @Test(arguments: [201, 204, 304, 400, 401, 404, 409, 429, 500, 502, 503, 504, 599])
  func everyStatusIsAnAnswer(_ status: Int) async throws {
    let (server, log) = try LoopbackServer.http { _ in Answer(status, "") }
    let client = try WebClient()
    for method in [WebRequest.Method.get, .post] {
      let response = try await client.send(WebRequest(method, try server.url("/")))
      #expect(response.status == status)
    }
    #expect(log.count == 2)
  }

  @Test func oneConnectionServesManyGets() async throws {
    let (server, log) = try LoopbackServer.http { _ in Answer(200, "x") }
    let client = try WebClient()
    for _ in 0..<5 { _ = try await client.send(WebRequest(.get, try server.url("/"))) }
    #expect(log.count == 5)
    #expect(server.connections == 1)
  }

  @Test func aGetSurvivesAKeptConnectionThatTheServerClosed() async throws {
    let log = RequestLog()
    let server = try LoopbackServer { peer in
      guard let request = peer.readRequest() else { return }
      log.add(request)
      peer.send(Answer(200, "one only").bytes)
    }
    let client = try WebClient()
    for _ in 0..<3 {
      #expect(try await client.send(WebRequest(.get, try server.url("/"))).status == 200)
    }
    #expect(log.count == 3)
  }

  /// libcurl repeats any request by itself on a kept connection that answers nothing. A peer that
  /// acted and died would act twice.
  @Test(arguments: [WebRequest.Method.post, .put, .patch, .delete])
  func whatActsIsNeverRepeated(_ method: WebRequest.Method) async throws {
    let (server, log) = try LoopbackServer.http { $0.method == "GET" ? Answer(200, "kept") : nil }
    let client = try WebClient()
    _ = try await client.send(WebRequest(.get, try server.url("/")))
    let request = WebRequest(method, try server.url("/act"), body: WebBody([1], contentType: "a/b"))
    let error = await #expect(throws: WebError.self) { try await client.send(request) }
    #expect(ambiguous(error) == .reset)
    #expect(error?.mayHaveReachedPeer == true)
    #expect(log.all.filter { $0.target == "/act" }.count == 1)
  }

  @Test func fiveHundredAtOnce() async throws {
    let (server, log) = try LoopbackServer.http { Answer(200, $0.target) }
    let client = try WebClient()
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 0..<500 {
        let request = WebRequest(.get, try server.url("/\(number)"), deadlines: patientDeadline)
        group.addTask { try await client.send(request).text == "/\(number)" }
      }
      for try await right in group { #expect(right) }
    }
    #expect(Set(log.all.map(\.target)).count == 500)
    #expect(server.connections <= 32)
  }

  @Test func actingRequestsWaitForTheirConnections() async throws {
    let (server, log) = try LoopbackServer.http { Answer(200, body: $0.body) }
    var configuration = WebClient.Configuration()
    configuration.maxConnectionsPerHost = 2
    let client = try WebClient(configuration)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 0..<40 {
        let body = WebBody(Array("\(number)".utf8), contentType: "text/plain")
        let request = WebRequest(.post, try server.url("/"), body: body, deadlines: patientDeadline)
        group.addTask { try await client.send(request).text == "\(number)" }
      }
      for try await right in group { #expect(right) }
    }
    #expect(log.count == 40)
    #expect(server.connections == 40)
  }

  @Test(arguments: [0, 1, 70_000, 3_000_000])
  func bodiesArriveByteForByte(_ size: Int) async throws {
    let (server, log) = try LoopbackServer.http { Answer(200, body: $0.body) }
    let client = try WebClient()
    let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
    for method in [WebRequest.Method.post, .put, .patch, .delete] {
      let body = WebBody(bytes, contentType: "application/fits")
      let request = WebRequest(method, try server.url("/"), body: body, deadlines: patientDeadline)
      let response = try await client.send(request)
      #expect(response.body == bytes)
    }
    for received in log.all {
      #expect(received.header("content-type") == "application/fits")
      #expect(received.header("content-length") == "\(size)")
      #expect(received.header("expect") == nil)
    }
    #expect(log.all.map(\.method) == ["POST", "PUT", "PATCH", "DELETE"])
  }

  @Test func aRequestWithoutABodySaysSo() async throws {
    let (server, log) = try LoopbackServer.http { _ in Answer(200, "") }
    let client = try WebClient()
    _ = try await client.send(WebRequest(.post, try server.url("/")))
    let received = try #require(log.all.first)
    #expect(received.header("content-length") == "0")
    #expect(received.header("content-type") == nil)
  }

  @Test func headHasNoBodyHoweverLongItWouldBe() async throws {
    let (server, _) = try LoopbackServer.http { _ in
      Answer(raw: "HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n")
    }
    let client = try WebClient()
    let response = try await client.send(WebRequest(.head, try server.url("/")))
    #expect(response.status == 200)
    #expect(response.headers["content-length"] == "999999999")
    #expect(response.body.isEmpty)
  }

  @Test func interimAnswersLeaveNoTrace() async throws {
    let (server, _) = try LoopbackServer.http { _ in
      Answer(
        raw: "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
          + "HTTP/1.1 201 Created\r\nX-Late: 2\r\nContent-Length: 2\r\n\r\nok")
    }
    let client = try WebClient()
    let response = try await client.send(WebRequest(.post, try server.url("/")))
    #expect(response.status == 201)
    #expect(response.headers.fields.map(\.name) == ["X-Late", "Content-Length"])
    #expect(response.text == "ok")
  }

  @Test func chunksAreJoined() async throws {
    let (server, _) = try LoopbackServer.http { _ in
      Answer(raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    }
    let client = try WebClient()
    #expect(try await client.send(WebRequest(.get, try server.url("/"))).text == "abcde")
  }

  /// `multi-order` through gzip.
  static let compressed = Data(base64Encoded: "H4sIAAAAAAACA8stzSnJ1M0vSkktAgCOsv3kCwAAAA==")!

  @Test func gzipIsUndoneOnlyWhenAskedFor() async throws {
    let (server, log) = try LoopbackServer.http { _ in
      Answer(200, headers: ["Content-Encoding: gzip"], body: Array(Self.compressed))
    }
    let client = try WebClient()
    var request = WebRequest(.get, try server.url("/"))
    #expect(try await client.send(request).body == Array(Self.compressed))
    request.acceptsGzip = true
    #expect(try await client.send(request).text == "multi-order")
    #expect(log.all.map { $0.header("accept-encoding") } == [nil, "gzip"])
  }

  @Test func rateLimitedRequestsThatCannotWaitAreNotSent() async throws {
    let (server, log) = try LoopbackServer.http { _ in Answer(200, "") }
    var configuration = WebClient.Configuration()
    configuration.rateLimits = ["127.0.0.1": try #require(RateLimit(capacity: 2, perSecond: 0.001))]
    let client = try WebClient(configuration)
    let request = WebRequest(.get, try server.url("/"))
    for _ in 0..<2 { _ = try await client.send(request) }
    for _ in 0..<3 {
      let error = await #expect(throws: WebError.self) { try await client.send(request) }
      #expect(notSent(error) == .rateLimit)
    }
    #expect(log.count == 2)
    // Another name of the same machine has no limit.
    let other = WebRequest(.get, try WebURL("http://localhost:\(server.port)/"))
    for _ in 0..<5 { #expect(try await client.send(other).status == 200) }
  }

  @Test func rateLimitedRequestsWaitTheirTurn() async throws {
    let (server, log) = try LoopbackServer.http { _ in Answer(200, "") }
    var configuration = WebClient.Configuration()
    configuration.rateLimits = ["127.0.0.1": try #require(RateLimit(capacity: 1, perSecond: 50))]
    let client = try WebClient(configuration)
    let request = WebRequest(.get, try server.url("/"), deadlines: patientDeadline)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<10 { group.addTask { _ = try await client.send(request) } }
      try await group.waitForAll()
    }
    #expect(log.count == 10)
  }
}
