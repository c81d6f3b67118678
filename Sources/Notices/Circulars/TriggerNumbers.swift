/// The identifiers that missions give and Circulars repeat in their text: `sb25031101` of SVOM, `trigger
/// 702818765.135562` of Fermi, `trigger=1234567` of Swift. A number without the mission beside it names nothing.
enum TriggerNumbers {
  private static let longestText = 4000
  private static let most = 8

  /// `sb` and eight digits: the date and a number.
  static func burst(_ word: String) -> NativeID? {
    guard word.utf8.count == 10, word.lowercased().hasPrefix("sb"), isNumber(word.dropFirst(2)) else {
      return nil
    }
    return NativeID("svom", word.lowercased())
  }

  static func find(in text: String) -> [NativeID] {
    let words = text.prefix(longestText).split { character in
      !(character.isLetter || character.isNumber || character == ".")
    }.map { String($0) }
    let lower = Set(words.map { $0.lowercased() })
    let (isFermi, isSwift) = (lower.contains("fermi"), lower.contains("swift"))
    var found: [NativeID] = []
    for (i, word) in words.enumerated() where found.count < most {
      var id = burst(trimmed(word))
      if word.lowercased().hasPrefix("trigger"), i + 1 < words.count {
        // Fermi counts seconds since 2001 and writes fractions of them; Swift counts triggers.
        let number = words[i + 1].split(separator: ".").first.map { String($0) } ?? ""
        switch number.utf8.count {
        case 9 where isFermi && isNumber(number[...]): id = NativeID("fermi", number)
        case 6...7 where isSwift && isNumber(number[...]): id = NativeID("swift", number)
        default: break
        }
      }
      if let id, !found.contains(id) { found.append(id) }
    }
    return found
  }

  private static func trimmed(_ word: String) -> String {
    word.hasSuffix(".") ? String(word.dropLast()) : word
  }

  private static func isNumber(_ text: Substring) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) }
  }
}
