#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Healpix
import Skymaps
import Units

/// Telescope time as supplies, blocks of sky as buyers: the dual problem of `CoverageBound`.
struct SkyMarket: Sendable {
  private(set) var blocks: SkyBlocks
  let offers: [TimeOffer]
  /// Supplies: bins of telescope time, in order of offer and time; area they can cover (steradians).
  private(set) var capacity: ContiguousArray<Double> = []
  /// Price per steradian, by supply.
  private(set) var price: ContiguousArray<Double> = []
  /// The bins of each offer, dark window by dark window.
  private var nights: [[Bins]] = []
  /// Supplies that reach each block, as ranges, and the offer each belongs to.
  private var ranges: ContiguousArray<Range<Int32>> = []
  private var rangeOwners: ContiguousArray<Int32> = []
  private var rangeEnds: ContiguousArray<Int32> = []

  /// Edges of windows may be late or early by rounding: a margin on either side, seconds.
  private static let margin = 3.0

  /// The bins of one dark window.
  private struct Bins: Sendable {
    var start: Instant
    /// One bin and one visit with its gap, seconds.
    var width: Double
    var cycle: Double
    var supplies: Range<Int>
    /// The area that its visits may cover together.
    var most: Double

    /// The bins in which a visit that starts in a window may go on.
    func range(of window: TimeWindow) -> Range<Int32>? {
      let from = window.start.seconds(since: start) - SkyMarket.margin
      let to = window.end.seconds(since: start) + cycle + SkyMarket.margin
      guard to > 0, from < Double(supplies.count) * width else { return nil }
      let low = max(0, Int((from / width).rounded(.down)))
      let high = min(Double(supplies.count), (to / width).rounded(.down) + 1)
      return low < Int(high) ? Int32(supplies.lowerBound + low)..<Int32(supplies.lowerBound + Int(high)) : nil
    }
  }

  init(_ blocks: SkyBlocks, offers: [TimeOffer], reach: [SkyReach]) {
    self.blocks = blocks
    self.offers = offers
    let total = offers.reduce(0) { $0 + $1.area(inBinsOf: 1).reduce(0, +) }
    for offer in offers { open(offer, share: total > 0 ? offer.area(inBinsOf: 1).reduce(0, +) / total : 0) }
    price = .init(repeating: 0, count: capacity.count)
    rangeEnds.reserveCapacity(blocks.count)
    for block in 0..<blocks.count {
      for (k, reach) in reach.enumerated() { append(reach.windows(of: block), of: k) }
      rangeEnds.append(Int32(ranges.count))
    }
  }

  /// Small telescopes have little to say: their time is counted in longer bins.
  private mutating func open(_ offer: TimeOffer, share: Double) {
    let bin = share > 0.03 ? 300.0 : share > 0.005 ? 1200 : 3600
    var bins: [Bins] = []
    for window in offer.resource.darkWindows {
      let length = window.duration.seconds + offer.gap
      guard offer.cycle > 0, length >= offer.cycle else { continue }
      let count = max(1, Int((length / bin).rounded(.up)))
      let width = length / Double(count)
      let first = capacity.count
      capacity.append(
        contentsOf: repeatElement(offer.fieldArea.steradians * width / offer.cycle, count: count))
      let visits = (length / offer.cycle + 1e-6).rounded(.down)
      bins.append(
        Bins(
          start: window.start, width: width, cycle: offer.cycle, supplies: first..<capacity.count,
          most: offer.fieldArea.steradians * visits))
    }
    nights.append(bins)
  }

  private mutating func append(_ windows: ArraySlice<TimeWindow>, of offer: Int) {
    let first = ranges.count
    for window in windows {
      for night in nights[offer] {
        guard let range = night.range(of: window) else { continue }
        if ranges.count > first, let last = ranges.last, last.upperBound >= range.lowerBound,
          last.lowerBound <= range.lowerBound
        {
          ranges[ranges.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
        } else {
          ranges.append(range)
          rangeOwners.append(Int32(offer))
        }
      }
    }
  }

  @inline(__always)
  private func ranges(of block: Int) -> Range<Int> {
    (block > 0 ? Int(rangeEnds[block - 1]) : 0)..<Int(rangeEnds[block])
  }

  /// Probability of all blocks that somebody reaches some part of.
  var touched: Double {
    (0..<blocks.count).reduce(0) { $0 + (ranges(of: $1).isEmpty ? 0 : blocks.probability(of: $1)) }
  }

  // MARK: finding prices

  /// Serves the sky from the densest down, always at the lowest price at which somebody can: the greedy
  /// algorithm of a transport problem, which is exact but for the rounding of densities to levels.
  ///
  /// - Parameters:
  ///   - ratio: of one level to the next, above 1.
  ///   - share: of the time that counts as usable; what tiles lose by overlap makes time dearer.
  /// - Returns: the number of searches it took.
  mutating func settle(ratio: Double, share: Double = 1) -> Int {
    guard !capacity.isEmpty else { return 0 }
    var flow = SkyFlow(supplies: usableCapacity(share), ranges: ranges, rangeEnds: rangeEnds)
    for demand in demands(ratio: ratio) {
      flow.serve(demand.area, of: Int(demand.block), worth: demand.density)
    }
    price = flow.price
    return flow.steps
  }

  /// Prices that add up over layers, the same blocks with other densities, each sold by some of the offers.
  ///
  /// - Returns: the number of searches it took.
  mutating func settle(layers: [(blocks: SkyBlocks, sells: [Bool])], ratio: Double) -> Int {
    var (sum, steps) = (ContiguousArray<Double>(repeating: 0, count: capacity.count), 0)
    for layer in layers {
      blocks = layer.blocks
      var usable = usableCapacity(1)
      let closed = nights.indices.filter { !layer.sells[$0] }.flatMap { nights[$0].flatMap(\.supplies) }
      for s in closed { usable[s] = 0 }
      var flow = SkyFlow(supplies: usable, ranges: ranges, rangeEnds: rangeEnds)
      for demand in demands(ratio: ratio) {
        flow.serve(demand.area, of: Int(demand.block), worth: demand.density)
      }
      for k in nights.indices where layer.sells[k] {
        for s in nights[k].lazy.flatMap(\.supplies) { sum[s] += flow.price[s] }
      }
      steps += flow.steps
    }
    price = sum
    return steps
  }

  /// What each supply can give when a limit on all visits of its resource is spread over its time.
  private func usableCapacity(_ share: Double) -> ContiguousArray<Double> {
    var usable = capacity
    for (offer, bins) in zip(offers, nights) {
      let given = bins.reduce(0) { $0 + $1.most }
      let most = offer.most
      let factor = share * (given > most ? most / given : 1)
      for night in bins { for s in night.supplies { usable[s] *= factor } }
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
      blocks.forEachEntry(of: block) { density, area in
        if sum.area > 0, density * ratio < sum.density {
          demands.append(sum)
          sum.area = 0
        }
        if sum.area == 0 { sum.density = density }
        sum.area += area
      }
      if sum.area > 0 { demands.append(sum) }
    }
    return demands.sorted { $0.density != $1.density ? $0.density > $1.density : $0.block < $1.block }
  }

  // MARK: prices as others see them

  /// The most that all visits can pay.
  var income: Double { incomes.reduce(0, +) }

  /// By offer: its dearest times first.
  var incomes: [Double] {
    zip(offers, nights).map { offer, bins in
      var sum = 0.0
      let supplies = bins.indices.flatMap { night in bins[night].supplies.map { (night, $0) } }
        .sorted { price[$0.1] != price[$1.1] ? price[$0.1] > price[$1.1] : $0.1 < $1.1 }
      var left = offer.most
      var nightLeft = bins.map(\.most)
      for (night, s) in supplies {
        let sold = min(capacity[s], nightLeft[night], left)
        sum += sold * price[s]
        nightLeft[night] -= sold
        left -= sold
      }
      return sum
    }
  }

  /// The least price of an offer in start windows; infinite if there are none.
  func leastPrice(of offer: Int, in windows: [TimeWindow]) -> Double {
    var least = Double.infinity
    for window in windows {
      for night in nights[offer] {
        guard let range = night.range(of: window) else { continue }
        for s in range { least = min(least, price[Int(s)]) }
      }
    }
    return least
  }

  /// A telescope's time in bins: by number, from start to end.
  func timeBins(of telescope: Int) -> [TimeWindow] {
    guard let offer = offers.firstIndex(where: { $0.telescope == telescope }) else { return [] }
    return nights[offer].flatMap { night in
      night.supplies.indices.map { i in
        let start = night.start.advanced(bySeconds: Double(i - night.supplies.lowerBound) * night.width)
        return TimeWindow(start, start.advanced(bySeconds: night.width))
      }
    }
  }

  /// The bins of a telescope's time in which it may observe some of a block. They may overlap.
  func timeBins(of telescope: Int, reaching block: Int) -> [Range<Int>] {
    ranges(of: block).compactMap { r in
      let offer = Int(rangeOwners[r])
      guard offers[offer].telescope == telescope, let first = nights[offer].first?.supplies.lowerBound else {
        return nil
      }
      return Int(ranges[r].lowerBound) - first..<Int(ranges[r].upperBound) - first
    }
  }

  /// The bins of a telescope's time in which visits may go on that start in given windows.
  func timeBins(of telescope: Int, from starts: [TimeWindow]) -> [Range<Int>] {
    offers.firstIndex { $0.telescope == telescope }.map { bins(of: $0, from: starts) } ?? []
  }

  /// The bins of an offer in which visits may go on that start in given windows.
  func bins(of offer: Int, from starts: [TimeWindow]) -> [Range<Int>] {
    guard let first = nights[offer].first?.supplies.lowerBound else { return [] }
    return starts.flatMap { window in
      nights[offer].compactMap { night in
        night.range(of: window).map { Int($0.lowerBound) - first..<Int($0.upperBound) - first }
      }
    }
  }

  /// Every offer that reaches a block, with bins in which it does; an offer may come again.
  func forEachOffer(of block: Int, _ body: (_ offer: Int, _ bins: Range<Int>) -> Void) {
    for r in ranges(of: block) {
      let offer = Int(rangeOwners[r])
      guard let first = nights[offer].first?.supplies.lowerBound else { continue }
      body(offer, Int(ranges[r].lowerBound) - first..<Int(ranges[r].upperBound) - first)
    }
  }

  func price(of offer: Int, bin: Int) -> Double { price[nights[offer][0].supplies.lowerBound + bin] }

  /// Whether a telescope may reach some of a block.
  func mayReach(_ block: Int, telescope: Int) -> Bool {
    ranges(of: block).contains { offers[Int(rangeOwners[$0])].telescope == telescope }
  }

  /// The price of a telescope's time on the average, per steradian.
  func meanPrice(of telescope: Int) -> Double {
    var (paid, area) = (0.0, 0.0)
    for (offer, bins) in zip(offers, nights) where offer.telescope == telescope {
      for s in bins.lazy.flatMap(\.supplies) {
        paid += price[s] * capacity[s]
        area += capacity[s]
      }
    }
    return area > 0 ? paid / area : 0
  }

  /// The least price of every offer that reaches a block, the cheapest first.
  func leastPrices(of block: Int) -> [(offer: Int, price: Double)] {
    var result: [(offer: Int, price: Double)] = []
    for r in ranges(of: block) {
      var least = Double.infinity
      for s in ranges[r] { least = min(least, price[Int(s)]) }
      let owner = Int(rangeOwners[r])
      if let last = result.last, last.offer == owner {
        result[result.count - 1].price = min(last.price, least)
      } else {
        result.append((owner, least))
      }
    }
    return result.sorted { $0.price != $1.price ? $0.price < $1.price : $0.offer < $1.offer }
  }
}
