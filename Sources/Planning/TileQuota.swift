import Healpix
import Scheduling
import Units

/// How many tiles a telescope has to choose from, time by time: the densest sky alone may be up for an hour of the
/// night, and no choice of it fills the rest.
struct TileQuota: Sendable {
  /// Tiles still wanted, by bin of its time.
  private var wanted: [Double]
  /// Nil: all its time is one bin.
  private let clock: (outlook: CoverageOutlook, telescope: Int)?
  /// Bins by block of sky, once asked for.
  private var reach: [Int: [Range<Int>]] = [:]

  /// Blocks of 3.7 degrees.
  static let order = 4

  /// - Parameters:
  ///   - perSlot: tiles to each slot, in every bin.
  ///   - free: slots that are free in all.
  init(of telescope: Int, _ site: PlannedSite, perSlot: Int, free: Int, _ outlook: CoverageOutlook) {
    clock = (outlook, telescope)
    let bins = outlook.timeBins(of: telescope)
    wanted = .init(repeating: 0, count: bins.count)
    var bin = 0
    for start in site.resource.slotStarts {
      while bin < bins.count - 1, bins[bin].end <= start { bin += 1 }
      if bin < bins.count { wanted[bin] += Double(perSlot) }
    }
    let most = Double(perSlot * free)
    for bin in wanted.indices { wanted[bin] = min(wanted[bin], most) }
  }

  /// A number of tiles, whenever they are up.
  init(total: Int) {
    wanted = [Double(total)]
    clock = nil
  }

  var isTimed: Bool { clock != nil }
  var isOpen: Bool { wanted.contains { $0 > 0 } }

  /// Whether tiles in a block of sky are of use still.
  mutating func wants(block: Int) -> Bool {
    guard let (outlook, telescope) = clock else { return isOpen }
    let bins =
      reach[block]
      ?? outlook.timeBins(of: telescope, reaching: Cell(order: Self.order, index: UInt64(block)))
    reach[block] = bins
    return bins.contains { $0.contains { wanted[$0] > 0 } }
  }

  /// Counts a tile as a part of one in every bin in which it can be observed, unless there are enough in all of them.
  mutating func takes(_ starts: [TimeWindow]) -> Bool {
    let bins = clock.map { $0.outlook.timeBins(of: $0.telescope, from: starts) } ?? [0..<1]
    guard bins.contains(where: { $0.contains { wanted[$0] > 0 } }) else { return false }
    let share = 1 / Double(bins.reduce(0) { $0 + $1.count })
    for range in bins { for bin in range { wanted[bin] -= share } }
    return true
  }
}
