import Testing
import Units

@testable import Campaigns

@Suite struct PolicyTests {
  struct Case: Sendable {
    let name: String, kind: String, distance: Double, area90: Double, area50: Double
    let outcomes: [Outcome]
  }
  static let policies = ["grandma", "grandma-r1", "grandma-r2", "grandma-r3", "grandma-r4", "grandma-r6", "grandma-r7"]
  /// The training scenarios; one outcome for each policy above.
  static let cases = [
    Case(name: "S310203a", kind: "BNS", distance: 150, area90: 180, area50: 40, outcomes: [.go, .go, .go, .go, .go, .no, .go]),
    Case(name: "S230621ab", kind: "BBH", distance: 150, area90: 500, area50: 100, outcomes: [.go, .no, .no, .go, .no, .go, .no]),
    Case(name: "S230708kl", kind: "BNS", distance: 180, area90: 400, area50: 100, outcomes: [.go, .no, .go, .go, .go, .no, .go]),
    Case(name: "S230816yz", kind: "NSBH", distance: 90, area90: 150, area50: 40, outcomes: [.go, .go, .go, .go, .go, .no, .go]),
    Case(name: "S231003xy", kind: "BBH", distance: 300, area90: 600, area50: 150, outcomes: [.no, .no, .no, .no, .no, .no, .no]),
  ]

  @Test(arguments: cases) func trainingScenario(_ c: Case) throws {
    let facts = waveFacts(c.name, c.kind, distance: c.distance, area90: c.area90, area50: c.area50)
    for (policy, expected) in zip(Self.policies, c.outcomes) {
      let decision = try shipped(policy).decide(on: facts)
      #expect(decision.outcome == expected, "\(policy) on \(c.name): \(DecisionCard(decision).text)")
    }
  }

  @Test(arguments: shippedNames) func shippedPolicyIsValid(_ name: String) throws {
    #expect(try shipped(name).name == name)
  }

  @Test func missingAreaIsWatchNotNo() throws {
    let facts = waveFacts("S310203a", "BNS", distance: 900, area90: nil)
    #expect(try shipped("grandma-r2").decide(on: facts).outcome == .watch)
  }

  @Test func unknownKeyIsRefusedWithLineAndSuggestion() {
    let yaml = """
      policy: x
      title: x
      source: x
      rules:
        - name: a
          when: {area90_deg: {below: 200}}
          then: {outcome: GO}
      otherwise: {outcome: NO}
      """
    #expect {
      _ = try Policy(yaml: yaml, file: "x.yaml")
    } throws: { error in
      let text = "\(error)"
      return text.contains("x.yaml:6:") && text.contains("did you mean `area90_deg2`?")
    }
  }

  @Test func postReadsAsTheNetworkWritesIt() throws {
    var facts = waveFacts("S230525a", "NSBH", distance: 276, area90: nil, more: [.distanceError: .number(79)])
    facts = facts.scored(ScoreCuts())
    let decision = try shipped("grandma-r7").decide(on: facts)
    #expect(
      DecisionCard(decision).observationsPost
        == "New GW alert: S230525a, NSBH, Distance: 276.0 +/- 79.0 Mpc, GRANDMA Score: 2, GO-GRANDMA. @channel")
  }

  @Test func timersProposeAndPeopleConfirm() {
    var campaign = FollowUp()
    let start = time("2031-02-03T02:30:00Z")
    _ = campaign.receive(.decided(.go, byPerson: false), at: start)
    #expect(campaign.receive(.tick, at: start + .hours(24)) == [.proposeStop(.elapsed(.hours(24)))])
    _ = campaign.receive(.stopDeclined(role: "weekly coordinator"), at: start + .hours(25))
    #expect(campaign.nextTimer == start + .hours(48))
    #expect(campaign.receive(.measured(Magnitude(21.5)), at: start + .hours(26)) == [.proposeStop(.faded(Magnitude(21.5)))])
    #expect(campaign.receive(.stopConfirmed(role: "weekly coordinator"), at: start + .hours(27)).count == 1)
    #expect(campaign.state == .stopped)
  }
}
