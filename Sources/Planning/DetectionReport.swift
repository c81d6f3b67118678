import Healpix
import Photometry
import Scheduling
import Skymaps
import Targeting
import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Depths at which the chance to see the source is computed, for figures: between them it is taken to be linear, so
/// that what is seen never falls with depth.
struct DetectionScale: Sendable {
  /// Distance moduli, increasing.
  let moduli: [Double]
  /// Probability per steradian to be there and be seen, parallel to the cells of the map, by depth.
  let densities: [ContiguousArray<Double>]

  /// The finest step between depths, magnitudes.
  private static let finest = 0.02
  /// Cells that stand for the map where depths are chosen.
  private static let probes = 400

  /// - Parameters:
  ///   - seen: everything it is asked for lies between the least and the greatest of these.
  ///   - most: depths at most: each is a map of its own.
  init(_ seen: [Double], guide: DetectionGuide, most: Int) {
    let seen = seen.filter(\.isFinite)
    moduli = seen.min().map { Self.depths(from: $0, to: seen.max() ?? $0, most, guide) } ?? []
    densities = concurrentMap(moduli) { guide.map.densities(within: DetectionLayers.reach(of: $0)) }
  }

  /// So close that from one to the next the root of what is seen of the map grows by equal steps: fine where much
  /// is gained, and finer for those who see little.
  private static func depths(
    from least: Double, to greatest: Double, _ most: Int, _ guide: DetectionGuide
  ) -> [Double] {
    guard greatest - least > finest else { return least == greatest ? [least] : [least, greatest] }
    let map = guide.map
    let stride = max(1, map.map.count / probes)
    let count = max(1, Int(((greatest - least) / finest).rounded(.down)))
    let roots = (0...count).map { i -> (modulus: Double, root: Double) in
      let modulus = least + (greatest - least) * Double(i) / Double(count)
      let reach = DetectionLayers.reach(of: modulus)
      var sum = 0.0
      for cell in Swift.stride(from: 0, to: map.map.count, by: stride) {
        sum += map.map.probability(ofCell: cell) * map.detectability(ofCell: cell, within: reach)
      }
      return (modulus, sum.squareRoot())
    }
    let step = (roots[count].root - roots[0].root) / Double(most - 1)
    var depths = [least]
    var last = roots[0].root
    for (modulus, root) in roots.dropFirst().dropLast() where root - last >= step && step > 0 {
      depths.append(modulus)
      last = root
    }
    return depths + [greatest]
  }

  /// The least depth that is no less than a modulus.
  func index(atOrAbove modulus: Double) -> Int? {
    modulus.isFinite ? moduli.firstIndex { $0 >= modulus - 1e-9 } : nil
  }

  /// The depths about a modulus, and how far it is from the lower to the upper, 0...1.
  func place(of modulus: Double) -> (index: Int, share: Double)? {
    guard modulus.isFinite, let above = index(atOrAbove: modulus) else { return nil }
    guard above > 0 else { return (0, 0) }
    let (low, high) = (moduli[above - 1], moduli[above])
    return (above - 1, min(1, max(0, (modulus - low) / (high - low))))
  }
}

/// The probability that a plan detects the source, from the footprints themselves: integrals over the map weighted
/// by the chance to see, each piece of sky by the deepest exposure that covers it.
struct DetectionReport: Sendable {
  let network: Double
  /// By telescope: in the union of its footprints.
  let telescopes: [Double]
  /// By telescope and exposure: in the footprint alone.
  let exposures: [[Double]]

  /// An exposure, or several stacked.
  struct Exposure: Sendable {
    var footprint: [ConvexRegion<ICRS>]
    /// Of the footprint.
    var center: SIMD3<Double>
    var radius: Angle
    /// To which it sees the source; nil sees nothing.
    var modulus: Double?
  }

  /// - Parameter parts: the exposures of each telescope.
  init(_ parts: [[Exposure]], _ scale: DetectionScale, map: Skymap) {
    let trees = concurrentMap(scale.densities) { density in
      ProbabilityTree(
        Skymap(
          keys: map.keys, orders: map.orders, density: density, distance: nil, frame: map.frame,
          header: map.header, report: map.report))
    }
    let appraiser = Appraiser(scale: scale, trees: trees)
    network = appraiser.found(by: parts.flatMap { $0 })
    telescopes = concurrentMap(parts) { appraiser.found(by: $0) }
    exposures = concurrentMap(parts) { $0.map { appraiser.found(by: [$0]) } }
  }

  private struct Appraiser: Sendable {
    let scale: DetectionScale
    let trees: [ProbabilityTree]

    /// The deepest first; each counts for what no deeper one covers.
    func found(by exposures: [Exposure]) -> Double {
      let seeing = exposures.filter { $0.modulus?.isFinite ?? false }
        .sorted { $0.modulus! > $1.modulus! }
      let places = seeing.map { scale.place(of: $0.modulus!) }
      var sum = 0.0
      var first = 0
      while first < seeing.count {
        guard let place = places[first] else {
          first += 1
          continue
        }
        let end = places[first...].firstIndex { $0?.index != place.index } ?? seeing.count
        let group = Array(seeing[first..<end])
        let deeper = seeing[..<first].filter { one in group.contains { $0.touches(one) } }
        let order = deeper.map(\.footprint) + group.map(\.footprint)
        let shares = places[first..<end].map { $0?.share ?? 0 }
        let isBetween = shares.contains { $0 > 0 }
        let low = trees[place.index].marginalProbabilities(of: order).marginal.suffix(group.count)
        let high =
          isBetween
          ? trees[place.index + 1].marginalProbabilities(of: order).marginal.suffix(group.count) : low
        for ((a, b), share) in zip(zip(low, high), shares) { sum += a + (b - a) * share }
        first = end
      }
      return sum
    }
  }
}

extension DetectionReport.Exposure {
  fileprivate func touches(_ other: Self) -> Bool {
    let reach = radius.radians + other.radius.radians
    return reach >= .pi || (center * other.center).sum() >= cos(reach) - 1e-12
  }
}

/// How a plan stands to a source: what it finds, and what no plan could exceed.
struct DetectionAppraisal: Sendable {
  let report: DetectionReport
  /// What each exposure sees; parallel to the report's.
  let sights: [[Sight?]]
  let bound: Double
  let objective: DetectionObjective

  /// - Parameters:
  ///   - parts: site and rows of each telescope with something to do.
  ///   - all: the sites whose plans the bound is over.
  ///   - coverage: the bound on coverage, which holds for detection too.
  init(
    _ parts: [(site: PlannedSite, assignments: [Plan.Assignment])], all: [PlannedSite],
    guide: DetectionGuide, outlook: CoverageOutlook, coverage: Double, effort: Int
  ) {
    let sights = concurrentMap(parts.map { Part(site: $0.site, assignments: $0.assignments) }) { part in
      part.assignments.map { guide.sight(of: part.site, $0) }
    }
    let ceilings = concurrentMap(Array(all.indices)) { i in
      SightCeiling(all[i], guide, bins: outlook.timeBins(of: i))
    }
    let best = ceilings.map(\.best).filter(\.isFinite)
    let scale = DetectionScale(
      best + best.map { $0 - Self.span } + sights.joined().compactMap { $0?.modulus }, guide: guide,
      most: Self.depths)
    report = DetectionReport(
      zip(parts, sights).map { part, sights in
        zip(part.assignments, sights).map { assignment, sight in
          DetectionReport.Exposure(
            footprint: Footprint(part.site.field, at: assignment.center).regions,
            center: assignment.center.unit, radius: part.site.field.radius, modulus: sight?.modulus)
        }
      }, scale, map: guide.map.map)
    self.sights = sights
    bound = min(
      coverage,
      outlook.bound(
        worths: scale.densities, classes: ceilings.map { scale.index(atOrAbove: $0.best) },
        ceiling: { telescope, center, radius in
          let ceiling = ceilings[telescope]
          return ContiguousArray(
            ceiling.moduli(within: radius + all[telescope].field.radius, of: center.unit)
              .map { Int8(scale.index(atOrAbove: $0) ?? -1) })
        }, effort: effort
      ).value)
    objective = guide.objective
  }

  /// Depths of the figures and of the bound.
  private static let depths = 32
  /// What is told apart below the best that a telescope can do, magnitudes.
  private static let span = 2.0

  private struct Part: Sendable {
    var site: PlannedSite
    var assignments: [Plan.Assignment]
  }
}

extension DetectionGuide {
  /// What a row of a plan sees, at the altitude and with the Moon of its middle.
  fileprivate func sight(of site: PlannedSite, _ row: Plan.Assignment) -> Sight? {
    let middle = row.start + (row.end - row.start) / 2
    let here = site.visibility.conditions(of: row.center, at: middle)
    return sight(
      of: site.telescope, row.filter, open: .seconds(row.exposure.seconds * Double(row.exposureCount)),
      at: middle, under: SkyConditions(altitude: here.altitude, moon: MoonInSky(here)))
  }
}

extension Plan {
  /// Writes the figures of detection into a plan whose telescopes are those of the appraisal.
  mutating func note(_ appraisal: DetectionAppraisal) {
    for i in telescopes.indices {
      telescopes[i].detection = Fraction(clamping: appraisal.report.telescopes[i])
      for j in telescopes[i].assignments.indices {
        telescopes[i].assignments[j].detection = Fraction(clamping: appraisal.report.exposures[i][j])
        telescopes[i].assignments[j].limit = appraisal.sights[i][j]?.limit
      }
    }
    network.detection = Fraction(clamping: appraisal.report.network)
    network.detectionBound = Fraction(clamping: appraisal.bound)
    network.source = appraisal.objective.curve.id
    network.sourceTerms = appraisal.objective.assumptions
  }
}
