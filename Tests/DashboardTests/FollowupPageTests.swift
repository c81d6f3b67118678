import Testing
import WebClient

@testable import Dashboard

/// The form for point sources: it works without script, and loses nothing that was typed.
@Suite struct FollowupPageTests {
  private static let leader = "session=s-leader"
  private static var token: String {
    Session(secret: "s-leader", identity: Identity(name: "", scopes: []), expires: .init(tai: 0)).formToken
  }

  private static func post(
    _ site: Site, _ path: String, _ body: String, cookie: String? = leader, headers: [(String, String)] = []
  ) async throws -> RawGet {
    var lines =
      headers.map { "\($0): \($1)" } + [
        "Content-Type: application/x-www-form-urlencoded", "Content-Length: \(body.utf8.count)",
      ]
    if let cookie { lines.append("Cookie: \(cookie)") }
    return try await RawGet(port: site.port, path: path, headers: lines, method: "POST", payload: body)
  }

  private static let typed =
    "name=GRB+230518A&ra=20%3A02%3A00&dec=-29.25&change=decay&change_value=0.9&hours=36"

  @Test func aSourceIsAskedForAndSent() async throws {
    let desk = FakeDesk()
    try await withServer(desk) { site in
      let form = ParsedPage(try await site.send(.get, "/followup", cookie: Self.leader).body)
      let token = form.all("input").first { $0.attributes["name"] == "form_token" }?.attributes["value"]
      #expect(token == Self.token)
      // Every field has a label.
      let labelled = Set(form.all("label").compactMap { $0.attributes["for"] })
      for field in form.all("input") + form.all("select") where field.attributes["type"] != "hidden" {
        #expect(labelled.contains(field.attributes["id"] ?? "-"), "\(field.attributes)")
      }
      let asked = try await Self.post(
        site, "/followup", "form_token=\(Self.token)&mag=17.5&key=k1&filters=r%2Ci&visits=2&" + Self.typed)
      #expect(asked.head.hasPrefix("HTTP/1.1 303") && asked.head.contains("Location: /followup/GRB-f1\r\n"))
      let page = ParsedPage(try await site.send(.get, "/followup/GRB-f1", cookie: Self.leader).body)
      for words in [
        "15 x 120 s, filter R", "expected 17.4, limit 18.6", "never above 30 deg", "Ask TAROT/TCA",
      ] {
        #expect(page.text.contains(words), "\(words)")
      }
      let sent = try await Self.post(
        site, "/followup/GRB-f1/send", "form_token=\(Self.token)&telescope=TAROT-TCA")
      #expect(sent.head.contains("Location: /followup/GRB-f1?said=sent-TAROT-TCA\r\n"))
      let after = ParsedPage(
        try await site.send(.get, "/followup/GRB-f1?said=sent-TAROT-TCA", cookie: Self.leader).body)
      #expect(after.text.contains("TAROT-TCA was asked."))
      #expect(after.text.contains("Take back from TAROT/TCA") && !after.text.contains("Ask TAROT/TCA"))
      let back = try await Self.post(
        site, "/followup/GRB-f1/withdraw", "form_token=\(Self.token)&telescope=TAROT-TCA&reason=clouds")
      #expect(back.head.hasPrefix("HTTP/1.1 303"))
      // Someone else acted first: it is said.
      let late = try await Self.post(site, "/followup/GRB-f1/send", "form_token=\(Self.token)&telescope=KAO")
      #expect(late.head.hasPrefix("HTTP/1.1 409"))
      // Who may not ask sees no buttons.
      let reader = ParsedPage(try await site.send(.get, "/followup/GRB-f1").body)
      #expect(!reader.text.contains("Ask TAROT/TCA"))
    }
    let form = try #require(desk.fakeFollowups.asked.withLock { $0.first })
    #expect(form.name == "GRB 230518A" && form.ra == "20:02:00" && form.dec == "-29.25")
    #expect(form.decay == 0.9 && form.fade == nil && form.hours == 36 && form.visits == 2)
    #expect(form.filters == ["r", "i"] && form.key == "k1" && form.mag == 17.5)
  }

  /// A fault, an old session, none, too few rights: the page comes back with what was typed, and nothing is done.
  @Test func whatWasTypedComesBack() async throws {
    let desk = FakeDesk()
    try await withServer(desk) { site in
      let cases: [(body: String, cookie: String?, status: String)] = [
        ("form_token=\(Self.token)&mag=bright", leaderCookie, "400"),
        ("form_token=\(Self.token)", leaderCookie, "400"), ("form_token=0000&mag=17", leaderCookie, "403"),
        ("mag=17", leaderCookie, "403"), ("mag=17", nil, "401"), ("mag=17", "session=s-gone", "401"),
      ]
      for (body, cookie, status) in cases {
        let answer = try await Self.post(site, "/followup", "\(body)&" + Self.typed, cookie: cookie)
        #expect(
          answer.head.dropFirst("HTTP/1.1 ".count).hasPrefix(status), "\(body): \(answer.head.prefix(12))")
        let page = ParsedPage(answer.body)
        let values = page.all("input").reduce(into: [String: String]()) {
          $0[$1.attributes["name"] ?? ""] = $1.attributes["value"]
        }
        #expect(values["name"] == "GRB 230518A" && values["ra"] == "20:02:00" && values["hours"] == "36")
        #expect(values["change_value"] == "0.9")
      }
      // Of another site, nothing is shown either.
      let foreign = try await Self.post(
        site, "/followup", "form_token=\(Self.token)&mag=17&" + Self.typed,
        headers: [("Origin", "http://evil.example")])
      #expect(
        foreign.head.hasPrefix("HTTP/1.1 403")
          && !String(decoding: foreign.body, as: UTF8.self).contains("GRB 230518A"))
    }
    #expect(desk.fakeFollowups.asked.withLock { $0.isEmpty })
  }

  private let leaderCookie = Self.leader

  @Test func aReaderMayNotAsk() async throws {
    let desk = FakeDesk()
    try await withServer(desk) { site in
      let body = Array(#"{"name": "x", "ra": 300.5, "dec": "-29:15:00", "mag": 17}"#.utf8)
      for (token, status) in [(nil, 401), ("robot", 403), ("leader", 201)] as [(String?, Int)] {
        let answer = try await site.send(.post, "/api/followups", token: token, body: body)
        #expect(answer.status == status)
      }
      let broken = try await site.send(.post, "/api/followups", token: "leader", body: [123])
      #expect(broken.status == 400)
      try await site.expect(404, .get, "/api/followups/none")
    }
    let form = try #require(desk.fakeFollowups.asked.withLock { $0.first })
    #expect(form.ra == "300.5" && form.dec == "-29:15:00")
  }

  @Test func silentTeamsAreOnTheEventsPage() async throws {
    try await withServer(FakeDesk()) { site in
      let page = ParsedPage(try await site.send(.get, "/events/S230518h").body)
      #expect(page.text.contains("Have not answered") && page.text.contains("12 pointings"))
      #expect(try await site.send(.get, "/ics/t/TAROT-TCA").status == 200)
      #expect(try await site.send(.get, "/ics/t/nobody").status == 404)
    }
  }
}
