import Foundation

/// Writes FITS byte by byte, right or wrong: tests must be able to lie in any card.
struct TableBuilder {
  enum Column {
    case int64(String, [Int64])
    case int32(String, [Int32])
    case double(String, [Double])
    case float(String, [Float])
    /// So many values in each row.
    case floatRows(String, [Float], perRow: Int)

    var name: String {
      switch self {
      case .int64(let n, _), .int32(let n, _), .double(let n, _), .float(let n, _), .floatRows(let n, _, _): n
      }
    }
    var form: String {
      switch self {
      case .int64: "K"
      case .int32: "1J"
      case .double: "D"
      case .float: "E"
      case .floatRows(_, _, let perRow): "\(perRow)E"
      }
    }
    var rows: Int {
      switch self {
      case .int64(_, let v): v.count
      case .int32(_, let v): v.count
      case .double(_, let v): v.count
      case .float(_, let v): v.count
      case .floatRows(_, let v, let perRow): v.count / perRow
      }
    }
    func bytes(row: Int) -> [UInt8] {
      func big<T: FixedWidthInteger>(_ v: T) -> [UInt8] { withUnsafeBytes(of: v.bigEndian) { [UInt8]($0) } }
      switch self {
      case .int64(_, let v): return big(v[row])
      case .int32(_, let v): return big(v[row])
      case .double(_, let v): return big(v[row].bitPattern)
      case .float(_, let v): return big(v[row].bitPattern)
      case .floatRows(_, let v, let n): return v[row * n..<row * n + n].flatMap { big($0.bitPattern) }
      }
    }
  }

  var columns: [Column]
  /// Cards after the mandatory ones, as text.
  var cards: [String]
  /// Replaces the value of mandatory cards.
  var lies: [String: String] = [:]

  static let primary = block(["SIMPLE  =                    T", "BITPIX  = 8", "NAXIS   = 0", "EXTEND  = T"])

  func fits() -> [UInt8] { Self.primary + table() }

  func table() -> [UInt8] {
    var data: [UInt8] = []
    for row in 0..<(columns.first?.rows ?? 0) { for column in columns { data += column.bytes(row: row) } }
    let rows = columns.first?.rows ?? 0
    func value(_ name: String, _ truth: Any) -> String {
      "\(name.padding(toLength: 8, withPad: " ", startingAt: 0))= \(lies[name] ?? "\(truth)")"
    }
    var text = [
      value("XTENSION", "'BINTABLE'"), value("BITPIX", 8), value("NAXIS", 2),
      value("NAXIS1", rows > 0 ? data.count / rows : 0), value("NAXIS2", rows), value("PCOUNT", 0),
      value("GCOUNT", 1),
      value("TFIELDS", columns.count),
    ]
    for (i, column) in columns.enumerated() {
      text += [value("TTYPE\(i + 1)", "'\(column.name)'"), value("TFORM\(i + 1)", "'\(column.form)'")]
    }
    return Self.block(text + cards) + data + [UInt8](repeating: 0, count: (2880 - data.count % 2880) % 2880)
  }

  static func block(_ cards: [String]) -> [UInt8] {
    let bytes = (cards + ["END"]).flatMap {
      Array($0.utf8) + [UInt8](repeating: 32, count: max(0, 80 - $0.utf8.count))
    }
    return bytes + [UInt8](repeating: 32, count: (2880 - bytes.count % 2880) % 2880)
  }

  /// The twelve base cells with probability 1/12 each, and whatever else is asked.
  static func baseCells(_ cards: [String] = ["ORDERING= 'NUNIQ'"]) -> TableBuilder {
    TableBuilder(
      columns: [
        .int64("UNIQ", (4..<16).map { $0 }), .double("PROBDENSITY", (0..<12).map { _ in 1 / (4 * .pi) }),
      ], cards: ["TUNIT2  = 'sr-1'", "COORDSYS= 'C'"] + cards)
  }
}
