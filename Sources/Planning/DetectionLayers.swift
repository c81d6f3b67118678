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
  /// Distance modulus to which each class sees, increasing. A telescope is in the deepest class that it reaches,
  /// so that nothing is promised beyond its limit.
  let moduli: [Double]
  /// Of each site, from 1.
  let classes: [Int]
  /// Probability per steradian to be there and be seen, parallel to the cells of the map, by class.
  let densities: [ContiguousArray<Double>]
  private let base: SkyGrain
  private let skies: [SkyGrain]
  /// All layers as one sky: what selections work on.
  let ground: SkyGrain

  /// Magnitudes from class to class at least, and the most classes.
  private static let (finest, most) = (0.25, 6)

  init?(_ sites: [PlannedSite], guide: DetectionGuide?, sky: SkyGrain) {
    guard let guide, guide.isObjective, !sites.isEmpty else { return nil }
    let own = sites.map { $0.sight?.modulus ?? 0 }
    var step = Self.finest
    func steps() -> [Double] { Set(own.map { ($0 / step).rounded(.down) }).sorted() }
    while steps().count > Self.most { step *= 2 }
    moduli = steps().map { $0 * step }
    classes = own.map { [moduli] modulus in Self.class(of: modulus, moduli) }
    densities = concurrentMap(moduli) { guide.map.densities(within: Self.reach(of: $0)) }
    base = sky
    skies = concurrentMap(densities) { sky.weighted(by: $0, of: guide.map.map) }
    ground = SkyGrain(layers: skies)
  }

  static func reach(of modulus: Double) -> Distance { .megaparsecs(pow(10, (modulus - 25) / 5)) }

  private static func `class`(of modulus: Double, _ moduli: [Double]) -> Int {
    max(1, moduli.filter { $0 <= modulus + 1e-9 }.count)
  }

  /// The class of an exposure to a limit, for a source that bright; the shallowest if the limit is not known.
  func `class`(limit: Magnitude?, like site: Sight?) -> Int {
    guard let limit, let site else { return 1 }
    return Self.class(of: limit.value - site.absolute.value, moduli)
  }

  func cover(_ cover: SkyGrain.Cover, class c: Int) -> SkyGrain.Cover { base.cover(cover, layers: c) }

  /// Looks for tiles of sites by what the sky is worth to their class.
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
      for (i, tiles) in zip(members, concurrentMap(members) { find(finder, $0) }) {
        found[i] = tiles.map { tile in
          var tile = tile
          tile.candidate.cover = cover(tile.candidate.cover, class: c)
          return tile
        }
      }
    }
    return group.map { found[$0] ?? [] }
  }
}
