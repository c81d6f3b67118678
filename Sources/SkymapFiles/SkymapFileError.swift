import Skymaps

/// Why bytes were not read as a sky map. `description` is one line: what is wrong, then what to do.
public enum SkymapFileError: Error, Equatable, Sendable {
  case missing(path: String)
  case unreadable(reason: String)
  case empty
  /// The bytes are something else: what they are, and what to do.
  case foreign(String, advice: String)
  case tooLarge(bytes: Int, limit: Int)
  /// Inflates to more than the limit.
  case expandsBeyond(limit: Int)
  case gzip(GzipFault)
  /// A header or table that breaks the FITS standard or promises more than there is. `hdu` counts from 0.
  case fits(hdu: Int, String)
  /// Readable FITS without a table that is a probability map; one reason for each HDU.
  case noMap([String])
  /// Readable FITS without a coverage.
  case noCoverage([String])
  /// Writing a map failed in CFITSIO with this status.
  case notWritten(status: Int32)
  /// A notice without anything to plan on.
  case notice(String)
  case map(SkymapError)

  public enum GzipFault: Equatable, Sendable { case truncated, damaged, checksum, nested }

  /// Whether the fault is that there is no such file, not what is in it.
  public var isMissingFile: Bool {
    if case .missing = self { true } else { false }
  }
}

extension SkymapFileError: CustomStringConvertible {
  public var description: String {
    // Names and texts from outside may hold line breaks.
    String(message.map { $0.isNewline || $0 < " " ? " " : $0 })
  }

  private var message: String {
    switch self {
    case .missing(let path): "no such file: \(path); check the path"
    case .unreadable(let reason): "cannot be read: \(reason)"
    case .empty: "the file is empty; download it again"
    case .foreign(let what, let advice): "this is \(what), not a sky map; \(advice)"
    case .tooLarge(let bytes, let limit):
      "\(bytes) bytes are more than the \(limit) that are accepted; check that this is a sky map"
    case .expandsBeyond(let limit):
      "inflates to more than \(limit) bytes; check that this is a sky map and not a decompression bomb"
    case .gzip(let fault): fault.description
    case .fits(let hdu, let fault): "FITS HDU \(hdu): \(fault)"
    case .noMap(let reasons):
      "no probability map in this FITS file (\(Self.list(reasons)));"
        + " give a HEALPix map with a probability column"
    case .noCoverage(let reasons):
      "no coverage in this FITS file (\(Self.list(reasons))); give a MOC with UNIQ or RANGE"
    case .notWritten(let status): "the map could not be written (CFITSIO status \(status))"
    case .notice(let reason): reason
    case .map(let error): error.description
    }
  }

  /// The first reasons; a file may have a hundred tables.
  private static func list(_ reasons: [String]) -> String {
    reasons.prefix(3).joined(separator: "; ") + (reasons.count > 3 ? "; and \(reasons.count - 3) more" : "")
  }
}

extension SkymapFileError.GzipFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .truncated: "the gzip data end too early; the download was cut, get the file again"
    case .damaged: "the gzip data are damaged; get the file again"
    case .checksum: "the gzip checksum is wrong, so bytes were changed on the way; get the file again"
    case .nested: "the file is compressed more than twice; unpack it first"
    }
  }
}
