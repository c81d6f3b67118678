import Foundation
import Testing
import WebClient

@testable import Dashboard

private func object(_ response: WebResponse) throws -> [String: Any] {
  try #require(JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any])
}

@Suite struct RouteTests {
  @Test func probes() async throws {
    let desk = FakeDesk()
    try await withServer(desk, openReading: false) { site in
      let alive = try await site.send(.get, "/healthz")
      #expect(alive.text == "ok\n")
      try await site.expect(200, .get, "/readyz")
      desk.state.withLock { $0.isFull = true }
      let failed = try await site.send(.get, "/readyz")
      #expect(failed.status == 503)
      let state = try object(failed)["state"] as? String
      #expect(state == "failed")
    }
  }

  /// What reads without a body is answered as what reads with one.
  @Test(arguments: ["/healthz", "/api/events", "/t/TAROT-TCA"])
  func headsAreAnswered(_ path: String) async throws {
    try await withServer { site in
      let whole = try await site.send(.get, path)
      let head = try await site.send(.head, path)
      #expect(head.status == 200 && head.body.isEmpty)
      #expect(head.headers["Content-Type"] == whole.headers["Content-Type"])
      let none = try await site.send(.head, "/no/such/address")
      #expect(none.status == 404)
    }
  }

  /// Held against the text format 0.0.4: one HELP and TYPE a name, escapes in labels.
  @Test func metrics() async throws {
    try await withServer { site in
      let text = try await site.send(.get, "/metrics").text
      #expect(
        text == """
          # HELP vesper_notices_total Notices by outcome.
          # TYPE vesper_notices_total counter
          vesper_notices_total{outcome="handled"} 3
          vesper_notices_total{outcome="a\\"b\\\\c\\nd"} 1
          # HELP vesper_lag_seconds Back\\\\slash.
          # TYPE vesper_lag_seconds gauge
          vesper_lag_seconds 0.25

          """)
    }
  }

  @Test func filesHaveEntityTags() async throws {
    try await withServer { site in
      let path = "/api/events/S230518h/plans/current/TAROT-TCA/plan.txt"
      let first = try await site.send(.get, path)
      #expect(first.status == 200)
      #expect(first.text == "# END\n")
      let tag = try #require(first.headers["ETag"])
      #expect(first.headers["Cache-Control"]?.contains("no-cache") == true)
      for known in [tag, "\"x\", W/\(tag)", "*"] {
        let again = try await site.send(.get, path, headers: [("If-None-Match", known)])
        #expect(again.status == 304, "\(known)")
        #expect(again.body.isEmpty)
      }
      let other = try await site.send(.get, path, headers: [("If-None-Match", "\"x\"")])
      #expect(other.status == 200)
      let fixed = try await site.send(.get, "/api/events/S230518h/plans/\(FakeDesk.plan.id)")
      #expect(fixed.headers["Cache-Control"]?.contains("immutable") == true)
    }
  }

  @Test func tokensAndScopes() async throws {
    try await withServer { site in
      let bytes = Array("notice".utf8)
      try await site.expect(401, .post, "/api/notices", body: bytes)
      try await site.expect(401, .post, "/api/notices", token: "stolen", body: bytes)
      try await site.expect(401, .get, "/api/events", token: "stolen")
      try await site.expect(403, .post, "/api/notices", token: "viewer", body: bytes)
      try await site.expect(202, .post, "/api/notices", token: "robot", body: bytes)
      try await site.expect(202, .post, "/api/notices", token: "root", body: bytes)
      try await site.expect(403, .post, "/api/notices/0/replay", token: "robot", body: [])
      try await site.expect(409, .post, "/api/notices/0/replay", token: "leader", body: [])
    }
    try await withServer(openReading: false) { site in
      try await site.expect(401, .get, "/api/events")
      try await site.expect(200, .get, "/api/events", token: "robot")
    }
  }

  @Test func noticesArriveByteForByte() async throws {
    try await withServer { site in
      let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 9) }
      let line = try object(
        try await site.send(.post, "/api/notices?name=spool", token: "robot", body: bytes))
      #expect(line["size_bytes"] as? Int == bytes.count)
      let back = try await site.send(.get, "/api/notices/0")
      #expect(back.body == bytes)
    }
  }

  @Test func badRequestsSayWhy() async throws {
    let desk = FakeDesk()
    try await withServer(desk, largestNotice: 1 << 20) { site in
      for (path, status) in [
        ("/api/events/S230518", 404), ("/api/events/S230518hh", 404), ("/api/events?limit=0", 400),
        ("/api/events?limit=x", 400), ("/api/notices/abc", 400), ("/api/changes?after=-1", 400),
        ("/nothing/here", 404), ("/api/events/S230518h/plans/current/..%2Fsecret", 400),
        ("/api/events/..", 404),
        ("/api/events/%00", 400), ("/api/events/" + String(repeating: "a", count: 300), 400),
        ("/api/telescopes/TAROT%2FTCA", 400),
      ] {
        let response = try await site.send(.get, path)
        #expect(response.status == status, "\(path): \(response.text)")
        let answer = try object(response)
        #expect(answer["status"] as? Int == status, "\(path)")
        #expect((answer["error"] as? String)?.isEmpty == false, "\(path)")
      }
      let large = try await site.send(
        .post, "/api/notices", token: "robot", body: [UInt8](repeating: 7, count: (1 << 20) + 1))
      #expect(large.status == 413)
      try await site.expect(400, .post, "/api/notices", token: "robot", body: [])
      try await site.expect(404, .post, "/api/events", token: "root", body: [])
      desk.state.withLock { $0.isFull = true }
      let full = try await site.send(.post, "/api/notices", token: "robot", body: [1])
      #expect(full.status == 503)
      #expect(full.headers["Retry-After"] != nil)
    }
  }

  @Test func everyAnswerIsGuarded() async throws {
    try await withServer { site in
      for path in ["/healthz", "/api/events", "/nothing"] {
        let response = try await site.send(.get, path)
        #expect(
          response.headers["Content-Security-Policy"]?.hasPrefix("default-src 'none'") == true, "\(path)")
        #expect(response.headers["X-Content-Type-Options"] == "nosniff", "\(path)")
        #expect(response.headers["Referrer-Policy"] == "same-origin", "\(path)")
      }
    }
  }

  /// A client that comes back with `Last-Event-ID` gets what it missed, once and in order.
  @Test func changesResume() async throws {
    let desk = FakeDesk()
    for i in 1...5 { desk.log("line \(i)", kind: "decision") }
    let (chunks, received) = AsyncStream<String>.makeStream()
    try await withServer(desk) { site in
      let reading = Task {
        let socket = try LineSocket(port: site.port)
        try socket.send("GET /api/changes HTTP/1.1\r\nHost: x\r\nLast-Event-ID: 2\r\n\r\n")
        while let line = try socket.line() { received.yield(line) }
        received.finish()
      }
      var ids: [String] = []
      for await line in chunks {
        if line.hasPrefix("id: ") { ids.append(line) }
        if ids.count == 3 {
          desk.log("while you watch")
          ids.append("asked")
        }
        if ids.count == 5 { break }
      }
      #expect(ids == ["id: 3", "id: 4", "id: 5", "asked", "id: 6"])
      // The graceful shutdown ends the stream: the reader comes to its end.
      _ = reading
    }
  }
}
