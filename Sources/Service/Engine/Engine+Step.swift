import Campaigns
import Channels
import Deliveries
import Formats
import Notices
import Planning
import SkymapFiles
import Store
import Targeting
import Units

extension Engine {
  /// One step of an event's lifecycle: decides, tells, withdraws and orders plans; stored as a whole.
  func step(
    _ id: String, _ event: Event, handled: NoticeID? = nil, notice: Notice? = nil, merged: [String] = [],
    timers: [String] = []
  ) async throws {
    let now = clock.now()
    let known = files.memos[id]
    var memo =
      known?.memo
      ?? EventMemo(
        record: EventRecord(event), campaign: Campaign(),
        kind: JSONName.snake(event.latest?.kind.rawValue ?? "unknown"))
    let document = try await liveDocument(of: memo)
    let situation = try await self.situation(id, event, memo, at: now)
    let result = Lifecycle.step(from: known.map(\.memo.campaign), in: situation)
    memo.record = EventRecord(event)
    memo.campaign = result.campaign
    if let map = event.mapReferences.lazy.compactMap({ situation.maps[$0] }).first {
      memo.map = MapFigures(map)
    }
    var outcome = StepOutcome()
    outcome.epoch = epoch
    outcome.handled = handled.map { [$0] } ?? []
    outcome.firedTimers = timers
    if let notice { outcome.log.append(Self.line("notice.handled", id, Self.title(of: notice))) }
    let revision = (known?.revision ?? 0) + 1
    for action in result.actions {
      try perform(
        action, of: id, event, document: document, revision: Int(revision), at: now, on: &memo, into: &outcome
      )
    }
    if let wake = result.wake {
      outcome.timers = [TimerDraft(id: "step/\(id)", event: id, kind: "step", due: wake)]
    }
    outcome.events = [
      EventChange(
        id: id, expectedRevision: known?.revision ?? 0, state: try RecordJSON.text(memo),
        isMock: !event.isReal,
        notices: handled.map { [$0] } ?? [])
    ]
    for other in merged {
      guard let gone = files.memos[other] else { continue }
      outcome.events.append(
        EventChange(
          id: other, expectedRevision: gone.revision, state: try RecordJSON.text(gone.memo),
          isMock: !event.isReal,
          mergedInto: id))
      outcome.withdrawnPlans.append((other, "\(other) is the same event as \(id)"))
      outcome.log.append(Self.line("event.merged", other, "is the same event as \(id)"))
    }
    let receipt = try await store.commit(outcome, at: now)
    for other in merged { files.forget(other) }
    files.adopt(id, memo, revision: receipt.revisions[id] ?? revision)
  }

  private func situation(_ id: String, _ event: Event, _ memo: EventMemo, at now: Instant) async throws
    -> Situation
  {
    var situation = Situation(event: event, policy: settings.policy, now: now)
    for reference in event.mapReferences {
      if let held = try await map(reference, of: id) { situation.maps[reference] = held.summary }
    }
    situation.unavailableMaps = Set(memo.unavailableMaps)
    situation.telescopes = maker.telescopes.compactMap { telescope in
      guard telescope.outOfService == nil, let field = telescope.field else { return nil }
      let box = field.boundingBox
      return TelescopeField(id: telescope.id, shortSide: min(box.width, box.height))
    }
    situation.planned = try await planned(memo)
    return situation
  }

  /// What telescopes have been told, with the progress they reported.
  func planned(_ memo: EventMemo) async throws -> [PlannedTelescope] {
    guard let plan = memo.planID else { return [] }
    let names = Dictionary(maker.telescopes.map { ($0.slug, $0.id) }, uniquingKeysWith: { first, _ in first })
    var parts: [String: PlannedTelescope] = [:]
    for stored in try await store.assignments(of: plan) {
      let slug = stored.assignment.telescope
      let progress: PlannedTile.Progress
      switch stored.state {
      case .planned, .accepted: progress = .waiting
      case .started: progress = .started
      case .observed: progress = .done
      default: continue
      }
      let tile = PlannedTile(
        id: stored.assignment.tile, center: stored.assignment.direction, filter: stored.assignment.filter,
        start: stored.assignment.window.start, progress: progress)
      parts[slug, default: PlannedTelescope(telescope: names[slug] ?? slug, planID: plan, tiles: [])].tiles
        .append(tile)
    }
    return parts.values.sorted { $0.telescope < $1.telescope }
  }

  func liveDocument(of memo: EventMemo) async throws -> NetworkPlanDocument? {
    guard let id = memo.planID else { return nil }
    return try NetworkPlanDocument(json: try await store.plan(id).document)
  }

  private func perform(
    _ action: CampaignAction, of id: String, _ event: Event, document: NetworkPlanDocument?, revision: Int,
    at now: Instant, on memo: inout EventMemo, into outcome: inout StepOutcome
  ) throws {
    func tell(_ occasion: Bulletin.Occasion, _ decision: Decision?, reason: String? = nil) throws {
      memo.messages += 1
      let message = EventMessage(
        event, id: id, decision: decision, figures: memo.map, plan: document, at: now)
      let bulletin = Bulletin(
        occasion: occasion, event: id, isMock: !event.isReal, number: memo.messages, message: message,
        category: message.kind.rawValue.isEmpty ? "OTHER" : message.kind.rawValue, revision: revision,
        planNumber: memo.plannedOrder, document: document, reason: reason, now: now)
      outcome.deliveries += try bulletin.deliveries(to: settings.recipients)
    }
    switch action {
    case .announce(let decision):
      outcome.decisions.append(
        DecisionDraft(
          event: id, outcome: decision.outcome.rawValue, policy: decision.policy,
          actor: decision.override?.role ?? "policy", body: try RecordJSON.text(decision)))
      outcome.log.append(
        Self.line(
          "decision.made", id, "\(decision.outcome.rawValue) by \(decision.policy), \(decision.clause)"))
      try tell(.decision, decision)
    case .getMap(let reference, _):
      outcome.log.append(Self.line("map.wanted", id, "waiting for \(reference)"))
      if reference.hasPrefix("http") {
        outcome.timers.append(
          TimerDraft(
            id: "map/\(id)", event: id, kind: "map", due: now, body: try RecordJSON.text(["url": reference])))
      } else {
        // It came with the notice and could not be read.
        memo.unavailableMaps.append(reference)
      }
    case .withdraw(let list):
      for part in list {
        outcome.log.append(
          Self.line(
            "plan.withdrawn", id,
            "\(part.telescope): \(part.tiles.count) tiles taken back, \(part.running.count) running"))
      }
      if memo.campaign.order == nil { withdrawAll(id, reason: "the campaign ended", &memo, &outcome) }
    case .stop(let reason):
      withdrawAll(id, reason: reason, &memo, &outcome)
      outcome.log.append(Self.line("campaign.stopped", id, "STOP: \(reason)"))
      try tell(.stop, memo.campaign.decision, reason: reason)
    case .tags(let add, let remove):
      let words = add.map { "+\($0)" } + remove.map { "-\($0)" }
      outcome.log.append(Self.line("event.tags", id, words.joined(separator: " ")))
    case .plan(let order):
      outcome.log.append(
        Self.line("plan.ordered", id, "order \(order.number): \(order.orders.outcome.rawValue)"))
    case .proposeStop(let cause):
      outcome.log.append(Self.line("stop.proposed", id, "\(cause): a person must confirm"))
    case .ask(let question):
      outcome.log.append(Self.line("question.asked", id, "\(question)"))
    case .note(let text):
      outcome.log.append(Self.line("campaign.note", id, text))
    }
  }

  private func withdrawAll(
    _ id: String, reason: String, _ memo: inout EventMemo, _ outcome: inout StepOutcome
  ) {
    guard memo.planID != nil else { return }
    outcome.withdrawnPlans.append((id, reason))
    memo.planID = nil
  }
}

enum JSONName {
  /// `gammaRayBurst` becomes `gamma_ray_burst`.
  static func snake(_ name: String) -> String {
    name.reduce(into: "") { $0 += $1.isUppercase ? "_\($1.lowercased())" : String($1) }
  }
}
