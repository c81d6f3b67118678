#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Ephemerides
import Observatories
import Scheduling
import Synchronization
import Targeting
import Units
import Visibility

/// Which sky a site's fields may reach, and when, for an upper bound: nothing that a permitted pointing can
/// cover is ever left out; a little that none can may be let in.
///
/// A field is symmetric about its centre, so of a field with a permitted centre at most half lies beyond
/// the altitude limit, and at most half beyond a declination limit. The site's time is therefore offered in
/// two halves: one that may be spent on sky beyond the altitude limit (and within it), one on sky beyond a
/// declination limit (and within it). With prices a and d of the halves, a field pays (a + d) / 2 times its
/// area, and never covers sky worth more than that: what lies inside both limits, or outside both, counts at
/// the smaller price.
final class ReachSampler: Sendable {
  /// Whether its time is offered in halves; not for fields that are not symmetric.
  let isSplit: Bool
  var partCount: Int { isSplit ? 2 : 1 }

  private let site: PlannedSite
  private let windows: [TimeWindow]
  private let nights: [Night]
  private let half: (east: Double, north: Double)
  private let radius: Double
  private let limits: Limits
  private var sinFloor: Double { limits.sinFloor }
  /// What was asked last, for the other half of the time.
  private let last = Mutex<Answer?>(nil)

  private struct Answer {
    var center: SIMD3<Double>
    var radius: Double
    var windows: [[TimeWindow]]
  }

  /// The strictest of all limits that do not depend on time.
  private struct Limits {
    var sinFloor = -2.0
    var declination = (-Double.pi)...Double.pi
    var moon: Double?
    var galactic = 0.0

    mutating func add(_ constraint: Constraint) {
      switch constraint {
      case .minAltitude(let a): sinFloor = max(sinFloor, sin(a.radians))
      case .maxAirmass(let x): sinFloor = max(sinFloor, 1 / max(x, 1))
      case .horizon(let mask):
        sinFloor = max(sinFloor, sin(mask.points.map(\.altitude.radians).min() ?? -.pi / 2))
      case .declination(let from, let to):
        declination =
          max(
            declination.lowerBound, from.radians)...max(
            max(declination.lowerBound, from.radians), min(declination.upperBound, to.radians))
      case .moonSeparation(let a): moon = max(moon ?? 0, a.radians)
      case .minGalacticLatitude(let b): galactic = max(galactic, b.radians)
      // Left out: they can only shrink what is reached. The Sun and closures have shaped the dark windows.
      case .maxHourAngle, .maxSunAltitude, .closure: break
      }
    }
  }

  /// Up and toward the Moon at the ends of short intervals.
  private struct Night {
    var times: [Instant] = []
    var up: [SIMD3<Double>] = []
    var moon: [SIMD3<Double>] = []
    /// What a sine may gain between two samples beyond the larger.
    var bulge = 0.0
  }

  /// Aberration and precession within a night, with room to spare, radians.
  private static let margin = 3e-4
  /// More than the pole of date is away from that of ICRS, radians: 0.0001 a year from 2000.
  private static let poleShift = 0.01
  /// Between samples, seconds; telescopes with small fields have little to say.
  private static let step = (wide: 300.0, narrow: 900.0)

  /// - Parameter isHasty: a bound that is less sharp will do.
  init(_ site: PlannedSite, isHasty: Bool) {
    self.site = site
    let box = site.field.boundingBox
    half = (tan(box.width.radians / 2), tan(box.height.radians / 2))
    radius = site.field.radius.radians
    if case .polygons = site.field { isSplit = false } else { isSplit = site.isWide }
    windows = site.resource.darkWindows
    limits = site.visibility.constraints.reduce(into: Limits()) { $0.add($1) }
    var nights: [Night] = []
    for window in windows {
      let longest = site.isWide && !isHasty ? Self.step.wide : Self.step.narrow
      let steps = max(1, Int((window.duration.seconds / longest).rounded(.up)))
      var night = Night()
      let width = window.duration.seconds / Double(steps)
      night.bulge = pow(7.3e-5 * width, 2) / 8
      for i in 0...steps {
        let t = min(window.start.advanced(bySeconds: Double(i) * width), window.end)
        let frame = site.visibility.frame(at: t)
        night.times.append(t)
        night.up.append(frame.up)
        night.moon.append(site.visibility.ephemeris.apparent(of: .moon, in: frame).unit)
      }
      nights.append(night)
    }
    self.nights = nights
  }

  /// How a block lies to the limits that do not move.
  private struct Place {
    var center: SIMD3<Double>
    var east: SIMD3<Double>
    var north: SIMD3<Double>
    /// Reach of the field, as tangents, and radius of the block.
    var reach: (east: Double, north: Double)
    var block: Double
    /// Whether some of the block may lie within the declination limits, and some beyond.
    var mayBeWithin: Bool
    var mayBeBeyond: Bool
    /// Cosine of the least separation from the Moon that might do.
    var cosMoon: Double
    /// What a great circle departs from a parallel within a field.
    var sagitta: Double
  }

  /// One half of `windows(touching:radius:)`.
  func windows(ofPart part: Int, touching center: Direction<ICRS>, radius: Angle) -> [TimeWindow] {
    last.withLock { last in
      if let last, last.center == center.unit, last.radius == radius.radians { return last.windows[part] }
      let windows = windows(touching: center, radius: radius)
      last = Answer(center: center.unit, radius: radius.radians, windows: windows)
      return windows[part]
    }
  }

  /// When a visit may start whose field might touch a cap of sky: by half of the field's area, or once.
  func windows(touching center: Direction<ICRS>, radius: Angle) -> [[TimeWindow]] {
    var parts = [[TimeWindow]](repeating: [], count: partCount)
    let block = radius.radians + Self.margin
    guard mayRise(center.unit, block), let place = place(center, block) else { return parts }
    // Nothing of a field gets higher above the block's middle than this.
    let most =
      place.block
      + (place.reach.east * place.reach.east + place.reach.north * place.reach.north)
      .squareRoot()
    for night in nights {
      withUnsafeTemporaryAllocation(of: Double.self, capacity: night.up.count) { sine in
        for j in night.up.indices { sine[j] = (night.up[j] * place.center).sum() }
        let least = min(sinFloor, sinFloor * 1.01) - most - night.bulge
        var end: Rise?
        for i in 0..<(night.times.count - 1) {
          guard max(sine[i], sine[i + 1]) >= least else {
            end = nil
            continue
          }
          let isHigh = min(sine[i], sine[i + 1]) - place.block >= sinFloor
          let (a, d): (Bool, Bool)
          if isHigh {
            end = nil
            (a, d) = standingHigh(place, night, i)
          } else {
            let start = end ?? rise(of: place, sine[i], night, i)
            let next = rise(of: place, sine[i + 1], night, i + 1)
            (a, d) = standing(place, start, next, bulge: night.bulge)
            end = next
          }
          guard a || d else { continue }
          let interval = TimeWindow(night.times[i], night.times[i + 1])
          if a { Self.extend(&parts[0], by: interval) }
          if d, isSplit { Self.extend(&parts[1], by: interval) }
        }
      }
    }
    return parts
  }

  private static func extend(_ windows: inout [TimeWindow], by interval: TimeWindow) {
    if let last = windows.last, last.end == interval.start {
      windows[windows.count - 1] = TimeWindow(last.start, interval.end)
    } else {
      windows.append(interval)
    }
  }

  private func place(_ center: Direction<ICRS>, _ block: Double) -> Place? {
    let dec = center.dec.radians
    let all = radius + block
    if limits.galactic > 0, abs(center.galacticLatitude.radians) < limits.galactic - all { return nil }
    var reach = (east: tan(min(radius, 1.5)), north: tan(min(radius, 1.5)))
    var rise = radius
    let highest = abs(dec) + radius
    var sagitta = radius * radius / 2 * tan(min(highest, 1.5))
    if highest < 1.45 {
      // North at the pointing is not quite north at the block.
      let turn = asin(min(1, sin(radius) / cos(highest))) * sin(highest)
      reach.east = min(reach.east, half.east * cos(turn) + half.north * sin(turn))
      reach.north = min(reach.north, half.north * cos(turn) + half.east * sin(turn))
      rise = min(radius, atan(reach.north) + sagitta)
    } else {
      sagitta = radius
    }
    guard dec + rise + block >= limits.declination.lowerBound,
      dec - rise - block <= limits.declination.upperBound
    else {
      return nil
    }
    let slack = sagitta + block
    let within = (limits.declination.lowerBound - slack)...(limits.declination.upperBound + slack)
    let sure = (
      limits.declination.lowerBound - sagitta + block, limits.declination.upperBound + sagitta - block
    )
    let basis = TangentBasis(at: center)
    return Place(
      center: center.unit, east: basis.east, north: basis.north,
      reach: reach, block: block, mayBeWithin: within.contains(dec),
      mayBeBeyond: dec < sure.0 || dec > sure.1,
      cosMoon: limits.moon.map { cos(max(0, $0 - all - 0.003)) } ?? 2,
      sagitta: sagitta)
  }

  /// Whether a field that touches a cap may ever be above the altitude limit, roughly: at its transit.
  private func mayRise(_ center: SIMD3<Double>, _ block: Double) -> Bool {
    let most = block + 1.5 * tan(min(radius, 1.5))
    return nights.contains { night in
      guard let up = night.up.first else { return false }
      let across = max(0, (1 - center.z * center.z) * (1 - up.z * up.z)).squareRoot()
      return center.z * up.z + across + most + night.bulge + Self.poleShift >= min(sinFloor, sinFloor * 1.01)
    }
  }

  /// How high a block stands at one time, as sines: the highest of any field that touches it, its own highest and
  /// lowest point.
  private struct Rise {
    var outer: Double
    var inner: Double
    var lowest: Double
    var moonIsClear: Bool
  }

  @inline(__always)
  private func rise(of place: Place, _ sine: Double, _ night: Night, _ j: Int) -> Rise {
    let up = night.up[j]
    let (e, n) = (abs((up * place.east).sum()), abs((up * place.north).sum()))
    let swing = place.block * (e * e + n * n).squareRoot()
    return Rise(
      outer: sine + e * place.reach.east + n * place.reach.north + swing, inner: sine + swing,
      lowest: sine - swing,
      moonIsClear: place.cosMoon > 1 || (night.moon[j] * place.center).sum() <= place.cosMoon)
  }

  /// Whether fields of either half may cover some of a block at some time between two.
  @inline(__always)
  private func standing(_ place: Place, _ a: Rise, _ b: Rise, bulge: Double) -> (Bool, Bool) {
    guard max(a.outer, b.outer) + bulge >= min(sinFloor, sinFloor * 1.01), a.moonIsClear || b.moonIsClear
    else { return (false, false) }
    if !isSplit { return (true, true) }
    let dip = place.block + radius * radius / 2 * cotOfZenithLimit
    let mayBeHigh = max(a.inner, b.inner) + bulge >= sinFloor - dip
    let mayBeLow = min(a.lowest, b.lowest) < sinFloor
    return (mayBeLow || place.mayBeWithin, mayBeHigh || place.mayBeBeyond)
  }

  /// The same where all of the block is above the altitude limit.
  @inline(__always)
  private func standingHigh(_ place: Place, _ night: Night, _ i: Int) -> (Bool, Bool) {
    let moonIsClear =
      place.cosMoon > 1 || (night.moon[i] * place.center).sum() <= place.cosMoon
      || (night.moon[i + 1] * place.center).sum() <= place.cosMoon
    return moonIsClear ? (!isSplit || place.mayBeWithin, true) : (false, false)
  }

  /// tan of the lowest altitude: how strongly its circle on the sky curves.
  private var cotOfZenithLimit: Double {
    sinFloor > 0 ? sinFloor / max(0.05, (1 - sinFloor * sinFloor).squareRoot()) : 0
  }
}
