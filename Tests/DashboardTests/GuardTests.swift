import Foundation
import Hummingbird
import Testing
import Units

@testable import Dashboard

/// Small rules that pages and doors keep.
@Suite struct GuardTests {
  @Test func lengthsOfTimeAreSaidInTheTwoLargestUnits() {
    let hour = 3600.0
    for (seconds, text) in [
      (59, "under 1 min"), (26 * hour, "26 h 00 min"), (47.9 * hour, "47 h 54 min"),
      (49 * hour, "2 d 1 h"),
      (.infinity, "very long"),
    ] { #expect(PageTime.span(seconds: seconds) == text) }
  }

  /// What a team will not observe is not what it is to do next.
  @Test(arguments: ["refused", "observed", "withdrawn", "expired"])
  func whatIsClosedIsNotTheNextTarget(_ state: String) async throws {
    var desk = PageDesk.night
    let (first, second) = (
      desk.telescopeSheet.assignments[0].tile, desk.telescopeSheet.assignments[1].tile
    )
    desk.telescopeSheet.assignments[0].state = state
    let slug = desk.telescopeSheet.telescope.slug
    try await withServer(desk) { site in
      let text = ParsedPage(try await site.send(.get, "/t/\(slug)").body).text
      let next = try #require(
        text.firstRange(of: "Next target").map { text[$0.upperBound...].prefix(600) })
      #expect(next.contains(second) && !next.contains(first), "\(next)")
    }
  }

  /// Another kind of authorization is not nobody's: it is wrong.
  @Test func onlyTokensOpen() async throws {
    try await withServer { site in
      for scheme in ["Basic", "Token x", "x"] {
        let answer = try await site.send(.get, "/api/events", token: "eDp5", scheme: scheme)
        #expect(answer.status == 401, "\(scheme): \(answer.status)")
      }
    }
  }

  @Test func theWayBackToTheNewestKeepsTheFilter() async throws {
    try await withServer(PageDesk.night) { site in
      let id = PageDesk.night.lines[0].id
      let page = ParsedPage(try await site.send(.get, "/?q=go&before=\(id)").body)
      #expect(page.all("a").contains { $0.attributes["href"] == "/?q=go" })
      let all = ParsedPage(try await site.send(.get, "/?before=\(id)").body)
      #expect(!all.all("a").contains { $0.attributes["href"]?.contains("q=") ?? false })
    }
  }

  /// Nobody is led to another site by a link to the door of this one.
  @Test func theWayBackStaysHere() {
    for path in ["//evil.example", "/\\evil.example", "https://evil.example", "evil", "", "/a b", "/\u{7}"] {
      #expect(!LocalPath.isSafe(path), "\(path)")
    }
    for path in ["/", "/events/S1?q=%20", "/t/a~b"] { #expect(LocalPath.isSafe(path), "\(path)") }
  }

  /// What somebody typed into a form that is refused comes back whole.
  @Test func longWordsAreNotLost() throws {
    let words = String(repeating: "clouds over all of Chile ", count: 20)
    let form = FormBody("reason=\(words.replacing(" ", with: "+"))&form_token=x")
    let lost = LostForm(HTTPError(.forbidden), form)
    #expect(lost?.typed == words)
    #expect(LostForm(HTTPError(.conflict), form) == nil)
  }
}
