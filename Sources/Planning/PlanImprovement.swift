#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Healpix
import Scheduling
import Targeting
import Units

struct FineLattice: PointingLattice {
  let sites: [PlannedSite]
  static let fineness = 50.0

  init(_ sites: [PlannedSite]) { self.sites = sites }

  private func step(_ k: Int) -> (east: Double, north: Double) {
    (sites[k].grid.width.radians / Self.fineness, sites[k].grid.height.radians / Self.fineness)
  }

  func size(resource: Int) -> (half: (east: Double, north: Double), step: (east: Double, north: Double)) {
    let grid = sites[resource].grid
    return ((tan(grid.width.radians / 2), tan(grid.height.radians / 2)), step(resource))
  }

  func neighbor(of center: Direction<ICRS>, resource: Int, east: Int, north: Int) -> (number: Int, center: Direction<ICRS>)? {
    let step = step(resource)
    let dec = center.dec.radians + Double(north) * step.north
    guard abs(dec) < .pi / 2 else { return nil }
    let row = (dec / step.north).rounded()
    let columns = max(1, (2 * .pi * cos(row * step.north) / step.east).rounded(.up))
    var column = (center.ra.radians / (2 * .pi) * columns).rounded() + Double(east)
    column -= (column / columns).rounded(.down) * columns
    let moved = Direction<ICRS>(ra: Angle(radians: column / columns * 2 * .pi), dec: Angle(radians: row * step.north))
    return (Int(row + 100_000) * 1_000_000 + Int(column), moved)
  }
  func startWindows(at center: Direction<ICRS>, resource: Int) -> [TimeWindow] {
    sites[resource].visibility.startWindows(for: center, exposure: sites[resource].exposure)
  }
  func regions(at center: Direction<ICRS>, resource: Int) -> [ConvexRegion<ICRS>] {
    Footprint(sites[resource].field, at: center).regions
  }
}

extension Session {
  func worth() -> [ContiguousArray<Double>]? {
    guard let e = getenv("VW") else { return nil }
    let p = String(cString: e).split(separator: ",").map { Double($0)! }
    let o = CoverageOutlook(request, sites: sites)
    return o.worth(of: Array(sites.indices), on: sky, share: p[0], floor: p[1])
  }
  mutating func refine() {
    guard let e = getenv("VR") else { return }
    let plan = String(cString: e).split(separator: ",").compactMap { Int($0) }
    var t0 = timespec(), t1 = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t0)
    let report = selection.refine(FineLattice(sites), smallestGain: request.smallestGain, plan: plan)
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t1)
    let s = Double(t1.tv_sec - t0.tv_sec) + Double(t1.tv_nsec - t0.tv_nsec) * 1e-9
    for l in report.lines { print("bound eff", l) }
    print("bound eff cpu", s)
    for (k, n) in report.numbers.enumerated() { fieldNumbers[k] += n.map { -$0 } }
  }
}

/// Rows of pointings like those of `TileGrid`, moved in declination.
struct PhasedGrid: Sendable {
  let width: Angle
  let height: Angle
  let phase: Double
  init(_ grid: TileGrid, phase: Double) {
    width = grid.width
    height = grid.height
    self.phase = phase
  }
  private func columns(_ row: Int) -> Int {
    let dec = abs(declination(row))
    if dec >= .pi / 2 { return 1 }
    let half = atan(tan(width.radians / 2) / (cos(dec) + tan(height.radians / 2) * sin(dec)))
    return max(1, Int((.pi / half).rounded(.up)))
  }
  private func declination(_ row: Int) -> Double { (Double(row) + phase) * height.radians }
  func number(containing d: Direction<ICRS>) -> Int {
    var row = Int((d.dec.radians / height.radians - phase).rounded())
    if declination(row) > .pi / 2 { row -= 1 }
    if declination(row) < -.pi / 2 { row += 1 }
    let n = columns(row)
    let column = Int((d.ra.radians / (2 * .pi) * Double(n)).rounded()) % n
    return (row + 1000) * 100_000 + column
  }
  func center(of number: Int) -> Direction<ICRS> {
    let row = number / 100_000 - 1000
    let column = number % 100_000
    return Direction(ra: Angle(radians: 2 * .pi * Double(column) / Double(columns(row))), dec: Angle(radians: declination(row)))
  }
}

extension CandidateFinder {
  func tiles(of site: PlannedSite, phase: Double, limit: Int?) -> [Tile] {
    var tiles: [Tile] = []
    var seen: Set<Int> = []
    let grid = PhasedGrid(site.grid, phase: phase)
    let spacing = min(grid.width, grid.height) * 0.5
    let fieldArea = site.field.area.steradians
    for offer in offers {
      if tiles.count >= limit ?? .max || offer.density * fieldArea < smallestGain { break }
      sky.forEachProbe(of: offer.grain, spacing: spacing) { point in
        let number = grid.number(containing: point)
        guard seen.insert(number).inserted else { return }
        let center = grid.center(of: number)
        let windows = site.visibility.startWindows(for: center, exposure: site.exposure)
        guard !windows.isEmpty else { return }
        let cover = sky.cover(Footprint(site.field, at: center).regions)
        guard !cover.isEmpty else { return }
        tiles.append(Tile(number: number, candidate: Candidate(center: center, startWindows: windows, cover: cover)))
      }
    }
    return tiles
  }
  func bestTiles(of site: PlannedSite, slots: Int, limit: Int?) -> [Tile] {
    guard let e = getenv("VP"), let n = Int(String(cString: e)), n > 1 else { return tiles(of: site, limit: limit) }
    var best: (value: Double, tiles: [Tile]) = (-1, [])
    for i in 0..<n {
      let found = i == 0 ? tiles(of: site, limit: limit) : tiles(of: site, phase: Double(i) / Double(n), limit: limit)
      let value = found.map { sky.probability(of: $0.candidate.cover) }.sorted(by: >).prefix(slots).reduce(0, +)
      print("bound phase", site.telescope.id, i, value, found.count)
      if value > best.value { best = (value, found) }
    }
    return best.tiles
  }
}
