import Foundation
import Healpix
import TestSupport
import Testing
import Units

@testable import Scheduling
@testable import Skymaps

@Suite struct SelectionTests {
  static let start = Instant(utcYear: 2026, month: 11, day: 21)!

  /// A map of equal density on every order-3 cell.
  static func uniformMap() -> Skymap {
    Skymap(
      keys: .init((0..<768).map { Cell(order: 3, index: $0).firstKey }),
      orders: .init(repeating: 3, count: 768),
      density: .init(repeating: 1 / (4 * .pi), count: 768), distance: nil, frame: .icrs, header: .init(),
      report: .init(kind: .multiOrder, layout: "uniform", sumBeforeNormalisation: 1, coverage: .one))
  }

  static func grain(order: Int = 6) -> SkyGrain {
    SkyGrain(uniformMap(), region: .all, order: order)
  }

  static func square(_ degrees: Double, at center: Direction<ICRS>) -> [ConvexRegion<ICRS>] {
    let half = Angle.degrees(degrees / 2).radians
    let east = SIMD3(-sin(center.ra.radians), cos(center.ra.radians), 0)
    let north = cross(center.unit, east)
    let corners = [(-1.0, -1.0), (1, -1), (1, 1), (-1, 1)].map { sign in
      Direction<ICRS>(normalizing: center.unit + (east * sign.0 + north * sign.1) * tan(half))
    }
    return [ConvexRegion(corners: corners)!]
  }

  /// 64 parts of an order-6 grain are 0.11 degrees wide: the border of a 4-degree field is good to a few
  /// per cent, and on average the error vanishes.
  @Test func coverProbabilityIsTheAreaOnAUniformMap() {
    let grain = Self.grain()
    var random = SeededGenerator(seed: 3)
    var sum = 0.0
    let tries = 200
    for _ in 0..<tries {
      let center = Direction<ICRS>(
        ra: .degrees(.random(in: 0..<360, using: &random)),
        dec: .degrees(.random(in: -89...89, using: &random)))
      let regions = Self.square(4, at: center)
      let ratio = grain.probability(of: grain.cover(regions)) / (regions[0].area.steradians / (4 * .pi))
      #expect(abs(ratio - 1) < 0.03, "at \(center.ra.degrees), \(center.dec.degrees)")
      sum += ratio
    }
    #expect(abs(sum / Double(tries) - 1) < 0.002)
  }

  @Test func smallCapsAreNotLost() {
    let grain = Self.grain()
    let cap = ConvexRegion<ICRS>(
      center: Direction(ra: .degrees(10.1), dec: .degrees(20.2)), radius: .degrees(0.3))
    let ratio = grain.probability(of: grain.cover([cap])) / (cap.area.steradians / (4 * .pi))
    #expect(abs(ratio - 1) < 0.3)
  }

  /// The tree leaves out no grain that a look at every one of them finds, and takes none for whole that is not.
  @Test func treesFindWhatALookAtEveryGrainFinds() {
    let sky = SkyGrain(
      Self.uniformMap(), region: Coverage(cells: (0..<400).map { Cell(order: 3, index: 2 * $0 % 768) }),
      order: 5)
    var random = SeededGenerator(seed: 12)
    for k in 0..<60 {
      let center = Direction<ICRS>(
        ra: .degrees(.random(in: 0..<360, using: &random)),
        dec: .degrees(.random(in: -90...90, using: &random)))
      let size = Double.random(in: 0.2...12, using: &random)
      let region =
        k % 3 == 0
        ? ConvexRegion(center: center, radius: .degrees(size / 2)).polygonOfEqualArea
        : Self.square(size, at: center)[0]
      let sides = FieldSides(region, toMap: sky.toMap)
      let expected = sky.corners.map { $0.mask(sides) }
      let cover = sky.cover([region])
      #expect(Array(cover.grains) == cover.grains.sorted())
      var found = [UInt64](repeating: 0, count: sky.count)
      for (grain, mask) in zip(cover.grains, cover.masks) { found[Int(grain)] = mask }
      #expect(found == expected, "field \(k)")
    }
  }

  @Test func grainsHoldTheWholeMap() {
    #expect(abs(Self.grain().probability - 1) < 1e-12)
    let cell = Cell(order: 3, index: 100)
    let part = SkyGrain(Self.uniformMap(), region: Coverage(cells: [cell]), order: 5)
    #expect(part.count == 16)
    #expect(abs(part.probability - 1.0 / 768) < 1e-15)
  }

  // MARK: greedy

  struct Instance {
    var sky: SkyGrain
    var resources: [Resource]
    var candidates: [[Candidate]]
  }

  /// Few overlapping fields, few slots, two telescopes.
  static func smallInstance(seed: UInt64) -> Instance {
    var random = SeededGenerator(seed: seed)
    let sky = grain(order: 5)
    let resources = (0..<2).map { _ in
      Resource(
        darkWindows: [TimeWindow(start, start.advanced(bySeconds: 320))], visit: .seconds(100),
        readout: .seconds(5), slewRate: .degreesPerSecond(20), settle: .zero, usualSlew: .degrees(5))
    }
    let candidates = resources.map { _ in
      (0..<5).map { _ in
        let center = Direction<ICRS>(
          ra: .degrees(.random(in: 100..<115, using: &random)),
          dec: .degrees(.random(in: 0..<15, using: &random)))
        let from = Double.random(in: 0..<220, using: &random)
        let window = TimeWindow(
          start.advanced(bySeconds: from),
          start.advanced(bySeconds: from + .random(in: 0..<220, using: &random)))
        let size = Double.random(in: 4..<9, using: &random)
        return Candidate(center: center, startWindows: [window], cover: sky.cover(square(size, at: center)))
      }
    }
    return Instance(sky: sky, resources: resources, candidates: candidates)
  }

  /// The best union over all subsets that fit, by enumeration.
  static func bruteForce(_ instance: Instance) -> Double {
    let options = zip(instance.resources, instance.candidates).map { resource, list in
      list.map { NetworkSelection.slots(in: $0.startWindows, starts: resource.slotStarts) }
    }
    var best = 0.0
    for first in 0..<(1 << 5) {
      for second in 0..<(1 << 5) {
        var covered = instance.sky.uncovered
        var sum = 0.0
        var fits = true
        for (k, subset) in [first, second].enumerated() {
          let chosen = (0..<5).filter { subset >> $0 & 1 == 1 }
          fits =
            fits
            && SlotMatchingTests.canSeat(
              chosen.map { options[k][$0] }, slots: instance.resources[k].slotStarts.count)
          guard fits else { break }
          for i in chosen {
            sum += covered.gain(instance.candidates[k][i].cover, weights: instance.sky.partWeight)
            covered.insert(instance.candidates[k][i].cover)
          }
        }
        if fits { best = max(best, sum) }
      }
    }
    return best
  }

  @Test(arguments: 0..<20)
  func greedyIsNearTheOptimum(_ seed: Int) {
    let instance = Self.smallInstance(seed: UInt64(seed))
    var selection = NetworkSelection(sky: instance.sky, resources: instance.resources)
    var covered = instance.sky.uncovered
    selection.choose(
      instance.candidates.enumerated().map { ($0, $1) }, besides: &covered, smallestGain: 1e-12)
    let choices = instance.resources.indices.map { selection.choice(of: $0) }
    let gained = choices.flatMap(\.gains.values).reduce(0, +)
    let best = Self.bruteForce(instance)
    // Fisher, Nemhauser & Wolsey 1978: at least half for a matroid; never more than the optimum.
    #expect(gained <= best + 1e-12)
    #expect(gained >= best / 2)
    for (k, choice) in choices.enumerated() {
      for (slot, id) in choice.occupant.enumerated() where id >= 0 {
        let window = instance.candidates[k][Int(id)].startWindows[0]
        #expect(window.start <= choice.slotStarts[slot] && choice.slotStarts[slot] <= window.end)
      }
    }
  }

  @Test func equalTelescopesDoNotRepeatEachOther() {
    let sky = Self.grain()
    let resource = Resource(
      darkWindows: [TimeWindow(Self.start, Self.start.advanced(bySeconds: 105))], visit: .seconds(100),
      readout: .seconds(5), slewRate: .degreesPerSecond(20), settle: .zero, usualSlew: .degrees(5))
    let tiles = [0.0, 10].map { ra in
      let center = Direction<ICRS>(ra: .degrees(ra), dec: .zero)
      return Candidate(
        center: center, startWindows: resource.darkWindows, cover: sky.cover(Self.square(4, at: center)))
    }
    var selection = NetworkSelection(sky: sky, resources: [resource, resource])
    var covered = sky.uncovered
    selection.choose([(0, tiles), (1, tiles)], besides: &covered, smallestGain: 1e-9)
    #expect(Set((0..<2).flatMap { selection.choice(of: $0).occupant }) == [0, 1])
  }

  @Test func nothingWorthwhileIsNotObserved() {
    let sky = Self.grain()
    let resource = Resource(
      darkWindows: [TimeWindow(Self.start, Self.start.advanced(bySeconds: 1000))], visit: .seconds(100),
      readout: .seconds(5), slewRate: .degreesPerSecond(20), settle: .zero, usualSlew: .degrees(5))
    let center = Direction<ICRS>(ra: .zero, dec: .zero)
    let tile = Candidate(
      center: center, startWindows: resource.darkWindows, cover: sky.cover(Self.square(1, at: center)))
    var selection = NetworkSelection(sky: sky, resources: [resource])
    var covered = sky.uncovered
    selection.choose([(0, [tile])], besides: &covered, smallestGain: 0.5)
    #expect(selection.chosen(of: 0).isEmpty)
  }

  /// A second round, with nothing counted as covered, fills free slots without moving anyone out.
  @Test func laterRoundsKeepWhatIsChosen() {
    let sky = Self.grain()
    let resource = Resource(
      darkWindows: [TimeWindow(Self.start, Self.start.advanced(bySeconds: 215))], visit: .seconds(100),
      readout: .seconds(5), slewRate: .degreesPerSecond(20), settle: .zero, usualSlew: .degrees(5))
    let tiles = [0.0, 10].map { ra in
      Candidate(
        center: Direction(ra: .degrees(ra), dec: .zero), startWindows: resource.darkWindows,
        cover: sky.cover(Self.square(4, at: Direction(ra: .degrees(ra), dec: .zero))))
    }
    var selection = NetworkSelection(sky: sky, resources: [resource])
    var covered = sky.uncovered
    selection.choose([(0, [tiles[0]])], besides: &covered, smallestGain: 1e-9)
    #expect(selection.freeSlots(of: 0) == 1)
    var second = sky.uncovered
    for candidate in selection.chosen(of: 0) { second.insert(candidate.cover) }
    selection.choose([(0, tiles)], besides: &second, smallestGain: 1e-9)
    #expect(selection.chosen(of: 0).map(\.center.ra.degrees).sorted() == [0, 10])
  }
}
