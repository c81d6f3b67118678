/// Splits prose into labels of coordinates and numbers, sexagesimal or decimal; all else is skipped.
struct TokenFinder {
  enum Label { case ra, dec }
  enum Unit { case none, hours, degrees }

  struct Value {
    /// Degrees or hours, minutes, seconds; or one decimal number.
    var parts: [Double]
    var negative: Bool
    var signed: Bool
    var unit: Unit

    var isSexagesimal: Bool { parts.count > 1 }
    /// In hours or degrees; nil if a part is out of range.
    var number: Double? {
      guard let first = parts.first else { return nil }
      let rest = parts.dropFirst()
      guard rest.allSatisfy({ (0..<60).contains($0) }) || parts.count == 1 else { return nil }
      var value = first
      var scale = 60.0
      for part in rest {
        value += part / scale
        scale *= 60
      }
      return negative ? -value : value
    }
  }

  enum Kind {
    case label(Label)
    case value(Value)
  }

  struct Token {
    let kind: Kind
    let range: Range<Int>
    var isDecLabel: Bool { if case .label(.dec) = kind { true } else { false } }
  }

  private let text: [UInt8]
  private var position = 0

  init(_ text: [UInt8]) { self.text = text }

  mutating func tokens() -> [Token] {
    var result: [Token] = []
    while position < text.count, result.count < 20_000 {
      let byte = text[position]
      if isLetter(byte) {
        word(&result)
      } else if isDigit(byte) || startsNumber() {
        let start = position
        if let value = value() { result.append(Token(kind: .value(value), range: start..<position)) }
      } else {
        position += 1
      }
    }
    return result
  }

  private mutating func word(_ result: inout [Token]) {
    let start = position
    while position < text.count, isLetter(text[position]) || text[position] == 46 { position += 1 }
    let word = String(decoding: text[start..<position], as: UTF8.self).lowercased()
      .filter { $0 != "." }
    switch word {
    case "ra", "raj", "rightascension", "alpha":
      result.append(Token(kind: .label(.ra), range: start..<position))
    case "right": break
    case "ascension": result.append(Token(kind: .label(.ra), range: start..<position))
    case "dec", "decl", "decj", "declination", "de":
      result.append(Token(kind: .label(.dec), range: start..<position))
    // "J2000", "B1950", "S230518h" and the like are names, not numbers.
    default:
      while position < text.count, isLetter(text[position]) || isDigit(text[position]) { position += 1 }
    }
    // "(J2000)" directly after a label must not count as a value.
    if ["ra", "dec", "raj", "decj"].contains(word) { skipEpoch() }
  }

  private mutating func skipEpoch() {
    var i = position
    while i < text.count, text[i] == 32 || text[i] == 40 || text[i] == 95 { i += 1 }
    if i < text.count, text[i] == UInt8(ascii: "J") || text[i] == UInt8(ascii: "j") { i += 1 }
    if text[i...].starts(with: "2000".utf8) {
      i += 4
      if text[i...].starts(with: ".0".utf8) { i += 2 }
      position = i
    }
  }

  private func startsNumber() -> Bool {
    guard text[position] == 43 || text[position] == 45 || text[position] == 46, position + 1 < text.count
    else {
      return false
    }
    return isDigit(text[position + 1])
  }

  private mutating func value() -> Value? {
    var result = Value(parts: [], negative: false, signed: false, unit: .none)
    if text[position] == 43 || text[position] == 45 {
      result.negative = text[position] == 45
      result.signed = true
      position += 1
    }
    guard let first = number() else { return nil }
    result.parts = [first]
    for level in 0..<2 {
      let saved = position
      guard separator(level, &result.unit), position < text.count, isDigit(text[position]),
        let part = number()
      else {
        position = saved
        break
      }
      result.parts.append(part)
    }
    skipUnit(&result)
    return result
  }

  /// `:` or `h`, `d`, degree sign, then `m` or `'`; spaces may stand around.
  private mutating func separator(_ level: Int, _ unit: inout Unit) -> Bool {
    var i = position
    while i < text.count, text[i] == 32 { i += 1 }
    guard i < text.count else { return false }
    if level == 0 {
      if text[i] == UInt8(ascii: ":") {
        i += 1
      } else if text[i] == UInt8(ascii: "h") {
        unit = .hours
        i += 1
      } else if let length = degreeSign(at: i) {
        unit = .degrees
        i += length
      } else {
        return false
      }
    } else if text[i] == UInt8(ascii: ":") || text[i] == UInt8(ascii: "m") || text[i] == UInt8(ascii: "'") {
      i += 1
    } else if text[i...].starts(with: [0xE2, 0x80, 0xB2]) || text[i...].starts(with: [0xE2, 0x80, 0x99]) {
      i += 3
    } else {
      return false
    }
    while i < text.count, text[i] == 32 { i += 1 }
    position = i
    return true
  }

  /// `d`, `deg`, or the sign; a word that merely starts with d is none.
  private func degreeSign(at i: Int) -> Int? {
    if text[i...].starts(with: [0xC2, 0xB0]) { return 2 }
    if text[i...].starts(with: "deg".utf8) { return 3 }
    if text[i] == UInt8(ascii: "d"), i + 1 >= text.count || !isLetter(text[i + 1]) { return 1 }
    return nil
  }

  private mutating func skipUnit(_ value: inout Value) {
    if value.parts.count == 1, position < text.count, degreeSign(at: position) != nil {
      value.unit = .degrees
    }
    // "23h 29m": a last part without seconds still carries its mark.
    while position < text.count, [UInt8(ascii: "m"), UInt8(ascii: "s"), 39, 34].contains(text[position]),
      value.parts.count > 1
    {
      position += 1
    }
  }

  private mutating func number() -> Double? {
    let start = position
    while position < text.count, isDigit(text[position]) { position += 1 }
    if position + 1 < text.count, text[position] == 46, isDigit(text[position + 1]) {
      position += 1
      while position < text.count, isDigit(text[position]) { position += 1 }
    }
    guard position - start <= 24 else { return nil }
    return Double(String(decoding: text[start..<position], as: UTF8.self))
  }

  private func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
  private func isLetter(_ byte: UInt8) -> Bool { (65...90).contains(byte) || (97...122).contains(byte) }
}
