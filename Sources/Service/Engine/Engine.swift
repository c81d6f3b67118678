import Campaigns
import Deliveries
import Ephemerides
import Formats
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
      telescopes: settings.telescopes, earth: settings.earth, version: settings.version)
  }

  /// Reads what the store knows. Call once, before anything else.
  public func restore() async throws {
    for stored in try await store.events(limit: 100_000) where stored.mergedInto == nil {
      let memo: EventMemo = try RecordJSON.value(of: stored.state)
      files.adopt(stored.id, memo, revision: stored.revision)
    }
  }

  // MARK: Notices

  /// Handles the most urgent notice that waits.
  /// - Returns: false when none does.
  public func handleNext() async throws -> Bool {
    guard let hand = try await store.nextUnhandled(limit: 1, at: clock.now()).first else { return false }
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
    guard let found = try await assign(notice) else {
      var outcome = StepOutcome()
      outcome.epoch = epoch
      outcome.handled = [id]
      outcome.log = [
        Self.line("notice.kept", nil, "\(Self.title(of: notice)): about no event that is followed")
      ]
      try await store.commit(outcome, at: clock.now())
      return
    }
    try await step(found.id, found.event, handled: id, notice: notice, merged: found.merged)
  }

  private func keep(_ held: HeldMap) {
    guard shelf.find(held.reference) == nil else { return }
    do throws(SkymapFileError) {
      let digest = String(held.reference.dropFirst("sha256:".count))
      shelf.put(try SkymapFile.read(bytes: held.bytes), digest: digest, as: held.reference)
    } catch {
      logger.warning("the map in a notice cannot be read", metadata: ["error": "\(error)"])
    }
  }

  /// The event a notice belongs to, as it is with it.
  private func assign(
    _ notice: Notice
  ) async throws -> (id: String, event: Event, merged: [String])? {
    let candidates = files.candidates(for: notice)
    var book = EventBook()
    for id in candidates { book.insert(contentsOf: try await notices(of: id)) }
    for id in candidates {
      for answer in files.memos[id]?.memo.record.reinstatements ?? [] { book.record(answer) }
    }
    guard let event = book.insert(notice) else { return nil }
    let same = candidates.filter { files.memos[$0]?.memo.record.realm == event.realm }
    let id = same.first ?? event.storeID
    files.remember(event.notices + event.circulars, of: id)
    return (id, event, Array(same.dropFirst()))
  }

  /// The notices of a stored event, read again from their bytes where they are not at hand.
  func notices(of id: String) async throws -> [Notice] {
    if let known = files.remembered(of: id) { return known }
    var list: [Notice] = []
    for number in try await store.notices(of: id) {
      let hand = try await store.notice(number)
      do throws(NoticeRejection) {
        let notice = try NoticeParser.parse(
          bytes: hand.bytes, topic: hand.notice.topic, receivedAt: hand.notice.receivedAt)
        list.append(notice.withMapsHeld().notice)
      } catch {
        logger.error(
          "a notice that was read before cannot be read now", metadata: ["notice": "\(number.number)"])
      }
    }
    files.remember(list, of: id)
    return list
  }

  /// A map of an event by its reference, read again from the notice that brought it if need be.
  func map(_ reference: String, of id: String) async throws -> MapShelf.Held? {
    if let held = shelf.find(reference) { return held }
    for number in try await store.notices(of: id).reversed() {
      let hand = try await store.notice(number)
      // What could not be read when it came is in quarantine and belongs to no event.
      guard let notice = try? NoticeParser.parse(bytes: hand.bytes, topic: hand.notice.topic) else {
        continue
      }
      for map in notice.withMapsHeld().maps where map.reference == reference { keep(map) }
      if let held = shelf.find(reference) { return held }
    }
    return nil
  }

  func event(_ id: String) async throws -> Event? {
    guard let memo = files.memos[id]?.memo else { return nil }
    var book = EventBook()
    book.insert(contentsOf: try await notices(of: id))
    for answer in memo.record.reinstatements { book.record(answer) }
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
}
