import Campaigns
import Deliveries
import Ephemerides
import Formats
import GalaxyFiles
import Logging
import Notices
import Observatories
import Planning
import SkymapFiles
import Skymaps
import Store
import Units

/// What the engine works with.
public struct EngineSettings: Sendable {
  public var policy: Policy
  public var telescopes: [Telescope]
  public var recipients = Recipients()
  public var version = "0"
  public var earth: EarthOrientation = .bundled
  /// Roles whose decisions count.
  public var roles = Decision.overridingRoles
  /// Names who is on duty in messages.
  public var duty: DutyRoster?
  /// Narrow fields go to its galaxies.
  public var galaxies: GalaxyIndex?

  public init(policy: Policy, telescopes: [Telescope]) {
    self.policy = policy
    self.telescopes = telescopes
  }
}

/// Takes notices from the store to decisions, plans and deliveries, one step at a time.
///
/// A step commits everything it changed in one transaction. What a crash leaves undone is in the store: the
/// notice is not handled yet, or the event's order has no plan yet; the next life of the engine finds both.
public actor Engine {
  let store: Store
  let settings: EngineSettings
  let clock: ServiceClock
  let logger: Logger
  let maker: PlanMaker
  var files = EventFiles()
  /// How urgent the notices were that plans are owed to, by event.
  var pressing: [String: Int] = [:]
  var shelf = MapShelf()
  /// Of the lease under which this engine acts; nil in a replay.
  let epoch: Int64?

  public init(store: Store, settings: EngineSettings, clock: ServiceClock, epoch: Int64?, logger: Logger) {
    self.store = store
    self.settings = settings
    self.clock = clock
    self.epoch = epoch
    self.logger = logger
    maker = PlanMaker(
      telescopes: settings.telescopes, earth: settings.earth, version: settings.version,
      galaxies: settings.galaxies)
  }

  /// Reads what the store knows. Call once, before anything else.
  public func restore() async throws {
    var waiting: [String] = []
    var (last, count): (StoredEvent?, Int) = (nil, 0)
    repeat {
      let page = try await store.events(limit: 200, after: last)
      for stored in page where stored.mergedInto == nil {
        let memo: EventMemo = try RecordJSON.value(of: stored.state)
        files.adopt(stored.id, memo, revision: stored.revision, changed: stored.changedAt)
        let campaign = memo.campaign
        if campaign.followUp.isRunning || campaign.decision?.outcome == .watch { waiting.append(stored.id) }
      }
      (last, count) = (page.last, count + page.count)
    } while last != nil && count < files.mostFound
    try await wake(waiting)
  }

  /// What is remembered of an event; nil where the store has none of that name that stands for itself.
  func known(_ id: String) async throws -> EventFiles.Known? {
    if let held = files.held(id) { return held }
    let stored: StoredEvent
    do throws(StoreError) { stored = try await store.event(id) } catch {
      if case .unknownEvent = error { return nil }
      throw error
    }
    // Requests for a source have an event of their own, without a campaign.
    guard stored.mergedInto == nil, stored.state != "{}" else { return nil }
    if let held = files.held(id) { return held }
    let memo: EventMemo = try RecordJSON.value(of: stored.state)
    files.adopt(id, memo, revision: stored.revision, changed: stored.changedAt)
    return (memo, stored.revision)
  }

  // MARK: Notices

  /// Handles the most urgent notice that waits, or makes a plan that is owed to a more urgent one: what a fresh
  /// alert ordered does not wait for a backlog. Notices of equal urgency come first, since they may be about the
  /// same event and change what is to be planned.
  /// - Returns: false when neither is left.
  public func next() async throws -> Bool {
    if let urgency = files.owed.compactMap({ pressing[$0] }).max() {
      if try await handleNext(atLeast: urgency) { return true }
      return try await planNext()
    }
    if try await handleNext() { return true }
    return try await planNext()
  }

  /// Handles the most urgent notice that waits.
  /// - Returns: false when none does.
  public func handleNext(atLeast urgency: Int = Int(Int32.min)) async throws -> Bool {
    guard
      let hand = try await store.nextUnhandled(limit: 1, atLeast: urgency, at: clock.now()).first
    else { return false }
    let id = hand.notice.id
    do {
      try await handle(hand)
    } catch let error as StoreError {
      switch error {
      case .storeFull, .busy, .fenced, .cancelled:
        // Not the notice's fault: it stays as it is.
        try? await store.giveBack(id, at: clock.now())  // the next start counts the try at worst
        throw error
      default: try await store.fail(id, reason: "\(error)", at: clock.now())
      }
    } catch is CancellationError {
      try? await store.giveBack(id, at: clock.now())  // as above
      throw CancellationError()
    } catch {
      let status = try await store.fail(id, reason: "\(error)", at: clock.now())
      logger.error(
        "a notice was not handled",
        metadata: ["notice": "\(id.number)", "error": "\(error)", "status": "\(status)"])
    }
    return true
  }

  func handle(_ hand: NoticeInHand) async throws {
    let id = hand.notice.id
    let parsed: Notice
    do throws(NoticeRejection) {
      parsed = try NoticeParser.parse(
        bytes: hand.bytes, topic: hand.notice.topic, receivedAt: hand.notice.receivedAt)
    } catch {
      // No further try would read it otherwise.
      try await store.quarantine(id, reason: "\(error.code): \(error)", at: clock.now())
      return
    }
    let (notice, maps) = parsed.withMapsHeld()
    for map in maps { keep(map) }
    guard let found = try await assign(notice, id) else {
      var outcome = StepOutcome()
      outcome.epoch = epoch
      outcome.handled = [id]
      outcome.looseNotices = looseNames(of: notice).map { (id, $0) }
      outcome.log = [
        Self.line("notice.kept", nil, "\(Self.title(of: notice)): about no event that is followed")
      ]
      outcome.log += Self.alarms(of: notice, nil)
      try await store.commit(outcome, at: clock.now())
      return
    }
    var cause = StepCause(handled: id, notice: notice, merged: found.merged)
    cause.notices = [id] + found.linked
    cause.loose = looseNames(of: notice).map { (id, $0) }
    cause.alsoAbout = found.alsoAbout
    try await step(found.id, found.event, because: cause)
    guard files.owed.contains(found.id) else { return }
    pressing[found.id] = max(pressing[found.id] ?? hand.notice.urgency, hand.notice.urgency)
  }

  /// What a notice turned out to be about.
  private struct Assignment {
    let id: String
    let event: Event
    /// Stored events that are this one.
    var merged: [String] = []
    /// Stored events that a circular is about beside it.
    var alsoAbout: [String] = []
    /// Circulars that came before the event.
    var linked: [NoticeID] = []
  }

  /// The event a notice belongs to, as it is with it.
  private func assign(_ notice: Notice, _ number: NoticeID) async throws -> Assignment? {
    for id in files.unknown(to: notice) { _ = try await known(id) }
    let candidates = files.candidates(for: notice)
    var book = EventBook()
    for id in candidates { book.insert(contentsOf: try await notices(of: id)) }
    for id in candidates {
      for answer in try await known(id)?.memo.record.reinstatements ?? [] { book.record(answer) }
    }
    guard var event = book.insert(notice) else { return nil }
    let same = candidates.filter { files.realm(of: $0) == event.realm }
    if notice.kind == .circular {
      // It may be about several events; that makes none of them another.
      guard let id = same.first(where: { isRecord(of: $0, event) }) else { return nil }
      files.remember(event.notices + event.circulars, of: id)
      return Assignment(id: id, event: event, alsoAbout: same.filter { $0 != id })
    }
    var found = Assignment(id: same.first ?? event.storeID, event: event, merged: Array(same.dropFirst()))
    let familiar = Set(same.flatMap { files.names(of: $0) })
    let names = Set(event.ids.filter { !familiar.contains($0) }.map { looseName($0, in: event.realm) })
    for loose in try await store.looseNotices(named: names) {
      guard let circular = try await parsed(loose), let with = book.insert(circular) else { continue }
      event = with
      found.linked.append(loose)
    }
    found = Assignment(id: found.id, event: event, merged: found.merged, linked: found.linked)
    files.remember(event.notices + event.circulars, of: found.id)
    return found
  }

  private func isRecord(of id: String, _ event: Event) -> Bool {
    !Set(files.names(of: id)).isDisjoint(with: event.ids)
  }

  /// Under which a circular waits for an event that nobody has told of yet.
  private func looseNames(of notice: Notice) -> [String] {
    guard notice.kind == .circular, let realm = notice.realm else { return [] }
    return Set(notice.related.map { looseName($0.canonical, in: realm) }).sorted()
  }

  private func looseName(_ id: NativeID, in realm: Realm) -> String {
    String("\(realm.rawValue)/\(id)".prefix(400))
  }

  /// Nil, and a line in the log of the program, for what was read before and cannot be now.
  func parsed(_ number: NoticeID) async throws -> Notice? {
    let hand = try await store.notice(number)
    do throws(NoticeRejection) {
      return try NoticeParser.parse(
        bytes: hand.bytes, topic: hand.notice.topic, receivedAt: hand.notice.receivedAt
      ).withMapsHeld().notice
    } catch {
      logger.error(
        "a notice that was read before cannot be read now", metadata: ["notice": "\(number.number)"])
      return nil
    }
  }

  /// The notices of a stored event, read again from their bytes where they are not at hand.
  func notices(of id: String) async throws -> [Notice] {
    if let known = files.remembered(of: id) { return known }
    var list: [Notice] = []
    for number in try await store.notices(of: id) {
      if let notice = try await parsed(number) { list.append(notice) }
    }
    files.remember(list, of: id)
    return list
  }

  /// A stored event as it is, or as it would be with one more notice and an answer.
  func event(
    _ id: String, with notice: Notice? = nil, answer: Reinstatement? = nil
  ) async throws -> Event? {
    guard let memo = try await known(id)?.memo else { return nil }
    var book = EventBook()
    book.insert(contentsOf: try await notices(of: id))
    if let notice { book.insert(contentsOf: [notice]) }
    for answer in memo.record.reinstatements + [answer].compactMap({ $0 }) { book.record(answer) }
    return book.events.first {
      $0.realm == memo.record.realm && !Set($0.ids).isDisjoint(with: memo.record.ids)
    }
  }

  static func line(_ kind: String, _ event: String?, _ text: String, actor: String = "vesper") -> LogDraft {
    LogDraft(actor: actor, kind: kind, event: event, fields: ["text": text])
  }

  static func title(of notice: Notice) -> String {
    let name = notice.eventName.map { " \($0)" } ?? ""
    return "\(notice.source.mission) \(notice.stage.name)\(name)"
  }

  /// What a person should look at in a notice that was taken all the same.
  static func alarms(of notice: Notice, _ event: String?) -> [LogDraft] {
    notice.findings.filter { $0.severity == .alarm }.map {
      line("notice.alarm", event, "\(title(of: notice)): \($0.text)")
    }
  }
}
