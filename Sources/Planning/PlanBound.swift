import Scheduling
import Targeting
import Units

extension CoverageOutlook {
  /// The outlook for all plans of the same request: any pointings at any permitted times.
  init(_ request: PlanRequest, sites: [PlannedSite]) {
    let blocks = SkyBlocks(request.map, share: 1e-3, finest: 5)
    let samplers = sites.map { ReachSampler($0) }
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
      return samplers[site].windows(touching: center, radius: radius)[part]
    }
  }
}
