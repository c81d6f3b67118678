/// JSON with the keys in the order they are written; absent values are null.
enum JSONValue {
  case object([(String, JSONValue)])
  case array([JSONValue])
  case string(String)
  case number(Double)
  case null

  static func text(_ value: String?) -> Self { value.map(Self.string) ?? .null }
  static func optional(_ value: Double?) -> Self { value.map(Self.number) ?? .null }
  static func integer(_ value: Int) -> Self { .number(Double(value)) }
  static func strings(_ values: [String]) -> Self { .array(values.map(Self.string)) }

  /// Two blanks per level, a line break at the end; short lists of plain values stay on one line.
  var rendered: String { render(indent: "") + "\n" }

  private func render(indent: String) -> String {
    let inner = indent + "  "
    switch self {
    case .null: return "null"
    case .string(let s): return Self.quoted(s)
    // Not a number has no place in JSON.
    case .number(let n): return n.isFinite ? Text.number(n) : "null"
    case .array(let list):
      if list.isEmpty { return "[]" }
      if list.allSatisfy(\.isPlain) {
        return "[" + list.map { $0.render(indent: "") }.joined(separator: ", ") + "]"
      }
      let lines = list.map { inner + $0.render(indent: inner) }
      return "[\n" + lines.joined(separator: ",\n") + "\n" + indent + "]"
    case .object(let pairs):
      if pairs.isEmpty { return "{}" }
      let lines = pairs.map { inner + Self.quoted($0) + ": " + $1.render(indent: inner) }
      return "{\n" + lines.joined(separator: ",\n") + "\n" + indent + "}"
    }
  }

  private var isPlain: Bool {
    switch self {
    case .object, .array: return false
    default: return true
    }
  }

  /// RFC 8259, section 7.
  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
