import ArgumentParser
import Foundation
import Service

struct TokenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Make, list and revoke tokens for the HTTP interface.",
    subcommands: [Issue.self, List.self, Revoke.self])

  struct Issue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Make a token; it is shown this once.")
    @OptionGroup var options: ConfigurationOptions
    @Option(help: "What it is for; no personal names.")
    var label: String
    @Option(help: "view, notices, operator:<telescope>, lead or admin; several separated by commas.")
    var scopes: String = ""
    @Option(help: "Its bearer answers for this telescope, by any of its names; may be given again.")
    var telescope: [String] = []
    @Option(
      help: ArgumentHelp(
        "Whose token it is, as the roster names people: who bears it acts as them there. Without it, nobody's.",
        valueName: "name"))
    var user: String?
    @Option(help: "Days until it expires, up to 90.")
    var days: Int = 90

    func run() async throws {
      try await reporting {
        guard (1...90).contains(days) else { throw Failure(.usage, "--days \(days): give 1 to 90") }
        let names = scopes.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        guard !names.isEmpty || !telescope.isEmpty else {
          throw Failure(.usage, "say what it allows: --scopes, or --telescope for an operator's")
        }
        let desk = try TokenDesk(options.load())
        if let user, let doubt = desk.doubt(user: user) { printError("vesper: \(doubt)") }
        do {
          print(
            try await desk.issue(
              label: label, scopes: names, telescopes: telescope, user: user, days: days))
        } catch let error as ConfigurationError {
          throw Failure(.usage, "\(error)")
        }
      }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "All tokens, without their secrets.")
    @OptionGroup var options: ConfigurationOptions
    func run() async throws {
      try await reporting {
        for line in try await TokenDesk(options.load()).list() { print(line) }
      }
    }
  }

  struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "End a token at once.")
    @OptionGroup var options: ConfigurationOptions
    @Argument(help: "The number that `token list` shows.")
    var number: Int
    func run() async throws {
      try await reporting {
        do { try await TokenDesk(options.load()).revoke(Int64(number)) } catch {
          throw Failure(.noInput, "\(error)")
        }
      }
    }
  }
}
