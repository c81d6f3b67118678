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
  private struct Node {
    var center: SIMD3<Double>
    var firstGrain: Int32
    var grainEnd: Int32
    /// Children lie side by side; none for a grain.
    var firstChild: Int32
    var childCount: Int8
    var order: Int8
  }
  private var nodes: ContiguousArray<Node> = []
  private var rootCount = 0

  /// - Parameters: the grains, sorted and disjoint.
  init(keys: ContiguousArray<UInt64>, orders: ContiguousArray<UInt8>) {
    // A third more than there are grains where they fill the sky.
    nodes.reserveCapacity(keys.count + keys.count / 3 + 64)
    append(cellsOf: 0, among: 0..<keys.count, keys: keys)
    rootCount = nodes.count
    // The list is its own queue: level by level, children side by side.
    var i = 0
    while i < nodes.count {
      let (grains, order) = (Int(nodes[i].firstGrain)..<Int(nodes[i].grainEnd), Int(nodes[i].order))
      if grains.count > 1 || Int(orders[grains.lowerBound]) != order {
        let first = nodes.count
        append(cellsOf: order + 1, among: grains, keys: keys)
        nodes[i].firstChild = Int32(first)
        nodes[i].childCount = Int8(nodes.count - first)
      }
      i += 1
    }
  }

  /// Appends the cells of one order that hold the given grains.
  private mutating func append(cellsOf order: Int, among grains: Range<Int>, keys: ContiguousArray<UInt64>) {
    var i = grains.lowerBound
    while i < grains.upperBound {
      let cell = Cell(order: order, key: keys[i])
      let end = cell.keys.upperBound
      var (low, high) = (i, grains.upperBound)
      while low < high {
        let middle = (low + high) / 2
        if keys[middle] < end { low = middle + 1 } else { high = middle }
      }
      nodes.append(
        Node(
          center: cell.center, firstGrain: Int32(i), grainEnd: Int32(low), firstChild: 0, childCount: 0,
          order: Int8(order)))
      i = low
    }
  }

  /// Calls `body` with ranges of grains wholly inside the sides, and with single grains on their border.
  @inline(__always)
  func forEachOverlap(with sides: FieldSides, _ body: (_ grains: Range<Int>, _ isInside: Bool) -> Void) {
    // Depth first: at most three waiting siblings a level and the twelve roots.
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: 4 * (Cell.maxOrder + 1) + 12) { stack in
      nodes.withUnsafeBufferPointer { nodes in
        var depth = 0
        for i in (0..<rootCount).reversed() {
          stack[depth] = Int32(i)
          depth += 1
        }
        while depth > 0 {
          depth -= 1
          let node = nodes[Int(stack[depth])]
          let cap = Self.caps[Int(node.order)]
          // Farther apart than both radii together; those never add up to a half circle.
          guard (node.center * sides.axis).sum() >= cap.cos * sides.cosRadius - cap.sin * sides.sinRadius
          else { continue }
          // A cap about c reaches beyond a great circle, or does not reach it, by its radius.
          let inside = sides.depth(of: node.center)
          if inside < -cap.sin { continue }
          if inside >= cap.sin {
            body(Int(node.firstGrain)..<Int(node.grainEnd), true)
          } else if node.childCount == 0 {
            body(Int(node.firstGrain)..<Int(node.grainEnd), false)
          } else {
            for i in (0..<Int32(node.childCount)).reversed() {
              stack[depth] = node.firstChild + i
              depth += 1
            }
          }
        }
      }
    }
  }

  private static let caps: ContiguousArray<(sin: Double, cos: Double)> = ContiguousArray(
    (0...Cell.maxOrder).map { order in
      let r = Cell.boundingRadius(order: order).radians
      return (sin(r), cos(r))
    })
}
