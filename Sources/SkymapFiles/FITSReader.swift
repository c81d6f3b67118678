import Skymaps

/// Walks the header-data units of a FITS stream, checking each size before anything is read by it.
final class FITSReader {
  let input: ByteReader
  let limits: SkymapFile.Limits
  private(set) var hdu = -1
  private(set) var findings: [SkymapReport.Finding] = []
  private var checksum: FITSChecksum?

  init(_ input: ByteReader, limits: SkymapFile.Limits) {
    self.input = input
    self.limits = limits
  }

  /// A header whose data lie next in the stream.
  struct Unit {
    let hdu: Int
    let header: FITSHeader
    let dataBytes: Int
    var paddedBytes: Int { clampedSum(dataBytes, (blockSize - dataBytes % blockSize) % blockSize) }
    private var blockSize: Int { FITSHeader.blockSize }
  }

  /// The next unit, or nil at the end of the stream.
  func next() throws(SkymapFileError) -> Unit? {
    guard hdu < Self.maxUnits else {
      throw .fits(hdu: hdu, "no map in the first \(Self.maxUnits) HDUs; give the map alone")
    }
    guard let bytes = try headerBlocks() else { return nil }
    let header = FITSHeader(bytes)
    if header.hadForeignBytes {
      findings.append(
        .init(.note, "non_ascii_header", "HDU \(hdu) has header bytes that are not ASCII; blanked"))
    }
    let size = try checkedSize(header)
    checksum = FITSChecksum(header, headerBytes: bytes)
    return Unit(hdu: hdu, header: header, dataBytes: size)
  }

  private func checkedSize(_ header: FITSHeader) throws(SkymapFileError) -> Int {
    let size = try header.dataSize(hdu: hdu)
    if let remaining = input.remaining, size > remaining {
      throw .fits(
        hdu: hdu,
        "the header promises \(size == .max ? "more than 2^63" : "\(size)") bytes of data, \(remaining) are there;"
          + " the file is cut or its header is wrong, get it again")
    }
    guard size <= limits.expanded else {
      throw .fits(
        hdu: hdu,
        "the header promises \(size) bytes, more than the \(limits.expanded) accepted;"
          + " the header is damaged or this is no sky map")
    }
    return size
  }

  /// Blocks up to the END card; nil when no header follows.
  private func headerBlocks() throws(SkymapFileError) -> [UInt8]? {
    let start = try input.peek(9)
    let opening = hdu < 0 ? "SIMPLE  =" : "XTENSION="
    // Anything else after the last unit is allowed (FITS standard 4.0, 3.5 "special records").
    guard start.elementsEqual(opening.utf8) else { return nil }
    hdu += 1
    var bytes: [UInt8] = []
    for _ in 0..<FITSHeader.maxBlocks {
      let block = try input.peek(FITSHeader.blockSize)
      guard block.count == FITSHeader.blockSize else {
        throw .fits(hdu: hdu, "the file ends inside the header; it was cut, get it again")
      }
      _ = try input.skip(block.count)
      bytes += block
      // The cards that give the size come first, so a lie shows before the rest is looked for.
      if bytes.count == block.count {
        let first = FITSHeader(block)
        if first.has("NAXIS2") { _ = try checkedSize(first) }
      }
      if Self.holdsEnd(block) { return bytes }
    }
    throw .fits(
      hdu: hdu,
      "the header has no END within \(FITSHeader.maxBlocks) blocks; the file is damaged, get it again")
  }

  private static func holdsEnd(_ block: [UInt8]) -> Bool {
    let end = Array("END     ".utf8)
    return stride(from: 0, to: block.count, by: FITSHeader.cardSize).contains {
      block[$0..<$0 + 8].elementsEqual(end)
    }
  }

  /// Passes over the data of a unit that is not wanted.
  func skipData(of unit: Unit) throws(SkymapFileError) {
    let skipped = try input.skip(unit.paddedBytes)
    guard skipped >= unit.dataBytes else { throw cut(unit, after: skipped) }
  }

  /// Hands over the rows of a table, some at a time, then checks what follows them.
  ///
  /// - Parameters:
  ///   - rowMultiple: every piece but the last has a multiple of this many rows.
  ///   - body: gets whole rows and their number.
  func forEachPiece(
    of unit: Unit, rowBytes: Int, rows: Int, rowMultiple: Int = 1,
    _ body: (UnsafeRawBufferPointer, Int) throws(SkymapFileError) -> Void
  ) throws(SkymapFileError) {
    let pieceRows = max(1, Self.pieceBytes / rowBytes / rowMultiple) * rowMultiple
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: min(pieceRows, rows) * rowBytes, alignment: 16)
    defer { buffer.deallocate() }
    var done = 0
    while done < rows {
      let count = min(pieceRows, rows - done)
      let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<(count * rowBytes)])
      let got = try input.read(into: piece)
      guard got == piece.count else { throw cut(unit, after: done * rowBytes + got) }
      checksum?.add(UnsafeRawBufferPointer(piece))
      try body(UnsafeRawBufferPointer(piece), count)
      done += count
    }
    try finish(unit, readBytes: rows * rowBytes)
  }

  private static let pieceBytes = 1 << 16
  private static let maxUnits = 100

  /// Heap and padding after the rows; both count for the checksum.
  private func finish(_ unit: Unit, readBytes: Int) throws(SkymapFileError) {
    var left = unit.paddedBytes - readBytes
    var seen = readBytes
    var isComplete = true
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: min(left, Self.pieceBytes), alignment: 16)
    defer { buffer.deallocate() }
    while left > 0 {
      let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(left, buffer.count)])
      let got = try input.read(into: piece)
      seen += got
      if got < piece.count {
        guard seen >= unit.dataBytes else { throw cut(unit, after: seen) }
        isComplete = false
        findings.append(
          .init(
            .warning, "missing_padding",
            "the last \(unit.paddedBytes - seen) padding bytes are missing; all data are there"))
        break
      }
      checksum?.add(UnsafeRawBufferPointer(piece))
      left -= got
    }
    if isComplete, let finding = checksum?.finding(hdu: unit.hdu) { findings.append(finding) }
  }

  private func cut(_ unit: Unit, after bytes: Int) -> SkymapFileError {
    .fits(
      hdu: unit.hdu, "the data end after \(bytes) of \(unit.dataBytes) bytes; the file was cut, get it again")
  }
}

/// DATASUM and CHECKSUM of one unit (FITS standard 4.0, appendix J), summed while the bytes pass.
struct FITSChecksum {
  private let stated: UInt32?
  private let hasChecksum: Bool
  private let headerSum: UInt32
  private var sum: UInt64 = 0
  /// Bytes of a word cut by the end of a piece.
  private var pending: [UInt8] = []

  /// nil when the header carries neither card.
  init?(_ header: FITSHeader, headerBytes: [UInt8]) {
    stated = header.integer("DATASUM").flatMap { UInt32(exactly: $0) }
    hasChecksum = header.has("CHECKSUM")
    guard stated != nil || hasChecksum else { return nil }
    var total: UInt64 = 0
    headerBytes.withUnsafeBytes { Self.accumulate($0, into: &total) }
    headerSum = Self.folded(total)
  }

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    var rest = bytes[...]
    while !pending.isEmpty, pending.count < 4, let byte = rest.popFirst() { pending.append(byte) }
    if pending.count == 4 {
      pending.withUnsafeBytes { Self.accumulate($0, into: &sum) }
      pending = []
    }
    let whole = rest.count / 4 * 4
    Self.accumulate(UnsafeRawBufferPointer(rebasing: rest.prefix(whole)), into: &sum)
    pending += rest.dropFirst(whole)
  }

  func finding(hdu: Int) -> SkymapReport.Finding? {
    let data = Self.folded(sum)
    if let stated, stated != data {
      return .init(
        .warning, "datasum", "HDU \(hdu): DATASUM is \(stated), the data give \(data); bytes may have changed"
      )
    }
    // The card is set so that the whole unit sums to minus zero.
    let whole = Self.folded(UInt64(headerSum) + UInt64(data))
    guard hasChecksum, whole != 0, whole != .max else { return nil }
    return .init(.warning, "checksum", "HDU \(hdu): CHECKSUM does not match; the header may have been edited")
  }

  private static func accumulate(_ bytes: UnsafeRawBufferPointer, into total: inout UInt64) {
    // 2^32 words of 2^32 fit in 64 bits; a unit has at most 2^29.
    var sum: UInt64 = 0
    for place in stride(from: 0, to: bytes.count, by: 4) {
      sum &+= UInt64(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)))
    }
    total &+= sum
  }

  /// Ones'-complement sum: carries wrap round.
  private static func folded(_ total: UInt64) -> UInt32 {
    var value = total
    while value > UInt64(UInt32.max) { value = (value & 0xFFFF_FFFF) + (value >> 32) }
    return UInt32(value)
  }
}
