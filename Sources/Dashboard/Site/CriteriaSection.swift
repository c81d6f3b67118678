/// Why an event was decided as it was: the rule that applies with its criteria, what failed of the rules that
/// would have asked for more, and, folded away, the rules that are not about such an event.
struct CriteriaSection: Sendable {
  struct Criterion: Sendable {
    let label: String
    let text: String
    let mark: Mark
  }
  struct Rule: Sendable {
    let name: String
    let policy: String
    let mark: Mark
    let clauses: [Criterion]
  }
  struct Other: Sendable {
    let name: String
    let policy: String
    let mark: Mark
    let because: String?
  }

  let rules: [Rule]
  let others: [Other]
  let hasOthers: Bool
  let othersText: String
  /// Whether some rule applies.
  let isDecided: Bool

  /// - Returns: nil for a card without rules.
  init?(_ card: [EventSheet.CardLine]) {
    var groups: [(rule: EventSheet.CardLine, clauses: [EventSheet.CardLine])] = []
    for line in card {
      if line.kind == "rule" { groups.append((line, [])) }
      if line.kind == "clause", !groups.isEmpty { groups[groups.count - 1].clauses.append(line) }
    }
    guard !groups.isEmpty else { return nil }
    var (deciding, open, failed, others): ([Rule], [Rule], [Rule], [Other]) = ([], [], [], [])
    for (rule, clauses) in groups {
      func shown(_ words: Set<String?>) -> Rule {
        Rule(
          name: rule.text, policy: rule.label, mark: .verdict(rule.verdict ?? ""),
          clauses: clauses.filter { words.isEmpty || words.contains($0.verdict) }.map {
            Criterion(label: $0.label, text: $0.text, mark: .verdict($0.verdict ?? ""))
          })
      }
      switch rule.verdict {
      case "applies": deciding.append(shown([]))
      case "does_not_apply" where clauses.contains { $0.verdict == "fail" }:
        // What it passed is not why it does not apply.
        failed.append(shown(["fail", "unknown"]))
      case "does_not_apply":
        let why = clauses.first { $0.verdict == "not_so" }
        others.append(
          Other(
            name: rule.text, policy: rule.label, mark: .verdict("does_not_apply"),
            because: why.map { "\($0.label) \($0.text)" }))
      default: open.append(shown([]))
      }
    }
    rules = deciding + open + failed
    self.others = others
    hasOthers = !others.isEmpty
    othersText = Figure.count(others.count, "other rule does", "other rules do") + " not apply"
    isDecided = !deciding.isEmpty
  }
}
