import Observatories
import Planning
import Skymaps
import Units

/// How many decimals documents keep. Finer than any use, coarse enough that degrees turned from
/// radians read `30` and not `29.999999999999996`.
private enum Decimals {
  /// 0.036 mas of a position.
  static let position = 8
  /// 0.36 arcsec of a condition or an hour angle.
  static let condition = 4
  static let fraction = 10
  static let area = 6
  static let distance = 4
  static let seconds = 6
  static let limit = 8
}

extension NetworkPlanDocument {
  /// The plan as `plan.json` shows it: rounded, with the digests of the telescopes' plans.
  ///
  /// O(assignments). Under `stop` no row is written, whatever the plan still holds.
  public init(_ plan: Plan) {
    planID = plan.id
    revision = plan.event.revision
    status = PlanDocument.Status(plan.status)
    made = UTCTime(plan.made)
    window = UTCWindow(plan.window)
    event = PlanDocument.Event(plan.event)
    map = Map(plan.map)
    network = Network(plan.network)
    inputs = Inputs(
      mapSHA256: plan.inputs.mapDigest,
      telescopes: plan.inputs.telescopeDigests.sorted { $0.key < $1.key }
        .map { TelescopeDigest(telescope: $0.key, sha256: $0.value) },
      earthOrientation: plan.inputs.earthOrientation, software: plan.inputs.softwareVersion)
    omissions = plan.omissions.map {
      Omission(telescope: $0.telescopeID, slug: $0.slug, code: $0.code, reason: $0.reason)
    }
    plans = plan.telescopes.map { PlanDocument($0, of: plan) }
  }
}

extension NetworkPlanDocument.Map {
  fileprivate init(_ map: Plan.MapSummary) {
    area50Deg2 = map.area50.squareDegrees.rounded(decimals: Decimals.area)
    area90Deg2 = map.area90.squareDegrees.rounded(decimals: Decimals.area)
    peak = .init(
      raDeg: map.peak.ra.degrees.rounded(decimals: Decimals.position),
      decDeg: map.peak.dec.degrees.rounded(decimals: Decimals.position))
    distanceMeanMpc = map.distanceMean?.megaparsecs.finite(Decimals.distance)
    distanceStdMpc = map.distanceDeviation?.megaparsecs.finite(Decimals.distance)
    instruments = map.instruments
    findings = map.findings.map { .init(severity: $0.severity.rawValue, code: $0.code, message: $0.message) }
  }
}

extension NetworkPlanDocument.Network {
  fileprivate init(_ network: Plan.Network) {
    let covered = network.probability.value.rounded(decimals: Decimals.fraction)
    let found = network.detection?.value.rounded(decimals: Decimals.fraction)
    let bounds = (network.upperBound.map(Self.upward), network.detectionBound.map(Self.upward))
    probability = covered
    areaDeg2 = network.area.squareDegrees.rounded(decimals: Decimals.area)
    reachable = network.reachable.value.rounded(decimals: Decimals.fraction)
    upperBound = bounds.0
    gap = bounds.0.map { Self.gap(covered, $0) }
    assignments = network.assignmentCount
    detection = found
    detectionBound = bounds.1
    detectionGap = bounds.1.map { Self.gap(found ?? 0, $0) }
    source = network.source
    sourceTerms = network.sourceTerms
  }

  /// What is written must still be a bound.
  private static func upward(_ bound: Fraction) -> Double {
    let rounded = bound.value.rounded(decimals: Decimals.fraction)
    return rounded < bound.value ? min(1, (rounded + 1e-10).rounded(decimals: Decimals.fraction)) : rounded
  }

  private static func gap(_ value: Double, _ bound: Double) -> Double {
    max(0, 1 - (bound > 0 ? value / bound : 1)).rounded(decimals: Decimals.fraction)
  }
}

extension PlanDocument.Status {
  fileprivate init(_ status: Plan.Status) {
    switch status {
    case .go: self = .go
    case .wait: self = .wait
    case .stop: self = .stop
    }
  }
}

extension PlanDocument.Event {
  fileprivate init(_ event: Plan.Event) {
    id = event.id
    alert = event.alert
    t0 = event.time.map(UTCTime.init)
    classification = event.classification.map {
      .init(name: $0.name, probability: $0.probability.rounded(decimals: Decimals.fraction))
    }
  }
}

extension PlanDocument {
  /// One telescope's part of `plan`, sealed.
  public init(_ part: Plan.TelescopePlan, of plan: Plan) {
    let telescope = part.telescope
    planID = Self.planID(of: plan, slug: telescope.slug)
    revision = plan.event.revision
    status = Status(plan.status)
    made = UTCTime(plan.made)
    event = Event(plan.event)
    self.telescope = Site(telescope)
    instrument = Instrument(telescope)
    limits = Limits(telescope.limits, horizon: telescope.site.horizon)
    timing = Timing(
      readoutS: telescope.timing.readout.seconds.rounded(decimals: Decimals.seconds),
      slewDegPerS: telescope.timing.slewRate.degreesPerSecond.finite(Decimals.limit),
      settleS: telescope.timing.settle.seconds.rounded(decimals: Decimals.seconds),
      filterChangeS: Set(part.assignments.map(\.filter)).count > 1
        ? telescope.filterChange.seconds.rounded(decimals: Decimals.seconds) : nil)
    valid = UTCWindow(Self.validity(of: part, in: plan.window))
    darkWindows = part.darkWindows.map(UTCWindow.init)
    map = MapNumbers(
      area50Deg2: plan.map.area50.squareDegrees.rounded(decimals: Decimals.area),
      area90Deg2: plan.map.area90.squareDegrees.rounded(decimals: Decimals.area),
      distanceMeanMpc: plan.map.distanceMean?.megaparsecs.finite(Decimals.distance),
      distanceStdMpc: plan.map.distanceDeviation?.megaparsecs.finite(Decimals.distance))
    let assignments =
      plan.status == .stop ? [] : part.assignments.sorted { ($0.start, $0.rank) < ($1.start, $1.rank) }
    rows = assignments.map { Row($0, event: plan.event, count: assignments.count) }
    let isEmpty = rows.isEmpty
    totals = Totals(
      prob: isEmpty ? 0 : part.probability.value.rounded(decimals: Decimals.fraction),
      added: isEmpty ? 0 : part.added.value.rounded(decimals: Decimals.fraction),
      exptimeS: rows.reduce(0) { $0 + $1.exptimeS * Double($1.nexp) }.rounded(decimals: 3), tiles: rows.count,
      exposures: rows.reduce(0) { $0 + $1.nexp },
      detection: isEmpty ? nil : part.detection?.value.rounded(decimals: Decimals.fraction))
    assumptions = telescope.assumptions.map { .init(key: $0.key, value: $0.value, basis: $0.basis) }
    notes = part.notes
    limitedBy = part.limitedBy
    sha256 = digest()
  }

  /// The id of the network's plan with the telescope's slug before the digest. The slug and not the name:
  /// `A/B` and `A_B` stay two telescopes.
  static func planID(of plan: Plan, slug: String) -> String {
    guard let dash = plan.id.lastIndex(of: "-") else { return "\(plan.id)-\(slug)" }
    return "\(plan.id[..<dash])-\(slug)\(plan.id[dash...])"
  }

  /// From the first to the last dark moment inside the plan's window; the window itself without any.
  private static func validity(of part: Plan.TelescopePlan, in window: TimeWindow) -> TimeWindow {
    let dark = part.darkWindows.compactMap { $0.intersection(window) }
    guard let start = dark.map(\.start).min(), let end = dark.map(\.end).max() else { return window }
    return TimeWindow(start, end)
  }
}

extension PlanDocument {
  /// What a telescope is handed that has nothing to do: WAIT, without rows. The same all through an hour.
  public static func waiting(_ telescope: Telescope, at now: Instant) -> PlanDocument {
    let hour: Int64 = 3_600_000_000_000
    let made = Instant(tai: now.tai - (now.tai % hour + hour) % hour)
    let plan = Plan(
      id: "none-r0-00000000", status: .wait, event: .init(id: "none", revision: 0), made: made,
      window: TimeWindow(made, made + .hours(24)),
      map: .init(
        area50: SolidAngle(steradians: 0), area90: SolidAngle(steradians: 0),
        peak: Direction(ra: .zero, dec: .zero), instruments: [], findings: []),
      telescopes: [], omissions: [],
      network: .init(
        probability: .zero, area: SolidAngle(steradians: 0), assignmentCount: 0, reachable: .zero),
      inputs: .init(mapDigest: "", telescopeDigests: [:], earthOrientation: "", softwareVersion: ""))
    let part = Plan.TelescopePlan(
      telescope: telescope, darkWindows: [], assignments: [], probability: .zero, added: .zero,
      notes: ["nothing to observe now"])
    return PlanDocument(part, of: plan)
  }

  /// With the rows that are still to be observed; WAIT when none is.
  public func left(_ isLeft: (Row) -> Bool) -> PlanDocument {
    let kept = rows.filter(isLeft)
    guard kept.count < rows.count || kept.isEmpty else { return self }
    var copy = self
    copy.rows = kept
    if kept.isEmpty { copy.status = .wait }
    copy.totals.tiles = kept.count
    copy.totals.exposures = kept.reduce(0) { $0.addingReportingOverflow($1.nexp).partialValue }
    copy.totals.exptimeS =
      kept.reduce(0) { $0 + $1.exptimeS * Double($1.nexp) }.rounded(decimals: 3)
    // Of the union, no row tells: what is left is no more than the sum.
    copy.totals.prob = min(totals.prob, kept.reduce(0) { $0 + $1.prob }).rounded(decimals: 10)
    copy.totals.added = min(totals.added, kept.reduce(0) { $0 + $1.added }).rounded(decimals: 10)
    copy.notes.append(
      "\(rows.count - kept.count) of the \(rows.count) pointings of \(planID) are done, over or refused")
    return copy.sealed()
  }
}

extension PlanDocument.Site {
  fileprivate init(_ telescope: Telescope) {
    name = telescope.id
    slug = telescope.slug
    fullName = telescope.fullName
    site = telescope.site.name
    country = telescope.site.country
    latDeg = telescope.site.position.latitude.degrees.rounded(decimals: Decimals.limit)
    lonDeg = telescope.site.position.longitude.degrees.rounded(decimals: Decimals.limit)
    elevM = telescope.site.position.height.metres.rounded(decimals: 3)
    tz = telescope.site.timeZone
    channel = telescope.channel?.kind
    contact = telescope.channel?.detail
  }
}

extension PlanDocument.Instrument {
  fileprivate init(_ telescope: Telescope) {
    func degrees(_ a: Angle) -> Double { a.degrees.rounded(decimals: Decimals.limit) }
    name = telescope.id
    apertureM = telescope.aperture?.metres.finite(6)
    pixelScaleArcsec = telescope.pixelScale?.arcseconds.finite(6)
    filters = telescope.filters
    switch telescope.field {
    case nil: break
    case .rectangle(let width, let height, let rotation):
      shape = width == height ? .square : .rectangle
      fovDeg = [degrees(width), degrees(height)]
      rotationDeg = degrees(rotation)
    case .circle(let radius):
      shape = .circle
      fovDeg = [degrees(2 * radius), degrees(2 * radius)]
      radiusDeg = degrees(radius)
    case .polygons(let parts):
      shape = .polygons
      let corners = parts.flatMap { $0 }
      func extent(_ value: (FieldOfView.Offset) -> Angle) -> Double {
        let values = corners.map(value)
        guard let low = values.min(), let high = values.max() else { return 0 }
        return degrees(high - low)
      }
      fovDeg = [extent(\.east), extent(\.north)]
      polygonsDeg = parts.map { $0.map { [degrees($0.east), degrees($0.north)] } }
    }
  }
}

extension PlanDocument.Limits {
  fileprivate init(_ limits: Telescope.PointingLimits, horizon mask: HorizonMask?) {
    func degrees(_ a: Angle) -> Double { a.degrees.rounded(decimals: Decimals.limit) }
    minAltDeg = degrees(limits.minAltitude)
    maxAirmass = limits.maxAirmass.finite(Decimals.limit)
    minDecDeg = degrees(limits.minDeclination)
    maxDecDeg = degrees(limits.maxDeclination)
    moonSepDeg = degrees(limits.minMoonSeparation)
    sunAltDeg = degrees(limits.maxSunAltitude)
    maxHaH = limits.maxHourAngle?.hours.finite(Decimals.limit)
    horizon = mask?.points.map { .init(azDeg: degrees($0.azimuth), altDeg: degrees($0.altitude)) }
  }
}

extension PlanDocument.Row {
  fileprivate init(_ a: Plan.Assignment, event: Plan.Event, count: Int) {
    func condition(_ angle: Angle) -> Double { angle.degrees.rounded(decimals: Decimals.condition) }
    rank = a.rank
    fieldID = a.fieldID
    target = ASCIIText.target(
      a.galaxies?.first.map { "\(event.id)_\($0.name)" } ?? event.id,
      suffix: "_r\(event.revision)_" + String(repeating: "0", count: max(0, 3 - String(a.rank).count))
        + "\(a.rank)")
    let ra = a.center.ra.degrees.rounded(decimals: Decimals.position)
    raDeg = ra < 360 ? ra : 0
    decDeg = a.center.dec.degrees.rounded(decimals: Decimals.position)
    paDeg = a.positionAngle.degrees.rounded(decimals: 6)
    startUTC = UTCTime(a.start)
    endUTC = UTCTime(a.end)
    latestStartUTC = UTCTime(a.latestStart)
    exptimeS = a.exposure.seconds.rounded(decimals: 3)
    nexp = a.exposureCount
    filter = a.filter
    airmass = a.conditions.airmass.finite(Decimals.condition)
    altDeg = condition(a.conditions.altitude)
    azDeg = condition(a.conditions.azimuth)
    haH = a.conditions.hourAngle.hours.rounded(decimals: Decimals.condition)
    moonSepDeg = condition(a.conditions.moonSeparation)
    moonAltDeg = condition(a.conditions.moonAltitude)
    sunAltDeg = condition(a.conditions.sunAltitude)
    prob = a.probability.value.rounded(decimals: Decimals.fraction)
    added = a.added.value.rounded(decimals: Decimals.fraction)
    cumProb = a.cumulative.value.rounded(decimals: Decimals.fraction)
    reason =
      "rank \(a.rank) of \(count) by probability; adds "
      + (100 * a.added.value).fixed(3) + " % to what the network covers before it"
    tileKey = a.tileKey
    detection = a.detection?.value.rounded(decimals: Decimals.fraction)
    limitMag = a.limit?.value.rounded(decimals: 2)
    galaxies = a.galaxies?.map(PlanDocument.Galaxy.init)
    if let best = a.galaxies?.first { reason = Self.reason(a, best: best.name, count: count) }
  }
}

extension PlanDocument.Row {
  fileprivate static func reason(_ a: Plan.Assignment, best name: String, count: Int) -> String {
    let galaxies = a.galaxies ?? []
    let weight = galaxies.reduce(0) { $0 + $1.weight }
    return "rank \(a.rank) of \(count) by galaxies: \(name)"
      + (galaxies.count > 1 ? " and \(galaxies.count - 1) more" : "")
      + ", \((100 * weight).fixed(3)) % of the weight of all ranked"
  }
}

extension PlanDocument.Galaxy {
  fileprivate init(_ galaxy: Plan.Galaxy) {
    name = galaxy.name
    let ra = galaxy.position.ra.degrees.rounded(decimals: Decimals.position)
    raDeg = ra < 360 ? ra : 0
    decDeg = galaxy.position.dec.degrees.rounded(decimals: Decimals.position)
    distanceMpc = galaxy.distance.megaparsecs.finite(Decimals.distance)
    weight = galaxy.weight.rounded(decimals: Decimals.fraction)
  }
}

extension Double {
  /// Rounded, or nil when there is no number to print.
  fileprivate func finite(_ decimals: Int) -> Double? { isFinite ? rounded(decimals: decimals) : nil }
}
