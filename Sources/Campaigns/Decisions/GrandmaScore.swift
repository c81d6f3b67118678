import Units

/// The cuts of `GrandmaScore`. The standard ones are those of the public test configuration of the
/// network's alert service; what it runs with is not public. Kept in the units of the policy file, so that
/// a value equal to a cut compares as equal.
public struct ScoreCuts: Codable, Hashable, Sendable {
  public var bbhProbability = 0.5
  public var distanceMpc = 500.0
  public var bbhAreaDeg2 = 500.0
  public var neutronStarAreaDeg2 = 500.0
  public init() {}
}

/// The score as the network's alert service computes it: 0 to 3.
///
/// 0: not a significant `S` event, terrestrial, or of no class. 1: BBH outside the cuts. 2: BBH inside
/// them, or BNS/NSBH outside. 3: BNS/NSBH inside. GO from 2 on, so a BNS or NSBH is always GO.
public struct GrandmaScore: Codable, Hashable, Sendable {
  public let value: Int
  /// Facts that were missing; each counts as outside its cut.
  public let missing: [FactName]
  public var isGo: Bool { value > 1 }

  public init(of facts: EventFacts, cuts: ScoreCuts = ScoreCuts()) {
    var missing: [FactName] = []
    func inside(_ name: FactName, _ limit: Double) -> Bool {
      guard let x = facts.number(name) else {
        missing.append(name)
        return false
      }
      return x < limit
    }
    let significant = facts[.significant]
    if significant == nil { missing.append(.significant) }
    // Drills rehearse the score too: the first letter that makes them mocks is not counted.
    let name = facts.realm == .real ? facts.eventName : String(facts.eventName.drop { $0 != "S" })
    guard name.hasPrefix("S"), significant == .flag(true), let kind = facts.word(.sourceClass) else {
      value = 0
      self.missing = missing
      return
    }
    let near = inside(.distance, cuts.distanceMpc)
    switch kind {
    case "BBH":
      let small = inside(.area90, cuts.bbhAreaDeg2)
      let pure = facts.number(.pBBH).map { $0 > cuts.bbhProbability }
      if pure == nil { missing.append(.pBBH) }
      value = pure == true && near && small ? 2 : 1
    case "BNS", "NSBH":
      let small = inside(.area90, cuts.neutronStarAreaDeg2)
      value = near && small ? 3 : 2
    default: value = 0
    }
    self.missing = missing
  }
}
