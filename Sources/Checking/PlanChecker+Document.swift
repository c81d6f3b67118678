import Observatories
import Units

extension PlanChecker {
  /// What the plan says of itself as a document.
  func checkDocument(_ plan: CheckedPlan, _ findings: inout FindingList) {
    let rows = plan.telescopes.reduce(0) { $0 + $1.assignments.count }
    if plan.source != .networkCSV {
      checkIdentity(plan, &findings)
      checkStatus(plan.status, "the plan", rows: rows, &findings)
    }
    if plan.source == .networkJSON {
      for entry in plan.telescopes where entry.status != plan.status {
        checkStatus(entry.status, entry.name, rows: entry.assignments.count, &findings)
        findings.add(
          .note, .unknownStatus,
          "\(entry.name): status \(entry.status ?? "absent") in a plan with status \(plan.status ?? "absent")"
        )
      }
    }
    if let expected = mapDigest, let named = plan.mapDigest, expected.lowercased() != named.lowercased() {
      findings.add(
        .wrongMap, "the plan was made from map \(named.prefix(12)), not from \(expected.prefix(12))")
    }
    checkBounds(plan, &findings)
    for name in plan.brokenSeals {
      findings.add(.brokenSeal, "plan \(name) was changed since it was sealed: its sha256 does not fit")
    }
    if let claimed = plan.claimedCount, claimed != rows {
      findings.add(
        .claimedCount, measured: .count(rows), limit: .count(claimed),
        "the plan claims \(claimed) assignments and lists \(rows)")
    }
    for entry in plan.telescopes {
      if let claimed = entry.claimedCount, claimed != entry.assignments.count {
        findings.add(
          .claimedCount, measured: .count(entry.assignments.count), limit: .count(claimed),
          "\(entry.name): the plan claims \(claimed) assignments and lists \(entry.assignments.count)")
      }
    }
  }

  private func checkStatus(
    _ status: String?, _ what: String, rows: Int, _ findings: inout FindingList
  ) {
    switch status {
    case "GO", "WAIT": break
    case "STOP":
      if rows > 0 {
        findings.add(
          .stopWithRows, measured: .count(rows), limit: .count(0),
          "\(what): the status is STOP and yet \(rows) assignments are listed")
      }
    case .some(let other):
      findings.add(.unknownStatus, "\(what): the status is \(other), not GO, WAIT or STOP")
    case nil: findings.add(.unknownStatus, "\(what): no status")
    }
  }

  /// The stated upper bounds against the stated figures, and the gaps against both.
  private func checkBounds(_ plan: CheckedPlan, _ findings: inout FindingList) {
    checkBound(
      "covered", plan.claimedProbability, bound: plan.claimedBound, gap: plan.claimedGap, &findings)
    checkBound(
      "to find the source", plan.claimedDetection, bound: plan.claimedDetectionBound,
      gap: plan.claimedDetectionGap, &findings)
    guard let detection = plan.claimedDetection else { return }
    if !(0...1).contains(detection) {
      findings.add(
        .claimedBound, measured: .probability(detection), "the chance to find the source is no probability")
    }
    // It is seen where it is: in a footprint.
    if let covered = plan.claimedProbability, !(detection <= covered + tolerances.detection) {
      findings.add(
        .claimedBound, measured: .probability(detection), limit: .probability(covered),
        "\(fixed(detection * 100, 4)) % to find the source in \(fixed(covered * 100, 4)) % covered")
    }
  }

  private func checkBound(
    _ what: String, _ value: Double?, bound: Double?, gap: Double?, _ findings: inout FindingList
  ) {
    guard let bound else {
      if let gap {
        findings.add(
          .claimedBound, measured: .probability(gap), "a gap of \(fixed(gap * 100, 4)) % to no upper bound")
      }
      return
    }
    if !(0...1).contains(bound) {
      findings.add(
        .claimedBound, measured: .probability(bound), "the upper bound is no probability: \(fixed(bound, 6))")
    }
    guard let value else { return }
    if !(value <= bound + tolerances.bound) {
      findings.add(
        .claimedBound, measured: .probability(value), limit: .probability(bound),
        "\(fixed(value * 100, 4)) % \(what), more than the upper bound of \(fixed(bound * 100, 4)) %")
    }
    let missed = bound > 0 ? max(0, 1 - value / bound) : 0
    let allowed = tolerances.bound * max(1, 2 / max(bound, tolerances.bound))
    if let gap, !(abs(gap - missed) <= allowed) {
      findings.add(
        .claimedBound, measured: .probability(missed), limit: .probability(gap),
        "the gap is stated as \(fixed(gap * 100, 4)) %, it is \(fixed(missed * 100, 4)) %")
    }
  }

  private func checkIdentity(_ plan: CheckedPlan, _ findings: inout FindingList) {
    if (plan.planID ?? "").isEmpty { findings.add(.missingIdentity, "the plan has no plan_id") }
    if (plan.eventID ?? "").isEmpty { findings.add(.missingIdentity, "the plan names no event") }
    if plan.source == .networkJSON { checkDigest(plan.mapDigest, "map_sha256 of the plan", &findings) }
    for entry in plan.telescopes {
      if plan.source == .networkJSON, (entry.planID ?? "").isEmpty {
        findings.add(.missingIdentity, "\(entry.name): no plan_id")
      }
      checkDigest(entry.digest, "sha256 of \(entry.name)", &findings)
    }
  }

  private func checkDigest(_ digest: String?, _ what: String, _ findings: inout FindingList) {
    let digest = digest ?? ""
    guard digest.utf8.count != 64 || !digest.allSatisfy(\.isHexDigit) else { return }
    let found = digest.isEmpty ? "is absent" : "is not 64 hexadecimal digits: \(digest.prefix(70))"
    findings.add(.missingIdentity, "\(what) \(found)")
  }

  /// Whether the telescope may be used at all, and how long.
  func checkTelescope(_ track: Track, of plan: CheckedPlan, _ findings: inout FindingList) {
    guard let telescope = track.telescope else {
      findings.add(.unknownTelescope, on: track, "no telescope of the registry is called \(track.name)")
      return
    }
    for entry in track.entries {
      checkSettings(plan.telescopes[entry].settings, track, telescope, &findings)
    }
    guard !track.rows.isEmpty else { return }
    if telescope.status == .notOperational || telescope.usage?.level == .notOperational {
      findings.add(.unusableTelescope, on: track, "\(telescope.id) is not operational")
    }
    if !CoverageResult.hasField(telescope) {
      findings.add(.unusableTelescope, on: track, "\(telescope.id) has no known field of view to tile with")
    }
    checkBudget(track, telescope, &findings)
  }

  /// A plan made from another registry than the one at hand: judged by the one at hand.
  private func checkSettings(
    _ stated: CheckedPlan.Settings, _ track: Track, _ telescope: Telescope, _ findings: inout FindingList
  ) {
    let (limits, timing) = (telescope.limits, telescope.timing)
    var pairs: [(String, Double?, Double)] = [
      ("latitude", stated.latitude?.degrees, telescope.site.position.latitude.degrees),
      ("longitude", stated.longitude?.degrees, telescope.site.position.longitude.degrees),
      ("lowest altitude", stated.minAltitude?.degrees, limits.minAltitude.degrees),
      ("largest airmass", stated.maxAirmass, limits.maxAirmass),
      ("Moon separation", stated.moonSeparation?.degrees, limits.minMoonSeparation.degrees),
      ("Sun altitude", stated.sunAltitude?.degrees, limits.maxSunAltitude.degrees),
      ("readout", stated.readoutSeconds, timing.readout.seconds),
      ("slew rate", stated.slewDegreesPerSecond, timing.slewRate.degreesPerSecond),
      ("settling time", stated.settleSeconds, timing.settle.seconds),
    ]
    if let change = stated.filterChangeSeconds {
      pairs.append(("filter change", change, telescope.filterChange.seconds))
    }
    if stated.field.count == 2, let box = telescope.field.flatMap(CoverageResult.box) {
      pairs.append(("field width", stated.field[0].degrees, box.width.degrees))
      pairs.append(("field height", stated.field[1].degrees, box.height.degrees))
    }
    for (what, stated, known) in pairs {
      guard let stated, !(abs(stated - known) <= 1e-5 * max(1, abs(known))) else { continue }
      findings.add(
        .note, .otherSettings, on: track,
        "\(what) stated as \(fixed(stated, 5)), in the registry \(fixed(known, 5))")
    }
  }

  /// Hours per night, from local noon to noon. The budgets are customs rather than limits: a note.
  private func checkBudget(_ track: Track, _ telescope: Telescope, _ findings: inout FindingList) {
    guard let hours = telescope.usage?.hoursPerNight else { return }
    var spent: [Int: (seconds: Double, first: Track.Row)] = [:]
    for row in track.rows {
      let solarDays = row.start.mjdUTC + telescope.site.position.longitude.degrees / 360 - 0.5
      let night = Int(solarDays.rounded(.down))
      spent[night, default: (0, row)].seconds += row.end.seconds(since: row.start)
    }
    for (_, use) in spent.sorted(by: { $0.key < $1.key })
    where use.seconds > hours * 3600 + slack.time.seconds {
      findings.add(
        .note, .usageBudget, on: track, row: use.first, measured: .seconds(use.seconds),
        limit: .seconds(hours * 3600),
        "\(fixed(use.seconds / 3600, 2)) h asked in the night of this exposure, \(fixed(hours, 2)) h are ours"
      )
    }
  }
}

extension FindingList {
  mutating func add(
    _ rule: Finding.Rule, on track: Track? = nil, row: Track.Row? = nil, at time: Instant? = nil,
    measured: Measure? = nil, limit: Measure? = nil, _ message: String
  ) {
    add(.violation, rule, on: track, row: row, at: time, measured: measured, limit: limit, message)
  }
}
