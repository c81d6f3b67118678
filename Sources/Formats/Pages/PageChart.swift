import Units

/// A frame with two axes for charts that are part of a page: colours come from the page's style sheet through
/// classes, so that one drawing serves day, dark and red.
struct PageChart {
  /// In units of the drawing: about one pixel on a phone.
  let width: Int
  let height: Int
  let plot: (low: SIMD2<Double>, high: SIMD2<Double>)
  let x: ClosedRange<Double>
  let y: ClosedRange<Double>
  private(set) var svg = SVGWriter()

  /// About the width of one.
  private static let letter = 7.0

  /// - Parameter id: unique on the page; what a screen reader says hangs on it.
  init(
    id: String, title: String, description: String, width: Int = 400, height: Int = 230,
    x: ClosedRange<Double>, y: ClosedRange<Double>, left: Double = 42, right: Double = 34
  ) {
    self.width = width
    self.height = height
    self.x = x
    self.y = y
    plot = (SIMD2(left, 10), SIMD2(Double(width) - right, Double(height) - 34))
    svg.raw(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" viewBox=\"0 0 \(width) \(height)\" role=\"img\""
        + " aria-labelledby=\"\(id)-t \(id)-d\">")
    svg.raw("<title id=\"\(id)-t\">\(SVGWriter.escaped(title))</title>")
    svg.raw("<desc id=\"\(id)-d\">\(SVGWriter.escaped(description))</desc>")
  }

  func atX(_ value: Double) -> Double {
    let f = (value - x.lowerBound) / max(x.upperBound - x.lowerBound, 1e-12)
    return plot.low.x + (plot.high.x - plot.low.x) * min(max(f, 0), 1)
  }

  func atY(_ value: Double) -> Double {
    let f = (value - y.lowerBound) / max(y.upperBound - y.lowerBound, 1e-12)
    return plot.high.y - (plot.high.y - plot.low.y) * min(max(f, 0), 1)
  }

  mutating func band(from: Double, to: Double, _ name: String) {
    let (a, b) = (atX(from), atX(to))
    guard b > a else { return }
    svg.rect(a, plot.low.y, b - a, plot.high.y - plot.low.y, "class=\"\(name)\"")
  }

  mutating func vertical(_ value: Double, _ name: String) {
    svg.line(atX(value), plot.low.y, atX(value), plot.high.y, "class=\"\(name)\"")
  }

  mutating func horizontal(_ value: Double, _ name: String) {
    svg.line(plot.low.x, atY(value), plot.high.x, atY(value), "class=\"\(name)\"")
  }

  /// Points outside the range of y break the line.
  mutating func curve(_ points: [(Double, Double)], _ name: String) {
    var path = SVGPath(unitsPerPixel: 2)
    var isDrawing = false
    for (px, py) in points {
      guard py.isFinite, y.contains(py), x.contains(px) else {
        isDrawing = false
        continue
      }
      let point = SIMD2(atX(px), atY(py))
      if isDrawing { path.line(to: point) } else { path.move(to: point) }
      isDrawing = true
    }
    guard !path.isEmpty else { return }
    svg.raw("<path d=\"\(path.text)\" transform=\"scale(.5)\" class=\"\(name) c-fine\"/>")
  }

  /// A short stroke at a place of the drawing.
  mutating func mark(_ px: Double, _ py: Double) {
    svg.line(px, py - 6, px, py + 6, "class=\"c-block\"")
  }

  mutating func label(
    _ text: String, _ px: Double, _ py: Double, anchor: String = "middle", _ name: String = ""
  ) {
    let extra = name.isEmpty ? "" : " class=\"\(name)\""
    svg.label(text, px, py, (anchor == "start" ? "" : "text-anchor=\"\(anchor)\"") + extra)
  }

  mutating func xLabel(_ text: String, at value: Double) {
    svg.line(atX(value), plot.high.y, atX(value), plot.high.y + 4, "class=\"c-axis\"")
    // What would stick out of the drawing ends with it.
    let isLast = atX(value) + Self.letter * Double(text.count) / 2 > Double(width)
    label(
      text, isLast ? Double(width) : atX(value), plot.high.y + 16, anchor: isLast ? "end" : "middle")
  }

  mutating func yLabel(_ text: String, at value: Double) {
    label(text, plot.low.x - 4, atY(value) + 4, anchor: "end")
  }

  mutating func rightLabel(_ text: String, at value: Double) {
    label(text, plot.high.x + 4, atY(value) + 4, anchor: "start")
  }

  mutating func finish(note: String = "") -> String {
    svg.rect(
      plot.low.x, plot.low.y, plot.high.x - plot.low.x, plot.high.y - plot.low.y, "class=\"c-axis\"")
    if !note.isEmpty { label(note, plot.low.x, Double(height) - 4, anchor: "start", "c-dim") }
    return svg.finish()
  }

  /// Whole hours of UTC as labels, at a spacing that leaves them apart.
  mutating func hours(from start: Instant, to end: Instant) {
    let length = end.seconds(since: start) / 3600
    let step = [1, 2, 3, 6, 12, 24].first { length / Double($0) <= 9 } ?? 48
    let u = start.utc
    guard let midnight = Instant(utcYear: u.year, month: u.month, day: u.day) else { return }
    for hour in stride(from: 0, through: 24 * 8, by: step) {
      let t = midnight.advanced(bySeconds: Double(hour) * 3600)
      if t < start { continue }
      if t > end { break }
      xLabel(hour % 24 < 10 ? "0\(hour % 24)" : "\(hour % 24)", at: t.seconds(since: start))
    }
  }
}
