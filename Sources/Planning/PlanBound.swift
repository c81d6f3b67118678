#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Scheduling
import Targeting
import Units

extension CoverageOutlook {
  /// The outlook for all plans of the same request: any pointings at any permitted times.
  init(_ request: PlanRequest, sites: [PlannedSite]) {
    let blocks = SkyBlocks(request.map, share: getenv("VS").flatMap { Double(String(cString: $0)) } ?? 1e-3, finest: getenv("VF").flatMap { Int(String(cString: $0)) } ?? 5)
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
    self.init(request.map, blocks: blocks, offers: offers, known: known.flatMap { $0 }) { [parts] offer, center, radius in
      let (site, part) = parts[offer]
      return samplers[site].windows(touching: center, radius: radius)[part]
    }
  }
}

func debugBound(_ request: PlanRequest, _ sites: [PlannedSite]) {
  guard let e = getenv("VB") else { return }
  for part in String(cString: e).split(separator: ",") {
    let n = Int(part) ?? 0
    var t0 = timespec(), t1 = timespec(), t2 = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t0)
    let o = CoverageOutlook(request, sites: sites)
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t1)
    let b = o.bound(effort: n)
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t2)
    func s(_ t0: timespec, _ t1: timespec) -> Double { Double(t1.tv_sec - t0.tv_sec) + Double(t1.tv_nsec - t0.tv_nsec) * 1e-9 }
    print("bound effort \(n): \(b.value) cpu reach \(s(t0, t1)) solve \(s(t1, t2)) it \(b.iterations)")
  }
}
