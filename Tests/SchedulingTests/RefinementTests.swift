import Foundation
import Healpix
import TestSupport
import Testing
import Units

@testable import Scheduling
@testable import Skymaps

@Suite struct RefinementTests {
  /// Steps of a tenth of a degree about any pointing; everything may be observed at any time.
  struct FreeLattice: PointingLattice {
    let side: Double
    let windows: [TimeWindow]
    func size(of resource: Int) -> (half: SIMD2<Double>, step: SIMD2<Double>)? {
      let half = tan(Angle.degrees(side / 2).radians)
      return (SIMD2(half, half), SIMD2(repeating: Angle.degrees(0.02).radians))
    }
    func neighbor(
      of center: Direction<ICRS>, resource: Int, east: Int, north: Int
    ) -> (number: Int, center: Direction<ICRS>)? {
      let dec = center.dec.degrees + 0.02 * Double(north)
      guard abs(dec) < 85 else { return nil }
      return (
        1,
        Direction(
          ra: .degrees(center.ra.degrees + 0.02 * Double(east) / cos(dec * .pi / 180)), dec: .degrees(dec))
      )
    }
    func startWindows(at center: Direction<ICRS>, resource: Int) -> [TimeWindow] { windows }
    func cover(at center: Direction<ICRS>, resource: Int, of sky: SkyGrain) -> SkyGrain.Cover {
      sky.cover(SelectionTests.square(side, at: center))
    }
  }

  static func chosen(_ seed: UInt64) -> (NetworkSelection, SelectionTests.Instance) {
    let (instance, _, _) = CoverageBoundTests.instance(seed: seed)
    var selection = NetworkSelection(sky: instance.sky, resources: instance.resources)
    var covered = instance.sky.uncovered
    selection.choose(instance.candidates.enumerated().map { ($0, $1) }, besides: &covered, smallestGain: 1e-9)
    return (selection, instance)
  }

  static func total(_ selection: NetworkSelection) -> Double {
    var covered = selection.sky.uncovered
    for k in selection.candidates.indices { for c in selection.chosen(of: k) { covered.insert(c.cover) } }
    return selection.sky.probability(of: covered)
  }

  static func expectFeasible(_ selection: NetworkSelection, _ instance: SelectionTests.Instance) {
    for k in instance.resources.indices {
      let choice = selection.choice(of: k)
      var count = 0
      for (slot, id) in choice.occupant.enumerated() where id >= 0 {
        count += 1
        let start = choice.slotStarts[slot]
        #expect(
          selection.candidates[k][Int(id)].startWindows.contains { $0.start <= start && start <= $0.end })
      }
      #expect(count <= instance.resources[k].mostVisits ?? .max)
    }
  }

  /// Never worse, never beyond the optimum, often better: exchanges undo what greed got wrong.
  @Test func exchangesOnlyImprove() {
    var better = 0
    for seed in 0..<60 {
      let (greedy, instance) = Self.chosen(UInt64(seed))
      var refined = greedy
      refined.exchange(smallestGain: 1e-9, effort: 1000)
      let (before, after) = (Self.total(greedy), Self.total(refined))
      #expect(after >= before - 1e-12, "seed \(seed)")
      #expect(after <= SelectionTests.bruteForce(instance) + 1e-12, "seed \(seed)")
      Self.expectFeasible(refined, instance)
      if after > before + 1e-9 { better += 1 }
    }
    #expect(better > 0)
  }

  @Test(arguments: [0, 1, 17, 400, 5000])
  func effortIsALimitAndMoreIsNoWorse(_ effort: Int) {
    for seed in 0..<10 {
      let (greedy, instance) = Self.chosen(UInt64(seed))
      let side = CoverageBoundTests.instance(seed: UInt64(seed)).fields[0][0]
      let lattice = FreeLattice(side: side, windows: instance.resources[0].darkWindows)
      var refined = greedy
      let report = refined.refine(lattice, smallestGain: 1e-9, effort: effort)
      #expect(report.steps <= effort + 3)
      #expect(Self.total(refined) >= Self.total(greedy) - 1e-12)
      #expect(zip(report.numbers, refined.candidates).allSatisfy { $0.count <= $1.count })
      Self.expectFeasible(refined, instance)
      var again = greedy
      _ = again.refine(lattice, smallestGain: 1e-9, effort: effort)
      for k in 0..<2 {
        #expect(again.choice(of: k).occupant == refined.choice(of: k).occupant)
        #expect(again.chosen(of: k).map(\.center) == refined.chosen(of: k).map(\.center))
      }
    }
  }

  /// One field beside the ridge walks onto it.
  @Test func shiftsClimb() {
    let map = CoverageBoundTests.ridge(seed: 3)
    let sky = SkyGrain(map, region: .all, order: 7)
    let window = TimeWindow(SelectionTests.start, SelectionTests.start.advanced(bySeconds: 105))
    let resource = Resource(
      darkWindows: [window], visit: .seconds(100), readout: .seconds(5), slewRate: .degreesPerSecond(20),
      settle: .zero, usualSlew: .degrees(5))
    let start = Direction<ICRS>(ra: .degrees(107), dec: .degrees(1))
    let tile = Candidate(
      center: start, startWindows: [window], cover: sky.cover(SelectionTests.square(4, at: start)))
    var selection = NetworkSelection(sky: sky, resources: [resource])
    var covered = sky.uncovered
    selection.choose([(0, [tile])], besides: &covered, smallestGain: 1e-9)
    let before = Self.total(selection)
    _ = selection.refine(FreeLattice(side: 4, windows: [window]), smallestGain: 1e-9, effort: 4000)
    let end = selection.chosen(of: 0)[0].center
    // The ridge passes through (107, 7).
    #expect(Self.total(selection) > before * 1.5)
    #expect(end.separation(from: start).degrees > 3)
  }

  @Test(arguments: 0..<20)
  func ledgerAgreesWithRecounting(_ seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    let sky = SelectionTests.grain(order: 5)
    let covers = (0..<12).map { _ in
      sky.cover(
        SelectionTests.square(
          .random(in: 2..<9, using: &random),
          at: Direction(
            ra: .degrees(.random(in: 0..<20, using: &random)),
            dec: .degrees(.random(in: -10..<10, using: &random)))))
    }
    var ledger = CoverLedger(sky)
    var present: Set<Int> = []
    for _ in 0..<60 {
      let i = Int.random(in: 0..<covers.count, using: &random)
      if present.remove(i) != nil {
        ledger.remove(covers[i], owner: Int32(i))
      } else {
        present.insert(i)
        ledger.insert(covers[i], owner: Int32(i))
      }
      var expected = sky.uncovered
      for j in present { expected.insert(covers[j]) }
      #expect(ledger.covered.masks == expected.masks)
      for j in present {
        var others = sky.uncovered
        for k in present where k != j { others.insert(covers[k]) }
        let own = ledger.own(covers[j], owner: Int32(j), weights: sky.partWeight)
        #expect(abs(own - others.gain(covers[j], weights: sky.partWeight)) < 1e-15)
      }
    }
  }

  /// Looking at a point tells the same as clipping a field: at its parts' centres, away from its edges.
  @Test func lookupAgreesWithCovers() {
    let sky = SelectionTests.grain(order: 6)
    let lookup = SkyLookup(sky)
    let center = Direction<ICRS>(ra: .degrees(77), dec: .degrees(-31))
    var covered = sky.uncovered
    covered.insert(sky.cover(SelectionTests.square(6, at: center)))
    var random = SeededGenerator(seed: 8)
    for _ in 0..<2000 {
      let d = Direction<ICRS>(
        ra: .degrees(77 + .random(in: -6..<6, using: &random)),
        dec: .degrees(-31 + .random(in: -5..<5, using: &random)))
      let inner = SelectionTests.square(5.7, at: center)[0].contains(d)
      let outer = SelectionTests.square(6.3, at: center)[0].contains(d)
      let open = lookup.openDensity(at: lookup.toMap(d.unit), covered)
      if inner { #expect(open == 0) }
      if !outer { #expect(abs(open - 1 / (4 * .pi)) < 1e-12) }
    }
  }
}

@Suite struct SlotReplacementTests {
  typealias Options = SlotMatching.Options

  static func matching(_ random: inout SeededGenerator, slots: Int) -> (SlotMatching, [Int32: Options]) {
    let limit = Bool.random(using: &random) ? nil : Int.random(in: 1...slots, using: &random)
    var matching = SlotMatching(slots: slots, limit: limit)
    var seated: [Int32: Options] = [:]
    for id in 0..<Int32(8) {
      let options = SlotMatchingTests.randomOptions(slots: slots, using: &random)
      if matching.insert(id, options: options) { seated[id] = options }
    }
    return (matching, seated)
  }

  /// `circuit` names exactly those without whom the newcomer could be seated; `replace` does it, or changes nothing.
  @Test(arguments: 0..<200)
  func circuitsAndReplacementsAgreeWithBruteForce(_ seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    let slots = Int.random(in: 1...6, using: &random)
    let (matching, seated) = Self.matching(&random, slots: slots)
    let wanted = SlotMatchingTests.randomOptions(slots: slots, using: &random)
    let everyone = Array(seated.values)
    let fitsAnyway = matching.room > 0 && SlotMatchingTests.canSeat(everyone + [wanted], slots: slots)
    var trial = matching
    let circuit = Set(trial.circuit(of: wanted))
    for (id, options) in seated {
      let rest = seated.filter { $0.key != id }.map(\.value)
      let fits = SlotMatchingTests.canSeat(rest + [wanted], slots: slots)
      if !fitsAnyway { #expect(circuit.contains(id) == fits, "seed \(seed), \(id)") }
      var copy = matching
      let may = copy.canReplace(id, options: wanted)
      let did = copy.replace(id, by: 100, options: wanted)
      #expect(may == fits && did == fits, "seed \(seed), \(id)")
      if fits {
        #expect(copy.accepted == matching.accepted)
        for (slot, holder) in copy.occupant.enumerated() where holder >= 0 {
          let own = holder == 100 ? wanted : seated[holder]!
          #expect(holder != id && own.contains { $0.contains(Int32(slot)) })
        }
      } else {
        #expect(copy.occupant == matching.occupant)
      }
      copy = matching
      copy.remove(id)
      #expect(copy.accepted == matching.accepted - 1)
      let returned = copy.insert(id, options: options)
      #expect(returned)
    }
    if fitsAnyway { #expect(circuit.isEmpty) }
  }

  /// For every slot the least value among those a candidate of that one slot could replace.
  @Test(arguments: 0..<200)
  func weakestAgreesWithCircuits(_ seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    let slots = Int.random(in: 1...6, using: &random)
    let (matching, _) = Self.matching(&random, slots: slots)
    let values = ContiguousArray((0..<slots).map { _ in Double.random(in: 0...1, using: &random) })
    let weakest = matching.weakest(values)
    for slot in 0..<slots {
      var trial = matching
      let wanted: Options = [Int32(slot)..<Int32(slot + 1)]
      var copy = matching
      let circuit = trial.circuit(of: wanted)
      if copy.insert(100, options: wanted) {
        #expect(weakest[slot] == 0, "seed \(seed), slot \(slot)")
      } else if matching.room > 0 {
        let least = circuit.map { id in values[matching.occupant.firstIndex(of: id)!] }.min()!
        #expect(weakest[slot] == least, "seed \(seed), slot \(slot)")
      }
    }
  }
}
