extension Policy {
  /// Decides. The same facts, policy and previous decision always give the same decision.
  ///
  /// Before any rule: a retracted event is STOP; one that came back after its retraction is WATCH until a
  /// person has answered. After them: when the rule that fires says NO while one before it would move
  /// telescopes if a missing value were right, the outcome is WATCH, and the reasons name what is missing.
  public func decide(on event: EventFacts, after previous: Decision? = nil) -> Decision {
    let facts = event.scored(scoreCuts)
    switch facts.status {
    case .retracted:
      var orders = Orders(.stop)
      orders.tags = ["STOP GRANDMA"]
      return decision(
        facts, previous, orders, "retraction", [],
        reasons: ["The event was withdrawn by its sender: stop everything and tell all teams."])
    case .awaitingReinstatement:
      return decision(
        facts, previous, Orders(.watch), "reinstatement", [],
        reasons: [
          "The event was withdrawn and then announced again: a person must say whether it stands."
        ])
    case .active: break
    }
    var traces: [RuleTrace] = []
    let found = fire(facts, &traces)
    return conclude(facts, previous, found, traces)
  }

  private struct Fired {
    let orders: Orders
    let clause: String
  }

  private func fire(_ facts: EventFacts, _ traces: inout [RuleTrace]) -> Fired? {
    if let appliesTo {
      var clauses: [ClauseTrace] = []
      let truth = appliesTo.judge(facts, into: &clauses)
      guard truth == .yes else {
        let unknown = truth == .unknown
        traces.append(
          RuleTrace(
            policy: name, rule: "applies_to", truth: truth, orders: Orders(unknown ? .watch : .no),
            clauses: clauses))
        return nil
      }
    }
    for rule in rules {
      var clauses: [ClauseTrace] = []
      let truth = rule.when.judge(facts, into: &clauses)
      traces.append(
        RuleTrace(policy: name, rule: rule.name, truth: truth, orders: rule.orders, clauses: clauses))
      if truth == .yes { return Fired(orders: rule.orders, clause: rule.name) }
    }
    for policy in included {
      if let fired = policy.fire(facts, &traces) {
        return Fired(orders: fired.orders, clause: "\(policy.name): \(fired.clause)")
      }
    }
    return Fired(orders: otherwise, clause: "otherwise")
  }

  private func conclude(
    _ facts: EventFacts, _ previous: Decision?, _ fired: Fired?, _ traces: [RuleTrace]
  ) -> Decision {
    let open = traces.filter { $0.truth == .unknown }
    let missing = Set(open.flatMap(\.clauses).filter { $0.truth == .unknown }.map(\.fact)).sorted()
    let lacks = missing.map(\.rawValue).joined(separator: ", ")
    guard let fired else {
      let isOpen = !open.isEmpty
      return decision(
        facts, previous, Orders(isOpen ? .watch : .no), "does not apply", traces,
        reasons: [
          isOpen
            ? "Whether \(name) applies is not known without \(lacks)." : "\(name) is not about such events."
        ])
    }
    var orders = fired.orders
    var reasons: [String] = []
    let hopeful = open.filter { $0.orders.outcome.isFollowUp || $0.rule == "applies_to" }
    if orders.outcome == .no, !hopeful.isEmpty {
      orders = Orders(.watch)
      reasons.append(
        "Not NO yet: \(hopeful.map(\.rule).joined(separator: ", ")) may still hold; missing: \(lacks).")
    }
    if let objective = orders.objective { reasons.append(objective) }
    if let rule = traces.last, rule.truth == .yes {
      let held = rule.clauses.filter { ($0.isNegated ? $0.truth.negated : $0.truth) == .yes }
      let list = held.map {
        "\($0.isNegated ? "not " : "")\($0.fact.rawValue) \($0.comparison.text) (\($0.saw?.text ?? "not known"))"
      }
      reasons.append("Rule \"\(fired.clause)\" holds: \(list.joined(separator: "; ")).")
    } else {
      reasons.append("No rule holds; the clause is \"\(fired.clause)\".")
    }
    if !open.isEmpty, orders.outcome != .watch || fired.orders.outcome == .watch {
      reasons.append("Unknown: \(open.map(\.rule).joined(separator: ", ")); missing: \(lacks).")
    }
    if facts.realm != .real {
      reasons.append("This is a \(facts.realm.rawValue) event: nothing real follows.")
    }
    return decision(facts, previous, orders, fired.clause, traces, reasons: reasons)
  }

  private func decision(
    _ facts: EventFacts, _ previous: Decision?, _ orders: Orders, _ clause: String,
    _ traces: [RuleTrace], reasons: [String]
  ) -> Decision {
    let open = traces.filter { $0.truth == .unknown }.map(\.rule)
    return Decision(
      facts: facts, policy: name, policyDigest: digest, orders: orders, clause: clause, rules: traces,
      undecided: open, changes: previous.map { Self.changes(from: $0.facts, to: facts) } ?? [],
      previousOutcome: previous?.outcome, reasons: reasons)
  }

  /// The age always changes, and the revision with every notice: neither is news.
  private static func changes(from before: EventFacts, to after: EventFacts) -> [FactChange] {
    FactName.allCases.filter { $0 != .age && $0 != .revision && before[$0] != after[$0] }
      .map { FactChange(fact: $0, before: before[$0], after: after[$0]) }
  }
}
