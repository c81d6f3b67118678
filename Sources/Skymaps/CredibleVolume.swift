import Healpix
import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Credible volumes: the set of points whose dP/dV exceeds a threshold T.
///
/// Along one direction dP/dV is a Gaussian in r, so that set is an interval about mu (cut off at 0)
/// whose probability and volume have closed forms; only the threshold for a wanted probability is
/// searched for. No shells, no sorting of voxels: exact, and O(cells) for each trial threshold.
extension DistancePosterior {
  /// What lies above a threshold.
  public struct Enclosed: Sendable, Hashable {
    public let probability: Fraction
    public let volume: Volume
  }

  /// The smallest volume that holds `level` of the whole probability. Nil above
  /// 1 - `missingProbability`, which no volume holds.
  public func credibleVolume(at level: Fraction) -> Volume? {
    if level.value <= 0 { return Volume(cubicMegaparsecs: 0) }
    guard level.value < located, let top = cells.logPeak.max() else { return nil }
    var (high, fHigh) = (top, -level.value)
    var depth = 8.0
    var low = top - depth
    var fLow = enclosed(above: low).probability - level.value
    while fLow < 0 {
      guard depth < 1e6 else { return nil }
      (high, fHigh) = (low, fLow)
      depth *= 2
      low = top - depth
      fLow = enclosed(above: low).probability - level.value
    }
    var lastSide = 0
    var middle = low
    for _ in 0..<100 where high - low > 1e-13 * max(1, abs(low)) {
      middle = low - fLow * (high - low) / (fHigh - fLow)
      if !(middle > low && middle < high) { middle = (low + high) / 2 }
      let f = enclosed(above: middle).probability - level.value
      // 1e-11 of probability is about 1e-10 of the volume.
      if abs(f) < 1e-11 { break }
      let side = f > 0 ? 1 : -1
      if f > 0 { (low, fLow) = (middle, f) } else { (high, fHigh) = (middle, f) }
      if side == lastSide { if f > 0 { fHigh /= 2 } else { fLow /= 2 } }
      lastSide = side
    }
    return Volume(cubicMegaparsecs: enclosed(above: middle).volume)
  }

  /// The probability and volume of all points at least as likely as one, per volume: what a search from
  /// the densest point on goes through before it comes there. Nil where the map has no distance.
  public func searched(at direction: Direction<ICRS>, _ distance: Distance) -> Enclosed? {
    guard let density = map.densityPerCubicMegaparsec(at: direction, distance) else { return nil }
    let threshold = log(density)
    guard threshold.isFinite else {
      return Enclosed(probability: Fraction(clamping: located), volume: Volume(cubicMegaparsecs: .infinity))
    }
    let sums = enclosed(above: threshold)
    return Enclosed(
      probability: Fraction(clamping: sums.probability), volume: Volume(cubicMegaparsecs: sums.volume))
  }

  /// - Parameter threshold: logarithm of dP/dV in Mpc^-3.
  func enclosed(above threshold: Double) -> (probability: Double, volume: Double) {
    var (probability, volume) = (0.0, 0.0)
    let half = 0.5.squareRoot()
    for i in 0..<cells.count {
      let q = 2 * (cells.logPeak[i] - threshold)
      guard q > 0 else { continue }
      let z = cells.z[i]
      let cube = cells.sigma[i] * cells.sigma[i] * cells.sigma[i] * cells.area[i] / 3
      if z > 0 {
        let w = q.squareRoot()
        let far = z + w
        if w < z {
          // Symmetric about mu: ((1 + z^2) erf(w / sqrt 2) - 2 w phi(w)) / I2.
          let share = ((1 + z * z) * erf(w * half) - 2 * w * normalDensity(w)) / cells.kernels[i].integral
          let near = z - w
          probability += cells.probability[i] * share
          volume += cube * (2 * w) * (far * far + far * near + near * near)
        } else {
          probability += cells.probability[i] * cells.kernels[i].cumulative(far)
          volume += cube * far * far * far
        }
      } else {
        // (x - z)^2 = z^2 + q without the difference of large numbers.
        let far = q / ((z * z + q).squareRoot() - z)
        probability += cells.probability[i] * cells.kernels[i].cumulative(far)
        volume += cube * far * far * far
      }
    }
    return (probability, volume)
  }
}
