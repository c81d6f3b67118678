import HTTPTypes
import Hummingbird

/// How pages are coloured. `automatic` follows the reader's system.
enum Theme: String, CaseIterable, Sendable {
  case automatic, day, dark, red

  /// For `<meta name="color-scheme">`: what is painted before the style sheet has come.
  var colorScheme: String {
    switch self {
    case .automatic: "light dark"
    case .day: "light"
    case .dark, .red: "dark"
    }
  }

  var label: String {
    switch self {
    case .automatic: "Auto"
    case .day: "Day"
    case .dark: "Dark"
    case .red: "Red"
    }
  }

  /// As the cookie says it; automatic where there is none or a strange one.
  static func chosen(in request: Request) -> Theme {
    let pairs = request.headers[values: .cookie].flatMap { $0.split(separator: ";") }
    let values = pairs.compactMap { pair -> Substring? in
      let trimmed = pair.drop { $0 == " " }
      return trimmed.hasPrefix("theme=") ? trimmed.dropFirst(6) : nil
    }
    return values.first.flatMap { Theme(rawValue: String($0)) } ?? .automatic
  }

  /// Kept for a year; forgotten at once for `automatic`.
  var cookie: String {
    let life = self == .automatic ? 0 : 31_536_000
    return "theme=\(rawValue); Path=/; Max-Age=\(life); HttpOnly; SameSite=Lax"
  }
}

/// Addresses within this site.
enum LocalPath {
  /// Whether a browser that is sent there stays here: `//host`, `/\host` and control characters lead away.
  static func isSafe(_ path: String) -> Bool {
    let scalars = Array(path.unicodeScalars)
    guard scalars.count <= 1000, scalars.first == "/" else { return false }
    if scalars.count > 1, scalars[1] == "/" || scalars[1] == "\\" { return false }
    return scalars.allSatisfy { (0x21...0x7E).contains($0.value) && $0 != "\\" }
  }

  /// One part of a path or one value of a query, percent-encoded (RFC 3986: all but unreserved bytes).
  static func encoded(_ text: String) -> String {
    let hex = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        bytes.append(byte)
      default: bytes += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
