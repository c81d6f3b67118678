extension DecisionCard {
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
