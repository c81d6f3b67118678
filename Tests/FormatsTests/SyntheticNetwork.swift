import Formats
import Observatories
import Units

@testable import Planning

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A sky of Gaussian spots with known credible levels, and a network that tiles it in a crude way.
struct SyntheticSky: Sendable {
  struct Spot: Sendable {
    var center: Direction<ICRS>
    var sigma: Angle
    var weight: Double
  }
  let spots: [Spot]
  /// Densities and the probability of all denser sky, densest first.
  private let levels: [(density: Double, sum: Double)]
  let area50: SolidAngle
  let area90: SolidAngle
  let peak: Direction<ICRS>

  /// Rows of the table of levels; 0 when spots are too narrow for one.
  private var tableRows = 0
  private var table: [Float] = []

  /// Levels are summed on rings of cells: good to a few per cent, enough for pictures.
  init(_ spots: [Spot]) {
    self.spots = spots
    var cells: [(density: Double, area: Double, direction: Direction<ICRS>)] = []
    let rows = 120
    for i in 0..<rows {
      let dec = Angle.degrees(-90 + (Double(i) + 0.5) * 180 / Double(rows))
      let count = max(3, Int(2 * Double(rows) * cos(dec.radians)))
      let area = 2 * Double.pi / Double(count) * cos(dec.radians) * .pi / Double(rows)
      for j in 0..<count {
        let d = Direction<ICRS>(ra: .degrees((Double(j) + 0.5) * 360 / Double(count)), dec: dec)
        cells.append((Self.density(spots, d), area, d))
      }
    }
    cells.sort { $0.density > $1.density }
    let total = cells.reduce(0) { $0 + $1.density * $1.area }
    var (sum, area) = (0.0, 0.0)
    var (a50, a90) = (0.0, 0.0)
    var levels: [(Double, Double)] = []
    for cell in cells {
      sum += cell.density * cell.area / total
      area += cell.area
      levels.append((cell.density, sum))
      if sum <= 0.5 { a50 = area }
      if sum <= 0.9 { a90 = area }
    }
    self.levels = levels
    area50 = SolidAngle(steradians: a50)
    area90 = SolidAngle(steradians: a90)
    peak = cells[0].direction
    guard spots.allSatisfy({ $0.sigma >= .degrees(4) }) else { return }
    // A long arc has many spots: looking levels up keeps the tests quick.
    let n = 120
    table = (0..<n * 2 * n).map { k in
      let (i, j) = (k / (2 * n), k % (2 * n))
      return Float(
        exactLevel(
          Direction(ra: .degrees((Double(j) + 0.5) * 1.5), dec: .degrees(-90 + (Double(i) + 0.5) * 1.5))))
    }
    tableRows = n
  }

  static func density(_ spots: [Spot], _ d: Direction<ICRS>) -> Double {
    spots.reduce(0) { sum, spot in
      let r = d.separation(from: spot.center).radians / spot.sigma.radians
      return sum + spot.weight / (spot.sigma.radians * spot.sigma.radians) * exp(-r * r / 2)
    }
  }

  func level(_ d: Direction<ICRS>) -> Double {
    guard tableRows > 0 else { return exactLevel(d) }
    let i = min(tableRows - 1, Int((d.dec.degrees + 90) / 1.5))
    return Double(table[i * 2 * tableRows + Int(d.ra.degrees / 1.5) % (2 * tableRows)])
  }

  private func exactLevel(_ d: Direction<ICRS>) -> Double {
    let density = Self.density(spots, d)
    var (low, high) = (0, levels.count)
    while low < high {
      let middle = (low + high) / 2
      if levels[middle].density > density { low = middle + 1 } else { high = middle }
    }
    return low < levels.count ? levels[low].sum : 2
  }

  /// A long arc through `center`, as two detectors give.
  static func banana(_ ra: Double, _ dec: Double, length: Double, width: Double) -> SyntheticSky {
    let n = max(2, Int(length / width * 0.9))
    return SyntheticSky(
      (0..<n).map { i in
        let t = Double(i) / Double(n - 1) - 0.5
        let y = dec + length * t * 0.8
        return Spot(
          center: Direction(ra: .degrees(ra + 30 * cos(3 * t)), dec: .degrees(max(-88, min(88, y)))),
          sigma: .degrees(width),
          weight: exp(-4 * t * t))
      })
  }

  /// Crude tilings: declination rings of fields, the densest first, on the night of the telescope.
  func network(
    _ telescopes: [Telescope], tiles: Int, omissions: [Plan.Omission] = [],
    window: TimeWindow = Synthetic.window
  ) -> Plan {
    let parts = telescopes.map { telescope -> Plan.TelescopePlan in
      let noon = window.start.advanced(
        bySeconds: (24 - (telescope.site.position.longitude.hours + 24).truncatingRemainder(dividingBy: 24))
          * 3600)
      let offset = (noon.seconds(since: window.start)).truncatingRemainder(dividingBy: 86_400)
      let dark = TimeWindow(
        window.start.advanced(bySeconds: max(0, offset - 5 * 3600)),
        window.start.advanced(bySeconds: min(window.duration.seconds, offset + 5 * 3600)))
      return Synthetic.part(telescope, assignments(telescope, tiles, dark, telescopes.count), dark: [dark])
    }
    return Synthetic.plan(
      parts, omissions: omissions, window: window, area90: area90.squareDegrees, peak: peak,
      probability: min(0.9, parts.reduce(0) { $0 + $1.added.value }))
  }

  private func assignments(_ telescope: Telescope, _ count: Int, _ dark: TimeWindow, _ telescopeCount: Int)
    -> [Plan.Assignment]
  {
    var size = 0.3
    if case .rectangle(let width, _, _) = telescope.field { size = width.degrees }
    if case .circle(let radius) = telescope.field { size = 1.7 * radius.degrees }
    var centers: [(density: Double, ra: Double, dec: Double)] = []
    // Small fields would need many centres: only those near the peak are tried.
    let reach = max(6, size * Double(count).squareRoot())
    let range = size < 1 ? (peak.dec.degrees - reach)...(peak.dec.degrees + reach) : -90...90
    var dec = -90.0 + size / 2
    while dec < 90 {
      defer { dec += size }
      guard range.contains(dec) else { continue }
      let n = max(1, Int((360 * cos(dec * .pi / 180) / size).rounded(.up)))
      for j in 0..<n {
        let d = Direction<ICRS>(ra: .degrees(360 * Double(j) / Double(n)), dec: .degrees(dec))
        if size < 1, d.separation(from: peak).degrees > reach { continue }
        centers.append((Self.density(spots, d), d.ra.degrees, dec))
      }
    }
    let norm = spots.reduce(0) { $0 + 2 * .pi * $1.weight }
    let best = centers.sorted { $0.density > $1.density }.prefix(count)
    let step = dark.duration.seconds / Double(max(count, 1))
    var cumulative = 0.0
    return best.enumerated().map { i, c in
      let p = c.density * (size * .pi / 180) * (size * .pi / 180) / norm
      cumulative += p
      return Synthetic.assignment(
        rank: i + 1, ra: c.ra, dec: c.dec, start: dark.start.advanced(bySeconds: step * Double(i)),
        exposure: min(120, step * 0.8), probability: p, added: p / Double(8 + 4 * telescopeCount),
        cumulative: cumulative)
    }
  }

  static let sites: [(name: String, latitude: Double, longitude: Double, field: Double)] = [
    ("TAROT-TCA", 43.75, 6.92, 1.86), ("TAROT-TCH", -29.26, -70.73, 1.86), ("TAROT-TRE", -21.2, 55.41, 4.2),
    ("FRAM-Auger", -35.5, -69.45, 1), ("FRAM-CTA-N", 28.76, -17.89, 0.45),
    ("Les/Makes T60", -21.2, 55.41, 0.3),
    ("TRT-GAO", 26.7, 100.03, 0.35), ("TRT-SBO", -31.28, 149.08, 0.35), ("TRT-SRO", 37.07, -119.41, 0.167),
    ("TRT-CTO", -30.17, -70.81, 0.37), ("OHP-IRiS", 43.93, 5.71, 0.4), ("VIRT", 18.35, -64.96, 0.333),
    ("Xinglong-TNT", 40.39, 117.58, 0.19), ("ShAO-T60", 40.77, 48.58, 0.283),
    ("UBAI/NT60", 38.67, 66.9, 0.16),
    ("AbAO-T70", 41.75, 42.82, 0.5), ("GMG-2.4m", 26.71, 100.03, 0.16), ("HAO", 31.21, -7.87, 0.2),
    ("KAO", 29.93, 31.83, 0.138), ("Pic-du-Midi-T1M", 42.94, 0.14, 0.13), ("OPD-1.6m", -22.53, -45.58, 0.1),
    ("ASTEP", -75.1, 123.32, 0.67), ("OAJ-T80", 40.04, -1.02, 1.4), ("Ondřejov-D50", 49.91, 14.78, 0.33),
    ("KNC-Zaçatelas", 38.2, -8.1, 1.1),
  ]

  static func telescopes(_ count: Int) -> [Telescope] {
    (0..<count).map { i in
      let site = sites[i % sites.count]
      let round = i / sites.count
      return Synthetic.telescope(
        site.name + (round > 0 ? "-\(round + 1)" : ""), latitude: site.latitude,
        longitude: (site.longitude + 40 * Double(round) + 540).truncatingRemainder(dividingBy: 360) - 180,
        field: i % 9 == 4
          ? .circle(radius: .degrees(site.field / 2))
          : .rectangle(width: .degrees(site.field), height: .degrees(site.field), rotation: .zero))
    }
  }
}
