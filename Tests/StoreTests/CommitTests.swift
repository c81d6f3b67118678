import Deliveries
import Foundation
import Testing
import TestSupport
import Units

@testable import Store

@Suite struct CommitTests {
  @Test func everythingIsStoredTogether() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try await takeStep(0, in: store)
    try await takeStep(1, in: store)
    let plans = try await store.plans(of: "S1")
    #expect(plans.map(\.state) == [.superseded, .live])
    #expect(plans[0].reason == "S1-r2 took its place")
    #expect(try await store.decisions(on: "S1").map(\.revision) == [1, 2])
    #expect(try await store.notices(of: "S1").map(\.number) == [1, 2])
    #expect(try await store.events(of: [NoticeID(1), NoticeID(9)]) == [NoticeID(1): "S1"])
    #expect(try await store.events(of: []).isEmpty)
    let states = try await store.assignments(of: "S1-r1").map(\.state)
    #expect(states == [.withdrawn, .withdrawn])
    #expect(try await store.deliveries([.superseded], limit: 9).map(\.key.text) == ["icare/S1/0"])
    let counts = try await store.counts()
    #expect(counts.deliveries == [.ready: 3, .superseded: 1])
    #expect(counts.openByChannel == ["slack": 2, "icare": 1])
    #expect(counts.notices == [.handled: 2])
    #expect(try await store.faults().isEmpty)
  }

  @Test func anAssignmentComesBackAsItWas() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try await takeStep(0, in: store)
    let stored = try await store.queue(of: "tca", after: start)
    let drafts = plan("S1-r1").assignments
    #expect(stored.map(\.assignment.window) == drafts.map(\.window))
    #expect(stored.map(\.assignment.exposure) == drafts.map(\.exposure))
    for (a, b) in zip(stored, drafts) {
      // Two roundings of degrees to radians and back: under a millionth of an arcsecond.
      #expect(a.assignment.direction.separation(from: b.direction).degrees < 1e-9)
    }
  }

  @Test func aRevisionThatMovedOnStoresNothing() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try await takeStep(0, in: store)
    try await store.record(notice("late"))
    let taken = try await store.nextUnhandled(limit: 1, at: start)
    var outcome = Outcome()
    outcome.handled = taken.map(\.notice.id)
    outcome.events = [event(from: 0)]
    outcome.plans = [plan("stale")]
    outcome.deliveries = [delivery("stale")]
    outcome.log = [LogDraft(actor: "engine", kind: "step", fields: [:])]
    let before = try await store.counts()
    await #expect(throws: StoreError.revisionConflict(event: "S1", expected: 0, found: 1)) {
      try await store.commit(outcome, at: start)
    }
    let after = try await store.counts()
    #expect(after.logSequence == before.logSequence && after.deliveries == before.deliveries)
    #expect(after.notices == before.notices)
    #expect(try await store.plans(of: "S1").map(\.id) == ["S1-r1"])
  }

  /// Of many who work on the same revision one wins, whatever the order.
  @Test func racersDoNotBothWin() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    var wins = 0
    for round in 0..<40 {
      let won = await withTaskGroup(of: Bool.self) { group in
        for racer in 0..<4 {
          group.addTask {
            var outcome = Outcome()
            outcome.events = [event(from: Int64(round))]
            outcome.plans = [plan("p\(round)-\(racer)")]
            return (try? await store.commit(outcome, at: start)) != nil  // losing is the point
          }
        }
        return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      wins += won
    }
    #expect(wins == 40)
    #expect(try await store.event("S1").revision == 40)
    #expect(try await store.counts().livePlans == 1)
  }

  @Test func aNoticeIsHandledOnce() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try await store.record(notice("a"))
    var outcome = Outcome()
    outcome.handled = [NoticeID(1)]
    outcome.events = [event(from: 0)]
    try await store.commit(outcome, at: start)
    outcome.events = [event(from: 1)]
    await #expect(throws: StoreError.noticeState(NoticeID(1), .handled)) {
      try await store.commit(outcome, at: start)
    }
    outcome.handled = [NoticeID(5)]
    await #expect(throws: StoreError.unknownNotice(NoticeID(5))) {
      try await store.commit(outcome, at: start)
    }
    #expect(try await store.event("S1").revision == 1)
  }

  @Test func aRetractionWithdrawsWhatHasNotBegun() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try await takeStep(0, in: store)
    let first = try #require(try await store.assignments(of: "S1-r1").first)
    try await store.record(answer("a", .pointing(first.id), .started), at: start)
    var outcome = Outcome()
    outcome.events = [event(from: 1)]
    outcome.withdrawnPlans = [("S1", "retracted")]
    outcome.withdrawnDeliveries = [
      (DeliveryKey("icare/S1/0"), "retracted"), (DeliveryKey("slack/S1/0"), "retracted"),
    ]
    outcome.deliveries = [delivery("slack/S1/stop", urgency: 10)]
    let receipt = try await store.commit(outcome, at: start)
    #expect(receipt.superseded == ["S1-r1"])
    #expect(receipt.underWay.isEmpty)
    #expect(try await store.assignments(of: "S1-r1").map(\.state) == [.started, .withdrawn])
    #expect(try await store.queue(of: "tca", after: start).map(\.assignment.position) == [0])
    #expect(try await store.deliveries([.ready], limit: 9).map(\.key.text) == ["slack/S1/stop"])
    #expect(try await store.plans(of: "S1", state: .withdrawn).map(\.reason) == ["retracted"])
    let second = try await store.assignments(of: "S1-r1")[1]
    await #expect(throws: StoreError.self) {
      try await store.record(answer("b", .pointing(second.id), .started), at: start)
    }
  }

  @Test func badValuesAreNamedAndStoreNothing() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    func refuse(_ change: (inout Outcome) -> Void) async -> StoreError? {
      var outcome = Outcome()
      outcome.events = [event(from: 0)]
      change(&outcome)
      do {
        try await store.commit(outcome, at: start)
        return nil
      } catch { return error }
    }
    let isInvalid: (StoreError?) -> Bool = { if case .invalid = $0 { true } else { false } }
    #expect(
      isInvalid(
        await refuse {
          $0.events = [EventChange(id: "S1", expectedRevision: 0, state: "{", isMock: false)]
        }))
    #expect(
      isInvalid(
        await refuse {
          $0.plans = [PlanDraft(id: "", event: "S1", requestDigest: "", document: [], assignments: [])]
        }))
    #expect(await refuse { $0.plans = [plan("p", event: "S9")] } == .unknownEvent("S9"))
    #expect(
      await refuse { $0.deliveries = [delivery("a", needs: ["b"])] }
        == .delivery(.unknownNeed(DeliveryKey("a"), need: DeliveryKey("b"))))
    #expect(
      isInvalid(await refuse { $0.deliveries = [delivery(String(repeating: "k", count: 401))] }))
    #expect(isInvalid(await refuse { $0.log = [LogDraft(actor: "", kind: "k", fields: [:])] }))
    #expect(await refuse { $0.firedTimers = ["none"] } == .unknownTimer("none"))
    #expect(await refuse { $0.epoch = 3 } == .fenced(current: 0, given: 3))
    await #expect(throws: StoreError.unknownEvent("S1")) { try await store.event("S1") }
    #expect(try await store.counts().logSequence == 0)
  }

  @Test func theSameKeyWithOtherContentUndoesTheCommit() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try await takeStep(0, in: store)
    var outcome = Outcome()
    outcome.events = [event(from: 1)]
    outcome.deliveries = [delivery("new"), delivery("slack/S1/0", payload: "other")]
    await #expect(throws: StoreError.self) { try await store.commit(outcome, at: start) }
    #expect(try await store.event("S1").revision == 1)
    // The same content is a repetition.
    outcome.deliveries = [delivery("new"), delivery("slack/S1/0")]
    try await store.commit(outcome, at: start)
    #expect(try await store.counts().deliveries[.ready] == 3)
  }

  @Test func plansOfTwoScopesLiveSideBySide() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    var outcome = Outcome()
    outcome.events = [event(from: 0)]
    let spare = PlanDraft(
      id: "spare", event: "S1", scope: "spectra", requestDigest: SHA256.hexDigest(of: "x"), document: [],
      encoding: .gzippedJSON, assignments: [])
    outcome.plans = [plan("a"), spare]
    try await store.commit(outcome, at: start)
    #expect(try await store.plans(of: "S1", state: .live).map(\.id) == ["a", "spare"])
    outcome.events = [event(from: 1)]
    outcome.plans = [plan("b")]
    #expect(try await store.commit(outcome, at: start).superseded == ["a"])
    #expect(try await store.plan("spare").plan.encoding == .gzippedJSON)
    await #expect(throws: StoreError.unknownPlan("z")) { try await store.plan("z") }
  }

  @Test func timersFireOnce() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    var outcome = Outcome()
    outcome.events = [event(from: 0)]
    outcome.timers = [24, 48, 72].map {
      TimerDraft(id: "S1/stop/\($0)", event: "S1", kind: "proposeStop", due: start + .hours(Double($0)))
    }
    try await store.commit(outcome, at: start)
    #expect(try await store.nextTimer() == start + .hours(24))
    #expect(try await store.dueTimers(at: start + .hours(23), limit: 9).isEmpty)
    var fired = Outcome()
    fired.firedTimers = try await store.dueTimers(at: start + .hours(50), limit: 9).map(\.id)
    fired.cancelledTimers = ["S1/stop/72", "S1/stop/72"]
    #expect(fired.firedTimers == ["S1/stop/24", "S1/stop/48"])
    try await store.commit(fired, at: start + .hours(50))
    #expect(try await store.nextTimer() == nil)
    let again = fired
    await #expect(throws: StoreError.unknownTimer("S1/stop/24")) {
      try await store.commit(again, at: start + .hours(50))
    }
  }

  @Test func eventsThatTurnOutToBeOnePointThere() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    var outcome = Outcome()
    outcome.events = [event("S1", from: 0), event("G1", from: 0)]
    try await store.commit(outcome, at: start)
    outcome.events = [
      EventChange(id: "G1", expectedRevision: 1, state: "{}", isMock: false, mergedInto: "S1")
    ]
    try await store.commit(outcome, at: start + .seconds(1))
    #expect(try await store.events(limit: 5).map(\.mergedInto) == ["S1", nil])
  }

  /// Many change in one instant; a page begins where the one before ended.
  @Test func pagesOfEventsMissNoneAndRepeatNone() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    for second in 0..<4 {
      var outcome = Outcome()
      outcome.events = (0..<5).map { event("S\(second)\($0)", from: 0) }
      try await store.commit(outcome, at: start + .seconds(Double(second)))
    }
    let whole = try await store.events(limit: 100).map(\.id)
    #expect(whole.count == 20 && whole.first == "S30" && whole.last == "S04")
    for size in [1, 3, 5, 7, 20] {
      var pages: [String] = []
      var last: StoredEvent?
      repeat {
        let page = try await store.events(limit: size, after: last)
        pages += page.map(\.id)
        last = page.last
      } while last != nil
      #expect(pages == whole, "pages of \(size)")
    }
  }

  @Test func deliveriesAreFilteredByAllThatIsAsked() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    var outcome = Outcome()
    outcome.events = [event(from: 0)]
    outcome.deliveries = [
      delivery("a/1", channel: "a"), delivery("b/1", channel: "b"), delivery("b/2", channel: "b"),
    ]
    try await store.commit(outcome, at: start)
    func keys(_ event: String?, _ channel: String?, _ kinds: Set<String>?) async throws -> [String] {
      try await store.deliveries([.ready, .done], event: event, channel: channel, kinds: kinds, limit: 9)
        .map(\.key.text)
    }
    #expect(try await keys(nil, nil, nil) == ["a/1", "b/1", "b/2"])
    #expect(try await keys("S1", "b", ["post", "edit"]) == ["b/1", "b/2"])
    #expect(try await keys("S1", "b", ["edit"]).isEmpty)
    #expect(try await keys("S2", "b", nil).isEmpty)
    #expect(try await store.deliveries([.done], channel: "b", limit: 9).isEmpty)
  }
}
