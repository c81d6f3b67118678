import Campaigns
import Dashboard
import Foundation
import Formats
import Observatories
import Queues
import Store
import Units

/// The desk over the store: what pages and programs see is what is stored.
struct StoreDesk: Desk {
  let state: ServiceState
  var store: Store { state.store }
  var queues: (any QueueDesk)? { StoreQueueDesk(state: state) }
  var followups: (any FollowupDesk)? { StoreFollowupDesk(state: state) }
  var reminders: (any ReminderDesk)? { StoreReminderDesk(state: state) }

  func identity(ofToken token: String) async throws(DeskError) -> Identity? {
    try await asked { () async throws(StoreError) in
      // Tokens live by the machine's clock, also while a drill has set the service's.
      try await store.bearer(of: token, at: ServiceClock.system.now()).map { Self.identity($0) }
    }
  }

  // MARK: Events

  func events(limit: Int, before: String?) async throws(DeskError) -> [EventLine] {
    var last: StoredEvent?
    if let before { last = try await asked { () async throws(StoreError) in try await store.event(before) } }
    var lines: [EventLine] = []
    // A page at a time: years of events are not read for the first of them.
    while lines.count < limit {
      let page = try await asked { [last] () async throws(StoreError) in
        try await store.events(limit: limit, after: last)
      }
      for stored in page where stored.mergedInto == nil && lines.count < limit {
        lines.append(try await line(stored))
      }
      guard page.count == limit else { break }
      last = page.last
    }
    return lines
  }

  func event(_ id: String) async throws(DeskError) -> EventSheet {
    let stored = try await asked { () async throws(StoreError) in try await store.event(id) }
    let memo = try memo(stored)
    let history = try await asked { () async throws(StoreError) in
      try await store.log(after: 0, event: id, limit: 500)
    }
    return EventSheet(
      event: try await line(stored),
      card: memo.campaign.decision.map { EventSheet.CardLine.lines(of: $0) } ?? [],
      revisions: memo.record.revisions.map {
        .init(
          number: $0.number, stage: $0.stage.name, createdUTC: $0.created?.iso8601(),
          status: $0.status.rawValue)
      },
      plans: try await plans(of: id), history: history.map(Self.change),
      announcement: memo.campaign.decision.map { DecisionCard($0).observationsPost },
      shares: try await shares(of: memo))
  }

  /// Who has what to do in the live plan.
  private func shares(of memo: EventMemo) async throws(DeskError) -> [EventSheet.Share] {
    guard let id = memo.planID else { return [] }
    return try await digest(of: id).summary.telescopes.map { part in
      EventSheet.Share(
        slug: part.slug, name: part.name, assignments: part.tiles,
        startUTC: part.firstStartUTC?.instant.iso8601(), endUTC: part.lastEndUTC?.instant.iso8601())
    }
  }

  /// Pages ask for it several times, and it is long.
  func memo(_ stored: StoredEvent) throws(DeskError) -> EventMemo {
    if let known = state.sight.memo(stored.id, revision: stored.revision) { return known }
    let memo = try Self.memo(stored)
    state.sight.keep(memo, of: stored.id, revision: stored.revision)
    return memo
  }

  static func memo(_ stored: StoredEvent) throws(DeskError) -> EventMemo {
    guard stored.state != "{}" else {
      throw .notFound("\(stored.id) is a point source: see /followup/\(stored.id)")
    }
    do { return try RecordJSON.value(of: stored.state) } catch {
      throw .unavailable("the record of \(stored.id) cannot be read")
    }
  }

  /// The rule that decided, or why something else stands: how the campaign ended, or that it goes on.
  static func clause(of campaign: Campaign) -> String? {
    guard let decision = campaign.decision else { return nil }
    let rule = "\(decision.policy): \(decision.clause)"
    switch campaign.outcome {
    case decision.outcome: return rule
    case .stop: return campaign.followUp.ending
    default: return "goes on, though \(decision.outcome.rawValue) was decided (\(rule))"
    }
  }

  private func line(_ stored: StoredEvent) async throws(DeskError) -> EventLine {
    let memo = try memo(stored)
    var plan: PlanLine?
    if let id = memo.planID { plan = try await planLine(id) }
    return EventLine(
      id: stored.id, kind: memo.kind, status: JSONName.snake(memo.record.status.rawValue),
      isMock: stored.isMock,
      timeUTC: memo.record.time?.iso8601(), revision: memo.record.revisions.count,
      decision: memo.campaign.outcome?.rawValue, clause: Self.clause(of: memo.campaign),
      area90Deg2: memo.map?.area90Deg2, distanceMpc: memo.map?.distanceMpc, plan: plan,
      updatedUTC: stored.changedAt.iso8601())
  }

  // MARK: Plans

  func plans(of event: String) async throws(DeskError) -> [PlanLine] {
    _ = try await asked { () async throws(StoreError) in try await store.event(event) }
    let all = try await asked { () async throws(StoreError) in try await store.plans(of: event) }
    var lines: [PlanLine] = []
    for plan in all.reversed() { lines.append(try await planLine(plan)) }
    return lines
  }

  static func document(_ bytes: [UInt8], _ id: String) throws(DeskError) -> NetworkPlanDocument {
    do { return try NetworkPlanDocument(json: bytes) } catch {
      throw .unavailable("the plan \(id) cannot be read: \(error)")
    }
  }

  func planFile(event: String, plan: String, path: String) async throws(DeskError) -> FileView {
    var id = plan
    if plan == "current" {
      let stored = try await asked { () async throws(StoreError) in try await store.event(event) }
      guard let live = try memo(stored).planID else { throw .notFound("\(event) has no plan now") }
      id = live
    }
    let (stored, bytes) = try await asked { () async throws(StoreError) in try await store.plan(id) }
    guard stored.event == event else { throw .notFound("no plan \(id) of \(event)") }
    let isImmutable = plan != "current"
    if path == Self.statesFile { return try await states(of: event, plan: id) }
    if path == PlanFiles.planPath {
      return FileView(bytes: bytes, mediaType: "application/json", isImmutable: isImmutable)
    }
    // Made when the map was at hand: contours, the region.
    if let kept = try await asked({ () async throws(StoreError) in try await store.file(path, ofPlan: id) }) {
      return FileView(bytes: kept, mediaType: Self.mediaType(path), isImmutable: isImmutable)
    }
    let document = try Self.document(bytes, id)
    let file: [UInt8]?
    switch path {
    case "network.csv": file = Array(NetworkCSV.render(document).utf8)
    case "night.svg": file = Array(NightChartSVG.render(NightChart(document)).utf8)
    case "skymap.svg": file = Array(SkyChartSVG.render(SkyChart(document)).utf8)
    default: file = document.plans.flatMap { PlanFiles.render($0) }.first { $0.path == path }?.bytes
    }
    guard let file else { throw .notFound("the plan \(id) has no file \(path)") }
    return FileView(bytes: file, mediaType: Self.mediaType(path), isImmutable: isImmutable)
  }

  private static func mediaType(_ path: String) -> String {
    let name = path.split(separator: "/").last.map { String($0) } ?? path
    if let format = PlanFormat(fileName: name) { return format.mediaType }
    switch name.split(separator: ".").last {
    case "svg": return "image/svg+xml"
    case "csv": return "text/csv; charset=utf-8"
    default: return "text/plain; charset=utf-8"
    }
  }

  // MARK: Telescopes

  func telescopes() async throws(DeskError) -> [TelescopeLine] {
    let now = state.clock.now()
    let (next, stopped) = try await asked { () async throws(StoreError) in
      (try await store.nextPointings(after: now), try await store.withdrawals(after: now))
    }
    return state.settings.telescopes.map { telescope in
      var line = Self.line(telescope)
      let start = next[telescope.slug]?.assignment.window.start
      line.status =
        TelescopeQueue.Status(hasWork: start != nil, isStopped: stopped[telescope.slug] != nil).rawValue
      line.nextUTC = start?.iso8601()
      return line
    }
  }

  func slug(of name: String) async -> String? { named(name)?.slug }

  /// By its slug, else by any other of its names: people type what they call it.
  private func named(_ name: String) -> Telescope? {
    let known = state.settings.telescopes
    return known.first { $0.slug == name } ?? (try? Registry(known).resolve(name))
  }

  func telescope(_ name: String) async throws(DeskError) -> Dashboard.TelescopeSheet {
    guard let telescope = named(name) else {
      throw .notFound("no telescope is called \(PlainWords.shown(name))")
    }
    let now = state.clock.now()
    let slug = telescope.slug
    let queue = try await asked { () async throws(StoreError) in try await store.queue(of: slug, after: now) }
    let current = try await StoreQueueDesk(state: state).current(slug)
    let night = night(of: telescope, at: now)?.2
    var line = Self.line(telescope)
    line.status = current.status.rawValue
    line.nextUTC = queue.first?.assignment.window.start.iso8601()
    return Dashboard.TelescopeSheet(
      telescope: line, status: current.status.rawValue, message: current.message,
      assignments: queue.map { item in
        let a = item.assignment
        return .init(
          event: item.event, plan: item.plan, tile: a.tile, state: item.state.rawValue,
          startUTC: a.window.start.iso8601(.milliseconds), endUTC: a.window.end.iso8601(.milliseconds),
          raDeg: a.direction.ra.degrees, decDeg: a.direction.dec.degrees,
          filter: a.filter.isEmpty ? nil : a.filter, exposureS: a.exposure.seconds)
      }, nightStartUTC: night?.dark?.start.iso8601(), nightEndUTC: night?.dark?.end.iso8601())
  }

  private static func line(_ t: Telescope) -> TelescopeLine {
    var (usable, note): (String, String?) = ("tiling", t.outOfService)
    switch t.usability {
    case .tiling: break
    case .pointSource: usable = "point_source"
    case .unusable(let reason): (usable, note) = ("nothing", reason)
    }
    return TelescopeLine(
      id: t.id, slug: t.slug, name: t.fullName, latitudeDeg: t.site.position.latitude.degrees,
      longitudeDeg: t.site.position.longitude.degrees, elevationM: t.site.position.height.metres,
      apertureM: t.aperture?.metres, fieldDeg2: t.field?.area.squareDegrees, usable: usable, note: note)
  }

  // MARK: Notices

  func notices(limit: Int, state wanted: String?) async throws(DeskError) -> [NoticeLine] {
    var statuses = NoticeStatus.allCases
    if let wanted {
      guard let status = NoticeStatus(rawValue: wanted) else {
        throw .invalid(
          "state must be one of \(NoticeStatus.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      statuses = [status]
    }
    var all: [StoredNotice] = []
    for status in statuses {
      all += try await asked { () async throws(StoreError) in try await store.notices(status, limit: limit) }
    }
    let shown = Array(all.sorted { $0.id > $1.id }.prefix(limit))
    let events = try await asked { () async throws(StoreError) in
      try await store.events(of: shown.map(\.id))
    }
    return shown.map { Self.line($0, event: events[$0.id]) }
  }

  func notice(_ id: Int64) async throws(DeskError) -> FileView {
    let hand = try await asked { () async throws(StoreError) in try await store.notice(NoticeID(id)) }
    return FileView(bytes: hand.bytes, mediaType: "application/octet-stream", isImmutable: true)
  }

  func submit(
    notice bytes: [UInt8], name: String?, by identity: Identity
  ) async throws(DeskError) -> NoticeLine {
    let now = state.clock.now()
    let raw = RawNotice(
      bytes: bytes, topic: name.map { "http:\($0)" } ?? "http", receivedAt: now,
      urgency: Urgency.glance(bytes, topic: "http", age: nil))
    let result = try await asked { () async throws(StoreError) in try await store.record(raw) }
    return try await asked { () async throws(StoreError) in
      Self.line(try await store.notice(result.id).notice)
    }
  }

  func replay(notice id: Int64, by identity: Identity) async throws(DeskError) -> NoticeLine {
    try await asked { () async throws(StoreError) in
      try await store.replay(NoticeID(id), actor: identity.actor, at: state.clock.now())
      return Self.line(try await store.notice(NoticeID(id)).notice)
    }
  }

  private static func line(_ n: StoredNotice, event: String? = nil) -> NoticeLine {
    NoticeLine(
      id: n.id.number, source: n.topic, receivedUTC: n.receivedAt.iso8601(.milliseconds), sizeBytes: n.size,
      sha256: n.digest, state: n.status.rawValue, attempts: n.attempts, reason: n.reason, event: event)
  }

  // MARK: Changes

  func changes(after sequence: Int64, limit: Int) async throws(DeskError) -> [ChangeLine] {
    try await asked { () async throws(StoreError) in try await store.log(after: sequence, limit: limit) }
      .map(Self.change)
  }

  func lastChange() async throws(DeskError) -> Int64 {
    try await asked { () async throws(StoreError) in try await store.lastLogSequence() }
  }

  func waitForChange() async {
    // A sleep that is cut short by cancellation is what is wanted here.
    try? await Task.sleep(for: .milliseconds(500))
  }

  static func change(_ entry: LogEntry) -> ChangeLine {
    let fields = (try? JSONSerialization.jsonObject(with: Data(entry.body.utf8))) as? [String: Any]
    let text =
      fields?["text"] as? String ?? words(entry.kind, fields ?? [:])
      ?? fields?.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
      ?? entry.body
    return ChangeLine(
      sequence: entry.seq, timeUTC: entry.at.iso8601(.milliseconds), actor: entry.actor, kind: entry.kind,
      event: entry.event, text: text)
  }

  /// The store's failures in the desk's words.
  func asked<T>(_ body: () async throws(StoreError) -> T) async throws(DeskError) -> T {
    do { return try await body() } catch {
      switch error {
      case .unknownEvent, .unknownPlan, .unknownNotice, .unknownAssignment: throw .notFound("\(error)")
      case .noticeState, .revisionConflict, .impossibleAnswer, .answerConflict: throw .conflict("\(error)")
      case .invalid: throw .invalid("\(error)")
      default: throw .unavailable("\(error)")
      }
    }
  }
}
