import Campaigns
import Channels
import Dashboard
import Foundation
import Formats
import Observatories
import Queues
import Store
import Units

/// Queues over the store: an answer is stored first; the engine acts on it.
struct StoreQueueDesk: QueueDesk {
  let state: ServiceState
  var store: Store { state.store }
  var now: Instant { state.clock.now() }

  /// Pointings older than this are history.
  static let looksBack = Duration.hours(12)
  /// After this a plan that was taken back is no news.
  static let stopsFor = Duration.hours(48)
  /// A refusal without an end holds for a night and a day.
  static let refusalHolds = Duration.hours(24)

  func asked<T>(_ body: () async throws(StoreError) -> T) async throws(DeskError) -> T {
    try await StoreDesk(state: state).asked(body)
  }

  func telescope(_ slug: String) throws(DeskError) -> Telescope {
    guard let found = state.settings.telescopes.first(where: { $0.slug == slug }) else {
      throw .notFound("no telescope is called \(PlainWords.shown(slug))")
    }
    return found
  }

  func slugs() async -> [String] { state.settings.telescopes.map(\.slug) }

  // MARK: Reading

  /// What is in force for a telescope or happened lately, of all events or of one.
  func current(_ slug: String, event: String? = nil) async throws(DeskError) -> TelescopeQueue {
    let now = now
    let all = try await asked { () async throws(StoreError) in
      try await store.pointings(of: slug, after: now - Self.looksBack)
    }.filter { event == nil || $0.event == event }
    var stopped: String?
    if !all.contains(where: { $0.state.isOpen && $0.assignment.window.end > now }) {
      stopped = try await withdrawal(of: slug, event: event)?.event
    }
    // What a newer plan has replaced is no part of the queue.
    return TelescopeQueue(
      all.filter { $0.state != .withdrawn }.map(\.queued), stopped: stopped, at: now)
  }

  /// What was taken back of a telescope, until its time is over.
  func withdrawal(of slug: String, event: String?) async throws(DeskError) -> TakenBack? {
    let now = now
    return try await asked { () async throws(StoreError) in
      try await store.withdrawals(after: now, of: event)
    }[slug]
  }

  func latestPlan(of slug: String) async throws(DeskError) -> StoredPlan? {
    let now = now
    return try await asked { () async throws(StoreError) in
      try await store.latestPlan(of: slug, since: now - Self.stopsFor)
    }
  }

  func queue(of slug: String, reader: Answerer?) async throws(DeskError) -> QueueView {
    let telescope = try telescope(slug)
    var queue = try await current(slug)
    if let reader, try await markSeen(queue, by: reader) { queue = try await current(slug) }
    var record: [QueueView.Entry] = []
    for plan in Set(queue.pointings.map(\.plan)).sorted() {
      record += try await asked { () async throws(StoreError) in
        try await store.answers(on: plan, telescope: slug)
      }.map { Self.entry($0, plan) }
    }
    return QueueView(
      telescope: slug, name: telescope.fullName, status: queue.status.rawValue, message: queue.message,
      nowUTC: now.iso8601(.milliseconds), pointings: queue.pointings.map(Self.line),
      record: record.sorted { $0.number < $1.number },
      outages: try await outages(of: slug).filter(\.isInForce))
  }

  /// - Returns: whether anything had not been seen before.
  func markSeen(_ queue: TelescopeQueue, by reader: Answerer) async throws(DeskError) -> Bool {
    let unseen = queue.pointings.filter { $0.standing.state == .sent && $0.window.end > now }
    let plans = Set(unseen.map { [$0.plan, $0.telescope] }).sorted { $0[0] < $1[0] }
    for plan in plans {
      let draft = AnswerDraft(
        key: "seen/\(plan[0])/\(plan[1])/\(UUID().uuidString)", telescope: plan[1], subject: .plan(plan[0]),
        state: .seen, actor: reader.name, way: Self.way(reader))
      // A plan that was replaced while it was read is seen in its successor.
      _ = try? await store.record(draft, at: now)
    }
    return !plans.isEmpty
  }

  static func way(_ answerer: Answerer) -> QueueEntry.Way { .init(rawValue: answerer.way) ?? .api }

  private static func line(_ p: QueuedPointing) -> QueueView.Pointing {
    QueueView.Pointing(
      id: p.id, event: p.event, plan: p.plan, tile: p.tile, state: p.standing.state.rawValue,
      reason: p.standing.reason, sinceUTC: p.standing.since.iso8601(.milliseconds),
      startUTC: p.window.start.iso8601(.milliseconds), endUTC: p.window.end.iso8601(.milliseconds),
      raDeg: p.direction.ra.degrees, decDeg: p.direction.dec.degrees,
      filter: p.filter.isEmpty ? nil : p.filter, exposureS: p.exposure.seconds)
  }

  private static func entry(_ e: QueueEntry, _ plan: String) -> QueueView.Entry {
    var pointing: Int64?
    if case .pointing(let id) = e.subject { pointing = id }
    return QueueView.Entry(
      number: e.number, state: e.state.rawValue, pointing: pointing, plan: plan, reason: e.reason,
      actor: e.actor, way: e.way.rawValue, atUTC: e.at.iso8601(.milliseconds))
  }

  func coverage(of event: String) async throws(DeskError) -> CoverageView {
    let stored = try await asked { () async throws(StoreError) in try await store.event(event) }
    let memo: EventMemo
    do { memo = try RecordJSON.value(of: stored.state) } catch {
      throw .unavailable("the record of \(event) cannot be read")
    }
    guard let done = memo.executed else {
      return CoverageView(
        event: event, observations: 0, withoutLimit: 0, accepted: 0, observed: 0, depthWeighted: 0,
        remaining: 0, areaDeg2: 0)
    }
    return CoverageView(
      event: event, observations: done.observations, withoutLimit: done.withoutLimit,
      accepted: done.accepted, observed: done.observed, depthWeighted: done.depthWeighted,
      remaining: done.remaining, areaDeg2: done.areaDeg2, referenceMag: done.referenceMag)
  }

  // MARK: Outages

  func outages(of slug: String) async throws(DeskError) -> [OutageView] {
    _ = try telescope(slug)
    let now = now
    return try await asked { () async throws(StoreError) in
      try await store.outages(of: slug, limit: 200)
    }.map { Self.view($0, at: now) }
  }

  private static func view(_ stored: StoredOutage, at now: Instant) -> OutageView {
    let o = stored.outage
    return OutageView(
      number: stored.number, kind: o.kind.rawValue, filter: o.filter, event: o.event,
      startUTC: o.window.start.iso8601(), endUTC: o.window.end.iso8601(), reason: o.reason, actor: o.actor,
      way: o.way.rawValue, recordedUTC: stored.recordedAt.iso8601(.milliseconds),
      isInForce: !stored.isReplaced && o.window.end > now)
  }

  func add(
    _ form: OutageForm, for slug: String, by answerer: Answerer
  ) async throws(DeskError) -> OutageView {
    let telescope = try telescope(slug)
    guard let kind = OutageDraft.Kind(rawValue: form.kind), kind != .refusal else {
      throw .invalid("kind is closure, weather, fault or filter")
    }
    let filter = try PlainWords.checked(form.filter, "filter", most: 64)
    guard (kind == .filter) == (filter != nil) else {
      throw .invalid("a filter is named if, and only if, the kind is filter")
    }
    if let filter, !telescope.filters.contains(filter) {
      throw .invalid("\(slug) has no filter \(filter); it has \(telescope.filters.joined(separator: ", "))")
    }
    let start = try form.startUTC.map { text throws(DeskError) in try Self.time(text, "start_utc") } ?? now
    let end = try Self.time(form.endUTC, "end_utc")
    guard start < end, end > now, end <= now + .hours(24 * 400) else {
      throw .invalid("the outage must end after it starts, after now, and within 400 days")
    }
    let reason = try PlainWords.checked(form.reason, "reason", most: 500) ?? kind.rawValue
    let draft = OutageDraft(
      key: try key(form.key, slug, answerer), telescope: slug, kind: kind, filter: filter,
      window: TimeWindow(start, end), reason: reason, actor: answerer.name, way: Self.way(answerer))
    return try await record(draft, replacing: nil, slug)
  }

  func endOutage(
    _ number: Int64, for slug: String, by answerer: Answerer
  ) async throws(DeskError) -> OutageView {
    let known = try await asked { () async throws(StoreError) in
      try await store.outages(of: slug, limit: 10_000)
    }
    guard let stored = known.first(where: { $0.number == number }) else {
      throw .notFound("\(slug) has no outage \(number)")
    }
    // Said again, it is still over.
    guard !stored.isReplaced else { return Self.view(stored, at: now) }
    let o = stored.outage
    let draft = OutageDraft(
      key: "end/\(slug)/\(number)", telescope: slug, event: o.event, kind: o.kind, filter: o.filter,
      window: TimeWindow(o.window.start, o.window.start), reason: "over", actor: answerer.name,
      way: Self.way(answerer))
    return try await record(draft, replacing: number, slug)
  }

  private func record(
    _ draft: OutageDraft, replacing earlier: Int64?, _ slug: String
  ) async throws(DeskError) -> OutageView {
    let now = now
    let number = try await asked { () async throws(StoreError) in
      try await store.record(draft, replacing: earlier, at: now)
    }
    guard let view = try await outages(of: slug).first(where: { $0.number == number }) else {
      throw .unavailable("the outage was recorded and cannot be read")
    }
    return view
  }

  // MARK: Parts

  static func time(_ text: String, _ name: String) throws(DeskError) -> Instant {
    guard text.utf8.count <= 40, let time = Instant(iso8601: text) else {
      throw .invalid("\(name) is no time such as 2026-11-21T03:11:00Z")
    }
    return time
  }

  /// Keys of different askers never meet.
  func key(_ given: String?, _ slug: String, _ answerer: Answerer) throws(DeskError) -> String {
    guard let given = try PlainWords.checked(given, "key", most: 200) else {
      return "\(answerer.way)/\(slug)/\(UUID().uuidString)"
    }
    return "\(answerer.way)/\(slug)/\(given)"
  }
}
