import Testing
import Units

@testable import Queues

let start = Instant(tai: 800_000_000_000_000_000)

private func entry(_ number: Int64, _ subject: QueueEntry.Subject, _ state: QueueState, key: String? = nil)
  -> QueueEntry
{
  QueueEntry(
    number: number, key: key ?? "k\(number)", subject: subject, state: state, actor: "operator", way: .api,
    at: start + .seconds(number))
}

@Suite struct QueueRecordTests {
  /// The table as the issue states it; every pair that is not named changes nothing or is refused.
  @Test func theTableIsWhole() {
    #expect(Set(QueueState.transitions.keys) == Set(QueueState.allCases))
    var changes = 0
    for from in QueueState.allCases {
      for to in QueueState.allCases {
        let verdict = from.verdict(on: to)
        if from == to { #expect(verdict == .repeats) }
        if verdict == .changes {
          changes += 1
          #expect(QueueState.transitions[from]?.contains(to) == true)
        }
        // Light that was collected is never lost, whatever came before.
        if !from.isObserved, to == .observed { #expect(verdict == .changes, "\(from)") }
        // What was observed is never taken back.
        if from.isObserved, [.withdrawn, .refused, .expired].contains(to) { #expect(verdict == .impossible) }
      }
    }
    #expect(changes == QueueState.transitions.values.reduce(0) { $0 + $1.count })
    #expect(QueueState.started.verdict(on: .withdrawn) == .impossible)
    #expect(QueueState.observed.verdict(on: .accepted) == .repeats)
    #expect(QueueState.withdrawn.verdict(on: .accepted) == .impossible)
  }

  @Test func aRecordIsFoldedInItsOrderWhateverTheOrderOfReading() {
    let places = (1...3).map { QueueRecord.Place(id: $0, plan: "p", telescope: "tca") }
    let share = QueueEntry.Subject.share(plan: "p", telescope: "tca")
    let record = [
      entry(1, share, .sent), entry(2, share, .accepted), entry(3, .pointing(1), .started),
      entry(4, .pointing(2), .refused), entry(5, share, .withdrawn), entry(6, .pointing(1), .observed),
      entry(7, .share(plan: "p", telescope: "tch"), .refused),
    ]
    let expected: [Int64: QueueState] = [1: .observed, 2: .refused, 3: .withdrawn]
    var random = SystemRandomNumberGenerator()
    for _ in 0..<50 {
      let shuffled = (record + record).shuffled(using: &random)
      #expect(QueueRecord.standings(of: places, under: shuffled).mapValues(\.state) == expected)
    }
  }

  /// Any sequence of answers, and the same with every answer repeated at once, fold to the same.
  @Test func repeatingAnswersChangesNothing() {
    let seed = UInt64.random(in: .min ... .max)
    var random = SplitMix(state: seed)
    for _ in 0..<200 {
      let places = (1...4).map { QueueRecord.Place(id: $0, plan: "p", telescope: "t") }
      var record = [entry(1, .share(plan: "p", telescope: "t"), .sent)]
      for n in 2...20 {
        let subject: QueueEntry.Subject =
          Bool.random(using: &random)
          ? .share(plan: "p", telescope: "t") : .pointing(Int64.random(in: 1...5, using: &random))
        record.append(entry(Int64(n), subject, QueueState.allCases.randomElement(using: &random)!))
      }
      let once = QueueRecord.standings(of: places, under: record)
      let twice = record.flatMap { [$0, entry($0.number + 1000, $0.subject, $0.state, key: $0.key)] }
      #expect(QueueRecord.standings(of: places, under: twice) == once, "seed \(seed)")
    }
  }

  @Test func anUnsentPointingHasNoStanding() {
    let place = QueueRecord.Place(id: 1, plan: "p", telescope: "t")
    #expect(QueueRecord.standings(of: [place], under: [entry(1, .pointing(1), .accepted)]).isEmpty)
  }
}

struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

private func pointing(
  _ id: Int64, minutes: Double, ra: Double = 10, dec: Double = 0, event: String = "S1", tile: String = "T1",
  state: QueueState = .sent
) -> QueuedPointing {
  let begin = start + .minutes(minutes)
  return QueuedPointing(
    id: id, event: event, plan: "p-\(event)", telescope: "tca",
    window: TimeWindow(begin, begin + .minutes(2)),
    direction: Direction(ra: .degrees(ra), dec: .degrees(dec)), filter: "r", exposure: .seconds(60),
    tile: tile,
    standing: Standing(state: state, reason: nil, since: start))
}

@Suite struct TelescopeQueueTests {
  @Test func thereIsWorkOrThereIsNone() {
    let list = [pointing(2, minutes: 60), pointing(1, minutes: 9, event: "S2")]
    let queue = TelescopeQueue(list, at: start)
    #expect(queue.pointings.map(\.id) == [1, 2])
    #expect(queue.status == .go)
    // Its time is hours away: files in folders do not change by the clock.
    #expect(TelescopeQueue([list[0]], at: start - .hours(5)).status == .go)
    #expect(TelescopeQueue([pointing(1, minutes: 0, state: .refused)], at: start).status == .wait)
    #expect(TelescopeQueue([], stopped: "S1", at: start).status == .stop)
    #expect(TelescopeQueue(list, stopped: "S1", at: start).status == .go)
    #expect(TelescopeQueue(list, at: start + .hours(3)).status == .wait)
    // The end of a pointing is no part of it.
    #expect(TelescopeQueue([list[1]], at: start + .minutes(11)).status == .wait)
  }
}

@Suite struct ObservationMatchTests {
  private let now = start + .hours(2)
  private func report(_ minutes: Double, ra: Double? = nil, tile: String? = nil, event: String? = nil)
    -> ObservationReport
  {
    ObservationReport(
      start: start + .minutes(minutes), exposure: .seconds(60),
      direction: ra.map { Direction(ra: .degrees($0), dec: .degrees(0)) }, event: event, tile: tile)
  }
  private func match(_ report: ObservationReport, _ list: [QueuedPointing]) throws(ReportError) -> Int64? {
    try ObservationMatch.pointing(of: report, among: list, shortSide: .degrees(2), now: now)?.id
  }

  @Test func theNearestTileWithinAQuarterOfTheFieldCounts() throws {
    let list = [pointing(1, minutes: 0, ra: 10), pointing(2, minutes: 10, ra: 11, tile: "T2")]
    #expect(try match(report(0, ra: 10.3), list) == 1)
    #expect(try match(report(0, ra: 10.7), list) == 2)
    #expect(try match(report(0, ra: 10.51, event: "S1"), list) == 2)
    // Between the tiles of a gap nothing matches.
    #expect(try match(report(0, ra: 9.4, event: "S1"), list) == nil)
    #expect(throws: ReportError.noPlace) { try match(report(0, ra: 9.4), list) }
    #expect(throws: ReportError.noPlace) { try match(report(0), list) }
  }

  @Test func aNamedTileIsHeldAgainstPlaceAndTime() throws {
    let list = [pointing(1, minutes: 0)]
    #expect(try match(report(0, tile: "T1"), list) == 1)
    #expect(try match(report(0, tile: "1"), list) == 1)
    #expect(throws: ReportError.unknownTile("../etc")) { try match(report(0, tile: "../etc"), list) }
    #expect(throws: ReportError.self) { try match(report(0, ra: 10.6, tile: "T1"), list) }
    #expect(throws: ReportError.self) { try match(report(-6 * 60 - 1, tile: "T1"), list) }
    #expect(throws: ReportError.self) { try match(report(125, tile: "T1"), list) }
    // It began a while ago and would end after now.
    var early = report(115, tile: "T1")
    early.exposure = .minutes(10)
    #expect(throws: ReportError.future(start: early.start, now: now)) { try match(early, list) }
    var bad = report(0, tile: "T1")
    for seconds in [0.0, -1, 1e9, .nan] {
      bad.exposure = seconds.isNaN ? .zero : .seconds(seconds)
      #expect(throws: ReportError.self) { try match(bad, list) }
    }
    for limit in [0.0, 35, -3] {
      var dim = report(0, tile: "T1")
      dim.limit = Magnitude(limit)
      #expect(throws: ReportError.self) { try match(dim, list) }
    }
  }

  @Test func theOpenOneOfTwoPlansIsMeant() throws {
    let list = [pointing(1, minutes: 0, state: .withdrawn), pointing(2, minutes: 30)]
    #expect(try match(report(1, ra: 10), list) == 2)
    // Nor is what was taken back meant where it was observed in another plan.
    let done = [pointing(1, minutes: 0, state: .withdrawn), pointing(2, minutes: 30, state: .observed)]
    #expect(try match(report(1, ra: 10), done) == 2)
    #expect(try match(report(1, tile: "T1"), list) == 2)
  }
}
