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
  ///   - effort: the most blocks looked at beyond the coarse ones; every number gives a valid bound.
  public func bound(
    worths: [ContiguousArray<Double>], classes: [Int?], effort: Int = 20_000
  ) -> CoverageBound {
    bound(worths: worths, classes: classes, effort: effort, ratio: 1.06, rounds: Self.rounds)
  }

  private static let rounds = 3

  /// Every ratio and number of rounds gives valid prices.
  func bound(
    worths: [ContiguousArray<Double>], classes: [Int?], effort: Int, ratio: Double, rounds: Int
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
    var tariff = Tariff(map, market, worths: worths, classOfOffer: offers)
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
  private var factors: [Double]
  /// Income of all offers of a class at factor 1.
  private let incomes: [Double]
  /// Least price of each class in each block at factor 1; infinite where it does not reach. By block, then class.
  private let least: ContiguousArray<Double>
  /// Pieces of sky: block, cell of the map, area.
  private let pieces: [(block: Int32, cell: Int32, area: Double)]
  private(set) var evaluations = 0

  /// A block is not split for less than this.
  private static let smallestGain = 3e-6
  private static let finest = 8

  init(_ map: Skymap, _ market: SkyMarket, worths: [ContiguousArray<Double>], classOfOffer: [Int?]) {
    self.map = map
    self.market = market
    self.worths = worths
    self.classOfOffer = classOfOffer
    var incomes = [Double](repeating: 0, count: worths.count)
    for (offer, income) in market.incomes.enumerated() {
      if let c = classOfOffer[offer] { incomes[c] += income }
    }
    self.incomes = incomes
    let blocks = market.blocks
    var least = ContiguousArray<Double>(repeating: .infinity, count: blocks.count * worths.count)
    for block in 0..<blocks.count {
      for (offer, price) in market.leastPrices(of: block) {
        guard let c = classOfOffer[offer] else { continue }
        least[block * worths.count + c] = min(least[block * worths.count + c], price)
      }
    }
    self.least = least
    var pieces: [(block: Int32, cell: Int32, area: Double)] = []
    for block in 0..<blocks.count {
      map.forEachPiece(of: blocks.cells[block]) { cell, area in
        pieces.append((Int32(block), Int32(cell), area))
      }
    }
    self.pieces = pieces
    factors = .init(repeating: 1, count: worths.count)
  }

  var income: Double { zip(factors, incomes).reduce(0) { $0 + $1.0 * $1.1 } }

  /// The bound from whole blocks.
  private func value(_ factors: [Double]) -> Double {
    var sum = zip(factors, incomes).reduce(0) { $0 + $1.0 * $1.1 }
    let n = worths.count
    for piece in pieces {
      let (first, cell) = (Int(piece.block) * n, Int(piece.cell))
      var most = 0.0
      for c in 0..<n where least[first + c] < .infinity {
        most = max(most, worths[c][cell] - factors[c] * least[first + c])
      }
      sum += most * piece.area
    }
    return sum
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
      let prices = market.leastPrices(of: block).compactMap { offer, price in
        classOfOffer[offer].map { (offer: offer, price: price * factors[$0]) }
      }
      guard !prices.isEmpty else { continue }
      let cell = market.blocks.cells[block]
      sum += sharpened(held(by: cell, cheapest(prices)), cell, prices, reach, &left)
    }
    return (sum, effort - left)
  }

  private typealias Prices = [(offer: Int, price: Double)]

  private func cheapest(_ prices: Prices) -> [Double] {
    var result = [Double](repeating: .infinity, count: worths.count)
    for (offer, price) in prices {
      if let c = classOfOffer[offer] { result[c] = min(result[c], price) }
    }
    return result
  }

  /// What a cell holds beyond the prices of classes.
  private func held(by cell: Cell, _ prices: [Double]) -> Double {
    var sum = 0.0
    map.forEachPiece(of: cell) { i, area in
      var most = 0.0
      for c in prices.indices where prices[c] < .infinity { most = max(most, worths[c][i] - prices[c]) }
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

  /// The offers that reach a cap, as far as one of them might be the cheapest of its class.
  private func offers(
    _ prices: Prices, at cell: Cell, radius: Angle, _ reach: CoverageOutlook.Reach
  ) -> Prices {
    let center = Direction<ICRS>(unit: market.blocks.toSky(cell.center))
    var found: Prices = []
    var least = [Double](repeating: .infinity, count: worths.count)
    for (offer, low) in prices.sorted(by: { $0.price != $1.price ? $0.price < $1.price : $0.offer < $1.offer }
    ) {
      guard let c = classOfOffer[offer] else { continue }
      if low >= least[c] {
        found.append((offer, low))
        continue
      }
      let price = market.leastPrice(of: offer, in: reach(offer, center, radius))
      guard price < .infinity else { continue }
      found.append((offer, price * factors[c]))
      least[c] = min(least[c], price * factors[c])
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
