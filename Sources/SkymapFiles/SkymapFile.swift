import Foundation
import Notices
import Skymaps
import Units

/// Reads sky maps from files and bytes: FITS of every family in use, plain or gzip, and notices.
///
/// What the bytes are is decided by what they begin with, never by a file name. Nothing is fetched.
public enum SkymapFile {
  /// Sizes beyond which input is refused.
  public struct Limits: Sendable {
    /// Compressed FITS and JSON.
    public var file = 64 << 20
    /// FITS, plain or inflated; it is read in pieces. An nside-2048 map with distance has 1.6 GB.
    public var expanded = 2 << 30
    /// Rows of a table and pixels of a map; nside 2048 has 50.3 million.
    public var rows = 60_000_000
    public var rowBytes = 64 << 20
    /// Memory for the columns of a RING map, whose pixels cannot be joined while they arrive.
    public var wholeLayers = 1 << 30
    public init() {}
    public static let standard = Limits()
  }

  /// Which map of a notice that has two.
  public enum NoticeMap: Sendable {
    /// The one combined with an external coincidence when there is one, else the detectors' own.
    case combined
    /// The detectors' own.
    case own
  }

  /// Reads a file, in pieces where it can be large.
  public static func read(
    contentsOf url: URL, prefer: NoticeMap = .combined, limits: Limits = .standard
  ) throws(SkymapFileError) -> Skymap {
    try read(ByteReader(FileSource(url)), prefer: prefer, limits: limits)
  }

  /// Reads bytes in memory.
  public static func read(
    bytes: [UInt8], prefer: NoticeMap = .combined, limits: Limits = .standard
  ) throws(SkymapFileError) -> Skymap {
    try read(ByteReader(MemorySource(bytes)), prefer: prefer, limits: limits)
  }

  public static func read(
    data: Data, prefer: NoticeMap = .combined, limits: Limits = .standard
  ) throws(SkymapFileError) -> Skymap {
    try read(bytes: [UInt8](data), prefer: prefer, limits: limits)
  }

  static func read(_ input: ByteReader, prefer: NoticeMap, limits: Limits) throws(SkymapFileError) -> Skymap {
    try open(input, prefer: prefer, limits: limits).map
  }

  /// A map with the notice it came in, if it came in one.
  public struct Localized: Sendable {
    public let map: Skymap
    public let notice: Notice?
  }

  /// Reads bytes in memory and keeps the notice.
  public static func open(
    bytes: [UInt8], prefer: NoticeMap = .combined, limits: Limits = .standard
  ) throws(SkymapFileError) -> Localized {
    try open(ByteReader(MemorySource(bytes)), prefer: prefer, limits: limits)
  }

  static func open(_ input: ByteReader, prefer: NoticeMap, limits: Limits) throws(SkymapFileError)
    -> Localized
  {
    let opened = try OpenedInput(input, limits: limits)
    switch opened.content {
    case .fits: return Localized(map: try map(try raw(opened, limits: limits)), notice: nil)
    case .notice:
      let bytes = try opened.reader.rest(limit: limits.file)
      let notice: Notice
      do { notice = try NoticeParser.parse(bytes: bytes) } catch { throw .notice(error.description) }
      return Localized(map: try read(notice, prefer: prefer, limits: limits), notice: notice)
    }
  }

  static func raw(_ opened: OpenedInput, limits: Limits) throws(SkymapFileError) -> RawSkymap {
    var raw = try MapReader.read(opened.reader, limits: limits)
    // A gzip stream tells at its end whether it arrived whole.
    if opened.isCompressed { while try opened.reader.skip(1 << 20) > 0 {} }
    raw.findings += opened.findings
    return raw
  }

  static func map(_ raw: RawSkymap) throws(SkymapFileError) -> Skymap {
    do { return try Skymap(raw) } catch { throw .map(error) }
  }
}

/// Input whose outer compression is off and whose kind is known.
struct OpenedInput {
  enum Content { case fits, notice }
  let reader: ByteReader
  let content: Content
  let isCompressed: Bool
  private(set) var findings: [SkymapReport.Finding] = []

  init(_ input: ByteReader, limits: SkymapFile.Limits) throws(SkymapFileError) {
    var reader = input
    var layers = 0
    while try reader.peek(2) == [0x1F, 0x8B] {
      if layers == 0 { try Self.check(input, limit: limits.file) }
      guard layers < 2 else { throw .gzip(.nested) }
      layers += 1
      reader = ByteReader(try GzipSource(reader, limit: limits.expanded))
    }
    if layers == 2 {
      findings.append(.init(.warning, "double_gzip", "the file is compressed twice"))
    }
    let head = try reader.peek(512)
    content = try Self.content(head)
    try Self.check(input, limit: content == .fits && layers == 0 ? limits.expanded : limits.file)
    self.reader = reader
    isCompressed = layers > 0
  }

  private static func check(_ input: ByteReader, limit: Int) throws(SkymapFileError) {
    if let bytes = input.remaining, bytes > limit { throw .tooLarge(bytes: bytes, limit: limit) }
  }

  private static func content(_ head: [UInt8]) throws(SkymapFileError) -> Content {
    guard !head.isEmpty else { throw .empty }
    if head.starts(with: Array("SIMPLE  =".utf8)) { return .fits }
    for (magic, what) in archives where head.starts(with: magic) {
      throw .foreign(what, advice: "unpack it, or compress the map with gzip")
    }
    let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let text = String(decoding: head.dropFirst(head.starts(with: byteOrderMark) ? 3 : 0), as: UTF8.self)
      .drop { $0.isWhitespace }
    if text.isEmpty {
      throw .foreign("a file of blanks or zeros", advice: "download the map again")
    }
    if text.hasPrefix("{") || text.hasPrefix("[") { return .notice }
    if text.hasPrefix("<") {
      if text.lowercased().contains("voevent") { return .notice }
      throw .foreign("an HTML or XML page", advice: "the server answered with a page, download the map again")
    }
    if text.hasPrefix("version https://git-lfs") {
      throw .foreign("a Git LFS pointer", advice: "fetch the file it stands for with git lfs pull")
    }
    let start = text.prefix(24).filter { $0.isASCII && !$0.isNewline && $0 >= " " && $0 <= "~" }
    throw .foreign(
      "neither FITS nor gzip nor a notice\(start.isEmpty ? "" : " (it begins with '\(start)')")",
      advice: "give a HEALPix FITS file or a notice (JSON or VOEvent XML)")
  }

  private static let archives: [([UInt8], String)] = [
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "an xz archive"), (Array("BZh".utf8), "a bzip2 archive"),
    (Array("PK".utf8) + [3, 4], "a zip archive"), ([0x28, 0xB5, 0x2F, 0xFD], "a zstd archive"),
    ([0x1F, 0x9D], "a compress (.Z) archive"),
  ]
}
