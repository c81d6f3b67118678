/// Bytes of one text field and what they say. No allocation: a catalogue has 10^9 of them.
struct FieldText {
  let bytes: UnsafeRawBufferPointer

  /// No value: nothing, or one of the words that stand for nothing.
  var isMissing: Bool {
    switch bytes.count {
    case 0: return true
    case 1: return bytes[0] == UInt8(ascii: "-")
    case 2: return bytes.elementsEqual("--".utf8)
    case 3: return lowercased("nan")
    case 4: return lowercased("null") || lowercased("none")
    default: return false
    }
  }

  private func lowercased(_ word: StaticString) -> Bool {
    word.withUTF8Buffer { $0.count == bytes.count && zip($0, bytes).allSatisfy { $0 == $1 | 0x20 } }
  }

  /// A decimal number, correct to a unit in the last place or two; nil when it is none. Infinities and NaN
  /// are none.
  var number: Double? {
    var i = 0
    let end = bytes.count
    guard end > 0 else { return nil }
    var isNegative = false
    if bytes[0] == UInt8(ascii: "-") || bytes[0] == UInt8(ascii: "+") {
      isNegative = bytes[0] == UInt8(ascii: "-")
      i = 1
    }
    var mantissa: UInt64 = 0
    var (exponent, digits) = (0, 0)
    var afterPoint = false
    while i < end {
      let byte = bytes[i]
      if byte >= 48, byte <= 57 {
        digits += 1
        if mantissa < 1_000_000_000_000_000_000 {
          mantissa = mantissa * 10 + UInt64(byte - 48)
          if afterPoint { exponent -= 1 }
        } else if !afterPoint {
          exponent += 1
        }
      } else if byte == UInt8(ascii: "."), !afterPoint {
        afterPoint = true
      } else {
        break
      }
      i += 1
    }
    guard digits > 0 else { return nil }
    if i < end {
      guard bytes[i] | 0x20 == UInt8(ascii: "e"), let e = Self.integer(bytes, from: i + 1) else { return nil }
      exponent += e
    }
    let value = Self.scaled(Double(mantissa), exponent)
    guard value.isFinite else { return nil }
    return isNegative ? -value : value
  }

  private static func integer(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
    var i = start
    guard i < bytes.count else { return nil }
    let isNegative = bytes[i] == UInt8(ascii: "-")
    if isNegative || bytes[i] == UInt8(ascii: "+") { i += 1 }
    guard i < bytes.count, bytes.count - i <= 4 else { return nil }
    var value = 0
    while i < bytes.count {
      guard bytes[i] >= 48, bytes[i] <= 57 else { return nil }
      value = value * 10 + Int(bytes[i] - 48)
      i += 1
    }
    return isNegative ? -value : value
  }

  /// Powers to 22 are exact.
  private static func scaled(_ mantissa: Double, _ exponent: Int) -> Double {
    var (value, left) = (mantissa, abs(exponent))
    guard left <= 400 else { return exponent > 0 && mantissa > 0 ? .infinity : 0 }
    while left > 0 {
      let step = min(left, 22)
      value = exponent < 0 ? value / powers[step] : value * powers[step]
      left -= step
    }
    return value
  }

  private static let powers: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
  ]

  var text: String { String(decoding: bytes, as: UTF8.self) }
}
