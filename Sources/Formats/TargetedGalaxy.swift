import Units

/// A galaxy in some field of a plan, and who points at it.
struct TargetedGalaxy: Sendable {
  let galaxy: PlanDocument.Galaxy
  /// Names, in the order of their first exposures of it.
  var telescopes: [String]
  /// Of the first exposure.
  var start: UTCTime

  /// Each once, the likeliest host first; by name where they weigh the same.
  static func all(in network: NetworkPlanDocument) -> [TargetedGalaxy] {
    // Names may be shared by different rows of a catalogue; places are not.
    struct Key: Hashable {
      let name: String
      let raDeg: Double
      let decDeg: Double
    }
    var found: [Key: TargetedGalaxy] = [:]
    let rows = network.plans.flatMap { plan in plan.rows.map { (plan.telescope.name, $0) } }
    for (telescope, row) in rows.sorted(by: { ($0.1.startUTC, $0.0) < ($1.1.startUTC, $1.0) }) {
      for galaxy in row.galaxies ?? [] {
        let key = Key(name: galaxy.name, raDeg: galaxy.raDeg, decDeg: galaxy.decDeg)
        if found[key] == nil {
          found[key] = TargetedGalaxy(galaxy: galaxy, telescopes: [telescope], start: row.startUTC)
        } else if found[key]?.telescopes.contains(telescope) == false {
          found[key]?.telescopes.append(telescope)
        }
      }
    }
    return found.values.sorted {
      ($1.galaxy.weight, $0.galaxy.name, $0.galaxy.raDeg) < (
        $0.galaxy.weight, $1.galaxy.name, $1.galaxy.raDeg
      )
    }
  }
}
