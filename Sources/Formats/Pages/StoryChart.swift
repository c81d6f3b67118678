import Units

/// What happened about an event against time, one lane for each sort of happening. About 3 KB.
public enum StoryChart {
  public struct Moment: Hashable, Sendable {
    public let at: Instant
    /// One of `lanes`.
    public let lane: String
    public init(at: Instant, lane: String) {
      self.at = at
      self.lane = lane
    }
  }
  public static let lanes = ["notices", "decisions", "plans", "people", "teams"]

  /// - Returns: nil for less than two moments: there is no axis then.
  public static func render(_ moments: [Moment], event: String, id: String = "story") -> String? {
    guard let first = moments.map(\.at).min(), let last = moments.map(\.at).max(), moments.count > 1,
      first < last
    else { return nil }
    let length = max(last.seconds(since: first), 60)
    var counts: [String] = []
    for lane in lanes {
      let n = moments.filter { $0.lane == lane }.count
      if n > 0 { counts.append("\(n) of \(lane)") }
    }
    var chart = PageChart(
      id: id, title: "What happened, and when",
      description: "\(event), from \(first.dateAndMinutes) to \(last.dateAndMinutes) UTC: "
        + counts.joined(separator: ", ") + ". The list below says the same in words.",
      width: 480, height: 190, x: 0...length, y: -0.5...(Double(lanes.count) - 0.5), left: 64,
      right: 12)
    for (i, lane) in lanes.enumerated() {
      let height = Double(lanes.count - 1 - i)
      chart.horizontal(height, "c-grid")
      chart.yLabel(lane, at: height)
      // Moments that fall on one mark are one.
      var places: Set<Int> = []
      for moment in moments where moment.lane == lane {
        let at = moment.at.seconds(since: first)
        guard places.insert(Int(chart.atX(at))).inserted else { continue }
        chart.mark(chart.atX(at), chart.atY(height))
      }
    }
    let step = [60.0, 300, 600, 1800, 3600, 7200, 21_600, 43_200, 86_400, 604_800].first { length / $0 <= 6 }
    for value in stride(from: 0, through: length, by: step ?? length) {
      chart.xLabel(value == 0 ? "0" : span(value), at: value)
    }
    return chart.finish(note: "since \(first.dateAndMinutes) UTC")
  }

  private static func span(_ seconds: Double) -> String {
    if seconds < 3600 { return "\(Int(seconds / 60)) min" }
    return seconds < 172_800 ? "\((seconds / 3600).trimmed(1)) h" : "\((seconds / 86_400).trimmed(1)) d"
  }
}
