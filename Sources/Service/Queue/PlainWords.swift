import Dashboard

/// Texts of strangers, before they are stored.
enum PlainWords {
  /// A name that nobody knows, as it may be shown again: printable ASCII, not long.
  static func shown(_ name: String) -> String {
    String(
      String.UnicodeScalarView(name.unicodeScalars.filter { (0x20...0x7E).contains($0.value) }.prefix(60)))
  }

  /// - Returns: without blanks at the ends; nil for an empty one.
  /// - Throws: for more than `most` bytes, control characters, and marks that turn the reading direction.
  static func checked(_ text: String?, _ name: String, most: Int) throws(DeskError) -> String? {
    guard let text else { return nil }
    guard text.utf8.count <= most else { throw .invalid("\(name) is longer than \(most) bytes") }
    for scalar in text.unicodeScalars {
      let value = scalar.value
      let isControl = value < 0x20 || (0x7F..<0xA0).contains(value)
      let isTurning =
        (0x202A...0x202E).contains(value) || (0x2066...0x2069).contains(value)
        || [0x200E, 0x200F, 0x061C, 0x2028, 0x2029].contains(value)
      guard !isControl, !isTurning else {
        throw .invalid("\(name) holds characters that cannot be shown")
      }
    }
    let trimmed = text.drop { $0 == " " }
    let end = trimmed.lastIndex { $0 != " " }.map { trimmed.index(after: $0) } ?? trimmed.startIndex
    let result = String(trimmed[..<end])
    return result.isEmpty ? nil : result
  }
}
