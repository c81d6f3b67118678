import Observatories
import Units

extension PlanChecker {
  /// Windows, closures and lengths of single assignments.
  func checkTimes(_ track: Track, of plan: CheckedPlan, _ findings: inout FindingList) {
    for row in track.rows {
      checkWindows(row, track, plan, &findings)
      checkLength(row, track, &findings)
      for closure in track.telescope?.closures ?? [] {
        let common = min(row.end, closure.window.end).seconds(since: max(row.start, closure.window.start))
        guard common > slack.time.seconds else { continue }
        findings.add(
          .closure, on: track, row: row, at: max(row.start, closure.window.start),
          measured: .seconds(common), limit: .seconds(0),
          "\(fixed(common, 1)) s inside the closure until \(closure.window.end.iso8601()): \(closure.reason)")
      }
    }
  }

  private func checkWindows(
    _ row: Track.Row, _ track: Track, _ plan: CheckedPlan, _ findings: inout FindingList
  ) {
    let tolerated = slack.time.seconds
    if let window = plan.window {
      let early = window.start.seconds(since: row.start)
      let late = row.end.seconds(since: window.end)
      if max(early, late) > tolerated {
        let message =
          early >= late
          ? "starts \(fixed(early, 1)) s before the plan window opens at \(window.start.iso8601())"
          : "ends \(fixed(late, 1)) s after the plan window closes at \(window.end.iso8601())"
        findings.add(
          .outsideWindow, on: track, row: row, at: early >= late ? row.start : row.end,
          measured: .seconds(max(early, late)), limit: .seconds(0), message)
      }
    }
    let bounds: [(Instant?, Finding.Rule, String)] = [
      (plan.eventTime, .beforeEvent, "the event"), (plan.made, .inThePast, "the plan was made"),
      (now, .inThePast, "the present"),
    ]
    for (bound, rule, what) in bounds {
      guard let bound, bound.seconds(since: row.start) > tolerated else { continue }
      let early = bound.seconds(since: row.start)
      findings.add(
        rule, on: track, row: row, measured: .seconds(early), limit: .seconds(0),
        "starts \(fixed(early, 1)) s before \(what) (\(bound.iso8601()))")
    }
  }

  private func checkLength(_ row: Track.Row, _ track: Track, _ findings: inout FindingList) {
    let exposure = row.assignment.exposure.seconds
    let count = row.assignment.exposureCount
    if count < 1 {
      findings.add(
        .exposureLength, on: track, row: row, measured: .count(count), limit: .count(1),
        "\(count) exposures asked")
    }
    if exposure <= 0 {
      findings.add(
        .exposureLength, on: track, row: row, measured: .seconds(exposure), limit: .seconds(0),
        "an exposure of \(fixed(exposure, 1)) s")
    } else if let allowed = track.telescope?.exposure {
      let (low, high) = (allowed.shortest.seconds, allowed.longest.seconds)
      if exposure < low - 1e-6 || exposure > high + 1e-6 {
        findings.add(
          .exposureLength, on: track, row: row, measured: .seconds(exposure),
          limit: .seconds(exposure < low ? low : high),
          "an exposure of \(fixed(exposure, 1)) s, outside \(fixed(low, 1)) to \(fixed(high, 1)) s")
      }
    }
    guard let claimed = row.assignment.claims.end else { return }
    let difference = claimed.seconds(since: row.computedEnd)
    // Times may be written in whole seconds, and a site may add a moment to each exposure.
    let generous = 1.0 + 0.01 * row.computedEnd.seconds(since: row.start)
    if difference < -max(slack.time.seconds, 0.5) || difference > generous {
      findings.add(
        difference < 0 ? .violation : .note, .inconsistentEnd, on: track, row: row, at: claimed,
        measured: .seconds(difference), limit: .seconds(0),
        "the stated end lies \(fixed(abs(difference), 1)) s \(difference < 0 ? "before" : "after")"
          + " the end of \(count) x \(fixed(exposure, 1)) s with readouts")
    }
  }

  /// Overlaps and gaps between assignments. Returns the tightest gap.
  func checkGaps(_ track: Track, _ findings: inout FindingList) -> CheckReport.Margin? {
    guard var busiest = track.rows.first else { return nil }
    var tightest: CheckReport.Margin?
    for (previous, row) in zip(track.rows, track.rows.dropFirst()) {
      let gap = row.start.seconds(since: previous.end)
      let angle = previous.assignment.center.separation(from: row.assignment.center)
      let change = Self.filterChange(from: previous, to: row, track.telescope)
      let need = change + (track.telescope.map { Self.gapNeeded(slewing: angle, $0.timing) } ?? 0)
      let busy = busiest.end.seconds(since: row.start)
      if busy > slack.time.seconds {
        findings.add(
          .overlap, on: track, row: row, measured: .seconds(busy), limit: .seconds(0),
          "starts \(fixed(busy, 1)) s before row \(busiest.assignment.row) ends")
      } else if gap < need - slack.time.seconds {
        findings.add(
          .shortGap, on: track, row: row, measured: .seconds(gap), limit: .seconds(need),
          "\(fixed(gap, 1)) s after row \(previous.assignment.row), \(fixed(need, 1)) s needed for readout"
            + " and a slew of \(fixed(angle.degrees, 2)) deg"
            + (change > 0 ? ", and \(fixed(change, 1)) s to change the filter" : ""))
      }
      if row.end > busiest.end { busiest = row }
      tightest = CheckReport.Margins.tighter(
        tightest,
        .init(room: .seconds(gap - need), telescope: track.name, row: row.assignment.row, time: row.start))
    }
    return tightest
  }

  /// Seconds to bring another filter in, after the readout; a row that names none takes what is in place.
  private static func filterChange(
    from previous: Track.Row, to row: Track.Row, _ telescope: Telescope?
  ) -> Double {
    guard let telescope, let old = previous.assignment.filter, let new = row.assignment.filter, old != new
    else { return 0 }
    return telescope.filterChange.seconds
  }

  /// Readout and slew run together; what is added to a slew counts only if the mount moves (0.1 arcsec).
  private static func gapNeeded(slewing angle: Angle, _ timing: Telescope.Timing) -> Double {
    guard angle.arcseconds > 0.1 else { return timing.readout.seconds }
    let slew = angle.degrees / timing.slewRate.degreesPerSecond + timing.settle.seconds
    return max(slew, timing.readout.seconds)
  }

  /// The same field twice with the same filter. Plans with several visits must say so by filter.
  func checkDuplicates(_ track: Track, in source: CheckedPlan.Source, _ findings: inout FindingList) {
    let visits = Self.visits(of: track, in: source)
    let centers = track.rows.map(\.assignment.center)
    // Along an oblique axis equals are neighbours, and the rows of a grid do not crowd as in declination.
    let axis = SIMD3(0.48, 0.60, 0.64)
    let along = centers.map { ($0.unit * axis).sum() }
    let order = centers.indices.sorted { along[$0] < along[$1] }
    var earlier: [Int: Int] = [:]
    let near = Angle.arcseconds(5)
    for (n, i) in order.enumerated() {
      for j in order[(n + 1)...] {
        guard along[j] - along[i] <= near.radians else { break }
        let (first, second) = (min(i, j), max(i, j))
        let same = centers[i].separation(from: centers[j]) < near && visits[i] != visits[j]
        guard same, Self.sameFilter(track.rows[i], track.rows[j]),
          Self.visitNumber(track.rows[i]) == Self.visitNumber(track.rows[j])
        else { continue }
        earlier[second] = min(first, earlier[second] ?? first)
      }
    }
    var byKey: [String: Int] = [:]
    for (i, row) in track.rows.enumerated() {
      guard let key = row.assignment.tileKey, !key.isEmpty else { continue }
      let full = key + "\u{0}" + (row.assignment.filter ?? "")
      if let first = byKey[full] { earlier[i] = min(first, earlier[i] ?? first) } else { byKey[full] = i }
    }
    for (second, first) in earlier.sorted(by: { $0.key < $1.key }) {
      let row = track.rows[second]
      findings.add(
        .duplicateTile, on: track, row: row,
        "the same tile as row \(track.rows[first].assignment.row) at"
          + " \(track.rows[first].start.iso8601()), with the same filter")
    }
  }

  /// What a tile key says after `#`: visits that a plan means to make are numbered.
  private static func visitNumber(_ row: Track.Row) -> Substring? {
    guard let key = row.assignment.tileKey, let mark = key.lastIndex(of: "#") else { return nil }
    return key[key.index(after: mark)...]
  }

  private static func sameFilter(_ a: Track.Row, _ b: Track.Row) -> Bool {
    (a.assignment.filter ?? "") == (b.assignment.filter ?? "")
  }

  /// The visit each row belongs to. A CSV file has no count column: exposures on one centre that follow
  /// each other within a minute of readout are one visit there. In JSON each row is one.
  private static func visits(of track: Track, in source: CheckedPlan.Source) -> [Int] {
    var visit = 0
    return track.rows.indices.map { i in
      guard i > 0 else { return 0 }
      let (previous, row) = (track.rows[i - 1], track.rows[i])
      let pause = row.start.seconds(since: previous.end) - (track.telescope?.timing.readout.seconds ?? 0)
      let still = previous.assignment.center.separation(from: row.assignment.center) < .arcseconds(5)
      let change = track.telescope?.filterChange.seconds ?? 0
      if source != .networkCSV || !still || pause > 60 + change { visit += 1 }
      return visit
    }
  }
}
