import CERFA
import Units

/// What a horizon needs of the models at one instant; linear between nodes.
struct SkyState: Sendable {
  /// X and Y of the celestial intermediate pole; rotation angle ERA - s + s' (radians, grows without
  /// wrapping along the nodes of one ephemeris); Greenwich apparent sidereal time minus that angle;
  /// polar motion x_p and y_p (radians); two unused lanes.
  var slow: SIMD8<Double>
  /// Earth's barycentric velocity in units of the speed of light, GCRS axes.
  var velocity: SIMD3<Double>
  /// Geocentre to Sun one light time ago, au. Between nodes good to 0.1 arcsec only.
  var sun: SIMD3<Double>

  var poleX: Double { slow[0] }
  var poleY: Double { slow[1] }
  var rotation: Double { slow[2] }
  var siderealOffset: Double { slow[3] }
  var polarX: Double { slow[4] }
  var polarY: Double { slow[5] }

  /// The state a fraction of the way from here to `next`.
  @inline(__always)
  func toward(_ next: SkyState, _ f: Double) -> SkyState {
    SkyState(
      slow: slow + (next.slow - slow) * f, velocity: velocity + (next.velocity - velocity) * f,
      sun: sun + (next.sun - sun) * f)
  }
}

/// All the models say at one instant, for the whole Earth.
struct SkyNode: Sendable {
  var state: SkyState
  /// Rate of `state.sun`, au per day.
  let sunVelocity: SIMD3<Double>
  /// Geocentre to Moon one light time ago, au, and its rate, au per day.
  let moon: SIMD3<Double>
  let moonVelocity: SIMD3<Double>

  /// Straight from ERFA, 90 microseconds.
  init(at t: Instant, _ earthOrientation: EarthOrientation) {
    let (day, fraction) = t.julianDateTT
    let earth = earthOrientation.values(at: t)
    let ttMinusTAI = 32.184
    let ut1Fraction = fraction + (earth.ut1MinusTAISeconds - ttMinusTAI) / 86_400

    var matrix = Self.zeros(3)
    eraPnm06a(day, fraction, &matrix)
    var (x, y) = (0.0, 0.0)
    eraBpn2xy(&matrix, &x, &y)
    let s = eraS06(day, fraction, x, y)
    let era = eraEra00(day, ut1Fraction)
    let rotation = era - s + eraSp00(day, fraction)
    let sidereal = era - eraEors(&matrix, s)
    let slow = SIMD8(
      x, y, rotation, sidereal - rotation, earth.polarX.radians, earth.polarY.radians, 0, 0)

    // TDB differs from TT by under 2 ms, in which the Moon moves 2 m.
    var heliocentric = Self.zeros(2)
    var barycentric = Self.zeros(2)
    _ = eraEpv00(day, fraction, &heliocentric, &barycentric)
    let lightDays = 499.004_783_836 / 86_400  // au over c, days (IAU 2012 au)
    // The Sun moves about the barycentre; light shows it where it was.
    let sunDrift = Self.vector(barycentric[1]) - Self.vector(heliocentric[1])
    let toSun = -Self.vector(heliocentric[0])
    state = SkyState(
      slow: slow, velocity: Self.vector(barycentric[1]) * lightDays,
      sun: toSun - sunDrift * (length(toSun) * lightDays))
    sunVelocity = -Self.vector(heliocentric[1])

    var lunar = Self.zeros(2)
    eraMoon98(day, fraction, &lunar)
    moonVelocity = Self.vector(lunar[1])
    let toMoon = Self.vector(lunar[0])
    moon = toMoon - moonVelocity * (length(toMoon) * lightDays)
  }

  /// Adds whole turns so that the rotation angle follows on from an earlier node.
  mutating func unwrapRotation(after previous: SkyNode, seconds: Double) {
    let expected = previous.state.rotation + EarthRotation.radiansPerSecond * seconds
    let turns = ((expected - state.rotation) / (2 * .pi)).rounded()
    state.slow[2] += turns * 2 * .pi
  }

  private static func zeros(_ rows: Int) -> [(Double, Double, Double)] {
    Array(repeating: (0, 0, 0), count: rows)
  }
  private static func vector(_ t: (Double, Double, Double)) -> SIMD3<Double> { SIMD3(t.0, t.1, t.2) }
}

enum EarthRotation {
  /// Rate of the Earth rotation angle, IAU 2000 resolution B1.8.
  static let radiansPerSecond = 1.002_737_811_911_354_48 * 2 * Double.pi / 86_400
}
