import ArgumentParser
import Foundation
import Observatories
import TelescopeFiles

/// Where the telescope files are.
struct RegistryFolder: ParsableArguments {
  @Option(
    name: .customLong("telescopes"),
    help: "Folder of telescope files; default: $VESPER_TELESCOPES, then ./telescopes.")
  var folder: String?

  /// Reads the folder; files that cannot be used are reported and left out.
  func load() throws -> TelescopeFiles.Folder {
    let path = folder ?? ProcessInfo.processInfo.environment["VESPER_TELESCOPES"] ?? "telescopes"
    do {
      let folder = try TelescopeFiles.load(URL(filePath: path))
      for problem in folder.problems { printError("vesper: left out: \(problem)") }
      return folder
    } catch {
      throw Failure(.noInput, "\(error)")
    }
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
