import Units

/// How patient the channel is.
public struct IcareSettings: Hashable, Sendable {
  /// How long an upload that was not answered may still be under way at the server: the proxy gives up
  /// after 60 s, the application does not. After a start the same is waited for what may have been sent
  /// before it.
  public var settle = Duration.seconds(90)
  /// How often to look for an event or a sky map that ICARE has not taken in yet.
  public var eventPoll = Duration.seconds(30)
  /// How often to look for fields, which are made at about 5 a second.
  public var fieldPoll = Duration.seconds(3)
  /// How often to look whether a plan that knows more is still there.
  public var overtakenPoll = Duration.minutes(10)
  /// How long a token that was refused is not tried again.
  public var haltPause = Duration.seconds(300)
  /// Between attempts when a facility does not answer ICARE.
  public var facilityPause = Duration.seconds(60)
  /// Positions that differ by less are one field.
  public var fieldTolerance = Angle.arcseconds(0.1)
  /// Sources that lie farther from where we have them are reported.
  public var sourceTolerance = Angle.arcseconds(2)

  public init() {}
}

/// What all pushes share: the client, what was learnt from ICARE lately, and what was written when.
final class IcareDesk: Sendable {
  let client: IcareClient
  let settings: IcareSettings
  let ledger = IcareLedger()
  let gate = KeyedGate()
  private let memory = Guarded(Memory())

  private struct Memory {
    var firstSeen: Instant?
    var lastWrite: [String: Instant] = [:]
    var haltedUntil: Instant?
    var haltReason = ""
    var events: [EventIdentity: (IcareEvent, Instant)] = [:]
    var allocations: ([IcareAllocation], Instant)?
    var forms: ([Int: FormSchema], Instant)?
    var taxonomies: ([IcareTaxonomy], Instant)?
    var groups: [String: Int] = [:]
    var mapDigests: [Int: String] = [:]
    var userID: Int?
    var fieldRequests: [Int: (pointings: [PlanPush.Pointing], at: Instant)] = [:]
  }

  init(client: IcareClient, settings: IcareSettings) {
    self.client = client
    self.settings = settings
  }

  // MARK: what was written when

  /// The reason while nothing can leave.
  func halted(at now: Instant) -> String? {
    memory.withLock {
      if $0.firstSeen == nil { $0.firstSeen = now }
      guard let until = $0.haltedUntil, now < until else { return nil }
      return $0.haltReason
    }
  }

  func halt(_ reason: String, at now: Instant) {
    memory.withLock {
      $0.haltedUntil = now + settings.haltPause
      $0.haltReason = reason
    }
    ledger.halt(reason)
  }

  func resume() {
    memory.withLock { $0.haltedUntil = nil }
    ledger.halt(nil)
  }

  func willWrite(_ key: String, at now: Instant) {
    memory.withLock {
      if $0.lastWrite.count > 10_000 { $0.lastWrite = $0.lastWrite.filter { now - $0.value < .hours(1) } }
      $0.lastWrite[key] = now
    }
  }

  /// Whether what ICARE does not show now will not appear later. After a start the writes before it are
  /// not known: the start counts as the last one.
  func isSettled(_ key: String, at now: Instant) -> Bool {
    memory.withLock {
      guard let last = $0.lastWrite[key] ?? $0.firstSeen else { return false }
      return now - last >= settings.settle
    }
  }

  /// For what was looked for and not found.
  func absent(_ key: String, at now: Instant) -> ReadBackVerdict {
    isSettled(key, at: now) ? .absent : .notYet("an earlier attempt may still be under way in ICARE")
  }

  // MARK: what ICARE has

  /// - Throws: `.invalid` when it cannot be told which event is meant.
  func event(
    _ identity: EventIdentity, now: Instant, fresh: Bool = false
  ) async throws(IcareError) -> IcareEvent? {
    if !fresh, let (event, at) = memory.withLock({ $0.events[identity] }), now - at < .seconds(20) {
      return event
    }
    let day = Duration.hours(24)
    var rows = try await client.events(
      in: TimeWindow(identity.time.instant - day, identity.time.instant + day))
    if case .none = identity.match(rows) {
      for alias in identity.aliases { rows += try await client.events(matching: alias) }
    }
    switch identity.match(rows) {
    case .none: return nil
    case .one(let event):
      memory.withLock {
        if $0.events.count > 1000 { $0.events = [:] }
        $0.events[identity] = (event, now)
      }
      return event
    case .conflict(let found):
      let list = found.map { "\($0.time.text) (trigger \($0.triggerID ?? "none"))" }.joined(separator: ", ")
      throw .invalid("it is not clear which event of ICARE is meant by \(identity.time.text): \(list)")
    }
  }

  /// The event's map of that name and those contents.
  func map(
    _ reference: MapReference, of event: IcareEvent
  ) async throws(IcareError) -> IcareEvent.Map? {
    if let name = reference.distinctName, let map = event.localizations.first(where: { $0.name == name }) {
      return map
    }
    for map in event.localizations where map.name == reference.name {
      guard let wanted = reference.digest else { return map }
      if try await digest(of: map, event) == wanted { return map }
    }
    return nil
  }

  private func digest(of map: IcareEvent.Map, _ event: IcareEvent) async throws(IcareError) -> String? {
    if let known = memory.withLock({ $0.mapDigests[map.id] }) { return known }
    let found = try await client.map(named: map.name, of: event.time)
    if let found { memory.withLock { $0.mapDigests[map.id] = found.digest } }
    return found?.digest
  }

  func groupIDs(_ names: [String]) async throws(IcareError) -> [Int] {
    var ids: [Int] = []
    for name in names {
      if let known = memory.withLock({ $0.groups[name] }) {
        ids.append(known)
        continue
      }
      guard let group = try await client.group(named: name) else {
        throw .invalid("ICARE has no group \(name) that the token's user can see (ask a group admin)")
      }
      memory.withLock { $0.groups[name] = group.id }
      ids.append(group.id)
    }
    return ids
  }

  /// - Parameter type: `observation_plan` or `triggered`.
  func allocation(
    _ key: AllocationKey, type: String, now: Instant
  ) async throws(IcareError) -> (allocation: IcareAllocation, instrument: IcareInstrument) {
    var all = memory.withLock { $0.allocations }.flatMap { now - $0.1 < .seconds(60) ? $0.0 : nil }
    if all == nil {
      let found = try await client.allocations()
      memory.withLock { $0.allocations = (found, now) }
      all = found
    }
    let group: Int? = if let name = key.group { try await groupIDs([name]).first } else { nil }
    let fitting = (all ?? []).filter {
      $0.instrument?.name == key.instrument && (group == nil || $0.groupID == group)
        && (key.proposal == nil || $0.proposal == key.proposal)
    }
    // ICARE has no protection against doubles: the oldest one is the one that people use.
    let usable = fitting.filter { $0.types.contains(type) }.min { $0.id < $1.id }
    guard let usable, let instrument = usable.instrument else {
      let why = fitting.isEmpty ? "no allocation on" : "no allocation of type \(type) on"
      throw .invalid("ICARE has \(why) \(key.instrument) that the token can read (ask an allocation admin)")
    }
    return (usable, instrument)
  }

  func form(ofInstrument id: Int, now: Instant) async throws(IcareError) -> FormSchema? {
    if let (forms, at) = memory.withLock({ $0.forms }), now - at < .minutes(10) { return forms[id] }
    let forms = try await client.followupForms()
    memory.withLock { $0.forms = (forms, now) }
    return forms[id]
  }

  func taxonomy(named name: String, now: Instant) async throws(IcareError) -> IcareTaxonomy {
    var all = memory.withLock { $0.taxonomies }.flatMap { now - $0.1 < .minutes(10) ? $0.0 : nil }
    if all == nil {
      let found = try await client.taxonomies()
      memory.withLock { $0.taxonomies = (found, now) }
      all = found
    }
    guard let found = (all ?? []).filter({ $0.name == name }).max(by: { !$0.isLatest && $1.isLatest }) else {
      throw .invalid("ICARE has no taxonomy \(name) (ask an ICARE administrator)")
    }
    return found
  }

  func ownUserID() async throws(IcareError) -> Int {
    if let known = memory.withLock({ $0.userID }) { return known }
    let id = try await client.profile().userID
    memory.withLock { $0.userID = id }
    return id
  }

  /// Creates the source unless it is there. Never sends other coordinates for one that is.
  func ensureSource(
    _ target: SourceTarget, groups: [String], key: String, now: Instant
  ) async throws(IcareError) {
    guard target.hasLegalName else { throw .invalid("\(target.id) is not a legal source name in ICARE") }
    let ids = try await groupIDs(groups)
    await gate.enter("source/\(target.id)")
    do throws(IcareError) {
      if let known = try await client.source(target.id) {
        let apart = known.position.separation(from: target.position)
        if apart > settings.sourceTolerance {
          let text =
            "source \(target.id) lies \(apart.arcseconds.rounded()) arcsec from our position in ICARE"
          ledger.note(text, key: key, at: now)
        }
      } else {
        guard !ids.isEmpty else { throw .invalid("a source needs a group") }
        willWrite(key, at: now)
        try await client.createSource(
          target.id, rightAscensionDegrees: target.rightAscensionDegrees,
          declinationDegrees: target.declinationDegrees, groupIDs: ids)
      }
    } catch {
      await gate.leave("source/\(target.id)")
      throw error
    }
    await gate.leave("source/\(target.id)")
  }

  /// What fields of an instrument were asked for so lately that they may still be made. ICARE numbers fields as it
  /// makes them, so that two lots at once could get the same numbers.
  func fieldsAsked(_ instrument: Int, at now: Instant) -> [PlanPush.Pointing] {
    memory.withLock { memory in
      memory.fieldRequests[instrument].map { now - $0.at < .seconds(60) ? $0.pointings : [] } ?? []
    }
  }
  func asksForFields(_ pointings: [PlanPush.Pointing], of instrument: Int, at now: Instant) {
    memory.withLock { $0.fieldRequests[instrument] = (pointings, now) }
  }
}

/// What reading back showed.
enum ReadBackVerdict: Hashable {
  case present(String)
  case absent
  case notYet(String)
}
