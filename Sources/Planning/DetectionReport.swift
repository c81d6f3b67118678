import Healpix
import Photometry
import Scheduling
import Skymaps
import Units

/// What telescopes see of a source, in classes of reach fine enough for figures: a telescope counts as seeing as far as
/// its class, and no class is beyond its limit.
struct DetectionClasses: Sendable {
  /// Distance modulus of each class, increasing.
  let moduli: [Double]
  /// Probability per steradian to be there and be seen, parallel to the cells of the map, by class.
  let densities: [ContiguousArray<Double>]

  /// Magnitudes from class to class at least, and the most classes: each is a map of its own.
  private static let (finest, most) = (0.05, 12)

  init(_ sights: [Sight?], guide: DetectionGuide) {
    let own = sights.compactMap { $0?.modulus }.filter(\.isFinite)
    var step = Self.finest
    func steps() -> [Double] { Set(own.map { ($0 / step).rounded(.down) }).sorted() }
    while steps().count > Self.most { step *= 1.25 }
    moduli = steps().map { $0 * step }
    densities = concurrentMap(moduli) { guide.map.densities(within: DetectionLayers.reach(of: $0)) }
  }

  /// Index of the class of a telescope; nil where nothing is known of what it sees.
  func index(of sight: Sight?) -> Int? {
    guard let sight, sight.modulus.isFinite else { return nil }
    return moduli.lastIndex { $0 <= sight.modulus + 1e-9 }
  }
}

/// The probability that a plan detects the source, from the footprints themselves: integrals over the map weighted
/// by the chance to see, each piece of sky at the deepest class that covers it.
struct DetectionReport: Sendable {
  let network: Double
  /// By telescope: in the union of its footprints.
  let telescopes: [Double]
  /// By telescope and visit: in the footprint alone.
  let visits: [[Double]]

  /// - Parameter parts: of each telescope its class, an index into `densities`, or nil if it counts nothing.
  init(
    _ parts: [(class: Int?, footprints: [[ConvexRegion<ICRS>]])], densities: [ContiguousArray<Double>],
    map: Skymap
  ) {
    let trees = concurrentMap(densities) { density in
      ProbabilityTree(
        Skymap(
          keys: map.keys, orders: map.orders, density: density, distance: nil, frame: map.frame,
          header: map.header, report: map.report))
    }
    let footprints = densities.indices.map { c in
      parts.filter { $0.class == c }.flatMap { $0.footprints.flatMap { $0 } }
    }
    // Deeper classes cover first; what a class adds to them counts with its own worth.
    network = concurrentMap(Array(densities.indices)) { c in
      guard !footprints[c].isEmpty else { return 0.0 }
      let deeper = footprints[(c + 1)...].flatMap { $0 }
      return trees[c].marginalProbabilities(of: [deeper, footprints[c]]).marginal[1]
    }.reduce(0, +)
    telescopes = concurrentMap(parts.map { Part(index: $0.class, footprints: $0.footprints) }) { part in
      part.index.map { trees[$0].probability(inUnionOf: part.footprints.flatMap { $0 }) } ?? 0
    }
    visits = concurrentMap(parts.map { Part(index: $0.class, footprints: $0.footprints) }) { part in
      part.footprints.map { own in part.index.map { trees[$0].probabilities(in: own).reduce(0, +) } ?? 0 }
    }
  }

  private struct Part: Sendable {
    var index: Int?
    var footprints: [[ConvexRegion<ICRS>]]
  }
}

/// How a plan stands to a source: what it finds, and what no plan could exceed.
struct DetectionAppraisal: Sendable {
  let report: DetectionReport
  let bound: Double
  let source: String

  /// - Parameters:
  ///   - parts: site and footprints of each telescope with something to do.
  ///   - others: what sites see whose plans the bound is over.
  ///   - coverage: the bound on coverage, which holds for detection too.
  init(
    _ parts: [(sight: Sight?, footprints: [[ConvexRegion<ICRS>]])], others: [Sight?], guide: DetectionGuide,
    outlook: CoverageOutlook, coverage: Double, effort: Int
  ) {
    let classes = DetectionClasses(others + parts.map(\.sight), guide: guide)
    report = DetectionReport(
      parts.map { (classes.index(of: $0.sight), $0.footprints) }, densities: classes.densities,
      map: guide.map.map)
    bound = min(
      coverage,
      outlook.bound(worths: classes.densities, classes: others.map(classes.index), effort: effort).value)
    source = guide.objective.curve.id
  }
}

extension Plan {
  /// Writes the figures of detection into a plan whose telescopes are those of the appraisal.
  mutating func note(_ appraisal: DetectionAppraisal) {
    for i in telescopes.indices {
      telescopes[i].detection = Fraction(clamping: appraisal.report.telescopes[i])
      for j in telescopes[i].assignments.indices {
        telescopes[i].assignments[j].detection = Fraction(clamping: appraisal.report.visits[i][j])
      }
    }
    network.detection = Fraction(clamping: appraisal.report.network)
    network.detectionBound = Fraction(clamping: appraisal.bound)
    network.source = appraisal.source
  }
}
