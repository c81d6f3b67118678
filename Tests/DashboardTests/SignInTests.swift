import Hummingbird
import Testing
import WebClient

@testable import Dashboard

/// Sessions of browsers, and that no other site acts through them.
@Suite struct SignInTests {
  private static let form = ("Content-Type", "application/x-www-form-urlencoded")

  private static func post(
    _ site: Site, _ path: String, _ body: String, cookie: String? = nil, headers: [(String, String)] = []
  ) async throws -> RawGet {
    var lines =
      headers.map { "\($0): \($1)" } + ["\(form.0): \(form.1)", "Content-Length: \(body.utf8.count)"]
    if let cookie { lines.append("Cookie: \(cookie)") }
    return try await RawGet(port: site.port, path: path, headers: lines, method: "POST", payload: body)
  }

  @Test func aTokenOpensTheDoor() async throws {
    try await withServer(openReading: false) { site in
      let wrong = try await Self.post(site, "/sign-in", "token=nobody&back=%2Ft%2FTAROT-TCA")
      #expect(wrong.head.hasPrefix("HTTP/1.1 401"))
      #expect(!wrong.head.contains("Set-Cookie"))
      let right = try await Self.post(site, "/sign-in", "token=+leader%0A&back=%2Ft%2FTAROT-TCA")
      #expect(right.head.hasPrefix("HTTP/1.1 303"))
      #expect(right.head.contains("Location: /t/TAROT-TCA\r\n"))
      #expect(
        right.head.contains(
          "Set-Cookie: session=s-leader; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict\r\n"))
      let secure = try await Self.post(
        site, "/sign-in", "token=leader", headers: [("X-Forwarded-Proto", "https")])
      #expect(secure.head.contains("SameSite=Strict; Secure\r\n"))
      // Away from here leads to the board.
      let away = try await Self.post(site, "/sign-in", "token=leader&back=%2F%2Fevil.example")
      #expect(away.head.contains("Location: /\r\n"))
      try await site.expect(401, .get, "/api/events")
      let inside = try await site.send(.get, "/api/events", cookie: "theme=red; session=s-leader")
      #expect(inside.status == 200)
      let page = ParsedPage(try await site.send(.get, "/sign-in", cookie: "session=s-leader").body)
      #expect(page.text.contains("You are shift leader"))
      #expect(page.text.contains("lead: may decide for the shift"))
      let token = page.all("input").first { $0.attributes["name"] == "form_token" }?.attributes["value"]
      #expect(token?.count == 64)
      let out = try await Self.post(
        site, "/sign-out", "form_token=\(token ?? "")", cookie: "session=s-leader")
      #expect(out.head.contains("Set-Cookie: session=; Path=/; Max-Age=0"))
      let after = try await site.send(.get, "/api/events", cookie: "session=s-leader")
      #expect(after.status == 401)
    }
  }

  /// Every route that changes something, whatever is added later.
  @Test func noRouteTakesAForeignForm() async throws {
    let router = DashboardServer.router(FakeDesk(), options: DashboardOptions())
    let changing = router.routes.filter { $0.method != .get && $0.method != .head }.map {
      (
        method: $0.method.rawValue,
        path: "\($0.path)".replacing("{", with: "").replacing("}", with: "")
      )
    }
    #expect(changing.count >= 20)
    try await withServer { site in
      for (method, path) in changing {
        let cookie = "session=s-root"
        let good = Session(
          secret: "s-root", identity: Identity(name: "", scopes: []), expires: .init(tai: 0)
        ).formToken
        // What is signed by its sender needs no form token, and no session helps without the signature.
        let isSigned = path == "/api/slack/actions" || path.hasSuffix("/answer")
        func status(_ body: String, _ headers: [(String, String)]) async throws -> String {
          let lines =
            headers.map { "\($0): \($1)" } + [
              "\(Self.form.0): \(Self.form.1)", "Content-Length: \(body.utf8.count)", "Cookie: \(cookie)",
            ]
          let answer = try await RawGet(
            port: site.port, path: path, headers: lines, method: method, payload: body)
          return String(answer.head.dropFirst("HTTP/1.1 ".count).prefix(3))
        }
        if isSigned {
          #expect(
            ["400", "401", "403", "404"].contains(try await status("form_token=\(good)", [])), "\(path)")
          continue
        }
        #expect(try await status("x=1", []) == "403", "\(path) without a token")
        #expect(try await status("form_token=\(good.dropLast())0", []) == "403", "\(path) with a wrong one")
        #expect(try await status("form_token=", []) == "403", "\(path) with an empty one")
        #expect(try await status("form_token=\(good.prefix(3))", []) == "403", "\(path) with a part of it")
        #expect(
          try await status("form_token=\(good)", [("Origin", "http://evil.example")]) == "403",
          "\(path) from elsewhere")
        // Another name of the same domain is another site's work, too.
        for site in ["cross-site", "same-site"] {
          #expect(
            try await status("form_token=\(good)", [("Sec-Fetch-Site", site)]) == "403",
            "\(path) from elsewhere")
        }
        if path != "/sign-out" {
          #expect(try await status("form_token=\(good)", []) != "403", "\(path) with its own")
        }
      }
      // Programs with a token have no cookie to be misused.
      try await site.expect(202, .post, "/api/notices", token: "robot", body: [1])
    }
  }

  /// Each beginning is remembered until it comes back, so nobody may begin without end.
  @Test func signInsElsewhereShareABucket() async throws {
    try await withServer { site in
      var last = 0
      for _ in 0..<2000 where last != 429 { last = try await site.send(.get, "/sign-in/openid").status }
      #expect(last == 429)
      try await site.expect(200, .get, "/sign-in")
    }
  }

  @Test func strangersChangeNothing() async throws {
    try await withServer { site in
      try await site.expect(401, .post, "/api/notices", body: [1])
      let forged = try await site.send(.get, "/api/notices", cookie: "session=s-nobody")
      #expect(forged.status == 200, "reading is open")
    }
  }

  @Test func whatTheShiftPagesSay() async throws {
    try await withServer { site in
      let page = ParsedPage(try await site.send(.get, "/shift?kind=log").body)
      #expect(page.fault == nil)
      #expect(page.all("textarea").first?.text == FakeDesk.textSheet.text)
      #expect(page.text.contains("1 field with nothing on record"))
      #expect(try await site.send(.get, "/api/texts/log?as=text").text == FakeDesk.textSheet.text)
      try await site.expect(404, .get, "/shift?kind=zzz")
      let roster = ParsedPage(try await site.send(.get, "/roster").body)
      #expect(roster.fault == nil)
      for words in [
        "ana", "5 h 00 min left", "ana: 13:00-21:00 +02:00", "Thu 2023-05-18", "✕ nobody",
        "2023-05-18/2: nobody",
      ] { #expect(roster.text.contains(words), "\(words)") }
      #expect(roster.all("a").contains { $0.attributes["href"] == "/ics/u/ana" })
      #expect(
        try await site.send(.get, "/ics/u/ana").headers["Content-Type"] == "text/calendar; charset=utf-8")
    }
  }
}
