import Campaigns
import Dashboard
import Formats
import Rosters
import Store
import Texts
import Units

/// The texts of the shift: what the store says, in the network's own layouts.
extension StoreDesk {
  func textKinds() -> [TextSheet.Kind] {
    ShiftReport.allCases.map { .init(name: $0.rawValue, title: $0.title, needsEvent: $0.needsEvent) }
  }

  func text(_ request: TextRequest) async throws(DeskError) -> TextSheet {
    guard let kind = ShiftReport(rawValue: request.kind) else {
      let names = ShiftReport.allCases.map(\.rawValue).joined(separator: ", ")
      throw .notFound("no text is called \(request.kind); there are \(names)")
    }
    let window = try window(of: request, kind)
    var record = ShiftRecord(window: window, now: state.clock.now())
    people(of: &record)
    let all = try await asked { () async throws(StoreError) in try await store.events(limit: 2000) }
      .filter { $0.mergedInto == nil }
    record.entries = try await asked { () async throws(StoreError) in
      try await store.log(from: window.start, to: window.end, limit: 5000)
    }.map { entry in
      ShiftRecord.Entry(
        at: entry.at, actor: entry.actor, kind: entry.kind, event: entry.event, text: Self.change(entry).text)
    }
    let touched = Set(record.entries.compactMap(\.event))
    for stored in all where touched.contains(stored.id) && !kind.needsEvent {
      record.events.append(try await self.record(of: stored))
    }
    var event: ReportedEvent?
    if kind.needsEvent {
      // What is worked on comes before what is newer, what is real before drills.
      let working = all.filter { (try? memo($0))?.planID != nil }
      let newest = (working + all).first { !$0.isMock } ?? working.first ?? all.first
      guard let stored = request.event.map({ id in all.first { $0.id == id } }) ?? newest else {
        throw .notFound(request.event.map { "no event is called \($0)" } ?? "there is no event yet")
      }
      event = try await self.record(of: stored)
    }
    let text = kind.render(record, event: event)
    return TextSheet(
      kind: kind.rawValue, title: kind.title, text: text, event: event?.id, fromUTC: window.start.iso8601(),
      toUTC: window.end.iso8601(),
      emptyFields: text.split(separator: ShiftReport.empty, omittingEmptySubsequences: false).count - 1)
  }

  /// As asked for; else the shift that runs, up to now; the last eight hours without a roster.
  private func window(of request: TextRequest, _ kind: ShiftReport) throws(DeskError) -> TimeWindow {
    let now = state.clock.now()
    func time(_ text: String?, _ name: String) throws(DeskError) -> Instant? {
      guard let text, !text.isEmpty else { return nil }
      // As people type it: without seconds, without zone, with a blank.
      let joined = text.replacing(" ", with: "T")
      let whole = joined.count == 16 ? joined + ":00Z" : joined.hasSuffix("Z") ? joined : joined + "Z"
      guard let found = Instant(iso8601: whole) else {
        throw .invalid("\(name) must be a time such as 2026-11-21T03:00Z")
      }
      return found
    }
    let shift = state.roster.flatMap { OnDuty($0, at: now).now.first?.window }
    var start = kind == .weekly ? now - .hours(7 * 24) : shift?.start ?? now - .hours(8)
    start = try time(request.fromUTC, "from") ?? start
    let end = try time(request.toUTC, "to") ?? max(now, start)
    guard start <= end else { throw .invalid("from must not be after to") }
    return TimeWindow(start, end)
  }

  private func people(of record: inout ShiftRecord) {
    guard let roster = state.roster else { return }
    let duty = OnDuty(roster, at: record.now)
    record.people = duty.people.map(\.text)
    record.nextPeople = duty.next?.members.map(\.text) ?? []
    record.coordinator = duty.coordinator?.text
  }

  private func record(of stored: StoredEvent) async throws(DeskError) -> ReportedEvent {
    let memo = try memo(stored)
    var record = ReportedEvent(
      id: stored.id, kind: memo.kind.replacing("_", with: " "), isMock: stored.isMock,
      isRetracted: memo.record.status == .retracted)
    record.time = memo.record.time
    record.stage = memo.record.revisions.last?.stage.name
    record.area50 = memo.map?.area50Deg2.map { .squareDegrees($0) }
    record.area90 = memo.map?.area90Deg2.map { .squareDegrees($0) }
    record.distance = memo.map?.distanceMpc.map { .megaparsecs($0) }
    record.distanceDeviation = memo.map?.distanceDeviationMpc.map { .megaparsecs($0) }
    if let decision = memo.campaign.decision {
      let card = DecisionCard(decision)
      record.classification = decision.facts.word(.sourceClass)
      record.falseAlarm = card.lines.first { $0.label == "FAR" }?.text
      record.score = decision.facts.score?.value
      record.outcome = memo.campaign.outcome?.rawValue
      record.clause = Self.clause(of: memo.campaign)
      record.announcement = card.observationsPost
    }
    if let plan = memo.planID { record.plan = try await self.plan(plan, of: stored.id) }
    record.observations = try await observations(of: stored.id)
    if let counted = memo.executed, counted.observations == record.observations.count {
      record.observed = Fraction(clamping: counted.observed)
    }
    return record
  }

  private func plan(_ id: String, of event: String) async throws(DeskError) -> PlanRecord? {
    guard let sheet = try await livePlan(of: event), sheet.plan == id else { return nil }
    let made = try await digest(of: id).summary.made.instant
    var record = PlanRecord(
      id: id, made: made, probability: Fraction(clamping: sheet.probability),
      telescopes: sheet.parts.filter { $0.state != "left_out" }.map { part in
        PlanRecord.Share(
          name: part.name, tiles: part.tiles, first: part.startUTC.flatMap { Instant(iso8601: $0) },
          state: part.state.replacing("_", with: " "), reason: part.reason)
      })
    let left = sheet.parts.filter { $0.state == "left_out" }
    record.left = Dictionary(grouping: left) { $0.reason ?? "" }.sorted { $0.key < $1.key }.map {
      reason, parts in
      (reason, parts.map(\.name))
    }
    return record
  }

  /// What was reported as observed, of all plans: exposures as their teams told them, and pointings that are called
  /// observed without any, as planned. The share a pointing adds is in its plan's document.
  private func observations(of event: String) async throws(DeskError) -> [Observation] {
    let plans = try await asked { () async throws(StoreError) in try await store.plans(of: event) }
    let names = Dictionary(
      state.settings.telescopes.map { ($0.slug, $0.id) }, uniquingKeysWith: { first, _ in first })
    let reported = try await asked { () async throws(StoreError) in try await store.observations(for: event) }
    let exposures = Dictionary(grouping: reported) { $0.assignment }
    let told = Set(reported.flatMap(\.assignments))
    var list = (exposures[nil] ?? []).map { Self.observation($0, names) }
    var executed = 0
    for plan in plans {
      let pointings = try await asked { () async throws(StoreError) in
        try await store.assignments(of: plan.id)
      }
      .filter { ["observed", "data", "photometry"].contains($0.state.rawValue) }
      guard !pointings.isEmpty else { continue }
      executed += 1
      let (_, bytes) = try await asked { () async throws(StoreError) in try await store.plan(plan.id) }
      let rows = Dictionary(
        try Self.document(bytes, plan.id).plans.map { ($0.telescope.slug, $0.rows) },
        uniquingKeysWith: { first, _ in first })
      for pointing in pointings {
        let a = pointing.assignment
        let row = rows[a.telescope].flatMap { $0.indices.contains(a.position) ? $0[a.position] : nil }
        let planned = Observation(
          telescope: names[a.telescope] ?? a.telescope, start: a.window.start,
          filter: a.filter.isEmpty ? nil : a.filter, exposure: a.exposure, count: row?.nexp ?? 1,
          field: row?.fieldID ?? a.tile, added: row.map { Fraction(clamping: $0.added) })
        let taken = exposures[pointing.id] ?? []
        // What was said to be of it, and was of another in the end, is there.
        if taken.isEmpty, told.contains(pointing.id) { continue }
        list += taken.isEmpty ? [planned] : taken.map { Self.observation($0, names, of: planned) }
      }
    }
    // What pointings of different plans add may overlap: it is not summed up then.
    if executed > 1 {
      for i in list.indices { list[i].added = nil }
    }
    return list.sorted { ($0.start, $0.telescope) < ($1.start, $1.telescope) }
  }

  /// - Parameter planned: what the exposure was to be: tells its field, and its filter where the report does not.
  private static func observation(
    _ stored: StoredObservation, _ names: [String: String], of planned: Observation? = nil
  ) -> Observation {
    let o = stored.observation
    return Observation(
      telescope: names[stored.telescope] ?? stored.telescope, start: o.start,
      filter: o.filter ?? planned?.filter, exposure: o.exposure, count: 1,
      field: planned?.field ?? "\(o.direction.ra.degrees) \(o.direction.dec.degrees)", added: planned?.added,
      limit: o.limit)
  }
}
