import Galaxies
import Units

/// Galaxies for a plan: what narrow fields are pointed at.
public struct GalaxyTargeting: Sendable {
  /// Credible region in which galaxies are looked for.
  public static let level = Fraction(clamping: 0.95)

  /// What the catalogue holds in the region of the map.
  public var table: GalaxyTable
  /// Name of the catalogue.
  public var catalog: String
  public var weighting: GalaxyRanking.Weighting
  /// Which fields, and on which maps.
  public var policy: GalaxyPolicy
  /// The name of a row of the catalogue; the same for the same row, always.
  public var name: @Sendable (UInt32) -> String

  public init(
    table: GalaxyTable, catalog: String, weighting: GalaxyRanking.Weighting = .luminosity,
    policy: GalaxyPolicy = .init(), name: @escaping @Sendable (UInt32) -> String
  ) {
    self.table = table
    self.catalog = catalog
    self.weighting = weighting
    self.policy = policy
    self.name = name
  }

  /// What it adds to the digest of a request: the rows themselves, not the whole catalogue.
  var digestText: String {
    "\(catalog):\(weighting.rawValue):\(policy.largestField.steradians)/\(policy.largestArea90.steradians):"
      + table.digest
  }
}

extension GalaxyTable {
  /// SHA-256 of the columns.
  var digest: String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(28 * count)
    func put<T: FixedWidthInteger>(_ value: T) {
      withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
    for i in 0..<count {
      put(keys[i])
      for value in [distances[i], deviations[i], luminosities[i], masses[i]] { put(value.bitPattern) }
      put(rows[i])
    }
    return SHA256.hexDigest(of: bytes)
  }
}
