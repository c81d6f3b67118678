import Units

extension Planner {
  /// Plans anew with as little change as what it costs allows.
  ///
  /// Two plans are made: one that keeps every pointing of the plan before which can still be observed and
  /// fills the time that is left, and one that is free. The first is taken unless the second covers
  /// clearly more: a team that is asked to observe something else for nothing stops looking.
  ///
  /// - Parameters:
  ///   - before: the pointings of the plan before that have not begun.
  ///   - patience: how much probability, as a share, stability may cost.
  /// - Throws: `PlanningError` as `plan`.
  public static func replan(
    _ request: PlanRequest, before: [HeldPointing], patience: Double = 0.005
  ) throws(PlanningError) -> Plan {
    var steady = request
    steady.held = before
    let kept = try plan(steady)
    guard !before.isEmpty else { return kept }
    // No plan at all can hold more than the bound.
    if let bound = kept.network.upperBound, kept.network.probability.value >= (1 - patience) * bound.value {
      return kept
    }
    let fresh = try plan(request)
    return kept.network.probability.value >= (1 - patience) * fresh.network.probability.value ? kept : fresh
  }
}
