import Ephemerides
import Units

/// Where Sun and Moon stand at one moment, for a chart of the whole sky: good to the Moon's parallax, a
/// degree, as each site sees it elsewhere.
struct SkyBodies {
  var sun: Direction<ICRS>?
  var moon: (direction: Direction<ICRS>, illuminated: Fraction)?

  init(at instant: Instant, earth: EarthOrientation) {
    let origin = GeodeticPosition(latitude: .zero, longitude: .zero, height: .metres(0))
    let window = TimeWindow(instant, instant + .hours(1))
    // Both can only fail for times outside the models; a chart does without bodies then.
    guard let ephemeris = try? Ephemeris(covering: window, earthOrientation: earth),
      let observer = try? Observer(origin)
    else { return }
    let frame = ephemeris.frame(of: observer, at: instant)
    sun = frame.icrs(of: ephemeris.sun(in: frame).horizontal)
    moon = (
      frame.icrs(of: ephemeris.moon(in: frame).horizontal), ephemeris.moonPhase(at: instant).illuminated
    )
  }
}
