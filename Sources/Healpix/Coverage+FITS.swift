extension Coverage {
  /// A header card beside those of the standard.
  public struct Card: Sendable, Hashable {
    /// Up to eight of A-Z, 0-9, `-`, `_`.
    public let keyword: String
    public let value: String
    public let comment: String
    public init(_ keyword: String, _ value: String, comment: String = "") {
      self.keyword = keyword
      self.value = value
      self.comment = comment
    }
  }

  /// The FITS form of the IVOA MOC 2.0 standard (section 4.3.1): a table of RANGE pairs at order 29.
  ///
  /// - Parameters:
  ///   - maxOrder: the order the map is written at (MOCORD_S), as for `mocASCII`.
  ///   - tool: MOCTOOL.
  ///   - cards: further string cards; characters outside printable ASCII are written as `?`.
  public func mocFITS(maxOrder: Int? = nil, tool: String = "vesper", cards: [Card] = []) -> [UInt8] {
    let order = Swift.min(Swift.max(maxOrder ?? self.order, 0), Cell.maxOrder)
    let written = degraded(to: order).ranges
    var file = FITSWriter()
    file.logical("SIMPLE", true, "conforms to the FITS standard")
    file.integer("BITPIX", 8, "")
    file.integer("NAXIS", 0, "no image")
    file.logical("EXTEND", true, "")
    file.endHeader()

    file.string("XTENSION", "BINTABLE", "Space coverage")
    file.integer("BITPIX", 8, "")
    file.integer("NAXIS", 2, "")
    file.integer("NAXIS1", 8, "bytes a row")
    file.integer("NAXIS2", 2 * written.count, "rows: first and one past last of each range")
    file.integer("PCOUNT", 0, "")
    file.integer("GCOUNT", 1, "")
    file.integer("TFIELDS", 1, "")
    file.string("TFORM1", "1K", "64-bit integer")
    file.string("TTYPE1", "RANGE", "")
    file.string("MOCVERS", "2.0", "MOC version")
    file.string("MOCDIM", "SPACE", "physical dimension")
    file.string("ORDERING", "RANGE", "coding method")
    file.string("COORDSYS", "C", "reference frame: ICRS")
    file.integer("MOCORD_S", order, "MOC resolution (best order)")
    file.string("MOCTOOL", tool, "")
    for card in cards { file.string(card.keyword, card.value, card.comment) }
    file.endHeader()
    for range in written {
      file.bigEndian(range.lowerBound)
      file.bigEndian(range.upperBound)
    }
    file.pad(with: 0)
    return file.bytes
  }
}

/// Cards of 80 characters and blocks of 2,880 bytes (FITS standard 4.0, sections 3 and 4).
private struct FITSWriter {
  private(set) var bytes: [UInt8] = []

  mutating func logical(_ keyword: String, _ value: Bool, _ comment: String) {
    card(keyword, right(value ? "T" : "F"), comment)
  }
  mutating func integer(_ keyword: String, _ value: Int, _ comment: String) {
    card(keyword, right(String(value)), comment)
  }

  /// Quotes are doubled; what exceeds the card (68 characters) is cut off.
  mutating func string(_ keyword: String, _ value: String, _ comment: String) {
    var text = ""
    for scalar in value.unicodeScalars {
      let piece = scalar == "'" ? "''" : ((32...126).contains(scalar.value) ? String(scalar) : "?")
      if text.utf8.count + piece.utf8.count > 68 { break }
      text += piece
    }
    let padded = text + String(repeating: " ", count: max(0, 8 - text.utf8.count))
    card(keyword, "'\(padded)'", comment)
  }

  mutating func endHeader() {
    append("END")
    pad(with: 32)
  }

  mutating func bigEndian(_ value: UInt64) {
    for shift in stride(from: 56, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
    }
  }

  mutating func pad(with byte: UInt8) {
    let rest = bytes.count % 2880
    if rest > 0 { bytes.append(contentsOf: repeatElement(byte, count: 2880 - rest)) }
  }

  private func right(_ text: String) -> String {
    String(repeating: " ", count: max(0, 20 - text.utf8.count)) + text
  }

  private mutating func card(_ keyword: String, _ value: String, _ comment: String) {
    let name = String(
      keyword.uppercased().unicodeScalars.filter {
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_".unicodeScalars.contains($0)
      }.prefix(8).map(Character.init))
    let keyColumn = name + String(repeating: " ", count: 8 - name.utf8.count)
    append(keyColumn + "= " + value + (comment.isEmpty ? "" : " / " + comment))
  }

  private mutating func append(_ text: String) {
    let card = text.utf8.prefix(80)
    bytes.append(contentsOf: card)
    bytes.append(contentsOf: repeatElement(32, count: 80 - card.count))
  }
}
