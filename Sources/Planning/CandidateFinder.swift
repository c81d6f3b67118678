import Healpix
import Observatories
import Scheduling
import Targeting
import Units
import Visibility

/// Finds the tiles of one telescope that are worth offering to the scheduler.
struct CandidateFinder {
  /// One tile with its place on the grid.
  struct Tile {
    var number: Int
    var candidate: Candidate
  }

  let sky: SkyGrain
  /// Grains by uncovered density, the densest first.
  let offers: [SkyGrain.Offer]
  let smallestGain: Double

  /// Tiles of a site's grid over the densest uncovered sky that can be observed, in the order in which
  /// the sky is worth it.
  ///
  /// - Parameter limit: the most tiles; nil is all that might add `smallestGain`.
  func tiles(of site: PlannedSite, limit: Int?) -> [Tile] {
    var tiles: [Tile] = []
    var seen: Set<Int> = []
    var sees = BlockVisibility(sky: sky, site: site)
    let grid = site.grid
    let spacing = min(grid.width, grid.height) * (0.5 * (1 - grid.overlap))
    let fieldArea = site.field.area.steradians
    for offer in offers {
      if tiles.count >= limit ?? .max || offer.density * fieldArea < smallestGain { break }
      if limit != nil, !sees(offer.grain) { continue }
      sky.forEachProbe(of: offer.grain, spacing: spacing) { point in
        let number = grid.number(containing: point)
        guard seen.insert(number).inserted else { return }
        let center = grid.center(of: number)
        let windows = site.visibility.startWindows(for: center, exposure: site.exposure)
        guard !windows.isEmpty else { return }
        let cover = sky.cover(Footprint(site.field, at: center).regions)
        guard !cover.isEmpty else { return }
        tiles.append(Tile(number: number, candidate: Candidate(center: center, startWindows: windows, cover: cover)))
      }
    }
    return tiles
  }
}

/// Whether a site can observe some part of the block of sky (3.7 degrees wide) around a grain, as far as
/// its centre and corners tell: enough to pass over sky that a narrow field cannot reach.
private struct BlockVisibility {
  private static let order = 4
  let sky: SkyGrain
  let site: PlannedSite
  private var known: [Cell: Bool] = [:]

  init(sky: SkyGrain, site: PlannedSite) {
    self.sky = sky
    self.site = site
  }

  mutating func callAsFunction(_ grain: Int) -> Bool {
    let block = sky.block(of: grain, order: Self.order)
    if let answer = known[block] { return answer }
    let answer = sky.marks(of: block).contains { site.canObserve($0) }
    known[block] = answer
    return answer
  }
}
