import ArgumentParser
import Foundation
import Logging
import Service
import Units

struct DrillCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drill", abstract: "Let an invented event go through a service from end to end.",
    discussion: """
      An early warning, a preliminary, an initial, an update and a retraction of a mock merger (its name begins \
      with MS) are handed in; the decisions, the plans, their replacement, STOP and the deliveries are waited \
      for and printed with their times. By default a service of its own does it, in a folder that is removed; \
      nothing leaves this machine. With --url it is a running one: channels that take mocks get messages then. \
      Exit status 0 if everything came, 1 if not.
      """)

  @OptionGroup var options: ConfigurationOptions

  @Option(help: "A running service, such as http://127.0.0.1:8080; it takes a token with the scope notices.")
  var url: String?

  @Option(help: "With --url, where the token lies: env:NAME or file:PATH.")
  var token = "env:VESPER_TOKEN"

  @Option(help: "Sky map for all notices; default: ellipses opposite the Sun that shrink.")
  var map: String?

  @Option(
    help: """
      When the invented event happens, ISO 8601 UTC; default: 45 minutes ago. A scratch service then has its \
      clock 45 minutes later.
      """)
  var at: String?

  @Option(help: "Only writes the notices into this folder, in order, and ends.")
  var write: String?

  @Flag(help: "Only prints what the event would be called, and ends.")
  var name = false

  @Option(help: "Seconds to wait for what follows from a notice.")
  var patience = 120

  @Option(help: "Folder of telescope files, instead of the configuration's.")
  var telescopes: String?

  @Option(help: "Keeps the scratch service's state in this folder, which must not exist.")
  var keep: String?

  /// From the event to the hour of the drill: after the last of its notices.
  private static let lead: Duration = .minutes(45)

  func run() async throws {
    try await reporting {
      let time = try at.map { try parseTime($0, option: "--at") }
      let sequence: DrillSequence
      do {
        sequence = try DrillSequence(
          at: time ?? .now - Self.lead, map: try map.map { try PlanInput.bytes(of: $0) })
      } catch let failure as Failure {
        throw failure
      } catch {
        throw Failure(.badData, "\(map ?? "the map"): \(error)")
      }
      if name { return print(sequence.event) }
      if let write { return try save(sequence, in: write) }
      guard patience > 0 else { throw Failure(.usage, "--patience \(patience): give seconds above 0") }
      let checks = try await perform(sequence, at: time)
      let bad = checks.filter { !$0.isGood }.count
      print(bad == 0 ? "drill passed: \(checks.count) steps" : "drill FAILED")
      if bad > 0 { throw ExitCode(Failure.Status.violations.rawValue) }
    }
  }

  private func perform(_ sequence: DrillSequence, at time: Instant?) async throws -> [Drill.Check] {
    let wait = Duration.seconds(patience)
    do {
      if let url {
        print("drill \(sequence.event) on \(url)")
        let service = try RemoteService(
          url, token: .init(token, environment: ProcessInfo.processInfo.environment))
        return try await Drill(service, sequence: sequence, patience: wait, report: Self.show).run()
      }
      let folder =
        keep
        ?? FileManager.default.temporaryDirectory.appending(path: "vesper-drill-\(UUID().uuidString)").path
      guard !FileManager.default.fileExists(atPath: folder) else {
        throw Failure(.cannotWrite, "\(folder): is there already; name a new folder with --keep")
      }
      defer {
        // A leftover in the temporary folder is harmless.
        if keep == nil { try? FileManager.default.removeItem(atPath: folder) }
      }
      var configuration = try options.load()
      if let telescopes { configuration.telescopes = telescopes }
      var logger = Logger(label: "drill") { StreamLogHandler.standardError(label: $0) }
      logger.logLevel = .critical
      return try await ScratchService(like: configuration, in: folder).run(
        version: Vesper.version, clock: time.map { .starting(at: $0 + Self.lead) } ?? .system, logger: logger
      ) { service, count in
        print("drill \(sequence.event) on a service of its own with \(count) telescopes")
        return try await Drill(service, sequence: sequence, patience: wait, report: Self.show).run()
      }
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(.badData, "\(error)")
    }
  }

  @Sendable private static func show(_ check: Drill.Check) {
    let seconds = String(format: "%7.2f s", check.seconds)
    print("\(seconds)  \(check.isGood ? "[ok]  " : "[FAIL]")  \(check.what)")
  }

  private func save(_ sequence: DrillSequence, in folder: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      for (index, notice) in sequence.notices.enumerated() {
        let file = URL(filePath: folder).appending(path: "\(index + 1)-\(notice.name).json")
        try Data(notice.bytes).write(to: file)
        print(file.relativePath)
      }
    } catch {
      throw Failure(.cannotWrite, "\(folder): \(error.localizedDescription)")
    }
  }
}
