import Campaigns
import Channels
import Deliveries
import Formats
import Notices
import Observatories
import Planning
import SkymapFiles
import Skymaps
import Store
import Units

extension Engine {
  /// Makes the most wanted plan that is owed.
  /// - Returns: false when none is.
  public func planNext() async throws -> Bool {
    var owed: [(String, PlanOrder)] = []
    for id in files.owed {
      if let order = try await known(id)?.memo.owedOrder { owed.append((id, order)) }
    }
    guard
      let (id, order) = owed.max(by: { a, b in
        // What a more urgent notice ordered, then the higher priority, then the newer event name, so that the
        // choice does not depend on chance.
        (pressing[a.0] ?? 0, a.1.orders.priority ?? 0, a.0)
          < (pressing[b.0] ?? 0, b.1.orders.priority ?? 0, b.0)
      })
    else { return false }
    try await plan(id, order)
    pressing[id] = nil
    return true
  }

  private func plan(_ id: String, _ order: PlanOrder) async throws {
    guard let event = try await event(id), let known = try await known(id) else { return }
    var memo = known.memo
    var outcome = StepOutcome()
    outcome.epoch = epoch
    do {
      let (map, digest) = try await place(of: order, id, event)
      // One instant: what has begun by it is under way, all else is still to come.
      let asOf = clock.now()
      let delivered = try await delivered(memo)
      let made = try maker.plan(
        order, event: event, id: id, on: map, digest: digest,
        observed: try await taken(for: id, isPlanning: true, delivered: delivered, at: asOf),
        busy: try await busy(with: id, delivered: delivered, at: asOf),
        before: try await standing(memo, at: asOf),
        used: try await used(besides: event, id, at: asOf), at: asOf)
      try await publish(
        made, on: map, order, of: id, event, asOf: asOf, delivered: delivered, memo: &memo,
        revision: Int(known.revision) + 1,
        into: &outcome)
    } catch let error as SkymapFileError {
      outcome.log.append(Self.line("plan.failed", id, "order \(order.number): \(error)"))
    } catch let error as PlanningError {
      outcome.log.append(Self.line("plan.failed", id, "order \(order.number): \(error)"))
    } catch let error as MissingMap {
      outcome.log.append(Self.line("plan.failed", id, "order \(order.number): \(error)"))
    }
    memo.plannedOrder = order.number
    outcome.events = [
      EventChange(
        id: id, expectedRevision: known.revision, state: try RecordJSON.text(memo), isMock: !event.isReal)
    ]
    let receipt = try await store.commit(outcome, at: clock.now())
    files.adopt(id, memo, revision: receipt.revisions[id] ?? known.revision + 1, changed: clock.now())
  }

  /// What is still to come of the live plan: nobody has begun, refused or lost it.
  func standing(_ memo: EventMemo, at now: Instant) async throws -> StandingPlan {
    guard let id = memo.planID, let document = try await liveDocument(of: memo) else {
      return StandingPlan()
    }
    let parts = Dictionary(document.plans.map { ($0.telescope.slug, $0) }, uniquingKeysWith: { a, _ in a })
    let names = Dictionary(maker.telescopes.map { ($0.slug, $0.id) }, uniquingKeysWith: { a, _ in a })
    var standing = StandingPlan(mapDigest: document.inputs.mapSHA256)
    for stored in try await store.assignments(of: id) {
      let a = stored.assignment
      guard a.window.start >= now, let name = names[a.telescope], let rows = parts[a.telescope]?.rows,
        rows.indices.contains(a.position)
      else { continue }
      let row = rows[a.position]
      // Times from the queue: documents hold whole milliseconds, and what is kept must not move by one.
      let pointing = HeldPointing(
        telescopeID: name, fieldID: row.fieldID, tileKey: a.tile, center: a.direction, start: a.window.start,
        exposure: a.exposure, exposureCount: row.nexp, end: a.window.end, filter: row.filter)
      switch stored.state {
      case .sent, .seen, .accepted: standing.pointings.append(pointing)
      case .refused: standing.lost.append(pointing)
      default: break
      }
    }
    return standing
  }

  /// What telescopes have been asked for already, without what is still to come of an event's own plan: that is
  /// planned anew. Rehearsals use up nothing that is real.
  func used(besides event: Event, _ id: String, at now: Instant) async throws -> [String: AllocationUse] {
    let pointings = try await store.usedPointings(since: now - AllocationBook.reach).filter {
      $0.isMock != event.isReal
        && !($0.event == id && $0.scope == PlanDraft.networkScope && $0.window.start >= now)
    }
    return AllocationBook(pointings, of: maker.telescopes, at: now).use(for: id)
  }

  func place(
    of order: PlanOrder, _ id: String, _ event: Event
  ) async throws -> (Skymap, String) {
    switch order.basis {
    case .map(let reference) where reference.hasPrefix("joint:"):
      guard let held = try await jointMap(reference, of: event, id) else {
        throw MissingMap(reference: reference)
      }
      return (held.map, held.digest)
    case .map(let reference):
      guard let held = try await map(reference, of: id) else { throw MissingMap(reference: reference) }
      return (held.map, held.digest)
    case .region(let region):
      guard var notice = event.localizing else {
        throw MissingMap(reference: "the region of \(order.noticeKey)")
      }
      notice.localization = .region(region.wrappedValue)
      notice.wave?.coincidence = nil
      notice.systematics = nil
      let map = try SkymapFile.read(notice)
      return (map, SHA256.hexDigest(of: try RecordJSON.text(region)))
    }
  }

  private func publish(
    _ made: PlanMaker.Result, on map: Skymap, _ order: PlanOrder, of id: String, _ event: Event,
    asOf: Instant, delivered: Set<Int64>, memo: inout EventMemo, revision: Int,
    into outcome: inout StepOutcome
  ) async throws {
    let now = clock.now()
    let old = try await planned(memo)
    switch memo.campaign.publication(of: made.plan.planned, for: order.number, over: old, at: now) {
    case .stale(let reason):
      outcome.log.append(Self.line("plan.stale", id, "\(made.plan.id): \(reason)"))
    case .publish(let diffs):
      let changes = diffs.map(\.text)
      if diffs.isEmpty, memo.planID != nil {
        outcome.log.append(Self.line("plan.unchanged", id, "the plan stays as it is: \(memo.planID ?? "")"))
        return
      }
      outcome.plans = [
        PlanDraft(
          id: made.plan.id, event: id, requestDigest: made.requestDigest,
          document: Array(made.document.json().utf8), assignments: made.plan.pointings,
          summary: PlanDigest(made.document, on: map).json(),
          files: Dictionary(
            uniqueKeysWithValues: PlanFiles.ofMap(made.document, on: map).map { ($0.path, $0.bytes) }),
          asOf: asOf, delivered: delivered)
      ]
      outcome.timers += try outcome.plans.compactMap(expiryTimer)
      let network = made.document.network
      outcome.log.append(
        Self.line(
          "plan.made", id,
          "\(made.plan.id): \(network.assignments) tiles by \(made.document.plans.count) telescopes"
            + (changes.isEmpty || old.isEmpty ? "" : "; " + changes.joined(separator: "; "))))
      let replaced = try await liveDocument(of: memo)
      memo.planID = made.plan.id
      memo.messages += 1
      var message = EventMessage(
        event, id: id, decision: memo.campaign.decision, figures: memo.map, plan: made.document, at: now)
      message.verdict = EventMessage.Verdict(memo.campaign.outcome)
      message.changes = old.isEmpty ? [] : changes
      message.onDuty = settings.duty?.names(at: now) ?? []
      let unsent = try await unsent(of: id)
      let bulletin = Bulletin(
        occasion: .plan, event: id, isMock: !event.isReal, number: memo.messages, message: message,
        category: message.kind.rawValue.isEmpty ? "OTHER" : message.kind.rawValue, revision: revision,
        informed: event.notices.compactMap(\.created).max(), planNumber: order.number,
        document: made.document, replaced: replaced, map: map,
        requests: requests(for: order, made.document, of: id, event, memo: &memo),
        source: memo.source?.target, unsent: unsent,
        now: now)
      outcome.deliveries += try bulletin.deliveries(to: settings.recipients)
      memo.carriers = PlanCarriers(
        outcome.deliveries, settings.recipients, requests: memo.requests ?? [])
      outcome.withdrawnDeliveries += unsent.withdrawn(
        because: "\(made.plan.id) took its place", but: Set(outcome.deliveries.compactMap(\.slot)))
    }
  }

  /// What the order changes about the requests made through ICARE.
  private func requests(
    for order: PlanOrder, _ document: NetworkPlanDocument, of id: String, _ event: Event,
    memo: inout EventMemo
  ) -> RequestChange? {
    guard let options = settings.recipients.icare(isMock: !event.isReal) else { return nil }
    let maker = FollowUpRequests(event: id, options: options, telescopes: maker.telescopes)
    if let tile = maker.slugs(for: order).values.min(by: { $0.telescope < $1.telescope }) {
      memo.source = maker.source(at: tile.center, known: memo.source)
    }
    let change = maker.change(order, document, source: memo.source, open: memo.requests ?? [])
    memo.requests = change.open
    return change
  }
}

/// The order names a map that is not at hand.
struct MissingMap: Error, CustomStringConvertible {
  let reference: String
  var description: String { "the map \(reference.prefix(60)) is not at hand" }
}
