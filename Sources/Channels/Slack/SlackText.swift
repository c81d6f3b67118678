/// Text of unknown origin for Slack.
public enum SlackText {
  /// Escaped (`&`, `<`, `>`) and at most `limit` UTF-16 units after that: no markup, no mention and no link
  /// comes out of it. `@channel` and its like are broken with a word joiner, back quotes become
  /// apostrophes so that no code block ends early.
  ///
  /// - Parameter keepsLines: otherwise it becomes one line.
  public static func escape(_ text: String, limit: Int = 3000, keepsLines: Bool = false) -> String {
    let clean = keepsLines ? PlainText.lines(text) : PlainText.oneLine(text)
    let pieces = clean.map { piece($0) }
    if pieces.reduce(0, { $0 + $1.utf16.count }) <= limit { return pieces.joined() }
    var result = ""
    var used = 0
    for piece in pieces {
      guard used + piece.utf16.count <= limit - 1 else { break }
      result += piece
      used += piece.utf16.count
    }
    return result + "…"
  }

  private static func piece(_ character: Character) -> String {
    // By scalar: a combining mark must not carry a bracket through.
    character.unicodeScalars.map { scalar in
      switch scalar {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "`": "'"
      case "@": "@\u{2060}"
      default: String(scalar)
      }
    }.joined()
  }

  /// A link for mrkdwn text; nil unless the address is http(s) without what could end it.
  public static func link(_ address: String, title: String) -> String? {
    guard isAddress(address) else { return nil }
    let label = escape(title, limit: 200).replacing("|", with: "/")
    return "<\(address.replacing("&", with: "&amp;"))|\(label)>"
  }

  /// Whether an address may stand in a button or link.
  static func isAddress(_ address: String) -> Bool {
    guard address.hasPrefix("https://") || address.hasPrefix("http://"), address.utf8.count <= 3000 else {
      return false
    }
    return address.utf8.allSatisfy { (33...126).contains($0) && !"<>|\"'`\\".utf8.contains($0) }
  }

  /// Calls everybody in the channel: the one piece of markup that is not someone's text.
  public static let everybody = "<!channel>"
}
