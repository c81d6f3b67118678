import Foundation
import Healpix
import Testing
import Units

@testable import Skymaps

@Suite struct FlatMergerTests {
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

  /// The cells of a merger that began at key 0, with their values.
  private func cells(_ merger: FlatMerger) -> [(cell: Cell, value: Double)] {
    var key: UInt64 = 0
    return merger.orders.indices.map { i in
      let cell = Cell(order: Int(merger.orders[i]), key: key)
      key += cell.keySpan
      return (cell, merger.values[i])
    }
  }

  private func expand(_ merger: FlatMerger) -> ContiguousArray<Double> {
    var values = ContiguousArray<Double>()
    for (cell, value) in cells(merger) {
      values.append(contentsOf: repeatElement(value, count: 1 << (2 * (merger.order - cell.order))))
    }
    return values
  }

  /// No four siblings with one value are left.
  private func isMinimal(_ merger: FlatMerger) -> Bool {
    let value = Dictionary(uniqueKeysWithValues: cells(merger).map { ($0.cell, $0.value.bitPattern) })
    return !value.keys.contains { cell in
      cell.order > 0 && (0..<4).allSatisfy { value[cell.parent.child($0)] == value[cell] }
    }
  }

  @Test(arguments: [0, 1, 2, 3, 4, 6])
  func losslessAndMinimalInAlignedChunks(_ order: Int) {
    for seed in UInt64(1)...8 {
      var generator = SeededGenerator(seed: seed)
      let values = patches(&generator, order: order)
      var merger = FlatMerger(order: order, hasDistance: false)
      var start = 0
      while start < values.count {
        let count = min(
          values.count - start, Int.random(in: 1...(seed % 2 == 0 ? 5000 : 70), using: &generator))
        merger.append(ContiguousArray(values[start..<start + count]).span)
        start += count
      }
      #expect(expand(merger) == values, "seed \(seed)")
      #expect(isMinimal(merger), "seed \(seed)")
    }
  }

  @Test func cellsMergeOnlyWhereAllColumnsAgree() {
    let order = 4
    let count = Int(Cell.count(order: order))
    let values = ContiguousArray(repeating: 1.0, count: count)
    var mu = ContiguousArray(repeating: Double.infinity, count: count)
    let sigma = ContiguousArray(repeating: 1.0, count: count)
    let norm = ContiguousArray(repeating: 0.0, count: count)
    func merged(_ mu: ContiguousArray<Double>) -> FlatMerger {
      var merger = FlatMerger(order: order, hasDistance: true)
      merger.append(values.span, mu: mu.span, sigma: sigma.span, norm: norm.span)
      return merger
    }
    #expect(merged(mu).orders.count == 12)
    for pixel in [0, 1000, 1023, count - 1] {
      mu[pixel] = 50
      let result = merged(mu)
      // One pixel apart: three more cells at each of four orders.
      #expect(result.orders.count == 12 + 3 * 4)
      #expect(result.distance?.mu.filter { $0 == 50 }.count == 1)
      #expect(
        result.distance?.sigma.count == result.orders.count
          && result.distance?.norm.count == result.orders.count)
      mu[pixel] = .infinity
    }
  }

  @Test func blankPixelsMerge() {
    var merger = FlatMerger(order: 3, hasDistance: false)
    merger.append(ContiguousArray(repeating: Double.nan, count: Int(Cell.count(order: 3))).span)
    #expect(merger.orders.count == 12 && merger.values.allSatisfy(\.isNaN))
  }

  @Test func ringMapsGiveTheSameMap() throws {
    var generator = SeededGenerator(seed: 9)
    for order in [0, 2, 5, 7] {
      let nested = patches(&generator, order: order)
      guard nested.contains(where: { $0 > 0 }) else { continue }
      var ring = nested
      for i in 0..<nested.count { ring[i] = nested[Int(FlatIndex.nested(ring: Int64(i), order: order))] }
      let nside = 1 << order
      let a = try Skymap(
        RawSkymap(layout: .flat(nside: nside, ordering: .nested), values: nested, unit: .perPixel))
      let b = try Skymap(
        RawSkymap(layout: .flat(nside: nside, ordering: .ring), values: ring, unit: .perPixel))
      #expect(a.keys == b.keys && a.orders == b.orders && a.density == b.density, "order \(order)")
    }
  }
}
