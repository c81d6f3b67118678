import Units

/// Draws `night.svg`: telescopes down, UTC across; darkness, blocks shaded by what they add, and the
/// coverage of the network as it grows.
public enum NightChartSVG {
  static let width = 1400.0

  public static func render(_ chart: NightChart, detail: ChartDetail = .figure) -> String {
    let layout = NightLayout(chart)
    var svg = SVGWriter(
      width: Int(width), height: Int(layout.height), title: "Night plan: \(chart.title)",
      description: description(chart))
    svg.label(chart.title, 24, 36, "font-size=\"23\" font-weight=\"bold\"")
    for (i, line) in chart.subtitle.enumerated() {
      svg.label(line, 24, 60 + 20 * Double(i), "font-size=\"15\" fill=\"#333\"")
    }
    let blocks = NightBlocks.fitting(
      chart, layout,
      budget: max(3000, detail.byteBudget - 6000 - 420 * (chart.rows.count + layout.omitted.count)),
      unitsPerPixel: detail.unitsPerPixel / 2)
    bands(chart, layout, into: &svg)
    axes(chart, layout, into: &svg)
    rowLabels(chart, layout, into: &svg)
    for (path, color) in zip(blocks.paths, NightBlocks.colors) {
      svg.path(
        path,
        "fill=\"none\" stroke=\"\(color)\" stroke-width=\"\((layout.rowStep * 0.6 * path.unitsPerPixel).trimmed(1))\""
      )
    }
    moon(chart, layout, into: &svg)
    NightCurve.draw(chart, layout, into: &svg)
    marks(chart, layout, into: &svg)
    key(chart, blocks, layout, into: &svg)
    omitted(layout, into: &svg)
    return svg.finish()
  }

  private static func description(_ chart: NightChart) -> String {
    var text = chart.subtitle.joined(separator: ". ") + ". "
    let active = chart.rows.filter { !$0.blocks.isEmpty }
    text += "\(active.count) telescopes observe, \(chart.omitted.count) do not. "
    text += active.prefix(60).map { row in
      "\(row.name): \(row.tiles) tiles from \(row.blocks[0].window.start.dateAndMinutes) UTC, \(row.probability.value.percentText()) %"
    }.joined(separator: "; ")
    return text
  }

  private static func bands(_ chart: NightChart, _ layout: NightLayout, into svg: inout SVGWriter) {
    let plot = layout.plot
    svg.rect(plot.low.x, plot.low.y, plot.high.x - plot.low.x, plot.high.y - plot.low.y, "fill=\"#fffdf5\"")
    var paths = [SVGPath(), SVGPath()]
    for (i, row) in chart.rows.enumerated() {
      let y = layout.rowMiddle(i)
      for (k, windows) in [row.sunDown, row.dark].enumerated() {
        for window in windows {
          guard let shown = window.intersection(chart.window) else { continue }
          paths[k].add([SIMD2(layout.x(shown.start), y), SIMD2(layout.x(shown.end), y)], closed: false)
        }
      }
    }
    let stroke = "fill=\"none\" stroke-width=\"\((layout.rowStep - 1).trimmed(1))\""
    svg.path(paths[0], "\(stroke) stroke=\"\(NightLayout.twilightColor)\"")
    svg.path(paths[1], "\(stroke) stroke=\"\(NightLayout.darkColor)\"")
  }

  private static func moon(_ chart: NightChart, _ layout: NightLayout, into svg: inout SVGWriter) {
    var path = SVGPath()
    for (i, row) in chart.rows.enumerated() {
      let y = layout.rowMiddle(i) + layout.rowStep / 2 - 1.5
      for window in row.moonUp {
        guard let shown = window.intersection(chart.window) else { continue }
        path.add([SIMD2(layout.x(shown.start), y), SIMD2(layout.x(shown.end), y)], closed: false)
      }
    }
    svg.path(path, "fill=\"none\" stroke=\"\(NightLayout.moonColor)\" stroke-width=\"2\"")
  }

  private static func rowLabels(_ chart: NightChart, _ layout: NightLayout, into svg: inout SVGWriter) {
    let size = layout.font
    svg.raw("<g font-size=\"\(size.trimmed(1))\">")
    for (i, row) in chart.rows.enumerated() {
      let y = layout.rowMiddle(i) + 0.36 * size
      svg.label(SkyLegend.shortened(row.name, to: 25), layout.plot.low.x - 8, y, "text-anchor=\"end\"")
      svg.label("\(row.tiles)", layout.columns.tiles, y, "text-anchor=\"end\"")
      svg.label(
        row.probability.value.percentText(), layout.columns.probability, y, "text-anchor=\"end\"")
      svg.label(
        row.blocks.first?.window.start.clockMinutes ?? "–", layout.columns.first, y,
        "text-anchor=\"end\"")
    }
    svg.raw("</g>")
    let y = layout.plot.low.y - 10
    svg.raw("<g font-size=\"12\" font-weight=\"bold\" text-anchor=\"end\">")
    svg.label("tiles", layout.columns.tiles, y)
    svg.label("prob. %", layout.columns.probability, y)
    svg.label("first UTC", layout.columns.first, y)
    svg.raw("</g>")
  }

  /// Who is left out and why, under the chart.
  private static func omitted(_ layout: NightLayout, into svg: inout SVGWriter) {
    guard !layout.omitted.isEmpty else { return }
    svg.raw("<g font-size=\"12\" fill=\"#5f656d\">")
    for (i, line) in layout.omitted.enumerated() {
      let y = layout.omittedTop + NightLayout.omittedStep * Double(i)
      if !line.label.isEmpty { svg.label(line.label, layout.plot.low.x - 8, y, "text-anchor=\"end\"") }
      svg.label(line.text, layout.plot.low.x, y)
    }
    svg.raw("</g>")
  }

  private static func axes(_ chart: NightChart, _ layout: NightLayout, into svg: inout SVGWriter) {
    var hours = SVGPath()
    var days = SVGPath()
    var texts = SVGWriter()
    for tick in layout.ticks {
      let x = layout.x(tick.time)
      let ends = [SIMD2(x, layout.plot.low.y), SIMD2(x, layout.curve.high.y)]
      if tick.isMidnight { days.add(ends, closed: false) } else { hours.add(ends, closed: false) }
      texts.label(tick.label, x, layout.plot.low.y - 8)
      texts.label(tick.label, x, layout.curve.high.y + 16)
      if let date = tick.date {
        texts.label(date, x, layout.plot.low.y - 24, "font-weight=\"bold\"")
      }
    }
    svg.path(hours, "stroke=\"#c3c8cf\" stroke-width=\".7\"")
    svg.path(days, "stroke=\"#6b7078\" stroke-width=\"1\"")
    svg.raw("<g font-size=\"12\" text-anchor=\"middle\" fill=\"#333\">\n\(texts.text)</g>")
    svg.label(
      "UTC", layout.plot.low.x - 18, layout.plot.low.y - 8,
      "font-size=\"12\" font-weight=\"bold\" text-anchor=\"end\"")
    let plot = layout.plot
    svg.rect(
      plot.low.x, plot.low.y, plot.high.x - plot.low.x, plot.high.y - plot.low.y,
      "fill=\"none\" stroke=\"#333\"")
  }

  /// Lines at the event and at the time the plan was made, named above the plot.
  private static func marks(_ chart: NightChart, _ layout: NightLayout, into svg: inout SVGWriter) {
    let shown = [("event", chart.event, ""), ("plan made", chart.made, " stroke-dasharray=\"5 3\"")]
    var taken: [Double] = []
    for (name, time, dash) in shown {
      guard let time, chart.window.start <= time, time <= chart.window.end else { continue }
      let x = layout.x(time)
      let stroke = "stroke=\"#b3261e\" stroke-width=\"1.5\"" + dash
      svg.line(x, layout.plot.low.y, x, layout.curve.high.y, stroke)
      // Two names one above the other when the lines are close; the hours in between stay free.
      let isClose = taken.contains { abs($0 - x) < 100 }
      let y = layout.plot.low.y - (isClose ? 54 : 39)
      svg.line(x, y - 11, x, layout.plot.low.y - 37, stroke)
      svg.label("\(name) \(time.clockMinutes)", x + 4, y, "font-size=\"12\" fill=\"#b3261e\"")
      taken.append(x)
    }
  }

  private static func key(
    _ chart: NightChart, _ blocks: NightBlocks, _ layout: NightLayout, into svg: inout SVGWriter
  ) {
    let y = layout.keyLine
    var x = layout.plot.low.x
    svg.raw("<g font-size=\"12\" fill=\"#333\">")
    func item(_ color: String, _ text: String, height: Double = 12) {
      svg.rect(x, y - 5 - height / 2, 20, height, "fill=\"\(color)\"")
      svg.label(text, x + 25, y)
      x += 25 + LabelPlacer.size(text, font: 11).x + 12
    }
    item(NightLayout.darkColor, "may observe")
    if chart.rows.contains(where: { !$0.sunDown.isEmpty }) { item(NightLayout.twilightColor, "Sun down") }
    if chart.rows.contains(where: { !$0.moonUp.isEmpty }) {
      item(NightLayout.moonColor, "Moon up", height: 3)
    }
    if !blocks.thresholds.isEmpty {
      svg.label("blocks, added % per hour:", x + 6, y)
      x += 170
      for (color, text) in zip(NightBlocks.colors, blocks.labels) { item(color, text) }
    }
    svg.raw("</g>")
  }
}
