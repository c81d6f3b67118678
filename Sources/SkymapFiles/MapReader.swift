import Skymaps

/// Reads the first probability map of a FITS stream.
struct MapReader {
  private let reader: FITSReader
  private let limits: SkymapFile.Limits

  static func read(_ input: ByteReader, limits: SkymapFile.Limits) throws(SkymapFileError) -> RawSkymap {
    try MapReader(reader: FITSReader(input, limits: limits), limits: limits).read()
  }

  private func read() throws(SkymapFileError) -> RawSkymap {
    var primary: FITSHeader?
    var reasons: [String] = []
    while let unit = try reader.next() {
      switch try MapTable.recognise(unit, limits: limits) {
      case .map(let table): return try read(table, primary: primary)
      case .other(let reason):
        if unit.hdu == 0 { primary = unit.header }
        if unit.hdu > 0 || unit.dataBytes > 0 { reasons.append(reason) }
        try reader.skipData(of: unit)
      }
    }
    throw .noMap(reasons.isEmpty ? ["it has no table"] : reasons)
  }

  private func read(_ table: MapTable, primary: FITSHeader?) throws(SkymapFileError) -> RawSkymap {
    let (frame, frameFinding) = try MapTable.frame(table.unit)
    var cards = MapCards(table: table.unit.header, primary: primary)
    let header = cards.header()
    var findings: [SkymapReport.Finding] = []
    var map: RawSkymap
    switch table.layout {
    case .multiOrder(let uniq):
      let rows = try explicitRows(table, index: uniq, &findings)
      map = RawSkymap(layout: .multiOrder(uniq: rows.index), values: rows.values, unit: table.valueUnit)
      map.distance = rows.distance
    case .partial(let pixel, let nside, let ordering):
      let rows = try explicitRows(table, index: pixel, &findings)
      let layout = RawSkymap.Layout.partial(pixels: rows.index, nside: nside, ordering: ordering)
      map = RawSkymap(layout: layout, values: rows.values, unit: table.valueUnit)
      map.distance = rows.distance
    case .flat(let nside, let ordering):
      map = try FlatReader(table: table, nside: nside, ordering: ordering, limits: limits).read(reader)
    }
    map.valueName = table.value.name
    map.frame = frame
    map.header = header
    map.findings = reader.findings + table.findings + findings + cards.findings
    if let frameFinding { map.findings.append(frameFinding) }
    return map
  }

  private typealias Rows = (
    index: ContiguousArray<Int64>, values: ContiguousArray<Double>, distance: DistanceLayer?
  )

  /// Rows that name their cell.
  private func explicitRows(
    _ table: MapTable, index: FITSColumn, _ findings: inout [SkymapReport.Finding]
  ) throws(SkymapFileError) -> Rows {
    let columns = [table.value] + table.distance
    var layers = columns.map { _ in ContiguousArray<Double>() }
    var indices: ContiguousArray<Int64> = []
    // A stream may promise more rows than it has: reserve only what is there for certain.
    let certain = reader.input.remaining == nil ? min(table.rows, 1 << 16) : table.rows
    indices.reserveCapacity(certain)
    for i in layers.indices { layers[i].reserveCapacity(certain) }
    var floats = ScratchRow()
    var integers = ContiguousArray<Int64>()
    try reader.forEachPiece(of: table.unit, rowBytes: table.rowBytes, rows: table.rows) {
      (piece, count) throws(SkymapFileError) in
      if integers.count < count { integers = ContiguousArray(repeating: 0, count: count) }
      try decodeIndices(index, piece, table, count, &integers, &floats)
      indices.append(contentsOf: integers.prefix(count))
      for (i, column) in columns.enumerated() {
        floats.decode(column, piece, rowBytes: table.rowBytes, rows: count)
        layers[i].append(contentsOf: floats.values.prefix(count))
      }
    }
    if !index.isInteger {
      findings.append(
        .init(
          .note, "index_as_float",
          "column \(index.name) is stored as floating point; all its values are whole"))
    }
    let distance = layers.count == 4 ? DistanceLayer(mu: layers[1], sigma: layers[2], norm: layers[3]) : nil
    return (indices, layers[0], distance)
  }

  private func decodeIndices(
    _ column: FITSColumn, _ piece: UnsafeRawBufferPointer, _ table: MapTable, _ count: Int,
    _ output: inout ContiguousArray<Int64>, _ floats: inout ScratchRow
  ) throws(SkymapFileError) {
    if column.isInteger {
      output.withUnsafeMutableBufferPointer {
        column.decodeIntegers(piece, rowBytes: table.rowBytes, rowCount: count, into: $0)
      }
      return
    }
    floats.decode(column, piece, rowBytes: table.rowBytes, rows: count)
    for i in 0..<count {
      let value = floats.values[i]
      // Above 2^53 doubles skip whole numbers: the cell meant may be another.
      guard value == value.rounded(), abs(value) <= 0x1p53 else {
        throw .fits(
          hdu: table.unit.hdu,
          "column \(column.name) holds \(value), which is no exact cell number; the file was written by a faulty tool"
        )
      }
      output[i] = Int64(value)
    }
  }
}

/// A reused array of decoded values.
struct ScratchRow {
  private(set) var values: ContiguousArray<Double> = []

  mutating func decode(_ column: FITSColumn, _ piece: UnsafeRawBufferPointer, rowBytes: Int, rows: Int) {
    let count = rows * column.repeatCount
    if values.count < count { values = ContiguousArray(repeating: 0, count: count) }
    values.withUnsafeMutableBufferPointer {
      column.decode(piece, rowBytes: rowBytes, rowCount: rows, into: $0)
    }
  }
}
