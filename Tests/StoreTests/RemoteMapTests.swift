import Deliveries
import Foundation
import Testing
import Units

@testable import Store

@Suite struct RemoteMapTests {
  static let url = "https://example.org/maps/all.fit"
  static let start = Instant(tai: 0)

  private func keep(_ store: Store, _ content: RemoteMap.Content, at now: Instant) async throws {
    var outcome = Outcome()
    outcome.remoteMaps = [RemoteMap(url: Self.url, content)]
    try await store.commit(outcome, at: now)
  }

  /// What came is never replaced; what did not come may come later.
  @Test func whatCameStays() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    #expect(try await store.remoteMap(Self.url) == nil)
    try await keep(store, .unavailable("status 404"), at: Self.start)
    #expect(try await store.remoteMap(Self.url)?.map.content == .unavailable("status 404"))
    try await keep(store, .bytes([1, 2, 3]), at: Self.start + .seconds(1))
    try await keep(store, .unavailable("gone"), at: Self.start + .seconds(2))
    try await keep(store, .bytes([4]), at: Self.start + .seconds(3))
    let kept = try #require(try await store.remoteMap(Self.url))
    #expect(kept.map.content == .bytes([1, 2, 3]))
    #expect(kept.digest == SHA256.hexDigest(of: [1, 2, 3]))
    #expect(try await store.faults().isEmpty)
  }

  @Test func timersAreDueByKind() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    var outcome = Outcome()
    outcome.timers = [
      TimerDraft(id: "a", kind: "map", due: Self.start), TimerDraft(id: "b", kind: "step", due: Self.start),
      TimerDraft(id: "c", kind: "step", due: Self.start + .hours(1)),
    ]
    try await store.commit(outcome, at: Self.start)
    let now = Self.start + .minutes(1)
    #expect(try await store.dueTimers(at: now, limit: 9).map(\.id) == ["a", "b"])
    #expect(try await store.dueTimers(at: now, kinds: ["map"], limit: 9).map(\.id) == ["a"])
    #expect(try await store.dueTimers(at: now, kinds: ["step", "person"], limit: 9).map(\.id) == ["b"])
    #expect(try await store.nextTimer() == Self.start)
    #expect(try await store.nextTimer(otherThan: "step") == Self.start)
  }

  @Test func looseNoticesAreFoundByName() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    var ids: [NoticeID] = []
    for byte in [UInt8(1), 2] {
      ids.append(try await store.record(RawNotice(bytes: [byte], topic: "t", receivedAt: Self.start)).id)
    }
    var outcome = Outcome()
    outcome.looseNotices = [(ids[0], "real/name:A"), (ids[0], "real/name:B"), (ids[1], "real/name:A")]
    try await store.commit(outcome, at: Self.start)
    try await store.commit(outcome, at: Self.start)
    #expect(try await store.looseNotices(named: ["real/name:A", "real/name:B"]) == ids)
    #expect(try await store.looseNotices(named: ["real/name:B"]) == [ids[0]])
    #expect(try await store.looseNotices(named: []) == [])
  }

  /// Reading what was recorded changes nothing, and works while the store is open.
  @Test func recordedNoticesAreReadWithoutTouchingThem() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try await store.record(RawNotice(bytes: [7], topic: "t", receivedAt: Self.start))
    try await keep(store, .bytes([1]), at: Self.start)
    let feed = try RecordedFeed(readingFrom: scratch.path)
    #expect(try await feed.notices(after: nil, limit: 9).map(\.bytes) == [[7]])
    #expect(try await feed.maps().map(\.url) == [Self.url])
    #expect(try await feed.map(Self.url) == [1])
    try await store.record(RawNotice(bytes: [8], topic: "t", receivedAt: Self.start))
    #expect(try await feed.notices(after: nil, limit: 9).count == 2)
    #expect(throws: StoreError.self) { try RecordedFeed(readingFrom: scratch.path + "-none") }
  }
}
