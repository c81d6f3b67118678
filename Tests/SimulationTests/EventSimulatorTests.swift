import Foundation
import Skymaps
import Testing
import Units

@testable import Simulation

@Suite struct EventSimulatorTests {
  private static let epoch = Instant(utcYear: 2026, month: 1, day: 1)!
  private let simulator = EventSimulator(epoch: epoch, seed: 7)

  /// An event depends on seed and number alone.
  @Test func sameEventForEver() throws {
    let first = try simulator.event(3)
    _ = try simulator.event(2)
    let again = try simulator.event(3)
    #expect(first.name == again.name && first.time == again.time)
    #expect(first.map.keys == again.map.keys && first.map.density == again.map.density)
    let other = try EventSimulator(epoch: Self.epoch, seed: 8).event(3)
    #expect(other.time != first.time)
  }

  /// Densities sum to one and the most probable cells are the finest.
  @Test(arguments: 0..<6) func mapsAreSkyMaps(index: Int) throws {
    let map = try simulator.event(index).map
    let sum = (0..<map.count).reduce(0.0) { $0 + map.probability(ofCell: $1) }
    #expect(abs(sum - 1) < 1e-9)
    let peak = try #require(map.density.indices.max { map.density[$0] < map.density[$1] })
    #expect(map.orders[peak] == map.orders.max())
    #expect(!map.header.instruments.isEmpty)
    #expect(map.header.distanceMean != nil)
  }

  /// Three detectors find a source in a smaller area than two, two in a smaller one than one.
  @Test func moreDetectorsLocaliseBetter() throws {
    var areas: [Int: [Double]] = [:]
    for index in 0..<60 {
      let map = try simulator.event(index).map
      let area = CredibleRegions(of: map).area(at: Fraction(clamping: 0.9)).squareDegrees
      areas[map.header.instruments.count, default: []].append(area)
    }
    func median(_ count: Int) throws -> Double {
      let sorted = try #require(areas[count]).sorted()
      return sorted[sorted.count / 2]
    }
    #expect(try median(3) < median(2))
    #expect(try median(2) < median(1))
  }

  /// Of events spread evenly over a year a quarter falls into each, within four standard deviations.
  @Test func timesAreSpread() throws {
    let count = 200
    var quarters = [Int](repeating: 0, count: 4)
    for index in 0..<count {
      let share = try simulator.event(index).time.seconds(since: Self.epoch) / (365.25 * 86_400)
      #expect((0..<1).contains(share))
      quarters[Int(share * 4)] += 1
    }
    let deviation = (Double(count) * 0.25 * 0.75).squareRoot()
    for n in quarters { #expect(abs(Double(n) - Double(count) / 4) < 4 * deviation) }
  }

  /// The published sequence for seed 1234567 (Vigna, splitmix64.c).
  @Test func generatorIsSplitMix() {
    var random = SplitMix64(seed: 1_234_567)
    #expect(random.next() == 6_457_827_717_110_365_317)
    #expect(random.next() == 3_203_168_211_198_807_973)
  }
}
