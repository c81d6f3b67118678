import Ephemerides
import Observatories
import Photometry
import Units
import Visibility

/// Works out what one telescope can do.
struct OfferFinder {
  enum Result {
    case offer(FollowupAnswer.Offer)
    case none(code: String, reason: String)
  }

  let request: FollowupRequest
  let telescope: Telescope
  /// What is left of the request's window.
  let window: TimeWindow
  let ages: ClosedRange<Duration>
  let ephemeris: Ephemeris

  func find() -> Result {
    if case .unusable(let why) = telescope.usability { return .none(code: "not_usable", reason: why) }
    if let why = telescope.outOfService { return .none(code: "not_operational", reason: why) }
    if let why = fieldTooSmall { return .none(code: "field_too_small", reason: why) }
    guard let (filter, band, filterNote) = chosenFilter else {
      let wanted = request.bands.map(\.rawValue).joined(separator: ", ")
      let has = telescope.filters.joined(separator: ", ")
      return .none(code: "no_filter", reason: "has none of the filters \(wanted), only \(has)")
    }
    do { try request.source.curve.requireCovering(ages, in: band) } catch {
      return .none(code: "light_curve", reason: "\(error)")
    }
    let verdicts = Verdicts(telescope, request)
    if let rule = verdicts.forbidding { return .none(code: "excluded", reason: rule) }
    let remainder = telescope.terms.remainder(
      after: request.use[telescope.id] ?? .none, now: request.now)
    if let limit = remainder.exhausted { return .none(code: "allocation", reason: "\(limit)") }
    guard let model = DepthModel(telescope, band: band) else {
      return .none(code: "no_depth", reason: "its limiting magnitude is not known")
    }
    let site: SiteVisibility
    do { site = try SiteVisibility(telescope: telescope, window: window, ephemeris: ephemeris) } catch {
      return .none(code: "not_visible", reason: "\(error)")
    }
    if let dark = site.noDarkness { return .none(code: "no_dark_time", reason: "\(dark)") }
    let longest = min(request.longestVisit, remainder.time ?? request.longestVisit)
    let search = VisitSearch(
      request: request, telescope: telescope, site: site, model: model, longest: longest,
      faintest: verdicts.onlyFainterThan)
    let visits: [FollowupAnswer.Visit]
    do { visits = try search.visits() } catch { return .none(code: "light_curve", reason: "\(error)") }
    guard let first = visits.first else {
      return search.explain()
    }
    return .offer(
      FollowupAnswer.Offer(
        telescope: telescope, filter: filter, band: band, visits: visits,
        delay: first.start - request.now, latestStart: search.latestStart(of: first),
        notify: notify(before: first.start),
        allocation: Self.allocationText(remainder, spending: visits),
        notes: [filterNote].compactMap { $0 } + verdicts.forPeople + notes(first)))
  }

  /// A field that cannot hold the error circle.
  private var fieldTooSmall: String? {
    guard let error = request.target.error, let field = telescope.field else { return nil }
    let side = min(field.extent.width, field.extent.height)
    guard error * 2 > side else { return nil }
    func text(_ a: Angle) -> String { Wording.decimal(a.arcminutes, 1) + " arcmin" }
    return "its field of \(text(side)) does not hold the error circle of \(text(error * 2))"
  }

  /// The site's name of the filter, its band, and a remark when it only stands in for the wanted one.
  private var chosenFilter: (String?, Band, String?)? {
    let own = telescope.filters.compactMap { name in Band(filter: name).map { (name, $0) } }
    guard let wanted = request.bands.first else {
      if let preferred = telescope.exposure.filter, let band = Band(filter: preferred) {
        return (preferred, band, nil)
      }
      let best = own.min { Self.preference($0.1) < Self.preference($1.1) }
      return best.map { ($0.0, $0.1, nil) } ?? (telescope.filters.first, .r, nil)
    }
    for band in request.bands {
      // A real filter before an open shutter.
      if let found = own.first(where: { $0.1 == band && !Self.isOpen($0.0) }) { return (found.0, band, nil) }
    }
    for band in request.bands where band == .r || band == .R {
      if let twin = own.first(where: { ($0.1 == .r || $0.1 == .R) && !Self.isOpen($0.0) }) {
        return (twin.0, twin.1, "\(twin.0) stands in for \(band.rawValue)")
      }
      if let open = own.first(where: { Self.isOpen($0.0) }) {
        return (open.0, .r, "unfiltered, calibrated to \(band.rawValue)")
      }
    }
    // Nothing is known of its filters: the team is asked.
    return own.isEmpty && telescope.filters.isEmpty
      ? (nil, wanted, "its filters are not known: ask for \(wanted.rawValue)") : nil
  }

  private static func isOpen(_ filter: String) -> Bool {
    Band(filter: filter) == .r && !filter.lowercased().contains("r")
      || ["clear", "clr"].contains(filter.lowercased())
  }

  /// R or r unless something else is asked for.
  private static func preference(_ band: Band) -> Int {
    switch band {
    case .R: 0
    case .r: 1
    case .V: 2
    case .i, .I: 3
    default: 4
    }
  }

  /// Two hours before the night the visit is in, but not before now.
  private func notify(before start: Instant) -> Instant {
    let day = TimeWindow(start - .hours(24), start.advanced(bySeconds: 1))
    // Without an observer on the ground the night is not known: now is then right.
    guard let observer = try? Observer(telescope.site.position) else { return request.now }
    let nights = ephemeris.windows(
      of: .sun, below: telescope.limits.maxSunAltitude, from: observer, in: day)
    guard let night = nights.last, night.end >= start, night.start > day.start else { return request.now }
    return max(request.now, night.start - Followup.noticeBeforeNight)
  }

  private static func allocationText(
    _ remainder: AllocationRemainder, spending visits: [FollowupAnswer.Visit]
  ) -> String? {
    guard let left = remainder.time, let limit = remainder.timeLimit else {
      return remainder.fieldLimit.map { "\($0)" }
    }
    let spent = visits[0].exposures.total.seconds / 3600
    let after = max(0, left.seconds / 3600 - spent)
    return "\(limit); \(Wording.decimal(after, 2)) h left after one visit"
  }

  private func notes(_ visit: FollowupAnswer.Visit) -> [String] {
    var notes: [String] = []
    if let aperture = telescope.aperture {
      let guide = ExposureGuide.guide(for: aperture)
      if let saturation = guide.saturation, visit.expected < saturation {
        notes.append(
          "brighter than \(Wording.decimal(saturation.value, 1)): it may saturate, use the shortest exposures"
        )
      }
      if visit.expected.value > guide.magnitudes.upperBound {
        notes.append(
          "the manual asks telescopes of this size for no source fainter than "
            + Wording.decimal(guide.magnitudes.upperBound, 1))
      }
    }
    if visit.margin < -0.005 {
      notes.append("too shallow by \(Wording.decimal(-visit.margin, 1)) mag in the time it has")
    }
    if let most = telescope.terms.exposuresPerRequest, most > 0, visit.exposures.count > most {
      let parts = (visit.exposures.count + most - 1) / most
      notes.append("send \(parts) requests of at most \(most) exposures")
    }
    if telescope.field == nil { notes.append("its field of view is not known") }
    if !telescope.assumptions.isEmpty {
      let keys = telescope.assumptions.map(\.key)
      if keys.contains("depth") { notes.append("its depth is assumed by class") }
    }
    return notes
  }
}

/// What the telescope's own rules say.
struct Verdicts {
  /// A rule that forbids the request whatever the time.
  private(set) var forbidding: String?
  /// It takes sources only when they are fainter than this.
  private(set) var onlyFainterThan: Magnitude?
  /// Rules that people must judge.
  private(set) var forPeople: [String] = []

  init(_ telescope: Telescope, _ request: FollowupRequest) {
    let known = Telescope.Circumstances(
      stream: request.policy.stream, expectedMagnitude: nil, requested: request.now,
      permissions: request.permissions[telescope.id] ?? [])
    for exclusion in telescope.exclusions {
      if case .brighterThan(let limit) = exclusion.condition {
        onlyFainterThan = max(onlyFainterThan ?? limit, limit)
        continue
      }
      switch exclusion.verdict(for: known) {
      case .allowed: break
      case .forbidden: forbidding = forbidding ?? exclusion.rule
      case .forPeople: forPeople.append("rule for people: \(exclusion.rule)")
      }
    }
  }
}
