import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Sun, Moon, the peak of the map, and the letters of the telescopes.
enum SkySymbols {
  static let halo = "stroke=\"#fff\" stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\""
  static let avoidanceStroke = "stroke=\"#555\" stroke-width=\"1\" stroke-dasharray=\"1.5 4\""

  static func peak(at p: SIMD2<Double>) -> String {
    let (x, y) = (p.x.trimmed(1), p.y.trimmed(1))
    return
      "<path d=\"M\(x) \(y)m-7 0h5m4 0h5m-7-7v5m0 4v5\" fill=\"none\" stroke=\"#000\" stroke-width=\"1.6\"/>"
  }

  static func avoidance(_ chart: SkyChart, on view: SkyView, into svg: inout SVGWriter) {
    guard let moon = chart.moon, let radius = chart.moonAvoidance, radius.degrees > 0 else { return }
    var path = SVGPath(unitsPerPixel: 1)
    for line in view.polylines(SkyView.circle(around: moon.direction, radius: radius), closed: true) {
      path.add(ContourGrid.simplified(open: line, tolerance: 0.3), closed: false)
    }
    svg.path(path, "fill=\"none\" \(avoidanceStroke)")
  }

  /// The symbols of the whole-sky view, each with its name beside it.
  static func draw(
    _ chart: SkyChart, on view: SkyView, placer: inout LabelPlacer, into svg: inout SVGWriter
  ) {
    // Both symbols first, so that no name covers one.
    for body in [chart.sun, chart.moon?.direction].compactMap({ $0 }) {
      placer.reserve(center: view.pixel(body), size: SIMD2(18, 18))
    }
    if let sun = chart.sun {
      let p = view.pixel(sun)
      svg.raw(
        "<g stroke=\"#6b4e00\" stroke-width=\"1.3\"><circle cx=\"\(p.x.trimmed(1))\" cy=\"\(p.y.trimmed(1))\" r=\"9\" fill=\"#ffd24d\"/>"
          + "<circle cx=\"\(p.x.trimmed(1))\" cy=\"\(p.y.trimmed(1))\" r=\"1.3\" fill=\"#6b4e00\"/></g>")
      named("Sun", at: p, radius: 9, placer: &placer, into: &svg)
    }
    if let moon = chart.moon {
      let p = view.pixel(moon.direction)
      let limb = chart.sun.map { view.bearing(from: moon.direction, to: $0) } ?? .zero
      svg.raw(disc(moon.illumination, at: p, radius: 9, limb: limb))
      named(
        "Moon \((moon.illumination.value * 100).fixed(0)) %", at: p, radius: 9, placer: &placer, into: &svg)
    }
    let galacticCenter = view.pixel(SkyBackground.galactic(.zero, .zero))
    let (x, y) = (galacticCenter.x.trimmed(1), galacticCenter.y.trimmed(1))
    svg.raw("<path d=\"M\(x) \(y)m-6 0h12m-6-6v12\" fill=\"none\" stroke=\"#7a5c99\" stroke-width=\"2\"/>")
    placer.reserve(center: galacticCenter, size: SIMD2(12, 12))
    let peak = view.pixel(chart.peak)
    svg.raw(self.peak(at: peak))
    placer.reserve(center: peak, size: SIMD2(14, 14))
  }

  /// The disc of the Moon, its lit side toward the angle `limb` on the page.
  static func disc(_ illumination: Fraction, at p: SIMD2<Double>, radius r: Double, limb: Angle) -> String {
    let k = illumination.value
    let (bulge, sweep) = (r * abs(1 - 2 * k), k < 0.5 ? 0 : 1)
    let (rr, b) = (r.trimmed(2), bulge.trimmed(2))
    return
      "<g transform=\"translate(\(p.x.trimmed(1)) \(p.y.trimmed(1))) rotate(\(limb.degrees.trimmed(1)))\">"
      + "<circle r=\"\(rr)\" fill=\"#555b66\"/><path d=\"M0-\(rr)A\(rr) \(rr) 0 0 1 0 \(rr)A\(b) \(rr) 0 0 \(sweep) 0-\(rr)z\""
      + " fill=\"#fffbe6\"/><circle r=\"\(rr)\" fill=\"none\" stroke=\"#222\" stroke-width=\"1.2\"/></g>"
  }

  private static func named(
    _ name: String, at p: SIMD2<Double>, radius: Double, placer: inout LabelPlacer, into svg: inout SVGWriter
  ) {
    let size = LabelPlacer.size(name, font: 13)
    // Beside first, then above and below; the right side unless it runs out of the page.
    let side = radius + 3 + size.x / 2
    let spots = [SIMD2(side, 0), SIMD2(-side, 0), SIMD2(0, -radius - 9), SIMD2(0, radius + 9)].map { p + $0 }
    let spot = spots.first { placer.isFree(center: $0, size: size) } ?? spots[0]
    placer.reserve(center: spot, size: size)
    svg.label(name, spot.x, spot.y + 4.5, "text-anchor=\"middle\" \(halo)")
  }

  /// Ranks for a lone telescope, letters for several.
  static func names(
    _ chart: SkyChart, _ styles: [SkyLayerStyle], on view: SkyView, within reach: Angle?,
    placer: inout LabelPlacer, into svg: inout SVGWriter
  ) {
    if chart.layers.count == 1 {
      ranks(chart.layers[0], on: view, within: reach, placer: &placer, into: &svg)
    } else {
      letters(Array(zip(chart.layers, styles)), on: view, within: reach, placer: &placer, into: &svg)
    }
  }

  /// One letter per telescope beside one of its tiles, with a thin leader where there is no room next to
  /// it. Telescopes without room are named by the legend alone.
  private static func letters(
    _ layers: [(SkyChart.Layer, SkyLayerStyle)], on view: SkyView, within reach: Angle?,
    placer: inout LabelPlacer,
    into svg: inout SVGWriter
  ) {
    var lines = ""
    var texts = SVGWriter()
    for (layer, style) in layers {
      let size = LabelPlacer.size(style.letter, font: 14)
      let visible = layer.tiles.lazy.filter { tile in
        reach.map { view.local(tile.center).x > cos($0.radians) } ?? true
      }
      var found: (anchor: SIMD2<Double>, spot: SIMD2<Double>)?
      for tile in visible.prefix(12) {
        let anchor = view.pixel(tile.center)
        let near = max(9, SkyFootprints.radius(of: tile).radians * view.scale + 4)
        if let spot = placer.place(size: size, near: anchor, rings: [near]) {
          found = (anchor, spot)
          break
        }
      }
      if found == nil, let tile = visible.first {
        let anchor = view.pixel(tile.center)
        found = placer.place(size: size, near: anchor, rings: [30, 45, 60, 80, 100, 125]).map { (anchor, $0) }
      }
      guard let (anchor, spot) = found else { continue }
      let gap = ((spot - anchor) * (spot - anchor)).sum().squareRoot()
      if gap > 26 {
        lines +=
          "<path d=\"M\(anchor.x.trimmed(0)) \(anchor.y.trimmed(0))L\(spot.x.trimmed(0)) \(spot.y.trimmed(0))\" stroke=\"\(style.color)\"/>"
      }
      texts.label(style.letter, spot.x, spot.y + 5, "fill=\"\(style.color)\"")
    }
    guard !texts.text.isEmpty else { return }
    if !lines.isEmpty { svg.raw("<g stroke-width=\".7\">\(lines)</g>") }
    svg.raw("<g font-size=\"14\" font-weight=\"bold\" text-anchor=\"middle\" \(halo)>\n\(texts.text)</g>")
  }

  /// Rank numbers inside the tiles of a lone telescope, where they fit.
  private static func ranks(
    _ layer: SkyChart.Layer, on view: SkyView, within reach: Angle?, placer: inout LabelPlacer,
    into svg: inout SVGWriter
  ) {
    var texts = SVGWriter()
    for tile in layer.tiles.prefix(150) {
      if let reach, view.local(tile.center).x < cos(reach.radians) { continue }
      guard SkyFootprints.radius(of: tile).radians * view.scale > 9 else { continue }
      let p = view.pixel(tile.center)
      let size = LabelPlacer.size("\(tile.rank)", font: 11)
      guard placer.isFree(center: p, size: size) else { continue }
      placer.reserve(center: p, size: size)
      texts.label("\(tile.rank)", p.x, p.y + 4)
    }
    guard !texts.text.isEmpty else { return }
    svg.raw("<g font-size=\"11\" text-anchor=\"middle\" \(halo)>\n\(texts.text)</g>")
  }
}
