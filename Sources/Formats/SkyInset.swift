import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The close-up of a small region in a square frame.
struct SkyInset {
  let chart: SkyChart
  let center: Direction<ICRS>
  /// From the centre to the middle of a side.
  let radius: Angle
  let low: SIMD2<Double>
  let high: SIMD2<Double>

  var view: SkyView {
    SkyView(around: center, radius: radius, origin: (low + high) / 2, pixels: (high.x - low.x) / 2)
  }
  /// From the centre to a corner.
  var reach: Angle { min(radius * 1.45, .degrees(90)) }

  func draw(styles: [SkyLayerStyle], detail: ChartDetail) -> SkyPanel {
    let view = view
    let size = high - low
    let box =
      "x=\"\(low.x.trimmed(1))\" y=\"\(low.y.trimmed(1))\" width=\"\(size.x.trimmed(1))\" height=\"\(size.y.trimmed(1))\""
    var panel = SkyPanel()
    panel.under.raw(
      "<clipPath id=\"box\"><rect \(box)/></clipPath>\n<g clip-path=\"url(#box)\" stroke-linejoin=\"round\">")
    let grid = SkyBackground.grid(chart, on: view, box: (low, high), step: detail == .figure ? 2 : 3)
    if let grid { SkyBackground.shading(grid, detail, into: &panel.under) }
    let lines = graticule(view)
    panel.under.path(lines.path, SkyBackground.gridStyle)
    var galaxy = SVGPath()
    let plane = stride(from: 0.0, through: 360, by: 1).map { SkyBackground.galactic(.degrees($0), .zero) }
    for piece in visibleRuns(plane, view) {
      galaxy.add(ContourGrid.simplified(open: piece, tolerance: 0.3), closed: false)
    }
    panel.under.path(galaxy, "fill=\"none\" \(SkyBackground.galaxyStroke)")
    SkyBackground.contours(chart, grid, on: view, detail, into: &panel.over)
    panel.over.raw("</g>\n<rect \(box) fill=\"none\" stroke=\"#333\" stroke-width=\"1.4\"/>")

    var placer = LabelPlacer()
    placer.frame = (low, high)
    if view.local(chart.peak).x > cos(radius.radians) {
      let peak = view.pixel(chart.peak)
      panel.over.raw(SkySymbols.peak(at: peak))
      placer.reserve(center: peak, size: SIMD2(14, 14))
    }
    SkyGalaxies.draw(chart, on: view, within: reach, placer: &placer, into: &panel.over)
    SkySymbols.names(chart, styles, on: view, within: radius, placer: &placer, into: &panel.over)
    labels(lines.labels, into: &panel.over)
    return panel
  }

  private func labels(_ labels: [Label], into svg: inout SVGWriter) {
    svg.raw("<g font-size=\"12\" fill=\"#4a525a\">")
    for label in labels {
      if label.isBelow {
        svg.label(label.text, label.at, high.y + 16, "text-anchor=\"middle\"")
      } else {
        svg.label(label.text, low.x - 6, label.at + 4, "text-anchor=\"end\"")
      }
    }
    svg.raw("</g>")
    svg.label(
      "Close-up, \((2 * radius.degrees).significant())° wide", low.x, low.y - 7,
      "font-size=\"13\" font-weight=\"bold\"")
  }

  private struct Label {
    let text: String
    let at: Double
    let isBelow: Bool
  }

  /// Lines at round values, named where they leave the frame at the left (declination) and below (right
  /// ascension).
  private func graticule(_ view: SkyView) -> (path: SVGPath, labels: [Label]) {
    var path = SVGPath(unitsPerPixel: SkyBackground.gridUnits)
    var labels: [Label] = []
    let step = Self.step(2 * radius.degrees, of: [0.1, 0.2, 0.5, 1, 2, 5, 10, 15])
    for dec in parallels(step) {
      for p in draw(parallel(dec), view, &path, crossing: { $0.x - low.x }) where inside(p.y, low.y, high.y) {
        labels.append(Label(text: Self.declination(dec, step), at: p.y, isBelow: false))
      }
    }
    for ra in meridians() {
      for p in draw(meridian(ra), view, &path, crossing: { $0.y - high.y }) where inside(p.x, low.x, high.x) {
        labels.append(Label(text: Self.rightAscension(ra), at: p.x, isBelow: true))
      }
    }
    return (path, spread(labels))
  }

  private func parallels(_ step: Double) -> [Double] {
    let first = ((center.dec.degrees - reach.degrees) / step).rounded(.up)
    return (0...Int(2 * reach.degrees / step)).map { (first + Double($0)) * step }.filter { abs($0) < 89.99 }
  }

  private func parallel(_ dec: Double) -> [Direction<ICRS>] {
    let half = min(180, 1.2 * reach.degrees / max(cos(dec * .pi / 180), 0.02))
    return stride(from: -1.0, through: 1, by: 1.0 / 48).map {
      Direction(ra: center.ra + .degrees($0 * half), dec: .degrees(dec))
    }
  }

  private var declinations: (south: Double, north: Double) {
    (max(-89, center.dec.degrees - reach.degrees), min(89, center.dec.degrees + reach.degrees))
  }

  private func meridians() -> [Double] {
    let width = 2 * radius.degrees / max(cos(center.dec.radians), 0.02)
    let step = Self.step(width, of: [0.125, 0.25, 0.5, 1.25, 2.5, 5, 7.5, 15, 30])
    let (south, north) = declinations
    let isPolar = abs(center.dec.degrees) + reach.degrees > 88
    let narrowest = cos(max(abs(south), abs(north)) * .pi / 180)
    let half = isPolar ? 180 : min(180, 1.3 * reach.degrees / max(narrowest, 0.02))
    let first = ((center.ra.degrees - half) / step).rounded(.up)
    let count = min(Int(2 * half / step) + 1, Int((360 / step).rounded()))
    return (0..<count).map { (first + Double($0)) * step }
  }

  private func meridian(_ ra: Double) -> [Direction<ICRS>] {
    let (south, north) = declinations
    return stride(from: 0.0, through: 1, by: 1.0 / 48).map {
      Direction(ra: .degrees(ra), dec: .degrees(south + (north - south) * $0))
    }
  }

  private func inside(_ value: Double, _ low: Double, _ high: Double) -> Bool {
    value > low + 6 && value < high - 6
  }

  /// Drops labels that would touch one already there: lines run together near a pole.
  private func spread(_ labels: [Label]) -> [Label] {
    var kept: [Label] = []
    for label in labels {
      let room = label.isBelow ? LabelPlacer.size(label.text, font: 12).x + 6 : 15
      if !kept.contains(where: { $0.isBelow == label.isBelow && abs($0.at - label.at) < room }) {
        kept.append(label)
      }
    }
    return kept
  }

  /// Draws the runs of a line near the frame. - Returns: where it crosses the zero of `crossing`.
  private func draw(
    _ line: [Direction<ICRS>], _ view: SkyView, _ path: inout SVGPath, crossing: (SIMD2<Double>) -> Double
  ) -> [SIMD2<Double>] {
    var crossings: [SIMD2<Double>] = []
    for run in visibleRuns(line, view) {
      path.add(ContourGrid.simplified(open: run, tolerance: 0.3), closed: false)
      for (a, b) in zip(run, run.dropFirst()) {
        let (va, vb) = (crossing(a), crossing(b))
        if (va < 0) != (vb < 0) { crossings.append(a + (b - a) * (va / (va - vb))) }
      }
    }
    return crossings
  }

  private func visibleRuns(_ line: [Direction<ICRS>], _ view: SkyView) -> [[SIMD2<Double>]] {
    let limit = cos(min(1.25 * reach.radians, 2.5))
    var runs: [[Direction<ICRS>]] = [[]]
    for d in line {
      if view.local(d).x > limit {
        runs[runs.count - 1].append(d)
      } else if !runs[runs.count - 1].isEmpty {
        runs.append([])
      }
    }
    return runs.flatMap { view.polylines($0, closed: false) }
  }

  /// The smallest step that gives at most six lines over `width`.
  private static func step(_ width: Double, of steps: [Double]) -> Double {
    steps.first { width / $0 <= 6 } ?? steps[steps.count - 1]
  }

  private static func declination(_ dec: Double, _ step: Double) -> String {
    let text = abs(dec).fixed(step < 1 ? 1 : 0)
    return (dec < -1e-9 ? "−" : dec > 1e-9 ? "+" : "") + text + "°"
  }

  private static func rightAscension(_ degrees: Double) -> String {
    let halfMinutes = Int((Angle.degrees(degrees).normalized.degrees * 8).rounded()) % 2880
    let (hours, rest) = (halfMinutes / 120, halfMinutes % 120)
    var text = "\(hours)h"
    if rest > 0 { text += "\(rest / 2 < 10 ? "0" : "")\(rest / 2)m" }
    if rest % 2 == 1 { text += "30s" }
    return text
  }
}
