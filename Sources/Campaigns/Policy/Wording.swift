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
