import Healpix
import Testing
import Units

private struct RingOracle: Decodable {
  struct Whole: Decodable {
    let order: Int
    let nested: [UInt64]
  }
  struct Samples: Decodable {
    let order: Int
    let ring: [Int64]
    let nested: [UInt64]
  }
  let ring: [Whole]
  let ringSamples: [Samples]
}

@Suite struct RingOrderTests {
  @Test func wholeMapsMatchHealpy() throws {
    for row in try oracle("healpy-cells", as: RingOracle.self).ring {
      let ring = RingOrder(order: row.order)
      var indices = ContiguousArray<Int>()
      var nested = [UInt64](repeating: .max, count: row.nested.count)
      for block in 0..<ring.blockCount {
        ring.fill(&indices, block: block)
        for (i, index) in indices.enumerated() { nested[index] = UInt64(block * ring.blockSize + i) }
      }
      #expect(nested == row.nested, "order \(row.order)")
    }
  }

  @Test func samplesOfLargeMapsMatchHealpy() throws {
    for row in try oracle("healpy-cells", as: RingOracle.self).ringSamples {
      let ring = RingOrder(order: row.order)
      var indices = ContiguousArray<Int>()
      for (index, nested) in zip(row.ring, row.nested) {
        #expect(FlatIndex.nested(ring: index, order: row.order) == nested)
        ring.fill(&indices, block: Int(nested) / ring.blockSize)
        #expect(indices[Int(nested) % ring.blockSize] == Int(index))
      }
    }
  }

  @Test func everyIndexOfAMapComesOnce() {
    for order in [0, 3, 6, 7, 8] {
      let ring = RingOrder(order: order)
      var seen = [Bool](repeating: false, count: Int(Cell.count(order: order)))
      var indices = ContiguousArray<Int>()
      for block in 0..<ring.blockCount {
        ring.fill(&indices, block: block)
        for index in indices {
          #expect(!seen[index])
          seen[index] = true
        }
      }
      #expect(!seen.contains(false))
    }
  }

  @Test func ringPixelsOfAnySideInvert() {
    var random = SeededGenerator(seed: 31)
    for nside: Int64 in [1, 3, 7, 100, 1000] {
      for _ in 0..<200 {
        let index = Int64.random(in: 0..<12 * nside * nside, using: &random)
        #expect(
          FlatIndex.ring(nside: nside, containing: FlatIndex.centerRing(nside: nside, index: index)) == index)
      }
    }
  }
}
