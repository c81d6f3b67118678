import Dashboard
import Foundation
import Formats
import Store
import TestSupport
import Testing
import Units

@testable import Service

/// GO, WAIT or STOP: the same word on every page, in every list and in every file.
@Suite(.serialized) struct StatusWordTests {
  /// Every place that says it, with what it says.
  private static func words(_ slug: String, _ q: QueueBench) async throws -> [String: String] {
    let desk = StoreDesk(state: q.state)
    var said: [String: String] = [:]
    said["queue"] = try await q.desk.queue(of: slug, reader: nil).status
    said["page"] = try await desk.telescope(slug).status
    said["page's head"] = try await desk.telescope(slug).telescope.status
    said["list"] = try await desk.telescopes().first { $0.slug == slug }?.status
    for format in PlanFormat.allCases {
      let file = try await q.desk.currentFile(
        of: slug, name: "plan.\(format.rawValue)", wishes: FileWishes())
      said[format.rawValue] = stated(String(decoding: file.bytes, as: UTF8.self))
    }
    return said
  }

  /// All the words that a file states, however its format does.
  private static func stated(_ text: String) -> String {
    let plain = #/(?i:status)["']?\s*[=:]\s*["']?(GO|WAIT|STOP)\b/#
    let parameter = #/name="STATUS"[^>]*value="(GO|WAIT|STOP)"/#
    let words = text.matches(of: plain).map(\.1) + text.matches(of: parameter).map(\.1)
    return Set(words.map(String.init)).sorted().joined(separator: " and ")
  }

  @Test func allPlacesAgree() async throws {
    let q = try await QueueBench.mock()
    let busy = try #require(try await q.busy().last)
    var next = try #require(try await q.desk.queue(of: busy, reader: nil).pointings.first)
    let start = try #require(Instant(iso8601: next.startUTC))
    // Hours before, and while it is time: there is something to observe.
    for time in [q.now, start - .minutes(9), start + .seconds(1)] where time >= q.now {
      q.bench.time.advance(time - q.now)
      let said = try await Self.words(busy, q)
      #expect(Set(said.values) == ["GO"], "\(time.iso8601()): \(said)")
    }
    // Refused: nothing is left to do, whatever rows the plan has.
    next = try #require(try await q.desk.queue(of: busy, reader: nil).pointings.first)
    _ = try await q.desk.answer(
      AnswerForm(answer: "refused", plan: next.plan, reason: "clouds"), for: busy,
      by: QueueBench.operatorOf("t"))
    let refused = try await Self.words(busy, q)
    #expect(Set(refused.values) == ["WAIT"], "\(refused)")
  }

  /// What is sent within seconds as a rule and has not left for minutes is for somebody to look at.
  @Test func aChannelThatTakesNothingIsSaid() async throws {
    let q = try await QueueBench.mock()
    func outbox() async throws -> HealthView.Part {
      try #require(await StoreDesk(state: q.state).health().parts.first { $0.name == "outbox" })
    }
    #expect(try await outbox().state == .good)
    q.bench.time.advance(.seconds(150))
    let late = try await outbox()
    #expect(late.state == .warning)
    #expect(late.message.contains("files has not taken one for 150 s; hook has not taken one for 150 s"))
  }

  @Test func stopHasNoRowsAnywhere() async throws {
    let q = try await QueueBench.mock()
    let busy = try #require(try await q.busy().last)
    let rows = try await q.desk.currentFile(of: busy, name: "plan.csv", wishes: FileWishes())
    try await q.bench.bring(
      Array(
        (#"{"alert_type": "RETRACTION", "superevent_id": "MS260915a", "event": null, "#
          + #""time_created": "2026-09-15T18:30:00Z", "urls": {}, "external_coinc": null}"#).utf8))
    try await q.bench.settle()
    let said = try await Self.words(busy, q)
    #expect(Set(said.values) == ["STOP"], "\(said)")
    let stopped = try await q.desk.currentFile(of: busy, name: "plan.csv", wishes: FileWishes())
    func lines(_ file: FileView) -> Int {
      String(decoding: file.bytes, as: UTF8.self).split(whereSeparator: \.isNewline).filter {
        !$0.hasPrefix("#")
      }.count
    }
    #expect(lines(rows) > 1 && lines(stopped) == 1)
    // For another event there is nothing, and nothing was taken back.
    var wishes = FileWishes()
    wishes.event = "S1"
    let other = try await q.desk.currentFile(of: busy, name: "plan.txt", wishes: wishes)
    #expect(String(decoding: other.bytes, as: UTF8.self).contains("STATUS=WAIT"))
  }
}
