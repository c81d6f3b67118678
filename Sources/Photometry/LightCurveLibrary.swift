import Foundation

/// The light curves by name.
public struct LightCurveLibrary: Sendable {
  /// By id.
  public let curves: [LightCurve]

  /// Of two with one id the later wins, so that own files can replace shipped ones.
  public init(_ curves: [LightCurve]) {
    let byID = Dictionary(curves.map { ($0.id, $0) }, uniquingKeysWith: { _, later in later })
    self.curves = byID.values.sorted { $0.id < $1.id }
  }

  public func curve(_ id: String) throws(PhotometryError) -> LightCurve {
    guard
      let found = curves.first(where: { $0.id == id.lowercased() }) ?? curves.first(where: { $0.id == id })
    else { throw .unknownModel(id, known: curves.map(\.id)) }
    return found
  }

  /// What comes with the program, looked for beside the executable as `Campaigns.PolicyFolder` does. This
  /// and `file(at:)` are the only places of the module that touch a disk.
  public static func shipped() throws(PhotometryError) -> LightCurveLibrary {
    let places = [
      Bundle.main.bundleURL, Bundle.main.executableURL?.deletingLastPathComponent(), Bundle.main.resourceURL,
    ]
    let folders = places.compactMap { $0?.appending(path: "vesper_Photometry.resources/Models") }
    for folder in folders {
      // A folder that cannot be listed is not there: the next place is tried.
      guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path) else { continue }
      var curves: [LightCurve] = []
      for name in names.sorted() where name.hasSuffix(".yaml") {
        curves.append(try file(at: folder.appending(path: name)))
      }
      return LightCurveLibrary(curves)
    }
    throw .missingResources(looked: folders.map(\.path))
  }

  /// A model of one's own.
  public static func file(at url: URL) throws(PhotometryError) -> LightCurve {
    let data: Data
    do {
      let handle = try FileHandle(forReadingFrom: url)
      defer { try? handle.close() }  // read only: a failing close loses nothing
      data = try handle.read(upToCount: 1 << 20) ?? Data()
    } catch {
      throw .file("\(url.path): cannot be read (\(error.localizedDescription))")
    }
    guard let text = String(data: data, encoding: .utf8) else { throw .file("\(url.path): not UTF-8 text") }
    return try LightCurve(yaml: text, file: url.lastPathComponent)
  }
}
