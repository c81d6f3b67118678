/// A person as ICARE knows them: letters, digits, `-`, `_`, `.`, starting with a letter or digit, at most 64.
///
/// An address with `@` is refused: rosters hold no personal data beyond the user name.
public struct Username: Hashable, Comparable, Sendable, CustomStringConvertible, Codable {
  public let text: String

  public init?(_ text: some StringProtocol) {
    guard (1...64).contains(text.utf8.count), let first = text.utf8.first, Self.isAlphanumeric(first),
      text.utf8.allSatisfy({ Self.isAlphanumeric($0) || $0 == 45 || $0 == 95 || $0 == 46 })
    else { return nil }
    self.text = String(text)
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let user = Username(text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a user name")
    }
    self = user
  }
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }

  public static func < (a: Self, b: Self) -> Bool { a.text < b.text }
  public var description: String { text }
}
