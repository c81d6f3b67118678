import ArgumentParser
import Foundation
import Observatories
import TelescopeFiles

struct TelescopesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "telescopes", abstract: "List, show and check the telescope files.",
    subcommands: [List.self, Show.self, Lint.self])

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "All telescopes, and what each can be asked for.")
    @OptionGroup var folder: RegistryFolder
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
      try reporting {
        let registry = try folder.load().registry
        print(json ? TelescopeTable.json(registry) : TelescopeTable.text(registry))
      }
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Everything known of one telescope, with its sources.")
    @Argument(help: "Any of its names.")
    var name: String
    @OptionGroup var folder: RegistryFolder

    func run() throws {
      try reporting {
        let loaded = try folder.load()
        let telescope: Telescope
        do { telescope = try loaded.registry.resolve(name) } catch { throw Failure(.usage, "\(error)") }
        print(TelescopeSheet.text(telescope, file: loaded.files[telescope.id]))
      }
    }
  }

  struct Lint: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Look for wrong values: positions, units, copies, the impossible. Exit status 1 on errors.")
    @OptionGroup var folder: RegistryFolder
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
      try reporting {
        let loaded = try folder.load()
        let telescopes = loaded.registry.telescopes
        let findings =
          loaded.problems.flatMap(TelescopeLinter.findings) + TelescopeLinter.check(loaded.registry)
        print(
          json
            ? LintReport.json(findings, telescopes: telescopes.count)
            : LintReport.text(findings, telescopes: telescopes.count))
        if LintReport.errors(findings) > 0 {
          throw ExitCode(Failure.Status.violations.rawValue)
        }
      }
    }
  }
}
