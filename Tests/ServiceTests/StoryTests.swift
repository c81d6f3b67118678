import Dashboard
import Foundation
import TestSupport
import Testing
import Units

@testable import Service

/// Pages that tell how it went.
@Suite(.serialized) struct StoryTests {
  @Test func anEventIsToldFromItsRecord() async throws {
    let q = try await QueueBench.mock()
    let desk = StoreDesk(state: q.state)
    let story = try await desk.story(of: q.event)
    let kinds = story.steps.map(\.kind)
    #expect(kinds.contains("notice.handled") && kinds.contains("plan.made"))
    let decided = try #require(story.steps.first { $0.kind == "decision.made" })
    #expect(decided.decision == "GO" && decided.sinceEventS ?? -1 > 0)
    let live = try #require(try await q.live())
    let made = try #require(story.steps.first { $0.kind == "plan.made" })
    #expect(made.plan?.id == live.id && made.plan?.state == "live")
    #expect(story.left == 0 && story.isMock)
    try await q.withSite { site in
      let page = try await site.send(.get, "/replay?event=\(q.event)")
      #expect(page.status == 200 && page.text.contains(live.id) && page.text.contains("T0 + "))
      #expect(try await site.send(.get, "/replay?event=none").status == 404)
      let drill = try await site.send(.get, "/drill")
      #expect(drill.status == 200 && drill.text.contains("holds no drills"))
    }
  }

  @Test func aDrillIsHeldApart() async throws {
    let bench = try await Bench(at: "2026-09-15T17:50:00Z")
    var configuration = ServiceConfiguration()
    configuration.telescopes = packageRoot.appending(path: "Tests/Benchmarks/network").path
    let room = DrillRoom(configuration, version: "0", store: bench.store)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await room.run() }
      try await room.begin(by: "night shift")
      await #expect(throws: DeskError.self) { try await room.begin(by: "another") }
      while room.view.state == .running { try await Task.sleep(for: .milliseconds(200)) }
      tasks.cancelAll()
    }
    #expect(room.view.state == .passed, "\(room.view.problem ?? "") \(room.view.steps)")
    #expect(room.view.steps.count > 8)
    // Nothing of it is in the service's own store but that it was held.
    #expect(try await bench.store.events(limit: 10).isEmpty)
    let kinds = try await bench.store.log(after: 0, limit: 10).map(\.kind)
    #expect(kinds.first == "drill.begun")
  }
}
