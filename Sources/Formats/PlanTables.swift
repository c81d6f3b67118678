import JSON
import Units

/// The columns that `plan.csv` and `plan.ecsv` share.
struct TableColumn: Sendable {
  enum Kind: Sendable { case integer, real, text }
  enum Cell: Sendable {
    case missing
    /// Written as it is, in every format.
    case number(String)
    /// Made here from numbers (`+23:48:33.8`, a time): never guarded, since a `'` would break it.
    case coordinate(String)
    /// From outside: names, filters, sentences.
    case text(String)
  }
  let name: String
  let kind: Kind
  var unit: String?
  let description: String
  let cell: @Sendable (PlanDocument, PlanDocument.Row) -> Cell

  init(
    _ name: String, _ kind: Kind, unit: String? = nil, _ description: String,
    _ cell: @escaping @Sendable (PlanDocument, PlanDocument.Row) -> Cell
  ) {
    self.name = name
    self.kind = kind
    self.unit = unit
    self.description = description
    self.cell = cell
  }
}

extension TableColumn {
  static let plan: [TableColumn] = [
    .init("plan_id", .text, "Plan of one telescope") { p, _ in .text(p.planID) },
    .init("event", .text, "Event the plan is for") { p, _ in .text(p.event.id) },
    .init("status", .text, "GO, WAIT or STOP") { p, _ in .text(p.status.rawValue) },
    .init("telescope", .text, "Telescope name") { p, _ in .text(p.telescope.name) },
  ]

  static let row: [TableColumn] = [
    .init("rank", .integer, "1 for the most probable tile of the telescope") { .number(String($1.rank)) },
    .init("field_id", .text, "Field on the telescope's grid") { .text($1.fieldID) },
    .init("target", .text, "Target name") { .text($1.target) },
    .init("ra_deg", .real, unit: "deg", "Right ascension, ICRS") { .number($1.raText(8)) },
    .init("dec_deg", .real, unit: "deg", "Declination, ICRS") { .number($1.decDeg.fixed(8)) },
    .init("ra_hms", .text, "Right ascension, ICRS, hours") {
      .coordinate(Angle.degrees($1.raDeg).hoursMinutesSeconds)
    },
    .init("dec_dms", .text, "Declination, ICRS, degrees") {
      .coordinate(Angle.degrees($1.decDeg).degreesMinutesSeconds)
    },
    .init("pa_deg", .real, unit: "deg", "Position angle of the field's top, north toward east") {
      .number($1.paDeg.trimmed(6))
    },
    .init("start_utc", .text, "Start of the first exposure, UTC") { .coordinate($1.startUTC.text) },
    .init("end_utc", .text, "End of the last exposure, UTC") { .coordinate($1.endUTC.text) },
    .init("latest_start_utc", .text, "Last start at which all limits hold, UTC") {
      .coordinate($1.latestStartUTC.text)
    },
    .init("exptime_s", .real, unit: "s", "One exposure") { .number($1.exptimeS.trimmed(3)) },
    .init("nexp", .integer, "Number of exposures") { .number(String($1.nexp)) },
    .init("filter", .text, "Filter as the site names it") { _, r in r.filter.map { .text($0) } ?? .missing },
    .init("airmass", .real, "Airmass (sec z) at the middle") { _, r in
      r.airmass.map { .number($0.trimmed(4)) } ?? .missing
    },
    .init("alt_deg", .real, unit: "deg", "Altitude at the middle") { .number($1.altDeg.trimmed(4)) },
    .init("az_deg", .real, unit: "deg", "Azimuth at the middle, north toward east") {
      .number($1.azDeg.trimmed(4))
    },
    .init("moon_sep_deg", .real, unit: "deg", "Angle to the Moon at the middle") {
      .number($1.moonSepDeg.trimmed(4))
    },
    .init("prob", .real, "Probability inside the footprint") { .number($1.prob.trimmed(10)) },
    .init("cum_prob", .real, "Probability covered by the telescope so far") {
      .number($1.cumProb.trimmed(10))
    },
    .init("reason", .text, "Why it is in the plan") { .text($1.reason) },
  ]

  /// The start as clocks at the site show it: the last column, and only on request.
  static func local(_ local: LocalTime?) -> [TableColumn] {
    guard let local else { return [] }
    return [
      .init("start_local", .text, "Start of the first exposure at the site") {
        .coordinate(local.text($1.startUTC))
      }
    ]
  }

  /// Only ECSV and VOTable have these: `plan.csv` keeps the columns its readers know.
  static let more: [TableColumn] = [
    .init("ha_h", .real, unit: "h", "Hour angle at the middle") { .number($1.haH.trimmed(4)) },
    .init("sun_alt_deg", .real, unit: "deg", "Altitude of the Sun at the middle") {
      .number($1.sunAltDeg.trimmed(4))
    },
    .init("added", .real, "Probability no earlier exposure of the network covers") {
      .number($1.added.trimmed(10))
    },
    .init("tile_key", .text, "Stable key of the tile") { .text($1.tileKey) },
  ]
}

extension PlanDocument.Row {
  /// Degrees in [0, 360) with `decimals`; 360 never appears.
  func raText(_ decimals: Int) -> String {
    let text = raDeg.fixed(decimals)
    return text.hasPrefix("360") ? 0.0.fixed(decimals) : text
  }
}

/// `plan.csv` (RFC 4180): UTF-8 without byte order mark, CRLF, one header row, no comments.
public enum PlanCSV {
  public static func render(_ plan: PlanDocument, local: LocalTime? = nil) -> String {
    let columns = TableColumn.plan + TableColumn.row + TableColumn.local(local)
    var text = columns.map(\.name).joined(separator: ",") + "\r\n"
    for row in plan.rows {
      let cells = columns.map { column in
        switch column.cell(plan, row) {
        case .missing: ""
        case .number(let s), .coordinate(let s): s
        case .text(let s): quoted(guarded(s))
        }
      }
      text += cells.joined(separator: ",") + "\r\n"
    }
    return text
  }

  /// A text cell that a spreadsheet would run as a formula gets a leading `'`.
  static func guarded(_ text: String) -> String {
    guard let first = text.unicodeScalars.first, "=+-@\t\r".unicodeScalars.contains(first) else {
      return text
    }
    return "'" + text
  }

  /// RFC 4180, section 2, rules 5 to 7.
  static func quoted(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: { $0 == "," || $0 == "\"" || $0 == "\r" || $0 == "\n" }) else {
      return text
    }
    return doubleQuoted(text)
  }

  static func doubleQuoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      if scalar == "\"" { result += "\"" }
      result.unicodeScalars.append(scalar)
    }
    return result + "\""
  }
}

/// `plan.ecsv` (Enhanced Character Separated Values 1.0, astropy APE 6): units, types and descriptions
/// with the data.
public enum PlanECSV {
  public static func render(_ plan: PlanDocument, local: LocalTime? = nil) -> String {
    let columns = TableColumn.row + TableColumn.more + TableColumn.local(local)
    var lines = ["# %ECSV 1.0", "# ---", "# datatype:"]
    lines += columns.map { "# - {\(attributes($0))}" }
    lines += ["# delimiter: ','", "# meta: !!omap"]
    lines += meta(plan).map { "# - {\($0): \(JSONPrinter.text($1))}" }
    lines += ["# schema: astropy-2.0", columns.map(\.name).joined(separator: ",")]
    for row in plan.rows {
      lines.append(columns.map { cell($0.cell(plan, row)) }.joined(separator: ","))
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private static func attributes(_ column: TableColumn) -> String {
    let datatype =
      switch column.kind {
      case .integer: "int64"
      case .real: "float64"
      case .text: "string"
      }
    var text = "name: \(column.name), "
    if let unit = column.unit { text += "unit: \(unit), " }
    return text + "datatype: \(datatype), description: \(JSONPrinter.text(.string(column.description)))"
  }

  private static func meta(_ plan: PlanDocument) -> [(String, JSONValue)] {
    [
      ("telescope", .string(plan.telescope.name)), ("event", .string(plan.event.id)),
      ("plan_id", .string(plan.planID)), ("made", .string(plan.made.text)),
      ("status", .string(plan.status.rawValue)), ("sha256", .string(plan.sha256 ?? plan.digest())),
    ]
  }

  /// Every text is quoted: an unquoted empty cell means "missing", and a quoted one means "empty". Line
  /// ends become spaces, which the line-based readers of this format need.
  private static func cell(_ cell: TableColumn.Cell) -> String {
    switch cell {
    case .missing: ""
    case .number(let s): s
    case .coordinate(let s): s
    case .text(let s):
      PlanCSV.doubleQuoted(String(s.map { $0.isNewline ? " " : $0 }))
    }
  }
}

/// `network.csv`: every single exposure of the network, for judges and other planners.
public enum NetworkCSV {
  /// Columns `tel,ra,dec,mjd,exp`: degrees ICRS, UTC modified Julian date of the start, seconds. A row of
  /// n exposures gives n lines that share its time evenly, readouts between. By time, then telescope.
  public static func render(_ network: NetworkPlanDocument) -> String {
    var exposures: [(start: Instant, telescope: String, line: String)] = []
    for plan in network.plans {
      let name = PlanCSV.quoted(plan.telescope.name)
      for row in plan.rows {
        let place = "\(name),\(row.raText(8)),\(row.decDeg.fixed(8)),"
        for start in starts(row) {
          let line = place + "\(start.mjdUTC.fixed(10)),\(row.exptimeS.trimmed(3))\n"
          exposures.append((start, plan.telescope.name, line))
        }
      }
    }
    exposures.sort { ($0.start, $0.telescope) < ($1.start, $1.telescope) }
    return "tel,ra,dec,mjd,exp\n" + exposures.map(\.line).joined()
  }

  /// The row's own end gives the step, so that no exposure can end after it.
  private static func starts(_ row: PlanDocument.Row) -> [Instant] {
    guard row.nexp > 1 else { return row.nexp == 1 ? [row.startUTC.instant] : [] }
    let span = row.endUTC.instant.seconds(since: row.startUTC.instant) - row.exptimeS
    let step = max(row.exptimeS, span / Double(row.nexp - 1))
    return (0..<row.nexp).map { row.startUTC.instant.advanced(bySeconds: Double($0) * step) }
  }
}
