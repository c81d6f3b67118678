/// A decision as text for people.
public struct DecisionCard: Hashable, Sendable {
  public let decision: Decision
  public init(_ decision: Decision) { self.decision = decision }

  /// Several lines, the outcome first, then why, then every clause with the value it saw.
  public var text: String {
    let d = decision
    var lines: [String] = []
    if !d.isReal { lines.append("*** \(d.facts.realm.rawValue.uppercased()): not a real event ***") }
    lines.append("\(d.eventName): \(d.outcome.rawValue)")
    if let by = d.override {
      lines.append(
        "  overridden by the \(by.role): \(by.reason) (the policy says \(d.orders.outcome.rawValue))")
    }
    lines.append("  policy   \(d.policy) (\(d.policyDigest.prefix(8))), clause: \(d.clause)")
    lines += d.reasons.map { "  because  \($0)" }
    if let score = d.facts.score {
      let lacks = score.missing.map(\.rawValue).joined(separator: ", ")
      lines.append("  score    \(score.value)\(lacks.isEmpty ? "" : " (missing: \(lacks))")")
    }
    lines += Self.orders(d.effectiveOrders)
    if let before = d.previousOutcome {
      let outcome = before == d.outcome ? "still \(d.outcome.rawValue)" : "\(before.rawValue) -> \(d.outcome.rawValue)"
      lines.append("  changed  outcome: \(outcome)")
      lines += d.changes.map { "           \($0.text)" }
    }
    for rule in d.rules {
      lines.append("  rule     \(rule.policy)/\(rule.rule): \(rule.truth.rawValue)")
      lines += rule.clauses.map { "           \($0.text)" }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func orders(_ o: Orders) -> [String] {
    var lines: [String] = []
    if let priority = o.priority { lines.append("  priority \(priority)") }
    if !o.tags.isEmpty { lines.append("  tags     \(o.tags.joined(separator: ", "))") }
    if o.outcome.isFollowUp, !o.telescopes.isEmpty {
      lines.append("  only     \(o.telescopes.joined(separator: ", "))")
    }
    if !o.excluded.isEmpty { lines.append("  not      \(o.excluded.joined(separator: ", "))") }
    if let e = o.exposures {
      let filters = e.filters.joined(separator: ", ")
      lines.append("  expose   \(e.count) x \(Wording.number(e.each.seconds)) s \(filters)")
    }
    if let hours = o.validity { lines.append("  valid    \(Wording.number(hours.seconds / 3600)) h") }
    return lines
  }

  /// The sentence that the network posts in #observations for every gravitational-wave alert, with the
  /// areas it asks for since July 2025 where they are known:
  /// `New GW alert: S230525a, NSBH, Distance: 276.0 +/- 79.0 Mpc, GRANDMA Score: 2, GO-GRANDMA. @channel`.
  ///
  /// A drill says so first and calls nobody.
  public var observationsPost: String {
    let d = decision
    let facts = d.facts
    let isWave = facts.word(.kind).map { $0 == "gravitationalWave" } ?? true
    var parts = ["New \(isWave ? "GW " : "")alert: \(d.eventName)"]
    if let kind = facts.word(.sourceClass) ?? (isWave ? nil : facts.word(.kind)) { parts.append(kind) }
    if let area = facts.number(.area90) { parts.append("A90: \(Wording.tenth(area)) deg2") }
    if let area = facts.number(.area50) { parts.append("A50: \(Wording.tenth(area)) deg2") }
    if let distance = facts.number(.distance) {
      let error = facts.number(.distanceError).map { " +/- \(Wording.tenth($0))" } ?? ""
      parts.append("Distance: \(Wording.tenth(distance))\(error) Mpc")
    }
    if let score = facts.score { parts.append("GRANDMA Score: \(score.value)") }
    parts.append(Self.verdict(d))
    let text = parts.joined(separator: ", ")
    guard d.isReal else { return "\(facts.realm.rawValue.uppercased()), not real: \(text)." }
    return text + "." + (d.outcome.isFollowUp || d.outcome == .stop ? " @channel" : "")
  }

  private static func verdict(_ d: Decision) -> String {
    switch d.outcome {
    case .go: "GO-GRANDMA"
    case .limited: "GO-GRANDMA only \(d.effectiveOrders.telescopes.joined(separator: " "))"
    case .watch: "no decision yet"
    case .no: "no follow up"
    case .stop: "STOP-GRANDMA"
    }
  }
}
