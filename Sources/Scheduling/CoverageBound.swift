#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Units

/// A proven upper bound on the probability that any plan of the same request covers.
///
/// Relaxation. Fields lose their shape and keep their area: a visit of telescope k that takes the time c_k
/// (exposure and shortest gap) and has the field area A_k spreads A_k over sky it can reach in that time.
/// With d(p) the probability density of the sky, prices y(k, t) >= 0 per steradian and
/// m(p) = min y(k, t) over the telescopes and times that reach p, weak duality gives for *any* prices
///
///     covered <= integral of max(0, d(p) - m(p)) dp + sum over k of A_k / c_k * integral of y(k, t) dt
///
/// because every visit pays at least its field's area times the least price in it, and so at least the sum
/// of min(d, m) over the sky it covers. p counts as reached by k at t when a field centred on a permitted
/// pointing might contain p in a visit that goes on at t; blocks of sky and bins of time are taken whole,
/// so the error of that discretisation can only raise the bound. Where an allocation or the length of a night
/// limits the number of visits, the dearest times are counted up to that number.
///
/// Prices are found by a fixed-point iteration on a smoothed minimum (a transport problem with elastic demand,
/// solved as in Sinkhorn's balancing); the best bound over the iterates is kept, and each is valid.
public struct CoverageBound: Sendable, Hashable {
  public enum Method: String, Sendable, Hashable {
    /// Prices per telescope and time, by weak duality.
    case fluidDual = "fluid-dual"
  }
  /// Upper bound on the probability covered, 0...1, `tolerance` included.
  public let value: Double
  public let method: Method
  /// Steps taken; each step's bound is valid.
  public let iterations: Int
  /// What was added for rounding and for the accuracy with which a plan's probability is computed.
  public let tolerance: Double

  /// Share of the bound that a plan misses at most: 0 is proven optimal.
  public func gap(of covered: Double) -> Double { value > 0 ? max(0, (value - covered) / value) : 0 }

  /// Footprint probabilities are good to 1e-6; sums over 1e5 cells round by less than 1e-10.
  static let accuracy = 2e-6

  /// - Parameters:
  ///   - fieldAreas: of one exposure, by resource.
  ///   - reach: by resource, with one entry for each block.
  ///   - effort: steps; 0 gives a bound from one common price.
  public init(_ blocks: SkyBlocks, resources: [Resource], fieldAreas: [SolidAngle], reach: [SkyReach], effort: Int = 120) {
    var market = SkyMarket(blocks, resources: resources, fieldAreas: fieldAreas, reach: reach)
    market.settle(levelRatio: 1 + 1 / Double(max(effort, 1)))
    if effort > 100 { market.debugPrices() }
    value = min(1, market.best + Self.accuracy)
    method = .fluidDual
    iterations = market.steps
    tolerance = Self.accuracy
  }
}

/// When a resource may start a visit whose field might touch a block, block by block.
public struct SkyReach: Sendable {
  private(set) var windows: [TimeWindow] = []
  private(set) var ends: [Int32] = []

  public init() {}

  /// The next block's start windows: in order, disjoint, and no shorter than the truth.
  public mutating func append(_ starts: [TimeWindow]) {
    windows.append(contentsOf: starts)
    ends.append(Int32(windows.count))
  }

  func windows(of block: Int) -> ArraySlice<TimeWindow> {
    windows[(block > 0 ? Int(ends[block - 1]) : 0)..<Int(ends[block])]
  }
}
