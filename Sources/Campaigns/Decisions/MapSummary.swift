import Skymaps
import Units

/// What a policy wants to know of a sky map.
public struct MapSummary: Hashable, Sendable {
  public var area50: SolidAngle?
  public var area90: SolidAngle?
  public var distanceMean: Distance?
  public var distanceDeviation: Distance?
  public var distanceMedian: Distance?
  public var peak: Direction<ICRS>?

  public init() {}

  /// Areas of the smallest regions that hold 50 and 90 %; distances of the posterior of the whole map,
  /// not an average over pixels. O(cells log cells).
  public init(of map: Skymap) {
    let regions = CredibleRegions(of: map)
    area50 = regions.area(at: Fraction(clamping: 0.5))
    area90 = regions.area(at: Fraction(clamping: 0.9))
    peak = regions.peak
    guard let posterior = DistancePosterior(of: map) else { return }
    distanceMean = posterior.mean
    distanceDeviation = posterior.standardDeviation
    distanceMedian = posterior.quantile(Fraction(clamping: 0.5))
  }
}
