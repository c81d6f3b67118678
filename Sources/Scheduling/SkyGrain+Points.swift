import Healpix
import Skymaps
import Units

extension SkyGrain {
  /// Points instead of sky: each is a grain that a field holds wholly or not at all, so that galaxies can be
  /// shared out among telescopes as sky is. Covers come from `cover(points:)`.
  public init(points weights: [Double]) {
    keys = ContiguousArray(weights.indices.map(UInt64.init))
    orders = .init(repeating: UInt8(Cell.maxOrder), count: weights.count)
    partWeight = ContiguousArray(weights.map { $0 / 64 })
    tree = GrainTree(keys: [], orders: [])
    corners = []
    toMap = Rotation(rows: SIMD3(1, 0, 0), SIMD3(0, 1, 0), SIMD3(0, 0, 1))
    probability = weights.reduce(0, +)
  }

  /// - Parameter points: indices of the weights given, increasing.
  public func cover(points: [Int]) -> Cover {
    var cover = Cover()
    for point in points { cover.append(grain: point, mask: .max) }
    return cover
  }
}
