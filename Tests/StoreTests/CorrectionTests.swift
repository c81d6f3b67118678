import Deliveries
import Foundation
import GRDB
import Queues
import Testing
import Units

@testable import Store

/// What is told of an exposure later, and better.
@Suite struct CorrectionTests {
  private static func opened() async throws -> (Scratch, Store, [StoredAssignment]) {
    let scratch = try Scratch()
    let store = try scratch.store()
    var outcome = Outcome()
    outcome.events = [event(from: 0), event("S2", from: 0)]
    outcome.plans = [plan("S1-r1", telescopes: ["tca", "tre"])]
    try await store.commit(outcome, at: start)
    return (
      scratch, store, try await store.assignments(of: "S1-r1").filter { $0.assignment.telescope == "tca" }
    )
  }

  private struct Said {
    var key = UUID().uuidString
    var subject: AnswerDraft.Subject
    var delay = 0.0
    var exposure = 60.0
    var place: (Double, Double)? = (10, -20)
    var filter: String?
    var limit: Double?
    var rotation = 0.0
    var corrects: Int64?
    var way = QueueEntry.Way.api
    var event = "S1"
    var telescope = "tca"

    var draft: AnswerDraft {
      let at = place ?? (10, -20)
      return AnswerDraft(
        key: key, telescope: telescope, subject: subject, state: .observed,
        observation: ObservationDraft(
          event: event, start: start + .seconds(delay), exposure: .seconds(exposure),
          direction: Direction(ra: .degrees(at.0), dec: .degrees(at.1)), rotation: .degrees(rotation),
          filter: filter, limit: limit.map { Magnitude($0) }, isPlaced: place != nil),
        corrects: corrects, actor: "robot", way: way)
    }
  }

  /// Says one after the other, each a thousand times or so: what counts of the first time counts no more.
  private static func say(_ store: Store, _ list: [Said]) async throws -> [AnswerReceipt] {
    var receipts: [AnswerReceipt] = []
    for one in list { receipts.append(try await store.record(one.draft, at: start)) }
    let log = try await store.lastLogSequence()
    for _ in 0..<20 {
      for one in list {
        let again = try await store.record(one.draft, at: start + .hours(1))
        #expect(!again.isNew && again.changed.isEmpty && again.replaced == nil)
      }
    }
    #expect(try await store.lastLogSequence() == log, "repeats are not in the log")
    return receipts
  }

  @Test func aLimitToldLaterIsKept() async throws {
    let (scratch, store, all) = try await Self.opened()
    defer { withExtendedLifetime(scratch) {} }
    let said = Said(subject: .pointing(all[0].id))
    var (limit, better, filter) = (said, said, said)
    (limit.key, limit.limit) = ("2", 19.5)
    // By another way, which rounds and has a name of its own for the filter.
    (filter.key, filter.filter, filter.way, filter.exposure, filter.delay) = ("3", "sdssr", .link, 60.4, 0.4)
    (better.key, better.limit) = ("4", 19.2)
    let receipts = try await Self.say(store, [said, limit, filter, better])
    #expect(receipts.map(\.isNew) == [true, true, true, true])
    #expect(receipts.map(\.replaced) == [nil] + receipts.dropLast().map(\.observation))
    #expect(receipts[0].changed == [all[0].id] && receipts.dropFirst().allSatisfy { $0.changed.isEmpty })
    let list = try await store.observations(for: "S1")
    let one = try #require(list.first)
    #expect(list.count == 1 && one.assignment == all[0].id && one.number == receipts[3].observation)
    #expect(one.observation.limit == Magnitude(19.2) && one.observation.filter == "sdssr")
    #expect(one.observation.exposure == .seconds(60) && one.observation.start == start)
    // Nothing of what was told is gone, nor who told it and when.
    #expect(one.earlier.map(\.number) == receipts.dropLast().reversed().map(\.observation!))
    #expect(one.earlier.map(\.observation.limit) == [Magnitude(19.5), Magnitude(19.5), nil])
    let ways = try await store.read { db in
      try String.fetchAll(db, sql: "SELECT way || ' ' || actor FROM observation ORDER BY number")
    }
    #expect(ways == ["api robot", "api robot", "link robot", "api robot"])
    let lines = try await store.log(after: 0, limit: 100).filter { $0.kind == "assignment.corrected" }
    #expect(lines.count == 3 && lines[0].body.contains("limit 19.5, was not told"), "\(lines)")
    #expect(try await store.faults().isEmpty)
  }

  @Test func whatIsNamedCanBeCorrectedInAll() async throws {
    let (scratch, store, all) = try await Self.opened()
    defer { withExtendedLifetime(scratch) {} }
    // By its key: the exposure began later, lasted longer, and was of the next tile.
    let said = Said(key: "k", subject: .pointing(all[0].id), filter: "r", limit: 19)
    var moved = said
    (moved.delay, moved.exposure, moved.place, moved.filter) = (600, 120, (11, -20), "g")
    moved.subject = .pointing(all[1].id)
    let receipts = try await Self.say(store, [said, moved])
    #expect(receipts[1].changed == [all[1].id] && receipts[1].replaced == receipts[0].observation)
    var one = try #require(try await store.observations(for: "S1").first)
    #expect(one.assignment == all[1].id && one.observation.filter == "g")
    #expect(one.observation.start == start + .minutes(10) && one.observation.exposure == .seconds(120))
    #expect(
      Set(one.assignments) == [all[0].id, all[1].id], "the other is not called observed without an exposure")
    // By its number: back to what it was.
    var back = said
    (back.key, back.corrects) = ("b", one.number)
    _ = try await Self.say(store, [back])
    one = try #require(try await store.observations(for: "S1").first)
    #expect(try await store.observations(for: "S1").count == 1)
    #expect(one.observation.start == start && one.observation.filter == "r" && one.earlier.count == 2)
    // What was corrected is not corrected in another way again; another's and no exposure are not at all.
    var (stale, foreign, none, other) = (said, said, said, said)
    (stale.key, stale.corrects, stale.limit) = ("s", receipts[0].observation, 17)
    (foreign.key, foreign.corrects, foreign.telescope) = ("f", one.number, "tre")
    foreign.subject = .none
    (none.key, none.corrects) = ("n", 999)
    (other.key, other.corrects, other.event, other.subject) = ("o", one.number, "S2", .none)
    for bad in [stale, foreign, none, other] {
      await #expect(throws: StoreError.self, "\(bad)") { try await store.record(bad.draft, at: start) }
    }
    #expect(try await store.observations(for: "S1").map(\.number) == [one.number])
  }

  /// A robot names the tile, the images tell where it was: one exposure.
  @Test func thePlaceMayComeLater() async throws {
    let (scratch, store, all) = try await Self.opened()
    defer { withExtendedLifetime(scratch) {} }
    let said = Said(subject: .pointing(all[0].id), place: nil)
    var (measured, limit) = (said, said)
    (measured.key, measured.place) = ("m", (10.05, -20.02))
    (limit.key, limit.limit) = ("l", 18)
    _ = try await Self.say(store, [said, measured, limit])
    let one = try #require(try await store.observations(for: "S1").first)
    #expect(try await store.observations(for: "S1").count == 1)
    #expect(
      abs(one.observation.direction.ra.degrees - 10.05) < 1e-9 && one.observation.limit == Magnitude(18))
  }

  /// Two cameras at once: a later limit is that of the filter it names, and of none if it names none.
  @Test func oneOfTwoAtOnceIsNamed() async throws {
    let (scratch, store, all) = try await Self.opened()
    defer { withExtendedLifetime(scratch) {} }
    let said = Said(subject: .pointing(all[0].id), filter: "g")
    var (red, limit, vague) = (said, said, said)
    (red.key, red.filter) = ("r", "r")
    (limit.key, limit.filter, limit.limit) = ("l", "r", 18)
    (vague.key, vague.filter, vague.limit) = ("v", nil, 17)
    _ = try await Self.say(store, [said, red, limit])
    await #expect(throws: StoreError.self) { try await store.record(vague.draft, at: start) }
    let list = try await store.observations(for: "S1").map(\.observation)
    #expect(list.map(\.filter) == ["g", "r"] && list.map(\.limit) == [nil, Magnitude(18)])
    // Another way's name for a filter overrides nothing that is known.
    var foreign = limit
    (foreign.key, foreign.filter, foreign.way, foreign.limit) = ("x", "sdssg", .link, 21)
    await #expect(throws: StoreError.self) { try await store.record(foreign.draft, at: start) }
  }

  /// A place that is planned twice: the report of the first look, sent again, is not the second.
  @Test func aRepeatIsNoSecondLook() async throws {
    let (scratch, store, all) = try await Self.opened()
    defer { withExtendedLifetime(scratch) {} }
    let said = Said(key: "1", subject: .pointing(all[0].id))
    var again = said
    (again.key, again.subject) = ("2", .pointing(all[1].id))
    let receipts = try await Self.say(store, [said, again])
    #expect(!receipts[1].isNew && receipts[1].changed.isEmpty)
    #expect(try await store.assignment(all[1].id).state == .sent)
    // First of nothing that was asked for, then with its tile.
    var (loose, named) = (said, said)
    (loose.key, loose.subject, loose.delay) = ("3", .none, 700)
    (named.key, named.subject, named.delay) = ("4", .pointing(all[1].id), 700)
    _ = try await Self.say(store, [loose, named])
    #expect(try await store.assignment(all[1].id).state == .observed)
    #expect(try await store.observations(for: "S1").map(\.assignment) == [all[0].id, all[1].id])
  }

  @Test func anExposureUnderTheKeyOfItsAnswerIsKept() async throws {
    let (scratch, store, all) = try await Self.opened()
    defer { withExtendedLifetime(scratch) {} }
    try await store.record(answer("k", .pointing(all[0].id), .observed), at: start)
    let said = Said(key: "k", subject: .pointing(all[0].id), limit: 19)
    _ = try await Self.say(store, [said])
    #expect(try await store.observations(for: "S1").map(\.observation.limit) == [Magnitude(19)])
  }
}
