import ArgumentParser
import Foundation
import Logging
import Service

/// Where the configuration of the service is.
struct ConfigurationOptions: ParsableArguments {
  @Option(
    name: .customLong("config"),
    help:
      "Configuration file; default: $VESPER_CONFIG, else built-in values: offline, state in ./vesper-state.")
  var file: String?

  func load() throws -> ServiceConfiguration {
    guard let path = file ?? ProcessInfo.processInfo.environment["VESPER_CONFIG"] else {
      return usual(ServiceConfiguration())
    }
    do { return usual(try ServiceConfiguration(contentsOf: path)) } catch {
      throw Failure(.badData, "\(error)")
    }
  }

  /// The telescopes that came with the program, where the configuration names none.
  private func usual(_ read: ServiceConfiguration) -> ServiceConfiguration {
    var configuration = read
    if read.telescopes == ServiceConfiguration().telescopes {
      configuration.telescopes = UsualTelescopes.path
    }
    return configuration
  }
}

struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Run unattended: take notices, decide, plan, tell everyone, exactly once.",
    discussion: """
      Without a configuration it runs offline: notices dropped into vesper-state/spool or handed in over HTTP \
      become decisions and plans; plans lie in vesper-state/plans and under http://127.0.0.1:8080/. A second \
      instance on the same state stands by and takes over. SIGTERM ends it gracefully.
      """)

  @OptionGroup var options: ConfigurationOptions

  @Option(help: "Overrides http.port; 0 takes any free port.")
  var port: Int?

  @Option(help: "Writes the port it listens on into this file, for scripts.")
  var portFile: String?

  @Option(help: "Sets the clock to this time at the start, ISO 8601 UTC: for drills with recorded notices.")
  var asOf: String?

  @Option(help: "trace, debug, info, notice, warning or error.")
  var log: Logger.Level = .notice

  func run() async throws {
    try await reporting {
      var configuration = try options.load()
      if let port { configuration.http.port = port }
      var logger = Logger(label: "vesper") { StreamLogHandler.standardError(label: $0) }
      logger.logLevel = log
      let host = configuration.http.host
      let service: VesperService
      do {
        service = try VesperService(
          configuration, version: Vesper.version, environment: ProcessInfo.processInfo.environment,
          clock: try asOf.map { .starting(at: try parseTime($0, option: "--as-of")) } ?? .system,
          logger: logger
        ) { [portFile, logger] port in
          logger.notice("listening", metadata: ["address": "http://\(host):\(port)/"])
          guard let portFile else { return }
          do { try "\(port)\n".write(toFile: portFile, atomically: true, encoding: .utf8) } catch {
            logger.error("the port could not be written", metadata: ["file": "\(portFile)"])
          }
        }
      } catch let failure as Failure {
        throw failure
      } catch {
        throw Failure(.badData, "\(error)")
      }
      try await service.run()
    }
  }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
