#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Units

/// Telescope time as supplies, blocks of sky as buyers: the dual problem of `CoverageBound`.
struct SkyMarket {
  private let blocks: SkyBlocks
  /// Supplies: bins of telescope time, in order of resource and time; area they can cover (steradians).
  private var capacity: ContiguousArray<Double> = []
  /// Natural logarithm of the price per steradian.
  private var logPrice: ContiguousArray<Double> = []
  /// Consecutive supplies of one resource and night, with the most area its visits may cover together.
  private var nights: [(supplies: Range<Int>, most: Double)] = []
  /// Consecutive nights of one resource with a limit on all of them.
  private var resources: [(nights: Range<Int>, most: Double)] = []
  /// Supplies that reach each block, as ranges.
  private var ranges: ContiguousArray<Range<Int32>> = []
  private var rangeEnds: ContiguousArray<Int32> = []

  /// The least logarithm of a price: as good as free.
  private var floor = 0.0
  private(set) var best = Double.infinity
  private(set) var steps = 0

  /// Longest bin, seconds: a field moves 1.25 degrees in it.
  private static let bin = 300.0
  /// Edges of windows may be late or early by rounding: a margin on either side, seconds.
  private static let margin = 3.0

  init(_ blocks: SkyBlocks, resources: [Resource], fieldAreas: [SolidAngle], reach: [SkyReach]) {
    self.blocks = blocks
    var bins: [[Bins]] = []
    for (resource, area) in zip(resources, fieldAreas) {
      bins.append(open(resource, fieldArea: area.steradians))
    }
    rangeEnds.reserveCapacity(blocks.count)
    for block in 0..<blocks.count {
      for (k, reach) in reach.enumerated() {
        let first = ranges.count
        for window in reach.windows(of: block) {
          for night in bins[k] { if let range = night.range(of: window) { append(range, after: first) } }
        }
      }
      rangeEnds.append(Int32(ranges.count))
    }
    let common = commonPrice
    logPrice = .init(repeating: log(common), count: capacity.count)
    floor = log(common) - 8
    evaluate()
  }

  /// The density down to which all telescopes together could cover the sky, if all reached all of it.
  private var commonPrice: Double {
    let entries = (0..<blocks.count).flatMap { blocks.entries(of: $0) }.sorted { $0.density > $1.density }
    var left = resources.reduce(0) { $0 + min($1.most, nights[$1.nights].reduce(0) { $0 + $1.most }) }
    for entry in entries {
      left -= entry.area
      if left <= 0 { return entry.density }
    }
    return entries.last?.density ?? 1
  }

  /// The bins of one dark window.
  private struct Bins {
    var start: Instant
    /// One bin and one visit with its gap, seconds.
    var width: Double
    var cycle: Double
    var first: Int
    var count: Int

    func range(of window: TimeWindow) -> Range<Int32>? {
      let from = window.start.seconds(since: start) - SkyMarket.margin
      let to = window.end.seconds(since: start) + cycle + SkyMarket.margin
      let low = max(0, Int((from / width).rounded(.down)))
      let high = min(count, Int((to / width).rounded(.down)) + 1)
      return low < high && to > 0 ? Int32(first + low)..<Int32(first + high) : nil
    }
  }

  private mutating func open(_ resource: Resource, fieldArea: Double) -> [Bins] {
    let gap = max(resource.readout.seconds, resource.settle.seconds)
    let cycle = resource.visit.seconds + gap
    var bins: [Bins] = []
    let firstNight = nights.count
    for window in resource.darkWindows {
      // The gap after the last visit may lie outside.
      let length = window.duration.seconds + gap
      guard cycle > 0, length >= cycle else { continue }
      let count = max(1, Int((length / Self.bin).rounded(.up)))
      let width = length / Double(count)
      let first = capacity.count
      bins.append(Bins(start: window.start, width: width, cycle: cycle, first: first, count: count))
      capacity.append(contentsOf: repeatElement(fieldArea * width / cycle, count: count))
      let visits = (length / cycle + 1e-6).rounded(.down)
      nights.append((first..<capacity.count, fieldArea * visits))
    }
    let most = resource.mostVisits.map { fieldArea * Double($0) } ?? .infinity
    resources.append((firstNight..<nights.count, most))
    return bins
  }

  /// Adds a range of the same resource and block; ranges that meet become one.
  private mutating func append(_ range: Range<Int32>, after first: Int) {
    if ranges.count > first, ranges[ranges.count - 1].upperBound >= range.lowerBound,
      ranges[ranges.count - 1].lowerBound <= range.lowerBound
    {
      let last = ranges.removeLast()
      ranges.append(last.lowerBound..<max(last.upperBound, range.upperBound))
    } else {
      ranges.append(range)
    }
  }

  @inline(__always)
  private func ranges(of block: Int) -> Range<Int> {
    (block > 0 ? Int(rangeEnds[block - 1]) : 0)..<Int(rangeEnds[block])
  }

  // MARK: the bound at given prices

  /// What weak duality gives for the prices as they are, and for the same with the least ones at zero.
  private mutating func evaluate() {
    for free in [false, true] {
      let prices = ContiguousArray(logPrice.map { free && $0 <= floor ? 0 : exp($0) })
      best = min(best, bound(at: prices))
      if !logPrice.contains(where: { $0 <= floor }) { break }
    }
  }

  private func bound(at prices: ContiguousArray<Double>) -> Double {
    var total = 0.0
    for resource in resources { total += income(of: resource, at: prices) }
    for block in 0..<blocks.count {
      var price = Double.infinity
      for r in ranges(of: block) {
        for s in ranges[r] { price = min(price, prices[Int(s)]) }
      }
      if price < .infinity { total += blocks.surplus(of: block, above: price) }
    }
    return total
  }

  /// The most that the visits of one resource can pay: the dearest times first.
  private func income(of resource: (nights: Range<Int>, most: Double), at prices: ContiguousArray<Double>) -> Double {
    let offers = resource.nights.flatMap { night in nights[night].supplies.map { (night: night, supply: $0) } }
      .sorted { prices[$0.supply] > prices[$1.supply] }
    var left = resource.most
    var nightLeft = resource.nights.map { nights[$0].most }
    var sum = 0.0
    for offer in offers {
      let n = offer.night - resource.nights.lowerBound
      let sold = min(capacity[offer.supply], nightLeft[n], left)
      sum += sold * prices[offer.supply]
      nightLeft[n] -= sold
      left -= sold
    }
    return sum
  }

  // MARK: finding prices

  /// Serves the sky from the densest down, always at the lowest price at which somebody can: the greedy
  /// algorithm of a transport problem, which is exact but for the rounding of densities to levels.
  mutating func settle(levelRatio: Double) {
    guard !capacity.isEmpty else { return }
    var flow = SkyFlow(supplies: usableCapacity, ranges: ranges, rangeEnds: rangeEnds)
    for demand in demands(ratio: levelRatio) {
      flow.serve(demand.area, of: Int(demand.block), worth: demand.density)
    }
    steps = flow.steps
    for s in logPrice.indices { logPrice[s] = flow.price[s] > 0 ? log(flow.price[s]) : -.infinity }
    floor = -.infinity
    evaluate()
  }

  /// What each supply can give when a limit on all visits of its resource is spread over its time.
  private var usableCapacity: ContiguousArray<Double> {
    var usable = capacity
    for resource in resources {
      let given = nights[resource.nights].reduce(0) { $0 + $1.most }
      guard given > resource.most else { continue }
      for night in nights[resource.nights] {
        for s in night.supplies { usable[s] *= resource.most / given }
      }
    }
    return usable
  }

  private struct Demand {
    var density: Double
    var area: Double
    var block: Int32
  }

  /// Areas of equal density, about; the densest first.
  private func demands(ratio: Double) -> [Demand] {
    var demands: [Demand] = []
    for block in 0..<blocks.count where !ranges(of: block).isEmpty {
      var sum = Demand(density: 0, area: 0, block: Int32(block))
      for entry in blocks.entries(of: block) {
        if sum.area > 0, entry.density * ratio < sum.density {
          demands.append(sum)
          sum.area = 0
        }
        if sum.area == 0 { sum.density = entry.density }
        sum.area += entry.area
      }
      if sum.area > 0 { demands.append(sum) }
    }
    return demands.sorted { $0.density != $1.density ? $0.density > $1.density : $0.block < $1.block }
  }
  func debugPrices() {
    for (k, r) in resources.enumerated() {
      for n in nights[r.nights] {
        let p = n.supplies.map { exp(logPrice[$0]) * 3.0461741978670857e-4 }
        print("bound price", k, stride(from: 0, to: p.count, by: 6).map { String(Int(p[$0] * 1e8)) }.joined(separator: " "))
      }
    }
  }

  /// Least price of each resource for each block; infinite where it does not reach.
  func leastPrices() -> [[Double]] {
    var result = [[Double]](repeating: .init(repeating: .infinity, count: blocks.count), count: resources.count)
    var owner = [Int](repeating: 0, count: capacity.count)
    for (k, r) in resources.enumerated() { for n in nights[r.nights] { for s in n.supplies { owner[s] = k } } }
    for block in 0..<blocks.count {
      for r in ranges(of: block) {
        let k = owner[Int(ranges[r].lowerBound)]
        for s in ranges[r] { result[k][block] = min(result[k][block], exp(logPrice[Int(s)])) }
      }
    }
    return result
  }

  mutating func shrink(_ f: Double) { for s in capacity.indices { capacity[s] *= f } ; for i in nights.indices { nights[i].most *= f } }
}

public func worths(
  _ sky: SkyGrain, _ blocks: SkyBlocks, resources: [Resource], fieldAreas: [SolidAngle], reach: [SkyReach],
  shrink: Double, share: Double
) -> [ContiguousArray<Double>] {
  var market = SkyMarket(blocks, resources: resources, fieldAreas: fieldAreas, reach: reach)
  market.shrink(shrink)
  market.settle(levelRatio: 1.08)
  let prices = market.leastPrices()
  var blockOf = [Int](repeating: 0, count: sky.count)
  var b = 0
  for g in 0..<sky.count {
    while blocks.cells[b].keys.upperBound <= sky.keys[g] { b += 1 }
    blockOf[g] = b
  }
  return resources.indices.map { k in
    let others = (0..<blocks.count).map { b in resources.indices.reduce(Double.infinity) { $1 == k ? $0 : min($0, prices[$1][b]) } }
    return ContiguousArray((0..<sky.count).map { g in
      let part = sky.partWeight[g]
      let density = part * 64 / blocks.area(ofOrder: Int(sky.orders[g]))
      let m = others[blockOf[g]]
      return part * (share + (1 - share) * min(1, m / density))
    })
  }
}
