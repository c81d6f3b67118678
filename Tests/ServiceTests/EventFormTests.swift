import Campaigns
import Foundation
import Store
import TestSupport
import Testing
import Units
import WebClient

@testable import Dashboard
@testable import Service

/// The forms on the page of an event: to decide, and to ask what would be.
@Suite(.serialized) struct EventFormTests {
  /// A browser in which somebody signed in.
  private struct Reader: Sendable {
    let site: QueueSite
    let session: Session

    func get(_ path: String) async throws -> WebResponse { try await send(.get, path, nil) }
    func post(_ path: String, _ fields: [(String, String)]) async throws -> WebResponse {
      let all = fields + [("form_token", session.formToken)]
      let text = all.map { "\(LocalPath.encoded($0.0))=\(LocalPath.encoded($0.1))" }.joined(separator: "&")
      return try await send(.post, path, text)
    }
    private func send(_ method: WebRequest.Method, _ path: String, _ body: String?) async throws
      -> WebResponse
    {
      var request = WebRequest(method, try WebURL("http://127.0.0.1:\(site.port)\(path)"))
      request.deadlines = Deadlines(connect: .seconds(30), total: .seconds(120))
      request.secretHeaders = [SecretHeader("Cookie", Secret("session=\(session.secret)"))]
      request.headers["Accept"] = "text/html"
      if let body {
        request.body = WebBody(Array(body.utf8), contentType: "application/x-www-form-urlencoded")
      }
      return try await site.client.send(request)
    }
  }

  private static func value(of name: String, in page: String) -> String? {
    page.firstRange(of: "name=\"\(name)\" value=\"").map {
      String(page[$0.upperBound...].prefix { $0 != "\"" })
    }
  }

  private func withReader(
    _ q: QueueBench, _ scopes: Set<String> = ["lead"],
    _ body: @Sendable @escaping (Reader) async throws -> Void
  ) async throws {
    q.state.works(q.bench.engine)
    let token = try await q.token(scopes, label: "night shift")
    let session = try #require(try await StoreDesk(state: q.state).signIn(token: token))
    try await q.withSite { site in try await body(Reader(site: site, session: session)) }
  }

  @Test func aLeadDecidesAndWhoComesLateLosesNothing() async throws {
    let q = try await QueueBench.mock()
    try await withReader(q) { reader in
      let path = "/events/\(q.event)"
      let page = try await reader.get(path)
      let seen = try #require(Self.value(of: "seen", in: page.text))
      #expect(page.text.contains("value=\"STOP\"") && !page.text.contains("confirm_stop"))
      let fields = [("seen", seen), ("role", "shift leader")]
      let empty = try await reader.post(path + "/decision", fields + [("choice", "STOP"), ("reason", " ")])
      #expect(empty.status == 409 && empty.text.contains("a reason is missing"))
      let role = try await reader.post(
        path + "/decision", [("seen", seen), ("role", "nobody"), ("choice", "GO"), ("reason", "why")])
      #expect(role.status == 409 && role.text.contains("may not decide"))
      let none = try await reader.post(path + "/decision", fields + [("reason", "x")])
      #expect(none.status == 400)
      let stop = try await reader.post(
        path + "/decision", fields + [("choice", "STOP"), ("reason", "found elsewhere")])
      #expect(stop.status == 303, "\(stop.text)")
      #expect(stop.headers["Location"] == path + "?said=recorded#decide")
      q.bench.time.advance(.seconds(1))
      try await q.bench.settle()
      #expect(try await q.bench.store.decisions(on: q.event).last?.outcome == "STOP")
      #expect(try await q.live() == nil)
      let log = try await q.bench.store.log(after: 0, limit: 10_000).last { $0.kind == "decision.answered" }
      #expect(log?.actor == "night shift" && log?.body.contains("found elsewhere") ?? false)
      // The same page again, by somebody who has not seen it.
      let late = try await reader.post(
        path + "/decision", fields + [("choice", "LIMITED"), ("reason", "only <two>"), ("telescope", "tca")])
      #expect(late.status == 409)
      #expect(late.text.contains("Somebody acted first") && late.text.contains("found elsewhere"))
      #expect(late.text.contains("only &lt;two&gt;</textarea>"))
      #expect(
        late.text.contains(
          "id=\"choice-LIMITED\" name=\"choice\" value=\"LIMITED\" required=\"required\" checked"))
      #expect(late.text.contains("id=\"only-tca\" name=\"telescope\" value=\"tca\" checked"))
      #expect(try await q.bench.store.decisions(on: q.event).last?.outcome == "STOP")
      // Sent again with what was shown, it counts: the campaign that a person ended is opened by a person.
      let now = try #require(Self.value(of: "seen", in: late.text))
      let go = try await reader.post(
        path + "/decision", [("seen", now), ("role", "shift leader"), ("choice", "GO"), ("reason", "not it")])
      #expect(go.status == 303, "\(go.text)")
      try await q.bench.settle()
      #expect(try await q.bench.store.decisions(on: q.event).last?.outcome == "GO")
      #expect(try await reader.get("/events/nothing").status == 404)
    }
  }

  @Test func onlyALeadDecidesOrAsks() async throws {
    let q = try await QueueBench.mock()
    try await withReader(q, ["view"]) { reader in
      let path = "/events/\(q.event)"
      let page = try await reader.get(path).text
      #expect(page.contains("takes the scope lead") && !page.contains("name=\"choice\""))
      #expect(try await reader.post(path + "/decision", [("choice", "STOP")]).status == 403)
      #expect(try await reader.get(path + "/what-if").status == 403)
      #expect(try await reader.post(path + "/what-if", []).status == 403)
      #expect(try await reader.site.send(.get, path + "/what-if").status == 401)
    }
  }

  @Test func aWhatIfIsShownAndAdopted() async throws {
    let q = try await QueueBench.mock()
    let busy = try await q.busy()
    let one = busy[0]
    let plan = try #require(try await q.live())
    let token = try await q.token(["lead"])
    try await withReader(q) { reader in
      let path = "/events/\(q.event)/what-if"
      let log = try await q.bench.store.lastLogSequence()
      let empty = try await reader.get(path)
      #expect(empty.status == 200 && empty.text.contains("id=\"drop-\(one)\""))
      let page = try await reader.get(path + "?drop=\(one)&cloud=&until=&start=")
      #expect(page.status == 200 && page.text.contains("without "), "\(page.text)")
      // To look changes nothing.
      #expect(try await q.bench.store.lastLogSequence() == log)
      #expect(try await q.live()?.id == plan.id)
      let api = try await reader.site.send(
        .post, "/api/events/\(q.event)/what-if", token: token, #"{"drop": ["\#(one)"]}"#)
      #expect(api.status == 200, "\(api.text)")
      let after = try #require(api.object["after"] as? [String: Any])
      let before = try #require(api.object["before"] as? [String: Any])
      #expect(after["probability"] as? Double ?? 1 <= (before["probability"] as? Double ?? 0) + 1e-6)
      let parts = try #require(api.object["parts"] as? [[String: Any]])
      let own = try #require(parts.first { $0["slug"] as? String == one })
      #expect(own["tiles_after"] as? Int == 0 && own["tiles_before"] as? Int ?? 0 > 0)
      // Adopted from an old page it does nothing.
      let old = try await reader.post(path, [("drop", one), ("plan", "other")])
      #expect(old.status == 409 && old.text.contains("the plan has changed"))
      #expect(old.text.contains("id=\"drop-\(one)\" name=\"drop\" value=\"\(one)\" checked"))
      let adopted = try await reader.post(path, [("drop", one), ("plan", plan.id)])
      #expect(adopted.status == 303, "\(adopted.text)")
      try await q.bench.settle()
      let new = try #require(try await q.live())
      #expect(new.id != plan.id)
      #expect(try await q.bench.store.queue(of: one, after: q.now).isEmpty)
      let count = try await q.bench.store.assignments(of: new.id).count
      #expect(count == after["tiles"] as? Int, "what was shown is what was made")
      let outage = try #require(try await q.desk.outages(of: one).first)
      #expect(outage.kind == "closure" && outage.event == q.event && outage.actor == "night shift")
      #expect(try await q.bench.texts("whatif.adopted").count == 1)
      // One order for all of it.
      #expect(try await q.bench.log("plan.ordered") == 2)
    }
  }

  @Test func cloudsDelayAndBadWishes() async throws {
    let q = try await QueueBench.mock()
    let one = try await q.busy()[0]
    let telescope = try #require(q.state.settings.telescopes.first { $0.slug == one })
    let plan = try #require(try await q.live())
    let token = try await q.token(["lead"])
    let start = q.now + .hours(3)
    try await withReader(q) { reader in
      let path = "/api/events/\(q.event)/what-if"
      for bad in [
        "{}", #"{"drop": ["nobody"]}"#, #"{"clouds": [{"site": "Nowhere", "until_utc": "20:00"}]}"#,
        #"{"clouds": [{"site": "\#(one)", "until_utc": "soon"}]}"#, #"{"start_utc": "1999-01-01T00:00Z"}"#,
        #"{"add": [5]}"#,
      ] {
        #expect(try await reader.site.send(.post, path, token: token, bad).status == 400, "\(bad)")
      }
      let wish =
        #"{"clouds": [{"site": "\#(telescope.site.name)", "until_utc": "\#((q.now + .hours(2)).iso8601())"}], "#
        + #""start_utc": "\#(start.iso8601())", "plan": "\#(plan.id)"}"#
      let done = try await reader.site.send(.post, path + "/adopt", token: token, wish)
      #expect(done.status == 202, "\(done.text)")
      try await q.bench.settle()
      let new = try #require(try await q.live())
      let rows = try await q.bench.store.assignments(of: new.id)
      #expect(!rows.isEmpty && rows.allSatisfy { $0.assignment.window.start >= start })
      let outage = try #require(try await q.desk.outages(of: one).first)
      #expect(outage.kind == "weather" && outage.event == nil)
      // It holds over a restart and a further plan.
      let memo = try await q.bench.memo(q.event)
      #expect(memo.adjustment?.notBefore == start)
      #expect(memo.campaign.order?.adjustment?.notBefore == start)
    }
  }
}
