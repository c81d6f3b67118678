import Units

/// Samples of a field on a regular grid of pixels, and its level lines.
struct ContourGrid: Sendable {
  /// Pixel position of sample (0, 0).
  let origin: SIMD2<Double>
  let step: Double
  let columns: Int
  let rows: Int
  /// Row by row; the outermost ring is `outside`, so that every level line is closed.
  private let values: [Double]

  /// Above every level that is asked for.
  static let outside = 2.0

  /// - Parameter field: value at a pixel, `outside` or more where there is none.
  init(from low: SIMD2<Double>, to high: SIMD2<Double>, step: Double, field: (SIMD2<Double>) -> Double) {
    self.step = step
    origin = low - SIMD2(step, step)
    columns = max(3, Int(((high.x - low.x) / step).rounded(.up)) + 3)
    rows = max(3, Int(((high.y - low.y) / step).rounded(.up)) + 3)
    var values = [Double](repeating: Self.outside, count: columns * rows)
    for j in 1..<(rows - 1) {
      for i in 1..<(columns - 1) {
        values[j * columns + i] = field(origin + step * SIMD2(Double(i), Double(j)))
      }
    }
    self.values = values
  }

  /// Samples at or below a level.
  func count(atMost level: Double) -> Int { values.count { $0 <= level } }

  /// The pixel box of the samples at or below a level; nil when there are none.
  func bounds(atMost level: Double) -> (low: SIMD2<Double>, high: SIMD2<Double>)? {
    var low = SIMD2(Double.infinity, .infinity)
    var high = -low
    for j in 0..<rows {
      for i in 0..<columns where values[j * columns + i] <= level {
        let p = origin + step * SIMD2(Double(i), Double(j))
        low = pointwiseMin(low, p)
        high = pointwiseMax(high, p)
      }
    }
    return low.x <= high.x ? (low, high) : nil
  }

  /// Closed lines around the samples at or below `level` by marching squares (Lorensen & Cline 1987 in two
  /// dimensions), the lower side on the right of each; corners straighter than `tolerance` pixels dropped.
  func lines(at level: Double, tolerance: Double) -> [[SIMD2<Double>]] {
    // A line crosses a cell from one of its sides to another: `next` leads from side to side.
    var next = [Int32](repeating: -1, count: 2 * columns * rows)
    for j in 0..<(rows - 1) {
      for i in 0..<(columns - 1) { link(&next, i, j, level) }
    }
    var result: [[SIMD2<Double>]] = []
    for start in next.indices where next[start] >= 0 {
      var line: [SIMD2<Double>] = []
      var side = start
      while next[side] >= 0 {
        line.append(point(side, level))
        let following = Int(next[side])
        next[side] = -1
        side = following
      }
      let kept = Self.simplified(line, tolerance: tolerance)
      if kept.count >= 3 { result.append(kept) }
    }
    return result
  }

  /// Sides are numbered 2 * sample for the one to the right of a sample and 2 * sample + 1 for the one
  /// below it.
  private func link(_ next: inout [Int32], _ i: Int, _ j: Int, _ level: Double) {
    let a = j * columns + i
    let (nw, ne, sw, se) = (values[a], values[a + 1], values[a + columns], values[a + columns + 1])
    let code =
      (nw <= level ? 1 : 0) | (ne <= level ? 2 : 0) | (se <= level ? 4 : 0) | (sw <= level ? 8 : 0)
    guard code != 0, code != 15 else { return }
    let (top, bottom) = (Int32(2 * a), Int32(2 * (a + columns)))
    let (left, right) = (Int32(2 * a + 1), Int32(2 * (a + 1) + 1))
    func join(_ from: Int32, _ to: Int32) { next[Int(from)] = to }
    // A saddle joins its low corners when the middle is low.
    let isLow = (nw + ne + sw + se) / 4 <= level
    switch code {
    case 1: join(top, left)
    case 2: join(right, top)
    case 4: join(bottom, right)
    case 8: join(left, bottom)
    case 3: join(right, left)
    case 6: join(bottom, top)
    case 12: join(left, right)
    case 9: join(top, bottom)
    case 14: join(left, top)
    case 13: join(top, right)
    case 11: join(right, bottom)
    case 7: join(bottom, left)
    case 5:
      if isLow {
        join(bottom, left)
        join(top, right)
      } else {
        join(top, left)
        join(bottom, right)
      }
    default:
      if isLow {
        join(left, top)
        join(right, bottom)
      } else {
        join(right, top)
        join(left, bottom)
      }
    }
  }

  private func point(_ side: Int, _ level: Double) -> SIMD2<Double> {
    let a = side / 2
    let b = side % 2 == 0 ? a + 1 : a + columns
    let (va, vb) = (values[a], values[b])
    let t = va == vb ? 0.5 : min(max((level - va) / (vb - va), 0), 1)
    let p = SIMD2(Double(a % columns), Double(a / columns))
    return origin + step * (side % 2 == 0 ? p + SIMD2(t, 0) : p + SIMD2(0, t))
  }

  /// Drops corners of a closed line that are straighter than `tolerance` pixels.
  static func simplified(_ line: [SIMD2<Double>], tolerance: Double) -> [SIMD2<Double>] {
    guard line.count > 4 else { return line }
    // Two far corners stay; the line between them is open.
    let far = line.indices.max { distance2(line[$0], line[0]) < distance2(line[$1], line[0]) }!
    let there = simplified(open: Array(line[0...far]), tolerance: tolerance)
    let back = simplified(open: Array(line[far...]) + [line[0]], tolerance: tolerance)
    return there + back.dropFirst().dropLast()
  }

  /// Douglas & Peucker 1973, Cartographica 10, 112: the ends stay.
  static func simplified(open line: [SIMD2<Double>], tolerance: Double) -> [SIMD2<Double>] {
    guard line.count > 2 else { return line }
    var keep = [Bool](repeating: false, count: line.count)
    keep[0] = true
    keep[line.count - 1] = true
    var stack = [(0, line.count - 1)]
    while let (from, to) = stack.popLast() {
      guard to - from > 1 else { continue }
      var worst = (index: from, value: tolerance * tolerance)
      for i in (from + 1)..<to {
        let d = offset2(line[i], line[from], line[to])
        if d > worst.value { worst = (i, d) }
      }
      if worst.index != from {
        keep[worst.index] = true
        stack += [(from, worst.index), (worst.index, to)]
      }
    }
    return line.indices.filter { keep[$0] }.map { line[$0] }
  }

  /// The area a closed line goes round, in square pixels.
  static func area(_ line: [SIMD2<Double>]) -> Double {
    var twice = 0.0
    for i in line.indices {
      let (a, b) = (line[i], line[(i + 1) % line.count])
      twice += a.x * b.y - b.x * a.y
    }
    return abs(twice) / 2
  }

  private static func distance2(_ a: SIMD2<Double>, _ b: SIMD2<Double>) -> Double {
    ((a - b) * (a - b)).sum()
  }

  /// Squared distance of `p` from the segment a-b.
  private static func offset2(_ p: SIMD2<Double>, _ a: SIMD2<Double>, _ b: SIMD2<Double>) -> Double {
    let length2 = distance2(a, b)
    guard length2 > 0 else { return distance2(p, a) }
    let t = min(max(((p - a) * (b - a)).sum() / length2, 0), 1)
    return distance2(p, a + t * (b - a))
  }
}
