import TestSupport
import Testing
import Units

@testable import Campaigns

@Suite struct DecisionTests {
  let now = time("2031-02-03T03:00:00Z")

  @Test func postReadsAsTheNetworkWritesIt() throws {
    let facts = waveFacts("S230525a", "NSBH", distance: 276, area90: nil, more: [.distanceError: .number(79)])
    let decision = try shipped("grandma-r7").decide(on: facts)
    #expect(
      DecisionCard(decision).observationsPost
        == "New GW alert: S230525a, NSBH, Distance: 276.0 +/- 79.0 Mpc, GRANDMA Score: 2, GO-GRANDMA. @channel"
    )
    let far = waveFacts("S231231ag", "BBH", distance: 1114, area90: nil, more: [.distanceError: .number(357)])
    #expect(
      DecisionCard(try shipped("grandma-r7").decide(on: far)).observationsPost
        == "New GW alert: S231231ag, BBH, Distance: 1114.0 +/- 357.0 Mpc, GRANDMA Score: 1, no follow up.")
  }

  @Test func changesSinceTheLastNoticeAreListed() throws {
    let policy = try shipped("grandma")
    let before = policy.decide(on: waveFacts("S310203a", "BNS", distance: 300, area90: 900, area50: 250))
    let after = policy.decide(
      on: waveFacts("S310203a", "BNS", distance: 150, area90: 120, area50: 30, stage: "update"), after: before
    )
    #expect(before.changes.isEmpty)
    #expect(after.previousOutcome == .no)
    #expect(
      after.changes.map(\.text) == [
        "distance_mpc: 300 -> 150", "distance_median_mpc: 300 -> 150", "area50_deg2: 250 -> 30",
        "area90_deg2: 900 -> 120", "grandma_score: 2 -> 3", "stage: preliminary -> update",
      ])
  }

  @Test func theCardFitsTheTerminalAndKeepsEveryLine() throws {
    let facts = waveFacts(
      "S310203ab", "BNS", distance: 150.25, area90: 120, area50: nil,
      more: [.farPerYear: .number(0.0023), .distanceError: .number(40)])
    var decision = try shipped("grandma").decide(on: facts)
    decision = try decision.overridden(
      by: Override(
        role: "weekly coordinator", outcome: .watch,
        reason: "a very long reason that will surely not fit on one line of a terminal of eighty columns",
        at: now))
    let card = DecisionCard(decision)
    for width in [40, 60, 80, 200] {
      let lines = card.text(width: width).split(separator: "\n")
      #expect(lines.allSatisfy { $0.count <= width })
      // The verdict of a rule follows its name after a colon.
      let words = Set(card.text(width: width).split { " \n:".contains($0) })
      for line in card.lines {
        #expect(
          line.text.split { " :".contains($0) }.allSatisfy { words.contains($0) || $0.count > width - 30 },
          "\(line)")
      }
    }
    let text = card.text
    #expect(text.hasPrefix("S310203ab: WATCH\n"))
    #expect(text.contains("  distance   150.3 +/- 40.0 Mpc"))
    #expect(text.contains("  FAR        1 per 430 years"))
    #expect(text.contains("(the policy says GO)"))
    #expect(text.contains("             [pass]    area90_deg2 below 200: 120"))
    #expect(card.lines.first?.kind == .outcome)
    #expect(card.lines.filter { $0.kind == .clause }.allSatisfy { $0.verdict != nil })
  }

  @Test func wordsLongerThanALineAreBroken() {
    let wrapped = DecisionCard.wrap("  x " + String(repeating: "y", count: 100), width: 40, indent: 4)
    #expect(wrapped.allSatisfy { $0.count <= 40 })
    #expect(wrapped.joined().filter { $0 == "y" }.count == 100)
    #expect(DecisionCard.wrap("", width: 40, indent: 4) == [""])
  }

  @Test func decisionsReadBackUnchanged() throws {
    for row in RuleTableTests.standard + RuleTableTests.bursts + RuleTableTests.svomRows {
      var decision = try shipped(row.policy).decide(on: row.facts)
      if decision.outcome == .go {
        decision = try decision.overridden(
          by: Override(role: "core team", outcome: .no, reason: "x", at: now.advanced(bySeconds: 1e-9)))
      }
      let text = try RecordJSON.text(decision)
      let back = try RecordJSON.value(Decision.self, of: text)
      #expect(back == decision)
      #expect(try RecordJSON.text(back) == text)
    }
  }

  @Test func storedFormIsPlain() throws {
    let decision = try shipped("grandma-r3").decide(
      on: waveFacts("S310203a", "BNS", distance: 150, area90: 120, more: [.farPerYear: .number(0.25)]))
    let text = try RecordJSON.text(decision)
    #expect(text.contains(#""comparison":{"below":200}"#))
    #expect(text.contains(#""far_per_year":0.25"#))
    #expect(text.contains(#""class":"BNS""#))
    #expect(text.contains(#""outcome":"GO""#))
    #expect(text.contains(#""validity":86400"#))
  }

  @Test func overridesNeedARoleAReasonAndAnEventThatStands() throws {
    let facts = waveFacts("S310203a", "BNS", distance: 100, area90: 100)
    let decision = try shipped("grandma").decide(on: facts)
    func override(_ role: String, _ outcome: Outcome, _ reason: String, _ telescopes: [String] = [])
      -> Override
    {
      Override(role: role, outcome: outcome, reason: reason, telescopes: telescopes, at: now)
    }
    #expect(throws: OverrideError.roleNotAllowed("observer", allowed: Decision.overridingRoles)) {
      try decision.overridden(by: override("observer", .no, "x"))
    }
    #expect(throws: OverrideError.reasonMissing) {
      try decision.overridden(by: override("core team", .no, " \n"))
    }
    #expect(throws: OverrideError.noTelescopesNamed) {
      try decision.overridden(by: override("core team", .limited, "x"))
    }
    let gone = try shipped("grandma").decide(
      on: EventFacts(eventName: "S1", status: .retracted, facts.values))
    #expect(throws: OverrideError.eventIsWithdrawn("S1")) {
      try gone.overridden(by: override("core team", .go, "x"))
    }
    let no = try decision.overridden(by: override("weekly coordinator", .no, "noise"))
    #expect(no.outcome == .no)
    #expect(no.orders.outcome == .go)
    #expect(no.effectiveOrders.tags == ["Not I-care"])
    #expect(no.effectiveOrders.validity == nil)
    let some = try decision.overridden(by: override("core team", .limited, "x", ["FRAM-Auger"]))
    #expect(some.effectiveOrders.allows("FRAM-Auger"))
    #expect(!some.effectiveOrders.allows("TAROT-TCA"))
    #expect(some.effectiveOrders.priority == 4)
    let roles = try decision.overridden(
      by: override("night assistant", .no, "x"), allowed: ["night assistant"])
    #expect(roles.override?.role == "night assistant")
  }

  @Test func anOverrideLapsesWhenThePolicyChangesItsMind() throws {
    let policy = try shipped("grandma")
    let near = waveFacts("S310203a", "BNS", distance: 100, area90: 100)
    let override = Override(role: "core team", outcome: .no, reason: "x", at: now)
    let first = try policy.decide(on: near).overridden(by: override)
    let nearer = waveFacts("S310203a", "BNS", distance: 50, area90: 60)
    #expect(policy.decide(on: nearer).inheriting(first).outcome == .no)
    let far = waveFacts("S310203a", "BNS", distance: 900, area90: 900)
    #expect(policy.decide(on: far).inheriting(first).override == nil)
    let gone = EventFacts(eventName: "S310203a", status: .retracted, near.values)
    #expect(policy.decide(on: gone).inheriting(first).outcome == .stop)
  }

  @Test func numbersAsPeopleReadThem() {
    let cases: [(Double, String)] = [
      (0, "0"), (1, "1"), (9.96, "10"), (99.6, "100"), (123, "120"), (4.25, "4.3"), (0.042, "0.042"),
      (0.0042, "4.2e-3"), (1234567, "1200000"), (12_345_678, "1.2e7"), (123_456, "120000"), (-0.5, "-0.5"),
      (3e-10, "3e-10"), (1e300, "1e300"),
    ]
    for (value, text) in cases { #expect(Wording.short(value) == text) }
    #expect(Wording.number(1e12) == "1000000000000.0")
    #expect(Wording.tenth(276) == "276.0")
  }

  @Test func instantsKeepEveryNanosecond() throws {
    for tai in [Int64(0), 1, -1, 978_307_200_123_456_789, .max, .min, -1_000_000_000_000_000_000] {
      let instant = Instant(tai: tai)
      #expect(Instant(code: instant.code) == instant, "\(instant.code)")
    }
    let leap = time("2016-12-31T23:59:60.5Z")
    #expect(leap.code == "2016-12-31T23:59:60.500000000Z")
    #expect(Instant(code: leap.code) == leap)
    #expect(Instant(code: "yesterday") == nil)
  }

  /// Reading back gives the same value and the same text, for places all over the sky.
  @Test func storedPlacesStayWhereTheyAre() throws {
    let seed: UInt64 = 5
    var random = SeededGenerator(seed: seed)
    var places: [(Double, Double)] = [
      (0, 0), (360 - 1e-12, 10), (120, 90), (77, -90), (180, 89.999_999_999), (1e-13, -1e-13),
    ]
    for _ in 0..<2000 {
      places.append((Double.random(in: 0..<360, using: &random), Double.random(in: -90...90, using: &random)))
    }
    for (ra, dec) in places {
      let direction = Direction<ICRS>(ra: .degrees(ra), dec: .degrees(dec))
      let kept = Coded(wrappedValue: direction)
      #expect(kept.wrappedValue.separation(from: direction) < .arcseconds(1e-4))
      let text = try RecordJSON.text(kept)
      let back: Coded<Direction<ICRS>> = try RecordJSON.value(of: text)
      #expect(back == kept, "seed \(seed): \(ra) \(dec)")
      #expect(try RecordJSON.text(back) == text)
    }
    for seconds in [0, 0.1, 1e-9, 86_400, 1.23456789e8] {
      let kept = Coded(wrappedValue: Duration.seconds(seconds))
      #expect(try RecordJSON.value(of: RecordJSON.text(kept)) == kept)
    }
  }
}
