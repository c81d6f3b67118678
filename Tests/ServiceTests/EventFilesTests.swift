import Campaigns
import Foundation
import Notices
import Store
import TestSupport
import Testing
import Units

@testable import Service

extension Engine {
  /// As after months in which much else happened.
  fileprivate func letGoOfEverything() { files = EventFiles() }
  fileprivate func hold(atMost count: Int) { files = EventFiles(mostHeld: count) }
  fileprivate var count: (found: Int, held: Int) { files.count }
}

@Suite struct EventFilesTests {
  /// However many events there were, no more than so many are held with their notices; the last always is.
  @Test func memoryDoesNotGrowWithTheYears() {
    var files = EventFiles()
    let count = 3 * files.mostHeld
    for i in 0..<count {
      files.remember([], of: "S\(i)")
      #expect(files.remembered(of: "S\(i)") != nil)
    }
    let held = (0..<count).count { files.remembered(of: "S\($0)") != nil }
    #expect(held <= files.mostHeld && held > 0)
    // What is known already takes nobody's place.
    files.remember([], of: "S\(count - 1)")
    #expect((0..<count).count { files.remembered(of: "S\($0)") != nil } == held)
  }

  private func notice(_ name: String, minute: Int) throws -> Notice {
    let text =
      "{\"alert_type\": \"RETRACTION\", \"superevent_id\": \"\(name)\", \"event\": null, "
      + "\"time_created\": \"2026-09-15T18:\(minute):00Z\", \"urls\": {}, \"external_coinc\": null}"
    return try NoticeParser.parse(
      bytes: Array(text.utf8), topic: "igwn.gwalert", receivedAt: Instant(iso8601: "2026-09-15T19:00:00Z")!)
  }

  /// Events are held whole as long as they are asked about, and found as long as not too many came after.
  @Test func eventsAreLetGoTheOldestFirst() throws {
    var files = EventFiles(mostHeld: 10, mostFound: 20)
    let start = Instant(iso8601: "2026-09-15T19:00:00Z")!
    var names: [String] = []
    for i in 0..<100 {
      let name = "S2609\(10 + i / 26)\(Character(UnicodeScalar(UInt8(97 + i % 26))))"
      names.append(name)
      let event = try #require(EventBook().with(try notice(name, minute: 10)))
      let memo = EventMemo(record: EventRecord(event), campaign: Campaign(), kind: "gravitational_wave")
      files.adopt(name, memo, revision: 1, changed: start + .minutes(Double(i)))
      #expect(files.held(name) != nil)
      #expect(files.candidates(for: try notice(name, minute: 20)) == [name])
      #expect(files.count.held <= 10 && files.count.found <= 40)
    }
    let found = try names.map { !files.candidates(for: try notice($0, minute: 20)).isEmpty }
    #expect(found.count { $0 } >= 20 && found.count { $0 } <= 40)
    #expect(found.firstIndex(of: true) == found.lastIndex(of: false).map { $0 + 1 }, "the newest stay")
    // What is not found here is looked for in the store by its name.
    #expect(files.unknown(to: try notice(names[0], minute: 20)).contains(names[0]))
  }

  /// An event that nothing holds any more is the same event when its retraction comes.
  @Test(arguments: [true, false])
  func whatWasLetGoIsReadBack(_ lets: Bool) async throws {
    let bench = try await Bench(at: "2026-09-15T17:50:00Z")
    try await bench.bring([UInt8](try Data(contentsOf: fixture("notices/MS260915a-initial.json"))))
    try await bench.settle()
    #expect(try await bench.store.plans(of: "MS260915a", state: .live).count == 1)
    let before = try await bench.memo("MS260915a").record.revisions.count
    if lets { await bench.engine.letGoOfEverything() }
    let retraction =
      "{\"alert_type\": \"RETRACTION\", \"superevent_id\": \"MS260915a\", \"event\": null, "
      + "\"time_created\": \"2026-09-15T18:30:00Z\", \"urls\": {}, \"external_coinc\": null}"
    try await bench.bring(Array(retraction.utf8))
    try await bench.settle()
    #expect(try await bench.store.events(limit: 5).map(\.id) == ["MS260915a"])
    #expect(try await bench.store.plans(of: "MS260915a", state: .live).isEmpty)
    #expect(try await bench.log("campaign.stopped") == 1)
    // With what was known of it before.
    #expect(try await bench.memo("MS260915a").record.revisions.count == before + 1)
    #expect(try await bench.store.counts().notices[.quarantined] ?? 0 == 0)
    #expect(await bench.engine.count.found == 1)
  }

  /// A plan is owed to an event that is not held: it is made all the same, and its timers work.
  @Test func whatIsOwedIsNotForgotten() async throws {
    let bench = try await Bench(at: "2026-09-15T17:50:00Z")
    await bench.engine.hold(atMost: 1)
    try await bench.bring([UInt8](try Data(contentsOf: fixture("notices/MS260915a-initial.json"))))
    try await bench.settle(plans: false)
    try await bench.bring([UInt8](try Data(contentsOf: fixture("notices/gbm-flight.xml"))))
    try await bench.settle(plans: false)
    #expect(await bench.engine.count.held == 1)
    try await bench.settle()
    #expect(try await bench.store.plans(of: "MS260915a", state: .live).count == 1)
    let answer = PersonalAnswer(
      .override, outcome: .stop, role: "shift leader", reason: "for a test", by: "x", at: bench.time.now)
    await bench.engine.letGoOfEverything()
    var step = StepOutcome()
    step.timers = [try answer.timer(for: "MS260915a")]
    try await bench.store.commit(step, at: bench.time.now)
    try await bench.settle()
    #expect(try await bench.store.plans(of: "MS260915a", state: .live).isEmpty)
  }
}

extension EventBook {
  fileprivate func with(_ notice: Notice) -> Event? {
    var book = self
    return book.insert(notice)
  }
}
