import Foundation

/// A folder of results that is either whole or not there: files go into a hidden sibling, which takes the
/// final name at the end.
struct OutputFolder {
  /// The file by which a folder of ours is known, and may be replaced.
  static let marker = "plan.json"

  private let final: URL
  private let partial: URL

  init(_ path: String) throws {
    final = URL(filePath: path).standardizedFileURL
    partial = final.deletingLastPathComponent().appending(
      path: ".\(final.lastPathComponent).partial-\(ProcessInfo.processInfo.processIdentifier)")
    try Self.requireReplaceable(final)
    do {
      try FileManager.default.createDirectory(at: partial, withIntermediateDirectories: true)
    } catch {
      throw Failure(
        .cannotWrite, "\(path): cannot create a folder there (\(Self.reason(error))); choose another --out")
    }
  }

  private static func requireReplaceable(_ folder: URL) throws {
    let files = FileManager.default
    var isFolder: ObjCBool = false
    guard files.fileExists(atPath: folder.path, isDirectory: &isFolder) else { return }
    guard isFolder.boolValue else {
      throw Failure(.cannotWrite, "\(folder.path): is a file, not a folder; choose another --out")
    }
    let isOurs = files.fileExists(atPath: folder.appending(path: marker).path)
    // Unreadable: not ours.
    let isEmpty = (try? files.contentsOfDirectory(atPath: folder.path).isEmpty) ?? false
    guard isOurs || isEmpty else {
      throw Failure(
        .cannotWrite,
        "\(folder.path): holds files that are no plan, which would be lost; choose another --out")
    }
  }

  func write(_ text: String, to name: String) throws { try write(Array(text.utf8), to: name) }

  func write(_ bytes: [UInt8], to name: String) throws {
    let url = partial.appending(path: name)
    do {
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(bytes).write(to: url)
    } catch {
      throw Failure(.cannotWrite, "\(url.path): cannot be written (\(Self.reason(error)))")
    }
  }

  /// Puts the folder in its place. An older plan there is replaced whole.
  func commit() throws {
    do {
      let files = FileManager.default
      let old = final.deletingLastPathComponent().appending(path: ".\(final.lastPathComponent).old")
      if files.fileExists(atPath: old.path) { try files.removeItem(at: old) }
      if files.fileExists(atPath: final.path) { try files.moveItem(at: final, to: old) }
      try files.moveItem(at: partial, to: final)
      if files.fileExists(atPath: old.path) { try files.removeItem(at: old) }
    } catch {
      throw Failure(.cannotWrite, "\(final.path): cannot be put in place (\(Self.reason(error)))")
    }
  }

  /// Removes what was written so far; for a run that failed.
  func discard() {
    try? FileManager.default.removeItem(at: partial)  // nothing more can be done about a leftover
  }

  private static func reason(_ error: any Error) -> String {
    let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
    return (underlying ?? error as NSError).localizedDescription
  }
}
