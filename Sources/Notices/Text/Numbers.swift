import Units

/// Decimal text as senders write it. `Double("0x1p3")`, `Double("inf")` and `Double("nan")` succeed in
/// Swift; here only plain decimals do.
func decimal(_ text: String) -> Double? {
  let trimmed = trim(text)
  guard !trimmed.isEmpty, trimmed.utf8.count <= 64 else { return nil }
  for byte in trimmed.utf8 {
    switch byte {
    case 48...57, UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "e"),
      UInt8(ascii: "E"):
      continue
    default: return nil
    }
  }
  guard let value = Double(trimmed), value.isFinite else { return nil }
  return value
}

/// Whole numbers only; no overflow, no trap.
func integer(_ text: String) -> Int? { Int(trim(text)) }

/// A whole number that a double holds exactly.
func integer(_ value: Double) -> Int? {
  guard value.isFinite, value.rounded() == value, abs(value) < 9e15 else { return nil }
  return Int(value)
}

func trim(_ text: String) -> String {
  let bytes = text.utf8
  guard let first = bytes.first, let last = bytes.last else { return text }
  return isBlank(first) || isBlank(last) ? trim(text[...]) : text
}

func trim(_ text: Substring) -> String {
  var bytes = text.utf8
  while let first = bytes.first, isBlank(first) { bytes.removeFirst() }
  while let last = bytes.last, isBlank(last) { bytes.removeLast() }
  return String(Substring(bytes))
}

private func isBlank(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

/// `true`, `1`, `yes` and their opposites, in any case.
func boolean(_ text: String) -> Bool? {
  switch trim(text).lowercased() {
  case "true", "1", "yes": true
  case "false", "0", "no": false
  default: nil
  }
}

extension StringProtocol {
  /// At most `limit` characters, for evidence in messages.
  func clipped(_ limit: Int = 60) -> String {
    // Bytes are counted first: counting characters of a megabyte is slow.
    utf8.count <= limit || count <= limit ? String(self) : String(prefix(limit)) + "..."
  }
}

extension Duration {
  /// nil unless finite and under 3,000 years.
  init?(checkedSeconds seconds: Double?) {
    guard let seconds, abs(seconds) < 1e11 else { return nil }
    self = .seconds(seconds)
  }
}
