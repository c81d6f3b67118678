import Store
import TestSupport
import Testing
import Units

@testable import Dashboard
@testable import Service

/// The buttons on the page of a telescope, for its operator.
@Suite(.serialized) struct SayTests {
  @Test func anOperatorAnswersOnThePage() async throws {
    let q = try await QueueBench.mock()
    let slug = try await q.busy()[0]
    let plan = try #require(try await q.live()?.id)
    try await SignedInReader.open(q.state, ["operator:\(slug)"], label: "team") { team in
      let path = "/t/\(slug)"
      let page = try await team.get(path).text
      #expect(page.contains("value=\"accepted\"") && page.contains("name=\"plan\" value=\"\(plan)\""))
      #expect(try await !team.site.send(.get, path).text.contains("value=\"accepted\""), "strangers")
      let taken = try await team.post(path + "/say", [("plan", plan), ("a", "accepted")])
      #expect(taken.status == 303, "\(taken.text)")
      let thanks = try await team.get(taken.headers["Location"] ?? "")
      #expect(thanks.text.contains("Thank you. On record: accepted"))
      let tile = try #require(SignedInReader.value(of: "tile", in: page))
      let begun = try await team.post(path + "/say", [("tile", tile), ("event", q.event), ("a", "started")])
      #expect(begun.status == 303, "\(begun.text)")
      let states = Set(try await q.bench.store.queue(of: slug, after: q.now).map(\.state.rawValue))
      #expect(states == ["accepted", "started"], "\(states)")
      // Not of a plan as a whole; what was typed stays.
      let all = try await team.post(
        path + "/say", [("plan", plan), ("a", "observed"), ("reason", "half <b> of it")])
      #expect(all.status == 400 && all.text.contains("Not recorded: name the pointing"))
      #expect(all.text.contains("value=\"half &lt;b&gt; of it\""))
      #expect(try await team.post(path + "/say", [("a", "accepted")]).status == 400)
      #expect(try await team.post(path + "/say", [("plan", plan), ("a", "maybe")]).status == 400)
      #expect(try await team.post("/t/nothing/say", [("plan", plan), ("a", "accepted")]).status == 403)
      let no = try await team.post(path + "/say", [("plan", plan), ("a", "refused"), ("reason", "fog")])
      #expect(no.status == 303, "\(no.text)")
      #expect(try await q.bench.store.queue(of: slug, after: q.now).allSatisfy { $0.state == .started })
    }
  }

  @Test func nobodyAnswersForOthers() async throws {
    let q = try await QueueBench.mock()
    let slugs = try await q.busy()
    let plan = try #require(try await q.live()?.id)
    try await SignedInReader.open(q.state, ["operator:\(slugs[1])", "lead"]) { other in
      #expect(try await !other.get("/t/\(slugs[0])").text.contains("value=\"accepted\""))
      let taken = try await other.post("/t/\(slugs[0])/say", [("plan", plan), ("a", "accepted")])
      #expect(taken.status == 403)
    }
  }
}
