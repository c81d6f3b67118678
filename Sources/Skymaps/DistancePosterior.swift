import Healpix
import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The distance posterior of a whole map: marginal distribution, credible volumes.
///
/// Everything marginal is over the cells that have a distance, renormalised by their probability;
/// `missingProbability` says how much had none (0 to 0.5 % in maps of the LIGO-Virgo-KAGRA pipelines
/// BAYESTAR and Bilby, 21 % in one of a machine-learning search). Credible levels in space count the
/// missing part as never found: no volume holds more than 1 - `missingProbability`.
///
/// Distances are luminosity distances, and volumes integrals of r^2 dr dOmega over those.
public struct DistancePosterior: Sendable {
  /// Structure of arrays over the cells with distance and probability.
  struct Cells: Sendable {
    /// Index in the map.
    var index: ContiguousArray<Int32> = []
    var probability: ContiguousArray<Double> = []
    var area: ContiguousArray<Double> = []
    var sigma: ContiguousArray<Double> = []
    var z: ContiguousArray<Double> = []
    var kernels: ContiguousArray<DistanceKernel> = []
    /// Logarithm of the largest probability per Mpc^3 anywhere in the cell, r >= 0.
    var logPeak: ContiguousArray<Double> = []
    var count: Int { index.count }
  }

  public let map: Skymap
  let cells: Cells
  /// The probability of all cells with distance.
  let located: Double
  public let mean: Distance
  public let standardDeviation: Distance
  public var missingProbability: Fraction { Fraction(clamping: 1 - located) }

  /// Nil for a map without any cell that has both probability and distance. O(cells).
  public init?(of map: Skymap) {
    guard let layer = map.distance else { return nil }
    var cells = Cells()
    var (sum, first, second) = (0.0, 0.0, 0.0)
    for i in 0..<map.count where map.density[i] > 0 {
      guard let one = layer[i] else { continue }
      let p = map.probability(ofCell: i)
      let sigma = one.sigma.megaparsecs
      cells.index.append(Int32(i))
      cells.probability.append(p)
      cells.area.append(Cell.area(order: Int(map.orders[i])).steradians)
      cells.sigma.append(sigma)
      cells.z.append(one.kernel.z)
      cells.kernels.append(one.kernel)
      cells.logPeak.append(Self.logPeak(density: map.density[i], sigma: sigma, one.kernel))
      let mean = one.kernel.mean * sigma
      sum += p
      first += p * mean
      second += p * (one.kernel.variance * sigma * sigma + mean * mean)
    }
    guard sum > 0 else { return nil }
    self.map = map
    self.cells = cells
    located = sum
    mean = .megaparsecs(first / sum)
    standardDeviation = .megaparsecs(max(0, second / sum - first / sum * (first / sum)).squareRoot())
  }

  /// dP/dV = rho N / (sqrt(2 pi) sigma) exp(-(r - mu)^2 / (2 sigma^2)) at r = mu, or at 0 if mu < 0.
  static func logPeak(density: Double, sigma: Double, _ kernel: DistanceKernel) -> Double {
    let base = log(density) - 3 * log(sigma) - log(kernel.integral)
    if kernel.belowSeries { return base }
    return base - 0.5 * log(2 * .pi) - (kernel.z < 0 ? kernel.z * kernel.z / 2 : 0)
  }

  /// Probability of a smaller distance, given that there is one.
  public func cumulative(at distance: Distance) -> Fraction {
    Fraction(clamping: sums(at: distance.megaparsecs).value / located)
  }

  /// Probability per megaparsec at each distance, given that there is one.
  public func densitiesPerMegaparsec(at distances: [Distance]) -> [Double] {
    distances.map { distance in
      let r = distance.megaparsecs
      guard r > 0 else { return 0 }
      var sum = 0.0
      for i in 0..<cells.count {
        let x = r / cells.sigma[i]
        // Beyond 12 deviations the density is under 1e-31 of its peak.
        if x - max(0, cells.z[i]) > 12 || cells.z[i] - x > 12 { continue }
        sum += cells.probability[i] * cells.kernels[i].density(x) / cells.sigma[i]
      }
      return sum / located
    }
  }

  /// The distance below which `probability` lies, given that there is one; infinite at 1.
  public func quantile(_ probability: Fraction) -> Distance {
    if probability.value <= 0 { return .megaparsecs(0) }
    if probability.value >= 1 { return .megaparsecs(.infinity) }
    let r = increasingRoot(
      near: mean.megaparsecs, scale: max(standardDeviation.megaparsecs, 1e-9 * mean.megaparsecs),
      target: probability.value
    ) { r in
      let (value, slope) = sums(at: r)
      return (value / located, slope / located)
    }
    return .megaparsecs(r)
  }

  /// Sums over the cells of cumulative probability and density per Mpc.
  private func sums(at r: Double) -> (value: Double, slope: Double) {
    var (value, slope) = (0.0, 0.0)
    guard r > 0 else { return (0, 0) }
    for i in 0..<cells.count {
      let x = r / cells.sigma[i]
      if x - max(0, cells.z[i]) > 12 {
        value += cells.probability[i]
        continue
      }
      if cells.z[i] - x > 12 { continue }
      value += cells.probability[i] * cells.kernels[i].cumulative(x)
      slope += cells.probability[i] * cells.kernels[i].density(x) / cells.sigma[i]
    }
    return (value, slope)
  }
}

extension DistanceLayer {
  /// The posterior of one cell, or nil where it has none.
  public subscript(i: Int) -> ConditionalDistance? {
    norm[i] > 0 ? ConditionalDistance(mu: .megaparsecs(mu[i]), sigma: .megaparsecs(sigma[i])) : nil
  }
}

extension Skymap {
  /// The distance posterior along a direction; nil for a 2-D map and where there is none.
  public func distance(at direction: Direction<ICRS>) -> ConditionalDistance? {
    cellIndex(at: direction).flatMap { distance?[$0] }
  }

  /// dP/dV: probability per cubic megaparsec of luminosity-distance space; nil as for `distance(at:)`.
  public func densityPerCubicMegaparsec(at direction: Direction<ICRS>, _ distance: Distance) -> Double? {
    guard let i = cellIndex(at: direction), let one = self.distance?[i] else { return nil }
    let r = distance.megaparsecs
    guard r >= 0, r.isFinite else { return 0 }
    let x = r / one.sigma.megaparsecs
    let z = one.kernel.z
    let exponent = z > 0 ? -(x - z) * (x - z) / 2 : z * x - x * x / 2
    return exp(
      DistancePosterior.logPeak(density: density[i], sigma: one.sigma.megaparsecs, one.kernel) + exponent)
  }
}
