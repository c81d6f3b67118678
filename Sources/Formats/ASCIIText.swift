/// Names from 21 countries in formats that hold only printable ASCII.
enum ASCIIText {
  /// Letters lose their accents, typographic signs become their plain forms, and what has no Latin
  /// reading becomes `?`. Control characters, line ends included, become spaces.
  static func plain(_ text: String) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x20...0x7E: result.unicodeScalars.append(scalar)
      case 0..<0x20, 0x7F: result += " "
      default: result += plain(scalar)
      }
    }
    return result
  }

  /// One word for `awk`: printable ASCII without spaces; `-` when nothing is left.
  static func token(_ text: String) -> String {
    let word = plain(text).split(separator: " ").joined(separator: "_")
    return word.isEmpty ? "-" : word
  }

  /// `[A-Za-z0-9_+-]{1,32}`: what the sites' programs accept as a target name. A long `stem` is cut so
  /// that `suffix` stays whole.
  static func target(_ stem: String, suffix: String) -> String {
    func safe(_ text: String) -> String {
      String(plain(text).map { $0.isLetter || $0.isNumber || "_+-".contains($0) ? $0 : "_" })
    }
    let end = safe(suffix).suffix(32)
    return String(safe(stem).prefix(32 - end.count)) + end
  }

  private static func plain(_ scalar: Unicode.Scalar) -> String {
    if let known = signs[scalar] { return known }
    let properties = scalar.properties
    if properties.canonicalCombiningClass != .notReordered { return "" }
    if properties.isWhitespace { return " " }
    return latinLetter(properties.name) ?? "?"
  }

  /// The base letter in a Unicode name such as `LATIN SMALL LETTER E WITH ACUTE`.
  private static func latinLetter(_ name: String?) -> String? {
    guard let words = name?.split(separator: " "), words.count >= 4, words[0] == "LATIN",
      words[2] == "LETTER",
      words.count == 4 || words[4] == "WITH"
    else { return nil }
    let letter = words[3]
    guard letter.count <= 2, letter.allSatisfy(\.isLetter) else { return nil }
    return words[1] == "SMALL" ? letter.lowercased() : String(letter)
  }

  private static let signs: [Unicode.Scalar: String] = [
    "\u{2010}": "-", "\u{2011}": "-", "\u{2012}": "-", "\u{2013}": "-", "\u{2014}": "-", "\u{2212}": "-",
    "\u{2018}": "'", "\u{2019}": "'", "\u{201C}": "\"", "\u{201D}": "\"", "\u{2026}": "...",
    "\u{00B0}": "deg", "\u{00B1}": "+-", "\u{00D7}": "x", "\u{00B2}": "2", "\u{00B3}": "3", "\u{2032}": "'",
    "\u{2033}": "\"", "\u{00B5}": "u", "\u{03BC}": "u", "\u{00DF}": "ss", "\u{00E6}": "ae", "\u{00C6}": "AE",
    "\u{00F8}": "o", "\u{00D8}": "O", "\u{0131}": "i", "\u{2264}": "<=", "\u{2265}": ">=", "\u{00B7}": ".",
    "\u{2022}": "*", "\u{2192}": "->", "\u{00AB}": "\"", "\u{00BB}": "\"",
  ]

  /// Breaks a comment into lines of at most `width` columns, all beginning with `prefix`, the later ones
  /// indented by two more. Words longer than a line stay whole.
  static func wrapped(_ text: String, prefix: String, width: Int) -> [String] {
    var lines: [String] = []
    var line = prefix
    var isEmpty = true
    for word in plain(text).split(separator: " ") {
      if !isEmpty, line.count + 1 + word.count > width {
        lines.append(line)
        line = prefix + "  "
        isEmpty = true
      }
      line += (isEmpty ? "" : " ") + word
      isEmpty = false
    }
    return lines + [line]
  }
}
