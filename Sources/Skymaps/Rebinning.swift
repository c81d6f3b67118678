import Healpix
import Units

extension Skymap {
  /// The map with all cells finer than `order` merged up to it.
  ///
  /// Densities average. Distances merge by their moments, weighted with probability, from which new
  /// parameters are solved (Singer et al. 2016, ApJS 226, 10, section 4); averaging the parameters
  /// themselves would be wrong. A merged cell whose moments no parameters give has no distance.
  public func rebinned(to order: Int) -> Skymap {
    let order = min(max(order, 0), Cell.maxOrder)
    var merged = MergedCells(distance: distance != nil)
    var i = 0
    while i < count {
      if Int(orders[i]) <= order {
        merged.append(
          keys[i], orders[i], density[i], mu: distance?.mu[i], distance?.sigma[i], distance?.norm[i])
        i += 1
        continue
      }
      let target = Cell(order: order, key: keys[i])
      let end = firstIndex(atOrAfter: target.keys.upperBound)
      append(cells: i..<end, as: target, to: &merged)
      i = end
    }
    return Skymap(
      keys: merged.keys, orders: merged.orders, density: merged.density, distance: merged.distance,
      frame: frame,
      header: header, report: report)
  }

  private func append(cells: Range<Int>, as target: Cell, to merged: inout MergedCells) {
    var (probability, located, first, second) = (0.0, 0.0, 0.0, 0.0)
    for i in cells {
      let p = self.probability(ofCell: i)
      probability += p
      guard p > 0, let one = distance?[i] else { continue }
      let mean = one.mean.megaparsecs
      let deviation = one.standardDeviation.megaparsecs
      located += p
      first += p * mean
      second += p * (deviation * deviation + mean * mean)
    }
    var result: ConditionalDistance?
    if located > 0 {
      let mean = first / located
      let variance = max(0, second / located - mean * mean)
      result = ConditionalDistance(
        mean: .megaparsecs(mean), standardDeviation: .megaparsecs(variance.squareRoot()))
    }
    merged.append(
      target.firstKey, UInt8(target.order), probability / target.area.steradians,
      mu: result?.mu.megaparsecs, result?.sigma.megaparsecs, result?.normPerSquareMegaparsec)
  }
}

/// Columns of a map in the making.
private struct MergedCells {
  var keys: ContiguousArray<UInt64> = []
  var orders: ContiguousArray<UInt8> = []
  var density: ContiguousArray<Double> = []
  private var mu: ContiguousArray<Double> = []
  private var sigma: ContiguousArray<Double> = []
  private var norm: ContiguousArray<Double> = []
  private let hasDistance: Bool

  init(distance: Bool) { hasDistance = distance }

  var distance: DistanceLayer? { hasDistance ? DistanceLayer(mu: mu, sigma: sigma, norm: norm) : nil }

  /// - Parameters: mu...: nil where there is no distance, written as maps do: infinity, 1, 0.
  mutating func append(
    _ key: UInt64, _ order: UInt8, _ value: Double, mu: Double?, _ sigma: Double?, _ norm: Double?
  ) {
    keys.append(key)
    orders.append(order)
    density.append(value)
    guard hasDistance else { return }
    self.mu.append(mu ?? .infinity)
    self.sigma.append(sigma ?? 1)
    self.norm.append(norm ?? 0)
  }
}
