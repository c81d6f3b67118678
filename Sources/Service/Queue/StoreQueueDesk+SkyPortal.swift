import Campaigns
import Dashboard
import Formats
import Queues
import Store
import Units

extension StoreQueueDesk {
  private struct Share {
    let plan: StoredPlan
    let pointings: [StoredAssignment]
    let document: PlanDocument
    /// Of the share: the lowest of its pointings' numbers, which no other share has.
    var id: Int64 { pointings.map(\.id).min() ?? 0 }
  }

  func observationPlans(
    _ query: SkyPortalQuery, for slugs: [String], reader: Answerer
  ) async throws(DeskError) -> [SkyPortalPlan] {
    guard query.status.map({ "complete".contains($0) }) ?? true else { return [] }
    return try await shares(query, slugs, reader) { $0 == "network" }.map { Self.plan($0, query) }
  }

  func followupRequests(
    _ query: SkyPortalQuery, for slugs: [String], reader: Answerer
  ) async throws(DeskError) -> [SkyPortalFollowup] {
    try await shares(query, slugs, reader) { $0 != "network" }.flatMap { share in
      share.pointings.filter { $0.state != .withdrawn }.map { Self.followup($0, share) }
    }.filter { request in query.status.map { request.status.contains($0) } ?? true }
  }

  /// The telescopes' parts of plans in force that were made in the time asked for, newest last.
  private func shares(
    _ query: SkyPortalQuery, _ slugs: [String], _ reader: Answerer, scope: (String) -> Bool
  ) async throws(DeskError) -> [Share] {
    let start = try query.startDate.map { text throws(DeskError) in try Self.time(text, "startDate") }
    let end = try query.endDate.map { text throws(DeskError) in try Self.time(text, "endDate") }
    var found: [Share] = []
    for slug in slugs {
      let queue = try await current(slug)
      if slugs.count < 5 { _ = try await markSeen(queue, by: reader) }
      for id in Set(queue.pointings.map(\.plan)).sorted() {
        let (plan, bytes) = try await asked { () async throws(StoreError) in try await store.plan(id) }
        guard plan.state == .live, scope(plan.scope), start.map({ plan.createdAt >= $0 }) ?? true,
          // Clients send their own clock as the end.
          end.map({ plan.createdAt <= $0 + ObservationMatch.clockTolerance }) ?? true
        else { continue }
        let document: NetworkPlanDocument
        do { document = try state.doors.document(id, bytes) } catch {
          throw .unavailable("the plan \(id) cannot be read: \(error)")
        }
        guard let own = document.plans.first(where: { $0.telescope.slug == slug }) else { continue }
        let pointings = try await asked { () async throws(StoreError) in
          try await store.assignments(of: id)
        }.filter { $0.assignment.telescope == slug }
        found.append(Share(plan: plan, pointings: pointings, document: own))
      }
    }
    return found.sorted { ($0.plan.createdAt, $0.id) < ($1.plan.createdAt, $1.id) }
  }

  /// SkyPortal writes UTC without a zone.
  private static func naive(_ time: Instant) -> String { String(time.iso8601().dropLast()) }

  private static func plan(_ share: Share, _ query: SkyPortalQuery) -> SkyPortalPlan {
    let (document, id) = (share.document, share.id)
    let instrument = query.instrumentID ?? 1
    let open = share.pointings.filter { $0.state.isOpen || $0.state == .started }
    let rows = Dictionary(document.rows.map { ($0.tileKey, $0) }, uniquingKeysWith: { first, _ in first })
    let start = naive(document.rows.map(\.startUTC.instant).min() ?? document.valid.start.instant)
    let end = naive(document.rows.map(\.latestStartUTC.instant).max() ?? document.valid.end.instant)
    let dateobs = naive(document.event.t0?.instant ?? document.made.instant)
    let observations = open.enumerated().compactMap { i, pointing -> SkyPortalPlan.Plan.Observation? in
      guard let row = rows[pointing.assignment.tile] else { return nil }
      let field = fieldNumber(row.fieldID, otherwise: pointing.id)
      return .init(
        id: pointing.id, plannedObservationId: i, observationPlanId: id, instrumentId: instrument,
        fieldId: field, dateobs: dateobs, obstime: naive(row.startUTC.instant), filt: row.filter ?? "",
        exposureTime: Int(min(max(row.exptimeS.rounded(), 1), 86_400)), weight: row.prob,
        overheadPerExposure: document.timing.readoutS,
        field: .init(
          id: field, fieldId: field, ra: row.raDeg, dec: row.decDeg, instrumentId: instrument))
    }
    let filters = Set(document.rows.compactMap(\.filter)).sorted().joined(separator: ",")
    return SkyPortalPlan(
      id: id, status: "complete", gcneventId: eventNumber(document.event.id), localizationId: id,
      allocationId: 1, createdAt: naive(share.plan.createdAt),
      payload: .init(queueName: document.planID, startDate: start, endDate: end, filters: filters),
      observationPlans: [
        .init(
          id: id, observationPlanRequestId: id, instrumentId: instrument, planName: document.planID,
          dateobs: dateobs, status: "complete", validityWindowStart: start, validityWindowEnd: end,
          createdAt: naive(share.plan.createdAt),
          plannedObservations: query.includesObservations ? observations : nil)
      ])
  }

  func skyPortalEvent(_ dateobs: String) async throws(DeskError) -> SkyPortalEvent? {
    let all = try await asked { () async throws(StoreError) in try await store.events(limit: 1000) }
    for stored in all where stored.mergedInto == nil {
      guard let memo: EventMemo = try? RecordJSON.value(of: stored.state), let time = memo.record.time,
        Self.naive(time) == dateobs.prefix(19)
      else { continue }
      let name = memo.kind == "gravitational_wave" ? "LVC#\(stored.id)" : stored.id
      return SkyPortalEvent(id: Self.eventNumber(stored.id), dateobs: Self.naive(time), aliases: [name])
    }
    return nil
  }

  private static func fieldNumber(_ text: String, otherwise id: Int64) -> Int64 { Int64(text) ?? id }

  /// The same event has the same number everywhere and always.
  private static func eventNumber(_ event: String) -> Int64 {
    Int64(SHA256.hexDigest(of: event).prefix(7), radix: 16) ?? 0
  }

  private static func followup(_ pointing: StoredAssignment, _ share: Share) -> SkyPortalFollowup {
    let row = share.document.rows.first { $0.tileKey == pointing.assignment.tile }
    return SkyPortalFollowup(
      id: pointing.id, objId: share.document.event.id, status: status(pointing.state), allocationId: 1,
      createdAt: naive(share.plan.createdAt),
      payload: .init(
        observationChoices: pointing.assignment.filter.isEmpty ? [] : [pointing.assignment.filter],
        exposureTime: Int(min(max(pointing.assignment.exposure.seconds.rounded(), 1), 86_400)),
        exposureCounts: row?.nexp ?? 1, startDate: naive(pointing.assignment.window.start),
        endDate: naive(pointing.assignment.window.end)),
      obj: .init(
        id: share.document.event.id, ra: pointing.assignment.direction.ra.normalized.degrees,
        dec: pointing.assignment.direction.dec.degrees))
  }

  private static func status(_ state: QueueState) -> String {
    switch state {
    case .sent, .seen: "submitted"
    case .accepted: "accepted"
    case .started: "in progress"
    case .observed, .data, .photometry: "completed"
    case .refused: "rejected"
    case .withdrawn: "deleted"
    case .expired: "expired"
    }
  }

  func setFollowup(
    _ number: Int64, status: String, for slugs: [String], by answerer: Answerer
  ) async throws(DeskError) {
    let found: StoredAssignment
    do { found = try await store.assignment(number) } catch {
      throw .invalid("Could not retrieve followup request.")
    }
    guard slugs.contains(found.assignment.telescope) else {
      throw .invalid("Could not retrieve followup request.")
    }
    let text = try PlainWords.checked(status, "status", most: 200)?.lowercased() ?? ""
    let known: [(String, String)] = [
      ("complete", "observed"), ("observed", "observed"), ("reject", "refused"), ("fail", "refused"),
      ("refuse", "refused"), ("cannot", "refused"), ("accept", "accepted"), ("progress", "started"),
      ("start", "started"), ("observing", "started"), ("submitted", "seen"), ("pending", "seen"),
    ]
    guard let word = known.first(where: { text.contains($0.0) })?.1 else {
      throw .invalid(
        "The status \(text.prefix(40)) means nothing here: completed, rejected, accepted, in progress.")
    }
    var form = AnswerForm(answer: word, pointing: number)
    if word == "refused" { form.reason = text }
    _ = try await answer(form, for: found.assignment.telescope, by: answerer)
  }
}
