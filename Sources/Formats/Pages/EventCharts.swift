import Units

/// Probability covered by the network against time, for a page. About 3 KB.
public enum CoverageChart {
  public static func render(_ digest: PlanDigest, now: Instant, id: String = "coverage") -> String {
    let window = digest.summary.window.window
    let points = digest.curve
    let total = points.last?.prob ?? 0
    let bound = digest.summary.network.upperBound
    let (start, length) = (window.start, max(window.duration.seconds, 1))
    let top = scale(max(total, bound ?? 0)) * 100
    var text = "\((total * 100).fixed(1)) % of the probability is covered when the plan is done"
    if let first = points.first {
      text += ", the first exposure ends at \(first.utc.instant.dateAndMinutes) UTC"
    }
    if let bound { text += "; no plan can cover more than \((bound * 100).fixed(1)) %" }
    var chart = PageChart(
      id: id, title: "Coverage against time", description: text + ".", height: 200, x: 0...length, y: 0...top)
    for part in [0, 0.5, 1] { chart.yLabel("\((top * part).trimmed(2))%", at: top * part) }
    chart.horizontal(top / 2, "c-grid")
    if let bound { chart.horizontal(bound * 100, "c-limit") }
    var steps: [(Double, Double)] = [(0, 0)]
    for point in points {
      let at = point.utc.instant.seconds(since: start)
      steps.append((at, steps[steps.count - 1].1))
      steps.append((at, point.prob * 100))
    }
    steps.append((length, total * 100))
    chart.curve(steps, "c-line")
    if window.contains(now) { chart.vertical(now.seconds(since: start), "c-now") }
    chart.hours(from: window.start, to: window.end)
    return chart.finish(note: "UTC" + (bound == nil ? "" : ", dashed: no plan covers more"))
  }

  /// The next of 1, 2, 5 times a power of ten, at most the whole.
  static func scale(_ p: Double) -> Double {
    let steps = [1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1]
    return steps.first { $0 >= p } ?? 1
  }
}

/// How far away the source may be, for a page: nil where the map says nothing of it.
public enum DistanceChart {
  public static func render(_ digest: PlanDigest, id: String = "distance") -> String? {
    let points = digest.distance
    guard points.count > 2, let last = points.last, let peak = points.map(\.density).max(), peak > 0 else {
      return nil
    }
    let map = digest.summary.map
    var text = "The distance posterior of the map"
    if let mean = map.distanceMeanMpc {
      text += ": mean \(mean.fixed(0))"
      if let deviation = map.distanceStdMpc { text += " ± \(deviation.fixed(0))" }
      text += " Mpc"
    }
    var chart = PageChart(
      id: id, title: "Distance", description: text + ".", height: 180, x: 0...last.mpc, y: 0...1.05)
    if let mean = map.distanceMeanMpc {
      if let d = map.distanceStdMpc { chart.band(from: mean - d, to: mean + d, "c-band") }
      chart.vertical(mean, "c-grid")
    }
    chart.curve(points.map { ($0.mpc, $0.density / peak) }, "c-line")
    let step =
      [1.0, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000].first { last.mpc / $0 <= 6 } ?? 10_000
    for value in stride(from: 0, through: last.mpc, by: step) { chart.xLabel(value.fixed(0), at: value) }
    return chart.finish(note: "Mpc; probability density, band: mean ± deviation")
  }
}
