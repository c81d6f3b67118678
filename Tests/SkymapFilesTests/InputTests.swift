import CZlib
import Foundation
import Healpix
import SkymapFiles
import Skymaps
import TestSupport
import Testing
import Units

func gzipped(_ bytes: [UInt8], level: Int32 = 6) -> [UInt8] {
  var stream = z_stream()
  deflateInit2_(
    &stream, level, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
  defer { deflateEnd(&stream) }
  var input = bytes
  var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))))
  let count = input.withUnsafeMutableBufferPointer { source in
    output.withUnsafeMutableBufferPointer { target in
      (stream.next_in, stream.avail_in) = (source.baseAddress, UInt32(source.count))
      (stream.next_out, stream.avail_out) = (target.baseAddress, UInt32(target.count))
      deflate(&stream, Z_FINISH)
      return Int(stream.total_out)
    }
  }
  return Array(output[..<count])
}

/// What arrives instead of a map, and how it is wrapped.
struct InputTests {
  static let map = TableBuilder.baseCells().fits()

  @Test(arguments: [
    ([UInt8](), "empty"),
    (Array("<!DOCTYPE html><html>Page not found".utf8), "HTML"),
    (Array("\n  <?xml version='1.0'?><voe:VOEvent>".utf8), "VOEvent"),
    (Array("{\"error\": \"not found\"}".utf8), "JSON of no notice format"),
    (Array("{\"broken".utf8), "not well-formed"),
    (Array("[]".utf8), "JSON of no notice format"),
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00, 1, 2], "xz"),
    (Array("BZh91AY&SY".utf8), "bzip2"),
    ([0x28, 0xB5, 0x2F, 0xFD, 4], "zstd"),
    (Array("PK\u{3}\u{4}zip".utf8), "zip"),
    (Array("version https://git-lfs.github.com/spec/v1\n".utf8), "Git LFS"),
    (Array("hello, world".utf8), "begins with 'hello, world'"),
    ([0, 0, 0, 0, 0xFF, 0xFE], "neither FITS"),
    ([UInt8](repeating: 0, count: 5000), "neither FITS"),
    ([UInt8](repeating: 32, count: 5000), "blanks"),
    (Array("SIMPLE  =".utf8), "ends inside the header"),
    ([0x1F, 0x8B], "too early"),
    ([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0xFF, 0xFF, 0xFF], "damaged"),
  ])
  func whatIsNoMapIsNamed(_ bytes: [UInt8], _ expected: String) throws {
    let message = try #require(Verdict(bytes: bytes).error).description
    #expect(message.contains(expected), "\(message)")
    #expect(!message.contains("\n"))
  }

  @Test func gzipIsTakenWhateverTheName() throws {
    let once = gzipped(Self.map)
    #expect(Verdict(bytes: once).map?.count == 12)
    #expect(Verdict(bytes: gzipped(once)).codes == ["double_gzip"])
    #expect(Verdict(bytes: gzipped(gzipped(once))).error == .gzip(.nested))
    // Two members on end are one file; padding after them is ignored.
    let half = Self.map.count / 2
    let members = gzipped(Array(Self.map[..<half])) + gzipped(Array(Self.map[half...]))
    #expect(Verdict(bytes: members + [0, 0, 0]).map?.count == 12)
    var wrong = once
    wrong[wrong.count - 6] ^= 1
    #expect(Verdict(bytes: wrong).error == .gzip(.checksum))
  }

  @Test func decompressionBombsAreRefused() {
    // Zeros inflate 1000 to 1 and are no FITS: refused at the first block.
    let zeros = gzipped([UInt8](repeating: 0, count: 8 << 20), level: 9)
    #expect(zeros.count < 10_000)
    guard case .foreign = Verdict(bytes: zeros).error else {
      Issue.record("zeros were read")
      return
    }
    // A header that promises more than the limit.
    var lying = TableBuilder.baseCells()
    lying.lies = ["NAXIS2": "1000000000"]
    #expect(Verdict(bytes: gzipped(lying.fits())).error?.description.contains("more than the") == true)
    // Endless data after a good map.
    let tail = gzipped(Self.map + [UInt8](repeating: 0, count: 4 << 20))
    var limits = SkymapFile.Limits()
    limits.expanded = 1 << 20
    let verdict = Verdict { () throws(SkymapFileError) in try SkymapFile.read(bytes: tail, limits: limits) }
    #expect(verdict.error == .expandsBeyond(limit: 1 << 20))
    limits.file = 100
    let large = Verdict { () throws(SkymapFileError) in try SkymapFile.read(bytes: tail, limits: limits) }
    #expect(large.error == .tooLarge(bytes: tail.count, limit: 100))
  }

  @Test func filesOfManyTablesAreNotSearchedForever() {
    let other = TableBuilder(columns: [.int32("A", [1, 2])], cards: []).table()
    let good = TableBuilder.baseCells().table()
    let some = Verdict(bytes: TableBuilder.primary + [[UInt8]](repeating: other, count: 5).joined() + good)
    #expect(some.map?.count == 12)
    let none = Verdict(bytes: TableBuilder.primary + [[UInt8]](repeating: other, count: 5).joined())
    #expect(none.error?.description.contains("; and 2 more)") == true)
    let many = Verdict(bytes: TableBuilder.primary + [[UInt8]](repeating: other, count: 200).joined() + good)
    #expect(many.error?.description.contains("first 100 HDUs") == true)
  }

  @Test func messagesAreOneLine() {
    #expect(
      SkymapFileError.missing(path: "a\nb\r\nc\u{2028}d").description
        == "no such file: a b c d; check the path")
  }

  @Test func pathsAreTakenLiterally() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "vesper-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    // Left-overs in the temporary folder do no harm.
    defer { try? FileManager.default.removeItem(at: folder) }
    // Names that CFITSIO's file opener would take as filters, commands or addresses.
    for name in [
      "map.fits[1][UNIQ > 5]", "!map.fits", "|touch pwned", "map.fits+1", "http:__x", "-", "ma p(x).fits",
    ] {
      let url = folder.appending(path: name)
      try Data(Self.map).write(to: url)
      #expect(Verdict(file: url).map?.count == 12, "\(name)")
    }
    #expect(!FileManager.default.fileExists(atPath: "pwned"))
    let missing = folder.appending(path: "map.fits[1]x")
    #expect(Verdict(file: missing).error?.isMissingFile == true)
    #expect(Verdict(file: folder).error?.description.contains("no regular file") == true)
    #expect(
      Verdict(file: URL(string: "https://example.org/map.fits")!).error?.description.contains("not fetched")
        == true)
  }

  @Test func coverageFilesOfAnotherProgram() throws {
    struct Oracle: Decodable {
      let range_gz_base64: String, nuniq_gz_base64: String, ranges: [[String]], sky_fraction: Double
    }
    let oracle = try JSONDecoder().decode(
      Oracle.self, from: Data(contentsOf: fixture("oracles/mocpy-files.json")))
    let expected = oracle.ranges.map { UInt64($0[0])!..<UInt64($0[1])! }
    for text in [oracle.range_gz_base64, oracle.nuniq_gz_base64] {
      let file = try CoverageFile.read(bytes: [UInt8](Data(base64Encoded: text)!))
      #expect(file.coverage.ranges == expected)
      #expect(file.frame == .icrs)
      #expect(file.findings.isEmpty)
    }
  }

  @Test func coveragesSurviveTheRoundTrip() throws {
    let coverage = Coverage(
      cells: [(0, 3), (4, 999), (29, 12 << 58 - 1), (7, 0)].map { Cell(order: $0, index: $1) })
    #expect(try CoverageFile.read(bytes: coverage.mocFITS()).coverage == coverage)
    #expect(try CoverageFile.read(bytes: Coverage.empty.mocFITS()).coverage.isEmpty)
    #expect(try CoverageFile.read(bytes: Coverage.all.mocFITS()).coverage == .all)
  }

  @Test(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.reason)))
  func coverageWithPaddingRows() throws {
    let file = try CoverageFile.read(contentsOf: Shared.url("data/skymaps/GW190425_MOC_only.fits"))
    #expect(file.findings.map(\.code) == ["padding_rows"])
    #expect(file.findings[0].message == "42 rows with UNIQ 0 were skipped")
    // 917 rows, 42 of padding.
    #expect(file.coverage.cells.count <= 875 && !file.coverage.isEmpty)
  }

  @Test func damagedCoveragesAreRefused() throws {
    func message(_ columns: [TableBuilder.Column], _ cards: [String]) -> String {
      do {
        _ = try CoverageFile.read(bytes: TableBuilder(columns: columns, cards: cards).fits())
        return "accepted"
      } catch { return error.description }
    }
    let range = ["ORDERING= 'RANGE'", "MOCVERS = '2.0'", "COORDSYS= 'C'"]
    #expect(message([.int64("RANGE", [0, 16, 20])], range).contains("without an end"))
    #expect(message([.int64("RANGE", [16, 0])], range).contains("not on the sky"))
    #expect(message([.int64("RANGE", [0, 12 << 58 + 1])], range).contains("not on the sky"))
    #expect(message([.int64("RANGE", [-1, 5])], range).contains("not on the sky"))
    #expect(message([.int64("UNIQ", [4, -4])], ["ORDERING= 'NUNIQ'"]).contains("UNIQ -4"))
    #expect(message([.int64("RANGE", [0, 9])], range + ["MOCDIM  = 'TIME'"]).contains("coverage in time"))
    #expect(message([.double("PROB", [1])], []).contains("no cells or ranges"))
    // 32-bit ranges count pixels of order 13.
    let half = try CoverageFile.read(
      bytes: TableBuilder(columns: [.int32("RANGE", [0, 6 << 26])], cards: range).fits())
    #expect(half.coverage.ranges == [0..<6 << 58])
  }
}
