import Campaigns
import Dashboard

extension EventSheet.CardLine {
  /// A decision as lines for the page and the API. A rule applies, does not apply or is not known yet; only
  /// what keeps a rule from asking telescopes has failed.
  static func lines(of decision: Decision) -> [EventSheet.CardLine] {
    let changes = Dictionary(
      decision.changes.map { ($0.text, $0.plainText) }, uniquingKeysWith: { first, _ in first })
    let isDecidedByRule = decision.rules.contains { $0.truth == .yes }
    let card = DecisionCard(decision).lines.filter { line in
      // What a rule saw is said by its criteria.
      let isSaid = isDecidedByRule && line.kind == .reason && line.text.hasPrefix("Rule \"")
      return line.kind != .rule && line.kind != .clause && !isSaid
    }.map {
      EventSheet.CardLine(
        kind: $0.kind.rawValue, label: $0.label, text: changes[$0.text] ?? $0.text, verdict: nil)
    }
    return card
      + decision.rules.flatMap { rule in
        [
          EventSheet.CardLine(
            kind: "rule", label: rule.policy, text: Self.name(of: rule), verdict: Self.word(rule.truth))
        ]
          + rule.clauses.map {
            EventSheet.CardLine(
              kind: "clause", label: $0.subject, text: $0.plainText, verdict: Self.verdict($0, of: rule))
          }
      }
  }

  private static func name(of rule: RuleTrace) -> String {
    rule.rule == "applies_to" ? "policy \(rule.policy)" : rule.rule
  }

  private static func word(_ truth: Truth) -> String {
    switch truth {
    case .yes: "applies"
    case .no: "does_not_apply"
    case .unknown: "unknown"
    }
  }

  /// `pass`, `fail`, `unknown`; `not_needed` where something else was enough; `not_so` where a rule is about
  /// other events, or would not have asked anybody: nothing is lost by it.
  private static func verdict(_ clause: ClauseTrace, of rule: RuleTrace) -> String {
    switch clause.verdict {
    case .yes: return "pass"
    case .unknown: return "unknown"
    case .no:
      if rule.truth == .yes { return "not_needed" }
      let isOfOthers = rule.clauses.contains { Self.kinds.contains($0.fact) && $0.verdict == .no }
      return rule.orders.outcome.isFollowUp && !isOfOthers ? "fail" : "not_so"
    }
  }

  /// What an event is, rather than how promising.
  private static let kinds: Set<FactName> = [.kind, .mission, .missions, .instruments, .group]
}
