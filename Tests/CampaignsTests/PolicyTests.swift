import Foundation
import TestSupport
import Testing
import Units

@testable import Campaigns

@Suite struct PolicyTests {
  struct Case: Sendable {
    let name: String, kind: String, distance: Double, area90: Double, area50: Double
    let outcomes: [Outcome]
  }
  static let policies = [
    "grandma", "grandma-r1", "grandma-r2", "grandma-r3", "grandma-r4", "grandma-r6", "grandma-r7",
  ]
  /// The training scenarios; one outcome for each policy above.
  static let cases = [
    Case(
      name: "S310203a", kind: "BNS", distance: 150, area90: 180, area50: 40,
      outcomes: [.go, .go, .go, .go, .go, .no, .go]),
    Case(
      name: "S230621ab", kind: "BBH", distance: 150, area90: 500, area50: 100,
      outcomes: [.go, .no, .no, .go, .no, .go, .no]),
    Case(
      name: "S230708kl", kind: "BNS", distance: 180, area90: 400, area50: 100,
      outcomes: [.go, .no, .go, .go, .go, .no, .go]),
    Case(
      name: "S230816yz", kind: "NSBH", distance: 90, area90: 150, area50: 40,
      outcomes: [.go, .go, .go, .go, .go, .no, .go]),
    Case(
      name: "S231003xy", kind: "BBH", distance: 300, area90: 600, area50: 150,
      outcomes: [.no, .no, .no, .no, .no, .no, .no]),
  ]

  @Test(arguments: cases) func trainingScenario(_ c: Case) throws {
    let facts = waveFacts(c.name, c.kind, distance: c.distance, area90: c.area90, area50: c.area50)
    for (policy, expected) in zip(Self.policies, c.outcomes) {
      let decision = try shipped(policy).decide(on: facts)
      #expect(decision.outcome == expected, "\(policy) on \(c.name): \(DecisionCard(decision).text)")
    }
  }

  /// The sixth scenario: one detector, then a false alarm. Before the retraction nothing, after it STOP.
  @Test func falseAlarmOfOneDetector() throws {
    let one = waveFacts("S231020gh", "BNS", distance: 180, area90: 9000, area50: 3000)
    let first = try shipped("grandma").decide(on: one)
    #expect(first.outcome == .go)
    let gone = EventFacts(eventName: "S231020gh", status: .retracted, one.values)
    let second = try shipped("grandma").decide(on: gone, after: first)
    #expect(second.outcome == .stop)
    #expect(second.previousOutcome == .go)
    #expect(DecisionCard(second).text.contains("changed    outcome: GO -> STOP"))
    #expect(DecisionCard(first).text.contains("BNS, gravitational wave"))
    #expect(DecisionCard(second).observationsPost.hasSuffix("STOP-GRANDMA. @channel"))
  }

  // MARK: The score

  @Test(arguments: [
    ("BNS", 499.9, 499.9, 3), ("NSBH", 499.9, 499.9, 3), ("BNS", 500, 499.9, 2), ("BNS", 499.9, 500, 2),
    ("BBH", 499.9, 499.9, 2), ("BBH", 500, 499.9, 1), ("BBH", 499.9, 500, 1), ("Terrestrial", 1, 1, 0),
  ])
  func score(_ kind: String, _ distance: Double, _ area: Double, _ expected: Int) {
    let facts = waveFacts("S310203a", kind, distance: distance, area90: area)
    #expect(GrandmaScore(of: facts).value == expected)
    #expect(GrandmaScore(of: facts).isGo == (expected > 1))
    #expect(GrandmaScore(of: waveFacts("G310203a", kind, distance: distance, area90: area)).value == 0)
  }

  @Test func scoreNamesWhatItLacks() {
    let score = GrandmaScore(of: waveFacts("S310203a", "BNS", distance: nil, area90: nil))
    #expect(score.value == 2)
    #expect(score.missing == [.distance, .area90])
    let cuts = ScoreCuts()
    #expect((cuts.bbhProbability, cuts.distanceMpc) == (0.5, 500))
  }

  @Test func cutsOfThePolicyChangeTheScore() throws {
    let yaml = Self.policy.replacingOccurrences(
      of: "rules:", with: "score_cuts: {distance_mpc: 100, area_bns_nsbh_deg2: 50}\nrules:")
    let policy = try Policy(yaml: yaml, file: "x.yaml")
    let decision = policy.decide(on: waveFacts("S310203a", "BNS", distance: 120, area90: 40))
    #expect(decision.facts.score?.value == 2)
  }

  // MARK: The language

  static let policy = """
    policy: x
    title: x
    source: x
    rules:
      - name: a
        when: {area90_deg2: {below: 200}}
        then: {outcome: GO}
    otherwise: {outcome: NO}
    """

  /// What is wrong in place of the rule's line, where it is found, and what is said.
  @Test(arguments: [
    ("when: {area90_deg: {below: 200}}", 6, "did you mean `area90_deg2`?"),
    ("when: {area90_deg2: {belov: 200}}", 6, "did you mean `below`?"),
    ("when: {area90_deg2: {below: many}}", 6, "is not a number"),
    ("when: {area90_deg2: {below: \"200\"}}", 6, "is not a number"),
    ("when: {p_bns: {above: 90}}", 6, "90 is outside 0...1"),
    ("when: {class: {is: BNSS}}", 6, "did you mean `BNS`?"),
    ("when: {class: {one_of: []}}", 6, "names no word"),
    ("when: {significant: maybe}", 6, "has no comparison"),
    ("when: {significant: {is: 3}}", 6, "is neither true nor false"),
    ("when: {all: {area90_deg2: {below: 1}}}", 6, "is not a list"),
    ("when: {}", 6, "is not a condition"), ("when: {area90_deg2: {}}", 6, "has no comparison"),
    ("whenn: {area90_deg2: {below: 200}}", 6, "is not a known key"),
    ("when: [1", 7, "not valid YAML"), ("when: *a", 6, "anchors and aliases"),
    ("when: {redshift: {below: .nan}}", 6, "is not a number"),
    ("when: {objective, with: {a: 1}}", 6, "is not a known fact"),
  ])
  func conditionsThatAreRefused(_ line: String, _ number: Int, _ said: String) {
    check(Self.policy.replacingOccurrences(of: "when: {area90_deg2: {below: 200}}", with: line), number, said)
  }

  @Test(arguments: [
    ("then: {outcome: G0}", 7, "`G0` is not an outcome; did you mean `GO`?"),
    ("then: {tags: [a]}", 7, "is missing"),
    ("then: {outcome: LIMITED}", 7, "but the outcome is LIMITED"),
    ("then: {outcome: GO, priority: 6}", 7, "is not a number within 1...5"),
    ("then: {outcome: GO, priority: 2.5}", 7, "is not a whole number"),
    ("then: {outcome: GO, probability: 70}", 7, "is not a number within 0...1"),
    ("then: {outcome: GO, exposures: {count: 3}}", 7, "is missing"),
    ("then: {outcome: GO, exposures: {count: 3.5, each_s: 10}}", 7, "is not a whole number"),
    ("then: {outcome: GO, telescopes: [A, A]}", 7, "stands there twice"),
    ("then: {outcome: GO, telescopes: [A], exclude_telescopes: [A]}", 7, "is also allowed"),
    ("then: {outcome: GO, objective: near, far}", 7, "is not a known key"),
    ("then: GO", 7, "is not a section"),
  ])
  func ordersThatAreRefused(_ line: String, _ number: Int, _ said: String) {
    check(Self.policy.replacingOccurrences(of: "then: {outcome: GO}", with: line), number, said)
  }

  private func check(_ yaml: String, _ number: Int, _ said: String) {
    #expect {
      _ = try Policy(yaml: yaml, file: "mine/x.yaml")
    } throws: { error in
      let text = "\(error)"
      let found = text.contains("mine/x.yaml:\(number): ") && text.contains(said)
      if !found { print(text) }
      return found
    }
  }

  @Test func allProblemsAreReportedAtOnce() {
    let yaml = Self.policy.replacingOccurrences(of: "{below: 200}", with: "{belov: 200}")
      .replacingOccurrences(of: "title: x", with: "titel: x").replacingOccurrences(of: "NO}", with: "MAYBE}")
    #expect {
      _ = try Policy(yaml: yaml, file: "x.yaml")
    } throws: { error in
      guard case .invalid(_, let problems)? = error as? PolicyError else { return false }
      return problems.count == 4 && "\(error)".split(separator: "\n").count == 4
    }
  }

  @Test(arguments: [
    "", "[]", "just text", "policy: {", "\u{0}\u{1}", String(repeating: "[", count: 5000),
    String(repeating: "- ", count: 3000) + "x", "a: &a [*a]", String(repeating: "#", count: 300_000),
  ])
  func hostileTextIsRefused(_ yaml: String) {
    #expect(throws: PolicyError.self) { try Policy(yaml: yaml, file: "x.yaml") }
  }

  @Test func unknownValuesPropagate() {
    let big = Condition.fact(.area90, .above(5))
    let known = EventFacts(eventName: "x", [.distance: .number(1)])
    var traces: [ClauseTrace] = []
    func judge(_ condition: Condition) -> Truth { condition.judge(known, into: &traces) }
    let near = Condition.fact(.distance, .below(2))
    #expect(judge(.all([big, near])) == .unknown)
    #expect(judge(.all([big, .not(near)])) == .no)
    #expect(judge(.any([big, near])) == .yes)
    #expect(judge(.any([big, .not(near)])) == .unknown)
    #expect(judge(.not(big)) == .unknown)
    #expect(judge(.fact(.area90, .known(false))) == .yes)
    #expect(judge(.fact(.distance, .known(true))) == .yes)
    // A value of another kind than the comparison wants.
    #expect(Comparison.below(1).judge(.word("x")) == .unknown)
    #expect(Comparison.below(1).judge(.number(.nan)) == .unknown)
    #expect(traces.count == 11)
  }

  @Test func missingAreaIsWatchAndSaysWhatIsMissing() throws {
    let facts = waveFacts("S310203a", "BNS", distance: 900, area90: nil)
    let decision = try shipped("grandma-r2").decide(on: facts)
    #expect(decision.outcome == .watch)
    #expect(
      decision.reasons[0] == "Not NO yet: near or small may still hold; missing: area50_deg2, area90_deg2.")
    #expect(decision.clause == "otherwise")
    #expect(decision.undecided == ["near or small"])
  }

  @Test func everyClauseShowsWhatItSaw() throws {
    let facts = waveFacts("S310203a", "BNS", distance: 150, area90: nil)
    let decision = try shipped("grandma-r1").decide(on: facts)
    let clauses = try #require(decision.rules.last).clauses.map(\.text)
    #expect(
      clauses == [
        "class is one of BNS, NSBH: BNS [pass]", "distance_mpc below 200: 150 [pass]",
        "area90_deg2 below 200: not known [unknown]", "grandma_score at least 2: 2 [pass]",
      ])
  }

  // MARK: Libraries

  @Test func nothingIsLostOnTheWayToTheBundle() throws {
    let library = try PolicyLibrary(PolicyFolder.shipped())
    #expect(library.names == shippedNames)
    for name in shippedNames { #expect(try library.policy(named: name).name == name) }
    let source = packageRoot.appending(path: "Sources/Campaigns/Policies")
    for file in try PolicyFolder.files(in: source) {
      #expect(library.file(named: file.name)?.text == file.text)
    }
  }

  @Test func shippedPoliciesHaveNoFindings() throws {
    let folder = packageRoot.appending(path: "telescopes")
    let ids = try FileManager.default.contentsOfDirectory(atPath: folder.path).compactMap { name in
      try String(contentsOf: folder.appending(path: name), encoding: .utf8).split(separator: "\n")
        .first { $0.hasPrefix("id: ") }.map { String($0.dropFirst(4)) }
    }
    #expect(ids.contains("TAROT-TCA"))
    let findings = try PolicyLibrary(PolicyFolder.shipped()).lint(telescopes: ids)
    #expect(findings.isEmpty, "\(findings)")
  }

  @Test func theUsersFolderWins() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "policies-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    // A leftover in the temporary folder is harmless.
    defer { try? FileManager.default.removeItem(at: folder) }
    let mine = """
      policy: grandma-r6
      title: All black holes
      source: a test
      applies_to: {class: {is: BBH}}
      rules:
        - name: any
          when: {class: {is: BBH}}
          then: {outcome: GO}
      otherwise: {outcome: NO}
      """
    try Data(mine.utf8).write(to: folder.appending(path: "grandma-r6.yaml"))
    try Data(Self.policy.utf8).write(to: folder.appending(path: "x.yaml"))
    try Data("not a policy".utf8).write(to: folder.appending(path: "notes.txt"))
    let library = try PolicyLibrary(PolicyFolder.files(in: folder), PolicyFolder.shipped())
    #expect(library.names.count == shippedNames.count + 1)
    // Where another policy includes it, too.
    let facts = waveFacts("S310203a", "BBH", distance: 9000, area90: 9000)
    #expect(try library.policy(named: "grandma").decide(on: facts).clause == "grandma-r6: any")
    #expect(throws: PolicyError.self) { try library.policy(named: "grandma-r66") }
    #expect(throws: PolicyError.self) { try PolicyFolder.files(in: folder.appending(path: "missing")) }
  }

  @Test func lintNamesFileAndLine() throws {
    let doubtful = """
      policy: doubtful
      title: x
      source: x
      rules:
        - name: never
          when: {area90_deg2: {below: 100, above: 200}}
          then: {outcome: GO}
        - name: first
          when: {class: {is: BNS}}
          then:
            outcome: LIMITED
            telescopes: [TAROT-TCA, TAROT-TXA]
        - name: again
          when: {class: {is: BNS}}
          then: {outcome: GO}
      otherwise: {outcome: NO}
      """
    let library = PolicyLibrary(
      [
        PolicyFile(name: "doubtful", path: "p/doubtful.yaml", text: doubtful),
        PolicyFile(name: "named", path: "p/named.yaml", text: Self.policy),
        PolicyFile(
          name: "broken", path: "p/broken.yaml",
          text: Self.policy.replacingOccurrences(of: "GO", with: "GOO")),
      ])
    #expect(
      library.lint(telescopes: ["TAROT-TCA", "TAROT-TCH"]).map(\.description) == [
        "p/broken.yaml:7: error: `rules[0].then.outcome` `GOO` is not an outcome; did you mean `GO`?",
        "p/doubtful.yaml:5: warning: rule `never` can never hold: its conditions exclude each other",
        "p/doubtful.yaml:13: warning: rule `again` is never reached: `first` asks the same before it",
        "p/doubtful.yaml:12: warning: `TAROT-TXA` is not in the registry; did you mean `TAROT-TCA`?",
        "p/named.yaml:1: error: `policy` is `x` in a file called `named`; give both the same name",
      ])
  }

  @Test func excludingConditionsAreSeen() {
    func never(_ comparisons: Comparison...) -> Bool {
      Condition.all(comparisons.map { .fact(.distance, $0) }).neverHolds
    }
    #expect(never(.below(5), .above(5)))
    #expect(never(.below(5), .atLeast(5)))
    #expect(never(.atMost(5), .above(5)))
    #expect(!never(.atMost(5), .atLeast(5)))
    #expect(!never(.below(5), .above(4)))
    #expect(never(.atLeast(6), .atMost(5)))
    #expect(Condition.any([.all([.fact(.distance, .below(1)), .fact(.distance, .above(2))])]).neverHolds)
  }
}
