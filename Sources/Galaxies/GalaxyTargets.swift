import Healpix
import Observatories
import Skymaps
import Targeting
import Units

/// When galaxies are pointed at instead of tiles.
public struct GalaxyPolicy: Sendable, Hashable {
  /// GRANDMA's manual: fields under 1 deg2, and 90 % regions under 200 deg2.
  public var largestField = SolidAngle.squareDegrees(1)
  public var largestArea90 = SolidAngle.squareDegrees(200)
  public init() {}

  /// - Parameter area90: of the 90 % credible region.
  public func applies(to field: FieldOfView, area90: SolidAngle) -> Bool {
    field.area < largestField && area90 < largestArea90
  }
}

/// One field with the galaxies in it.
public struct GalaxyPointing: Sendable, Hashable {
  public let center: Direction<ICRS>
  /// Places in the ranking's `entries`, best first; no galaxy is in two pointings.
  public let members: [Int]
  /// Share of the weight of all galaxies ranked.
  public let weight: Double
}

/// Turns ranked galaxies into pointings.
public enum GalaxyTargets {
  /// How far inside the edge of the field a galaxy must be, as a share of its size.
  static let margin = 0.02
  /// Galaxies looked at: the best that hold `considered` of the weight, at most `mostGalaxies`.
  public static let considered = 0.999
  public static let mostGalaxies = 4000

  public struct Options: Sendable, Hashable {
    /// At most so many pointings.
    public var most = 100
    /// Enough when they hold this share of the weight.
    public var enough = Fraction.one
    /// Pointings with less are not worth a slew.
    public var leastWeight = 1e-6
    /// Of the field, north toward east, on top of the field's own.
    public var rotation = Angle.zero
    public init() {}
  }

  /// The fields that together hold the most weight, best first.
  ///
  /// Greedy: each is the best field for the galaxies the earlier ones left, and its centre is that of the box
  /// (or the circle) around its galaxies, so that they lie as far from its edges as possible. For rectangles
  /// the best place of a field that holds a given galaxy is found exactly on the tangent plane (some galaxy
  /// lies on its left and one on its lower edge); circles are tried through every pair of near galaxies.
  /// Polygons are placed by their bounding box, then counted exactly. Deterministic.
  ///
  /// - Parameter allowed: whether a galaxy can be observed at all.
  public static func pointings(
    of ranking: GalaxyRanking, field: FieldOfView, options: Options = .init(),
    where allowed: (Direction<ICRS>) -> Bool = { _ in true }
  ) -> [GalaxyPointing] {
    var placer = FieldPlacer(field: field, rotation: options.rotation)
    var sum = 0.0
    for (i, entry) in ranking.entries.enumerated() {
      if placer.count >= mostGalaxies || sum >= considered || entry.weight <= 0 { break }
      sum += entry.weight
      if allowed(entry.position) { placer.add(entry.position, entry.weight, entry: i) }
    }
    return placer.greedy(most: options.most, enough: options.enough.value, least: options.leastWeight)
  }

  /// Galaxies of a table straight to fields on them.
  public static func pointings(
    for map: Skymap, galaxies: GalaxyTable, field: FieldOfView,
    weighting: GalaxyRanking.Weighting = .luminosity, options: Options = .init(),
    where allowed: (Direction<ICRS>) -> Bool = { _ in true }
  ) -> [GalaxyPointing] {
    pointings(
      of: GalaxyRanking(galaxies, in: map, weighting: weighting), field: field, options: options,
      where: allowed)
  }
}
