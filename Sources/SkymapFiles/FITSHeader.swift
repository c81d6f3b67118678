import CCFITSIO

/// The cards of one header-data unit.
///
/// CFITSIO parses the value of each card asked for (quotes, comments, exponents) and the TFORM codes;
/// it never sees a size or a row. Its memory driver reads past a buffer that is shorter than the header
/// promises, and it cannot take a table out of a gzip stream, so sizes are checked and rows are decoded
/// in `FITSReader` and `FITSColumn`.
struct FITSHeader {
  /// Cards of 80 bytes on end, printable ASCII.
  private let text: [UInt8]
  /// Where the card of a keyword starts; the first when it is repeated.
  private let index: [String: Int]
  /// Whether bytes outside printable ASCII were blanked.
  let hadForeignBytes: Bool

  static let blockSize = 2880
  static let cardSize = 80
  /// Real headers have up to some hundred cards; a flow without END must stop somewhere.
  static let maxBlocks = 200

  /// - Parameter bytes: whole blocks, the last with the END card.
  init(_ bytes: [UInt8]) {
    var text = bytes
    var index: [String: Int] = [:]
    var foreign = false
    for start in stride(from: 0, to: text.count - Self.cardSize + 1, by: Self.cardSize) {
      for i in start..<start + Self.cardSize where !(0x20...0x7E).contains(text[i]) {
        text[i] = 0x20
        foreign = true
      }
      let name = Self.trimmed(text[start..<start + 8])
      if name == "END" { break }
      if text[start + 8] == UInt8(ascii: "="), index[name] == nil { index[name] = start }
    }
    self.text = text
    self.index = index
    hadForeignBytes = foreign
  }

  func has(_ name: String) -> Bool { index[name] != nil }

  /// The value field as CFITSIO cuts it out of the card: strings still in quotes.
  private func value(_ name: String) -> String? {
    guard let start = index[name] else { return nil }
    var card = text[start..<start + Self.cardSize].map { CChar(bitPattern: $0) } + [0]
    var value = [CChar](repeating: 0, count: Int(FLEN_VALUE) + 10)
    var comment = [CChar](repeating: 0, count: Int(FLEN_COMMENT) + 10)
    var status: Int32 = 0
    guard ffpsvc(&card, &value, &comment, &status) == 0 else { return nil }
    let text = Self.trimmed(value.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) })
    return text.isEmpty ? nil : text
  }

  /// A string card, or the text of any other; nil when absent or blank.
  func string(_ name: String) -> String? {
    guard let text = value(name) else { return nil }
    guard text.hasPrefix("'") else { return text }
    let inner = text.dropFirst().dropLast(text.count > 1 && text.hasSuffix("'") ? 1 : 0)
    // A quote inside a string is written twice (FITS standard 4.0, 4.2.1).
    var result: [UInt8] = []
    var quoted = false
    for byte in inner.utf8 {
      quoted = byte == UInt8(ascii: "'") && !quoted
      if !quoted { result.append(byte) }
    }
    let unquoted = Self.trimmed(result)
    return unquoted.isEmpty ? nil : unquoted
  }

  /// A number, also from a string that holds one; nil when absent or no finite number.
  func double(_ name: String) -> Double? {
    guard let text = string(name) else { return nil }
    let plain =
      text.contains(where: { $0 == "D" || $0 == "d" })
      ? String(text.map { $0 == "D" || $0 == "d" ? "E" : $0 }) : text
    guard let number = Double(plain), number.isFinite else { return nil }
    return number
  }

  func integer(_ name: String) -> Int? {
    guard let text = string(name) else { return nil }
    if let exact = Int(text) { return exact }
    return double(name).flatMap { Int(exactly: $0) }
  }

  private static func trimmed(_ bytes: some BidirectionalCollection<UInt8>) -> String {
    let space = UInt8(ascii: " ")
    guard let first = bytes.firstIndex(where: { $0 != space }),
      let last = bytes.lastIndex(where: { $0 != space })
    else { return "" }
    return String(decoding: bytes[first...last], as: UTF8.self)
  }
}

extension FITSHeader {
  /// Bytes of the data that follow, without padding; throws what makes them impossible.
  func dataSize(hdu: Int) throws(SkymapFileError) -> Int {
    guard let bitpix = integer("BITPIX"), [8, 16, 32, 64, -32, -64].contains(bitpix) else {
      throw .fits(hdu: hdu, "BITPIX is missing or impossible; the header is damaged, get the file again")
    }
    guard let axes = integer("NAXIS"), (0...999).contains(axes) else {
      throw .fits(hdu: hdu, "NAXIS is missing or impossible; the header is damaged, get the file again")
    }
    guard axes > 0 else { return 0 }
    var elements = 1
    for axis in 1...axes {
      guard let length = integer("NAXIS\(axis)"), length >= 0 else {
        throw .fits(
          hdu: hdu, "NAXIS\(axis) is missing or negative; the header is damaged, get the file again")
      }
      elements = clampedProduct(elements, length)
    }
    let heap = integer("PCOUNT") ?? 0
    let groups = integer("GCOUNT") ?? 1
    guard heap >= 0, groups >= 1 else {
      throw .fits(hdu: hdu, "PCOUNT or GCOUNT is impossible; the header is damaged, get the file again")
    }
    return clampedProduct(clampedProduct(clampedSum(elements, heap), groups), abs(bitpix) / 8)
  }
}

/// Product and sum of sizes, which are never negative; too large ones become `Int.max`.
func clampedProduct(_ a: Int, _ b: Int) -> Int {
  let (value, overflow) = a.multipliedReportingOverflow(by: b)
  return overflow ? .max : value
}

func clampedSum(_ a: Int, _ b: Int) -> Int {
  let (value, overflow) = a.addingReportingOverflow(b)
  return overflow ? .max : value
}
