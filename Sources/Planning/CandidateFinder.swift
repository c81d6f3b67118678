import HeapModule
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
  private let offers: [Int: OpenSky]

  init(sky: SkyGrain, besides covered: SkyGrain.Covered, sites: [PlannedSite], smallestGain: Double) {
    self.sky = sky
    self.smallestGain = smallestGain
    let orders = Set(sites.map(\.probeOrder)).sorted()
    let lists = concurrentMap(orders) { order in
      let widest = sites.filter { $0.probeOrder == order }.map(\.field.area.steradians).max() ?? 0
      // With room for rounding: `tiles` compares again.
      return OpenSky(
        sky.offers(order: order, besides: covered, least: 0.999 * smallestGain / max(widest, 1e-300)))
    }
    offers = Dictionary(uniqueKeysWithValues: zip(orders, lists))
  }

  /// Tiles of a site's grid, or of the rows it is moved to, over the densest uncovered sky that can be
  /// observed, in the order in which the sky is worth it.
  ///
  /// - Parameters:
  ///   - rows: where the rows lie, if not where the grid has them. Numbers are then those of the lattice,
  ///     negative.
  ///   - quota: how many there should be; nil is all that might add `smallestGain`.
  ///   - mayReach: whether it might observe some of a cell.
  func tiles(
    of site: PlannedSite, on rows: RowAlignment.Rows?, quota: TileQuota?, mayReach: @escaping (Cell) -> Bool
  ) -> [Tile] {
    let reach = BlockReach(mayReach)
    guard let rows else {
      let grid = site.grid
      return tiles(of: site, quota: quota, in: reach, places: grid.count + 1, place: grid.number) {
        ($0, grid.center(of: $0))
      }
    }
    let grid = AlignedGrid(site, rows)
    return tiles(of: site, quota: quota, in: reach, places: grid.count, place: grid.place) { place in
      guard let middle = grid.center(of: place), let point = FineLattice.point(of: site, near: middle) else {
        return nil
      }
      return (-point.number, point.center)
    }
  }

  /// - Parameter places: of the grid, 0..<places.
  private func tiles(
    of site: PlannedSite, quota: TileQuota?, in reach: BlockReach, places: Int,
    place: (Direction<ICRS>) -> Int, tile: (Int) -> (number: Int, center: Direction<ICRS>)?
  ) -> [Tile] {
    var tiles: [Tile] = []
    tiles.reserveCapacity(1024)
    var seen = SeenPlaces(places)
    var reach = reach
    var quota = quota
    let spacing = site.probeSpacing
    let fieldArea = site.field.area.steradians
    /// Whether there may be more in offers that are no denser.
    func look(at offer: SkyGrain.Offer) -> Bool {
      guard Double(offer.density) * fieldArea >= smallestGain else { return false }
      sky.forEachProbe(of: offer.cell, spacing: spacing) { point in
        let place = place(point)
        guard seen.insert(place), let (number, center) = tile(place), !site.avoids(center) else { return }
        let windows = site.visibility.startWindows(for: center, exposure: site.exposure)
        guard !windows.isEmpty, quota?.takes(windows) ?? true else { return }
        let cover = sky.cover(site.outline, at: center)
        guard !cover.isEmpty else { return }
        tiles.append(
          Tile(number: number, candidate: Candidate(center: center, startWindows: windows, cover: cover)))
      }
      return true
    }
    guard let open = offers[site.probeOrder] else { return [] }
    if !(quota?.isTimed ?? false) || !open.isFine {
      for offer in open.offers where reach(offer.cell) {
        if !(quota?.isOpen ?? true) || !look(at: offer) { break }
      }
    } else {
      open.forEach(while: { quota!.wants(block: $0) }, look)
    }
    return tiles
  }
}

/// Open sky in cells, the densest first, of all the sky and of each block of it.
private struct OpenSky {
  let offers: ContiguousArray<SkyGrain.Offer>
  /// Places in `offers`, block after block, and where each block begins.
  private var places: ContiguousArray<Int32> = []
  private var starts = ContiguousArray<Int32>(repeating: 0, count: blocks + 1)
  /// Whether no cell is larger than a block.
  let isFine: Bool

  private static let blocks = Int(Cell.count(order: TileQuota.order))

  init(_ offers: ContiguousArray<SkyGrain.Offer>) {
    self.offers = offers
    isFine = offers.allSatisfy { $0.cell.order >= TileQuota.order }
    guard isFine else { return }
    for offer in offers { starts[Self.block(of: offer) + 1] += 1 }
    for block in 0..<Self.blocks { starts[block + 1] += starts[block] }
    var next = starts
    places = .init(repeating: 0, count: offers.count)
    for (i, offer) in offers.enumerated() {
      let block = Self.block(of: offer)
      places[Int(next[block])] = Int32(i)
      next[block] += 1
    }
  }

  private static func block(of offer: SkyGrain.Offer) -> Int {
    Int(Cell(order: TileQuota.order, key: offer.cell.firstKey).index)
  }

  /// The densest of the blocks that are wanted still, until `body` says that it is enough.
  func forEach(while wants: (Int) -> Bool, _ body: (SkyGrain.Offer) -> Bool) {
    var next = starts
    func head(of block: Int) -> Head? {
      guard next[block] < starts[block + 1] else { return nil }
      return Head(place: places[Int(next[block])], block: Int32(block))
    }
    var heap = Heap((0..<Self.blocks).compactMap(head))
    while let top = heap.popMin() {
      let block = Int(top.block)
      guard wants(block) else { continue }
      guard body(offers[Int(top.place)]) else { return }
      next[block] += 1
      if let following = head(of: block) { heap.insert(following) }
    }
  }

  /// The densest offer of a block that nobody has looked at.
  private struct Head: Comparable {
    var place: Int32
    var block: Int32
    static func < (a: Self, b: Self) -> Bool { a.place < b.place }
  }
}

extension PlannedSite {
  /// Half a step of the grid: no tile of it slips between points so close.
  fileprivate var probeSpacing: Angle { min(grid.width, grid.height) * (0.5 * (1 - grid.overlap)) }
  fileprivate var probeOrder: Int { SkyGrain.order(ofCellsUnder: probeSpacing) }
}

/// Places of a grid, each to be looked at once.
private struct SeenPlaces {
  private var bits: ContiguousArray<UInt64> = []
  /// For grids so fine that clearing a bit for every place would take longer than the search.
  private var few: Set<Int>?
  private static let most = 200_000

  init(_ count: Int) {
    if count > Self.most { few = [] } else { bits = .init(repeating: 0, count: count / 64 + 1) }
  }

  /// Whether it was not there before.
  mutating func insert(_ place: Int) -> Bool {
    guard few == nil else { return few!.insert(place).inserted }
    let bit = UInt64(1) << UInt64(place & 63)
    defer { bits[place >> 6] |= bit }
    return bits[place >> 6] & bit == 0
  }
}

/// Whether a site might observe some of the block of sky (3.7 degrees wide) around a cell.
private struct BlockReach {
  private static let order = 4
  private let mayReach: (Cell) -> Bool
  /// By block: 0 is not asked yet, 1 is no, 2 is yes.
  private var known = ContiguousArray<UInt8>(repeating: 0, count: Int(Cell.count(order: order)))

  init(_ mayReach: @escaping (Cell) -> Bool) { self.mayReach = mayReach }

  mutating func callAsFunction(_ cell: Cell) -> Bool {
    guard cell.order >= Self.order else { return mayReach(cell) }
    let block = Cell(order: Self.order, key: cell.firstKey)
    let i = Int(block.index)
    if known[i] == 0 { known[i] = mayReach(block) ? 2 : 1 }
    return known[i] == 2
  }
}
