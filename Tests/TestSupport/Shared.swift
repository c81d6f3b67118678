import Foundation

/// Where reference data that are not shipped may lie: `../shared` beside the package, or
/// `VESPER_SHARED`. Tests that use it are skipped when it is absent.
public enum Shared {
  public static let root: URL? = {
    let beside = packageRoot.deletingLastPathComponent().appending(path: "shared")
    let url = ProcessInfo.processInfo.environment["VESPER_SHARED"].map { URL(filePath: $0) } ?? beside
    return FileManager.default.fileExists(atPath: url.appending(path: "data").path) ? url : nil
  }()
  public static var isPresent: Bool { root != nil }
  public static let reason = "the shared reference data are not on this machine (set VESPER_SHARED)"

  public static func url(_ path: String) -> URL { root!.appending(path: path) }
  public static func text(_ path: String) -> String {
    // A missing file fails the test that reads it.
    (try? String(contentsOf: url(path), encoding: .utf8)) ?? ""
  }
}

/// The folder that holds Package.swift.
public let packageRoot = URL(filePath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent()

/// A file under Fixtures/.
public func fixture(_ path: String) -> URL { packageRoot.appending(path: "Fixtures").appending(path: path) }

/// Rows of a separated table as dictionaries by the header line.
public func rows(of text: String, separator: Character = "\t") -> [[String: String]] {
  let lines = text.split(whereSeparator: \.isNewline)
  guard let header = lines.first?.split(separator: separator, omittingEmptySubsequences: false) else {
    return []
  }
  return lines.dropFirst().map { line in
    let cells = line.split(separator: separator, omittingEmptySubsequences: false)
    return Dictionary(zip(header.map(String.init), cells.map(String.init)), uniquingKeysWith: { a, _ in a })
  }
}
