import Foundation
import Healpix
import TestSupport
import Testing
import Units

@testable import Scheduling
@testable import Skymaps

/// The bound for sky that is worth more to deeper telescopes, held against enumeration: the layers of `SkyGrain` count
/// what a plan is worth, the bound knows nothing of them.
@Suite struct DetectionBoundTests {
  struct Case {
    var instance: SelectionTests.Instance
    var outlook: CoverageOutlook
    var worths: [ContiguousArray<Double>]
    /// Class of each telescope.
    var classes: [Int?]
  }

  /// The instances of `CoverageBoundTests`, with a chance to see that rises from class to class and varies on the sky.
  static func instance(seed: UInt64) -> Case {
    let (given, map, fields) = CoverageBoundTests.instance(seed: seed)
    var random = SeededGenerator(seed: seed &+ 5000)
    let (a, b) = (Double.random(in: 0...0.9, using: &random), Double.random(in: 0...6, using: &random))
    let shallow = ContiguousArray(
      (0..<map.count).map { i in
        let d = Direction<ICRS>(unit: map.cell(i).center)
        return map.density[i] * a * (0.5 + 0.5 * sin(d.ra.degrees / 3 + b))
      })
    let deep = ContiguousArray((0..<map.count).map { max(shallow[$0], 0.8 * map.density[$0]) })
    let worths = [shallow, deep]
    let base = given.sky
    let ground = SkyGrain(layers: worths.map { base.weighted(by: $0, of: map) })
    let classes = seed % 2 == 0 ? [0, 1] : [1, 0]
    var layered = given
    layered.sky = ground
    for k in classes.indices {
      layered.candidates[k] = layered.candidates[k].map { candidate in
        var copy = candidate
        copy.cover = base.cover(candidate.cover, layers: classes[k] + 1)
        return copy
      }
    }
    return Case(
      instance: layered, outlook: CoverageBoundTests.outlook(given, map: map, fields: fields), worths: worths,
      classes: classes)
  }

  @Test(arguments: 0..<16)
  func isNoLessThanTheOptimum(_ seed: Int) {
    let c = Self.instance(seed: UInt64(seed))
    let best = SelectionTests.bruteForce(c.instance)
    let bound = c.outlook.bound(worths: c.worths, classes: c.classes)
    #expect(best > 0)
    #expect(
      bound.value >= best * (1 - CoverageBoundTests.grainError), "seed \(seed): \(bound.value) < \(best)")
    // No more than what the deeper could do of coverage, and not everything.
    #expect(bound.value < 0.5, "seed \(seed): \(bound.value) for \(best)")
  }

  /// Weak duality: whatever the prices, however few blocks are looked at.
  @Test(arguments: 20..<24)
  func everyPriceIsABound(_ seed: Int) {
    let c = Self.instance(seed: UInt64(seed))
    let optimum = SelectionTests.bruteForce(c.instance)
    let best = optimum * (1 - CoverageBoundTests.grainError)
    for (ratio, rounds) in [(1.01, 0), (1.5, 1), (100.0, 0), (100.0, 4)] {
      func bound(_ effort: Int) -> Double {
        c.outlook.bound(
          worths: c.worths, classes: c.classes, effort: effort, ratio: ratio, rounds: rounds
        ).value
      }
      let fine = bound(20_000)
      #expect(fine >= best, "seed \(seed)")
      #expect(bound(0) >= fine - 1e-12)
    }
    let own = c.outlook.bound(worths: c.worths, classes: c.classes).value
    print("seed \(seed): bound / optimum \(own / optimum)")
    // Ten candidates at random leave much sky that no plan of theirs can use but a field's area could.
    #expect(own < 3 * optimum)
  }

  /// Sky that is worth the same to all is the bound on coverage, times that.
  @Test(arguments: [1.0, 0.25])
  func isThatOfCoverageWhereAllSeeTheSame(_ share: Double) {
    for seed in 0..<4 {
      let (given, map, fields) = CoverageBoundTests.instance(seed: UInt64(seed))
      let outlook = CoverageBoundTests.outlook(given, map: map, fields: fields)
      let worth = ContiguousArray(map.density.map { share * $0 })
      let bound = outlook.bound(worths: [worth], classes: [0, 0]).value
      let coverage = outlook.bound().value
      #expect(bound <= share * coverage * 1.02 + 1e-5 && bound >= share * coverage * 0.95, "seed \(seed)")
    }
  }

  /// Where the deep see no farther than the shallow, by a ceiling, the bound is that of the shallow; where the ceiling
  /// is for some of their time only, it lies between.
  @Test func aCeilingIsAClassForATime() {
    for seed in 0..<6 {
      let c = Self.instance(seed: UInt64(seed))
      let bins = c.classes.indices.map { c.outlook.timeBins(of: $0).count }
      #expect(bins.allSatisfy { $0 > 1 })
      func bound(_ classes: [Int?], _ ceiling: CoverageOutlook.Ceiling?) -> Double {
        c.outlook.bound(worths: c.worths, classes: classes, ceiling: ceiling).value
      }
      let deep = bound([1, 1], nil)
      let shallow = bound([0, 0], nil)
      let held = bound([1, 1]) { k, _, _ in ContiguousArray(repeating: 0, count: bins[k]) }
      let half = bound([1, 1]) { k, _, _ in ContiguousArray((0..<bins[k]).map { $0 % 2 == 0 ? 1 : 0 }) }
      #expect(shallow < 0.98 * deep, "seed \(seed)")
      #expect(held < 1.03 * shallow && held > 0.97 * shallow, "seed \(seed): \(held), \(shallow)")
      #expect(half > 0.99 * held && half < 1.01 * deep, "seed \(seed): \(held), \(half), \(deep)")
      // As given, class by class.
      let own = bound([1, 1]) { [classes = c.classes] k, _, _ in
        ContiguousArray(repeating: Int8(classes[k]!), count: bins[k])
      }
      #expect(own >= SelectionTests.bruteForce(c.instance) * (1 - CoverageBoundTests.grainError))
    }
  }

  /// One telescope that reaches a uniform sky of which it sees a share: visits times area times share; a second that
  /// counts nothing adds nothing, one with time for all the sky adds no more than all it sees.
  @Test func isExactWhereNothingButTimeIsShort() {
    let map = SelectionTests.uniformMap()
    let window = TimeWindow(SelectionTests.start, SelectionTests.start.advanced(bySeconds: 3600))
    let resource = Resource(
      darkWindows: [window], visit: .seconds(60), readout: .seconds(10), slewRate: .degreesPerSecond(20),
      settle: .seconds(12), usualSlew: .degrees(3))
    let blocks = SkyBlocks(map)
    var reach = SkyReach()
    for _ in 0..<blocks.count { reach.append([window]) }
    func outlook(_ areas: [SolidAngle]) -> CoverageOutlook {
      CoverageOutlook(
        map, blocks: blocks,
        offers: areas.enumerated().map {
          .init(telescope: $0.offset, resource: resource, fieldArea: $0.element)
        },
        known: areas.map { _ in reach }
      ) { _, _, _ in [window] }
    }
    let area = SolidAngle.squareDegrees(4)
    let own = Double(Int((3600.0 + 12) / 72)) * area.steradians / (4 * .pi)
    let half = ContiguousArray(map.density.map { 0.5 * $0 })
    let tenth = ContiguousArray(map.density.map { 0.1 * $0 })
    let one = outlook([area, area]).bound(worths: [tenth, half], classes: [1, nil])
    #expect(abs(one.value - 0.5 * own - one.tolerance) < 1e-6)
    let all = outlook([area, .init(steradians: 4 * .pi)]).bound(worths: [tenth, half], classes: [1, 0])
    // A tenth of everything, and the rest of a half where the other looks.
    #expect(abs(all.value - (0.1 + 0.4 * own)) < 1e-4)
    #expect(outlook([area]).bound(worths: [half], classes: [nil]).value < 1e-5)
  }
}
