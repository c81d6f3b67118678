import Observatories
import Units
import Visibility

/// A pointing of an earlier plan that is to stay as it is: same telescope, place and time.
public struct HeldPointing: Sendable, Hashable {
  public let telescopeID: String
  public let fieldID: String
  public let tileKey: String
  public let center: Direction<ICRS>
  public let start: Instant
  /// One exposure.
  public let exposure: Duration
  public let exposureCount: Int
  /// End of the last exposure.
  public let end: Instant
  public let filter: String?

  public init(
    telescopeID: String, fieldID: String, tileKey: String, center: Direction<ICRS>, start: Instant,
    exposure: Duration, exposureCount: Int, end: Instant, filter: String?
  ) {
    self.telescopeID = telescopeID
    self.fieldID = fieldID
    self.tileKey = tileKey
    self.center = center
    self.start = start
    self.exposure = exposure
    self.exposureCount = exposureCount
    self.end = end
    self.filter = filter
  }

  var digestText: String {
    "\(telescopeID):\(tileKey):\(center.ra.degrees),\(center.dec.degrees):\(start.tai)/\(end.tai):"
      + "\(exposure.seconds)x\(exposureCount):\(filter ?? "")"
  }
}

/// What is still to come of a plan.
public struct StandingPlan: Sendable, Hashable {
  /// Not begun, not refused: to be kept.
  public var pointings: [HeldPointing]
  /// Refused since: no longer to be had, but what a new plan is measured by.
  public var lost: [HeldPointing]
  /// Of the sky map that it was made for; nil is not known.
  public var mapDigest: String?

  public init(_ pointings: [HeldPointing] = [], lost: [HeldPointing] = [], mapDigest: String? = nil) {
    self.pointings = pointings
    self.lost = lost
    self.mapDigest = mapDigest
  }
}

/// The pointings that one telescope keeps, and its time without them.
struct HeldTime: Sendable {
  /// By start; none overlaps another.
  let pointings: [HeldPointing]
  /// As if nothing were kept.
  let open: SiteVisibility
  private let sequence: VisitSequence

  /// Keeps what can still be done: inside the window, every limit met, nothing at the same time.
  ///
  /// - Parameter margin: documents hold whole milliseconds; a start may be that much beside its window.
  init(
    _ wanted: [HeldPointing], of telescope: Telescope, visiting sequence: VisitSequence, open: SiteVisibility,
    window: TimeWindow, now: Instant, margin: Duration = .seconds(0.002)
  ) {
    self.open = open
    self.sequence = sequence
    var kept: [HeldPointing] = []
    for one in wanted.sorted(by: { ($0.start, $0.tileKey) < ($1.start, $1.tileKey) }) {
      guard one.start >= max(now, window.start), one.end <= window.end, one.start < one.end,
        sequence.filters.contains(one.filter), FilterKey.isPart(one.tileKey) == sequence.hasSeveralFilters,
        kept.last.map({ $0.end <= one.start }) ?? true,
        open.startWindows(for: one.center, exposure: one.end - one.start).contains(where: {
          $0.start - margin <= one.start && one.start <= $0.end + margin
        })
      else { continue }
      kept.append(one)
    }
    pointings = kept
  }

  /// When each visit begins: rows in several filters of one field are one visit.
  var visitStarts: [Instant] {
    var seen = Set<Substring>()
    return pointings.filter { seen.insert(FilterKey.visit($0.tileKey)).inserted }.map(\.start)
  }

  /// The telescope as new pointings find it: closed around what is kept, with time for any slew and change of filter.
  func closing(_ telescope: Telescope) -> Telescope {
    let half = Double.pi / telescope.timing.slewRate.radiansPerSecond + telescope.timing.settle.seconds
    let change = sequence.hasSeveralFilters ? telescope.filterChange.seconds : 0
    let gap = Duration.seconds(max(telescope.timing.readout.seconds, half) + change)
    var copy = telescope
    var block: TimeWindow?
    func close(_ window: TimeWindow?) {
      guard let window else { return }
      copy.closures.append(.init(window: window, reason: "kept from the plan before"))
    }
    for one in pointings {
      let own = TimeWindow(one.start - gap, one.end + gap)
      if let last = block, own.start <= last.end {
        block = TimeWindow(last.start, max(last.end, own.end))
      } else {
        close(block)
        block = own
      }
    }
    close(block)
    return copy
  }
}
