import Units

/// `plan.txt`: one telescope's plan for people and `awk`.
///
/// 127 printed columns and the line end; ASCII; one token per cell; `-` for an empty cell. Columns only
/// grow when a value does not fit (a long field id or filter name): nothing is ever cut. Starts are
/// whole seconds rounded up, so none is early. A file without its `# END` line is truncated.
public enum PlanText {
  public enum LineEnd: String, Sendable {
    case lf = "\n"
    case crlf = "\r\n"
  }

  /// Columns of a comment line.
  static let width = 127

  /// - Parameter local: adds the local start as the last column.
  public static func render(
    _ plan: PlanDocument, lineEnd: LineEnd = .lf, local: LocalTime? = nil
  ) -> String {
    var lines = head(plan)
    lines += table(plan.rows, local)
    lines.append("# END rows=\(plan.rows.count) sha256=\(plan.sha256 ?? plan.digest())")
    return lines.map { $0 + lineEnd.rawValue }.joined()
  }

  private static func head(_ plan: PlanDocument) -> [String] {
    let token = ASCIIText.token
    func seconds(_ t: UTCTime) -> String { t.instant.iso8601() }
    var lines = [
      "# GRANDMA plan v1  telescope=\(token(plan.telescope.name))  event=\(token(plan.event.id))"
        + "  alert=\(token(plan.event.alert ?? "-"))  plan=\(token(plan.planID))",
      "# made=\(seconds(plan.made))  valid=\(seconds(plan.valid.start))/\(seconds(plan.valid.end))"
        + "  frame=ICRS J2000  times=UTC  STATUS=\(plan.status.rawValue)",
      "# replaces=\(token(plan.replaces ?? "-"))  ack=\(token(plan.links?.ack ?? "-"))"
        + "  contact=\(token(plan.telescope.contact ?? plan.telescope.channel ?? "-"))",
    ]
    if plan.status == .stop {
      lines.append("# STOP: observe nothing for this event; earlier plans for it are void.")
    }
    func comment(_ label: String, _ text: String) {
      lines += ASCIIText.wrapped(text, prefix: "# \(label): ", width: width)
    }
    comment("map", mapLine(plan.map))
    comment("dark", darkLine(plan.darkWindows))
    for a in plan.assumptions { comment("assumed", "\(a.key) = \(a.value) (\(a.basis))") }
    for note in plan.notes { comment("note", note) }
    if plan.rows.isEmpty, plan.status != .stop, plan.notes.isEmpty {
      comment("note", "nothing to observe in this plan")
    }
    return lines
  }

  private static func mapLine(_ map: PlanDocument.MapNumbers) -> String {
    var text = "50 % in \(map.area50Deg2.significant()) deg2, 90 % in \(map.area90Deg2.significant()) deg2"
    if let mean = map.distanceMeanMpc {
      text += ", distance \(mean.significant())"
      if let deviation = map.distanceStdMpc { text += " +- \(deviation.significant())" }
      text += " Mpc"
    }
    return text
  }

  private static func darkLine(_ windows: [UTCWindow]) -> String {
    guard !windows.isEmpty else { return "none in the plan's window" }
    return windows.map {
      "\($0.start.instant.iso8601())/\($0.end.instant.iso8601())"
        + " (\(($0.window.duration.seconds / 3600).fixed(1)) h)"
    }.joined(separator: ", ")
  }

  private struct Column: Sendable {
    let name: String
    let width: Int
    let alignsLeft: Bool
    let cell: @Sendable (PlanDocument.Row) -> String
    init(
      _ name: String, _ width: Int, left: Bool = false,
      _ cell: @escaping @Sendable (PlanDocument.Row) -> String
    ) {
      self.name = name
      self.width = width
      alignsLeft = left
      self.cell = cell
    }
    func padded(_ text: String, _ width: Int) -> String {
      alignsLeft ? text.padded(right: width) : text.padded(left: width)
    }
  }

  private static let columns: [Column] = [
    Column("rank", 4) { String($0.rank) },
    Column("field", 12, left: true) { ASCIIText.token($0.fieldID) },
    Column("ra_hms", 11) { Angle.degrees($0.raDeg).hoursMinutesSeconds },
    Column("dec_dms", 11) { Angle.degrees($0.decDeg).degreesMinutesSeconds },
    Column("ra_deg", 10) { $0.raText(6) },
    Column("dec_deg", 10) { $0.decDeg.signedFixed(6) },
    Column("start_utc", 20) { $0.startUTC.instant.secondsRoundedUp() },
    Column("exp_s", 5) { $0.exptimeS.trimmed(3) },
    Column("n", 2) { String($0.nexp) },
    Column("filt", 5, left: true) { ASCIIText.token($0.filter ?? "-") },
    Column("airm", 4) { $0.airmass.map { $0.fixed($0 < 9.995 ? 2 : 1) } ?? "-" },
    Column("alt", 3) { $0.altDeg.fixed(0) },
    Column("moon", 4) { $0.moonSepDeg.fixed(0) },
    Column("prob_%", 6) { $0.prob.percent(decimals: 3, width: 6) },
    Column("cum_%", 6) { $0.cumProb.percent(decimals: 2, width: 6) },
  ]

  private static func table(_ rows: [PlanDocument.Row], _ local: LocalTime?) -> [String] {
    let columns = columns + (local.map { l in [Column("start_local", 25) { l.text($0.startUTC) }] } ?? [])
    var lines = [String](repeating: "", count: rows.count + 1)
    for column in columns {
      let cells = [column.name] + rows.map(column.cell)
      let width = max(column.width, cells.map(\.utf8.count).max() ?? 0)
      for i in cells.indices {
        if !lines[i].isEmpty { lines[i] += " " }
        lines[i] += column.padded(cells[i], width)
      }
    }
    return lines
  }
}
