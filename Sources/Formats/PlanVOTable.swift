import Units

/// `plan.votable`: VOTable 1.4 (IVOA Recommendation, 2019) with a TABLEDATA serialisation: the columns
/// of `plan.ecsv` with units and UCDs (UCD1+ 1.6), and the plan's head as PARAMs, `STATUS` first.
public enum PlanVOTable {
  public static func render(_ plan: PlanDocument, local: LocalTime? = nil) -> String {
    let columns = TableColumn.row + TableColumn.more + TableColumn.local(local)
    var lines = [
      #"<?xml version="1.0" encoding="UTF-8"?>"#,
      #"<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">"#,
      #"<RESOURCE type="results">"#,
      #"<COOSYS ID="icrs" system="ICRS"/>"#,
      #"<TIMESYS ID="utc" timescale="UTC" refposition="TOPOCENTER"/>"#,
    ]
    lines += head(plan)
    // A reader can tell a table cut at a row's end from a whole one.
    lines.append(#"<TABLE name="plan" nrows="\#(plan.rows.count)">"#)
    lines += columns.map(field)
    lines += ["<DATA>", "<TABLEDATA>"]
    for row in plan.rows {
      lines.append("<TR>" + columns.map { "<TD>\(cell($0.cell(plan, row)))</TD>" }.joined() + "</TR>")
    }
    lines += ["</TABLEDATA>", "</DATA>", "</TABLE>", "</RESOURCE>", "</VOTABLE>"]
    return lines.map { $0 + "\n" }.joined()
  }

  private static func head(_ plan: PlanDocument) -> [String] {
    func text(_ name: String, _ ucd: String, _ value: String) -> String {
      #"<PARAM name="\#(name)" datatype="unicodeChar" arraysize="*" ucd="\#(ucd)" value="\#(escaped(value))"/>"#
    }
    return [
      text("STATUS", "meta.code.status", plan.status.rawValue),
      text("plan_id", "meta.id;meta.dataset", plan.planID),
      text("event", "meta.id", plan.event.id),
      text("telescope", "meta.id;instr.tel", plan.telescope.name),
      text("made", "time.creation", plan.made.text),
      text("valid_start", "time.start", plan.valid.start.text),
      text("valid_end", "time.end", plan.valid.end.text),
      text("sha256", "meta.checksum", plan.seal),
    ]
  }

  private static func field(_ column: TableColumn) -> String {
    var text = #"<FIELD name="\#(column.name)""#
    switch column.kind {
    case .integer: text += #" datatype="long""#
    case .real: text += #" datatype="double""#
    case .text: text += #" datatype="unicodeChar" arraysize="*""#
    }
    if let unit = column.unit { text += #" unit="\#(unit)""# }
    if let ucd = ucds[column.name] { text += #" ucd="\#(ucd)""# }
    if column.name.hasSuffix("_utc") { text += #" xtype="timestamp" ref="utc""# }
    if column.name == "ra_deg" || column.name == "dec_deg" { text += #" ref="icrs""# }
    return text + "><DESCRIPTION>\(escaped(column.description))</DESCRIPTION></FIELD>"
  }

  /// A filter's name is an identifier: `instr.filter` may only follow another word.
  private static let ucds = [
    "rank": "meta.number", "field_id": "meta.id;obs.field", "target": "meta.id;meta.main",
    "ra_deg": "pos.eq.ra;meta.main", "dec_deg": "pos.eq.dec;meta.main", "ra_hms": "pos.eq.ra",
    "dec_dms": "pos.eq.dec", "pa_deg": "pos.posAng", "start_utc": "time.start", "end_utc": "time.end",
    "latest_start_utc": "time.start;stat.max", "exptime_s": "time.duration;obs.exposure",
    "nexp": "meta.number;obs.exposure", "filter": "meta.id;instr.filter", "airmass": "obs.airMass",
    "alt_deg": "pos.az.alt", "az_deg": "pos.az.azi", "moon_sep_deg": "pos.angDistance",
    "prob": "stat.probability", "cum_prob": "stat.probability", "added": "stat.probability",
    "reason": "meta.note", "ha_h": "pos.posAng;pos.eq", "sun_alt_deg": "pos.az.alt",
    "tile_key": "meta.id", "start_local": "time.start",
  ]

  private static func cell(_ cell: TableColumn.Cell) -> String {
    switch cell {
    case .missing: ""
    case .number(let s), .coordinate(let s): s
    case .text(let s): escaped(s)
    }
  }

  /// For text and attributes of XML 1.0. Line ends and tabs become spaces; other characters that XML
  /// cannot hold at all become U+FFFD.
  static func escaped(_ text: String) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\t", "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": result += " "
      default:
        let isAllowed = scalar.value >= 0x20 && scalar.value != 0xFFFE && scalar.value != 0xFFFF
        result.unicodeScalars.append(isAllowed ? scalar : "\u{FFFD}")
      }
    }
    return result
  }
}
