import Healpix
import Observatories
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

/// The sky by classes of reach: what it is worth to telescopes that see so far.
struct DetectionLayers: Sendable {
  /// Distance moduli of the classes, increasing, and what of the map each sees.
  private let scale: DetectionScale
  private let guide: DetectionGuide
  /// Of each site, from 1: what it sees at the altitude of `DetectionGuide.altitude`.
  let classes: [Int]
  private let base: SkyGrain
  private let skies: [SkyGrain]
  /// All layers as one sky: what selections work on.
  let ground: SkyGrain

  private static let most = 8
  /// What the sky may take more or less than at that altitude, magnitudes.
  private static let spread = (less: 0.25, more: 1.0)

  init?(_ sites: [PlannedSite], guide: DetectionGuide?, sky: SkyGrain) {
    guard let guide, guide.isObjective else { return nil }
    self.guide = guide
    let own = sites.map { $0.sight?.modulus ?? -.infinity }
    scale = DetectionScale(
      own.flatMap { [$0 - Self.spread.more, $0 + Self.spread.less] }, guide: guide, most: Self.most)
    guard !scale.moduli.isEmpty else { return nil }
    classes = own.map { [scale] in Self.class(of: $0, scale.moduli) }
    base = sky
    skies = concurrentMap(scale.densities) { sky.weighted(by: $0, of: guide.map.map) }
    ground = SkyGrain(layers: skies)
  }

  /// Probability per steradian to be there and be seen, parallel to the cells of the map, by class.
  var densities: [ContiguousArray<Double>] { scale.densities }

  static func reach(of modulus: Double) -> Distance { .megaparsecs(pow(10, (modulus - 25) / 5)) }

  static func nearest(to modulus: Double, _ moduli: [Double]) -> Int {
    moduli.indices.min { abs(moduli[$0] - modulus) < abs(moduli[$1] - modulus) } ?? 0
  }

  private static func `class`(of modulus: Double, _ moduli: [Double]) -> Int {
    1 + nearest(to: modulus, moduli)
  }

  /// The class of an exposure to a limit, for a source that bright; the shallowest if the limit is not known.
  func `class`(limit: Magnitude?, like site: Sight?) -> Int {
    guard let limit, let site else { return 1 }
    return Self.class(of: limit.value - site.absolute.value, scale.moduli)
  }

  func cover(_ cover: SkyGrain.Cover, class c: Int) -> SkyGrain.Cover { base.cover(cover, layers: c) }

  /// Looks for tiles of sites by what the sky is worth to their class. A tile is offered as what it shows at its best, at
  /// the times when it does, and as what it shows at the worst, at all times.
  func tiles(
    of group: [Int], _ sites: [PlannedSite], besides covered: SkyGrain.Covered, smallestGain: Double,
    find: @Sendable (CandidateFinder, Int) -> [CandidateFinder.Tile]
  ) -> [[CandidateFinder.Tile]] {
    var found = [Int: [CandidateFinder.Tile]]()
    for c in Set(group.map { classes[$0] }).sorted() {
      let members = group.filter { classes[$0] == c }
      let finder = CandidateFinder(
        sky: skies[c - 1], besides: base.layer(c - 1, of: covered), sites: members.map { sites[$0] },
        smallestGain: smallestGain)
      let lists = concurrentMap(members) { i in
        let view = ClearView(sites[i], guide)
        return find(finder, i).flatMap { tile in
          view.classes(of: tile.candidate, scale.moduli).map { c, windows in
            var tile = tile
            tile.candidate.cover = cover(tile.candidate.cover, class: c + 1)
            tile.candidate.startWindows = windows
            return tile
          }
        }
      }
      for (i, tiles) in zip(members, lists) { found[i] = tiles }
    }
    return group.map { found[$0] ?? [] }
  }
}

/// To which depth a site sees, by time and altitude.
private struct ClearView {
  private let slots: [(start: Instant, up: SIMD3<Double>, usual: Double)]
  private let step: Double
  /// Magnitudes gained beside the altitude of `DetectionGuide.altitude`, by the sine of the altitude in steps.
  private let gain: [Double]

  private static let sines = 256
  /// Between times at which the sky is looked at, seconds.
  private static let pause = 900.0

  init(_ site: PlannedSite, _ guide: DetectionGuide) {
    let starts = site.resource.slotStarts
    step = starts.count > 1 ? starts[1].seconds(since: starts[0]) : 0
    let first = site.sequence.steps[0]
    let model = DepthModel(site.telescope, band: first.filter.flatMap { Band(filter: $0) })
    func loss(_ altitude: Angle) -> Double { model?.loss(under: SkyConditions(altitude: altitude)) ?? 0 }
    let usual = loss(DetectionGuide.altitude)
    gain = (0..<Self.sines).map {
      usual - loss(Angle(radians: asin((Double($0) + 0.5) / Double(Self.sines))))
    }
    var last: (at: Instant, modulus: Double)?
    slots = starts.map { start in
      let middle = start + site.exposure / 2
      if last.map({ middle.seconds(since: $0.at) >= Self.pause }) ?? true {
        last = (middle, guide.sight(of: site, at: middle)?.modulus ?? -.infinity)
      }
      return (start, site.visibility.frame(at: middle).up, last?.modulus ?? -.infinity)
    }
  }

  /// Depths as which a candidate counts, indices into moduli, each with the start windows in which it does.
  func classes(of candidate: Candidate, _ moduli: [Double]) -> [(class: Int, windows: [TimeWindow])] {
    var own: [(start: Instant, class: Int, window: Int)] = []
    var window = 0
    for slot in slots {
      while window < candidate.startWindows.count, candidate.startWindows[window].end < slot.start {
        window += 1
      }
      guard window < candidate.startWindows.count else { break }
      guard candidate.startWindows[window].start <= slot.start else { continue }
      let sine = (slot.up * candidate.center.unit).sum()
      let modulus = slot.usual + gain[min(Self.sines - 1, max(0, Int(sine * Double(Self.sines))))]
      own.append((slot.start, DetectionLayers.nearest(to: modulus, moduli), window))
    }
    guard let best = own.map(\.class).max(), let worst = own.map(\.class).min() else {
      return [(0, candidate.startWindows)]
    }
    guard best > worst else { return [(best, candidate.startWindows)] }
    // Half a slot on either side, as slots may be moved.
    let windows = own.filter { $0.class == best }.compactMap { slot in
      TimeWindow(slot.start - .seconds(step / 2), slot.start + .seconds(step / 2))
        .intersection(candidate.startWindows[slot.window])
    }
    return [(best, joined(windows)), (worst, candidate.startWindows)]
  }

  private func joined(_ windows: [TimeWindow]) -> [TimeWindow] {
    windows.reduce(into: []) { joined, window in
      if let last = joined.last, window.start.seconds(since: last.end) < 1e-3 {
        joined[joined.count - 1] = TimeWindow(last.start, window.end)
      } else {
        joined.append(window)
      }
    }
  }
}
