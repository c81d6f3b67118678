import Foundation
import Healpix
import Observatories
import Scheduling
import Skymaps
import Targeting
import Units

/// How the cost of choosing, refining and bounding grows with the network: synthetic telescopes round the globe,
/// all on one grid of fields.
///
/// Every telescope has ten slots at its own time, and is offered the thousand most probable tiles of the grid within
/// 60 degrees of its meridian.
enum Scaling {
  struct Result {
    var telescopes: Int
    var tiles: Int
    var candidates: Int
    var chosen: Int
    var covered: Double
    var bound: Double
    var cpuSeconds: Double
  }

  /// - Parameter tiles: about so many tiles on the whole sky.
  static func run(telescopes: Int, tiles: Int) throws -> Result {
    let side = Angle(radians: (4 * .pi / Double(tiles)).squareRoot())
    let field = FieldOfView.rectangle(width: side, height: side, rotation: .zero)
    let map = try Skymap(
      .circle(radius: .degrees(60)), around: Direction(ra: .degrees(120), dec: .degrees(10)),
      containing: Fraction(clamping: 0.9))
    let resources = (0..<telescopes).map { resource($0, of: telescopes, side: side) }
    let before = Usage.own.cpuSeconds
    let sky = SkyGrain(map, region: .all, order: SkyGrain.order(resolving: side, region: .sphere))
    let grid = TileGrid(field)
    let all = (1...grid.count).map { number -> Candidate in
      let center = grid.center(of: number)
      return Candidate(
        center: center, startWindows: [], cover: sky.cover(Footprint(field, at: center).regions))
    }.sorted { sky.probability(of: $0.cover) > sky.probability(of: $1.cover) }
    let offers = resources.enumerated().map { k, resource in
      (resource: k, candidates: candidates(of: resource, k, of: telescopes, among: all))
    }
    var selection = NetworkSelection(sky: sky, resources: resources)
    var covered = sky.uncovered
    selection.choose(offers, besides: &covered, smallestGain: 1e-7)
    _ = selection.refine(FixedGrid(), smallestGain: 1e-7, effort: 2 * telescopes)
    let bound = outlook(map, resources, field.area).bound(effort: 2000).value
    var seen = sky.uncovered
    var chosen = 0
    for k in resources.indices {
      for candidate in selection.chosen(of: k) {
        seen.insert(candidate.cover)
        chosen += 1
      }
    }
    return Result(
      telescopes: telescopes, tiles: grid.count, candidates: offers.reduce(0) { $0 + $1.candidates.count },
      chosen: chosen,
      covered: sky.probability(of: seen), bound: bound, cpuSeconds: Usage.own.cpuSeconds - before)
  }

  /// A Markdown table for a doubling number of telescopes.
  static func table(upTo most: Int = 1000, tiles: Int = 10_000) throws -> String {
    var lines = [
      "| telescopes | tiles | candidates | visits | covered | bound | CPU s | ms per telescope |",
      "|---|---|---|---|---|---|---|---|",
    ]
    for n in [most / 8, most / 4, most / 2, most] {
      let r = try run(telescopes: n, tiles: tiles)
      lines.append(
        "| \(r.telescopes) | \(r.tiles) | \(r.candidates) | \(r.chosen) | \(String(format: "%.4f", r.covered)) | "
          + "\(String(format: "%.4f", r.bound)) | \(String(format: "%.2f", r.cpuSeconds)) | "
          + "\(String(format: "%.2f", r.cpuSeconds / Double(r.telescopes) * 1000)) |")
    }
    return lines.joined(separator: "\n")
  }

  private static let epoch = Instant(iso8601: "2026-11-21T00:00:00Z")!

  private static func meridian(_ k: Int, of count: Int) -> Double { 360 * Double(k) / Double(count) }

  private static func resource(_ k: Int, of count: Int, side: Angle) -> Resource {
    let start = epoch.advanced(bySeconds: 86_400 * (1 - Double(k) / Double(count)))
    // Ten visits: at 1,000 telescopes as many visits as tiles.
    return Resource(
      darkWindows: [TimeWindow(start, start.advanced(bySeconds: 655))], visit: .seconds(60),
      readout: .seconds(5),
      slewRate: .degreesPerSecond(20), settle: .zero, usualSlew: side)
  }

  private static func isSeen(_ center: Direction<ICRS>, from k: Int, of count: Int, within degrees: Double)
    -> Bool
  {
    abs(Angle.degrees(center.ra.degrees - meridian(k, of: count)).wrapped.degrees) * cos(center.dec.radians)
      < degrees
      && abs(center.dec.degrees) < 85
  }

  private static func candidates(of resource: Resource, _ k: Int, of count: Int, among all: [Candidate])
    -> [Candidate]
  {
    let window = resource.darkWindows[0]
    let starts = [TimeWindow(window.start, window.end - resource.visit)]
    var found: [Candidate] = []
    for candidate in all where isSeen(candidate.center, from: k, of: count, within: 60) {
      found.append(Candidate(center: candidate.center, startWindows: starts, cover: candidate.cover))
      if found.count == 1000 { break }
    }
    return found
  }

  private static func outlook(_ map: Skymap, _ resources: [Resource], _ area: SolidAngle) -> CoverageOutlook {
    let blocks = SkyBlocks(map, share: 1e-3, finest: 4)
    let count = resources.count
    let reach: CoverageOutlook.Reach = { k, center, radius in
      let margin = 5 + radius.degrees
      guard isSeen(center, from: k, of: count, within: 60 + margin) || abs(center.dec.degrees) > 80 else {
        return []
      }
      return [
        TimeWindow(resources[k].darkWindows[0].start, resources[k].darkWindows[0].end - resources[k].visit)
      ]
    }
    let known = resources.indices.map { k in
      var list = SkyReach()
      for block in 0..<blocks.count {
        let cap = blocks.cap(of: block)
        list.append(reach(k, cap.center, cap.radius))
      }
      return list
    }
    let offers = resources.enumerated().map { TimeOffer(telescope: $0, resource: $1, fieldArea: area) }
    return CoverageOutlook(map, blocks: blocks, offers: offers, known: known, reach: reach)
  }

  /// Telescopes that keep to their grid.
  private struct FixedGrid: PointingLattice {
    func size(of resource: Int) -> (half: SIMD2<Double>, step: SIMD2<Double>)? { nil }
    func neighbor(
      of center: Direction<ICRS>, resource: Int, east: Int, north: Int
    ) -> (number: Int, center: Direction<ICRS>)? { nil }
    func startWindows(at center: Direction<ICRS>, resource: Int) -> [TimeWindow] { [] }
    func cover(at center: Direction<ICRS>, resource: Int, of sky: SkyGrain) -> SkyGrain.Cover {
      sky.cover([])
    }
  }
}
