import Units

/// How numbers are written: never in a locale, never as an exponent in tables, never as `-0`.
extension Double {
  /// With exactly `decimals` digits after the point, ties away from zero; `-` when not finite.
  ///
  /// Exact for magnitudes under 2^53 / 10^decimals; larger ones keep their shortest round-trip form.
  /// - Parameter decimals: 0...12.
  func fixed(_ decimals: Int) -> String {
    guard isFinite else { return "-" }
    let scaled = (magnitude * Self.powerOfTen(decimals)).rounded()
    guard scaled < 9e15 else { return description }
    let digits = String(Int64(scaled))
    let sign = self < 0 && scaled > 0 ? "-" : ""
    guard decimals > 0 else { return sign + digits }
    let padded = String(repeating: "0", count: Swift.max(0, decimals + 1 - digits.count)) + digits
    return sign + padded.dropLast(decimals) + "." + padded.suffix(decimals)
  }

  /// As `fixed`, with a sign always.
  func signedFixed(_ decimals: Int) -> String {
    let text = fixed(decimals)
    return text.hasPrefix("-") ? text : "+" + text
  }

  /// Up to `decimals` digits after the point, trailing zeros dropped: `120`, `0.5`.
  func trimmed(_ decimals: Int) -> String {
    var text = fixed(decimals)
    guard text.contains("."), !text.contains("e") else { return text }
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return text
  }

  /// The nearest double to the value rounded to `decimals`: its shortest form has no more digits.
  /// Values too large to have such digits, and those that are not finite, come back unchanged.
  func rounded(decimals: Int) -> Double {
    let power = Self.powerOfTen(decimals)
    let scaled = (self * power).rounded()
    guard scaled.magnitude < 9e15 else { return self }
    return scaled == 0 ? 0 : scaled / power
  }

  private static func powerOfTen(_ n: Int) -> Double {
    let powers = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12]
    return powers[Swift.min(Swift.max(n, 0), 12)]
  }

  /// A percentage in few characters: `12.34`, `0.340`, `100.0`; never wider than `width`.
  func percent(decimals: Int, width: Int) -> String {
    var digits = decimals
    var text = (self * 100).fixed(digits)
    while text.count > width, digits > 0 {
      digits -= 1
      text = (self * 100).fixed(digits)
    }
    return text
  }

  /// A percentage with two decimals for people: what is not nothing never reads `0.00`.
  func percentText() -> String {
    self > 0 && self < 0.00005 ? "<0.01" : (self * 100).fixed(2)
  }

  /// Three significant digits or all integer digits: `0.0885`, `4.52`, `460`, `20123`.
  func significant() -> String {
    guard isFinite, self != 0 else { return fixed(0) }
    var decimals = 0
    var bound = 100.0
    while magnitude < bound, decimals < 6 {
      bound /= 10
      decimals += 1
    }
    return fixed(decimals)
  }
}

extension Instant {
  /// `2026-11-21T03:11:00Z`, never earlier than the instant: a start printed this way is not too early.
  func secondsRoundedUp() -> String {
    let rest = tai % 1_000_000_000
    let up = rest == 0 ? 0 : rest > 0 ? 1_000_000_000 - rest : -rest
    return Instant(tai: tai.addingReportingOverflow(up).partialValue).iso8601()
  }

  /// `03:11` of the nearest minute.
  var clockMinutes: String { String(roundedToMinute.dropFirst(11).prefix(5)) }

  /// `2026-11-21 03:11` of the nearest minute.
  var dateAndMinutes: String { "\(roundedToMinute.prefix(10)) \(clockMinutes)" }

  private var roundedToMinute: String { advanced(bySeconds: 30).iso8601() }
}

extension String {
  func padded(left width: Int) -> String { String(repeating: " ", count: Swift.max(0, width - count)) + self }
  func padded(right width: Int) -> String {
    self + String(repeating: " ", count: Swift.max(0, width - count))
  }
}
