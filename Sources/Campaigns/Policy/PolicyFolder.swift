import Foundation

/// Reads policy files. The only place of the module that touches a disk.
public enum PolicyFolder {
  /// All `*.yaml` and `*.yml` files of a folder, by name; hidden files are left alone.
  /// - Throws: `PolicyError.unreadable` when the folder or a file in it cannot be read.
  public static func files(in folder: URL) throws(PolicyError) -> [PolicyFile] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    } catch {
      throw .unreadable(
        file: folder.path, line: nil, reason: "cannot be listed: \(error.localizedDescription)")
    }
    var files: [PolicyFile] = []
    for name in names.sorted() where !name.hasPrefix(".") {
      let url = folder.appending(path: name)
      guard ["yaml", "yml"].contains(url.pathExtension) else { continue }
      files.append(try file(at: url))
    }
    return files
  }

  public static func file(at url: URL) throws(PolicyError) -> PolicyFile {
    let data: Data
    do {
      let handle = try FileHandle(forReadingFrom: url)
      defer { try? handle.close() }  // read only: a failing close loses nothing
      data = try handle.read(upToCount: Policy.byteLimit + 1) ?? Data()
    } catch {
      throw .unreadable(file: url.path, line: nil, reason: "cannot be read: \(error.localizedDescription)")
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw .unreadable(file: url.path, line: nil, reason: "not UTF-8 text")
    }
    return PolicyFile(name: url.deletingPathExtension().lastPathComponent, path: url.path, text: text)
  }

  /// The policies that come with the program.
  ///
  /// They are looked for beside the executable. The generated `Bundle.module` is not used: it traps when
  /// the folder is missing and knows the path of the machine that built it.
  public static func shipped() throws(PolicyError) -> [PolicyFile] {
    let folder = "vesper_Campaigns.resources"
    let places = [
      Bundle.main.bundleURL, Bundle.main.executableURL?.deletingLastPathComponent(), Bundle.main.resourceURL,
    ]
    let folders = places.compactMap { $0?.appending(path: "\(folder)/Policies") }
    for folder in folders where FileManager.default.fileExists(atPath: folder.path) {
      return try files(in: folder)
    }
    throw .missingResources(looked: folders.map(\.path))
  }
}
