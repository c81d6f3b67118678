import Foundation
import Galaxies

extension GalaxyIndex {
  /// Opens what people name as a catalogue: an index, or a small catalogue as its `.csv`, which is indexed first.
  /// - Returns: the index, and how many rows of the `.csv` could not be used of how many.
  public static func reading(_ path: String) throws(CatalogError) -> (
    index: GalaxyIndex, faults: Int, rows: Int
  ) {
    let url = URL(filePath: path)
    guard url.pathExtension.lowercased() == "csv" else { return (try GalaxyIndex(at: url), 0, 0) }
    let built = FileManager.default.temporaryDirectory.appending(path: "vesper-\(UUID().uuidString).galaxies")
    // An open index stays readable when its name is gone.
    defer { try? FileManager.default.removeItem(at: built) }
    let report = try GalaxyIndexBuilder.build(from: url, format: .csv, to: built)
    return (try GalaxyIndex(at: built), report.skipped.values.reduce(0, +), report.read)
  }
}
