import Testing
import WebClient

@testable import Dashboard

/// The decision card says which rule decided, what failed, and that most rules are simply about other events.
@Suite struct CriteriaTests {
  private static let section = CriteriaSection(PageDesk.night.sheet.card)

  @Test func theRuleThatAppliesComesFirstWithAllOfItsCriteria() throws {
    let section = try #require(Self.section)
    #expect(section.isDecided)
    #expect(section.rules.map(\.name) == ["R6", "seen in X-rays", "golden"])
    let first = try #require(section.rules.first)
    #expect(first.mark.word == "applies" && first.mark.tone == "go")
    #expect(first.clauses.map(\.mark.word) == ["pass", "not needed"])
    #expect(first.clauses.allSatisfy { $0.mark.tone != "stop" })
  }

  @Test func onlyWhatKeptARuleFromAskingIsAFailure() throws {
    let section = try #require(Self.section)
    let golden = try #require(section.rules.last)
    #expect(golden.mark.word == "does not apply" && golden.mark.tone == "no")
    #expect(golden.clauses.map(\.label) == ["distance"], "what passed is not why")
    #expect(golden.clauses.map(\.mark.tone) == ["stop"])
    let other = try #require(section.others.first)
    #expect(section.others.count == 1 && other.name == "neutrinos" && other.mark.tone == "no")
    #expect(other.because == "kind of event gravitational wave; wanted: neutrino")
  }

  @Test func aCardWithoutRulesHasNone() {
    #expect(CriteriaSection([]) == nil)
    #expect(CriteriaSection([.init(kind: "fact", label: "FAR", text: "x", verdict: nil)]) == nil)
    let none = CriteriaSection([.init(kind: "rule", label: "p", text: "r", verdict: "does_not_apply")])
    #expect(none?.isDecided == false && none?.others.count == 1)
  }

  /// On the page: one red mark, before the rules that are folded away.
  @Test func thePageShowsThem() async throws {
    try await withServer(PageDesk.night) { site in
      let html = try await site.send(.get, "/events/S230518h").text
      let page = ParsedPage(Array(html.utf8))
      for words in [
        "▲ applies R6", "✓ pass 90 % area", "○ not needed 50 % area", "○ does not apply golden",
        "✕ fail distance", "? not known yet seen in X-rays", "1 other rule does not apply",
        "○ does not apply neutrinos",
      ] { #expect(page.text.contains(words), "\(words)") }
      let card = try #require(html.firstRange(of: "id=\"decision-h\""))
      let end = try #require(html.firstRange(of: "id=\"other-rules\""))
      #expect(card.upperBound < end.lowerBound)
      #expect(html[card.upperBound..<end.lowerBound].ranges(of: "mark stop").count == 1)
      #expect(!html[end.upperBound...].prefix(1500).contains("mark stop"))
    }
  }
}
