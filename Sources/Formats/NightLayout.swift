import Units

/// Where the parts of a night chart lie on the page.
struct NightLayout {
  static let darkColor = "#ccd3e0"
  static let twilightColor = "#e9ecf2"
  static let moonColor = "#b8860b"

  let plot: (low: SIMD2<Double>, high: SIMD2<Double>)
  /// The coverage under the rows.
  let curve: (low: SIMD2<Double>, high: SIMD2<Double>)
  let columns: (tiles: Double, probability: Double, first: Double)
  let rowStep: Double
  let font: Double
  /// Baseline of the key of colours.
  let keyLine: Double
  /// Baseline of the first line of `omitted`.
  let omittedTop: Double
  let height: Double
  /// Who is left out: a line each, or a few lines a reason where they are many.
  let omitted: [OmittedLine]
  private let window: TimeWindow

  struct OmittedLine {
    let label: String
    let text: String
  }

  init(_ chart: NightChart) {
    omitted = Self.lines(chart.omitted)
    let count = chart.rows.count
    rowStep = count <= 20 ? 26 : count <= 40 ? 21 : 18
    font = count <= 40 ? 13 : 12
    let top = 62 + 20 * Double(max(chart.subtitle.count, 1)) + 56
    let bottom = top + rowStep * Double(max(count, 1))
    plot = (SIMD2(215, top), SIMD2(1165, bottom))
    curve = (SIMD2(215, bottom + 14), SIMD2(1165, bottom + 104))
    columns = (1215, 1290, 1376)
    keyLine = curve.high.y + 44
    omittedTop = keyLine + 32
    height = omitted.isEmpty ? keyLine + 14 : omittedTop + Self.omittedStep * Double(omitted.count)
    window = chart.window
  }

  static let omittedStep = 19.0
  /// More telescopes than this are grouped by reason.
  private static let omittedLimit = 12
  /// Characters of the small font from the left edge of the plot to the right edge of the page.
  private static let omittedWidth = 165

  private static func lines(_ omitted: [NightChart.Omitted]) -> [OmittedLine] {
    if omitted.count <= omittedLimit {
      return omitted.map {
        OmittedLine(
          label: SkyLegend.shortened($0.name, to: 25),
          text: "not planned: " + SkyLegend.shortened($0.reason, to: omittedWidth - 13))
      }
    }
    var groups: [(reason: String, names: [String])] = []
    for one in omitted {
      if let i = groups.firstIndex(where: { $0.reason == one.reason }) {
        groups[i].names.append(one.name)
      } else {
        groups.append((one.reason, [one.name]))
      }
    }
    // The common reasons first; among equals the order they came in.
    let sorted = groups.enumerated().sorted {
      ($1.element.names.count, $0.offset) < ($0.element.names.count, $1.offset)
    }
    return sorted.flatMap { _, group in
      let names = group.names.count == 1 ? "" : ": " + group.names.joined(separator: ", ")
      let text = "not planned: \(group.reason)\(names)"
      return wrapped(text).enumerated().map { i, line in
        let label = group.names.count == 1 ? group.names[0] : "\(group.names.count) telescopes"
        return OmittedLine(label: i == 0 ? SkyLegend.shortened(label, to: 25) : "", text: line)
      }
    }
  }

  private static func wrapped(_ text: String) -> [String] {
    var lines = [""]
    for word in text.split(separator: " ") {
      if lines[lines.count - 1].count + word.count >= omittedWidth { lines.append("") }
      lines[lines.count - 1] += (lines[lines.count - 1].isEmpty ? "" : " ") + word
    }
    return lines.map { SkyLegend.shortened($0, to: omittedWidth) }
  }

  func x(_ t: Instant) -> Double {
    let length = max(window.duration.seconds, 1)
    return plot.low.x + (plot.high.x - plot.low.x) * t.seconds(since: window.start) / length
  }

  func rowMiddle(_ i: Int) -> Double { plot.low.y + rowStep * (Double(i) + 0.5) }

  struct Tick {
    let time: Instant
    let label: String
    /// `Sat 2026-11-21` without the weekday: only at midnight and at the first tick.
    let date: String?
    let isMidnight: Bool
  }

  /// Whole UTC hours at the closest spacing whose labels do not touch.
  var ticks: [Tick] {
    let hours = window.duration.seconds / 3600
    let pixelsPerHour = (plot.high.x - plot.low.x) / max(hours, 1.0 / 60)
    let step = [1, 2, 3, 6, 12, 24, 48, 96].first { Double($0) * pixelsPerHour >= 36 } ?? 168
    let start = window.start.utc
    guard
      let midnight = Instant(utcYear: start.year, month: start.month, day: start.day)
    else { return [] }
    var result: [Tick] = []
    var hour = 0
    while result.count < 200 {
      let time = midnight.advanced(bySeconds: Double(hour) * 3600)
      if time > window.end { break }
      if time >= window.start {
        let isMidnight = hour % 24 == 0
        let date = isMidnight || result.isEmpty ? String(time.iso8601().prefix(10)) : nil
        // Too near the next date otherwise.
        let isCrowded = !isMidnight && Double(24 - hour % 24) * pixelsPerHour < 90
        result.append(
          Tick(
            time: time, label: "\(hour % 24 < 10 ? "0" : "")\(hour % 24)", date: isCrowded ? nil : date,
            isMidnight: isMidnight))
      }
      hour += step
    }
    return result
  }
}

/// Assignments as shaded runs: neighbours of one shade become one stroke, so that hundreds of tiles a
/// telescope stay a few kilobytes.
struct NightBlocks {
  /// From little to much; lightness falls steadily, so that grey prints keep the order.
  static let colors = ["#fecc7a", "#fd9a44", "#ee5a29", "#b91f26", "#5f0a2c"]

  /// Added percent per hour at which the second to the last colour begin.
  let thresholds: [Double]
  let paths: [SVGPath]

  var labels: [String] {
    guard let first = thresholds.first, let last = thresholds.last else { return [] }
    let between = zip(thresholds, thresholds.dropFirst()).map { "\(Self.text($0))–\(Self.text($1))" }
    return ["< \(Self.text(first))"] + between + ["≥ \(Self.text(last))"]
  }

  private static func text(_ x: Double) -> String { x.trimmed(4) }

  static func fitting(_ chart: NightChart, _ layout: NightLayout, budget: Int, unitsPerPixel: Double)
    -> NightBlocks
  {
    let thresholds = thresholds(chart)
    var grain = 1.5
    while true {
      let paths = draw(chart, layout, thresholds, grain: grain, unitsPerPixel: unitsPerPixel)
      let bytes = paths.reduce(0) { $0 + $1.text.utf8.count }
      if bytes <= budget || grain > 40 { return NightBlocks(thresholds: thresholds, paths: paths) }
      grain *= 1.6
    }
  }

  /// Four round values below the highest rate.
  private static func thresholds(_ chart: NightChart) -> [Double] {
    var rates: [Double] = []
    for row in chart.rows {
      for block in row.blocks where block.added.value > 0 {
        rates.append(100 * block.added.value / max(block.window.duration.seconds / 3600, 1e-4))
      }
    }
    guard let highest = rates.max() else { return [] }
    // About a factor of three apart.
    var steps: [Double] = []
    for exponent in stride(from: 6, through: -4, by: -1) {
      var power = 1.0
      for _ in 0..<abs(exponent) { power *= exponent > 0 ? 10 : 0.1 }
      steps += [3 * power, power]
    }
    let first = steps.firstIndex { $0 < highest } ?? steps.count - 4
    return steps[min(first, steps.count - 4)...].prefix(4).reversed()
  }

  /// - Parameter grain: runs of blocks shorter than this many pixels share one shade.
  private static func draw(
    _ chart: NightChart, _ layout: NightLayout, _ thresholds: [Double], grain: Double, unitsPerPixel: Double
  ) -> [SVGPath] {
    var paths = colors.map { _ in SVGPath(unitsPerPixel: unitsPerPixel) }
    for (i, row) in chart.rows.enumerated() {
      let y = layout.rowMiddle(i)
      for run in runs(row.blocks, chart, layout, thresholds, grain) {
        paths[run.shade].add([SIMD2(run.from, y), SIMD2(max(run.to, run.from + 0.6), y)], closed: false)
      }
    }
    return paths
  }

  private struct Run {
    var from: Double
    var to: Double
    var added: Double
    var seconds: Double
    var shade: Int
  }

  private static func runs(
    _ blocks: [NightChart.Block], _ chart: NightChart, _ layout: NightLayout, _ thresholds: [Double],
    _ grain: Double
  ) -> [Run] {
    func shade(_ run: Run) -> Int {
      let rate = 100 * run.added / max(run.seconds / 3600, 1e-4)
      return thresholds.count { rate >= $0 }
    }
    var grains: [Run] = []
    for block in blocks {
      guard let shown = block.window.intersection(chart.window) else { continue }
      let (from, to) = (layout.x(shown.start), layout.x(shown.end))
      let seconds = block.window.duration.seconds
      if let last = grains.last, last.to - last.from < grain, from - last.to < max(1, grain / 2) {
        grains[grains.count - 1].to = to
        grains[grains.count - 1].added += block.added.value
        grains[grains.count - 1].seconds += seconds
      } else {
        grains.append(Run(from: from, to: to, added: block.added.value, seconds: seconds, shade: 0))
      }
    }
    var result: [Run] = []
    for var run in grains {
      run.shade = shade(run)
      if let last = result.last, last.shade == run.shade, run.from - last.to < 1 {
        result[result.count - 1].to = run.to
      } else {
        result.append(run)
      }
    }
    return result
  }
}

/// Probability covered by the network against time.
enum NightCurve {
  static func draw(_ chart: NightChart, _ layout: NightLayout, into svg: inout SVGWriter) {
    let (low, high) = layout.curve
    svg.rect(low.x, low.y, high.x - low.x, high.y - low.y, "fill=\"none\" stroke=\"#333\"")
    let steps = chart.rows.flatMap(\.blocks).sorted { $0.window.end < $1.window.end }
    let total = steps.reduce(0) { $0 + $1.added.value }
    let top = scale(max(total, chart.upperBound?.value ?? 0))
    func y(_ p: Double) -> Double { high.y - (high.y - low.y) * min(p / top, 1) }
    var path = SVGPath()
    var sum = 0.0
    path.move(to: SIMD2(low.x, y(0)))
    var lastX = low.x
    for step in steps {
      let x = min(max(layout.x(step.window.end), low.x), high.x)
      if x - lastX > 1 {
        path.line(to: SIMD2(x, y(sum)))
        lastX = x
      }
      sum += step.added.value
      path.line(to: SIMD2(lastX, y(sum)))
    }
    path.line(to: SIMD2(high.x, y(sum)))
    svg.path(path, "fill=\"none\" stroke=\"#0b5394\" stroke-width=\"2\"")
    svg.raw("<g font-size=\"12\" fill=\"#333\">")
    svg.label(
      "network coverage %", low.x - 8, (low.y + high.y) / 2 + 4, "text-anchor=\"end\" font-weight=\"bold\"")
    svg.label((top * 100).trimmed(2), low.x - 8, low.y + 11, "text-anchor=\"end\"")
    svg.label("0", low.x - 8, high.y, "text-anchor=\"end\"")
    svg.label(
      "\((total * 100).fixed(2)) % at the end", high.x + 8, min(y(total) + 4, high.y),
      "fill=\"#0b5394\" font-weight=\"bold\"")
    if let bound = chart.upperBound, bound.value > 0 {
      svg.line(low.x, y(bound.value), high.x, y(bound.value), "stroke=\"#555\" stroke-dasharray=\"6 4\"")
      let gap = abs(y(bound.value) - y(total))
      let above = min(y(bound.value), y(total) - (gap < 16 ? 12 : 0))
      // Above the frame are the rows' own figures.
      svg.label(
        "bound \((bound.value * 100).fixed(2)) %", high.x + 8, above < low.y ? y(total) + 18 : above,
        "fill=\"#555\"")
    }
    svg.raw("</g>")
  }

  /// The next of 1, 2, 5 times a power of ten, at most the whole.
  private static func scale(_ p: Double) -> Double {
    let steps = [1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1]
    return steps.first { $0 >= p } ?? 1
  }
}
