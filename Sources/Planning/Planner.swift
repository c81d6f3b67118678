#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Dispatch
import Ephemerides
import Healpix
import Observatories
import Photometry
import Scheduling
import Skymaps
import Targeting
import Units
import Visibility

/// Why a request has no plan at all. A plan with nothing in it is not an error.
public enum PlanningError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The window is empty or longer than the ephemerides reach.
  case window(TimeWindow, String)
  /// What a detection objective asks for cannot be said.
  case detection(PhotometryError)

  public var description: String {
    switch self {
    case .window(let window, let reason):
      "the plan window \(window.start.iso8601()) to \(window.end.iso8601()) cannot be planned: \(reason)"
    case .detection(let error): "what is detected cannot be said: \(error)"
    }
  }
}

/// Turns a request into a plan: one pure function.
public enum Planner {
  /// Plans the whole network together.
  ///
  /// 1. Coverage: telescopes with fields of a square degree or more choose first and together; the others
  ///    then choose together from what is left, so that no narrow field repeats a wide one.
  ///    Those that plan alone choose last, each by itself.
  ///    Narrow fields that the request points at galaxies choose after all tiles (`coverGalaxies`).
  /// 2. Depth: time left over goes to second looks. For each depth class, faint limit by faint limit,
  ///    sky that only shallower telescopes cover counts as not covered.
  public static func plan(_ request: PlanRequest) throws(PlanningError) -> Plan {
    guard !request.window.isEmpty else { throw .window(request.window, "it is empty") }
    let ephemeris: Ephemeris
    do {
      ephemeris = try Ephemeris(covering: request.window, earthOrientation: request.earth)
    } catch {
      throw .window(request.window, "\(error)")
    }
    let regions = CredibleRegions(of: request.map)
    let guide = try DetectionGuide(request, regions)
    let (sites, refused) = participants(request, regions, ephemeris, guide)
    // The bound is over all plans, those that keep nothing included.
    var free = request
    free.held = []
    let all = request.held.isEmpty ? sites : participants(free, regions, ephemeris, guide).sites
    let outlook = CoverageOutlook(request, sites: all)
    var session = Session(request, regions: regions, sites: sites, outlook: outlook, guide: guide)
    session.all = all
    session.lookForGalaxies(area90: regions.area(at: Fraction(clamping: 0.9)))
    let tiling = sites.indices.filter { !session.pointsAtGalaxies($0) }
    let together = tiling.filter { !request.alone.contains(sites[$0].telescope.id) }
    // Tiles overlap: some of the time is of no use.
    let prices = request.effort > 0 && together.count > 1 ? outlook.settled(share: 0.8) : nil
    session.align(together, at: prices)
    session.followRules()
    if session.layers == nil {
      session.cover(together.filter { sites[$0].isWide }, at: prices)
      session.cover(together.filter { !sites[$0].isWide })
    } else {
      session.cover(together)
    }
    session.selection.settleSharing()
    session.refine()
    for site in tiling where request.alone.contains(sites[site].telescope.id) { session.coverAlone(site) }
    // What is worth seeing deeper is part of the detection objective.
    if session.layers == nil {
      for depth in Set(sites.map(\.depthClass)).sorted().dropFirst() { session.deepen(to: depth) }
    }
    session.coverGalaxies()
    session.arrange()
    return PlanAssembly(request, regions: regions, session: session, refused: refused).plan
  }

  private static func participants(
    _ request: PlanRequest, _ regions: CredibleRegions, _ ephemeris: Ephemeris, _ guide: DetectionGuide?
  ) -> (sites: [PlannedSite], refused: [Plan.Omission]) {
    let area90 = regions.area(at: Fraction(clamping: 0.9))
    // By name, so that the plan does not depend on the order in which telescopes were listed.
    let telescopes = request.telescopes.sorted { $0.id < $1.id }
    let outcomes = concurrentMap(telescopes) { telescope -> Result<PlannedSite, Plan.Omission> in
      do throws(Plan.Omission) {
        return .success(
          try PlannedSite(
            telescope, request: request, area90: area90, ephemeris: ephemeris, guide: guide))
      } catch {
        return .failure(error)
      }
    }
    var sites: [PlannedSite] = []
    var refused: [Plan.Omission] = []
    for outcome in outcomes {
      switch outcome {
      case .success(let site): sites.append(site)
      case .failure(let omission): refused.append(omission)
      }
    }
    return (sites, refused)
  }
}

extension Plan.Omission: Error {}

/// The state of one planning run.
struct Session {
  let request: PlanRequest
  let sites: [PlannedSite]
  let outlook: CoverageOutlook
  let sky: SkyGrain
  /// Worth of the sky by depth, where detection is the objective.
  let layers: DetectionLayers?
  /// What the source is like, where one is asked for.
  let guide: DetectionGuide?
  /// The sites whose plans the bound is over: those of `sites`, keeping nothing.
  var all: [PlannedSite] = []
  var selection: NetworkSelection
  var covered: SkyGrain.Covered
  /// What was observed or is kept, with the depth class of each and its telescope.
  let taken: [(telescopeID: String, depth: Int, cover: SkyGrain.Cover)]
  /// Field numbers, parallel to the candidates of `selection`.
  var fieldNumbers: [[Int]]
  /// Where the rows of sites lie that leave their grids.
  var rows: [RowAlignment.Rows?]
  /// `PlanRequest.smallestGain` at what is within reach.
  let smallestGain: Double
  private(set) var arranged: [Arranged?]
  /// Sites that have all the fields which the recipe of the request allows them together.
  var fullRules: Set<Int> = []
  /// Where some sites point at galaxies.
  var galaxies: GalaxySession?

  /// How many tiles a site has to choose from for each slot; nil is all.
  ///
  /// |                                       | wide field  | narrow              |
  /// |---------------------------------------|-------------|---------------------|
  /// | it keeps pointings: little is left    | 2           | 2                   |
  /// | no effort to spend: a plan at once    | 4           | 2                   |
  /// | it is alone: nobody takes the best    | 2, then all | 4, at all times     |
  /// | else                                  | all         | 4, at all times     |
  private func quota(of site: Int, isFirstLook: Bool) -> TileQuota? {
    let (isWide, free) = (sites[site].isWide, selection.freeSlots(of: site))
    if looksTwice { return isFirstLook ? TileQuota(total: 2 * free) : nil }
    if sites[site].held != nil { return TileQuota(total: 2 * free) }
    if request.effort == 0 { return TileQuota(total: (isWide ? 4 : 2) * free) }
    return isWide ? nil : TileQuota(of: site, sites[site], perSlot: 4, free: free, outlook)
  }

  /// One wide field alone looks at the densest tiles first.
  private var looksTwice: Bool {
    sites.count == 1 && sites[0].isWide && sites[0].held == nil && request.effort > 0
  }

  /// Sky beyond the densest that holds all but this much is left out, and all but this share of what is
  /// within reach.
  private static let leftOut = (most: 5e-4, ofReach: 2e-3, least: 1e-6)

  private static func leftOut(ofReach reach: Double) -> Double {
    reach > 0 ? max(leftOut.least, min(leftOut.most, leftOut.ofReach * reach)) : leftOut.most
  }

  init(
    _ request: PlanRequest, regions: CredibleRegions, sites: [PlannedSite], outlook: CoverageOutlook,
    guide: DetectionGuide? = nil
  ) {
    self.request = request
    self.sites = sites
    self.outlook = outlook
    self.guide = guide
    let leftOut = Self.leftOut(ofReach: outlook.touched)
    let region = regions.coverage(at: Fraction(clamping: 1 - leftOut))
    let smallest =
      sites.map { min($0.field.boundingBox.width, $0.field.boundingBox.height) }.min() ?? .degrees(1)
    sky = SkyGrain(
      request.map, region: region, order: SkyGrain.order(resolving: smallest, region: region.area))
    layers = DetectionLayers(sites, guide: guide, sky: sky)
    // Little of a faint source is to be had, and that little is the sum of much less; below a hundredth nobody is asked
    // for still less.
    let attainable = layers.map {
      outlook.bound(worths: $0.densities, classes: $0.classes.map { $0 - 1 }, effort: 0).value
    }
    smallestGain =
      request.smallestGain
      * (attainable.map { Self.leftOut(ofReach: max($0, 0.01)) } ?? leftOut) / Self.leftOut.most
    let ground = layers?.ground ?? sky
    selection = NetworkSelection(sky: ground, resources: sites.map(\.resource), sharing: SharedBudget(sites))
    let kept = sites.flatMap { site in
      (site.held?.pointings ?? []).map { (site, Footprint(site.field, at: $0.center)) }
    }
    taken =
      request.observed.map { [sky, layers] one in
        let cover = sky.cover(one.footprint.regions)
        let own = layers.map { $0.class(limit: one.limit, like: sites.first?.sight) }
        return (
          one.telescopeID, one.limit.map(PlannedSite.depthClass) ?? 0,
          own.flatMap { layers?.cover(cover, class: $0) } ?? cover
        )
      }
      + kept.map { [sky, layers] site, footprint in
        let cover = sky.cover(footprint.regions)
        let own = layers.map { $0.class(limit: site.sight?.limit, like: site.sight) }
        return (site.telescope.id, site.depthClass, own.flatMap { layers?.cover(cover, class: $0) } ?? cover)
      }
    covered = ground.uncovered
    for one in taken { covered.insert(one.cover) }
    fieldNumbers = .init(repeating: [], count: sites.count)
    arranged = .init(repeating: nil, count: sites.count)
    rows = .init(repeating: nil, count: sites.count)
  }

  /// What selections work on.
  var ground: SkyGrain { layers?.ground ?? sky }

  /// By site, what its gains count times.
  var favors: [Double] { sites.map { request.favor[$0.telescope.id] ?? 1 } }

  func candidates(of site: Int) -> [Candidate] { selection(of: site).candidates[site] }

  /// What a site's choice is part of: that of tiles, or that of galaxies.
  func selection(of site: Int) -> NetworkSelection {
    pointsAtGalaxies(site) ? galaxies?.selection ?? selection : selection
  }

  /// Lets a group of sites choose together from the sky nobody covers.
  mutating func cover(_ group: [Int], at prices: SkyPrices? = nil) {
    var soFar = covered
    choose(group, besides: &soFar, smallestGain: smallestGain, worth: worths(for: group, prices))
    covered = soFar
  }

  /// Lets a site choose as if nobody else observed.
  mutating func coverAlone(_ site: Int) {
    var soFar = ground.uncovered
    for one in taken where one.telescopeID == sites[site].telescope.id { soFar.insert(one.cover) }
    choose([site], besides: &soFar, smallestGain: smallestGain)
    for candidate in selection.chosen(of: site) { covered.insert(candidate.cover) }
  }

  /// Lets sites of at least this depth class spend free time on sky that only shallower ones cover.
  mutating func deepen(to depth: Int) {
    let able = sites.indices.filter {
      sites[$0].depthClass >= depth && !request.alone.contains(sites[$0].telescope.id)
        && !pointsAtGalaxies($0) && (sites[$0].held == nil || request.addsSecondLooks)
    }
    var seen = sky.uncovered
    for one in taken where one.depth >= depth { seen.insert(one.cover) }
    for i in able {
      for candidate in selection.chosen(of: i) { seen.insert(candidate.cover) }
    }
    choose(able, besides: &seen, smallestGain: request.smallestDepthGain)
  }

  private mutating func choose(
    _ group: [Int], besides covered: inout SkyGrain.Covered, smallestGain: Double,
    worth: [ContiguousArray<Double>] = [], isFirstLook: Bool = true
  ) {
    let free = group.filter { selection.freeSlots(of: $0) > 0 }
    guard !free.isEmpty else { return }
    let quotas = sites.indices.map { quota(of: $0, isFirstLook: isFirstLook) }
    let found = tiles(of: free, besides: covered, smallestGain: smallestGain) {
      [sites, rows, quotas, outlook] finder, i in
      finder.tiles(of: sites[i], on: rows[i], quota: quotas[i]) { outlook.mayTouch($0, telescope: i) }
    }
    for (i, tiles) in zip(free, found) { fieldNumbers[i].append(contentsOf: tiles.map(\.number)) }
    selection.choose(
      zip(free, found).map { ($0, $1.map(\.candidate)) }, besides: &covered, smallestGain: smallestGain,
      worth: worth, favor: favors)
    // The densest sky is up for some of the time; what is free still looks at all.
    if isFirstLook, looksTwice, selection.freeSlots(of: free[0]) > 0 {
      choose(group, besides: &covered, smallestGain: smallestGain, worth: worth, isFirstLook: false)
    }
  }

  /// What `find` finds for each of a group, as the selection takes it.
  func tiles(
    of group: [Int], besides covered: SkyGrain.Covered, smallestGain: Double,
    find: @Sendable (CandidateFinder, Int) -> [CandidateFinder.Tile]
  ) -> [[CandidateFinder.Tile]] {
    if let layers {
      return layers.tiles(of: group, sites, besides: covered, smallestGain: smallestGain, find: find)
    }
    let finder = CandidateFinder(
      sky: sky, besides: covered, sites: group.map { sites[$0] }, smallestGain: smallestGain)
    return concurrentMap(group) { find(finder, $0) }
  }

  /// Gives every chosen tile its time.
  mutating func arrange() {
    let selections = sites.indices.map { selection(of: $0) }
    arranged = concurrentMap(Array(sites.indices)) { [sites, request] i in
      Arranged(sites[i], selections[i], i, request)
    }
  }
}

/// `map` over several threads; the result is in the order of the input.
func concurrentMap<T: Sendable, R: Sendable>(_ items: [T], _ transform: @Sendable (T) -> R) -> [R] {
  guard items.count > 1 else { return items.map(transform) }
  return [R](unsafeUninitializedCapacity: items.count) { buffer, count in
    nonisolated(unsafe) let base = buffer.baseAddress!
    DispatchQueue.concurrentPerform(iterations: items.count) { i in
      (base + i).initialize(to: transform(items[i]))
    }
    count = items.count
  }
}
