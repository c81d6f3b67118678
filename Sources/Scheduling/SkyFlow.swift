/// Area of sky handed out to telescope time: a flow from blocks to supplies that grows one demand at a time.
struct SkyFlow {
  /// Price per steradian of a supply that can serve no more; 0 while it can.
  private(set) var price: ContiguousArray<Double>
  /// Searches for a way to serve a demand.
  private(set) var steps = 0

  private var slack: ContiguousArray<Double>
  private let smallest: Double
  private let ranges: ContiguousArray<Range<Int32>>
  private let rangeEnds: ContiguousArray<Int32>
  private struct Share {
    var block: Int32
    var area: Double
  }
  /// Who is served by each supply.
  private var served: [ContiguousArray<Share>]
  /// Supplies with a price have left the market.
  private var open: SkipList
  private var unvisited: SkipList
  /// The last search in which a block was met, and through which supply; and each supply's block.
  private var blockVisit: ContiguousArray<Int32>
  private var blockVia: ContiguousArray<Int32>
  private var supplyVia: ContiguousArray<Int32>
  private var queue: ContiguousArray<Int32> = []

  init(
    supplies: ContiguousArray<Double>, ranges: ContiguousArray<Range<Int32>>,
    rangeEnds: ContiguousArray<Int32>
  ) {
    slack = supplies
    smallest = 1e-9 * supplies.reduce(0, +) / Double(max(1, supplies.count))
    price = .init(repeating: 0, count: supplies.count)
    self.ranges = ranges
    self.rangeEnds = rangeEnds
    served = .init(repeating: [], count: supplies.count)
    open = SkipList(count: supplies.count)
    unvisited = open
    blockVisit = .init(repeating: -1, count: rangeEnds.count)
    blockVia = blockVisit
    supplyVia = .init(repeating: -1, count: supplies.count)
  }

  @inline(__always)
  private func ranges(of block: Int) -> Range<Int> {
    (block > 0 ? Int(rangeEnds[block - 1]) : 0)..<Int(rangeEnds[block])
  }

  /// Hands out area of a block; when no more can be had, everything that stands in its way gets its price.
  /// - Returns: the area handed out.
  @discardableResult
  mutating func serve(_ area: Double, of block: Int, worth density: Double) -> Double {
    var left = area
    while left > smallest {
      if let supply = freest(of: block) {
        let given = min(left, slack[supply])
        give(given, of: supply, to: Int32(block))
        left -= given
        continue
      }
      guard let end = search(from: block) else {
        for s in queue {
          price[Int(s)] = density
          open.remove(s)
        }
        return area - left
      }
      left -= push(left, to: end, for: block)
    }
    return area - left
  }

  /// The supply within reach with the most to give, if any gives anything.
  private mutating func freest(of block: Int) -> Int? {
    var best = (slack: smallest, supply: -1)
    for r in ranges(of: block) {
      var s = open.next(ranges[r].lowerBound)
      while s < ranges[r].upperBound {
        if slack[Int(s)] > best.slack { best = (slack[Int(s)], Int(s)) }
        s = open.next(s + 1)
      }
    }
    return best.supply >= 0 ? best.supply : nil
  }

  private mutating func give(_ area: Double, of supply: Int, to block: Int32) {
    slack[supply] -= area
    if let i = served[supply].firstIndex(where: { $0.block == block }) {
      served[supply][i].area += area
    } else {
      served[supply].append(Share(block: block, area: area))
    }
  }

  /// Breadth first through supplies whose customers could go elsewhere, to one with something to give. When
  /// there is none, `queue` holds all supplies that were met.
  private mutating func search(from block: Int) -> Int? {
    steps += 1
    let mark = Int32(truncatingIfNeeded: steps)
    unvisited = open
    queue.removeAll(keepingCapacity: true)
    blockVisit[block] = mark
    blockVia[block] = -1
    if let end = visit(block) { return end }
    var head = 0
    while head < queue.count {
      let supply = queue[head]
      head += 1
      for share in served[Int(supply)] where blockVisit[Int(share.block)] != mark && share.area > smallest {
        blockVisit[Int(share.block)] = mark
        blockVia[Int(share.block)] = supply
        if let end = visit(Int(share.block)) { return end }
      }
    }
    return nil
  }

  private mutating func visit(_ block: Int) -> Int? {
    for r in ranges(of: block) {
      let end = ranges[r].upperBound
      var s = unvisited.next(ranges[r].lowerBound)
      while s < end {
        unvisited.remove(s)
        supplyVia[Int(s)] = Int32(block)
        if slack[Int(s)] > smallest { return Int(s) }
        queue.append(s)
        s = unvisited.next(s)
      }
    }
    return nil
  }

  /// Moves as much as the path allows.
  private mutating func push(_ wanted: Double, to end: Int, for block: Int) -> Double {
    var amount = min(wanted, slack[end])
    var supply = end
    while true {
      let via = Int(supplyVia[supply])
      guard blockVia[via] >= 0 else { break }
      supply = Int(blockVia[via])
      amount = min(amount, served[supply].first { Int($0.block) == via }!.area)
    }
    supply = end
    slack[end] -= amount
    while true {
      let via = supplyVia[supply]
      if let i = served[supply].firstIndex(where: { $0.block == via }) {
        served[supply][i].area += amount
      } else {
        served[supply].append(Share(block: via, area: amount))
      }
      let from = blockVia[Int(via)]
      guard from >= 0 else { break }
      supply = Int(from)
      let i = served[supply].firstIndex { $0.block == via }!
      served[supply][i].area -= amount
      if served[supply][i].area <= smallest {
        served[supply].swapAt(i, served[supply].count - 1); served[supply].removeLast()
      }
    }
    return amount
  }
}
