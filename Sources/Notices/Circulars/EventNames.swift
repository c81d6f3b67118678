/// Finds the names by which people call events: `GRB 230410A`, `S230518h`, `EP240801a`,
/// `IceCube-230416A`, `AT 2024abc`, `FRB 20231013B`, `GW170817`.
enum EventNames {
  static func find(in text: String) -> [String] {
    var names: [String] = []
    let words = text.prefix(2000).split { character in
      !(character.isLetter || character.isNumber || character == "-" || character == ".")
    }.map { strip(String($0)) }
    for (i, word) in words.enumerated() {
      guard let name = name(word, next: i + 1 < words.count ? words[i + 1] : ""), !names.contains(name) else {
        continue
      }
      names.append(name)
    }
    return names
  }

  static func isSuperevent(_ word: String) -> Bool {
    for prefix in ["MS", "TS", "GW", "S"] where word.hasPrefix(prefix) {
      return isDated(word.dropFirst(prefix.count), digits: 6...6, letters: prefix == "GW" ? 0...16 : 1...6)
    }
    return false
  }

  private static func name(_ word: String, next: String) -> String? {
    let upper = word.uppercased()
    if isSuperevent(word) { return word }
    if ["GRB", "XRF", "EP"].contains(upper), isDated(next[...], digits: 6...6, letters: 0...2) {
      return upper == "EP" ? "EP" + next : "\(upper) \(next)"
    }
    if ["FRB", "AT", "SN"].contains(upper), isDated(next[...], digits: 4...8, letters: 1...5) {
      return "\(upper) \(next)"
    }
    for prefix in ["GRB", "XRF", "FRB", "AT", "SN"] where upper.hasPrefix(prefix) && word.count > 6 {
      let rest = word.dropFirst(prefix.count)
      if isDated(rest, digits: 4...8, letters: prefix == "GRB" ? 0...2 : 1...5) { return "\(prefix) \(rest)" }
    }
    if word.hasPrefix("EP"), isDated(word.dropFirst(2), digits: 6...6, letters: 1...2) { return word }
    if word.hasPrefix("sb"), isDated(word.dropFirst(2), digits: 8...8, letters: 0...0) { return word }
    if upper.hasPrefix("ICECUBE-"), isDated(word.dropFirst(8), digits: 6...6, letters: 1...1) { return word }
    return nil
  }

  private static func strip(_ word: String) -> String {
    var word = word[...]
    while let last = word.last, last == "." || last == "-" { word = word.dropLast() }
    return String(word)
  }

  private static func isDated(
    _ text: Substring, digits: ClosedRange<Int>, letters: ClosedRange<Int>
  ) -> Bool {
    let number = text.prefix { $0.isASCII && $0.isNumber }
    let rest = text.dropFirst(number.count)
    return digits.contains(number.count) && letters.contains(rest.count)
      && rest.allSatisfy { $0.isASCII && $0.isLetter }
  }
}
