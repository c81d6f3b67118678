import Foundation
import Healpix
import Skymaps

/// A coverage (MOC) read from FITS: NUNIQ of MOC 1.1 or RANGE of MOC 2.0 (IVOA Recommendation, 2022).
public struct CoverageFile: Sendable {
  public let coverage: Coverage
  public let frame: SkyFrame
  public let findings: [SkymapReport.Finding]

  /// Reads a file, plain or gzip.
  public static func read(
    contentsOf url: URL, limits: SkymapFile.Limits = .standard
  ) throws(SkymapFileError) -> CoverageFile {
    try read(ByteReader(FileSource(url)), limits: limits)
  }

  public static func read(
    bytes: [UInt8], limits: SkymapFile.Limits = .standard
  ) throws(SkymapFileError) -> CoverageFile {
    try read(ByteReader(MemorySource(bytes)), limits: limits)
  }

  private static func read(_ input: ByteReader, limits: SkymapFile.Limits) throws(SkymapFileError)
    -> CoverageFile
  {
    let opened = try OpenedInput(input, limits: limits)
    guard opened.content == .fits else {
      throw .foreign("JSON", advice: "give a MOC in FITS here")
    }
    let reader = FITSReader(opened.reader, limits: limits)
    var reasons: [String] = []
    while let unit = try reader.next() {
      guard unit.header.string("XTENSION")?.uppercased() == "BINTABLE" else {
        try reader.skipData(of: unit)
        continue
      }
      if let column = try column(of: unit, &reasons) {
        let result = try read(column, unit, reader, limits: limits, findings: opened.findings)
        if opened.isCompressed { while try opened.reader.skip(1 << 20) > 0 {} }
        return result
      }
      try reader.skipData(of: unit)
    }
    throw .noCoverage(reasons.isEmpty ? ["it has no table"] : reasons)
  }

  /// The column with cells or ranges, or nil when the table is no space coverage.
  private static func column(
    of unit: FITSReader.Unit, _ reasons: inout [String]
  ) throws(SkymapFileError) -> (FITSColumn, isRange: Bool)? {
    let header = unit.header
    if let dimension = header.string("MOCDIM")?.uppercased(), dimension != "SPACE" {
      reasons.append("HDU \(unit.hdu) is a coverage in \(dimension.lowercased())")
      return nil
    }
    let columns = try FITSColumn.all(of: header, rowBytes: header.integer("NAXIS1") ?? 0, hdu: unit.hdu)
    let isRange =
      header.string("ORDERING")?.uppercased().hasPrefix("RANGE") ?? columns.contains { $0.name == "RANGE" }
    let names = isRange ? ["RANGE"] : ["UNIQ", "NPIX", "PIXEL"]
    let isMarked = isRange || header.has("MOCVERS") || header.string("ORDERING")?.uppercased() == "NUNIQ"
    guard let column = columns.first(where: { names.contains($0.name) }) ?? (isMarked ? columns.first : nil),
      column.isInteger, isMarked || column.name == "UNIQ"
    else {
      reasons.append("HDU \(unit.hdu) has no cells or ranges")
      return nil
    }
    return (column, isRange)
  }

  private static func read(
    _ column: (FITSColumn, isRange: Bool), _ unit: FITSReader.Unit, _ reader: FITSReader,
    limits: SkymapFile.Limits, findings: [SkymapReport.Finding]
  ) throws(SkymapFileError) -> CoverageFile {
    let (rows, rowBytes) = try MapTable.dimensions(unit, limits: limits)
    let (frame, frameFinding) = try MapTable.frame(unit)
    var numbers: ContiguousArray<Int64> = []
    if rows > 0, rowBytes > 0 {
      try reader.forEachPiece(of: unit, rowBytes: rowBytes, rows: rows) {
        (piece, count) throws(SkymapFileError) in
        let elements = count * column.0.repeatCount
        numbers.append(
          contentsOf: ContiguousArray(unsafeUninitializedCapacity: elements) { buffer, initialised in
            column.0.decodeIntegers(piece, rowBytes: rowBytes, rowCount: count, into: buffer)
            initialised = elements
          })
      }
    }
    var all = findings + reader.findings
    if let frameFinding { all.append(frameFinding) }
    let coverage =
      column.isRange
      ? try ranges(numbers, column.0, unit) : try cells(numbers, unit, &all)
    return CoverageFile(coverage: coverage, frame: frame, findings: all)
  }

  /// Starts and ends in turn, in pixels of the deepest order that the integer can hold.
  private static func ranges(
    _ numbers: ContiguousArray<Int64>, _ column: FITSColumn, _ unit: FITSReader.Unit
  ) throws(SkymapFileError) -> Coverage {
    let order = column.kind == .int64 ? 29 : column.kind == .int32 ? 13 : 5
    let shift = UInt64(2 * (Cell.maxOrder - order))
    guard numbers.count % 2 == 0 else {
      throw .fits(hdu: unit.hdu, "the coverage has a range without an end; the file is damaged, get it again")
    }
    var result: [Range<UInt64>] = []
    result.reserveCapacity(numbers.count / 2)
    for i in stride(from: 0, to: numbers.count, by: 2) {
      let (start, end) = (numbers[i], numbers[i + 1])
      guard start >= 0, end >= start, UInt64(end) <= Cell.count(order: order) else {
        throw .fits(
          hdu: unit.hdu,
          "range \(i / 2 + 1), \(start) to \(end), is not on the sky; the file is damaged, get it again")
      }
      result.append(UInt64(start) << shift..<UInt64(end) << shift)
    }
    return Coverage(result)
  }

  private static func cells(
    _ numbers: ContiguousArray<Int64>, _ unit: FITSReader.Unit, _ findings: inout [SkymapReport.Finding]
  ) throws(SkymapFileError) -> Coverage {
    var result: [Cell] = []
    result.reserveCapacity(numbers.count)
    var padding = 0
    for (row, number) in numbers.enumerated() {
      if number == 0 {
        padding += 1
        continue
      }
      guard number > 0, let cell = Cell(uniq: UInt64(number)) else {
        throw .map(.invalidUniq(row: row, value: number))
      }
      result.append(cell)
    }
    if padding > 0 {
      findings.append(.init(.note, "padding_rows", "\(padding) rows with UNIQ 0 were skipped"))
    }
    return Coverage(cells: result)
  }
}
