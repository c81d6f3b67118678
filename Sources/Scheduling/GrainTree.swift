#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Healpix
import Skymaps
import Units

/// The cells above a sorted list of grains, level by level, with their centres at hand, so that finding
/// the grains under a footprint costs a few dot products.
struct GrainTree: Sendable {
  /// Four sisters side by side, so that one instruction looks at all. Single precision is good to 0.02 arcsec.
  private struct Quad {
    var x = SIMD4<Float>()
    var y = SIMD4<Float>()
    var z = SIMD4<Float>()
    /// The grains in each; none where there is no sister.
    var first = SIMD4<Int32>()
    var end = SIMD4<Int32>()
    /// The quad of its children; -1 for a grain.
    var child = SIMD4<Int32>(repeating: -1)
  }
  private var quads: ContiguousArray<Quad> = []
  /// The twelve base faces.
  private static let roots = 3

  /// - Parameters: the grains, sorted and disjoint.
  init(keys: ContiguousArray<UInt64>, orders: ContiguousArray<UInt8>) {
    // A third of the grains where they fill the sky.
    quads.reserveCapacity(keys.count / 3 + 64)
    var start = 0
    for root in 0..<Self.roots {
      start = append(sistersFrom: Cell(order: 0, index: UInt64(4 * root)), start, keys.count, keys)
    }
    // The list is its own queue: level by level.
    var (order, level) = (0, 0..<Self.roots)
    while !level.isEmpty {
      for i in level {
        for lane in 0..<4 where quads[i].first[lane] < quads[i].end[lane] {
          let (first, end) = (Int(quads[i].first[lane]), Int(quads[i].end[lane]))
          if end - first == 1, Int(orders[first]) == order { continue }
          quads[i].child[lane] = Int32(quads.count)
          _ = append(sistersFrom: Cell(order: order, key: keys[first]).child(0), first, end, keys)
        }
      }
      (order, level) = (order + 1, level.upperBound..<quads.count)
    }
  }

  /// Appends a cell and its three next sisters with the grains from `start` that lie in them; returns where the
  /// next begin.
  private mutating func append(
    sistersFrom cell: Cell, _ start: Int, _ limit: Int, _ keys: ContiguousArray<UInt64>
  ) -> Int {
    var quad = Quad()
    var i = start
    for lane in 0..<4 where i < limit {
      let sister = Cell(order: cell.order, index: cell.index + UInt64(lane))
      let end = sister.keys.upperBound
      var (low, high) = (i, limit)
      while low < high {
        let middle = (low + high) / 2
        if keys[middle] < end { low = middle + 1 } else { high = middle }
      }
      guard i < low else { continue }
      let center = SIMD3<Float>(sister.center)
      (quad.x[lane], quad.y[lane], quad.z[lane]) = (center.x, center.y, center.z)
      (quad.first[lane], quad.end[lane]) = (Int32(i), Int32(low))
      i = low
    }
    quads.append(quad)
    return i
  }

  /// What waits for its turn: a quad and its order, grains that are wholly inside, or one on the border.
  private struct Task {
    var quad: Int32
    var order: Int32
    var first: Int32
    var end: Int32

    init(quad: Int32, order: Int32) { (self.quad, self.order, first, end) = (quad, order, 0, 0) }
    init(first: Int32, end: Int32, isInside: Bool) {
      (quad, order, self.first, self.end) = (-1, isInside ? 1 : 0, first, end)
    }
  }

  /// Calls `body` with ranges of grains wholly inside the sides, and with single grains on their border, by
  /// increasing grain.
  @inline(__always)
  func forEachOverlap(with sides: FieldSides, _ body: (_ grains: Range<Int>, _ isInside: Bool) -> Void) {
    // Depth first: at most three waiting sisters a level and the roots.
    withUnsafeTemporaryAllocation(of: Task.self, capacity: 4 * (Cell.maxOrder + 1) + Self.roots) { stack in
      quads.withUnsafeBufferPointer { quads in
        Self.caps.withUnsafeBufferPointer { caps in
          let axis = SIMD3<Float>(sides.axis)
          let (cosRadius, sinRadius) = (Float(sides.cosRadius), Float(sides.sinRadius))
          var depth = 0
          for root in (0..<Self.roots).reversed() {
            stack[depth] = Task(quad: Int32(root), order: 0)
            depth += 1
          }
          while depth > 0 {
            depth -= 1
            let task = stack[depth]
            if task.quad < 0 {
              body(Int(task.first)..<Int(task.end), task.order == 1)
              continue
            }
            let quad = quads[Int(task.quad)]
            let cap = caps[Int(task.order)]
            // Farther apart than both radii together; those never add up to a half circle.
            var height = quad.x * axis.x
            height += quad.y * axis.y
            height += quad.z * axis.z
            let near = (height .>= cap.cos * cosRadius - cap.sin * sinRadius) .& (quad.end .> quad.first)
            guard any(near) else { continue }
            // A cap about c reaches beyond a great circle, or does not reach it, by its radius.
            let inside = sides.depths(quad.x, quad.y, quad.z)
            let touched = near .& (inside .>= -cap.sin)
            for lane in (0..<4).reversed() where touched[lane] {
              if inside[lane] >= cap.sin {
                stack[depth] = Task(first: quad.first[lane], end: quad.end[lane], isInside: true)
              } else if quad.child[lane] < 0 {
                stack[depth] = Task(first: quad.first[lane], end: quad.end[lane], isInside: false)
              } else {
                stack[depth] = Task(quad: quad.child[lane], order: task.order + 1)
              }
              depth += 1
            }
          }
        }
      }
    }
  }

  private static let caps: ContiguousArray<(sin: Float, cos: Float)> = ContiguousArray(
    (0...Cell.maxOrder).map { order in
      let r = Cell.boundingRadius(order: order).radians
      return (Float(sin(r)), Float(cos(r)))
    })
}
