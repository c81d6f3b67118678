import Foundation
import Galaxies
import Healpix
import Units

/// Builds a `GalaxyIndex` from a text catalogue of any size in little memory: rows are put into 192 buckets of the
/// sky on disk, each of which is then sorted by itself.
public struct GalaxyIndexBuilder {
  /// What was read, and what was left out.
  public struct Report: Sendable, Hashable {
    public var read = 0
    public var kept = 0
    /// By reason.
    public var skipped: [RowFault: Int] = [:]
    public var withLuminosity = 0
    public var withMass = 0
    public var withoutDistanceError = 0
    public init() {}
  }

  private struct Row {
    var key: UInt64
    var distance: Float
    var deviation: Float
    var luminosity: Float
    var mass: Float
    var number: UInt32
    var name: UInt32
  }

  private static let bucketOrder = 2
  private static let bucketCount = 192
  private static let bucketBytes = 1 << 18
  private static let chunkBytes = 1 << 22
  /// Longer lines are not rows of a catalogue.
  private static let longestLine = 1 << 16

  private let folder: URL
  private var buckets: [ContiguousArray<UInt8>]
  private var bucketRows: [Int]
  private var names: ContiguousArray<UInt8> = [0]
  private var seen: [UInt64] = []
  public private(set) var report = Report()
  private var census = CatalogCensus()

  /// - Parameters:
  ///   - input: the catalogue.
  ///   - output: the index; replaced as a whole when it is complete, untouched otherwise.
  ///   - progress: gets the number of rows read, every million.
  public static func build(
    from input: URL, format: CatalogFormat, to output: URL, progress: (Int) -> Void = { _ in }
  ) throws(CatalogError) -> Report {
    let folder = output.deletingLastPathComponent().appending(
      path: ".\(output.lastPathComponent).building-\(ProcessInfo.processInfo.processIdentifier)")
    defer { try? FileManager.default.removeItem(at: folder) }  // leftovers are of no use to anybody
    do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
      throw .file("\(folder.path): cannot be created (\(error.localizedDescription))")
    }
    var builder = GalaxyIndexBuilder(folder)
    try builder.read(input, format, progress)
    let title = "\(format.rawValue): \(input.lastPathComponent)"
    try builder.write(to: output, title: title)
    return builder.report
  }

  private init(_ folder: URL) {
    self.folder = folder
    buckets = .init(repeating: [], count: Self.bucketCount)
    bucketRows = .init(repeating: 0, count: Self.bucketCount)
  }

  // MARK: reading

  private mutating func read(
    _ input: URL, _ format: CatalogFormat, _ progress: (Int) -> Void
  ) throws(CatalogError) {
    guard let file = fopen(input.path, "rb") else {
      throw .file("\(input.path): cannot be read (\(String(cString: strerror(errno))))")
    }
    defer { fclose(file) }
    var parser: CatalogParser? = format == .gladePlus ? try CatalogParser(format) : nil
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: Self.chunkBytes + Self.longestLine, alignment: 16)
    defer { buffer.deallocate() }
    let got = fread(buffer.baseAddress!, 1, 9, file)
    rewind(file)
    if FITSCatalog.isFITS(UnsafeRawBufferPointer(rebasing: buffer[..<got])) {
      guard format == .nedLVS else {
        throw .file("\(input.path): is a FITS file, which only the format nedlvs has")
      }
      try FITSCatalog(file, path: input.path).forEach { (parsed) throws(CatalogError) in
        try add(parsed, progress)
      }
      for bucket in 0..<Self.bucketCount { try flush(bucket) }
      return
    }
    var kept = 0
    while true {
      let got = fread(buffer.baseAddress! + kept, 1, Self.chunkBytes, file)
      let end = kept + got
      var start = 0
      while start < end {
        let rest = UnsafeRawBufferPointer(rebasing: buffer[start..<end])
        let found = memchr(rest.baseAddress!, 10, rest.count).map { UnsafeRawPointer($0) - rest.baseAddress! }
        guard let length = found ?? (got == 0 ? rest.count : nil) else { break }
        let line = UnsafeRawBufferPointer(rebasing: rest[..<length])
        start += length + 1
        if let ready = parser {
          try add(ready.parse(line), progress)
        } else if !line.isEmpty, line[0] != UInt8(ascii: "#") {
          parser = try CatalogParser(format, header: String(decoding: line, as: UTF8.self))
        }
      }
      guard got > 0 else { break }
      kept = max(0, end - start)
      guard kept < Self.longestLine else {
        throw .file("\(input.path): a line is longer than \(Self.longestLine) bytes; it is no such catalogue")
      }
      if kept > 0 { memmove(buffer.baseAddress!, buffer.baseAddress! + start, kept) }
    }
    if ferror(file) != 0 { throw .file("\(input.path): reading failed") }
    for bucket in 0..<Self.bucketCount { try flush(bucket) }
  }

  private mutating func add(
    _ parsed: CatalogParser.Parsed, _ progress: (Int) -> Void
  ) throws(CatalogError) {
    if case .blank = parsed { return }
    report.read += 1
    if report.read % 1_000_000 == 0 { progress(report.read) }
    switch parsed {
    case .blank: return
    case .fault(let fault): report.skipped[fault, default: 0] += 1
    case .galaxy(let g):
      if g.number > 0, isRepeated(g.number) {
        report.skipped[.duplicate, default: 0] += 1
        return
      }
      let key = Cell.key(of: g.position.unit)
      let row = Row(
        key: key, distance: Float(g.distance.megaparsecs), deviation: Float(g.deviation.megaparsecs),
        luminosity: g.luminosity, mass: g.mass, number: g.number, name: store(g.name))
      let bucket = Int(key >> UInt64(2 * (Cell.maxOrder - Self.bucketOrder)))
      withUnsafeBytes(of: row) { buckets[bucket].append(contentsOf: $0) }
      bucketRows[bucket] += 1
      if buckets[bucket].count >= Self.bucketBytes { try flush(bucket) }
    }
  }

  /// One bit a catalogue number.
  private mutating func isRepeated(_ number: UInt32) -> Bool {
    let (word, bit) = (Int(number >> 6), UInt64(1) << UInt64(number & 63))
    if word >= seen.count { seen += [UInt64](repeating: 0, count: max(word + 1 - seen.count, 1 << 16)) }
    defer { seen[word] |= bit }
    return seen[word] & bit != 0
  }

  /// Place of a name: its length, then its bytes; 0 is none.
  private mutating func store(_ name: String?) -> UInt32 {
    guard let name, names.count < 4_000_000_000 else { return 0 }
    let bytes = name.utf8.prefix(255)
    guard !bytes.isEmpty else { return 0 }
    let place = UInt32(names.count)
    names.append(UInt8(bytes.count))
    names.append(contentsOf: bytes)
    return place
  }

  private func path(_ bucket: Int) -> String { folder.appending(path: "\(bucket)").path }

  private mutating func flush(_ bucket: Int) throws(CatalogError) {
    guard !buckets[bucket].isEmpty else { return }
    guard let file = fopen(path(bucket), "ab") else {
      throw .file("\(path(bucket)): cannot be written (\(String(cString: strerror(errno))))")
    }
    let written = buckets[bucket].withUnsafeBytes { fwrite($0.baseAddress!, 1, $0.count, file) }
    let isClosed = fclose(file) == 0
    guard written == buckets[bucket].count, isClosed else {
      throw .file("\(path(bucket)): cannot be written; is the disk full?")
    }
    buckets[bucket].removeAll(keepingCapacity: true)
  }

  // MARK: writing

  private mutating func write(to output: URL, title: String) throws(CatalogError) {
    let temporary = folder.appending(path: "index").path
    guard let file = fopen(temporary, "wb") else {
      throw .file("\(temporary): cannot be written (\(String(cString: strerror(errno))))")
    }
    var isOpen = true
    defer { if isOpen { fclose(file) } }
    func put<T>(_ values: [T]) throws(CatalogError) {
      let isWhole = values.withUnsafeBytes {
        $0.isEmpty || fwrite($0.baseAddress!, 1, $0.count, file) == $0.count
      }
      guard isWhole else { throw .file("\(output.path): cannot be written; is the disk full?") }
    }
    try put([UInt8](repeating: 0, count: GalaxyIndex.headerBytes))
    var blocks = [UInt32](repeating: 0, count: GalaxyIndex.blockCount + 1)
    for bucket in 0..<Self.bucketCount where bucketRows[bucket] > 0 {
      let rows = unique(try sorted(bucket))
      for row in rows {
        blocks[Int(row.key >> UInt64(2 * (Cell.maxOrder - GalaxyIndex.blockOrder))) + 1] += 1
        census.add(distance: row.distance, luminosity: row.luminosity, mass: row.mass)
        if row.luminosity.isFinite { report.withLuminosity += 1 }
        if row.mass.isFinite { report.withMass += 1 }
        if row.deviation == 0 { report.withoutDistanceError += 1 }
      }
      report.kept += rows.count
      try put(rows)
    }
    guard report.kept > 0 else { throw .noGalaxies(skipped: report.read) }
    for i in 1...GalaxyIndex.blockCount { blocks[i] += blocks[i - 1] }
    try put(blocks)
    for part in [census.counts.map(Double.init), census.luminosities, census.masses] { try put(part) }
    try put(Array(names))
    rewind(file)
    let titleBytes = Array(title.utf8.prefix(GalaxyIndex.headerBytes - 64))
    let blocksOffset = GalaxyIndex.headerBytes + report.kept * GalaxyIndex.rowBytes
    let censusOffset = blocksOffset + 4 * blocks.count
    let namesOffset = censusOffset + 24 * CatalogCensus.shellCount
    try put(
      [
        GalaxyIndex.magic, UInt64(report.kept), UInt64(blocksOffset), UInt64(censusOffset),
        UInt64(namesOffset), UInt64(names.count), UInt64(namesOffset + names.count), UInt64(titleBytes.count),
      ].map(\.littleEndian))
    try put(titleBytes)
    isOpen = false
    guard fclose(file) == 0, rename(temporary, output.path) == 0 else {
      throw .file("\(output.path): cannot be written (\(String(cString: strerror(errno))))")
    }
  }

  private func sorted(_ bucket: Int) throws(CatalogError) -> [Row] {
    guard let file = fopen(path(bucket), "rb") else { throw .file("\(path(bucket)): was lost") }
    defer { fclose(file) }
    let count = bucketRows[bucket]
    let rows = [Row](unsafeUninitializedCapacity: count) { storage, filled in
      filled = fread(storage.baseAddress!, MemoryLayout<Row>.stride, count, file)
    }
    guard rows.count == count else { throw .file("\(path(bucket)): was cut") }
    // Of two at one place the better known one comes first.
    return rows.sorted { a, b in
      if a.key != b.key { return a.key < b.key }
      if a.luminosity.isFinite != b.luminosity.isFinite { return a.luminosity.isFinite }
      return (a.number, a.distance) < (b.number, b.distance)
    }
  }

  /// One galaxy a place of the sky (0.4 milliarcseconds).
  private mutating func unique(_ rows: [Row]) -> [Row] {
    var result: [Row] = []
    result.reserveCapacity(rows.count)
    for row in rows {
      if result.last?.key == row.key {
        report.skipped[.duplicate, default: 0] += 1
      } else {
        result.append(row)
      }
    }
    return result
  }
}
