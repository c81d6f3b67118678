import Healpix
import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension Skymap {
  /// dP/dV averaged over an uncertain distance: a normal deviate of `deviation` about `distance`, cut off at 0.
  ///
  /// Along a direction dP/dV is a Gaussian in r, so the average has a closed form: with s^2 = sigma^2 +
  /// deviation^2, the Gaussian of width s times the share of the product that lies at r > 0. Below mu = 0 that
  /// share underflows; there it is taken together with the exponential. Nil as for `distance(at:)`.
  ///
  /// - Parameter deviation: >= 0; 0 gives the value at the distance itself.
  public func densityPerCubicMegaparsec(
    at direction: Direction<ICRS>, _ distance: Distance, deviation: Distance
  ) -> Double? {
    cellIndex(at: direction).flatMap { densityPerCubicMegaparsec(ofCell: $0, distance, deviation: deviation) }
  }

  /// The same anywhere in a cell.
  public func densityPerCubicMegaparsec(
    ofCell i: Int, _ distance: Distance, deviation: Distance
  ) -> Double? {
    guard let one = self.distance?[i] else { return nil }
    let (d, e) = (distance.megaparsecs, max(0, deviation.megaparsecs))
    guard d >= 0, d.isFinite, e.isFinite else { return 0 }
    let (mu, sigma, z) = (one.mu.megaparsecs, one.sigma.megaparsecs, one.kernel.z)
    let peak = DistancePosterior.logPeak(density: density[i], sigma: sigma, one.kernel)
    guard e > 1e-9 * sigma else {
      let x = d / sigma
      return exp(peak + (z > 0 ? -(x - z) * (x - z) / 2 : z * x - x * x / 2))
    }
    let half = 0.5.squareRoot()
    let s2 = sigma * sigma + e * e
    let s = s2.squareRoot()
    // Of the product of both Gaussians: mean over deviation, and the share above 0.
    let edge = (mu * e * e + d * sigma * sigma) / (s * sigma * e)
    let kept = 0.5 * erfc(-d / e * half)
    if z > 0 {
      let share = 0.5 * erfc(-edge * half)
      return exp(peak - (d - mu) * (d - mu) / (2 * s2)) * sigma / s * share / kept
    }
    if edge >= 0 {
      let exponent = (mu * mu * e * e + sigma * sigma * d * (2 * mu - d)) / (2 * sigma * sigma * s2)
      return exp(peak + exponent) * sigma / s * 0.5 * erfc(-edge * half) / kept
    }
    // exp(a^2 / 2) Phi(-a) without either factor.
    let a = -edge
    let scaled =
      a >= -DistanceKernel.closedFormLimit
      ? DistanceKernel.Tails(a).j0 / (2 * Double.pi).squareRoot() : exp(a * a / 2) * 0.5 * erfc(a * half)
    return exp(peak - d * d / (2 * e * e)) * sigma / s * scaled / kept
  }
}
