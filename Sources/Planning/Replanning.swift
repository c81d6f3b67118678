import Skymaps
import Targeting
import Units

extension Planner {
  /// Plans anew with as little change as what it costs allows.
  ///
  /// One plan keeps every pointing of the plan before which can still be observed and fills the time that is
  /// left; a second gives up the third of each telescope's pointings that is worth least, which makes room for what
  /// was lost; a last one is free. The first is taken that covers nearly what the free one does: a team that is asked
  /// to observe something else for nothing stops looking. On the same map none more is made where one covers what
  /// the plan before did: what was refused or is gone only makes plans poorer.
  ///
  /// - Parameters:
  ///   - before: what is still to come of the plan before.
  ///   - patience: how much probability, as a share, stability may cost.
  /// - Throws: `PlanningError` as `plan`.
  public static func replan(
    _ request: PlanRequest, before: StandingPlan, patience: Double = 0.005
  ) throws(PlanningError) -> Plan {
    func holding(_ pointings: [HeldPointing]) throws(PlanningError) -> Plan {
      var steady = request
      steady.held = pointings
      return try plan(steady)
    }
    func isEnough(_ plan: Plan, beside other: Double?) -> Bool {
      guard let other else { return false }
      return plan.network.probability.value >= (1 - patience) * other
    }
    let kept = try holding(before.pointings)
    // No plan at all can hold more than the bound.
    if before.pointings.isEmpty || isEnough(kept, beside: kept.network.upperBound?.value) { return kept }
    var steady = [kept]
    if let standing = Standing(before, request) {
      if isEnough(kept, beside: standing.probability) { return kept }
      let loosened = try holding(standing.likeliest)
      if isEnough(loosened, beside: standing.probability) { return loosened }
      steady.append(loosened)
    }
    let fresh = try plan(request)
    return steady.first { isEnough($0, beside: fresh.network.probability.value) } ?? fresh
  }
}

/// What a plan of the same map was worth, and what of it most.
private struct Standing {
  /// In the union of all that was to come, refused since or not.
  let probability: Double
  /// The likelier two thirds of each telescope's pointings.
  private(set) var likeliest: [HeldPointing] = []

  /// Nil where the map is another.
  init?(_ before: StandingPlan, _ request: PlanRequest) {
    guard before.mapDigest == request.mapDigest else { return nil }
    let fields = Dictionary(request.telescopes.map { ($0.id, $0.field) }, uniquingKeysWith: { a, _ in a })
    let regions = (before.pointings + before.lost).map { one in
      (fields[one.telescopeID] ?? nil).map { Footprint($0, at: one.center).regions } ?? []
    }
    let tree = ProbabilityTree(request.map)
    probability = tree.probability(inUnionOf: regions.flatMap { $0 }, tolerance: 1e-5)
    var parts = tree.probabilities(in: regions.flatMap { $0 }, tolerance: 1e-5)[...]
    let own = regions.prefix(before.pointings.count).map { one in
      defer { parts = parts.dropFirst(one.count) }
      return parts.prefix(one.count).reduce(0, +)
    }
    for telescope in Dictionary(grouping: own.indices, by: { before.pointings[$0].telescopeID }).values {
      // All rows of one field are as likely, and stay or go together.
      let least = telescope.map { own[$0] }.sorted()[telescope.count / 3]
      likeliest += telescope.filter { own[$0] >= least }.map { before.pointings[$0] }
    }
    likeliest.sort { ($0.start, $0.tileKey) < ($1.start, $1.tileKey) }
  }
}
