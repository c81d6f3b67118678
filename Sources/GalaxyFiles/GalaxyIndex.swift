import Foundation
import Galaxies
import Healpix
import Units

/// A galaxy catalogue on disk, sorted by position and mapped into memory: opening it reads one page.
///
/// Layout, little-endian: a header of 4096 bytes (magic, sizes, offsets), rows of 32 bytes sorted by the NESTED
/// cell of order 29 (key UInt64; distance, its error, blue luminosity, mass as Float32; number and place of the
/// name as UInt32), the first row of every cell of order 6, the census, the names. Every size is checked against
/// the file before anything is used.
public final class GalaxyIndex: Sendable {
  static let magic: UInt64 = 0x3130_5841_4C41_4756  // "VGALAX01"
  static let headerBytes = 4096
  static let rowBytes = 32
  static let blockOrder = 6
  static let blockCount = 49_152

  struct Header {
    var count = 0
    var blocksOffset = 0
    var censusOffset = 0
    var namesOffset = 0
    var namesBytes = 0
    var totalBytes = 0
  }

  /// The mapping; constant for the life of the object.
  private nonisolated(unsafe) let base: UnsafeRawPointer
  private let header: Header
  public let census: CatalogCensus
  /// What it was made from.
  public let title: String
  public var count: Int { header.count }

  public init(at url: URL) throws(CatalogError) {
    let descriptor = open(url.path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw .file("\(url.path): cannot be opened (\(String(cString: strerror(errno))))")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, Int(status.st_size) >= Self.headerBytes else {
      throw .notAnIndex("\(url.path) is too short")
    }
    let size = Int(status.st_size)
    guard let mapped = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), mapped != MAP_FAILED else {
      throw .file("\(url.path): cannot be mapped (\(String(cString: strerror(errno))))")
    }
    do {
      let opened = try Self.read(UnsafeRawPointer(mapped), size)
      (header, census, title) = opened
      base = UnsafeRawPointer(mapped)
    } catch {
      munmap(mapped, size)
      throw error
    }
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: base), header.totalBytes) }

  private static func read(
    _ base: UnsafeRawPointer, _ size: Int
  ) throws(CatalogError) -> (Header, CatalogCensus, String) {
    func word(_ i: Int) -> UInt64 {
      UInt64(littleEndian: base.loadUnaligned(fromByteOffset: 8 * i, as: UInt64.self))
    }
    guard word(0) == magic else { throw .notAnIndex("its first bytes are others") }
    let words = (1...6).map(word)
    guard words.allSatisfy({ $0 <= UInt64(size) }) else { throw .notAnIndex("a size exceeds the file") }
    let h = Header(
      count: Int(words[0]), blocksOffset: Int(words[1]), censusOffset: Int(words[2]),
      namesOffset: Int(words[3]), namesBytes: Int(words[4]), totalBytes: Int(words[5]))
    let blocks = headerBytes + h.count * rowBytes
    guard h.blocksOffset == blocks, h.censusOffset == blocks + 4 * (blockCount + 1),
      h.namesOffset == h.censusOffset + 24 * CatalogCensus.shellCount,
      h.totalBytes == h.namesOffset + h.namesBytes, h.totalBytes == size
    else { throw .notAnIndex("its parts do not add up to its size; it was cut or changed") }
    let titleBytes = Int(min(word(7), UInt64(headerBytes - 64)))
    let title = String(decoding: UnsafeRawBufferPointer(start: base + 64, count: titleBytes), as: UTF8.self)
    func values(_ part: Int) -> [Double] {
      (0..<CatalogCensus.shellCount).map { i in
        let offset = h.censusOffset + 8 * (part * CatalogCensus.shellCount + i)
        return Double(
          bitPattern: UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
      }
    }
    let counts = values(0).map { $0 >= 0 && $0 < 1e15 ? Int($0) : 0 }
    guard let census = CatalogCensus(counts: counts, luminosities: values(1), masses: values(2)) else {
      throw .notAnIndex("its census is damaged")
    }
    return (h, census, title)
  }

  // MARK: rows

  @inline(__always) private func key(_ row: Int) -> UInt64 {
    UInt64(
      littleEndian: base.loadUnaligned(
        fromByteOffset: Self.headerBytes + row * Self.rowBytes, as: UInt64.self))
  }
  @inline(__always) private func float(_ row: Int, _ place: Int) -> Float {
    let offset = Self.headerBytes + row * Self.rowBytes + place
    return Float(
      bitPattern: UInt32(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
  }
  private func integer(_ row: Int, _ place: Int) -> UInt32 {
    let offset = Self.headerBytes + row * Self.rowBytes + place
    return UInt32(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  /// The first row of a cell of order 6 or a later one; never beyond the rows, whatever the file says.
  private func block(_ i: Int) -> Int {
    let raw = base.loadUnaligned(fromByteOffset: header.blocksOffset + 4 * i, as: UInt32.self)
    return min(Int(UInt32(littleEndian: raw)), count)
  }

  /// The first row whose key is not below one.
  private func firstRow(atOrAfter wanted: UInt64) -> Int {
    guard wanted < Cell.keyEnd else { return count }
    let shift = UInt64(2 * (Cell.maxOrder - Self.blockOrder))
    let cell = Int(wanted >> shift)
    var low = block(cell)
    var high = max(low, block(cell + 1))
    while low < high {
      let middle = (low + high) / 2
      if key(middle) < wanted { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The galaxies a ranking of a map needs. O(log n) a range of the region, then in proportion to what is there.
  public func table(for search: GalaxyRanking.Search) -> GalaxyTable {
    var table = GalaxyTable()
    if search.map.frame == .icrs {
      for range in search.coverage.ranges {
        var row = firstRow(atOrAfter: range.lowerBound)
        while row < count, key(row) < range.upperBound {
          append(row, to: &table, search)
          row += 1
        }
      }
    } else {
      // The region is in other axes than the rows: every row is turned. Seconds for 22 million.
      let toMap = search.map.toMap
      for row in 0..<count where key(row) < Cell.keyEnd {
        let unit = Cell(order: Cell.maxOrder, key: key(row)).center
        if search.coverage.contains(key: Cell.key(of: toMap(unit))) { append(row, to: &table, search) }
      }
    }
    return table
  }

  @inline(__always)
  private func append(_ row: Int, to table: inout GalaxyTable, _ search: GalaxyRanking.Search) {
    let (distance, deviation) = (float(row, 8), float(row, 12))
    guard key(row) < Cell.keyEnd, search.holds(distance: distance, deviation: deviation) else { return }
    table.append(
      key: key(row), distance: distance, deviation: deviation, luminosity: float(row, 16),
      mass: float(row, 20), row: UInt32(truncatingIfNeeded: row))
  }

  /// The name the catalogue has for a row, else its number, else its position as a name.
  public func name(ofRow row: UInt32) -> String {
    guard row < count else { return "?" }
    let place = Int(integer(Int(row), 28))
    if place > 0, place < header.namesBytes {
      let start = base + header.namesOffset + place
      let length = min(Int(start.load(as: UInt8.self)), header.namesBytes - place - 1)
      return String(decoding: UnsafeRawBufferPointer(start: start + 1, count: length), as: UTF8.self)
    }
    let number = integer(Int(row), 24)
    if number > 0 { return "GLADE+ \(number)" }
    let k = key(Int(row))
    guard k < Cell.keyEnd else { return "?" }
    let p = Direction<ICRS>(unit: Cell(order: Cell.maxOrder, key: k).center)
    func digits(_ text: String) -> String { text.filter { $0 != ":" } }
    return "J" + digits(p.ra.hoursMinutesSeconds) + digits(p.dec.degreesMinutesSeconds)
  }
}
