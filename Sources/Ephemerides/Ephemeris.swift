import CERFA
import Units

/// The sky's motion over a stretch of time: precession-nutation, Earth rotation, Earth's velocity,
/// Sun and Moon, at nodes two hours apart, interpolated in between.
///
/// Models: IAU 2006/2000A precession-nutation with the CIO (`eraPnm06a`, `eraS06`), Earth by
/// `eraEpv00` (0.02 arcsec), Moon by `eraMoon98` (5 arcsec, mostly under 2). Interpolation adds less
/// than 0.5 milliarcseconds to stars and Sun and 3 to the Moon. Outside `window` the models are
/// evaluated directly: as exact, but 100 microseconds an instant instead of under 0.1.
///
/// Building takes about 90 microseconds a node, 1.5 ms for a day.
public struct Ephemeris: Sendable {
  /// What may be asked for at once: three years, 13,000 nodes.
  public static let longestWindow = Duration.hours(24 * 1100)
  private static let stepSeconds = 7200.0

  /// Where the nodes lie: what was asked for and at least a node more on both sides.
  public let window: TimeWindow
  public let earthOrientation: EarthOrientation
  /// Some of the window lies outside the Earth-orientation table.
  public let isEarthOrientationExtrapolated: Bool
  private let origin: Instant
  private let nodes: ContiguousArray<SkyNode>

  public init(
    covering asked: TimeWindow, earthOrientation: EarthOrientation = .bundled
  ) throws(EphemeridesError) {
    guard asked.duration <= Self.longestWindow else {
      throw .windowTooLong(asked.duration, limit: Self.longestWindow)
    }
    let step = Self.stepSeconds
    origin = asked.start.advanced(bySeconds: -step)
    let count = Int((asked.duration.seconds / step).rounded(.up)) + 3
    var nodes = ContiguousArray<SkyNode>()
    nodes.reserveCapacity(count)
    for i in 0..<count {
      let t = origin.advanced(bySeconds: Double(i) * step)
      var node = SkyNode(at: t, earthOrientation)
      if let previous = nodes.last { node.unwrapRotation(after: previous, seconds: step) }
      nodes.append(node)
    }
    self.nodes = nodes
    self.earthOrientation = earthOrientation
    window = TimeWindow(origin, origin.advanced(bySeconds: Double(count - 1) * step))
    isEarthOrientationExtrapolated =
      earthOrientation.values(at: asked.start).isExtrapolated
      || earthOrientation.values(at: asked.end).isExtrapolated
  }

  /// The node before `t` and how far `t` is toward the next, 0...1; nil outside the nodes.
  @inline(__always)
  private func locate(_ t: Instant) -> (index: Int, fraction: Double)? {
    let position = t.seconds(since: origin) / Self.stepSeconds
    guard position >= 0, position <= Double(nodes.count - 1) else { return nil }
    let index = min(Int(position), nodes.count - 2)
    return (index, position - Double(index))
  }

  /// Slowly varying quantities at `t`; the Sun in it is good to 0.1 arcsec only.
  @inline(__always)
  func state(at t: Instant) -> SkyState {
    guard let (i, f) = locate(t) else { return SkyNode(at: t, earthOrientation).state }
    return nodes[i].state.toward(nodes[i + 1].state, f)
  }

  /// From the geocentre to the Sun one light time ago, GCRS axes, au.
  func sunPosition(at t: Instant) -> SIMD3<Double> {
    guard let (i, f) = locate(t) else { return SkyNode(at: t, earthOrientation).state.sun }
    let (a, b) = (nodes[i], nodes[i + 1])
    return hermite(a.state.sun, a.sunVelocity, b.state.sun, b.sunVelocity, f)
  }

  /// From the geocentre to the Moon one light time ago, GCRS axes, au.
  func moonPosition(at t: Instant) -> SIMD3<Double> {
    guard let (i, f) = locate(t) else { return SkyNode(at: t, earthOrientation).moon }
    let (a, b) = (nodes[i], nodes[i + 1])
    return hermite(a.moon, a.moonVelocity, b.moon, b.moonVelocity, f)
  }

  /// Cubic through two positions and velocities (au per day).
  @inline(__always)
  private func hermite(
    _ p: SIMD3<Double>, _ v: SIMD3<Double>, _ q: SIMD3<Double>, _ w: SIMD3<Double>, _ f: Double
  ) -> SIMD3<Double> {
    let days = Self.stepSeconds / 86_400
    let g = 1 - f
    let fromPositions = p * (g * g * (1 + 2 * f)) + q * (f * f * (3 - 2 * f))
    return fromPositions + (v * (f * g * g) - w * (f * f * g)) * days
  }
}
