import Campaigns
import Dashboard
import Deliveries
import Followups
import Foundation
import Formats
import Observatories
import Store
import Units

/// Requests for point sources over the store: what was asked, answered and sent is kept in one transaction.
struct StoreFollowupDesk: FollowupDesk {
  let state: ServiceState
  private var store: Store { state.store }
  private var now: Instant { state.clock.now() }
  private static let mostTelescopes = 200

  private func asked<T>(_ body: () async throws(StoreError) -> T) async throws(DeskError) -> T {
    try await StoreDesk(state: state).asked(body)
  }

  // MARK: Asking

  func ask(_ form: FollowupForm, by identity: Identity) async throws(DeskError) -> FollowupView {
    let now = now
    var bare = form
    (bare.key, bare.send) = (nil, nil)
    let text = try Self.text(bare)
    let given = try PlainWords.checked(form.key, "key", most: 200)
    let key = "api/\(identity.name)/\(given ?? UUID().uuidString)"
    let digest = SHA256.hexDigest(of: text)
    if let known = try await asked({ () async throws(StoreError) in try await store.followup(key: key) }) {
      guard known.digest == digest else {
        throw .conflict("the key \(given ?? "") stands for another request")
      }
      return try await resent(known.id, form.send, identity)
    }
    let request = try await request(form, at: now)
    let answer = try Self.answer(to: request, state)
    let id =
      "\(FollowupPlan.objectName(request.target.name))-f"
      + SHA256.hexDigest(of: "\(key)\n\(digest)\n\(now.tai)").prefix(6)
    let about = try PlainWords.checked(form.event, "event", most: 200)
    try await refuseRetracted(about)
    let isMock = form.mock ?? false
    let view = Self.view(answer, of: request, id: id, about, isMock, by: identity)
    let sending =
      try (form.send ?? []).isEmpty
      ? []
      : sendings(
        of: id, to: distinct(form.send ?? []), request, answer, isMock: isMock, revisions: [:],
        by: identity)
    let draft = FollowupDraft(
      id: id, key: key, digest: digest, about: about, isMock: isMock, request: try Self.text(form),
      answer: try Self.text(view), actor: identity.actor)
    let stored = try await asked { () async throws(StoreError) in
      try await store.record(draft, sending: sending, at: now).id
    }
    return try await followup(stored)
  }

  /// The request was made before: what it was to send is sent, if that did not happen.
  private func resent(
    _ id: String, _ slugs: [String]?, _ identity: Identity
  ) async throws(DeskError) -> FollowupView {
    guard let slugs, !slugs.isEmpty else { return try await followup(id) }
    let had = Set(try await plans(of: id).compactMap { FollowupPlan.slug(ofScope: $0.scope) })
    // Taken back since then, it is not sent again by a repetition.
    let left = distinct(slugs).filter { !had.contains($0) }
    return left.isEmpty ? try await followup(id) : try await send(id, to: left, by: identity)
  }

  private static func text(_ value: some Encodable) throws(DeskError) -> String {
    do { return try RecordJSON.text(value) } catch { throw .invalid("the request cannot be kept") }
  }

  /// By slug, each once; telescopes may be called by any of their names.
  private func distinct(_ names: [String]) -> [String] {
    let registry = Registry(state.settings.telescopes)
    let slugs = names.prefix(Self.mostTelescopes + 1).map { (try? registry.resolve($0).slug) ?? $0 }
    return slugs.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  /// The request over the network as it may be used now: what is out is out, what was sent is counted.
  private func request(
    _ form: FollowupForm, of id: String? = nil, at now: Instant
  ) async throws(DeskError) -> FollowupRequest {
    let outages = try await asked { () async throws(StoreError) in
      try await store.outages(for: form.event, after: now)
    }
    let network = state.settings.telescopes.map { telescope in
      outages.filter { $0.outage.telescope == telescope.slug }.reduce(into: telescope) {
        $0.leaveOut($1.outage, from: now)
      }
    }
    let used = try await asked { () async throws(StoreError) in
      try await store.usedPointings(since: now - AllocationBook.reach)
    }
    var request = try FollowupReading(form: form, telescopes: network, now: now).request()
    request.use = AllocationBook(used, of: network, at: now).use(for: id)
    return request
  }

  private static func answer(
    to request: FollowupRequest, _ state: ServiceState
  ) throws(DeskError) -> FollowupAnswer {
    do { return try Followup.answer(to: request, earth: state.settings.earth) } catch {
      throw .invalid("\(error)")
    }
  }

  // MARK: Sending

  func send(_ id: String, to slugs: [String], by identity: Identity) async throws(DeskError) -> FollowupView {
    let now = now
    let stored = try await asked { () async throws(StoreError) in try await store.followup(id) }
    let form: FollowupForm
    do { form = try RecordJSON.value(of: stored.request) } catch {
      throw .unavailable("the request \(id) cannot be read")
    }
    let plans = try await plans(of: id)
    let live = Set(plans.filter { $0.state == .live }.map(\.scope))
    let wanted = distinct(slugs).filter { !live.contains(FollowupPlan.scope($0)) }
    guard !wanted.isEmpty else { return try await followup(id) }
    try await refuseRetracted(stored.about)
    // As things are now, and not as they were when it was asked.
    let request = try await request(Self.fixed(form, stored.createdAt), of: id, at: now)
    let answer = try Self.answer(to: request, state)
    let revisions = Dictionary(grouping: plans, by: \.scope).mapValues(\.count)
    let sending = try sendings(
      of: id, to: wanted, request, answer, isMock: stored.isMock, revisions: revisions, by: identity)
    _ = try await asked { () async throws(StoreError) in try await store.send(sending, at: now) }
    return try await followup(id)
  }

  /// Nobody is sent after the source of an event that its sender has taken back.
  private func refuseRetracted(_ event: String?) async throws(DeskError) {
    guard let event else { return }
    let stored = try await asked { () async throws(StoreError) in try await store.event(event) }
    guard let memo: EventMemo = try? RecordJSON.value(of: stored.state) else { return }
    guard memo.record.status == .active else {
      throw .conflict("event: \(event) was retracted; nothing is to be observed for it")
    }
  }

  /// What "now" meant when it was asked.
  private static func fixed(_ form: FollowupForm, _ asked: Instant) -> FollowupForm {
    var form = form
    let text = asked.iso8601(.milliseconds)
    form.magTimeUTC = form.magTimeUTC ?? text
    form.eventTimeUTC = form.eventTimeUTC ?? text
    form.startUTC = form.startUTC ?? text
    return form
  }

  private func sendings(
    of id: String, to slugs: [String], _ request: FollowupRequest, _ answer: FollowupAnswer, isMock: Bool,
    revisions: [String: Int], by identity: Identity
  ) throws(DeskError) -> [FollowupSending] {
    guard slugs.count <= Self.mostTelescopes else {
      throw .invalid("at most \(Self.mostTelescopes) telescopes")
    }
    var list: [FollowupSending] = []
    for slug in slugs {
      guard let offer = answer.offers.first(where: { $0.telescope.slug == slug }) else {
        if let out = answer.omissions.first(where: { $0.slug == slug }) {
          throw .conflict("\(slug) cannot observe it now: \(out.reason)")
        }
        throw .notFound("no telescope is called \(slug.prefix(60))")
      }
      list.append(
        try sending(
          of: id, offer, request, isMock: isMock,
          revision: (revisions[FollowupPlan.scope(slug)] ?? 0) + 1, by: identity))
    }
    return list
  }

  private func sending(
    of id: String, _ offer: FollowupAnswer.Offer, _ request: FollowupRequest, isMock: Bool, revision: Int,
    by identity: Identity
  ) throws(DeskError) -> FollowupSending {
    let slug = offer.telescope.slug
    let seal = SHA256.hexDigest(of: "\(id)\n\(slug)\n\(revision)")
    let part = FollowupPlan(
      id: id, planID: "\(id)-r\(revision)-\(seal.prefix(8))", revision: revision, request: request,
      offer: offer, version: state.settings.version, earth: state.settings.earth)
    do {
      let document = try part.document()
      let draft = PlanDraft(
        id: part.planID, event: id, scope: FollowupPlan.scope(slug), requestDigest: seal,
        document: Array(document.json().utf8), assignments: part.pointings())
      let bulletin = FollowupBulletin(
        id: id, name: request.target.name, priority: request.priority, document: document, isMock: isMock,
        telescopes: state.settings.telescopes, now: request.now)
      let end = offer.visits.map(\.end).max() ?? request.window.end
      let timer = TimerDraft(
        id: "expire/\(part.planID)", event: id, kind: Engine.expiry, due: end + Engine.reportingTime,
        body: try RecordJSON.text(["plan": part.planID]))
      return FollowupSending(
        plan: draft, deliveries: try bulletin?.deliveries(to: state.settings.recipients) ?? [],
        timers: [timer],
        log: LogDraft(
          actor: identity.actor, kind: "followup.sent", event: id,
          fields: ["text": "\(slug) is asked to observe \(request.target.name)", "plan": part.planID]))
    } catch {
      throw .unavailable("\(slug) cannot be asked: \(error)")
    }
  }

  func withdraw(
    _ id: String, from slugs: [String], reason: String, by identity: Identity
  ) async throws(DeskError) -> FollowupView {
    let now = now
    let stored = try await asked { () async throws(StoreError) in try await store.followup(id) }
    let why = try PlainWords.checked(reason, "reason", most: 500) ?? "not needed any more"
    let view: FollowupView
    do { view = try RecordJSON.value(of: stored.answer) } catch {
      throw .unavailable("the request \(id) cannot be read")
    }
    let named = distinct(slugs)
    var scopes: [String: [Delivery]] = [:]
    for plan in try await plans(of: id) where plan.state == .live {
      guard let slug = FollowupPlan.slug(ofScope: plan.scope), named.isEmpty || named.contains(slug) else {
        continue
      }
      let bulletin = FollowupBulletin(
        id: id, name: view.name, priority: FollowupRequest.Priority(rawValue: view.priority) ?? .normal,
        document: try await StoreQueueDesk(state: state).document(plan.id), isMock: stored.isMock,
        telescopes: state.settings.telescopes, now: now)
      do {
        scopes[plan.scope] =
          try bulletin?.withdrawals(to: state.settings.recipients, reason: why) ?? []
      } catch { throw .unavailable("\(slug) cannot be told: \(error)") }
    }
    let ending = scopes
    _ = try await asked { () async throws(StoreError) in
      try await store.withdraw(followup: id, scopes: ending, reason: why, actor: identity.actor, at: now)
    }
    return try await followup(id)
  }

  // MARK: Reading

  private func plans(of id: String) async throws(DeskError) -> [StoredPlan] {
    try await asked { () async throws(StoreError) in try await store.plans(of: id) }
      .filter { FollowupPlan.slug(ofScope: $0.scope) != nil }
      .sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
  }

  func followup(_ id: String) async throws(DeskError) -> FollowupView {
    let stored = try await asked { () async throws(StoreError) in try await store.followup(id) }
    var view: FollowupView
    do { view = try RecordJSON.value(of: stored.answer) } catch {
      throw .unavailable("the request \(id) cannot be read")
    }
    view.sent = []
    for plan in try await plans(of: id) {
      let states = try await asked { () async throws(StoreError) in
        try await store.assignments(of: plan.id)
      }.map(\.state.rawValue)
      view.sent.append(
        .init(
          slug: FollowupPlan.slug(ofScope: plan.scope) ?? "", plan: plan.id, state: plan.state.rawValue,
          answers: states, atUTC: plan.createdAt.iso8601(), reason: plan.reason))
    }
    return view
  }

  func followups(limit: Int) async throws(DeskError) -> [FollowupLine] {
    var lines: [FollowupLine] = []
    for stored in try await asked({ () async throws(StoreError) in try await store.followups(limit: limit) })
    {
      // One that cannot be read must not hide the others.
      guard let view: FollowupView = try? RecordJSON.value(of: stored.answer) else { continue }
      let live = try await plans(of: stored.id).filter { $0.state == .live }
      lines.append(
        FollowupLine(
          id: stored.id, name: view.name, raDeg: view.raDeg, decDeg: view.decDeg, madeUTC: view.madeUTC,
          offers: view.offers.count, sent: live.compactMap { FollowupPlan.slug(ofScope: $0.scope) }))
    }
    return lines
  }
}
