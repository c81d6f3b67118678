import Units

/// One pointing in a telescope's queue.
public struct QueuedPointing: Hashable, Sendable {
  public let id: Int64
  public let event: String
  public let plan: String
  public let telescope: String
  public let window: TimeWindow
  public let direction: Direction<ICRS>
  /// As the site names it; empty where it has none.
  public let filter: String
  public let exposure: Duration
  /// Stable key of the tile.
  public let tile: String
  public let standing: Standing

  public init(
    id: Int64, event: String, plan: String, telescope: String, window: TimeWindow,
    direction: Direction<ICRS>, filter: String, exposure: Duration, tile: String, standing: Standing
  ) {
    self.id = id
    self.event = event
    self.plan = plan
    self.telescope = telescope
    self.window = window
    self.direction = direction
    self.filter = filter
    self.exposure = exposure
    self.tile = tile
    self.standing = standing
  }
}

/// What one telescope has to do, over all events.
public struct TelescopeQueue: Hashable, Sendable {
  /// What its operator is told, everywhere: on pages, in lists and in every file.
  public enum Status: String, Hashable, Sendable {
    /// There is something to observe; each pointing has its time.
    case go = "GO"
    /// There is nothing to observe now.
    case wait = "WAIT"
    /// What there was to observe was taken back, and its time is not over.
    case stop = "STOP"

    /// The one rule. Files that lie in folders cannot change by the clock, so it does not ask for the time of
    /// the first pointing.
    public init(hasWork: Bool, isStopped: Bool) { self = hasWork ? .go : isStopped ? .stop : .wait }
  }

  /// By start.
  public let pointings: [QueuedPointing]
  /// Of them, what is still to be done or under way.
  public let open: [QueuedPointing]
  public let status: Status
  public let message: String

  /// - Parameters:
  ///   - pointings: in any order.
  ///   - stopped: the event whose end took the telescope's last plan back, if nothing else is to be done.
  public init(_ pointings: [QueuedPointing], stopped: String? = nil, at now: Instant) {
    let sorted = pointings.sorted { ($0.window.start, $0.plan, $0.id) < ($1.window.start, $1.plan, $1.id) }
    self.pointings = sorted
    open = sorted.filter {
      $0.window.end > now && ($0.standing.state.isOpen || $0.standing.state == .started)
    }
    status = Status(hasWork: !open.isEmpty, isStopped: stopped != nil)
    message =
      if let first = open.first {
        "\(open.count) to observe, " + Self.when(first.window.start, now)
      } else if let stopped {
        "STOP: observe nothing more for \(stopped)"
      } else {
        "nothing to observe"
      }
  }

  /// GO is said hours ahead too: when it is for comes with it.
  private static func when(_ start: Instant, _ now: Instant) -> String {
    guard start > now else { return "now" }
    return "from \(start.iso8601().prefix(16).replacing("T", with: " ")) UTC on, not before"
  }
}
