import Foundation
import Formats

/// Four panels: how much is covered, against the area, how soon and how near the bound, and at what cost.
public enum SimulationChartSVG {
  private static let (width, height) = (1200, 980)
  private static let colors = (covered: "#0b5fa5", other: "#8a8a8a", bound: "#b3261e", found: "#2e7d32")

  public static func render(_ records: [SimulationRecord]) -> String {
    let summary = SimulationSummary(records)
    let planned = records.filter { $0.failure == nil }
    var svg = SVGWriter(
      width: width, height: height, title: "Simulated campaign of \(records.count) nights",
      description: words(summary))
    svg.label("Simulated campaign: \(words(summary))", 40, 34, "font-size=\"17\" font-weight=\"bold\"")
    coverage(&svg, planned, Panel(x: 70, y: 80, width: 490, height: 330))
    scatter(&svg, planned, Panel(x: 670, y: 80, width: 490, height: 330))
    quickness(&svg, planned, Panel(x: 70, y: 510, width: 490, height: 400))
    costs(&svg, summary, Panel(x: 670, y: 510, width: 490, height: 400))
    return svg.finish()
  }

  private static func words(_ s: SimulationSummary) -> String {
    let covered = s.probability.map {
      ", median coverage \(($0.median * 100).fixed(1)) % (5 to 95 % of nights: \(($0.p05 * 100).fixed(1)) to "
        + "\(($0.p95 * 100).fixed(1)) %)"
    }
    let gap = s.gap.map { ", median gap \(($0.median * 100).fixed(2)) %" }
    let found = s.detection.map { ", \(($0.mean * 100).fixed(1)) % of sources found" }
    return "\(s.nights) nights" + (covered ?? ", no plan") + (gap ?? "") + (found ?? "")
  }

  // MARK: Panels

  private static func coverage(_ svg: inout SVGWriter, _ records: [SimulationRecord], _ panel: Panel) {
    panel.frame(
      &svg, title: "Share of nights with at most this much", x: "probability", y: "share of nights",
      xTicks: stride(from: 0.0, through: 1, by: 0.2).map { ($0, $0.trimmed(1)) },
      yTicks: stride(from: 0.0, through: 1, by: 0.25).map { ($0, $0.trimmed(2)) })
    let curves: [(String, String, [Double])] = [
      ("in reach of some telescope", colors.other, records.compactMap(\.reachable)),
      ("upper bound", colors.bound, records.compactMap(\.upperBound)),
      ("covered", colors.covered, records.compactMap(\.probability)),
      ("the source is found", colors.found, records.compactMap(\.detection)),
    ]
    var row = 0.0
    for (name, color, values) in curves where !values.isEmpty {
      panel.steps(&svg, values, color)
      panel.key(&svg, name, color, row: row)
      row += 1
    }
  }

  private static func scatter(_ svg: inout SVGWriter, _ records: [SimulationRecord], _ panel: Panel) {
    // Decades of area: 1 to 41253 deg2.
    func place(_ area: Double) -> Double { min(max(log10(max(area, 1)) / 4.7, 0), 1) }
    panel.frame(
      &svg, title: "Coverage against the 90 % area", x: "area, deg2", y: "probability covered",
      xTicks: [1, 10, 100, 1000, 10_000].map { (place($0), "\(Int($0))") },
      yTicks: stride(from: 0.0, through: 1, by: 0.25).map { ($0, $0.trimmed(2)) })
    var dots = SVGPath(unitsPerPixel: 2)
    for r in records {
      guard let area = r.area90Deg2, let p = r.probability else { continue }
      dots.dot(at: panel.point(place(area), p))
    }
    svg.path(
      dots,
      "stroke=\"\(colors.covered)\" stroke-opacity=\"0.55\" stroke-width=\"10\" stroke-linecap=\"round\" fill=\"none\""
    )
  }

  private static func quickness(_ svg: inout SVGWriter, _ records: [SimulationRecord], _ panel: Panel) {
    let most = 24.0 * 60
    panel.frame(
      &svg, title: "First exposure after the start of the plan", x: "hours", y: "share of nights",
      xTicks: stride(from: 0.0, through: 24, by: 4).map { ($0 / 24, $0.trimmed(0)) },
      yTicks: stride(from: 0.0, through: 1, by: 0.25).map { ($0, $0.trimmed(2)) })
    // Nights without any exposure never reach the curve: it ends below one.
    panel.steps(
      &svg, records.compactMap(\.firstMinutes).map { min($0 / most, 1) }, colors.covered,
      of: records.count)
    let gaps = records.compactMap(\.gap)
    guard let spread = SimulationSummary.Spread(gaps) else { return }
    svg.label(
      "gap to the bound: median \((spread.median * 100).fixed(2)) %, 95 % of nights below "
        + "\((spread.p95 * 100).fixed(2)) %", panel.x + 12, panel.y + panel.height - 14,
      "fill=\"\(colors.bound)\"")
  }

  private static func costs(_ svg: inout SVGWriter, _ summary: SimulationSummary, _ panel: Panel) {
    let rows = summary.costs.prefix(18)
    let most = rows.map(\.openHours).max() ?? 0
    svg.label("Open-shutter hours by telescope", panel.x, panel.y - 14, "font-weight=\"bold\"")
    guard most > 0 else {
      svg.label("no telescope observed", panel.x, panel.y + 20)
      return
    }
    for (i, cost) in rows.enumerated() {
      let y = panel.y + Double(i) * 22
      svg.label(String(cost.telescope.prefix(22)), panel.x, y + 13)
      let length = (panel.width - 250) * cost.openHours / most
      svg.rect(panel.x + 160, y + 2, max(length, 1), 14, "fill=\"\(colors.covered)\"")
      svg.label(
        "\(cost.openHours.significant()) h, \(cost.nights) nights", panel.x + 166 + length, y + 13,
        "font-size=\"11\"")
    }
    let left = summary.costs.count - rows.count
    if left > 0 { svg.label("and \(left) more, in telescopes.csv", panel.x, panel.y + 22 * 18 + 12) }
  }
}

/// Axes over the unit square.
private struct Panel {
  let x: Double
  let y: Double
  let width: Double
  let height: Double

  func point(_ u: Double, _ v: Double) -> SIMD2<Double> {
    SIMD2(x + u * width, y + (1 - v) * height)
  }

  func frame(
    _ svg: inout SVGWriter, title: String, x xName: String, y yName: String, xTicks: [(Double, String)],
    yTicks: [(Double, String)]
  ) {
    svg.label(title, x, y - 14, "font-weight=\"bold\"")
    svg.rect(x, y, width, height, "fill=\"none\" stroke=\"#1a1a1a\"")
    for (u, text) in xTicks {
      let foot = point(u, 0)
      svg.line(foot.x, y, foot.x, y + height, "stroke=\"#ddd\"")
      svg.label(text, foot.x, foot.y + 18, "text-anchor=\"middle\"")
    }
    for (v, text) in yTicks {
      let left = point(0, v)
      svg.line(x, left.y, x + width, left.y, "stroke=\"#ddd\"")
      svg.label(text, left.x - 8, left.y + 4, "text-anchor=\"end\"")
    }
    svg.label(xName, x + width / 2, y + height + 38, "text-anchor=\"middle\"")
    let middle = y + height / 2
    svg.label(
      yName, x - 46, middle,
      "text-anchor=\"middle\" transform=\"rotate(-90 \((x - 46).trimmed(1)) \(middle.trimmed(1)))\"")
  }

  /// The cumulative distribution of values in [0, 1].
  func steps(_ svg: inout SVGWriter, _ values: [Double], _ color: String, of count: Int? = nil) {
    let total = Double(max(count ?? values.count, 1))
    var path = SVGPath(unitsPerPixel: 2)
    path.move(to: point(0, 0))
    for (i, value) in values.sorted().enumerated() {
      path.line(to: point(min(value, 1), Double(i) / total))
      path.line(to: point(min(value, 1), Double(i + 1) / total))
    }
    path.line(to: point(1, Double(values.count) / total))
    svg.path(path, "fill=\"none\" stroke=\"\(color)\" stroke-width=\"4\"")
  }

  func key(_ svg: inout SVGWriter, _ name: String, _ color: String, row: Double) {
    let at = y + 18 + row * 20
    svg.line(x + 12, at - 4, x + 36, at - 4, "stroke=\"\(color)\" stroke-width=\"2\"")
    svg.label(name, x + 42, at)
  }
}
