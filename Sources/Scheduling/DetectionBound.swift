import Healpix
import Skymaps
import Units

/// A proven upper bound where sky is worth more to telescopes that see deeper.
///
/// The relaxation of `CoverageBound`, with a worth w_c(p) per steradian for each class c of telescopes. A plan is worth
/// the integral of w of the best class that covers p. Give every covered p to one visit of its best class, by telescope
/// k at time t: as w_k(p) <= y(k, t) + max(0, w_k(p) - y(k, t)), and a visit's field pays for all sky that is given to
/// it, for *any* prices y >= 0
///
///     worth <= integral of max over (k, t) that reach p of max(0, w_k(p) - y(k, t)) dp
///              + sum over k of A_k / c_k * integral of y(k, t) dt
///
/// Within a class the cheapest offer gives the maximum. What a plan is worth is a sum over layers (`SkyGrain`): what class
/// c sees beyond the class before it, covered by all classes from c on. Each layer is a transport problem of its own; the
/// price of an offer is the sum over the layers that it covers, times a factor for its class that is then lowered or
/// raised while the bound falls.
extension CoverageOutlook {
  /// - Parameters:
  ///   - worths: probability per steradian that counts, by class from the shallowest: parallel to the cells of the map.
  ///   - classes: of each telescope, an index into `worths`; nil for one that counts nothing.
  ///   - ceiling: the class that a telescope does not exceed when its field touches a cap of sky, by bin of its time
  ///     (`timeBins(of:)`), below 0 for none; nil is its class everywhere.
  ///   - effort: the most blocks looked at beyond the coarse ones; every number gives a valid bound.
  public func bound(
    worths: [ContiguousArray<Double>], classes: [Int?], ceiling: Ceiling? = nil, effort: Int = 20_000
  ) -> CoverageBound {
    // Without effort a guess will do.
    bound(
      worths: worths, classes: classes, ceiling: ceiling, effort: effort, ratio: 1.06,
      rounds: effort > 0 ? Self.rounds : 0)
  }

  /// See `bound`.
  public typealias Ceiling =
    @Sendable (_ telescope: Int, _ center: Direction<ICRS>, _ radius: Angle) -> ContiguousArray<Int8>

  private static let rounds = 3

  /// Every ratio and number of rounds gives valid prices.
  func bound(
    worths: [ContiguousArray<Double>], classes: [Int?], ceiling: Ceiling? = nil, effort: Int,
    ratio: Double, rounds: Int
  ) -> CoverageBound {
    guard !worths.isEmpty, classes.contains(where: { $0 != nil }) else {
      return CoverageBound(0, iterations: 0)
    }
    var market = market
    let offers = market.offers.map { classes.indices.contains($0.telescope) ? classes[$0.telescope] : nil }
    let layers = worths.indices.map { c in
      let extra = c == 0 ? worths[0] : ContiguousArray(zip(worths[c], worths[c - 1]).map { max(0, $0 - $1) })
      return (
        blocks: SkyBlocks(market.blocks, density: map.weighing(extra)),
        sells: offers.map { $0.map { $0 >= c } ?? false }
      )
    }
    let searches = market.settle(layers: layers, ratio: ratio)
    var tariff = Tariff(map, market, worths: worths, classOfOffer: offers, ceiling: ceiling)
    tariff.settle(rounds: rounds)
    let (surplus, looked) = tariff.surplus(reach: reach, effort: effort)
    return CoverageBound(tariff.income + surplus, iterations: searches + tariff.evaluations + looked)
  }
}

/// Prices of a market times a factor for each class.
private struct Tariff {
  private let map: Skymap
  private let market: SkyMarket
  private let worths: [ContiguousArray<Double>]
  /// By offer; nil is no part of it.
  private let classOfOffer: [Int?]
  private let ceiling: CoverageOutlook.Ceiling?
  private var factors: [Double]
  /// Income of all offers of a class at factor 1.
  private let incomes: [Double]
  /// What reaches each block, block after block.
  private var entries: ContiguousArray<Entry> = []
  private var ends: ContiguousArray<Int32> = []
  /// Pieces of sky, block after block: cell of the map, area.
  private var pieces: ContiguousArray<(cell: Int32, area: Double)> = []
  private var pieceEnds: ContiguousArray<Int32> = []
  private(set) var evaluations = 0

  /// The cheapest of the offers of one class that see a block as telescopes of a class do.
  private struct Entry {
    /// As which it counts there, and whose factor its price has.
    var (seen, own): (Int, Int)
    /// At factor 1.
    var least: Double
  }

  /// A block is not split for less than this.
  private static let smallestGain = 3e-6
  private static let finest = 8

  init(
    _ map: Skymap, _ market: SkyMarket, worths: [ContiguousArray<Double>], classOfOffer: [Int?],
    ceiling: CoverageOutlook.Ceiling?
  ) {
    self.map = map
    self.market = market
    self.worths = worths
    self.classOfOffer = classOfOffer
    self.ceiling = ceiling
    var incomes = [Double](repeating: 0, count: worths.count)
    for (offer, income) in market.incomes.enumerated() {
      if let c = classOfOffer[offer] { incomes[c] += income }
    }
    self.incomes = incomes
    factors = .init(repeating: 1, count: worths.count)
    for block in 0..<market.blocks.count {
      let first = entries.count
      for price in offers(in: block) {
        let own = classOfOffer[price.offer]!
        if let same = entries[first...].firstIndex(where: { $0.own == own && $0.seen == price.seen }) {
          entries[same].least = min(entries[same].least, price.value)
        } else {
          entries.append(Entry(seen: price.seen, own: own, least: price.value))
        }
      }
      ends.append(Int32(entries.count))
      map.forEachPiece(of: market.blocks.cells[block]) { cell, area in pieces.append((Int32(cell), area)) }
      pieceEnds.append(Int32(pieces.count))
    }
  }

  /// What reaches a block: of every offer the least price as each class, at factor 1.
  private func offers(in block: Int) -> Prices {
    var found: Prices = []
    var known: (offer: Int, classes: ContiguousArray<Int8>?)?
    let cap = market.blocks.cap(of: block)
    market.forEachOffer(of: block) { offer, bins in
      if known?.offer != offer { known = (offer, classes(of: offer, cap.center, cap.radius)) }
      append(offer, bins, known?.classes, to: &found)
    }
    return found
  }

  /// What an offer counts as in a cap, by bin; nil is its class.
  private func classes(of offer: Int, _ center: Direction<ICRS>, _ radius: Angle) -> ContiguousArray<Int8>? {
    classOfOffer[offer] == nil ? nil : ceiling?(market.offers[offer].telescope, center, radius)
  }

  /// Adds an offer's bins as the classes that they count as.
  private func append(
    _ offer: Int, _ bins: Range<Int>, _ classes: ContiguousArray<Int8>?, to found: inout Prices
  ) {
    guard let own = classOfOffer[offer] else { return }
    for bin in bins {
      let seen = classes.map { min(own, Int($0[bin])) } ?? own
      guard seen >= 0 else { continue }
      let price = market.price(of: offer, bin: bin)
      if let same = found.lastIndex(where: { $0.offer == offer && $0.seen == seen }) {
        found[same].value = min(found[same].value, price)
      } else {
        found.append(Price(offer: offer, seen: seen, value: price))
      }
    }
  }

  var income: Double { zip(factors, incomes).reduce(0) { $0 + $1.0 * $1.1 } }

  /// The bound from whole blocks, about: one piece of several stands for them, which is enough to tell prices apart.
  private func value(_ factors: [Double]) -> Double {
    var sum = zip(factors, incomes).reduce(0) { $0 + $1.0 * $1.1 }
    var prices = [Double](repeating: .infinity, count: worths.count)
    var (entry, piece) = (0, 0)
    for block in ends.indices {
      for c in prices.indices { prices[c] = .infinity }
      for e in entries[entry..<Int(ends[block])] {
        prices[e.seen] = min(prices[e.seen], factors[e.own] * e.least)
      }
      let isReached = entry < Int(ends[block])
      entry = Int(ends[block])
      defer { piece = Int(pieceEnds[block]) }
      guard isReached else { continue }
      let useful = Self.useful(prices)
      let own = piece..<Int(pieceEnds[block])
      var (held, looked) = (0.0, 0)
      for i in stride(from: own.lowerBound, to: own.upperBound, by: Self.probe) {
        let (cell, area) = pieces[i]
        var most = 0.0
        for c in useful { most = max(most, worths[c][Int(cell)] - prices[c]) }
        held += most * area
        looked += 1
      }
      sum += held * Double(own.count) / Double(max(1, looked))
    }
    return sum
  }

  /// Classes that no deeper one undercuts.
  private static func useful(_ prices: [Double]) -> [Int] {
    var least = Double.infinity
    return prices.indices.reversed().filter { c in
      defer { least = min(least, prices[c]) }
      return prices[c] < least
    }
  }

  /// Class by class to the factor that is best while the others stay: the bound is convex in it.
  mutating func settle(rounds: Int) {
    for _ in 0..<rounds {
      for c in factors.indices where incomes[c] > 0 {
        var (low, high) = (0.0, 2 * max(factors[c], 0.1))
        for _ in 0..<Self.halvings {
          let step = (high - low) / 3
          let (a, b) = (value(with: low + step, at: c), value(with: high - step, at: c))
          if a <= b { high -= step } else { low += step }
        }
        let found = (low + high) / 2
        if value(with: found, at: c) < value(factors) { factors[c] = found }
      }
    }
  }

  private static let halvings = 8
  private static let probe = 4

  private mutating func value(with factor: Double, at c: Int) -> Double {
    var trial = factors
    trial[c] = factor
    evaluations += 1
    return value(trial)
  }

  // MARK: splitting

  /// What all blocks hold beyond their prices, split as long as that shows that less of them is within reach.
  func surplus(reach: CoverageOutlook.Reach, effort: Int) -> (sum: Double, looked: Int) {
    var left = effort
    var sum = 0.0
    for block in 0..<market.blocks.count {
      let prices = offers(in: block).map { price in
        var price = price
        price.value *= factors[classOfOffer[price.offer]!]
        return price
      }
      guard !prices.isEmpty else { continue }
      let cell = market.blocks.cells[block]
      sum += sharpened(held(by: cell, cheapest(prices)), cell, prices, reach, &left)
    }
    return (sum, effort - left)
  }

  private struct Price {
    var offer: Int
    /// The class as which it counts.
    var seen: Int
    var value: Double
  }
  private typealias Prices = [Price]

  private func cheapest(_ prices: Prices) -> [Double] {
    var result = [Double](repeating: .infinity, count: worths.count)
    for price in prices { result[price.seen] = min(result[price.seen], price.value) }
    return result
  }

  /// What a cell holds beyond the prices of classes.
  private func held(by cell: Cell, _ prices: [Double]) -> Double {
    var sum = 0.0
    let useful = Self.useful(prices)
    map.forEachPiece(of: cell) { i, area in
      var most = 0.0
      for c in useful { most = max(most, worths[c][i] - prices[c]) }
      sum += most * area
    }
    return sum
  }

  private func sharpened(
    _ surplus: Double, _ cell: Cell, _ prices: Prices, _ reach: CoverageOutlook.Reach, _ left: inout Int
  ) -> Double {
    guard surplus > Self.smallestGain, cell.order < Self.finest, left >= 5 else { return surplus }
    left -= 1
    // What its middle alone would have to pay is a guess at what its parts will.
    let guess = held(by: cell, cheapest(offers(prices, at: cell, radius: .zero, reach)))
    guard surplus - guess > Self.smallestGain else { return surplus }
    var sum = 0.0
    for i in 0..<4 {
      let child = cell.child(UInt64(i))
      left -= 1
      let own = offers(prices, at: child, radius: Cell.boundingRadius(order: child.order), reach)
      guard !own.isEmpty else { continue }
      sum += sharpened(held(by: child, cheapest(own)), child, own, reach, &left)
    }
    return min(sum, surplus)
  }

  /// The offers that reach a cap, as the classes that they count as there.
  private func offers(
    _ prices: Prices, at cell: Cell, radius: Angle, _ reach: CoverageOutlook.Reach
  ) -> Prices {
    let center = Direction<ICRS>(unit: market.blocks.toSky(cell.center))
    var found: Prices = []
    for group in Dictionary(grouping: prices, by: \.offer).sorted(by: { $0.key < $1.key }) {
      var own: Prices = []
      let bins = market.bins(of: group.key, from: reach(group.key, center, radius))
      guard !bins.isEmpty else { continue }
      let seen = classes(of: group.key, center, radius)
      for range in bins { append(group.key, range, seen, to: &own) }
      for var price in own {
        price.value *= factors[classOfOffer[group.key]!]
        found.append(price)
      }
    }
    return found
  }
}

extension Skymap {
  /// The cells of the map in a cell of the sky, or the one that holds it, with the area they share, steradians.
  fileprivate func forEachPiece(of cell: Cell, _ body: (_ index: Int, _ area: Double) -> Void) {
    let low = firstIndex(atOrAfter: cell.firstKey)
    let high = firstIndex(atOrAfter: cell.keys.upperBound)
    if low > 0, self.cell(low - 1).keys.upperBound > cell.firstKey {
      body(low - 1, cell.area.steradians)
      return
    }
    for i in low..<high { body(i, min(cell.area.steradians, self.cell(i).area.steradians)) }
  }

  /// The same cells with other densities.
  fileprivate func weighing(_ density: ContiguousArray<Double>) -> Skymap {
    Skymap(
      keys: keys, orders: orders, density: density, distance: nil, frame: frame, header: header,
      report: report)
  }
}
