import Testing

@testable import Campaigns

/// What people read of a comparison: words and units, no keys.
@Suite struct PlainClauseTests {
  private static func text(
    _ fact: FactName, _ comparison: Comparison, _ saw: FactValue?, not isNegated: Bool = false
  ) -> String {
    let clause = ClauseTrace(
      fact: fact, comparison: comparison, saw: saw, truth: .yes, isNegated: isNegated)
    return "\(clause.subject): \(clause.plainText)"
  }

  @Test(arguments: [
    (text(.area90, .below(200), .number(29.0662)), "90 % area: 29.1 deg²; wanted: below 200 deg²"),
    (text(.distance, .below(200), .number(116.8543)), "distance: 117 Mpc; wanted: below 200 Mpc"),
    (text(.distance, .below(200), nil), "distance: not known; wanted: below 200 Mpc"),
    (
      text(.kind, .oneOf(["gravitationalWave"]), .word("burst")),
      "kind of event: burst; wanted: gravitational wave"
    ),
    (text(.sourceClass, .oneOf(["BNS", "NSBH"]), .word("MassGap")), "class: MassGap; wanted: BNS or NSBH"),
    (text(.significant, .isFlag(false), .flag(true)), "significant: yes; wanted: no"),
    (text(.coincidence, .isFlag(true), .flag(true), not: true), "coincidence: yes; wanted: not yes"),
    (text(.instruments, .includesAny(["H1"]), .words([])), "instruments: none; wanted: H1"),
    (
      text(.farPerYear, .atMost(12), .number(2.857e-6)),
      "false alarm rate: 2.9e-6 per year; wanted: at most 12 per year"
    ),
    (text(.magnitude, .known(true), .number(17.25)), "magnitude: 17.3; wanted: any value"),
    (text(.age, .above(24), .number(0.3891)), "age: 0.3891 h; wanted: above 24 h"),
    (text(.xRayCounterpart, .isFlag(true), nil), "X-ray counterpart: not known; wanted: yes"),
    (text(.area90, .below(200), .number(.nan)), "90 % area: nan deg²; wanted: below 200 deg²"),
    (text(.area90, .below(200), .number(1e300)), "90 % area: 1e300 deg²; wanted: below 200 deg²"),
  ])
  func itReadsLikeASentence(_ found: String, _ wanted: String) { #expect(found == wanted) }

  /// No key of the policies' language gets to people.
  @Test func everyFactHasAName() {
    for fact in FactName.allCases { #expect(!fact.words.contains("_"), "\(fact)") }
  }
}
