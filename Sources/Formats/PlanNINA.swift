import Units

/// `plan.nina.csv`: the mosaic dialect of the target lists that N.I.N.A. imports.
///
/// Its importer finds columns by their names, splits at every comma, takes every line for a target and
/// reads runs of digits, with a minus anywhere for the sign. So there is no comment and no quoted cell;
/// the plan's head stands in the names of columns after the four that it reads: a file with fewer rows
/// than `rows=` says is cut short. Exposures and filters have no column: they are in the names.
public enum PlanNINA {
  public static func render(_ plan: PlanDocument) -> String {
    let head = [
      "Pane", "RA", "DEC", "Position Angle (East)", "STATUS=\(plan.status.rawValue)",
      "plan=\(cell(plan.planID))", "made=\(plan.made.instant.iso8601())", "rows=\(plan.rows.count)",
      "sha256=\(cell(plan.seal))", "END",
    ]
    return ([head.joined(separator: ", ")] + plan.rows.map(line)).map { $0 + "\n" }.joined()
  }

  private static func line(_ row: PlanDocument.Row) -> String {
    let ra = marked(Angle.degrees(row.raDeg).hoursMinutesSeconds, "h")
    let dec = marked(Angle.degrees(row.decDeg).degreesMinutesSeconds, "d")
    let turn = row.paDeg.truncatingRemainder(dividingBy: 360)
    let angle = (turn < 0 ? turn + 360 : turn).fixed(2)
    return "\(name(row)), \(ra), \(dec), \(angle == "360.00" ? "0.00" : angle)"
  }

  /// `S230518h_r4_002_i_3x60s`: `[A-Za-z0-9_]`, a point as `p`.
  static func name(_ row: PlanDocument.Row) -> String {
    let count = row.nexp == 1 ? "" : "\(row.nexp)x"
    let time = row.exptimeS.trimmed(3).replacing(".", with: "p")
    let filter = row.filter.map { "_" + PlanACP.name($0) } ?? ""
    return "\(PlanACP.name(row.target))\(filter)_\(PlanACP.name("\(count)\(time)s"))"
  }

  /// `14:45:21.17` as `14h45m21.17s`.
  private static func marked(_ text: String, _ first: String) -> String {
    let parts = text.split(separator: ":")
    guard parts.count == 3 else { return text }
    return "\(parts[0])\(first)\(parts[1])m\(parts[2])s"
  }

  private static func cell(_ text: String) -> String {
    String(ASCIIText.token(text).map { $0 == "," || $0 == "\"" ? "_" : $0 })
  }
}
