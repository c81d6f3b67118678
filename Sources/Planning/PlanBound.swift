#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Observatories
import Scheduling
import Targeting
import Units
import Visibility

extension CoverageBound {
  /// The bound over all plans of the same request: any pointings at any permitted times.
  init(_ request: PlanRequest, sites: [PlannedSite], effort: Int) {
    let blocks = SkyBlocks(request.map, share: getenv("VS").flatMap { Double(String(cString: $0)) } ?? 1.0/3000, finest: getenv("VF").flatMap { Int(String(cString: $0)) } ?? 6); print("blocks", blocks.count)
    let reach = concurrentMap(sites) { Self.reach(of: $0, blocks) }
    self.init(
      blocks, resources: sites.map(\.resource), fieldAreas: sites.map(\.field.area), reach: reach, effort: effort)
  }

  /// Every start at which a field of the site might touch a block: the block's centre under limits relaxed
  /// by the radii of field and block.
  static func reach(of site: PlannedSite, _ blocks: SkyBlocks) -> SkyReach {
    var reach = SkyReach()
    var relaxed: [Angle: SiteVisibility] = [:]
    var windows: [TimeWindow] = []
    for block in 0..<blocks.count {
      windows.removeAll(keepingCapacity: true)
      if !site.resource.darkWindows.isEmpty {
        let (center, radius) = blocks.cap(of: block)
        if relaxed[radius] == nil { relaxed[radius] = site.visibility(relaxedBy: (site.field.radius + radius) * debugFactor) }
        relaxed[radius]?.appendStartWindows(for: center, exposure: site.exposure, to: &windows)
      }
      reach.append(windows)
    }
    return reach
  }
}

extension PlannedSite {
  /// A site that may observe a point whenever this one may observe some point at most `angle` from it.
  fileprivate func visibility(relaxedBy angle: Angle) -> SiteVisibility? {
    // Aberration changes separations by up to 1e-4 of themselves.
    let angle = angle * 1.001 + .degrees(0.01)
    let constraints = visibility.constraints.compactMap { $0.relaxed(by: angle) }
    return try? SiteVisibility(
      position: telescope.site.position, constraints: constraints, window: visibility.window,
      ephemeris: visibility.ephemeris)
  }
}

extension Constraint {
  fileprivate func relaxed(by angle: Angle) -> Constraint? {
    func lowered(_ a: Angle) -> Constraint { .minAltitude(max(.degrees(-90), a - angle)) }
    switch self {
    case .minAltitude(let a): return lowered(a)
    case .maxAirmass(let x): return lowered(Angle(radians: asin(1 / max(x, 1))))
    case .horizon(let mask): return lowered(mask.points.map(\.altitude).min() ?? .degrees(-90))
    case .declination(let from, let to):
      return .declination(from: max(.degrees(-91), from - angle), to: min(.degrees(91), to + angle))
    // How far a circle reaches in hour angle depends on its declination: no limit is on the safe side.
    case .maxHourAngle: return nil
    case .moonSeparation(let a): return .moonSeparation(max(.zero, a - angle))
    case .minGalacticLatitude(let b): return .minGalacticLatitude(max(.zero, b - angle))
    case .maxSunAltitude, .closure: return self
    }
  }
}

func debugBound(_ request: PlanRequest, _ sites: [PlannedSite]) {
  guard let e = getenv("VB") else { return }
  for part in String(cString: e).split(separator: ",") {
    let n = Int(part) ?? 0
    var t0 = timespec(), t1 = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t0)
    let b = CoverageBound(request, sites: sites, effort: n)
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t1)
    let s = Double(t1.tv_sec - t0.tv_sec) + Double(t1.tv_nsec - t0.tv_nsec) * 1e-9
    print("bound effort \(n): \(b.value) cpu \(s)")
  }
}
let debugFactor: Double = getenv("VD").flatMap { Double(String(cString: $0)) } ?? 1
