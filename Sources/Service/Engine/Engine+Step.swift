import Campaigns
import Channels
import Deliveries
import Formats
import Notices
import Planning
import Queues
import SkymapFiles
import Store
import Targeting
import Units

extension Engine {
  /// One step of an event's lifecycle: decides, tells, withdraws and orders plans; stored as a whole.
  func step(_ id: String, _ event: Event, because cause: StepCause) async throws {
    let now = clock.now()
    let known = try await known(id)
    var memo =
      known?.memo
      ?? EventMemo(
        record: EventRecord(event), campaign: Campaign(),
        kind: JSONName.snake(event.latest?.kind.rawValue ?? "unknown"))
    var outcome = StepOutcome()
    outcome.epoch = epoch
    outcome.handled = cause.handled.map { [$0] } ?? []
    outcome.firedTimers = cause.timers
    outcome.looseNotices = cause.loose
    outcome.timers = try links(of: cause, at: now)
    for answer in cause.answers {
      outcome.log.append(
        LogDraft(
          actor: answer.by, kind: "decision.answered", event: id,
          fields: ["text": answer.text, "action": answer.action.rawValue, "role": answer.role]))
    }
    if let adoption = cause.adoption { adopt(adoption, of: id, into: &memo, &outcome) }
    let document = try await liveDocument(of: memo)
    let situation = try await self.situation(id, event, cause, &memo, &outcome, at: now)
    let result = Lifecycle.step(from: known.map(\.memo.campaign), in: situation)
    if let wake = wake(result, event, at: now) {
      outcome.timers.append(TimerDraft(id: "step/\(id)", event: id, kind: "step", due: wake))
    }
    if let known, cause.isTimeOnly, result.actions.isEmpty, outcome.log.isEmpty,
      memo.unavailableMaps == known.memo.unavailableMaps
    {
      // Nothing but time has passed: the event has not changed.
      try await store.commit(outcome, at: now)
      return
    }
    memo.record = EventRecord(event)
    memo.campaign = result.campaign
    if let map = event.mapReferences.lazy.compactMap({ situation.maps[$0] }).first {
      memo.map = MapFigures(map)
    }
    if let notice = cause.notice {
      outcome.log.append(Self.line("notice.handled", id, Self.title(of: notice)))
      outcome.log += Self.alarms(of: notice, id)
    }
    let revision = (known?.revision ?? 0) + 1
    let unsent = result.actions.contains(where: \.endsPlans) ? try await unsent(of: id) : Unsent()
    for (place, action) in result.actions.enumerated() {
      try perform(
        action, of: id, event, document: document, revision: Int(revision), unsent,
        endsNow: result.actions[place...].contains(where: \.isStop), at: now, on: &memo, into: &outcome)
    }
    if let (_, reason) = outcome.withdrawnPlans.first(where: { $0.event == id }) {
      outcome.withdrawnDeliveries += unsent.withdrawn(because: reason)
      outcome.withdrawnDeliveries += unsent.planned.map { ($0.key, reason) }
    }
    if event.status != .active, outcome.stoppedEvents.isEmpty {
      // The campaign may have ended before; somebody may have asked for a source since.
      endFollowups(about: id, reason: "the event was retracted", at: now, &outcome)
    }
    if cause.isReported {
      try await countExecuted(id, event, memo: &memo, into: &outcome)
      try await reportExecuted(id, event, at: now, memo: &memo, into: &outcome)
    }
    try crossMatch(id, event, isConfirmed: cause.appliesCrossMatch, at: now, on: &memo, into: &outcome)
    outcome.events = [
      EventChange(
        id: id, expectedRevision: known?.revision ?? 0, state: try RecordJSON.text(memo),
        isMock: !event.isReal, notices: cause.notices)
    ]
    try await merge(cause.merged, into: id, event, &outcome)
    let receipt = try await store.commit(outcome, at: now)
    for other in cause.merged { files.forget(other) }
    files.adopt(id, memo, revision: receipt.revisions[id] ?? revision, changed: now)
  }

  private func merge(
    _ merged: [String], into id: String, _ event: Event, _ outcome: inout StepOutcome
  ) async throws {
    for other in merged {
      guard let gone = try await known(other) else { continue }
      outcome.events.append(
        EventChange(
          id: other, expectedRevision: gone.revision, state: try RecordJSON.text(gone.memo),
          isMock: !event.isReal, mergedInto: id))
      outcome.withdrawnPlans.append((other, "\(other) is the same event as \(id)"))
      outcome.log.append(Self.line("event.merged", other, "is the same event as \(id)"))
    }
  }

  private func situation(
    _ id: String, _ event: Event, _ cause: StepCause, _ memo: inout EventMemo, _ outcome: inout StepOutcome,
    at now: Instant
  ) async throws -> Situation {
    var situation = Situation(event: event, policy: settings.policy, now: now)
    situation.maps = try await maps(for: event, id, &memo, &outcome)
    situation.unavailableMaps = Set(memo.unavailableMaps)
    situation.telescopes = maker.telescopes.compactMap { telescope in
      guard telescope.outOfService == nil, let field = telescope.field else { return nil }
      let box = field.boundingBox
      return TelescopeField(id: telescope.id, shortSide: min(box.width, box.height))
    }
    situation.planned = try await planned(memo)
    try await addAnswers(about: id, to: &situation)
    situation.adjustment = memo.adjustment
    situation.roles = settings.roles
    // As its senders measured it; what circulars say is shown and not trusted.
    situation.brightness = event.standing.reversed().lazy.compactMap(\.transient.magnitude).first
    situation.hasCounterpart = situation.brightness != nil
    situation.answers = cause.answers.compactMap(\.answer)
    add(try await companions(of: event, id), to: &situation, of: id, &memo, &outcome)
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
      case .sent, .seen, .accepted: progress = .waiting
      case .started: progress = .started
      case .observed, .data, .photometry: progress = .done
      case .refused, .withdrawn, .expired: continue
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
    _ unsent: Unsent, endsNow: Bool, at now: Instant, on memo: inout EventMemo,
    into outcome: inout StepOutcome
  ) throws {
    func tell(_ occasion: Bulletin.Occasion, _ decision: Decision?, reason: String? = nil) throws {
      memo.messages += 1
      var message = EventMessage(
        event, id: id, decision: decision, figures: memo.map, plan: document, at: now)
      if occasion == .stop {
        message.verdict = .stop
      } else if decision == memo.campaign.decision, let standing = memo.campaign.outcome {
        // What was ended is over though the rules still say GO, and what has begun goes on though they say WATCH.
        message.verdict = EventMessage.Verdict(standing)
        if standing != decision?.outcome, let rules = decision?.outcome {
          message.reasons.insert("\(rules.rawValue) was decided; \(standing.rawValue) stands", at: 0)
        }
      }
      switch occasion {
      case .stop where !message.isRetracted: message.reasons = [reason].compactMap { $0 } + message.reasons
      case .question: message.question = reason
      case .decision: message.changes += [reason].compactMap { $0 }
      case .stop, .plan: break
      }
      message.onDuty = settings.duty?.names(at: now) ?? []
      var bulletin = Bulletin(
        occasion: occasion, event: id, isMock: !event.isReal, number: memo.messages, message: message,
        category: message.kind.rawValue.isEmpty ? "OTHER" : message.kind.rawValue, revision: revision,
        planNumber: memo.plannedOrder, document: document, reason: reason, unsent: unsent,
        isFollowedByStop: endsNow && occasion == .decision, now: now)
      if memo.campaign.order == nil, let open = memo.requests {
        // Nothing is wanted any more: what telescopes were asked for is taken back.
        bulletin.requests = RequestChange(ending: open)
        bulletin.source = memo.source?.target
        memo.requests = nil
      }
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
      if RemoteMapWish.isAddress(reference) {
        outcome.timers.append(try RemoteMapWish(url: reference, since: now).timer(for: id, due: now))
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
      endFollowups(about: id, reason: reason, at: now, &outcome)
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
      let text = "STOP is proposed, for \(cause.text): a person must confirm or decline it"
      outcome.log.append(Self.line("stop.proposed", id, text))
      try tell(.question, memo.campaign.decision, reason: text)
    case .goesOn(let reason): try tell(.decision, memo.campaign.decision, reason: reason)
    case .ask(let question):
      outcome.log.append(Self.line("question.asked", id, question.text))
      try tell(.question, memo.campaign.decision, reason: question.text)
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
