import Dashboard
import Deliveries
import Feeds
import Foundation
import Icare
import OpenID
import Store
import Units

/// What the parts of the running service tell of themselves, for probes and pages.
final class ServiceState: Sendable {
  let store: Store
  let settings: EngineSettings
  let channels: [any DeliveryChannel]
  let clock: ServiceClock
  let doors: Doors
  let readBack = ReadBackLedger()
  let sight = Sight()
  private struct Inner {
    var epoch: Int64?
    var trouble: String?
    var feed: KafkaFeed?
    var heartbeat: HeartbeatWatch?
    var lastFeedEvent: String?
    var engine: Engine?
  }
  private let inner = Guard(Inner())

  let rosterFile: RosterShelf?
  /// nil where none are held.
  let drills: DrillRoom?
  /// nil where people sign in with tokens only.
  let openID: OpenIDClient?

  init(
    store: Store, settings: EngineSettings, channels: [any DeliveryChannel], clock: ServiceClock,
    doors: Doors = Doors(), roster: String? = nil, drills: DrillRoom? = nil,
    openID: OpenIDClient? = nil
  ) {
    self.openID = openID
    self.drills = drills
    rosterFile = roster.map { RosterShelf(path: $0) }
    self.store = store
    self.settings = settings
    self.channels = channels
    self.clock = clock
    self.doors = doors
  }

  func began(epoch: Int64) async { inner.withLock { $0.epoch = epoch } }
  func ended() async {
    inner.withLock { ($0.epoch, $0.engine) = (nil, nil) }
  }
  /// The one that works, for questions about what would be.
  func works(_ engine: Engine) { inner.withLock { $0.engine = engine } }
  var engine: Engine? { inner.withLock { $0.engine } }
  let whatIfs = WhatIfShelf()
  func troubled(_ text: String?) { inner.withLock { $0.trouble = text } }
  func watch(_ feed: KafkaFeed) { inner.withLock { $0.feed = feed } }
  func watch(_ heartbeat: HeartbeatWatch) { inner.withLock { $0.heartbeat = heartbeat } }
  func note(_ event: FeedEvent) { inner.withLock { $0.lastFeedEvent = "\(event)" } }
  func note(_ event: HeartbeatEvent) { inner.withLock { $0.lastFeedEvent = "\(event)" } }

  var icare: IcareChannel? { channels.lazy.compactMap { $0 as? IcareChannel }.first }
  var isLeading: Bool { inner.withLock { $0.epoch != nil } }
  var trouble: String? { inner.withLock { $0.trouble } }
  var feed: FeedStatus? { inner.withLock { $0.feed }?.status }
  var heartbeat: HeartbeatStatus? { inner.withLock { $0.heartbeat }?.status }
}

/// A value that is only reached while its lock is held. On NSLock, which the thread sanitizer sees on Linux.
final class Guard<State>: @unchecked Sendable {
  private let lock = NSLock()
  private var state: State
  init(_ state: sending State) { self.state = state }
  func withLock<Result>(_ body: (inout State) -> Result) -> Result {
    lock.lock()
    defer { lock.unlock() }
    return body(&state)
  }
}
