import Observatories
import Photometry
import Units
import Visibility

/// Finds when one telescope visits the target, and for how long.
struct VisitSearch {
  typealias Visit = FollowupAnswer.Visit
  /// Starts are tried so far apart, beside the edges of the windows.
  private static let stepSeconds = 900.0

  let request: FollowupRequest
  let telescope: Telescope
  let site: SiteVisibility
  let model: DepthModel
  /// Open-shutter time of a visit at most.
  let longest: Duration
  /// The source must be fainter than this.
  let faintest: Magnitude?

  private var target: Direction<ICRS> { request.target.position }
  private let leastCount: Int
  private let settings: Telescope.ExposureSettings

  init(
    request: FollowupRequest, telescope: Telescope, site: SiteVisibility, model: DepthModel,
    longest: Duration,
    faintest: Magnitude?
  ) {
    self.request = request
    self.telescope = telescope
    self.site = site
    self.model = model
    self.longest = longest
    self.faintest = faintest
    let guide = telescope.aperture.map(ExposureGuide.guide)
    let age = site.window.start - request.eventTime
    // An age without a magnitude is said when visits are searched for.
    let brightest = try? request.source.magnitude(at: age, in: model.band)
    // The manual's numbers are for the faint sources of each class, and so are the assumed ranges.
    let isBright = brightest.map { $0.value < guide?.magnitudes.lowerBound ?? 0 } ?? false
    leastCount = isBright ? Self.fewestImages : guide?.images.lowerBound ?? Self.fewestImages
    var settings = telescope.exposure
    if isBright, telescope.assumptions.contains(where: { $0.key == "exposure.range_s" }) {
      settings.shortest = min(settings.shortest, Self.shortestAssumed)
    }
    self.settings = settings
  }

  /// Of a bright source.
  private static let fewestImages = 4
  private static let shortestAssumed = Duration.seconds(30)

  /// As many visits as were asked for and fit; empty when none does.
  func visits() throws(PhotometryError) -> [Visit] {
    var result: [Visit] = []
    var from = site.window.start
    while result.count < request.visits, let next = try visit(from: from) {
      result.append(next)
      from = next.end + request.leastGap
    }
    return result
  }

  /// The first start whose series reaches the source, or the one that comes nearest to it.
  private func visit(from earliest: Instant) throws(PhotometryError) -> Visit? {
    var best: Visit?
    // Whole visits of the shortest series at least.
    let single = ExposurePlan(
      total: .zero, settings: settings, leastCount: leastCount, longest: longest)
    for window in site.startWindows(for: target, exposure: wall(single)) where window.end >= earliest {
      let first = max(window.start, earliest)
      let seconds = window.end.seconds(since: first)
      // At most a few hundred: windows are nights.
      for k in 0...Int(seconds / Self.stepSeconds) {
        let start = first.advanced(bySeconds: Double(k) * Self.stepSeconds)
        guard let visit = try visit(at: start, within: window) else { continue }
        if visit.margin >= -0.005 { return visit }
        if best.map({ visit.margin > $0.margin }) ?? true { best = visit }
      }
    }
    return best
  }

  /// - Parameter window: starts for the shortest series: at its end one such series still fits.
  private func visit(at start: Instant, within window: TimeWindow) throws(PhotometryError) -> Visit? {
    let shortest = ExposurePlan(
      total: .zero, settings: settings, leastCount: leastCount, longest: longest)
    let end = window.end + wall(shortest)
    let room = end.seconds(since: start)
    var plan = shortest
    // Length and middle depend on each other, weakly.
    for _ in 0..<3 {
      let (sky, expected) = try state(at: start.advanced(bySeconds: wall(plan).seconds / 2))
      let open = min(longest.seconds, room)
      plan = ExposurePlan(
        total: model.exposure(for: expected, under: sky), settings: settings,
        leastCount: leastCount, longest: .seconds(open))
      plan = cut(plan, to: room)
    }
    let stop = start + wall(plan)
    let middle = start.advanced(bySeconds: (stop - start).seconds / 2)
    let (sky, expected) = try state(at: middle)
    if let faintest, expected < faintest { return nil }
    let limit = model.limit(in: plan.total, under: sky)
    plan.isDeepEnough = limit.value >= expected.value - 0.005
    let here = site.conditions(of: target, at: middle)
    return Visit(
      start: start, end: stop, exposures: plan, expected: expected, limit: limit, altitude: here.altitude,
      airmass: here.airmass, moonSeparation: here.moonSeparation, moonAltitude: here.moonAltitude,
      moonIlluminated: here.moonIlluminated)
  }

  /// Fewer exposures, so that the readouts between them fit too.
  private func cut(_ plan: ExposurePlan, to room: Double) -> ExposurePlan {
    var plan = plan
    while plan.count > 1, wall(plan).seconds > room {
      plan.count -= 1
      plan.isDeepEnough = false
    }
    return plan
  }

  /// Exposures with the readouts between them.
  private func wall(_ plan: ExposurePlan) -> Duration {
    .seconds(plan.total.seconds + Double(plan.count - 1) * telescope.timing.readout.seconds)
  }

  /// The sky at the target, with the Galaxy's extinction only in the expected magnitude.
  private func state(at t: Instant) throws(PhotometryError) -> (SkyConditions, Magnitude) {
    let here = site.conditions(of: target, at: t)
    let moon = MoonInSky(
      altitude: here.moonAltitude, separation: here.moonSeparation, illuminated: here.moonIlluminated)
    let age = min(t, request.window.end) - request.eventTime
    let magnitude = try request.source.magnitude(at: age, in: model.band)
    let dust = request.extinction.magnitudes(in: model.band, latitude: target.galacticLatitude)
    return (SkyConditions(altitude: here.altitude, moon: moon), Magnitude(magnitude.value + dust))
  }

  /// The last start at which the series of a visit still fits into its night.
  func latestStart(of visit: Visit) -> Instant {
    let windows = site.startWindows(for: target, exposure: visit.end - visit.start)
    return windows.last { $0.start <= visit.start }.map { max($0.end, visit.start) } ?? visit.start
  }

  /// Why there is no visit.
  func explain() -> OfferFinder.Result {
    let shortest = ExposurePlan(
      total: .zero, settings: settings, leastCount: leastCount, longest: longest)
    if let rejection = site.rejection(for: target, exposure: wall(shortest)) {
      return .none(code: "not_visible", reason: "\(rejection)")
    }
    if let faintest {
      return .none(
        code: "excluded",
        reason: "takes sources fainter than \(Wording.decimal(faintest.value, 1)) only; this one is brighter "
          + "whenever it could be observed")
    }
    return .none(code: "not_visible", reason: "no visit fits into the window")
  }
}
