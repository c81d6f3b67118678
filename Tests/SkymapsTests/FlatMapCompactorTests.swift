import Foundation
import Healpix
import Testing
import Units

@testable import Skymaps

@Suite struct FlatMapCompactorTests {
  /// A flat NESTED map with constant patches of all sizes.
  private func patches(_ generator: inout SeededGenerator, order: Int) -> ContiguousArray<Double> {
    var values = ContiguousArray(repeating: 0.0, count: Int(Cell.count(order: order)))
    for _ in 0..<30 {
      let o = Int.random(in: 0...order, using: &generator)
      let cell = Cell(order: o, index: .random(in: 0..<Cell.count(order: o), using: &generator))
      let span = 1 << (2 * (order - o))
      let value = Double(Int.random(in: 0..<3, using: &generator))
      for i in 0..<span { values[Int(cell.index) * span + i] = value }
    }
    return values
  }

  private func expand(_ result: FlatMapCompactor.Result, order: Int) -> ContiguousArray<Double> {
    var values = ContiguousArray(repeating: Double.nan, count: Int(Cell.count(order: order)))
    for (i, key) in result.keys.enumerated() {
      let cell = Cell(order: Int(result.orders[i]), key: key)
      let span = 1 << (2 * (order - cell.order))
      for k in 0..<span { values[Int(cell.index) * span + k] = result.values[i] }
    }
    return values
  }

  private func isMinimal(_ result: FlatMapCompactor.Result) -> Bool {
    let cells = result.keys.indices.map { Cell(order: Int(result.orders[$0]), key: result.keys[$0]) }
    let value = Dictionary(uniqueKeysWithValues: zip(cells, result.values.map(\.bitPattern)))
    return !cells.contains { cell in
      cell.order > 0 && (0..<4).allSatisfy { value[cell.parent.child($0)] == value[cell] }
    }
  }

  @Test(arguments: [0, 1, 2, 3, 4, 6])
  func losslessAndMinimalInAnyChunks(_ order: Int) {
    for seed in UInt64(1)...8 {
      var generator = SeededGenerator(seed: seed)
      let values = patches(&generator, order: order)
      var compactor = FlatMapCompactor(order: order)
      var start = 0
      while start < values.count {
        let count = min(
          values.count - start, Int.random(in: 1...(seed % 2 == 0 ? 5000 : 70), using: &generator))
        compactor.append(ContiguousArray(values[start..<start + count]).span)
        start += count
      }
      let result = compactor.finish()
      #expect(expand(result, order: order) == values, "seed \(seed)")
      #expect(isMinimal(result), "seed \(seed)")
      #expect(zip(result.keys, result.keys.dropFirst()).allSatisfy { $0 < $1 })
    }
  }

  @Test func ringMapsGiveTheSame() {
    var generator = SeededGenerator(seed: 9)
    for order in [0, 2, 5, 7] {
      let nested = patches(&generator, order: order)
      var ring = nested
      for i in 0..<nested.count { ring[i] = nested[Int(FlatIndex.nested(ring: Int64(i), order: order))] }
      var compactor = FlatMapCompactor(order: order)
      compactor.append(nested.span)
      let expected = compactor.finish()
      for result in [
        FlatMapCompactor.compact(ring: ring, order: order),
        FlatMapCompactor.compact(ring: ContiguousArray(ring.map { Float($0) }), order: order),
      ] {
        #expect(
          result.keys == expected.keys && result.orders == expected.orders && result.values == expected.values
        )
      }
    }
  }

  @Test func cellsMergeOnlyWhereAllColumnsAgree() {
    let order = 4
    let count = Int(Cell.count(order: order))
    let values = ContiguousArray(repeating: 1.0, count: count)
    var mu = ContiguousArray(repeating: Double.infinity, count: count)
    let sigma = ContiguousArray(repeating: 1.0, count: count)
    let norm = ContiguousArray(repeating: 0.0, count: count)
    func compact(_ mu: ContiguousArray<Double>) -> FlatMapCompactor.Result {
      var compactor = FlatMapCompactor(order: order, distance: true)
      compactor.append(values.span, mu: mu.span, sigma: sigma.span, norm: norm.span)
      return compactor.finish()
    }
    #expect(compact(mu).keys.count == 12)
    mu[1000] = 50
    let result = compact(mu)
    // One pixel apart: three more cells at each of four orders.
    #expect(result.keys.count == 12 + 3 * 4)
    #expect(result.distance?.mu.filter { $0 == 50 }.count == 1)
    #expect(
      result.distance?.sigma.count == result.keys.count && result.distance?.norm.count == result.keys.count)
    var ring = mu
    for i in 0..<count { ring[i] = mu[Int(FlatIndex.nested(ring: Int64(i), order: order))] }
    let fromRing = FlatMapCompactor.compact(
      ring: values, order: order, distance: DistanceLayer(mu: ring, sigma: sigma, norm: norm))
    #expect(fromRing.keys == result.keys && fromRing.distance == result.distance)
  }

  @Test func blankPixelsMergeAndSurplusIsDropped() {
    let count = Int(Cell.count(order: 3))
    var compactor = FlatMapCompactor(order: 3)
    compactor.append(ContiguousArray(repeating: Double.nan, count: count + 100).span)
    let result = compactor.finish()
    #expect(result.keys.count == 12 && result.values.allSatisfy(\.isNaN))
    var partial = FlatMapCompactor(order: 3)
    partial.append(ContiguousArray(repeating: 1.0, count: 65).span)
    let some = partial.finish()
    #expect(some.keys == [0, Cell(order: 3, index: 64).firstKey] && some.orders == [0, 3])
  }
}
