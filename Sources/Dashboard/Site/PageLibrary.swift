import Foundation
import Mustache
import Units

/// The files behind the pages: templates, the style sheet, the script and the icon, read once.
struct PageLibrary: Sendable {
  /// Served under `/assets/`.
  let assets: [String: FileView]
  private let templates: MustacheLibrary

  /// They are looked for beside the executable, as the description of the API is.
  static func installed() throws(DeskError) -> PageLibrary {
    let places = [
      Bundle.main.bundleURL, Bundle.main.executableURL?.deletingLastPathComponent(), Bundle.main.resourceURL,
    ]
    let folders = places.compactMap { $0?.appending(path: "vesper_Dashboard.resources/Pages") }
    guard let folder = folders.first(where: { FileManager.default.fileExists(atPath: $0.path) }) else {
      throw .unavailable("the pages are not installed beside the program")
    }
    do { return try PageLibrary(folder: folder) } catch {
      throw .unavailable("the pages beside the program cannot be used: \(error)")
    }
  }

  init(folder: URL) throws {
    MustacheContentTypes.register(PageText(), named: PageText.name)
    var templates = MustacheLibrary()
    var assets: [String: FileView] = [:]
    for file in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil) {
      let bytes = [UInt8](try Data(contentsOf: file))
      switch file.pathExtension {
      case "mustache":
        // Each file must name the way it is escaped: a partial does not inherit it.
        let text = "{{% CONTENT_TYPE: \(PageText.name)}}\n" + String(decoding: bytes, as: UTF8.self)
        try templates.register(text, named: file.deletingPathExtension().lastPathComponent)
      case "css": assets[file.lastPathComponent] = Self.asset(bytes, "text/css; charset=utf-8")
      case "js": assets[file.lastPathComponent] = Self.asset(bytes, "text/javascript; charset=utf-8")
      case "svg": assets[file.lastPathComponent] = Self.asset(bytes, "image/svg+xml")
      default: break
      }
    }
    self.templates = templates
    self.assets = assets
  }

  private static func asset(_ bytes: [UInt8], _ type: String) -> FileView {
    FileView(bytes: bytes, mediaType: type, isImmutable: false)
  }

  /// The address of an asset, which changes with its content.
  func address(ofAsset name: String) -> String {
    "/assets/\(name)?v=\(assets[name].map { String($0.sha256.prefix(12)) } ?? "")"
  }

  func render(_ page: some Sendable, _ template: String) throws(DeskError) -> FileView {
    guard let text = templates.render(PageNode.of(page) ?? page, withTemplate: template) else {
      throw .unavailable("the page \(template) is not installed beside the program")
    }
    return FileView(bytes: Array(text.utf8), mediaType: "text/html; charset=utf-8", isImmutable: false)
  }
}

/// Text of strangers as content of an element or of a quoted attribute.
///
/// The escaping that comes with the template engine goes by grapheme: `"` with a combining mark behind it
/// passes it. This one goes by Unicode scalar, and takes out what no page may carry: control characters
/// (they are not allowed in XML) and marks that turn the reading direction of what follows.
struct PageText: MustacheContentType {
  static let name = "PAGE"

  func escapeText(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    result.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "<": result.append(contentsOf: "&lt;".unicodeScalars)
      case ">": result.append(contentsOf: "&gt;".unicodeScalars)
      case "&": result.append(contentsOf: "&amp;".unicodeScalars)
      case "\"": result.append(contentsOf: "&quot;".unicodeScalars)
      case "'": result.append(contentsOf: "&#39;".unicodeScalars)
      case "`": result.append(contentsOf: "&#96;".unicodeScalars)
      case _ where Self.isUnprintable(scalar): result.append("\u{FFFD}")
      default: result.append(scalar)
      }
    }
    return String(result)
  }

  private static func isUnprintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09, 0x0A: false
    case 0..<0x20, 0x7F..<0xA0: true
    case 0x202A...0x202E, 0x2066...0x2069, 0x200E, 0x200F, 0x061C: true
    case 0xFFFE, 0xFFFF, 0xFDD0...0xFDEF: true
    default: scalar.value & 0xFFFE == 0xFFFE
    }
  }
}
