import Campaigns
import Formats
import Notices
import Observatories
import Planning
import Skymaps
import Store
import Units

/// Everything a plan under other circumstances is made from; it is made apart from the engine.
struct WhatIfTask: Sendable {
  let id: String
  let event: Event
  let order: PlanOrder
  let planID: String
  let map: Skymap
  let digest: String
  let observed: [ObservedField]
  /// Telescopes whose shutters are open.
  let busy: [Outage]
  /// What is still to come of the plan in force.
  let before: StandingPlan
  let used: [String: AllocationUse]
  let now: Instant
  let maker: PlanMaker

  struct Result: Sendable {
    let made: PlanMaker.Result
    /// Probability in what was observed and what is still to come, of the plan in force and of the other.
    let probabilityBefore: Double
    let probabilityAfter: Double
    let comparison: PlanComparison
  }

  func run(_ adoption: Adoption) throws(PlanningError) -> Result {
    let ids = Dictionary(maker.telescopes.map { ($0.slug, $0.id) }, uniquingKeysWith: { a, _ in a })
    let other = order.under(
      absences: (order.absences ?? []) + adoption.absences(ids, event: id),
      adjustment: adoption.adjustment(over: order.adjustment))
    let made = try maker.plan(
      other, event: event, id: id, on: map, digest: digest, observed: observed, busy: busy,
      before: before, used: used, at: now)
    let tree = ProbabilityTree(map)
    let known = fieldsByID
    func covered(_ open: [(telescope: String, center: Direction<ICRS>)]) -> Double {
      let fields = open.compactMap { one in
        known[one.telescope].map {
          ObservedField(telescopeID: one.telescope, center: one.center, field: $0, limit: nil)
        }
      }
      let all = ExecutedCoverage(
        taken: observed, accepted: [], open: fields, in: tree, reference: Magnitude(21))
      return all.observed.value + all.remaining.value
    }
    let comparison = PlanComparison(
      before.pointings.map {
        .init(telescope: $0.telescopeID, tile: $0.tileKey, filter: $0.filter ?? "", start: $0.start)
      },
      made.plan.pointings.map {
        .init(
          telescope: ids[$0.telescope] ?? $0.telescope, tile: $0.tile, filter: $0.filter,
          start: $0.window.start)
      })
    return Result(
      made: made, probabilityBefore: covered(before.pointings.map { ($0.telescopeID, $0.center) }),
      probabilityAfter: covered(
        made.plan.telescopes.flatMap { part in part.assignments.map { (part.telescope.id, $0.center) } }),
      comparison: comparison)
  }

  private var fieldsByID: [String: FieldOfView] {
    Dictionary(
      maker.telescopes.compactMap { t in t.field.map { (t.id, $0) } }, uniquingKeysWith: { a, _ in a })
  }
}

extension Engine {
  /// What a plan under other circumstances is made from.
  /// - Returns: nil while the event has no plan in force.
  func whatIfTask(_ id: String) async throws -> WhatIfTask? {
    guard let event = try await event(id), let memo = try await known(id)?.memo,
      let order = memo.campaign.order,
      let planID = memo.planID
    else { return nil }
    let (map, digest) = try await place(of: order, id, event)
    let now = clock.now()
    let delivered = try await delivered(memo)
    return WhatIfTask(
      id: id, event: event, order: order, planID: planID, map: map, digest: digest,
      observed: try await taken(for: id, isPlanning: true, delivered: delivered, at: now),
      busy: try await busy(with: id, delivered: delivered, at: now),
      before: try await standing(memo, at: now), used: try await used(besides: event, id, at: now), now: now,
      maker: maker)
  }

  func adopt(_ adoption: Adoption, of id: String, into memo: inout EventMemo, _ outcome: inout StepOutcome) {
    memo.adjustment = adoption.adjustment(over: memo.adjustment)
    let kind = adoption.takenBack == nil ? "whatif.adopted" : "whatif.taken_back"
    outcome.log.append(Self.line(kind, id, adoption.text, actor: adoption.by))
  }

  /// Ends outages that came of adopting. One that has ended already stays as it is.
  func takeBack(_ numbers: [Int64], of id: String, by actor: String) async throws {
    guard !numbers.isEmpty else { return }
    for known in try await store.outages(for: id, after: clock.now()) where numbers.contains(known.number) {
      let old = known.outage
      try await store.record(
        OutageDraft(
          key: "end/\(old.telescope)/\(known.number)", telescope: old.telescope, event: old.event,
          kind: old.kind, filter: old.filter, window: TimeWindow(old.window.start, old.window.start),
          reason: "taken back", actor: actor, way: .api), replacing: known.number, at: clock.now())
    }
  }
}
