import Channels
import Dashboard
import Deliveries
import Ephemerides
import Foundation
import Logging
import Queues
import Store
import TestSupport
import Testing
import Units

@testable import Service

/// Who is reminded, and when, by a clock that tests move.
@Suite(.serialized) struct ReminderTests {
  private struct Rig {
    let q: QueueBench
    let settings: EngineSettings
    var reminders: Reminders {
      Reminders(
        store: q.bench.store, settings: settings, doors: q.state.doors, clock: q.bench.time.clock, epoch: nil,
        logger: Logger(label: "test"))
    }
    var silent: SilentTeams {
      SilentTeams(store: q.bench.store, telescopes: settings.telescopes, earth: settings.earth)
    }
    var desk: StoreReminderDesk { StoreReminderDesk(state: q.state) }

    /// - Parameter robots: whether the telescopes keep their automation.
    init(robots: Bool = false) async throws {
      q = try await QueueBench.mock()
      var settings = await q.bench.engine.settings
      if !robots { for i in settings.telescopes.indices { settings.telescopes[i].automation = nil } }
      settings.recipients = Recipients([
        .init(channel: "hook", kind: .webhook, acceptsMocks: true),
        .init(channel: "mail", kind: .mail(to: []), acceptsMocks: true),
      ])
      self.settings = settings
    }

    func sent() async throws -> [OutboxEntry] {
      try await q.bench.store.deliveries(Set([.ready]), event: q.event, limit: 1000).filter {
        $0.key.text.contains("/reminder/")
      }
    }
  }

  @Test func oneMessageInTheTwoHoursBeforeTheNight() async throws {
    let rig = try await Rig()
    let teams = Set(try await rig.silent.list(at: rig.q.now).map(\.telescope.slug))
    try #require(teams.count >= 2)
    // One of them answers at once.
    let answered = try #require(teams.sorted().first)
    let plan = try #require(try await rig.q.live())
    _ = try await rig.q.desk.answer(
      AnswerForm(answer: "accepted", plan: plan.id), for: answered, by: QueueBench.operatorOf("t"))
    var reminded: [String: [Instant]] = [:]
    for _ in 0..<(24 * 6) {
      let before = Set(try await rig.sent().map(\.key))
      let nights = try await rig.silent.list(at: rig.q.now)
      try await rig.reminders.turn()
      for entry in try await rig.sent() where !before.contains(entry.key) {
        let slug = entry.key.text.split(separator: "/").dropLast().last.map(String.init) ?? ""
        reminded[slug, default: []].append(rig.q.now)
        let night = try #require(nights.first { $0.telescope.slug == slug }?.night?.dark)
        // Never in its day before that, nor in its night.
        #expect(rig.q.now >= night.start - .hours(2) && rig.q.now < night.start, "\(slug)")
      }
      // The same minute again.
      #expect(try await rig.reminders.turn() == 0)
      rig.q.bench.time.advance(.minutes(10))
    }
    #expect(!reminded.isEmpty && reminded[answered] == nil)
    #expect(reminded.values.allSatisfy { $0.count == 1 }, "\(reminded)")
    #expect(try await rig.q.bench.log(Reminders.kind) == reminded.count)
  }

  @Test func aTeamWithAnAddressIsWrittenToAndARobotIsNot() async throws {
    var rig = try await Rig(robots: true)
    for _ in 0..<(24 * 6) {
      try await rig.reminders.turn()
      rig.q.bench.time.advance(.minutes(10))
    }
    #expect(try await rig.sent().isEmpty)
    rig = try await Rig(robots: true)
    var settings = rig.settings
    let teams = Set(try await rig.silent.list(at: rig.q.now).map(\.telescope.slug))
    for slug in teams { settings.recipients.teams[slug] = [MailAddress("\(slug)@example.org")] }
    for _ in 0..<(24 * 6) {
      try await Reminders(
        store: rig.q.bench.store, settings: settings, doors: rig.q.state.doors,
        clock: rig.q.bench.time.clock, epoch: nil, logger: Logger(label: "test")
      ).turn()
      rig.q.bench.time.advance(.minutes(10))
    }
    let sent = try await rig.sent()
    #expect(!sent.isEmpty && sent.allSatisfy { $0.channel == "mail" })
  }

  @Test func theSilentAreListedForTheShift() async throws {
    let rig = try await Rig()
    let before = try await rig.desk.unanswered(of: rig.q.event)
    #expect(before.count >= 2 && before.allSatisfy { $0.remindedUTC == nil && $0.pointings > 0 })
    let nights = before.compactMap(\.nightStartUTC)
    #expect(nights == nights.sorted())
    let plan = try #require(try await rig.q.live())
    let slug = before[0].slug
    _ = try await rig.q.desk.answer(
      AnswerForm(answer: "cannot", plan: plan.id), for: slug, by: QueueBench.operatorOf("t"))
    let after = try await rig.desk.unanswered(of: rig.q.event)
    #expect(!after.contains { $0.slug == slug })
    await #expect(throws: DeskError.self) { try await rig.desk.unanswered(of: "nothing") }
  }

  @Test func nightsAreACalendar() async throws {
    let rig = try await Rig()
    let slug = try #require(try await rig.q.busy().first)
    let file = try await rig.desk.nights(of: slug)
    let text = String(decoding: file.bytes, as: UTF8.self)
    let nights = text.components(separatedBy: "UID:night-").count - 1
    #expect((13...15).contains(nights), "\(nights)")
    #expect(text.hasPrefix("BEGIN:VCALENDAR\r\n") && text.hasSuffix("END:VCALENDAR\r\n"))
    #expect(text.contains("MS260915a: "))
    // Nothing has changed within the hour.
    rig.q.bench.time.advance(.minutes(5))
    #expect(try await rig.desk.nights(of: slug).sha256 == file.sha256)
    await #expect(throws: DeskError.self) { try await rig.desk.nights(of: "nobody") }
  }
}
