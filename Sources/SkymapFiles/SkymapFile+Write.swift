import CCFITSIO
import Foundation
import Healpix
import Skymaps
import Units

extension SkymapFile {
  /// Writes a map as multi-order FITS in the layout of LIGO/Virgo/KAGRA alerts: UNIQ, PROBDENSITY and,
  /// for a 3-D map, DISTMU, DISTSIGMA, DISTNORM, with DATASUM and CHECKSUM.
  ///
  /// The bytes depend on the map alone: no date of writing is recorded.
  public static func write(_ map: Skymap) throws(SkymapFileError) -> [UInt8] {
    let file = try MemoryFITS()
    // Its memory is copied at the end: not to be freed before.
    defer { withExtendedLifetime(file) {} }
    let rows = map.count
    var columns = [("UNIQ", "K", ""), ("PROBDENSITY", "D", "sr-1")]
    if map.distance != nil {
      columns += [("DISTMU", "D", "Mpc"), ("DISTSIGMA", "D", "Mpc"), ("DISTNORM", "D", "Mpc-2")]
    }
    try file.createTable(rows: rows, columns: columns)
    try file.write(column: 1, map.keys.indices.map { Int64(map.cell($0).uniq) })
    try file.write(column: 2, Array(map.density))
    if let d = map.distance {
      for (i, layer) in [d.mu, d.sigma, d.norm].enumerated() { try file.write(column: 3 + i, Array(layer)) }
    }
    try cards(map, file)
    return try file.finish()
  }

  private static func cards(_ map: Skymap, _ file: MemoryFITS) throws(SkymapFileError) {
    let header = map.header
    let frames: [SkyFrame: String] = [.icrs: "C", .galactic: "G", .ecliptic: "E"]
    try file.card("MOC", true, "multi-order coverage map")
    try file.card("PIXTYPE", "HEALPIX", "HEALPix pixelisation")
    try file.card("ORDERING", "NUNIQ", "cells by UNIQ number")
    try file.card("COORDSYS", frames[map.frame]!, "frame of the cells")
    try file.card("MOCORDER", Int64(map.orders.max() ?? 0), "finest order")
    try file.card("INDXSCHM", "EXPLICIT", "cells are named")
    if let object = header.object { try file.card("OBJECT", object, "identifier of this event") }
    if let reference = header.reference { try file.card("REFERENC", reference, "where it comes from") }
    if !header.instruments.isEmpty {
      try file.card("INSTRUME", header.instruments.joined(separator: ","), "instruments")
    }
    if let time = header.eventTime {
      try file.card("DATE-OBS", String(time.iso8601(.microseconds).dropLast()), "UTC of the event")
      try file.card("MJD-OBS", time.mjdUTC, "the same as modified Julian date")
    }
    if let creator = header.creator { try file.card("CREATOR", creator, "program that made this map") }
    if let mean = header.distanceMean { try file.card("DISTMEAN", mean.megaparsecs, "mean distance (Mpc)") }
    if let deviation = header.distanceDeviation {
      try file.card("DISTSTD", deviation.megaparsecs, "standard deviation of distance (Mpc)")
    }
  }
}

/// A FITS file that CFITSIO writes into memory.
private final class MemoryFITS {
  private var file: UnsafeMutablePointer<fitsfile>?
  /// CFITSIO keeps the addresses of these two.
  private let buffer: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private let size: UnsafeMutablePointer<Int>

  init() throws(SkymapFileError) {
    buffer = .allocate(capacity: 1)
    size = .allocate(capacity: 1)
    size.initialize(to: 1 << 16)
    // Zeroed: CFITSIO looks into the memory, and an old file of ours there would be appended to.
    buffer.initialize(to: calloc(1, 1 << 16))
    try check { ffimem(&file, buffer, size, 1 << 20, realloc, &$0) }
  }

  deinit {
    if let file {
      var status: Int32 = 0
      ffclos(file, &status)
    }
    free(buffer.pointee)
    buffer.deallocate()
    size.deallocate()
  }

  private func check(_ call: (inout Int32) -> Void) throws(SkymapFileError) {
    var status: Int32 = 0
    call(&status)
    guard status == 0 else { throw .notWritten(status: status) }
  }

  func createTable(rows: Int, columns: [(name: String, form: String, unit: String)]) throws(SkymapFileError) {
    var names = columns.map { strdup($0.name) }
    var forms = columns.map { strdup($0.form) }
    var units = columns.map { strdup($0.unit) }
    defer { for text in names + forms + units { free(text) } }
    try check {
      ffcrtb(file, BINARY_TBL, Int64(rows), Int32(columns.count), &names, &forms, &units, nil, &$0)
    }
  }

  func write(column: Int, _ values: [Int64]) throws(SkymapFileError) {
    var values = values
    let count = Int64(values.count)
    try check { ffpcljj(file, Int32(column), 1, 1, count, &values, &$0) }
  }

  func write(column: Int, _ values: [Double]) throws(SkymapFileError) {
    var values = values
    let count = Int64(values.count)
    try check { ffpcld(file, Int32(column), 1, 1, count, &values, &$0) }
  }

  func card(_ name: String, _ value: String, _ comment: String) throws(SkymapFileError) {
    try check { ffukys(file, name, value, comment, &$0) }
  }

  func card(_ name: String, _ value: Bool, _ comment: String) throws(SkymapFileError) {
    try check { ffukyl(file, name, value ? 1 : 0, comment, &$0) }
  }

  func card(_ name: String, _ value: Int64, _ comment: String) throws(SkymapFileError) {
    try check { ffukyj(file, name, value, comment, &$0) }
  }

  /// Seventeen significant digits, which give the same double back.
  func card(_ name: String, _ value: Double, _ comment: String) throws(SkymapFileError) {
    try check { ffukyd(file, name, value, -17, comment, &$0) }
  }

  /// CFITSIO's own checksum call would record the time of day in the comments.
  private func addChecksum() throws(SkymapFileError) {
    try card("CHECKSUM", String(repeating: "0", count: 16), "HDU checksum")
    try card("DATASUM", String(try sums().data), "data unit checksum")
    let unitSum = try sums().unit
    var text = [CChar](repeating: 0, count: 17)
    ffesum(unitSum, 1, &text)
    try card(
      "CHECKSUM", String(decoding: text.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self),
      "HDU checksum")
  }

  /// Flushed first: without that the END card is not where it belongs.
  private func sums() throws(SkymapFileError) -> (data: UInt, unit: UInt) {
    var data: UInt = 0
    var unit: UInt = 0
    try check { ffflus(file, &$0) }
    try check { ffgcks(file, &data, &unit, &$0) }
    return (data, unit)
  }

  func finish() throws(SkymapFileError) -> [UInt8] {
    try addChecksum()
    var end: Int64 = 0
    try check { ffghadll(file, nil, nil, &end, &$0) }
    try check { ffflus(file, &$0) }
    guard let start = buffer.pointee, end > 0, Int(end) <= size.pointee else {
      throw .notWritten(status: 0)
    }
    return [UInt8](UnsafeRawBufferPointer(start: start, count: Int(end)))
  }
}
