import Campaigns
import Formats
import Icare
import Observatories
import Units

/// A request that was made of a telescope through ICARE and may still be carried out.
struct OpenRequest: Codable, Hashable, Sendable {
  /// Of its delivery; also our id in ICARE's row.
  let key: String
  /// Of the telescope.
  let slug: String
  let source: SourceTarget
  let allocation: AllocationKey
  let request: FacilityRequest
}

/// What an order changes about the requests of an event.
struct RequestChange: Sendable {
  /// To be made, with the time they are for.
  var made: [(request: OpenRequest, window: TimeWindow)] = []
  /// To be withdrawn; those whose telescope gets another are marked.
  var withdrawn: [(request: OpenRequest, isReplaced: Bool)] = []
  /// Open afterwards.
  var open: [OpenRequest] = []

  /// Everything is taken back.
  init(ending open: [OpenRequest]) { withdrawn = open.map { ($0, false) } }

  init() {}
}

/// Where ICARE has an event's source. It is never moved there: another place is another source.
struct CampaignSource: Codable, Hashable, Sendable {
  var target: SourceTarget
  /// 1 for the first.
  var number: Int
}

/// Makes requests from an order: for telescopes that one exposure position suffices, through the interface
/// that ICARE has to them.
struct FollowUpRequests {
  let event: String
  let options: IcareOptions
  let telescopes: [Telescope]
  /// Places that differ by less are the same source.
  static let sameSource = Angle.arcseconds(2)

  /// The slugs of telescopes that get requests instead of plans.
  func slugs(for order: PlanOrder) -> [String: CentredTile] {
    var found: [String: CentredTile] = [:]
    for tile in order.centred {
      guard let telescope = telescopes.first(where: { $0.id == tile.telescope }) else { continue }
      if options.instruments[telescope.slug] != nil, options.requests[telescope.slug] != nil {
        found[telescope.slug] = tile
      }
    }
    return found
  }

  /// The source at a place: the one there is, unless it lies elsewhere.
  func source(at position: Direction<ICRS>, known: CampaignSource?) -> CampaignSource {
    if let known {
      let there = Direction<ICRS>(
        ra: .degrees(known.target.rightAscensionDegrees), dec: .degrees(known.target.declinationDegrees))
      if there.separation(from: position) <= Self.sameSource { return known }
    }
    let number = (known?.number ?? 0) + 1
    let legal = String(
      event.map { $0.isASCII && ($0.isLetter || $0.isNumber || "_-;:+.".contains($0)) ? $0 : "-" })
    let id = number == 1 ? legal : "\(legal)_p\(number)"
    return CampaignSource(target: SourceTarget(id: id, position: position), number: number)
  }

  /// - Parameter open: what was asked before.
  func change(
    _ order: PlanOrder, _ document: NetworkPlanDocument, source: CampaignSource?, open: [OpenRequest]
  ) -> RequestChange {
    var change = RequestChange()
    guard let source else { return RequestChange(ending: open) }
    let wanted = slugs(for: order)
    for plan in document.plans where wanted[plan.telescope.slug] != nil && !plan.rows.isEmpty {
      let slug = plan.telescope.slug
      guard
        let request = facility(
          slug, plan, airmass: order.orders.maximumAirmass, priority: order.orders.priority),
        let instrument = options.instruments[slug]
      else {
        continue
      }
      let made = OpenRequest(
        key: "icare/\(event)/followup/\(order.number)/\(slug)", slug: slug, source: source.target,
        allocation: AllocationKey(instrument: instrument, group: options.group), request: request)
      if let old = open.first(where: { $0.slug == slug && $0.source == made.source && $0.request == request })
      {
        change.open.append(old)
        continue
      }
      change.open.append(made)
      var end = document.window.end.instant
      if let expires = order.expires { end = min(end, expires) }
      let start = plan.rows.map(\.startUTC.instant).min() ?? document.window.start.instant
      change.made.append((made, TimeWindow(start, max(end, start + .minutes(1)))))
    }
    let kept = Set(change.open.map(\.key))
    let again = Set(change.made.map(\.request.slug))
    change.withdrawn = open.filter { !kept.contains($0.key) }.map { ($0, again.contains($0.slug)) }
    return change
  }

  /// The telescope's rows as ICARE's interface to it takes them; nil when it has no filter for them.
  /// - Parameters:
  ///   - priority: 1 (low) to 5.
  ///   - exposures: of each filter; nil: as many as there are rows.
  func facility(
    _ slug: String, _ plan: PlanDocument, airmass limit: Double?, priority: Int?, exposures: Int? = nil
  ) -> FacilityRequest? {
    guard let telescope = telescopes.first(where: { $0.slug == slug }), let first = plan.rows.first,
      let api = options.requests[slug]
    else { return nil }
    var own: [String] = []
    for row in plan.rows { if let filter = row.filter, !own.contains(filter) { own.append(filter) } }
    if own.isEmpty { own = ["clear"] }
    let theirs = own.compactMap(options.bandpass)
    let counts = exposures ?? max(1, plan.rows.count / own.count)
    let airmass = min(max(limit ?? telescope.limits.maxAirmass, 1), 3)
    // Degrees of an angle in radians end in nines; people read it.
    let moon = (min(max(telescope.limits.minMoonSeparation.degrees, 0), 180) * 1e6).rounded() / 1e6
    // 1 (low) to 5 in orders, as in ICARE's generic form.
    let priority = min(max(priority ?? 3, 1), 5)
    let parts = api.split(separator: ":", maxSplits: 1).map(String.init)
    switch parts.first {
    case "GENERICAPI":
      guard !theirs.isEmpty else { return nil }
      return .generic(
        filters: theirs, exposureSeconds: first.exptimeS, exposures: counts, maximumAirmass: airmass,
        minimumMoonDegrees: moon, priority: priority)
    case "TAROTAPI":
      let known = own.map { ["g", "r", "i"].contains($0) ? $0 : "NoFilter" }
      return .tarot(
        filters: known.reduce(into: []) { if !$0.contains($1) { $0.append($1) } },
        exposureSeconds: first.exptimeS, exposures: counts, maximumAirmass: airmass,
        // There a lower number is more urgent.
        priority: 5 - 2 * priority, atBestAirmass: false)
    case "TRTAPI":
      let station = parts.count > 1 ? parts[1] : ""
      // No station takes pictures without a filter for others: the broad one that is usual there.
      let broad = station == "SBO" ? "Rc" : "R"
      let wanted: [String] = own.map { $0 == "clear" ? broad : $0 }
      return .trt(
        station: station, filters: wanted.reduce(into: []) { if !$0.contains($1) { $0.append($1) } },
        exposureSeconds: first.exptimeS,
        exposures: counts, maximumAirmass: airmass)
    case "SLACKAPI":
      guard !theirs.isEmpty else { return nil }
      return .slack(filters: theirs, exposureSeconds: first.exptimeS, exposures: counts)
    case "COLIBRIAPI":
      return .colibri(
        filter: own[0] == "clear" ? "r" : own[0], exposureSeconds: first.exptimeS,
        exposures: exposures ?? plan.rows.count,
        maximumAirmass: airmass, minimumMoonDegrees: moon, priority: priority, isTargetOfOpportunity: true)
    default: return nil
    }
  }
}
