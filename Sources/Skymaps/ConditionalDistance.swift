import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The posterior of the luminosity distance along one direction (Singer et al. 2016, ApJL 829 L15,
/// eq. 1): p(r) proportional to exp(-(r - mu)^2 / (2 sigma^2)) r^2 for r >= 0.
///
/// mu and sigma are shape parameters, not mean and deviation; mu may be far below zero. The
/// normalisation is recomputed from them. With z = mu / sigma, Q = Phi(z), H = phi(z):
/// I2 = sigma^2 [(1 + z^2) Q + z H] and so on (ibid., eqs. 2-4). Below z = -2, where those cancel,
/// everything is built from J_n(a) = integral of y^n exp(-a y - y^2 / 2) over y > 0, whose ratios
/// J_n / J_(n-1) = n / (a + J_(n+1) / J_n) are a continued fraction of positive terms: no digits are
/// lost however negative z is.
public struct ConditionalDistance: Sendable, Hashable {
  public let mu: Distance
  public let sigma: Distance
  let kernel: DistanceKernel

  /// - Parameters:
  ///   - mu: finite, of either sign.
  ///   - sigma: finite and above zero. Otherwise nil.
  public init?(mu: Distance, sigma: Distance) {
    guard mu.megaparsecs.isFinite, sigma.megaparsecs.isFinite, sigma.megaparsecs > 0,
      (mu.megaparsecs / sigma.megaparsecs).isFinite
    else { return nil }
    self.mu = mu
    self.sigma = sigma
    kernel = DistanceKernel(z: mu.megaparsecs / sigma.megaparsecs)
  }

  /// The parameters that give a mean and a standard deviation.
  ///
  /// Nil where there are none: the mean must exceed sqrt(3) deviations, the limit of z to minus infinity.
  public init?(mean: Distance, standardDeviation: Distance) {
    let (m, s) = (mean.megaparsecs, standardDeviation.megaparsecs)
    guard m.isFinite, s.isFinite, s > 0, m > 0, let z = DistanceKernel.z(meanOverDeviation: m / s) else {
      return nil
    }
    let sigma = m / DistanceKernel(z: z).mean
    self.init(mu: .megaparsecs(z * sigma), sigma: .megaparsecs(sigma))
  }

  public var mean: Distance { .megaparsecs(kernel.mean * sigma.megaparsecs) }
  public var standardDeviation: Distance { .megaparsecs(kernel.variance.squareRoot() * sigma.megaparsecs) }
  /// DISTNORM, Mpc^-2; the largest number where it exceeds that (z below -37).
  public var normPerSquareMegaparsec: Double {
    let i2 =
      kernel.belowSeries
      ? exp(-kernel.z * kernel.z / 2) / (2 * .pi).squareRoot() * kernel.integral : kernel.integral
    let norm = 1 / (sigma.megaparsecs * sigma.megaparsecs * i2)
    return norm.isFinite ? norm : .greatestFiniteMagnitude
  }

  /// Probability per megaparsec.
  public func densityPerMegaparsec(at distance: Distance) -> Double {
    let x = distance.megaparsecs / sigma.megaparsecs
    return x > 0 ? kernel.density(x) / sigma.megaparsecs : 0
  }

  /// Probability of a smaller distance.
  public func cumulative(at distance: Distance) -> Fraction {
    let x = distance.megaparsecs / sigma.megaparsecs
    return Fraction(clamping: x > 0 ? kernel.cumulative(x) : 0)
  }

  /// The distance below which `probability` lies; infinite at 1.
  public func quantile(_ probability: Fraction) -> Distance {
    if probability.value <= 0 { return .megaparsecs(0) }
    if probability.value >= 1 { return .megaparsecs(.infinity) }
    let x = increasingRoot(
      near: kernel.mean, scale: kernel.variance.squareRoot(), target: probability.value
    ) { (kernel.cumulative($0), kernel.density($0)) }
    return .megaparsecs(x * sigma.megaparsecs)
  }
}

/// The posterior in units of sigma.
struct DistanceKernel: Sendable, Hashable {
  let z: Double
  /// I2 / sigma^2; below the limit of the closed form J2(-z), which lacks the factor phi(z).
  let integral: Double
  let mean: Double
  let variance: Double

  /// Below this z the closed forms lose digits (z^6 epsilon); the continued fraction takes over.
  static let closedFormLimit = -2.0
  var belowSeries: Bool { z < Self.closedFormLimit }

  init(z: Double) {
    self.z = z
    if z < Self.closedFormLimit {
      let j = Tails(-z)
      integral = j.j2
      mean = j.r3
      variance = j.r3 * (j.r4 - j.r3)
      return
    }
    let q = 0.5 * erfc(-z * 0.5.squareRoot())
    let h = normalDensity(z)
    integral = (1 + z * z) * q + z * h
    // Moments about z rather than 0: the difference of large numbers is done on paper.
    let shift = 2 * (z * q + h) / integral
    mean = z + shift
    variance = ((3 + z * z) * q + z * h) / integral - shift * shift
  }

  /// J0, J1, J2 and the ratios J3 / J2, J4 / J3 at a >= 0.
  struct Tails {
    let j0: Double, j1: Double, j2: Double, r3: Double, r4: Double

    init(_ a: Double) {
      // Backward from a guess of the ratio far out: exact to rounding for a >= 2.
      let start = 14 + (450 / (a * a)).rounded(.up)
      var r = start / (a / 2 + (a * a / 4 + start).squareRoot())
      for n in stride(from: start - 1, to: 4, by: -1) { r = n / (a + r) }
      r4 = 4 / (a + r)
      r3 = 3 / (a + r4)
      let r2 = 2 / (a + r3)
      let r1 = 1 / (a + r2)
      j0 = 1 / (a + r1)
      j1 = r1 * j0
      j2 = r2 * j1
    }
  }

  /// - Parameter x: distance / sigma, > 0.
  func density(_ x: Double) -> Double {
    belowSeries ? x * x * exp(z * x - x * x / 2) / integral : x * x * normalDensity(x - z) / integral
  }

  func cumulative(_ x: Double) -> Double {
    if x == .infinity { return 1 }
    let t = x - z
    if belowSeries {
      let tails = Tails(t)
      return 1 - exp(z * x - x * x / 2) * (x * x * tails.j0 + 2 * x * tails.j1 + tails.j2) / integral
    }
    let half = 0.5.squareRoot()
    let edge = (z + x) * normalDensity(t)
    if t >= 0 {
      return max(0, 1 - ((1 + z * z) * 0.5 * erfc(t * half) + edge) / integral)
    }
    let step = 0.5 * (erfc(-t * half) - erfc(z * half))
    return max(0, ((1 + z * z) * step + z * normalDensity(z) - edge) / integral)
  }

  /// Solves mean / deviation = ratio for z; nil where z would be below -1e6 or above 1e12.
  static func z(meanOverDeviation ratio: Double) -> Double? {
    // In asinh(z) the curve is nearly straight at both ends.
    func value(_ u: Double) -> Double {
      let kernel = DistanceKernel(z: sinh(u))
      return log(kernel.mean) - 0.5 * log(kernel.variance) - log(ratio)
    }
    var (low, high) = (asinh(-1e6), asinh(1e12))
    var (fLow, fHigh) = (value(low), value(high))
    guard fLow < 0, fHigh > 0 else { return nil }
    var lastSide = 0
    for _ in 0..<200 where high - low > 1e-15 * max(abs(low), abs(high)) {
      var u = low - fLow * (high - low) / (fHigh - fLow)
      if !(u > low && u < high) { u = (low + high) / 2 }
      let f = value(u)
      if f == 0 { return sinh(u) }
      // Regula falsi; the Illinois rule halves an end that stays twice.
      let side = f > 0 ? 1 : -1
      if f > 0 { (high, fHigh) = (u, f) } else { (low, fLow) = (u, f) }
      if side == lastSide { if f > 0 { fLow /= 2 } else { fHigh /= 2 } }
      lastSide = side
    }
    return sinh((low + high) / 2)
  }
}

/// The standard normal density.
@inline(__always) func normalDensity(_ t: Double) -> Double { exp(-t * t / 2) * 0.398942280401432677939946 }

/// The root of an increasing function on x > 0 whose slope is at hand: Newton's steps kept in a bracket.
func increasingRoot(
  near start: Double, scale: Double, target: Double, _ function: (Double) -> (value: Double, slope: Double)
) -> Double {
  var low = 0.0
  var high = start + scale
  while function(high).value < target { high = start + 2 * (high - start) }
  var x = start
  for _ in 0..<200 {
    let (value, slope) = function(x)
    if value < target { low = x } else { high = x }
    var next = slope > 0 ? x - (value - target) / slope : .nan
    if !(next > low && next < high) { next = (low + high) / 2 }
    if abs(next - x) <= 1e-14 * x || high - low <= 1e-14 * high { return next }
    x = next
  }
  return x
}
