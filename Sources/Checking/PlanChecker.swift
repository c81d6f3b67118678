import Observatories
import Skymaps
import Units

/// Judges a plan by rules and code of its own: it shares nothing with the planner but units, the sky
/// map's arrays and the telescopes' values.
///
/// Model. For each telescope, assignments i with start s_i, end e_i, centre c_i:
/// - e_i = s_i + n_i exposures + (n_i - 1) readouts;
/// - s_{i+1} - e_i >= max(readout, |c_i c_{i+1}| / slew rate + settle), the slew term only if it moves, and the
///   telescope's filter change on top where the two name different filters;
/// - at the start, middle and end of every exposure: Sun <= limit, altitude >= max(limit, mask at that
///   azimuth), sec z <= limit, |hour angle| <= limit, Moon separation >= limit, all unrefracted;
/// - declination of c_i within limits, no closure touched, inside the plan window, not before the
///   event, the making of the plan, or `now`.
///
/// Coverage is measured by `FootprintRaster`, independent of the planner's exact integrals.
public struct PlanChecker: Sendable {
  public var earth: EarthRotation
  /// Nothing may start before it; nil asks nothing.
  public var now: Instant?
  /// SHA-256 of the map at hand, held against the one the plan names; nil asks nothing.
  public var mapDigest: String?
  public var slack: Slack
  public var tolerances: ClaimTolerances

  public init(
    earth: EarthRotation = .unknown, now: Instant? = nil, mapDigest: String? = nil, slack: Slack = Slack(),
    tolerances: ClaimTolerances = ClaimTolerances()
  ) {
    self.earth = earth
    self.now = now
    self.mapDigest = mapDigest
    self.slack = slack
    self.tolerances = tolerances
  }

  /// - Parameter map: nil leaves probabilities unchecked and out of the report.
  /// - Throws: `CheckError.noEphemeris` for times no time scale knows.
  public func check(_ plan: CheckedPlan, on map: Skymap?) throws(CheckError) -> CheckReport {
    var findings = FindingList()
    checkDocument(plan, &findings)
    let tracks = Track.tracks(of: plan)
    let coverage = CoverageResult(of: tracks, on: map)
    checkCoverageClaims(plan, tracks, coverage, &findings)

    var telescopes: [CheckReport.TelescopeReport] = []
    var network = CheckReport.Margins()
    for (i, track) in tracks.enumerated() {
      checkTelescope(track, of: plan, &findings)
      checkTimes(track, of: plan, &findings)
      checkDuplicates(track, in: plan.source, &findings)
      var margins = try checkPointing(track, &findings)
      margins.gap = checkGaps(track, &findings)
      try checkDarkWindows(track, of: plan, &findings)
      network.merge(margins)
      telescopes.append(Self.report(on: track, coverage.telescopes[i], margins))
    }
    return CheckReport(
      planID: plan.planID, eventID: plan.eventID, findings: findings.sorted, telescopes: telescopes,
      network: .init(
        assignments: telescopes.reduce(0) { $0 + $1.assignments },
        exposures: telescopes.reduce(0) { $0 + $1.exposures }, probability: coverage.probability,
        sumOverTelescopes: coverage.probability.map { _ in
          telescopes.reduce(0) { $0 + ($1.probability ?? 0) }
        }, area: coverage.area, margins: network))
  }

  private static func report(
    on track: Track, _ coverage: CoverageResult.Share, _ margins: CheckReport.Margins
  ) -> CheckReport.TelescopeReport {
    var exposures = 0
    var open = 0.0
    for row in track.rows {
      let count = max(0, row.assignment.exposureCount)
      exposures += count
      open += Double(count) * max(0, row.assignment.exposure.seconds)
    }
    return .init(
      name: track.name, assignments: track.rows.count, exposures: exposures, openShutter: .seconds(open),
      firstStart: track.rows.first?.start, lastEnd: track.rows.map(\.end).max(),
      probability: coverage.probability, added: coverage.added, area: coverage.area, margins: margins)
  }
}
