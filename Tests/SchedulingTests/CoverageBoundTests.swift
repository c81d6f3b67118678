import Foundation
import Healpix
import TestSupport
import Testing
import Units

@testable import Scheduling
@testable import Skymaps

/// The bound is held against everything that can be computed about an instance: the optimum by enumeration where
/// that is possible, closed forms, and what the greedy choice finds.
@Suite struct CoverageBoundTests {
  /// The bound for candidate lists: a cap is in reach when a candidate's field might touch it.
  static func outlook(_ instance: SelectionTests.Instance, map: Skymap, fields: [[Double]]) -> CoverageOutlook
  {
    let offers = instance.resources.enumerated().map { k, resource in
      TimeOffer(
        telescope: k, resource: resource,
        fieldArea: SolidAngle(
          steradians: fields[k].map {
            SelectionTests.square($0, at: Direction(ra: .zero, dec: .zero))[0].area.steradians
          }.max()!))
    }
    let reach: CoverageOutlook.Reach = { [candidates = instance.candidates] k, center, radius in
      var windows: [TimeWindow] = []
      for (i, candidate) in candidates[k].enumerated() {
        let touching = fields[k][i] * 0.7072 * 1.01 + radius.degrees
        if candidate.center.separation(from: center).degrees <= touching { windows += candidate.startWindows }
      }
      return windows.sorted { $0.start < $1.start }
    }
    let blocks = SkyBlocks(map, share: 1e-3, finest: 5)
    let known = offers.indices.map { k in
      var list = SkyReach()
      for b in 0..<blocks.count {
        let cap = blocks.cap(of: b)
        list.append(reach(k, cap.center, cap.radius))
      }
      return list
    }
    return CoverageOutlook(map, blocks: blocks, offers: offers, known: known, reach: reach)
  }

  /// A map with structure: a ridge of density across the part of the sky the instances use.
  static func ridge(seed: UInt64) -> Skymap {
    var random = SeededGenerator(seed: seed)
    let slope = Double.random(in: -1...1, using: &random)
    let cells = (0..<12_288).map { Cell(order: 5, index: $0) }
    var density = cells.map { cell -> Double in
      let d = Direction<ICRS>(unit: cell.center)
      let off = d.dec.degrees - 7 - slope * (d.ra.degrees - 107)
      return exp(-off * off / 30) + 0.01
    }
    let total = density.reduce(0) { $0 + $1 * cells[0].area.steradians }
    density = density.map { $0 / total }
    return Skymap(
      keys: .init(cells.map(\.firstKey)), orders: .init(repeating: 5, count: cells.count),
      density: .init(density), distance: nil, frame: .icrs, header: .init(),
      report: .init(kind: .multiOrder, layout: "ridge", sumBeforeNormalisation: 1, coverage: .one))
  }

  static func instance(seed: UInt64) -> (SelectionTests.Instance, Skymap, fields: [[Double]]) {
    var random = SeededGenerator(seed: seed)
    let map = ridge(seed: seed &+ 1000)
    let sky = SkyGrain(map, region: .all, order: 6)
    let resources = (0..<2).map { k in
      Resource(
        darkWindows: [TimeWindow(SelectionTests.start, SelectionTests.start.advanced(bySeconds: 320))],
        visit: .seconds(100),
        readout: .seconds(5), slewRate: .degreesPerSecond(20), settle: .zero, usualSlew: .degrees(5),
        mostVisits: seed % 3 == 0 && k == 0 ? 2 : nil)
    }
    let sizes = (0..<2).map { _ in Double.random(in: 4..<9, using: &random) }
    let candidates = (0..<2).map { k in
      (0..<5).map { _ in
        let center = Direction<ICRS>(
          ra: .degrees(.random(in: 100..<115, using: &random)),
          dec: .degrees(.random(in: 0..<15, using: &random)))
        let from = Double.random(in: 0..<220, using: &random)
        let to = from + .random(in: 0..<220, using: &random)
        let window = TimeWindow(
          SelectionTests.start.advanced(bySeconds: from),
          SelectionTests.start.advanced(bySeconds: min(to, 220)))
        return Candidate(
          center: center, startWindows: [window],
          cover: sky.cover(SelectionTests.square(sizes[k], at: center)))
      }
    }
    return (
      .init(sky: sky, resources: resources, candidates: candidates), map,
      sizes.map { .init(repeating: $0, count: 5) }
    )
  }

  /// Grains are parts of 0.11 degrees: the optimum in grains is off by this share at most.
  static let grainError = 0.02

  @Test(arguments: 0..<60)
  func isNoLessThanTheOptimum(_ seed: Int) {
    let (instance, map, fields) = Self.instance(seed: UInt64(seed))
    let best = SelectionTests.bruteForce(instance)
    let outlook = Self.outlook(instance, map: map, fields: fields)
    let bound = outlook.bound()
    #expect(bound.value >= best * (1 - Self.grainError), "seed \(seed): \(bound.value) < \(best)")
    #expect(bound.gap(of: best) >= 0)
    // Two telescopes, three fields each: the bound may not just be "everything".
    #expect(bound.value < 0.5, "seed \(seed): \(bound.value) for \(best)")
  }

  /// Weak duality: whatever the prices, however few blocks are looked at.
  @Test(arguments: [1.01, 1.5, 4, 100], [0.1, 0.7, 1])
  func everyPriceIsABound(_ ratio: Double, _ share: Double) {
    for seed in 0..<12 {
      let (instance, map, fields) = Self.instance(seed: UInt64(seed))
      let best = SelectionTests.bruteForce(instance) * (1 - Self.grainError)
      let outlook = Self.outlook(instance, map: map, fields: fields)
      let coarse = outlook.bound(effort: 0, ratio: ratio, share: share).value
      let fine = outlook.bound(effort: 20_000, ratio: ratio, share: share).value
      #expect(fine >= best, "seed \(seed): \(fine) < \(best)")
      #expect(coarse >= fine - 1e-12)
    }
  }

  @Test func howTightItIs() {
    var ratios: [Double] = []
    for seed in 0..<60 {
      let (instance, map, fields) = Self.instance(seed: UInt64(seed))
      ratios.append(
        Self.outlook(instance, map: map, fields: fields).bound().value / SelectionTests.bruteForce(instance))
    }
    ratios.sort()
    print("bound / optimum of 60 random instances: median \(ratios[30]), largest \(ratios[59])")
    // Ten candidates at random leave much sky that no plan of theirs can use but a field's area could.
    #expect(ratios[30] < 2)
  }

  /// One telescope that reaches a uniform sky: visits times area, exactly; an allocation counts.
  @Test(arguments: [nil, 7])
  func isExactWhereNothingButTimeIsShort(_ limit: Int?) {
    let map = SelectionTests.uniformMap()
    let window = TimeWindow(SelectionTests.start, SelectionTests.start.advanced(bySeconds: 3600))
    let resource = Resource(
      darkWindows: [window], visit: .seconds(60), readout: .seconds(10), slewRate: .degreesPerSecond(20),
      settle: .seconds(12), usualSlew: .degrees(3), mostVisits: limit)
    let area = SolidAngle.squareDegrees(4)
    let blocks = SkyBlocks(map)
    var reach = SkyReach()
    for _ in 0..<blocks.count { reach.append([window]) }
    let outlook = CoverageOutlook(
      map, blocks: blocks, offers: [TimeOffer(telescope: 0, resource: resource, fieldArea: area)],
      known: [reach]
    ) { _, _, _ in [window] }
    // 72 seconds a visit, the last without what follows it.
    let visits = Double(limit ?? Int((3600.0 + 12) / 72))
    let bound = outlook.bound()
    #expect(abs(bound.value - visits * area.steradians / (4 * .pi) - bound.tolerance) < 1e-9)
  }

  @Test func nothingWithinReachGivesNothing() {
    let map = SelectionTests.uniformMap()
    let resource = Resource(
      darkWindows: [], visit: .seconds(60), readout: .seconds(10), slewRate: .degreesPerSecond(20),
      settle: .zero,
      usualSlew: .degrees(3))
    let blocks = SkyBlocks(map)
    var reach = SkyReach()
    for _ in 0..<blocks.count { reach.append([]) }
    let offers = [TimeOffer(telescope: 0, resource: resource, fieldArea: .squareDegrees(4))]
    let outlook = CoverageOutlook(map, blocks: blocks, offers: offers, known: [reach]) { _, _, _ in [] }
    #expect(outlook.bound().value <= outlook.bound().tolerance)
    #expect(
      CoverageOutlook(map, blocks: blocks, offers: [], known: []) { _, _, _ in [] }.bound().value < 1e-5)
  }

  @Test func blocksHoldTheWholeMapAndItsProfile() {
    let map = Self.ridge(seed: 1)
    let blocks = SkyBlocks(map, share: 1e-3, finest: 7)
    let total = (0..<blocks.count).reduce(0) { $0 + blocks.probability(of: $1) }
    #expect(abs(total - 1) < 1e-12)
    for price in [0, 0.01, 0.1, 1, 3] {
      let expected = map.density.reduce(0) { $0 + max(0, $1 - price) * Cell.area(order: 5).steradians }
      let got = (0..<blocks.count).reduce(0) { $0 + blocks.surplus(of: $1, above: price) }
      let direct = blocks.cells.reduce(0) { $0 + map.surplus(in: $1, above: price) }
      #expect(abs(got - expected) < 1e-12)
      #expect(abs(direct - expected) < 1e-12)
    }
  }
}

/// The transport problem is solved exactly: what is served is worth as much as the prices say.
@Suite struct SkyFlowTests {
  @Test(arguments: 0..<100)
  func strongDuality(_ seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    let supplies = Int.random(in: 1...12, using: &random)
    let blocks = Int.random(in: 1...15, using: &random)
    let capacity = ContiguousArray((0..<supplies).map { _ in Double.random(in: 0.1...2, using: &random) })
    var ranges: ContiguousArray<Range<Int32>> = []
    var ends: ContiguousArray<Int32> = []
    for _ in 0..<blocks {
      let a = Int32.random(in: 0...Int32(supplies), using: &random)
      let b = Int32.random(in: a...Int32(supplies), using: &random)
      if a < b { ranges.append(a..<b) }
      ends.append(Int32(ranges.count))
    }
    let demands = (0..<40).map { _ in
      (
        block: Int.random(in: 0..<blocks, using: &random),
        area: Double.random(in: 0.01...0.6, using: &random),
        density: Double.random(in: 0.1...5, using: &random)
      )
    }.sorted { $0.density > $1.density }
    var flow = SkyFlow(supplies: capacity, ranges: ranges, rangeEnds: ends)
    var primal = 0.0
    for d in demands { primal += d.density * flow.serve(d.area, of: d.block, worth: d.density) }
    var dual = zip(capacity, flow.price).reduce(0) { $0 + $1.0 * $1.1 }
    for d in demands {
      let mine = (d.block > 0 ? Int(ends[d.block - 1]) : 0)..<Int(ends[d.block])
      let least = mine.flatMap { Array(ranges[$0]) }.map { flow.price[Int($0)] }.min() ?? .infinity
      dual += max(0, d.density - least) * d.area
    }
    #expect(abs(dual - primal) < 1e-6, "seed \(seed): \(primal) against \(dual)")
  }
}
