import Healpix
import Units

/// Where else the resources could point: for each a lattice of pointings much finer than its field.
public protocol PointingLattice: Sendable {
  /// Half the sides of the box around a resource's field, and one step of its lattice (east and north), in tangents
  /// and radians. Nil for a resource that must keep to its grid.
  func size(of resource: Int) -> (half: SIMD2<Double>, step: SIMD2<Double>)?
  /// The lattice point some steps east and north of a pointing; nil if there is none.
  func neighbor(
    of center: Direction<ICRS>, resource: Int, east: Int, north: Int
  ) -> (number: Int, center: Direction<ICRS>)?
  /// When a visit there may start.
  func startWindows(at center: Direction<ICRS>, resource: Int) -> [TimeWindow]
  /// What a visit there covers.
  func cover(at center: Direction<ICRS>, resource: Int, of sky: SkyGrain) -> SkyGrain.Cover
}
