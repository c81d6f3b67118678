#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Healpix
import Scheduling
import Targeting
import Units

/// Where the rows of a site's grid should lie so that its first and last row reach as far as they may.
///
/// A telescope's reach ends in the north and south at about the same declination all night. Rows at fixed
/// declinations stop anywhere up to a field's height short of it; moved by part of a row, they end on it.
struct RowAlignment {
  /// Uncovered probability south of declination bins, by bin of right ascension.
  private var south: [[Double]]
  /// Of the uncovered sky, probability per steradian.
  private var meanDensity = 0.0

  private static let columns = 36
  private static let bins = 720
  /// Sky beyond this share of the uncovered probability, the densest first, is not worth a look.
  private static let share = 0.97
  /// Time is short where a steradian more to look at would add at least this share of what sky holds on the average.
  private static let scarce = 0.1

  init(_ sky: SkyGrain, besides covered: SkyGrain.Covered) {
    var mass = [[Double]](repeating: .init(repeating: 0, count: Self.bins), count: Self.columns)
    var area = 0.0
    sky.forEachOpenGrain(besides: covered, share: Self.share) { center, density, probability in
      let column = min(Self.columns - 1, Int(center.ra.radians / (2 * .pi) * Double(Self.columns)))
      mass[column][Self.bin(center.dec.radians)] += probability
      area += probability / density
    }
    meanDensity = area > 0 ? mass.joined().reduce(0, +) / area : 0
    south = mass.map { column in
      var sum = 0.0
      return [0]
        + column.map { value in
          sum += value
          return sum
        }
    }
  }

  private static func bin(_ dec: Double) -> Int {
    min(bins - 1, max(0, Int((dec / .pi + 0.5) * Double(bins))))
  }

  private func mass(_ column: Int, from low: Double, to high: Double) -> Double {
    high > low ? south[column][Self.bin(high)] - south[column][Self.bin(low)] : 0
  }

  /// Rows that are not those of the published grid.
  struct Rows: Sendable {
    /// How far they are moved north, in row heights, 0..<1.
    var phase: Double
    /// Right ascension at which every row begins, and may end with an overlap, radians.
    var seam: Double
    /// How close tiles are set, from 1, no gap at the edge toward the equator, to -1, no overlap at the edge toward
    /// the pole.
    var closeness: Double
  }

  /// Sides of fields that are north up converge toward the pole. With tiles that touch at a share x of the way from the
  /// polar to the other edge, they overlap like x^2 and leave gaps like (1 - x)^2. Where time is short, overlap costs
  /// what could be seen elsewhere instead, and a quarter of the way is better than none (measured).
  ///
  /// - Parameter marginalDensity: what a steradian more to look at would add.
  func rows(for site: PlannedSite, marginalDensity: Double) -> Rows {
    let height = site.grid.height.radians
    let borders = (0..<Self.columns).compactMap { column -> (column: Int, low: Double, high: Double)? in
      guard south[column][Self.bins] > 0, let reach = Self.reach(of: site, column) else { return nil }
      return (column, reach.low, reach.high)
    }
    func lost(_ phase: Double) -> Double {
      borders.reduce(0) { sum, border in
        let top = (((border.high / height - phase).rounded(.down)) + phase) * height
        let bottom = (((border.low / height - phase).rounded(.up)) + phase) * height
        return sum + mass(border.column, from: top + height / 2, to: border.high + height / 2)
          + mass(border.column, from: border.low - height / 2, to: bottom - height / 2)
      }
    }
    var best = (lost: lost(0), phase: 0.0)
    for step in 1..<25 {
      let phase = Double(step) / 25
      let loss = lost(phase)
      if loss < best.lost { best = (loss, phase) }
    }
    let emptiest = south.indices.min { south[$0][Self.bins] < south[$1][Self.bins] }!
    return Rows(
      phase: best.phase, seam: (Double(emptiest) + 0.5) / Double(Self.columns) * 2 * .pi,
      closeness: marginalDensity > Self.scarce * meanDensity ? 0.5 : 1)
  }

  /// The southernmost and northernmost declination a site can point to in a column.
  private static func reach(of site: PlannedSite, _ column: Int) -> (low: Double, high: Double)? {
    let ra = Angle(radians: (Double(column) + 0.5) / Double(columns) * 2 * .pi)
    func sees(_ degrees: Double) -> Bool { site.canObserve(Direction(ra: ra, dec: .degrees(degrees))) }
    let steps = stride(from: -87.5, through: 87.5, by: 5).map { $0 }
    let seen = steps.map(sees)
    guard let first = seen.firstIndex(of: true), let last = seen.lastIndex(of: true) else { return nil }
    func edge(_ inside: Double, _ outside: Double) -> Double {
      var (a, b) = (inside, outside)
      for _ in 0..<6 {
        let middle = (a + b) / 2
        if sees(middle) { a = middle } else { b = middle }
      }
      return a * .pi / 180
    }
    return (edge(steps[first], max(-90, steps[first] - 5)), edge(steps[last], min(90, steps[last] + 5)))
  }
}

/// Rows of pointings like those of `TileGrid` moved in declination, each at the nearest place of the fine lattice.
struct AlignedGrid {
  private let phase: Double
  private let seam: Double
  private let height: Double
  private let firstRow: Int
  /// Right ascension from one tile to the next, by row.
  private let steps: [Double]
  /// More than any row has columns.
  private let stride: Int
  /// One more than the last place.
  var count: Int { stride * steps.count }

  init(_ site: PlannedSite, _ rows: RowAlignment.Rows) {
    phase = rows.phase
    seam = rows.seam
    let height = site.grid.height.radians
    self.height = height
    let halfWidth = tan(site.grid.width.radians / 2)
    firstRow = Int((-.pi / 2 / height).rounded(.down)) - 1
    steps = (firstRow...(-firstRow)).map { row in
      let dec = min(abs(Double(row) + rows.phase) * height, .pi / 2)
      let edge = rows.closeness * tan(height / 2)
      return 2 * atan(halfWidth / (cos(dec) + edge * sin(dec)))
    }
    stride = Int(2 * .pi / (steps.min() ?? 1)) + 2
  }

  /// The tile that a direction falls in, by row and column, 0..<count.
  func place(of d: Direction<ICRS>) -> Int {
    let row = Int((d.dec.radians / height - phase).rounded()) - firstRow
    return row * stride + Int((Angle(radians: d.ra.radians - seam).normalized.radians / steps[row]).rounded())
  }

  /// Its centre; nil at a pole that the rows miss.
  func center(of place: Int) -> Direction<ICRS>? {
    let (row, column) = place.quotientAndRemainder(dividingBy: stride)
    let dec = (Double(row + firstRow) + phase) * height
    guard abs(dec) < .pi / 2 else { return nil }
    let ra = seam + Double(column) * steps[row]
    return Direction(ra: Angle(radians: ra), dec: Angle(radians: dec))
  }
}
