import Foundation
import Testing
import TestSupport
import Units

@testable import Store

@Suite struct InboxTests {
  @Test func aNoticeIsStoredOnceByPlaceAndByContent() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let first = try await store.record(notice("a", offset: 7))
    #expect(first == .new(NoticeID(1)))
    #expect(try await store.record(notice("a", offset: 7)) == .repeated(NoticeID(1), .new))
    #expect(try await store.record(notice("a", offset: 9)) == .repeated(NoticeID(1), .new))
    #expect(try await store.record(notice("a", topic: "spool")) == .repeated(NoticeID(1), .new))
    let kept = try await store.notice(NoticeID(1))
    #expect(kept.bytes == Array("a".utf8))
    #expect(kept.notice.digest == SHA256.hexDigest(of: "a"))
    #expect(kept.positions.map(\.offset) == [7, 9])
    #expect(try await store.feedOffsets() == [FeedPosition(topic: "igwn.gwalert", partition: 0, offset: 10)])
    // An older place does not move the offset of record back.
    try await store.record(notice("b", offset: 3))
    #expect(try await store.feedOffsets().map(\.offset) == [10])
  }

  @Test func aTopicMadeAnewLosesNothing() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try await store.record(notice("old", offset: 0))
    #expect(try await store.record(notice("new", offset: 0)) == .new(NoticeID(2)))
    #expect(try await store.log(after: 0, limit: 10).map(\.kind) == ["feed.positionReused"])
  }

  @Test func emptyLargeAndBinaryNoticesSurvive() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    var random = SeededGenerator(seed: 1)
    let large = (0..<3_000_000).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    for bytes in [[], [0], [0xff, 0, 0xfe], large] {
      let id = try await store.record(RawNotice(bytes: bytes, topic: "t", receivedAt: start)).id
      #expect(try await store.notice(id).bytes == bytes)
    }
  }

  @Test func theUrgentOvertakes() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    for i in 0..<50 { try await store.record(notice("grb \(i)")) }
    try await store.record(notice("gw", urgency: 10))
    let next = try await store.nextUnhandled(limit: 3, at: start)
    #expect(next.map { String(decoding: $0.bytes, as: UTF8.self) } == ["gw", "grb 0", "grb 1"])
    // What is in hand is not handed out again.
    #expect(try await store.nextUnhandled(limit: 1, at: start).map(\.notice.id.number) == [3])
  }

  @Test func aPoisonIsTriedThreeTimesAndHoldsUpNobody() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try await store.record(notice("poison", urgency: 5))
    try await store.record(notice("good"))
    var now = start
    var tries = 0
    var goodAfter: Int?
    for _ in 0..<20 {
      let taken = try await store.nextUnhandled(limit: 1, at: now)
      if let notice = taken.first {
        if notice.bytes == Array("poison".utf8) {
          tries += 1
          try await store.fail(notice.notice.id, reason: "cannot be read", at: now)
        } else {
          goodAfter = goodAfter ?? tries
          var outcome = Outcome()
          outcome.handled = [notice.notice.id]
          try await store.commit(outcome, at: now)
        }
      }
      now = now + .seconds(0.5)
    }
    #expect(tries == 3)
    #expect(goodAfter == 1)
    let aside = try await store.notices(.quarantined, limit: 10)
    #expect(aside.map(\.reason) == ["cannot be read"])
    #expect(try await store.notice(aside[0].id).bytes == Array("poison".utf8))
    try await store.replay(aside[0].id, actor: "shift leader", at: now)
    #expect(try await store.nextUnhandled(limit: 1, at: now).map(\.notice.attempts) == [1])
    #expect(try await store.log(after: 0, limit: 9).map(\.kind) == ["notice.quarantined", "notice.replayed"])
    await #expect(throws: StoreError.noticeState(aside[0].id, .new)) {
      try await store.replay(aside[0].id, actor: "shift leader", at: now)
    }
  }

  /// A notice that ends the process each time it is looked at.
  @Test func aDeadlyNoticeTakesNoOtherWithIt() async throws {
    let scratch = try Scratch()
    for i in 0..<6 { try await scratch.store().record(notice(i == 2 ? "deadly" : "good \(i)")) }
    var handled: Set<String> = []
    var deaths = 0
    for _ in 0..<24 {
      let store = try scratch.store()  // the process starts anew
      life: while true {
        let batch = try await store.nextUnhandled(limit: 4, at: start + .hours(Double(deaths)))
        if batch.isEmpty { break }
        for notice in batch {
          let text = String(decoding: notice.bytes, as: UTF8.self)
          if text == "deadly" {
            deaths += 1
            break life
          }
          #expect(handled.insert(text).inserted)
          var outcome = Outcome()
          outcome.handled = [notice.notice.id]
          try await store.commit(outcome, at: start)
        }
      }
      try store.close()
    }
    #expect(handled.count == 5)
    #expect(deaths == 8)
    let aside = try await scratch.store().notices(.quarantined, limit: 10)
    #expect(aside.count == 1)
    #expect(aside.first?.reason?.contains("the process ended") == true)
  }

  @Test func aTryThatDidNotHappenDoesNotCount() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try await store.record(notice("a"))
    for _ in 0..<10 {
      let taken = try await store.nextUnhandled(limit: 1, at: start)
      #expect(taken.count == 1)
      try await store.giveBack(taken[0].notice.id, at: start)
    }
  }

  @Test func aWaiterIsWokenByARecord() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let generation = store.inboxGeneration
    async let woken: Void = store.waitForNotices(beyond: generation)
    try await store.record(notice("a"))
    await woken
    await store.waitForNotices(beyond: generation)  // what is past is not waited for
  }

  @Test func anOffsetIsMovedOnlyAloud() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try await store.record(notice("a", offset: 100))
    let place = FeedPosition(topic: "igwn.gwalert", partition: 0, offset: 40)
    try await store.moveFeedOffset(to: place, reason: "out of range", actor: "feed", at: start)
    #expect(try await store.feedOffsets() == [place])
    let entry = try #require(try await store.log(after: 0, limit: 1).first)
    #expect(entry.kind == "feed.offsetMoved")
    #expect(
      entry.body
        == #"{"from":"101","partition":"0","reason":"out of range","to":"40","topic":"igwn.gwalert"}"#)
  }
}
