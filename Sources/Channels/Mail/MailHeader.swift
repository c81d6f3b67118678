import Foundation

/// Header fields of mail (RFC 5322) with encoded words (RFC 2047). Whatever goes in, exactly one field
/// comes out: line ends and other hidden characters are gone before anything is written.
enum MailHeader {
  /// RFC 5322 2.1.1 asks for at most 78 characters a line.
  private static let lineLimit = 76
  /// RFC 2047 2: an encoded word has at most 75 characters; with these, one fits behind `Subject:`.
  private static let wordBytes = 39

  /// `Name: text`, folded, with its CRLF.
  static func unstructured(_ name: String, _ text: String) -> String {
    let clean = PlainText.oneLine(text)
    return isSimple(clean)
      ? folded(name, clean.split(separator: " ").map(String.init))
      : folded(name, encodedWords(clean))
  }

  /// `Name: tokens`, folded between them.
  static func folded(_ name: String, _ tokens: [String]) -> String {
    var line = "\(name):"
    var text = ""
    for token in tokens {
      let piece = " " + token
      if line.utf8.count + piece.utf8.count > lineLimit, line.utf8.count > name.utf8.count + 1 {
        text += line + "\r\n"
        line = piece
      } else {
        line += piece
      }
    }
    return text + line + "\r\n"
  }

  /// A list of addresses.
  static func addresses(_ name: String, _ list: [MailAddress]) -> String {
    let tokens = list.enumerated().map { index, address in
      mailbox(address) + (index < list.count - 1 ? "," : "")
    }
    return folded(name, tokens.flatMap { $0.split(separator: " ").map(String.init) })
  }

  static func mailbox(_ address: MailAddress) -> String {
    let name = PlainText.oneLine(address.name ?? "")
    guard !name.isEmpty else { return address.address }
    let isAtom = name.utf8.allSatisfy { isAtomByte($0) || $0 == 32 }
    let phrase =
      isAtom && !name.contains("=?") && name.utf8.count <= 60
      ? name : encodedWords(name).joined(separator: " ")
    return "\(phrase) <\(address.address)>"
  }

  /// Printable ASCII whose words need no folding and cannot be taken for encoded ones.
  private static func isSimple(_ text: String) -> Bool {
    text.utf8.allSatisfy { (32...126).contains($0) } && !text.contains("=?")
      && text.split(separator: " ").allSatisfy { $0.utf8.count <= 60 }
  }

  /// Base64 words, none of which cuts a character in two.
  static func encodedWords(_ text: String) -> [String] {
    var words: [String] = []
    var part: [UInt8] = []
    func close() {
      if !part.isEmpty { words.append("=?UTF-8?B?\(Data(part).base64EncodedString())?=") }
      part = []
    }
    for scalar in text.unicodeScalars {
      let bytes = Array(String(scalar).utf8)
      if part.count + bytes.count > wordBytes { close() }
      part += bytes
    }
    close()
    return words
  }

  private static func isAtomByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "!#$%&'*+-/=?^_`{|}~".utf8.contains(byte)
    }
  }

  static func isAddress(_ text: String) -> Bool {
    let parts = text.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
    guard parts.count == 2, (1...64).contains(parts[0].count) else { return false }
    let isLocal = parts[0].allSatisfy { isAtomByte($0) || $0 == UInt8(ascii: ".") }
    return isLocal && isHost(String(decoding: parts[1], as: UTF8.self))
  }

  static func isHost(_ text: String) -> Bool {
    (1...253).contains(text.utf8.count) && !text.hasPrefix(".") && !text.hasPrefix("-")
      && text.utf8.allSatisfy {
        (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45 || $0 == 46
      }
  }

  /// `type/subtype` with plain parameters.
  static func isContentType(_ text: String) -> Bool {
    let parts = text.split(separator: ";", omittingEmptySubsequences: false)
    let type = parts[0].split(separator: "/", omittingEmptySubsequences: false)
    func isToken(_ token: some StringProtocol) -> Bool {
      !token.isEmpty && token.utf8.allSatisfy { isAtomByte($0) && $0 != UInt8(ascii: "'") }
    }
    guard text.utf8.count <= 200, type.count == 2, type.allSatisfy(isToken) else { return false }
    return parts.dropFirst().allSatisfy { parameter in
      let sides = parameter.trimmingCharacters(in: .whitespaces)
        .split(separator: "=", omittingEmptySubsequences: false)
      return sides.count == 2 && sides.allSatisfy(isToken)
    }
  }

  /// The parameters that name a file: a quoted string, or RFC 2231 for what is long or beyond ASCII.
  static func filename(_ name: String) -> [String] {
    let scalars = PlainText.oneLine(name).unicodeScalars.prefix(120).map {
      $0 == "/" || $0 == "\\" ? "_" : $0
    }
    let safe = scalars.isEmpty ? "file" : String(String.UnicodeScalarView(scalars))
    let isQuotable = safe.utf8.allSatisfy { (32...126).contains($0) && $0 != UInt8(ascii: "\"") }
    if isQuotable, safe.utf8.count <= 50, !safe.contains("=?") { return ["filename=\"\(safe)\""] }
    var parts = ["UTF-8''"]
    for byte in safe.utf8 {
      let isPlain = isAtomByte(byte) && !"!#$%&'*+/=?^`{|}~".utf8.contains(byte) || byte == UInt8(ascii: ".")
      let piece = isPlain ? String(Unicode.Scalar(byte)) : "%" + hexadecimal(byte)
      if parts[parts.count - 1].utf8.count + piece.utf8.count > 54 { parts.append("") }
      parts[parts.count - 1] += piece
    }
    guard parts.count > 1 else { return ["filename*=\(parts[0])"] }
    return parts.enumerated().map { index, part in
      "filename*\(index)*=\(part)\(index < parts.count - 1 ? ";" : "")"
    }
  }

  /// Two capital digits.
  static func hexadecimal(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
  }
}

/// The two ways to send any bytes as seven-bit lines (RFC 2045).
enum TransferEncoding {
  /// Quoted-printable: text stays legible; lines have at most 76 characters.
  static func quotedPrintable(_ text: String) -> String {
    var out = ""
    var lines = PlainText.lines(text).split(separator: "\n", omittingEmptySubsequences: false)
    if lines.count > 1, lines.last?.isEmpty == true { lines.removeLast() }
    for line in lines {
      var column = 0
      let bytes = Array(line.utf8)
      for (index, byte) in bytes.enumerated() {
        let isLast = index == bytes.count - 1
        let isSpace = byte == 32 || byte == 9
        let plain = (33...126).contains(byte) && byte != UInt8(ascii: "=") || isSpace && !isLast
        // Servers and old readers know lines that begin with "From " or a dot.
        let needsGuard = column == 0 && (byte == UInt8(ascii: ".") || byte == UInt8(ascii: "F"))
        let piece = plain && !needsGuard ? String(Unicode.Scalar(byte)) : "=" + MailHeader.hexadecimal(byte)
        if column + piece.utf8.count > 75 {
          out += "=\r\n"
          column = 0
        }
        out += piece
        column += piece.utf8.count
      }
      out += "\r\n"
    }
    return out
  }

  /// Base64 in lines of 76 characters.
  static func base64(_ data: Data) -> String {
    let text = Array(data.base64EncodedString().utf8)
    var out = ""
    for start in stride(from: 0, to: text.count, by: 76) {
      out += String(decoding: text[start..<min(start + 76, text.count)], as: UTF8.self) + "\r\n"
    }
    return out
  }
}
