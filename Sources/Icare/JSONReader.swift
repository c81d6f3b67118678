/// Reads JSON (RFC 8259) from bytes: whole numbers stay whole, nesting is bounded, anything after the
/// value is refused. O(bytes).
struct JSONReader {
  static let maxDepth = 64

  private let bytes: [UInt8]
  private var position = 0

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// - Returns: nil for anything that is not exactly one JSON value.
  static func parse(_ bytes: [UInt8]) -> JSONNode? {
    var reader = JSONReader(bytes)
    reader.skipSpace()
    guard let value = reader.value(depth: 0) else { return nil }
    reader.skipSpace()
    return reader.position == bytes.count ? value : nil
  }

  private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard current == byte else { return false }
    position += 1
    return true
  }

  private mutating func word(_ text: StaticString, _ value: JSONNode) -> JSONNode? {
    let count = text.utf8CodeUnitCount
    guard position + count <= bytes.count else { return nil }
    for i in 0..<count where bytes[position + i] != text.utf8Start[i] { return nil }
    position += count
    return value
  }

  private mutating func value(depth: Int) -> JSONNode? {
    guard depth < Self.maxDepth, let byte = current else { return nil }
    switch byte {
    case UInt8(ascii: "{"): return object(depth: depth)
    case UInt8(ascii: "["): return array(depth: depth)
    case UInt8(ascii: "\""): return string().map(JSONNode.string)
    case UInt8(ascii: "t"): return word("true", .bool(true))
    case UInt8(ascii: "f"): return word("false", .bool(false))
    case UInt8(ascii: "n"): return word("null", .null)
    // Python writes NaN and Infinity, which JSON does not have: they stand for a missing number.
    case UInt8(ascii: "N"): return word("NaN", .null)
    case UInt8(ascii: "I"): return word("Infinity", .null)
    default: return number()
    }
  }

  private mutating func array(depth: Int) -> JSONNode? {
    position += 1
    var elements: [JSONNode] = []
    skipSpace()
    if take(UInt8(ascii: "]")) { return .array(elements) }
    while true {
      skipSpace()
      guard let element = value(depth: depth + 1) else { return nil }
      elements.append(element)
      skipSpace()
      if take(UInt8(ascii: "]")) { return .array(elements) }
      guard take(UInt8(ascii: ",")) else { return nil }
    }
  }

  private mutating func object(depth: Int) -> JSONNode? {
    position += 1
    var members: [String: JSONNode] = [:]
    skipSpace()
    if take(UInt8(ascii: "}")) { return .object(members) }
    while true {
      skipSpace()
      guard current == UInt8(ascii: "\""), let key = string() else { return nil }
      skipSpace()
      guard take(UInt8(ascii: ":")) else { return nil }
      skipSpace()
      guard let value = value(depth: depth + 1) else { return nil }
      members[key] = value
      skipSpace()
      if take(UInt8(ascii: "}")) { return .object(members) }
      guard take(UInt8(ascii: ",")) else { return nil }
    }
  }

  private mutating func number() -> JSONNode? {
    let start = position
    var isWhole = true
    loop: while let byte = current {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): break
      case UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): isWhole = false
      case UInt8(ascii: "I") where position == start + 1: return word("Infinity", .null)
      default: break loop
      }
      position += 1
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isWhole, let value = Int(text) { return .integer(value) }
    return Double(text).flatMap { $0.isFinite ? .number($0) : nil }
  }

  private mutating func string() -> String? {
    position += 1
    let start = position
    while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
      position += 1
    }
    if take(UInt8(ascii: "\"")) { return String(decoding: bytes[start..<position - 1], as: UTF8.self) }
    var result = Array(bytes[start..<position])
    while let byte = current, byte >= 0x20 {
      position += 1
      if byte == UInt8(ascii: "\"") { return String(decoding: result, as: UTF8.self) }
      if byte == UInt8(ascii: "\\") {
        guard let scalar = escaped() else { return nil }
        result += Array(String(scalar).utf8)
      } else {
        result.append(byte)
      }
    }
    return nil
  }

  private mutating func escaped() -> Unicode.Scalar? {
    guard let byte = current else { return nil }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return unicode()
    default: return nil
    }
  }

  /// Four hexadecimal digits, and a second four for what lies outside the basic plane; a lone half of a
  /// pair becomes U+FFFD.
  private mutating func unicode() -> Unicode.Scalar? {
    guard let first = hex4() else { return nil }
    guard (0xD800..<0xDC00).contains(first) else { return Unicode.Scalar(first) ?? "\u{FFFD}" }
    let rewind = position
    if take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")), let second = hex4(),
      (0xDC00..<0xE000).contains(second)
    {
      return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    }
    position = rewind
    return "\u{FFFD}"
  }

  private mutating func hex4() -> UInt32? {
    guard position + 4 <= bytes.count else { return nil }
    let text = String(decoding: bytes[position..<position + 4], as: UTF8.self)
    guard text.allSatisfy(\.isHexDigit), let value = UInt32(text, radix: 16) else { return nil }
    position += 4
    return value
  }
}

extension JSONNode {
  /// - Returns: nil for anything that is not exactly one JSON value of at most 64 levels.
  public init?(parsing bytes: [UInt8]) {
    guard let value = JSONReader.parse(bytes) else { return nil }
    self = value
  }
}
