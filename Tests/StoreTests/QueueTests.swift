import Deliveries
import Foundation
import GRDB
import Queues
import Testing
import Units

@testable import Store

@Suite struct QueueTests {
  /// One event with a plan for two telescopes.
  private static func opened() async throws -> (Scratch, Store) {
    let scratch = try Scratch()
    let store = try scratch.store()
    var outcome = Outcome()
    outcome.events = [event(from: 0)]
    outcome.plans = [plan("S1-r1", telescopes: ["tca", "tre"])]
    try await store.commit(outcome, at: start)
    return (scratch, store)
  }

  private static func supersede(
    _ store: Store, with id: String, from revision: Int64, at now: Instant = start
  ) async throws {
    var outcome = Outcome()
    outcome.events = [event(from: revision)]
    let next = plan(id, telescopes: ["tca", "tre"])
    outcome.plans = [
      PlanDraft(
        id: id, event: next.event, requestDigest: next.requestDigest, document: next.document,
        assignments: next.assignments, asOf: start)
    ]
    try await store.commit(outcome, at: now)
  }

  /// The states in the table are the fold of the record.
  private static func check(_ store: Store, _ place: SourceLocation = #_sourceLocation) async throws {
    for id in try await store.plans(of: "S1").map(\.id) {
      for telescope in ["tca", "tre"] {
        let own = try await store.assignments(of: id).filter { $0.assignment.telescope == telescope }
        let places = own.map { QueueRecord.Place(id: $0.id, plan: id, telescope: telescope) }
        let folded = QueueRecord.standings(
          of: places, under: try await store.answers(on: id, telescope: telescope))
        for item in own { #expect(folded[item.id]?.state == item.state, sourceLocation: place) }
      }
    }
  }

  @Test func aThousandRepeatsChangeNothing() async throws {
    let (scratch, store) = try await Self.opened()
    defer { withExtendedLifetime(scratch) {} }
    let first = try await store.assignments(of: "S1-r1")[0]
    let accept = answer("a1", .pointing(first.id), .accepted)
    #expect(try await store.record(accept, at: start).changed == [first.id])
    let (log, record) = (
      try await store.lastLogSequence(), try await store.answers(on: "S1-r1", telescope: "tca")
    )
    for i in 0..<1000 {
      let receipt = try await store.record(accept, at: start + .seconds(i))
      #expect(!receipt.isNew && receipt.changed.isEmpty)
    }
    // Another key, the same word, and a word that is behind it.
    #expect(try await !store.record(answer("a2", .pointing(first.id), .accepted), at: start).isNew)
    #expect(try await !store.record(answer("a3", .pointing(first.id), .seen), at: start).isNew)
    #expect(try await store.lastLogSequence() == log)
    #expect(try await store.answers(on: "S1-r1", telescope: "tca") == record)
    // The key for another answer is an error, not a repetition.
    await #expect(throws: StoreError.answerConflict(key: "a1")) {
      try await store.record(answer("a1", .pointing(first.id), .refused), at: start)
    }
    try await Self.check(store)
  }

  @Test func nobodyAnswersForAnotherTelescope() async throws {
    let (scratch, store) = try await Self.opened()
    defer { withExtendedLifetime(scratch) {} }
    let first = try await store.assignments(of: "S1-r1")[0]
    #expect(first.assignment.telescope == "tca")
    for subject in [AnswerDraft.Subject.pointing(first.id), .pointing(9999), .plan("nothing")] {
      await #expect(throws: StoreError.self) {
        try await store.record(answer("x", subject, .accepted, by: "tre2"), at: start)
      }
    }
    #expect(try await store.assignment(first.id).state == .sent)
  }

  @Test func aRefusedPlanKeepsTheTelescopeOutAndAsksForAStep() async throws {
    let (scratch, store) = try await Self.opened()
    defer { withExtendedLifetime(scratch) {} }
    let until = start + .hours(24)
    let refusal = answer("r", .plan("S1-r1"), .refused, reason: "clouds", until: until)
    #expect(try await store.record(refusal, at: start).changed.count == 2)
    let outage = try #require(try await store.outages(for: "S1", after: start).first)
    #expect(outage.outage.kind == .refusal && outage.outage.window == TimeWindow(start, until))
    #expect(try await store.outages(for: "S2", after: start).isEmpty)
    #expect(try await store.dueTimers(at: start, limit: 9).map(\.event) == ["S1"])
    #expect(try await store.queue(of: "tca", after: start).isEmpty)
    #expect(try await store.queue(of: "tre", after: start).count == 2)
    try await Self.check(store)
    #expect(try await store.refusedPointings(for: "S1").isEmpty)
    // It is over when the team says so, and the record keeps both.
    let back = OutageDraft(
      key: "back", telescope: "tca", event: "S1", kind: .refusal, window: TimeWindow(start, start),
      reason: "clear again", actor: "operator", way: .api)
    try await store.record(back, replacing: outage.number, at: start + .hours(1))
    #expect(try await store.outages(for: "S1", after: start).isEmpty)
    #expect(try await store.outages(of: "tca", limit: 9).map(\.isReplaced) == [false, true])
    await #expect(throws: StoreError.self) {
      let again = OutageDraft(
        key: "again", telescope: "tca", event: "S1", kind: .refusal, window: TimeWindow(start, start),
        reason: "", actor: "operator", way: .api)
      try await store.record(again, replacing: outage.number, at: start)
    }
  }

  @Test func whatWasAcceptedStaysAcceptedInTheNextPlan() async throws {
    let (scratch, store) = try await Self.opened()
    defer { withExtendedLifetime(scratch) {} }
    let all = try await store.assignments(of: "S1-r1")
    try await store.record(answer("a", .pointing(all[0].id), .accepted), at: start)
    try await store.record(answer("b", .pointing(all[1].id), .started), at: start)
    try await Self.supersede(store, with: "S1-r2", from: 1, at: start + .minutes(1))
    let states = try await store.assignments(of: "S1-r1").map(\.state)
    #expect(states == [.withdrawn, .started, .withdrawn, .withdrawn])
    let next = try await store.assignments(of: "S1-r2").map(\.state)
    #expect(next == [.accepted, .sent, .sent, .sent])
    try await Self.supersede(store, with: "S1-r3", from: 2, at: start + .minutes(2))
    #expect(try await store.assignments(of: "S1-r3").map(\.state) == [.accepted, .sent, .sent, .sent])
    try await Self.check(store)
  }

  @Test func aRefusalOutlivesItsPlanAndAnOldPlanTakesNoPromise() async throws {
    let (scratch, store) = try await Self.opened()
    defer { withExtendedLifetime(scratch) {} }
    let all = try await store.assignments(of: "S1-r1")
    try await store.record(answer("a", .pointing(all[0].id), .refused, reason: "a tree"), at: start)
    try await Self.supersede(store, with: "S1-r2", from: 1, at: start + .minutes(1))
    #expect(try await store.refusedPointings(for: "S1").map(\.id) == [all[0].id])
    for (key, id) in [("b", all[0].id), ("c", all[1].id)] {
      await #expect(throws: StoreError.self) {
        try await store.record(answer(key, .pointing(id), .accepted), at: start)
      }
    }
    try await store.record(answer("d", .pointing(all[1].id), .observed), at: start)
    try await Self.check(store)
  }

  /// Nobody said that the shutter is open, but its time has come and the team has the plan.
  @Test func whatIsUnderWayIsNotTakenBackByANewPlan() async throws {
    let (scratch, store) = try await Self.opened()
    defer { withExtendedLifetime(scratch) {} }
    let all = try await store.assignments(of: "S1-r1")  // two of tca, two of tre: at 0 and 10 min, for 9 min
    try await store.record(answer("a", .pointing(all[0].id), .accepted), at: start)
    try await store.record(answer("b", .pointing(all[1].id), .seen), at: start)
    var outcome = Outcome()
    outcome.events = [event(from: 1)]
    outcome.plans = [plan("S1-r2", telescopes: ["tca", "tre"])]
    try await store.commit(outcome, at: start + .minutes(12))
    // tca's first is over and was never reported, its second runs; tre has fetched nothing.
    #expect(
      try await store.assignments(of: "S1-r1").map(\.state) == [.withdrawn, .started, .withdrawn, .withdrawn])
    let line = try #require(
      try await store.answers(on: "S1-r1", telescope: "tca").last { $0.state == .started })
    #expect(
      line.actor == "vesper" && line.way == .service && line.reason?.contains("its time had come") == true)
    try await Self.check(store)
    // Who is out at the time has nothing under way.
    try await store.record(answer("x", .plan("S1-r2"), .accepted), at: start)
    try await store.record(
      OutageDraft(
        key: "w", telescope: "tca", kind: .weather, window: TimeWindow(start, start + .hours(1)),
        reason: "wind", actor: "operator", way: .api), replacing: nil, at: start)
    let wind = try #require(try await store.outages(for: "S1", after: start).first)
    outcome = Outcome()
    outcome.events = [event(from: 2)]
    outcome.plans = [plan("S1-r2b", telescopes: ["tca", "tre"])]
    try await store.commit(outcome, at: start + .minutes(12))
    #expect(try await store.assignments(of: "S1-r2").allSatisfy { $0.state == .withdrawn })
    try await store.record(
      OutageDraft(
        key: "over", telescope: "tca", kind: .weather, window: TimeWindow(start, start), reason: "over",
        actor: "operator", way: .api), replacing: wind.number, at: start)
    // What begins between planning and storing is to come: the new plan has it.
    try await store.record(answer("c", .plan("S1-r2b"), .accepted), at: start)
    outcome = Outcome()
    outcome.events = [event(from: 3)]
    let next = plan("S1-r3", telescopes: ["tca", "tre"])
    outcome.plans = [
      PlanDraft(
        id: next.id, event: next.event, requestDigest: next.requestDigest, document: next.document,
        assignments: next.assignments, asOf: start + .minutes(10))
    ]
    try await store.commit(outcome, at: start + .minutes(12))
    #expect(try await store.assignments(of: "S1-r2b").allSatisfy { $0.state == .withdrawn })
    // The end of a campaign takes back all that was not said to have begun.
    try await store.record(answer("d", .plan("S1-r3"), .accepted), at: start)
    outcome = Outcome()
    outcome.events = [event(from: 4)]
    outcome.withdrawnPlans = [(event: "S1", reason: "retracted")]
    try await store.commit(outcome, at: start + .minutes(12))
    #expect(try await store.assignments(of: "S1-r3").allSatisfy { $0.state == .withdrawn })
    try await Self.check(store)
  }

  @Test func oneExposureIsCountedOnce() async throws {
    let (scratch, store) = try await Self.opened()
    defer { withExtendedLifetime(scratch) {} }
    let first = try await store.assignments(of: "S1-r1")[0]
    func seen(_ key: String, _ delay: Double, ra: Double = 10) -> AnswerDraft {
      answer(
        key, .pointing(first.id), .observed,
        observation: ObservationDraft(
          event: "S1", start: start + .seconds(delay), exposure: .seconds(60),
          direction: Direction(ra: .degrees(ra), dec: .degrees(-20)), limit: Magnitude(19.5)))
    }
    #expect(try await store.record(seen("o1", 0), at: start).isNew)
    #expect(try await !store.record(seen("o1", 0), at: start).isNew)
    // By another way, with a start that was rounded differently.
    #expect(try await !store.record(seen("o2", 0.4), at: start).isNew)
    // A second look at the tile is another exposure, and the state stays.
    #expect(try await store.record(seen("o3", 600), at: start).isNew)
    #expect(try await store.record(seen("o4", 0, ra: 9.9), at: start).isNew)
    let list = try await store.observations(for: "S1")
    #expect(list.count == 3)
    #expect(list.first?.observation.limit == Magnitude(19.5))
    // A camera may see in two filters at once; each way of telling has its own names for them.
    for (key, filter, way, isNew) in [
      ("g", "g", .api, true), ("r", "r", .api, true), ("g2", "g", .api, false),
      ("sdssg", "sdssg", .icare, false),
      ("none", nil, .api, false),
    ] as [(String, String?, QueueEntry.Way, Bool)] {
      let said = AnswerDraft(
        key: key, telescope: first.assignment.telescope, subject: .pointing(first.id), state: .observed,
        observation: ObservationDraft(
          event: "S1", start: start, exposure: .seconds(60),
          direction: Direction(ra: .degrees(30), dec: .degrees(-20)), filter: filter),
        actor: "tca", way: way)
      #expect(try await store.record(said, at: start).isNew == isNew, "\(key)")
    }
    #expect(try await store.assignment(first.id).state == .observed)
    try await Self.supersede(store, with: "S1-r2", from: 1)
    #expect(try await store.assignment(first.id).state == .observed)
    try await Self.check(store)
  }

  @Test func whatNobodyToldOfExpires() async throws {
    let (scratch, store) = try await Self.opened()
    defer { withExtendedLifetime(scratch) {} }
    let all = try await store.assignments(of: "S1-r1")
    try await store.record(answer("a", .pointing(all[0].id), .observed), at: start)
    var outcome = Outcome()
    outcome.events = [event(from: 1)]
    outcome.expiredPlans = ["S1-r1"]
    try await store.commit(outcome, at: start + .hours(3))
    #expect(
      try await store.assignments(of: "S1-r1").map(\.state) == [.observed, .expired, .expired, .expired])
    try await Self.check(store)
    // A late report still counts.
    try await store.record(answer("b", .pointing(all[1].id), .observed), at: start + .hours(9))
    #expect(try await store.assignment(all[1].id).state == .observed)
    try await Self.check(store)
  }

  /// A store of the version before, with pointings in each of its states.
  @Test func olderRecordsBecomeTheBeginning() async throws {
    let scratch = try Scratch()
    let early = try Store(
      path: scratch.path, options: StoreOptions(), migrations: Array(Migration.all.prefix(5)))
    let states = ["planned", "accepted", "started", "observed", "failed", "superseded", "withdrawn"]
    try await early.pool.write { db in
      try db.execute(sql: "INSERT INTO event VALUES ('S1', 1, '{}', 0, NULL, 0, 0)")
      try db.execute(
        sql: "INSERT INTO plan VALUES ('S1-r1', 'S1', 1, 'network', ?, 'live', NULL, 'json', 5, 5)",
        arguments: [String(repeating: "a", count: 64)])
      for (i, state) in states.enumerated() {
        try db.execute(
          sql: "INSERT INTO planAssignment VALUES ('S1-r1', 'tca', ?, 10, 20, 1, 2, 'r', 60, 'T', ?, 7)",
          arguments: [i, state])
      }
    }
    try early.close()
    let store = try scratch.store()
    #expect(
      try await store.assignments(of: "S1-r1").map(\.state) == [
        .sent, .accepted, .started, .observed, .refused, .withdrawn, .withdrawn,
      ])
    try await Self.check(store)
    #expect(try await store.faults().isEmpty)
  }

  @Test func revokedLinksAreKnown() async throws {
    let (scratch, store) = try await Self.opened()
    defer { withExtendedLifetime(scratch) {} }
    #expect(try await !store.isRevoked(link: "n1"))
    try await store.revokeLink("n1", actor: "lead", at: start)
    try await store.revokeLink("n1", actor: "lead", at: start)
    #expect(try await store.isRevoked(link: "n1"))
  }
}
