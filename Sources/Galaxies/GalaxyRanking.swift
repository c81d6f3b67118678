import Healpix
import Skymaps
import Units

/// Galaxies of a map by the chance that they host its source.
public struct GalaxyRanking: Sendable {
  /// What a galaxy's place in the map is multiplied with.
  public enum Weighting: String, Sendable, Hashable, CaseIterable {
    /// Nothing: dP/dV alone.
    case volume
    /// Blue luminosity.
    case luminosity
    /// Stellar mass.
    case mass
  }

  public struct Entry: Sendable, Hashable {
    /// Place in the table, and row of the catalogue.
    public let index: Int
    public let row: UInt32
    public let position: Direction<ICRS>
    public let distance: Distance
    public let deviation: Distance
    /// Share of the weight of all galaxies ranked.
    public let weight: Double
    /// Of the map there: per Mpc^3 averaged over the galaxy's distance; per steradian for a map without any.
    public let density: Double
    /// 10^10 solar; NaN: not known.
    public let luminosity: Float
    public let mass: Float
  }

  /// Highest weight first; equal ones by row.
  public let entries: [Entry]
  public let weighting: Weighting
  /// The map has distances and they count. False is worth a warning: near and far galaxies are alike.
  public let usesDistance: Bool
  /// Ranked with the median of the others, as the catalogue lacks the quantity weighted with.
  public let withoutQuantity: Int
  /// In the table, but where the map has no probability.
  public let outside: Int

  /// Ranks all galaxies of a table: weight = dP/dV x luminosity or mass.
  ///
  /// dP/dV is that of Singer et al. 2016 (ApJL 829, L15), averaged over the distance error of the galaxy in
  /// closed form. A galaxy without the quantity gets the median of those that have it. O(n log n).
  public init(_ table: GalaxyTable, in map: Skymap, weighting: Weighting = .luminosity) {
    let usesDistance = map.distance != nil
    var found: [(index: Int, density: Double)] = []
    let inOwnFrame = map.frame == .icrs
    for i in 0..<table.count {
      let cell = inOwnFrame ? map.cellIndex(ofKey: table.keys[i]) : map.cellIndex(at: table.position(i))
      guard let cell, map.density[cell] > 0 else { continue }
      let density =
        usesDistance
        ? map.densityPerCubicMegaparsec(
          ofCell: cell, .megaparsecs(Double(table.distances[i])),
          deviation: .megaparsecs(Double(table.deviations[i]))) ?? 0
        : map.density[cell]
      if density > 0, density.isFinite { found.append((i, density)) }
    }
    let column: ContiguousArray<Float>? =
      switch weighting {
      case .volume: nil
      case .luminosity: table.luminosities
      case .mass: table.masses
      }
    let known = column.map { c in found.map { c[$0.index] }.filter { $0.isFinite && $0 > 0 }.sorted() } ?? []
    let typical = known.isEmpty ? 1 : Double(known[known.count / 2])
    var missing = 0
    var weights = [Double](repeating: 0, count: found.count)
    for (n, one) in found.enumerated() {
      var factor = 1.0
      if let value = column?[one.index] {
        let isKnown = value.isFinite && value > 0
        if !isKnown { missing += 1 }
        factor = isKnown ? Double(value) : typical
      }
      weights[n] = one.density * factor
    }
    let total = weights.reduce(0, +)
    let order = found.indices.sorted {
      (weights[$1], table.rows[found[$0].index]) < (weights[$0], table.rows[found[$1].index])
    }
    entries = order.map { n in
      let i = found[n].index
      return Entry(
        index: i, row: table.rows[i], position: table.position(i),
        distance: .megaparsecs(Double(table.distances[i])),
        deviation: .megaparsecs(Double(table.deviations[i])), weight: weights[n] / total,
        density: found[n].density, luminosity: table.luminosities[i], mass: table.masses[i])
    }
    self.weighting = weighting
    self.usesDistance = usesDistance
    withoutQuantity = missing
    outside = table.count - found.count
  }

  /// What a catalogue must be asked for to rank a map.
  public struct Search: Sendable {
    /// In the frame of the map.
    public let coverage: Coverage
    public let map: Skymap
    /// Distances worth a look: 99.8 % of the posterior; everything for a map without.
    public let distances: ClosedRange<Distance>

    /// - Parameter level: credible region to search.
    public init(_ map: Skymap, level: Fraction) {
      self.map = map
      coverage = CredibleRegions(of: map).coverage(at: level)
      if let posterior = DistancePosterior(of: map) {
        distances =
          posterior.quantile(Fraction(clamping: 0.001))...posterior.quantile(Fraction(clamping: 0.999))
      } else {
        distances = .megaparsecs(0)...(.megaparsecs(.infinity))
      }
    }

    /// Whether a galaxy may be at one of the distances: its own error counts three times.
    @inlinable public func holds(distance: Float, deviation: Float) -> Bool {
      let (d, e) = (Double(distance), 3 * Double(deviation))
      return d + e >= distances.lowerBound.megaparsecs && d - e <= distances.upperBound.megaparsecs
    }
  }
}
