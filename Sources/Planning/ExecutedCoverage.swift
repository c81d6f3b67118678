import Skymaps
import Targeting
import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What a network has done for an event so far, in probability of its map: exact footprints, each piece of sky
/// counted once.
public struct ExecutedCoverage: Sendable, Hashable {
  /// In the union of what teams have said they will observe, have begun, or have observed.
  public let accepted: Fraction
  /// In the union of exposures taken.
  public let observed: Fraction
  /// The same, each piece of sky times `weight` of the deepest exposure there; exposures without a limit
  /// count nothing.
  public let depthWeighted: Fraction
  /// Of the plan in force, what it would add to the exposures taken.
  public let remaining: Fraction
  /// Of exposures taken.
  public let area: SolidAngle
  /// Depth at which a piece of sky counts in full.
  public let reference: Magnitude

  /// - Parameters:
  ///   - taken: exposures.
  ///   - accepted: fields promised or begun; those taken are added here.
  ///   - open: fields of the plan in force that are still to come.
  public init(
    taken: [ObservedField], accepted: [ObservedField], open: [ObservedField], in tree: ProbabilityTree,
    reference: Magnitude
  ) {
    let deepestFirst = taken.sorted { ($0.limit?.value ?? -1) > ($1.limit?.value ?? -1) }
    let done = deepestFirst.map(\.footprint.regions)
    let marginal = tree.marginalProbabilities(of: done + open.map(\.footprint.regions)).marginal
    let own = marginal.prefix(done.count)
    observed = Fraction(clamping: own.reduce(0, +))
    remaining = Fraction(clamping: marginal.dropFirst(done.count).reduce(0, +))
    depthWeighted = Fraction(
      clamping: zip(deepestFirst, own).reduce(0) { sum, pair in
        sum + pair.1 * Self.weight(of: pair.0.limit, against: reference)
      })
    let promised = done.flatMap { $0 } + accepted.flatMap(\.footprint.regions)
    self.accepted = Fraction(clamping: tree.probability(inUnionOf: promised))
    area = ProbabilityTree.area(ofUnion: done.flatMap { $0 }, tolerance: 1e-6)
    self.reference = reference
  }

  /// The share of the volume out to where a source reaches `reference` in which it would have been seen:
  /// 10^(0.6 (limit - reference)) in Euclidean space, at most 1.
  public static func weight(of limit: Magnitude?, against reference: Magnitude) -> Double {
    guard let limit, limit.value.isFinite else { return 0 }
    return min(1, pow(10, 0.6 * (limit.value - reference.value)))
  }

  /// Where a kilonova like that of GW170817 (M = -16 at its peak in r; Villar et al. 2017, ApJL 851, L21)
  /// would stand at the event's distance; 21 mag, where GRANDMA's follow-up ends, if none is known.
  public static func reference(distance: Distance?) -> Magnitude {
    guard let distance, distance.megaparsecs > 0, distance.megaparsecs.isFinite else { return Magnitude(21) }
    return Magnitude(-16 + 25 + 5 * log10(distance.megaparsecs))
  }
}
