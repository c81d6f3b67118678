import Notices
import Units

/// The lifecycle of an event as a pure function: what is remembered and what is known now give what to
/// remember and what to do. Stepping again in the same situation does nothing more, so stepping too often is
/// harmless; a campaign that waits should be stepped now and then, because rules may ask for its age.
public enum Lifecycle {
  /// - Parameter previous: nil for an event that is new.
  public static func step(from previous: Campaign?, in situation: Situation) -> CampaignStep {
    var stepper = Stepper(campaign: previous ?? Campaign(), isFirst: previous == nil, situation: situation)
    stepper.run()
    return CampaignStep(
      campaign: stepper.campaign, actions: stepper.actions, wake: stepper.wake)
  }
}

private struct Stepper {
  var campaign: Campaign
  let isFirst: Bool
  let situation: Situation
  var actions: [CampaignAction] = []

  var event: Event { situation.event }
  var now: Instant { situation.now }

  mutating func run() {
    let hasNews = noteNotices()
    let place = choosePlace()
    decide(place.map)
    answer()
    followStatus()
    observeCounterpart()
    perform(campaign.followUp.receive(.tick, at: now))
    withdraw()
    setTags()
    order(place)
    if hasNews, actions.isEmpty {
      actions.append(
        .note("Nothing changes by what came in: still \(campaign.decision?.outcome.rawValue ?? "undecided").")
      )
    }
  }

  var wake: Instant? {
    let turn = event.status == .active ? campaign.decision?.nextTurn(of: event.time, after: now) : nil
    let times = [campaign.followUp.nextTimer, campaign.order?.expires, turn].compactMap { $0 }
    return times.filter { $0 > now }.min()
  }

  // MARK: What came in

  private mutating func noteNotices() -> Bool {
    let seen = SHA256.hexDigest(of: event.notices.map(\.duplicateKey).joined(separator: "\n"))
    defer { campaign.seen = seen }
    let new = event.contradictions.filter { !campaign.askedContradictions.contains($0) }
    if !new.isEmpty {
      campaign.askedContradictions += new
      actions.append(.ask(.contradiction(keys: new)))
    }
    return seen != campaign.seen
  }

  /// Where to look: the best map at hand, or a region; asks for maps that are better. While the map of the
  /// newest notice is on its way and it states no region, an older notice's map still serves.
  private mutating func choosePlace() -> Place {
    guard let newest = event.localizing else { return Place() }
    var place = Place()
    for candidate in newest.places where place.basis == nil {
      let reference = candidate.mapReference
      if let reference, situation.maps[reference] == nil, !situation.unavailableMaps.contains(reference) {
        place.awaited = place.awaited ?? reference
        ask(for: reference, of: newest)
      }
      place.take(candidate, of: newest, map: reference.flatMap { situation.maps[$0] })
    }
    for older in event.standing.reversed() where place.basis == nil && older != newest {
      for candidate in older.places where place.basis == nil {
        guard let map = candidate.mapReference.flatMap({ situation.maps[$0] }) else { continue }
        place.take(candidate, of: older, map: map)
      }
    }
    return joint(newest, awaiting: place.awaited) ?? place
  }

  private func joint(_ newest: Notice, awaiting awaited: String?) -> Place? {
    guard let reference = situation.jointMap, let map = situation.maps[reference] else { return nil }
    var place = Place()
    place.take(.remoteMap(url: reference, region: nil), of: newest, map: map)
    place.awaited = awaited
    return place
  }

  private mutating func ask(for reference: String, of notice: Notice) {
    guard !campaign.askedForMaps.contains(reference) else { return }
    campaign.askedForMaps.append(reference)
    actions.append(.getMap(reference: reference, noticeKey: notice.duplicateKey))
  }

  // MARK: Deciding

  private mutating func decide(_ map: MapSummary?) {
    let counted = situation.coincidences.filter { $0.counts(in: situation.windows) }
    let facts = EventFacts(
      of: event, map: map, now: now, stated: situation.stated, coincidences: counted)
    let previous = campaign.decision
    var decision = situation.policy.decide(on: facts, after: previous)
    // Time alone ends no campaign that runs: timers propose that, and a person answers.
    if let previous, campaign.followUp.isRunning, decision.facts.isSame(as: previous.facts),
      decision.policyDigest == previous.policyDigest
    {
      return
    }
    decision = decision.inheriting(previous)
    adopt(decision, byPerson: false)
  }

  private mutating func adopt(_ decision: Decision, byPerson: Bool) {
    let key = event.latest?.duplicateKey ?? event.retraction?.duplicateKey
    guard key != campaign.announcedKey || decision.isNews(after: campaign.decision) else { return }
    campaign.decision = decision
    campaign.announcedKey = key
    actions.append(.announce(decision))
    guard event.status == .active, !campaign.followUp.isRetracted else { return }
    perform(campaign.followUp.receive(.decided(decision.outcome, byPerson: byPerson), at: now))
  }

  private mutating func answer() {
    for answer in situation.answers {
      switch answer {
      case .stopConfirmed(let role): perform(campaign.followUp.receive(.stopConfirmed(role: role), at: now))
      case .stopDeclined(let role):
        if campaign.followUp.proposal != nil {
          actions.append(.goesOn(reason: "STOP was declined by the \(role): the campaign goes on"))
        }
        perform(campaign.followUp.receive(.stopDeclined(role: role), at: now))
      case .reopened(let role):
        if campaign.followUp.state == .stopped, !campaign.followUp.isRetracted {
          actions.append(.goesOn(reason: "the campaign was reopened by the \(role)"))
        }
        perform(campaign.followUp.receive(.reopened(role: role), at: now))
        if let decision = campaign.decision {
          perform(campaign.followUp.receive(.decided(decision.outcome, byPerson: false), at: now))
        }
      case .overridden(let override): apply(override)
      case .overrideLifted:
        guard let decision = campaign.decision, decision.override != nil else { continue }
        adopt(decision.withoutOverride, byPerson: false)
      }
    }
  }

  private mutating func apply(_ override: Override) {
    guard let decision = campaign.decision, decision.override != override else { return }
    do throws(OverrideError) {
      let changed = try decision.withoutOverride.overridden(by: override, allowed: situation.roles)
      adopt(changed, byPerson: true)
    } catch {
      actions.append(.note("The override was refused: \(error.text)"))
    }
  }

  // MARK: Following

  private mutating func followStatus() {
    defer { campaign.status = event.status }
    switch event.status {
    case .active:
      guard campaign.followUp.isRetracted else { return }
      let role = event.reinstatements.last?.role ?? "sender"
      perform(campaign.followUp.receive(.reinstated(role: role), at: now))
      if let decision = campaign.decision {
        perform(campaign.followUp.receive(.decided(decision.outcome, byPerson: false), at: now))
      }
    case .retracted, .awaitingReinstatement:
      if !campaign.followUp.isRetracted { perform(campaign.followUp.receive(.retracted, at: now)) }
      if event.status == .awaitingReinstatement, campaign.status != event.status,
        let key = event.retraction?.duplicateKey
      {
        actions.append(.ask(.reinstate(retractionKey: key)))
      }
    }
  }

  private mutating func observeCounterpart() {
    if situation.hasCounterpart, !campaign.followUp.hasCounterpart {
      perform(campaign.followUp.receive(.counterpartFound, at: now))
    }
    guard let brightness = situation.brightness, brightness != campaign.brightness else { return }
    campaign.brightness = brightness
    perform(campaign.followUp.receive(.measured(brightness), at: now))
  }

  private mutating func perform(_ list: [FollowUp.Action]) {
    for action in list {
      switch action {
      case .begin: continue  // the decision was announced; tags and orders follow below
      case .proposeStop(let cause): actions.append(.proposeStop(cause))
      case .stop(let reason): actions.append(.stop(reason: reason))
      case .askToReopen(let outcome): actions.append(.ask(.reopen(outcome)))
      }
    }
  }

  // MARK: What follows

  /// Takes back what is no longer allowed. Where something still is, the new plan replaces the old one.
  private mutating func withdraw() {
    let orders = campaign.decision?.effectiveOrders
    var list: [Withdrawal] = []
    for telescope in situation.planned.sorted(by: { $0.telescope < $1.telescope }) {
      if campaign.followUp.isRunning, orders.map({ allows($0, telescope.telescope) }) ?? false { continue }
      // A WATCH does not end what runs, and names no telescopes.
      if campaign.followUp.isRunning, orders.map({ !$0.outcome.isFollowUp }) ?? true { continue }
      let waiting = telescope.tiles.filter { $0.progress == .waiting }.map(\.id)
      let running = telescope.tiles.filter { $0.progress == .started }.map(\.id)
      guard !waiting.isEmpty || !running.isEmpty else { continue }
      list.append(
        Withdrawal(
          telescope: telescope.telescope, planID: telescope.planID, tiles: waiting, running: running))
    }
    guard !list.isEmpty else { return }
    // Before STOP is said.
    let place = actions.firstIndex { if case .stop = $0 { true } else { false } } ?? actions.endIndex
    actions.insert(.withdraw(list), at: place)
  }

  private mutating func setTags() {
    let wanted: [String] =
      campaign.followUp.state == .stopped
      ? [Outcome.stop.tag].compactMap { $0 } : campaign.decision?.effectiveOrders.tags ?? []
    // A WATCH during a campaign leaves GO where it is.
    if campaign.followUp.isRunning, campaign.decision?.outcome == .watch { return }
    guard wanted != campaign.tags else { return }
    let add = wanted.filter { !campaign.tags.contains($0) }
    let remove = campaign.tags.filter { !wanted.contains($0) }
    campaign.tags = wanted
    if !add.isEmpty || !remove.isEmpty { actions.append(.tags(add: add, remove: remove)) }
  }

  private mutating func order(_ place: Place) {
    guard campaign.followUp.isRunning, let decision = campaign.decision else {
      campaign.order = nil
      return
    }
    guard decision.outcome.isFollowUp else { return }
    guard let basis = place.basis, let key = place.noticeKey else {
      if campaign.order == nil { note("Nothing to plan on yet: no notice gives a place.") }
      return
    }
    let orders = decision.effectiveOrders
    let expires = orders.validity.flatMap { time in
      (event.time ?? campaign.followUp.startedAt).map { $0 + time }
    }
    if let expires, expires <= now {
      if campaign.order != nil || isFirst { note("Nothing is planned after \(expires.iso8601()).") }
      campaign.order = nil
      return
    }
    var wanted = PlanOrder(
      number: campaign.orderCount + 1, event: event.name, realm: event.realm, noticeKey: key, basis: basis,
      awaitedMap: place.awaited, orders: orders, centred: centred(place, orders), expires: expires)
    (wanted.absences, wanted.refusals) = (absences(orders), refusals(orders))
    wanted.adjustment = situation.adjustment
    if let current = campaign.order, current.asksTheSame(as: wanted) { return }
    campaign.orderCount += 1
    campaign.order = wanted
    actions.append(.plan(wanted))
  }

  /// An absence that has run out stays in the order: its end alone is no reason for a new plan, since the old
  /// one was made with it in mind.
  private func absences(_ orders: Orders) -> [Absence]? {
    let over = (campaign.order?.absences ?? []).filter { $0.end <= now }
    let current = situation.absences.filter { $0.end > now && allows(orders, $0.telescope) }
    let all = Set(over + current).sorted {
      ($0.telescope, $0.start, $0.end, $0.filter ?? "", $0.reason)
        < ($1.telescope, $1.start, $1.end, $1.filter ?? "", $1.reason)
    }
    return all.isEmpty ? nil : all
  }

  /// Those that people have added count as named.
  private func allows(_ orders: Orders, _ telescope: String) -> Bool {
    orders.allows(telescope)
      || orders.outcome.isFollowUp && situation.adjustment?.added.contains(telescope) ?? false
  }

  private func refusals(_ orders: Orders) -> [TileRefusal]? {
    let all = Set(situation.refusals.filter { allows(orders, $0.telescope) }).sorted {
      ($0.telescope, $0.tile) < ($1.telescope, $1.tile)
    }
    return all.isEmpty ? nil : all
  }

  private func centred(_ place: Place, _ orders: Orders) -> [CentredTile] {
    guard let center = place.center, let radius = place.radius else { return [] }
    return situation.telescopes.filter { orders.allows($0.id) && $0.holds(radius) }
      .map { CentredTile(telescope: $0.id, center: center) }.sorted { $0.telescope < $1.telescope }
  }

  private mutating func note(_ text: String) {
    // A reason is given with news, not at every tick.
    let isAnnounced = actions.contains { if case .announce = $0 { true } else { false } }
    if isAnnounced || campaign.order != nil { actions.append(.note(text)) }
  }
}

/// Where the source is, as far as it is known now.
private struct Place {
  var noticeKey: String?
  var basis: PlanBasis?
  /// A map that is on its way.
  var awaited: String?
  var map: MapSummary?
  var center: Direction<ICRS>?
  /// That holds 90 %.
  var radius: Angle?

  mutating func take(_ candidate: Localization, of notice: Notice, map summary: MapSummary?) {
    if let summary, let reference = candidate.mapReference {
      basis = .map(reference: reference)
      map = summary
      center = summary.peak
      // Of a circle of the same area.
      radius = summary.area90.map { .radians(($0.steradians / .pi).squareRoot()) }
    }
    if let region = candidate.region {
      let stated = region.ninetyPercentRadius
      if basis == nil { basis = .region(Coded(wrappedValue: region)) }
      // Beside a map too the region tells how small the place is, as its sender states it.
      if radius == nil || stated.map({ $0 < radius! }) ?? false { (center, radius) = (region.center, stated) }
    }
    if basis != nil { noticeKey = notice.duplicateKey }
  }
}
