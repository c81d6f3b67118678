#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Observatories
import Units

/// A full-sky grid of pointings of one field: rows along declination, the same number for the same
/// field for ever.
///
/// Row k is centred at declination k * rowStep, k = -K...K. Its columns are spaced evenly in right
/// ascension, as many as it takes to leave no gap where the row is widest (its edge toward the
/// equator); the first column of every row is centred at right ascension 0. Field numbers count from
/// 1, south to north and then eastward.
///
/// Neighbouring rows touch at the middle of a tile. At the corners the great-circle sides leave slivers
/// of up to width^2 / 8 * tan(dec) between rows (0.7 % of the height for 1.9 deg at dec 60 deg); an
/// `overlap` closes them.
public struct TileGrid: Sendable, Hashable {
  public let width: Angle
  public let height: Angle
  /// Share of the field given to overlap with each neighbour, 0..<1.
  public let overlap: Double

  private let rowStep: Double
  private let rowLimit: Int
  /// Columns of each row, from the southernmost; and the number of tiles in the rows before it.
  private let columns: [Int]
  private let offsets: [Int]

  /// The grid that this version numbers: part of every tile key, so that numbers of another scheme are
  /// never mistaken for these.
  public static let scheme = "g1"

  /// - Parameters:
  ///   - field: at most 30 degrees across; rotated fields are gridded by their bounding box.
  ///   - overlap: 0..<0.9; clamped.
  public init(_ field: FieldOfView, overlap: Double = 0) {
    let shape = Self.filledBox(of: field)
    width = shape.width
    height = shape.height
    self.overlap = min(max(overlap, 0), 0.9)
    let step = height.radians * (1 - self.overlap)
    // The last row must reach the pole.
    let limit = max(0, Int(((.pi / 2 - height.radians / 2) / step).rounded(.up)))
    rowStep = step
    rowLimit = limit
    let halfWidth = tan(width.radians * (1 - self.overlap) / 2)
    let halfHeight = tan(height.radians / 2)
    columns = (-limit...limit).map { row in
      let dec = abs(Double(row)) * step
      if dec >= .pi / 2 { return 1 }
      // Half the right-ascension span of the tile where the row is widest.
      let half = atan(halfWidth / (cos(dec) + halfHeight * sin(dec)))
      return max(1, Int((.pi / half).rounded(.up)))
    }
    var total = 0
    offsets = columns.map { count in
      defer { total += count }
      return total
    }
  }

  /// A circle is gridded by its inscribed square, so that the grid leaves no gaps.
  private static func filledBox(of field: FieldOfView) -> (width: Angle, height: Angle) {
    if case .circle(let radius) = field {
      return (radius * 2.0.squareRoot(), radius * 2.0.squareRoot())
    }
    return field.boundingBox
  }

  /// The number of pointings.
  public var count: Int { offsets[offsets.count - 1] + columns[columns.count - 1] }

  /// - Parameter number: 1...count.
  public func center(of number: Int) -> Direction<ICRS> {
    var (low, high) = (0, offsets.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if offsets[middle] <= number - 1 { low = middle } else { high = middle }
    }
    return center(row: low - rowLimit, column: number - 1 - offsets[low])
  }

  private func center(row: Int, column: Int) -> Direction<ICRS> {
    let dec = min(max(Double(row) * rowStep, -.pi / 2), .pi / 2)
    let ra = 2 * .pi * Double(column) / Double(columns[row + rowLimit])
    return Direction(ra: Angle(radians: ra), dec: Angle(radians: dec))
  }

  /// The number of the pointing whose row and column a direction falls in. O(1).
  public func number(containing d: Direction<ICRS>) -> Int {
    let row = min(max(Int((d.dec.radians / rowStep).rounded()), -rowLimit), rowLimit)
    let n = columns[row + rowLimit]
    let column = Int((d.ra.radians / (2 * .pi) * Double(n)).rounded()) % n
    return offsets[row + rowLimit] + column + 1
  }
}
