import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The tiles of a chart as paths, made to fit a number of bytes.
struct SkyFootprints {
  /// How finely tiles are drawn.
  struct Fineness: Sendable {
    var unitsPerPixel: Double
    /// Tiles smaller than this many pixels become dots.
    var dotBelow = 3.0
    /// Tiles smaller than this many pixels are drawn as the outline of their union.
    var unionBelow = 0.0
    /// Pixels of the grid that a union is found on.
    var unionStep = 1.0
    /// The share of each telescope's tiles that is drawn, the most probable ones first.
    var share = 1.0
  }

  struct Paths {
    var closed: SVGPath
    /// Tiles that the edge of the map parts: areas without their seam, and outlines.
    var parted: SVGPath
    var seamless: SVGPath
    var dots: SVGPath
    /// The outline of tiles too small to be told apart.
    var union: SVGPath
    var drawn = 0
    /// With the attributes of each element.
    var bytes: Int {
      [closed, parted, seamless, dots, union].reduce(0) { $0 + ($1.isEmpty ? 0 : $1.text.utf8.count + 130) }
    }
  }

  /// Paths of all layers within `budget` bytes together, each step coarser than the one before.
  static func fitting(
    _ layers: [SkyChart.Layer], on view: SkyView, within reach: Angle?, units: Double, budget: Int
  ) -> [Paths] {
    var ladder = [Fineness(unitsPerPixel: units), Fineness(unitsPerPixel: units / 2)]
    ladder += [(6, 1), (12, 1), (1e9, 1), (1e9, 2)].map {
      Fineness(unitsPerPixel: units / 2, dotBelow: 0, unionBelow: $0.0, unionStep: $0.1)
    }
    var result: [Paths] = []
    for fineness in ladder {
      result = layers.map { paths($0, on: view, within: reach, fineness) }
      if result.reduce(0, { $0 + $1.bytes }) <= budget { return result }
    }
    var fineness = ladder[ladder.count - 1]
    for _ in 0..<4 {
      let bytes = result.reduce(0) { $0 + $1.bytes }
      if bytes <= budget { break }
      fineness.share *= 0.95 * Double(budget) / Double(bytes)
      result = layers.map { paths($0, on: view, within: reach, fineness) }
    }
    return result
  }

  /// - Parameter reach: tiles farther than this from the centre of a close-up are left out.
  static func paths(
    _ layer: SkyChart.Layer, on view: SkyView, within reach: Angle?, _ fineness: Fineness
  ) -> Paths {
    let empty = SVGPath(unitsPerPixel: fineness.unitsPerPixel)
    var paths = Paths(
      closed: empty, parted: empty, seamless: empty, dots: SVGPath(unitsPerPixel: 1),
      union: SVGPath(unitsPerPixel: 1))
    var dots: Set<SIMD2<Int>> = []
    var merged: [[SIMD2<Double>]] = []
    let limit = max(1, Int((Double(layer.tiles.count) * fineness.share).rounded(.up)))
    for tile in layer.tiles.prefix(limit) {
      let radius = radius(of: tile)
      if let reach, view.local(tile.center).x < cos(min(reach.radians + radius.radians, .pi)) { continue }
      paths.drawn += 1
      let size = 2 * radius.radians * view.scale
      if tile.parts.isEmpty || size < fineness.dotBelow {
        let spot = view.pixel(tile.center)
        if dots.insert(paths.dots.grid(spot)).inserted { paths.dots.dot(at: spot) }
      } else if size < fineness.unionBelow {
        merged += tile.parts.flatMap { view.areas(ofConvex: $0) }
      } else {
        for part in tile.parts { add(part, on: view, to: &paths) }
      }
    }
    for line in union(of: merged, step: fineness.unionStep) { paths.union.add(line, closed: true) }
    return paths
  }

  /// Outlines of the union of convex areas, exact to about a step: the tiles may overlap.
  static func union(of areas: [[SIMD2<Double>]], step: Double) -> [[SIMD2<Double>]] {
    let corners = areas.flatMap { $0 }
    guard let first = corners.first else { return [] }
    // A tile smaller than a pixel still marks one.
    let low = corners.reduce(first, pointwiseMin) - SIMD2(step, step)
    let high = corners.reduce(first, pointwiseMax) + SIMD2(step, step)
    let mask = PixelMask(low: low, high: high, step: step, areas: areas)
    let contours = ContourGrid(from: low, to: high, step: step) { mask.isSet($0) ? 0 : 1 }
    // Slits between neighbours that only the pixels make are no part of the outline.
    return contours.lines(at: 0.5, tolerance: 0.6 * step)
      .filter { areas.count < 2 || ContourGrid.area($0) > 4 * step * step }
  }

  private static func add(_ part: [Direction<ICRS>], on view: SkyView, to paths: inout Paths) {
    let areas = view.areas(ofConvex: part)
    if areas.count == 1, !view.touchesEdge(part.map(view.local)) {
      paths.closed.add(areas[0], closed: true)
      return
    }
    for area in areas { paths.parted.add(area, closed: true) }
    for line in view.polylines(part, closed: true) { paths.seamless.add(line, closed: false) }
  }

  static func radius(of tile: SkyChart.Tile) -> Angle {
    var cosine = 1.0
    for part in tile.parts {
      for corner in part { cosine = min(cosine, corner.dot(tile.center)) }
    }
    return Angle(radians: acos(max(-1, cosine)))
  }
}

/// Pixels that some convex area holds.
private struct PixelMask {
  private let low: SIMD2<Double>
  private let step: Double
  private let columns: Int
  private let rows: Int
  private var bits: [Bool]

  init(low: SIMD2<Double>, high: SIMD2<Double>, step: Double, areas: [[SIMD2<Double>]]) {
    self.low = low
    self.step = step
    columns = Int(((high.x - low.x) / step).rounded(.up)) + 2
    rows = Int(((high.y - low.y) / step).rounded(.up)) + 2
    bits = [Bool](repeating: false, count: columns * rows)
    for area in areas { fill(area.map { ($0 - low) / step }) }
  }

  func isSet(_ p: SIMD2<Double>) -> Bool {
    let (i, j) = (Int(((p.x - low.x) / step).rounded()), Int(((p.y - low.y) / step).rounded()))
    return i >= 0 && j >= 0 && i < columns && j < rows && bits[j * columns + i]
  }

  /// - Parameter area: in steps from the corner.
  private mutating func fill(_ area: [SIMD2<Double>]) {
    let top = area.reduce(area[0], pointwiseMin)
    let bottom = area.reduce(area[0], pointwiseMax)
    for j in Int(top.y.rounded())...Int(bottom.y.rounded()) {
      // The span of the area on this row; at its tips the nearest row still counts.
      let y = min(max(Double(j), top.y), bottom.y)
      var (from, to) = (Double.infinity, -Double.infinity)
      for k in area.indices {
        let (a, b) = (area[k], area[(k + 1) % area.count])
        guard min(a.y, b.y) <= y, max(a.y, b.y) >= y else { continue }
        let t = a.y == b.y ? 0 : (y - a.y) / (b.y - a.y)
        let x = a.x + t * (b.x - a.x)
        from = min(from, x, a.y == b.y ? b.x : x)
        to = max(to, x, a.y == b.y ? b.x : x)
      }
      guard from <= to else { continue }
      for i in Int(from.rounded())...Int(to.rounded()) { bits[j * columns + i] = true }
    }
  }
}

/// How one telescope is told from the others: a letter, a colour, and a kind of line.
struct SkyLayerStyle {
  let letter: String
  let color: String
  /// In pixels; empty is a solid line.
  let dash: [Double]

  init(index: Int) {
    let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    letter = index < 26 ? String(letters[index]) : "\(letters[(index / 26 - 1) % 26])\(letters[index % 26])"
    color = Palette.colors[index % Palette.colors.count]
    dash = [[], [5, 2], [2, 2], [7, 2, 2, 2]][index / Palette.colors.count % 4]
  }

  func stroke(width: Double, unitsPerPixel k: Double) -> String {
    var text = "stroke=\"\(color)\" stroke-width=\"\((width * k).trimmed(2))\""
    if !dash.isEmpty {
      text += " stroke-dasharray=\"\(dash.map { ($0 * k).trimmed(1) }.joined(separator: " "))\""
    }
    return text
  }
}

extension SVGWriter {
  /// One telescope's tiles.
  mutating func footprints(
    _ paths: SkyFootprints.Paths, _ style: SkyLayerStyle, width: Double, opacity: Double
  ) {
    let k = paths.closed.unitsPerPixel
    let fill = "fill=\"\(style.color)\" fill-opacity=\"\(opacity.trimmed(2))\""
    path(paths.closed, "\(fill) \(style.stroke(width: width, unitsPerPixel: k))")
    path(paths.union, "\(fill) fill-rule=\"evenodd\" \(style.stroke(width: width, unitsPerPixel: 1))")
    path(paths.parted, fill)
    path(paths.seamless, "fill=\"none\" \(style.stroke(width: width, unitsPerPixel: k))")
    path(paths.dots, "fill=\"none\" stroke-linecap=\"round\" stroke=\"\(style.color)\" stroke-width=\"3.4\"")
  }
}
