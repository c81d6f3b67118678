import Galaxies
import Healpix
import Observatories
import Scheduling
import Targeting
import Units
import Visibility

/// The part of a planning run that points narrow fields at galaxies.
///
/// A galaxy is shared out as sky is: it is a grain that a field holds wholly or not at all, worth its weight
/// once (`SkyGrain.init(points:)`), so the same matching and the same greedy choice serve both.
struct GalaxySession: Sendable {
  /// The galaxies worth a look, the likeliest host first.
  let entries: [GalaxyRanking.Entry]
  let ranking: GalaxyRanking
  /// Which sites point at galaxies.
  let isMember: [Bool]
  let grains: SkyGrain
  var selection: NetworkSelection
  /// Lattice numbers, parallel to the candidates of `selection`; negative, as all off the grid.
  var numbers: [[Int]]

  /// More pointings than this for each slot cannot matter; nor more than this in all.
  private static let most = (perSlot: 4, inAll: 400)

  /// Nil when no site points at galaxies, or none of them is in the map.
  init?(_ sites: [PlannedSite], targeting: GalaxyTargeting, request: PlanRequest, area90: SolidAngle) {
    isMember = sites.map { targeting.policy.applies(to: $0.field, area90: area90) }
    guard isMember.contains(true) else { return nil }
    ranking = GalaxyRanking(targeting.table, in: request.map, weighting: targeting.weighting)
    var sum = 0.0
    entries = Array(
      ranking.entries.prefix { entry in
        defer { sum += entry.weight }
        return sum < GalaxyTargets.considered && entry.weight > 0
      }.prefix(GalaxyTargets.mostGalaxies))
    guard !entries.isEmpty else { return nil }
    grains = SkyGrain(points: entries.map(\.weight))
    selection = NetworkSelection(
      sky: grains, resources: sites.map(\.resource),
      sharing: SharedBudget(sites, where: { [isMember] in isMember[$0] }))
    numbers = .init(repeating: [], count: sites.count)
  }

  /// Places of the galaxies in a footprint, increasing.
  func members(of footprint: Footprint, center: Direction<ICRS>, radius: Angle) -> [Int] {
    let closest = min(1.01 * radius, .degrees(180)).cosine
    return entries.indices.filter {
      entries[$0].position.dot(center) >= closest && footprint.contains(entries[$0].position)
    }
  }

  /// Fields on galaxies that a site can observe, best first, each at a place of its fine lattice.
  func pointings(of site: PlannedSite, least: Double, slots: Int) -> [CandidateFinder.Tile] {
    var options = GalaxyTargets.Options()
    options.most = min(Self.most.perSlot * slots, Self.most.inAll)
    options.leastWeight = least
    var blocks: [Cell: Bool] = [:]
    let fields = GalaxyTargets.pointings(of: ranking, field: site.field, options: options) { position in
      let block = Cell(order: 4, key: Cell.key(of: position.unit))
      if let known = blocks[block] { return known }
      let (s, e, n, w) = block.corners
      let sees = [block.center, s, e, n, w].contains { site.canObserve(Direction(unit: $0)) }
      blocks[block] = sees
      return sees
    }
    return fields.compactMap { field in
      guard let point = FineLattice.point(of: site, near: field.center), !site.avoids(point.center) else {
        return nil
      }
      let windows = site.visibility.startWindows(for: point.center, exposure: site.exposure)
      guard !windows.isEmpty else { return nil }
      let inside = members(
        of: Footprint(site.field, at: point.center), center: point.center, radius: site.field.radius)
      guard !inside.isEmpty else { return nil }
      return .init(
        number: -point.number,
        candidate: Candidate(
          center: point.center, startWindows: windows, cover: grains.cover(points: inside)))
    }
  }
}

extension Session {
  func pointsAtGalaxies(_ site: Int) -> Bool { galaxies?.isMember[site] ?? false }

  /// What a plan says of a field that was chosen for its galaxies.
  func galaxies(in footprint: Footprint, of site: PlannedSite, at center: Direction<ICRS>) -> [Plan.Galaxy] {
    guard let galaxies, let targeting = request.galaxies else { return [] }
    return galaxies.members(of: footprint, center: center, radius: site.field.radius).map { i in
      let entry = galaxies.entries[i]
      return .init(
        name: targeting.name(entry.row), position: entry.position, distance: entry.distance,
        weight: entry.weight)
    }
  }

  mutating func lookForGalaxies(area90: SolidAngle) {
    galaxies = request.galaxies.flatMap {
      GalaxySession(sites, targeting: $0, request: request, area90: area90)
    }
    guard let own = galaxies else { return }
    selection.budget = SharedBudget(sites) { !own.isMember[$0] }
  }

  /// Lets narrow fields choose among galaxies. No galaxy counts twice for telescopes that see equally deep:
  /// depth class by class, those at least as deep share out the galaxies that no field of theirs, and no tile
  /// as deep, holds yet.
  mutating func coverGalaxies() {
    guard var own = galaxies else { return }
    let able = sites.indices.filter { own.isMember[$0] && !sites[$0].resource.darkWindows.isEmpty }
    let found = concurrentMap(able) { [sites, request, own] i in
      own.pointings(of: sites[i], least: request.smallestGain, slots: own.selection.freeSlots(of: i))
    }
    let offers = Dictionary(uniqueKeysWithValues: zip(able, found))
    let tiles = tileCovers(own)
    func choose(_ group: [Int], _ seen: inout SkyGrain.Covered, _ smallestGain: Double) {
      for i in group { own.numbers[i] += offers[i]?.map(\.number) ?? [] }
      own.selection.choose(
        group.map { i in (i, offers[i]?.map(\.candidate) ?? []) }, besides: &seen, smallestGain: smallestGain,
        favor: favors)
    }
    for i in able where request.alone.contains(sites[i].telescope.id) {
      var seen = own.grains.uncovered
      for tile in tiles where tile.telescopeID == sites[i].telescope.id { seen.insert(tile.cover) }
      choose([i], &seen, request.smallestGain)
    }
    let together = able.filter { !request.alone.contains(sites[$0].telescope.id) }
    var smallestGain = request.smallestGain
    for depth in Set(together.map { sites[$0].depthClass }).sorted() {
      let group = together.filter { sites[$0].depthClass >= depth && own.selection.freeSlots(of: $0) > 0 }
      var seen = own.grains.uncovered
      for tile in tiles where tile.depth >= depth { seen.insert(tile.cover) }
      for i in able where sites[i].depthClass >= depth {
        for candidate in own.selection.chosen(of: i) { seen.insert(candidate.cover) }
      }
      choose(group, &seen, smallestGain)
      smallestGain = request.smallestDepthGain
    }
    for i in able { fieldNumbers[i] = own.numbers[i] }
    galaxies = own
  }

  /// The galaxies in what was observed, is kept, or is chosen as a tile.
  private func tileCovers(
    _ own: GalaxySession
  ) -> [(telescopeID: String, depth: Int, cover: SkyGrain.Cover)] {
    func cover(_ footprint: Footprint, _ center: Direction<ICRS>, _ field: FieldOfView) -> SkyGrain.Cover {
      own.grains.cover(points: own.members(of: footprint, center: center, radius: field.radius))
    }
    var covers = request.observed.map {
      ($0.telescopeID, $0.limit.map(PlannedSite.depthClass) ?? 0, cover($0.footprint, $0.center, $0.field))
    }
    for (i, site) in sites.enumerated() {
      let centers = (site.held?.pointings ?? []).map(\.center) + selection.chosen(of: i).map(\.center)
      covers += centers.map {
        (site.telescope.id, site.depthClass, cover(Footprint(site.field, at: $0), $0, site.field))
      }
    }
    return covers
  }
}
