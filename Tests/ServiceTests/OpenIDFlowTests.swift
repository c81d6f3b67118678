import FarSides
import Foundation
import OpenID
import Store
import Testing
import Units
import WebClient

@testable import Dashboard
@testable import Service

/// Sign-in elsewhere, through the service's own door.
@Suite(.serialized) struct OpenIDFlowTests {
  private static func bench(_ provider: OpenIDFarSide) async throws -> QueueBench {
    let bench = try await Bench(at: "2026-09-15T17:50:00Z")
    var oidc = ServiceConfiguration.OpenIDConnect(issuer: provider.base, clientID: "vesper")
    oidc.clientSecret = "env:SECRET"
    // Nothing listens there: the provider's redirect ends, and the test goes on by itself.
    oidc.base = "http://127.0.0.1:9"
    oidc.roles = ["shifters": "lead"]
    let options = try oidc.options(ServiceConfiguration(), environment: ["SECRET": "s+cret"])
    let client = OpenIDClient(options, client: try WebClient(), now: { ServiceClock.system.now() })
    let state = ServiceState(
      store: bench.store, settings: await bench.engine.settings, channels: [], clock: bench.time.clock,
      openID: client)
    return QueueBench(bench: bench, event: "", state: state)
  }

  private static func get(_ site: QueueSite, _ path: String, cookie: String? = nil) async throws
    -> WebResponse
  {
    var request = WebRequest(.get, try WebURL("http://127.0.0.1:\(site.port)\(path)"))
    // Plans of other tests may hold the machine for longer than a person would wait.
    request.deadlines = Deadlines(connect: .seconds(30), total: .seconds(120))
    if let cookie { request.secretHeaders = [SecretHeader("Cookie", Secret(cookie))] }
    request.headers["Accept"] = "text/html"
    return try await site.client.send(request)
  }

  @Test func thereAndBack() async throws {
    let provider = try OpenIDFarSide()
    defer { provider.stop() }
    let q = try await Self.bench(provider)
    try await q.withSite(openReading: false) { site in
      let door = try await Self.get(site, "/shift")
      #expect(door.status == 401 && door.text.contains("Sign in with 127.0.0.1"))
      #expect(door.text.contains("href=\"/sign-in/openid?back=%2Fshift\""))
      let begun = try await StoreDesk(state: q.state).beginSignIn(back: "/shift")
      // The redirect leads nowhere here.
      _ = try? await site.client.send(WebRequest(.get, try WebURL(begun.address)))
      let parts = try #require(URLComponents(string: begun.address))
      let state = try #require(parts.queryItems?.first { $0.name == "state" }?.value)
      let path = "/sign-in/openid/return?code=code-1&state=\(state)"
      let inside = try await Self.get(site, path, cookie: "attempt=\(begun.secret)")
      #expect(inside.status == 200, "\(inside.text)")
      #expect(inside.headers["Refresh"] == "0; url=/shift")
      let cookies = inside.headers.fields.filter { $0.name.lowercased() == "set-cookie" }.map(\.value)
      let session = try #require(cookies.first { $0.hasPrefix("session=") })
      #expect(session.contains("HttpOnly; SameSite=Strict"))
      #expect(cookies.contains { $0.hasPrefix("attempt=; Path=/sign-in/openid; Max-Age=0") })
      let own = String(session.prefix { $0 != ";" })
      let page = try await Self.get(site, "/sign-in", cookie: own)
      #expect(page.text.contains("You are ana") && page.text.contains("lead: may decide for the shift"))
      // The same answer again, and one of another browser.
      #expect(try await Self.get(site, path, cookie: "attempt=\(begun.secret)").status == 401)
      #expect(try await Self.get(site, "/sign-in/openid/return?code=x&state=y").status == 401)
      let log = try await q.bench.store.log(after: 0, limit: 100)
      #expect(log.contains { $0.kind == "token.issued" && $0.actor == "oidc" && $0.body.contains("ana") })
      #expect(log.contains { $0.kind == "session.begun" && $0.actor == "ana" })
      for secret in [begun.secret, state, "code-1", "s+cret", String(own.dropFirst(8))] {
        #expect(!log.contains { $0.body.contains(secret) })
      }
    }
  }

  @Test func whatCannotBeConfigured() throws {
    func options(_ change: (inout ServiceConfiguration.OpenIDConnect) -> Void) throws -> OpenIDOptions {
      var oidc = ServiceConfiguration.OpenIDConnect(issuer: "https://iam.example.org/", clientID: "vesper")
      oidc.base = "https://vesper.example.org/"
      oidc.roles = ["*": "view"]
      change(&oidc)
      return try oidc.options(ServiceConfiguration(), environment: [:])
    }
    #expect(try options { _ in }.returnAddress == "https://vesper.example.org/sign-in/openid/return")
    #expect(throws: ConfigurationError.self) { try options { $0.issuer = "http://iam.example.org" } }
    #expect(throws: ConfigurationError.self) { try options { $0.base = nil } }
    #expect(throws: ConfigurationError.self) { try options { $0.base = "http://vesper.example.org" } }
    #expect(throws: ConfigurationError.self) { try options { $0.roles = [:] } }
    #expect(throws: ConfigurationError.self) { try options { $0.roles = ["a": "leader"] } }
    #expect(throws: (any Error).self) { try options { $0.clientSecret = "env:NOT_THERE" } }
    let yaml = "oidc: {issuer: 'https://a', client_id: b, claim: wlcg.groups, roles: {x: lead, '*': view}}"
    let read = try ServiceConfiguration(yaml: yaml, file: "t").oidc
    #expect(read?.claim == "wlcg.groups" && read?.roles == ["x": "lead", "*": "view"])
    #expect(throws: ConfigurationError.self) {
      try ServiceConfiguration(yaml: "oidc: {issuer: a}", file: "t")
    }
  }
}
