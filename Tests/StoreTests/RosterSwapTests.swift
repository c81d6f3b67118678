import Testing
import Units

@testable import Store

/// A request for a shift has one answer, and what the answer does is done with it or not at all.
@Suite struct RosterSwapTests {
  private static let swap = SwapRequest(
    campaign: "spring", giver: "ana", shift: "2026-11-27/3", taker: "bo", inReturn: "2026-11-29/1")
  private static let now = Instant(iso8601: "2026-11-20T00:00:00Z")!
  private struct Refusal: Error {}

  @Test func theSameRequestIsOne() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let id = try await store.ask(Self.swap, by: "ana", at: Self.now)
    #expect(try await store.ask(Self.swap, by: "lead", at: Self.now) == id)
    let other = SwapRequest(
      campaign: "spring", giver: "ana", shift: "2026-11-27/3", taker: "cleo", inReturn: nil)
    await #expect(throws: StoreError.impossibleAnswer("it is asked already that \(Self.swap.text)")) {
      try await store.ask(other, by: "ana", at: Self.now)
    }
    // In another campaign it is another shift.
    let elsewhere = SwapRequest(
      campaign: "autumn", giver: "ana", shift: "2026-11-27/3", taker: "cleo", inReturn: nil)
    #expect(try await store.ask(elsewhere, by: "ana", at: Self.now) != id)
    #expect(try await store.swaps(of: "spring", limit: 10).map(\.id) == [id])
    let log = try await store.log(after: 0, limit: 100).filter { $0.kind == "roster.swap_asked" }
    #expect(log.count == 2 && log[0].body.contains("ana gives 2026-11-27/3 to bo for 2026-11-29/1"))
  }

  @Test func theSecondAnswerLearnsOfTheFirst() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let id = try await store.ask(Self.swap, by: "ana", at: Self.now)
    try await store.answer(swap: id, .declined, by: "bo", at: Self.now)
    await #expect(throws: StoreError.impossibleAnswer("\(Self.swap.text): declined by bo already")) {
      try await store.answer(swap: id, .accepted, by: "lead", at: Self.now)
    }
    await #expect(throws: StoreError.invalid("no swap request 77")) {
      try await store.answer(swap: 77, .accepted, by: "lead", at: Self.now)
    }
    // Asked again after a no, it is a new one.
    #expect(try await store.ask(Self.swap, by: "ana", at: Self.now) == id + 1)
    #expect(try await store.swaps(of: "spring", limit: 10).map(\.state) == [.open, .declined])
    let said = try await store.log(after: 0, limit: 100).last { $0.actor == "bo" }
    #expect(said?.kind == "roster.swap_declined")
  }

  /// Where the roster cannot be changed, nobody has accepted.
  @Test func whatCannotBeDoneIsNotAnswered() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let id = try await store.ask(Self.swap, by: "ana", at: Self.now)
    await #expect(throws: (any Error).self) {
      try await store.answer(swap: id, .accepted, by: "bo", at: Self.now) { _ in throw Refusal() }
    }
    let kept = try #require(try await store.swaps(of: "spring", limit: 1).first)
    #expect(kept.state == .open && kept.answeredBy == nil)
    #expect(try await store.log(after: 0, limit: 100).allSatisfy { $0.kind != "roster.swap_accepted" })
    try await store.answer(swap: id, .accepted, by: "bo", at: Self.now) { #expect($0 == Self.swap) }
    #expect(try await store.swaps(of: "spring", limit: 1).first?.answeredBy == "bo")
  }
}
