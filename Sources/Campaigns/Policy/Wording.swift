import Notices

enum NoticeKinds {
  static let names = NoticeKind.allCases.map(\.rawValue)
}

/// Numbers and comparisons as text, the same on every platform and locale.
enum Wording {
  /// Rounded to four decimals, without trailing zeros; small and huge numbers as Swift writes them.
  static func number(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e11 else { return "\(value)" }
    let rounded = (value * 1e4).rounded() / 1e4
    let shown = rounded == 0 && value != 0 ? value : rounded
    let text = "\(shown)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// To two significant digits: `0.042`, `42000`, `4.2e-8`.
  static func short(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return value == 0 ? "0" : "\(value)" }
    var exponent = 0
    var mantissa = abs(value)
    while mantissa >= 99.5 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
    while mantissa < 9.95 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    let digits = Int(mantissa.rounded())
    let sign = value < 0 ? "-" : ""
    // Two digits before the point: 42 with an exponent of -3 is 0.042.
    switch exponent {
    case 0...5: return sign + String(digits) + String(repeating: "0", count: exponent)
    case -3..<0: return sign + number(Double(digits) / [10, 100, 1000][-exponent - 1])
    default:
      let tail = digits % 10 == 0 ? "" : ".\(digits % 10)"
      return sign + "\(digits / 10)\(tail)e\(exponent + 1)"
    }
  }

  /// With exactly one decimal: `276.0`.
  static func tenth(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e11 else { return "\(value)" }
    return "\((value * 10).rounded() / 10)"
  }

  /// Edits (insert, delete, replace) that turn one text into the other (Levenshtein). O(a b).
  static func distance(_ first: String, _ second: String) -> Int {
    let b = Array(second)
    var last = Array(0...b.count)
    for (i, x) in first.enumerated() {
      var row = [i + 1]
      for (j, y) in b.enumerated() {
        row.append(min(last[j] + (x == y ? 0 : 1), last[j + 1] + 1, row[j] + 1))
      }
      last = row
    }
    return last[b.count]
  }

  /// The likeliest word that was meant, or all of them.
  static func suggestion(for word: String, among known: [String]) -> String {
    let nearest = known.map { (distance($0.lowercased(), word.lowercased()), $0) }.min { $0 < $1 }
    if let nearest, nearest.0 <= max(1, word.count / 3) { return "did you mean `\(nearest.1)`?" }
    return "known here: \(known.sorted().joined(separator: ", "))"
  }
}
