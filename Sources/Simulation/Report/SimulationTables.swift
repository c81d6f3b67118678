import Formats

/// The records and the costs as CSV (RFC 4180 quoting, lines end in LF), absent values empty.
public enum SimulationTables {
  public static func events(_ records: [SimulationRecord]) -> String {
    let head =
      "key,event,start_utc,detectors,area50_deg2,area90_deg2,distance_mpc,probability,reachable,upper_bound,"
      + "gap,detection,telescopes,assignments,first_minutes,open_hours,failure\n"
    return head
      + records.map { r in
        let cells: [String] = [
          quoted(r.key), quoted(r.event), r.start.map { $0.instant.iso8601() } ?? "",
          quoted(r.detectors ?? ""),
          number(r.area50Deg2, 3), number(r.area90Deg2, 3), number(r.distanceMpc, 2),
          number(r.probability, 6), number(r.reachable, 6), number(r.upperBound, 6), number(r.gap, 6),
          number(r.detection, 6),
          r.failure == nil ? "\(r.shares.count)" : "", r.assignments.map { "\($0)" } ?? "",
          number(r.firstMinutes, 2), number(r.openHours, 4), quoted(r.failure ?? ""),
        ]
        return cells.joined(separator: ",") + "\n"
      }.joined()
  }

  public static func costs(_ summary: SimulationSummary) -> String {
    "telescope,nights,tiles,open_hours,mean_added\n"
      + summary.costs.map {
        "\(quoted($0.telescope)),\($0.nights),\($0.tiles),\($0.openHours.fixed(3)),\($0.meanAdded.fixed(6))\n"
      }.joined()
  }

  private static func number(_ value: Double?, _ decimals: Int) -> String {
    value.map { $0.fixed(decimals) } ?? ""
  }

  private static func quoted(_ text: String) -> String {
    // A leading sign would be a formula to a spreadsheet.
    let safe = text.first.map { "=+-@\t".contains($0) } == true ? "'" + text : text
    guard safe.contains(where: { ",\"\r\n".contains($0) || $0.isNewline }) else { return safe }
    return "\"" + safe.replacing("\"", with: "\"\"") + "\""
  }
}
