import Ephemerides
import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// One dark window and its samples in the grid.
struct DarkSpan: Sendable {
  let window: TimeWindow
  /// Index of the first sample, their number (3 or more) and distance in seconds.
  let first: Int
  let count: Int
  let step: Double
  /// Mean velocity of the observer (units of c): aberration by it is applied once per target.
  let velocity: SIMD3<Double>
  /// What that and leaving out light deflection can change in any sample, radians.
  let error: Double
  /// Celestial pole, which a night does not move by more than `error`.
  let pole: SIMD3<Double>
  /// A cap around everywhere the Moon goes: its centre, and radius in radians.
  let moonCenter: SIMD3<Double>
  let moonRadius: Double
  /// Cosine of the Moon limit plus that radius: a target further away needs no look at the Moon.
  let cosMoonClear: Double

  /// Apparent direction of an ICRS unit vector, within `error` all night.
  @inline(__always)
  func apparent(_ p: SIMD3<Double>) -> SIMD3<Double> { p + velocity - p * dot(p, velocity) }

  func finder(reach: Double, error: Double) -> IntervalFinder {
    IntervalFinder(start: 0, step: step, count: count, reach: reach, sampleError: error)
  }

  func instant(_ seconds: Double) -> Instant { window.start.advanced(bySeconds: seconds) }
}

/// Vectors of the horizon and the Moon at every sample of every dark window: columns, GCRS axes.
struct DarkGrid: Sendable {
  private(set) var upX = ContiguousArray<Double>()
  private(set) var upY = ContiguousArray<Double>()
  private(set) var upZ = ContiguousArray<Double>()
  private(set) var moonX = ContiguousArray<Double>()
  private(set) var moonY = ContiguousArray<Double>()
  private(set) var moonZ = ContiguousArray<Double>()
  /// Where meridian and equator meet; filled only for a limit on the hour angle.
  private(set) var meridianX = ContiguousArray<Double>()
  private(set) var meridianY = ContiguousArray<Double>()
  private(set) var meridianZ = ContiguousArray<Double>()

  /// Bends light by at most this, at the Sun's limb; and what first-order aberration leaves.
  private static let deflection = 8.6e-6 + 2e-8

  static func make(
    over dark: [TimeWindow], _ observer: Observer, _ ephemeris: Ephemeris, _ limits: Limits
  ) -> ([DarkSpan], DarkGrid) {
    var grid = DarkGrid()
    var spans: [DarkSpan] = []
    for window in dark {
      let (count, step) = IntervalFinder.samples(
        over: window.duration.seconds, longest: SiteVisibility.longestStepSeconds)
      let first = grid.upX.count
      var velocities: [SIMD3<Double>] = []
      var moons: [SIMD3<Double>] = []
      for i in 0..<count {
        let frame = ephemeris.frame(of: observer, at: window.start.advanced(bySeconds: Double(i) * step))
        let moon = ephemeris.apparent(of: .moon, in: frame).unit
        velocities.append(frame.velocity)
        moons.append(moon)
        grid.append(frame, moon, withMeridian: limits.cosHourAngle != nil)
      }
      let velocity = velocities.reduce(SIMD3()) { $0 + $1 } / Double(count)
      let drift = velocities.map { length($0 - velocity) }.max() ?? 0
      let middle = ephemeris.frame(
        of: observer, at: window.start.advanced(bySeconds: Double(count / 2) * step))
      let ends = [window.start, window.end].map {
        length(ephemeris.frame(of: observer, at: $0).pole - middle.pole)
      }
      let center = Direction<Apparent>(normalizing: moons.reduce(SIMD3()) { $0 + $1 } + moons[0] * 1e-9)
      // The Moon moves by under 0.1 degrees between samples.
      let radius = moons.map { center.separation(from: Direction(unit: $0)).radians }.max()! + 0.002
      let clear = (limits.moonSeparation?.radians ?? 0) + radius
      spans.append(
        DarkSpan(
          window: window, first: first, count: count, step: step, velocity: velocity,
          error: drift + deflection + ends.max()!, pole: middle.pole, moonCenter: center.unit,
          moonRadius: radius, cosMoonClear: limits.moonSeparation == nil ? 2 : clear < .pi ? cos(clear) : -2))
    }
    return (spans, grid)
  }

  private mutating func append(_ frame: HorizontalFrame, _ moon: SIMD3<Double>, withMeridian: Bool) {
    upX.append(frame.up.x)
    upY.append(frame.up.y)
    upZ.append(frame.up.z)
    moonX.append(moon.x)
    moonY.append(moon.y)
    moonZ.append(moon.z)
    guard withMeridian else { return }
    let meridian = frame.meridian
    meridianX.append(meridian.x)
    meridianY.append(meridian.y)
    meridianZ.append(meridian.z)
  }
}
