import Foundation
import TestSupport
import Testing
import Units

@testable import Scheduling

@Suite struct TimetableTests {
  static let start = SelectionTests.start

  /// A night of scattered tiles with windows, on a slow or a fast mount.
  static func night(seed: UInt64, slew: Double, tiles: Int) -> (
    Resource, [Candidate], NetworkSelection.Choice
  ) {
    var random = SeededGenerator(seed: seed)
    let sky = SelectionTests.grain(order: 5)
    let resource = Resource(
      darkWindows: [
        TimeWindow(start, start.advanced(bySeconds: 6000)),
        TimeWindow(start.advanced(bySeconds: 9000), start.advanced(bySeconds: 15_000)),
      ], visit: .seconds(60), readout: .seconds(5), slewRate: .degreesPerSecond(slew), settle: .seconds(2),
      usualSlew: .degrees(3))
    let candidates = (0..<tiles).map { _ in
      let center = Direction<ICRS>(
        ra: .degrees(.random(in: 50..<120, using: &random)),
        dec: .degrees(.random(in: -40..<40, using: &random)))
      let from = Double.random(in: -3000..<12_000, using: &random)
      let window = TimeWindow(
        start.advanced(bySeconds: max(0, from)),
        start.advanced(bySeconds: max(0, from) + .random(in: 500..<9000, using: &random)))
      return Candidate(
        center: center, startWindows: [window], cover: sky.cover(SelectionTests.square(2, at: center)))
    }
    var selection = NetworkSelection(sky: sky, resources: [resource])
    var covered = sky.uncovered
    selection.choose([(0, candidates)], besides: &covered, smallestGain: 1e-12)
    return (resource, candidates, selection.choice(of: 0))
  }

  @Test(arguments: [1, 2, 3, 4], [0.5, 2, 20])
  func keepsEveryRule(_ seed: UInt64, _ slew: Double) {
    let (resource, candidates, choice) = Self.night(seed: seed, slew: slew, tiles: 300)
    let table = Timetable(resource, candidates: candidates, choice: choice) { _, slot in
      choice.slotStarts[slot].seconds(since: Self.start) / 3600
    }
    let chosen = choice.occupant.filter { $0 >= 0 }.map(Int.init)
    #expect((table.visits.map(\.candidate) + table.dropped).sorted() == chosen.sorted())
    #expect(!table.visits.isEmpty)
    for visit in table.visits {
      let window = candidates[visit.candidate].startWindows[0]
      #expect(window.start <= visit.start && visit.start <= window.end)
    }
    for (a, b) in zip(table.visits, table.visits.dropFirst()) {
      let angle = candidates[a.candidate].center.separation(from: candidates[b.candidate].center).degrees
      let needed = max(5, angle / slew + 2)
      #expect(b.start.seconds(since: a.start) - 60 >= needed - 1e-6)
    }
  }

  @Test func slowMountsMakeShortSlews() {
    let (resource, candidates, choice) = Self.night(seed: 9, slew: 1, tiles: 400)
    let table = Timetable(resource, candidates: candidates, choice: choice) { _, _ in 0 }
    var total = 0.0
    for (a, b) in zip(table.visits, table.visits.dropFirst()) {
      total += candidates[a.candidate].center.separation(from: candidates[b.candidate].center).degrees
    }
    // Random pairs in a box of 70 by 80 degrees lie about 40 degrees apart.
    #expect(total / Double(table.visits.count - 1) < 15)
  }

  @Test func cheaperTimesArePreferred() {
    let (resource, candidates, choice) = Self.night(seed: 2, slew: 20, tiles: 20)
    let early = Timetable(resource, candidates: candidates, choice: choice) { _, slot in Double(slot) }
    let late = Timetable(resource, candidates: candidates, choice: choice) { _, slot in -Double(slot) }
    func mean(_ t: Timetable) -> Double {
      t.visits.map { $0.start.seconds(since: Self.start) }.reduce(0, +) / Double(t.visits.count)
    }
    #expect(mean(early) < mean(late) - 1000)
  }
}
