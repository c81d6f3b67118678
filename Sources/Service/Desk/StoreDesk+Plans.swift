import Dashboard
import Formats
import Store
import Units

/// Plans as lists and pages show them: from digests, not from the documents.
extension StoreDesk {
  /// Of a plan that was stored before digests were, the document is read, once.
  func digest(of id: String) async throws(DeskError) -> PlanDigest {
    if let held = state.sight.digest(id) { return held }
    let found = try await asked { () async throws(StoreError) in try await store.summaries(of: [id]) }
    var digest: PlanDigest?
    if let text = found[id]?.summary { digest = try? PlanDigest(json: text.utf8) }
    if digest == nil {
      let (_, bytes) = try await asked { () async throws(StoreError) in try await store.plan(id) }
      digest = PlanDigest(try Self.document(bytes, id))
    }
    guard let digest else { throw .unavailable("the plan \(id) cannot be read") }
    state.sight.keep(digest, of: id)
    return digest
  }

  func planLine(_ stored: StoredPlan) async throws(DeskError) -> PlanLine {
    let summary = try await digest(of: stored.id).summary
    return PlanLine(
      id: stored.id, state: stored.state.rawValue, madeUTC: stored.createdAt.iso8601(),
      probability: summary.network.probability, areaDeg2: summary.network.areaDeg2,
      telescopes: summary.telescopes.count, assignments: summary.network.assignments)
  }

  func planLine(_ id: String) async throws(DeskError) -> PlanLine {
    let found = try await asked { () async throws(StoreError) in try await store.summaries(of: [id]) }
    guard let stored = found[id]?.plan else { throw .notFound("no plan \(id)") }
    return try await planLine(stored)
  }

  func livePlan(of event: String) async throws(DeskError) -> PlanSheet? {
    let stored = try await asked { () async throws(StoreError) in try await store.event(event) }
    guard let id = try memo(stored).planID else { return nil }
    let digest = try await digest(of: id)
    let network = digest.summary.network
    let progress = try await asked { () async throws(StoreError) in try await store.progress(of: [id]) }
    let sendings = try await asked { () async throws(StoreError) in
      try await store.deliveryProgress(of: [event])
    }
    let isSent = sendings[event].map { $0.done > 0 && $0.open == 0 } ?? false
    let states = Dictionary(
      progress.map { ($0.telescope, Self.state(of: $0.states, isSent: isSent)) },
      uniquingKeysWith: { first, _ in first })
    let parts = digest.summary.telescopes.map { part in
      PlanSheet.Part(
        name: part.name, slug: part.slug, state: states[part.slug] ?? "planned", tiles: part.tiles,
        probability: part.prob, added: part.added, startUTC: part.firstStartUTC?.instant.iso8601(),
        endUTC: part.lastEndUTC?.instant.iso8601())
    }
    let left = digest.summary.omissions.map {
      PlanSheet.Part(name: $0.telescope, slug: $0.slug, state: "left_out", tiles: 0, reason: $0.reason)
    }
    var sheet = PlanSheet(
      plan: id, probability: network.probability, reachable: network.reachable,
      upperBound: network.upperBound, gap: network.gap,
      top: digest.top.map {
        .init(
          telescope: $0.telescope, slug: $0.slug, field: $0.fieldID, raDeg: $0.raDeg, decDeg: $0.decDeg,
          startUTC: $0.startUTC.instant.iso8601(), probability: $0.prob, reason: $0.reason)
      }, parts: parts + left)
    sheet.galaxyCount = digest.galaxyCount ?? 0
    sheet.galaxies = (digest.galaxies ?? []).map {
      .init(
        name: $0.name, raDeg: $0.raDeg, decDeg: $0.decDeg, distanceMpc: $0.distanceMpc, weight: $0.weight,
        telescopes: $0.telescopes, startUTC: $0.startUTC.instant.iso8601())
    }
    sheet.change = try await change(of: event, to: id, digest)
    sheet.coverage = Drawing(madeHere: CoverageChart.render(digest, now: state.clock.now()))
    sheet.distance = DistanceChart.render(digest).map { Drawing(madeHere: $0) }
    return sheet
  }

  /// Against the plan whose place it took; nil for the first one.
  private func change(
    of event: String, to id: String, _ digest: PlanDigest
  ) async throws(DeskError) -> PlanSheet.Change? {
    let all = try await asked { () async throws(StoreError) in try await store.plans(of: event) }
    guard let place = all.firstIndex(where: { $0.id == id }), place > 0 else { return nil }
    let before = all[place - 1].id
    if let known = state.sight.change("\(before) \(id)") { return known }
    let names = Dictionary(
      state.settings.telescopes.map { ($0.slug, $0.id) }, uniquingKeysWith: { first, _ in first })
    let (old, new) = try await asked { () async throws(StoreError) in
      (try await store.assignments(of: before), try await store.assignments(of: id))
    }
    let comparison = PlanComparison(
      old.map { .init($0.assignment, names) }, new.map { .init($0.assignment, names) },
      at: digest.summary.made.instant)
    let change = PlanSheet.Change(
      before: before, kept: comparison.total.kept, moved: comparison.total.moved, new: comparison.total.new,
      dropped: comparison.total.dropped, past: comparison.total.past,
      probabilityChange: digest.summary.network.probability
        - (try await self.digest(of: before)).summary.network.probability,
      lines: comparison.lines)
    state.sight.keep(change, between: "\(before) \(id)")
    return change
  }
}

extension PlanComparison.Pointing {
  fileprivate init(_ a: PlanAssignment, _ names: [String: String]) {
    self.init(
      telescope: names[a.telescope] ?? a.telescope, tile: a.tile, filter: a.filter, start: a.window.start)
  }
}
