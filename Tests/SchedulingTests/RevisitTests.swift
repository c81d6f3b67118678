import TestSupport
import Testing
import Units

@testable import Scheduling

@Suite struct RevisitTests {
  private static let (visit, gap) = (60.0, 1800.0)

  /// Few enough tiles for three visits to each.
  private static func repeated(seed: UInt64) -> (
    Resource, [Candidate], NetworkSelection.Choice, NetworkSelection.Choice.Repeated
  ) {
    let (resource, candidates, choice) = TimetableTests.night(seed: seed, slew: 5, tiles: 25)
    return (
      resource, candidates, choice,
      choice.repeated(3, gap: .seconds(gap), of: candidates, visit: .seconds(visit))
    )
  }

  /// Slots are shared by none, lie in the windows, and visits of one tile are in order and apart.
  @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
  func visitsAreApart(_ seed: UInt64) {
    let (_, candidates, choice, all) = Self.repeated(seed: seed)
    let starts = choice.slotStarts
    var times: [Int: [(Int, Instant)]] = [:]
    for (slot, id) in all.choice.occupant.enumerated() where id >= 0 {
      let (tile, number) = all.origin[Int(id)]
      #expect(candidates[tile].startWindows.contains { $0.start <= starts[slot] && starts[slot] <= $0.end })
      #expect(
        all.candidates[Int(id)].startWindows.contains { $0.start <= starts[slot] && starts[slot] <= $0.end })
      times[tile, default: []].append((number, starts[slot]))
    }
    #expect(all.choice.occupant.count { $0 >= 0 } == all.candidates.count && all.candidates.count > 20)
    for visits in times.values {
      #expect(visits.map(\.0) == Array(1...visits.count))
      for (a, b) in zip(visits, visits.dropFirst()) {
        #expect(b.1.seconds(since: a.1) >= Self.visit + Self.gap)
      }
    }
    let chosen = choice.occupant.count { $0 >= 0 }
    #expect(all.incomplete == chosen - times.values.count { $0.count == 3 })
  }

  /// Wherever visits move inside their own windows, they stay apart.
  @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
  func windowsKeepVisitsApart(_ seed: UInt64) throws {
    let (resource, _, _, all) = Self.repeated(seed: seed)
    for (i, one) in all.origin.enumerated() {
      guard let next = all.origin.firstIndex(where: { $0 == (one.candidate, one.visit + 1) }) else {
        continue
      }
      let end = try #require(all.candidates[i].startWindows.last?.end)
      let start = try #require(all.candidates[next].startWindows.first?.start)
      #expect(start.seconds(since: end) >= Self.visit + Self.gap - 1e-6)
    }
    let timetable = Timetable(resource, candidates: all.candidates, choice: all.choice) { _, slot in
      Double(slot % 7)
    }
    var starts: [Int: [Int: Instant]] = [:]
    for visit in timetable.visits {
      let (tile, number) = all.origin[visit.candidate]
      starts[tile, default: [:]][number] = visit.start
    }
    for visits in starts.values {
      for (number, start) in visits {
        guard let next = visits[number + 1] else { continue }
        #expect(next.seconds(since: start) >= Self.visit + Self.gap - 1e-6)
      }
    }
  }

  /// The lazy list is that of the plain greedy algorithm.
  @Test(arguments: [1, 2, 3] as [UInt64])
  func theMostProbableAreThoseOfThePlainGreedy(_ seed: UInt64) {
    let sky = SelectionTests.grain(order: 5)
    var random = SeededGenerator(seed: seed)
    let covers = (0..<60).map { _ in
      let center = Direction<ICRS>(
        ra: .degrees(.random(in: 50..<70, using: &random)),
        dec: .degrees(.random(in: 10..<30, using: &random)))
      return sky.cover(SelectionTests.square(.random(in: 3...6, using: &random), at: center))
    }
    let selection = NetworkSelection(sky: sky, resources: [])
    let (enough, least) = (0.008, 2e-5)
    let list = selection.mostProbable(of: covers, besides: sky.uncovered, until: enough, smallestGain: least)
    var (seen, sum) = (sky.uncovered, 0.0)
    var expected: [Int] = []
    while sum < enough {
      let gains = covers.map { seen.gain($0, weights: sky.partWeight) }
      let best = gains.indices.max { (gains[$0], -$0) < (gains[$1], -$1) }!
      guard gains[best] >= least else { break }
      expected.append(best)
      sum += gains[best]
      seen.insert(covers[best])
    }
    #expect(list.map(\.index) == expected && expected.count > 5)
    #expect(abs(list.reduce(0) { $0 + $1.gain } - sum) < 1e-12)
  }
}
