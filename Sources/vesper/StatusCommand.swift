import ArgumentParser
import Foundation
import Service

struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Say how the service is: exit status 0 good, 1 warning, 2 failed, 3 not running.")

  @Option(name: [.customLong("url"), .customLong("address")], help: "Address of the service.")
  var address = "http://127.0.0.1:8080"

  func run() async throws {
    let answer = await ServiceProbe.ask(address)
    print(answer.text)
    if answer.code != 0 { throw ExitCode(answer.code) }
  }
}

struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Check a configuration file.", subcommands: [Check.self])

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Read everything the configuration names: policies, telescopes, secrets, channels.")
    @OptionGroup var options: ConfigurationOptions

    func run() throws {
      try reporting {
        let configuration = try options.load()
        do {
          for line in try configuration.checked(environment: ProcessInfo.processInfo.environment) {
            print(line)
          }
        } catch {
          throw Failure(.badData, "\(error)")
        }
      }
    }
  }
}
