/// A JSON value whose objects keep the order their members were written in.
indirect enum JSONValue: Sendable {
  case null
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([(key: String, value: JSONValue)])
}

/// Writes JSON (RFC 8259) the same way every time: members in their order, no spaces, the shortest
/// digits that read back as the same double, whole doubles without a point, `null` for what is not
/// finite. Python's `json.dumps(value, separators=(",", ":"), ensure_ascii=False)` on the parsed text
/// gives the same bytes.
struct JSONPrinter {
  /// Array elements that are objects start a new line, so that one row of a plan is one line.
  var breaksLines = false
  private(set) var bytes: [UInt8] = []

  init(breaksLines: Bool = false) { self.breaksLines = breaksLines }

  static func text(_ value: JSONValue, breaksLines: Bool = false) -> String {
    var printer = JSONPrinter(breaksLines: breaksLines)
    printer.write(value)
    return String(decoding: printer.bytes, as: UTF8.self)
  }

  mutating func write(_ value: JSONValue) {
    switch value {
    case .null: raw("null")
    case .bool(let b): raw(b ? "true" : "false")
    case .integer(let i): raw(String(i))
    case .number(let x): write(x)
    case .string(let s): write(s)
    case .array(let elements): write(elements)
    case .object(let members):
      bytes.append(UInt8(ascii: "{"))
      for (i, member) in members.enumerated() {
        if i > 0 { bytes.append(UInt8(ascii: ",")) }
        write(member.key)
        bytes.append(UInt8(ascii: ":"))
        write(member.value)
      }
      bytes.append(UInt8(ascii: "}"))
    }
  }

  private mutating func write(_ elements: [JSONValue]) {
    bytes.append(UInt8(ascii: "["))
    for (i, element) in elements.enumerated() {
      if i > 0 { bytes.append(UInt8(ascii: ",")) }
      if breaksLines, case .object = element { bytes.append(UInt8(ascii: "\n")) }
      write(element)
    }
    bytes.append(UInt8(ascii: "]"))
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
