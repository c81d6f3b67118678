import Healpix
import Skymaps
import Units

/// A proven upper bound on the probability that any plan of the same request covers.
///
/// Relaxation. Fields lose their shape and keep their area: a visit of telescope k that takes the time c_k
/// (exposure and shortest gap) and has the field area A_k spreads A_k over sky it can reach in that time.
/// With d(p) the probability density of the sky, prices y(k, t) >= 0 per steradian and
/// m(p) = min y(k, t) over the telescopes and times that reach p, weak duality gives for *any* prices
///
///     covered <= integral of max(0, d(p) - m(p)) dp + sum over k of A_k / c_k * integral of y(k, t) dt
///
/// because every visit pays at least its field's area times the least price in it, and so at least the sum
/// of min(d, m) over the sky it covers. p counts as reached by k at t when a field centred on a permitted
/// pointing might contain p in a visit that goes on at t; blocks of sky and bins of time are taken whole,
/// so that their size can only raise the bound. Where an allocation or the length of a night limits the number of
/// visits, the dearest times are counted up to that number.
///
/// The prices come from the relaxation itself, a transport problem solved greedily from the densest sky
/// down (`SkyMarket.settle`); blocks in which it matters who reaches which part are then split.
public struct CoverageBound: Sendable, Hashable {
  public enum Method: String, Sendable, Hashable {
    /// Prices per telescope and time, by weak duality.
    case fluidDual = "fluid-dual"
  }
  /// Upper bound on the probability covered, 0...1; `tolerance` is included.
  public let value: Double
  public let method: Method
  /// Searches for prices and blocks looked at.
  public let iterations: Int
  /// What was added for rounding and for the accuracy with which a plan's probability is computed.
  public let tolerance: Double

  /// Share of the bound that a plan misses at most: 0 is proven optimal.
  public func gap(of covered: Double) -> Double { value > 0 ? max(0, (value - covered) / value) : 0 }

  /// Footprint probabilities are good to 1e-6; sums over 1e5 cells round by less than 1e-10.
  static let accuracy = 2e-6

  init(_ value: Double, iterations: Int) {
    // Where nothing is within reach nothing is covered, exactly.
    self.value = value > 0 ? min(1, value + Self.accuracy) : 0
    method = .fluidDual
    self.iterations = iterations
    tolerance = Self.accuracy
  }
}

/// Time that one telescope has to give, or a part of it that is of use for some sky only.
public struct TimeOffer: Sendable {
  /// Offers of the same telescope share a number.
  public var telescope: Int
  public var resource: Resource
  /// The part of a visit's field that this offer stands for.
  public var fieldArea: SolidAngle

  public init(telescope: Int, resource: Resource, fieldArea: SolidAngle) {
    self.telescope = telescope
    self.resource = resource
    self.fieldArea = fieldArea
  }

  /// The shortest time between two visits that do not look at the very same sky, seconds.
  var gap: Double { max(resource.readout.seconds, resource.settle.seconds) }
  var cycle: Double { resource.visit.seconds + gap }
  /// Area that all visits its allocation allows can cover, steradians.
  var most: Double { resource.mostVisits.map { fieldArea.steradians * Double($0) } ?? .infinity }

  /// Area per steradian of field and dark window, for comparison of offers.
  func area(inBinsOf unit: Double) -> [Double] {
    guard cycle > 0 else { return [] }
    return resource.darkWindows.map { fieldArea.steradians * ($0.duration.seconds + gap) / cycle * unit }
  }
}

/// When visits may start whose field might touch a block, block by block.
public struct SkyReach: Sendable {
  private(set) var windows: [TimeWindow] = []
  private(set) var ends: [Int32] = []

  public init() {}

  /// The next block's start windows: in order, disjoint, and no shorter than the truth.
  public mutating func append(_ starts: [TimeWindow]) {
    windows.append(contentsOf: starts)
    ends.append(Int32(windows.count))
  }

  func windows(of block: Int) -> ArraySlice<TimeWindow> {
    windows[(block > 0 ? Int(ends[block - 1]) : 0)..<Int(ends[block])]
  }
}

/// What may be covered at what price: gives the bound, and tells the telescopes where they are needed.
public struct CoverageOutlook: Sendable {
  /// Start windows of visits of one offer whose field might touch a cap of sky, or no shorter than that.
  public typealias Reach =
    @Sendable (_ offer: Int, _ center: Direction<ICRS>, _ radius: Angle) -> [TimeWindow]

  let map: Skymap
  let market: SkyMarket
  let reach: Reach

  /// Blocks at most this fine are split to see who reaches what.
  private static let finest = 8
  /// A block is not split for less probability than this.
  private static let smallestGain = 3e-6

  /// - Parameters:
  ///   - known: reach of every block of `blocks`, by offer.
  public init(
    _ map: Skymap, blocks: SkyBlocks, offers: [TimeOffer], known: [SkyReach], reach: @escaping Reach
  ) {
    self.map = map
    self.reach = reach
    market = SkyMarket(blocks, offers: offers, reach: known)
  }

  /// - Parameter effort: the most blocks looked at beyond the coarse ones; every number gives a valid bound.
  public func bound(effort: Int = 20_000) -> CoverageBound { bound(effort: effort, ratio: 1.06, share: 1) }

  /// Every ratio and share gives valid prices; see `SkyMarket.settle`.
  func bound(effort: Int, ratio: Double, share: Double) -> CoverageBound {
    var market = market
    let searches = market.settle(ratio: ratio, share: share)
    let (surplus, looked) = surplus(in: market, effort: effort)
    return CoverageBound(market.income + surplus, iterations: searches + looked)
  }

  /// Probability that some permitted pointing might cover, from outside: what the bound would be if time were
  /// plenty.
  public func reachable(effort: Int = 20_000) -> Double { min(1, surplus(in: market, effort: effort).sum) }

  /// The same in whole blocks: quicker, and a little more.
  public var touched: Double { min(1, market.touched) }

  /// What the sky holds beyond its prices, and the number of blocks looked at.
  private func surplus(in market: SkyMarket, effort: Int) -> (sum: Double, looked: Int) {
    var sum = 0.0
    var split = BlockSplitter(map: map, market: market, reach: reach, finest: Self.finest, left: effort)
    for block in 0..<market.blocks.count {
      let prices = market.leastPrices(of: block)
      guard let least = prices.first?.price else { continue }
      let whole = market.blocks.surplus(of: block, above: least)
      sum += split.sharpened(
        whole, at: least, of: market.blocks.cells[block], prices, smallestGain: Self.smallestGain)
    }
    return (sum, effort - split.left)
  }

  /// Whether a field of a telescope might touch some of a cell: surely not where this says no.
  public func mayTouch(_ cell: Cell, telescope: Int) -> Bool {
    market.blocks.range(of: cell).contains { market.mayReach($0, telescope: telescope) }
  }

  /// A telescope's time in bins.
  public func timeBins(of telescope: Int) -> [TimeWindow] { market.timeBins(of: telescope) }

  /// The bins of a telescope's time in which a field of it might touch some of a cell: surely none but these. They may
  /// overlap.
  public func timeBins(of telescope: Int, reaching cell: Cell) -> [Range<Int>] {
    market.blocks.range(of: cell).flatMap { market.timeBins(of: telescope, reaching: $0) }
  }

  /// The bins of a telescope's time in which visits may go on that start in given windows.
  public func timeBins(of telescope: Int, from starts: [TimeWindow]) -> [Range<Int>] {
    market.timeBins(of: telescope, from: starts)
  }

  /// The prices at which all time is sold.
  ///
  /// - Parameter share: of the time that counts as usable, as tiles overlap.
  public func settled(share: Double) -> SkyPrices {
    var market = market
    _ = market.settle(ratio: 1.1, share: share)
    return SkyPrices(market)
  }
}

/// What sky and telescope time are worth when the whole network is asked for.
public struct SkyPrices: Sendable {
  private let market: SkyMarket

  init(_ market: SkyMarket) { self.market = market }

  /// What one more steradian that a telescope could look at would add, on the average over its time.
  public func marginalDensity(of telescope: Int) -> Double { market.meanPrice(of: telescope) }

  /// For each telescope what sky is worth to it, by grain: what it would cost to have it covered by another,
  /// if that is less than its probability.
  ///
  /// - Parameter floor: sky that others could cover for nothing counts with this share of its probability.
  public func worths(of telescopes: [Int], on sky: SkyGrain, floor: Double) -> [ContiguousArray<Double>] {
    let blocks = market.blocks
    let prices = (0..<blocks.count).map { market.leastPrices(of: $0) }
    let owners = blocks.owners(of: sky)
    let density = ContiguousArray((0..<sky.count).map { sky.partDensity(of: $0) })
    return telescopes.map { k in
      let others = prices.map { $0.first { market.offers[$0.offer].telescope != k }?.price ?? .infinity }
      return ContiguousArray(
        (0..<sky.count).map { grain in
          let ratio = min(1, others[Int(owners[grain])] / density[grain])
          return sky.partWeight[grain] * (floor + (1 - floor) * ratio)
        })
    }
  }
}

/// Splits blocks as long as that shows that less of them is within reach.
private struct BlockSplitter {
  let map: Skymap
  let market: SkyMarket
  let reach: CoverageOutlook.Reach
  let finest: Int
  var left: Int

  /// What a cell holds beyond the prices at which its parts can be had.
  /// - Parameters:
  ///   - surplus: the same for the cell as a whole, at its price.
  ///   - prices: of the offers that may reach it, no higher than the truth, the cheapest first.
  mutating func sharpened(
    _ surplus: Double, at price: Double, of cell: Cell, _ prices: [(offer: Int, price: Double)],
    smallestGain: Double
  ) -> Double {
    guard surplus > smallestGain, cell.order < finest, left >= 5 else { return surplus }
    left -= 1
    // What its middle alone would have to pay is a guess at what its parts will.
    let guess = offers(within: prices, at: cell, radius: .zero).first?.price ?? .infinity
    guard guess > price, surplus - map.surplus(in: cell, above: guess) > smallestGain else { return surplus }
    var sum = 0.0
    for i in 0..<4 {
      let child = cell.child(UInt64(i))
      left -= 1
      let own = offers(within: prices, at: child, radius: Cell.boundingRadius(order: child.order))
      guard let least = own.first?.price else { continue }
      let inside = map.surplus(in: child, above: least)
      sum += sharpened(inside, at: least, of: child, own, smallestGain: smallestGain)
    }
    return min(sum, surplus)
  }

  /// The offers that reach a cap, as far as one of them might be the cheapest.
  private func offers(
    within prices: [(offer: Int, price: Double)], at cell: Cell, radius: Angle
  ) -> [(offer: Int, price: Double)] {
    let center = Direction<ICRS>(unit: market.blocks.toSky(cell.center))
    var found: [(offer: Int, price: Double)] = []
    var least = Double.infinity
    for (offer, low) in prices {
      if low >= least {
        found.append((offer, low))
        continue
      }
      let price = market.leastPrice(of: offer, in: reach(offer, center, radius))
      guard price < .infinity else { continue }
      found.append((offer, price))
      least = min(least, price)
    }
    return found.sorted { $0.price != $1.price ? $0.price < $1.price : $0.offer < $1.offer }
  }
}
