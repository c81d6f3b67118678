#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Ephemerides
import Observatories
import Scheduling
import Skymaps
import Targeting
import Units
import Visibility

/// One telescope taking part in a plan. Never changed, and of a class so that hot loops do not copy it.
final class PlannedSite: Sendable {
  let telescope: Telescope
  let field: FieldOfView
  let outline: FieldOutline
  let visibility: SiteVisibility
  let resource: Resource
  let grid: TileGrid
  /// What a visit is made of, and from the first opening of the shutter to the last closing.
  let sequence: VisitSequence
  let exposure: Duration
  /// Filters that the request asks for and it has not.
  let missingFilters: [String]
  let budget: AllocationBudget
  /// How its allocation chooses its fields, where the request goes by that.
  let rule: Telescope.TilingRule?
  /// How far it sees the source, where detection is the objective.
  let sight: Sight?
  /// What it keeps of an earlier plan; its visibility and resource are without that time.
  let held: HeldTime?
  /// Centres of tiles that it has observed or refused.
  private let avoided: [Direction<ICRS>]

  init(
    _ given: Telescope, request: PlanRequest, area90: SolidAngle, ephemeris: Ephemeris,
    guide: DetectionGuide? = nil
  ) throws(Plan.Omission) {
    var telescope = given.during(request.outages, in: request.window)
    rule = request.recipe?.rule ?? (request.followsTilingRules ? telescope.allocation?.tiling : nil)
    if let airmass = rule?.maxAirmass {
      telescope.limits.maxAirmass = min(telescope.limits.maxAirmass, max(1, airmass))
    }
    if let dates = telescope.terms.window {
      telescope.closures += Self.closures(outside: dates, request.window)
    }
    let (id, slug) = (telescope.id, telescope.slug)
    func omission(_ code: String, _ reason: String) -> Plan.Omission {
      .init(telescopeID: id, slug: slug, code: code, reason: reason)
    }
    if let reason = telescope.outOfService, !request.named.contains(telescope.id) {
      throw omission("out_of_service", reason)
    }
    try request.verdict(on: telescope)
    switch telescope.usability {
    case .tiling: break
    case .pointSource: throw omission("no_field", "its field of view is not known: single positions only")
    case .unusable(let reason): throw omission("not_usable", reason)
    }
    guard let field = telescope.field else { throw omission("no_field", "its field of view is not known") }
    self.field = field
    outline = FieldOutline(Footprint(field, at: Direction(ra: .zero, dec: .zero)).regions)
    avoided =
      request.observed.filter { $0.telescopeID == telescope.id }.map(\.center)
      + request.refused.filter { $0.telescopeID == telescope.id }.map(\.center)
    let asked = request.filters?.steps(for: telescope) ?? (steps: [], missing: [])
    missingFilters = asked.missing
    if let only = asked.steps.first, asked.steps.count == 1 { telescope.exposure.filter = only.filter }
    if asked.steps.count > 1, let assumed = telescope.filterChangeAssumption {
      telescope.assumptions.append(assumed)
    }
    let settings = telescope.exposure
    let count = max(1, rule?.exposureCount ?? request.filters?.count ?? 1)
    func sequence(_ usual: Duration) -> VisitSequence {
      VisitSequence(
        telescope, recipe: asked.steps,
        exposure: {
          min(max($0 ?? usual, settings.shortest), settings.longest)
        }, count: count)
    }
    do {
      let open = try SiteVisibility(telescope: telescope, window: request.window, ephemeris: ephemeris)
      let wanted = request.held.filter { $0.telescopeID == telescope.id }
      // What it keeps has exposures of its own: only the filters count.
      let own = HeldTime(
        wanted, of: telescope, visiting: sequence(settings.typical), open: open, window: request.window,
        now: request.now)
      held = own.pointings.isEmpty ? nil : own
      visibility =
        own.pointings.isEmpty
        ? open
        : try SiteVisibility(
          telescope: own.closing(telescope), window: request.window, ephemeris: ephemeris)
    } catch {
      throw omission("not_usable", "\(error)")
    }
    self.telescope = telescope
    let readout = telescope.timing.readout.seconds
    var usual = rule?.exposure ?? request.filters?.exposure ?? request.exposure ?? settings.typical
    if let guide, guide.isObjective, request.exposure == nil, request.filters?.exposure == nil, rule == nil {
      // As if nothing were kept, so that what is seen does not depend on it.
      usual = guide.bestExposure(
        of: telescope, held?.open ?? visibility, field: field, gap: readout, visit: sequence
      ) {
        // One that no terms allow is refused below.
        (try? AllocationBudget(telescope, cost: $0.seconds + readout, rule: nil, request: request))?
          .mostVisits
      }
    }
    self.sequence = sequence(usual)
    exposure = self.sequence.duration
    budget = try AllocationBudget(telescope, cost: exposure.seconds + readout, rule: rule, request: request)
    sight = guide?.sight(of: telescope, held?.open ?? visibility, self.sequence)
    if let guide, guide.isObjective, sight == nil, !visibility.darkWindows.isEmpty {
      throw omission(
        "no_depth", "its depth in a band of the light curve is not known: what it would detect cannot be said"
      )
    }
    let extent = field.boundingBox
    let diagonal = Angle(
      radians: (extent.width.radians * extent.width.radians + extent.height.radians * extent.height.radians)
        .squareRoot())
    var resource = Resource(
      darkWindows: visibility.darkWindows, visit: exposure, readout: telescope.timing.readout,
      slewRate: telescope.timing.slewRate, settle: telescope.timing.settle, usualSlew: diagonal,
      mostVisits: budget.mostVisits.map { [held] in max(0, $0 - (held?.visitStarts.count ?? 0)) })
    if let revisits = request.revisits {
      // Fields, not visits: each takes so many slots.
      let slots = resource.slotStarts.count
      resource.mostVisits = min(resource.mostVisits ?? slots, slots) / max(1, revisits.count)
    }
    self.resource = resource
    let free =
      request.tiling == .free
      || request.tiling == .automatic && area90.steradians < 3 * field.area.steradians
    grid = TileGrid(field, overlap: free ? 0.75 : 0)
  }

  /// Whether a tile is one that it has observed or refused, as well as mounts point.
  func avoids(_ center: Direction<ICRS>) -> Bool {
    guard !avoided.isEmpty else { return false }
    let closest = (0.25 * min(field.boundingBox.width, field.boundingBox.height)).cosine
    return avoided.contains { $0.dot(center) > closest }
  }

  var isWide: Bool { field.area >= .squareDegrees(1) }

  /// Its limit in one planned exposure, in steps of 1.5 mag: telescopes of one class see the same sources.
  var depthClass: Int {
    guard let depth = telescope.depth else { return 0 }
    return Self.depthClass(of: depth.limit(in: sequence.longest))
  }

  static func depthClass(of limit: Magnitude) -> Int {
    limit.value.isFinite ? Int(max(0, min((limit.value - 16) / 1.5, 20))) : 0
  }

  /// The parts of a window outside the dates of an allocation.
  private static func closures(outside dates: TimeWindow, _ window: TimeWindow) -> [Telescope.Closure] {
    [(window.start, min(dates.start, window.end)), (max(dates.end, window.start), window.end)]
      .filter { $0.0 < $0.1 }
      .map { .init(window: TimeWindow($0.0, $0.1), reason: "outside the dates of its allocation") }
  }
}

extension PlannedSite {
  /// Magnitudes lost by observing a tile then instead of at the zenith at once: extinction and seeing
  /// grow with airmass X (about 0.1 mag per unit, and 1.25 log10 X^0.6 as seeing grows like X^0.6, Roddier
  /// 1981), and the counterpart fades: about 0.03 mag an hour, as AT2017gfo did in r in its first days (Villar et
  /// al. 2017).
  func penalty(of candidates: [Candidate]) -> (Int, Int) -> Double {
    let middle = resource.slotStarts.map { $0 + exposure / 2 }
    let frames = middle.map { visibility.frame(at: $0) }
    let hours = middle.map { $0.seconds(since: middle[0]) / 3600 }
    return { index, slot in
      let airmass = 1 / max(frames[slot].sinAltitude(candidates[index].center.unit), 0.05)
      return 0.1 * (airmass - 1) + 0.75 * log10(airmass) + 0.03 * hours[slot]
    }
  }
}

extension PlannedSite {
  /// Slots of its dark time, whatever its allocation.
  var slotCount: Int { resource.slotStarts.count }

  func canObserve(_ direction: Direction<ICRS>) -> Bool {
    !visibility.startWindows(for: direction, exposure: exposure).isEmpty
  }
}
