import ArgumentParser
import Foundation
import Observatories
import TelescopeFiles

/// Where the telescope files are.
struct RegistryFolder: ParsableArguments {
  @Option(
    name: .customLong("telescopes"),
    help:
      "Folder of telescope files; default: $VESPER_TELESCOPES, then ./telescopes, then what came with the program."
  )
  var folder: String?

  /// Reads the folder; files that cannot be used are reported and left out.
  func load() throws -> TelescopeFiles.Folder {
    let path = folder ?? UsualTelescopes.path
    do {
      let folder = try TelescopeFiles.load(URL(filePath: path))
      for problem in folder.problems { printError("vesper: left out: \(problem)") }
      return folder
    } catch {
      throw Failure(.noInput, "\(error)")
    }
  }
}

/// Where telescope files are when nobody says where.
enum UsualTelescopes {
  static var path: String {
    if let named = ProcessInfo.processInfo.environment["VESPER_TELESCOPES"], !named.isEmpty { return named }
    let own = Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent()
    // Beside the program; where packages put them; three up, from a build folder of this package.
    let shipped = [
      "telescopes", "../share/vesper/telescopes", "../../share/vesper/telescopes", "../../../telescopes",
    ]
    let places = ["telescopes"] + shipped.compactMap { own?.appending(path: $0).standardizedFileURL.path }
    return places.first { FileManager.default.fileExists(atPath: $0) } ?? "telescopes"
  }
}

/// Which telescopes to use.
struct RegistryOptions: ParsableArguments {
  @OptionGroup var folder: RegistryFolder

  @Option(help: "Only these telescopes, by any of their names, separated by commas.")
  var only: String?

  struct Selection {
    let telescopes: [Telescope]
    /// Ids that were asked for by name.
    let named: Set<String>
  }

  func load() throws -> Selection {
    let registry = try folder.load().registry
    guard let only else { return Selection(telescopes: registry.telescopes, named: []) }
    let names = only.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter {
      !$0.isEmpty
    }
    guard !names.isEmpty else {
      throw Failure(.usage, "--only names no telescope; write it like --only TCA,TCH")
    }
    var seen: Set<String> = []
    let telescopes = try names.map { name in
      do { return try registry.resolve(name) } catch { throw Failure(.usage, "--only: \(error)") }
    }.filter { seen.insert($0.id).inserted }
    return Selection(telescopes: telescopes, named: seen)
  }
}
