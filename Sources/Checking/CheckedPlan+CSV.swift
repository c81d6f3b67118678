import Observatories
import Units

extension CheckedPlan {
  /// Reads `network.csv`: columns `tel,ra,dec,mjd,exp` by name, in any order, others ignored; degrees
  /// ICRS, UTC start as modified Julian date, seconds. RFC 4180 quoting, LF or CRLF, a byte-order mark
  /// and empty lines are fine. A header alone is a plan with nothing to do.
  ///
  /// - Parameters:
  ///   - window: what the plan was asked to fill; the file does not say.
  ///   - eventTime: likewise.
  ///   - resolve: the telescope of a name, or nil.
  public init(
    csv bytes: some Sequence<UInt8>, window: TimeWindow? = nil, eventTime: Instant? = nil,
    telescopes resolve: (String) -> Telescope?
  ) throws(CheckError) {
    var table = CSVTable(try plainText(Array(bytes)))
    guard let header = try table.next() else { throw .empty }
    let names = header.cells.map { trimmed($0).lowercased() }
    var columns: [Int] = []
    for name in ["tel", "ra", "dec", "mjd", "exp"] {
      guard let i = names.firstIndex(of: name) else { throw .missingColumn(name, found: names) }
      columns.append(i)
    }
    let filter = names.firstIndex(of: "filter")

    var order: [String] = []
    var rows: [String: [Assignment]] = [:]
    while let line = try table.next() {
      guard let last = columns.max(), line.cells.count > last else {
        throw .shortLine(line: line.number, cells: line.cells.count, expected: names.count)
      }
      let name = trimmed(line.cells[columns[0]])
      guard !name.isEmpty else { throw .badValue(place: "line \(line.number), column tel", value: "(empty)") }
      var assignment = try Self.assignment(line, columns)
      if let filter, filter < line.cells.count { assignment.filter = trimmed(line.cells[filter]) }
      if rows[name] == nil { order.append(name) }
      rows[name, default: []].append(assignment)
    }
    self.init(
      source: .networkCSV,
      telescopes: order.map { .init(name: $0, telescope: resolve($0), assignments: rows[$0] ?? []) })
    self.window = window
    self.eventTime = eventTime
  }

  private static func assignment(_ line: CSVTable.Line, _ columns: [Int]) throws(CheckError) -> Assignment {
    func number(_ column: Int, _ name: String, _ allowed: ClosedRange<Double>) throws(CheckError) -> Double {
      let text = trimmed(line.cells[columns[column]])
      // NaN is in no range.
      guard let value = Double(text), allowed.contains(value) else {
        throw .badValue(place: "line \(line.number), column \(name)", value: text.isEmpty ? "(empty)" : text)
      }
      return value
    }
    let ra = try number(1, "ra", Limits.rightAscension)
    let dec = try number(2, "dec", Limits.declination)
    let mjd = try number(3, "mjd", Limits.mjd)
    let exposure = try number(4, "exp", Limits.seconds)
    guard let start = Instant(mjdUTC: mjd) else {
      throw .badValue(place: "line \(line.number), column mjd", value: "\(mjd)")
    }
    return Assignment(
      row: line.number, center: Direction(ra: .degrees(ra), dec: .degrees(dec)), start: start,
      exposure: .seconds(exposure))
  }
}

/// What a number in a plan file may be at all. Within it, judging is the rules' work.
enum Limits {
  static let rightAscension = -360.0...720.0
  static let declination = -90.0...90.0
  /// 1972 to 2288.
  static let mjd = 41_317.0...157_000.0
  /// Eleven days each way: more than any exposure, and harmless in arithmetic.
  static let seconds = -1e6...1e6
  static let count = -100_000...100_000
}

/// UTF-8 text without its byte-order mark.
func plainText(_ bytes: [UInt8]) throws(CheckError) -> String {
  let body = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
  guard let text = String(validating: body, as: UTF8.self) else {
    let repaired = String(decoding: body, as: UTF8.self)
    let good = zip(repaired.utf8, body).prefix { $0 == $1 }.count
    throw .notUTF8(byteOffset: good)
  }
  return text
}

func trimmed(_ text: String) -> String {
  let blank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
  let tail = text.drop(while: blank)
  return String(tail.prefix(tail.count - tail.reversed().prefix(while: blank).count))
}

/// The lines of a CSV text, one at a time.
private struct CSVTable {
  struct Line {
    /// 1-based, of the line's first character.
    var number: Int
    var cells: [String]
  }
  private let bytes: [UInt8]
  private var position = 0
  private var line = 1

  init(_ text: String) { bytes = Array(text.utf8) }

  /// The next line that holds anything, or nil at the end.
  mutating func next() throws(CheckError) -> Line? {
    while position < bytes.count {
      let number = line
      let cells = try cellsOfLine()
      if cells.count > 1 || !trimmed(cells[0]).isEmpty { return Line(number: number, cells: cells) }
    }
    return nil
  }

  private mutating func cellsOfLine() throws(CheckError) -> [String] {
    var cells: [String] = []
    var cell: [UInt8] = []
    var quotedFrom: Int?
    var ended = false
    while !ended {
      guard position < bytes.count else {
        if let quotedFrom { throw .openQuote(line: quotedFrom) }
        break
      }
      let byte = bytes[position]
      position += 1
      if byte == UInt8(ascii: "\n") { line += 1 }
      if quotedFrom != nil {
        if byte != UInt8(ascii: "\"") {
          cell.append(byte)
        } else if position < bytes.count, bytes[position] == UInt8(ascii: "\"") {
          cell.append(byte)
          position += 1
        } else {
          quotedFrom = nil
        }
        continue
      }
      switch byte {
      case UInt8(ascii: "\"") where cell.isEmpty: quotedFrom = line
      case UInt8(ascii: ","):
        cells.append(String(decoding: cell, as: UTF8.self))
        cell.removeAll(keepingCapacity: true)
      case UInt8(ascii: "\n"): ended = true
      case UInt8(ascii: "\r"): continue
      default: cell.append(byte)
      }
    }
    cells.append(String(decoding: cell, as: UTF8.self))
    return cells
  }
}
