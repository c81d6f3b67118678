import Units

/// An exposure that a telescope reports.
public struct ObservationReport: Hashable, Sendable {
  public var start: Instant
  /// Total on target.
  public var exposure: Duration
  /// nil: the tile says where.
  public var direction: Direction<ICRS>?
  /// Of the field's top, from north toward east, on top of the field's own.
  public var rotation: Angle
  public var filter: String?
  public var limit: Magnitude?
  /// The event it is for; nil: that of the pointing it matches.
  public var event: String?
  /// The tile's key, or the number of the pointing.
  public var tile: String?

  public init(
    start: Instant, exposure: Duration, direction: Direction<ICRS>? = nil, rotation: Angle = .zero,
    filter: String? = nil, limit: Magnitude? = nil, event: String? = nil, tile: String? = nil
  ) {
    self.start = start
    self.exposure = exposure
    self.direction = direction
    self.rotation = rotation
    self.filter = filter
    self.limit = limit
    self.event = event
    self.tile = tile
  }
}

/// Why a report cannot be of any pointing.
public enum ReportError: Error, Hashable, Sendable {
  case future(start: Instant, now: Instant)
  /// A pointing is named, and the exposure is nowhere near its time.
  case outsideWindow(start: Instant, window: TimeWindow)
  case unknownTile(String)
  /// A tile is named, and the exposure was taken elsewhere.
  case offTile(String, by: Angle, limit: Angle)
  case impossible(String)
  /// Neither a tile nor an event is named, and no pointing is near.
  case noPlace
}

extension ReportError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .future(let start, let now):
      "the exposure starts at \(start.iso8601()), which is after now (\(now.iso8601()))"
    case .outsideWindow(let start, let window):
      "the exposure at \(start.iso8601()) is more than \(Int(ObservationMatch.slack.seconds / 3600)) h outside "
        + "its pointing's time, \(window.start.iso8601()) to \(window.end.iso8601())"
    case .unknownTile(let tile): "no pointing of this telescope is called \(tile.prefix(60))"
    case .offTile(let tile, let off, let limit):
      "the position is \(Self.degrees(off)) deg from the tile \(tile.prefix(60)); "
        + "up to \(Self.degrees(limit)) deg counts as the tile"
    case .impossible(let why): why
    case .noPlace: "no pointing of this telescope is near; name the event to have it counted all the same"
    }
  }

  private static func degrees(_ angle: Angle) -> String {
    let thousandths = Int((angle.degrees * 1000).rounded())
    let digits = String(thousandths % 1000)
    return "\(thousandths / 1000).\(String(repeating: "0", count: 3 - digits.count))\(digits)"
  }
}

/// Finds the pointing that an exposure was of: robots report positions to an arcsecond, amateurs what the
/// mount said.
public enum ObservationMatch {
  /// A pointing counts as observed by an exposure centred within this share of the field's shorter side.
  public static let fieldShare = 0.25
  /// An exposure may be taken this long before or after its pointing's own time.
  public static let slack = Duration.hours(6)
  /// A clock of the site may be ahead of ours by this.
  public static let clockTolerance = Duration.minutes(2)

  /// - Parameters:
  ///   - pointings: the telescope's, of all events, whatever became of them.
  ///   - shortSide: of the telescope's field; nil if it is not known: then a degree.
  /// - Returns: nil when none is near and the report names an event.
  public static func pointing(
    of report: ObservationReport, among pointings: [QueuedPointing], shortSide: Angle?, now: Instant
  ) throws(ReportError) -> QueuedPointing? {
    try check(report, now: now)
    let radius = (shortSide ?? .degrees(1)) * fieldShare
    let own = pointings.filter { report.event == nil || $0.event == report.event }
    if let tile = report.tile {
      let named = own.filter { $0.tile == tile || String($0.id) == tile }
      guard let best = nearestInTime(named, report) else { throw .unknownTile(tile) }
      if let direction = report.direction {
        let off = direction.separation(from: best.direction)
        guard off <= radius else { throw .offTile(tile, by: off, limit: radius) }
      }
      guard isInTime(best, report) else {
        throw .outsideWindow(start: report.start, window: best.window)
      }
      return best
    }
    guard let direction = report.direction else { throw .noPlace }
    let near = own.filter { isInTime($0, report) && direction.separation(from: $0.direction) <= radius }
    guard let closest = near.map({ direction.separation(from: $0.direction) }).min() else {
      guard report.event != nil else { throw .noPlace }
      return nil
    }
    // The same place in several plans: the one in force, then the one whose time it was.
    let tied = near.filter { direction.separation(from: $0.direction) <= closest + .arcseconds(1) }
    return nearestInTime(tied, report)
  }

  private static func check(_ report: ObservationReport, now: Instant) throws(ReportError) {
    guard report.start <= now + clockTolerance else { throw .future(start: report.start, now: now) }
    guard report.exposure.seconds > 0, report.exposure.seconds <= 86_400 else {
      throw .impossible("an exposure lasts more than 0 and up to 86400 s")
    }
    guard report.start.advanced(bySeconds: report.exposure.seconds) <= now + clockTolerance else {
      throw .future(start: report.start, now: now)
    }
    if let limit = report.limit, !(limit.value > 0 && limit.value < 35) {
      throw .impossible("a limiting magnitude lies between 0 and 35")
    }
  }

  private static func isInTime(_ pointing: QueuedPointing, _ report: ObservationReport) -> Bool {
    report.start >= pointing.window.start - slack && report.start <= pointing.window.end + slack
  }

  /// Open ones first: a place that is planned twice is observed twice.
  private static func nearestInTime(
    _ list: [QueuedPointing], _ report: ObservationReport
  ) -> QueuedPointing? {
    func rank(_ p: QueuedPointing) -> Int {
      p.standing.state.isOpen || p.standing.state == .started ? 0 : p.standing.state.isObserved ? 1 : 2
    }
    return list.min { a, b in
      let (x, y) = (rank(a), rank(b))
      if x != y { return x < y }
      let (s, t) = (
        abs(a.window.start.seconds(since: report.start)), abs(b.window.start.seconds(since: report.start))
      )
      return s != t ? s < t : a.id > b.id
    }
  }
}
