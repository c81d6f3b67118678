import Healpix
import Units

/// The rows of a raw map as existing, disjoint cells sorted by key; values still as read.
struct CellTable {
  var keys: ContiguousArray<UInt64> = []
  var orders: ContiguousArray<UInt8> = []
  var values: ContiguousArray<Double>
  var distance: DistanceLayer?
  var findings: [SkymapReport.Finding] = []
  var kind: SkymapReport.Kind
  var layoutName = ""
  /// Of a flat map: the area of the pixels that the values count for, in steradians.
  var pixelArea: Double?
  /// Of a flat map with a power-of-two nside.
  var pixelOrder: Int?
  var repairedValues = 0

  init(_ raw: RawSkymap) throws(SkymapError) {
    values = raw.values
    distance = raw.distance
    switch raw.layout {
    case .multiOrder(let uniq):
      kind = .multiOrder
      try Self.check(raw, rows: uniq.count)
      try takeUniq(uniq)
      let range = orders.isEmpty ? "" : ", order \(orders.min()!) to \(orders.max()!)"
      layoutName = "multi-order\(range) [\(raw.valueName)]"
    case .flat(let nside, let ordering):
      kind = .flat
      try Self.check(raw, rows: values.count)
      try takeFlat(nside: nside, ordering: ordering)
      name(flat: "flat", nside, ordering, raw.valueName)
    case .merged(let cellOrders, let nside, let ordering):
      kind = .flat
      try Self.check(raw, rows: cellOrders.count)
      try takeMerged(cellOrders, nside: nside, ordering: ordering)
      name(flat: "flat", nside, ordering, raw.valueName)
    case .partial(let pixels, let nside, let ordering):
      kind = .partial
      try Self.check(raw, rows: pixels.count)
      try takePartial(pixels, nside: nside, ordering: ordering)
      name(flat: "partial", nside, ordering, raw.valueName)
    }
    guard !keys.isEmpty else { throw .noCells }
  }

  /// The flat pixels that cell i stands for; 1 in a multi-order map.
  func pixelsPerCell(_ i: Int) -> Int {
    guard let pixelOrder, pixelOrder > Int(orders[i]) else { return 1 }
    return 1 << (2 * (pixelOrder - Int(orders[i])))
  }

  private mutating func name(
    flat word: String, _ nside: Int, _ ordering: RawSkymap.Ordering, _ column: String
  ) {
    layoutName = "\(word) \(ordering.rawValue) nside \(nside) [\(column)]"
  }

  private static func check(_ raw: RawSkymap, rows: Int) throws(SkymapError) {
    var columns = [(raw.valueName, raw.values.count)]
    if let d = raw.distance {
      columns += [("DISTMU", d.mu.count), ("DISTSIGMA", d.sigma.count), ("DISTNORM", d.norm.count)]
    }
    for (name, count) in columns where count != rows {
      throw .columnLength(column: name, rows: count, expected: rows)
    }
  }

  /// log2, for powers of two up to 2^29.
  static func order(nside: Int) -> Int? {
    guard nside > 0, nside <= 1 << Cell.maxOrder, nside & (nside - 1) == 0 else { return nil }
    return nside.trailingZeroBitCount
  }
}

// MARK: multi-order

extension CellTable {
  private mutating func takeUniq(_ uniq: ContiguousArray<Int64>) throws(SkymapError) {
    // Locals: elements of a property would be checked for sharing one by one.
    var keys = ContiguousArray<UInt64>(repeating: .max, count: uniq.count)
    var orders = ContiguousArray<UInt8>(repeating: 0, count: uniq.count)
    var padding = 0
    for i in uniq.indices {
      guard uniq[i] > 0, let cell = Cell(uniq: UInt64(uniq[i])) else {
        // Writers that pad tables leave rows of zeros; their keys stay beyond the sphere.
        guard uniq[i] == 0, !(values[i] > 0) else { throw .invalidUniq(row: i, value: uniq[i]) }
        padding += 1
        continue
      }
      keys[i] = cell.firstKey
      orders[i] = UInt8(truncatingIfNeeded: cell.order)
    }
    self.keys = keys
    self.orders = orders
    if padding > 0 {
      findings.append(
        .init(.note, "padding_rows", "\(padding) rows with UNIQ 0 and no probability were skipped"))
    }
    sort()
    if padding > 0 { keep(first: keys.count - padding) }
    try resolveOverlaps()
  }

  private mutating func sort() {
    guard let permutation = sortingPermutation(keys.span) else { return }
    apply(permutation)
  }

  private mutating func apply(_ rows: ContiguousArray<UInt32>) {
    keys = gather(keys, rows)
    orders = gather(orders, rows)
    values = gather(values, rows)
    if let d = distance {
      distance = DistanceLayer(
        mu: gather(d.mu, rows), sigma: gather(d.sigma, rows), norm: gather(d.norm, rows))
    }
  }

  private mutating func keep(first count: Int) {
    keys.removeLast(keys.count - count)
    orders.removeLast(orders.count - count)
    values.removeLast(values.count - count)
    if let d = distance {
      distance = DistanceLayer(
        mu: ContiguousArray(d.mu.prefix(count)), sigma: ContiguousArray(d.sigma.prefix(count)),
        norm: ContiguousArray(d.norm.prefix(count)))
    }
  }

  /// Rows repeated in full are dropped; any other overlap would count sky twice.
  private mutating func resolveOverlaps() throws(SkymapError) {
    var repeated: ContiguousArray<UInt32> = []
    var last = 0
    for i in keys.indices.dropFirst() {
      let span = UInt64(1) << UInt64(2 * (Cell.maxOrder - Int(orders[last])))
      guard keys[last] + span > keys[i] else {
        last = i
        continue
      }
      guard isSameRow(last, i) else {
        throw .overlap(
          Cell(order: Int(orders[last]), key: keys[last]).uniq, Cell(order: Int(orders[i]), key: keys[i]).uniq
        )
      }
      repeated.append(UInt32(i))
    }
    guard !repeated.isEmpty else { return }
    findings.append(.init(.warning, "duplicate_cell", "\(repeated.count) rows repeat another row; dropped"))
    let drop = Set(repeated)
    apply(ContiguousArray((0..<UInt32(keys.count)).filter { !drop.contains($0) }))
  }

  private func isSameRow(_ i: Int, _ j: Int) -> Bool {
    func same(_ a: ContiguousArray<Double>) -> Bool { a[i].bitPattern == a[j].bitPattern }
    guard keys[i] == keys[j], orders[i] == orders[j], same(values) else { return false }
    guard let d = distance else { return true }
    return same(d.mu) && same(d.sigma) && same(d.norm)
  }
}

// MARK: flat

extension CellTable {
  private mutating func takeMerged(
    _ cellOrders: ContiguousArray<UInt8>, nside: Int, ordering: RawSkymap.Ordering
  ) throws(SkymapError) {
    guard let order = Self.order(nside: nside) else { throw .unsupportedNside(nside, ordering) }
    pixelOrder = order
    pixelArea = Cell.area(order: order).steradians
    orders = cellOrders
    keys.reserveCapacity(orders.count)
    var key: UInt64 = 0
    for cellOrder in orders where cellOrder <= order && key < Cell.keyEnd {
      keys.append(key)
      key += 1 << UInt64(2 * (Cell.maxOrder - Int(cellOrder)))
    }
    guard keys.count == orders.count, key == Cell.keyEnd else {
      throw .pixelCount(orders.count, nside: nside)
    }
  }

  private mutating func takeFlat(nside: Int, ordering: RawSkymap.Ordering) throws(SkymapError) {
    guard nside > 0, nside <= 1 << 13 else { throw .unsupportedNside(nside, ordering) }
    guard values.count == 12 * nside * nside else { throw .pixelCount(values.count, nside: nside) }
    guard let order = Self.order(nside: nside) else {
      return try resample(nside: nside, ordering: ordering)
    }
    var merger = FlatMerger(order: order, hasDistance: distance != nil)
    if ordering == .nested {
      if let d = distance {
        merger.append(values.span, mu: d.mu.span, sigma: d.sigma.span, norm: d.norm.span)
      } else {
        merger.append(values.span)
      }
    } else {
      let ring = RingOrder(order: order)
      var rows = ContiguousArray<Int>()
      for block in 0..<ring.blockCount {
        ring.fill(&rows, block: block)
        merge(rows, into: &merger)
      }
    }
    values = merger.values
    distance = merger.distance
    try takeMerged(merger.orders, nside: nside, ordering: ordering)
  }

  private func merge(_ rows: ContiguousArray<Int>, into merger: inout FlatMerger) {
    func pick(_ column: ContiguousArray<Double>) -> ContiguousArray<Double> {
      ContiguousArray(rows.lazy.map { column[$0] })
    }
    let v = pick(values)
    if let d = distance {
      merger.append(v.span, mu: pick(d.mu).span, sigma: pick(d.sigma).span, norm: pick(d.norm).span)
    } else {
      merger.append(v.span)
    }
  }

  /// RING maps exist for every nside, cells only for powers of two: each cell of an order finer by at
  /// least eight cells a pixel takes the value of the pixel under its centre.
  private mutating func resample(nside: Int, ordering: RawSkymap.Ordering) throws(SkymapError) {
    guard ordering == .ring, nside <= 1024 else { throw .unsupportedNside(nside, ordering) }
    let order = min(Int.bitWidth - (nside - 1).leadingZeroBitCount + 2, 11)
    var merger = FlatMerger(order: order, hasDistance: distance != nil)
    let block = 1 << min(2 * order, 12)
    var rows = ContiguousArray(repeating: 0, count: block)
    for start in stride(from: 0, to: 12 << (2 * order), by: block) {
      for k in rows.indices {
        let center = Cell(order: order, index: UInt64(start + k)).center
        rows[k] = Int(FlatIndex.ring(nside: Int64(nside), containing: center))
      }
      merge(rows, into: &merger)
    }
    values = merger.values
    distance = merger.distance
    try takeMerged(merger.orders, nside: 1 << order, ordering: ordering)
    pixelOrder = nil
    pixelArea = 4 * .pi / Double(12 * nside * nside)
    findings.append(
      .init(
        .note, "resampled",
        "nside \(nside) is no power of two; each cell of order \(order) took the value of the pixel under its centre"
      ))
  }
}

// MARK: partial

extension CellTable {
  private mutating func takePartial(
    _ pixels: ContiguousArray<Int64>, nside: Int, ordering: RawSkymap.Ordering
  ) throws(SkymapError) {
    guard let order = Self.order(nside: nside) else { throw .unsupportedNside(nside, ordering) }
    pixelOrder = order
    pixelArea = Cell.area(order: order).steradians
    orders = ContiguousArray(repeating: UInt8(order), count: pixels.count)
    keys.reserveCapacity(pixels.count)
    for i in pixels.indices {
      guard pixels[i] >= 0, pixels[i] < 12 << Int64(2 * order) else {
        throw .pixelOutOfRange(row: i, pixel: pixels[i], nside: nside)
      }
      let index = ordering == .nested ? UInt64(pixels[i]) : FlatIndex.nested(ring: pixels[i], order: order)
      keys.append(Cell(order: order, index: index).firstKey)
    }
    sort()
    try resolveOverlaps()
  }
}

private func gather<T>(_ source: ContiguousArray<T>, _ rows: ContiguousArray<UInt32>) -> ContiguousArray<T> {
  ContiguousArray(unsafeUninitializedCapacity: rows.count) { buffer, count in
    for i in rows.indices { buffer.initializeElement(at: i, to: source[Int(rows[i])]) }
    count = rows.count
  }
}

/// The stable order that sorts keys upward, or nil when they already are sorted. O(rows).
///
/// Least-significant-digit radix sort over the bits in which the keys differ: a map no finer than
/// order 11 has 26 of them, so three passes.
func sortingPermutation(_ keys: Span<UInt64>) -> ContiguousArray<UInt32>? {
  var isSorted = true
  var varying: UInt64 = 0
  for i in 0..<max(0, keys.count - 1) {
    if keys[i] > keys[i + 1] { isSorted = false }
    varying |= keys[i] ^ keys[i + 1]
  }
  guard !isSorted else { return nil }
  let digitBits: UInt64 = 11
  var rows = ContiguousArray(0..<UInt32(keys.count))
  var next = ContiguousArray<UInt32>(repeating: 0, count: rows.count)
  var starts = ContiguousArray(repeating: 0, count: 1 << Int(digitBits))
  var shift = UInt64(varying.trailingZeroBitCount)
  let end = UInt64(UInt64.bitWidth - varying.leadingZeroBitCount)
  while shift < end {
    for d in starts.indices { starts[d] = 0 }
    for i in 0..<keys.count { starts[Int(keys[i] >> shift & (1 << digitBits - 1))] += 1 }
    var sum = 0
    for d in starts.indices { (starts[d], sum) = (sum, sum + starts[d]) }
    for row in rows {
      let digit = Int(keys[Int(row)] >> shift & (1 << digitBits - 1))
      next[starts[digit]] = row
      starts[digit] += 1
    }
    swap(&rows, &next)
    shift += digitBits
  }
  return rows
}
