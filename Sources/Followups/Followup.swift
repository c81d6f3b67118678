import Ephemerides
import Observatories
import Photometry
import Units
import Visibility

/// Answers requests for point sources.
public enum Followup {
  /// Teams hear of a request this long before their night, never in their daytime.
  public static let noticeBeforeNight = Duration.hours(2)

  /// The telescopes that can observe the target, best first, and why the others cannot.
  ///
  /// Order: those that reach the expected magnitude first; then, unless the priority is high, those that may
  /// be asked often before rare ones; then by the time to the first exposure in steps of ten minutes; then
  /// robots, then small apertures, then ids. Each visit starts as early as its series reaches the source,
  /// else where it comes nearest. Pure; about a millisecond a telescope.
  public static func answer(
    to request: FollowupRequest, earth: EarthOrientation = .bundled
  ) throws(FollowupError) -> FollowupAnswer {
    guard (1...20).contains(request.visits) else { throw .visits(request.visits) }
    guard (10...43_200).contains(request.longestVisit.seconds) else {
      throw .longestVisit(request.longestVisit)
    }
    guard request.now < request.window.end else {
      throw .windowIsOver(request.window, now: request.now)
    }
    let window = TimeWindow(max(request.now, request.window.start), request.window.end)
    // Nights are known beyond the window, to say when they begin.
    let around = TimeWindow(window.start - .hours(24), window.end + .hours(24))
    let ephemeris: Ephemeris
    do { ephemeris = try Ephemeris(covering: around, earthOrientation: earth) } catch {
      throw .window("\(error)")
    }
    let ages = (window.start - request.eventTime)...(window.end - request.eventTime)
    let curve = request.source.curve
    for age in [ages.lowerBound, ages.upperBound] where !curve.covered.contains(age) {
      throw .source(.notCovered(model: curve.id, age: age, covered: curve.covered))
    }
    var offers: [FollowupAnswer.Offer] = []
    var omissions: [FollowupAnswer.Omission] = []
    for telescope in request.telescopes {
      let finder = OfferFinder(
        request: request, telescope: telescope, window: window, ages: ages, ephemeris: ephemeris)
      switch finder.find() {
      case .offer(let offer): offers.append(offer)
      case .none(let code, let reason):
        omissions.append(
          .init(telescopeID: telescope.id, slug: telescope.slug, code: code, reason: reason))
      }
    }
    offers.sort { rank($0, request.priority) < rank($1, request.priority) }
    omissions.sort { $0.telescopeID < $1.telescopeID }
    return FollowupAnswer(offers: offers, omissions: omissions)
  }

  private static func rank(
    _ offer: FollowupAnswer.Offer, _ priority: FollowupRequest.Priority
  ) -> (Int, Int, Int, Int, Double, String) {
    let t = offer.telescope
    // Bounded by the window, which the ephemeris bounds.
    let minutes = Int((offer.delay.seconds / 600).rounded(.down))
    return (
      offer.isDeepEnough ? 0 : 1, priority == .high ? 0 : tier(t), minutes,
      t.automation?.isRobotic == true ? 0 : 1, t.aperture?.metres ?? .infinity, t.id
    )
  }

  /// 0 for telescopes that may be asked any night, 3 for those that are saved for papers.
  static func tier(_ t: Telescope) -> Int {
    switch t.usage?.level {
    case .veryFrequent, .frequent: 0
    case .occasional, nil: 1
    case .rare: 2
    case .veryRare, .special, .notOperational: 3
    }
  }
}
