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
  private func withReader(
    _ q: QueueBench, _ scopes: Set<String> = ["lead"],
    _ body: @Sendable @escaping (SignedInReader) async throws -> Void
  ) async throws {
    q.state.works(q.bench.engine)
    try await SignedInReader.open(q.state, scopes, body)
  }

  @Test func aLeadDecidesAndWhoComesLateLosesNothing() async throws {
    let q = try await QueueBench.mock()
    try await withReader(q) { reader in
      let path = "/events/\(q.event)"
      let page = try await reader.get(path)
      let seen = try #require(SignedInReader.value(of: "seen", in: page.text))
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
      // In the same second, before the engine has taken it up: another is told of it all the same.
      let other = try await SignedInReader.session(q.state, ["lead"], label: "second")
      let both = SignedInReader(site: reader.site, session: other)
      let soon = try await both.post(
        path + "/decision", fields + [("choice", "WATCH"), ("reason", "typed <b>")])
      #expect(soon.status == 409 && soon.text.contains("found elsewhere"), "\(soon.status)")
      #expect(soon.text.contains("typed &lt;b&gt;"))
      q.bench.time.advance(.seconds(1))
      try await q.bench.settle()
      #expect(try await q.bench.store.decisions(on: q.event).last?.outcome == "STOP")
      #expect(try await q.live() == nil)
      let log = try await q.bench.store.log(after: 0, limit: 10_000).last { $0.kind == "decision.answered" }
      #expect(log?.actor == "token night shift (lead)" && log?.body.contains("found elsewhere") ?? false)
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
      let now = try #require(SignedInReader.value(of: "seen", in: late.text))
      let go = try await reader.post(
        path + "/decision", [("seen", now), ("role", "shift leader"), ("choice", "GO"), ("reason", "not it")])
      #expect(go.status == 303, "\(go.text)")
      try await q.bench.settle()
      #expect(try await q.bench.store.decisions(on: q.event).last?.outcome == "GO")
      #expect(try await reader.get("/events/nothing").status == 404)
    }
  }

  /// The page that says who was faster can be sent as it is: it knows of what it shows.
  @Test func whatWasShownIsEnough() async throws {
    let q = try await QueueBench.mock()
    try await SignedInReader.open(q.state, ["lead"]) { reader in
      let path = "/events/\(q.event)"
      let seen = try #require(SignedInReader.value(of: "seen", in: try await reader.get(path).text))
      let fields = [("role", "shift leader"), ("reason", "found elsewhere")]
      let stop = try await reader.post(path + "/decision", fields + [("seen", seen), ("choice", "STOP")])
      #expect(stop.status == 303)
      let second = try await SignedInReader.session(q.state, ["lead"], label: "second")
      let both = SignedInReader(site: reader.site, session: second)
      let engine = Task {
        try await Task.sleep(for: .milliseconds(400))
        q.bench.time.advance(.seconds(1))
        try await q.bench.settle()
      }
      let soon = try await both.post(path + "/decision", fields + [("seen", seen), ("choice", "WATCH")])
      #expect(soon.status == 409 && soon.text.contains("found elsewhere"))
      try await engine.value
      let shown = try #require(SignedInReader.value(of: "seen", in: soon.text))
      let again = try await both.post(path + "/decision", fields + [("seen", shown), ("choice", "GO")])
      #expect(again.status == 303, "\(again.status)")
    }
  }

  /// The session ended while somebody wrote: they get their words back, and nothing else.
  @Test func aLostSessionLosesNoWords() async throws {
    let q = try await QueueBench.mock()
    try await withReader(q) { reader in
      let path = "/events/\(q.event)"
      let seen = try #require(SignedInReader.value(of: "seen", in: try await reader.get(path).text))
      let fields = [
        ("seen", seen), ("role", "shift leader"), ("choice", "STOP"), ("reason", "found <b> elsewhere"),
      ]
      try await StoreDesk(state: q.state).signOut(reader.session.secret)
      let late = try await reader.post(path + "/decision", fields)
      #expect(late.status == 401)
      #expect(late.text.contains("found &lt;b&gt; elsewhere</textarea>"), "\(late.text)")
      #expect(!late.text.contains("golden"), "who is not signed in learns nothing by it")
      // A token of another session, as from a page that was left open over the night.
      let other = try await SignedInReader.session(q.state, ["lead"], label: "day shift")
      let stale = try await reader.site.send(
        .post, path + "/decision", type: "application/x-www-form-urlencoded",
        headers: [("Accept", "text/html")], cookie: "session=\(other.secret)",
        "reason=found+%3Cb%3E+elsewhere&choice=STOP&form_token=" + reader.session.formToken)
      #expect(stale.status == 403 && stale.text.contains("found &lt;b&gt; elsewhere</textarea>"))
      #expect(try await q.bench.store.decisions(on: q.event).last?.outcome == "GO")
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
      #expect(
        outage.kind == "closure" && outage.event == q.event && outage.actor == "token night shift (lead)")
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

  /// A later start and a telescope less are adopted, then taken back one after the other.
  @Test func whatWasAdoptedIsTakenBack() async throws {
    let q = try await QueueBench.mock()
    let one = try await q.busy()[0]
    let plan = try #require(try await q.live())
    let first = try #require(
      try await q.bench.store.assignments(of: plan.id).map(\.assignment.window.start).min())
    let start = first + .hours(2)
    try await withReader(q) { reader in
      let path = "/events/\(q.event)/what-if"
      #expect(try await !reader.get(path).text.contains("Adopted before"))
      let adopted = try await reader.post(
        path, [("drop", one), ("start", start.iso8601()), ("plan", plan.id)])
      #expect(adopted.status == 303, "\(adopted.text)")
      try await q.bench.settle()
      let late = try #require(try await q.live())
      #expect(
        try await q.bench.store.assignments(of: late.id).allSatisfy { $0.assignment.window.start >= start })
      let page = try await reader.get(path).text
      #expect(page.contains("Adopted before") && page.contains("name=\"back\" value=\"start\""))
      #expect(page.contains("nothing before \(start.dateAndClock)"))
      let none = try await reader.post(path + "/undo", [])
      #expect(none.status == 400 && none.text.contains("choose what is taken back"))
      let unknown = try await reader.post(path + "/undo", [("back", "outage:999")])
      #expect(unknown.status == 409)
      let undone = try await reader.post(path + "/undo", [("back", "start")])
      #expect(undone.status == 303, "\(undone.text)")
      try await q.bench.settle()
      let memo = try await q.bench.memo(q.event)
      #expect(memo.adjustment == nil && memo.campaign.order?.adjustment == nil)
      // Ordered anew; what is still to come may stay where it is, if nothing is won by moving it.
      #expect(try await q.bench.log("plan.ordered") == 3)
      let early = try #require(try await q.live())
      let rows = try await q.bench.store.assignments(of: early.id)
      #expect(rows.allSatisfy { $0.assignment.telescope != one }, "what is not taken back holds")
      // Somebody did it first.
      let again = try await reader.post(path + "/undo", [("back", "start")])
      #expect(again.status == 409 && again.text.contains("somebody took it back already"))
      let rest = try await reader.get(path).text
      let piece = try #require(rest.firstRange(of: "value=\"outage:")).upperBound
      let number = String(rest[piece...].prefix { $0 != "\"" })
      #expect(try await reader.post(path + "/undo", [("back", "outage:\(number)")]).status == 303)
      try await q.bench.settle()
      #expect(try await !q.bench.store.queue(of: one, after: q.now).isEmpty, "it is asked again")
      let log = try await q.bench.store.log(after: 0, limit: 10_000).filter { $0.kind == "whatif.taken_back" }
      #expect(log.map(\.actor) == ["token night shift (lead)", "token night shift (lead)"])
      #expect(log.first?.body.contains("nothing before") ?? false)
      #expect(try await !reader.get(path).text.contains("Adopted before"))
    }
  }
}
