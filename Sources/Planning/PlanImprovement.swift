#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Healpix
import Scheduling
import Targeting
import Units

/// Pointings at fixed places of the sky, 200 to the side of a field: rows along declination, the same
/// for every map, so that a pointing keeps its name from one revision to the next.
struct FineLattice: PointingLattice {
  let sites: [PlannedSite]
  /// Sites that may leave their grids.
  let isFree: [Bool]

  static let scheme = "f200"
  private static let fineness = 200.0
  private static let rowOffset = 5_000_000

  init(_ sites: [PlannedSite], tiling: PlanRequest.Tiling) {
    self.sites = sites
    isFree = sites.map { tiling != .grid && $0.field.area >= .squareDegrees(0.5) }
  }

  private static func step(of site: PlannedSite) -> SIMD2<Double> {
    SIMD2(site.grid.width.radians, site.grid.height.radians) / fineness
  }

  func size(of resource: Int) -> (half: SIMD2<Double>, step: SIMD2<Double>)? {
    guard isFree[resource] else { return nil }
    let grid = sites[resource].grid
    return (SIMD2(tan(grid.width.radians / 2), tan(grid.height.radians / 2)), Self.step(of: sites[resource]))
  }

  func neighbor(
    of center: Direction<ICRS>, resource: Int, east: Int, north: Int
  ) -> (number: Int, center: Direction<ICRS>)? {
    Self.point(of: sites[resource], near: center, east: east, north: north)
      .flatMap { sites[resource].avoids($0.center) ? nil : $0 }
  }

  /// The lattice point nearest to a direction, or some steps from it. Nil beyond a pole.
  static func point(
    of site: PlannedSite, near center: Direction<ICRS>, east: Int = 0, north: Int = 0
  ) -> (number: Int, center: Direction<ICRS>)? {
    let step = step(of: site)
    let row = (center.dec.radians / step.y).rounded() + Double(north)
    guard abs(row * step.y) < .pi / 2 else { return nil }
    let columns = max(1, (2 * .pi * cos(row * step.y) / step.x).rounded(.up))
    var column = (center.ra.radians / (2 * .pi) * columns).rounded() + Double(east)
    column -= (column / columns).rounded(.down) * columns
    let point = Direction<ICRS>(
      ra: Angle(radians: column / columns * 2 * .pi), dec: Angle(radians: row * step.y))
    return ((Int(row) + rowOffset) * 100_000_000 + Int(column), point)
  }

  /// `-2145:13042`, row and column.
  static func name(of number: Int) -> String { "\(number / 100_000_000 - rowOffset):\(number % 100_000_000)" }

  func startWindows(at center: Direction<ICRS>, resource: Int) -> [TimeWindow] {
    sites[resource].visibility.startWindows(for: center, exposure: sites[resource].exposure)
  }

  func cover(at center: Direction<ICRS>, resource: Int, of sky: SkyGrain) -> SkyGrain.Cover {
    sky.cover(sites[resource].outline, at: center)
  }
}

extension Session {
  /// Moves the rows of grids that would end short of what their telescopes reach, and sets their tiles as close as
  /// the sky is worth it.
  ///
  /// - Parameter prices: nil where one telescope observes alone.
  mutating func align(_ group: [Int], at prices: SkyPrices?) {
    guard request.effort > 0, request.tiling != .grid else { return }
    let able = group.filter {
      sites[$0].isWide && sites[$0].grid.overlap == 0 && !sites[$0].resource.darkWindows.isEmpty
    }
    guard !able.isEmpty else { return }
    let alignment = RowAlignment(sky, besides: layers == nil ? covered : sky.uncovered)
    let found = concurrentMap(able) { [sites] in
      alignment.rows(for: sites[$0], marginalDensity: prices?.marginalDensity(of: $0) ?? 0)
    }
    for (i, own) in zip(able, found) { rows[i] = own }
  }

  /// What sky is worth to telescopes of a group that others might relieve.
  func worths(for group: [Int], _ prices: SkyPrices?) -> [ContiguousArray<Double>] {
    let open = group.filter { !sites[$0].resource.darkWindows.isEmpty }
    guard let prices, open.count > 1 else { return [] }
    var worth = [ContiguousArray<Double>](repeating: [], count: sites.count)
    for (k, own) in zip(open, prices.worths(of: open, on: sky, floor: 0.2)) { worth[k] = own }
    return worth
  }

  /// Improves what is chosen so far. Field numbers of pointings off the grid are negative.
  mutating func refine() {
    guard request.effort > 0 else { return }
    // Shifts look at plain sky: pointings for detection are exchanged only.
    let lattice = FineLattice(sites, tiling: layers == nil ? request.tiling : .grid)
    let report = selection.refine(
      lattice, besides: taken.map(\.cover), smallestGain: smallestGain, effort: request.effort)
    for (k, numbers) in report.numbers.enumerated() { fieldNumbers[k] += numbers.map { -$0 } }
    covered = ground.uncovered
    for one in taken { covered.insert(one.cover) }
    for k in sites.indices { for candidate in selection.chosen(of: k) { covered.insert(candidate.cover) } }
  }
}
