import Healpix
import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// One descent of the quadtree with many regions at once.
///
/// Every node carries the regions that may still cut it, in the order of the footprints. A region that
/// contains the node hides all later ones and leaves the list of none before it unchanged, so lists stay
/// short however many footprints there are. On a cell of the map the pieces are cut exactly
/// (`CellClipper`); cells too large or too close to a pole for that are quartered until they can be, or
/// until they hold less than `negligible`.
struct FootprintWalk {
  /// What is credited to a footprint.
  enum Counting {
    /// What it covers and no earlier one does.
    case union
    /// What it covers.
    case each
    /// Both, and what it covers and no earlier one of its group does.
    case all
  }

  struct Region {
    var center: SIMD3<Double>
    var radius: Double
    var cosRadius: Double
    var sinRadius: Double
    var firstPlane: Int
    var planeCount: Int
    var footprint: Int
    var group: Int32

    /// The planes that a bit of `Entry.sides` stands for; the last bit stands for all that are left.
    func planes(bit: Int) -> Range<Int> {
      firstPlane + bit..<firstPlane + (bit < 63 ? bit + 1 : planeCount)
    }
    var allSides: UInt64 { planeCount >= 64 ? .max : (1 << UInt64(planeCount)) - 1 }
  }

  /// A region in the list of a node, with its sides that may cut the node. No sides: it contains it.
  struct Entry {
    var region: Int32
    var sides: UInt64
  }

  /// A node of the tree or a part of a map cell, with its corners (south, east, north, west).
  private struct Node {
    var face: Int
    var order: Int
    var x: Int
    var y: Int
    var slot: ProbabilityTree.Slot
    var cornersX: SIMD4<Double>
    var cornersY: SIMD4<Double>
    var cornersZ: SIMD4<Double>

    func corner(_ i: Int) -> SIMD3<Double> { SIMD3(cornersX[i], cornersY[i], cornersZ[i]) }
    /// Half the node lies in a polar cap, half in the equatorial belt.
    var straddlesCap: Bool { (face < 4 || face >= 8) && x + y + 1 == 1 << order }
  }

  /// A cap about the mean of its corners that holds a node. 1.02 times the bounding radius about the
  /// true centre is enough at every order (`SkymapsTests`).
  private struct Reach {
    let angle: Double
    let cos: Double
    let sin: Double
  }
  private static let allReaches: ContiguousArray<Reach> = ContiguousArray(
    (0...Cell.maxOrder).map { order in
      let angle = Cell.boundingRadius(order: order).radians * 1.02
      return Reach(angle: angle, cos: Glibc.cos(angle), sin: Glibc.sin(angle))
    })

  /// How strongly the map from the plane to the sphere bends over a node.
  private struct Bending {
    /// Bound of the second derivative of the unit vector, in node widths.
    var secondDerivative: Double
    /// Node width over the radius of curvature of the grid.
    var ratio: Double
  }

  /// Lists longer than this are shortened by quartering first.
  private static let longestList = 16
  /// The largest `Bending.ratio` at which cutting is reliable.
  private static let largestRatio = 0.25

  private let reaches = FootprintWalk.allReaches
  private let faces = FaceGeometry.all
  private let tree: ProbabilityTree
  private let tolerance: Double
  private var negligible: Double
  var clipper = CellClipper()
  var regions: ContiguousArray<Region> = []
  var entries: ContiguousArray<Entry> = []
  var credit: [Double] = []
  /// What footprints cover, and what they add within their groups, where all is counted.
  var own: [Double] = []
  var inGroup: [Double] = []
  /// Estimated errors, by footprint, where each counts for itself.
  private var errors: [Double] = []
  let counting: Counting
  /// The area of a union is not told with a larger error than this, steradians; nil where it is not wanted, or
  /// the map says too little for it.
  private let areaTolerance: Double?
  private var measuresArea: Bool { areaTolerance != nil }
  /// Area of the union and its error as far as estimated, steradians.
  var area = 0.0
  private var areaError = 0.0
  /// Of the node that is being cut, steradians.
  var nodeArea = 0.0
  private var errorEstimate = 0.0

  /// - Parameter areaTolerance: of the union, as a share of the sphere.
  init(
    _ tree: ProbabilityTree, tolerance: Double, counting: Counting = .union, areaTolerance: Double? = nil
  ) {
    self.tree = tree
    self.counting = counting
    self.areaTolerance = tree.isWhole ? areaTolerance.map { $0 * 4 * .pi } : nil
    self.tolerance = max(tolerance, 1e-13)
    negligible = self.tolerance * 1e-3
  }

  mutating func add(_ region: ConvexRegion<ICRS>, footprint: Int, group: Int = 0) {
    if tree.frame == .icrs {
      add(inMapFrame: region, footprint: footprint, group: group)
    } else {
      add(inMapFrame: region.rotated(by: tree.toMap), footprint: footprint, group: group)
    }
  }

  mutating func add<Frame>(inMapFrame region: ConvexRegion<Frame>, footprint: Int, group: Int = 0) {
    let radius = region.boundingRadius.radians
    regions.append(
      Region(
        center: region.boundingCenter.unit, radius: radius, cosRadius: cos(radius), sinRadius: sin(radius),
        firstPlane: clipper.planes.count, planeCount: region.halfSpaces.count, footprint: footprint,
        group: Int32(group)))
    clipper.planes.append(contentsOf: region.halfSpaces)
  }

  /// Walks the tree; repeats with a finer limit should the estimate miss the tolerance.
  mutating func run(footprints: Int = 1) -> FootprintProbabilities {
    negligible = tolerance * 1e-3
    for _ in 0..<4 {
      credit = Array(repeating: 0, count: footprints)
      own = Array(repeating: 0, count: counting == .all ? footprints : 0)
      inGroup = own
      errorEstimate = 0
      area = 0
      areaError = 0
      errors = Array(repeating: 0, count: counting == .each ? footprints : 0)
      entries.removeAll(keepingCapacity: true)
      for i in regions.indices {
        entries.append(Entry(region: Int32(i), sides: regions[i].allSides))
      }
      let all = 0..<entries.count
      for face in 0..<12 where tree.roots[face] != ProbabilityTree.empty {
        visit(root(face), all)
      }
      if counting == .each { errorEstimate = errors.max() ?? 0 }
      if errorEstimate <= tolerance { break }
      negligible /= 64
    }
    return FootprintProbabilities(
      marginal: credit, errorEstimate: errorEstimate,
      area: areaTolerance.flatMap { areaError <= $0 ? SolidAngle(steradians: area) : nil })
  }

  private func root(_ face: Int) -> Node {
    let (s, e, n, w) = Cell(order: 0, index: UInt64(face)).corners
    return Node(
      face: face, order: 0, x: 0, y: 0, slot: tree.roots[face], cornersX: SIMD4(s.x, e.x, n.x, w.x),
      cornersY: SIMD4(s.y, e.y, n.y, w.y), cornersZ: SIMD4(s.z, e.z, n.z, w.z))
  }

  private mutating func visit(_ node: Node, _ list: Range<Int>) {
    let bending = FootprintWalk.bending(of: node)
    let start = entries.count
    defer { entries.removeLast(entries.count - start) }
    filter(list, node, bending)
    let kept = start..<entries.count
    guard let first = kept.first else { return }
    if counting == .all ? kept.allSatisfy({ entries[$0].sides == 0 }) : entries[first].sides == 0 {
      let probability = tree.probability(of: node.slot, order: node.order)
      credit[regions[Int(entries[first].region)].footprint] += probability
      if counting == .all { countWhole(kept, probability) }
      area += Cell.area(order: node.order).steradians
      return
    }
    if node.slot >= 0 {
      descend(node, kept)
      return
    }
    let probability = tree.density[Int(~node.slot)] * Cell.area(order: node.order).steradians
    if probability == 0 && !measuresArea { return }
    let ratio = largestRatio(kept, node, bending)
    // The cubic term that the search for double crossings leaves out, and Simpson's fourth-order one.
    let error = probability * min(1, 1e-2 * ratio * ratio * ratio)
    if ratio <= Self.largestRatio && error <= negligible
      && (counting == .each || kept.count <= Self.longestList)
    {
      cut(node, kept, probability, bending, ratio)
      note(error, in: kept)
      areaError += Cell.area(order: node.order).steradians * min(1, 1e-2 * ratio * ratio * ratio)
    } else if probability <= negligible || node.order >= Cell.maxOrder {
      note(probability, in: kept)
      if ratio <= 1 { cut(node, kept, probability, bending, ratio) }
      areaError += Cell.area(order: node.order).steradians * min(1, 1e-2 * ratio * ratio * ratio)
    } else {
      descend(node, kept)
    }
  }

  private mutating func note(_ error: Double, in list: Range<Int>) {
    errorEstimate += error
    guard counting == .each else { return }
    for i in list { errors[regions[Int(entries[i].region)].footprint] += error }
  }

  private static func bending(of node: Node) -> Bending {
    let scale = 1 / Double(UInt64(1) << UInt64(node.order))
    let row = Double(2 + node.face >> 2)
    let south = row - Double(node.x + node.y) * scale
    let north = south - 2 * scale
    // Ring coordinate of the corner nearest to a pole.
    let ring = min(north, 4 - south)
    // Largest second derivative of the unit vector in face widths: under 2.15 in the belt, 2.75 / ring
    // in the caps (found numerically; `HealpixTests` samples it).
    guard ring < 1 else {
      return Bending(secondDerivative: 2.15 * scale * scale, ratio: 1.5 * scale)
    }
    return Bending(secondDerivative: 2.75 * scale * scale / ring, ratio: 2 * scale / ring)
  }

  /// The bending of the grid or of the smallest cap that cuts the node, whichever is larger.
  private func largestRatio(_ list: Range<Int>, _ node: Node, _ bending: Bending) -> Double {
    var ratio = bending.ratio
    let width = 1.2 / Double(UInt64(1) << UInt64(node.order))
    for i in list {
      let region = regions[Int(entries[i].region)]
      guard region.planeCount > 0, entries[i].sides != 0 else { continue }
      let offset = clipper.planes[region.firstPlane].offset
      if offset != 0 { ratio = max(ratio, width / max(1e-300, (1 - offset * offset)).squareRoot()) }
    }
    return ratio
  }

  /// Cuts a map cell (or part of one) by the regions of a list and credits the pieces.
  private mutating func cut(
    _ node: Node, _ list: Range<Int>, _ probability: Double, _ bending: Bending, _ ratio: Double
  ) {
    nodeArea = Cell.area(order: node.order).steradians
    var halvings = 0
    var left = ratio
    while left > 0.03 && halvings < 3 {
      left /= 2
      halvings += 1
    }
    clipper.begin(
      faces[node.face], x: Double(node.x), y: Double(node.y),
      scale: 1 / Double(UInt64(1) << UInt64(node.order)),
      secondDerivative: bending.secondDerivative, halvings: halvings)
    for mask in node.straddlesCap ? [0b1110, 0b1011] : [0b1111] {
      var start = list.lowerBound
      while start < list.upperBound {
        let end = counting == .each ? start + 1 : list.upperBound
        let piece = clipper.pushCell(corners: mask, x: node.cornersX, y: node.cornersY, z: node.cornersZ)
        carve(piece, start..<end, probability)
        clipper.drop(to: 0)
        start = end
      }
    }
  }

  /// Appends the entries that still matter to a node: the undecided ones up to the first that contains it.
  private mutating func filter(_ list: Range<Int>, _ node: Node, _ bending: Bending) {
    let mean = SIMD3(node.cornersX.sum(), node.cornersY.sum(), node.cornersZ.sum()) * 0.25
    let direction = mean / (mean * mean).sum().squareRoot()
    let reach = reaches[node.order]
    for i in list {
      var entry = entries[i]
      if entry.sides != 0 {
        let region = regions[Int(entry.region)]
        let separation = (direction * region.center).sum()
        let limit = region.cosRadius * reach.cos - region.sinRadius * reach.sin
        if separation < limit && region.radius + reach.angle < .pi { continue }
        guard let sides = undecided(entry, region, node, bending, reach) else { continue }
        entry.sides = sides
        if sides == 0, counting == .each {
          credit[region.footprint] += tree.probability(of: node.slot, order: node.order)
          continue
        }
      }
      entries.append(entry)
      if entry.sides == 0, counting != .all { return }
    }
  }

  /// The sides of an entry that may cut the node; nil when the node lies outside.
  private func undecided(
    _ entry: Entry, _ region: Region, _ node: Node, _ bending: Bending, _ reach: Reach
  ) -> UInt64? {
    // A plane through corners misses a smooth function by a quarter of its second derivative at most.
    let slack = bending.secondDerivative / 4
    var kept: UInt64 = 0
    var rest = entry.sides
    while rest != 0 {
      let bit = rest.trailingZeroBitCount
      rest &= rest - 1
      for k in region.planes(bit: bit) {
        let plane = clipper.planes[k]
        let f =
          node.cornersX * plane.normal.x + node.cornersY * plane.normal.y + node.cornersZ * plane.normal.z
        let middle = f.sum() * 0.25
        if min(f.max() + slack, middle + reach.angle) < plane.offset { return nil }
        if max(f.min() - slack, middle - reach.angle) < plane.offset { kept |= 1 << UInt64(bit) }
      }
    }
    return kept
  }

  private mutating func descend(_ node: Node, _ list: Range<Int>) {
    let half = 0.5 / Double(UInt64(1) << UInt64(node.order))
    let geometry = faces[node.face]
    let (x, y) = (Double(2 * node.x), Double(2 * node.y))
    let southEast = geometry.point((x + 1) * half, y * half)
    let northEast = geometry.point((x + 2) * half, (y + 1) * half)
    let northWest = geometry.point((x + 1) * half, (y + 2) * half)
    let southWest = geometry.point(x * half, (y + 1) * half)
    let center = geometry.point((x + 1) * half, (y + 1) * half)
    let south = node.corner(0)
    let east = node.corner(1)
    let north = node.corner(2)
    let west = node.corner(3)
    visitChild(node, 0, list, south, southEast, center, southWest)
    visitChild(node, 1, list, southEast, east, northEast, center)
    visitChild(node, 2, list, southWest, center, northWest, west)
    visitChild(node, 3, list, center, northEast, north, northWest)
  }

  private mutating func visitChild(
    _ node: Node, _ i: Int, _ list: Range<Int>, _ s: SIMD3<Double>, _ e: SIMD3<Double>, _ n: SIMD3<Double>,
    _ w: SIMD3<Double>
  ) {
    let slot = node.slot >= 0 ? tree.children[4 * Int(node.slot) + i] : node.slot
    guard slot != ProbabilityTree.empty else { return }
    let child = Node(
      face: node.face, order: node.order + 1, x: 2 * node.x + (i & 1), y: 2 * node.y + (i >> 1), slot: slot,
      cornersX: SIMD4(s.x, e.x, n.x, w.x), cornersY: SIMD4(s.y, e.y, n.y, w.y),
      cornersZ: SIMD4(s.z, e.z, n.z, w.z))
    visit(child, list)
  }
}
