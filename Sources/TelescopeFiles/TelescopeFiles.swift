import Foundation
import Observatories

/// Reads folders of telescope files.
///
/// `*.yaml` and `*.yml` hold one telescope each (`TelescopeYAML`); `not-usable.yaml` lists those that are
/// known by name only. Hidden files and other extensions are left alone.
public enum TelescopeFiles {
  /// The name of the list of telescopes that cannot be used.
  public static let notUsableName = "not-usable.yaml"

  /// What a folder gave: files that cannot be read do not keep the others from loading.
  public struct Folder: Sendable {
    public let registry: Registry
    /// One error per refused file, by file name.
    public let problems: [TelescopeError]
    /// Telescope id -> path of its file.
    public let files: [String: String]

    /// All that the linter has to say: files that cannot be read first, then the telescopes.
    public var findings: [TelescopeLinter.Finding] {
      problems.flatMap(TelescopeLinter.findings) + TelescopeLinter.check(registry)
    }
  }

  /// - Throws: `TelescopeFilesError` when the folder itself cannot be used.
  public static func load(_ folder: URL) throws(TelescopeFilesError) -> Folder {
    var telescopes: [Telescope] = []
    var notUsable: [Registry.NotUsable] = []
    var problems: [TelescopeError] = []
    var files: [String: String] = [:]
    for url in try yamlFiles(in: folder) {
      do throws(TelescopeError) {
        let text = try text(of: url)
        if url.lastPathComponent == notUsableName {
          notUsable = try Registry.NotUsable.list(yaml: text, file: url.path)
        } else {
          let telescope = try Telescope(yaml: text, file: url.path)
          if let other = files[telescope.id] {
            throw TelescopeError.invalid(
              file: url.path,
              problems: [
                .init(
                  line: nil, key: "id", what: "`\(telescope.id)` is the id of \(other) as well",
                  remedy: "give each telescope an id of its own")
              ])
          }
          telescopes.append(telescope)
          files[telescope.id] = url.path
        }
      } catch {
        problems.append(error)
      }
    }
    return Folder(
      registry: Registry(telescopes, notUsable: notUsable), problems: problems, files: files)
  }

  private static func yamlFiles(in folder: URL) throws(TelescopeFilesError) -> [URL] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder) else {
      throw .noSuchFolder(folder.path)
    }
    guard isFolder.boolValue else { throw .notAFolder(folder.path) }
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    } catch {
      throw .unreadableFolder(folder.path)
    }
    let wanted = names.filter { name in
      let lower = name.lowercased()
      return !name.hasPrefix(".") && (lower.hasSuffix(".yaml") || lower.hasSuffix(".yml"))
    }
    guard !wanted.isEmpty else { throw .noTelescopes(folder.path) }
    return wanted.sorted().map { folder.appending(path: $0) }
  }

  private static func text(of url: URL) throws(TelescopeError) -> String {
    func refuse(_ reason: String) -> TelescopeError { .unreadable(file: url.path, line: nil, reason: reason) }
    let data: Data
    do {
      // Opening a pipe would wait for its writer.
      let attributes = try FileManager.default.attributesOfItem(atPath: url.resolvingSymlinksInPath().path)
      guard attributes[.type] as? FileAttributeType == .typeRegular else {
        throw refuse("is not a file; take it away or rename it")
      }
      let handle = try FileHandle(forReadingFrom: url)
      defer { try? handle.close() }  // nothing was written: a failing close loses nothing
      // One byte more than allowed, so that the size check sees a file that is too large.
      data = try handle.read(upToCount: TelescopeYAML.maxBytes + 1) ?? Data()
    } catch let error as TelescopeError {
      throw error
    } catch {
      throw refuse("cannot be read; check its permissions")
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw refuse("is not UTF-8 text; save it as UTF-8")
    }
    return text
  }
}

/// Why a folder of telescope files cannot be used.
public enum TelescopeFilesError: Error, Equatable, Sendable, CustomStringConvertible {
  case noSuchFolder(String)
  case notAFolder(String)
  case unreadableFolder(String)
  case noTelescopes(String)

  public var description: String {
    switch self {
    case .noSuchFolder(let path): return "\(path): no such folder; name one that holds telescope files"
    case .notAFolder(let path): return "\(path): is not a folder; name one that holds telescope files"
    case .unreadableFolder(let path): return "\(path): cannot be read; check its permissions"
    case .noTelescopes(let path): return "\(path): holds no .yaml file; name a folder of telescope files"
    }
  }
}
