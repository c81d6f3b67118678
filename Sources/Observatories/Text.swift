import Units

/// Numbers and columns as text, the same on every platform and locale.
enum Text {
  /// The shortest decimal that reads back the same, without a trailing `.0`: `20`, `0.25`.
  static func number(_ value: Double) -> String {
    let text = "\(value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// An angle in degrees, to four decimals at most: what the way through radians added is taken away.
  static func degrees(_ angle: Angle) -> String { number((angle.degrees * 1e4).rounded() / 1e4) }

  /// Rounded to the wanted decimals (at most 9), half away from zero; large values print as they are.
  static func fixed(_ value: Double, _ decimals: Int) -> String {
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let scaled = (value * scale).rounded()
    guard abs(scaled) < 9e15 else { return "\(value)" }
    let units = Int64(abs(scaled))
    let sign = scaled < 0 ? "-" : ""
    let whole = "\(sign)\(units / Int64(scale))"
    guard decimals > 0 else { return whole }
    let fraction = String(units % Int64(scale))
    return whole + "." + String(repeating: "0", count: decimals - fraction.count) + fraction
  }

  static func pad(_ text: String, _ width: Int, right: Bool = false) -> String {
    let gap = String(repeating: " ", count: max(0, width - text.count))
    return right ? gap + text : text + gap
  }

  /// Rows of one table: every column as wide as its widest cell, two spaces between, no trailing blanks.
  /// - Parameter numeric: the columns that are aligned to the right.
  static func table(_ rows: [[String]], numeric: Set<Int> = []) -> String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { c in rows.map { c < $0.count ? $0[c].count : 0 }.max() ?? 0 }
    return rows.map { row in
      let line = row.enumerated().map { pad($1, widths[$0], right: numeric.contains($0)) }
        .joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n") + "\n"
  }

  /// Names compare without case, blanks and punctuation: `TAROT/TCA`, `tarot tca` and `TAROT_TCA` agree.
  static func folded(_ name: some StringProtocol) -> String {
    String(name.lowercased().filter { $0.isLetter || $0.isNumber })
  }

  /// Edits (insert, delete, replace, swap neighbours) that turn one text into the other.
  /// Optimal string alignment distance, O(a b).
  static func editDistance(_ first: some StringProtocol, _ second: some StringProtocol) -> Int {
    let a = Array(first)
    let b = Array(second)
    guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
    var before: [Int] = []
    var last = Array(0...b.count)
    for i in 1...a.count {
      var row = [i]
      for j in 1...b.count {
        var best = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { best = min(best, before[j - 2] + 1) }
        row.append(best)
      }
      (before, last) = (last, row)
    }
    return last[b.count]
  }
}
