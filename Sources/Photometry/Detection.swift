import Skymaps
import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The chance to detect a source of one kind at an uncertain distance.
///
/// A source is detected when it is brighter than the limit, so an exposure has a *reach*: the distance at
/// which the mean source of the kind is at the limit. The luminosity of the sources scatters by a normal
/// deviate of `scatter` magnitudes, the same in all exposures of one source; the probability is then the
/// mean of P(distance < reach x 10^(scatter x / 5)) over x. With no scatter it is the cumulative
/// distribution of the distance at the reach: exact.
public struct DetectionModel: Sendable, Hashable {
  /// Standard deviation of the absolute magnitude.
  public let scatter: Double
  /// Factors on the reach and their weights.
  let factors: [Double]
  let weights: [Double]

  /// - Parameter scatter: magnitudes, >= 0.
  public init(scatter: Double = 0) {
    self.scatter = scatter
    guard scatter > 0 else {
      (factors, weights) = ([1], [1])
      return
    }
    // Simpson's rule over 5 deviations: the tails beyond hold 6e-7.
    let count = 400
    let step = 10.0 / Double(count)
    var (factors, weights): ([Double], [Double]) = ([], [])
    for i in 0...count {
      let x = -5 + Double(i) * step
      factors.append(pow(10, scatter * x / 5))
      let simpson = i == 0 || i == count ? 1.0 : i % 2 == 1 ? 4 : 2
      weights.append(simpson * exp(-x * x / 2))
    }
    let sum = weights.reduce(0, +)
    self.factors = factors
    self.weights = weights.map { $0 / sum }
  }

  public init(_ curve: LightCurve) { self.init(scatter: curve.scatter) }

  /// The probability that a source in this direction is brighter than the limit of one exposure.
  public func probability(within reach: Distance, of distance: ConditionalDistance) -> Fraction {
    let mean = distance.mean.megaparsecs
    let deviation = distance.standardDeviation.megaparsecs
    // Of the two normal-like widths the narrower is summed over, so that the other factor is smooth.
    if scatter > 0, 5 * deviation < scatter * mean * 2.302_585_092_994_046 {
      return overDistance(within: reach, distance, mean, deviation)
    }
    var sum = 0.0
    for i in factors.indices {
      let r = Distance.megaparsecs(reach.megaparsecs * factors[i])
      sum += weights[i] * distance.cumulative(at: r).value
    }
    return Fraction(clamping: sum)
  }

  /// The mean of Phi(5 log10(reach / r) / scatter) over the distance.
  private func overDistance(
    within reach: Distance, _ distance: ConditionalDistance, _ mean: Double, _ deviation: Double
  ) -> Fraction {
    let count = 200
    let low = max(mean - 8 * deviation, 0)
    let step = (mean + 8 * deviation - low) / Double(count)
    var (sum, norm) = (0.0, 0.0)
    for i in 0...count {
      let r = Distance.megaparsecs(low + Double(i) * step)
      let simpson = i == 0 || i == count ? 1.0 : i % 2 == 1 ? 4 : 2
      let weight = simpson * distance.densityPerMegaparsec(at: r)
      norm += weight
      sum += weight * probability(within: reach, at: r).value
    }
    return Fraction(clamping: sum / norm)
  }

  /// The same at a known distance: Phi(5 log10(reach / distance) / scatter).
  public func probability(within reach: Distance, at distance: Distance) -> Fraction {
    guard distance.megaparsecs > 0 else { return .one }
    let margin = 5 * log10(reach / distance)
    guard scatter > 0 else { return margin >= 0 ? .one : .zero }
    return Fraction(clamping: 0.5 * erfc(-margin / scatter * 0.5.squareRoot()))
  }

  /// The probability of at least `times` detections in several exposures of one direction.
  ///
  /// One source is as luminous in all of them and at one distance, so it is seen `times` times exactly when
  /// it is nearer than the reach that `times` of them have: the k-th largest.
  public func probability(
    withinReaches reaches: [Distance], of distance: ConditionalDistance, times: Int = 1
  ) -> Fraction {
    guard times > 0 else { return .one }
    guard reaches.count >= times else { return .zero }
    return probability(within: reaches.sorted(by: >)[times - 1], of: distance)
  }
}

/// Where a source can be detected: a sky map weighted by the chance to see what is there.
public struct DetectionMap: Sendable {
  /// What stands in for cells, or maps, without a distance.
  public enum Otherwise: Sendable, Hashable {
    /// They cannot be detected.
    case never
    case distance(Distance)
    case posterior(ConditionalDistance)
  }

  public let map: Skymap
  public let model: DetectionModel
  public let otherwise: Otherwise
  /// How much nearer dust brings the reach, by cell: 10^(-A / 5); empty is no dust.
  private let nearer: ContiguousArray<Double>

  /// - Parameters:
  ///   - dust: of the Galaxy, in front of every source.
  ///   - band: in which it dims, for all exposures; a bluer one is dimmed more.
  /// - Throws: `needsDistance` for a map without distances when nothing stands in for them.
  public init(
    _ map: Skymap, model: DetectionModel, otherwise: Otherwise = .never, dust: GalacticExtinction = .none,
    in band: Band = .r
  ) throws(PhotometryError) {
    if map.distance == nil, otherwise == .never { throw .needsDistance }
    self.map = map
    self.model = model
    self.otherwise = otherwise
    let toSky = map.toMap.inverse
    nearer =
      dust == .none
      ? []
      : ContiguousArray(
        (0..<map.count).map { i in
          let direction = Direction<ICRS>(unit: toSky(map.cell(i).center))
          let galactic = Rotation<ICRS, Galactic>.standard(direction)
          return pow(10, -dust.magnitudes(in: band, latitude: galactic.latitude) / 5)
        })
  }

  /// The probability that a source in this cell would be seen, 0...1.
  public func detectability(ofCell i: Int, within reach: Distance) -> Double {
    let reach = nearer.isEmpty ? reach : .megaparsecs(reach.megaparsecs * nearer[i])
    if let posterior = map.distance?[i] { return model.probability(within: reach, of: posterior).value }
    switch otherwise {
    case .never: return 0
    case .distance(let d): return model.probability(within: reach, at: d).value
    case .posterior(let p): return model.probability(within: reach, of: p).value
    }
  }

  /// Probability per steradian, parallel to the cells, that the source is there and seen. O(cells).
  ///
  /// What the gain of a footprint is integrated over when detection, not coverage, is the objective. One
  /// call for each class of reach: with scatter 400 evaluations a cell.
  public func densities(within reach: Distance) -> ContiguousArray<Double> {
    var result = map.density
    for i in 0..<map.count where result[i] > 0 { result[i] *= detectability(ofCell: i, within: reach) }
    return result
  }

  /// Over the whole map: the most that exposures of one reach can find.
  public func probability(within reach: Distance) -> Fraction {
    var sum = 0.0
    for i in 0..<map.count where map.density[i] > 0 {
      sum += map.probability(ofCell: i) * detectability(ofCell: i, within: reach)
    }
    return Fraction(clamping: sum)
  }
}
