/// Writes JSON (RFC 8259) the same way every time: members in their order, no spaces, the shortest
/// digits that read back as the same double, whole doubles without a point, `null` for what is not
/// finite. Python's `json.dumps(value, separators=(",", ":"), ensure_ascii=False)` on the parsed text
/// gives the same bytes.
public struct JSONPrinter {
  public enum Style: Sendable {
    case compact
    /// Array elements that are objects start a new line, so that one row of a plan is one line.
    case rows
    /// Two blanks per level; arrays of plain values stay on one line.
    case indented
  }
  private let style: Style
  private var depth = 0
  public private(set) var bytes: [UInt8] = []

  public init(_ style: Style = .compact) { self.style = style }

  public static func text(_ value: JSONValue, _ style: Style = .compact) -> String {
    var printer = JSONPrinter(style)
    printer.write(value)
    return String(decoding: printer.bytes, as: UTF8.self)
  }

  public mutating func write(_ value: JSONValue) {
    switch value {
    case .null: raw("null")
    case .bool(let b): raw(b ? "true" : "false")
    case .integer(let i): raw(String(i))
    case .number(let x): write(x)
    case .string(let s): write(s)
    case .array(let elements): write(elements)
    case .object(let members): write(members)
    }
  }

  private mutating func write(_ members: [(key: String, value: JSONValue)]) {
    guard !members.isEmpty else { return raw("{}") }
    raw("{")
    depth += 1
    for (i, member) in members.enumerated() {
      if i > 0 { raw(",") }
      breakLine(style == .indented)
      write(member.key)
      raw(style == .indented ? ": " : ":")
      write(member.value)
    }
    depth -= 1
    breakLine(style == .indented)
    raw("}")
  }

  private mutating func write(_ elements: [JSONValue]) {
    let opens = style == .indented && !elements.allSatisfy(\.isPlain)
    raw("[")
    depth += 1
    for (i, element) in elements.enumerated() {
      if i > 0 { raw(style == .indented && !opens ? ", " : ",") }
      if style == .rows, case .object = element { raw("\n") }
      breakLine(opens)
      write(element)
    }
    depth -= 1
    breakLine(opens)
    raw("]")
  }

  private mutating func breakLine(_ wanted: Bool) {
    guard wanted else { return }
    raw("\n")
    for _ in 0..<depth { raw("  ") }
  }

  private mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

  private mutating func write(_ x: Double) {
    guard x.isFinite else { return raw("null") }
    if x == x.rounded(), x.magnitude < 1e15 { return raw(String(Int64(x))) }
    raw(x.description)
  }

  private mutating func write(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(byte)
      case 0x0A: raw("\\n")
      case 0x0D: raw("\\r")
      case 0x09: raw("\\t")
      case 0x08: raw("\\b")
      case 0x0C: raw("\\f")
      case 0..<0x20: raw("\\u00" + (byte < 16 ? "0" : "") + String(byte, radix: 16))
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
