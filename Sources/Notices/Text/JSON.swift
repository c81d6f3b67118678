/// A JSON value as it stood in the document: members in order, numbers with their digits.
enum JSON {
  case null
  case bool(Bool)
  /// The value may be infinite or NaN (`1e999`, `NaN`); `text` is what was written.
  case number(Double, text: String)
  case string(String)
  case array([JSON])
  case object(JSONObject)

  var isNull: Bool { if case .null = self { true } else { false } }
  var object: JSONObject? { if case .object(let o) = self { o } else { nil } }
  var array: [JSON]? { if case .array(let a) = self { a } else { nil } }

  /// What the value is, for messages.
  var typeName: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

struct JSONObject {
  var members: [(key: String, value: JSON)] = []

  /// Of duplicate keys the last one counts, as in most JSON libraries; the parser reports them.
  subscript(_ key: String) -> JSON? {
    for member in members.reversed() where member.key == key { return member.value }
    return nil
  }
  func contains(_ key: String) -> Bool { members.contains { $0.key == key } }
}

/// A strict JSON reader (RFC 8259) with limits, that tells where it stopped.
///
/// Deviations, each reported: the bare words NaN, Infinity and -Infinity are numbers (Python writes
/// them), control characters may stand in strings, duplicate keys keep the last value.
struct JSONParser {
  static let depthLimit = 64
  static let valueLimit = 200_000

  private let bytes: [UInt8]
  private var position = 0
  private var depth = 0
  private var values = 0
  private var path: [String] = []
  private(set) var notes: Notes

  init(_ bytes: [UInt8], notes: Notes = Notes()) {
    self.bytes = bytes
    self.notes = notes
  }

  mutating func document() throws(NoticeRejection) -> JSON {
    let root = try parseValue()
    skipSpace()
    guard position == bytes.count else { throw malformed("something follows the end of the value") }
    return root
  }

  // MARK: Values

  private mutating func parseValue() throws(NoticeRejection) -> JSON {
    skipSpace()
    values += 1
    guard values <= Self.valueLimit else {
      throw .tooManyValues(limit: Self.valueLimit, at: place(position))
    }
    guard let byte = peek else { throw malformed("the document ends where a value should be") }
    switch byte {
    case UInt8(ascii: "{"): return .object(try object())
    case UInt8(ascii: "["): return .array(try array())
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"):
      try word("true")
      return .bool(true)
    case UInt8(ascii: "f"):
      try word("false")
      return .bool(false)
    case UInt8(ascii: "n"):
      try word("null")
      return .null
    default: return try number()
    }
  }

  private mutating func object() throws(NoticeRejection) -> JSONObject {
    try enter()
    var result = JSONObject()
    var seen: Set<String> = []
    skipSpace()
    if take("}") {
      depth -= 1
      return result
    }
    repeat {
      skipSpace()
      guard peek == UInt8(ascii: "\"") else { throw malformed("a key should stand here") }
      let key = try string()
      skipSpace()
      guard take(":") else { throw malformed("a colon should follow the key \"\(key.prefix(40))\"") }
      path.append(key)
      let value = try parseValue()
      if !seen.insert(key).inserted {
        notes.add(.duplicateKey, path.joined(separator: "."), "given twice; the last value is used")
      }
      path.removeLast()
      result.members.append((key, value))
      skipSpace()
    } while take(",")
    guard take("}") else { throw malformed("a comma or } should stand here") }
    depth -= 1
    return result
  }

  private mutating func array() throws(NoticeRejection) -> [JSON] {
    try enter()
    var result: [JSON] = []
    skipSpace()
    if take("]") {
      depth -= 1
      return result
    }
    repeat {
      result.append(try parseValue())
      skipSpace()
    } while take(",")
    guard take("]") else { throw malformed("a comma or ] should stand here") }
    depth -= 1
    return result
  }

  private mutating func number() throws(NoticeRejection) -> JSON {
    for (name, value) in [("NaN", Double.nan), ("Infinity", .infinity), ("-Infinity", -.infinity)]
    where starts(with: name) {
      position += name.utf8.count
      notes.add(.notJSONNumber, path.joined(separator: "."), "\(name) is not JSON; treated as absent")
      return .number(value, text: name)
    }
    let start = position
    _ = take("-")
    guard let first = peek, isDigit(first) else { throw malformed("no JSON value starts like this") }
    if !take("0") { skipDigits() }
    if take(".") {
      guard let next = peek, isDigit(next) else { throw malformed("a digit should follow the point") }
      skipDigits()
    }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      guard let next = peek, isDigit(next) else { throw malformed("a digit should follow the exponent") }
      skipDigits()
    }
    guard position - start <= 400 else { throw malformed("a number of \(position - start) characters") }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    return .number(Double(text) ?? .nan, text: text)
  }

  // MARK: Strings

  private mutating func string() throws(NoticeRejection) -> String {
    position += 1
    let start = position
    var control = false
    while let byte = peek {
      if byte == UInt8(ascii: "\"") {
        defer { position += 1 }
        if control { noteControl() }
        return text(bytes[start..<position])
      }
      if byte == UInt8(ascii: "\\") { return try escapedString(from: start, control: control) }
      if byte < 0x20 { control = true }
      position += 1
    }
    throw malformed("the document ends inside a string")
  }

  private mutating func escapedString(
    from start: Int, control alreadySeen: Bool
  ) throws(NoticeRejection) -> String {
    var buffer = Array(bytes[start..<position])
    var control = alreadySeen
    while let byte = peek {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        if control { noteControl() }
        return text(buffer[...])
      case UInt8(ascii: "\\"): try escape(into: &buffer)
      default:
        if byte < 0x20 { control = true }
        buffer.append(byte)
      }
    }
    throw malformed("the document ends inside a string")
  }

  private mutating func escape(into buffer: inout [UInt8]) throws(NoticeRejection) {
    guard let byte = peek else { throw malformed("the document ends inside a string") }
    position += 1
    switch byte {
    case UInt8(ascii: "n"): buffer.append(10)
    case UInt8(ascii: "t"): buffer.append(9)
    case UInt8(ascii: "r"): buffer.append(13)
    case UInt8(ascii: "b"): buffer.append(8)
    case UInt8(ascii: "f"): buffer.append(12)
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): buffer.append(byte)
    case UInt8(ascii: "u"):
      var code = try hexQuad()
      if (0xD800..<0xDC00).contains(code), starts(with: "\\u") {
        let saved = position
        position += 2
        let low = try hexQuad()
        if (0xDC00..<0xE000).contains(low) {
          code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        } else {
          position = saved
        }
      }
      // A lone surrogate is no character.
      let scalar = Unicode.Scalar(code) ?? "\u{FFFD}"
      buffer.append(contentsOf: Array(String(Character(scalar)).utf8))
    default:
      position -= 1
      throw malformed("no such escape in a string")
    }
  }

  private mutating func hexQuad() throws(NoticeRejection) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw malformed("four hexadecimal digits should follow \\u")
      }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }

  private mutating func text(_ slice: ArraySlice<UInt8>) -> String {
    if let valid = String(validating: slice, as: UTF8.self) { return valid }
    notes.add(.repairedText, path.joined(separator: "."), "not UTF-8; bad bytes were replaced")
    return String(decoding: slice, as: UTF8.self)
  }

  private mutating func noteControl() {
    notes.add(.controlCharacter, path.joined(separator: "."), "control characters in a string")
  }

  // MARK: Bytes

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard peek == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private func starts(with text: String) -> Bool { bytes[position...].starts(with: text.utf8) }

  private mutating func word(_ text: String) throws(NoticeRejection) {
    guard starts(with: text) else { throw malformed("no JSON value starts like this") }
    position += text.utf8.count
  }

  private func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

  private mutating func skipDigits() {
    while let byte = peek, isDigit(byte) { position += 1 }
  }

  private mutating func skipSpace() {
    while let byte = peek, byte == 32 || byte == 10 || byte == 13 || byte == 9 { position += 1 }
  }

  private mutating func enter() throws(NoticeRejection) {
    position += 1
    depth += 1
    guard depth <= Self.depthLimit else {
      throw .tooDeep(limit: Self.depthLimit, at: place(position - 1))
    }
  }

  private func place(_ offset: Int) -> NoticeRejection.Place { .init(offset: offset, in: bytes) }
  private func malformed(_ what: String) -> NoticeRejection { .malformed(what, at: place(position)) }
}

extension NoticeRejection.Place {
  init(offset: Int, in bytes: [UInt8]) {
    var line = 1
    var lineStart = 0
    for (i, byte) in bytes.prefix(offset).enumerated() where byte == 10 {
      line += 1
      lineStart = i + 1
    }
    self.init(offset: offset, line: line, column: offset - lineStart + 1)
  }
}
