import Campaigns
import Store
import Units

extension Engine {
  /// How long after the event a campaign is looked at every hour.
  private static let watchedFor: Duration = .hours(24 * 7)
  private static let rhythm: Duration = .hours(1)
  /// Steps before it is asked again whether a notice waits: a fresh alert overtakes what is merely due.
  private static let atOnce = 4

  /// When to step again if nothing happens before: at the times that the campaign and its policy name, and
  /// while it waits every hour for a week.
  func wake(_ step: CampaignStep, _ event: Event, at now: Instant) -> Instant? {
    let campaign = step.campaign
    let waits = campaign.followUp.isRunning || campaign.decision?.outcome == .watch
    guard waits, event.status == .active else { return step.wake }
    let start = event.time ?? campaign.followUp.startedAt ?? now
    guard now < start + Self.watchedFor else { return step.wake }
    return min(step.wake ?? now + Self.rhythm, now + Self.rhythm)
  }

  /// Steps the events whose time has come, or about which people have said something.
  /// - Returns: how many timers fired.
  @discardableResult
  public func fireTimers() async throws -> Int {
    let heard = try await hearTeams()
    let due = try await store.dueTimers(
      at: clock.now(),
      kinds: ["step", Self.linkKind, PersonalAnswer.kind, Self.crossMatchTimer, Self.expiry, Adoption.kind],
      limit: Self.atOnce)
    for timer in due {
      if timer.kind == Self.expiry { try await expire(timer) } else { try await fire(timer) }
    }
    return heard + due.count
  }

  private func fire(_ timer: TimerDraft) async throws {
    var cause = StepCause(timers: [timer.id])
    guard let id = timer.event, let now = try await event(id) else { return try await drop(timer) }
    var event = now
    switch timer.kind {
    case PersonalAnswer.kind:
      guard let answer: PersonalAnswer = try? RecordJSON.value(of: timer.body) else {
        return try await drop(timer)
      }
      cause.answers = [answer]
      if answer.action == .reinstate, let key = now.retraction?.duplicateKey {
        let reinstatement = Reinstatement(retractionKey: key, role: answer.role, at: answer.at)
        event = try await self.event(id, answer: reinstatement) ?? now
      }
    case Self.linkKind:
      guard let link: Link = try? RecordJSON.value(of: timer.body),
        let circular = try await parsed(NoticeID(link.notice))
      else { return try await drop(timer) }
      cause.notices = [NoticeID(link.notice)]
      event = try await self.event(id, with: circular) ?? now
      files.remember(event.notices + event.circulars, of: id)
    case Adoption.kind:
      guard let adoption: Adoption = try? RecordJSON.value(of: timer.body) else {
        return try await drop(timer)
      }
      cause.adoption = adoption
      // Said again they are the same: a crash in between does no harm.
      for outage in adoption.outages(of: id) { try await store.record(outage, at: clock.now()) }
      try await takeBack(adoption.takenBack?.outages ?? [], of: id, by: adoption.by)
    case Self.crossMatchTimer: cause.appliesCrossMatch = true
    default: break
    }
    try await step(id, event, because: cause)
  }

  /// A timer whose event is gone, or that cannot be read.
  func drop(_ timer: TimerDraft) async throws {
    var outcome = StepOutcome()
    outcome.epoch = epoch
    outcome.firedTimers = [timer.id]
    try await store.commit(outcome, at: clock.now())
  }

  private static let linkKind = "link"
  private struct Link: Codable { let notice: Int64 }

  /// Links a circular to the other events it is about, each in a step of its own.
  func links(of cause: StepCause, at now: Instant) throws -> [TimerDraft] {
    guard let number = cause.handled?.number else { return [] }
    return try cause.alsoAbout.map { other in
      TimerDraft(
        id: "link/\(number)/\(other)", event: other, kind: Self.linkKind, due: now,
        body: try RecordJSON.text(Link(notice: number)))
    }
  }

  /// Gives events that wait a time to be looked at, if they have none.
  func wake(_ waiting: [String]) async throws {
    var outcome = StepOutcome()
    outcome.epoch = epoch
    for id in waiting where try await store.pendingTimers(of: id).allSatisfy({ $0.kind != "step" }) {
      outcome.timers.append(TimerDraft(id: "step/\(id)", event: id, kind: "step", due: clock.now()))
    }
    if !outcome.timers.isEmpty { try await store.commit(outcome, at: clock.now()) }
  }
}
