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
  let smallestGain: Double
  /// Open sky, the densest first, in cells of the orders that the sites need.
  private let offers: [Int: [SkyGrain.Offer]]

  init(sky: SkyGrain, besides covered: SkyGrain.Covered, sites: [PlannedSite], smallestGain: Double) {
    self.sky = sky
    self.smallestGain = smallestGain
    let orders = Set(sites.map(\.probeOrder)).sorted()
    let lists = concurrentMap(orders) { order in
      let widest = sites.filter { $0.probeOrder == order }.map(\.field.area.steradians).max() ?? 0
      // With room for rounding: `tiles` compares again.
      return sky.offers(order: order, besides: covered, least: 0.999 * smallestGain / max(widest, 1e-300))
    }
    offers = Dictionary(uniqueKeysWithValues: zip(orders, lists))
  }

  /// Tiles of a site's grid, or of the rows it is moved to, over the densest uncovered sky that can be
  /// observed, in the order in which the sky is worth it.
  ///
  /// - Parameters:
  ///   - rows: where the rows lie, if not where the grid has them. Numbers are then those of the lattice,
  ///     negative.
  ///   - limit: the most tiles; nil is all that might add `smallestGain`.
  func tiles(of site: PlannedSite, on rows: RowAlignment.Rows?, limit: Int?) -> [Tile] {
    guard let rows else {
      let grid = site.grid
      return tiles(of: site, limit: limit, places: grid.count + 1, place: grid.number) {
        ($0, grid.center(of: $0))
      }
    }
    let grid = AlignedGrid(site, rows)
    return tiles(of: site, limit: limit, places: grid.count, place: grid.place) { place in
      guard let middle = grid.center(of: place), let point = FineLattice.point(of: site, near: middle) else {
        return nil
      }
      return (-point.number, point.center)
    }
  }

  /// - Parameter places: of the grid, 0..<places.
  private func tiles(
    of site: PlannedSite, limit: Int?, places: Int, place: (Direction<ICRS>) -> Int,
    tile: (Int) -> (number: Int, center: Direction<ICRS>)?
  ) -> [Tile] {
    var tiles: [Tile] = []
    tiles.reserveCapacity(min(limit ?? 1024, 4096))
    var seen = ContiguousArray<UInt64>(repeating: 0, count: places / 64 + 1)
    var sees = BlockVisibility(sky: sky, site: site)
    let spacing = site.probeSpacing
    let fieldArea = site.field.area.steradians
    for offer in offers[site.probeOrder] ?? [] {
      if tiles.count >= limit ?? .max || offer.density * fieldArea < smallestGain { break }
      if limit != nil, !sees(offer.cell) { continue }
      sky.forEachProbe(of: offer.cell, spacing: spacing) { point in
        let place = place(point)
        let bit = UInt64(1) << UInt64(place & 63)
        guard seen[place >> 6] & bit == 0 else { return }
        seen[place >> 6] |= bit
        guard let (number, center) = tile(place), !site.avoids(center) else { return }
        let windows = site.visibility.startWindows(for: center, exposure: site.exposure)
        guard !windows.isEmpty else { return }
        let cover = sky.cover(site.outline, at: center)
        guard !cover.isEmpty else { return }
        tiles.append(
          Tile(number: number, candidate: Candidate(center: center, startWindows: windows, cover: cover)))
      }
    }
    return tiles
  }
}

extension PlannedSite {
  /// Half a step of the grid: no tile of it slips between points so close.
  fileprivate var probeSpacing: Angle { min(grid.width, grid.height) * (0.5 * (1 - grid.overlap)) }
  fileprivate var probeOrder: Int { SkyGrain.order(ofCellsUnder: probeSpacing) }
}

/// Whether a site can observe some part of the block of sky (3.7 degrees wide) around a cell, as far as
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

  mutating func callAsFunction(_ cell: Cell) -> Bool {
    let block = Cell(order: min(Self.order, cell.order), key: cell.firstKey)
    if let answer = known[block] { return answer }
    let answer = sky.marks(of: block).contains { site.canObserve($0) }
    known[block] = answer
    return answer
  }
}
