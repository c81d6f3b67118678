import Healpix
import Skymaps

/// Reads a flat map and joins its equal pixels on the way, so that 12 million pixels of 4 layers
/// (403 MB) leave no more behind than the cells they are made of.
struct FlatReader {
  let table: MapTable
  let nside: Int
  let ordering: RawSkymap.Ordering
  let limits: SkymapFile.Limits

  private var columns: [FITSColumn] { [table.value] + table.distance }

  func read(_ reader: FITSReader) throws(SkymapFileError) -> RawSkymap {
    guard let order = nside.nonzeroBitCount == 1 ? nside.trailingZeroBitCount : nil else {
      return try readUnmerged(reader)
    }
    let merger =
      switch ordering {
      case .nested: try mergeNested(reader, order: order)
      case .ring: try mergeRing(reader, order: order)
      }
    return RawSkymap(
      layout: .merged(orders: merger.orders, nside: nside, ordering: ordering), values: merger.values,
      unit: table.valueUnit, distance: merger.distance)
  }

  private func mergeNested(_ reader: FITSReader, order: Int) throws(SkymapFileError) -> FlatMerger {
    var merger = FlatMerger(order: order, hasDistance: !table.distance.isEmpty)
    let columns = columns
    var layers = columns.map { _ in ScratchRow() }
    let repeatCount = table.value.repeatCount
    // Whole groups of four siblings in each piece keep the merger on its fast path.
    let multiple = repeatCount % 4 == 0 ? 1 : 4
    try reader.forEachPiece(of: table.unit, rowBytes: table.rowBytes, rows: table.rows, rowMultiple: multiple)
    {
      (piece, rows) throws(SkymapFileError) in
      for i in layers.indices { layers[i].decode(columns[i], piece, rowBytes: table.rowBytes, rows: rows) }
      append(layers.map(\.values), count: rows * repeatCount, to: &merger)
    }
    return merger
  }

  private func append(_ layers: [ContiguousArray<Double>], count: Int, to merger: inout FlatMerger) {
    let values = layers[0]
    guard layers.count == 4 else { return merger.append(values.span.extracting(first: count)) }
    let (mu, sigma, norm) = (layers[1], layers[2], layers[3])
    merger.append(
      values.span.extracting(first: count), mu: mu.span.extracting(first: count),
      sigma: sigma.span.extracting(first: count), norm: norm.span.extracting(first: count))
  }

  /// Siblings lie far apart in RING order: the layers are held whole, 32-bit ones as such.
  private func mergeRing(_ reader: FITSReader, order: Int) throws(SkymapFileError) -> FlatMerger {
    let layers = try wholeLayers(reader)
    var merger = FlatMerger(order: order, hasDistance: layers.count == 4)
    let ring = RingOrder(order: order)
    var rows = ContiguousArray<Int>()
    var scratch = layers.map { _ in ContiguousArray(repeating: 0.0, count: ring.blockSize) }
    for block in 0..<ring.blockCount {
      ring.fill(&rows, block: block)
      for i in layers.indices { layers[i].gather(rows, into: &scratch[i]) }
      append(scratch, count: ring.blockSize, to: &merger)
    }
    return merger
  }

  private func readUnmerged(_ reader: FITSReader) throws(SkymapFileError) -> RawSkymap {
    let layers = try wholeLayers(reader).map(\.doubles)
    let distance = layers.count == 4 ? DistanceLayer(mu: layers[1], sigma: layers[2], norm: layers[3]) : nil
    return RawSkymap(
      layout: .flat(nside: nside, ordering: ordering), values: layers[0], unit: table.valueUnit,
      distance: distance)
  }

  private func wholeLayers(_ reader: FITSReader) throws(SkymapFileError) -> [FlatLayer] {
    let bytes = columns.reduce(0) { $0 + 12 * nside * nside * ($1.kind == .float ? 4 : 8) }
    guard bytes <= limits.wholeLayers else {
      throw .fits(
        hdu: table.unit.hdu,
        "a RING map of nside \(nside) with \(columns.count) columns needs \(bytes) bytes of memory; convert it to NESTED or multi-order"
      )
    }
    let columns = columns
    var layers = columns.map { FlatLayer(for: $0, capacity: 12 * nside * nside) }
    var scratch = ScratchRow()
    try reader.forEachPiece(of: table.unit, rowBytes: table.rowBytes, rows: table.rows) {
      (piece, rows) throws(SkymapFileError) in
      for i in layers.indices {
        layers[i].append(columns[i], piece, rowBytes: table.rowBytes, rows: rows, &scratch)
      }
    }
    return layers
  }
}

/// A whole column of a flat map.
private enum FlatLayer {
  case floats(ContiguousArray<Float>)
  case doubles(ContiguousArray<Double>)

  /// - Parameter capacity: reserved, which costs no memory before it is filled.
  init(for column: FITSColumn, capacity: Int) {
    if column.kind == .float, column.scale == 1, column.zero == 0 {
      var values = ContiguousArray<Float>()
      values.reserveCapacity(capacity)
      self = .floats(values)
    } else {
      var values = ContiguousArray<Double>()
      values.reserveCapacity(capacity)
      self = .doubles(values)
    }
  }

  var doubles: ContiguousArray<Double> {
    switch self {
    case .floats(let values): ContiguousArray(values.lazy.map(Double.init))
    case .doubles(let values): values
    }
  }

  mutating func append(
    _ column: FITSColumn, _ piece: UnsafeRawBufferPointer, rowBytes: Int, rows: Int,
    _ scratch: inout ScratchRow
  ) {
    switch self {
    case .floats(var values):
      // The enum must not keep a second reference while the array grows.
      self = .floats([])
      let count = rows * column.repeatCount
      let part = ContiguousArray<Float>(unsafeUninitializedCapacity: count) { buffer, initialised in
        column.decodeFloats(piece, rowBytes: rowBytes, rowCount: rows, into: buffer)
        initialised = count
      }
      values.append(contentsOf: part)
      self = .floats(values)
    case .doubles(var values):
      self = .doubles([])
      scratch.decode(column, piece, rowBytes: rowBytes, rows: rows)
      values.append(contentsOf: scratch.values.prefix(rows * column.repeatCount))
      self = .doubles(values)
    }
  }

  func gather(_ rows: ContiguousArray<Int>, into output: inout ContiguousArray<Double>) {
    switch self {
    case .floats(let values): for k in rows.indices { output[k] = Double(values[rows[k]]) }
    case .doubles(let values): for k in rows.indices { output[k] = values[rows[k]] }
    }
  }
}
