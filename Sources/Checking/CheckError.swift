import Units

/// Why a plan could not be checked at all. A plan that can be read but breaks a rule is a
/// `Finding`, never an error.
public enum CheckError: Error, Hashable, Sendable {
  case empty
  case notUTF8(byteOffset: Int)
  /// The header of a CSV file lacks a column.
  case missingColumn(String, found: [String])
  /// A CSV line with too few cells.
  case shortLine(line: Int, cells: Int, expected: Int)
  /// A quoted CSV cell that never ends.
  case openQuote(line: Int)
  /// A value that is absent, no number, no time, or out of any sensible range; `place` is
  /// `line 4, column mjd` or a JSON path.
  case badValue(place: String, value: String)
  /// Not JSON, or a value of another type than the schema says.
  case malformedJSON(path: String, reason: String)
  case unknownSchema(String?)
  /// A window that ends before it starts.
  case reversedWindow(place: String)
  /// No time scale for this moment (leap seconds are known from 1972 on).
  case noEphemeris(Instant)
}

extension CheckError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .empty: "the plan file is empty"
    case .notUTF8(let offset): "not UTF-8 text at byte \(offset)"
    case .missingColumn(let name, let found):
      "no column \(name) in the header (found \(found.joined(separator: ", ")))"
    case .shortLine(let line, let cells, let expected): "line \(line): \(cells) cells, expected \(expected)"
    case .openQuote(let line): "line \(line): a quoted cell is never closed"
    case .badValue(let place, let value): "\(place): bad value \(value)"
    case .malformedJSON(let path, let reason): "JSON at \(path): \(reason)"
    case .unknownSchema(let name):
      "schema \(name ?? "absent"): expected \(CheckedPlan.networkSchema) or \(CheckedPlan.telescopeSchema)"
    case .reversedWindow(let place): "\(place): the window ends before it starts"
    case .noEphemeris(let t): "no time scales for \(t.iso8601())"
    }
  }
}
