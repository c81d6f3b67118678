import Foundation
import Testing

@testable import WebClient

@Suite struct RedirectTests {
  private func redirecting(_ status: Int, to location: String) throws -> (LoopbackServer, RequestLog) {
    try LoopbackServer.http { request in
      request.target == "/start?a=b"
        ? Answer(status, headers: ["Location: \(location)"], "moved") : Answer(200, "arrived")
    }
  }

  @Test(arguments: [301, 302, 303, 307, 308], [WebRequest.Method.get, .head])
  func readingFollows(_ status: Int, _ method: WebRequest.Method) async throws {
    let (server, log) = try redirecting(status, to: "/end?c=d")
    let client = try WebClient()
    let response = try await client.send(WebRequest(method, try server.url("/start?a=b")))
    #expect(response.status == 200)
    #expect(response.text == (method == .get ? "arrived" : ""))
    #expect(response.url.reveal() == "http://127.0.0.1:\(server.port)/end?c=d")
    #expect(response.url.description == "http://127.0.0.1:\(server.port)/end?…")
    #expect(log.all.map(\.target) == ["/start?a=b", "/end?c=d"])
    #expect(log.all.map(\.method) == [method.rawValue, method.rawValue])
  }

  @Test(arguments: [301, 302, 303, 307, 308], [WebRequest.Method.post, .put, .patch, .delete])
  func actingDoesNot(_ status: Int, _ method: WebRequest.Method) async throws {
    let (server, log) = try redirecting(status, to: "/end")
    let client = try WebClient()
    let response = try await client.send(WebRequest(method, try server.url("/start?a=b")))
    #expect(response.status == status)
    #expect(response.headers["location"] == "/end")
    #expect(log.count == 1)
  }

  @Test func fiveHopsAreAllowedAndSixAreNot() async throws {
    let (server, log) = try LoopbackServer.http { request in
      let number = Int(request.target.dropFirst()) ?? 0
      return number == 0 ? Answer(200, "arrived") : Answer(302, headers: ["Location: /\(number - 1)"], "")
    }
    let client = try WebClient()
    #expect(try await client.send(WebRequest(.get, try server.url("/5"))).text == "arrived")
    #expect(log.count == 6)
    let refused = WebError.redirectRefused(
      .tooMany(limit: 5), from: "http://127.0.0.1:\(server.port)/1")
    await #expect(throws: refused) { try await client.send(WebRequest(.get, try server.url("/6"))) }
  }

  @Test func aLoopEnds() async throws {
    let (server, log) = try LoopbackServer.http { _ in Answer(302, headers: ["Location: /round"], "") }
    let client = try WebClient()
    let error = await #expect(throws: WebError.self) {
      try await client.send(WebRequest(.get, try server.url("/round")))
    }
    guard case .redirectRefused(.tooMany, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(log.count == 6)
  }

  @Test(arguments: [
    "file:///etc/passwd", "ftp://127.0.0.1/map", "gopher://127.0.0.1:70/1", "smb://127.0.0.1/share",
    "https://127.0.0.1/", "http://user:word@127.0.0.1/", "http://[broken/", "data:text/plain,x",
  ])
  func elsewhereIsRefused(_ location: String) async throws {
    let (server, log) = try redirecting(302, to: location)
    let client = try WebClient()
    let error = await #expect(throws: WebError.self) {
      try await client.send(WebRequest(.get, try server.url("/start?a=b")))
    }
    guard case .redirectRefused(_, let from) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(from == "http://127.0.0.1:\(server.port)/start?…")
    #expect(log.count == 1)
  }

  @Test func aRedirectWithoutATargetIsAnAnswer() async throws {
    let (server, _) = try LoopbackServer.http { _ in Answer(302, "nowhere") }
    let client = try WebClient()
    let response = try await client.send(WebRequest(.get, try server.url("/")))
    #expect(response.status == 302)
    #expect(response.text == "nowhere")
  }

  @Test func secretsStayWithTheirOrigin() async throws {
    let (other, otherLog) = try LoopbackServer.http { _ in Answer(200, "other") }
    let elsewhere = try other.url("/").reveal()
    let (server, log) = try LoopbackServer.http { request in
      switch request.target {
      case "/away": Answer(302, headers: ["Location: \(elsewhere)"], "")
      case "/here": Answer(302, headers: ["Location: /end"], "")
      default: Answer(200, "same")
      }
    }
    let client = try WebClient()
    let headers: [SecretHeader] = [
      .authorization("token", Secret("abc")), SecretHeader("X-Api-Key", Secret("def")),
    ]
    for path in ["/away", "/here"] {
      var request = WebRequest(.get, try server.url(path), secretHeaders: headers)
      request.headers = ["X-Plain": "kept"]
      _ = try await client.send(request)
    }
    #expect(otherLog.all.map { $0.header("authorization") } == [nil])
    #expect(otherLog.all.map { $0.header("x-api-key") } == [nil])
    #expect(otherLog.all.map { $0.header("x-plain") } == ["kept"])
    #expect(log.all.map { $0.header("authorization") } == ["token abc", "token abc", "token abc"])
    #expect(log.all.map { $0.header("x-api-key") } == ["def", "def", "def"])
  }

  @Test func theDeadlineSpansTheHops() async throws {
    let server = try LoopbackServer { peer in
      while let request = peer.readRequest() {
        guard request.target == "/start" else { return peer.awaitClose() }
        peer.send(Answer(302, headers: ["Location: /silent"], "").bytes)
      }
    }
    let client = try WebClient()
    let request = WebRequest(.get, try server.url("/start"), deadlines: shortDeadline)
    let error = await #expect(throws: WebError.self) { try await client.send(request) }
    #expect(ambiguous(error) == .deadline)
  }
}
