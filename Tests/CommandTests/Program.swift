import Foundation
import TestSupport
import Testing

/// The built program as people run it, in a folder of its own.
struct Program {
  let folder: URL

  struct Run {
    var status: Int32
    var output: String
    var errors: String
    /// Of standard error, empty ones left out.
    var errorLines: [Substring] { errors.split(whereSeparator: \.isNewline) }
  }

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "vesper-command-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  func close() {
    // A leftover in the temporary folder is harmless.
    try? FileManager.default.removeItem(at: folder)
  }

  func run(_ arguments: [String]) throws -> Run {
    let process = Process()
    process.executableURL = builtExecutable("vesper")
    process.arguments = arguments
    process.currentDirectoryURL = folder
    // Files, as a pipe that nobody reads would stop it.
    let streams = try ["output", "errors"].map { name in
      let file = folder.appending(path: ".\(name)-\(UUID().uuidString)")
      try Data().write(to: file)
      return (file, try FileHandle(forWritingTo: file))
    }
    process.standardOutput = streams[0].1
    process.standardError = streams[1].1
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    let texts = try streams.map { String(decoding: try Data(contentsOf: $0.0), as: UTF8.self) }
    for stream in streams { try FileManager.default.removeItem(at: stream.0) }
    return Run(status: process.terminationStatus, output: texts[0], errors: texts[1])
  }

  /// What lies in the folder.
  func files(in path: String = "") -> Set<String> {
    let found = try? FileManager.default.contentsOfDirectory(
      at: path.isEmpty ? folder : folder.appending(path: path), includingPropertiesForKeys: nil)
    return Set((found ?? []).map(\.lastPathComponent))
  }

  func text(_ path: String) throws -> String {
    String(decoding: try Data(contentsOf: folder.appending(path: path)), as: UTF8.self)
  }

  func json(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }
}

/// Shipped inputs, by their place in the package.
enum Shipped {
  static let twoDetectors = path("Fixtures/skymaps/MS261009b-two-detectors.multiorder.fits")
  static let cone = path("Fixtures/skymaps/mock-grb-cone.fit.gz")
  static let start = "2026-10-09T20:12:00Z"

  static func path(_ relative: String) -> String { packageFolder.appending(path: relative).path }

  static var packageFolder: URL {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
  }
}
