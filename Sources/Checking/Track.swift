import Observatories
import Units

/// All the work of one telescope, by start, whatever names the plan calls it by.
struct Track {
  struct Row {
    var assignment: CheckedPlan.Assignment
    /// From the exposures and the telescope's readout.
    var computedEnd: Instant
    /// When the telescope is free again: the later of that and the claim.
    var end: Instant { max(computedEnd, assignment.claims.end ?? computedEnd) }
    /// Of the time the plan gives it: the moment its claims are about.
    var middle: Instant {
      start.advanced(bySeconds: (assignment.claims.end ?? computedEnd).seconds(since: start) / 2)
    }
    var start: Instant { assignment.start }
    /// For messages: the field id, else the tile key.
    var tile: String? { assignment.fieldID ?? assignment.tileKey }
  }

  /// As the plan names it first.
  let name: String
  /// Sorts equal starts, as the plan does.
  let id: String
  let telescope: Telescope?
  /// Indices into `CheckedPlan.telescopes`; more than one when a plan splits a telescope.
  let entries: [Int]
  let rows: [Row]

  static func tracks(of plan: CheckedPlan) -> [Track] {
    var order: [String] = []
    var members: [String: [Int]] = [:]
    for (i, entry) in plan.telescopes.enumerated() {
      let id = entry.telescope?.id ?? entry.name
      if members[id] == nil { order.append(id) }
      members[id, default: []].append(i)
    }
    return order.map { id in
      let entries = members[id] ?? []
      let telescope = plan.telescopes[entries[0]].telescope
      let rows = entries.flatMap { plan.telescopes[$0].assignments }
        .map { Row(assignment: $0, computedEnd: computedEnd(of: $0, on: telescope)) }
        .sorted { ($0.start, $0.assignment.row) < ($1.start, $1.assignment.row) }
      return Track(
        name: plan.telescopes[entries[0]].name, id: id, telescope: telescope, entries: entries, rows: rows)
    }
  }

  private static func computedEnd(of a: CheckedPlan.Assignment, on telescope: Telescope?) -> Instant {
    let count = Double(max(0, a.exposureCount))
    let readouts = max(0, count - 1) * (telescope?.timing.readout.seconds ?? 0)
    return a.start.advanced(bySeconds: count * max(0, a.exposure.seconds) + readouts)
  }
}

extension Track.Row {
  /// At most this many instants are looked at in one assignment. The sky turns a quarter of a degree a
  /// minute and smoothly: between them nothing can hide that the ends do not show.
  private static let mostSamples = 61

  /// Start, middle and end of every exposure, moved by `delay` seconds.
  func samples(delayedBy delay: Double = 0) -> [Instant] {
    let exposure = max(0, assignment.exposure.seconds)
    let count = max(1, assignment.exposureCount)
    let from = start.advanced(bySeconds: delay)
    if count * 3 <= Self.mostSamples {
      let pause =
        count == 1 ? 0 : (computedEnd.seconds(since: start) - Double(count) * exposure) / Double(count - 1)
      return (0..<count).flatMap { k in
        [0, 0.5, 1].map { from.advanced(bySeconds: Double(k) * (exposure + pause) + $0 * exposure) }
      }
    }
    let step = computedEnd.seconds(since: start) / Double(Self.mostSamples - 1)
    return (0..<Self.mostSamples).map { from.advanced(bySeconds: Double($0) * step) }
  }
}

/// The findings on one plan as they come.
struct FindingList {
  private(set) var all: [Finding] = []

  mutating func add(
    _ severity: Finding.Severity, _ rule: Finding.Rule, on track: Track? = nil,
    row: Track.Row? = nil, at time: Instant? = nil, measured: Measure? = nil, limit: Measure? = nil,
    _ message: String
  ) {
    // What cannot be written in JSON is not a measurement: an airmass below the horizon.
    let finite = measured.flatMap { $0.value.isFinite ? $0 : nil }
    all.append(
      Finding(
        severity: severity, rule: rule, telescope: track?.name, row: row?.assignment.row, tile: row?.tile,
        time: time ?? row?.start, measured: finite, limit: limit, message: message))
  }

  /// Violations first, then by telescope, row and rule.
  var sorted: [Finding] {
    all.sorted {
      if $0.severity != $1.severity { return $0.severity > $1.severity }
      return ($0.telescope ?? "", $0.row ?? 0, $0.rule) < ($1.telescope ?? "", $1.row ?? 0, $1.rule)
    }
  }
}
