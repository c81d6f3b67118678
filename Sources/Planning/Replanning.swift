import Healpix
import Skymaps
import Targeting
import Units

extension Planner {
  /// Plans anew with as little change as what it costs allows.
  ///
  /// One plan keeps every pointing of the plan before which can still be observed and fills the time that is
  /// left (on the same map with new sky); another is free. The first is taken unless the second covers clearly
  /// more: a team that is asked to observe something else for nothing stops looking. On the same map the second
  /// need not be made where the first covers what the plan before did: what was refused or is gone only makes
  /// plans poorer. Who favors a telescope asks for other shares: that plan is free.
  ///
  /// - Parameters:
  ///   - before: what is still to come of the plan before.
  ///   - patience: how much probability, as a share, stability may cost.
  /// - Throws: `PlanningError` as `plan`.
  public static func replan(
    _ request: PlanRequest, before: StandingPlan, patience: Double = 0.005
  ) throws(PlanningError) -> Plan {
    guard request.favor.isEmpty else { return try plan(request) }
    var steady = request
    steady.held = before.pointings
    // Who has something to do gets no more looks at what is covered: those are no answer to a refusal.
    steady.addsSecondLooks = before.mapDigest != request.mapDigest
    let kept = try plan(steady)
    guard !before.pointings.isEmpty else { return kept }
    let covered = kept.network.probability.value
    // No plan at all can hold more than the bound.
    if let bound = kept.network.upperBound, covered >= (1 - patience) * bound.value { return kept }
    if before.mapDigest == request.mapDigest,
      let most = most(in: before, request, kept: kept, covered), covered >= (1 - patience) * most
    {
      return kept
    }
    let fresh = try plan(request)
    return covered >= (1 - patience) * fresh.network.probability.value ? kept : fresh
  }

  /// Probability that the plan before held, or a little more where that is quicker to say; nil where the request no
  /// longer tells how wide its fields are: a telescope that is gone took its sky with it.
  private static func most(
    in before: StandingPlan, _ request: PlanRequest, kept: Plan, _ covered: Double
  ) -> Double? {
    let keys = Set(kept.telescopes.flatMap { $0.assignments.map(\.tileKey) })
    guard before.pointings.allSatisfy({ keys.contains($0.tileKey) }) else {
      return probability(of: before.pointings + before.lost, in: request)
    }
    return probability(of: before.lost, in: request).map { covered + $0 }
  }

  /// Probability in the union of pointings; nil if the field of one is not known.
  private static func probability(of pointings: [HeldPointing], in request: PlanRequest) -> Double? {
    let fields = Dictionary(request.telescopes.map { ($0.id, $0.field) }, uniquingKeysWith: { a, _ in a })
    var regions: [ConvexRegion<ICRS>] = []
    for one in pointings {
      guard let field = fields[one.telescopeID] ?? nil else { return nil }
      regions += Footprint(field, at: one.center).regions
    }
    return ProbabilityTree(request.map).probability(inUnionOf: regions, tolerance: 1e-5)
  }
}
