import ArgumentParser
import Foundation
import Icare
import Service
import Units

struct IcareCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "icare", abstract: "ICARE: what is missing there, our telescopes in it, what arrived.",
    discussion: """
      Address and token come from `icare:` in the configuration, or from ICARE_URL, ICARE_TOKEN and \
      ICARE_GROUP; the token is never shown. Exit status: 0 good; 1 somebody should look; 2 something needed \
      is missing, halted or could not be made; 3 ICARE does not answer; 65 no ICARE is named.
      """, subcommands: [Doctor.self, Sync.self, Status.self, Apply.self])

  struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Say in plain words what the token, the group and ICARE lack, and whom to ask. Changes nothing.")
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
      try await reporting {
        let (access, _) = try options.icare()
        try finish(await access.doctor(clock: .system))
      }
    }
  }

  struct Sync: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Compare our telescopes with ICARE's and create what is missing, after a yes.",
      discussion: "Rows that are there are never changed: what differs is shown for people to decide.")
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var folder: RegistryFolder
    @Flag(help: "Only show the comparison.")
    var dryRun = false
    @Flag(help: "Create without asking.")
    var yes = false
    @Flag(help: "Also create the fields of tiling telescopes (thousands; minutes each).")
    var grids = false

    func validate() throws {
      if dryRun && yes { throw ValidationError("--dry-run and --yes contradict each other") }
    }

    func run() async throws {
      try await reporting {
        let (access, configuration) = try options.icare()
        var folder = folder
        if folder.folder == nil { folder.folder = configuration.telescopes }
        let telescopes = try folder.load().registry.telescopes
        let comparison: IcareComparison
        do { comparison = try await access.compare(telescopes, grids: grids) } catch {
          try finish(CommandReport(["\(error)"], error.isSilence ? .noAnswer : .failed))
          return
        }
        let report = comparison.report
        report.lines.forEach { print($0) }
        guard !comparison.missing.isEmpty, !dryRun, yes || consents(comparison.missing.count) else {
          return try finish(CommandReport([], report.code))
        }
        try finish(await access.create(comparison, clock: .system) { try? await Task.sleep(for: $0) })
      }
    }

    private func consents(_ count: Int) -> Bool {
      guard isatty(STDIN_FILENO) == 1 else {
        printError("vesper: nothing was created; give --yes to create")
        return false
      }
      print("Create these \(count) in ICARE? [y/N] ", terminator: "")
      return readLine()?.lowercased().hasPrefix("y") ?? false
    }
  }

  struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say what was delivered to ICARE, what differs there, and whether anything is held.")
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
      try await reporting {
        let (access, configuration) = try options.icare()
        let report: CommandReport
        do { report = try await IcareStatusReport.make(configuration, access: access, clock: .system) } catch
        {
          throw Failure(.badData, "\(error)")
        }
        try finish(report)
      }
    }
  }
}

extension IcareCommand {
  struct Apply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Apply the better place or time that was proposed for an event; a running service does it.")
    @OptionGroup var options: ConfigurationOptions
    @Argument(help: "The event, as `vesper status` and the pages name it.")
    var event: String

    func run() async throws {
      try await reporting {
        do { print(try await CrossMatchDesk(options.load()).apply(event)) } catch {
          throw Failure(.noInput, "\(error)")
        }
      }
    }
  }
}

extension ConfigurationOptions {
  /// ICARE as the configuration or the environment names it.
  func icare() throws -> (IcareAccess, ServiceConfiguration) {
    let configuration = try load()
    do {
      return (
        try IcareAccess(configuration, environment: ProcessInfo.processInfo.environment), configuration
      )
    } catch {
      throw Failure(.badData, "\(error)")
    }
  }
}

extension Error {
  /// Whether nobody answered, rather than said no.
  var isSilence: Bool {
    switch self as? IcareError {
    case .unavailable, .unsent, .ambiguous: true
    default: false
    }
  }
}

/// Prints a report and ends with its status.
func finish(_ report: CommandReport) throws {
  report.lines.forEach { print($0) }
  if report.code != .good { throw ExitCode(report.code.rawValue) }
}
