import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Draws `skymap.svg`: the whole sky in Mollweide's projection, for small regions with a close-up, and a
/// legend of the telescopes. Dark on white, readable in print and without colours.
public enum SkyChartSVG {
  static let width = 1400.0

  public static func render(_ full: SkyChart, detail: ChartDetail = .figure) -> String {
    let chart = full.condensed(to: detail.layerLimit)
    let inset = SkyChartFrame.inset(chart)
    let layout = SkyChartLayout(chart, hasInset: inset != nil)
    var svg = SVGWriter(
      width: Int(width), height: Int(layout.height), title: "Sky map: \(chart.title)",
      description: description(full))
    heading(chart, into: &svg)
    let center = SkyChartFrame.centerRA(chart)
    let view = SkyView(allSkyCenteredOn: center, origin: layout.mapCenter, width: layout.mapWidth)
    let styles = chart.layers.indices.map(SkyLayerStyle.init(index:))
    let sky = allSky(chart, view, center, styles, lettered: inset == nil, detail)
    let close = zip2(inset, layout.insetFrame).map { inset, frame in
      SkyInset(chart: chart, center: inset.center, radius: inset.radius, low: frame.low, high: frame.high)
    }
    let parts = close.map { $0.draw(styles: styles, detail: detail) }

    // What is left of the bytes is the tiles'; a close-up shows them better than the whole sky.
    let legend = SkyLegend.bytes(chart)
    let spent = svg.text.utf8.count + sky.bytes + (parts?.bytes ?? 0) + legend
    let budget = max(2000, detail.byteBudget - spent)
    let all = SkyFootprints.fitting(
      chart.layers, on: view, within: nil, units: detail.unitsPerPixel,
      budget: close == nil ? budget : budget * 2 / 5)
    var drawn = all.map(\.drawn)
    sky.write(all, styles, width: 1, into: &svg)
    if let close, let parts {
      let near = SkyFootprints.fitting(
        chart.layers, on: close.view, within: close.reach, units: detail.unitsPerPixel, budget: budget * 3 / 5
      )
      parts.write(near, styles, width: 1.3, into: &svg)
      drawn = zip(drawn, near).map { max($0, $1.drawn) }
    }
    SkyLegend.draw(chart, styles, drawn: drawn, layout, into: &svg)
    return svg.finish()
  }

  private static func zip2<A, B>(_ a: A?, _ b: B?) -> (A, B)? {
    if let a, let b { (a, b) } else { nil }
  }

  private static func heading(_ chart: SkyChart, into svg: inout SVGWriter) {
    svg.label(chart.title, 24, 36, "font-size=\"23\" font-weight=\"bold\"")
    for (i, line) in chart.subtitle.enumerated() {
      svg.label(line, 24, 60 + 20 * Double(i), "font-size=\"15\" fill=\"#333\"")
    }
  }

  /// What the picture says, in words.
  private static func description(_ chart: SkyChart) -> String {
    var text = chart.subtitle.joined(separator: ". ") + ". "
    text +=
      "Most probable direction: right ascension \(chart.peak.ra.hoursMinutesSeconds), declination \(chart.peak.dec.degreesMinutesSeconds). "
    if chart.layers.isEmpty { return text + "No telescope observes." }
    let parts = chart.layers.prefix(60).map { layer in
      "\(layer.name): \(layer.tiles.count) tiles"
        + (layer.probability.map { ", \($0.value.percentText()) %" } ?? "")
    }
    text += "\(chart.layersAre): " + parts.joined(separator: "; ") + "."
    guard !chart.galaxies.isEmpty else { return text }
    let hosts = chart.galaxies.prefix(10).map { "\($0.name) \($0.weight.value.percentText()) %" }
    return text + " \(chart.galaxies.count) galaxies are pointed at, by weight: "
      + hosts.joined(separator: "; ") + (chart.galaxies.count > 10 ? "; and more." : ".")
  }

  private static func allSky(
    _ chart: SkyChart, _ view: SkyView, _ center: Angle, _ styles: [SkyLayerStyle], lettered: Bool,
    _ detail: ChartDetail
  ) -> SkyPanel {
    let (o, r) = (view.origin, view.ellipse)
    let shape =
      "cx=\"\(o.x.trimmed(1))\" cy=\"\(o.y.trimmed(1))\" rx=\"\(r.x.trimmed(1))\" ry=\"\(r.y.trimmed(1))\""
    var panel = SkyPanel()
    panel.under.raw(
      "<clipPath id=\"sky\"><ellipse \(shape)/></clipPath>\n<g clip-path=\"url(#sky)\" stroke-linejoin=\"round\">"
    )
    let grid = SkyBackground.grid(chart, on: view, box: (o - r, o + r), step: detail == .figure ? 2.5 : 4)
    if let grid { SkyBackground.shading(grid, detail, into: &panel.under) }
    SkyBackground.allSkyGrid(on: view, into: &panel.under)
    SkyBackground.galaxy(on: view, into: &panel.under)
    SkySymbols.avoidance(chart, on: view, into: &panel.under)
    SkyBackground.contours(chart, grid, on: view, detail, into: &panel.over)
    panel.over.raw("</g>\n<ellipse \(shape) fill=\"none\" stroke=\"#333\" stroke-width=\"1.4\"/>")

    var placer = LabelPlacer()
    placer.frame = (SIMD2(0, o.y - r.y - 4), SIMD2(width, o.y + r.y + 14))
    SkySymbols.draw(chart, on: view, placer: &placer, into: &panel.over)
    // Where there is a close-up, they are one blot here.
    if lettered {
      SkyGalaxies.draw(chart, on: view, within: nil, placer: &placer, into: &panel.over)
    }
    coordinateLabels(view, center, placer: &placer, into: &panel.over)
    if lettered {
      SkySymbols.names(chart, styles, on: view, within: nil, placer: &placer, into: &panel.over)
    }
    return panel
  }

  private static func coordinateLabels(
    _ view: SkyView, _ center: Angle, placer: inout LabelPlacer, into svg: inout SVGWriter
  ) {
    svg.raw(
      "<g font-size=\"12\" fill=\"#4a525a\" text-anchor=\"middle\" stroke=\"#fff\" stroke-width=\"3\" paint-order=\"stroke\">"
    )
    for offset in stride(from: -10.0, through: 10, by: 2) {
      let ra = Angle.hours((center.hours / 2).rounded() * 2 + offset)
      let gap = (ra - center).wrapped.degrees
      guard abs(gap) < 165 else { continue }
      let p = view.pixel(Direction(ra: ra, dec: .zero)) + SIMD2(0, -6)
      let text = "\(Int(ra.normalized.hours.rounded()) % 24)h"
      placer.reserve(center: p, size: LabelPlacer.size(text, font: 12))
      svg.label(text, p.x, p.y + 4)
    }
    for dec in [-60, -30, 0, 30, 60] {
      let edge = view.pixel(Direction(ra: center + .degrees(179.99), dec: .degrees(Double(dec))))
      svg.label(dec > 0 ? "+\(dec)°" : dec < 0 ? "−\(-dec)°" : "0°", edge.x - 18, edge.y + 4)
    }
    svg.raw("</g>")
  }
}

/// One view of a chart: what lies under its tiles and what over them.
struct SkyPanel {
  var under = SVGWriter()
  var over = SVGWriter()
  var bytes: Int { under.text.utf8.count + over.text.utf8.count }

  func write(
    _ tiles: [SkyFootprints.Paths], _ styles: [SkyLayerStyle], width: Double, into svg: inout SVGWriter
  ) {
    svg.raw(under.text)
    // Many fills on one another would hide the map.
    let opacity = max(0.03, 0.18 / Double(max(tiles.count, 1)).squareRoot())
    for (paths, style) in zip(tiles, styles) { svg.footprints(paths, style, width: width, opacity: opacity) }
    svg.raw(over.text)
  }
}

/// Where the parts of a sky chart lie on the page.
struct SkyChartLayout {
  let mapCenter: SIMD2<Double>
  let mapWidth: Double
  let insetFrame: (low: SIMD2<Double>, high: SIMD2<Double>)?
  let keyLine: Double
  let legendTop: Double
  let legendRows: Int
  let height: Double

  init(_ chart: SkyChart, hasInset: Bool) {
    let top = 62 + 20 * Double(max(chart.subtitle.count, 1))
    let bottom: Double
    if hasInset {
      mapWidth = 850
      mapCenter = SIMD2(45 + mapWidth / 2, top + 235)
      insetFrame = (SIMD2(960, top + 14), SIMD2(1380, top + 434))
      bottom = top + 468
    } else {
      mapWidth = 1270
      mapCenter = SIMD2(SkyChartSVG.width / 2 + 12, top + mapWidth / 4)
      insetFrame = nil
      bottom = top + mapWidth / 2 + 12
    }
    keyLine = bottom + 20
    legendTop = keyLine + 34
    legendRows = SkyLegend.rows(chart)
    height = legendTop + Double(max(legendRows, 1)) * SkyLegend.step + 6
  }
}

/// The key of lines and symbols, and the list of telescopes.
enum SkyLegend {
  static let columns = 4
  static let step = 19.0

  static func rows(_ chart: SkyChart) -> Int { (chart.layers.count + columns - 1) / columns }
  /// About how many the whole legend takes.
  static func bytes(_ chart: SkyChart) -> Int { 1700 + 250 * chart.layers.count }

  static func draw(
    _ chart: SkyChart, _ styles: [SkyLayerStyle], drawn: [Int], _ layout: SkyChartLayout,
    into svg: inout SVGWriter
  ) {
    key(chart, y: layout.keyLine, into: &svg)
    guard !chart.layers.isEmpty else {
      svg.label(
        "No telescope observes in this plan.", 24, layout.legendTop, "font-size=\"14\" font-weight=\"bold\"")
      return
    }
    let width = (SkyChartSVG.width - 48) / Double(columns)
    let places = chart.layers.indices.map { i in
      SIMD2(
        24 + width * Double(i / layout.legendRows), layout.legendTop + step * Double(i % layout.legendRows))
    }
    let entries = Array(zip(zip(chart.layers, styles), zip(drawn, places)))
    svg.raw("<g fill-opacity=\".13\">")
    for ((_, style), (_, p)) in entries {
      svg.rect(p.x, p.y - 10, 20, 12, "fill=\"\(style.color)\" \(style.stroke(width: 1.4, unitsPerPixel: 1))")
    }
    svg.raw("</g>\n<g font-weight=\"bold\">")
    for ((_, style), (_, p)) in entries { svg.label(style.letter, p.x + 26, p.y, "fill=\"\(style.color)\"") }
    svg.raw("</g>")
    for ((layer, style), (_, p)) in entries {
      svg.label(shortened(layer.name, to: 20), p.x + (style.letter.count > 1 ? 53 : 45), p.y)
    }
    svg.raw("<g text-anchor=\"end\" fill=\"#333\">")
    for ((layer, _), (drawn, p)) in entries {
      let count = drawn < layer.tiles.count ? "\(drawn) of \(layer.tiles.count)" : "\(layer.tiles.count)"
      svg.label(count + (layer.tiles.count == 1 ? " tile" : " tiles"), p.x + width - 92, p.y)
      if let probability = layer.probability {
        svg.label("\(probability.value.percentText()) %", p.x + width - 26, p.y)
      }
    }
    svg.raw("</g>")
  }

  static func shortened(_ text: String, to count: Int) -> String {
    text.count <= count ? text : text.prefix(count - 1) + "…"
  }

  private static func key(_ chart: SkyChart, y: Double, into svg: inout SVGWriter) {
    var x = 24.0
    svg.raw("<g font-size=\"12\" fill=\"#333\">")
    func item(_ text: String, _ symbol: (inout SVGWriter, Double) -> Void, width: Double = 28) {
      symbol(&svg, x)
      svg.label(text, x + width + 6, y)
      x += width + 6 + LabelPlacer.size(text, font: 11).x + 14
    }
    func stroke(_ attributes: String) -> (inout SVGWriter, Double) -> Void {
      { $0.line($1, y - 4, $1 + 28, y - 4, "fill=\"none\" \(attributes)") }
    }
    item("50 % region", stroke("stroke=\"#222\" stroke-width=\"2\""))
    item("90 % region", stroke("stroke=\"#222\" stroke-width=\"1\""))
    if chart.credibleLevel != nil {
      item(
        "credible level 90, 70, 50, 30, 10 %",
        { svg, x in
          for (i, shade) in SkyBackground.shades.enumerated() {
            svg.rect(
              x + 14 * Double(i), y - 11, 14, 12,
              "fill=\"\(shade.color)\" stroke=\"#999\" stroke-width=\".5\"")
          }
        }, width: 70)
    }
    item("most probable", { $0.raw(SkySymbols.peak(at: SIMD2($1 + 8, y - 4))) }, width: 16)
    if !chart.galaxies.isEmpty {
      item("galaxy of the plan", { $0.raw(SkyGalaxies.symbol(at: SIMD2($1 + 8, y - 4))) }, width: 16)
    }
    item("galactic plane, + centre", stroke(SkyBackground.galaxyStroke))
    if let radius = chart.moonAvoidance, chart.moon != nil {
      item("\(radius.degrees.trimmed(1))° from the Moon", stroke(SkySymbols.avoidanceStroke))
    }
    svg.label(
      "ICRS, north up, east left", SkyChartSVG.width - 24, y, "text-anchor=\"end\" fill=\"#4a525a\"")
    svg.raw("</g>")
  }
}
