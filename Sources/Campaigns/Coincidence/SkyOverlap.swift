import Healpix
import Skymaps
import Units

public enum CoincidenceError: Error, Hashable, Sendable {
  /// The cells of the two maps are in different frames; regrid one of them.
  case frames(SkyFrame, SkyFrame)
  /// No direction has probability in both maps: nothing joint is left.
  case disjoint
}

/// How two sky maps agree, and where the source is if both are of the same one.
public enum SkyOverlap {
  /// The overlap integral of Ashton et al. 2018 (ApJ 860, 6), with a prior that is uniform on the
  /// sky: `4 pi` times the integral of the product of both densities. 1 for a map without information, 0
  /// for maps that exclude each other, large where both point to the same small place.
  ///
  /// Exact for the cells of the maps. O(cells of both).
  public static func integral(_ a: Skymap, _ b: Skymap) throws(CoincidenceError) -> Double {
    guard a.frame == b.frame else { throw .frames(a.frame, b.frame) }
    var sum = 0.0
    walk(a, b) { i, j, finer in
      sum += a.density[i] * b.density[j] * Cell.area(order: finer).steradians
    }
    return 4 * .pi * sum
  }

  /// The normalised product of both densities, on the finer cells of both where both have probability.
  ///
  /// A distance layer is kept: the distance along a line of sight does not depend on the other map. If
  /// both maps have one, it is that of `a`; cells coarser in `a` repeat their parameters.
  public static func joint(_ a: Skymap, _ b: Skymap) throws(CoincidenceError) -> Skymap {
    let overlap = try integral(a, b)
    guard overlap > 0 else { throw .disjoint }
    let norm = 4 * .pi / overlap
    let source = a.distance ?? b.distance
    let isOfA = a.distance != nil
    var cells = JointCells()
    walk(a, b) { i, j, finer in
      let density = a.density[i] * b.density[j] * norm
      guard density > 0 else { return }
      cells.append(max(a.keys[i], b.keys[j]), order: finer, density: density)
      if let source { cells.append(source, isOfA ? i : j) }
    }
    var report = SkymapReport(
      kind: .multiOrder, layout: "product of two maps", sumBeforeNormalisation: overlap / (4 * .pi),
      coverage: Fraction(clamping: cells.area / SolidAngle.sphere.steradians))
    report.findings = a.report.findings + b.report.findings
    var header = a.header
    header.instruments =
      a.header.instruments + b.header.instruments.filter { !a.header.instruments.contains($0) }
    // What the header said of the distance was said of the whole map.
    header.distanceMean = nil
    header.distanceDeviation = nil
    return Skymap(
      keys: cells.keys, orders: cells.orders, density: cells.density,
      distance: source == nil ? nil : DistanceLayer(mu: cells.mu, sigma: cells.sigma, norm: cells.norm),
      frame: a.frame, header: header, report: report)
  }

  /// Visits every pair of cells that share sky, in the order of their keys. HEALPix cells are nested or
  /// disjoint, so the finer one of a pair is what they share.
  @inline(__always)
  private static func walk(_ a: Skymap, _ b: Skymap, _ visit: (Int, Int, Int) -> Void) {
    var (i, j) = (0, 0)
    while i < a.count, j < b.count {
      let (orderA, orderB) = (Int(a.orders[i]), Int(b.orders[j]))
      let endA = a.keys[i] + 1 << UInt64(2 * (Cell.maxOrder - orderA))
      let endB = b.keys[j] + 1 << UInt64(2 * (Cell.maxOrder - orderB))
      if endA <= b.keys[j] {
        i += 1
      } else if endB <= a.keys[i] {
        j += 1
      } else {
        visit(i, j, max(orderA, orderB))
        if endA <= endB { i += 1 }
        if endB <= endA { j += 1 }
      }
    }
  }
}

/// The columns of a joint map under construction.
private struct JointCells {
  var keys: ContiguousArray<UInt64> = []
  var orders: ContiguousArray<UInt8> = []
  var density: ContiguousArray<Double> = []
  var mu: ContiguousArray<Double> = []
  var sigma: ContiguousArray<Double> = []
  var norm: ContiguousArray<Double> = []
  var area = 0.0

  mutating func append(_ key: UInt64, order: Int, density value: Double) {
    keys.append(key)
    orders.append(UInt8(order))
    density.append(value)
    area += Cell.area(order: order).steradians
  }

  mutating func append(_ layer: DistanceLayer, _ i: Int) {
    mu.append(layer.mu[i])
    sigma.append(layer.sigma[i])
    norm.append(layer.norm[i])
  }
}
