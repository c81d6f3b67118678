import Scheduling
import Skymaps
import Targeting
import Units

extension CoverageOutlook {
  /// The outlook for all plans of the same request: any pointings at any permitted times.
  init(_ request: PlanRequest, sites: [PlannedSite]) {
    let blocks = SkyBlocks(request.map, share: 1e-3, finest: 5)
    let samplers = sites.map { ReachSampler($0, isHasty: request.effort == 0) }
    let known = concurrentMap(samplers) { sampler -> [SkyReach] in
      var reach = [SkyReach](repeating: SkyReach(), count: sampler.partCount)
      for block in 0..<blocks.count {
        let cap = blocks.cap(of: block)
        for (i, windows) in sampler.windows(touching: cap.center, radius: cap.radius).enumerated() {
          reach[i].append(windows)
        }
      }
      return reach
    }
    var offers: [TimeOffer] = []
    var parts: [(site: Int, part: Int)] = []
    for (i, site) in sites.enumerated() {
      let count = samplers[i].partCount
      for part in 0..<count {
        let area = SolidAngle(steradians: site.field.area.steradians / Double(count))
        offers.append(TimeOffer(telescope: i, resource: site.resource, fieldArea: area))
        parts.append((i, part))
      }
    }
    self.init(request.map, blocks: blocks, offers: offers, known: known.flatMap { $0 }) {
      [parts] offer, center, radius in
      let (site, part) = parts[offer]
      return samplers[site].windows(ofPart: part, touching: center, radius: radius)
    }
  }
}

extension Session {
  /// Visits that the allocation of a site leaves it; of those who share one, all that they share where it is met.
  func mostVisits(of site: Int) -> Int {
    guard sites[site].rule != nil else {
      return selection(of: site).mostVisits(of: site) * max(1, request.revisits?.count ?? 1)
    }
    // Where a rule has chosen, no more than it chose: that is no bound of an allocation.
    let own = sites[site].budget
    let group =
      own.sharing.isEmpty ? [site] : sites.indices.filter { sites[$0].budget.sharing == own.sharing }
    let all = group.reduce(0) { $0 + selection(of: $1).chosen(of: $1).count }
    return all >= own.mostVisits ?? .max ? 0 : .max
  }

  /// The least of what is proven of all plans: by prices, by what is within reach, and where every telescope has a
  /// number of visits, by the most that so much area can hold.
  func sharpened(_ bound: Double, reachable: Double, regions: CredibleRegions) -> Double {
    let isNumbered = request.recipe?.fieldsPerNight != nil
    guard isNumbered || sites.contains(where: { $0.resource.mostVisits != nil }) else { return bound }
    let least = min(bound, reachable)
    // What is kept of a plan before is not in the number, nor what telescopes do by themselves.
    guard request.held.isEmpty, request.alone.isEmpty, let area = areaOfAllVisits else { return least }
    return min(least, regions.probability(within: area).value)
  }

  /// Nil where some telescope is bound by time alone.
  private var areaOfAllVisits: SolidAngle? {
    let open = sites.filter { !$0.resource.darkWindows.isEmpty }
    func own(_ site: PlannedSite) -> Double? {
      site.resource.mostVisits.map { Double($0) * site.field.area.steradians }
    }
    if galaxies == nil, let most = request.recipe?.fieldsPerNight,
      let widest = open.map(\.field.area.steradians).max()
    {
      let nights = max(1, (request.window.duration.seconds / 86_400).rounded(.up))
      return SolidAngle(steradians: min(4 * .pi, Double(most) * nights * widest))
    }
    var sum = 0.0
    let groups = Dictionary(grouping: open) { $0.budget.sharing }
    for group in groups.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      let each = group.value.map(own)
      guard each.allSatisfy({ $0 != nil }) else { return nil }
      var area = each.reduce(0) { $0 + ($1 ?? 0) }
      if !group.key.isEmpty {
        // All that is shared spent where it shows most sky.
        let (seconds, fields) = (
          group.value.map(\.budget.seconds).max(), group.value.map(\.budget.fields).max()
        )
        let fastest = group.value.map { $0.field.area.steradians / $0.budget.cost }.max() ?? 0
        let widest = group.value.map(\.field.area.steradians).max() ?? 0
        if let seconds, seconds.isFinite { area = min(area, seconds * fastest) }
        if let fields, fields < .max { area = min(area, Double(fields) * widest) }
      }
      sum += area
    }
    return SolidAngle(steradians: min(sum, 4 * .pi))
  }
}
