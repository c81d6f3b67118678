import Foundation

/// The description of the API that the service hands out.
enum OpenAPIFile {
  /// It is looked for beside the executable. The generated `Bundle.module` is not used: it traps when the
  /// folder is missing and knows the path of the machine that built it.
  static func text() throws -> String {
    let places = [
      Bundle.main.bundleURL, Bundle.main.executableURL?.deletingLastPathComponent(), Bundle.main.resourceURL,
    ]
    let files = places.compactMap { $0?.appending(path: "vesper_Dashboard.resources/OpenAPI/openapi.yaml") }
    guard let file = files.first(where: { FileManager.default.fileExists(atPath: $0.path) }) else {
      throw DeskError.unavailable("the description of the API is not installed beside the program")
    }
    return try String(contentsOf: file, encoding: .utf8)
  }
}
