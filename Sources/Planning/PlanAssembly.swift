#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Observatories
import Scheduling
import Skymaps
import Targeting
import Units
import Visibility

/// Writes a plan from what the scheduler chose, with every figure recomputed exactly.
struct PlanAssembly {
  private(set) var plan: Plan

  init(
    _ request: PlanRequest, regions: CredibleRegions, session: Session, refused: [Plan.Omission]
  ) {
    // A first plan is in a hurry: its bound is less sharp.
    let looks = request.effort > 0 ? 20_000 : 0
    let reachable = session.outlook.reachable(effort: looks)
    let sequences = session.sites.indices.map { Sequence(session, site: $0) }.filter { !$0.visits.isEmpty }
    let tree = ProbabilityTree(request.map)
    let shares = NetworkShares(of: sequences, in: tree)
    let telescopes = concurrentMap(Array(sequences.indices)) { i in sequences[i].plan(shares.visits[i]) }
    let busy = Set(sequences.map(\.site.telescope.id))
    let idle = session.sites.indices.filter { !busy.contains(session.sites[$0].telescope.id) }
      .map { Self.omission($0, regions: regions, session: session) }
    plan = Plan(
      id: "\(request.event.id)-r\(request.event.revision)-\(request.digest.prefix(8))", status: .go,
      event: request.event, made: request.now, window: request.window,
      map: Self.summary(of: request.map, regions), telescopes: telescopes,
      omissions: (refused + idle).sorted { $0.telescopeID < $1.telescopeID },
      network: .init(
        probability: Fraction(clamping: shares.total), area: shares.area,
        assignmentCount: telescopes.reduce(0) { $0 + $1.assignments.count },
        reachable: Fraction(clamping: reachable),
        upperBound: Fraction(
          clamping: session.sharpened(
            session.outlook.bound(effort: looks).value, reachable: reachable, regions: regions))),
      inputs: .init(
        mapDigest: request.mapDigest, telescopeDigests: request.telescopeDigests,
        earthOrientation: request.earth.source, softwareVersion: request.softwareVersion))
    guard let guide = session.guide else { return }
    plan.note(
      DetectionAppraisal(
        zip(sequences, plan.telescopes).map { ($0.site, $1.assignments) }, all: session.all, guide: guide,
        outlook: session.outlook, coverage: plan.network.upperBound?.value ?? 1, effort: looks))
  }

  private static func summary(of map: Skymap, _ regions: CredibleRegions) -> Plan.MapSummary {
    let distance = DistancePosterior(of: map)
    return .init(
      area50: regions.area(at: Fraction(clamping: 0.5)), area90: regions.area(at: Fraction(clamping: 0.9)),
      peak: regions.peak, distanceMean: distance?.mean, distanceDeviation: distance?.standardDeviation,
      instruments: map.header.instruments, findings: map.report.findings)
  }

  private static func omission(_ index: Int, regions: CredibleRegions, session: Session) -> Plan.Omission {
    let site = session.sites[index]
    let worth = percent(session.smallestGain)
    let deeper = percent(session.request.smallestDepthGain)
    let (code, reason): (String, String)
    let pointsAtGalaxies = session.pointsAtGalaxies(index)
    if site.resource.darkWindows.isEmpty {
      code = "no_dark_time"
      reason = site.visibility.noDarkness?.description ?? "no dark time"
    } else if !session.sky.someBlock(where: { cell, _ in
      session.outlook.mayTouch(cell, telescope: index)
        && session.sky.marks(of: cell).contains(where: site.canObserve)
    }) {
      code = "nothing_visible"
      let why = site.visibility.rejection(for: regions.peak, exposure: site.exposure)?.description
      reason = "nothing of the map can be observed" + (why.map { "; its most probable point: \($0)" } ?? "")
    } else if site.rule != nil, !pointsAtGalaxies {
      code = "rule"
      reason = "\(session.request.ruleWords) gives it no field of this map"
    } else if session.selection(of: index).mostVisits(of: index) == 0, let words = site.budget.words {
      code = "allocation_spent"
      reason = "nothing of its allocation was left for it: \(words)"
    } else if pointsAtGalaxies {
      code = "no_galaxy"
      reason = "no galaxy of the catalogue that it can observe is left, or worth \(worth) of their weight"
    } else if regions.peakDensity * site.field.area.steradians < session.smallestGain {
      code = "field_too_narrow"
      reason = "its field is too narrow for so wide a map: no tile holds \(worth) of the probability"
    } else {
      code = "nothing_to_add"
      reason = "no tile it can observe would add \(worth) to what the others cover, or \(deeper) in depth"
    }
    return .init(telescopeID: site.telescope.id, slug: site.telescope.slug, code: code, reason: reason)
  }

  /// `0.0001 %`.
  private static func percent(_ probability: Double) -> String {
    let exponent = Int(log10(probability * 100).rounded(.down))
    guard exponent < 0 else { return "\((probability * 1000).rounded() / 10) %" }
    let digit = Int((probability * 100 / pow(10, Double(exponent))).rounded())
    return "0." + String(repeating: "0", count: -exponent - 1) + "\(digit) %"
  }
}

/// What every visit shows of the map, exactly.
private struct NetworkShares {
  struct Visit {
    /// Of its field.
    var own = 0.0
    /// That no earlier visit of its telescope shows.
    var inSequence = 0.0
    /// That no visit of the network which started before it shows.
    var added = 0.0
  }
  /// By telescope and visit.
  private(set) var visits: [[Visit]]
  let total: Double
  let area: SolidAngle

  /// Of the area covered, as a share of what the fields have together.
  private static let areaTolerance = 1e-4

  init(of sequences: [Sequence], in tree: ProbabilityTree) {
    let all = sequences.indices.flatMap { s in sequences[s].visits.indices.map { (s, $0) } }
      .sorted { a, b in
        (sequences[a.0].visits[a.1].start, a.0) < (sequences[b.0].visits[b.1].start, b.0)
      }
    let footprints = all.map { sequences[$0.0].footprints[$0.1].regions }
    let share = footprints.joined().reduce(0) { $0 + $1.area.steradians } / (4 * .pi)
    let areaTolerance = max(1e-6, Self.areaTolerance * share)
    let shares = tree.shares(of: footprints, groups: all.map(\.0), areaTolerance: areaTolerance)
    visits = sequences.map { [Visit](repeating: Visit(), count: $0.visits.count) }
    for (k, place) in all.enumerated() {
      visits[place.0][place.1] = Visit(
        own: shares.own[k], inSequence: shares.inGroup[k], added: shares.network.marginal[k])
    }
    total = shares.network.union
    area =
      shares.network.area
      ?? ProbabilityTree.area(ofUnion: footprints.flatMap { $0 }, tolerance: areaTolerance)
  }
}

/// The visits of one telescope in time order, those it keeps from an earlier plan among them.
private struct Sequence: Sendable {
  struct Visit: Sendable {
    let fieldID: String
    let tileKey: String
    let center: Direction<ICRS>
    let start: Instant
    let latestStart: Instant
    let exposure: Duration
    let exposureCount: Int
    let end: Instant
    let filter: String?
  }

  let index: Int
  let site: PlannedSite
  /// In each field, likeliest host first; nil for a site that tiles.
  private let galaxies: [[Plan.Galaxy]]?
  let visits: [Visit]
  let footprints: [Footprint]
  private let droppedCount: Int
  private let incomplete: Int
  private let ruleWords: String
  /// Whether a source is looked for.
  private let isJudged: Bool
  /// The number of fields of an order, where it is met.
  private let order: String?
  private let isLimitedByNights: Bool
  private let most: Int
  private let newCount: Int

  init(_ session: Session, site i: Int) {
    index = i
    let site = session.sites[i]
    let candidates = session.candidates(of: i)
    let arranged = session.arranged[i]
    let kept = (site.held?.pointings ?? []).map { Visit($0, site) }
    let keptStarts = site.held?.visitStarts ?? []
    let gains = session.selection(of: i).choice(of: i).gains
    let timed = arranged?.timetable.visits ?? []
    func origin(_ visit: Timetable.Visit) -> Int { arranged?.candidate(visit) ?? visit.candidate }
    let affordable = site.budget.withinNights(
      timed, kept: keptStarts, start: \.start, worth: { gains[Int32(origin($0))] ?? 0 })
    isLimitedByNights =
      affordable.count < timed.count || site.budget.fillsANight(affordable.map(\.start) + keptStarts)
    most = session.mostVisits(of: i)
    order = session.fullRules.contains(i) ? session.request.orderWords : nil
    ruleWords = session.request.ruleWords
    isJudged = session.guide != nil
    // The filter in place decides in which order a visit goes through its own.
    var visits: [Visit] = []
    var left = kept[...]
    var looks: [Int: Int] = [:]
    for timed in affordable {
      while let next = left.first, next.start <= timed.start { visits.append(left.removeFirst()) }
      var candidate = candidates[origin(timed)]
      let field = session.fieldNumbers[i][origin(timed)]
      var visit = arranged?.number(timed) ?? 1
      if session.layers != nil {
        // The same tile is offered as more than one depth, each with the windows in which it is so deep.
        candidate.startWindows = site.visibility.startWindows(
          for: candidate.center, exposure: site.exposure)
        if session.request.revisits == nil { visit = looks[field, default: 0] + 1 }
        looks[field] = visit
      }
      visits += Visit.rows(
        site, number: field, candidate, start: timed.start, visit: visit, after: visits.last.map(\.filter))
    }
    visits += left
    self.site = site
    self.visits = visits
    footprints = visits.map { Footprint(site.field, at: $0.center) }
    galaxies =
      session.pointsAtGalaxies(i)
      ? zip(footprints, visits).map { session.galaxies(in: $0, of: site, at: $1.center) } : nil
    droppedCount = arranged?.timetable.dropped.count ?? 0
    incomplete = arranged?.incomplete ?? 0
    newCount = affordable.count
  }

  func plan(_ shares: [NetworkShares.Visit]) -> Plan.TelescopePlan {
    let own = shares.map(\.own)
    let worth = galaxies.map { $0.map { $0.reduce(0) { $0 + $1.weight } } } ?? own
    let byProbability = own.indices.sorted { worth[$0] != worth[$1] ? worth[$0] > worth[$1] : $0 < $1 }
    var ranks = [Int](repeating: 0, count: own.count)
    for (rank, i) in byProbability.enumerated() { ranks[i] = rank + 1 }
    var cumulative = 0.0
    let assignments = visits.indices.map { i in
      cumulative += shares[i].inSequence
      return assignment(i, rank: ranks[i], shares[i], cumulative: cumulative)
    }
    var plan = Plan.TelescopePlan(
      telescope: site.telescope, darkWindows: site.held?.open.darkWindows ?? site.resource.darkWindows,
      assignments: assignments, probability: Fraction(clamping: cumulative),
      added: Fraction(clamping: shares.reduce(0) { $0 + $1.added }), notes: notes)
    plan.limitedBy = limit
    return plan
  }

  /// The bound that is met, as far as time would have allowed more.
  private var limit: String? {
    guard newCount < site.slotCount else { return nil }
    if let order { return order }
    return isLimitedByNights || newCount >= most ? site.budget.words : nil
  }

  private func assignment(
    _ i: Int, rank: Int, _ share: NetworkShares.Visit, cumulative: Double
  ) -> Plan.Assignment {
    let visit = visits[i]
    return .init(
      rank: rank, fieldID: visit.fieldID, tileKey: visit.tileKey, center: visit.center,
      positionAngle: site.field.positionAngle, start: visit.start, exposure: visit.exposure,
      exposureCount: visit.exposureCount, end: visit.end, latestStart: visit.latestStart,
      filter: visit.filter, probability: Fraction(clamping: share.own),
      added: Fraction(clamping: share.added),
      cumulative: Fraction(clamping: cumulative),
      conditions: Plan.Conditions(
        site.visibility.conditions(of: visit.center, at: visit.start + (visit.end - visit.start) / 2)),
      detection: nil, limit: nil, galaxies: galaxies?[i])
  }

  private var notes: [String] {
    var notes: [String] = []
    if let sight = site.sight {
      func rounded(_ x: Double) -> Double { (x * 10).rounded() / 10 }
      notes.append(
        "to \(rounded(sight.limit.value)) mag in a visit: sees the source, at M = \(rounded(sight.absolute.value)), "
          + "to \(Int(min(sight.reach.megaparsecs, 1e6).rounded())) Mpc"
          + (sight.isOutsideCurve
            ? " (its light curve starts later or ends earlier: the nearest age is taken)" : ""))
    }
    if isJudged, site.sight == nil {
      notes.append("its depth is not known: it counts nothing for detection")
    }
    if let galaxies {
      let all = Set(galaxies.flatMap { $0 })
      let weight = all.reduce(0) { $0 + $1.weight }
      notes.append(
        "points at galaxies: \(all.count) in \(Set(visits.map(\.fieldID)).count) fields, "
          + "\((1000 * weight).rounded() / 10) % of the weight")
    }
    if let words = site.filterWords { notes.append(words) }
    if incomplete > 0 { notes.append("no time for all visits to \(incomplete) fields") }
    if droppedCount > 0 { notes.append("slews left no time for \(droppedCount) more tiles") }
    if let limit {
      let count = visits.reduce(0) { $0 + $1.exposureCount }
      let whose = order == nil ? "its allocation" : "the order"
      notes.append("limited by \(whose) to \(count) exposures: \(limit)")
    }
    if let rule = site.rule, galaxies == nil {
      let share = rule.fieldsPerSite.map { ", at most \($0) a night here while other sites can use theirs" }
      notes.append("fields chosen by \(ruleWords)" + (share ?? ""))
    }
    return notes
  }
}

extension Sequence.Visit {
  /// The rows of one visit: one for each filter.
  fileprivate static func rows(
    _ site: PlannedSite, number: Int, _ candidate: Candidate, start: Instant, visit: Int,
    after filter: String??
  ) -> [Self] {
    let scheme = number < 0 ? FineLattice.scheme : site.grid.overlap > 0 ? "f1" : TileGrid.scheme
    let field = number < 0 ? FineLattice.name(of: -number) : String(number)
    let window = candidate.startWindows.first { $0.start <= start && start <= $0.end }
    let key = "\(site.telescope.slug):\(scheme):\(field)" + (visit > 1 ? "#\(visit)" : "")
    let sequence = site.sequence
    return sequence.spans(isReversed: sequence.isReversed(after: filter)).map { span in
      Self(
        fieldID: field, tileKey: sequence.hasSeveralFilters ? FilterKey.key(key, span.step.filter) : key,
        center: candidate.center, start: start.advanced(bySeconds: span.start),
        latestStart: (window?.end ?? start).advanced(bySeconds: span.start), exposure: span.step.exposure,
        exposureCount: span.step.count,
        end: start.advanced(bySeconds: span.end), filter: span.step.filter)
    }
  }

  fileprivate init(_ held: HeldPointing, _ site: PlannedSite) {
    let windows = site.held?.open.startWindows(for: held.center, exposure: held.end - held.start) ?? []
    let window = windows.first { held.start <= $0.end }
    self.init(
      fieldID: held.fieldID, tileKey: held.tileKey, center: held.center, start: held.start,
      latestStart: max(held.start, window?.end ?? held.start), exposure: held.exposure,
      exposureCount: held.exposureCount, end: held.end, filter: held.filter)
  }
}

extension PlanRequest {
  fileprivate var orderWords: String? {
    recipe?.fieldsPerNight.map { "\($0) fields in 24 h by order, all telescopes together" }
  }

  fileprivate var ruleWords: String {
    recipe == nil ? "the rule of its allocation" : "the recipe of the order"
  }
}

extension FieldOfView {
  /// Position angle of the field's top, from north toward east.
  fileprivate var positionAngle: Angle {
    if case .rectangle(_, _, let rotation) = self { rotation } else { .zero }
  }
}

extension Plan.Conditions {
  init(_ c: Visibility.Conditions) {
    self.init(
      altitude: c.altitude, azimuth: c.azimuth, hourAngle: c.hourAngle, airmass: c.airmass,
      moonSeparation: c.moonSeparation, moonAltitude: c.moonAltitude, sunAltitude: c.sunAltitude)
  }
}

extension CredibleRegions {
  /// Probability per steradian of the densest cell.
  fileprivate var peakDensity: Double { map.cellIndex(at: peak).map { map.density[$0] } ?? 0 }
}
