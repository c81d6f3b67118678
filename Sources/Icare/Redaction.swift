/// Makes what ICARE says fit to be logged and shown.
enum Redaction {
  static let placeholder = "«token»"
  static let limit = 300

  /// Without token ids, control characters and great length.
  ///
  /// ICARE puts the caller's token into messages about rights ("Token <id> create Shift") and into the
  /// text of SQL errors. Ids are UUIDs; anything that looks like one goes, whoever's it is.
  static func clean(_ message: String, secrets: [String] = []) -> String {
    var text = message
    for secret in secrets where secret.utf8.count >= 4 { text = text.replacing(secret, with: placeholder) }
    let printable = text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }
    text = String(String.UnicodeScalarView(printable))
    var words: [String] = []
    for word in text.split(separator: " ").map(String.init) {
      let named = words.last.map { $0.hasSuffix("Token") } ?? false
      words.append(named ? placeholder : hidingIdentifiers(in: word))
    }
    return String(words.joined(separator: " ").prefix(limit))
  }

  /// Runs of 20 or more hexadecimal digits and hyphens: UUIDs, digests, other secrets.
  private static func hidingIdentifiers(in word: String) -> String {
    var result = ""
    var run = ""
    func flush() {
      result += run.utf8.count >= 20 && run.contains(where: \.isNumber) ? placeholder : run
      run = ""
    }
    for character in word {
      if character == "-" || (character.isASCII && character.isHexDigit) {
        run.append(character)
      } else {
        flush()
        result.append(character)
      }
    }
    flush()
    return result
  }
}
