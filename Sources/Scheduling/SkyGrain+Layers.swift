import Healpix
import Skymaps
import Units

/// Sky that is worth more to telescopes that see deeper.
///
/// Worth w_1 <= w_2 <= ... by class of depth; what counts of a piece of sky is the worth to the deepest class that
/// covers it. That is a sum over layers: layer j weighs w_j - w_(j-1) and is covered by every class from j on. So
/// with one copy of the grains a layer, everything made for plain coverage (marginal gains, exchanges) holds
/// exactly for this objective too.
extension SkyGrain {
  /// The same grains, worth other densities (per steradian, parallel to the map's cells).
  public func weighted(by density: ContiguousArray<Double>, of map: Skymap) -> SkyGrain {
    var weights = ContiguousArray<Double>(repeating: 0, count: count)
    for i in 0..<count {
      guard let cell = map.cellIndex(ofKey: keys[i]) else { continue }
      weights[i] = density[cell] * Cell.area(order: Int(orders[i])).steradians / 64
    }
    return SkyGrain(self, keys: keys, orders: orders, weights: weights)
  }

  /// All layers as one. Covers come from `cover(_:layers:)`; not made for questions about places.
  ///
  /// - Parameter classes: the same grains by class, worth more from one to the next.
  public init(layers classes: [SkyGrain]) {
    var keys: ContiguousArray<UInt64> = []
    var orders: ContiguousArray<UInt8> = []
    var weights: ContiguousArray<Double> = []
    for (j, own) in classes.enumerated() {
      keys += own.keys
      orders += own.orders
      if j == 0 {
        weights += own.partWeight
      } else {
        weights += ContiguousArray(zip(own.partWeight, classes[j - 1].partWeight).map { max(0, $0 - $1) })
      }
    }
    self.init(classes[0], keys: keys, orders: orders, weights: weights)
  }

  private init(
    _ base: SkyGrain, keys: ContiguousArray<UInt64>, orders: ContiguousArray<UInt8>,
    weights: ContiguousArray<Double>
  ) {
    self.keys = keys
    self.orders = orders
    partWeight = weights
    tree = base.tree
    corners = base.corners
    toMap = base.toMap
    probability = weights.reduce(0) { $0 + 64 * $1 }
  }

  /// A cover of this sky as one of the first layers of the sky made of its classes.
  public func cover(_ cover: Cover, layers: Int) -> Cover {
    var result = Cover()
    for j in 0..<layers {
      for i in cover.grains.indices {
        result.append(grain: Int(cover.grains[i]) + j * count, mask: cover.masks[i])
      }
    }
    return result
  }

  /// What of this sky is covered in a layer, counted from 0.
  public func layer(_ j: Int, of covered: Covered) -> Covered {
    Covered(masks: ContiguousArray(covered.masks[(j * count)..<((j + 1) * count)]))
  }
}
