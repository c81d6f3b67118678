import Observatories
import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The least room to one limit over the samples of an assignment.
private struct Extreme {
  var room = Double.infinity
  var measured = 0.0
  var limit = 0.0
  var time = Instant(tai: 0)

  mutating func consider(_ measured: Double, room: Double, limit: Double, at time: Instant) {
    guard room < self.room else { return }
    self = Extreme(room: room, measured: measured, limit: limit, time: time)
  }
}

/// The worst of one assignment against each limit that changes with time; degrees but for airmass.
private struct Worst {
  var sun = Extreme()
  var altitude = Extreme()
  var airmass = Extreme()
  var hourAngle = Extreme()
  var moon = Extreme()

  init(_ row: Track.Row, on telescope: Telescope, delay: Double, earth: EarthRotation) throws(CheckError) {
    let limits = telescope.limits
    for time in row.samples(delayedBy: delay) {
      var sky = try ObserverSky(from: telescope.site.position, at: time, earth: earth)
      let place = sky.place(of: row.assignment.center)
      let floor = lowestAltitude(telescope, azimuth: place.azimuth)
      let sunLimit = limits.maxSunAltitude.degrees
      sun.consider(
        sky.sunAltitude.degrees, room: sunLimit - sky.sunAltitude.degrees, limit: sunLimit, at: time)
      altitude.consider(
        place.altitude.degrees, room: place.altitude.degrees - floor, limit: floor, at: time)
      airmass.consider(
        place.airmass, room: limits.maxAirmass - place.airmass, limit: limits.maxAirmass, at: time)
      let moonLimit = limits.minMoonSeparation.degrees
      moon.consider(
        place.moonSeparation.degrees, room: place.moonSeparation.degrees - moonLimit, limit: moonLimit,
        at: time)
      if let hourLimit = limits.maxHourAngle?.degrees {
        let value = place.hourAngle.degrees
        hourAngle.consider(value, room: hourLimit - abs(value), limit: hourLimit, at: time)
      }
    }
  }
}

/// Degrees: the altitude limit or the horizon mask, whichever is higher. The mask is linear between its
/// points and closes around north.
func lowestAltitude(_ telescope: Telescope, azimuth: Angle) -> Double {
  let flat = telescope.limits.minAltitude.degrees
  guard let points = telescope.site.horizon?.points, let first = points.first, let last = points.last else {
    return flat
  }
  let a = azimuth.degrees
  var before = (azimuth: last.azimuth.degrees - 360, altitude: last.altitude.degrees)
  for point in points {
    let next = (azimuth: point.azimuth.degrees, altitude: point.altitude.degrees)
    if a < next.azimuth { return max(flat, interpolate(a, before, next)) }
    before = next
  }
  return max(flat, interpolate(a, before, (first.azimuth.degrees + 360, first.altitude.degrees)))
}

private func interpolate(
  _ a: Double, _ p: (azimuth: Double, altitude: Double), _ q: (azimuth: Double, altitude: Double)
) -> Double {
  p.altitude + (q.altitude - p.altitude) * (a - p.azimuth) / (q.azimuth - p.azimuth)
}

extension PlanChecker {
  /// Limits on where the telescope points. Returns the least room to each.
  func checkPointing(
    _ track: Track, _ findings: inout FindingList
  ) throws(CheckError) -> CheckReport.Margins {
    var margins = CheckReport.Margins()
    guard let telescope = track.telescope else { return margins }
    for row in track.rows {
      let worst = try Worst(row, on: telescope, delay: 0, earth: earth)
      let sound = judge(worst, row, track, telescope, &findings)
      checkDeclination(row, track, telescope, &findings)
      try checkConditions(row, track, telescope, &findings)
      if sound { try checkLatestStart(row, track, telescope, &findings) }

      func margin(_ e: Extreme, _ unit: Measure.Unit) -> CheckReport.Margin? {
        guard e.room.isFinite else { return nil }
        return .init(
          room: Measure(value: e.room, unit: unit), telescope: track.name, row: row.assignment.row,
          time: e.time)
      }
      var own = CheckReport.Margins()
      own.sun = margin(worst.sun, .degrees)
      own.altitude = margin(worst.altitude, .degrees)
      own.airmass = margin(worst.airmass, .airmass)
      own.moon = margin(worst.moon, .degrees)
      margins.merge(own)
    }
    return margins
  }

  /// The slack in airmass is the one in altitude: d(sec z) = sec z tan z dz.
  private func airmassSlack(at limit: Double) -> Double {
    limit * max(0, limit * limit - 1).squareRoot() * slack.angle.radians
  }

  /// - Returns: whether no limit is broken.
  private func judge(
    _ worst: Worst, _ row: Track.Row, _ track: Track, _ telescope: Telescope, _ findings: inout FindingList
  ) -> Bool {
    var sound = true
    func test(
      _ e: Extreme, _ rule: Finding.Rule, _ unit: Measure.Unit, slack: Double, _ message: (Extreme) -> String
    ) {
      guard e.room < -slack else { return }
      sound = false
      findings.add(
        rule, on: track, row: row, at: e.time, measured: Measure(value: e.measured, unit: unit),
        limit: Measure(value: e.limit, unit: unit), message(e))
    }
    let degrees = slack.angle.degrees
    test(worst.sun, .sunUp, .degrees, slack: degrees) {
      "the Sun stands at \(fixed($0.measured, 2)) deg at \($0.time.iso8601()), limit \(fixed($0.limit, 2)) deg"
    }
    test(worst.altitude, .lowAltitude, .degrees, slack: degrees) {
      "altitude \(fixed($0.measured, 2)) deg at \($0.time.iso8601()), limit \(fixed($0.limit, 2)) deg"
    }
    test(worst.airmass, .highAirmass, .airmass, slack: airmassSlack(at: telescope.limits.maxAirmass)) {
      let value = $0.measured.isFinite ? "airmass \(fixed($0.measured, 3))" : "below the horizon"
      return "\(value) at \($0.time.iso8601()), limit \(fixed($0.limit, 3))"
    }
    test(worst.hourAngle, .hourAngle, .degrees, slack: degrees) {
      "hour angle \(fixed($0.measured / 15, 2)) h at \($0.time.iso8601()), limit \(fixed($0.limit / 15, 2)) h"
    }
    test(worst.moon, .nearMoon, .degrees, slack: degrees) {
      "\(fixed($0.measured, 2)) deg from the Moon at \($0.time.iso8601()), limit \(fixed($0.limit, 2)) deg"
    }
    return sound
  }

  private func checkDeclination(
    _ row: Track.Row, _ track: Track, _ telescope: Telescope, _ findings: inout FindingList
  ) {
    let dec = row.assignment.center.dec
    let (low, high) = (telescope.limits.minDeclination, telescope.limits.maxDeclination)
    guard dec < low - slack.angle || dec > high + slack.angle else { return }
    findings.add(
      .declination, on: track, row: row, measured: .angle(dec), limit: .angle(dec < low ? low : high),
      "declination \(fixed(dec.degrees, 3)) deg, outside \(fixed(low.degrees, 2)) to \(fixed(high.degrees, 2)) deg"
    )
  }

  /// The claimed last start must keep every limit too.
  private func checkLatestStart(
    _ row: Track.Row, _ track: Track, _ telescope: Telescope, _ findings: inout FindingList
  ) throws(CheckError) {
    guard let latest = row.assignment.claims.latestStart else { return }
    let delay = latest.seconds(since: row.start)
    guard delay >= -max(slack.time.seconds, 0.5) else {
      findings.add(
        .claimedLatestStart, on: track, row: row, at: latest, measured: .seconds(delay), limit: .seconds(0),
        "the latest start lies \(fixed(-delay, 1)) s before the start")
      return
    }
    guard delay > 0 else { return }
    let worst = try Worst(row, on: telescope, delay: delay, earth: earth)
    let degrees = slack.angle.degrees
    let tests: [(Extreme, Double, String)] = [
      (worst.sun, degrees, "the Sun"), (worst.altitude, degrees, "altitude"),
      (worst.airmass, airmassSlack(at: telescope.limits.maxAirmass), "airmass"),
      (worst.hourAngle, degrees, "hour angle"), (worst.moon, degrees, "the Moon"),
    ]
    let broken = tests.filter { $0.0.room < -$0.1 }
    guard !broken.isEmpty else { return }
    findings.add(
      .claimedLatestStart, on: track, row: row, at: latest,
      "started at the latest time it states, \(latest.iso8601()), it breaks a limit:"
        + " \(broken.map(\.2).joined(separator: ", "))")
  }
}

extension PlanChecker {
  /// Altitude, airmass and the rest as claimed for the middle of the assignment.
  private func checkConditions(
    _ row: Track.Row, _ track: Track, _ telescope: Telescope, _ findings: inout FindingList
  ) throws(CheckError) {
    var unclaimed = CheckedPlan.Claims()
    let claims = row.assignment.claims
    unclaimed.end = claims.end
    unclaimed.latestStart = claims.latestStart
    unclaimed.probability = claims.probability
    unclaimed.added = claims.added
    unclaimed.cumulative = claims.cumulative
    guard claims != unclaimed else { return }

    var sky = try ObserverSky(from: telescope.site.position, at: row.middle, earth: earth)
    let place = sky.place(of: row.assignment.center)
    let level = cos(place.altitude.radians)
    let equator = cos(row.assignment.center.dec.radians)
    // What is claimed, what is found, and how far one degree of it is on the sky.
    let angles: [(String, Angle?, Angle, Double)] = [
      ("altitude", claims.altitude, place.altitude, 1),
      ("azimuth", claims.azimuth, place.azimuth, level),
      ("hour angle", claims.hourAngle, place.hourAngle, equator),
      ("Moon separation", claims.moonSeparation, place.moonSeparation, 1),
      ("Moon altitude", claims.moonAltitude, sky.moonAltitude, 1),
      ("Sun altitude", claims.sunAltitude, sky.sunAltitude, 1),
    ]
    for (what, claimed, found, scale) in angles {
      guard let claimed else { continue }
      let difference = abs((claimed - found).wrapped.degrees) * scale
      let tolerance = tolerances.angle
      guard difference > tolerance.note.degrees else { continue }
      findings.add(
        difference > tolerance.violation.degrees ? .violation : .note, .claimedConditions, on: track,
        row: row, at: row.middle, measured: .angle(found), limit: .angle(claimed),
        "\(what) claimed \(fixed(claimed.degrees, 2)) deg, found \(fixed(found.degrees, 2)) deg")
    }
    if let claimed = claims.airmass {
      let difference = abs(claimed / place.airmass - 1)
      guard !(difference <= tolerances.airmass.note) else { return }
      findings.add(
        difference <= tolerances.airmass.violation ? .note : .violation, .claimedConditions, on: track,
        row: row, at: row.middle, measured: .airmass(place.airmass), limit: .airmass(claimed),
        "airmass claimed \(fixed(claimed, 3)), found \(fixed(place.airmass, 3))")
    }
  }

  /// What the plan calls dark must be dark at both edges, and hold the assignments.
  func checkDarkWindows(
    _ track: Track, of plan: CheckedPlan, _ findings: inout FindingList
  ) throws(CheckError) {
    let windows = track.entries.flatMap { plan.telescopes[$0].darkWindows }
    guard let telescope = track.telescope, !windows.isEmpty else { return }
    let limit = telescope.limits.maxSunAltitude
    for edge in windows.flatMap({ [$0.start, $0.end] }) {
      let sun = try ObserverSky(from: telescope.site.position, at: edge, earth: earth).sunAltitude
      let excess = sun - limit
      guard excess > tolerances.darkEdge.note else { continue }
      findings.add(
        excess > tolerances.darkEdge.violation ? .violation : .note, .claimedDarkWindow, on: track,
        at: edge, measured: .angle(sun), limit: .angle(limit),
        "the dark window has an edge at \(edge.iso8601()) with the Sun at \(fixed(sun.degrees, 2)) deg")
    }
    let tolerated = slack.time.seconds
    for row in track.rows {
      let held = windows.contains {
        row.start.seconds(since: $0.start) >= -tolerated && $0.end.seconds(since: row.end) >= -tolerated
      }
      guard !held else { continue }
      findings.add(
        .claimedDarkWindow, on: track, row: row, "lies outside the dark windows the plan states")
    }
  }
}
