import Ephemerides
import Observatories
import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// All constraints of one site, the strictest of each kind, in the form the loops compare with.
struct Limits: Sendable {
  /// Sine of the lowest allowed altitude and the constraint it comes from.
  private(set) var sinFloor = -2.0
  private(set) var floor: Constraint?
  private(set) var masks: [MaskProfile] = []
  private(set) var cosHourAngle: Double?
  private(set) var hourAngle: Constraint?
  private(set) var moonSeparation: Angle?
  private(set) var cosMoon = 2.0
  private(set) var maxSunAltitude: Angle?
  private(set) var closures: [Telescope.Closure] = []
  /// Declination and galactic latitude: no time enters.
  private(set) var fixed: [Constraint] = []
  private var sinDeclination = -2.0...2.0
  private var sinGalactic = -1.0

  init(_ constraints: [Constraint]) throws(VisibilityError) {
    for constraint in constraints {
      guard constraint.isValid else { throw .invalidLimit(constraint) }
      add(constraint)
    }
  }

  private mutating func add(_ constraint: Constraint) {
    switch constraint {
    case .minAltitude(let a): raiseFloor(to: sin(a.radians), constraint)
    case .maxAirmass(let x): raiseFloor(to: 1 / x, constraint)
    case .horizon(let mask): masks.append(MaskProfile(mask))
    case .declination(let from, let to):
      fixed.append(constraint)
      // A limit of 90 degrees is none; rounding must not make it one.
      let low = from.degrees <= -90 ? -2 : sin(from.radians)
      let high = to.degrees >= 90 ? 2 : sin(to.radians)
      let (a, b) = (max(low, sinDeclination.lowerBound), min(high, sinDeclination.upperBound))
      // Disjoint ranges allow nothing: an empty one is written as a range no sine reaches.
      sinDeclination = a <= b ? a...b : 3.0...3.0
    case .maxHourAngle(let h):
      guard h.degrees < 180 else { return }
      if cosHourAngle.map({ cos(h.radians) > $0 }) ?? true {
        cosHourAngle = cos(h.radians)
        hourAngle = constraint
      }
    case .moonSeparation(let a):
      guard a.radians > 0, a > moonSeparation ?? .zero else { return }
      moonSeparation = a
      cosMoon = cos(a.radians)
    case .maxSunAltitude(let a): maxSunAltitude = min(a, maxSunAltitude ?? a)
    case .closure(let closure): closures.append(closure)
    case .minGalacticLatitude(let b):
      fixed.append(constraint)
      sinGalactic = max(sinGalactic, sin(b.radians))
    }
  }

  private mutating func raiseFloor(to sine: Double, _ constraint: Constraint) {
    guard sine > sinFloor else { return }
    sinFloor = sine
    floor = constraint
  }

  @inline(__always)
  func allowFixed(_ p: SIMD3<Double>) -> Bool {
    guard sinDeclination.contains(p.z) else { return false }
    guard sinGalactic > 0 else { return true }
    return abs(dot(Rotation<ICRS, Galactic>.standard.rows.2, p)) >= sinGalactic
  }
}

/// A horizon mask with its look-up by bisection.
struct MaskProfile: Sendable {
  let mask: HorizonMask
  /// Radians, increasing in [0, 2 pi).
  private let azimuths: [Double]
  private let altitudes: [Double]
  let sinLowest: Double
  let sinHighest: Double

  init(_ mask: HorizonMask) {
    self.mask = mask
    azimuths = mask.points.map(\.azimuth.radians)
    altitudes = mask.points.map(\.altitude.radians)
    sinLowest = sin(altitudes.min() ?? 0)
    sinHighest = sin(altitudes.max() ?? 0)
  }

  /// Radians, of an azimuth in [0, 2 pi).
  func altitude(at azimuth: Double) -> Double {
    let n = azimuths.count
    let next = firstIndex(above: azimuth)
    let (i, j) = ((next + n - 1) % n, next % n)
    var span = azimuths[j] - azimuths[i]
    var along = azimuth - azimuths[i]
    if span <= 0 { span += 2 * .pi }
    if along < 0 { along += 2 * .pi }
    return altitudes[i] + (altitudes[j] - altitudes[i]) * along / span
  }

  /// Azimuths of the mask's corners strictly between `a` and `a + turn`, in the order of travel.
  func corners(from a: Double, turning turn: Double) -> [Double] {
    let inside = azimuths.filter { ahead($0, of: a, turn) < abs(turn) && ahead($0, of: a, turn) > 0 }
    return inside.sorted { ahead($0, of: a, turn) < ahead($1, of: a, turn) }
  }

  /// How far azimuth `b` lies ahead of `a` in the direction of `turn`, 0..<2 pi.
  private func ahead(_ b: Double, of a: Double, _ turn: Double) -> Double {
    Angle(radians: turn >= 0 ? b - a : a - b).normalized.radians
  }

  private func firstIndex(above azimuth: Double) -> Int {
    var (low, high) = (0, azimuths.count)
    while low < high {
      let middle = (low + high) / 2
      if azimuths[middle] > azimuth { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
