import Hummingbird
import Testing
import WebClient

@testable import Dashboard

/// What strangers, old links and torn lines send: every route answers, and none with a failure of its own.
@Suite(.serialized) struct BadInputTests {
  private static let ids = [
    "nothing", "%FF%FE", "a%00b", "%E2%80%AE", "..%2F..%2Fetc%2Fpasswd",
    "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    "99999999999999999999", "-1", String(repeating: "x", count: 300), "%2e%2e", "a%5Cb", "%", "%zz",
  ]
  private static let queries = [
    "", "?q=%FF%FE&week=%FF&event=%C0%AF&kind=%ED%A0%80&before=%80&said=%FF",
    "?limit=-1&after=abc&week=2026-13-45&from=yesterday&to=%00&kind=zzz&event=nothing&said=%3Cb%3E&answer=%22",
    "?" + String(repeating: "drop=x&", count: 300), "?q=" + String(repeating: "%C3%A9", count: 1500),
    "?=&&&===&a", "?limit=99999999999999999999",
  ]

  private static func status(_ answer: RawGet) -> Int {
    Int(answer.head.dropFirst("HTTP/1.1 ".count).prefix(3)) ?? 0
  }

  /// Reading: the streams that never end are left out, they have tests of their own.
  @Test func everyRouteForReadersAnswers() async throws {
    let router = DashboardServer.router(FakeDesk(), options: DashboardOptions())
    let routes = router.routes.filter { $0.method == .get }.map { "\($0.path)" }.filter {
      $0 != "/api/changes"
    }
    #expect(routes.count >= 40)
    try await withServer { site in
      for route in routes {
        for id in route.contains("{") ? Self.ids : [""] {
          let path = route.replacing(/{[a-z_]+}/, with: id).replacing("**", with: id)
          for query in route.contains("{") ? Self.queries.prefix(1) : Self.queries[...] {
            let answer = try await RawGet(
              port: site.port, path: path + query,
              headers: ["Accept: text/html", "Cookie: session=s-root; theme=%FF"])
            let status = Self.status(answer)
            // 503 is what the fake desk has no answer to.
            #expect((200..<500).contains(status) || status == 503, "\(path)\(query.prefix(60)): \(status)")
          }
        }
      }
    }
  }

  @Test func everyFormTakesAnythingAndDoesNothing() async throws {
    let forms = SignInRoutes.forms.union(FollowupRoutes.forms)
    let bodies = [
      "", "choice=%FF%FE&reason=%C0%AF&give=%80&to=%FE&answer=%FF&back=%FF&telescope=%FF&name=%ED%A0%80",
      "give=a&to=", "give=a+b&to=c+d+e+f", "answer=accepted", "choice=STOP&seen=-1", "choice=STOP&seen=1e400",
      String(repeating: "drop=x&", count: 2000), "reason=" + String(repeating: "%E2%82%AC", count: 3000),
    ]
    let session = Session(
      secret: "s-root", identity: Identity(name: "", scopes: []), expires: .init(tai: 0))
    try await withServer { site in
      for form in forms.sorted() where form != "/sign-out" {
        let path = form.replacing(/{[a-z]+}/, with: "nothing")
        for body in bodies {
          let text = "form_token=\(session.formToken)&" + body
          let answer = try await site.send(
            .post, path, type: "application/x-www-form-urlencoded",
            headers: [("Accept", "text/html")], cookie: "session=s-root", text)
          // 503 is what the fake desk has no answer to.
          let isRefused = (400..<500).contains(answer.status) || answer.status == 503
          #expect(isRefused, "\(path) with \(body.prefix(60)): \(answer.status)")
          #expect(answer.headers["Content-Type"] == "text/html; charset=utf-8", "\(path)")
          #expect(ParsedPage(answer.body).fault == nil, "\(path) with \(body.prefix(60))")
        }
        let huge = try await site.send(
          .post, path, type: "application/x-www-form-urlencoded", cookie: "session=s-root",
          "form_token=\(session.formToken)&reason=" + String(repeating: "x", count: 80 << 10))
        #expect(huge.status == 413, "\(path): \(huge.status)")
      }
    }
  }

  /// Every form that a page offers is one that the walk over all routes sees.
  @Test func theWalkSeesTheNewPages() {
    let router = DashboardServer.router(FakeDesk(), options: DashboardOptions())
    let posts = Set(router.routes.filter { $0.method == .post }.map { "\($0.path)" })
    let forms = SignInRoutes.forms.union(FollowupRoutes.forms)
    #expect(forms.isSubset(of: posts), "\(forms.subtracting(posts))")
    let pages = Set(router.routes.filter { $0.method == .get }.map { "\($0.path)" })
    for page in ["/replay", "/drill", "/roster", "/followup", "/events/{id}/what-if"] {
      #expect(pages.contains(page), "\(page)")
    }
  }
}
