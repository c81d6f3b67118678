import Foundation
import Galaxies

/// The first binary table of a FITS file, read row by row: what NED-LVS is published as.
///
/// Only what such catalogues use: scalar numbers (B, I, J, K, E, D) and text (A), unscaled. Sizes are checked against
/// the file before a row is read.
struct FITSCatalog {
  private enum Kind: Character { case B = "B", I = "I", J = "J", K = "K", E = "E", D = "D" }
  private struct Column {
    var offset: Int
    /// nil: text.
    var kind: Kind?
    var width: Int
  }

  private static let blockBytes = 2880
  /// A header of 2.9 MB: more than a thousand columns.
  private static let mostBlocks = 1000

  let rowCount: Int
  let rowBytes: Int
  private var columns: [String: Column] = [:]
  private let file: UnsafeMutablePointer<FILE>
  private let path: String

  static func isFITS(_ start: UnsafeRawBufferPointer) -> Bool { start.starts(with: "SIMPLE  =".utf8) }

  /// - Parameter file: open at its start; stays the caller's.
  init(_ file: UnsafeMutablePointer<FILE>, path: String) throws(CatalogError) {
    (self.file, self.path) = (file, path)
    var cards = try Self.header(file, path)
    while cards["XTENSION"] != "BINTABLE" {
      let data = try Self.dataBytes(cards, path)
      guard fseek(file, (data + Self.blockBytes - 1) / Self.blockBytes * Self.blockBytes, SEEK_CUR) == 0
      else {
        throw .file("\(path): ends in the middle")
      }
      cards = try Self.header(file, path)
    }
    rowBytes = try Self.integer(cards, "NAXIS1", 1...1_000_000, path)
    rowCount = try Self.integer(cards, "NAXIS2", 0...4_000_000_000, path)
    var status = stat()
    let here = ftell(file)
    guard fstat(fileno(file), &status) == 0, here >= 0, rowBytes * rowCount <= Int(status.st_size) - here
    else {
      throw .file("\(path): has fewer rows than its header promises; the file was cut, get it again")
    }
    var offset = 0
    for n in 1...(try Self.integer(cards, "TFIELDS", 1...999, path)) {
      let form = (cards["TFORM\(n)"] ?? "").filter { $0 != " " }
      let count = Int(form.prefix { $0.isNumber }) ?? 1
      guard let letter = form.drop(while: \.isNumber).first, count >= 0, count <= 1_000_000,
        let bytes = Self.width(letter, count)
      else { throw .file("\(path): column \(n) has the unknown form `\(form)`") }
      let kind = Kind(rawValue: letter)
      let isPlain =
        [nil, "1", "1.0"].contains(cards["TSCAL\(n)"]) && [nil, "0", "0.0"].contains(cards["TZERO\(n)"])
      if (letter == "A" || (kind != nil && count == 1)) && isPlain {
        columns[(cards["TTYPE\(n)"] ?? "").lowercased()] = Column(offset: offset, kind: kind, width: bytes)
      }
      offset += bytes
    }
    guard offset == rowBytes else {
      throw .file("\(path): its columns take \(offset) bytes, a row \(rowBytes)")
    }
  }

  private static func width(_ letter: Character, _ count: Int) -> Int? {
    switch letter {
    case "A", "B", "L": count
    case "X": (count + 7) / 8
    case "I": 2 * count
    case "J", "E": 4 * count
    case "K", "D", "C", "P": 8 * count
    case "M", "Q": 16 * count
    default: nil
    }
  }

  // MARK: header

  private static func header(
    _ file: UnsafeMutablePointer<FILE>, _ path: String
  ) throws(CatalogError) -> [String: String] {
    var cards: [String: String] = [:]
    var block = [UInt8](repeating: 0, count: blockBytes)
    for _ in 0..<mostBlocks {
      guard fread(&block, 1, blockBytes, file) == blockBytes else {
        throw .file("\(path): holds no whole binary table")
      }
      for start in stride(from: 0, to: blockBytes, by: 80) {
        let card = String(decoding: block[start..<start + 80], as: UTF8.self)
        let key = card.prefix(8).filter { $0 != " " }
        if key == "END" { return cards }
        guard card.dropFirst(8).hasPrefix("= ") else { continue }
        cards[key] = value(String(card.dropFirst(10)))
      }
    }
    throw .file("\(path): has a header without an end")
  }

  /// Text without its quotes, or what stands before the comment.
  private static func value(_ text: String) -> String {
    let start = text.drop { $0 == " " }
    if start.first == "'" {
      let inner = start.dropFirst().prefix { $0 != "'" }
      return String(inner.reversed().drop { $0 == " " }.reversed())
    }
    return start.prefix { $0 != "/" }.filter { $0 != " " }
  }

  private static func integer(
    _ cards: [String: String], _ key: String, _ range: ClosedRange<Int>, _ path: String
  ) throws(CatalogError) -> Int {
    guard let value = cards[key].flatMap({ Int($0) }), range.contains(value) else {
      throw .file("\(path): \(key) is missing or impossible")
    }
    return value
  }

  /// Of a unit that is passed over.
  private static func dataBytes(_ cards: [String: String], _ path: String) throws(CatalogError) -> Int {
    let axes = try integer(cards, "NAXIS", 0...9, path)
    guard axes > 0 else { return 0 }
    var size = abs(try integer(cards, "BITPIX", -64...64, path)) / 8
    for n in 1...axes {
      let (product, overflow) = size.multipliedReportingOverflow(
        by: try integer(cards, "NAXIS\(n)", 0...4_000_000_000, path))
      guard !overflow, product < 1 << 50 else { throw .file("\(path): NAXIS\(n) is impossible") }
      size = product
    }
    return size
  }

  // MARK: rows

  /// Hands over every row as the parser's quantities.
  func forEach(_ body: (CatalogParser.Parsed) throws(CatalogError) -> Void) throws(CatalogError) {
    func needed(_ name: String) throws(CatalogError) -> Column {
      guard let column = columns[name], column.kind != nil else {
        throw .missingColumn(name, has: columns.keys.sorted())
      }
      return column
    }
    let (ra, dec, distance) = (try needed("ra"), try needed("dec"), try needed("distmpc"))
    let (deviation, mass) = (columns["distmpc_unc"], columns["mstar"])
    let name = columns["objname"].flatMap { $0.kind == nil ? $0 : nil }
    let chunk = max(1, (1 << 20) / rowBytes)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunk * rowBytes, alignment: 16)
    defer { buffer.deallocate() }
    var done = 0
    while done < rowCount {
      let count = min(chunk, rowCount - done)
      guard fread(buffer.baseAddress!, rowBytes, count, file) == count else {
        throw .file("\(path): reading failed")
      }
      for row in 0..<count {
        let start = row * rowBytes
        func number(_ column: Column?) -> Double {
          column.map { Self.number(UnsafeRawBufferPointer(buffer), start + $0.offset, $0.kind) } ?? .nan
        }
        let text = name.map { column in
          let bytes = buffer[(start + column.offset)..<(start + column.offset + column.width)]
          return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self).trimmingCharacters(
            in: .whitespaces)
        }
        try body(
          CatalogParser.checked(
            ra: number(ra), dec: number(dec), distance: number(distance), deviation: number(deviation),
            mass: number(mass) / 1e10, name: text))
      }
      done += count
    }
  }

  private static func number(_ bytes: UnsafeRawBufferPointer, _ offset: Int, _ kind: Kind?) -> Double {
    func load<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type) -> T {
      T(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
    }
    switch kind {
    case .B: return Double(bytes[offset])
    case .I: return Double(load(Int16.self))
    case .J: return Double(load(Int32.self))
    case .K: return Double(load(Int64.self))
    case .E: return Double(Float(bitPattern: load(UInt32.self)))
    case .D: return Double(bitPattern: load(UInt64.self))
    case nil: return .nan
    }
  }
}
