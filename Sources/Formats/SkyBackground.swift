import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What lies under the tiles of a sky chart: shading, contours, coordinate lines, the Galaxy.
enum SkyBackground {
  /// Credible levels that bound the shades, palest first.
  static let shades: [(level: Double, color: String)] = [
    (0.9, "#eceef2"), (0.7, "#d9dde5"), (0.5, "#c0c7d4"), (0.3, "#a4aec1"), (0.1, "#8793ab"),
  ]

  /// The sampled region of a view; nil when the chart brings outlines instead of levels.
  static func grid(
    _ chart: SkyChart, on view: SkyView, box: (low: SIMD2<Double>, high: SIMD2<Double>), step: Double
  ) -> ContourGrid? {
    chart.credibleLevel.map { grid($0, chart, on: view, box: box, step: step) }
  }

  static func shading(_ grid: ContourGrid, _ detail: ChartDetail, into svg: inout SVGWriter) {
    for shade in shades {
      var path = SVGPath(unitsPerPixel: 2)
      for line in grid.lines(at: shade.level, tolerance: detail.tolerance) { path.add(line, closed: true) }
      svg.path(path, "fill=\"\(shade.color)\" fill-rule=\"evenodd\"")
    }
  }

  /// The lines of the 50 % and 90 % regions, to go over the tiles.
  static func contours(
    _ chart: SkyChart, _ grid: ContourGrid?, on view: SkyView, _ detail: ChartDetail,
    into svg: inout SVGWriter
  ) {
    guard let grid else { return outlines(chart, on: view, detail, into: &svg) }
    for level in [0.9, 0.5] {
      var path = SVGPath(unitsPerPixel: detail.unitsPerPixel)
      for line in grid.lines(at: level, tolerance: detail.tolerance) { path.add(line, closed: true) }
      svg.path(path, contourStyle(level, detail.unitsPerPixel))
    }
  }

  private static func contourStyle(_ level: Double, _ k: Double) -> String {
    "fill=\"none\" stroke=\"#222\" stroke-width=\"\(((level <= 0.5 ? 1.8 : 1) * k).trimmed(2))\""
  }

  /// A small region is sampled again more finely, so that it is neither missed nor angular.
  private static func grid(
    _ level: @Sendable (Direction<ICRS>) -> Double, _ chart: SkyChart, on view: SkyView,
    box: (low: SIMD2<Double>, high: SIMD2<Double>), step: Double
  ) -> ContourGrid {
    let field: (SIMD2<Double>) -> Double = { level(view.direction(at: $0)) }
    let coarse = ContourGrid(from: box.low, to: box.high, step: step, field: field)
    guard coarse.count(atMost: 0.92) < 600 else { return coarse }
    let peak = view.pixel(chart.peak)
    let margin = SIMD2(4 * step, 4 * step)
    var (low, high) = (peak - margin, peak + margin)
    if let bounds = coarse.bounds(atMost: 0.92) {
      low = pointwiseMin(low, bounds.low - margin)
      high = pointwiseMax(high, bounds.high + margin)
    }
    low = pointwiseMax(low, box.low)
    high = pointwiseMin(high, box.high)
    let size = pointwiseMax(high - low, SIMD2(1, 1))
    let fine = max(step / 6, (size.x * size.y / 60_000).squareRoot())
    guard fine < step else { return coarse }
    return ContourGrid(from: low, to: high, step: fine, field: field)
  }

  private static func outlines(
    _ chart: SkyChart, on view: SkyView, _ detail: ChartDetail, into svg: inout SVGWriter
  ) {
    for contour in chart.contours.sorted(by: { $0.level > $1.level }) {
      var path = SVGPath(unitsPerPixel: detail.unitsPerPixel)
      for outline in contour.outlines {
        for line in view.polylines(outline, closed: true) { path.add(line, closed: false) }
      }
      svg.path(path, contourStyle(contour.level.value, detail.unitsPerPixel))
    }
  }

  /// On a grid of half pixels.
  static let gridStyle = "fill=\"none\" stroke=\"#9aa3ad\" stroke-width=\"1.2\""
  static let gridUnits = 2.0

  /// Meridians every two hours and parallels every 30 degrees.
  static func allSkyGrid(on view: SkyView, into svg: inout SVGWriter) {
    var path = SVGPath(unitsPerPixel: gridUnits)
    for hour in stride(from: 0.0, to: 24, by: 2) {
      addLine(view, &path, (-80...80).by(10).map { Direction(ra: .hours(hour), dec: .degrees($0)) })
    }
    for dec in [-60.0, -30, 0, 30, 60] {
      addLine(view, &path, (0...360).by(5).map { Direction(ra: .degrees($0), dec: .degrees(dec)) })
    }
    svg.path(path, gridStyle)
  }

  static func galaxy(on view: SkyView, into svg: inout SVGWriter) {
    let plane = (0...360).by(3).map { galactic(.degrees($0), .zero) }
    var path = SVGPath(unitsPerPixel: 1)
    addLine(view, &path, plane)
    svg.path(path, "fill=\"none\" \(galaxyStroke)")
  }
  static let galaxyStroke = "stroke=\"#7a5c99\" stroke-width=\"1.2\" stroke-dasharray=\"9 4\""

  static func galactic(_ longitude: Angle, _ latitude: Angle) -> Direction<ICRS> {
    Rotation<ICRS, Galactic>.standard.inverse(Direction<Galactic>(longitude: longitude, latitude: latitude))
  }

  static func addLine(_ view: SkyView, _ path: inout SVGPath, _ points: [Direction<ICRS>]) {
    for line in view.polylines(points, closed: false) {
      path.add(ContourGrid.simplified(open: line, tolerance: 0.3), closed: false)
    }
  }
}

extension ClosedRange where Bound == Int {
  fileprivate func by(_ step: Int) -> [Double] {
    stride(from: lowerBound, through: upperBound, by: step).map(Double.init)
  }
}
