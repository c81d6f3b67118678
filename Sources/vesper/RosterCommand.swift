import ArgumentParser
import Foundation
import Icare
import Rosters
import Service
import Units

struct RosterCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "roster",
    abstract: "Rosters: check, fill, bring into ICARE and back, calendars, who is on duty.",
    discussion: """
      A roster is one YAML file per campaign, or its schedule as a table (.csv) with --template; default: \
      `roster:` of the configuration. ICARE is found as by `vesper icare`. Exit status: 0 good or in \
      agreement; 1 findings, differences, or something for a person to decide; 2 ICARE refused something; \
      3 ICARE does not answer; 64, 65, 66, 73 as everywhere.
      """,
    subcommands: [
      RosterCheckCommand.self, RosterGenerateCommand.self, RosterPushCommand.self, RosterPullCommand.self,
      RosterDiffCommand.self, RosterSwapCommand.self, RosterICalCommand.self, RosterNowCommand.self,
    ])
}

/// Which roster.
struct RosterOptions: ParsableArguments {
  @OptionGroup var options: ConfigurationOptions
  @Option(help: "For a table: the roster that holds everything but the schedule.")
  var template: String?

  func load(_ file: String?) throws -> (RosterFile, ServiceConfiguration) {
    let configuration = try options.load()
    guard let path = file ?? configuration.roster else {
      throw Failure(.usage, "name a roster file, or set `roster:` in the configuration")
    }
    guard FileManager.default.fileExists(atPath: path) else {
      throw Failure(.noInput, "\(path): is not there")
    }
    do {
      let roster = try RosterFile(path, template: template)
      for note in roster.notes { printError("vesper: \(note)") }
      return (roster, configuration)
    } catch let error as RosterError {
      // One line each: a person mends all of them at once.
      "\(error)".split(separator: "\n").dropLast().forEach { printError("vesper: \($0)") }
      throw Failure(.badData, "\(error)".split(separator: "\n").last.map(String.init) ?? "\(error)")
    } catch {
      throw Failure(.badData, "\(error)")
    }
  }

  func pusher(_ roster: Roster, _ configuration: ServiceConfiguration) async throws -> RosterPush {
    let access: IcareAccess
    do { access = try IcareAccess(configuration, environment: ProcessInfo.processInfo.environment) } catch {
      throw Failure(.badData, "\(error)")
    }
    return try await RosterPush(roster, access: access, state: configuration.state, clock: .system)
  }

  /// Runs what talks to ICARE; what it says no to, and its silence, become a status.
  func talking(_ body: () async throws -> CommandReport) async throws {
    let report: CommandReport
    do {
      report = try await body()
    } catch let error as IcareError {
      report = CommandReport(["\(error)"], error.isSilence ? .noAnswer : .failed)
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(.badData, "\(error)")
    }
    try finish(report)
  }
}

/// Where a changed roster goes.
struct RosterOutput: ParsableArguments {
  @Option(help: "Write the roster there instead of printing it.")
  var out: String?
  @Flag(help: "Write it into its own file; comments in it are lost.")
  var inPlace = false

  func validate() throws {
    if inPlace && out != nil { throw ValidationError("--out and --in-place contradict each other") }
  }

  func write(_ roster: Roster, from file: RosterFile) throws {
    let text = roster.yaml()
    guard let path = inPlace ? file.path : out else { return print(text, terminator: "") }
    if inPlace, !path.hasSuffix(".yaml"), !path.hasSuffix(".yml") {
      throw Failure(.usage, "\(path) is a table; name a YAML file with --out")
    }
    do { try text.write(toFile: path, atomically: true, encoding: .utf8) } catch {
      throw Failure(.cannotWrite, "\(path): \(error.localizedDescription)")
    }
    printError("vesper: wrote \(path)")
  }
}

struct RosterCheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Look for gaps, overlaps, double duty, nights, unknown users. Status 1 on errors.")
  @Argument(help: "Roster file.") var file: String?
  @OptionGroup var options: RosterOptions
  @Flag(help: "Also ask ICARE which users the group has.") var icare = false

  func run() async throws {
    try await reporting {
      let (file, configuration) = try options.load(file)
      try await options.talking {
        let known = icare ? try await options.pusher(file.roster, configuration).knownUsers : nil
        let findings = RosterFile.check(file.roster, knownUsers: known).findings(file.roster)
        let errors = findings.filter { $0.severity == .error }.count
        let summary =
          "\(file.roster.campaign): \(file.roster.shifts.count) shifts, \(errors) errors, "
          + "\(findings.count - errors) other findings"
        return CommandReport(findings.map(\.description) + [summary], errors > 0 ? .look : .good)
      }
    }
  }
}

struct RosterGenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate", abstract: "Fill the empty places fairly; what the schedule holds stays.")
  @Argument(help: "Roster file.") var file: String?
  @OptionGroup var options: RosterOptions
  @OptionGroup var output: RosterOutput
  @Option(help: "Another seed gives another roster that is as good.") var seed: UInt64 = 1

  func run() throws {
    try reporting {
      let (file, _) = try options.load(file)
      var settings = RosterGenerator.Options()
      settings.zones = RosterFile.zones(of: file.roster)
      settings.seed = seed
      let result = RosterGenerator(settings).generate(file.roster)
      try output.write(result.roster, from: file)
      printError(result.loads.text)
      for remark in result.remarks { printError("vesper: \(remark)") }
    }
  }
}

struct RosterPushCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "push", abstract: "Bring the roster into ICARE; again it changes nothing.",
    discussion: """
      People's own changes in ICARE stay: who joined or left, deleted shifts, changed texts. They are shown; \
      `pull` takes them over, --take with --shift rules on what contradicts.
      """)
  @Argument(help: "Roster file.") var file: String?
  @OptionGroup var options: RosterOptions
  @Flag(help: "Only show what would be sent.") var dryRun = false
  @Option(help: "Rule on what differs about --shift: `roster` or `icare` is right.") var take: String?
  @Option(help: "UTC day and slot, such as 2026-11-27/3.") var shift: String?

  func validate() throws {
    guard (take == nil) == (shift == nil) else { throw ValidationError("--take and --shift go together") }
    if let take, !["roster", "icare"].contains(take) { throw ValidationError("--take is roster or icare") }
    if let shift, ShiftID(shift) == nil { throw ValidationError("--shift is a day and a slot: 2026-11-27/3") }
  }

  func run() async throws {
    try await reporting {
      let (file, configuration) = try options.load(file)
      try await options.talking {
        var pusher = try await options.pusher(file.roster, configuration)
        if dryRun { return try await pusher.plan().report }
        if let take, let id = shift.flatMap({ ShiftID($0) }) {
          let settled = try await pusher.settle(id, take == "roster" ? .roster : .icare)
          settled.forEach { print("settled for \(take): \($0)") }
        }
        return try await pusher.push { try? await Task.sleep(for: $0) }.report
      }
    }
  }
}

struct RosterDiffCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: "Show how ICARE differs from the roster. Status 1 if it does.")
  @Argument(help: "Roster file.") var file: String?
  @OptionGroup var options: RosterOptions

  func run() async throws {
    try await reporting {
      let (file, configuration) = try options.load(file)
      try await options.talking { try await options.pusher(file.roster, configuration).plan().report }
    }
  }
}

struct RosterPullCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pull", abstract: "Take over what people did in ICARE: who joined, who left, deleted shifts."
  )
  @Argument(help: "Roster file.") var file: String?
  @OptionGroup var options: RosterOptions
  @OptionGroup var output: RosterOutput

  func run() async throws {
    try await reporting {
      let (file, configuration) = try options.load(file)
      try await options.talking {
        let plan = try await options.pusher(file.roster, configuration).plan()
        let change = file.roster.pulling(plan.differences, check: RosterFile.check(file.roster))
        for difference in plan.differences { printError("vesper: \(difference)") }
        for finding in change.appeared { printError("vesper: now \(finding)") }
        try output.write(change.roster, from: file)
        return CommandReport([], change.isSound ? .good : .look)
      }
    }
  }
}

struct RosterSwapCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "swap", abstract: "Two people exchange a shift each, or one takes a shift over.",
    discussion:
      "vesper roster swap winter.yaml alice 2026-11-27/3 bob 2026-11-29/1; without the last, bob takes over.")
  @Argument(help: "Roster file.") var file: String
  @Argument(help: "Who gives the shift.") var first: String
  @Argument(help: "Which, such as 2026-11-27/3.") var firstShift: String
  @Argument(help: "Who takes it.") var second: String
  @Argument(help: "Which they give for it.") var secondShift: String?
  @OptionGroup var options: RosterOptions
  @OptionGroup var output: RosterOutput
  @Flag(help: "Also when the checks find new errors.") var force = false

  func run() throws {
    try reporting {
      let (file, _) = try options.load(file)
      guard let a = Username(first), let b = Username(second) else {
        throw Failure(.usage, "\(first), \(second): user names have letters, digits, `-`, `_` and `.`")
      }
      guard let x = ShiftID(firstShift) else { throw Failure(.usage, "\(firstShift) is no day and slot") }
      let check = RosterFile.check(file.roster)
      let change: RosterChange
      do {
        if let secondShift {
          guard let y = ShiftID(secondShift) else {
            throw Failure(.usage, "\(secondShift) is no day and slot")
          }
          change = try file.roster.swapping(a, on: x, with: b, on: y, check: check)
        } else {
          change = try file.roster.replacing(a, on: x, by: b, check: check)
        }
      } catch let error as RosterError {
        throw Failure(.badData, "\(error)")
      }
      change.appeared.forEach { printError("vesper: now \($0)") }
      change.vanished.forEach { printError("vesper: no longer \($0)") }
      guard change.isSound || force else {
        throw Failure(.violations, "not done: the checks find new errors; --force does it anyway")
      }
      try output.write(change.roster, from: file)
    }
  }
}

struct RosterICalCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ical", abstract: "Calendar file of the roster, a person or a telescope (RFC 5545).",
    discussion:
      "What was published is kept in the state folder, so that changes are numbered and ends cancelled.")
  @Argument(help: "Roster file; not needed with --telescope.") var file: String?
  @OptionGroup var options: RosterOptions
  @Option(help: "Only this user's shifts and coordinated weeks.") var person: String?
  @Option(help: "What the service planned for this telescope (its slug).") var telescope: String?
  @Option(help: "Write there instead of printing.") var out: String?

  func validate() throws {
    if person != nil && telescope != nil {
      throw ValidationError("--person and --telescope are two calendars")
    }
  }

  func run() async throws {
    try await reporting {
      let text = try await text()
      guard let out else { return print(text, terminator: "") }
      do { try text.write(toFile: out, atomically: true, encoding: .utf8) } catch {
        throw Failure(.cannotWrite, "\(out): \(error.localizedDescription)")
      }
    }
  }

  private func text() async throws -> String {
    do {
      if let telescope {
        let configuration = try options.options.load()
        let store = try configuration.openStore()
        return try await CalendarDesk(state: configuration.state, clock: .system).telescope(
          telescope, store: store)
      }
      let (file, configuration) = try options.load(file)
      let desk = try CalendarDesk(state: configuration.state, clock: .system)
      guard let person else { return try desk.roster(file.roster) }
      guard let user = Username(person), file.roster.everybody.contains(user) else {
        throw Failure(.usage, "\(person) is not in the roster of \(file.roster.campaign)")
      }
      return try desk.person(user, in: file.roster)
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(.badData, "\(error)")
    }
  }
}

struct RosterNowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "now", abstract: "Who is on duty, and who comes next. Status 1 when nobody is.")
  @Argument(help: "Roster file.") var file: String?
  @OptionGroup var options: RosterOptions
  @Option(help: "At this time instead, ISO 8601 UTC.") var at: String?
  @Option(help: "Also in this time zone, such as Europe/Paris.") var zone: String?

  func run() throws {
    try reporting {
      let (file, _) = try options.load(file)
      let local = zone.flatMap { RosterFile.zone(named: $0) }
      if let zone, local == nil { throw Failure(.usage, "--zone \(zone): the system has no such time zone") }
      let duty = OnDuty(
        file.roster, at: try at.map { try parseTime($0, option: "--at") } ?? ServiceClock.system.now())
      print(duty.text(zone: local))
      if duty.people.isEmpty { throw ExitCode(Failure.Status.violations.rawValue) }
    }
  }
}
