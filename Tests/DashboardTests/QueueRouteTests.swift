import Foundation
import Hummingbird
import Testing

@testable import Dashboard

@Suite struct QueueRouteTests {
  @Test func theAnswerPageNeedsNoScriptAndEscapes() async throws {
    try await withServer { site in
      let page = try await site.send(.get, "/t/TAROT-TCA/answer?e=1&n=ab&s=good")
      #expect(page.status == 200, "\(page.text)")
      #expect(page.text.contains("TAROT &lt;Calern&gt;") && !page.text.contains("TAROT <Calern>"))
      #expect(page.text.contains("method=\"post\"") && page.text.contains("name=\"plan\""))
      #expect(page.headers["Content-Security-Policy"]?.contains("form-action 'self'") == true)
      let body = [UInt8]("e=1&n=ab&s=good&a=accepted&plan=p%20q".utf8)
      let said = try await site.send(.post, "/t/TAROT-TCA/answer", body: body)
      #expect(said.status == 303)
      let done = try await site.send(.get, said.headers["Location"] ?? "/")
      #expect(done.text.contains("Thank you. On record: accepted, 1 pointing."))
      try await site.expect(403, .get, "/t/TAROT-TCA/answer?e=1&n=ab&s=bad")
      try await site.expect(403, .get, "/t/TAROT-TCA/answer")
      try await site.expect(403, .get, "/t/TAROT-TCA/answer?e=x&n=ab&s=good")
      try await site.expect(403, .get, "/t/TAROT-TCA/answer?e=1&n=..%2F&s=good")
      try await site.expect(400, .post, "/t/TAROT-TCA/answer", body: [UInt8]("e=1&n=ab&s=good".utf8))
      // The page of the telescope and its files stay where they are.
      try await site.expect(200, .get, "/t/TAROT-TCA")
      try await site.expect(200, .get, "/t/TAROT-TCA/plan.txt")
      try await site.expect(200, .get, "/plans/p/TAROT-TCA.txt")
    }
  }

  @Test func whatIsSignedPassesAClosedDoorAndNothingElse() async throws {
    try await withServer(openReading: false) { site in
      try await site.expect(200, .get, "/t/TAROT-TCA/answer?e=1&n=ab&s=good")
      try await site.expect(401, .get, "/t/TAROT-TCA/plan.txt")
      try await site.expect(401, .get, "/api/telescopes/TAROT-TCA/queue")
      try await site.expect(401, .post, "/api/slack/actions", body: [1])
      try await site.expect(401, .post, "/api/telescopes/TAROT-TCA/answers", body: [1])
    }
  }
}

@Suite struct RateGateTests {
  @Test func aBucketEmptiesAndFillsAgain() {
    let gate = RateGate(.init(burst: 3, perSecond: 2))
    let start = ContinuousClock.now
    for _ in 0..<3 { #expect(gate.pass("a", at: start) == nil) }
    #expect(gate.pass("a", at: start) == 1)
    #expect(gate.pass("b", at: start) == nil)
    #expect(gate.pass("a", at: start + .milliseconds(400)) != nil)
    #expect(gate.pass("a", at: start + .milliseconds(900)) == nil)
    // A clock that stands or jumps back gives nothing away.
    #expect(gate.pass("a", at: start - .seconds(100)) == 1, "and takes nothing")
    for i in 0..<20_000 { _ = gate.pass("crowd \(i)", at: start) }
    #expect(gate.pass("one more", at: start) == 1)
    #expect(gate.pass("one more", at: start + .seconds(60)) == nil)
  }
}

@Suite struct BodyReaderTests {
  @Test func tablesAreReadByTheRules() throws {
    let text = "\u{FEFF}a,B ,c\r\n1,\"x, \"\"y\"\"\nz\",3\n\n4,,\n"
    let rows = try BodyReader.csv(Array(text.utf8), limit: 10).rows
    #expect(rows == [["a": "1", "b": "x, \"y\"\nz", "c": "3"], ["a": "4"]])
    #expect(try BodyReader.csv([], limit: 1).rows.isEmpty)
    for bad in ["a,a\n1,2", "a,b\n1", "a\n\"1"] {
      #expect(throws: HTTPError.self) { try BodyReader.csv(Array(bad.utf8), limit: 10) }
    }
    #expect(throws: HTTPError.self) { try BodyReader.csv(Array("a\n1\n2\n3\n".utf8), limit: 2) }
  }

  @Test func formsAreReadOnceAName() {
    #expect(BodyReader.form(Array("a=1+2&a=3&b=%C3%A9&c".utf8)) == ["a": "1 2", "b": "é", "c": ""])
  }
}
