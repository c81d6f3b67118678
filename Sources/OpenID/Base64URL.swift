import Foundation

/// RFC 4648, section 5, without padding.
enum Base64URL {
  static func encode(_ bytes: some Sequence<UInt8>) -> String {
    Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing(
      "=", with: "")
  }

  /// - Returns: nil for anything else, padding and other alphabets included.
  static func decode(_ text: some StringProtocol) -> [UInt8]? {
    guard
      text.utf8.allSatisfy({
        (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45 || $0 == 95
      })
    else { return nil }
    var plain = String(text).replacing("-", with: "+").replacing("_", with: "/")
    guard plain.utf8.count % 4 != 1 else { return nil }
    plain += String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4)
    return Data(base64Encoded: plain).map { [UInt8]($0) }
  }
}
