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
    var level = Self.cells(of: 0, among: 0..<keys.count, keys: keys)
    rootCount = level.count
    nodes.append(contentsOf: level.map { Self.node($0.cell, $0.grains) })
    var start = 0
    while !level.isEmpty {
      var next: [(cell: Cell, grains: Range<Int>)] = []
      for (i, entry) in level.enumerated() {
        let isGrain = entry.grains.count == 1 && Int(orders[entry.grains.lowerBound]) == entry.cell.order
        guard !isGrain else { continue }
        let children = Self.cells(of: entry.cell.order + 1, among: entry.grains, keys: keys)
        nodes[start + i].firstChild = Int32(start + level.count + next.count)
        nodes[start + i].childCount = Int8(children.count)
        next.append(contentsOf: children)
      }
      start += level.count
      nodes.append(contentsOf: next.map { Self.node($0.cell, $0.grains) })
      level = next
    }
  }

  private static func node(_ cell: Cell, _ grains: Range<Int>) -> Node {
    Node(
      center: cell.center, firstGrain: Int32(grains.lowerBound), grainEnd: Int32(grains.upperBound),
      firstChild: 0,
      childCount: 0, order: Int8(cell.order))
  }

  /// The cells of one order that hold the given grains.
  private static func cells(
    of order: Int, among grains: Range<Int>, keys: ContiguousArray<UInt64>
  ) -> [(cell: Cell, grains: Range<Int>)] {
    var result: [(cell: Cell, grains: Range<Int>)] = []
    var i = grains.lowerBound
    while i < grains.upperBound {
      let cell = Cell(order: order, key: keys[i])
      let end = cell.keys.upperBound
      var (low, high) = (i, grains.upperBound)
      while low < high {
        let middle = (low + high) / 2
        if keys[middle] < end { low = middle + 1 } else { high = middle }
      }
      result.append((cell, i..<low))
      i = low
    }
    return result
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
