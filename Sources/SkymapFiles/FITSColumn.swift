import CCFITSIO

/// One column of a binary table: where its bytes lie in a row and what they mean.
struct FITSColumn {
  enum Kind { case uint8, int16, int32, int64, float, double, other }

  let name: String
  let unit: String
  let kind: Kind
  /// Elements in a row.
  let repeatCount: Int
  /// Of the first byte in a row.
  let offset: Int
  let scale: Double
  let zero: Double
  /// The integer that stands for "undefined".
  let null: Int64?

  var isFloat: Bool { kind == .float || kind == .double }
  var isInteger: Bool { !isFloat && kind != .other && scale == 1 && zero == zero.rounded() }
}

extension FITSColumn {
  /// The columns of a table header, checked against the width of its rows.
  static func all(of header: FITSHeader, rowBytes: Int, hdu: Int) throws(SkymapFileError) -> [FITSColumn] {
    guard let count = header.integer("TFIELDS"), (0...999).contains(count) else {
      throw .fits(hdu: hdu, "TFIELDS is missing or impossible; the header is damaged, get the file again")
    }
    guard count <= maxColumns else {
      throw .fits(
        hdu: hdu, "\(count) columns are more than the \(maxColumns) any sky map has; give the map alone")
    }
    var columns: [FITSColumn] = []
    var offset = 0
    for i in 0..<count {
      guard let format = header.string("TFORM\(i + 1)") else {
        throw .fits(
          hdu: hdu,
          "TFIELDS promises \(count) columns but column \(i + 1) has no TFORM; the header is damaged, get the file again"
        )
      }
      let (column, width) = try column(i + 1, format: format, header: header, offset: offset, hdu: hdu)
      columns.append(column)
      offset = clampedSum(offset, width)
    }
    guard offset == rowBytes else {
      throw .fits(
        hdu: hdu,
        "the columns take \(offset) bytes a row, NAXIS1 says \(rowBytes); the header is damaged, get the file again"
      )
    }
    return columns
  }

  private static let maxColumns = 64

  private static func column(
    _ number: Int, format: String, header: FITSHeader, offset: Int, hdu: Int
  ) throws(SkymapFileError) -> (FITSColumn, width: Int) {
    var text = format.utf8CString.map { $0 }
    var code: Int32 = 0
    var count: Int64 = 0
    var elementWidth = 0
    var status: Int32 = 0
    guard ffbnfmll(&text, &code, &count, &elementWidth, &status) == 0, (0...(1 << 31)).contains(count) else {
      throw .fits(
        hdu: hdu, "TFORM\(number) '\(format)' is no column format; the header is damaged, get the file again")
    }
    // The letter, for the unsigned and signed codes that CFITSIO has invented are not in the standard.
    let letter = format.first { !$0.isNumber }?.uppercased() ?? ""
    let (kind, bytes): (Kind, Int) =
      switch (code, letter) {
      case (TBYTE, "B"): (.uint8, 1)
      case (TSHORT, "I"): (.int16, 2)
      case (TLONG, "J"): (.int32, 4)
      case (TLONGLONG, "K"): (.int64, 8)
      case (TFLOAT, "E"): (.float, 4)
      case (TDOUBLE, "D"): (.double, 8)
      case (_, "X"): (.other, 0)
      case (_, "L"), (_, "A"): (.other, 1)
      case (_, "P"), (_, "C"): (.other, 8)
      case (_, "Q"), (_, "M"): (.other, 16)
      default:
        throw .fits(hdu: hdu, "TFORM\(number) '\(format)' is not in the FITS standard; convert the file")
      }
    let width = letter == "X" ? (Int(count) + 7) / 8 : clampedProduct(Int(count), bytes)
    let column = FITSColumn(
      name: header.string("TTYPE\(number)")?.uppercased() ?? "", unit: header.string("TUNIT\(number)") ?? "",
      kind: kind, repeatCount: Int(count), offset: offset, scale: header.double("TSCAL\(number)") ?? 1,
      zero: header.double("TZERO\(number)") ?? 0, null: header.integer("TNULL\(number)").map(Int64.init))
    return (column, width)
  }
}

// MARK: decoding

extension FITSColumn {
  /// Decodes the column out of whole rows: `output[row * repeatCount + element]`, NaN where undefined.
  ///
  /// - Precondition: `rows` holds `rowCount` rows of `rowBytes` bytes, `output` the elements.
  func decode(
    _ rows: UnsafeRawBufferPointer, rowBytes: Int, rowCount: Int,
    into output: UnsafeMutableBufferPointer<Double>
  ) {
    precondition(rows.count >= rowBytes * rowCount && output.count >= rowCount * repeatCount)
    switch kind {
    case .double:
      read(rows, rowBytes, rowCount, UInt64.self) { output[$0] = Double(bitPattern: $1) }
    case .float:
      read(rows, rowBytes, rowCount, UInt32.self) { output[$0] = Double(Float(bitPattern: $1)) }
    case .int64: read(rows, rowBytes, rowCount, Int64.self) { output[$0] = $1 == null ? .nan : Double($1) }
    case .int32:
      read(rows, rowBytes, rowCount, Int32.self) { output[$0] = Int64($1) == null ? .nan : Double($1) }
    case .int16:
      read(rows, rowBytes, rowCount, Int16.self) { output[$0] = Int64($1) == null ? .nan : Double($1) }
    case .uint8:
      read(rows, rowBytes, rowCount, UInt8.self) { output[$0] = Int64($1) == null ? .nan : Double($1) }
    case .other: for i in 0..<rowCount * repeatCount { output[i] = .nan }
    }
    if scale != 1 || zero != 0 {
      for i in 0..<rowCount * repeatCount { output[i] = output[i] * scale + zero }
    }
  }

  /// The same for 32-bit floats as they are, for flat maps too large to widen.
  func decodeFloats(
    _ rows: UnsafeRawBufferPointer, rowBytes: Int, rowCount: Int,
    into output: UnsafeMutableBufferPointer<Float>
  ) {
    precondition(kind == .float && scale == 1 && zero == 0)
    precondition(rows.count >= rowBytes * rowCount && output.count >= rowCount * repeatCount)
    read(rows, rowBytes, rowCount, UInt32.self) { output[$0] = Float(bitPattern: $1) }
  }

  /// Exact integers, TZERO applied; a value that leaves Int64 (only unsigned 64-bit ones can) wraps to a
  /// negative number, which is no cell or pixel either.
  func decodeIntegers(
    _ rows: UnsafeRawBufferPointer, rowBytes: Int, rowCount: Int,
    into output: UnsafeMutableBufferPointer<Int64>
  ) {
    precondition(isInteger)
    precondition(rows.count >= rowBytes * rowCount && output.count >= rowCount * repeatCount)
    // 2^63, the zero of unsigned columns, is Int64.min modulo 2^64.
    let shift = zero == 0x1p63 ? Int64.min : Int64(exactly: zero) ?? 0
    switch kind {
    case .int64: read(rows, rowBytes, rowCount, Int64.self) { output[$0] = $1 &+ shift }
    case .int32: read(rows, rowBytes, rowCount, Int32.self) { output[$0] = Int64($1) &+ shift }
    case .int16: read(rows, rowBytes, rowCount, Int16.self) { output[$0] = Int64($1) &+ shift }
    default: read(rows, rowBytes, rowCount, UInt8.self) { output[$0] = Int64($1) &+ shift }
    }
  }

  @inline(__always)
  private func read<T: FixedWidthInteger & BitwiseCopyable>(
    _ rows: UnsafeRawBufferPointer, _ rowBytes: Int, _ rowCount: Int, _ type: T.Type,
    _ store: (_ index: Int, _ value: T) -> Void
  ) {
    let size = MemoryLayout<T>.size
    var index = 0
    for row in 0..<rowCount {
      var place = row * rowBytes + offset
      for _ in 0..<repeatCount {
        store(index, T(bigEndian: rows.loadUnaligned(fromByteOffset: place, as: T.self)))
        index += 1
        place += size
      }
    }
  }
}
