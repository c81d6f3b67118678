import Formats

/// The summary for a terminal.
public enum SimulationText {
  public static func render(_ s: SimulationSummary) -> String {
    var lines = [
      "nights           \(s.nights), \(s.failures) without a plan, \(s.idle) with nothing to observe", "",
      "                    5 %     25 %   median     75 %     95 %     mean",
    ]
    func row(_ name: String, _ spread: SimulationSummary.Spread?, _ text: (Double) -> String) {
      guard let spread else { return }
      let cells = [spread.p05, spread.p25, spread.median, spread.p75, spread.p95, spread.mean]
      lines.append(name.padded(right: 15) + cells.map { text($0).padded(left: 9) }.joined())
    }
    row("area90 deg2", s.area90Deg2) { $0.significant() }
    row("covered %", s.probability) { ($0 * 100).fixed(2) }
    row("in reach %", s.reachable) { ($0 * 100).fixed(2) }
    row("gap %", s.gap) { ($0 * 100).fixed(2) }
    row("detection %", s.detection) { ($0 * 100).fixed(2) }
    row("telescopes", s.telescopes) { $0.fixed(1) }
    row("tiles", s.assignments) { $0.fixed(0) }
    row("first min", s.firstMinutes) { $0.fixed(1) }
    row("open hours", s.openHours) { $0.fixed(1) }
    if let source = s.source, let detection = s.detection {
      lines += ["", "of sources like \(source), \((detection.mean * 100).fixed(2)) % would be found"]
    }
    if !s.costs.isEmpty {
      lines += ["", "telescope                   nights    tiles   open h  added %"]
      for cost in s.costs.prefix(12) {
        lines.append(
          String(cost.telescope.prefix(24)).padded(right: 24) + "\(cost.nights)".padded(left: 10)
            + "\(cost.tiles)".padded(left: 9) + cost.openHours.fixed(1).padded(left: 9)
            + (cost.meanAdded * 100).fixed(2).padded(left: 9))
      }
    }
    return lines.map { $0 + "\n" }.joined()
  }
}
