import Units

/// Reads typed fields of a JSON object, noting what does not fit.
///
/// A field that is absent or null is nil without a word; one of the wrong type or value is nil with a
/// finding.
struct JSONFields {
  let object: JSONObject
  let path: String

  init(_ object: JSONObject, path: String = "") {
    self.object = object
    self.path = path
  }

  func name(_ key: String) -> String { path.isEmpty ? key : path + "." + key }

  /// The value, unless absent or null.
  func raw(_ key: String) -> JSON? {
    guard let value = object[key], !value.isNull else { return nil }
    return value
  }

  /// Text; a number gives its digits (identifiers come as either).
  func string(_ key: String, _ notes: inout Notes) -> String? {
    guard let value = raw(key) else { return nil }
    switch value {
    case .string(let text):
      let trimmed = trim(text)
      return trimmed.isEmpty ? nil : trimmed
    case .number(let number, let text): return number.isFinite ? text : nil
    default:
      mismatch(key, value, wanted: "text", &notes)
      return nil
    }
  }

  /// A finite number; decimal text is accepted.
  func number(_ key: String, _ notes: inout Notes) -> Double? {
    guard let value = raw(key) else { return nil }
    return number(value, key, &notes)
  }

  func number(_ value: JSON, _ key: String, _ notes: inout Notes) -> Double? {
    switch value {
    case .number(let number, let text):
      if number.isFinite { return number }
      // The parser has already reported NaN and Infinity.
      if !text.hasSuffix("NaN"), !text.hasSuffix("Infinity") {
        notes.add(.invalidNumber, name(key), "\(text.clipped()) overflows")
      }
      return nil
    case .string(let text):
      if let number = decimal(text) { return number }
      notes.add(.invalidNumber, name(key), "\"\(text.clipped())\" is not a number")
      return nil
    default:
      mismatch(key, value, wanted: "a number", &notes)
      return nil
    }
  }

  /// A number that must lie in a range.
  func number(
    _ key: String, in range: ClosedRange<Double>, _ notes: inout Notes
  ) -> Double? {
    guard let value = number(key, &notes) else { return nil }
    guard range.contains(value) else {
      notes.add(.outOfRange, name(key), "\(value) is outside \(range); ignored")
      return nil
    }
    return value
  }

  func bool(_ key: String, _ notes: inout Notes) -> Bool? {
    guard let value = raw(key) else { return nil }
    switch value {
    case .bool(let flag): return flag
    case .number(0, _): return false
    case .number(1, _): return true
    case .string(let text): if let flag = boolean(text) { return flag }
    default: break
    }
    mismatch(key, value, wanted: "true or false", &notes)
    return nil
  }

  /// An array of texts, or one text.
  func strings(_ key: String, _ notes: inout Notes) -> [String] {
    guard let value = raw(key) else { return [] }
    guard let array = value.array else { return string(key, &notes).map { [$0] } ?? [] }
    return array.prefix(64).compactMap { item in
      switch item {
      case .string(let text): trim(text)
      case .number(_, let text): text
      default: nil
      }
    }.filter { !$0.isEmpty }
  }

  /// An array of numbers, or one number.
  func numbers(_ key: String, _ notes: inout Notes) -> [Double] {
    guard let value = raw(key) else { return [] }
    guard let array = value.array else { return number(value, key, &notes).map { [$0] } ?? [] }
    var result: [Double] = []
    for item in array.prefix(4096) {
      guard let value = number(item, key, &notes) else { return [] }
      result.append(value)
    }
    return result
  }

  func time(_ key: String, _ notes: inout Notes) -> Instant? {
    guard let text = string(key, &notes) else { return nil }
    if let time = Instant(iso8601: text) { return time }
    notes.add(.invalidTime, name(key), "\"\(text.clipped())\" is not a time; ignored")
    return nil
  }

  func fields(_ key: String, _ notes: inout Notes) -> JSONFields? {
    guard let value = raw(key) else { return nil }
    if let object = value.object { return JSONFields(object, path: name(key)) }
    mismatch(key, value, wanted: "an object", &notes)
    return nil
  }

  /// Name to probability; values outside 0...1 are dropped.
  func probabilities(_ key: String, _ notes: inout Notes) -> [NamedProbability] {
    guard let map = fields(key, &notes) else { return [] }
    var result: [NamedProbability] = []
    for member in map.object.members.prefix(64) {
      guard let value = map.number(member.key, &notes) else { continue }
      guard let probability = tolerantFraction(value) else {
        notes.add(.outOfRange, map.name(member.key), "\(value) is no probability; ignored")
        continue
      }
      if !result.contains(where: { $0.name == member.key }) {
        result.append(NamedProbability(name: member.key, probability: probability))
      }
    }
    return result
  }

  func mismatch(_ key: String, _ value: JSON, wanted: String, _ notes: inout Notes) {
    notes.add(.wrongType, name(key), "\(value.typeName) instead of \(wanted); ignored")
  }
}

/// Brings a rounding error of 1e-6 beyond 0...1 back in.
func tolerantFraction(_ value: Double) -> Fraction? {
  guard value > -1e-6, value < 1 + 1e-6 else { return nil }
  return Fraction(clamping: value)
}
