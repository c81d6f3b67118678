import Foundation

/// The description of the API that the service hands out.
enum OpenAPIFile {
  static func text() throws -> String {
    let url = Bundle.module.bundleURL.appending(path: "OpenAPI/openapi.yaml")
    return try String(contentsOf: url, encoding: .utf8)
  }
}
