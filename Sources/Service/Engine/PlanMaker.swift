import Campaigns
import Ephemerides
import Formats
import GalaxyFiles
import Notices
import Observatories
import Planning
import SkymapFiles
import Skymaps
import Store
import Units

/// Turns an order into a plan of the network.
struct PlanMaker: Sendable {
  let telescopes: [Telescope]
  let earth: EarthOrientation
  let version: String
  /// How far ahead to plan.
  var horizon: Duration = .hours(24)
  /// Narrow fields go to its galaxies where the map is small enough; nil: all fields go to the sky.
  var galaxies: GalaxyIndex?

  struct Result: Sendable {
    let plan: Plan
    let document: NetworkPlanDocument
    let requestDigest: String
  }

  /// - Parameters:
  ///   - busy: until when telescopes are in the middle of an exposure.
  ///   - before: what is still to come of the plan before: it stays unless a free plan covers clearly more.
  ///   - used: of allocations, by other plans and by what of this one is past.
  func plan(
    _ order: PlanOrder, event: Event, id: String, on map: Skymap, digest: String,
    observed: [ObservedField] = [], busy: [Outage] = [], before: StandingPlan = StandingPlan(),
    used: [String: AllocationUse] = [:],
    at now: Instant
  ) throws(PlanningError) -> Result {
    let recipe = ObservingRecipe(order.orders)
    let allowed = telescopes.filter { order.allows($0.id) }.map(recipe.applied)
    let begin = max(now, event.time ?? now, order.adjustment?.notBefore ?? now)
    var end = begin + horizon
    if let expires = order.expires { end = min(end, max(expires, begin)) }
    let notice = event.localizing
    let planned = Plan.Event(
      id: id, alert: notice.map { $0.stage.name.uppercased() }, revision: order.number, time: event.time,
      classification: (notice?.wave?.classification ?? []).map { ($0.name, $0.probability.value) }
        .sorted { $0.1 > $1.1 })
    var request = PlanRequest(
      event: planned, map: map, mapDigest: digest, telescopes: allowed,
      telescopeDigests: Dictionary(uniqueKeysWithValues: allowed.map { ($0.id, $0.digest) }),
      named: Set(order.orders.telescopes + (order.adjustment?.added ?? [])),
      alone: Set(order.centred.map(\.telescope)), now: now,
      window: TimeWindow(begin, end), earth: earth, softwareVersion: version)
    request.observed = observed
    request.outages =
      (order.absences ?? []).map {
        Outage(
          telescopeID: $0.telescope, filter: $0.filter, window: TimeWindow($0.start, max($0.start, $0.end)),
          reason: $0.reason)
      } + busy
    request.refused = (order.refusals ?? []).map {
      RefusedTile(telescopeID: $0.telescope, center: $0.center)
    }
    request.recipe = recipe.fields(for: allowed)
    request.filters = recipe.filters
    request.used = used
    request.galaxies = galaxies.map { index in
      GalaxyTargeting(
        table: index.table(for: .init(map, level: GalaxyTargeting.level)), catalog: index.title
      ) { index.name(ofRow: $0) }
    }
    request.circumstances = circumstances(of: event, at: now)
    let plan = recipe.described(try Planner.replan(request, before: before), telescopes: telescopes)
    // What it was computed from holds the plan before, too.
    request.held = before.pointings
    return Result(plan: plan, document: NetworkPlanDocument(plan), requestDigest: request.digest)
  }
}

extension PlanMaker {
  /// What telescopes' own rules are asked with. Consent is for the people to whom a plan goes: rules that ask for
  /// it keep no telescope out of a plan.
  func circumstances(of event: Event, at now: Instant) -> Telescope.Circumstances {
    let missions = event.standing.map(\.source.mission.rawValue)
    // Of several missions the one that some telescope minds.
    let minded = telescopes.flatMap(\.exclusions).flatMap { exclusion -> [String] in
      if case .streams(let streams) = exclusion.condition { streams.map { $0.lowercased() } } else { [] }
    }
    return .init(
      stream: missions.first { minded.contains($0.lowercased()) } ?? missions.first, requested: now,
      permissions: Set(Telescope.Exclusion.Permission.allCases))
  }
}

extension Plan {
  /// As the lifecycle compares plans.
  var planned: [PlannedTelescope] {
    telescopes.map { part in
      PlannedTelescope(
        telescope: part.telescope.id, planID: id,
        tiles: part.assignments.map {
          PlannedTile(id: $0.tileKey, center: $0.center, filter: $0.filter ?? "", start: $0.start)
        })
    }
  }

  /// As operators' queues keep them.
  var pointings: [PlanAssignment] {
    telescopes.flatMap { part in
      part.assignments.enumerated().map { i, a in
        PlanAssignment(
          telescope: part.telescope.slug, position: i, window: TimeWindow(a.start, a.end),
          direction: a.center, filter: a.filter ?? "", exposure: a.exposure, tile: a.tileKey)
      }
    }
  }
}
