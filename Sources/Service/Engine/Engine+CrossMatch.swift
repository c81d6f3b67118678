import Campaigns
import Deliveries
import Icare
import Store
import Units

/// What becomes of a better place or time of an event that ICARE has.
public enum CrossMatchPolicy: String, Hashable, Sendable {
  /// A line in the event's history; a person applies it with `vesper icare apply`.
  case propose
  /// At once.
  case apply
}

extension Engine {
  /// The kind of the timer by which a person applies what was proposed.
  static let crossMatchTimer = "crossmatch"

  /// Compares what notices say of place and time with what ICARE was told last.
  func crossMatch(
    _ id: String, _ event: Event, isConfirmed: Bool, at now: Instant, on memo: inout EventMemo,
    into outcome: inout StepOutcome
  ) throws {
    guard let options = settings.recipients.icare(isMock: !event.isReal), memo.messages > 0,
      let candidate = KnownPlace(event)
    else { return }
    guard let known = memo.place else {
      // The first message told ICARE this.
      memo.place = candidate
      return
    }
    let improvements = candidate.improvements(on: known)
    guard !improvements.isEmpty else { return }
    let isNew = memo.proposal != candidate
    guard isConfirmed || isNew else { return }
    let text = "\(candidate.words): \(improvements.joined(separator: "; "))"
    if isNew {
      outcome.log.append(Self.line("crossmatch.proposed", id, text))
      memo.proposal = candidate
    }
    // An event that is over is left as it stands.
    guard memo.campaign.outcome?.isFollowUp ?? false else { return }
    guard isConfirmed || options.crossMatch == .apply else { return }
    outcome.deliveries += try synchronise(candidate, text, of: id, event, options, at: now, on: &memo)
    outcome.log.append(
      Self.line("crossmatch.applied", id, text, actor: isConfirmed ? "person" : "policy"))
    memo.place = candidate
    memo.proposal = nil
  }

  /// The event gets the place as a map, the instrument as a tag and both in words; the source is created under
  /// a name of its own where it moved, since ICARE's index is spoilt by other coordinates for one id.
  private func synchronise(
    _ place: KnownPlace, _ text: String, of id: String, _ event: Event, _ options: IcareOptions,
    at now: Instant, on memo: inout EventMemo
  ) throws -> [Delivery] {
    guard let time = event.time else { return [] }
    let identity = EventIdentity(time: time, aliases: [id])
    let (ra, dec, error) = (place.rightAscensionDegrees, place.declinationDegrees, place.errorDegrees)
    let map = MapReference.cone(rightAscensionDegrees: ra, declinationDegrees: dec, errorDegrees: error)
    let eventKey = DeliveryKey("icare/\(id)/event")
    var list: [Delivery] = []
    func push(_ push: IcarePush, _ key: String, slot: String? = nil, needs: [DeliveryKey] = []) throws {
      list.append(
        try push.delivery(
          key: "icare/\(id)/place/\(map.name)/\(key)", event: id, isMock: !event.isReal, notBefore: now,
          expires: now + .hours(72), urgency: 20, slot: slot, needs: needs))
    }
    try push(
      .localization(
        MapPush(
          event: identity, map: map,
          content: .cone(rightAscensionDegrees: ra, declinationDegrees: dec, errorDegrees: error))),
      "map", needs: [eventKey])
    try push(.tag(TagPush(event: identity, text: place.instrument)), "tag", needs: [eventKey])
    try push(
      .comment(CommentPush(event: identity, text: "Place: \(text)", groups: [options.group])), "comment",
      needs: [eventKey])
    if let known = memo.source {
      let requests = FollowUpRequests(event: id, options: options, telescopes: maker.telescopes)
      let source = requests.source(at: place.position, known: known)
      memo.source = source
      try push(
        .classification(
          ClassificationPush(
            source: source.target, label: ClassificationPush.go, groups: [options.group], decided: now)),
        "go", slot: "icare/\(id)/source/\(source.target.id)")
      try push(
        .comment(CommentPush(source: known.target.id, text: "Place: \(text)", groups: [options.group])),
        "source-comment")
    }
    return list
  }
}

extension Recipients {
  /// How ICARE is told, if it is.
  func icare(isMock: Bool) -> IcareOptions? {
    for entry in entries where entry.acceptsMocks || !isMock {
      if case .icare(let options) = entry.kind { return options }
    }
    return nil
  }
}

/// Lets a person apply what was proposed.
public struct CrossMatchDesk {
  private let store: Store
  private let clock: ServiceClock

  public init(_ configuration: ServiceConfiguration, clock: ServiceClock = .system) throws {
    store = try configuration.openStore()
    self.clock = clock
  }

  /// Asks the service to apply it: within a second when it runs, else at its start.
  /// - Returns: what is applied, for people.
  public func apply(_ event: String) async throws -> String {
    let memo: EventMemo = try RecordJSON.value(of: try await store.event(event).state)
    guard let proposal = memo.proposal else { throw ConfigurationError("nothing is proposed for \(event)") }
    var outcome = StepOutcome()
    // Due whatever clock the service has.
    outcome.timers = [
      TimerDraft(
        id: "crossmatch/\(event)", event: event, kind: Engine.crossMatchTimer, due: Instant(tai: 0))
    ]
    try await store.commit(outcome, at: clock.now())
    return "\(event): \(proposal.words)"
  }
}
